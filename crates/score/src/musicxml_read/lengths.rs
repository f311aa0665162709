//! How long notes are: what is printed, and what the file says they last.

use crate::abc::fit::HAIR;
use crate::event::Tuplet;
use crate::fraction::Fraction;

/// How an event is printed and how long it lasts.
pub(super) struct Lasting {
    pub(super) written: Fraction,
    pub(super) duration: Fraction,
    pub(super) ratio: Tuplet,
    /// What is printed does not last as long as the file says.
    pub(super) disagrees: bool,
}

/// What the file says of the length of an event.
pub(super) struct Told {
    /// How long it lasts.
    pub(super) span: Fraction,
    /// The printed value, unless nothing is printed.
    pub(super) printed: Option<Fraction>,
    pub(super) ratio: Tuplet,
    /// One of the two notes of a tremolo.
    pub(super) is_pair: bool,
    /// The shortest length that the file can tell.
    pub(super) tick: Fraction,
}

/// Puts together what is printed and what the file says it lasts.
///
/// The two agree, or the file counts in divisions that cannot hold the exact length and is out by one of
/// them: then what is printed is exact. Otherwise `disagrees` is set, and it is settled when the bar is
/// whole. Both notes of a tremolo between two are printed as long as the pair, with or without a ratio that
/// makes up for it.
pub(super) fn lasting(told: &Told) -> Lasting {
    let Told { span, tick, .. } = *told;
    let exact = |written: Fraction, ratio: Tuplet| {
        let duration = written.checked_mul(ratio.factor()?)?;
        is_rounded(duration, span, tick).then_some(Lasting {
            written,
            duration,
            ratio,
            disagrees: false,
        })
    };
    let alone = |ratio: Tuplet| {
        let written = ratio.factor().and_then(|f| span.checked_div(f));
        Lasting {
            written: written.unwrap_or(span),
            duration: span,
            ratio: if written.is_some() {
                ratio
            } else {
                Tuplet::NONE
            },
            disagrees: false,
        }
    };
    let own = if told.is_pair {
        halved(told.ratio)
    } else {
        told.ratio
    };
    let Some(printed) = told.printed else {
        return alone(own);
    };
    if told.is_pair {
        let half = printed.checked_mul(Fraction::half_to_the(1));
        let half = half.unwrap_or(printed);
        let found = exact(half, own).or_else(|| exact(half, told.ratio));
        return found.unwrap_or_else(|| alone(own));
    }
    exact(printed, told.ratio).unwrap_or(Lasting {
        written: printed,
        duration: span,
        ratio: told.ratio,
        disagrees: true,
    })
}

/// The ratio without the 2:1 of a tremolo between two notes.
const fn halved(tuplet: Tuplet) -> Tuplet {
    if tuplet.is_none() {
        Tuplet::NONE
    } else if tuplet.actual.is_multiple_of(2) {
        Tuplet {
            actual: tuplet.actual / 2,
            normal: tuplet.normal,
        }
    } else {
        Tuplet {
            actual: tuplet.actual,
            normal: tuplet.normal.saturating_mul(2),
        }
    }
}

/// Whether `told` is `exact`, or as near to it as whole ticks come: within one for lengths of tuplets, which
/// programs round, and within a hair for others.
fn is_rounded(exact: Fraction, told: Fraction, tick: Fraction) -> bool {
    if exact == told {
        return true;
    }
    let is_held = exact
        .checked_div(tick)
        .is_some_and(|ticks| ticks.den() == 1);
    let gap = exact.max(told).checked_sub(exact.min(told));
    let is_near = |gap: Fraction| gap <= tick && (gap < HAIR || !exact.is_dyadic());
    !is_held && gap.is_some_and(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        span: (i64, i64),
        printed: Option<(i64, i64)>,
        ratio: (u32, u32),
        is_pair: bool,
    ) -> String {
        let f = |(n, d)| Fraction::new(n, d).unwrap();
        let lasting = lasting(&Told {
            span: f(span),
            printed: printed.map(f),
            ratio: Tuplet {
                actual: ratio.0,
                normal: ratio.1,
            },
            is_pair,
            tick: f((1, 64)),
        });
        let Lasting {
            written,
            duration,
            ratio,
            disagrees,
        } = lasting;
        let sign = if disagrees { "!" } else { "" };
        format!(
            "{written} {}:{} {duration}{sign}",
            ratio.actual, ratio.normal
        )
    }

    #[test]
    fn print_and_duration_agree_or_the_duration_is_rounded() {
        assert_eq!(read((1, 4), Some((1, 4)), (1, 1), false), "1/4 1:1 1/4");
        // A triplet in sixty-fourths.
        assert_eq!(read((5, 64), Some((1, 8)), (3, 2), false), "1/8 3:2 1/12");
        assert_eq!(read((6, 64), Some((1, 8)), (3, 2), false), "1/8 3:2 1/12");
        assert_eq!(read((7, 64), Some((1, 8)), (3, 2), false), "1/8 3:2 7/64!");
        assert_eq!(read((1, 4), Some((1, 8)), (1, 1), false), "1/8 1:1 1/4!");
        assert_eq!(read((1, 4), None, (3, 2), false), "3/8 3:2 1/4");
    }

    #[test]
    fn a_pair_is_printed_twice_as_long_with_or_without_a_ratio() {
        assert_eq!(read((1, 4), Some((1, 2)), (2, 1), true), "1/4 1:1 1/4");
        assert_eq!(read((1, 4), Some((1, 2)), (1, 1), true), "1/4 1:1 1/4");
        assert_eq!(read((1, 6), Some((1, 2)), (6, 2), true), "1/4 3:2 1/6");
        assert_eq!(read((1, 6), Some((1, 2)), (3, 1), true), "1/4 3:2 1/6");
        assert_eq!(read((1, 6), Some((1, 2)), (3, 2), true), "1/4 3:2 1/6");
    }
}
