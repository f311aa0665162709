//! `cvt`.

use half::{bf16, f16};

use super::{double, flush, half, single};
use crate::program::{AnyConvert, Number, Rounding};

/// `cvt`: from the bits of one type to those of another, in registers of 32 or 64 bits.
pub(crate) fn convert(any: &AnyConvert, bits: u64) -> u64 {
    match any.from {
        Number::Integer(bytes, signed) => {
            let value = whole(bits, bytes, signed);
            match any.to {
                Number::Integer(to, to_signed) => {
                    let value = if any.saturate {
                        clamp(value, to, to_signed)
                    } else {
                        value
                    };
                    grown(value as u64, to, to_signed)
                }
                Number::Double => rounded_double(value, any.rounding).to_bits(),
                // Singles and halves: by way of a double, which holds 32-bit integers exactly.
                Number::Single if any.rounding == Rounding::Even => {
                    u64::from((value as f32).to_bits())
                }
                to => from_exact(any, to, value as f64),
            }
        }
        Number::Half => float(any, f64::from(half(bits as u32))),
        Number::Brain => float(any, f64::from(bf16::from_bits(bits as u16).to_f32())),
        Number::Single if any.flush => float(any, f64::from(single(flush(bits as u32)))),
        Number::Single => float(any, f64::from(single(bits as u32))),
        Number::Double => float(any, double(bits)),
    }
}

fn float(any: &AnyConvert, value: f64) -> u64 {
    let rounded = |value: f64| match any.rounding {
        Rounding::Even => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    };
    match any.to {
        // Always saturates; a NaN becomes 0.
        Number::Integer(bytes, signed) if value.is_nan() => grown(0, bytes, signed),
        Number::Integer(bytes, signed) => {
            let value = rounded(value) as i128;
            grown(clamp(value, bytes, signed) as u64, bytes, signed)
        }
        to => from_exact(any, to, if any.whole { rounded(value) } else { value }),
    }
}

/// A double as a float of another type, rounded as asked.
fn from_exact(any: &AnyConvert, to: Number, value: f64) -> u64 {
    let value = match any.saturate {
        true if value.is_nan() => 0.0,
        true => value.clamp(0.0, 1.0),
        false => value,
    };
    match to {
        Number::Double => value.to_bits(),
        Number::Single => {
            let near = value as f32;
            let near = directed(
                near,
                f64::from(near),
                value,
                any.rounding,
                f32::next_down,
                f32::next_up,
            );
            let bits = near.to_bits();
            u64::from(if any.flush { flush(bits) } else { bits })
        }
        Number::Brain => u64::from(bf16::from_f64(value).to_bits()),
        _ => {
            let near = f16::from_f64(value);
            let (down, up) = (half_below as fn(f16) -> f16, half_above as fn(f16) -> f16);
            let near = directed(near, near.to_f64(), value, any.rounding, down, up);
            u64::from(near.to_bits())
        }
    }
}

fn half_above(value: f16) -> f16 {
    match value.to_bits() {
        0x8000 => f16::from_bits(1),
        bits if value.is_sign_negative() => f16::from_bits(bits - 1),
        bits => f16::from_bits(bits + 1),
    }
}

fn half_below(value: f16) -> f16 {
    -half_above(-value)
}

/// The nearest value, moved one step where it lies on the wrong side.
fn directed<T>(
    near: T,
    as_double: f64,
    exact: f64,
    rounding: Rounding,
    down: fn(T) -> T,
    up: fn(T) -> T,
) -> T {
    let (above, below) = (as_double > exact, as_double < exact);
    match rounding {
        Rounding::Down if above => down(near),
        Rounding::Up if below => up(near),
        Rounding::Zero if above && exact > 0.0 => down(near),
        Rounding::Zero if below && exact < 0.0 => up(near),
        _ => near,
    }
}

fn rounded_double(value: i128, rounding: Rounding) -> f64 {
    let near = value as f64;
    let (above, below) = (near as i128 > value, (near as i128) < value);
    match rounding {
        Rounding::Down if above => near.next_down(),
        Rounding::Up if below => near.next_up(),
        Rounding::Zero if above && value > 0 => near.next_down(),
        Rounding::Zero if below && value < 0 => near.next_up(),
        _ => near,
    }
}

/// The integer in the low bytes.
fn whole(bits: u64, bytes: u8, signed: bool) -> i128 {
    let grown = grown(bits, bytes, signed);
    if signed {
        // Grown to 32 bits at least, with its sign.
        let unused = 64 - 8 * u32::from(bytes);
        i128::from((bits << unused) as i64 >> unused)
    } else {
        i128::from(grown)
    }
}

/// The low bytes as a register holds them: with zeros above, or with the sign up to 64 bits. 16-bit registers keep clean
/// upper halves.
fn grown(bits: u64, bytes: u8, signed: bool) -> u64 {
    let unused = 64 - 8 * u32::from(bytes);
    let low = bits << unused >> unused;
    if !signed {
        return low;
    }
    ((bits << unused) as i64 >> unused) as u64
}

fn clamp(value: i128, bytes: u8, signed: bool) -> i128 {
    let bits = 8 * u32::from(bytes);
    let (least, most) = match signed {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    };
    value.clamp(least, most)
}
