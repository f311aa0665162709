//! Numbers of voices, written a digit at a time.

use super::{Allowed, bit};

/// A set of voice numbers, 1 to 99.
pub(super) type Voices = u128;

/// Every number that a voice can have.
pub(super) const EVERY: Voices = ((1 << 99) - 1) << 1;

/// The digits that lead from the number read so far to one of the set.
pub(super) fn digits_toward(set: Voices, read: u8) -> Allowed {
    let mut allowed = 0;
    for digit in 0..10u8 {
        let number = u32::from(read) * 10 + u32::from(digit);
        let here = set.checked_shr(number).unwrap_or(0) & 1;
        let longer = set.checked_shr(number * 10).unwrap_or(0) & 0x3ff;
        if number > 0 && (here != 0 || longer != 0) {
            allowed |= bit(b'0' + digit);
        }
    }
    allowed
}

pub(super) fn contains(set: Voices, number: u8) -> bool {
    set.checked_shr(u32::from(number)).unwrap_or(0) & 1 != 0
}

/// The set of this number alone.
pub(super) fn only(number: u8) -> Voices {
    1u128.checked_shl(u32::from(number)).unwrap_or(0)
}

/// The members above this number.
pub(super) fn above(set: Voices, number: u8) -> Voices {
    let above = u128::MAX.checked_shl(u32::from(number) + 1).unwrap_or(0);
    set & above
}

/// The number with one more digit.
pub(super) fn append(number: u8, digit: u8) -> u8 {
    number
        .saturating_mul(10)
        .saturating_add(digit.saturating_sub(b'0'))
}
