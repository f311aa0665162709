//! Compressed MusicXML, written and read.
//!
//! A `.mxl` file of unknown origin is opened in memory: nothing is ever written to disk, names of entries are
//! only compared with the one name that is looked for, and no size that the archive claims is believed.

use std::io::{Cursor, Read, Write};

use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::diagnostic::{Diagnostic, Findings, Place};
use crate::musicxml::write_musicxml;
use crate::musicxml_read::{parse_musicxml, root_file, xml::MAX_TEXT};
use crate::score::Score;

/// Entries of an archive: the container, the score, and a few pictures.
const MAX_ENTRIES: usize = 32;
/// Bytes that come out of an archive altogether: the largest text, and what says that it is the score.
const MAX_OUT: usize = MAX_TEXT + (64 << 10);
/// Bytes that are unpacked at once.
const PIECE: usize = 64 << 10;
/// How many times larger than its compressed form an entry may be. MusicXML shrinks to a thirtieth.
const MAX_RATIO: usize = 100;
/// The first bytes of an entry, which are not measured by that: a small file of blanks shrinks a lot.
const FREE_OUT: usize = 100 << 10;

/// Why a score could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum MxlError {
    /// The archive could not be built.
    #[error("the compressed score could not be built")]
    Zip(#[from] zip::result::ZipError),
    /// Its contents could not be written.
    #[error("the compressed score could not be written")]
    Io(#[from] std::io::Error),
}

const CONTAINER_NAME: &str = "META-INF/container.xml";
const CONTAINER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<container>
  <rootfiles>
    <rootfile full-path="score.xml" media-type="application/vnd.recordare.musicxml+xml"/>
  </rootfiles>
</container>
"#;

/// The score as a `.mxl` file: a zip whose first entry says which one is the score. Equal scores give equal
/// bytes.
pub fn write_mxl(score: &Score) -> Result<Vec<u8>, MxlError> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(CONTAINER_NAME, options)?;
    zip.write_all(CONTAINER.as_bytes())?;
    zip.start_file("score.xml", options)?;
    zip.write_all(write_musicxml(score).as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

/// Reads a `.mxl` file. Any bytes give a score that can be written; what is refused gives an empty one and an
/// [`Error`](crate::Severity::Error). Lines and columns of the findings are those of the MusicXML in it.
pub fn parse_mxl(bytes: &[u8]) -> (Score, Vec<Diagnostic>) {
    match unpack(bytes) {
        Ok(text) => parse_musicxml(&text),
        Err(message) => {
            let mut findings = Findings::default();
            findings.error(Place::default(), message);
            (Score::default(), Findings::of_all(&[&findings]))
        }
    }
}

/// The MusicXML in an archive, or why it is not read.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |error: zip::result::ZipError| format!("the archive cannot be read: {error}");
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if zip.len() > MAX_ENTRIES {
        return Err(format!("the archive has more than {MAX_ENTRIES} entries"));
    }
    if zip.has_duplicate_names() {
        return Err("the archive has two entries of the same name".into());
    }
    let mut room = MAX_OUT;
    let mut entry = |name: &str| {
        let entry = zip.by_name(name).map_err(|error| match error {
            zip::result::ZipError::FileNotFound => {
                let name: String = name.chars().take(60).collect();
                format!("the archive has no entry \"{name}\"")
            }
            other => broken(other),
        })?;
        read(entry, bytes.len(), &mut room)
    };
    let container = entry(CONTAINER_NAME)?;
    let score = entry(&root_file(&container)?)?;
    if score.starts_with(b"PK") {
        return Err("there is an archive in the archive".into());
    }
    Ok(score)
}

/// Unpacks an entry, as long as it does not grow beyond measure.
fn read(
    mut entry: ZipFile<'_, Cursor<&[u8]>>,
    archive: usize,
    room: &mut usize,
) -> Result<Vec<u8>, String> {
    let packed = usize::try_from(entry.compressed_size()).unwrap_or(usize::MAX);
    let packed = packed.min(archive);
    let by_ratio = FREE_OUT.saturating_add(packed.saturating_mul(MAX_RATIO));
    let limit = by_ratio.min(*room);
    let mut out = Vec::new();
    loop {
        if out.len() > limit {
            return Err("the archive grows beyond measure when it is unpacked".into());
        }
        // The list never grows to twice its length: the old and the new one have to fit in memory together.
        out.reserve_exact((out.len() / 4 + PIECE).min(limit + 1 - out.len()));
        let free = u64::try_from(out.capacity() - out.len()).unwrap_or(u64::MAX);
        let read = entry.by_ref().take(free).read_to_end(&mut out);
        let read =
            read.map_err(|error| format!("an entry of the archive cannot be read: {error}"))?;
        if read == 0 {
            break;
        }
    }
    *room -= out.len();
    Ok(out)
}
