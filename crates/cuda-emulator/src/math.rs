//! Arithmetic of single values, as PTX defines it.

mod convert;

pub(crate) use convert::convert;
use half::f16;

use crate::program::{Binary32, Ternary32, Test, Unary32};
use crate::warp::{LANES, Words, row};

#[inline]
pub(crate) const fn single(bits: u32) -> f32 {
    f32::from_bits(bits)
}

#[inline]
pub(crate) const fn double(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// A half as the single it is.
#[inline]
pub(crate) fn half(bits: u32) -> f32 {
    f16::from_bits(bits as u16).to_f32()
}

fn to_half(value: f32) -> u32 {
    u32::from(f16::from_f32(value).to_bits())
}

/// Subnormals become a zero of their sign.
#[inline]
pub(crate) const fn flush(bits: u32) -> u32 {
    if bits & 0x7f80_0000 == 0 {
        bits & 0x8000_0000
    } else {
        bits
    }
}

/// Fused multiplication and addition of all lanes.
pub(crate) fn fused(x: &Words, y: &Words, z: &Words) -> Words {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { fused_by_instruction(x, y, z) };
    }
    fused_lanes(x, y, z)
}

#[inline(always)]
fn fused_lanes(x: &Words, y: &Words, z: &Words) -> Words {
    row(|lane| {
        single(x[lane])
            .mul_add(single(y[lane]), single(z[lane]))
            .to_bits()
    })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused_by_instruction(x: &Words, y: &Words, z: &Words) -> Words {
    fused_lanes(x, y, z)
}

pub(crate) fn halves_to_singles(x: &Words) -> Words {
    use half::slice::HalfFloatSliceExt;
    let halves: [f16; LANES] = row(|lane| f16::from_bits(x[lane] as u16));
    let mut singles = [0f32; LANES];
    halves.convert_to_f32_slice(&mut singles);
    singles.map(f32::to_bits)
}

pub(crate) fn singles_to_halves(x: &Words) -> Words {
    use half::slice::HalfFloatSliceExt;
    let singles = x.map(f32::from_bits);
    let mut halves = [f16::ZERO; LANES];
    halves.convert_from_f32_slice(&singles);
    halves.map(|half| u32::from(half.to_bits()))
}

#[inline]
pub(crate) fn shift_left(x: u32, by: u32) -> u32 {
    x.checked_shl(by).unwrap_or(0)
}

#[inline]
pub(crate) fn shift_right(x: u32, by: u32) -> u32 {
    x.checked_shr(by).unwrap_or(0)
}

/// The smaller; a NaN loses, and -0 is below 0.
fn min_single(x: f32, y: f32) -> f32 {
    if x == y {
        return if x.is_sign_negative() { x } else { y };
    }
    x.min(y)
}

pub(crate) fn min_double(x: f64, y: f64) -> f64 {
    if x == y {
        return if x.is_sign_negative() { x } else { y };
    }
    x.min(y)
}

/// `bfe`: `length` bits from `position` on; with sign, the last of them is repeated.
#[inline]
pub(crate) fn extract(x: u64, position: u32, length: u32, width: u32, signed: bool) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    let top = (position + length).saturating_sub(1).min(width - 1);
    let fill = signed && length > 0 && x >> top & 1 == 1;
    let moved = if position >= width { 0 } else { x >> position };
    // Bits of the field that are there at all.
    let there = length.min(width.saturating_sub(position));
    let below = |count: u32| {
        if count >= 64 {
            u64::MAX
        } else {
            (1 << count) - 1
        }
    };
    let value = moved & below(there);
    let value = if fill { value | !below(there) } else { value };
    value & below(width)
}

/// `bfi`: the low `length` bits of `x` put into `y` at `position`.
#[inline]
pub(crate) fn insert(x: u64, y: u64, position: u32, length: u32, width: u32) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    if position >= width {
        return y;
    }
    let length = length.min(width - position);
    let field = if length >= 64 {
        u64::MAX
    } else {
        (1 << length) - 1
    } << position;
    y & !field | (x << position) & field
}

/// `lop3`: bit by bit what the table says.
#[inline]
pub(crate) fn logic(table: u8, x: u32, y: u32, z: u32) -> u32 {
    (0..8)
        .filter(|row| table >> row & 1 == 1)
        .fold(0, |all, row| {
            let x = if row & 4 == 0 { !x } else { x };
            let y = if row & 2 == 0 { !y } else { y };
            let z = if row & 1 == 0 { !z } else { z };
            all | x & y & z
        })
}

/// `prmt`: four bytes out of eight, by four bits each; the highest of them asks for the byte's sign.
#[inline]
pub(crate) fn permute(x: u32, y: u32, selector: u32) -> u32 {
    let bytes = u64::from(x) | u64::from(y) << 32;
    (0..4).fold(0, |all, at| {
        let chosen = selector >> (4 * at) & 0xf;
        let byte = (bytes >> (8 * (chosen & 7))) as u8;
        let byte = if chosen & 8 == 0 {
            byte
        } else {
            ((byte as i8) >> 7) as u8
        };
        all | u32::from(byte) << (8 * at)
    })
}

