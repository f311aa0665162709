//! What the studio and the process that imports a weight file say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Dtype, WorkerError};

/// From the studio to the importer: one order, after which its input stays open for as long as somebody
/// waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToImporter {
    /// The weight file, a `.safetensors` or else a `.pth`; a `config.json` beside it says its shape.
    pub file: PathBuf,
    /// The safetensors file to write. It must not be there.
    pub out: PathBuf,
    /// How matrices are stored; as they are if absent.
    pub dtype: Option<Dtype>,
}

/// From the importer to the studio: how far it is, then one of the other two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromImporter {
    /// It goes on.
    Progress {
        /// Tensors written.
        done: u32,
        /// Tensors in all.
        all: u32,
    },
    /// The new file is whole and on disk.
    Done(ImportedWeights),
    /// The file cannot be imported; nothing of the new one is of use.
    Failed(WorkerError),
}

/// What a weight file became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedWeights {
    /// How its matrices are stored.
    pub dtype: Dtype,
    /// Tensors of the original that belong to no part of the model and were left out.
    pub left_out: u32,
    /// Patches of context.
    pub patch_length: u32,
    /// Layers of the patch decoder.
    pub patch_num_layers: u32,
    /// Layers of the character decoder.
    pub char_num_layers: u32,
    /// Width of both decoders.
    pub hidden_size: u32,
    /// Bytes of the new file.
    pub bytes: u64,
    /// SHA-256 of the new file, in hexadecimal.
    pub sha256: String,
    /// Bytes of the original.
    pub source_bytes: u64,
    /// SHA-256 of the original, in hexadecimal: what those who publish it may name.
    pub source_sha256: String,
}

/// How long an import may compute, in seconds of all processors together: two minutes, and for files
/// beyond [`SIZE_OF_TWO_MINUTES`] in proportion.
#[must_use]
pub fn import_seconds(bytes: u64) -> u64 {
    const SECONDS: u64 = 120;
    SECONDS * bytes.div_ceil(SIZE_OF_TWO_MINUTES).max(1)
}

/// Twice the largest model that is published as f32; of that a processor of today makes q4k in 15 seconds.
const SIZE_OF_TWO_MINUTES: u64 = 4 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_has_two_minutes_and_a_file_beyond_all_known_ones_in_proportion() {
        let seconds = [0, 1, 2 << 30, 4 << 30, (4 << 30) + 1, 40 << 30].map(import_seconds);
        assert_eq!(seconds, [120, 120, 120, 120, 240, 1200]);
    }
}
