//! `<direction>`: what stands beside the staff.

use std::collections::HashSet;

use super::attributes;
use super::harmony;
use super::part::PartWriter;
use super::values;
use super::xml::Xml;
use crate::event::{Direction, Span};
use crate::fraction::Fraction;
use crate::signature::Tempo;
use crate::unroll::Goal;

/// Which voice and staff something stands beside, where they have to be named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    voice: Option<i64>,
    staff: Option<i64>,
}

impl Beside {
    pub(super) fn new(part: &PartWriter<'_>, voice: usize, staff: u8) -> Self {
        let number = part.voices.get(voice).map(|(_, _, number)| *number);
        Self {
            voice: number.filter(|_| part.voices.len() > 1),
            staff: part.staff_element(staff),
        }
    }

    fn write(self, xml: &mut Xml) {
        for (element, number) in [("voice", self.voice), ("staff", self.staff)] {
            if let Some(number) = number {
                xml.number(element, number);
            }
        }
    }
}

/// Tempi that were written already. Every part of the text can repeat them, but they are printed once.
#[derive(Default)]
pub(super) struct Tempi {
    written: HashSet<(usize, Fraction)>,
}

impl Tempi {
    /// Whether one was written at a place.
    pub(super) fn has(&self, place: (usize, Fraction)) -> bool {
        self.written.contains(&place)
    }

    /// Writes a tempo at a place (bar, and position in it), unless a part above has one there.
    pub(super) fn write(
        &mut self,
        xml: &mut Xml,
        tempo: &Tempo,
        place: (usize, Fraction),
        beside: Beside,
    ) {
        if !self.written.insert(place) {
            return;
        }
        // The sign of a tempo, wherever else words are bold.
        xml.open("direction", &[("placement", "above"), ("directive", "yes")]);
        let beats = tempo
            .beats
            .map(|(beat, count)| (values::values(beat), beat, count));
        let printed = beats.filter(|(values, beat, _)| {
            let lengths = values.iter().map(|v| v.length());
            lengths.fold(Fraction::ZERO, attributes::advance) == *beat
        });
        if !tempo.words.is_empty() || printed.is_none() {
            xml.open("direction-type", &[]);
            xml.text("words", &[("font-weight", "bold")], &tempo.words);
            xml.close();
        }
        if let Some((values, _, count)) = printed {
            metronome(xml, &values, count);
        }
        beside.write(xml);
        if let Some((beat, count)) = tempo.beats {
            let quarters = beat
                .checked_mul(Fraction::whole(4))
                .and_then(|b| b.checked_mul(count));
            xml.empty("sound", &[("tempo", &decimal(quarters.unwrap_or(count)))]);
        }
        xml.close();
    }
}

/// `note = number`. A beat that no single note prints is tied together of several.
fn metronome(xml: &mut Xml, values: &[values::Value], count: Fraction) {
    xml.open("direction-type", &[]);
    xml.open("metronome", &[("parentheses", "no")]);
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            xml.open("beat-unit-tied", &[]);
        }
        xml.text("beat-unit", &[], value.name());
        for _ in 0..value.dots {
            xml.empty("beat-unit-dot", &[]);
        }
        if i > 0 {
            xml.close();
        }
    }
    xml.text("per-minute", &[], &decimal(count));
    xml.close();
    xml.close();
}

