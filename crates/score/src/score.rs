//! The score: bars by voices, and how the voices lie on staves and in parts.
//!
//! `bars[b].voices[v]` is what voice `v` has in bar `b`. Every voice is there in every bar and fills it
//! exactly: [`parse_abc`](crate::parse_abc) sees to that, and the writers rely on it. Voices are in
//! score order, the voices of a part beside each other and its staves from top to bottom.

use crate::event::{Event, Item};
use crate::fraction::Fraction;
use crate::metadata::Metadata;
use crate::pitch::{Accidental, Step};
use crate::signature::{Clef, Key, Meter, Tempo};

/// A piece.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Score {
    /// What is known of it besides the notes.
    pub metadata: Metadata,
    /// The key a voice starts in that names none of its own.
    pub key: Key,
    /// The tempo at the start.
    pub tempo: Option<Tempo>,
    /// The instruments, from top to bottom.
    pub parts: Vec<Part>,
    /// Brackets and braces around parts, an outer one before those inside it.
    pub groups: Vec<Group>,
    /// The voices in score order.
    pub voices: Vec<Voice>,
    /// The bars in the order written.
    pub bars: Vec<Bar>,
}

/// An instrument.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Part {
    /// Printed before the first system; may be empty, and may have several lines.
    pub name: String,
    /// Printed before the others; may be empty.
    pub short_name: String,
    /// How many staves it has, at least 1.
    pub staves: u8,
    /// The General MIDI program it is played with, from 0; if it names none, its name tells.
    pub program: Option<u8>,
}

/// A bracket or brace around parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// A brace, otherwise a bracket.
    pub brace: bool,
    /// The first part in it, from 0.
    pub first: usize,
    /// The last part in it.
    pub last: usize,
}

/// A voice.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Voice {
    /// Its name in ABC, mostly a number.
    pub id: String,
    /// Its part, from 0.
    pub part: usize,
    /// The staff of the part it lives on, from 1.
    pub staff: u8,
    /// The clef it starts with.
    pub clef: Clef,
    /// The key it starts in.
    pub key: Key,
    /// Semitones from the written to the sounding pitch.
    pub transpose: i8,
    /// Lines of the staff, if it says so.
    pub staff_lines: Option<u8>,
    /// Which place on the staff is which drum, for a percussion voice.
    pub drums: Vec<Drum>,
}

/// A drum of a percussion staff (`I:percmap`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drum {
    /// The note that stands for it in the text.
    pub step: Step,
    /// Its octave in the text, 4 for upper-case letters.
    pub octave: i8,
    /// Its accidental in the text, which tells drums apart and is not printed.
    pub accidental: Option<Accidental>,
    /// The line or space on which it is printed.
    pub shown_step: Step,
    /// The octave of that.
    pub shown_octave: i8,
    /// The note in General MIDI's percussion channel.
    pub midi: u8,
    /// The shape of its head, by its name in MusicXML.
    pub head: &'static str,
}

/// A bar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bar {
    /// How long it is; each of its voices is just as long.
    pub length: Fraction,
    /// A new metre from here on; in the first bar the metre of the piece.
    pub meter: Option<Meter>,
    /// A repeated section begins here.
    pub repeat_start: bool,
    /// An ending begins here.
    pub volta: Option<Volta>,
    /// The line at its end.
    pub barline: Barline,
    /// A repeated section ends here.
    pub repeat_stop: bool,
    /// The ending that ends here, and whether its bracket is closed.
    pub volta_stop: Option<VoltaStop>,
    /// What each voice has in it.
    pub voices: Vec<VoiceBar>,
}

/// One voice in one bar.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct VoiceBar {
    /// In order of reading.
    pub items: Vec<Item>,
}

/// The line at the end of a bar.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Barline {
    #[default]
    Regular,
    Double,
    /// Thin and thick.
    Final,
    /// Thick and thin.
    HeavyLight,
    Dotted,
    Invisible,
}

/// The bracket over an ending.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Volta {
    /// The passes it is played in; empty if it has only words.
    pub numbers: Vec<u8>,
    /// Words instead of numbers.
    pub words: String,
}

/// How the bracket over an ending ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoltaStop {
    /// With a hook downward.
    Closed,
    /// Without.
    Open,
}

impl Voice {
    /// Keys and clefs before the first note of its first bar are what the voice starts with, wherever they
    /// were written.
    pub(crate) fn take_initial_signatures(&mut self, first: &mut VoiceBar) {
        let music = first
            .items
            .iter()
            .position(|i| matches!(i, Item::Event(_) | Item::Grace(_) | Item::Staff(_)));
        let mut leading = music.unwrap_or(first.items.len());
        first.items.retain(|item| {
            let is_leading = leading > 0;
            leading = leading.saturating_sub(1);
            match item {
                Item::Key(key) if is_leading => self.key = *key,
                Item::Clef(clef) if is_leading => self.clef = *clef,
                _ => return true,
            }
            false
        });
    }
}

impl VoiceBar {
    /// Its notes, chords and rests.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.items.iter().filter_map(|item| match item {
            Item::Event(event) => Some(event),
            _ => None,
        })
    }

    /// Its items with their places in the bar.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (Fraction, &Item)> + Clone {
        self.items.iter().scan(Fraction::ZERO, |position, item| {
            let at = *position;
            if let Item::Event(event) = item {
                *position = at.checked_add(event.duration).unwrap_or(at);
            }
            Some((at, item))
        })
    }

    pub(crate) fn events_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Event> {
        self.items.iter_mut().filter_map(|item| match item {
            Item::Event(event) => Some(event),
            _ => None,
        })
    }

    /// How long its events are together; `None` if that number cannot be held.
    pub fn length(&self) -> Option<Fraction> {
        self.events()
            .try_fold(Fraction::ZERO, |sum, e| sum.checked_add(e.duration))
    }
}

impl Score {
    /// The title; may be empty.
    pub fn title(&self) -> &str {
        &self.metadata.title
    }

    /// How many instruments.
    pub fn part_count(&self) -> usize {
        self.parts.len()
    }

    /// How many bars.
    pub fn bar_count(&self) -> usize {
        self.bars.len()
    }

    /// How many voices.
    pub fn voice_count(&self) -> usize {
        self.voices.len()
    }

    /// How many notes, each note of a chord and grace notes too.
    pub fn note_count(&self) -> usize {
        self.bars
            .iter()
            .flat_map(|bar| &bar.voices)
            .flat_map(|voice| &voice.items)
            .map(|item| match item {
                Item::Event(event) => event.notes().len(),
                Item::Grace(group) => group.notes.iter().map(|g| g.notes.len()).sum(),
                _ => 0,
            })
            .sum()
    }

    /// The voices of a part with their places in [`Score::voices`].
    pub(crate) fn voices_of(&self, part: usize) -> impl Iterator<Item = (usize, &Voice)> {
        self.voices
            .iter()
            .enumerate()
            .filter(move |(_, voice)| voice.part == part)
    }
}
