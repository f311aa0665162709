//! What a lane computes from its own registers.

use super::compare::combined;
use super::{LANES, Warp, Words, row as rows};
use crate::math::{self, double, half2, single};
use crate::program::{
    Action, Binary32, Binary64, Convert, NONE, Register, Shift64, Ternary32, Ternary64, Unary32,
    Unary64,
};

#[inline(always)]
fn words(of: impl FnMut(usize) -> u32) -> Words {
    rows(of)
}

#[inline(always)]
pub(super) fn bits(mut of: impl FnMut(usize) -> bool) -> u32 {
    (0..LANES).fold(0, |bits, lane| bits | u32::from(of(lane)) << lane)
}

pub(super) fn signed16(value: u32) -> i32 {
    i32::from(value as u16 as i16)
}

impl Warp {
    pub(super) fn compute(&mut self, action: Action, active: u32) {
        match action {
            Action::Copy32 { d, a } => {
                let row = *self.word(a);
                self.put(d, active, &row);
            }
            Action::Copy64 { d, a } => {
                let row = *self.double(a);
                self.put_double(d, active, &row);
            }
            Action::CopyP { d, a } => {
                self.put_predicate(d, active, self.predicates[usize::from(a)]);
            }
            Action::Unary32 { op, d, a } => {
                let row = unary32(op, self.word(a));
                self.put(d, active, &row);
            }
            Action::Unary64 { op, d, a } => self.unary64(op, d, a, active),
            Action::Binary32 { op, d, a, b } => {
                let row = binary32(op, self.word(a), self.word(b));
                self.put(d, active, &row);
            }
            Action::Binary64 { op, d, a, b } => {
                let (x, y) = (self.double(a), self.double(b));
                let row = rows(|lane| binary64(op, x[lane], y[lane]));
                self.put_double(d, active, &row);
            }
            Action::Ternary64 { op, d, a, b, c } => {
                let (x, y, z) = (self.double(a), self.double(b), self.double(c));
                let row = rows(|lane| ternary64(op, x[lane], y[lane], z[lane]));
                self.put_double(d, active, &row);
            }
            Action::Shift64 { op, d, a, b } => {
                let (x, y) = (self.double(a), self.word(b));
                let row = rows(|lane| shift64(op, x[lane], y[lane]));
                self.put_double(d, active, &row);
            }
            Action::Extract64 { signed, d, a, b, c } => {
                let (x, y, z) = (self.double(a), self.word(b), self.word(c));
                let row = rows(|lane| math::extract(x[lane], y[lane], z[lane], 64, signed));
                self.put_double(d, active, &row);
            }
            Action::Insert32 { d, a, b, c, e } => {
                let (x, y, z, w) = (self.word(a), self.word(b), self.word(c), self.word(e));
                let row = words(|lane| {
                    let (x, y) = (u64::from(x[lane]), u64::from(y[lane]));
                    math::insert(x, y, z[lane], w[lane], 32) as u32
                });
                self.put(d, active, &row);
            }
            Action::Insert64 { d, a, b, c, e } => {
                let (x, y, z, w) = (self.double(a), self.double(b), self.word(c), self.word(e));
                let row = rows(|lane| math::insert(x[lane], y[lane], z[lane], w[lane], 64));
                self.put_double(d, active, &row);
            }
            Action::Lop3 { table, d, a, b, c } => {
                let (x, y, z) = (self.word(a), self.word(b), self.word(c));
                let row = words(|lane| math::logic(table, x[lane], y[lane], z[lane]));
                self.put(d, active, &row);
            }
            Action::Wide { signed, d, a, b, c } => {
                let (x, y) = (self.word(a), self.word(b));
                let mut row = if signed {
                    rows(|lane| (i64::from(x[lane] as i32) * i64::from(y[lane] as i32)) as u64)
                } else {
                    rows(|lane| u64::from(x[lane]) * u64::from(y[lane]))
                };
                if c != NONE {
                    let z = self.double(c);
                    row = rows(|lane| row[lane].wrapping_add(z[lane]));
                }
                self.put_double(d, active, &row);
            }
            Action::Wide16 { signed, d, a, b, c } => {
                let (x, y) = (self.word(a), self.word(b));
                let mut row = words(|lane| match signed {
                    true => (signed16(x[lane]) * signed16(y[lane])) as u32,
                    false => (x[lane] & 0xffff) * (y[lane] & 0xffff),
                });
                if c != NONE {
                    let z = self.word(c);
                    row = words(|lane| row[lane].wrapping_add(z[lane]));
                }
                self.put(d, active, &row);
            }
            Action::Count64 { op, d, a } => {
                let x = self.double(a);
                let row = words(|lane| match op {
                    Unary32::PopulationCount => x[lane].count_ones(),
                    Unary32::LeadingZeros => x[lane].leading_zeros(),
                    Unary32::FindU => 63u32.wrapping_sub(x[lane].leading_zeros()),
                    Unary32::FindS => {
                        let x = x[lane];
                        63u32.wrapping_sub((x ^ ((x as i64) >> 63) as u64).leading_zeros())
                    }
                    _ => x[lane].leading_zeros(),
                });
                self.put(d, active, &row);
            }
            Action::Convert { how, d, a } => self.convert(how, d, a, active),
            Action::Compare(compare) => self.compare(&compare, active),
            Action::Select32 { d, a, b, p } => {
                let (x, y, p) = (self.word(a), self.word(b), self.predicates[usize::from(p)]);
                let row = words(|lane| if p >> lane & 1 == 1 { x[lane] } else { y[lane] });
                self.put(d, active, &row);
            }
            Action::Select64 { d, a, b, p } => {
                let (x, y, p) = (
                    self.double(a),
                    self.double(b),
                    self.predicates[usize::from(p)],
                );
                let row = rows(|lane| if p >> lane & 1 == 1 { x[lane] } else { y[lane] });
                self.put_double(d, active, &row);
            }
            Action::Predicate { op, d, a, b } => {
                let (a, b) = (
                    self.predicates[usize::from(a)],
                    self.predicates[usize::from(b)],
                );
                self.put_predicate(d, active, combined(op, a, b));
            }
            Action::Split64 { d, a } => {
                let x = *self.double(a);
                self.put(d[0], active, &words(|lane| x[lane] as u32));
                self.put(d[1], active, &words(|lane| (x[lane] >> 32) as u32));
            }
            Action::Join64 { d, a } => {
                let (x, y) = (self.word(a[0]), self.word(a[1]));
                let row = rows(|lane| u64::from(x[lane]) | u64::from(y[lane]) << 32);
                self.put_double(d, active, &row);
            }
            Action::Split32 { d, a } => {
                let x = *self.word(a);
                self.put(d[0], active, &words(|lane| x[lane] & 0xffff));
                self.put(d[1], active, &words(|lane| x[lane] >> 16));
            }
            Action::Join32 { d, a } => {
                let (x, y) = (self.word(a[0]), self.word(a[1]));
                let row = words(|lane| x[lane] & 0xffff | y[lane] << 16);
                self.put(d, active, &row);
            }
            Action::Window { d, a, by } => {
                let x = self.double(a);
                // A null pointer is null in every space.
                let row = rows(|lane| match x[lane] {
                    0 if by < 0 => 0,
                    x => x.wrapping_add_signed(by),
                });
                self.put_double(d, active, &row);
            }
            Action::IsSpace { place, d, a } => {
                let x = self.double(a);
                let row = bits(|lane| super::access::window_of(x[lane]) == place);
                self.put_predicate(d, active, row);
            }
            Action::Test { what, wide, d, a } => {
                let row = if wide {
                    let x = self.double(a);
                    bits(|lane| math::test_double(what, f64::from_bits(x[lane])))
                } else {
                    let x = self.word(a);
                    bits(|lane| math::test_single(what, single(x[lane])))
                };
                self.put_predicate(d, active, row);
            }
            // The rest is done where the warp steps.
            _ => {}
        }
    }

