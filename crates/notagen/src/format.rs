//! How weights are stored.

use std::path::Path;

use crate::Error;
use crate::kernels::blocks::Q4K;
use crate::weights::Weights;

/// How the matrices of the linear layers are stored. Norms, biases and embeddings stay f32, and the
/// matrix that makes logits stays as exact as the weight file in the two quantised formats. Those round the
/// inputs of their matrices too, to 8 bits in blocks of 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// 32 bits a weight.
    F32,
    /// 16 bits, of which 10 are the fraction.
    F16,
    /// 16 bits, of which 7 are the fraction.
    Bf16,
    /// GGML's Q8_0: 8 bits, and a scale for 32 inputs of an output.
    Q8_0,
    /// GGML's Q4_K: 4 bits, and a scale and an offset for 32 inputs of an output. Matrices whose inputs
    /// are no multiple of 256 are [`Format::Q8_0`] instead.
    Q4K,
}

impl Format {
    /// All, from the most exact to the smallest.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Q8_0, Self::Q4K];

    /// The word for it in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4k",
        }
    }

    /// The format that is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The format in which the weights of a model folder are quantised already, and which alone they can be
    /// loaded in; `None` if they can be stored in any.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join("model.safetensors");
        match path.is_file() {
            true => Ok(Weights::of_file(&path)?.packed()),
            false => Ok(None),
        }
    }

    /// What a matrix of so many inputs is stored as.
    pub(crate) const fn of_matrix(self, inputs: usize) -> Self {
        match self {
            Self::Q4K if !inputs.is_multiple_of(Q4K::INPUTS) => Self::Q8_0,
            format => format,
        }
    }

    /// Whether keys and values are kept as f16: not where every bit was asked for.
    pub(crate) const fn keeps_f16(self) -> bool {
        !matches!(self, Self::F32)
    }

    /// Whether matrices lie in blocks of small whole numbers.
    pub(crate) const fn is_quantised(self) -> bool {
        matches!(self, Self::Q8_0 | Self::Q4K)
    }

    /// What the matrix that makes logits is stored as.
    pub(crate) const fn of_logits(self) -> Option<Self> {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => Some(self),
            Self::Q8_0 | Self::Q4K => None,
        }
    }
}
