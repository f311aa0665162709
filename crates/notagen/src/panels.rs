//! Partita's own form of a weight file: safetensors in which the matrices of the linear layers are
//! quantised and lie as the kernels read them, so that loading quantises nothing.
//!
//! The file's metadata say `partita.layout` = `panels`, `partita.version` = `1` and `partita.dtype`, the
//! [`Format`]. In place of each matrix `NAME [inputs, outputs]` there is `NAME.q8_0` or `NAME.q4k`, bytes
//! `[outputs / 64, inputs / n, m]`: m bytes for 64 columns of n inputs, which
//! `kernels/blocks/stored.rs` describes. A matrix of q4k whose inputs are no multiple of 256 is q8_0. The
//! other tensors are as in the file that it was made from, and read as in any safetensors file.

use std::collections::BTreeMap;

use crate::Format;
use crate::kernels::WIDE;
use crate::kernels::blocks::stored::Stored;
use crate::kernels::blocks::{Q4K, Q8};
use crate::tensors::{Expected, Role};

const LAYOUT: &str = "partita.layout";
const VERSION: &str = "partita.version";
const DTYPE: &str = "partita.dtype";

/// What a safetensors header calls bytes.
pub(crate) const DTYPE_NAME: &str = "U8";

/// What the metadata of a file in `format` say.
pub(crate) fn metadata(format: Format) -> BTreeMap<String, String> {
    let entries = [(LAYOUT, "panels"), (VERSION, "1"), (DTYPE, format.as_str())];
    entries
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// The format of a file with these metadata; `None` if it is not in this form.
///
/// # Errors
/// A form of another version, or none that this one knows.
pub(crate) fn format(of: impl Fn(&str) -> Option<String>) -> Result<Option<Format>, String> {
    let (layout, version, dtype) = (of(LAYOUT), of(VERSION), of(DTYPE));
    match (layout.as_deref(), version.as_deref()) {
        (None, None) => return Ok(None),
        (Some("panels"), Some("1")) => {}
        (Some("panels"), Some(other)) => {
            return Err(format!(
                "it is in version {other:?} of Partita's form; this Partita knows version 1"
            ));
        }
        (other, _) => return Err(format!("its layout is {other:?}, which is unknown")),
    }
    dtype
        .as_deref()
        .and_then(Format::named)
        .filter(|format| format.is_quantised())
        .map(Some)
        .ok_or_else(|| format!("its weights are {dtype:?}, not q8_0 or q4k"))
}

/// The name under which the matrix `name` lies in panels of `format`.
pub(crate) fn name(name: &str, format: Format) -> String {
    format!("{name}.{}", format.as_str())
}

/// Bytes that 64 columns of so many inputs become in `format`, and how many inputs that is.
fn block(format: Format) -> (usize, usize) {
    match format {
        Format::Q4K => (Q4K::BYTES, Q4K::INPUTS),
        _ => (Q8::BYTES, Q8::INPUTS),
    }
}

/// What takes the place of a matrix in a file of `format`.
pub(crate) fn in_place_of(matrix: &Expected, format: Format) -> Expected {
    let (inputs, outputs) = (matrix.shape[0], matrix.shape[1]);
    let format = format.of_matrix(inputs);
    let (bytes, each) = block(format);
    Expected {
        name: name(&matrix.name, format),
        shape: vec![outputs / WIDE, inputs / each, bytes],
        role: Role::Linear,
    }
}
