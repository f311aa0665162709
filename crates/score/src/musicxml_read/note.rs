//! `<note>`: notes, chords, rests and grace notes.

use super::bar::{BarReader, has_notes, shown};
use super::lengths::{Told, lasting};
use super::notations::{self, Notations};
use super::numbers::{printed_length, whole};
use super::pitch;
use super::raw::{Entry, Hit, RawEvent, RawGrace, What};
use super::xml::Element;
use super::{lyrics, notations::add_mark};
use crate::event::{
    Content, Direction, Event, GraceNote, Item, Mark, Note, Slurs, Tremolo, Tuplet,
};
use crate::fraction::Fraction;

/// The shortest note, in whole notes: shorter ones come only of nonsense.
const SHORTEST: Fraction = Fraction::half_to_the(14);
/// Notes of one chord; two hands have ten fingers.
const MAX_CHORD: usize = 64;
/// The numbers of a tuplet, where several are multiplied.
const MAX_TUPLET: u32 = 1 << 24;

/// What a `<note>` has, in the order in which it is needed and not in that of the file.
#[derive(Default)]
struct Parsed<'t, 'a> {
    grace: Option<Element<'t, 'a>>,
    chord: bool,
    /// A note that is only there to be played, or to be played by others.
    unseen: bool,
    rest: Option<Element<'t, 'a>>,
    sounding: Option<Element<'t, 'a>>,
    duration: Option<Fraction>,
    printed: Option<Fraction>,
    tuplet: Option<Tuplet>,
    accidental: Option<Element<'t, 'a>>,
    tie: bool,
    stemless: bool,
    head: &'t str,
    instrument: Option<Element<'t, 'a>>,
    beam: bool,
    notations: Notations,
    lyrics: Vec<Element<'t, 'a>>,
}

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let mut parsed = parse(reader, element);
    let unseen = reader.unseen.take();
    if parsed.unseen {
        reader.leave_out("a hidden note or cue");
    }
    if parsed.grace.is_some() {
        if !parsed.unseen {
            grace(reader, element, parsed);
        }
    } else if parsed.chord && (parsed.unseen || unseen.is_some()) {
        match unseen.filter(|_| !parsed.unseen) {
            // The first note of the chord is not seen: this one takes its place.
            Some(before) => {
                reader.now = before;
                event(reader, element, parsed);
            }
            None => reader.unseen = unseen,
        }
    } else if !parsed.chord || !add_to_chord(reader, element, &mut parsed) {
        event(reader, element, parsed);
    }
}

fn parse<'t, 'a>(reader: &mut BarReader<'_>, element: Element<'t, 'a>) -> Parsed<'t, 'a> {
    let mut parsed = Parsed::default();
    let (mut kind, mut dots) = ("", 0);
    for child in element.children() {
        match child.name() {
            "grace" => parsed.grace = Some(child),
            "chord" => parsed.chord = true,
            "cue" => parsed.unseen = true,
            "rest" => parsed.rest = Some(child),
            "pitch" | "unpitched" => parsed.sounding = Some(child),
            "duration" => parsed.duration = reader.time(child.trimmed()),
            "tie" => parsed.tie |= child.is("type", "start"),
            "type" => kind = child.trimmed(),
            "dot" => dots += 1,
            "accidental" => parsed.accidental = Some(child),
            "time-modification" => parsed.tuplet = tuplet(reader, child),
            "stem" => parsed.stemless = child.trimmed() == "none",
            "notehead" => parsed.head = child.trimmed(),
            "instrument" => parsed.instrument = Some(child),
            "beam" => {
                let outermost = child.attribute("number").is_none_or(|n| n == "1");
                parsed.beam |= outermost && matches!(child.trimmed(), "continue" | "end");
            }
            "notations" => notations::read(reader, child, &mut parsed.notations),
            "lyric" => parsed.lyrics.push(child),
            // These are about looks, or are taken from elsewhere.
            "voice" | "staff" | "footnote" | "level" | "notehead-text" | "play" | "listen" => {}
            other => reader.leave_out(&format!("<{other}>")),
        }
    }
    parsed.tie |= parsed.notations.tied;
    parsed.unseen |= parsed.sounding.is_some() && element.is("print-object", "no");
    if !kind.is_empty() {
        parsed.printed = printed_length(kind, dots);
        if parsed.printed.is_none() {
            reader.note(format!("there is no note value \"{}\"", shown(kind)));
        }
    }
    parsed
}

