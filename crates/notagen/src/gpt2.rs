//! A GPT-2 decoder over slots of key-value cache.
//!
//! One function, [`Decoder::forward`], serves a prompt all at once, one step for many pieces, and
//! anything between: each of its rows has a cache and a position of its own, and each is computed as
//! if it were alone.
//!
//! Reference: Hugging Face transformers `modeling_gpt2.py` (`GPT2Block`, `GPT2Attention`) as NotaGen
//! sets it up in `gradio/inference.py`: pre-norm, `gelu_new`, heads of 64, learned absolute positions.

use rayon::prelude::*;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::kernels::{Isa, WIDE, Weight};
use crate::linear::{Buffer, Linear, Then};
use crate::threads::is_worth_threads;
use crate::weights::Weights;
use crate::{Error, Format};

/// 1 / sqrt(64)
const ATTENTION_SCALE: f32 = 0.125;

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    norm_1: Norm,
    query_key_value: Linear,
    attention_out: Linear,
    norm_2: Norm,
    widen: Linear,
    narrow: Linear,
}

/// The weights of a decoder.
pub(crate) struct Decoder {
    isa: Isa,
    hidden: usize,
    /// [positions, hidden]
    positions: Vec<f32>,
    layers: Vec<Layer>,
    norm: Norm,
}

/// Where a row stands: in which of the caches given, and at which position there.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) cache: usize,
    pub(crate) position: usize,
}

/// Keys and values of one piece. For each layer and head: keys in blocks of 64 positions,
/// `[blocks, 64 numbers, 64 positions]`, so that the scores of a block are one pass over a panel; then
/// values `[positions, 64 numbers]`, which are a panel as they are.
pub(crate) struct Cache {
    numbers: Numbers,
    /// Positions, a multiple of 64.
    capacity: usize,
}

enum Numbers {
    F32(Vec<[f32; WIDE]>),
    F16(Vec<[f16; WIDE]>),
}

/// Buffers for up to `rows` rows, so that a step allocates nothing.
pub(crate) struct Scratch {
    /// [rows, hidden]; the decoder's input and, normed, its output.
    pub(crate) x: Vec<f32>,
    normed: Vec<f32>,
    /// [rows, 3 hidden]: query, key, value
    query_key_value: Vec<f32>,
    /// [rows, hidden]
    attended: Vec<f32>,
    /// [rows, 4 hidden]
    wide: Vec<f32>,
    /// `[positions]`
    scores: Vec<[f32; WIDE]>,
    pub(crate) buffer: Buffer,
}

impl Scratch {
    pub(crate) fn new(rows: usize, hidden: usize, positions: usize) -> Self {
        Self {
            x: vec![0.0; rows * hidden],
            normed: vec![0.0; rows * hidden],
            query_key_value: vec![0.0; rows * 3 * hidden],
            attended: vec![0.0; rows * hidden],
            wide: vec![0.0; rows * 4 * hidden],
            scores: vec![[0.0; WIDE]; positions.div_ceil(WIDE)],
            // At least the 128 logits.
            buffer: Buffer::new(rows, 4 * hidden),
        }
    }
}

impl Scratch {
    /// Bytes of such buffers.
    pub(crate) fn bytes(rows: usize, hidden: usize, positions: usize) -> usize {
        let numbers = rows * hidden * (1 + 1 + 3 + 1 + 4) + positions.next_multiple_of(WIDE);
        numbers * size_of::<f32>() + Buffer::bytes(rows, 4 * hidden)
    }
}

impl Cache {
    pub(crate) fn new(layers: usize, heads: usize, positions: usize, is_f16: bool) -> Self {
        let capacity = positions.next_multiple_of(WIDE);
        let rows = layers * heads * 2 * capacity;
        // Zeroed by the system, page by page when it is first written: a short piece takes what it needs.
        let numbers = match is_f16 {
            true => Numbers::F16(bytemuck::zeroed_vec(rows)),
            false => Numbers::F32(bytemuck::zeroed_vec(rows)),
        };
        Self { numbers, capacity }
    }

    /// Bytes of such a cache.
    pub(crate) fn bytes(layers: usize, heads: usize, positions: usize, is_f16: bool) -> usize {
        let number = if is_f16 {
            size_of::<f16>()
        } else {
            size_of::<f32>()
        };
        layers * heads * 2 * positions.next_multiple_of(WIDE) * WIDE * number
    }

    /// Takes the first positions of a cache of the same shape.
    pub(crate) fn copy(&mut self, other: &Self, positions: usize) {
        match (&mut self.numbers, &other.numbers) {
            (Numbers::F32(to), Numbers::F32(from)) => copy(to, from, self.capacity, positions),
            (Numbers::F16(to), Numbers::F16(from)) => copy(to, from, self.capacity, positions),
            _ => debug_assert!(false, "caches of one model are alike"),
        }
    }

