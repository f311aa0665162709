//! The music of one voice in one bar, between `[V:k]` with its fields and the barline.
//!
//! Some tokens end without a sign of their own: after `c` a length, a tie, or the next note may come. So what
//! may come is always what goes on with the token ([`Music::own`]) and, if it may end here, what may follow
//! it ([`Music::free`] of [`Music::settled`]); no character is in both.

use super::clock::Clock;
use super::tables;
use super::words::Words;
use super::{Allowed, bit, set};

/// Slurs of one voice open at once. The parser keeps six; slurs that never end are common enough that a
/// seventh must not be refused, so the first is forgotten then.
const MOST_SLURS: u8 = 6;
/// Things that take no time, between two notes.
const MOST_SIGNS: u8 = 24;
/// Notes of a chord.
const MOST_IN_CHORD: u8 = 12;
/// Notes of a group of grace notes.
const MOST_IN_GRACE: u8 = 32;
/// Notes of a tuplet that the text can say.
const MOST_IN_TUPLET: u8 = 24;
/// Characters of a text after its sign.
const LONGEST_TEXT: u8 = 37;
/// Characters of a chord symbol after its letter.
const LONGEST_SYMBOL: u8 = 10;

pub(super) const DIGITS: Allowed = set(b"0123456789");
const ABOVE_ZERO: Allowed = set(b"123456789");
const NOTES: Allowed = set(b"ABCDEFGabcdefg");
const ACCIDENTALS: Allowed = set(b"^_=");
const RESTS: Allowed = set(b"zx");
const LETTERS: Allowed = set(b".TMPSOuv");
const SYMBOL: Allowed = set(b"#bmajdisugn0123456789/+-()ABCDEFG");
/// What a text may hold. No `|`, where the text would be cut into patches, and no `%`, a comment.
pub(super) const TEXT: Allowed = set(b" !#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{}~");

/// What goes on from bar to bar.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Carried {
    /// Open slurs.
    slurs: u8,
    /// Open lines, a bit for each kind.
    lines: u16,
    /// The staff of the instrument that the voice is on, from 0.
    pub(super) staff: u8,
}

impl Carried {
    /// Of a voice that has not begun.
    pub(super) fn on_staff(staff: u8) -> Self {
        Self {
            staff,
            ..Self::default()
        }
    }
}

/// What surrounds the next character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Inside {
    Bar,
    Chord,
    Grace,
    GraceChord,
}

/// What was written last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tail {
    /// Nothing yet.
    Start,
    /// A note or chord.
    Note,
    /// The tie after it.
    Tied,
    /// The end of a slur after it.
    Slurred,
    /// `>` or `<`.
    Broken,
    Rest,
    Space,
    /// Something that needs a note to come.
    Awaits,
    /// Anything else that takes no time.
    Sign,
}

/// A field in brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Key,
    Metre,
    Tempo,
    Staff,
}

/// What token is being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Free,
    /// After an accidental that may be doubled (the character) or may not (0).
    Accidental(u8),
    Note {
        lower: bool,
        octaves: u8,
    },
    Length {
        words: Words,
        is_note: bool,
    },
    Decoration(Words),
    /// After the opening quote.
    Quote,
    Text {
        left: u8,
        escaped: bool,
        colon: bool,
    },
    Symbol {
        left: u8,
    },
    /// After `(`.
    Paren,
    /// The ratio of a tuplet.
    Ratio(Words),
    /// The number of its notes.
    Count {
        ratio: u8,
        notes: u8,
    },
    /// After `[`.
    Bracket,
    Colon(Field),
    Value(Field, Words),
    /// The number of a tempo, by its digits.
    Beats(u8),
}

/// Whether the voice may or must name a metre.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Metre {
    /// It may: the first voice of the line.
    Open,
    /// It must, and this one, as the first voice did.
    Owed(u8),
    Named(u8),
    /// It may not: the first voice did not.
    Closed,
}

/// A voice in its bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Music {
    pub(super) clock: Clock,
    pub(super) carried: Carried,
    pub(super) metre: Metre,
    mode: Mode,
    inside: Inside,
    tail: Tail,
    signs: u8,
    chord: u8,
    grace: u8,
    staves: u8,
}

