//! The weights of a model folder, `model.safetensors` or else `model.pth`, or of a file to be converted.
//!
//! Every tensor's name, shape and type is checked against the configuration before a single number
//! is read, so a wrong or hostile file costs a header and no more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use crate::kernels::blocks::stored::{Flaw, Stored};
use crate::limits::TENSORS;
use crate::pth::Pth;
use crate::safetensors_file::SafetensorsFile;
use crate::tensors::{Expected, Role, expected, infer, is_mask};
use crate::{Config, Error, Format, panels};

/// Numbers converted at a time.
const BLOCK: usize = 64;

/// What a file says about one tensor.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) shape: Vec<usize>,
    /// `None`: a type that is not read; its name is in `dtype_name`.
    pub(crate) dtype: Option<Dtype>,
    pub(crate) dtype_name: String,
}

/// The types that are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dtype {
    F32,
    F16,
    BF16,
}

impl Dtype {
    /// Little-endian bytes to f32; exact for all three.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        let (pairs, fours) = (bytes.as_chunks::<2>().0, bytes.as_chunks::<4>().0);
        match self {
            Self::F32 => fours.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Self::F16 => {
                // A block at a time: a conversion of many is one instruction for several.
                let mut numbers = vec![0.0; pairs.len()];
                for (pairs, numbers) in pairs.chunks(BLOCK).zip(numbers.chunks_mut(BLOCK)) {
                    let mut block = [f16::ZERO; BLOCK];
                    for (number, pair) in block.iter_mut().zip(pairs) {
                        *number = f16::from_le_bytes(*pair);
                    }
                    block[..pairs.len()].convert_to_f32_slice(numbers);
                }
                numbers
            }
            Self::BF16 => pairs
                .iter()
                .map(|pair| bf16::from_le_bytes(*pair).to_f32())
                .collect(),
        }
    }
}

enum Source {
    Safetensors(SafetensorsFile),
    Pth(Pth),
    /// No file: numbers that look like weights, to measure a shape without its weights.
    Random(HashMap<String, Declared>),
}

/// An opened and checked weight file.
pub(crate) struct Weights {
    path: PathBuf,
    source: Source,
    /// Of a file in [`panels`].
    packed: Option<Format>,
    /// The matrices of such a file, by the names they have elsewhere: how each is quantised, and its inputs.
    matrices: HashMap<String, (Format, usize)>,
    unknown: Vec<String>,
    parameters: u64,
}

impl Weights {
    /// Opens the weights in `dir` and checks that every tensor of `config` is there as it must be.
    pub(crate) fn open(dir: &Path, config: &Config) -> Result<Self, Error> {
        let files = ["model.safetensors", "model.pth"].map(|name| dir.join(name));
        let Some(path) = files.iter().find(|path| path.is_file()) else {
            let file = "model.safetensors or model.pth";
            return Err(Error::MissingFile {
                folder: dir.to_owned(),
                file,
            });
        };
        let mut weights = Self::of_file(path)?;
        weights.check(config)?;
        Ok(weights)
    }

