//! One bar of one part: the elements in it, and the time that passes.

use super::raw::{Entry, Hit, LineElement, Moment, RawBar, RawLine, RawPart, What};
use super::remarks::{Remarks, Where};
use super::xml::{Element, Refused, Source, Tree};
use super::{attributes, barlines, directions, harmony, note, numbers};
use crate::event::{Content, Event, Item, Note, Span};
use crate::fraction::Fraction;
use crate::limits::{self, Room};

/// The latest time in a bar, in whole notes: beyond it somebody slipped on a digit.
const LONGEST: Fraction = Fraction::whole(1024);

/// Where something stands beside the staff, as far as the file says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    pub(super) label: Option<u16>,
    pub(super) staff: Option<u8>,
    /// How much later than it stands in the file, in whole notes.
    pub(super) offset: Fraction,
}

/// Signs in one element; a direction has two or three.
const MAX_SIGNS: usize = 64;

/// Bytes of a note in a chord.
const NOTE_BYTES: usize = 2 * (size_of::<Note>() + size_of::<Option<Hit>>());

/// Reads the children of a `<measure>`, or of a `<part>` in one.
pub(super) struct BarReader<'p> {
    pub(super) part: &'p mut RawPart,
    pub(super) bar: RawBar,
    pub(super) remarks: &'p mut Remarks,
    /// Since the beginning of the bar, in whole notes.
    pub(super) now: Fraction,
    /// The last event or grace notes, to which the notes of a chord are added.
    pub(super) last: Option<usize>,
    /// Where the first note of a chord stood that is not seen, if nothing came after it.
    pub(super) unseen: Option<Fraction>,
    /// Signs of the element that is read.
    signs: usize,
    /// Where it reads.
    pub(super) place: Where,
    stream: u32,
    order: u32,
}

/// Reads a bar into the part. The source is inside it and is at its end afterwards.
pub(super) fn read<'a>(
    source: &mut Source<'a>,
    tree: &mut Tree<'a>,
    part: &mut RawPart,
    number: usize,
    remarks: &mut Remarks,
    room: &mut Room,
) -> Result<(), Refused> {
    let position = source.position();
    let place = Where {
        position,
        bar: Some(part.bars.len()),
        part: Some(number),
        label: None,
    };
    let mut reader = BarReader {
        part,
        bar: RawBar {
            position,
            ..RawBar::default()
        },
        remarks,
        now: Fraction::ZERO,
        last: None,
        unseen: None,
        signs: 0,
        place,
        stream: 0,
        order: 0,
    };
    while let Some(start) = source.child()? {
        // Pages, lines of music and links are layout.
        let layout = ["print", "bookmark", "link", "grouping", "listening"];
        if layout.contains(&start.name().into_inner()) {
            source.skip()?;
            continue;
        }
        reader.place.position = source.position();
        reader.place.label = None;
        source.element(start, tree)?;
        let before = reader.bar.entries.len();
        reader.element(tree.root());
        let bar = &reader.bar;
        let new = bar.entries.get(before..).unwrap_or(&[]);
        let bytes: usize = new.iter().map(Entry::bytes).sum();
        // What adds no entry may have added a note to a chord, or a signature.
        let most = bar.entries.len().max(bar.signatures.len());
        if !room.take(bytes.max(NOTE_BYTES)) || most > limits::MAX_AT_ONCE {
            return Err(source.refused(super::TOO_LARGE));
        }
    }
    if !room.take(RawBar::BYTES) || reader.part.bars.len() >= limits::MAX_BARS {
        return Err(source.refused(super::TOO_LARGE));
    }
    let bar = reader.bar;
    limits::push(&mut part.bars, bar);
    Ok(())
}

