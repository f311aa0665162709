//! Note values: which notes print a length.

use crate::event::Tuplet;
use crate::fraction::Fraction;

/// Names of note values from the maxima (8 wholes) down to the 1024th.
const NAMES: [&str; 14] = [
    "maxima", "long", "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th",
    "128th", "256th", "512th", "1024th",
];
/// Where the whole note is in the list.
const WHOLE: i32 = 3;
/// Notes tied together to print one length. What needs more is an artefact and is printed as the nearest
/// single note.
const MAX_PIECES: usize = 3;

/// A printed note value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Value {
    /// Halvings of the whole note; -1 is the breve.
    pub(crate) halvings: i32,
    pub(crate) dots: u8,
}

impl Value {
    /// The value of this name, without dots.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let index = NAMES.iter().position(|n| *n == name)?;
        Some(Self {
            halvings: i32::try_from(index).ok()? - WHOLE,
            dots: 0,
        })
    }

    pub(super) fn name(self) -> &'static str {
        let index = usize::try_from(self.halvings + WHOLE).unwrap_or(0);
        NAMES.get(index).copied().unwrap_or("1024th")
    }

    /// Flags, or beams: 1 for an eighth note.
    pub(super) fn flags(self) -> usize {
        usize::try_from(self.halvings - 2).unwrap_or(0)
    }

    /// Its length in whole notes.
    pub(crate) fn length(self) -> Fraction {
        let base = match u32::try_from(self.halvings) {
            Ok(k) => Fraction::half_to_the(k),
            Err(_) => Fraction::whole(1 << self.halvings.unsigned_abs().min(8)),
        };
        let factor = Fraction::whole(2).checked_sub(Fraction::half_to_the(u32::from(self.dots)));
        factor.and_then(|f| base.checked_mul(f)).unwrap_or(base)
    }
}

/// The largest value that is not longer than `length`.
fn largest_within(length: Fraction, max_dots: u8) -> Option<Value> {
    let halvings =
        (-WHOLE..=10).find(|&halvings| Value { halvings, dots: 0 }.length() <= length)?;
    let dotted = (0..=max_dots).rev().map(|dots| Value { halvings, dots });
    // Three 1024ths are not a dotted 512th that nobody could read, but two notes.
    dotted
        .filter(|v| v.dots == 0 || v.halvings + i32::from(v.dots) <= 10)
        .find(|v| v.length() <= length)
}

/// The one value with this length, seen from its numbers; not all that there are.
fn single(length: Fraction) -> Option<Value> {
    let dots = match length.num() {
        1 => 0,
        3 => 1,
        7 => 2,
        _ => return None,
    };
    // 1/2^k with its dots is (2^(dots + 1) - 1) / 2^(k + dots).
    let shift = length.den().trailing_zeros();
    let fits = length.is_dyadic() && (u32::from(dots)..=10).contains(&shift);
    fits.then(|| Value {
        halvings: i32::try_from(shift).unwrap_or(0) - i32::from(dots),
        dots,
    })
}

/// The values that print a length, long ones first; more than one are tied. One value that comes near, if
/// none fits.
pub(super) fn values(length: Fraction) -> Vec<Value> {
    if let Some(value) = single(length) {
        return vec![value];
    }
    // Two dots only on a note that stands alone.
    if let Some(value) = largest_within(length, 2).filter(|v| v.length() == length) {
        return vec![value];
    }
    let mut pieces = Vec::new();
    let mut left = length;
    while pieces.len() < MAX_PIECES
        && let Some(value) = largest_within(left, 1)
    {
        pieces.push(value);
        match left.checked_sub(value.length()) {
            Some(rest) if rest.is_zero() => return pieces,
            Some(rest) => left = rest,
            None => break,
        }
    }
    vec![nearest(length)]
}

fn nearest(length: Fraction) -> Value {
    let below = largest_within(length, 0).map_or(10, |v| v.halvings);
    let near = [below, (below - 1).max(-WHOLE)];
    let candidates = near
        .into_iter()
        .flat_map(|halvings| (0..=2).map(move |dots| Value { halvings, dots }));
    let distance = |value: &Value| {
        let length_of = value.length();
        let (long, short) = if length_of > length {
            (length_of, length)
        } else {
            (length, length_of)
        };
        long.checked_sub(short).unwrap_or(Fraction::ONE)
    };
    let best = candidates.min_by_key(distance);
    best.unwrap_or(Value {
        halvings: 10,
        dots: 0,
    })
}

/// A length with a third or fifth in it and no tuplet around it: the tuplet it must have come from. The
/// conversion that made the training text drops the brackets of unusual tuplets and keeps the lengths.
pub(super) fn implied_tuplet(written: Fraction) -> Tuplet {
    let odd = written.den() >> written.den().trailing_zeros();
    match u32::try_from(odd) {
        Ok(actual @ 3..=63) => Tuplet {
            actual,
            normal: 1 << (31 - actual.leading_zeros()),
        },
        _ => Tuplet::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(num: i64, den: i64) -> String {
        let values = values(Fraction::new(num, den).unwrap());
        let printed = values.iter();
        let printed: Vec<String> = printed
            .map(|v| format!("{}{}", v.name(), ".".repeat(usize::from(v.dots))))
            .collect();
        printed.join("+")
    }

    #[test]
    fn lengths_are_printed_by_as_few_notes_as_can_be() {
        assert_eq!(printed(1, 4), "quarter");
        assert_eq!(printed(3, 8), "quarter.");
        assert_eq!(printed(7, 16), "quarter..");
        assert_eq!(printed(5, 8), "half+eighth");
        assert_eq!(printed(9, 8), "whole+eighth");
        assert_eq!(printed(11, 16), "half+eighth.");
        assert_eq!(printed(3, 1), "breve.");
    }

    #[test]
    fn a_value_seen_from_its_numbers_is_the_one_that_is_found_by_trying() {
        for (num, shift) in (1..20).flat_map(|num| (0..14).map(move |shift| (num, shift))) {
            let length = Fraction::new(num, 1 << shift).unwrap();
            let tried = largest_within(length, 2).filter(|v| v.length() == length);
            assert!(single(length).is_none_or(|v| Some(v) == tried), "{length}");
        }
        assert!(single(Fraction::new(3, 8).unwrap()).is_some());
    }

    #[test]
    fn artefacts_are_printed_as_the_nearest_note() {
        assert_eq!(printed(191, 256), "half.");
        assert_eq!(printed(1, 100_000), "1024th");
        assert_eq!(printed(1, 3), "quarter.");
    }

    #[test]
    fn a_third_outside_a_tuplet_implies_one() {
        let implied = |n, d| {
            let t = implied_tuplet(Fraction::new(n, d).unwrap());
            (t.actual, t.normal)
        };
        assert_eq!(implied(1, 12), (3, 2));
        assert_eq!(implied(1, 40), (5, 4));
        assert_eq!(implied(1, 44), (11, 8));
        assert_eq!(implied(3, 8), (1, 1));
    }
}