    /// Opens a weight file, which is a `.pth` unless its name ends with `.safetensors`. Nothing is
    /// checked but that it is one.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Error> {
        let is_safetensors = path.extension().is_some_and(|e| e == "safetensors");
        let source = match is_safetensors {
            true => Source::Safetensors(SafetensorsFile::open(path)?),
            false => Source::Pth(Pth::open(path)?),
        };
        let packed = match &source {
            Source::Safetensors(file) => panels::format(|key| file.metadata(key)),
            _ => Ok(None),
        };
        Ok(Self {
            packed: packed.map_err(Error::layout(path))?,
            path: path.to_owned(),
            source,
            matrices: HashMap::new(),
            unknown: Vec::new(),
            parameters: 0,
        })
    }

    /// The shape of the model that the file holds, by its tensors; not yet checked against all of them.
    pub(crate) fn config(&self) -> Result<Config, Error> {
        let tensors = self.tensors();
        let config = infer(|name| tensors.get(name).map(|found| &found.shape[..]));
        let config = config.map_err(|name| Error::MissingTensor {
            path: self.path.clone(),
            name,
        })?;
        config.check().map_err(|reason| Error::Config {
            path: self.path.clone(),
            reason,
        })?;
        Ok(config)
    }

    /// Weights of this shape that mean nothing, the same in every run.
    pub(crate) fn random(config: &Config) -> Result<Self, Error> {
        let expected = expected(config);
        let required = expected.iter().filter(|e| e.role != Role::Optional);
        let tensors = required.map(|Expected { name, shape, .. }| {
            let (shape, dtype) = (shape.clone(), Some(Dtype::F32));
            let dtype_name = "F32".to_owned();
            (
                name.clone(),
                Declared {
                    shape,
                    dtype,
                    dtype_name,
                },
            )
        });
        let mut weights = Self {
            path: PathBuf::from("random weights"),
            source: Source::Random(tensors.collect()),
            packed: None,
            matrices: HashMap::new(),
            unknown: Vec::new(),
            parameters: 0,
        };
        weights.check(config)?;
        Ok(weights)
    }

    /// Tensors of the file that belong to no part of the model, sorted.
    pub(crate) fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Numbers in the file that belong to the model; the output matrix counts once, it is the
    /// character embedding.
    pub(crate) fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Whether a tensor that may be absent is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.declared(name).is_some()
    }

    /// The format in which the matrices of the file are quantised already.
    pub(crate) fn packed(&self) -> Option<Format> {
        self.packed
    }

    /// What weights from this file are stored in where `asked` was asked for.
    pub(crate) fn format(&self, asked: Option<Format>) -> Result<Option<Format>, Error> {
        match (self.packed, asked) {
            (Some(packed), Some(asked)) if packed != asked => Err(Error::Layout {
                path: self.path.clone(),
                reason: format!(
                    "its weights are {}, and cannot become {} again",
                    packed.as_str(),
                    asked.as_str()
                ),
            }),
            (packed, asked) => Ok(packed.or(asked)),
        }
    }

    /// The type of a tensor's numbers in the file.
    pub(crate) fn dtype(&self, name: &str) -> Option<Dtype> {
        self.declared(name)?.dtype
    }

    /// The format that the matrix `name` is quantised in, and its inputs, if it lies in panels.
    pub(crate) fn panels_of(&self, name: &str) -> Option<(Format, usize)> {
        self.matrices.get(name).copied()
    }

    /// The matrix `name`, which [`Self::panels_of`] says is of this kind.
    pub(crate) fn read_panels<S: Stored>(&mut self, name: &str) -> Result<Vec<S>, Error> {
        let (path, name) = (&self.path, panels::name(name, S::FORMAT));
        let missing = || Error::MissingTensor {
            path: path.clone(),
            name: name.clone(),
        };
        let bytes = match &mut self.source {
            Source::Safetensors(file) => file.bytes(&name)?,
            _ => return Err(missing()),
        };
        let panels: Result<Vec<S>, Flaw> = bytes.par_chunks(S::BYTES).map(S::from_bytes).collect();
        panels.map_err(|flaw| match flaw {
            Flaw::NotFinite => Error::NotFinite { what: "weights" },
            Flaw::OutOfRange => Error::Layout {
                path: path.clone(),
                reason: format!(
                    "tensor {name} holds numbers that {:?} does not have",
                    S::FORMAT
                ),
            },
        })
    }

    /// The numbers of one tensor, in row-major order.
    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let numbers = match &mut self.source {
            Source::Safetensors(file) => file.read(name)?,
            Source::Pth(file) => file.read(name)?,
            Source::Random(tensors) => random(name, &tensors[name].shape),
        };
        // Inf or NaN would come back as garbage many layers later; here it has a name.
        match numbers.iter().all(|number| number.is_finite()) {
            true => Ok(numbers),
            false => Err(Error::NotFinite { what: "weights" }),
        }
    }

    fn declared(&self, name: &str) -> Option<&Declared> {
        self.tensors().get(name)
    }

    fn tensors(&self) -> &HashMap<String, Declared> {
        match &self.source {
            Source::Safetensors(file) => file.tensors(),
            Source::Pth(file) => file.tensors(),
            Source::Random(tensors) => tensors,
        }
    }

    /// Checks that every tensor of `config` is there as it must be.
    pub(crate) fn check(&mut self, config: &Config) -> Result<(), Error> {
        let mut expected = expected(config);
        let learnt = expected.iter().filter(|e| e.role != Role::Optional);
        let parameters = learnt.map(Expected::numbers).sum();
        if let Some(format) = self.packed {
            for matrix in expected.iter_mut().filter(|e| e.role == Role::Linear) {
                let kind = (format.of_matrix(matrix.shape[0]), matrix.shape[0]);
                self.matrices.insert(matrix.name.clone(), kind);
                *matrix = panels::in_place_of(matrix, format);
            }
        }
        let tensors = self.tensors();
        if tensors.len() > TENSORS {
            let (found, limit) = (tensors.len() as u64, TENSORS as u64);
            return Err(Error::TooLarge {
                what: "tensors in the weight file",
                found,
                limit,
            });
        }
        for Expected { name, shape, role } in &expected {
            let (path, name) = (self.path.clone(), name.clone());
            let Some(found) = tensors.get(&name) else {
                match role {
                    Role::Optional => continue,
                    _ => return Err(Error::MissingTensor { path, name }),
                }
            };
            if found.shape != *shape {
                let (expected, found) = (shape.clone(), found.shape.clone());
                return Err(Error::TensorShape {
                    path,
                    name,
                    expected,
                    found,
                });
            }
            let is_read = match (self.packed, role) {
                (Some(_), Role::Linear) => found.dtype_name == panels::DTYPE_NAME,
                _ => found.dtype.is_some(),
            };
            if !is_read {
                return Err(Error::TensorDtype {
                    path,
                    name,
                    found: found.dtype_name.clone(),
                });
            }
        }
        let known: std::collections::HashSet<&str> =
            expected.iter().map(|e| e.name.as_str()).collect();
        let mut unknown: Vec<String> = tensors
            .keys()
            .filter(|name| !known.contains(name.as_str()) && !is_mask(name))
            .cloned()
            .collect();
        unknown.sort();
        (self.unknown, self.parameters) = (unknown, parameters);
        Ok(())
    }
}

/// Spread evenly around 0 as wide as GPT-2 begins training, around 1 for the weights of a norm.
fn random(name: &str, shape: &[usize]) -> Vec<f32> {
    const WIDTH: f32 = 0.02 * 1.732;
    let centre = f32::from(name.contains(".ln_") && name.ends_with(".weight"));
    let mut state = name.bytes().fold(0, |state: u64, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let next = || {
        // Splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = (mixed >> 40) as f32 / (1 << 23) as f32 - 1.0;
        centre + number * WIDTH
    };
    std::iter::repeat_with(next)
        .take(shape.iter().product())
        .collect()
}
