//! The kernels of a pass, in their order.

use std::mem::offset_of;

use super::buffers::Buffers;
use super::kernels::{
    Argument, Kernel, MOST_ROWS, ROWS, SPLIT, Then, launch, norms_itself, pass_for,
};
use super::memory::DeviceMemory;
use super::meter::metered;
use super::network::Network;
use super::weights::{Decoder, Matrix, Norm};
use super::{Place, Received, Sent};
use crate::kernels::WIDE;
use crate::{Error, VOCAB};

/// A linear layer for `ROWS[rows]` rows: `out = then(.. W + b)`.
struct Product<'a> {
    matrix: &'a Matrix,
    rows: usize,
    out: u64,
    then: Then,
    /// The rows' places.
    places: u64,
    /// Where it puts keys and values: in the cache of this layer of a decoder.
    into: Option<(&'a Decoder, usize)>,
}

impl Network {
    /// What the patch decoder made of the first rows of the last pass, `[rows, hidden]`.
    pub(crate) fn normed(&self, rows: usize) -> Result<Vec<f32>, Error> {
        let normed = &self.buffers.normed;
        let all = ROWS[pass_for(rows)];
        self.norm(&self.patches.norm, self.places(0), all, 0, normed)?;
        let mut hidden = vec![0.0; all * self.width];
        normed.read(&self.card.stream, 0, &mut hidden)?;
        let of_row = |row: usize| hidden[row..].iter().step_by(all).copied();
        Ok((0..rows).flat_map(of_row).collect())
    }

    /// A pass of the patch decoder for `ROWS[rows]` rows; what comes of it is kept for the rows' characters,
    /// unless it is a prefill.
    pub(crate) fn pass_of_patches(&self, rows: usize, is_kept: bool) -> Result<(), Error> {
        let (places, x) = (self.places(0), &self.buffers.x);
        let patches = self.buffers.sent.address() + offset_of!(Sent, patches) as u64;
        let arguments = [
            places.into(),
            patches.into(),
            self.patch_embedding.address().into(),
            self.patch_bias.address().into(),
            self.patches.positions.address().into(),
            x.address().into(),
            self.width.into(),
        ];
        self.over_rows(&self.kernels.embed_patches, rows, &arguments)?;
        self.decode(&self.patches, places, rows)?;
        if is_kept {
            self.norm(&self.patches.norm, places, ROWS[rows], 1, &self.hidden)?;
        }
        Ok(())
    }

    /// A pass of the character decoder for `ROWS[rows]` rows: the host's, or the `pass`th that the card goes
    /// ahead.
    pub(crate) fn pass_of_characters(&self, rows: usize, pass: usize) -> Result<(), Error> {
        let (places, logits) = (self.places(pass), self.logits(pass));
        let x = &self.buffers.x;
        let arguments = [
            places.into(),
            self.char_embedding.address().into(),
            self.hidden.address().into(),
            self.characters.positions.address().into(),
            x.address().into(),
            self.width.into(),
        ];
        self.over_rows(&self.kernels.embed_characters, rows, &arguments)?;
        self.decode(&self.characters, places, rows)?;
        let product = Product {
            matrix: &self.head,
            rows,
            out: logits,
            then: Then::Store,
            places,
            into: None,
        };
        self.normed_linear(&product, &self.characters.norm)
    }

    /// Draws the characters after pass `pass`, from which the next one goes on.
    pub(crate) fn draw(&self, rows: usize, pass: usize) -> Result<(), Error> {
        let Buffers { sent, received, .. } = &self.buffers;
        let drawn = offset_of!(Received, drawn) + pass * MOST_ROWS;
        let arguments = [
            self.places(pass).into(),
            self.logits(pass).into(),
            (sent.address() + offset_of!(Sent, draws) as u64).into(),
            self.places(pass + 1).into(),
            (received.address() + drawn as u64).into(),
        ];
        self.over_rows(&self.kernels.draw, rows, &arguments)
    }

    /// Where rows stand: as the host says, or in the `pass`th pass that the card goes ahead.
    fn places(&self, pass: usize) -> u64 {
        let Buffers { sent, ahead, .. } = &self.buffers;
        match pass.checked_sub(1) {
            None => sent.address() + offset_of!(Sent, places) as u64,
            Some(pass) => ahead.address() + (pass * MOST_ROWS * size_of::<Place>()) as u64,
        }
    }

    fn logits(&self, pass: usize) -> u64 {
        let logits = offset_of!(Received, logits) + pass * size_of::<[[f32; VOCAB]; MOST_ROWS]>();
        self.buffers.received.address() + logits as u64
    }

    /// A kernel with a block for each row.
    fn over_rows(&self, kernel: &Kernel, rows: usize, arguments: &[Argument]) -> Result<(), Error> {
        self.launch(kernel, (ROWS[rows] as u32, 1, 1), 128, 0, arguments)
    }

