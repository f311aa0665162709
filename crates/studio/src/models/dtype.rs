//! How a model's weights are stored, read off the header of its file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use jobs::Dtype;
use serde::Deserialize;

/// Longer headers are refused where the model is loaded.
const HEADER_BYTES: u64 = 1 << 20;

/// A matrix that every NotaGen has.
const MATRIX: &str = "patch_level_decoder.base.h.0.attn.c_attn.weight";

/// Of a safetensors header, what says it. Matrices that Partita has quantised are bytes, and what they are
/// stands in the metadata.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: Option<HashMap<String, String>>,
    #[serde(flatten)]
    tensors: HashMap<String, serde_json::Value>,
}

/// `None` if the file does not say, as a `.pth` does not.
pub(super) fn of(weights: &Path) -> Option<Dtype> {
    if weights.extension()? != "safetensors" {
        return None;
    }
    let mut file = File::open(weights).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = Some(u64::from_le_bytes(length)).filter(|&length| length <= HEADER_BYTES)?;
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let quantised = header.metadata.and_then(|mut m| m.remove("partita.dtype"));
    let word = quantised.or_else(|| {
        let dtype = header.tensors.get(MATRIX)?.get("dtype")?;
        Some(dtype.as_str()?.to_ascii_lowercase())
    });
    Dtype::parse(&word?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_the_weights_says_how_they_are_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let dtype = |header: &str| {
            let length = (header.len() as u64).to_le_bytes();
            std::fs::write(&path, [&length, header.as_bytes()].concat()).unwrap();
            of(&path)
        };
        let matrix = |name: &str| {
            format!(r#"{{"{name}":{{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}}}"#)
        };
        assert_eq!(dtype(&matrix(MATRIX)), Some(Dtype::Bf16));
        assert_eq!(dtype(&matrix("another")), None);
        let packed = r#"{"__metadata__":{"partita.dtype":"q4k"}}"#;
        assert_eq!(dtype(packed), Some(Dtype::Q4K));
        for broken in ["", "[]", r#"{"__metadata__":7}"#] {
            assert_eq!(dtype(broken), None);
        }
        std::fs::write(&path, [0xff; 64]).unwrap();
        assert_eq!(of(&path), None);
        assert_eq!(of(&folder.path().join("model.pth")), None);
    }
}
