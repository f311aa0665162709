//! What the parts of a header line tell: which voices there are, on which staves, under which names.

use super::super::number;
use super::super::tables;
use super::super::words::Words;
use super::{Brace, Header, Home, LONGEST_NAME, Mode, Open, RANKS, Reader};

impl Reader {
    pub(super) fn begin_part(&mut self, c: u8, header: &mut Header) -> Mode {
        match c {
            b'|' => {
                self.bar = true;
                Mode::PartEnd
            }
            b'(' | b'[' | b'{' => {
                self.open_bracket(c, header);
                Mode::PartEnd
            }
            b')' | b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                self.fill();
                Mode::PartEnd
            }
            _ => Mode::Number(number::append(0, c)),
        }
    }

    fn open_bracket(&mut self, bracket: u8, header: &mut Header) {
        let outer = self.top();
        self.bar = false;
        self.depth += 1;
        let mut brace = 0;
        if bracket == b'(' {
            brace = if outer.bracket == b'{' {
                outer.brace
            } else {
                0
            };
            add_staff(brace, header);
        } else {
            if outer.bracket == b'{'
                && let Some(outer) = header.brace_mut(outer.brace)
            {
                outer.nested = true;
            }
            if bracket == b'{' {
                header.braces.push(Brace::default());
                brace = u8::try_from(header.braces.len()).unwrap_or(0);
            }
        }
        if let Some(top) = self.top_mut() {
            *top = Open {
                bracket,
                filled: false,
                brace,
            };
        }
    }

    fn fill(&mut self) {
        self.bar = false;
        if let Some(top) = self.top_mut() {
            top.filled = true;
        }
    }

    /// A voice's number in `%%score` is complete.
    pub(super) fn list(&mut self, voice: u8, header: &mut Header) {
        let top = self.top();
        header.listed |= number::only(voice);
        let brace = if matches!(top.bracket, b'(' | b'{') {
            top.brace
        } else {
            0
        };
        if top.bracket == b'{' {
            add_staff(brace, header);
        }
        let staves = header.brace(brace).map_or(1, |brace| brace.staves);
        header.homes.push(Home {
            voice,
            brace,
            staff: staves.saturating_sub(1),
        });
        self.fill();
    }

    /// After the clef and its space.
    pub(super) fn after_clef(&mut self, words: Words) -> Mode {
        self.is_drum = super::is_drum(words);
        self.rank = 0;
        Mode::Property
    }

    pub(super) fn property(&mut self, words: Words, header: &mut Header) -> Mode {
        let Some(index) = words.whole(tables::PROPERTIES) else {
            return Mode::PropertyName(words);
        };
        self.rank = RANKS.get(index).copied().unwrap_or(u8::MAX);
        match self.rank {
            1 => Mode::Transpose {
                sign: false,
                number: 0,
            },
            2 => Mode::StaffLines,
            rank => {
                if rank == 3 {
                    self.name_staff(header);
                }
                Mode::Name(LONGEST_NAME)
            }
        }
    }

    fn name_staff(&self, header: &mut Header) {
        let home = header
            .homes
            .iter()
            .find(|home| home.voice == self.voice)
            .copied();
        if let Some(home) = home
            && let Some(brace) = header.brace_mut(home.brace)
        {
            brace.named |= 1u64.checked_shl(u32::from(home.staff)).unwrap_or(0);
        }
    }

    pub(super) fn end_line(&mut self, header: &mut Header) -> Mode {
        match self.mode {
            Mode::Number(read) => self.list(read, header),
            Mode::Metre(words) => {
                let index = words.whole(tables::METRES).unwrap_or(0);
                header.metre = tables::METRE_UNITS.get(index).copied().unwrap_or(0);
            }
            _ => {}
        }
        Mode::LineStart
    }
}

fn add_staff(brace: u8, header: &mut Header) {
    if let Some(brace) = header.brace_mut(brace) {
        brace.staves = brace.staves.saturating_add(1);
    }
}
