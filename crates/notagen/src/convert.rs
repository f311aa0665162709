//! A weight file becomes the `model.safetensors` of a model folder, once, so that loading is reading.
//!
//! As f32, f16 or bf16 it is a safetensors file like others, with the reference's names and shapes. As
//! q8_0 or q4k it is in Partita's own form (`panels.rs`). Only the matrices of the linear layers, and in
//! the first three formats the one that makes logits, are converted: what the model computes from the
//! result is, bit for bit, what it computes when it loads the original in that format.
//!
//! One matrix is in memory at a time, as f32.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::kernels::WIDE;
use crate::kernels::blocks::stored::Stored;
use crate::kernels::blocks::{Q4K, Q8};
use crate::tensors::{Expected, HEAD, Role, expected};
use crate::weights::{Dtype, Weights};
use crate::{Config, Error, Format, panels};

/// Numbers written at a time.
const CHUNK: usize = 1 << 16;

/// A weight file on its way into a model folder.
pub struct Conversion {
    weights: Weights,
    config: Config,
    asked: Option<Format>,
    tensors: Vec<Tensor>,
}

/// A tensor of the new file.
struct Tensor {
    /// Its name in the old one.
    source: String,
    stored: Expected,
    format: Format,
}

impl Conversion {
    /// Opens a `.safetensors` file, or else a `.pth`, and checks that every tensor is there as it must
    /// be: by the `config.json` beside it, or without one by what the tensors' shapes say. Without a
    /// format, each tensor stays as it is.
    ///
    /// A `.pth` is better opened in a process that may fail: see `pth.rs`.
    ///
    /// # Errors
    /// Those of opening a model; [`Error::Layout`] if the file was converted already.
    pub fn open(file: &Path, format: Option<Format>) -> Result<Self, Error> {
        let mut weights = Weights::of_file(file)?;
        if let Some(packed) = weights.packed() {
            let packed = packed.as_str();
            return Err(Error::layout(file)(format!(
                "it holds {packed} in Partita's own form already; convert what it was made from"
            )));
        }
        let folder = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let config = match folder.join("config.json").is_file() {
            true => Config::read(folder)?,
            false => weights.config()?,
        };
        weights.check(&config)?;
        let tensors = expected(&config)
            .into_iter()
            .filter_map(|expected| Tensor::new(expected, format, &weights))
            .collect();
        Ok(Self {
            weights,
            config,
            asked: format,
            tensors,
        })
    }

    /// The model's shape; its sampling if the `config.json` says one.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How the matrices are stored: as asked for, or what holds every one of them.
    pub fn format(&self) -> Format {
        let matrices = self
            .tensors
            .iter()
            .filter(|t| t.stored.role == Role::Linear);
        let place = |format: &Format| Format::ALL.iter().position(|one| one == format);
        let widest = matrices.map(|tensor| tensor.format).min_by_key(place);
        self.asked.or(widest).unwrap_or(Format::F32)
    }

    /// Tensors to write.
    pub fn tensors(&self) -> usize {
        self.tensors.len()
    }

    /// Tensors of the file that belong to no part of the model and are left out.
    pub fn unknown_tensors(&self) -> &[String] {
        self.weights.unknown()
    }

    /// Writes the new file to `out`, which is called `path` in errors; `told` is called after each
    /// tensor with how many are done.
    ///
    /// # Errors
    /// Those of reading; [`Error::NotFinite`] for weights too large for the format; [`Error::Io`] of
    /// writing.
    pub fn write(
        &mut self,
        out: &mut impl Write,
        path: &Path,
        mut told: impl FnMut(usize),
    ) -> Result<(), Error> {
        let header = self.header();
        out.write_all(&(header.len() as u64).to_le_bytes())
            .and_then(|()| out.write_all(header.as_bytes()))
            .map_err(Error::io(path))?;
        for (done, tensor) in self.tensors.iter().enumerate() {
            let numbers = self.weights.read(&tensor.source)?;
            tensor.write(&numbers, |bytes| {
                out.write_all(bytes).map_err(Error::io(path))
            })?;
            told(done + 1);
        }
        out.flush().map_err(Error::io(path))
    }

