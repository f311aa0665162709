//! `<notations>`: what is attached to a note.

use super::bar::BarReader;
use super::directions::dynamic;
use super::numbers::whole;
use super::raw::{RawSlur, RawTuplet};
use super::xml::Element;
use crate::event::{Direction, Mark, Span, Tremolo, Tuplet};
use crate::fraction::Fraction;

/// Slurs and brackets of tuplets that one note can have; more come only of nonsense.
const MAX_ENDS: usize = 32;

/// Everything that is attached to one note.
#[derive(Default)]
pub(super) struct Notations {
    pub(super) tied: bool,
    pub(super) slurs: Vec<RawSlur>,
    pub(super) tuplets: Vec<RawTuplet>,
    pub(super) tremolo: Option<Tremolo>,
    pub(super) marks: Vec<Mark>,
    pub(super) dynamics: Vec<Direction>,
}

/// Adds a sign, unless the note has it. A sign twice on one note is once on paper.
pub(super) fn add_mark(marks: &mut Vec<Mark>, mark: Mark) {
    if !marks.contains(&mark) {
        marks.push(mark);
    }
}

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>, all: &mut Notations) {
    for child in element.children() {
        match child.name() {
            "tied" => match child.attribute("type").as_deref() {
                Some("start") => all.tied = true,
                Some("let-ring") => reader.leave_out("a tie into nothing"),
                _ => {}
            },
            "slur" => slur(child, all),
            "tuplet" => tuplet(child, all),
            "glissando" => glide(child, Span::Glissando, all),
            "slide" => glide(child, Span::Slide, all),
            "ornaments" => ornaments(reader, child, all),
            "technical" => each(reader, child, all, technical),
            "articulations" => each(reader, child, all, articulation),
            "dynamics" => {
                for name in child.children() {
                    let sign = dynamic(name).filter(|_| all.dynamics.len() < MAX_ENDS);
                    all.dynamics.extend(sign);
                }
            }
            "fermata" => add_mark(&mut all.marks, Mark::Fermata),
            "arpeggiate" => add_mark(&mut all.marks, Mark::Arpeggio),
            other => reader.leave_out(&format!("<{other}>")),
        }
    }
}

/// Each child that is a sign of this family; the others have no place.
fn each(
    reader: &mut BarReader<'_>,
    element: Element<'_, '_>,
    all: &mut Notations,
    mark: impl Fn(Element<'_, '_>) -> Option<Mark>,
) {
    for child in element.children() {
        match mark(child) {
            Some(mark) => add_mark(&mut all.marks, mark),
            None => reader.leave_out(&format!("<{}>", child.name())),
        }
    }
}

/// The number that tells lines of a kind apart; 1 if it has none.
pub(super) fn line_number(element: Element<'_, '_>) -> u8 {
    let number = element.attribute("number");
    number.and_then(|n| whole(&n)).unwrap_or(1)
}

/// Whether the line begins here or ends here; some only go on.
fn begins(element: Element<'_, '_>) -> Option<bool> {
    match element.attribute("type").as_deref() {
        Some("start") => Some(true),
        Some("stop") => Some(false),
        _ => None,
    }
}

fn slur(element: Element<'_, '_>, all: &mut Notations) {
    if let Some(starts) = begins(element)
        && all.slurs.len() < MAX_ENDS
    {
        all.slurs.push(RawSlur {
            number: line_number(element),
            starts,
        });
    }
}

fn tuplet(element: Element<'_, '_>, all: &mut Notations) {
    if let Some(starts) = begins(element)
        && all.tuplets.len() < MAX_ENDS
    {
        all.tuplets.push(RawTuplet {
            number: line_number(element),
            starts,
            ratio: ratio(element),
        });
    }
}