fn tuplet(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<Tuplet> {
    let number = |name: &str| {
        let number = whole::<u32>(element.child_text(name))?;
        Some(number).filter(|n| (1..=MAX_TUPLET).contains(n))
    };
    let tuplet = number("actual-notes").zip(number("normal-notes"));
    if tuplet.is_none() {
        reader.warn("a time-modification that makes no sense is left out");
    }
    tuplet.map(|(actual, normal)| Tuplet { actual, normal })
}

/// The note itself; `None` for a rest. What is neither has nothing to sound.
fn sounding(reader: &mut BarReader<'_>, parsed: &Parsed<'_, '_>) -> Option<(Note, Option<Hit>)> {
    let element = parsed.sounding?;
    let pitch = pitch::read(reader, element)?;
    let is_drum = element.name() == "unpitched";
    let hit = is_drum.then(|| {
        let id = parsed.instrument.and_then(|i| i.attribute("id"));
        let instruments = &reader.part.instruments;
        let midi = match &id {
            Some(id) => instruments.get(&**id).copied().flatten(),
            // Without a name it is the only one there is.
            None if instruments.len() == 1 => instruments.values().next().copied().flatten(),
            None => None,
        };
        Hit {
            midi,
            head: head(parsed.head),
        }
    });
    if hit.is_none() && !matches!(parsed.head, "" | "normal") {
        reader.leave_out("the shape of a note's head");
    }
    let (accidental, courtesy) = pitch::accidental(reader, parsed.accidental);
    let note = Note {
        pitch,
        accidental,
        courtesy,
        tie_start: parsed.tie,
        tie_stop: false,
        marks: Vec::new(),
    };
    Some((note, hit))
}

/// The shapes of heads that drums have.
fn head(name: &str) -> &'static str {
    const HEADS: [&str; 7] = [
        "x", "circle-x", "diamond", "triangle", "slash", "cross", "square",
    ];
    HEADS
        .into_iter()
        .find(|head| *head == name)
        .unwrap_or("normal")
}

/// Adds the note to the chord before it. `false` if there is none.
fn add_to_chord(
    reader: &mut BarReader<'_>,
    element: Element<'_, '_>,
    parsed: &mut Parsed<'_, '_>,
) -> bool {
    let staff = element.child("staff").map(Element::trimmed);
    let staff = staff.map(|text| reader.staff(text));
    let duration = parsed.duration;
    let last = reader.last_entry();
    let (staves_differ, lengths_differ) = match last {
        Some(last) => {
            let What::Event(raw) = &last.what else {
                return false;
            };
            if !has_notes(&raw.event) {
                reader.warn("a note of a chord after a rest is left out");
                return true;
            }
            let span = raw.span;
            (last.staff != staff, duration.is_some_and(|d| d != span))
        }
        None => {
            reader.note("a note of a chord without its first note stands alone");
            return false;
        }
    };
    let Some((mut note, hit)) = sounding(reader, parsed) else {
        reader.warn("a note of a chord without a pitch is left out");
        return true;
    };
    if staves_differ {
        reader.note("a chord is on two staves: all of it is put on the staff of its first note");
    }
    if lengths_differ {
        reader.warn("a chord has notes of different lengths: all last as long as its first");
    }
    let notations = std::mem::take(&mut parsed.notations);
    let mut verses = lyrics::read(reader, &parsed.lyrics);
    let Some(What::Event(raw)) = reader.last_entry().map(|last| &mut last.what) else {
        return true;
    };
    let event = &mut raw.event;
    // What is said of the whole chord can stand at any of its notes.
    for mark in notations.marks {
        match mark {
            Mark::Start(_) | Mark::Stop(_) | Mark::Fermata | Mark::Arpeggio => {
                add_mark(&mut event.marks, mark);
            }
            other => note.marks.push(other),
        }
    }
    event.tremolo = event.tremolo.or(notations.tremolo);
    lyrics::add(&mut event.lyrics, &mut verses);
    raw.slurs.extend(notations.slurs);
    raw.tuplets.extend(notations.tuplets);
    if let Content::Notes(notes) = &mut event.content
        && notes.len() < MAX_CHORD
    {
        notes.push(note);
        raw.hits.push(hit);
    }
    dynamics(reader, notations.dynamics);
    true
}

/// Dynamics that are attached to a note stand in front of it.
fn dynamics(reader: &mut BarReader<'_>, items: Vec<Direction>) {
    for item in items {
        let at = reader.last.unwrap_or(reader.bar.entries.len());
        let note = reader
            .bar
            .entries
            .get(at)
            .map(|note| (note.moment, note.label, note.staff));
        let Some((moment, label, staff)) = note else {
            return;
        };
        let entry = Entry {
            moment,
            position: reader.place.position,
            label,
            voice: None,
            staff,
            what: What::Sign(Box::new(Item::Direction(item))),
        };
        reader.bar.entries.insert(at, entry);
        reader.last = Some(at + 1);
    }
}

