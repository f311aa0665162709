//! Scores on their way in: files and texts of any format that is read.

use std::io::Read;
use std::path::Path;

use score::{Diagnostic, Metadata, Score, Severity};

use crate::api::DiagnosticView;
use crate::{Code, Error, Result};

/// The longest text that is read as ABC, in bytes. NotaGen's longest is a tenth of it.
pub const MAX_ABC_BYTES: u64 = 1 << 20;

/// The largest MusicXML, `.mxl` or MIDI file that is read, in bytes. Symphonies have a third of it.
pub const MAX_MUSICXML_BYTES: u64 = 32 << 20;

/// A file's bytes, if it is no larger than a score of its kind may be.
///
/// # Errors
/// [`Code::CannotRead`] if it cannot be read or is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let doing = format!("read {}", path.display());
    let failed = |error: std::io::Error| Error::io(&doing, &error, Code::CannotRead);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MAX_MUSICXML_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let (kind, limit) = match is_abc(&bytes) {
        true => ("ABC", MAX_ABC_BYTES),
        false => ("such", MAX_MUSICXML_BYTES),
    };
    if bytes.len() as u64 > limit {
        let mebibytes = limit >> 20;
        return Err(Error::new(
            Code::CannotRead,
            format!("cannot {doing}: {kind} files are read up to {mebibytes} MiB, and it has more"),
        ));
    }
    Ok(bytes)
}

/// Whether this can only be ABC: neither a zip, nor MIDI, nor markup.
fn is_abc(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    let others: [&[u8]; 5] = [b"PK", b"MThd", b"<", b"\xff\xfe", b"\xfe\xff"];
    !others.into_iter().any(|begin| text.starts_with(begin))
}

fn is_midi(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MThd")
}

/// A file's bytes as a score, with what had to be mended.
///
/// # Errors
/// [`Code::NoMusic`] if there is not one bar in them, [`Code::CannotRead`] if they are MIDI.
pub fn read_score(bytes: &[u8]) -> Result<(Score, Vec<DiagnosticView>)> {
    if is_midi(bytes) {
        return Err(Error::new(
            Code::CannotRead,
            "this is MIDI, which Partita writes but does not read: it does not say how its notes \
             are written down",
        ));
    }
    with_music(score::parse(bytes), "file")
}

/// A piece's text as a score, with what had to be mended.
///
/// # Errors
/// [`Code::NoMusic`] if there is not one bar in it.
pub fn read_text(text: &str) -> Result<(Score, Vec<DiagnosticView>)> {
    with_music(score::parse_abc(text), "text")
}

/// What a file of any format says of its piece besides the notes. MIDI is read as far as this.
///
/// # Errors
/// As [`read_score`]; [`Code::NoSettings`] for MIDI that says nothing.
pub(crate) fn read_metadata(bytes: &[u8]) -> Result<Metadata> {
    if is_midi(bytes) {
        return score::midi_metadata(bytes).ok_or_else(|| {
            Error::new(
                Code::NoSettings,
                "this MIDI file was not written by Partita, so it does not say how to compose it",
            )
        });
    }
    Ok(read_score(bytes)?.0.metadata)
}

fn with_music(
    (score, diagnostics): (Score, Vec<Diagnostic>),
    what: &str,
) -> Result<(Score, Vec<DiagnosticView>)> {
    if score.bar_count() == 0 || score.part_count() == 0 {
        let why = diagnostics.iter().find(|d| d.severity == Severity::Error);
        let why = why.map_or(String::new(), |d| format!(" ({})", d.message));
        return Err(Error::new(
            Code::NoMusic,
            format!("there is no music in this {what}{why}"),
        ));
    }
    Ok((score, diagnostics.into_iter().map(diagnostic).collect()))
}

fn diagnostic(diagnostic: Diagnostic) -> DiagnosticView {
    DiagnosticView {
        severity: match diagnostic.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
        .to_owned(),
        bar: diagnostic.bar,
        message: diagnostic.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_too_large_for_its_kind_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let size = |begin: &str, bytes: u64| {
            std::fs::write(&path, begin).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_len(bytes).unwrap();
            read_file(&path).map(|bytes| bytes.len() as u64)
        };
        assert_eq!(size("X:1\n", MAX_ABC_BYTES), Ok(MAX_ABC_BYTES));
        let refused = size("X:1\n", MAX_ABC_BYTES + 1).unwrap_err();
        assert_eq!(refused.code, Code::CannotRead);
        assert!(refused.message.contains("1 MiB"), "{refused}");
        let xml = "\u{feff} <?xml";
        assert_eq!(size(xml, MAX_MUSICXML_BYTES), Ok(MAX_MUSICXML_BYTES));
        let refused = size(xml, MAX_MUSICXML_BYTES + 1).unwrap_err();
        assert_eq!(refused.code, Code::CannotRead);
        assert!(refused.message.contains("32 MiB"), "{refused}");
    }

    #[test]
    fn midi_is_told_from_what_holds_no_music() {
        let code = |bytes: &[u8]| read_score(bytes).map(|_| ()).unwrap_err().code;
        assert_eq!(code(b"MThd\0\0\0\x06"), Code::CannotRead);
        assert_eq!(code(b"Dear Franz,\n"), Code::NoMusic);
        assert_eq!(code(b""), Code::NoMusic);
    }
}
