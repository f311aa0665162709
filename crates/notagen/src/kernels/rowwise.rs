//! Norm, gelu and softmax of one row, written so that the compiler vectorises them without being
//! free to change a result: fused only where it says so, in one order, with nothing from the system's
//! math library. So they give the same bits on every processor.

use super::blocks::{BLOCK, Rounded};

/// Lanes of a sum over a row.
const LANES: usize = 16;
/// Adding it rounds a small number to a whole one, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;
/// Added to the variance (`layer_norm_epsilon` of the reference's `GPT2Config`).
const NORM_EPSILON: f32 = 1e-5;

#[inline(always)]
pub(super) fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    let count = x.len() as f32;
    // In four times as many lanes: an addition need not wait for the one before it.
    let mean = sum::<{ 4 * LANES }>(x, |x| x) / count;
    let variance = sum::<{ 4 * LANES }>(x, |x| (x - mean) * (x - mean)) / count;
    let scale = 1.0 / (variance + NORM_EPSILON).sqrt();
    for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
        *out = (x - mean) * scale * weight + bias;
    }
}

/// As [`Rounded`] says. Of what is no number or infinite, the scale is so too.
#[inline(always)]
pub(super) fn round(x: &[f32], rounded: &mut [Rounded]) {
    /// Below it, 127 times its reciprocal is too large; then all numbers are 0.
    const LEAST: f32 = 1e-30;
    for (x, rounded) in x.as_chunks::<BLOCK>().0.iter().zip(rounded) {
        // As whole numbers, sizes are in order too, and what is no number is above all.
        let mut sizes = [0; LANES];
        for x in x.as_chunks::<LANES>().0 {
            for (size, x) in sizes.iter_mut().zip(x) {
                *size = (x.to_bits() & 0x7fff_ffff).max(*size);
            }
        }
        let largest = f32::from_bits(fold(sizes, u32::max));
        let inverse = if largest > LEAST {
            127.0 / largest
        } else {
            0.0
        };
        // To the nearest, and of two to the even one: the low bits of these.
        let mut numbers = [0; BLOCK];
        for (number, x) in numbers.iter_mut().zip(x) {
            *number = (x * inverse + ROUND)
                .to_bits()
                .wrapping_sub(ROUND.to_bits())
                .cast_signed();
        }
        let mut totals = [0; LANES];
        for numbers in numbers.as_chunks::<LANES>().0 {
            for (total, number) in totals.iter_mut().zip(numbers) {
                *total += *number;
            }
        }
        rounded.scale = largest / 127.0;
        rounded.total = fold(totals, i32::wrapping_add);
        for (to, number) in rounded.numbers.as_flattened_mut().iter_mut().zip(&numbers) {
            *to = *number as i8;
        }
    }
}

/// Halves onto halves.
#[inline(always)]
fn fold<T: Copy, const N: usize>(mut lanes: [T; N], join: impl Fn(T, T) -> T) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = join(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// `x/2 (1 + tanh u)` is `x / (1 + exp(-2u))`, with `u = sqrt(2/pi) (x + 0.044715 x^3)`.
#[inline(always)]
pub(super) fn gelu(x: &mut [f32]) {
    const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769_2;
    for x in x {
        let twice_u = TWICE_SQRT_2_OVER_PI * (*x + 0.044_715 * (*x * *x * *x));
        *x /= 1.0 + exp(-twice_u);
    }
}

#[inline(always)]
pub(super) fn softmax(scores: &mut [f32], scale: f32) {
    let largest = largest(scores);
    for score in scores.iter_mut() {
        *score = exp((*score - largest) * scale);
    }
    let total = sum::<LANES>(scores, |x| x);
    for score in scores {
        *score /= total;
    }
}

/// The distribution over characters decides which one is drawn, so it is worth having the very bits
/// of the reference: PyTorch's `softmax` on a processor with AVX-512 takes SLEEF's `expf` (within 1
/// unit in the last place), adds in 16 lanes, and multiplies by the reciprocal. Fused where it fuses.
#[inline(always)]
pub(super) fn softmax_of_logits(x: &mut [f32]) {
    /// ln 2 in two parts.
    const LN_2_HIGH: f32 = 0.693_145_75;
    const LN_2_LOW: f32 = 1.428_606_8e-6;
    let largest = largest(x);
    for x in x.iter_mut() {
        // Below this, e^x is 0 in any sum with 1.
        let below = (*x - largest).max(-87.0);
        let n = (below * std::f32::consts::LOG2_E + ROUND) - ROUND;
        let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, below));
        let mut u = 0.000_198_527_62_f32;
        for factor in [
            0.001_393_043_6,
            0.008_333_361,
            0.041_666_485,
            0.166_666_67,
            0.5,
        ] {
            u = u.mul_add(r, factor);
        }
        *x = power_of_two(n + ROUND) * (1.0 + (r * r).mul_add(u, r));
    }
    let reciprocal = 1.0 / sum::<LANES>(x, |x| x);
    for x in x {
        *x *= reciprocal;
    }
}

#[inline(always)]
fn largest(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = if *x > *lane { *x } else { *lane };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max)
}

#[inline(always)]
fn sum<const N: usize>(x: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<N>();
    // A new array each time, and no index that is not a constant: so they stay in registers.
    let mut lanes = [0.0; N];
    for chunk in chunks {
        lanes = std::array::from_fn(|lane| lanes[lane] + term(chunk[lane]));
    }
    lanes = std::array::from_fn(|lane| match rest.get(lane) {
        Some(x) => lanes[lane] + term(*x),
        None => lanes[lane],
    });
    fold(lanes, |a, b| a + b)
}

/// e to the x, within 2 units in the last place; beyond what f32 holds it stays at the border.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r is its Taylor polynomial, 2^n is put together from bits.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// ln 2 in two parts; a whole number below 2^8 times the first is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;

    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut power = 1.0 / 5040.0;
    for factor in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        power = power * r + factor;
    }
    power * power_of_two(rounded)
}

/// 2^n from `n + ROUND`, for a whole n from -126 to 127.
#[inline(always)]
fn power_of_two(rounded: f32) -> f32 {
    let exponent = rounded
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    f32::from_bits(exponent << 23)
}
