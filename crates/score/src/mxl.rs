//! Compressed MusicXML.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::musicxml::write_musicxml;
use crate::score::Score;

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
    zip.start_file("META-INF/container.xml", options)?;
    zip.write_all(CONTAINER.as_bytes())?;
    zip.start_file("score.xml", options)?;
    zip.write_all(write_musicxml(score).as_bytes())?;
    Ok(zip.finish()?.into_inner())
}
