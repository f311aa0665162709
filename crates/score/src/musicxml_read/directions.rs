//! `<direction>` and `<sound>`: what stands beside the staff.

use super::bar::{BarReader, Beside};
use super::notations::line_number;
use super::numbers::{decimal, first_decimal, printed_length};
use super::raw::LineElement;
use super::xml::Element;
use crate::abc::marks;
use crate::event::{Direction, Item, Span};
use crate::fraction::Fraction;
use crate::signature::Tempo;

/// Beats in a minute.
const MAX_TEMPO: Fraction = Fraction::whole(10_000);

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let types = || {
        let types = element.children().filter(|c| c.name() == "direction-type");
        types.flat_map(Element::children)
    };
    let beside = reader.beside(element);
    let sound = element.child("sound");
    let words = words(types().filter(|c| c.name() == "words"));
    let metronome = types().find(|c| c.name() == "metronome");
    let beats = metronome.and_then(|m| metronome_mark(reader, m));
    let played = sound
        .and_then(|s| s.attribute("tempo"))
        .and_then(|t| played_tempo(&t));
    let jump = sound.and_then(jump);
    let is_tempo = beats.is_some()
        || element.is("directive", "yes")
        || played.is_some() && (!words.is_empty() || types().next().is_none());
    let above = !element.is("placement", "below");
    if is_tempo && (beats.or(played).is_some() || !words.is_empty()) {
        let beats = beats.or(played);
        let words = words.clone();
        reader.sign(beside, Item::Tempo(Tempo { words, beats }));
    }
    let mut jumped = false;
    for child in types() {
        match child.name() {
            "metronome" => {}
            "words" if is_tempo || words.is_empty() => {}
            "words" => {
                // All words of one direction are one text.
                if jumped {
                    continue;
                }
                jumped = true;
                let direction = match &jump {
                    Some(jump) => {
                        if !is_usual(jump, &words) {
                            let words = super::bar::shown(&words);
                            reader.note(format!("\"{words}\" is printed as is usual"));
                        }
                        jump.clone()
                    }
                    None => Direction::Words {
                        above,
                        text: words.clone(),
                    },
                };
                reader.sign(beside, Item::Direction(direction));
            }
            "segno" => reader.sign(beside, Item::Direction(Direction::Segno)),
            "coda" => {
                let to = jump == Some(Direction::ToCoda);
                let sign = if to {
                    Direction::ToCoda
                } else {
                    Direction::Coda
                };
                reader.sign(beside, Item::Direction(sign));
            }
            _ => one_type(reader, beside, child, above),
        }
    }
    // What is only played stands there as if it were printed.
    let printed = types().any(|c| matches!(c.name(), "words" | "segno" | "coda"));
    if let Some(jump) = jump.filter(|_| !printed) {
        reader.sign(beside, Item::Direction(jump));
    }
    if let (Some(played), false) = (played, is_tempo) {
        reader.sign(beside, Item::Tempo(only_played(played)));
    }
}

/// A `<sound>` that belongs to no direction.
pub(super) fn sound(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let beside = reader.beside(element);
    if let Some(beats) = element.attribute("tempo").and_then(|t| played_tempo(&t)) {
        reader.sign(beside, Item::Tempo(only_played(beats)));
    }
    if let Some(jump) = jump(element) {
        reader.sign(beside, Item::Direction(jump));
    }
}

const fn only_played(beats: (Fraction, Fraction)) -> Tempo {
    Tempo {
        words: String::new(),
        beats: Some(beats),
    }
}

/// Texts one after another, with a space between them where there is none.
fn words<'t, 'a: 't>(elements: impl Iterator<Item = Element<'t, 'a>>) -> String {
    let mut words = String::new();
    for element in elements {
        let text = element.text();
        let apart = words.is_empty()
            || text.starts_with(char::is_whitespace)
            || words.ends_with(char::is_whitespace);
        if !apart {
            words.push(' ');
        }
        words.push_str(text);
    }
    if words.trim().is_empty() {
        words.clear();
    }
    words
}

/// Quarter notes in a minute.
fn played_tempo(text: &str) -> Option<(Fraction, Fraction)> {
    let tempo = decimal(text)?;
    in_range(tempo).then_some((Fraction::QUARTER, tempo))
}

fn in_range(tempo: Fraction) -> bool {
    tempo > Fraction::ZERO && tempo < MAX_TEMPO
}

