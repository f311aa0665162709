//! Reading a score of any format.

use crate::abc::{decode_abc, parse_abc};
use crate::diagnostic::Diagnostic;
use crate::musicxml_read::parse_musicxml;
use crate::mxl::parse_mxl;
use crate::score::Score;

/// Reads a score of whatever format the bytes are: a `.mxl` archive, MusicXML, or ABC in UTF-8 or Latin-1.
/// The content decides, not the name of a file.
pub fn parse(bytes: &[u8]) -> (Score, Vec<Diagnostic>) {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return parse_mxl(bytes);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_utf16 = matches!(bytes, [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..]);
    // No line of ABC begins like this.
    if is_utf16 || text.trim_ascii_start().starts_with(b"<") {
        return parse_musicxml(bytes);
    }
    parse_abc(&decode_abc(text))
}