    fn unary64(&mut self, op: Unary64, d: Register, a: Register, active: u32) {
        let x = self.double(a);
        let row = rows(|lane| {
            let x = x[lane];
            match op {
                Unary64::Not => !x,
                Unary64::Negate => x.wrapping_neg(),
                Unary64::Absolute => (x as i64).wrapping_abs() as u64,
                Unary64::Reverse => x.reverse_bits(),
                Unary64::NegateF => x ^ 1 << 63,
                Unary64::AbsoluteF => x & !(1 << 63),
                Unary64::Reciprocal => (1.0 / double(x)).to_bits(),
                Unary64::Root => double(x).sqrt().to_bits(),
                Unary64::ReciprocalRoot => (1.0 / double(x).sqrt()).to_bits(),
            }
        });
        self.put_double(d, active, &row);
    }

    pub(super) fn ternary32(&mut self, op: Ternary32, of: [Register; 4], active: u32) {
        let [d, a, b, c] = of;
        let (x, y, z) = (self.word(a), self.word(b), self.word(c));
        let row = match op {
            Ternary32::FusedF => math::fused(x, y, z),
            Ternary32::MultiplyAdd => {
                words(|lane| x[lane].wrapping_mul(y[lane]).wrapping_add(z[lane]))
            }
            Ternary32::Permute => words(|lane| math::permute(x[lane], y[lane], z[lane])),
            Ternary32::ExtractU | Ternary32::ExtractS => {
                let signed = matches!(op, Ternary32::ExtractS);
                words(|lane| math::extract(u64::from(x[lane]), y[lane], z[lane], 32, signed) as u32)
            }
            _ => words(|lane| math::ternary(op, x[lane], y[lane], z[lane])),
        };
        self.put(d, active, &row);
    }

