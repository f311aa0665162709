//! What may come in the header.

use super::super::words::Words;
use super::super::{Allowed, bit, music, number, set, tables, when};
use super::{
    DEPTH, DIGITS, FARTHEST, Header, MOST_VOICES, Mode, RANKS, Reader, Section, closing, is_key,
};

impl Reader {
    /// What may come; `[` at the start of a line begins the music.
    pub(in super::super) fn allowed(&self, header: &Header) -> Allowed {
        match self.mode {
            Mode::LineStart => self.line_start(header),
            Mode::Fixed(rest) => rest.bytes().next().map_or(0, bit),
            Mode::Part => self.part(header),
            Mode::PartEnd => {
                let may_end = self.depth == 0;
                when(!may_end || self.has_room(header), bit(b' ')) | when(may_end, bit(b'\n'))
            }
            Mode::Number(read) => {
                let free = number::EVERY & !header.listed;
                let mut allowed = number::digits_toward(free, read);
                if number::contains(free, read) {
                    allowed |= bit(b' ') | when(self.depth == 0, bit(b'\n'));
                }
                allowed
            }
            Mode::Metre(words) => words.next(tables::METRES, |_| true) | end(words, tables::METRES),
            Mode::Key(words) => {
                words.next(tables::KEYS_AND_CLEFS, is_key) | end(words, tables::KEYS_AND_CLEFS)
            }
            Mode::Tempo(words) => words.next(tables::BEATS, |_| true),
            Mode::Beats(0) => DIGITS & !bit(b'0'),
            Mode::Beats(digits) => bit(b'\n') | when(digits < 3, DIGITS),
            Mode::Voice(read) => {
                let set = header.undeclared();
                number::digits_toward(set, read) | when(number::contains(set, read), bit(b' '))
            }
            Mode::Clef(words) => {
                let more = words.next(tables::KEYS_AND_CLEFS, |i| !is_key(i));
                more | words
                    .whole(tables::KEYS_AND_CLEFS)
                    .map_or(0, |_| set(b" \n"))
            }
            Mode::PropertyEnd => set(b" \n"),
            Mode::Property => {
                bit(b'\n')
                    | Words::new(tables::PROPERTIES).next(tables::PROPERTIES, |i| self.follows(i))
            }
            Mode::PropertyName(words) => words.next(tables::PROPERTIES, |i| self.follows(i)),
            Mode::Transpose { sign, number } => match number {
                0 if sign => DIGITS & !bit(b'0'),
                0 => DIGITS & !bit(b'0') | bit(b'-'),
                1 | 2 => DIGITS | set(b" \n"),
                3 => set(b"0123456 \n"),
                _ => set(b" \n"),
            },
            Mode::StaffLines => set(b"123456"),
            Mode::Name(left) => bit(b'"') | when(left > 0, music::TEXT | bit(b'\t')),
            Mode::DrumPitch { accidental, .. } => {
                set(b"ABCDEFGabcdefg") | when(accidental, set(b"^_="))
            }
            Mode::DrumOctave { .. } => set(b",' "),
            Mode::DrumNote(0) => DIGITS & !bit(b'0'),
            Mode::DrumNote(number) => {
                let longer = |digit: &u8| number < 12 || number == 12 && *digit < b'8';
                let digits = (b'0'..=b'9')
                    .filter(longer)
                    .fold(0, |all, digit| all | bit(digit));
                bit(b' ') | when(number < 13, digits)
            }
            Mode::DrumHead(words) => {
                words.next(tables::HEADS, |_| true) | end(words, tables::HEADS)
            }
        }
    }

    /// All characters, but in `%%score` only digits that lead to a number near those listed.
    pub(in super::super) fn near(&self, header: &Header) -> Allowed {
        let read = match self.mode {
            Mode::Part => 0,
            Mode::Number(read) => read,
            _ => return Allowed::MAX,
        };
        let farthest = header.listed.count_ones() + FARTHEST;
        let near = number::EVERY & !header.listed & !(Allowed::MAX << (farthest + 1));
        number::digits_toward(near, read) | !DIGITS
    }

    fn line_start(&self, header: &Header) -> Allowed {
        match self.section {
            Section::Start => set(b"%L"),
            Section::Score => bit(b'L'),
            Section::Unit => set(b"QM"),
            Section::Tempo => bit(b'M'),
            Section::Metre => bit(b'K'),
            Section::Key => bit(b'V'),
            Section::Voice => {
                let next = if header.undeclared() == 0 {
                    bit(b'[')
                } else {
                    bit(b'V')
                };
                next | when(self.is_drum, set(b"KI"))
            }
        }
    }

    fn has_room(&self, header: &Header) -> bool {
        header.listed.count_ones() < MOST_VOICES
    }

    fn part(&self, header: &Header) -> Allowed {
        let top = self.top();
        let mut allowed = 0;
        if self.has_room(header) {
            allowed |= number::digits_toward(number::EVERY & !header.listed, 0);
            if top.bracket != b'(' && usize::from(self.depth) + 1 < DEPTH {
                allowed |= set(b"([{");
            }
            if top.bracket != b'(' && top.filled && !self.bar {
                allowed |= bit(b'|');
            }
        }
        if self.depth > 0 && top.filled && !self.bar {
            allowed |= bit(closing(top.bracket));
        }
        allowed
    }

    fn follows(&self, property: usize) -> bool {
        RANKS.get(property).is_some_and(|rank| *rank > self.rank)
    }
}

fn end(words: Words, table: &[&str]) -> Allowed {
    words.whole(table).map_or(0, |_| bit(b'\n'))
}