    /// `out = norm(x)`, a row at its own place, or at that of its slot.
    fn norm(
        &self,
        norm: &Norm,
        places: u64,
        rows: usize,
        by_slot: usize,
        out: &DeviceMemory,
    ) -> Result<(), Error> {
        let arguments = [
            places.into(),
            self.buffers.x.address().into(),
            norm.weight.address().into(),
            norm.bias.address().into(),
            out.address().into(),
            self.width.into(),
            by_slot.into(),
        ];
        let blocks = (rows as u32, 1, 1);
        self.launch(&self.kernels.norm, blocks, 128, 0, &arguments)
    }

    /// All layers over `x`.
    fn decode(&self, decoder: &Decoder, places: u64, rows: usize) -> Result<(), Error> {
        let Buffers {
            x,
            query,
            attended,
            wide,
            partial,
            arrived,
            ..
        } = &self.buffers;
        let heads = (self.width / WIDE) as u32;
        let attend = match self.is_f16 {
            true => &self.kernels.attend_f16,
            false => &self.kernels.attend_f32,
        };
        let parts = decoder.capacity.div_ceil(SPLIT) as u32;
        for (index, layer) in decoder.layers.iter().enumerate() {
            let product = Product {
                matrix: &layer.query_key_value,
                rows,
                out: query.address(),
                then: Then::Split,
                places,
                into: Some((decoder, index)),
            };
            self.normed_linear(&product, &layer.norm_1)?;
            let arguments = [
                places.into(),
                query.address().into(),
                decoder.cache.address().into(),
                index.into(),
                decoder.layers.len().into(),
                decoder.capacity.into(),
                partial.address().into(),
                arrived.address().into(),
                attended.address().into(),
            ];
            let blocks = (heads, ROWS[rows] as u32, parts);
            self.launch(attend, blocks, 128, self.context, &arguments)?;
            self.added_linear(&layer.attention_out, rows, attended, x)?;
            let product = Product {
                matrix: &layer.widen,
                rows,
                out: wide.address(),
                then: Then::Gelu,
                places,
                into: None,
            };
            self.normed_linear(&product, &layer.norm_2)?;
            self.added_linear(&layer.narrow, rows, wide, x)?;
        }
        Ok(())
    }

    /// A linear layer over the norm of what goes through the decoder.
    fn normed_linear(&self, layer: &Product<'_>, norm: &Norm) -> Result<(), Error> {
        let Buffers { x, normed, .. } = &self.buffers;
        let rows = ROWS[layer.rows];
        if norms_itself(rows) {
            let first = [x, &norm.weight, &norm.bias].map(|memory| memory.address().into());
            return self.linear(layer, true, &first);
        }
        self.norm(norm, layer.places, rows, 0, normed)?;
        self.linear(layer, false, &[normed.address().into()])
    }

    /// `out += x W + b`
    fn added_linear(
        &self,
        matrix: &Matrix,
        rows: usize,
        x: &DeviceMemory,
        out: &DeviceMemory,
    ) -> Result<(), Error> {
        let layer = Product {
            matrix,
            rows,
            out: out.address(),
            then: Then::Add,
            places: 0,
            into: None,
        };
        self.linear(&layer, false, &[x.address().into()])
    }

    fn linear(
        &self,
        layer: &Product<'_>,
        is_normed: bool,
        first: &[Argument],
    ) -> Result<(), Error> {
        let matrix = layer.matrix;
        let (cache, index, layers, capacity) = layer.into.map_or((0, 0, 0, 0), |into| {
            let (decoder, index) = into;
            let (cache, layers) = (decoder.cache.address(), decoder.layers.len());
            (cache, index, layers, decoder.capacity)
        });
        let rest: [Argument; 12] = [
            matrix.numbers.address().into(),
            matrix.bias.as_ref().map_or(0, DeviceMemory::address).into(),
            layer.out.into(),
            matrix.inputs.into(),
            matrix.outputs.into(),
            (layer.then as usize).into(),
            cache.into(),
            layer.places.into(),
            index.into(),
            layers.into(),
            capacity.into(),
            usize::from(self.is_f16).into(),
        ];
        let arguments = [first, &rest].concat();
        let (kernel, blocks, threads) = self.kernels.linear(matrix, is_normed, layer.rows)?;
        let launch = || launch(&self.card, kernel, (blocks, 1, 1), threads, &arguments);
        let what = || {
            let name = format!("{} {} x {}", kernel.name, matrix.inputs, matrix.outputs);
            (name, matrix.numbers.bytes() as u64)
        };
        metered(&self.card, self.meter.as_ref(), what, launch)
    }

    fn launch(
        &self,
        kernel: &Kernel,
        blocks: (u32, u32, u32),
        threads: u32,
        bytes: u64,
        arguments: &[Argument],
    ) -> Result<(), Error> {
        let launch = || launch(&self.card, kernel, blocks, threads, arguments);
        let what = || (kernel.name.clone(), bytes);
        metered(&self.card, self.meter.as_ref(), what, launch)
    }
}
