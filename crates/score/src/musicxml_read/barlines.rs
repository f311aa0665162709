//! `<barline>`: repeats and endings.

use super::bar::{BarReader, shown};
use super::numbers::whole;
use super::raw::{Lines, RawPart};
use super::remarks::{Remarks, Where};
use super::xml::Element;
use crate::event::{Direction, Item};
use crate::score::{Barline, Score, Volta, VoltaStop};
use crate::unroll::Cues;

/// Passes that one ending can have.
const MAX_PASSES: usize = 16;

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let location = element.attribute("location");
    let left = match location.as_deref() {
        Some("left") => true,
        None | Some("right") => false,
        Some(_) => {
            reader.leave_out("a barline inside a bar");
            return;
        }
    };
    let beside = reader.beside(element);
    for child in element.children() {
        match child.name() {
            "bar-style" => {
                let style = style(reader, child.trimmed());
                side(reader, left).style = style;
            }
            "repeat" => {
                let times = child.attribute("times").and_then(|t| whole(&t));
                let side = side(reader, left);
                match child.attribute("direction").as_deref() {
                    Some("forward") => side.forward = true,
                    _ => {
                        side.backward = true;
                        side.times = times;
                    }
                }
            }
            "ending" => ending(reader, child, left),
            "segno" => reader.sign(beside, Item::Direction(Direction::Segno)),
            "coda" => reader.sign(beside, Item::Direction(Direction::Coda)),
            other => reader.leave_out(&format!("<{other}> at a barline")),
        }
    }
}

fn side<'r>(reader: &'r mut BarReader<'_>, left: bool) -> &'r mut Lines {
    let side = if left {
        &mut reader.bar.left
    } else {
        &mut reader.bar.right
    };
    side.get_or_insert_default()
}

fn style(reader: &mut BarReader<'_>, name: &str) -> Option<Barline> {
    Some(match name {
        "regular" => Barline::Regular,
        "light-light" => Barline::Double,
        "light-heavy" => Barline::Final,
        "heavy-light" => Barline::HeavyLight,
        "dotted" => Barline::Dotted,
        "none" => Barline::Invisible,
        "dashed" => {
            reader.note("a dashed barline is dotted here");
            Barline::Dotted
        }
        "heavy" | "heavy-heavy" => {
            reader.note("a heavy barline is thin and thick here");
            Barline::Final
        }
        other => {
            reader.note(format!(
                "a barline \"{}\" is an ordinary one here",
                shown(other)
            ));
            return None;
        }
    })
}

fn ending(reader: &mut BarReader<'_>, element: Element<'_, '_>, left: bool) {
    let kind = element.attribute("type");
    let stop = match kind.as_deref() {
        Some("start") => None,
        Some("stop") => Some(VoltaStop::Closed),
        Some("discontinue") => Some(VoltaStop::Open),
        _ => {
            reader.note("an ending that neither begins nor ends is left out");
            return;
        }
    };
    if stop.is_some() {
        side(reader, left).volta_stop = stop;
        return;
    }
    let number = element.attribute("number").unwrap_or_default();
    let numbers = passes(&number);
    let words = element.text();
    // `1.` is how the number is printed anyway.
    let is_number = passes(words) == numbers && !words.chars().any(char::is_alphabetic);
    let words = if is_number { "" } else { words };
    if numbers.is_empty() && words.is_empty() {
        reader.note("an ending without number or words is left out");
        return;
    }
    side(reader, left).volta = Some(Volta {
        numbers,
        words: words.to_owned(),
    });
}

/// The passes in a text such as `1, 2` or `1-3.`.
fn passes(text: &str) -> Vec<u8> {
    let mut passes = Vec::new();
    for piece in text.split(|c: char| c == ',' || c.is_whitespace()) {
        let piece = piece.trim_end_matches('.');
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        let (Ok(first), Ok(last)) = (first.parse::<u8>(), last.parse::<u8>()) else {
            continue;
        };
        passes.extend((first.max(1)..=last).take(MAX_PASSES));
    }
    passes.truncate(MAX_PASSES);
    passes
}

