//! What a character that may come does to the voice.

use super::super::clock::Clock;
use super::super::tables::{self, Deco};
use super::super::words::Words;
use super::super::{bit, music};
use super::{Field, Inside, LONGEST_SYMBOL, LONGEST_TEXT, MOST_SLURS, Metre, Mode, Music, Tail};

impl Music {
    /// A character that goes on with the token.
    pub(super) fn go_on(&mut self, c: u8) {
        self.mode = match self.mode {
            Mode::Free => Mode::Free,
            Mode::Accidental(_) if c == b'^' || c == b'_' => Mode::Accidental(0),
            Mode::Accidental(_) => self.note(c),
            Mode::Note { lower, octaves } if c == b',' || c == b'\'' => Mode::Note {
                lower,
                octaves: octaves + 1,
            },
            Mode::Note { .. } => Mode::Length {
                words: Words::new(tables::LENGTHS).step(tables::LENGTHS, c),
                is_note: true,
            },
            Mode::Length { words, is_note } => Mode::Length {
                words: words.step(tables::LENGTHS, c),
                is_note,
            },
            Mode::Decoration(words) if c == b'!' => self.decorate(words),
            Mode::Decoration(words) => Mode::Decoration(words.step(tables::DECORATIONS, c)),
            Mode::Quote if c == b'^' || c == b'_' => Mode::Text {
                left: LONGEST_TEXT,
                escaped: false,
                colon: false,
            },
            Mode::Quote => Mode::Symbol {
                left: LONGEST_SYMBOL,
            },
            Mode::Text { .. } | Mode::Symbol { .. } if c == b'"' => self.signed(),
            Mode::Text { left, .. } => Mode::Text {
                left: left.saturating_sub(1),
                escaped: c == b'\\',
                colon: c == b':',
            },
            Mode::Symbol { left } => Mode::Symbol {
                left: left.saturating_sub(1),
            },
            Mode::Paren => Mode::Ratio(Words::new(tables::TUPLETS).step(tables::TUPLETS, c)),
            Mode::Ratio(words) => match words.whole(tables::TUPLETS) {
                None => Mode::Ratio(words.step(tables::TUPLETS, c)),
                Some(ratio) => Mode::Count {
                    ratio: u8::try_from(ratio).unwrap_or(0),
                    notes: digit(c),
                },
            },
            Mode::Count { ratio, notes } => Mode::Count {
                ratio,
                notes: notes.saturating_mul(10).saturating_add(digit(c)),
            },
            Mode::Bracket => self.open_bracket(c),
            Mode::Colon(field) => Mode::Value(field, Words::new(music::table_of(field))),
            Mode::Value(Field::Tempo, words) if words.whole(tables::BEATS).is_some() => {
                Mode::Beats(1)
            }
            Mode::Value(field, words) if c == b']' => self.close_field(field, words),
            Mode::Value(field, words) => Mode::Value(field, words.step(music::table_of(field), c)),
            Mode::Beats(_) if c == b']' => self.signed(),
            Mode::Beats(digits) => Mode::Beats(digits + 1),
        };
    }

    /// A character that begins a token.
    pub(super) fn begin(&mut self, c: u8) {
        let tail = self.tail;
        self.tail = match c {
            b'-' => Tail::Tied,
            b')' => {
                self.carried.slurs = self.carried.slurs.saturating_sub(1);
                if tail == Tail::Broken {
                    tail
                } else {
                    Tail::Slurred
                }
            }
            b'<' | b'>' => {
                self.clock.break_rhythm();
                Tail::Broken
            }
            b' ' => Tail::Space,
            b'S' | b'O' => {
                self.signs = self.signs.saturating_add(1);
                if matches!(tail, Tail::Broken | Tail::Awaits) {
                    tail
                } else {
                    Tail::Sign
                }
            }
            b'/' | b'.' | b'T' | b'M' | b'P' | b'u' | b'v' => {
                self.signs = self.signs.saturating_add(1);
                Tail::Awaits
            }
            b'{' => {
                self.inside = Inside::Grace;
                self.grace = 0;
                Tail::Start
            }
            b'}' => {
                self.inside = Inside::Bar;
                self.signs = self.signs.saturating_add(1);
                Tail::Sign
            }
            b'(' if self.inside == Inside::Grace => {
                self.begin_slur();
                self.tail
            }
            b']' if self.inside == Inside::GraceChord => {
                self.inside = Inside::Grace;
                Tail::Note
            }
            _ => tail,
        };
        self.mode = match c {
            b'^' | b'_' => Mode::Accidental(c),
            b'=' => Mode::Accidental(0),
            b'A'..=b'G' | b'a'..=b'g' => self.note(c),
            b'z' | b'x' => Mode::Length {
                words: Words::new(tables::LENGTHS),
                is_note: false,
            },
            b'!' => Mode::Decoration(Words::new(tables::DECORATIONS)),
            b'"' => Mode::Quote,
            b'[' => Mode::Bracket,
            b'(' if self.inside == Inside::Bar => Mode::Paren,
            b']' if self.inside == Inside::Chord => {
                self.inside = Inside::Bar;
                Mode::Length {
                    words: Words::new(tables::LENGTHS),
                    is_note: true,
                }
            }
            _ => Mode::Free,
        };
    }

