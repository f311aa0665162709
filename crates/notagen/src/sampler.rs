//! From logits to one character, in NotaGen's order: the characters to keep are chosen at
//! temperature 1 (top-k, then top-p), and only then does the temperature reshape what was kept.
//! Most libraries temper first, so their choice widens as the temperature grows.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate` and `safe_normalize_probs`,
//! with `top_k_sampling`, `top_p_sampling` and `temperature_sampling` of the package `samplings`.
//!
//! Everything is f64 over 128 entries; sums run in a fixed order.

use crate::kernels::Isa;
use crate::{Error, Sampling, VOCAB};

/// `safe_normalize_probs`' smallest probability.
const EPSILON: f64 = 1e-12;

/// The distribution `[128] f64` that a character is drawn from, given `logits [128] f32`.
///
/// `top_k` 0 or above 128 keeps all, `top_p` 1 keeps all, `temperature` 0 keeps the most probable
/// alone. Of equally probable characters the one with the larger id comes first.
///
/// The reference adds 1e-12 to *every* probability after each filter, so what was filtered out can
/// still be drawn: harmless at temperature 1.2, a stray character in every other piece at 2.
/// `compat_epsilon` does likewise, for comparison; without it what is filtered out is gone.
pub fn distribution(
    logits: &[f32],
    sampling: &Sampling,
    compat_epsilon: bool,
) -> Result<[f64; VOCAB], Error> {
    filtered(probabilities(logits)?, sampling, compat_epsilon)
}

/// What the model gives to each character, none of it nothing.
pub(crate) fn probabilities(logits: &[f32]) -> Result<[f64; VOCAB], Error> {
    let mut softmax: [f32; VOCAB] = logits
        .try_into()
        .map_err(|_| Error::call(format!("{} logits instead of {VOCAB}", logits.len())))?;
    if softmax.iter().any(|logit| !logit.is_finite()) {
        return Err(Error::NotFinite { what: "logits" });
    }
    Isa::detect().softmax_of_logits(&mut softmax);
    let mut p = softmax.map(f64::from);
    smooth(&mut p, EPSILON);
    Ok(p)
}

/// [`distribution`], given the [`probabilities`], of which some may be 0 by now: those characters are
/// left out before the filters, so that top-k counts characters that can be drawn.
pub(crate) fn filtered(
    mut p: [f64; VOCAB],
    sampling: &Sampling,
    compat_epsilon: bool,
) -> Result<[f64; VOCAB], Error> {
    let possible = p.iter().filter(|p| **p > 0.0).count();
    if possible == 0 {
        return Err(Error::call("no character may be drawn".to_owned()));
    }
    let first = match sampling.top_k as usize {
        0 => VOCAB,
        k => k.min(VOCAB),
    };
    // What has no probability comes last: no filter may keep it.
    let first = first.min(possible);
    let rank = ranked(&p, first);

    if sampling.temperature == 0.0 {
        let mut only = [0.0; VOCAB];
        only[rank[0]] = 1.0;
        return Ok(only);
    }

    let epsilon = if compat_epsilon { EPSILON } else { 0.0 };
    keep(&mut p, &rank[..first]);
    smooth(&mut p, epsilon);

    if sampling.top_p < 1.0 {
        // A rank stays when the ranks before it have not gone beyond top_p; the first always stays.
        // With compat_epsilon there are ranks after the k-th, of next to no probability: as in the
        // reference they count towards the sum, and stay only if it is not reached before.
        let count = if compat_epsilon { VOCAB } else { first };
        let rank = ranked(&p, count);
        let mut before = 0.0;
        let kept = rank[..count]
            .iter()
            .take_while(|&&id| {
                let stays = before <= sampling.top_p;
                before += p[id];
                stays
            })
            .count();
        keep(&mut p, &rank[..kept]);
    }
    smooth(&mut p, epsilon);

    if sampling.temperature != 1.0 {
        // Relative to the largest, so that a low temperature cannot make every power underflow.
        let (largest, power) = (p[rank[0]], 1.0 / sampling.temperature);
        for value in p.iter_mut().filter(|value| **value > 0.0) {
            *value = (*value / largest).powf(power);
        }
        smooth(&mut p, 0.0);
    }
    Ok(p)
}

/// The character that `u` in [0, 1) picks: the first whose cumulative probability, in order of ids,
/// is above `u`.
pub fn draw(distribution: &[f64; VOCAB], u: f64) -> u8 {
    let total: f64 = distribution.iter().sum();
    let mut below = 0.0;
    let mut last = 0;
    for (id, &p) in distribution.iter().enumerate() {
        below += p;
        if below / total > u {
            return id as u8;
        }
        if p > 0.0 {
            last = id;
        }
    }
    // Reached only if rounding left the sum at or below u.
    last as u8
}

/// p <- (p + epsilon) / sum
fn smooth(p: &mut [f64; VOCAB], epsilon: f64) {
    let sum: f64 = p.iter().map(|p| p + epsilon).sum();
    for p in p {
        *p = (*p + epsilon) / sum;
    }
}

/// The ids in order of probability, of equals the larger first; in order only as far as the first
/// `count`.
fn ranked(p: &[f64; VOCAB], count: usize) -> [usize; VOCAB] {
    let order = |&a: &usize, &b: &usize| p[b].total_cmp(&p[a]).then(b.cmp(&a));
    let mut rank: [usize; VOCAB] = std::array::from_fn(|id| id);
    if count < VOCAB {
        rank.select_nth_unstable_by(count, order);
    }
    rank[..count].sort_unstable_by(order);
    rank
}

