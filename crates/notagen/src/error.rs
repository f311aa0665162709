//! What can go wrong, each with a message for people and a stable code for programs.

use std::path::{Path, PathBuf};

/// Everything this crate refuses or fails at.
///
/// The text is for a log or a dialog; programs switch on [`Error::code`] only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file being read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path is not a folder.
    #[error("{} is no folder", path.display())]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The folder lacks a file that every model has.
    #[error("{} holds no {file}", folder.display())]
    MissingFile {
        /// The model folder.
        folder: PathBuf,
        /// What is not there.
        file: &'static str,
    },
    /// `config.json` cannot be read or describes no model this crate can run.
    #[error("{}: {reason}", path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not in the safetensors format.
    #[error("{} is no safetensors file: {reason}", path.display())]
    NotSafetensors {
        /// The weight file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The weight file ends before (or after) the data its header announces.
    #[error("{} is {found} bytes long, its header announces {expected}", path.display())]
    Truncated {
        /// The weight file.
        path: PathBuf,
        /// Bytes announced.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// The file is not in the format `torch.save` writes.
    #[error("{} is no .pth (a zip archive): {reason}", path.display())]
    NotAPth {
        /// The weight file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor of the architecture is not in the file.
    #[error("{}: tensor {name} is missing", path.display())]
    MissingTensor {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error("{}: tensor {name} has shape {found:?}, the configuration asks for {expected:?}", path.display())]
    TensorShape {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is stored in a type other than f32, f16 or bf16, or than bytes where it is quantised.
    #[error("{}: tensor {name} is {found}, which is no type it may have", path.display())]
    TensorDtype {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// The type in the file.
        found: String,
    },
    /// Weights in Partita's own form, in a way that this version does not know or that was asked for in vain.
    #[error("{}: {reason}", path.display())]
    Layout {
        /// The weight file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// More than a limit of [`crate::limits`] allows.
    #[error("{what}: {found} is more than {limit}")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// How much it is.
        found: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// Sampling parameters that define no distribution.
    #[error("sampling: {reason}")]
    SamplingInvalid {
        /// Which, and why.
        reason: String,
    },
    /// The model answered with infinities or no numbers: broken weights or broken memory.
    #[error("the model's answer is not finite ({what})")]
    NotFinite {
        /// Where it was seen.
        what: &'static str,
    },
    /// A slot's context has no room for more patches.
    #[error("{needed} patches do not fit into a context of {limit}")]
    ContextFull {
        /// Patches that the call would have made it.
        needed: usize,
        /// `patch_length`.
        limit: usize,
    },
    /// Text that has no encoding: the model knows characters 3 to 127 alone.
    #[error("{reason}")]
    Text {
        /// What is wrong with it.
        reason: String,
    },
    /// There is no card to compute on, or no driver for it.
    #[error("{reason}")]
    DeviceAbsent {
        /// Which of them.
        reason: String,
    },
    /// The card, or its driver, is too old.
    #[error("{reason}")]
    DeviceUnsupported {
        /// How old.
        reason: String,
    },
    /// The card has too little memory left. Nothing else is wrong with it.
    #[error("{reason}")]
    DeviceMemory {
        /// What did not fit.
        reason: String,
    },
    /// The card, or what its driver knows of this process, is gone: only another process can compute on it.
    #[error("{reason}")]
    DeviceLost {
        /// What the driver says.
        reason: String,
    },
    /// The card computes wrongly.
    #[error("{reason}")]
    DeviceWrong {
        /// By how much.
        reason: String,
    },
    /// A call that no correct program makes: a slot out of range, a slot named twice, an empty context.
    #[error("{reason}")]
    Call {
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// A stable name of the kind of failure, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::NotAFolder { .. } | Self::MissingFile { .. } => "model_missing",
            Self::Config { .. } => "config_invalid",
            Self::NotSafetensors { .. } => "weights_not_safetensors",
            Self::Truncated { .. } => "weights_truncated",
            Self::NotAPth { .. } => "weights_not_a_pth",
            Self::MissingTensor { .. } => "tensor_missing",
            Self::TensorShape { .. } => "tensor_shape",
            Self::TensorDtype { .. } => "tensor_dtype",
            Self::Layout { .. } => "weights_layout",
            Self::TooLarge { .. } => "too_large",
            Self::SamplingInvalid { .. } => "sampling_invalid",
            Self::NotFinite { .. } => "not_finite",
            Self::ContextFull { .. } => "context_full",
            Self::Text { .. } => "text_invalid",
            Self::DeviceAbsent { .. } => "device_absent",
            Self::DeviceUnsupported { .. } => "device_unsupported",
            Self::DeviceMemory { .. } => "device_memory",
            Self::DeviceLost { .. } => "device_lost",
            Self::DeviceWrong { .. } => "device_wrong",
            Self::Call { .. } => "call_invalid",
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }

    pub(crate) fn layout(path: &Path) -> impl FnOnce(String) -> Self {
        let path = path.to_owned();
        |reason| Self::Layout { path, reason }
    }

    pub(crate) fn text(reason: impl Into<String>) -> Self {
        Self::Text {
            reason: reason.into(),
        }
    }

    pub(crate) fn device_absent(reason: impl Into<String>) -> Self {
        Self::DeviceAbsent {
            reason: reason.into(),
        }
    }

    pub(crate) fn device_unsupported(reason: impl Into<String>) -> Self {
        Self::DeviceUnsupported {
            reason: reason.into(),
        }
    }

    pub(crate) fn device_memory(reason: impl Into<String>) -> Self {
        Self::DeviceMemory {
            reason: reason.into(),
        }
    }

    pub(crate) fn device_lost(reason: impl Into<String>) -> Self {
        Self::DeviceLost {
            reason: reason.into(),
        }
    }

    pub(crate) fn device_wrong(reason: impl Into<String>) -> Self {
        Self::DeviceWrong {
            reason: reason.into(),
        }
    }

    pub(crate) fn call(reason: impl Into<String>) -> Self {
        Self::Call {
            reason: reason.into(),
        }
    }
}
