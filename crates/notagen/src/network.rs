//! The two decoders and what lies between them: embeddings in, logits out. Weights only, no state.

use crate::gpt2::{At, Cache, Decoder, Scratch};
use crate::kernels::Isa;
use crate::linear::{Linear, Then};
use crate::tensors::{CHAR_DECODER, HEAD, PATCH_DECODER, PATCH_EMBEDDING};
use crate::weights::Weights;
use crate::{Config, Error, Format, PATCH_SIZE, Patch, VOCAB};

/// The weights of a model, laid out for reading.
pub(crate) struct Network {
    pub(crate) hidden: usize,
    pub(crate) patches: Decoder,
    characters: Decoder,
    /// `[16 x 128, hidden]`: the reference multiplies one-hot vectors, which is a sum of 16 of these.
    patch_embedding: Vec<f32>,
    /// `[hidden]`
    patch_bias: Vec<f32>,
    /// `[128, hidden]`
    char_embedding: Vec<f32>,
    /// `[hidden, 128]`; the reference ties it to the character embedding.
    head: Linear,
}

impl Network {
    pub(crate) fn read(
        weights: &mut Weights,
        config: &Config,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let (isa, hidden) = (Isa::detect(), config.hidden_size);
        let char_embedding = weights.read(&format!("{CHAR_DECODER}.wte.weight"))?;
        let head = match weights.has(HEAD) {
            true => transpose(&weights.read(HEAD)?, hidden),
            false => transpose(&char_embedding, hidden),
        };
        let head = Linear::new(
            isa,
            &head,
            vec![0.0; VOCAB],
            format.and_then(Format::of_logits),
        )?;
        let patch_embedding = weights.read(&format!("{PATCH_EMBEDDING}.weight"))?;
        let patch_bias = weights.read(&format!("{PATCH_EMBEDDING}.bias"))?;
        let mut decoder = |name, layers| Decoder::read(weights, name, layers, isa, format);
        Ok(Self {
            hidden,
            patches: decoder(PATCH_DECODER, config.patch_num_layers)?,
            characters: decoder(CHAR_DECODER, config.char_num_layers)?,
            patch_embedding: transpose(&patch_embedding, PATCH_SIZE * VOCAB),
            patch_bias,
            char_embedding,
            head,
        })
    }

    /// Bytes of weights that a step reads, and those that each pass of the character decoder does.
    pub(crate) fn bytes_read(&self) -> (usize, usize) {
        let pass = self.characters.bytes() + self.head.bytes();
        (self.patches.bytes(), pass)
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        let tables = [
            &self.patch_embedding,
            &self.patch_bias,
            &self.char_embedding,
        ];
        let tables: usize = tables.map(|table| size_of_val(&table[..])).iter().sum();
        let decoders = [&self.patches, &self.characters];
        let rest: usize = decoders.map(Decoder::bytes_beside_linears).iter().sum();
        let (step, pass) = self.bytes_read();
        step + pass + tables + rest
    }

    /// Row `row` of the patch decoder's input: bias, then the 16 characters' vectors in order.
    pub(crate) fn embed_patch(&self, patch: &Patch, row: usize, scratch: &mut Scratch) {
        let x = &mut scratch.x[row * self.hidden..][..self.hidden];
        x.copy_from_slice(&self.patch_bias);
        for (position, &id) in patch.iter().enumerate() {
            let class = position * VOCAB + usize::from(id);
            let vector = &self.patch_embedding[class * self.hidden..][..self.hidden];
            x.iter_mut()
                .zip(vector)
                .for_each(|(x, vector)| *x += vector);
        }
    }

    /// Row `row` of the character decoder's input: the character before, or at the beginning of the
    /// patch the patch decoder's hidden state.
    pub(crate) fn embed_character(
        &self,
        hidden: &[f32],
        before: Option<u8>,
        row: usize,
        scratch: &mut Scratch,
    ) {
        let vector = match before {
            Some(id) => &self.char_embedding[usize::from(id) * self.hidden..][..self.hidden],
            None => hidden,
        };
        scratch.x[row * self.hidden..][..self.hidden].copy_from_slice(vector);
    }

    /// The character decoder over rows that are embedded in `scratch`: `logits [kept.len(), 128] f32` after
    /// these of them, which ascend.
    pub(crate) fn logits_of(
        &self,
        at: &[At],
        kept: &[usize],
        caches: &mut [&mut Cache],
        scratch: &mut Scratch,
        logits: &mut [f32],
    ) {
        self.characters.forward(at, caches, scratch);
        for (place, &row) in kept.iter().enumerate() {
            let hidden = row * self.hidden..(row + 1) * self.hidden;
            scratch.x.copy_within(hidden, place * self.hidden);
        }
        let Scratch { x, buffer, .. } = scratch;
        self.head
            .forward(x, kept.len(), Then::Store, logits, buffer);
    }
}

/// `[rows, columns]` to `[columns, rows]`
pub(crate) fn transpose(matrix: &[f32], columns: usize) -> Vec<f32> {
    let rows = matrix.len() / columns;
    let mut transposed = Vec::with_capacity(matrix.len());
    for column in 0..columns {
        transposed.extend((0..rows).map(|row| matrix[row * columns + column]));
    }
    transposed
}