/// Keeps these ids alone and makes them a distribution again.
fn keep(p: &mut [f64; VOCAB], ids: &[usize]) {
    let mut kept = [0.0; VOCAB];
    for &id in ids {
        kept[id] = p[id];
    }
    *p = kept;
    smooth(p, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Sampling = Sampling {
        top_k: 128,
        top_p: 1.0,
        temperature: 1.0,
    };

    fn logits(set: &[(usize, f32)]) -> [f32; VOCAB] {
        let mut logits = [-30.0; VOCAB];
        for &(id, logit) in set {
            logits[id] = logit;
        }
        logits
    }

    fn support(p: &[f64; VOCAB]) -> Vec<usize> {
        (0..VOCAB).filter(|&id| p[id] > 0.0).collect()
    }

    #[test]
    fn of_equal_characters_the_larger_id_is_kept() {
        let p = distribution(
            &logits(&[(3, 1.0), (9, 1.0), (5, 1.0)]),
            &Sampling { top_k: 2, ..OPEN },
            false,
        )
        .unwrap();
        assert_eq!(support(&p), [5, 9]);
        let p = distribution(
            &[0.0; VOCAB],
            &Sampling {
                temperature: 0.0,
                ..OPEN
            },
            false,
        )
        .unwrap();
        assert_eq!(support(&p), [127]);
    }

    #[test]
    fn top_k_beyond_the_vocabulary_keeps_all() {
        let logits: [f32; VOCAB] = std::array::from_fn(|id| id as f32 / 16.0);
        let all = distribution(&logits, &OPEN, false).unwrap();
        for top_k in [0, 129, u32::MAX] {
            assert_eq!(
                distribution(&logits, &Sampling { top_k, ..OPEN }, false).unwrap(),
                all
            );
        }
        assert_eq!(support(&all).len(), VOCAB);
    }

    #[test]
    fn temperature_zero_takes_the_most_probable() {
        let p = distribution(
            &logits(&[(40, 2.0), (7, 2.5)]),
            &Sampling {
                temperature: 0.0,
                ..OPEN
            },
            false,
        )
        .unwrap();
        assert_eq!(support(&p), [7]);
        assert_eq!(draw(&p, 0.0), 7);
        assert_eq!(draw(&p, 1.0 - f64::EPSILON), 7);
    }

    #[test]
    fn a_low_temperature_tends_to_the_most_probable() {
        let p = distribution(
            &logits(&[(40, 2.0), (7, 2.5)]),
            &Sampling {
                temperature: 1e-3,
                ..OPEN
            },
            false,
        )
        .unwrap();
        assert!(p[7] > 0.999_999);
        let p = distribution(
            &logits(&[(40, 2.0), (7, 2.5)]),
            &Sampling {
                temperature: 1e-300,
                ..OPEN
            },
            false,
        )
        .unwrap();
        assert_eq!(p[7], 1.0);
    }

    #[test]
    fn the_filters_do_not_depend_on_the_temperature() {
        let logits: [f32; VOCAB] = std::array::from_fn(|id| (id % 13) as f32 / 2.0);
        let at = |temperature| {
            support(
                &distribution(
                    &logits,
                    &Sampling {
                        top_k: 9,
                        top_p: 0.6,
                        temperature,
                    },
                    false,
                )
                .unwrap(),
            )
        };
        assert_eq!(at(1.0), at(3.0));
        assert_eq!(at(1.0), at(0.3));
    }

    #[test]
    fn a_filtered_character_cannot_be_drawn_unless_compatibility_is_asked_for() {
        let logits = logits(&[(40, 2.0), (7, 2.5), (8, 0.0)]);
        let sampling = Sampling {
            top_k: 2,
            top_p: 0.9,
            temperature: 3.0,
        };
        assert_eq!(
            support(&distribution(&logits, &sampling, false).unwrap()),
            [7, 40]
        );
        assert_eq!(
            support(&distribution(&logits, &sampling, true).unwrap()).len(),
            VOCAB
        );
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = distribution(&logits(&[(4, bad)]), &OPEN, false).unwrap_err();
            assert_eq!(error.code(), "not_finite");
        }
        assert_eq!(
            distribution(&[0.0; 5], &OPEN, false).unwrap_err().code(),
            "call_invalid"
        );
    }

    #[test]
    fn sampling_that_defines_no_distribution_is_refused() {
        let good = Sampling::default();
        assert!(good.validate().is_ok());
        assert!(
            Sampling {
                temperature: 0.0,
                top_k: 4000,
                top_p: 1.0
            }
            .validate()
            .is_ok()
        );
        let bad = [
            Sampling { top_k: 0, ..good },
            Sampling { top_p: 0.0, ..good },
            Sampling { top_p: 1.1, ..good },
            Sampling {
                top_p: f64::NAN,
                ..good
            },
            Sampling {
                temperature: -0.1,
                ..good
            },
            Sampling {
                temperature: f64::NAN,
                ..good
            },
            Sampling {
                temperature: f64::INFINITY,
                ..good
            },
        ];
        for sampling in bad {
            assert_eq!(
                sampling.validate().unwrap_err().code(),
                "sampling_invalid",
                "{sampling:?}"
            );
        }
    }

    #[test]
    fn draw_walks_the_distribution_in_order_of_ids() {
        let mut p = [0.0; VOCAB];
        (p[10], p[20], p[30]) = (0.25, 0.5, 0.25);
        for (u, id) in [
            (0.0, 10),
            (0.249, 10),
            (0.25, 20),
            (0.749, 20),
            (0.75, 30),
            (0.999_999, 30),
        ] {
            assert_eq!(draw(&p, u), id, "u = {u}");
        }
    }
}
