//! `<pitch>`, `<unpitched>` and `<accidental>`.

use super::bar::BarReader;
use super::numbers::{decimal, whole};
use super::xml::Element;
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Pitch, Step};

/// The pitch, or the place on the staff of a note without one.
pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<Pitch> {
    if element.name() == "unpitched" {
        let step = element.child_text("display-step").chars().next();
        let octave = whole::<i8>(element.child_text("display-octave"));
        // Without a place it is on the middle line.
        return Some(Pitch {
            step: step.and_then(Step::from_letter).unwrap_or(Step::B),
            alter: 0,
            octave: octave.filter(|o| (0..=9).contains(o)).unwrap_or(4),
        });
    }
    let letter = element.child_text("step").chars().next();
    let step = letter.and_then(Step::from_letter)?;
    let octave = whole::<i8>(element.child_text("octave")).filter(|o| (0..=9).contains(o))?;
    let alter = match element.child_text("alter") {
        "" => Fraction::ZERO,
        text => decimal(text)?,
    };
    if alter.den() != 1 {
        reader.warn("a quarter tone is taken for the semitone nearer to the natural note");
    }
    let semitones = alter.num() / alter.den();
    spelled(step, octave, i32::try_from(semitones).ok()?)
}

/// A pitch with at most two accidentals: what needs more is spelled with another letter.
fn spelled(step: Step, octave: i8, alter: i32) -> Option<Pitch> {
    if let Ok(alter @ -2..=2) = i8::try_from(alter) {
        return Some(Pitch {
            step,
            alter,
            octave,
        });
    }
    let sounding = i32::from(octave) * 12 + step.semitones() + alter;
    let octave = i8::try_from(sounding.div_euclid(12)).ok()?;
    let above = sounding.rem_euclid(12);
    let steps = [
        Step::C,
        Step::D,
        Step::E,
        Step::F,
        Step::G,
        Step::A,
        Step::B,
    ];
    let step = steps.into_iter().rev().find(|s| s.semitones() <= above)?;
    Some(Pitch {
        step,
        alter: i8::try_from(above - step.semitones()).ok()?,
        octave: Some(octave).filter(|o| (0..=9).contains(o))?,
    })
}

/// The accidental that is printed, and whether it is only a reminder.
pub(super) fn accidental(
    reader: &mut BarReader<'_>,
    element: Option<Element<'_, '_>>,
) -> (Option<Accidental>, bool) {
    let Some(element) = element else {
        return (None, false);
    };
    let accidental = match element.trimmed() {
        "flat-flat" => Accidental::DoubleFlat,
        "flat" | "natural-flat" => Accidental::Flat,
        "natural" => Accidental::Natural,
        "sharp" | "natural-sharp" => Accidental::Sharp,
        "double-sharp" | "sharp-sharp" => Accidental::DoubleSharp,
        other => {
            reader.leave_out(&format!("the accidental \"{other}\""));
            return (None, false);
        }
    };
    let yes = |name: &str| element.is(name, "yes");
    let courtesy = yes("parentheses") || yes("bracket") || yes("cautionary");
    (Some(accidental), courtesy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_accidentals_are_spelled_with_another_letter() {
        let of = |step, octave, alter| {
            let p = spelled(step, octave, alter)?;
            Some((p.step, p.alter, p.octave))
        };
        assert_eq!(of(Step::F, 4, 3), Some((Step::G, 1, 4)));
        assert_eq!(of(Step::C, 4, -3), Some((Step::A, 0, 3)));
        assert_eq!(of(Step::C, 4, -2), Some((Step::C, -2, 4)));
        assert_eq!(of(Step::C, 4, 9999), None);
        assert_eq!(of(Step::C, 4, -999_999_999), None);
    }
}