#[inline]
pub(crate) fn unary(op: Unary32, x: u32) -> u32 {
    let s = x as i32;
    // Computed in 64 bits, rounded once: closer than a card.
    let exact = |of: fn(f64) -> f64| (of(f64::from(single(x))) as f32).to_bits();
    match op {
        Unary32::Not => !x,
        Unary32::Not16 => !x & 0xffff,
        Unary32::Negate => x.wrapping_neg(),
        Unary32::Negate16 => x.wrapping_neg() & 0xffff,
        Unary32::Absolute => s.wrapping_abs() as u32,
        Unary32::Absolute16 => u32::from((x as u16 as i16).unsigned_abs()),
        Unary32::PopulationCount => x.count_ones(),
        Unary32::LeadingZeros => x.leading_zeros(),
        Unary32::Reverse => x.reverse_bits(),
        Unary32::FindU => 31u32.wrapping_sub(x.leading_zeros()),
        Unary32::FindS => 31u32.wrapping_sub((x ^ (s >> 31) as u32).leading_zeros()),
        Unary32::FindShiftU if x == 0 => u32::MAX,
        Unary32::FindShiftU => x.leading_zeros(),
        Unary32::FindShiftS => match x ^ (s >> 31) as u32 {
            0 => u32::MAX,
            x => x.leading_zeros(),
        },
        Unary32::NegateF => x ^ 1 << 31,
        Unary32::AbsoluteF => x & !(1 << 31),
        Unary32::Reciprocal => (1.0 / single(x)).to_bits(),
        Unary32::Root => single(x).sqrt().to_bits(),
        Unary32::ReciprocalRoot => exact(|x| 1.0 / x.sqrt()),
        Unary32::Exponential => exact(f64::exp2),
        Unary32::Logarithm => exact(f64::log2),
        Unary32::Sine => exact(f64::sin),
        Unary32::Cosine => exact(f64::cos),
        Unary32::Tangent => exact(f64::tanh),
        Unary32::NegateH => x ^ 1 << 15,
        Unary32::AbsoluteH => x & 0x7fff,
        Unary32::Flush => flush(x),
        Unary32::Saturate if single(x).is_nan() => 0,
        Unary32::Saturate => single(x).clamp(0.0, 1.0).to_bits(),
    }
}

#[inline]
pub(crate) fn binary(op: Binary32, x: u32, y: u32) -> u32 {
    let (s, t) = (x as i32, y as i32);
    let (s16, t16) = (i32::from(x as u16 as i16), i32::from(y as u16 as i16));
    let low = |value: i32| value as u32 & 0xffff;
    match op {
        Binary32::HighU => ((u64::from(x) * u64::from(y)) >> 32) as u32,
        Binary32::HighS => ((i64::from(s) * i64::from(t)) >> 32) as u32,
        // What a card gives for a division by zero is all ones; the remainder is the dividend.
        Binary32::DivideU => x.checked_div(y).unwrap_or(u32::MAX),
        Binary32::DivideS if t == 0 => u32::MAX,
        Binary32::DivideS => s.wrapping_div(t) as u32,
        Binary32::RemainderU => x.checked_rem(y).unwrap_or(x),
        Binary32::RemainderS if t == 0 => x,
        Binary32::RemainderS => s.wrapping_rem(t) as u32,
        Binary32::MinU => x.min(y),
        Binary32::MinS => s.min(t) as u32,
        Binary32::MaxU => x.max(y),
        Binary32::MaxS => s.max(t) as u32,
        Binary32::ShiftRightS => (s >> y.min(31)) as u32,
        Binary32::Add16 => x.wrapping_add(y) & 0xffff,
        Binary32::Subtract16 => x.wrapping_sub(y) & 0xffff,
        Binary32::Multiply16 => x.wrapping_mul(y) & 0xffff,
        Binary32::HighU16 => ((x & 0xffff) * (y & 0xffff)) >> 16,
        Binary32::HighS16 => low((s16 * t16) >> 16),
        Binary32::DivideS16 if t16 == 0 => 0xffff,
        Binary32::DivideS16 => low(s16 / t16),
        Binary32::RemainderS16 if t16 == 0 => x,
        Binary32::RemainderS16 => low(s16 % t16),
        Binary32::MinS16 => low(s16.min(t16)),
        Binary32::MaxS16 => low(s16.max(t16)),
        Binary32::ShiftLeft16 => shift_left(x, y) & 0xffff,
        Binary32::ShiftRightS16 => low(s16 >> y.min(15)),
        Binary32::MinF => min_single(single(x), single(y)).to_bits(),
        Binary32::MaxF => (-min_single(-single(x), -single(y))).to_bits(),
        // PTX: the sign of the first with the value of the second.
        Binary32::CopySignF => single(y).copysign(single(x)).to_bits(),
        // A sum or product of two halves is exact in a single or rounds the same way twice.
        Binary32::AddH => to_half(half(x) + half(y)),
        Binary32::SubtractH => to_half(half(x) - half(y)),
        Binary32::MultiplyH => to_half(half(x) * half(y)),
        Binary32::MinH => to_half(min_single(half(x), half(y))),
        Binary32::MaxH => to_half(-min_single(-half(x), -half(y))),
        Binary32::Add => x.wrapping_add(y),
        Binary32::Subtract => x.wrapping_sub(y),
        Binary32::Multiply => x.wrapping_mul(y),
        Binary32::And => x & y,
        Binary32::Or => x | y,
        Binary32::Xor => x ^ y,
        Binary32::ShiftLeft => shift_left(x, y),
        Binary32::ShiftRightU => shift_right(x, y),
        Binary32::AddF => (single(x) + single(y)).to_bits(),
        Binary32::SubtractF => (single(x) - single(y)).to_bits(),
        Binary32::MultiplyF => (single(x) * single(y)).to_bits(),
        Binary32::DivideF => (single(x) / single(y)).to_bits(),
        Binary32::AddH2 => half2(Binary32::AddH, x, y),
        Binary32::SubtractH2 => half2(Binary32::SubtractH, x, y),
        Binary32::MultiplyH2 => half2(Binary32::MultiplyH, x, y),
        Binary32::MinH2 => half2(Binary32::MinH, x, y),
        Binary32::MaxH2 => half2(Binary32::MaxH, x, y),
    }
}

