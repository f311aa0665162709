//! Exact lengths of time, in whole notes.
//!
//! A bar is right or wrong by equality, so no length is ever a float. Numerator and denominator
//! are 64 bits, always reduced; what would not fit is `None`, never a wrapped number.

use std::cmp::Ordering;
use std::fmt;

/// A reduced fraction with a positive denominator. As a length its unit is the whole note.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fraction {
    num: i64,
    den: i64,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// One, as a length the whole note.
    pub const ONE: Self = Self { num: 1, den: 1 };
    /// A quarter note.
    pub const QUARTER: Self = Self { num: 1, den: 4 };
    /// An eighth note, NotaGen's unit length.
    pub const EIGHTH: Self = Self { num: 1, den: 8 };

    /// `num/den` reduced; `None` if the denominator is zero or the result does not fit.
    pub fn new(num: i64, den: i64) -> Option<Self> {
        Self::reduced(i128::from(num), i128::from(den))
    }

    /// The whole number `n`.
    pub const fn whole(n: i64) -> Self {
        Self { num: n, den: 1 }
    }

    /// `1/2^k`; `k` above 62 is taken as 62.
    pub(crate) const fn half_to_the(k: u32) -> Self {
        let k = if k > 62 { 62 } else { k };
        Self {
            num: 1,
            den: 1 << k,
        }
    }

    /// [`Fraction::reduced`] of what surely fits: nearly all lengths are small, and 64-bit arithmetic is
    /// several times cheaper.
    fn reduced_small(num: i64, den: i64) -> Option<Self> {
        if den <= 0 {
            return Self::reduced(i128::from(num), i128::from(den));
        }
        if den & (den - 1) == 0 {
            let shift = num.trailing_zeros().min(den.trailing_zeros());
            return Some(Self {
                num: num >> shift,
                den: den >> shift,
            });
        }
        let g = gcd_small(num.unsigned_abs(), den.unsigned_abs()).max(1);
        let g = i64::try_from(g).ok()?;
        Some(Self {
            num: num / g,
            den: den / g,
        })
    }

    /// The four numbers of two fractions, if products of any two of them and sums of these fit.
    fn small(self, other: Self) -> Option<(i64, i64, i64, i64)> {
        const MOST: u64 = 1 << 30;
        let numbers = (self.num, self.den, other.num, other.den);
        let all = numbers.0.unsigned_abs()
            | numbers.1.unsigned_abs()
            | numbers.2.unsigned_abs()
            | numbers.3.unsigned_abs();
        (all < MOST).then_some(numbers)
    }

    fn reduced(num: i128, den: i128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let g = gcd(num.unsigned_abs(), den.unsigned_abs()).max(1);
        let g = i128::try_from(g).ok()?;
        let sign = if den < 0 { -1 } else { 1 };
        Some(Self {
            num: i64::try_from(sign * num / g).ok()?,
            den: i64::try_from(sign * den / g).ok()?,
        })
    }

    /// The reduced numerator.
    pub const fn num(self) -> i64 {
        self.num
    }

    /// The reduced denominator, at least 1.
    pub const fn den(self) -> i64 {
        self.den
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.num == 0
    }

    /// The sum, if it fits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if let Some((a, b, c, d)) = self.small(other) {
            return if b == d {
                Self::reduced_small(a + c, b)
            } else {
                Self::reduced_small(a * d + c * b, b * d)
            };
        }
        Self::reduced(
            i128::from(self.num) * i128::from(other.den)
                + i128::from(other.num) * i128::from(self.den),
            i128::from(self.den) * i128::from(other.den),
        )
    }

    /// The difference, if it fits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self {
            num: other.num.checked_neg()?,
            den: other.den,
        })
    }

    /// The product, if it fits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        if let Some((a, b, c, d)) = self.small(other) {
            return Self::reduced_small(a * c, b * d);
        }
        Self::reduced(
            i128::from(self.num) * i128::from(other.num),
            i128::from(self.den) * i128::from(other.den),
        )
    }

    /// The quotient, if there is one and it fits.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        if let Some((a, b, c, d)) = self.small(other) {
            return Self::reduced_small(a * d, b * c);
        }
        Self::reduced(
            i128::from(self.num) * i128::from(other.den),
            i128::from(self.den) * i128::from(other.num),
        )
    }

    /// The nearest whole multiple of `1/grid`, as a count of them.
    pub(crate) fn ticks(self, grid: i64) -> i64 {
        if let Some((num, den, grid, _)) = self.small(Self::whole(grid)) {
            return (2 * num * grid + den).div_euclid(2 * den);
        }
        let twice = 2 * i128::from(self.num) * i128::from(grid) + i128::from(self.den);
        let ticks = twice.div_euclid(2 * i128::from(self.den));
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// Whether the denominator is a power of two.
    pub(crate) const fn is_dyadic(self) -> bool {
        self.den & (self.den - 1) == 0
    }
}

