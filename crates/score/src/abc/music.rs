//! One voice's music, character by character, into bars.
//!
//! A reader lives as long as its voice: key, clef, unit, open ties, open tuplets and the decorations that
//! wait for a note are its state. It does not know of the other voices; what the voices of a bar have to
//! agree on is settled afterwards in `align`.

use std::collections::HashMap;

use super::bars::{self, BarToken};
use super::cursor::Cursor;
use super::grace;
use super::lyrics::Sung;
use super::notes;
use super::raw::{MAX_LAYERS, RawBar};
use super::settings::Settings;
use super::text;
use crate::diagnostic::{Findings, Place, Position};
use crate::event::{Content, Direction, GraceGroup, Item, Mark, Note, Tuplet};
use crate::fraction::Fraction;
use crate::limits::{self, Room};
use crate::pitch::Step;
use crate::score::Drum;
use crate::signature::{Clef, ClefSign, Key, Meter};

/// Bytes of one text over or under the staff. Some are whole prefaces.
const MAX_TEXT: usize = 4000;

/// What waits for the next note.
#[derive(Clone, Default, Debug)]
pub(super) struct Pending {
    pub(super) marks: Vec<Mark>,
    pub(super) slur_starts: u8,
    pub(super) courtesy: bool,
    pub(super) tremolo: Option<u8>,
    pub(super) tremolo_pair: Option<u8>,
}

/// A tie that waits for its second note.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTie {
    pub(super) step: Step,
    pub(super) octave: i8,
    pub(super) alter: i8,
}

impl From<&Note> for OpenTie {
    fn from(note: &Note) -> Self {
        Self {
            step: note.pitch.step,
            octave: note.pitch.octave,
            alter: note.pitch.alter,
        }
    }
}

