//! What stands in a voice: notes, rests, grace notes, and the signs between them.

use crate::fraction::Fraction;
use crate::pitch::{Accidental, Pitch};
use crate::signature::{Clef, Key, Tempo};

/// One thing in a voice, in the order of reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A note, chord or rest: the only thing that takes time.
    Event(Event),
    /// Grace notes before the next event, or after the last one of the bar.
    Grace(GraceGroup),
    /// The staff (from 1 in its part) on which the voice goes on until told otherwise.
    Staff(u8),
    /// A new clef on the staff the voice is on.
    Clef(Clef),
    /// A new key.
    Key(Key),
    /// A tempo mark.
    Tempo(Tempo),
    /// A sign or words beside the staff.
    Direction(Direction),
    /// A chord symbol such as `G7`.
    ChordSymbol(String),
}

/// A note, chord or rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What sounds.
    pub content: Content,
    /// The length as printed, in whole notes, without the tuplets around it.
    pub written: Fraction,
    /// The length as played: `written` times the ratios of the tuplets around it, save for a bar that
    /// was out by less than the shortest note, where the last event makes up the difference.
    pub duration: Fraction,
    /// The product of all tuplets around it; 1:1 outside them.
    pub ratio: Tuplet,
    /// Tuplets that begin here, the outermost first.
    pub tuplet_starts: Vec<Tuplet>,
    /// How many tuplets end here, the innermost first.
    pub tuplet_stops: u8,
    /// Slurs that begin and end here.
    pub slurs: Slurs,
    /// No beam leads here from the event before.
    pub beam_break: bool,
    /// A tremolo on this event, or on it and its neighbour.
    pub tremolo: Option<Tremolo>,
    /// Signs on the whole event.
    pub marks: Vec<Mark>,
    /// The syllables sung to it, by verse.
    pub lyrics: Vec<Lyric>,
}

/// A syllable sung to an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lyric {
    /// The verse it belongs to, from 1.
    pub verse: u8,
    /// The syllable, without hyphens. Never empty.
    pub text: String,
    /// Where in its word it stands.
    pub syllable: Syllable,
    /// The syllable is held through the notes that follow, with a line.
    pub extends: bool,
}

/// Where in its word a syllable stands.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub enum Syllable {
    /// It is the word.
    #[default]
    Whole,
    /// The word goes on after it.
    First,
    /// The word goes on before and after it.
    Middle,
    /// The word ends with it.
    Last,
}

/// What sounds in an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Nothing.
    Rest {
        /// Printed; if not, it only takes up time.
        visible: bool,
    },
    /// At least one note.
    Notes(Vec<Note>),
}

/// One note of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What it is. On a percussion staff, the place on the staff.
    pub pitch: Pitch,
    /// The accidental that the text has, and so is printed.
    pub accidental: Option<Accidental>,
    /// The accidental is a reminder, printed in parentheses.
    pub courtesy: bool,
    /// Tied to the same pitch in the next event.
    pub tie_start: bool,
    /// Tied to the same pitch in the event before.
    pub tie_stop: bool,
    /// Signs on this note of a chord alone.
    pub marks: Vec<Mark>,
}

/// Slurs at one place. Within a voice the one that began last ends first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Slurs {
    /// Slurs that begin here.
    pub starts: u8,
    /// Slurs that end here; they end before those that begin.
    pub stops: u8,
}

/// `actual` notes in the time of `normal`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tuplet {
    /// The number printed.
    pub actual: u32,
    /// The number that would fill the same time.
    pub normal: u32,
}

impl Tuplet {
    /// No tuplet.
    pub const NONE: Self = Self {
        actual: 1,
        normal: 1,
    };

    /// The factor by which it changes a length.
    pub fn factor(self) -> Option<Fraction> {
        Fraction::new(i64::from(self.normal), i64::from(self.actual))
    }

    /// Whether lengths stay what they are.
    pub const fn is_none(self) -> bool {
        self.actual == self.normal
    }
}

/// A tremolo and its number of strokes, 1 to 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tremolo {
    /// One note repeated.
    Single(u8),
    /// Alternating with the next event.
    First(u8),
    /// Alternating with the event before.
    Second(u8),
}

/// Grace notes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraceGroup {
    /// An acciaccatura, with a stroke.
    pub slash: bool,
    /// In order; at least one.
    pub notes: Vec<GraceNote>,
}

/// A grace note or chord.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraceNote {
    /// At least one.
    pub notes: Vec<Note>,
    /// The length as printed; it takes no time.
    pub written: Fraction,
    /// Slurs that begin and end here.
    pub slurs: Slurs,
    /// Signs on it.
    pub marks: Vec<Mark>,
}

/// A sign on a note.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Mark {
    Staccato,
    Staccatissimo,
    Tenuto,
    Accent,
    Marcato,
    Breath,
    Scoop,
    Fermata,
    Arpeggio,
    Trill,
    Turn,
    InvertedTurn,
    /// With the lower neighbour.
    Mordent,
    /// With the upper neighbour, the pralltriller.
    InvertedMordent,
    UpBow,
    DownBow,
    /// A cross: left-hand pizzicato or a stopped horn.
    Stopped,
    OpenString,
    SnapPizzicato,
    Thumb,
    /// A finger, 0 to 5, or two of them.
    Fingering(u8),
    Stemless,
    /// A line that begins here.
    Start(Span),
    /// A line that ends here.
    Stop(Span),
}

/// A line or hairpin from one place to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Span {
    Crescendo,
    Diminuendo,
    OctaveUp,
    OctaveDown,
    TwoOctavesUp,
    TwoOctavesDown,
    Pedal,
    /// A trill with its wavy line.
    Trill,
    Slide,
    Glissando,
}

/// A sign or words beside the staff.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Direction {
    Words {
        above: bool,
        text: String,
    },
    /// A letter or name at which a rehearsal can start (`P:`).
    Rehearsal(String),
    /// By its name in MusicXML, such as `mf`.
    Dynamic(&'static str),
    Segno,
    Coda,
    ToCoda,
    Fine,
    DaCapo,
    DalSegno,
    /// A line that begins here.
    Start(Span),
    /// A line that ends here.
    Stop(Span),
}

impl Event {
    /// A plain event of this length.
    pub(crate) fn new(content: Content, length: Fraction) -> Self {
        Self {
            content,
            written: length,
            duration: length,
            ratio: Tuplet::NONE,
            tuplet_starts: Vec::new(),
            tuplet_stops: 0,
            slurs: Slurs::default(),
            beam_break: true,
            tremolo: None,
            marks: Vec::new(),
            lyrics: Vec::new(),
        }
    }

    /// A rest.
    pub(crate) fn rest(length: Fraction, visible: bool) -> Self {
        Self::new(Content::Rest { visible }, length)
    }

    /// Its notes; none for a rest.
    pub fn notes(&self) -> &[Note] {
        match &self.content {
            Content::Notes(notes) => notes,
            Content::Rest { .. } => &[],
        }
    }

    pub(crate) fn notes_mut(&mut self) -> &mut [Note] {
        match &mut self.content {
            Content::Notes(notes) => notes,
            Content::Rest { .. } => &mut [],
        }
    }
}
