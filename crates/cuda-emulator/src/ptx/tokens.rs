//! The words, numbers and signs of a PTX text.

use super::{Result, Wrong};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, an instruction or a directive, with its dots.
    Word,
    Number,
    Text,
    Sign,
}

#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: u32,
}

/// A literal.
pub(super) enum Number {
    Integer(i64),
    /// The bits of `0f3F800000`.
    Single(u32),
    /// The bits of `0d3FF0000000000000` or of a decimal fraction.
    Double(u64),
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

/// Splits a text, without its comments.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(text.len() / 4);
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        at += 1;
        let kind = match byte {
            b'\n' => {
                line += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' | 0 => continue,
            b'/' if bytes.get(at) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'/' if bytes.get(at) == Some(&b'*') => {
                at += 1;
                while at < bytes.len() && !bytes[at..].starts_with(b"*/") {
                    line += u32::from(bytes[at] == b'\n');
                    at += 1;
                }
                at += 2;
                continue;
            }
            b'"' => {
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1;
                }
                at += 1;
                Kind::Text
            }
            _ if byte.is_ascii_digit() => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.') {
                    at += 1;
                }
                Kind::Number
            }
            _ if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
                Kind::Word
            }
            _ if byte.is_ascii_punctuation() => Kind::Sign,
            _ => return Err(Wrong::new(line, "a character that PTX does not know")),
        };
        let end = at.min(bytes.len());
        tokens.push(Token {
            kind,
            text: &text[start..end],
            line,
        });
    }
    Ok(tokens)
}

/// The value of a literal, if it is one.
pub(super) fn number(text: &str) -> Option<Number> {
    let lower = text.get(..2).unwrap_or_default().to_ascii_lowercase();
    match lower.as_str() {
        "0f" => {
            return u32::from_str_radix(&text[2..], 16).ok().map(Number::Single);
        }
        "0d" => {
            return u64::from_str_radix(&text[2..], 16).ok().map(Number::Double);
        }
        _ => {}
    }
    if let Some(value) = integer(text) {
        return Some(Number::Integer(value));
    }
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(f64::to_bits).map(Number::Double)
}

/// The value of a literal in decimal, octal, hexadecimal or binary; above 2⁶³ it wraps.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.strip_suffix('U').unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let parsed = if let Some(digits) = lower.strip_prefix("0x") {
        u64::from_str_radix(digits, 16)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        u64::from_str_radix(digits, 2)
    } else if lower.len() > 1 && lower.starts_with('0') {
        u64::from_str_radix(&lower[1..], 8)
    } else {
        lower.parse()
    };
    parsed.ok().map(|value| value as i64)
}