/// A number with at most four places after the point.
fn decimal(number: Fraction) -> String {
    let parts = number.ticks(10_000);
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Writes a sign or words of a voice in a bar.
pub(super) fn write(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    (bar, voice): (usize, usize),
    direction: &Direction,
    staff: u8,
) {
    let beside = Beside::new(part, voice, staff);
    match direction {
        Direction::Words { above, text } => words(xml, placement(*above), text, beside, None),
        Direction::Rehearsal(text) => {
            direction_type(xml, "above", beside, None, |xml| {
                xml.text("rehearsal", &[], text)
            });
        }
        Direction::Dynamic(name) => direction_type(xml, "below", beside, None, |xml| {
            xml.open("dynamics", &[]);
            xml.empty(name, &[]);
            xml.close();
        }),
        Direction::Segno => {
            let label = label("segno", part.cues.segno(bar));
            sign(xml, "segno", beside, ("segno", &label));
        }
        Direction::Coda => {
            let label = label("coda", part.cues.coda(bar));
            sign(xml, "coda", beside, ("coda", &label));
        }
        Direction::ToCoda => {
            let label = label("coda", part.cues.to_coda(bar));
            words(xml, "above", "To Coda", beside, Some(("tocoda", &label)));
        }
        Direction::Fine => words(xml, "above", "Fine", beside, Some(("fine", "yes"))),
        Direction::DaCapo => {
            let text = &jump_words("D.C.", part.cues.goal(bar));
            words(xml, "above", text, beside, Some(("dacapo", "yes")));
        }
        Direction::DalSegno => {
            let text = &jump_words("D.S.", part.cues.goal(bar));
            let label = label("segno", part.cues.segno(bar));
            words(xml, "above", text, beside, Some(("dalsegno", &label)));
        }
        Direction::Start(span) => {
            if let Some(number) = part.lines.start(*span, voice) {
                line(xml, *span, true, number, beside);
            }
        }
        Direction::Stop(span) => {
            if let Some(number) = part.lines.stop(*span, voice) {
                line(xml, *span, false, number, beside);
            }
        }
    }
}

/// The name by which a jump finds its sign among others.
fn label(sign: &str, number: usize) -> String {
    match number {
        1 => sign.to_owned(),
        _ => format!("{sign}{number}"),
    }
}

/// The words of a D.C. or D.S. with what it leads to, which not every player finds on its own.
fn jump_words(jump: &str, goal: Option<Goal>) -> String {
    match goal {
        Some(Goal::Fine) => format!("{jump} al Fine"),
        Some(Goal::Coda) => format!("{jump} al Coda"),
        None => jump.to_owned(),
    }
}

/// Writes a chord symbol, as words if it is none that MusicXML knows.
pub(super) fn write_chord_symbol(
    part: &PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    symbol: &str,
    staff: u8,
) {
    let beside = Beside::new(part, voice, staff);
    if !harmony::write(xml, symbol, beside.staff) {
        words(xml, "above", symbol, beside, None);
    }
}

const fn placement(above: bool) -> &'static str {
    if above { "above" } else { "below" }
}

fn direction_type(
    xml: &mut Xml,
    placement: &str,
    beside: Beside,
    sound: Option<(&'static str, &str)>,
    content: impl FnOnce(&mut Xml),
) {
    xml.open("direction", &[("placement", placement)]);
    xml.open("direction-type", &[]);
    content(xml);
    xml.close();
    beside.write(xml);
    if let Some(sound) = sound {
        xml.empty("sound", &[sound]);
    }
    xml.close();
}

fn words(
    xml: &mut Xml,
    placement: &str,
    text: &str,
    beside: Beside,
    sound: Option<(&'static str, &str)>,
) {
    direction_type(xml, placement, beside, sound, |xml| {
        xml.text("words", &[], text)
    });
}

fn sign(xml: &mut Xml, name: &'static str, beside: Beside, sound: (&'static str, &str)) {
    direction_type(xml, "above", beside, Some(sound), |xml| {
        xml.empty(name, &[])
    });
}

fn line(xml: &mut Xml, span: Span, start: bool, number: u8, beside: Beside) {
    let number = number.to_string();
    let number = ("number", number.as_str());
    let kind = |kind: &'static str| ("type", if start { kind } else { "stop" });
    match span {
        Span::Crescendo | Span::Diminuendo => direction_type(xml, "below", beside, None, |xml| {
            let name = if span == Span::Crescendo {
                "crescendo"
            } else {
                "diminuendo"
            };
            xml.empty("wedge", &[kind(name), number]);
        }),
        Span::Pedal => direction_type(xml, "below", beside, None, |xml| {
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
            direction_type(xml, placement(up), beside, None, |xml| {
                // Printed lower than it sounds under 8va.
                let name = if up { "down" } else { "up" };
                xml.empty("octave-shift", &[kind(name), number, ("size", size)]);
            });
        }
        // These are attached to notes.
        Span::Trill | Span::Slide | Span::Glissando => {}
    }
}
