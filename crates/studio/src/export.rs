//! Scores on their way out: to a file in one of the formats.

use std::io::Write;
use std::path::{Path, PathBuf};

use jobs::Style;
use score::Score;

use crate::api::{DiagnosticView, ExportFormat, Piece};
use crate::{Code, Error, Result, reading, recall};

/// The longest name of an exported file, in characters, its ending not counted: all file systems
/// take it, in every encoding.
const MAX_NAME: usize = 80;

/// A score in one of the formats.
///
/// # Errors
/// If the archive of an `.mxl` cannot be made.
pub fn render(score: &Score, format: ExportFormat) -> Result<Vec<u8>> {
    Ok(match format {
        ExportFormat::Abc => score::write_abc(score).into_bytes(),
        ExportFormat::Musicxml => score::write_musicxml(score).into_bytes(),
        ExportFormat::Mxl => score::write_mxl(score)
            .map_err(|error| Error::new(Code::CannotWrite, format!("cannot pack: {error}")))?,
        ExportFormat::Midi => score::write_midi(score),
        ExportFormat::Notagen => score::write_interleaved(score).into_bytes(),
    })
}

/// Writes a whole file or none: first beside its place, then into it.
///
/// # Errors
/// [`Code::DiskFull`], [`Code::CannotWrite`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let doing = format!("write {}", path.display());
    let failed = |error: std::io::Error| Error::io(&doing, &error, Code::CannotWrite);
    let name = path
        .file_name()
        .ok_or_else(|| failed(std::io::ErrorKind::IsADirectory.into()))?;
    let mut partial = name.to_owned();
    partial.push(format!(".{}.part", std::process::id()));
    let partial = path.with_file_name(partial);
    let written = (|| {
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    })();
    written.map_err(|error| {
        let _ = std::fs::remove_file(&partial);
        failed(error)
    })
}

/// A piece as a score that says what it is and how it was made.
///
/// # Errors
/// As [`reading::read_text`].
pub fn score_of(piece: &Piece) -> Result<(Score, Vec<DiagnosticView>)> {
    let (mut score, diagnostics) = reading::read_text(&piece.text)?;
    score.metadata = recall::metadata(piece);
    Ok((score, diagnostics))
}

/// `Schubert - Art Song in C major (seed 7).abc`.
pub(crate) fn file_name(piece: &Piece, format: ExportFormat) -> String {
    let summary = &piece.summary;
    let family = summary.style.composer.split(',').next().unwrap_or_default();
    let name = format!("{family} - {} (seed {})", summary.title, summary.seed);
    safe_name(&name, format.extension())
}

/// `schubert-art-song-1.abc`.
pub(crate) fn numbered_path(folder: &Path, style: &Style, number: u32, ending: &str) -> PathBuf {
    let family = style.composer.split(',').next().unwrap_or_default();
    let words = format!("{family} {}", style.instrumentation).to_lowercase();
    let words: Vec<&str> = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut name = words.join("-");
    name.truncate(MAX_NAME);
    if name.is_empty() {
        name.push_str("piece");
    }
    folder.join(format!("{name}-{number}.{ending}"))
}

/// A name that every file system takes and that stays in its folder, whatever is in `name`.
fn safe_name(name: &str, ending: &str) -> String {
    // What Windows forbids, what steers terminals and what turns the direction of writing.
    let harmless = |c: char| {
        let forbidden = matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        let steering =
            c.is_control() || matches!(c, '\u{200e}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !forbidden && !steering
    };
    let cleaned: String = name
        .chars()
        .map(|c| if harmless(c) { c } else { ' ' })
        .take(MAX_NAME)
        .collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let trimmed = words.join(" ");
    let trimmed = trimmed.trim_matches(|c| c == '.' || c == ' ');
    match trimmed {
        "" => format!("piece.{ending}"),
        name if is_device(name) => format!("_{name}.{ending}"),
        name => format!("{name}.{ending}"),
    }
}

/// Whether Windows knows a device by this name, whatever its ending.
pub(crate) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim();
    let upper = stem.to_uppercase();
    matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (upper.len() == 4 && (upper.starts_with("COM") || upper.starts_with("LPT")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_whatever_the_title() {
        for (name, expected) in [
            ("../../etc/passwd", "etc passwd.abc"),
            ("CON", "_CON.abc"),
            ("com1", "_com1.abc"),
            ("a/b\\c:d", "a b c d.abc"),
            ("nul\0l", "nul l.abc"),
            ("  .. ", "piece.abc"),
            ("\u{202e}cba", "cba.abc"),
            (
                "Schubert - Art Song in C major (seed 7)",
                "Schubert - Art Song in C major (seed 7).abc",
            ),
        ] {
            assert_eq!(safe_name(name, "abc"), expected, "{name:?}");
        }
        assert!(safe_name(&"x".repeat(300), "abc").len() <= MAX_NAME + 4);
    }

    #[test]
    fn numbered_files_are_named_by_style() {
        let style = Style {
            period: "Romantic".into(),
            composer: "Hardelot, Guy d'".into(),
            instrumentation: "Art Song".into(),
        };
        let path = numbered_path(Path::new("out"), &style, 3, "musicxml");
        assert_eq!(path, Path::new("out/hardelot-art-song-3.musicxml"));
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece.abc");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        let nowhere = folder.path().join("nowhere").join("piece.abc");
        assert_eq!(
            write_file(&nowhere, b"x").unwrap_err().code,
            Code::CannotWrite
        );
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing half-written is left");
    }

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        // Writing to this device always ends as on a full disk.
        let error = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .and_then(|mut full| full.write_all(b"x"))
            .unwrap_err();
        let error = Error::io("write piece.abc", &error, Code::CannotWrite);
        assert_eq!(error.code, Code::DiskFull);
    }
}
