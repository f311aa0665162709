//! Which weights a model has: their hash, taken once for each file.

use std::io::Read;

use library::Library;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::models::{Model, missing, weights};
use crate::{Code, Error, Result};

/// SHA-256 of a model's weights, in hexadecimal, from the library if it knows this very file.
pub(crate) fn sha256(library: &Library, model: &Model) -> Result<String> {
    let key = format!("fingerprint:{}", model.folder.display());
    let known: Option<Fingerprint> = library.setting(&key).ok().flatten();
    let fingerprint = model.fingerprint(known.clone())?;
    if known.as_ref() != Some(&fingerprint) {
        library.put_setting(&key, &fingerprint)?;
    }
    Ok(fingerprint.sha256)
}

/// The identity of a weights file; the hash is taken anew only when size or time changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Fingerprint {
    bytes: u64,
    modified_ms: u64,
    pub(crate) sha256: String,
}

impl Model {
    /// SHA-256 of the weights, in hexadecimal, with the size and time of the file it is of.
    fn fingerprint(&self, known: Option<Fingerprint>) -> Result<Fingerprint> {
        let path =
            weights(&self.folder).ok_or_else(|| missing(&self.id, "its weights are gone"))?;
        let failed = |error: std::io::Error| {
            Error::io(
                &format!("read {}", path.display()),
                &error,
                Code::CannotRead,
            )
        };
        let mut file = std::fs::File::open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let modified = metadata.modified().map_err(failed)?;
        let modified_ms = modified
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        let bytes = metadata.len();
        if let Some(known) = known.filter(|k| k.bytes == bytes && k.modified_ms == modified_ms) {
            return Ok(known);
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut buffer).map_err(failed)?;
            match buffer.get(..count) {
                Some(read) if !read.is_empty() => hash.update(read),
                _ => break,
            }
        }
        let hex = |byte: &u8| format!("{byte:02x}");
        Ok(Fingerprint {
            bytes,
            modified_ms,
            sha256: hash.finalize().iter().map(hex).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_fingerprint_is_taken_once_for_a_file() {
        let folders = [Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")];
        let demo = crate::models::find(&folders, "partita-demo").unwrap();
        let first = demo.fingerprint(None).unwrap();
        assert_eq!(first.sha256.len(), 64);
        let remembered = Fingerprint {
            sha256: "remembered".into(),
            ..first.clone()
        };
        let again = demo.fingerprint(Some(remembered.clone())).unwrap();
        assert_eq!(again, remembered);
        let touched = Fingerprint {
            modified_ms: 1,
            ..remembered
        };
        assert_eq!(demo.fingerprint(Some(touched)).unwrap(), first);
    }
}
