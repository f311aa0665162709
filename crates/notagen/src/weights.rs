//! The weights of a model folder: `model.safetensors`, or else `model.pth`.
//!
//! Every tensor's name, shape and type is checked against the configuration before a single number
//! is read, so a wrong or hostile file costs a header and no more. Names and shapes follow NotaGen
//! `gradio/utils.py` (`NotaGenLMHeadModel`) over Hugging Face's `GPT2Model` and `GPT2LMHeadModel`;
//! the matrices of its `Conv1D` are `[in, out]`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::limits::TENSORS;
use crate::pth::Pth;
use crate::safetensors_file::SafetensorsFile;
use crate::{Config, Error, PATCH_SIZE, VOCAB};

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
    unknown: Vec<String>,
    parameters: u64,
}

impl Weights {
    /// Opens the weights in `dir` and checks that every tensor of `config` is there as it must be.
    pub(crate) fn open(dir: &Path, config: &Config) -> Result<Self, Error> {
        let (safetensors, pth) = (dir.join("model.safetensors"), dir.join("model.pth"));
        let (path, source) = if safetensors.is_file() {
            let source = Source::Safetensors(SafetensorsFile::open(&safetensors)?);
            (safetensors, source)
        } else if pth.is_file() {
            let source = Source::Pth(Pth::open(&pth)?);
            (pth, source)
        } else {
            let file = "model.safetensors or model.pth";
            return Err(Error::MissingFile {
                folder: dir.to_owned(),
                file,
            });
        };
        let mut weights = Self {
            path,
            source,
            unknown: Vec::new(),
            parameters: 0,
        };
        weights.check(&expected(config))?;
        Ok(weights)
    }

    /// Weights of this shape that mean nothing, the same in every run.
    pub(crate) fn random(config: &Config) -> Result<Self, Error> {
        let expected = expected(config);
        let required = expected.iter().filter(|e| e.role == Role::Required);
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
            unknown: Vec::new(),
            parameters: 0,
        };
        weights.check(&expected)?;
        Ok(weights)
    }

    /// Tensors of the file that belong to no part of the model, sorted.
    pub(crate) fn into_unknown(self) -> Vec<String> {
        self.unknown
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

    /// The type in which a tensor is stored.
    pub(crate) fn dtype(&self, name: &str) -> Option<Dtype> {
        self.declared(name)?.dtype
    }

    fn declared(&self, name: &str) -> Option<&Declared> {
        match &self.source {
            Source::Safetensors(file) => file.tensors().get(name),
            Source::Pth(file) => file.tensors().get(name),
            Source::Random(tensors) => tensors.get(name),
        }
    }

    fn check(&mut self, expected: &[Expected]) -> Result<(), Error> {
        let tensors = match &self.source {
            Source::Safetensors(file) => file.tensors(),
            Source::Pth(file) => file.tensors(),
            Source::Random(tensors) => tensors,
        };
        if tensors.len() > TENSORS {
            let (found, limit) = (tensors.len() as u64, TENSORS as u64);
            return Err(Error::TooLarge {
                what: "tensors in the weight file",
                found,
                limit,
            });
        }
        let mut parameters = 0;
        for Expected { name, shape, role } in expected {
            let (path, name) = (self.path.clone(), name.clone());
            let Some(found) = tensors.get(&name) else {
                match role {
                    Role::Required => return Err(Error::MissingTensor { path, name }),
                    Role::Optional => continue,
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
            if found.dtype.is_none() {
                return Err(Error::TensorDtype {
                    path,
                    name,
                    found: found.dtype_name.clone(),
                });
            }
            if *role == Role::Required {
                parameters += shape.iter().map(|&size| size as u64).product::<u64>();
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

#[derive(PartialEq)]
enum Role {
    Required,
    /// Checked when there: the output matrix (tied to the character embedding) and the patch
    /// decoder's own embedding, which no computation uses.
    Optional,
}

/// A tensor of the architecture.
pub(crate) struct Expected {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    role: Role,
}

/// Constants that older versions of the reference's library saved as if they were weights.
fn is_mask(name: &str) -> bool {
    name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")
}

pub(crate) const PATCH_DECODER: &str = "patch_level_decoder.base";
pub(crate) const PATCH_EMBEDDING: &str = "patch_level_decoder.patch_embedding";
pub(crate) const CHAR_DECODER: &str = "char_level_decoder.base.transformer";
pub(crate) const HEAD: &str = "char_level_decoder.base.lm_head.weight";

/// All of them.
pub(crate) fn expected(config: &Config) -> Vec<Expected> {
    let hidden = config.hidden_size;
    let mut list = Vec::new();
    let mut add = |role: Role, name: String, shape: &[usize]| {
        list.push(Expected {
            name,
            shape: shape.to_vec(),
            role,
        });
    };
    add(
        Role::Required,
        format!("{PATCH_EMBEDDING}.weight"),
        &[hidden, PATCH_SIZE * VOCAB],
    );
    add(Role::Required, format!("{PATCH_EMBEDDING}.bias"), &[hidden]);
    add(
        Role::Optional,
        format!("{PATCH_DECODER}.wte.weight"),
        &[1, hidden],
    );
    add(
        Role::Required,
        format!("{CHAR_DECODER}.wte.weight"),
        &[VOCAB, hidden],
    );
    add(Role::Optional, HEAD.to_owned(), &[VOCAB, hidden]);
    let decoders = [
        (PATCH_DECODER, config.patch_num_layers, config.patch_length),
        (CHAR_DECODER, config.char_num_layers, PATCH_SIZE + 1),
    ];
    for (decoder, layers, positions) in decoders {
        add(
            Role::Required,
            format!("{decoder}.wpe.weight"),
            &[positions, hidden],
        );
        for layer in 0..layers {
            for norm in ["ln_1", "ln_2"] {
                add(
                    Role::Required,
                    format!("{decoder}.h.{layer}.{norm}.weight"),
                    &[hidden],
                );
                add(
                    Role::Required,
                    format!("{decoder}.h.{layer}.{norm}.bias"),
                    &[hidden],
                );
            }
            let linears = [
                ("attn.c_attn", hidden, 3 * hidden),
                ("attn.c_proj", hidden, hidden),
                ("mlp.c_fc", hidden, 4 * hidden),
                ("mlp.c_proj", 4 * hidden, hidden),
            ];
            for (linear, inputs, outputs) in linears {
                add(
                    Role::Required,
                    format!("{decoder}.h.{layer}.{linear}.weight"),
                    &[inputs, outputs],
                );
                add(
                    Role::Required,
                    format!("{decoder}.h.{layer}.{linear}.bias"),
                    &[outputs],
                );
            }
        }
        add(Role::Required, format!("{decoder}.ln_f.weight"), &[hidden]);
        add(Role::Required, format!("{decoder}.ln_f.bias"), &[hidden]);
    }
    list
}