/// An operation on both halves of a pair.
pub(crate) fn half2(op: Binary32, x: u32, y: u32) -> u32 {
    binary(op, x & 0xffff, y & 0xffff) | binary(op, x >> 16, y >> 16) << 16
}

/// One rounding: product and sum of halves are exact in 64 bits but for sums far apart, where that rounding is the last
/// but one and cannot lie on a half's tie.
fn fused_half(x: u32, y: u32, z: u32) -> u32 {
    let exact = f64::from(half(x)).mul_add(f64::from(half(y)), f64::from(half(z)));
    u32::from(f16::from_f64(exact).to_bits())
}

#[inline]
pub(crate) fn ternary(op: Ternary32, x: u32, y: u32, z: u32) -> u32 {
    let pair = u64::from(x) | u64::from(y) << 32;
    match op {
        Ternary32::FusedF => single(x).mul_add(single(y), single(z)).to_bits(),
        Ternary32::MultiplyAdd => x.wrapping_mul(y).wrapping_add(z),
        Ternary32::HighAddU => binary(Binary32::HighU, x, y).wrapping_add(z),
        Ternary32::HighAddS => binary(Binary32::HighS, x, y).wrapping_add(z),
        Ternary32::MultiplyAdd16 => x.wrapping_mul(y).wrapping_add(z) & 0xffff,
        Ternary32::DifferenceU => z.wrapping_add(x.abs_diff(y)),
        Ternary32::DifferenceS => z.wrapping_add((x as i32).abs_diff(y as i32)),
        Ternary32::ExtractU => extract(u64::from(x), y, z, 32, false) as u32,
        Ternary32::ExtractS => extract(u64::from(x), y, z, 32, true) as u32,
        Ternary32::Permute => permute(x, y, z),
        Ternary32::FunnelLeftWrap => (pair << (z & 31) >> 32) as u32,
        Ternary32::FunnelLeftClamp => (pair << z.min(32) >> 32) as u32,
        Ternary32::FunnelRightWrap => (pair >> (z & 31)) as u32,
        Ternary32::FunnelRightClamp => (pair >> z.min(32)) as u32,
        Ternary32::Dot4UU => dot(x, y, z, false, false),
        Ternary32::Dot4US => dot(x, y, z, false, true),
        Ternary32::Dot4SU => dot(x, y, z, true, false),
        Ternary32::Dot4SS => dot(x, y, z, true, true),
        Ternary32::FusedH => fused_half(x, y, z),
        Ternary32::FusedH2 => {
            fused_half(x, y, z) & 0xffff | fused_half(x >> 16, y >> 16, z >> 16) << 16
        }
    }
}

fn dot(x: u32, y: u32, sum: u32, x_signed: bool, y_signed: bool) -> u32 {
    let value = |byte: u8, signed| {
        if signed {
            i32::from(byte as i8)
        } else {
            i32::from(byte)
        }
    };
    let pairs = x.to_le_bytes().into_iter().zip(y.to_le_bytes());
    pairs.fold(sum, |sum, (x, y)| {
        sum.wrapping_add((value(x, x_signed) * value(y, y_signed)) as u32)
    })
}

pub(crate) fn test_single(what: Test, x: f32) -> bool {
    match what {
        Test::Finite => x.is_finite(),
        Test::Infinite => x.is_infinite(),
        Test::Number => !x.is_nan(),
        Test::NotANumber => x.is_nan(),
        Test::Normal => x.is_normal(),
        Test::Subnormal => x.is_subnormal(),
    }
}

pub(crate) fn test_double(what: Test, x: f64) -> bool {
    match what {
        Test::Finite => x.is_finite(),
        Test::Infinite => x.is_infinite(),
        Test::Number => !x.is_nan(),
        Test::NotANumber => x.is_nan(),
        Test::Normal => x.is_normal(),
        Test::Subnormal => x.is_subnormal(),
    }
}
