//! The lines before the music: `%%score`, `L:`, `Q:`, `M:`, `K:` and a `V:` for each voice.

use super::number::{self, Voices};
use super::tables;
use super::words::Words;
use super::{Allowed, set};

/// How deep the brackets of `%%score` nest; orchestral scores need four.
const DEPTH: usize = 8;
/// Voices of a piece; orchestral scores have about 60.
const MOST_VOICES: u32 = 80;
/// How far beyond the number of voices listed so far the next one is; in the corpus at most 5.
const FARTHEST: u32 = 6;
/// Characters of a name.
const LONGEST_NAME: u8 = 60;
/// The order of [`tables::PROPERTIES`] in a line.
const RANKS: [u8; 4] = [3, 4, 2, 1];
const DIGITS: Allowed = set(b"0123456789");

/// A voice's place: the brace around its staff, from 1, if any, and the staff in it.
#[derive(Clone, Copy, Debug)]
struct Home {
    voice: u8,
    brace: u8,
    staff: u8,
}

/// A brace: the staves of one instrument, or several instruments. Which, the names of the voices tell.
#[derive(Clone, Copy, Default, Debug)]
struct Brace {
    staves: u8,
    /// Staves with a name, a bit for each.
    named: u64,
    nested: bool,
}

/// What the header says that matters in the music.
#[derive(Clone, Default, Debug)]
pub(super) struct Header {
    listed: Voices,
    pub(super) declared: Voices,
    homes: Vec<Home>,
    braces: Vec<Brace>,
    /// Length of a bar in 64ths, 0 if free.
    pub(super) metre: u16,
}

impl Header {
    fn undeclared(&self) -> Voices {
        let listed = if self.listed == 0 {
            number::only(1)
        } else {
            self.listed
        };
        listed & !self.declared
    }

    /// The staff of the voice in its instrument, from 0, and how many that has.
    pub(super) fn staff_of(&self, voice: u8) -> (u8, u8) {
        let home = self.homes.iter().find(|home| home.voice == voice);
        let brace = home.and_then(|home| self.brace(home.brace));
        match (home, brace) {
            (Some(home), Some(brace)) if !brace.nested && brace.named.count_ones() <= 1 => {
                (home.staff, brace.staves.max(1))
            }
            _ => (0, 1),
        }
    }

    fn brace(&self, number: u8) -> Option<&Brace> {
        self.braces.get(usize::from(number).checked_sub(1)?)
    }

    fn brace_mut(&mut self, number: u8) -> Option<&mut Brace> {
        self.braces.get_mut(usize::from(number).checked_sub(1)?)
    }
}

/// An open bracket of `%%score`.
#[derive(Clone, Copy, Default, Debug)]
struct Open {
    bracket: u8,
    filled: bool,
    brace: u8,
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    LineStart,
    /// The rest of a line, or of its beginning, that has no choice.
    Fixed(&'static str),
    /// Before a part of `%%score`, after one, or in a number.
    Part,
    PartEnd,
    Number(u8),
    Metre(Words),
    Key(Words),
    Tempo(Words),
    Beats(u8),
    Voice(u8),
    Clef(Words),
    /// After a property, before one, and in its name.
    PropertyEnd,
    Property,
    PropertyName(Words),
    Transpose {
        sign: bool,
        number: u8,
    },
    StaffLines,
    Name(u8),
    /// `I:percmap`: note and place (pitches left to come, at its letter), MIDI note, head.
    DrumPitch {
        left: u8,
        accidental: bool,
    },
    DrumOctave {
        left: u8,
    },
    DrumNote(u8),
    DrumHead(Words),
}

/// The lines in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(super) enum Section {
    Start,
    Score,
    Unit,
    Tempo,
    Metre,
    Key,
    Voice,
}

