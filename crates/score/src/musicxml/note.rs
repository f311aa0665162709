//! `<note>` and `<forward>`. The order of the elements is the schema's.

use super::attributes::advance;
use super::beams::{self, Stem};
use super::head;
use super::lyrics;
use super::notations;
use super::part::PartWriter;
use super::tuplets::Brackets;
use super::values::{self, Value};
use super::xml::Xml;
use crate::event::{Content, Event, GraceGroup, Mark, Note, Slurs, Tremolo, Tuplet};
use crate::fraction::Fraction;
use crate::pitch::Accidental;
use crate::score::Drum;
use crate::signature::ClefSign;

/// How an event is printed.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    /// Its note values; more than one are tied.
    pub(super) values: Vec<Value>,
    pub(super) brackets: Brackets,
    pub(super) beams: Vec<&'static str>,
    /// A rest for the whole bar, which is printed in the middle whatever the metre.
    pub(super) whole_bar: bool,
}

/// Which of the tied values of an event is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) first: bool,
    pub(super) last: bool,
}

/// Writes an event from one position to another.
pub(super) fn write_event(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    event: &Event,
    laid: &Laid,
    (start, end): (i64, i64),
) {
    if end <= start {
        return;
    }
    if let Content::Rest { visible } = event.content {
        let brackets = &laid.brackets;
        let is_free = brackets.starts.is_empty() && brackets.stops.is_empty();
        if !visible && voice > 0 && is_plain(event) && is_free {
            forward(part, xml, voice, end - start);
            return;
        }
    }
    let boundaries = boundaries(laid, start, end);
    let pieces = boundaries.len();
    let mut at = start;
    for (i, (value, until)) in laid.values.iter().zip(boundaries).enumerate() {
        let piece = Piece {
            first: i == 0,
            last: i + 1 == pieces,
        };
        let until = if piece.last { end } else { until };
        write_piece(part, xml, voice, event, laid, *value, piece, until - at);
        at = until;
    }
}

/// Whether a rest has nothing but its length.
pub(super) fn is_plain(rest: &Event) -> bool {
    rest.marks.is_empty()
        && rest.tremolo.is_none()
        && rest.slurs == Slurs::default()
        && rest.lyrics.is_empty()
        && rest.ratio.is_none()
        && rest.tuplet_starts.iter().all(|tuplet| tuplet.is_none())
}

/// Where each of the tied values ends, as long as there is room for all of them.
fn boundaries(laid: &Laid, start: i64, end: i64) -> Vec<i64> {
    let sum = |count: usize| {
        let lengths = laid.values.iter().take(count).map(|v| v.length());
        lengths.fold(Fraction::ZERO, advance)
    };
    let total = sum(laid.values.len());
    let mut found = Vec::new();
    for count in 1..laid.values.len() {
        let share = sum(count).checked_div(total).unwrap_or(Fraction::ONE);
        let at = start + share.ticks(end - start);
        if at <= found.last().copied().unwrap_or(start) || at >= end {
            break;
        }
        found.push(at);
    }
    found.push(end);
    found
}

fn forward(part: &PartWriter<'_>, xml: &mut Xml, voice: usize, duration: i64) {
    xml.open("forward", &[]);
    xml.number("duration", duration);
    xml.number("voice", number(part, voice));
    if let Some(staff) = part
        .staff_of
        .get(voice)
        .and_then(|s| part.staff_element(*s))
    {
        xml.number("staff", staff);
    }
    xml.close();
}

fn number(part: &PartWriter<'_>, voice: usize) -> i64 {
    part.voices.get(voice).map_or(1, |(_, _, number)| *number)
}

#[allow(clippy::too_many_arguments)]
fn write_piece(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    event: &Event,
    laid: &Laid,
    value: Value,
    piece: Piece,
    duration: i64,
) {
    let ratio = ratio(event, laid);
    match &event.content {
        Content::Rest { visible } => {
            if *visible {
                xml.open("note", &[]);
            } else {
                xml.open("note", &[("print-object", "no")]);
            }
            if laid.whole_bar {
                xml.empty("rest", &[("measure", "yes")]);
            } else {
                xml.empty("rest", &[]);
            }
            xml.number("duration", duration);
            xml.number("voice", number(part, voice));
            if !laid.whole_bar {
                write_value(xml, value);
                write_ratio(xml, ratio);
            }
            write_staff(part, xml, voice);
            notations::write(part, xml, voice, event, None, laid, piece);
            xml.close();
        }
        Content::Notes(notes) => {
            for (n, note) in notes.iter().enumerate() {
                xml.open("note", &[]);
                if n > 0 {
                    xml.empty("chord", &[]);
                }
                let drum = write_pitch(part, xml, voice, note);
                xml.number("duration", duration);
                write_ties(xml, note, piece);
                write_instrument(part, xml, drum);
                xml.number("voice", number(part, voice));
                write_value(xml, value);
                if piece.first && drum.is_none() {
                    write_accidental(xml, note);
                }
                write_ratio(xml, ratio);
                if event.marks.contains(&Mark::Stemless) || note.marks.contains(&Mark::Stemless) {
                    xml.text("stem", &[], "none");
                }
                write_head(xml, drum);
                write_staff(part, xml, voice);
                if n == 0 {
                    write_beams(xml, &laid.beams);
                }
                notations::write(part, xml, voice, event, Some((n, note)), laid, piece);
                if n == 0 && piece.first {
                    lyrics::write(xml, &event.lyrics);
                }
                xml.close();
            }
        }
    }
}

