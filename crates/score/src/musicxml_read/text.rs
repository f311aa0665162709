//! From bytes to text: the encodings that MusicXML comes in.

use std::borrow::Cow;

use super::xml;

/// How far into a file its XML declaration can be.
const DECLARATION: usize = 200;

/// The text of a file: UTF-8 with or without a byte order mark, UTF-16, or Latin-1 if the file says so, as
/// some old programs wrote it. Otherwise what is wrong with it.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        _ => match declared(bytes).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16") => utf8(bytes),
            Some("iso-8859-1" | "latin1" | "windows-1252") => {
                check_length(bytes)?;
                let mut text = String::with_capacity(bytes.len() * 2);
                text.extend(bytes.iter().map(|b| char::from(*b)));
                Ok(Cow::Owned(text))
            }
            Some(other) => Err(format!("the encoding {other} is not read")),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))
}

/// Bytes of a text that has to be copied because it is not in UTF-8.
const MAX_COPIED: usize = xml::MAX_TEXT / 2;

fn check_length(bytes: &[u8]) -> Result<(), String> {
    match bytes.len() {
        ..=MAX_COPIED => Ok(()),
        _ => Err(format!(
            "more than {MAX_COPIED} bytes that are not in UTF-8"
        )),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("half a character of UTF-16 at the end".into());
    }
    check_length(bytes)?;
    // Two bytes of UTF-16 are at most three of UTF-8.
    let mut text = String::with_capacity(bytes.len() / 2 * 3);
    for c in char::decode_utf16(pairs.iter().map(|p| unit(*p))) {
        text.push(c.map_err(|_| "half a character of UTF-16")?);
    }
    Ok(Cow::Owned(text))
}

/// The encoding that the XML declaration names, in lower case.
fn declared(bytes: &[u8]) -> Option<String> {
    let start: String = bytes
        .iter()
        .take(DECLARATION)
        .map(|b| char::from(*b))
        .collect();
    let declaration = start.strip_prefix("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let name = value.split(quote).nth(1)?;
    Some(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_the_specification_is_read() {
        let text = "<?xml version='1.0'?><a>\u{e9}\u{1d11e}</a>";
        let utf16 = |unit: fn(u16) -> [u8; 2], mark: &[u8]| -> Vec<u8> {
            let units = text.encode_utf16().flat_map(unit);
            mark.iter().copied().chain(units).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16(u16::to_be_bytes, b"\xfe\xff"),
            utf16(u16::to_le_bytes, b"\xff\xfe"),
            utf16(u16::to_be_bytes, b""),
            utf16(u16::to_le_bytes, b""),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        assert!(decode(latin).unwrap().ends_with("<a>\u{e9}</a>"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(decode(b"<a>\xe9</a>").is_err());
        assert!(decode(b"\xff\xfe<").is_err());
        assert!(decode(b"\xff\xfe\x00\xd8").is_err());
        assert!(decode(b"<?xml version='1.0' encoding='Shift_JIS'?><a/>").is_err());
    }
}