/// `beat-unit = per-minute`. Other forms say how two tempi relate.
fn metronome_mark(
    reader: &mut BarReader<'_>,
    element: Element<'_, '_>,
) -> Option<(Fraction, Fraction)> {
    let mut beat = Fraction::ZERO;
    let (mut unit, mut dots) = (None, 0);
    let mut units = 0;
    for child in element.children() {
        match child.name() {
            "beat-unit" => {
                unit = Some(child.trimmed());
                units += 1;
            }
            "beat-unit-dot" => dots += 1,
            "beat-unit-tied" => {
                let dots = child
                    .children()
                    .filter(|c| c.name() == "beat-unit-dot")
                    .count();
                beat = beat.checked_add(printed_length(child.child_text("beat-unit"), dots)?)?;
            }
            _ => {}
        }
    }
    let per_minute = element
        .child("per-minute")
        .and_then(|p| first_decimal(p.trimmed()));
    let (Some(unit), Some(per_minute), 1) = (unit, per_minute, units) else {
        reader.leave_out("a metronome mark that has no number");
        return None;
    };
    let beat = beat.checked_add(printed_length(unit, dots)?)?;
    in_range(per_minute).then_some((beat, per_minute))
}

/// Where the player has to go from here, or be able to come back to.
fn jump(sound: Element<'_, '_>) -> Option<Direction> {
    [
        ("dacapo", Direction::DaCapo),
        ("dalsegno", Direction::DalSegno),
        ("tocoda", Direction::ToCoda),
        ("fine", Direction::Fine),
        ("segno", Direction::Segno),
        ("coda", Direction::Coda),
    ]
    .into_iter()
    .find(|(name, _)| sound.attribute(name).is_some_and(|value| value != "no"))
    .map(|(_, direction)| direction)
}

/// Whether the words are those that the sign is printed with. Whether they go on with "al Fine" or "al Coda"
/// follows from the signs on the way.
fn is_usual(jump: &Direction, words: &str) -> bool {
    let usual = match jump {
        Direction::DaCapo => ["D.C.", "D.C. al Fine", "D.C. al Coda"].as_slice(),
        Direction::DalSegno => &["D.S.", "D.S. al Fine", "D.S. al Coda"],
        Direction::ToCoda => &["To Coda"],
        Direction::Fine => &["Fine"],
        _ => return false,
    };
    usual.contains(&words.trim())
}

fn one_type(reader: &mut BarReader<'_>, beside: Beside, child: Element<'_, '_>, above: bool) {
    match child.name() {
        "rehearsal" => {
            let text = child.text().to_owned();
            reader.sign(beside, Item::Direction(Direction::Rehearsal(text)));
        }
        "dynamics" => {
            for name in child.children() {
                if let Some(direction) = dynamic(name) {
                    reader.sign(beside, Item::Direction(direction));
                }
            }
        }
        "wedge" => {
            let span = match child.attribute("type").as_deref() {
                Some("crescendo") => Some(Span::Crescendo),
                Some("diminuendo") => Some(Span::Diminuendo),
                Some("stop") => None,
                _ => return,
            };
            reader.line(beside, LineElement::Wedge, line_number(child), span);
        }
        "octave-shift" => octave_shift(reader, beside, child),
        "pedal" => {
            let number = line_number(child);
            let kind = child.attribute("type");
            if matches!(kind.as_deref(), Some("stop" | "change")) {
                reader.line(beside, LineElement::Pedal, number, None);
            }
            match kind.as_deref() {
                Some("start" | "change") => {
                    reader.line(beside, LineElement::Pedal, number, Some(Span::Pedal));
                }
                Some("sostenuto") => reader.leave_out("a sostenuto pedal"),
                _ => {}
            }
        }
        "other-direction" if !child.trimmed().is_empty() => {
            let text = child.text().to_owned();
            let direction = Direction::Words { above, text };
            reader.sign(beside, Item::Direction(direction));
        }
        other => reader.leave_out(&format!("<{other}>")),
    }
}

fn octave_shift(reader: &mut BarReader<'_>, beside: Beside, child: Element<'_, '_>) {
    let octaves = match child.attribute("size").as_deref() {
        None | Some("8") => 1,
        Some("15") => 2,
        Some(size) => {
            let size = super::bar::shown(size);
            reader.note(format!(
                "an octave line of size {size} is taken for one of 15"
            ));
            2
        }
    };
    // Printed lower than it sounds under 8va.
    let span = match (child.attribute("type").as_deref(), octaves) {
        (Some("down"), 1) => Some(Span::OctaveUp),
        (Some("down"), _) => Some(Span::TwoOctavesUp),
        (Some("up"), 1) => Some(Span::OctaveDown),
        (Some("up"), _) => Some(Span::TwoOctavesDown),
        (Some("stop"), _) => None,
        _ => return,
    };
    reader.line(beside, LineElement::OctaveShift, line_number(child), span);
}

/// The sign of a dynamic, or words for one that has no sign.
pub(super) fn dynamic(element: Element<'_, '_>) -> Option<Direction> {
    let name = match element.name() {
        "other-dynamics" => element.trimmed(),
        name => name,
    };
    match marks::dynamic(name) {
        Some(name) => Some(Direction::Dynamic(name)),
        None if name.is_empty() => None,
        None => Some(Direction::Words {
            above: false,
            text: name.to_owned(),
        }),
    }
}