    fn write(&mut self, head: usize, position: usize, key: &[f32; WIDE], value: &[f32; WIDE]) {
        match &mut self.numbers {
            Numbers::F32(numbers) => {
                write(of_head(numbers, self.capacity, head), position, key, value)
            }
            Numbers::F16(numbers) => {
                let (mut narrow_key, mut narrow_value) = ([f16::ZERO; WIDE], [f16::ZERO; WIDE]);
                narrow_key.convert_from_f32_slice(key);
                narrow_value.convert_from_f32_slice(value);
                let numbers = of_head(numbers, self.capacity, head);
                write(numbers, position, &narrow_key, &narrow_value);
            }
        }
    }
}

/// In each half of each head: keys are copied in whole blocks.
fn copy<N: Copy>(to: &mut [[N; WIDE]], from: &[[N; WIDE]], capacity: usize, positions: usize) {
    let rows = positions.next_multiple_of(WIDE);
    let halves = to
        .chunks_exact_mut(capacity)
        .zip(from.chunks_exact(capacity));
    for (to, from) in halves {
        to[..rows].copy_from_slice(&from[..rows]);
    }
}

/// Keys and values of one head, of a cache's numbers.
fn of_head<N>(numbers: &mut [[N; WIDE]], capacity: usize, head: usize) -> &mut [[N; WIDE]] {
    &mut numbers[head * 2 * capacity..][..2 * capacity]
}

fn write<N: Copy>(head: &mut [[N; WIDE]], position: usize, key: &[N; WIDE], value: &[N; WIDE]) {
    let (keys, values) = head.split_at_mut(head.len() / 2);
    let (block, column) = (position / WIDE, position % WIDE);
    for (row, key) in keys[block * WIDE..][..WIDE].iter_mut().zip(key) {
        row[column] = *key;
    }
    values[position] = *value;
}

impl Decoder {
    pub(crate) fn read(
        weights: &mut Weights,
        prefix: &str,
        layers: usize,
        isa: Isa,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let norm = |weights: &mut Weights, name: &str| -> Result<Norm, Error> {
            let weight = weights.read(&format!("{prefix}.{name}.weight"))?;
            let bias = weights.read(&format!("{prefix}.{name}.bias"))?;
            Ok(Norm { weight, bias })
        };
        let linear = |weights: &mut Weights, name: &str| -> Result<Linear, Error> {
            Linear::read(weights, &format!("{prefix}.{name}"), isa, format)
        };
        let mut read = Vec::with_capacity(layers);
        for layer in 0..layers {
            read.push(Layer {
                norm_1: norm(weights, &format!("h.{layer}.ln_1"))?,
                query_key_value: linear(weights, &format!("h.{layer}.attn.c_attn"))?,
                attention_out: linear(weights, &format!("h.{layer}.attn.c_proj"))?,
                norm_2: norm(weights, &format!("h.{layer}.ln_2"))?,
                widen: linear(weights, &format!("h.{layer}.mlp.c_fc"))?,
                narrow: linear(weights, &format!("h.{layer}.mlp.c_proj"))?,
            });
        }
        let norm = norm(weights, "ln_f")?;
        let positions = weights.read(&format!("{prefix}.wpe.weight"))?;
        Ok(Self {
            isa,
            hidden: norm.bias.len(),
            positions,
            layers: read,
            norm,
        })
    }

    /// Bytes of all linear layers.
    pub(crate) fn bytes(&self) -> usize {
        let linears = self.layers.iter().flat_map(|layer| {
            let (out, in_and_out) = (&layer.attention_out, &layer.query_key_value);
            [in_and_out, out, &layer.widen, &layer.narrow]
        });
        linears.map(Linear::bytes).sum()
    }

    /// Bytes of everything else: norms, biases and positions.
    pub(crate) fn bytes_beside_linears(&self) -> usize {
        // Of a layer: two norms with a bias, and the biases of 3, 1, 4 and 1 widths.
        let numbers = self.positions.len() + self.hidden * (13 * self.layers.len() + 2);
        numbers * size_of::<f32>()
    }