/// What shortens the printed value: tuplets, and for a tremolo between two notes that each has only half
/// of what is printed.
fn ratio(event: &Event, laid: &Laid) -> Tuplet {
    let mut ratio = laid.brackets.ratio;
    if matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_))) {
        ratio.actual = ratio.actual.saturating_mul(2);
    }
    ratio
}

fn write_pitch<'a>(
    part: &PartWriter<'a>,
    xml: &mut Xml,
    voice: usize,
    note: &Note,
) -> Option<&'a Drum> {
    let pitch = note.pitch;
    let owner = part.voices.get(voice).map(|(_, voice, _)| *voice);
    let is_percussion = owner.is_some_and(|v| v.clef.sign == ClefSign::Percussion);
    if !is_percussion {
        xml.open("pitch", &[]);
        xml.text("step", &[], pitch.step.letter().encode_utf8(&mut [0; 4]));
        if pitch.alter != 0 {
            xml.number("alter", pitch.alter);
        }
        xml.number("octave", pitch.octave);
        xml.close();
        return None;
    }
    let drums = owner.map_or(&[][..], |v| &v.drums);
    let drum = drums
        .iter()
        .find(|d| (d.step, d.octave, d.accidental) == (pitch.step, pitch.octave, note.accidental));
    let (step, octave) = drum.map_or((pitch.step, pitch.octave), |d| {
        (d.shown_step, d.shown_octave)
    });
    xml.open("unpitched", &[]);
    xml.text("display-step", &[], &step.letter().to_string());
    xml.number("display-octave", octave);
    xml.close();
    drum
}

fn write_ties(xml: &mut Xml, note: &Note, piece: Piece) {
    if note.tie_stop || !piece.first {
        xml.empty("tie", &[("type", "stop")]);
    }
    if note.tie_start || !piece.last {
        xml.empty("tie", &[("type", "start")]);
    }
}

fn write_instrument(part: &PartWriter<'_>, xml: &mut Xml, drum: Option<&Drum>) {
    if let Some(drum) = drum {
        xml.empty(
            "instrument",
            &[("id", &head::drum_id(part.part, drum.midi))],
        );
    }
}

fn write_head(xml: &mut Xml, drum: Option<&Drum>) {
    if let Some(drum) = drum.filter(|d| d.head != "normal") {
        xml.text("notehead", &[], drum.head);
    }
}

fn write_value(xml: &mut Xml, value: Value) {
    xml.text("type", &[], value.name());
    for _ in 0..value.dots {
        xml.empty("dot", &[]);
    }
}

fn write_accidental(xml: &mut Xml, note: &Note) {
    let accidental = match note.accidental {
        Some(accidental) => accidental,
        None if note.courtesy => Accidental::for_alter(note.pitch.alter),
        None => return,
    };
    let name = match accidental {
        Accidental::DoubleFlat => "flat-flat",
        Accidental::Flat => "flat",
        Accidental::Natural => "natural",
        Accidental::Sharp => "sharp",
        Accidental::DoubleSharp => "double-sharp",
    };
    if note.courtesy {
        xml.text("accidental", &[("parentheses", "yes")], name);
    } else {
        xml.text("accidental", &[], name);
    }
}

fn write_ratio(xml: &mut Xml, ratio: Tuplet) {
    if ratio.is_none() {
        return;
    }
    xml.open("time-modification", &[]);
    xml.number("actual-notes", ratio.actual);
    xml.number("normal-notes", ratio.normal);
    xml.close();
}

fn write_staff(part: &PartWriter<'_>, xml: &mut Xml, voice: usize) {
    if let Some(staff) = part
        .staff_of
        .get(voice)
        .and_then(|s| part.staff_element(*s))
    {
        xml.number("staff", staff);
    }
}

fn write_beams(xml: &mut Xml, beams: &[&'static str]) {
    // The schema knows no more of them.
    let numbers = ["1", "2", "3", "4", "5", "6", "7", "8"];
    for (beam, number) in beams.iter().zip(numbers) {
        xml.text("beam", &[("number", number)], beam);
    }
}

/// Writes grace notes, which take no time.
pub(super) fn write_graces(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    group: &GraceGroup,
) {
    let values: Vec<Value> = group
        .notes
        .iter()
        .map(|grace| {
            let value = values::values(grace.written).first().copied();
            value.unwrap_or(Value {
                halvings: 3,
                dots: 0,
            })
        })
        .collect();
    let stems: Vec<Stem> = values
        .iter()
        .map(|value| Stem {
            value: Some(*value),
            break_before: false,
        })
        .collect();
    let beams = beams::beams(&stems);
    for ((grace, value), beams) in group.notes.iter().zip(values).zip(beams) {
        for (n, note) in grace.notes.iter().enumerate() {
            xml.open("note", &[]);
            if group.slash {
                xml.empty("grace", &[("slash", "yes")]);
            } else {
                xml.empty("grace", &[]);
            }
            if n > 0 {
                xml.empty("chord", &[]);
            }
            let drum = write_pitch(part, xml, voice, note);
            let piece = Piece {
                first: true,
                last: true,
            };
            write_ties(xml, note, piece);
            write_instrument(part, xml, drum);
            xml.number("voice", number(part, voice));
            write_value(xml, value);
            if drum.is_none() {
                write_accidental(xml, note);
            }
            if grace.marks.contains(&Mark::Stemless) || note.marks.contains(&Mark::Stemless) {
                xml.text("stem", &[], "none");
            }
            write_head(xml, drum);
            write_staff(part, xml, voice);
            if n == 0 {
                write_beams(xml, &beams);
            }
            notations::write_for_grace(part, xml, voice, grace, n, note);
            xml.close();
        }
    }
}
