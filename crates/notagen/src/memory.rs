//! The memory that a model takes, known before any of it is taken.

use std::path::Path;

use crate::cpu::{PREFILL_ROWS, lanes};
use crate::gpt2::{Cache, Scratch};
use crate::kernels::Isa;
use crate::linear::stored_bytes;
use crate::tensors::{Expected, Role, expected};
use crate::weights::{Dtype, Weights};
use crate::{Config, Error, Format, PATCH_SIZE, cuda};

/// What a slot takes beside its caches: the tables with which characters are guessed.
const GUESSES: usize = 512 << 10;

/// What the driver takes on a card for kernels and recorded passes: a guess, until it is measured on one.
const CARD: usize = 64 << 20;

/// Bytes that a model takes, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Weights, as they are kept.
    pub weights: u64,
    /// The context of one piece. The system hands it out as it is written.
    pub slot: u64,
    /// What loading takes for a time, or what steps need as long as the model lives: the larger.
    pub working: u64,
}

/// A model that is not loaded yet, as far as its memory goes.
pub struct Footprint {
    config: Config,
    /// The format of weights that are quantised already.
    packed: Option<Format>,
    /// The tensors' names and shapes, and the bytes of a number that is kept as it is in the file.
    tensors: Vec<(Expected, usize)>,
}

impl Footprint {
    /// Of the model in the folder `dir`, of whose weights only the header is read.
    ///
    /// # Errors
    /// Those of [`Model::load`](crate::Model::load) that show before a weight is read.
    pub fn of_folder(dir: &Path) -> Result<Self, Error> {
        let config = Config::read(dir)?;
        let weights = Weights::open(dir, &config)?;
        let stored = |name: &str| weights.dtype(name).map_or(4, exact_bytes);
        Ok(Self::new(config, weights.packed(), stored))
    }

    /// Of a model with random weights, see [`Model::random`](crate::Model::random).
    #[must_use]
    pub fn of_shape(config: Config) -> Self {
        Self::new(config, None, |_| size_of::<f32>())
    }

    fn new(config: Config, packed: Option<Format>, stored: impl Fn(&str) -> usize) -> Self {
        let tensors = expected(&config).into_iter();
        let tensors = tensors.map(|tensor| {
            let stored = stored(&tensor.name);
            (tensor, stored)
        });
        Self {
            tensors: tensors.collect(),
            packed,
            config,
        }
    }

    /// Whether its weights are quantised already, so that they have one format and no other.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// What it takes with so many slots, its weights kept in `format` or else as they are in the file.
    #[must_use]
    pub fn memory(&self, slots: usize, format: Option<Format>) -> Memory {
        let config = &self.config;
        let format = format.or(self.packed);
        let is_f16 = format.is_some_and(Format::keeps_f16);
        let cache = |layers, positions| Cache::bytes(layers, config.heads(), positions, is_f16);
        let slot = cache(config.patch_num_layers, config.patch_length)
            + cache(config.char_num_layers, PATCH_SIZE)
            + GUESSES;
        let rows = PREFILL_ROWS.max(slots * PATCH_SIZE);
        let scratch = Scratch::bytes(rows, config.hidden_size, config.patch_length);
        Memory {
            weights: self.weights(format, stored_bytes) as u64,
            slot: slot as u64,
            working: self.loading().max(lanes(config, slots) * scratch) as u64,
        }
    }

    /// What it takes of a card's memory. On the host it takes for a time what loading takes.
    #[must_use]
    pub fn on_card(&self, format: Option<Format>) -> Memory {
        let config = &self.config;
        let format = format.or(self.packed);
        let is_f16 = format.is_some_and(Format::keeps_f16);
        let width = config.hidden_size;
        let context = |layers, positions| cuda::context_bytes(layers, width, positions, is_f16);
        let slot = context(config.patch_num_layers, config.patch_length)
            + context(config.char_num_layers, PATCH_SIZE)
            + width * size_of::<f32>();
        Memory {
            weights: self.weights(format, cuda::stored_bytes) as u64,
            slot: slot as u64,
            working: (cuda::buffer_bytes(config) + CARD) as u64,
        }
    }

    fn weights(
        &self,
        format: Option<Format>,
        stored_bytes: impl Fn(usize, usize, Format) -> usize,
    ) -> usize {
        let bytes = |(Expected { shape, role, .. }, stored): &(Expected, usize)| {
            let numbers: usize = shape.iter().product();
            match (role, &shape[..], format) {
                (Role::Linear, &[inputs, outputs], Some(format)) => {
                    stored_bytes(inputs, outputs, format)
                }
                // At most: what fits a smaller format without loss is kept in that.
                (Role::Linear, _, None) => numbers * stored,
                _ => numbers * size_of::<f32>(),
            }
        };
        self.tensors.iter().map(bytes).sum()
    }

    /// Of the largest tensor: as in the file, as f32, and as it is quantised or transposed from that.
    fn loading(&self) -> usize {
        let bytes = |(tensor, _): &(Expected, usize)| 4 * tensor.numbers() as usize * 4;
        self.tensors.iter().map(bytes).max().unwrap_or(0)
    }
}

/// Bytes of a weight that is kept as it is in the file.
fn exact_bytes(stored: Dtype) -> usize {
    match stored {
        Dtype::F32 => 4,
        Dtype::F16 if !Isa::detect().reads_f16() => 4,
        Dtype::F16 | Dtype::BF16 => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn notagen_x_takes_what_its_parameters_and_slots_say() {
        let config = Config::of_shape("notagen-x").unwrap();
        let footprint = Footprint::of_shape(config);
        let of = |format| footprint.memory(1, Some(format));
        // 515.7 M parameters, of which 4.5 M are no matrix and stay f32.
        let near = |bytes: u64, expected: f64| {
            let off = bytes as f64 / expected - 1.0;
            assert!(off.abs() < 0.01, "{bytes} instead of {expected}");
        };
        near(of(Format::F32).weights, 4.0 * 515.7e6);
        near(of(Format::F16).weights, 2.0 * 511.2e6 + 4.0 * 4.5e6);
        near(of(Format::Q8_0).weights, 8.5 / 8.0 * 511.2e6 + 4.0 * 4.5e6);
        // 20 layers, keys and values, 1024 positions of 1280 numbers; 6 of 64; half a megabyte.
        near(of(Format::F32).slot, 214.2e6);
        near(of(Format::F16).slot, 107.3e6);
    }

    #[test]
    fn weights_take_what_was_said() {
        let config = Config::of_shape("demo").unwrap();
        for format in [None].into_iter().chain(Format::ALL.map(Some)) {
            let model = Model::random(config.clone(), 1, format).unwrap();
            let said = Footprint::of_shape(config.clone())
                .memory(1, format)
                .weights;
            let is = model.bytes();
            assert!(
                is <= said && is * 100 >= said * 98,
                "{format:?}: {is} of {said}"
            );
        }
    }
}