    /// `scratch.x [at.len(), hidden]`: embeddings in, hidden states out. Appends the rows' keys and
    /// values to their caches; rows of one cache must come in order of position, with none left out.
    pub(crate) fn forward(&self, at: &[At], caches: &mut [&mut Cache], scratch: &mut Scratch) {
        let (rows, hidden) = (at.len(), self.hidden);
        let Scratch {
            x,
            normed,
            query_key_value,
            attended,
            wide,
            scores,
            buffer,
        } = scratch;
        let x = &mut x[..rows * hidden];
        for (x, at) in x.chunks_exact_mut(hidden).zip(at) {
            let position = &self.positions[at.position * hidden..][..hidden];
            x.iter_mut()
                .zip(position)
                .for_each(|(x, position)| *x += position);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            self.norm(&layer.norm_1, x, normed);
            layer
                .query_key_value
                .forward(normed, rows, Then::Store, query_key_value, buffer);
            // All keys before any score: a row attends to the rows before it in this very call.
            self.remember(index, query_key_value, at, caches);
            self.attend(index, query_key_value, at, caches, scores, attended);
            layer
                .attention_out
                .forward(attended, rows, Then::Add, x, buffer);

            self.norm(&layer.norm_2, x, normed);
            layer.widen.forward(normed, rows, Then::Gelu, wide, buffer);
            layer.narrow.forward(wide, rows, Then::Add, x, buffer);
        }
        self.norm(&self.norm, x, normed);
        x.copy_from_slice(&normed[..rows * hidden]);
    }

    fn norm(&self, norm: &Norm, x: &[f32], out: &mut [f32]) {
        for (x, out) in x
            .chunks_exact(self.hidden)
            .zip(out.chunks_exact_mut(self.hidden))
        {
            self.isa.layer_norm(x, &norm.weight, &norm.bias, out);
        }
    }

    fn remember(
        &self,
        layer: usize,
        query_key_value: &[f32],
        at: &[At],
        caches: &mut [&mut Cache],
    ) {
        let heads = self.hidden / WIDE;
        for (row, at) in query_key_value.chunks_exact(3 * self.hidden).zip(at) {
            let (_query, key_value) = row.split_at(self.hidden);
            let (key, value) = key_value.split_at(self.hidden);
            for (head, (key, value)) in key
                .as_chunks()
                .0
                .iter()
                .zip(value.as_chunks().0)
                .enumerate()
            {
                caches[at.cache].write(layer * heads + head, at.position, key, value);
            }
        }
    }

    fn attend(
        &self,
        layer: usize,
        query_key_value: &[f32],
        at: &[At],
        caches: &[&mut Cache],
        scores: &mut [[f32; WIDE]],
        attended: &mut [f32],
    ) {
        let heads = self.hidden / WIDE;
        // One head of one row, into its 64 numbers of `attended`.
        let attend = |scores: &mut [[f32; WIDE]], index: usize, attended: &mut [f32; WIDE]| {
            let (at, head) = (at[index / heads], index % heads);
            let query = &query_key_value[index / heads * 3 * self.hidden + head * WIDE..][..WIDE];
            let cache = &caches[at.cache];
            let of_head = |rows: usize| {
                let first = (layer * heads + head) * 2 * cache.capacity;
                (first..first + rows, first + rows..first + 2 * rows)
            };
            let (keys, values) = of_head(cache.capacity);
            let seen = at.position + 1;
            match &cache.numbers {
                Numbers::F32(numbers) => {
                    let (keys, values) = (&numbers[keys], &numbers[values]);
                    self.attend_to(query, keys, values, seen, scores, attended);
                }
                Numbers::F16(numbers) => {
                    let (keys, values) = (&numbers[keys], &numbers[values]);
                    self.attend_to(query, keys, values, seen, scores, attended);
                }
            }
        };
        let attended = &mut attended[..at.len() * self.hidden].as_chunks_mut().0;
        let seen: usize = at.iter().map(|at| at.position + 1).sum();
        if is_worth_threads(2 * seen * self.hidden) {
            let blocks = scores.len();
            attended.par_iter_mut().enumerate().for_each_init(
                || vec![[0.0; WIDE]; blocks],
                |scores, (index, attended)| attend(scores, index, attended),
            );
        } else {
            for (index, attended) in attended.iter_mut().enumerate() {
                attend(scores, index, attended);
            }
        }
    }

    /// One head of one row over the first `seen` positions.
    fn attend_to<N: Weight>(
        &self,
        query: &[f32],
        keys: &[[N; WIDE]],
        values: &[[N; WIDE]],
        seen: usize,
        scores: &mut [[f32; WIDE]],
        attended: &mut [f32; WIDE],
    ) {
        let scores = &mut scores[..seen.div_ceil(WIDE)];
        for (block, scores) in keys.chunks_exact(WIDE).zip(scores.iter_mut()) {
            *scores = [0.0; WIDE];
            self.isa.panel([query], block, [scores]);
        }
        let scores = &mut scores.as_flattened_mut()[..seen];
        self.isa.softmax(scores, ATTENTION_SCALE);
        *attended = [0.0; WIDE];
        self.isa.panel([scores], &values[..seen], [attended]);
    }
}
