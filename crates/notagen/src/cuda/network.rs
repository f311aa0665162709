//! All that a model has on its card.

use super::buffers::Buffers;
use super::card::Card;
use super::kernels::Kernels;
use super::layout::pack;
use super::memory::DeviceMemory;
use super::meter::Meter;
use super::weights::{Decoder, Matrix, context_bytes};
use crate::kernels::WIDE;
use crate::network::transpose;
use crate::tensors::{CHAR_DECODER, HEAD, PATCH_DECODER, PATCH_EMBEDDING};
use crate::weights::Weights;
use crate::{Config, Error, Format, PATCH_SIZE, VOCAB};

/// All that a model has on its card.
pub(crate) struct Network {
    pub(super) card: Card,
    pub(super) kernels: Kernels,
    pub(super) width: usize,
    pub(super) is_f16: bool,
    pub(super) patches: Decoder,
    pub(super) characters: Decoder,
    /// `[16 x 128, hidden]`
    pub(super) patch_embedding: DeviceMemory,
    pub(super) patch_bias: DeviceMemory,
    /// `[128, hidden]`
    pub(super) char_embedding: DeviceMemory,
    pub(super) head: Matrix,
    /// `[slots, hidden]`: what each slot's characters begin from.
    pub(super) hidden: DeviceMemory,
    pub(super) buffers: Buffers,
    /// While kernels are timed, and what attention reads then.
    pub(super) meter: Option<Meter>,
    pub(super) context: u64,
}

impl Network {
    pub(crate) fn read(
        card: &Card,
        config: &Config,
        weights: &mut Weights,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let (width, is_f16) = (config.hidden_size, format.is_some_and(Format::keeps_f16));
        let embedding = weights.read(&format!("{CHAR_DECODER}.wte.weight"))?;
        let head = match weights.has(HEAD) {
            true => transpose(&weights.read(HEAD)?, width),
            false => transpose(&embedding, width),
        };
        let (head_format, head) = pack(&head, VOCAB, format.and_then(Format::of_logits))?;
        let patch_embedding = weights.read(&format!("{PATCH_EMBEDDING}.weight"))?;
        let patch_embedding = transpose(&patch_embedding, PATCH_SIZE * VOCAB);
        let patch_bias = weights.read(&format!("{PATCH_EMBEDDING}.bias"))?;
        let mut decoder = |name, layers, positions| {
            let context = slots * context_bytes(layers, width, positions, is_f16);
            Decoder::read(card, weights, name, layers, format, positions, context)
        };
        let patches = decoder(PATCH_DECODER, config.patch_num_layers, config.patch_length)?;
        let characters = decoder(CHAR_DECODER, config.char_num_layers, PATCH_SIZE)?;
        let matrices = patches.matrices().chain(characters.matrices());
        let mut formats: Vec<Format> = matrices.map(Matrix::format).chain([head_format]).collect();
        formats.sort_unstable();
        formats.dedup();
        Ok(Self {
            kernels: Kernels::load(card, &formats)?,
            width,
            is_f16,
            patches,
            characters,
            patch_embedding: DeviceMemory::with(card, &patch_embedding)?,
            patch_bias: DeviceMemory::with(card, &patch_bias)?,
            char_embedding: DeviceMemory::with(card, &embedding)?,
            head: Matrix {
                format: head_format,
                outputs: VOCAB,
                inputs: width,
                numbers: DeviceMemory::with(card, &head)?,
                bias: None,
            },
            hidden: DeviceMemory::zeroed(card, slots * width * size_of::<f32>())?,
            buffers: Buffers::new(card, width, config.patch_length)?,
            card: card.clone(),
            meter: None,
            context: 0,
        })
    }

    /// Times each kernel from now on, or no longer; attention reads so many bytes of contexts.
    pub(super) fn set_meter(&mut self, meter: Option<Meter>, context: u64) {
        (self.meter, self.context) = (meter, context);
    }

    pub(crate) fn is_f16(&self) -> bool {
        self.is_f16
    }

    /// Bytes of weights that a step reads, and those that each pass of the character decoder does.
    pub(crate) fn bytes_read(&self) -> (usize, usize) {
        let pass = self.characters.bytes() + self.head.numbers.bytes();
        (self.patches.bytes(), pass)
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        let tables = [
            &self.patch_embedding,
            &self.patch_bias,
            &self.char_embedding,
        ];
        let (step, pass) = self.bytes_read();
        step + pass
            + tables.iter().map(|table| table.bytes()).sum::<usize>()
            + self.patches.bytes_beside_matrices()
            + self.characters.bytes_beside_matrices()
    }

    /// The formats that its matrices are in.
    pub(crate) fn formats(&self) -> Vec<Format> {
        self.kernels.formats()
    }

    /// Where what the host says goes, and where what it hears comes from.
    pub(crate) fn exchanged(&self) -> (&DeviceMemory, &DeviceMemory) {
        (&self.buffers.sent, &self.buffers.received)
    }

    /// Copies the first positions of a slot's context.
    pub(crate) fn copy_context(
        &mut self,
        from: usize,
        to: usize,
        positions: usize,
    ) -> Result<(), Error> {
        let Decoder {
            layers,
            cache,
            capacity,
            ..
        } = &mut self.patches;
        // Of each layer keys and values of each head.
        let pieces = layers.len() * 2 * self.width / WIDE;
        let number = if self.is_f16 { 2 } else { size_of::<f32>() };
        let (each, some) = (*capacity * WIDE * number, positions * WIDE * number);
        for piece in 0..pieces {
            let at = |slot: usize| (slot * pieces + piece) * each;
            cache.copy_within(&self.card.stream, at(from), at(to), some)?;
        }
        Ok(())
    }

    pub(crate) fn set_hidden(&mut self, slot: usize, hidden: &[f32]) -> Result<(), Error> {
        let at = slot * self.width * size_of::<f32>();
        self.hidden.write(&self.card.stream, at, hidden)
    }
}