/// Sets the barlines of the score: what any part has at a side of a bar, the first that has a style or an
/// ending. A repeat or ending that is written at the other side of the barline is the same one.
pub(super) fn set_barlines(parts: &[RawPart], score: &mut Score, remarks: &mut Remarks) {
    let sides = |b: usize, left: bool| {
        let bars = parts.iter().filter_map(move |part| part.bars.get(b));
        bars.filter_map(move |bar| {
            if left {
                bar.left.as_deref()
            } else {
                bar.right.as_deref()
            }
        })
    };
    let count = score.bars.len();
    let mut said_times = Vec::new();
    for (b, bar) in score.bars.iter_mut().enumerate() {
        let before = |test: fn(&Lines) -> bool| b > 0 && sides(b - 1, false).any(test);
        let after = |test: fn(&Lines) -> bool| b + 1 < count && sides(b + 1, true).any(test);
        bar.repeat_start = sides(b, true).any(|side| side.forward) || before(|side| side.forward);
        bar.repeat_stop = sides(b, false).any(|side| side.backward) || after(|side| side.backward);
        bar.volta = sides(b, true).find_map(|side| side.volta.clone());
        if bar.volta.is_none() && b > 0 {
            bar.volta = sides(b - 1, false).find_map(|side| side.volta.clone());
        }
        bar.volta_stop = sides(b, false).find_map(|side| side.volta_stop);
        let mut stops = sides(b, false).chain(sides(b + 1, true));
        said_times.extend(stops.find_map(|side| side.times).map(|times| (b, times)));
        let style = sides(b, false).find_map(|side| side.style);
        // The line that begins a repeat is no line of its own.
        let next = || {
            sides(b + 1, true)
                .filter(|side| !side.forward)
                .find_map(|side| side.style)
        };
        let style = style.or_else(next).unwrap_or_default();
        bar.barline = match style {
            Barline::Final if bar.repeat_stop => Barline::Regular,
            style => style,
        };
    }
    close_voltas(parts, score, remarks);
    compare_times(parts, &said_times, score, remarks);
}

/// How often a repeated section is played follows from its endings. Where a file says something else, nothing
/// in the score can.
fn compare_times(parts: &[RawPart], said: &[(usize, u8)], score: &Score, remarks: &mut Remarks) {
    if said.is_empty() {
        return;
    }
    let cues = Cues::new(score);
    for &(b, times) in said {
        let played = cues.times(b);
        if times != played {
            let message = format!("played {played} times, though the file says {times}");
            remarks.warn(place(parts, b), message);
        }
    }
}

fn place(parts: &[RawPart], b: usize) -> Where {
    let bar = parts.first().and_then(|part| part.bars.get(b));
    Where {
        position: bar.map_or_else(Default::default, |bar| bar.position),
        bar: Some(b),
        part: Some(0),
        label: None,
    }
}

/// Every ending that begins ends, and none ends that did not begin.
fn close_voltas(parts: &[RawPart], score: &mut Score, remarks: &mut Remarks) {
    let place = |b: usize| place(parts, b);
    let mut open = None;
    let mut unclosed = Vec::new();
    for (b, bar) in score.bars.iter_mut().enumerate() {
        if bar.volta.is_some() {
            unclosed.extend(open.replace(b));
        }
        if bar.volta_stop.is_some() && open.take().is_none() {
            bar.volta_stop = None;
            remarks.note(place(b), "an ending ends that did not begin: left out");
        }
    }
    unclosed.extend(open);
    for b in unclosed {
        remarks.note(place(b), "an ending does not say where it ends");
        let bars = score.bars.iter_mut().skip(b);
        let mut bars = bars
            .enumerate()
            .take_while(|(i, bar)| *i == 0 || bar.volta.is_none() && !bar.repeat_start);
        // Up to the repeat, or else the bar alone.
        let repeat = bars.find(|(_, bar)| bar.repeat_stop).map(|(i, _)| b + i);
        let stop = if repeat.is_some() {
            VoltaStop::Closed
        } else {
            VoltaStop::Open
        };
        if let Some(bar) = score.bars.get_mut(repeat.unwrap_or(b)) {
            bar.volta_stop = Some(stop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn passes_are_lists_and_ranges() {
        assert_eq!(passes("1, 2"), [1, 2]);
        assert_eq!(passes("1-3."), [1, 2, 3]);
        assert_eq!(passes("2."), [2]);
        assert_eq!(passes(" "), Vec::<u8>::new());
        assert_eq!(passes("0-255").len(), 16);
    }
}
