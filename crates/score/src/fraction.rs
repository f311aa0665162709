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
        Self::reduced(
            i128::from(self.num) * i128::from(other.num),
            i128::from(self.den) * i128::from(other.den),
        )
    }

    /// The quotient, if there is one and it fits.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        Self::reduced(
            i128::from(self.num) * i128::from(other.den),
            i128::from(self.den) * i128::from(other.num),
        )
    }

    /// The nearest whole multiple of `1/grid`, as a count of them.
    pub(crate) fn ticks(self, grid: i64) -> i64 {
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

fn gcd(a: u128, b: u128) -> u128 {
    // Nearly every operand is small, and 64-bit division is several times cheaper.
    match (u64::try_from(a), u64::try_from(b)) {
        (Ok(mut a), Ok(mut b)) => {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            u128::from(a)
        }
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
    fn ticks_round_to_the_nearest() {
        assert_eq!(f(1, 3).ticks(12), 4);
        assert_eq!(f(1, 3).ticks(4), 1);
        assert_eq!(f(1, 2).ticks(3), 2);
    }
}