impl Default for Fraction {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        if let Some((a, b, c, d)) = self.small(*other) {
            return (a * d).cmp(&(c * b));
        }
        (i128::from(self.num) * i128::from(other.den))
            .cmp(&(i128::from(other.num) * i128::from(self.den)))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 {
            write!(f, "{}", self.num)
        } else {
            write!(f, "{}/{}", self.num, self.den)
        }
    }
}

fn gcd_small(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn gcd(a: u128, b: u128) -> u128 {
    match (u64::try_from(a), u64::try_from(b)) {
        (Ok(a), Ok(b)) => u128::from(gcd_small(a, b)),
        _ => {
            let (mut a, mut b) = (a, b);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        }
    }
}

/// The least common multiple of two positive numbers, if it fits.
pub(crate) fn lcm(a: i64, b: i64) -> Option<i64> {
    let g = gcd(u128::from(a.unsigned_abs()), u128::from(b.unsigned_abs()));
    let g = i64::try_from(g).ok()?;
    a.checked_div(g)?.checked_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(num: i64, den: i64) -> Fraction {
        Fraction::new(num, den).unwrap()
    }

    #[test]
    fn fractions_are_reduced_and_ordered() {
        assert_eq!(f(6, -8), f(-3, 4));
        assert!(f(1, 3) < f(3, 8));
        assert_eq!(f(1, 6).checked_add(f(1, 12)), Some(Fraction::QUARTER));
        assert_eq!(f(3, 2).checked_div(f(3, 4)), Some(Fraction::whole(2)));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::ONE.checked_div(Fraction::ZERO), None);
        assert_eq!(f(1, i64::MAX).checked_add(f(1, i64::MAX - 1)), None);
        assert_eq!(Fraction::whole(i64::MAX).checked_add(Fraction::ONE), None);
    }

    #[test]
    fn small_numbers_and_large_ones_are_reckoned_alike() {
        let numbers = [
            -12,
            -7,
            -1,
            0,
            1,
            2,
            3,
            8,
            30,
            64,
            (1 << 30) - 1,
            1 << 30,
            1 << 31,
        ];
        let wide = |num: i128, den: i128| Fraction::reduced(num, den);
        for (a, b) in numbers
            .iter()
            .flat_map(|a| numbers.iter().map(move |b| (*a, *b)))
        {
            for (c, d) in [(1, 3), (-5, 12), (3, 64), (1 << 30, 7), (7, 1 << 30)] {
                let (Some(x), y) = (Fraction::new(a, b), f(c, d)) else {
                    continue;
                };
                let [a, b, c, d] = [x.num, x.den, y.num, y.den].map(i128::from);
                assert_eq!(x.checked_add(y), wide(a * d + c * b, b * d), "{x} + {y}");
                assert_eq!(x.checked_mul(y), wide(a * c, b * d), "{x} * {y}");
                assert_eq!(x.checked_div(y), wide(a * d, b * c), "{x} : {y}");
                assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)), "{x} ? {y}");
                let ticks = (2 * a * c + b).div_euclid(2 * b);
                assert_eq!(i128::from(x.ticks(y.num)), ticks, "{x} in 1/{}", y.num);
            }
        }
    }

    #[test]
    fn ticks_round_to_the_nearest() {
        assert_eq!(f(1, 3).ticks(12), 4);
        assert_eq!(f(1, 3).ticks(4), 1);
        assert_eq!(f(1, 2).ticks(3), 2);
    }
}