impl OpenTie {
    pub(super) fn is_at(&self, note: &Note) -> bool {
        (self.step, self.octave) == (note.pitch.step, note.pitch.octave)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTuplet {
    pub(super) tuplet: Tuplet,
    pub(super) left: u32,
    pub(super) used: bool,
}

/// Reads one voice.
#[derive(Debug)]
pub(super) struct VoiceReader {
    pub(super) number: Option<u32>,
    pub(super) unit: Fraction,
    pub(super) key: Key,
    pub(super) clef: Clef,
    pub(super) meter: Meter,
    pub(super) settings: Settings,
    /// Semitones from the written to the sounding pitch.
    pub(super) transpose: i8,
    /// The program that plays it, from 0.
    pub(super) program: Option<u8>,
    /// The notes so far, and what is sung to them.
    pub(super) sung: Sung,
    pub(super) drums: Vec<Drum>,
    pub(super) accidentals: HashMap<(Step, i8), i8>,
    pub(super) ties: Vec<OpenTie>,
    pub(super) pending: Pending,
    /// The bars that were not handed on.
    pub(super) bars: Vec<RawBar>,
    /// How many bars before them were.
    pub(super) handed_on: usize,
    /// Something came for a bar that was handed on.
    pub(super) came_late: bool,
    /// That of the piece, while this voice is read.
    pub(super) room: Room,
    /// Grace notes were not closed before the barline; whether they have a stroke.
    pub(super) open_grace: Option<bool>,
    pub(super) staff: u8,
    pub(super) staves: u8,
    pub(super) current: RawBar,
    /// Bars that `&&` went back over and that come after the current one, the next one last.
    pub(super) rewound: Vec<RawBar>,
    /// The most layers that a bar has besides the first.
    pub(super) most_layers: usize,
    /// Its music stands in lines of its own: it can go back in them, and words can follow.
    pub(super) in_blocks: bool,
    pub(super) tuplets: Vec<OpenTuplet>,
    /// Tuplets that begin at the next event.
    pub(super) new_tuplets: Vec<Tuplet>,
    pub(super) broken: Option<(bool, u32)>,
    pub(super) tremolo_second: Option<u8>,
    pub(super) space: bool,
    /// Where a slur can end: bar, and item in it.
    pub(super) last_notes: Option<(usize, usize)>,
    pub(super) last_event: Option<usize>,
}

impl VoiceReader {
    pub(super) fn new(
        unit: Fraction,
        key: Key,
        clef: Clef,
        meter: Meter,
        staff: u8,
        staves: u8,
    ) -> Self {
        Self {
            number: None,
            unit,
            key,
            clef,
            meter,
            settings: Settings::default(),
            transpose: 0,
            program: None,
            sung: Sung::default(),
            drums: Vec::new(),
            accidentals: HashMap::new(),
            ties: Vec::new(),
            pending: Pending::default(),
            bars: Vec::new(),
            handed_on: 0,
            came_late: false,
            room: Room::default(),
            open_grace: None,
            staff,
            staves,
            current: RawBar::default(),
            rewound: Vec::new(),
            most_layers: 0,
            in_blocks: false,
            tuplets: Vec::new(),
            new_tuplets: Vec::new(),
            broken: None,
            tremolo_second: None,
            space: true,
            last_notes: None,
            last_event: None,
        }
    }

    pub(super) fn is_percussion(&self) -> bool {
        self.clef.sign == ClefSign::Percussion
    }

    pub(super) fn place(&self, cursor: &Cursor<'_>) -> Place {
        self.place_at(cursor.position())
    }

    pub(super) fn place_at(&self, position: Position) -> Place {
        Place {
            position,
            bar: u32::try_from(self.bar_count() + 1).ok(),
            voice: self.number,
        }
    }

    /// Reads a stretch of music. If it is the voice's share of one line of NotaGen's text (`closed_line`),
    /// a lone barline is a bar, and what is left over at the end is one too.
    pub(super) fn read(
        &mut self,
        text: &str,
        position: Position,
        closed_line: bool,
        findings: &mut Findings,
    ) {
        let mut cursor = Cursor::new(text, position);
        if self.current.events == 0 {
            self.current.position = position;
        }
        while let Some(c) = cursor.peek() {
            if self.room.is_full() {
                break;
            }
            if self.open_grace.is_some() && !matches!(c, '|' | ':' | ' ' | '[') {
                self.go_on_with_grace(&mut cursor, findings);
                continue;
            }
            if let Some(token) = bars::read_barline(&mut cursor) {
                self.read_bar_token(token, &cursor, closed_line, findings);
                continue;
            }
            self.read_one(c, &mut cursor, findings);
        }
        let begun = self.is_inside_bar() || !self.current.bar.items.is_empty();
        if closed_line && (begun || self.bar_count() == 0 && self.current.lead.is_some()) {
            self.close_bar(None, cursor.position(), findings);
        }
    }

    /// Grace notes that the bar before left open go on here, if a `}` comes before anything else.
    fn go_on_with_grace(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let slash = self.open_grace.take().unwrap_or(false);
        if grace::grace_is_closed(cursor) {
            self.grace_notes(slash, cursor, findings);
        } else {
            self.open_grace = Some(slash);
            self.forget_open_grace(cursor.position(), findings);
        }
    }

    /// Nothing more comes for grace notes that were left open.
    pub(super) fn forget_open_grace(&mut self, position: Position, findings: &mut Findings) {
        self.report_open_grace(position, findings);
        self.open_grace = None;
    }

    /// What there is to say if nothing more comes for grace notes that were left open.
    pub(super) fn report_open_grace(&self, position: Position, findings: &mut Findings) {
        if self.open_grace.is_some() {
            findings.warn(
                self.place_at(position),
                "grace notes are not closed: they end with the bar before",
            );
        }
    }

    fn read_one(&mut self, c: char, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        match c {
            ' ' | '\t' => {
                cursor.bump();
                self.space = true;
            }
            '"' => self.read_text(cursor, findings),
            // In older texts it is the sign of a new line.
            '!' if self.settings.plus => {
                cursor.bump();
            }
            '!' => {
                let mut pending = std::mem::take(&mut self.pending);
                self.read_decoration(cursor, &mut pending, findings);
                self.pending = pending;
            }
            '+' => self.read_plus(cursor, findings),
            '{' => self.read_grace(cursor, findings),
            '(' => self.read_parenthesis(cursor, findings),
            ')' => {
                cursor.bump();
                self.end_slur();
            }
            '[' => {
                if self.field_is_next(cursor) {
                    self.read_inline_field(cursor, findings);
                } else {
                    self.read_chord(cursor, findings);
                }
            }
            '<' | '>' => self.read_broken(cursor, findings),
            '-' => {
                cursor.bump();
                self.tie_last();
            }
            'z' | 'x' | 'Z' | 'X' => {
                let more = self.read_rest(cursor, findings);
                for _ in 0..more {
                    if self.room.is_full() {
                        break;
                    }
                    self.close_bar(Some(BarToken::default()), cursor.position(), findings);
                    let length = self.meter.bar_length().unwrap_or(Fraction::ONE);
                    let content = Content::Rest { visible: c == 'Z' };
                    self.push_event(content, length, &cursor.clone(), findings);
                }
            }
            '&' => {
                let bars = cursor.take_while(|c| c == '&').len();
                self.begin_layer(bars, findings);
            }
            'y' => {
                cursor.bump();
                cursor.take_while(|c| c.is_ascii_digit() || matches!(c, '/' | '.'));
            }
            // Line breaks and alignment marks say nothing here.
            '`' | '\\' | '$' | '*' => {
                cursor.bump();
            }
            '.' if matches!(cursor.peek_second(), Some('(' | ')' | '-')) => {
                findings.note(self.place(cursor), notes::PLAIN);
                cursor.bump();
            }
            _ if notes::note_is_next(cursor) => self.read_note(cursor, findings),
            _ => match self.by_letter(c) {
                Some(decoration) => {
                    cursor.bump();
                    let mut pending = std::mem::take(&mut self.pending);
                    self.decorate(decoration, &mut pending);
                    self.pending = pending;
                }
                None => {
                    let place = self.place(cursor);
                    let junk = take_junk(cursor);
                    findings.note(
                        place,
                        format!("\"{junk}\" means nothing here and is left out"),
                    );
                }
            },
        }
    }

    pub(super) fn read_text(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        cursor.bump();
        let text = cursor.take_until('"', &['|'], MAX_TEXT).unwrap_or_else(|| {
            // Where the words end is anyone's guess; reading them as notes would invent music.
            findings.warn(
                self.place(&at),
                "a text is not closed: it takes up the rest of the bar",
            );
            cursor.take_while(|c| c != '|')
        });
        let (above, words) = match text.chars().next() {
            Some('^' | '<' | '>' | '@') => (true, text.get(1..)),
            Some('_') => (false, text.get(1..)),
            Some(c) if Step::from_letter(c).is_some() && c.is_ascii_uppercase() => {
                let symbol = text::read(text).chars().take(40).collect();
                self.push(Item::ChordSymbol(symbol));
                return;
            }
            _ => (true, Some(text)),
        };
        let text = text::read(words.unwrap_or(""));
        if !text.trim().is_empty() {
            self.push_direction(Direction::Words { above, text });
        }
    }

    /// Ends a slur at the last note. One that nothing opened is found out when slurs are matched.
    pub(super) fn end_slur(&mut self) {
        let Some((bar, item)) = self.last_notes else {
            return;
        };
        let Some(bar) = bar.checked_sub(self.handed_on) else {
            self.came_late = true;
            return;
        };
        let bar = match self.bars.get_mut(bar) {
            Some(closed) => closed,
            None => &mut self.current,
        };
        let stops = match bar.bar.items.get_mut(item) {
            Some(Item::Event(event)) => &mut event.slurs.stops,
            Some(Item::Grace(group)) => match group.notes.last_mut() {
                Some(last) => &mut last.slurs.stops,
                None => return,
            },
            _ => return,
        };
        *stops = stops.saturating_add(1);
    }

    fn tie_last(&mut self) {
        let last = self
            .last_event
            .and_then(|i| self.current.bar.items.get_mut(i));
        if let Some(Item::Event(event)) = last {
            for note in event.notes_mut() {
                note.tie_start = true;
                self.ties.retain(|t| !t.is_at(note));
                self.ties.push(OpenTie::from(&*note));
            }
        }
    }

    /// Whether something more can be added to the bar. What fills the room is still taken in.
    pub(super) fn has_room(&mut self) -> bool {
        if self.current.bar.items.len() >= limits::MAX_AT_ONCE {
            self.room.fill();
        }
        !self.room.is_full() && self.room.begin_bars(self.bar_count() + 1)
    }

    /// Adds something to the bar, as long as there is room.
    pub(super) fn push(&mut self, item: Item) {
        if !self.has_room() {
            return;
        }
        let mut bytes = limits::item_bytes(&item);
        if matches!(item, Item::Key(_) | Item::Clef(_)) {
            // Each layer of the bar gets one too.
            bytes *= 1 + MAX_LAYERS;
        }
        self.room.take(bytes);
        limits::push(&mut self.current.bar.items, item);
    }

    pub(super) fn push_direction(&mut self, direction: Direction) {
        self.push(Item::Direction(direction));
    }

    pub(super) fn push_grace_group(&mut self, mut group: GraceGroup) {
        group.notes.shrink_to_fit();
        self.last_notes = Some((self.bar_count(), self.current.bar.items.len()));
        self.push(Item::Grace(group));
    }
}

/// Characters that mean nothing, all at once, so that noise gives one finding and not hundreds.
fn take_junk(cursor: &mut Cursor<'_>) -> String {
    let first = cursor.bump();
    let more = cursor.take_while(|c| {
        !c.is_ascii_alphabetic() && !c.is_whitespace() && !"[](){}|:!\"^_=-<>.&~".contains(c)
    });
    first.into_iter().chain(more.chars()).take(24).collect()
}
