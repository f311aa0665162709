//! How ornaments are played.
//!
//! Trills alternate with the upper neighbour in the key, in 32nds, and begin and end with the note itself; on
//! timpani and percussion they are rolls. Turns and mordents take a 32nd for each note before the last, or a
//! quarter of the whole if that is less. A tremolo repeats its note as the strokes say: one is eighths, each
//! further one, and each flag of the note, halves that. Chords with the sign for it are spread upward, a
//! 64th from note to note.

use super::timeline::{QUARTER, WHOLE};
use crate::event::Mark;
use crate::pitch::{Pitch, Step};
use crate::signature::Key;

/// The note value of trills, turns and short grace notes.
pub(super) const SHORT: i64 = WHOLE / 32;
/// From note to note of a spread chord.
pub(super) const SPREAD: i64 = WHOLE / 64;

/// Strokes that ornaments can have in a file; those of a symphony are some ten thousands. What is beyond is
/// played plainly.
pub(super) const MOST_STROKES: usize = 200_000;
/// Strokes of one ornament; more only are slower.
const MOST_OF_ONE: i64 = 256;

/// What is played instead of a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Figure {
    Plain,
    /// The note so many times.
    Repeated(i64),
    Trill,
    Turn,
    InvertedTurn,
    Mordent,
    InvertedMordent,
}

/// Which note a stroke of a figure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Neighbour {
    Itself,
    Upper,
    Lower,
}

impl Figure {
    /// The figure of the signs on a note.
    pub(super) fn of(marks: &[Mark]) -> Self {
        let figure = |mark: &Mark| match mark {
            Mark::Trill => Some(Self::Trill),
            Mark::Turn => Some(Self::Turn),
            Mark::InvertedTurn => Some(Self::InvertedTurn),
            Mark::Mordent => Some(Self::Mordent),
            Mark::InvertedMordent => Some(Self::InvertedMordent),
            _ => None,
        };
        marks.iter().find_map(figure).unwrap_or(Self::Plain)
    }

    /// The strokes from `start` to `end`, which follow each other.
    pub(super) fn strokes(self, start: i64, end: i64) -> Vec<(i64, i64, Neighbour)> {
        use Neighbour::{Itself, Lower, Upper};
        let length = end - start;
        // Notes of one length, and then the note itself up to the end.
        let then_itself = |step: i64, before: &[Neighbour]| {
            let mut at = start;
            let mut strokes = Vec::with_capacity(before.len() + 1);
            for neighbour in before {
                strokes.push((at, at + step, *neighbour));
                at += step;
            }
            strokes.push((at, end, Itself));
            strokes
        };
        let short = SHORT.min(length / 4);
        match self {
            Self::Plain => vec![(start, end, Itself)],
            Self::Repeated(count) => {
                let count = count.clamp(1, MOST_OF_ONE);
                let at = |k: i64| start + length * k / count;
                (0..count).map(|k| (at(k), at(k + 1), Itself)).collect()
            }
            Self::Trill => {
                let step = SHORT.max(length / MOST_OF_ONE).min(length / 3);
                let pairs = (length / step.max(1) - 1) / 2;
                let pairs = usize::try_from(pairs).unwrap_or(0);
                then_itself(step, &[Itself, Upper].repeat(pairs))
            }
            Self::Turn => then_itself(short, &[Upper, Itself, Lower]),
            Self::InvertedTurn => then_itself(short, &[Lower, Itself, Upper]),
            Self::Mordent => then_itself(short, &[Itself, Lower]),
            Self::InvertedMordent => then_itself(short, &[Itself, Upper]),
        }
    }
}

/// The note beside a note, in the key.
pub(super) fn neighbour(pitch: Pitch, which: Neighbour, key: Key) -> Pitch {
    const STEPS: [Step; 7] = [
        Step::C,
        Step::D,
        Step::E,
        Step::F,
        Step::G,
        Step::A,
        Step::B,
    ];
    let by = match which {
        Neighbour::Itself => return pitch,
        Neighbour::Upper => 1,
        Neighbour::Lower => -1,
    };
    let index = STEPS.iter().position(|s| *s == pitch.step).unwrap_or(0);
    let index = i8::try_from(index).unwrap_or(0) + by;
    let step = usize::try_from(index.rem_euclid(7)).ok();
    let step = step
        .and_then(|i| STEPS.get(i))
        .copied()
        .unwrap_or(pitch.step);
    Pitch {
        step,
        alter: key.alter(step),
        octave: pitch.octave.saturating_add(index.div_euclid(7)),
    }
}

/// The length of the notes of a tremolo with so many strokes, on a note printed this long.
pub(super) fn tremolo_value(strokes: u8, printed: i64) -> i64 {
    let mut value = i64::from(QUARTER);
    while value > printed && value > 1 {
        value /= 2;
    }
    (value >> strokes.min(8)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(figure: Figure, length: i64) -> String {
        let strokes = figure.strokes(0, length);
        assert_eq!(strokes.first().map(|s| s.0), Some(0));
        assert_eq!(strokes.last().map(|s| s.1), Some(length));
        assert!(strokes.windows(2).all(|pair| pair[0].1 == pair[1].0));
        let letter = |n: Neighbour| match n {
            Neighbour::Itself => 'o',
            Neighbour::Upper => '^',
            Neighbour::Lower => '_',
        };
        strokes.iter().map(|s| letter(s.2)).collect()
    }

    #[test]
    fn figures_begin_and_end_where_the_note_does() {
        assert_eq!(shape(Figure::Plain, WHOLE), "o");
        assert_eq!(shape(Figure::Trill, WHOLE / 4), "o^o^o^o");
        assert_eq!(Figure::Trill.strokes(0, WHOLE / 4)[1].0, SHORT);
        assert_eq!(shape(Figure::Trill, SHORT), "o^o");
        assert_eq!(shape(Figure::Trill, 1), "o");
        assert_eq!(shape(Figure::Trill, 1000 * WHOLE).len(), 255);
        assert_eq!(shape(Figure::Turn, WHOLE / 4), "^o_o");
        assert_eq!(shape(Figure::InvertedTurn, WHOLE / 4), "_o^o");
        assert_eq!(shape(Figure::Mordent, WHOLE / 4), "o_o");
        assert_eq!(shape(Figure::InvertedMordent, WHOLE / 4), "o^o");
        assert_eq!(shape(Figure::Repeated(4), WHOLE / 4), "oooo");
    }

    #[test]
    fn neighbours_are_in_the_key() {
        let g = Key {
            fifths: 1,
            ..Key::default()
        };
        let pitch = |step, alter, octave| Pitch {
            step,
            alter,
            octave,
        };
        let upper = |p| neighbour(p, Neighbour::Upper, g);
        let lower = |p| neighbour(p, Neighbour::Lower, g);
        assert_eq!(upper(pitch(Step::E, 0, 4)), pitch(Step::F, 1, 4));
        assert_eq!(upper(pitch(Step::B, 0, 4)), pitch(Step::C, 0, 5));
        assert_eq!(lower(pitch(Step::C, 0, 4)), pitch(Step::B, 0, 3));
    }

    #[test]
    fn strokes_of_a_tremolo_add_to_the_flags() {
        let whole = tremolo_value(3, WHOLE);
        assert_eq!(whole, WHOLE / 32);
        assert_eq!(tremolo_value(1, WHOLE / 4), WHOLE / 8);
        assert_eq!(tremolo_value(1, WHOLE / 8), WHOLE / 16);
        assert_eq!(tremolo_value(1, WHOLE * 3 / 16), WHOLE / 16);
    }
}
