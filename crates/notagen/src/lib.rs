//! The NotaGen model: text to patches, patches to the next patch.
//!
//! NotaGen writes a score as patches of 16 characters. A patch decoder (GPT-2) reads all patches so
//! far and gives a hidden state; a character decoder (a smaller GPT-2) spells the next patch from it.
//!
//! Reference: NotaGen, <https://github.com/ElectricAlexis/NotaGen>, `gradio/utils.py` and
//! `gradio/inference.py`; the parity tests hold this crate to its numbers.
//!
//! Two promises beyond parity. *A piece depends on its seed alone*: with the same weights and the
//! same kind of processor, the same bytes come out alone or in company, in one prefill or in many.
//! *No file makes this crate panic*: a broken model folder is an [`Error`] with a stable code.

mod config;
mod convert;
mod cpu;
mod cuda;
mod drafts;
mod error;
mod format;
mod gpt2;
mod kernels;
pub mod limits;
mod linear;
mod memory;
mod model;
mod network;
mod panels;
pub mod patches;
mod philox;
mod pickle;
mod pth;
mod safetensors_file;
mod sampler;
mod step;
mod tensors;
mod threads;
mod weights;

pub use config::{Config, Sampling};
pub use convert::Conversion;
pub use cuda::{Card, CardInfo, KernelTime, PassTime, kernel_times};
pub use error::Error;
pub use format::Format;
pub use memory::{Footprint, Memory};
pub use model::{Model, Pass};
pub use philox::uniform;
pub use sampler::{distribution, draw};
pub use step::{Mask, Row};
pub use threads::{set_threads, threads};

/// Characters in a patch.
pub const PATCH_SIZE: usize = 16;
/// Ids of the character decoder: ASCII, of which the first three are [`PAD`], [`BOS`] and [`EOS`].
pub const VOCAB: usize = 128;
/// Fills a patch after its [`EOS`]. A class like the others: its embedding is not zero.
pub const PAD: u8 = 0;
/// Opens a piece and its last patch.
pub const BOS: u8 = 1;
/// Ends a patch early.
pub const EOS: u8 = 2;

/// 16 ids below [`VOCAB`].
pub type Patch = [u8; PATCH_SIZE];
