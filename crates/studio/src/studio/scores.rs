//! Pieces as scores: on the screen, in files, and back from them.

use std::path::{Path, PathBuf};

use jobs::VariationId;
use score::Metadata;

use super::Studio;
use crate::api::{Engraving, ExportFormat, LiveEngraving, Recalled};
use crate::{Result, export, fingerprint, live, models, reading, recall};

impl Studio {
    /// A piece as it is engraved and exported.
    ///
    /// # Errors
    /// [`NoMusic`](crate::Code::NoMusic), [`NotFound`](crate::Code::NotFound); those of the library.
    pub fn engraving(&self, id: &str) -> Result<Engraving> {
        let (score, diagnostics) = export::score_of(&self.piece(id)?)?;
        Ok(Engraving {
            musicxml: score::write_musicxml(&score),
            parts: u32::try_from(score.part_count()).unwrap_or(u32::MAX),
            bars: u32::try_from(score.bar_count()).unwrap_or(u32::MAX),
            diagnostics,
        })
    }

    /// What is written of a variation: its bars from number `from` on (from 1), or all, but no more than the
    /// last `most`. While it runs, only what has come since the last call is read.
    ///
    /// # Errors
    /// [`NoMusic`](crate::Code::NoMusic) before its first bar, [`NotFound`](crate::Code::NotFound); those of
    /// the library.
    pub fn live_engraving(
        &self,
        id: VariationId,
        from: Option<u32>,
        most: u32,
    ) -> Result<LiveEngraving> {
        if let Some(running) = self.inner.live.excerpt(id, from, most) {
            return running;
        }
        let variation = self.inner.library.variation(id)?;
        let text = match variation.piece {
            Some(piece) => self.piece(&piece)?.text,
            None => String::new(),
        };
        live::excerpt(&reading::read_text(&text)?.0, from, most)
    }

    /// The name to offer for an exported piece: safe in every file system.
    ///
    /// # Errors
    /// [`NotFound`](crate::Code::NotFound); those of the library.
    pub fn export_name(&self, id: &str, format: ExportFormat) -> Result<String> {
        Ok(export::file_name(&self.piece(id)?, format))
    }

    /// Writes a piece to a file, which is replaced if it is there.
    ///
    /// # Errors
    /// [`NoMusic`](crate::Code::NoMusic), [`CannotWrite`](crate::Code::CannotWrite), [`DiskFull`](crate::Code::DiskFull); those of the library.
    pub fn export_piece(&self, id: &str, format: ExportFormat, path: &Path) -> Result<()> {
        let (score, _) = export::score_of(&self.piece(id)?)?;
        export::write_file(path, &export::render(&score, format)?)
    }

    /// Writes a piece into a folder under a name made of its style and its number.
    ///
    /// # Errors
    /// As [`Studio::export_piece`].
    pub fn export_numbered(
        &self,
        id: &str,
        format: ExportFormat,
        folder: &Path,
    ) -> Result<PathBuf> {
        let piece = self.piece(id)?;
        let number = piece.summary.variation.number;
        let style = &piece.summary.style;
        let path = export::numbered_path(folder, style, number, format.extension());
        self.export_piece(id, format, &path)?;
        Ok(path)
    }

    /// How a score was composed that Partita once wrote, in any of its formats.
    ///
    /// # Errors
    /// [`NoSettings`](crate::Code::NoSettings) if the file does not say; [`CannotRead`](crate::Code::CannotRead), [`NoMusic`](crate::Code::NoMusic).
    pub fn recall(&self, path: &Path) -> Result<Recalled> {
        let metadata = reading::read_metadata(&reading::read_file(path)?)?;
        let mut recalled = recall::settings(&metadata)?;
        let name = path.file_name().unwrap_or_default();
        recalled.file = name.to_string_lossy().into_owned();
        recalled
            .notes
            .extend(self.other_model(&recalled, &metadata));
        recalled.notes.extend(recall::other_version(&metadata));
        Ok(recalled)
    }

    /// A note if what wrote a piece cannot write it again here.
    fn other_model(&self, recalled: &Recalled, metadata: &Metadata) -> Option<String> {
        let id = &recalled.model;
        let Ok(model) = models::find(&self.inner.config.model_dirs, id) else {
            return Some(format!(
                "its model, {id}, is not here, and another model writes another piece"
            ));
        };
        let sha256 = recall::model_sha256(metadata)?;
        match fingerprint::sha256(&self.inner.library, &model) {
            Ok(here) if here == sha256 => None,
            Ok(_) => Some(format!(
                "the {id} that is here has other weights than the one that wrote it: the piece will be \
                 another"
            )),
            Err(error) => Some(error.message),
        }
    }
}
