//! Weights and contexts on the card.

use super::card::Card;
use super::layout::{pack, pack_q4k, pack_q8};
use super::memory::DeviceMemory;
use crate::weights::Weights;
use crate::{Error, Format};

/// The matrix of a linear layer, and its bias if it has one.
pub(super) struct Matrix {
    pub(super) format: Format,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) numbers: DeviceMemory,
    pub(super) bias: Option<DeviceMemory>,
}

pub(super) struct Norm {
    pub(super) weight: DeviceMemory,
    pub(super) bias: DeviceMemory,
}

pub(super) struct Layer {
    pub(super) norm_1: Norm,
    pub(super) query_key_value: Matrix,
    pub(super) attention_out: Matrix,
    pub(super) norm_2: Norm,
    pub(super) widen: Matrix,
    pub(super) narrow: Matrix,
}

/// A decoder and the contexts of all slots.
pub(super) struct Decoder {
    /// `[positions, hidden]`
    pub(super) positions: DeviceMemory,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
    /// `[slots, layers, 2, heads, capacity, 64]`, f16 or f32.
    pub(super) cache: DeviceMemory,
    /// Positions of a context.
    pub(super) capacity: usize,
}

impl Matrix {
    pub(super) fn read(
        card: &Card,
        weights: &mut Weights,
        name: &str,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let bias = weights.read(&format!("{name}.bias"))?;
        let (weight, outputs) = (format!("{name}.weight"), bias.len());
        let (inputs, format, bytes) = match weights.panels_of(&weight) {
            Some((Format::Q4K, inputs)) => {
                let bytes = pack_q4k(&weights.read_panels(&weight)?, outputs);
                (inputs, Format::Q4K, bytes)
            }
            Some((format, inputs)) => {
                let bytes = pack_q8(&weights.read_panels(&weight)?, outputs);
                (inputs, format, bytes)
            }
            None => {
                let numbers = weights.read(&weight)?;
                let (format, bytes) = pack(&numbers, outputs, format)?;
                (numbers.len() / outputs, format, bytes)
            }
        };
        Ok(Self {
            format,
            outputs,
            inputs,
            numbers: DeviceMemory::with(card, &bytes)?,
            bias: Some(DeviceMemory::with(card, &bias)?),
        })
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }
}

impl Norm {
    pub(super) fn read(card: &Card, weights: &mut Weights, name: &str) -> Result<Self, Error> {
        let mut part = |part| DeviceMemory::with(card, &weights.read(&format!("{name}.{part}"))?);
        Ok(Self {
            weight: part("weight")?,
            bias: part("bias")?,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.weight.bytes() + self.bias.bytes()
    }
}

impl Layer {
    pub(super) fn matrices(&self) -> [&Matrix; 4] {
        [
            &self.query_key_value,
            &self.attention_out,
            &self.widen,
            &self.narrow,
        ]
    }
}

impl Decoder {
    /// `context` is the bytes of all slots' contexts.
    pub(super) fn read(
        card: &Card,
        weights: &mut Weights,
        name: &str,
        layers: usize,
        format: Option<Format>,
        capacity: usize,
        context: usize,
    ) -> Result<Self, Error> {
        let layers = (0..layers).map(|layer| {
            let name = |part| format!("{name}.h.{layer}.{part}");
            Ok(Layer {
                norm_1: Norm::read(card, weights, &name("ln_1"))?,
                query_key_value: Matrix::read(card, weights, &name("attn.c_attn"), format)?,
                attention_out: Matrix::read(card, weights, &name("attn.c_proj"), format)?,
                norm_2: Norm::read(card, weights, &name("ln_2"))?,
                widen: Matrix::read(card, weights, &name("mlp.c_fc"), format)?,
                narrow: Matrix::read(card, weights, &name("mlp.c_proj"), format)?,
            })
        });
        Ok(Self {
            layers: layers.collect::<Result<_, Error>>()?,
            positions: DeviceMemory::with(card, &weights.read(&format!("{name}.wpe.weight"))?)?,
            norm: Norm::read(card, weights, &format!("{name}.ln_f"))?,
            cache: DeviceMemory::zeroed(card, context)?,
            capacity,
        })
    }

    pub(super) fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        self.layers.iter().flat_map(Layer::matrices)
    }

    /// Bytes of the matrices, which a pass reads.
    pub(super) fn bytes(&self) -> usize {
        self.matrices().map(|matrix| matrix.numbers.bytes()).sum()
    }

    pub(super) fn bytes_beside_matrices(&self) -> usize {
        let biases = self.matrices().filter_map(|matrix| matrix.bias.as_ref());
        let norms = self
            .layers
            .iter()
            .flat_map(|layer| [&layer.norm_1, &layer.norm_2]);
        self.positions.bytes()
            + self.norm.bytes()
            + biases.map(DeviceMemory::bytes).sum::<usize>()
            + norms.map(Norm::bytes).sum::<usize>()
    }
}

/// Bytes of one slot's context in a decoder.
pub(crate) fn context_bytes(layers: usize, width: usize, positions: usize, is_f16: bool) -> usize {
    let number = if is_f16 { 2 } else { size_of::<f32>() };
    layers * 2 * width * positions * number
}