/// The ratio that the bracket says of itself: so many notes of a value in the time of so many of another.
fn ratio(element: Element<'_, '_>) -> Option<Tuplet> {
    let side = |name: &str| {
        let side = element.child(name)?;
        let number = whole::<u32>(side.child_text("tuplet-number"))?;
        let dots = side.children().filter(|c| c.name() == "tuplet-dot").count();
        let value = super::numbers::printed_length(side.child_text("tuplet-type"), dots);
        Some((number, value)).filter(|(number, _)| (1..=1024).contains(number))
    };
    let (actual, actual_value) = side("tuplet-actual")?;
    let (normal, normal_value) = side("tuplet-normal")?;
    let (Some(actual_value), Some(normal_value)) = (actual_value, normal_value) else {
        return Some(Tuplet { actual, normal });
    };
    // In notes of the same value on both sides.
    let normal = Fraction::whole(i64::from(normal))
        .checked_mul(normal_value)?
        .checked_div(actual_value)?;
    let factor = u32::try_from(normal.den()).ok()?;
    Some(Tuplet {
        actual: actual.checked_mul(factor)?,
        normal: u32::try_from(normal.num()).ok().filter(|n| *n > 0)?,
    })
}

fn glide(element: Element<'_, '_>, span: Span, all: &mut Notations) {
    match begins(element) {
        Some(true) => add_mark(&mut all.marks, Mark::Start(span)),
        Some(false) => add_mark(&mut all.marks, Mark::Stop(span)),
        None => {}
    }
}

fn ornaments(reader: &mut BarReader<'_>, element: Element<'_, '_>, all: &mut Notations) {
    let (mut trills, mut begins_line, mut ends_line) = (0, false, false);
    for child in element.children() {
        match child.name() {
            "trill-mark" => trills += 1,
            "wavy-line" => match begins(child) {
                Some(true) => begins_line = true,
                Some(false) => ends_line = true,
                None => {}
            },
            "tremolo" => all.tremolo = tremolo(reader, child),
            "turn" | "delayed-turn" | "vertical-turn" => add_mark(&mut all.marks, Mark::Turn),
            "inverted-turn" | "delayed-inverted-turn" | "inverted-vertical-turn" => {
                add_mark(&mut all.marks, Mark::InvertedTurn);
            }
            "mordent" => add_mark(&mut all.marks, Mark::Mordent),
            "inverted-mordent" => add_mark(&mut all.marks, Mark::InvertedMordent),
            other => reader.leave_out(&format!("<{other}>")),
        }
    }
    // A line around one note is only its sign.
    let around_one = begins_line && ends_line;
    if ends_line && !around_one {
        add_mark(&mut all.marks, Mark::Stop(Span::Trill));
    }
    if begins_line && !around_one {
        add_mark(&mut all.marks, Mark::Start(Span::Trill));
        trills -= 1;
    }
    if trills > 0 || around_one {
        add_mark(&mut all.marks, Mark::Trill);
    }
}

fn tremolo(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<Tremolo> {
    let strokes = match whole::<u8>(element.trimmed()) {
        Some(strokes @ 1..=4) => strokes,
        Some(strokes @ 5..) => {
            reader.note(format!("a tremolo of {strokes} strokes has four here"));
            4
        }
        Some(0) | None => 3,
    };
    Some(match element.attribute("type").as_deref() {
        Some("start") => Tremolo::First(strokes),
        Some("stop") => Tremolo::Second(strokes),
        _ => Tremolo::Single(strokes),
    })
}

fn technical(element: Element<'_, '_>) -> Option<Mark> {
    Some(match element.name() {
        "up-bow" => Mark::UpBow,
        "down-bow" => Mark::DownBow,
        "stopped" => Mark::Stopped,
        "open-string" => Mark::OpenString,
        "snap-pizzicato" => Mark::SnapPizzicato,
        "thumb-position" => Mark::Thumb,
        "fingering" => Mark::Fingering(whole(element.trimmed()).filter(|n| *n < 100)?),
        _ => return None,
    })
}

fn articulation(element: Element<'_, '_>) -> Option<Mark> {
    Some(match element.name() {
        "staccato" => Mark::Staccato,
        "staccatissimo" | "spiccato" => Mark::Staccatissimo,
        "tenuto" => Mark::Tenuto,
        "accent" => Mark::Accent,
        "strong-accent" => Mark::Marcato,
        "breath-mark" => Mark::Breath,
        "scoop" => Mark::Scoop,
        _ => return None,
    })
}