    fn note(&mut self, c: u8) -> Mode {
        match self.inside {
            Inside::Chord | Inside::GraceChord => self.chord = self.chord.saturating_add(1),
            Inside::Grace => self.grace = self.grace.saturating_add(1),
            Inside::Bar => {}
        }
        Mode::Note {
            lower: c.is_ascii_lowercase(),
            octaves: 0,
        }
    }

    pub(super) fn begin_slur(&mut self) {
        self.carried.slurs = (self.carried.slurs + 1).min(MOST_SLURS);
        self.signs = self.signs.saturating_add(1);
        self.tail = Tail::Awaits;
    }

    /// After something that takes no time.
    fn signed(&mut self) -> Mode {
        self.signs = self.signs.saturating_add(1);
        // `a>"text"b` and `("text"a` still wait for the note.
        if !matches!(self.tail, Tail::Broken | Tail::Awaits) {
            self.tail = Tail::Sign;
        }
        Mode::Free
    }

    fn decorate(&mut self, words: Words) -> Mode {
        let kind = words
            .whole(tables::DECORATIONS)
            .and_then(|index| tables::DECORATION_KINDS.get(index));
        let mode = self.signed();
        match kind {
            Some(Deco::Mark | Deco::Stroke) if self.tail != Tail::Broken => {
                self.tail = Tail::Awaits
            }
            Some(Deco::Open(line)) => self.carried.lines |= 1 << line,
            Some(Deco::Close(line)) => self.carried.lines &= !(1 << line),
            _ => {}
        }
        mode
    }

    fn open_bracket(&mut self, c: u8) -> Mode {
        match c {
            b'K' => return Mode::Colon(Field::Key),
            b'M' => return Mode::Colon(Field::Metre),
            b'Q' => return Mode::Colon(Field::Tempo),
            b'I' => return Mode::Colon(Field::Staff),
            _ => {}
        }
        self.chord = 0;
        if self.inside == Inside::Grace {
            self.inside = Inside::GraceChord;
            self.grace = self.grace.saturating_add(1);
        } else {
            self.inside = Inside::Chord;
        }
        self.tail = Tail::Awaits;
        self.begin(c);
        self.mode
    }

    fn close_field(&mut self, field: Field, words: Words) -> Mode {
        let index = words.whole(music::table_of(field)).unwrap_or(0);
        match field {
            Field::Metre => {
                let units = tables::METRE_UNITS.get(index).copied().unwrap_or(0);
                // A later voice is as long as the first, which need not have filled the bar.
                if self.metre == Metre::Open {
                    self.clock = self.clock.anew(Clock::ticks(units));
                }
                self.metre = Metre::Named(u8::try_from(index).unwrap_or(0));
            }
            Field::Staff if index == 0 => self.carried.staff = self.carried.staff.saturating_add(1),
            Field::Staff => self.carried.staff = self.carried.staff.saturating_sub(1),
            Field::Key | Field::Tempo => {}
        }
        self.signs = self.signs.saturating_add(1);
        if !matches!(self.tail, Tail::Broken | Tail::Awaits | Tail::Start) {
            self.tail = Tail::Sign;
        }
        Mode::Free
    }
}

fn digit(c: u8) -> u8 {
    if bit(c) & music::DIGITS == 0 {
        0
    } else {
        c - b'0'
    }
}