fn event(reader: &mut BarReader<'_>, element: Element<'_, '_>, parsed: Parsed<'_, '_>) {
    let found = if parsed.unseen {
        None
    } else {
        sounding(reader, &parsed)
    };
    if found.is_none() && parsed.rest.is_none() && !parsed.unseen {
        reader.warn("a note without a pitch is taken for a rest");
    }
    let tuplet = parsed.tuplet.unwrap_or(Tuplet::NONE);
    let printed = parsed.printed.and_then(|p| p.checked_mul(tuplet.factor()?));
    let span = parsed.duration.filter(|d| *d > Fraction::ZERO);
    let Some(span) = span.or(printed) else {
        reader.warn("a note without a sensible duration is left out");
        return;
    };
    if span < SHORTEST {
        reader.warn("a note that is too short to be true is left out");
        return;
    }
    if parsed.duration != Some(span) {
        reader.note("a note has no sensible duration: it lasts as long as it is printed");
    }
    if !reader.has_room(span) {
        return;
    }
    if parsed.unseen && tuplet.is_none() {
        // Only time passes. Inside a tuplet it has to be a rest, or the tuplet would be too short.
        reader.unseen = Some(reader.now);
        reader.last = None;
        reader.advance(span);
        return;
    }
    let is_rest = found.is_none();
    let visible = !parsed.unseen && !element.is("print-object", "no");
    let (content, hits) = match found {
        Some((note, hit)) => (Content::Notes(vec![note]), vec![hit]),
        None => (Content::Rest { visible }, Vec::new()),
    };
    let lasting = lasting(&Told {
        span,
        // An invisible rest is not printed, whatever it says.
        printed: parsed.printed.filter(|_| visible),
        ratio: tuplet,
        is_pair: is_pair(parsed.notations.tremolo),
        tick: reader.tick(),
    });
    let mut event = Event::new(content, lasting.written);
    event.duration = lasting.duration;
    event.ratio = lasting.ratio;
    event.beam_break = !parsed.beam;
    event.marks = parsed.notations.marks;
    if parsed.stemless && !is_rest {
        add_mark(&mut event.marks, Mark::Stemless);
    }
    event.tremolo = parsed.notations.tremolo;
    event.lyrics = lyrics::read(reader, &parsed.lyrics);
    let raw = RawEvent {
        event,
        span,
        disagrees: lasting.disagrees,
        whole_bar: parsed.rest.is_some_and(|rest| rest.is("measure", "yes")),
        tuplets: parsed.notations.tuplets,
        slurs: parsed.notations.slurs,
        hits,
    };
    let entry = reader.entry(element, What::Event(Box::new(raw)));
    reader.last = Some(reader.bar.entries.len());
    reader.push(entry);
    dynamics(reader, parsed.notations.dynamics);
    reader.advance(span);
}

const fn is_pair(tremolo: Option<Tremolo>) -> bool {
    matches!(tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)))
}

/// An event without anything but its time.
pub(super) const fn plain(event: Event, span: Fraction) -> RawEvent {
    RawEvent {
        event,
        span,
        disagrees: false,
        whole_bar: false,
        tuplets: Vec::new(),
        slurs: Vec::new(),
        hits: Vec::new(),
    }
}

fn grace(reader: &mut BarReader<'_>, element: Element<'_, '_>, mut parsed: Parsed<'_, '_>) {
    let Some((note, hit)) = sounding(reader, &parsed) else {
        reader.leave_out("a grace note without a pitch");
        return;
    };
    if !parsed.lyrics.is_empty() {
        reader.leave_out("a syllable of a grace note");
    }
    let notations = std::mem::take(&mut parsed.notations);
    if notations.tremolo.is_some() {
        reader.leave_out("a tremolo of a grace note");
    }
    if parsed.chord
        && let Some(What::Grace(raw)) = reader.last_entry().map(|last| &mut last.what)
    {
        if raw.grace.notes.len() < MAX_CHORD {
            let mut note = note;
            note.marks = notations.marks;
            raw.grace.notes.push(note);
            raw.hits.push(hit);
            raw.slurs.extend(notations.slurs);
        }
        return;
    }
    let mut marks = notations.marks;
    if parsed.stemless {
        add_mark(&mut marks, Mark::Stemless);
    }
    let raw = RawGrace {
        slash: parsed.grace.is_some_and(|grace| grace.is("slash", "yes")),
        grace: GraceNote {
            notes: vec![note],
            written: parsed.printed.unwrap_or(Fraction::EIGHTH),
            slurs: Slurs::default(),
            marks,
        },
        slurs: notations.slurs,
        hits: vec![hit],
    };
    let entry = reader.entry(element, What::Grace(Box::new(raw)));
    reader.last = Some(reader.bar.entries.len());
    reader.push(entry);
    dynamics(reader, notations.dynamics);
}