    fn convert(&mut self, how: Convert, d: Register, a: Register, active: u32) {
        match how {
            Convert::Grow => {
                let x = self.word(a);
                let row = rows(|lane| u64::from(x[lane]));
                self.put_double(d, active, &row);
            }
            Convert::GrowS => {
                let x = self.word(a);
                let row = rows(|lane| i64::from(x[lane] as i32) as u64);
                self.put_double(d, active, &row);
            }
            Convert::Shrink => {
                let x = self.double(a);
                let row = words(|lane| x[lane] as u32);
                self.put(d, active, &row);
            }
            Convert::Low16 => {
                let x = self.word(a);
                let row = words(|lane| x[lane] & 0xffff);
                self.put(d, active, &row);
            }
            Convert::HalfToSingle => {
                let row = math::halves_to_singles(self.word(a));
                self.put(d, active, &row);
            }
            Convert::SingleToHalf => {
                let row = math::singles_to_halves(self.word(a));
                self.put(d, active, &row);
            }
            Convert::Any(any) => {
                let values: [u64; LANES] = if any.wide_from {
                    *self.double(a)
                } else {
                    let x = self.word(a);
                    rows(|lane| u64::from(x[lane]))
                };
                let row = values.map(|value| math::convert(&any, value));
                if any.wide_to {
                    self.put_double(d, active, &row);
                } else {
                    self.put(d, active, &row.map(|value| value as u32));
                }
            }
        }
    }
}

fn unary32(op: Unary32, x: &Words) -> Words {
    match op {
        Unary32::NegateF => words(|lane| x[lane] ^ 1 << 31),
        Unary32::AbsoluteF => words(|lane| x[lane] & !(1 << 31)),
        Unary32::Not => words(|lane| !x[lane]),
        Unary32::Root => words(|lane| single(x[lane]).sqrt().to_bits()),
        Unary32::Reciprocal => words(|lane| (1.0 / single(x[lane])).to_bits()),
        _ => words(|lane| math::unary(op, x[lane])),
    }
}