/// Where the header is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    mode: Mode,
    section: Section,
    depth: u8,
    open: [Open; DEPTH],
    /// `|` in `%%score` waits for what it separates.
    bar: bool,
    voice: u8,
    is_drum: bool,
    rank: u8,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            mode: Mode::LineStart,
            section: Section::Start,
            depth: 0,
            open: [Open::default(); DEPTH],
            bar: false,
            voice: 0,
            is_drum: false,
            rank: 0,
        }
    }

    pub(super) const fn section(&self) -> Section {
        self.section
    }

    pub(super) const fn is_at_line_start(&self) -> bool {
        matches!(self.mode, Mode::LineStart)
    }

    fn top(&self) -> Open {
        self.open
            .get(usize::from(self.depth))
            .copied()
            .unwrap_or_default()
    }

    fn top_mut(&mut self) -> Option<&mut Open> {
        self.open.get_mut(usize::from(self.depth))
    }

    /// Takes a character that is allowed.
    pub(super) fn apply(&mut self, c: u8, header: &mut Header) {
        self.mode = match self.mode {
            Mode::LineStart => self.begin_line(c),
            Mode::Fixed(rest) => self.after_fixed(c, rest.get(1..).unwrap_or("")),
            _ if c == b'\n' => self.end_line(header),
            Mode::Part => self.begin_part(c, header),
            Mode::PartEnd => Mode::Part,
            Mode::Number(read) if c == b' ' => {
                self.list(read, header);
                Mode::Part
            }
            Mode::Number(read) => Mode::Number(number::append(read, c)),
            Mode::Metre(words) => Mode::Metre(words.step(tables::METRES, c)),
            Mode::Key(words) => Mode::Key(words.step(tables::KEYS_AND_CLEFS, c)),
            Mode::Tempo(words) => match words.step(tables::BEATS, c) {
                words if words.whole(tables::BEATS).is_some() => Mode::Beats(0),
                words => Mode::Tempo(words),
            },
            Mode::Beats(digits) => Mode::Beats(digits + 1),
            Mode::Voice(read) if c == b' ' => {
                self.voice = read;
                header.declared |= number::only(read);
                Mode::Clef(Words::new(tables::KEYS_AND_CLEFS))
            }
            Mode::Voice(read) => Mode::Voice(number::append(read, c)),
            Mode::Clef(words) if c == b' ' => self.after_clef(words),
            Mode::Clef(words) => {
                let words = words.step(tables::KEYS_AND_CLEFS, c);
                self.is_drum = is_drum(words);
                Mode::Clef(words)
            }
            Mode::PropertyEnd => Mode::Property,
            Mode::Property => self.property(
                Words::new(tables::PROPERTIES).step(tables::PROPERTIES, c),
                header,
            ),
            Mode::PropertyName(words) => self.property(words.step(tables::PROPERTIES, c), header),
            Mode::Transpose { .. } if c == b' ' => Mode::Property,
            Mode::Transpose { .. } if c == b'-' => Mode::Transpose {
                sign: true,
                number: 0,
            },
            Mode::Transpose { sign, number } => Mode::Transpose {
                sign,
                number: number::append(number, c),
            },
            Mode::StaffLines => Mode::PropertyEnd,
            Mode::Name(_) if c == b'"' => Mode::PropertyEnd,
            Mode::Name(left) => Mode::Name(left.saturating_sub(1)),
            Mode::DrumPitch { left, .. } if c.is_ascii_alphabetic() => Mode::DrumOctave { left },
            Mode::DrumPitch { left, .. } => Mode::DrumPitch {
                left,
                accidental: false,
            },
            Mode::DrumOctave { left } if c != b' ' => Mode::DrumOctave { left },
            Mode::DrumOctave { left: 0 } => Mode::DrumNote(0),
            Mode::DrumOctave { left } => Mode::DrumPitch {
                left: left - 1,
                accidental: true,
            },
            Mode::DrumNote(_) if c == b' ' => Mode::DrumHead(Words::new(tables::HEADS)),
            Mode::DrumNote(number) => Mode::DrumNote(number::append(number, c)),
            Mode::DrumHead(words) => Mode::DrumHead(words.step(tables::HEADS, c)),
        };
    }

    fn begin_line(&mut self, c: u8) -> Mode {
        let in_voice = self.section == Section::Voice;
        let (section, rest) = match c {
            b'%' => (Section::Score, "%score "),
            b'L' => (Section::Unit, ":1/8\n"),
            b'Q' => (Section::Tempo, ":"),
            b'M' => (Section::Metre, ":"),
            b'K' if in_voice => (Section::Voice, ":none\n"),
            b'K' => (Section::Key, ":"),
            b'I' => (Section::Voice, ":percmap "),
            _ => {
                self.is_drum = false;
                self.voice = 0;
                (Section::Voice, ":")
            }
        };
        self.section = section;
        Mode::Fixed(rest)
    }

    fn after_fixed(&self, c: u8, rest: &'static str) -> Mode {
        if !rest.is_empty() {
            return Mode::Fixed(rest);
        }
        match self.section {
            _ if c == b'\n' => Mode::LineStart,
            Section::Voice if c == b' ' => Mode::DrumPitch {
                left: 1,
                accidental: true,
            },
            Section::Score => Mode::Part,
            Section::Tempo => Mode::Tempo(Words::new(tables::BEATS)),
            Section::Metre => Mode::Metre(Words::new(tables::METRES)),
            Section::Key => Mode::Key(Words::new(tables::KEYS_AND_CLEFS)),
            Section::Voice => Mode::Voice(0),
            _ => Mode::LineStart,
        }
    }
}

fn is_key(index: usize) -> bool {
    let name = tables::KEYS_AND_CLEFS.get(index).copied().unwrap_or("");
    name == "none" || name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_drum(words: Words) -> bool {
    let index = words.whole(tables::KEYS_AND_CLEFS);
    index.and_then(|index| tables::KEYS_AND_CLEFS.get(index)) == Some(&"perc")
}

const fn closing(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

mod allowed;
mod parts;