    /// The header of a safetensors file: JSON with a length that is a multiple of 8.
    fn header(&self) -> String {
        let metadata = match self.asked.filter(|format| format.is_quantised()) {
            Some(format) => panels::metadata(format),
            // What programs in Python look for.
            None => [("format".to_owned(), "pt".to_owned())].into(),
        };
        let mut entries: BTreeMap<&str, Value> = [("__metadata__", json!(metadata))].into();
        let mut start = 0;
        for tensor in &self.tensors {
            let end = start + tensor.bytes();
            let entry = json!({
                "dtype": tensor.dtype_name(),
                "shape": tensor.stored.shape,
                "data_offsets": [start, end],
            });
            entries.insert(&tensor.stored.name, entry);
            start = end;
        }
        let mut header = json!(entries).to_string();
        let padded = header.len().next_multiple_of(8);
        header.extend(std::iter::repeat_n(' ', padded - header.len()));
        header
    }
}

impl Tensor {
    /// What becomes of a tensor; nothing of one that is not there.
    fn new(expected: Expected, asked: Option<Format>, weights: &Weights) -> Option<Self> {
        let own = match weights.dtype(&expected.name)? {
            Dtype::F32 => Format::F32,
            Dtype::F16 => Format::F16,
            Dtype::BF16 => Format::Bf16,
        };
        let format = match expected.role {
            Role::Linear => asked.unwrap_or(own).of_matrix(expected.shape[0]),
            _ if expected.name == HEAD => asked.and_then(Format::of_logits).unwrap_or(own),
            _ => own,
        };
        Some(Self {
            source: expected.name.clone(),
            stored: match format.is_quantised() {
                true => panels::in_place_of(&expected, format),
                false => expected,
            },
            format,
        })
    }

    fn bytes(&self) -> u64 {
        let each = match self.format {
            Format::F32 => 4,
            Format::F16 | Format::Bf16 => 2,
            Format::Q8_0 | Format::Q4K => 1,
        };
        each * self.stored.numbers()
    }

    fn dtype_name(&self) -> &'static str {
        match self.format {
            Format::F32 => "F32",
            Format::F16 => "F16",
            Format::Bf16 => "BF16",
            Format::Q8_0 | Format::Q4K => panels::DTYPE_NAME,
        }
    }

    fn write(
        &self,
        numbers: &[f32],
        mut put: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let panels = self.stored.shape[0];
        match self.format {
            Format::Q8_0 => {
                return quantised::<Q8>(numbers, panels)?
                    .iter()
                    .try_for_each(|p| put(p));
            }
            Format::Q4K => {
                return quantised::<Q4K>(numbers, panels)?
                    .iter()
                    .try_for_each(|p| put(p));
            }
            Format::F32 | Format::F16 | Format::Bf16 => {}
        }
        let mut bytes = Vec::with_capacity(CHUNK * 4);
        for numbers in numbers.chunks(CHUNK) {
            bytes.clear();
            match self.format {
                Format::F16 => halves(numbers, f16::is_finite, f16::to_le_bytes, &mut bytes)?,
                Format::Bf16 => halves(numbers, bf16::is_finite, bf16::to_le_bytes, &mut bytes)?,
                _ => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            }
            put(&bytes)?;
        }
        Ok(())
    }
}

/// Rounds numbers to 16 bits.
fn halves<H: Copy + Default>(
    numbers: &[f32],
    is_finite: fn(H) -> bool,
    to_bytes: fn(H) -> [u8; 2],
    bytes: &mut Vec<u8>,
) -> Result<(), Error>
where
    [H]: HalfFloatSliceExt,
{
    let mut narrow = vec![H::default(); numbers.len()];
    narrow.convert_from_f32_slice(numbers);
    if !narrow.iter().all(|number| is_finite(*number)) {
        return Err(Error::NotFinite { what: "weights" });
    }
    bytes.extend(narrow.into_iter().flat_map(to_bytes));
    Ok(())
}

/// `weight [inputs, panels x 64]` as the bytes of its panels.
fn quantised<S: Stored>(weight: &[f32], panels: usize) -> Result<Vec<Vec<u8>>, Error> {
    let rows = weight.as_chunks::<WIDE>().0;
    let panel = |panel: usize| {
        let rows: Vec<_> = rows.iter().skip(panel).step_by(panels).copied().collect();
        let mut bytes = Vec::with_capacity(rows.len() / S::INPUTS * S::BYTES);
        for blocks in S::quantise(&rows)? {
            blocks.to_bytes(&mut bytes);
        }
        // Read back, because weights may be too large to have a scale.
        let mut blocks = bytes.chunks(S::BYTES);
        match blocks.all(|bytes| S::from_bytes(bytes).is_ok()) {
            true => Ok(bytes),
            false => Err(Error::NotFinite { what: "weights" }),
        }
    };
    (0..panels).into_par_iter().map(panel).collect()
}