fn binary32(op: Binary32, x: &Words, y: &Words) -> Words {
    match op {
        Binary32::Add => words(|lane| x[lane].wrapping_add(y[lane])),
        Binary32::Subtract => words(|lane| x[lane].wrapping_sub(y[lane])),
        Binary32::Multiply => words(|lane| x[lane].wrapping_mul(y[lane])),
        Binary32::And => words(|lane| x[lane] & y[lane]),
        Binary32::Or => words(|lane| x[lane] | y[lane]),
        Binary32::Xor => words(|lane| x[lane] ^ y[lane]),
        Binary32::ShiftLeft => words(|lane| math::shift_left(x[lane], y[lane])),
        Binary32::ShiftRightU => words(|lane| math::shift_right(x[lane], y[lane])),
        Binary32::AddF => words(|lane| (single(x[lane]) + single(y[lane])).to_bits()),
        Binary32::SubtractF => words(|lane| (single(x[lane]) - single(y[lane])).to_bits()),
        Binary32::MultiplyF => words(|lane| (single(x[lane]) * single(y[lane])).to_bits()),
        Binary32::DivideF => words(|lane| (single(x[lane]) / single(y[lane])).to_bits()),
        Binary32::AddH2 => words(|lane| half2(Binary32::AddH, x[lane], y[lane])),
        Binary32::SubtractH2 => words(|lane| half2(Binary32::SubtractH, x[lane], y[lane])),
        Binary32::MultiplyH2 => words(|lane| half2(Binary32::MultiplyH, x[lane], y[lane])),
        Binary32::MinH2 => words(|lane| half2(Binary32::MinH, x[lane], y[lane])),
        Binary32::MaxH2 => words(|lane| half2(Binary32::MaxH, x[lane], y[lane])),
        _ => words(|lane| math::binary(op, x[lane], y[lane])),
    }
}

#[inline]
fn binary64(op: Binary64, x: u64, y: u64) -> u64 {
    let (s, t) = (x as i64, y as i64);
    match op {
        Binary64::Add => x.wrapping_add(y),
        Binary64::Subtract => x.wrapping_sub(y),
        Binary64::Multiply => x.wrapping_mul(y),
        Binary64::HighU => ((u128::from(x) * u128::from(y)) >> 64) as u64,
        Binary64::HighS => ((i128::from(s) * i128::from(t)) >> 64) as u64,
        // What a card gives for a division by zero is all ones; the remainder is the dividend.
        Binary64::DivideU => x.checked_div(y).unwrap_or(u64::MAX),
        Binary64::DivideS if t == 0 => u64::MAX,
        Binary64::DivideS => s.wrapping_div(t) as u64,
        Binary64::RemainderU => x.checked_rem(y).unwrap_or(x),
        Binary64::RemainderS if t == 0 => x,
        Binary64::RemainderS => s.wrapping_rem(t) as u64,
        Binary64::MinU => x.min(y),
        Binary64::MinS => s.min(t) as u64,
        Binary64::MaxU => x.max(y),
        Binary64::MaxS => s.max(t) as u64,
        Binary64::And => x & y,
        Binary64::Or => x | y,
        Binary64::Xor => x ^ y,
        Binary64::AddF => (double(x) + double(y)).to_bits(),
        Binary64::SubtractF => (double(x) - double(y)).to_bits(),
        Binary64::MultiplyF => (double(x) * double(y)).to_bits(),
        Binary64::DivideF => (double(x) / double(y)).to_bits(),
        Binary64::MinF => math::min_double(double(x), double(y)).to_bits(),
        Binary64::MaxF => (-math::min_double(-double(x), -double(y))).to_bits(),
        // PTX: the sign of the first with the value of the second.
        Binary64::CopySignF => double(y).copysign(double(x)).to_bits(),
    }
}

#[inline]
fn ternary64(op: Ternary64, x: u64, y: u64, z: u64) -> u64 {
    match op {
        Ternary64::FusedF => double(x).mul_add(double(y), double(z)).to_bits(),
        Ternary64::MultiplyAdd => x.wrapping_mul(y).wrapping_add(z),
        Ternary64::HighAddU => binary64(Binary64::HighU, x, y).wrapping_add(z),
        Ternary64::HighAddS => binary64(Binary64::HighS, x, y).wrapping_add(z),
    }
}

#[inline]
fn shift64(op: Shift64, x: u64, by: u32) -> u64 {
    match op {
        Shift64::Left => x.checked_shl(by).unwrap_or(0),
        Shift64::RightU => x.checked_shr(by).unwrap_or(0),
        Shift64::RightS => ((x as i64) >> by.min(63)) as u64,
    }
}
