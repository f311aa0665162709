//! `<direction>`: what stands beside the staff.

use std::collections::HashSet;

use super::harmony;
use super::numbers::Line;
use super::part::PartWriter;
use super::values;
use super::xml::Xml;
use crate::event::{Direction, Span};
use crate::fraction::Fraction;
use crate::signature::Tempo;

/// Tempi that were written already. Every part of the text can repeat them, but they are printed once.
#[derive(Default)]
pub(super) struct Tempi {
    written: HashSet<(usize, Fraction)>,
}

impl Tempi {
    /// Writes a tempo at a place (bar, and position in it), unless a part above has one there.
    pub(super) fn write(
        &mut self,
        xml: &mut Xml,
        tempo: &Tempo,
        place: (usize, Fraction),
        staff: Option<i64>,
    ) {
        if !self.written.insert(place) {
            return;
        }
        let values = tempo
            .beats
            .map(|(beat, count)| (values::values(beat), beat, count));
        xml.open("direction", &[("placement", "above")]);
        if !tempo.words.is_empty() || values.as_ref().is_none_or(|(v, ..)| v.len() != 1) {
            xml.open("direction-type", &[]);
            xml.text("words", &[("font-weight", "bold")], &tempo.words);
            xml.close();
        }
        if let Some((values, beat, count)) = &values {
            if let [value] = values.as_slice()
                && value.length() == *beat
            {
                xml.open("direction-type", &[]);
                xml.open("metronome", &[("parentheses", "no")]);
                xml.text("beat-unit", &[], value.name());
                for _ in 0..value.dots {
                    xml.empty("beat-unit-dot", &[]);
                }
                xml.text("per-minute", &[], &decimal(*count));
                xml.close();
                xml.close();
            }
            if let Some(staff) = staff {
                xml.number("staff", staff);
            }
            let quarters = beat
                .checked_mul(Fraction::whole(4))
                .and_then(|b| b.checked_mul(*count));
            xml.empty("sound", &[("tempo", &decimal(quarters.unwrap_or(*count)))]);
        } else if let Some(staff) = staff {
            xml.number("staff", staff);
        }
        xml.close();
    }
}

/// A number with at most two places after the point.
fn decimal(number: Fraction) -> String {
    let hundredths = number.ticks(100);
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Writes a sign or words.
pub(super) fn write(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    direction: &Direction,
    staff: u8,
) {
    let staff = part.staff_element(staff);
    match direction {
        Direction::Words { above, text } => words(xml, placement(*above), text, staff, None),
        Direction::Rehearsal(text) => {
            direction_type(xml, "above", staff, None, |xml| {
                xml.text("rehearsal", &[], text)
            });
        }
        Direction::Dynamic(name) => direction_type(xml, "below", staff, None, |xml| {
            xml.open("dynamics", &[]);
            xml.empty(name, &[]);
            xml.close();
        }),
        Direction::Segno => sign(xml, "segno", staff, ("segno", "segno")),
        Direction::Coda => sign(xml, "coda", staff, ("coda", "coda")),
        Direction::ToCoda => words(xml, "above", "To Coda", staff, Some(("tocoda", "coda"))),
        Direction::Fine => words(xml, "above", "Fine", staff, Some(("fine", "yes"))),
        Direction::DaCapo => words(xml, "above", "D.C.", staff, Some(("dacapo", "yes"))),
        Direction::DalSegno => words(xml, "above", "D.S.", staff, Some(("dalsegno", "segno"))),
        Direction::Start(span) => {
            if let Some(number) = part.lines.start(Line::from(*span), voice) {
                line(xml, *span, true, number, staff);
            }
        }
        Direction::Stop(span) => {
            if let Some(number) = part.lines.stop(Line::from(*span), voice) {
                line(xml, *span, false, number, staff);
            }
        }
    }
}

/// Writes a chord symbol, as words if it is none that MusicXML knows.
pub(super) fn write_chord_symbol(part: &PartWriter<'_>, xml: &mut Xml, symbol: &str, staff: u8) {
    let staff = part.staff_element(staff);
    if !harmony::write(xml, symbol, staff) {
        words(xml, "above", symbol, staff, None);
    }
}

const fn placement(above: bool) -> &'static str {
    if above { "above" } else { "below" }
}

fn direction_type(
    xml: &mut Xml,
    placement: &str,
    staff: Option<i64>,
    sound: Option<(&'static str, &str)>,
    content: impl FnOnce(&mut Xml),
) {
    xml.open("direction", &[("placement", placement)]);
    xml.open("direction-type", &[]);
    content(xml);
    xml.close();
    if let Some(staff) = staff {
        xml.number("staff", staff);
    }
    if let Some(sound) = sound {
        xml.empty("sound", &[sound]);
    }
    xml.close();
}

fn words(
    xml: &mut Xml,
    placement: &str,
    text: &str,
    staff: Option<i64>,
    sound: Option<(&'static str, &str)>,
) {
    direction_type(xml, placement, staff, sound, |xml| {
        xml.text("words", &[], text)
    });
}

fn sign(xml: &mut Xml, name: &'static str, staff: Option<i64>, sound: (&'static str, &str)) {
    direction_type(xml, "above", staff, Some(sound), |xml| xml.empty(name, &[]));
}

fn line(xml: &mut Xml, span: Span, start: bool, number: u8, staff: Option<i64>) {
    let number = number.to_string();
    let number = ("number", number.as_str());
    let kind = |kind: &'static str| ("type", if start { kind } else { "stop" });
    match span {
        Span::Crescendo | Span::Diminuendo => direction_type(xml, "below", staff, None, |xml| {
            let name = if span == Span::Crescendo {
                "crescendo"
            } else {
                "diminuendo"
            };
            xml.empty("wedge", &[kind(name), number]);
        }),
        Span::Pedal => direction_type(xml, "below", staff, None, |xml| {
            xml.empty(
                "pedal",
                &[kind("start"), number, ("line", "no"), ("sign", "yes")],
            );
        }),
        Span::OctaveUp | Span::TwoOctavesUp | Span::OctaveDown | Span::TwoOctavesDown => {
            let up = matches!(span, Span::OctaveUp | Span::TwoOctavesUp);
            let size = if matches!(span, Span::OctaveUp | Span::OctaveDown) {
                "8"
            } else {
                "15"
            };
            direction_type(xml, placement(up), staff, None, |xml| {
                // Printed lower than it sounds under 8va.
                let name = if up { "down" } else { "up" };
                xml.empty("octave-shift", &[kind(name), number, ("size", size)]);
            });
        }
        // These are attached to notes.
        Span::Trill | Span::Slide | Span::Glissando => {}
    }
}
