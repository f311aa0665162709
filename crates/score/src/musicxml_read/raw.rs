//! A part as it stands in the file, before its notes are dealt to voices.

use std::collections::HashMap;

use crate::diagnostic::Position;
use crate::event::{Event, GraceNote, Item, Span, Tuplet};
use crate::fraction::Fraction;
use crate::limits;
use crate::score::{Barline, Part, Volta, VoltaStop};
use crate::signature::{Clef, Key, Meter};

/// A part: what the list of parts says of it, and its bars.
#[derive(Debug)]
pub(super) struct RawPart {
    pub(super) id: String,
    pub(super) part: Part,
    /// MIDI notes of its instruments by their ids; those that are no drums have none.
    pub(super) instruments: HashMap<String, Option<u8>>,
    pub(super) bars: Vec<RawBar>,
    /// The names that its voices have in the file.
    pub(super) labels: Vec<String>,
    /// Semitones from written to sounding, with the staff they hold for, if not for all.
    pub(super) transpositions: Vec<(Option<u8>, i8)>,
    /// Lines of a staff.
    pub(super) staff_lines: Vec<(u8, u8)>,
    /// Divisions of a quarter note from here on.
    pub(super) divisions: Fraction,
}

/// A bar of one part.
#[derive(Default, Debug)]
pub(super) struct RawBar {
    pub(super) position: Position,
    pub(super) entries: Vec<Entry>,
    pub(super) signatures: Vec<Signature>,
    pub(super) meter: Option<Meter>,
    pub(super) left: Option<Box<Lines>>,
    pub(super) right: Option<Box<Lines>>,
}

impl RawBar {
    /// The bytes of a bar besides what is in it.
    pub(super) const BYTES: usize = limits::listed::<Self>();
}

/// What stands at one side of a bar.
#[derive(Default, Debug)]
pub(super) struct Lines {
    pub(super) style: Option<Barline>,
    /// A repeated section begins here.
    pub(super) forward: bool,
    /// A repeated section ends here.
    pub(super) backward: bool,
    /// How often the file says that it is played.
    pub(super) times: Option<u8>,
    pub(super) volta: Option<Volta>,
    pub(super) volta_stop: Option<VoltaStop>,
}

/// Where in its bar something stands: in time, and between what is written before and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment {
    /// Since the beginning of the bar, in whole notes.
    pub(super) at: Fraction,
    /// How often the file went back in time before.
    pub(super) stream: u32,
    /// How many things came before it.
    pub(super) order: u32,
}

impl Entry {
    /// The bytes it takes up.
    pub(super) fn bytes(&self) -> usize {
        let beyond = match &self.what {
            What::Event(raw) => raw.bytes(),
            What::Grace(raw) => {
                size_of::<RawGrace>()
                    + limits::grace_note_bytes(&raw.grace)
                    + raw.slurs.capacity() * size_of::<RawSlur>()
                    + raw.hits.capacity() * size_of::<Option<Hit>>()
            }
            What::Sign(item) => limits::item_bytes(item),
            What::Line(_) => 0,
        };
        limits::listed::<Self>() + beyond
    }
}

/// Something that belongs to a voice.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) moment: Moment,
    pub(super) position: Position,
    /// Its place in [`RawPart::labels`].
    pub(super) label: Option<u16>,
    /// Its voice in the part, once that is known.
    pub(super) voice: Option<usize>,
    pub(super) staff: Option<u8>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Event(Box<RawEvent>),
    Grace(Box<RawGrace>),
    /// A direction, tempo or chord symbol.
    Sign(Box<Item>),
    /// One end of a line beside the staff.
    Line(RawLine),
}

/// The end of a line whose other end is found by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawLine {
    pub(super) element: LineElement,
    pub(super) number: u8,
    /// The line that begins here.
    pub(super) starts: Option<Span>,
    /// The line that ends here, once it is known.
    pub(super) ends: Option<Span>,
}

/// The element that a line has in MusicXML.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineElement {
    Wedge,
    OctaveShift,
    Pedal,
}

/// A note, chord or rest.
#[derive(Debug)]
pub(super) struct RawEvent {
    pub(super) event: Event,
    /// The time it takes in the file, where odd tuplets may be rounded.
    pub(super) span: Fraction,
    /// What is printed does not last as long as the file says.
    pub(super) disagrees: bool,
    /// A rest for the whole bar, however long the file says it is.
    pub(super) whole_bar: bool,
    pub(super) tuplets: Vec<RawTuplet>,
    pub(super) slurs: Vec<RawSlur>,
    /// For each note what is hit, if it is a drum.
    pub(super) hits: Vec<Option<Hit>>,
}

impl RawEvent {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + limits::event_bytes(&self.event)
            + self.tuplets.capacity() * size_of::<RawTuplet>()
            + self.slurs.capacity() * size_of::<RawSlur>()
            + self.hits.capacity() * size_of::<Option<Hit>>()
    }
}

/// Grace notes of one chord.
#[derive(Debug)]
pub(super) struct RawGrace {
    pub(super) slash: bool,
    pub(super) grace: GraceNote,
    pub(super) slurs: Vec<RawSlur>,
    pub(super) hits: Vec<Option<Hit>>,
}

/// What an unpitched note says besides its place on the staff.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hit {
    pub(super) midi: Option<u8>,
    pub(super) head: &'static str,
}

/// One end of a tuplet's bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawTuplet {
    pub(super) number: u8,
    pub(super) starts: bool,
    /// Its own ratio, where it says so.
    pub(super) ratio: Option<Tuplet>,
}

/// One end of a slur.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawSlur {
    pub(super) number: u8,
    pub(super) starts: bool,
}

/// A new key or clef on a staff.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    pub(super) moment: Moment,
    /// All staves, if it names none.
    pub(super) staff: Option<u8>,
    pub(super) change: Change,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Key(Key),
    Clef(Clef),
}

impl RawPart {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            part: Part {
                staves: 1,
                ..Part::default()
            },
            instruments: HashMap::new(),
            bars: Vec::new(),
            labels: Vec::new(),
            transpositions: Vec::new(),
            staff_lines: Vec::new(),
            divisions: Fraction::ONE,
        }
    }

    /// The place of a voice's name, which is added if it is new. Beyond the limit, after which the file is
    /// refused anyway, it is the last one.
    pub(super) fn label(&mut self, name: &str) -> u16 {
        // Nearly always one of the last used, and few altogether.
        let at = match self.labels.iter().position(|label| label == name) {
            Some(at) => at,
            None if self.labels.len() <= limits::MAX_VOICES => {
                self.labels.push(name.to_owned());
                self.labels.len() - 1
            }
            None => self.labels.len() - 1,
        };
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}
