//! Numbers as MusicXML writes them.

use crate::fraction::Fraction;

/// Digits before and after the point that are read; more come only of nonsense.
const MAX_DIGITS: usize = 9;

/// A decimal number such as `-1`, `0.5` or `96.25`.
pub(super) fn decimal(text: &str) -> Option<Fraction> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fits = whole.len() + part.len() > 0
        && whole.len() <= MAX_DIGITS
        && part.len() <= MAX_DIGITS
        && all_digits(whole)
        && all_digits(part);
    if !fits {
        return None;
    }
    let value = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse().ok()
        }
    };
    let scale = 10i64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let number: i64 = value(whole)?;
    let number = number.checked_mul(scale)?.checked_add(value(part)?)?;
    Fraction::new(sign * number, scale)
}

/// The first decimal number in a text, such as the 60 of `ca. 60-72`.
pub(super) fn first_decimal(text: &str) -> Option<Fraction> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let number = text.get(from..)?;
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    decimal(number.get(..end)?.trim_end_matches('.'))
}

/// A whole number that fits; `5.0` is one.
pub(super) fn whole<T: TryFrom<i64>>(text: &str) -> Option<T> {
    let number = decimal(text).filter(|n| n.den() == 1)?;
    T::try_from(number.num()).ok()
}

/// The length of a printed note in whole notes.
pub(super) fn printed_length(name: &str, dots: usize) -> Option<Fraction> {
    let base = crate::musicxml::values::Value::named(name)?;
    let value = crate::musicxml::values::Value {
        dots: u8::try_from(dots.min(4)).unwrap_or(4),
        ..base
    };
    Some(value.length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_nonsense_is_none() {
        let f = |n, d| Fraction::new(n, d);
        assert_eq!(decimal(" 96.25 "), f(385, 4));
        assert_eq!(decimal("-1"), f(-1, 1));
        assert_eq!(decimal(".5"), f(1, 2));
        assert_eq!(decimal("+3."), f(3, 1));
        for text in [
            "",
            ".",
            "-",
            "1e9",
            "12345678901",
            "1.2.3",
            "0x10",
            "\u{663}",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(whole::<u8>("5.0"), Some(5));
        assert_eq!(whole::<u8>("256"), None);
        assert_eq!(first_decimal("ca. 60-72"), f(60, 1));
        assert_eq!(first_decimal("fast"), None);
    }

    #[test]
    fn printed_lengths_have_their_dots() {
        assert_eq!(printed_length("quarter", 2), Fraction::new(7, 16));
        assert_eq!(printed_length("breve", 0), Fraction::new(2, 1));
        assert_eq!(printed_length("crotchet", 0), None);
    }
}