impl BarReader<'_> {
    fn element(&mut self, element: Element<'_, '_>) {
        self.signs = 0;
        match element.name() {
            "note" => note::read(self, element),
            "backup" => self.back_up(element),
            "forward" => self.forward(element),
            "attributes" => attributes::read(self, element),
            "direction" => directions::read(self, element),
            "sound" => directions::sound(self, element),
            "harmony" => harmony::read(self, element),
            "barline" => barlines::read(self, element),
            other => self.leave_out(&format!("<{other}>")),
        }
    }

    pub(super) fn leave_out(&mut self, what: &str) {
        self.remarks.leave_out(self.place, what);
    }

    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.remarks.note(self.place, message);
    }

    pub(super) fn warn(&mut self, message: impl Into<String>) {
        self.remarks.warn(self.place, message);
    }

    /// A number of divisions in whole notes.
    pub(super) fn time(&self, divisions: &str) -> Option<Fraction> {
        let quarters = numbers::decimal(divisions)?.checked_div(self.part.divisions)?;
        quarters.checked_mul(Fraction::QUARTER)
    }

    /// The shortest time that the file can tell, in whole notes.
    pub(super) fn tick(&self) -> Fraction {
        let tick = Fraction::QUARTER.checked_div(self.part.divisions);
        tick.unwrap_or(Fraction::QUARTER)
    }

    fn back_up(&mut self, element: Element<'_, '_>) {
        let by = self.time(element.child_text("duration"));
        match by.filter(|by| *by >= Fraction::ZERO) {
            Some(by) => {
                let at = self.now.checked_sub(by).unwrap_or(Fraction::ZERO);
                if at < Fraction::ZERO {
                    self.warn("a <backup> leads to before the bar: taken to lead to its beginning");
                }
                self.now = at.max(Fraction::ZERO);
            }
            None => self.warn("a <backup> without a sensible duration is left out"),
        }
        self.stream = self.stream.saturating_add(1);
        (self.last, self.unseen) = (None, None);
    }

    /// Time that passes; in a voice it is an invisible rest.
    fn forward(&mut self, element: Element<'_, '_>) {
        (self.last, self.unseen) = (None, None);
        let by = self.time(element.child_text("duration"));
        let Some(by) = by.filter(|by| *by >= Fraction::ZERO) else {
            self.warn("a <forward> without a sensible duration is left out");
            return;
        };
        if element.child("voice").is_some() && !by.is_zero() {
            let event = Event::rest(by, false);
            let event = note::plain(event, by);
            let entry = self.entry(element, What::Event(Box::new(event)));
            self.push(entry);
        }
        self.advance(by);
    }

    /// Whether so much more time fits into the bar; if not, that is said.
    pub(super) fn has_room(&mut self, by: Fraction) -> bool {
        let fits = self.now.checked_add(by).is_some_and(|end| end <= LONGEST);
        if !fits {
            self.warn("the bar is too long to be true: what comes here is left out");
        }
        fits
    }

    pub(super) fn advance(&mut self, by: Fraction) {
        if self.has_room(by)
            && let Some(end) = self.now.checked_add(by)
        {
            self.now = end;
        }
    }

    /// The voice and staff that an element names, and where it stands.
    pub(super) fn beside(&mut self, element: Element<'_, '_>) -> Beside {
        let voice = element.child("voice").map(Element::trimmed);
        let staff = element.child("staff").map(Element::trimmed);
        let offset = element.child("offset").and_then(|o| self.time(o.trimmed()));
        Beside {
            label: voice.map(|name| self.part.label(name)),
            staff: staff.map(|text| self.staff(text)),
            offset: offset.unwrap_or(Fraction::ZERO),
        }
    }

    /// A note, or grace notes, that stand here. Without a voice they are in the first.
    pub(super) fn entry(&mut self, element: Element<'_, '_>, what: What) -> Entry {
        let Beside { label, staff, .. } = self.beside(element);
        let label = label.unwrap_or_else(|| self.part.label("1"));
        self.place.label = Some(label);
        Entry {
            moment: self.moment(),
            position: self.place.position,
            label: Some(label),
            voice: None,
            staff,
            what,
        }
    }

    /// A staff of the part by its number. One that was not announced is added.
    pub(super) fn staff(&mut self, text: &str) -> u8 {
        match numbers::whole::<u8>(text) {
            Some(staff @ 1..=super::MAX_STAVES) => {
                self.part.part.staves = self.part.part.staves.max(staff);
                staff
            }
            _ => {
                self.warn(format!(
                    "there is no staff \"{}\": the first is taken",
                    shown(text)
                ));
                1
            }
        }
    }

    pub(super) fn moment(&mut self) -> Moment {
        self.order = self.order.saturating_add(1);
        Moment {
            at: self.now,
            stream: self.stream,
            order: self.order,
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        limits::push(&mut self.bar.entries, entry);
    }

    /// Adds what stands beside the staff.
    pub(super) fn sign(&mut self, beside: Beside, item: Item) {
        self.push_sign(beside, What::Sign(Box::new(item)));
    }

    pub(super) fn line(
        &mut self,
        beside: Beside,
        element: LineElement,
        number: u8,
        starts: Option<Span>,
    ) {
        let line = RawLine {
            element,
            number,
            starts,
            ends: None,
        };
        self.push_sign(beside, What::Line(line));
    }

    fn push_sign(&mut self, beside: Beside, what: What) {
        self.signs += 1;
        if self.signs > MAX_SIGNS {
            self.leave_out("one of too many signs at once");
            return;
        }
        let mut moment = self.moment();
        let at = moment.at.checked_add(beside.offset).unwrap_or(moment.at);
        moment.at = at.clamp(Fraction::ZERO, LONGEST);
        self.push(Entry {
            moment,
            position: self.place.position,
            label: beside.label,
            voice: None,
            staff: beside.staff,
            what,
        });
    }

    /// The event or grace notes that were read last.
    pub(super) fn last_entry(&mut self) -> Option<&mut Entry> {
        self.last.and_then(|at| self.bar.entries.get_mut(at))
    }
}

/// Text of unknown length for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(24).collect()
}

/// Whether an event has notes.
pub(super) const fn has_notes(event: &Event) -> bool {
    matches!(event.content, Content::Notes(_))
}
