//! The formats a piece can be taken away in.

use std::path::Path;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The formats a piece can be taken away in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Standard ABC 2.1.
    Abc,
    /// MusicXML 4.0.
    Musicxml,
    /// The same, compressed.
    Mxl,
    /// Standard MIDI, type 1.
    Midi,
    /// NotaGen's interleaved text, style lines first.
    Notagen,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Abc,
        Self::Musicxml,
        Self::Mxl,
        Self::Midi,
        Self::Notagen,
    ];

    /// The ending of its files' names, without the first dot. NotaGen's text is ABC of a kind that few
    /// programs read, and its name says so.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Abc => "abc",
            Self::Musicxml => "musicxml",
            Self::Mxl => "mxl",
            Self::Midi => "mid",
            Self::Notagen => "notagen.abc",
        }
    }

    /// The format that a file's name asks for by its ending.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let is = |ending: &str| name.ends_with(ending);
        Some(match () {
            () if is(".notagen.abc") => Self::Notagen,
            () if is(".abc") => Self::Abc,
            () if is(".musicxml") || is(".xml") => Self::Musicxml,
            () if is(".mxl") => Self::Mxl,
            () if is(".mid") || is(".midi") => Self::Midi,
            () => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_its_format() {
        for format in ExportFormat::ALL {
            let name = format!("a piece.{}", format.extension());
            assert_eq!(ExportFormat::of_name(Path::new(&name)), Some(format));
        }
        for (name, format) in [
            ("a.XML", Some(ExportFormat::Musicxml)),
            ("a.midi", Some(ExportFormat::Midi)),
            ("a.notagen.abc", Some(ExportFormat::Notagen)),
            ("notagen.abc", Some(ExportFormat::Abc)),
            ("abc", None),
            ("a.pdf", None),
            ("..", None),
        ] {
            assert_eq!(ExportFormat::of_name(Path::new(name)), format, "{name}");
        }
    }
}