impl Music {
    pub(super) fn new(clock: Clock, carried: Carried, metre: Metre, staves: u8) -> Self {
        Self {
            clock,
            carried,
            metre,
            mode: Mode::Free,
            inside: Inside::Bar,
            tail: Tail::Start,
            signs: 0,
            chord: 0,
            grace: 0,
            staves,
        }
    }

    /// Whether the barline may come here as far as this voice goes: the caller looks at the length.
    pub(super) const fn may_end(&self) -> bool {
        let closed = matches!(self.inside, Inside::Bar) && matches!(self.mode, Mode::Free);
        closed
            && !matches!(self.tail, Tail::Broken | Tail::Space | Tail::Awaits)
            && !self.owes_metre()
    }

    /// Whether there was nothing but fields.
    pub(super) const fn is_at_start(&self) -> bool {
        matches!(self.tail, Tail::Start)
            && matches!(self.mode, Mode::Free)
            && matches!(self.inside, Inside::Bar)
    }

    /// Whether nothing is open and there is room for no more notes.
    pub(super) fn fills_its_bar(&self) -> bool {
        self.inside == Inside::Bar && self.mode == Mode::Free && self.clock.is_full()
    }

    pub(super) fn is_in_grace(&self) -> bool {
        self.inside == Inside::Grace
    }

    const fn owes_metre(&self) -> bool {
        matches!(self.metre, Metre::Owed(_))
    }

    pub(super) fn allowed(&self) -> Allowed {
        self.own() | self.settled().map_or(0, |music| music.free())
    }

    /// Takes a character that is allowed.
    pub(super) fn apply(&mut self, c: u8) {
        if self.mode != Mode::Free {
            if self.own() & bit(c) != 0 {
                self.go_on(c);
                return;
            }
            if let Some(settled) = self.settled() {
                *self = settled;
            }
        }
        self.begin(c);
    }

    /// The token after its end, if it may end here without a sign.
    pub(super) fn settled(&self) -> Option<Self> {
        let mut next = *self;
        match self.mode {
            Mode::Free => return Some(next),
            Mode::Note { .. } if self.inside != Inside::Bar => next.tail = Tail::Note,
            Mode::Note { .. } => next.take(Words::new(tables::LENGTHS), true)?,
            Mode::Length { words, is_note } => next.take(words, is_note)?,
            Mode::Paren if self.signs < MOST_SIGNS => next.begin_slur(),
            Mode::Ratio(words) => {
                let is_triplet = words.depth() == 1 && words.next(tables::TUPLETS, is_triplet) != 0;
                (is_triplet && self.clock.may_start(3, 2, 3)).then_some(())?;
                next.clock.start(3, 2, 3);
                next.tail = Tail::Awaits;
            }
            Mode::Count { ratio, notes } => {
                let (p, q) = ratio_of(usize::from(ratio));
                self.clock.may_start(p, q, notes).then_some(())?;
                next.clock.start(p, q, notes);
                next.tail = Tail::Awaits;
            }
            _ => return None,
        }
        next.mode = Mode::Free;
        Some(next)
    }

    fn take(&mut self, words: Words, is_note: bool) -> Option<()> {
        let index = words.whole(tables::LENGTHS)?;
        self.fits(index, is_note).then_some(())?;
        self.clock.take(length_of(index).0);
        self.tail = if is_note { Tail::Note } else { Tail::Rest };
        self.signs = 0;
        Some(())
    }

    fn fits(&self, length: usize, is_note: bool) -> bool {
        let (units, single) = length_of(length);
        (single || !is_note) && self.clock.fits(units)
    }
}

fn is_triplet(index: usize) -> bool {
    ratio_of(index) == (3, 2)
}

fn ratio_of(index: usize) -> (u8, u8) {
    tables::TUPLET_RATIOS.get(index).copied().unwrap_or((3, 2))
}

fn length_of(index: usize) -> (u16, bool) {
    tables::LENGTH_UNITS
        .get(index)
        .copied()
        .unwrap_or((8, true))
}

const fn table_of(field: Field) -> &'static [&'static str] {
    match field {
        Field::Key => tables::KEYS_AND_CLEFS,
        Field::Metre => tables::METRES,
        Field::Tempo => tables::BEATS,
        Field::Staff => tables::STAFF_SHIFTS,
    }
}

mod allowed;
mod reason;
mod steps;
