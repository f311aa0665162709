//! Scores on their way out: text to a file in one of the formats.

use std::io::Write;
use std::path::{Path, PathBuf};

use jobs::Style;
use score::{Diagnostic, Metadata, Score, Severity};

use crate::api::{DiagnosticView, ExportFormat, Piece};
use crate::{Code, Error, Result};

/// The largest text that is read as a score, in bytes. NotaGen's longest is a tenth of it.
pub const MAX_SCORE_BYTES: u64 = 1 << 20;

/// The longest name of an exported file, in characters, its ending not counted: all file systems
/// take it, in every encoding.
const MAX_NAME: usize = 80;

/// A text as a score, with what had to be mended.
///
/// # Errors
/// [`Code::NoMusic`] if there is not one bar in it.
pub fn read_text(text: &str) -> Result<(Score, Vec<DiagnosticView>)> {
    let (score, diagnostics) = score::parse_abc(text);
    if score.bar_count() == 0 || score.part_count() == 0 {
        let why = diagnostics.iter().find(|d| d.severity == Severity::Error);
        let why = why.map_or(String::new(), |d| format!(" ({})", d.message));
        return Err(Error::new(
            Code::NoMusic,
            format!("there is no music in this text{why}"),
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

/// A file's text, which must be a score's.
///
/// # Errors
/// [`Code::CannotRead`] if it cannot be read, is too large or is no text.
pub fn read_file(path: &Path) -> Result<String> {
    let doing = format!("read {}", path.display());
    let failed = |error: std::io::Error| Error::io(&doing, &error, Code::CannotRead);
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > MAX_SCORE_BYTES {
        return Err(Error::new(
            Code::CannotRead,
            format!("cannot {doing}: it has {bytes} bytes, a score has at most {MAX_SCORE_BYTES}"),
        ));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    // Old ABC files are Latin-1: what is no UTF-8 is read as that.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()))
}

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
/// As [`read_text`].
pub fn score_of(piece: &Piece) -> Result<(Score, Vec<DiagnosticView>)> {
    let (mut score, diagnostics) = read_text(&piece.text)?;
    score.metadata = metadata(piece);
    Ok((score, diagnostics))
}

fn metadata(piece: &Piece) -> Metadata {
    let summary = &piece.summary;
    let Style {
        period,
        composer,
        instrumentation,
    } = &summary.style;
    let sampling = &piece.sampling;
    let field = |name: &str, value: String| (name.to_owned(), value);
    // A model that lies in a folder of its own is known by its path, which is nobody's business.
    let model = Path::new(&summary.model).file_name();
    let model = model.map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let mut fields = vec![
        field("partita-composer", composer.clone()),
        field("partita-model", model),
        field("partita-model-sha256", piece.model_sha256.clone()),
        field("partita-seed", summary.seed.to_string()),
        field("partita-top-k", sampling.top_k.to_string()),
        field("partita-top-p", sampling.top_p.to_string()),
        field("partita-temperature", sampling.temperature.to_string()),
        field("partita-guard", piece.guard.as_str().to_owned()),
    ];
    if let Some(bars) = piece.limits.max_bars {
        fields.push(field("partita-max-bars", bars.to_string()));
    }
    Metadata {
        title: summary.title.clone(),
        composer: format!("in the style of {}", given_name_first(composer)),
        period: period.clone(),
        instrumentation: instrumentation.clone(),
        rights: None,
        software: concat!("Partita ", env!("CARGO_PKG_VERSION")).to_owned(),
        fields,
    }
}

/// `Schubert, Franz` → `Franz Schubert`.
fn given_name_first(composer: &str) -> String {
    match composer.split_once(", ") {
        Some((family, given)) => format!("{given} {family}"),
        None => composer.to_owned(),
    }
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
    let stem = trimmed.split('.').next().unwrap_or_default().trim();
    let upper = stem.to_uppercase();
    let device = matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (upper.len() == 4 && (upper.starts_with("COM") || upper.starts_with("LPT")));
    match trimmed {
        "" => format!("piece.{ending}"),
        name if device => format!("_{name}.{ending}"),
        name => format!("{name}.{ending}"),
    }
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

    #[test]
    fn a_file_too_large_to_be_a_score_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.abc");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(MAX_SCORE_BYTES + 1).unwrap();
        assert_eq!(read_file(&path).unwrap_err().code, Code::CannotRead);
    }
}
