//! The model on an NVIDIA card: nothing is needed but its driver, which is loaded when it is there.
//!
//! A *pass* takes up to 16 rows through one of the decoders. Its kernels are recorded once, when the model is
//! loaded, as a graph for each number of rows, and replayed by a single call: five to seven kernels a layer
//! would otherwise cost more time to launch than to run. A prefill is passes of 16 rows; a step is one pass of the
//! patch decoder, then passes of the character decoder with characters guessed by the host, or else (where it
//! has no guess) four in a row between which the card draws by itself.
//!
//! All memory is taken when the model is loaded. One thread calls; the card's work is in one stream.
//!
//! A row's numbers do not depend on the other rows of a pass: see `cuda/linear.cu`.

mod buffers;
mod card;
mod check;
mod graphs;
mod kernels;
mod layout;
mod memory;
mod meter;
mod network;
mod pass;
mod weights;

pub(crate) use buffers::buffer_bytes;
pub use card::{Card, CardInfo};
pub(crate) use layout::stored_bytes;
pub use meter::{KernelTime, PassTime, kernel_times};
pub(crate) use weights::context_bytes;

use crate::drafts::History;
use crate::step::{AHEAD, Passes, Read, Row, Said, step};
use crate::weights::Weights;
use crate::{Config, Error, Format, PATCH_SIZE, Patch, VOCAB};

use graphs::Graphs;
use kernels::MOST_ROWS;
use network::Network;

pub(crate) use check::check;

/// Rows that a pass of the character decoder may have for hardly more than the price of one.
const PASS_ROWS: usize = 8;

/// Weights, contexts, buffers and recorded passes.
pub(crate) struct Cuda {
    graphs: Graphs,
    network: Network,
    /// Logits of the last reading, and what the card drew by itself.
    logits: Vec<f32>,
    ahead: Vec<[Option<u8>; AHEAD]>,
}

/// Where a row of a pass stands, as the kernels know it (`cuda/common.cuh`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(16))]
pub(crate) struct Place {
    slot: i32,
    position: i32,
    before: i32,
    piece: i32,
}

impl Place {
    /// Computed for nothing, to fill up a pass.
    const PADDING: Self = Self {
        slot: -1,
        position: 0,
        before: -1,
        piece: 0,
    };
}

/// How a piece's characters are drawn, as the kernels know it (`cuda/rest.cu`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(16))]
pub(crate) struct Draw {
    seed: u64,
    patch: u64,
    top_k: u32,
    top_p: f32,
    temperature: f32,
    unused: u32,
}

impl Draw {
    const NOTHING: Self = Self {
        seed: 0,
        patch: 0,
        top_k: 1,
        top_p: 1.0,
        temperature: 0.0,
        unused: 0,
    };

    fn of(row: &Row<'_>) -> Self {
        Self {
            seed: row.seed,
            patch: row.patch_index,
            top_k: row.sampling.top_k,
            top_p: row.sampling.top_p as f32,
            temperature: row.sampling.temperature as f32,
            unused: 0,
        }
    }
}

/// What the host tells the card for a pass, in one piece.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Sent {
    places: [Place; MOST_ROWS],
    draws: [Draw; MOST_ROWS],
    patches: [Patch; MOST_ROWS],
}

/// What it hears of it, in one piece: of the host's pass, and of those that the card went ahead.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Received {
    logits: [[[f32; VOCAB]; MOST_ROWS]; 1 + AHEAD],
    drawn: [[u8; MOST_ROWS]; AHEAD],
}

impl Cuda {
    pub(crate) fn new(
        card: &Card,
        config: &Config,
        weights: &mut Weights,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let network = Network::read(card, config, weights, slots, format)?;
        let graphs = Graphs::record(card, &network)?;
        Ok(Self {
            graphs,
            network,
            logits: Vec::new(),
            ahead: Vec::new(),
        })
    }

    /// A replayed pass for `rows` rows, each of a slot of its own.
    fn read_for_timing(
        &mut self,
        is_patches: bool,
        rows: usize,
        position: usize,
    ) -> Result<(), Error> {
        if is_patches {
            let rows = (0..rows).map(|slot| (slot, position, [b'a'; PATCH_SIZE]));
            return self.graphs.read_patches(rows, true);
        }
        let place = |slot: usize| Place {
            slot: slot as i32,
            position: PATCH_SIZE as i32 / 2,
            before: i32::from(b'a'),
            piece: 0,
        };
        let places: Vec<Place> = (0..rows).map(place).collect();
        self.graphs.read_characters(&places, None)
    }

    pub(crate) fn is_f16(&self) -> bool {
        self.network.is_f16()
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        self.network.bytes()
    }

    /// Bytes of weights that a step reads, and those that each pass of the character decoder does.
    pub(crate) fn bytes_read(&self) -> (usize, usize) {
        self.network.bytes_read()
    }

    /// The formats that its matrices are in.
    pub(crate) fn formats(&self) -> Vec<Format> {
        self.network.formats()
    }

    /// Copies the first positions of a slot's context.
    pub(crate) fn fork(&mut self, from: usize, to: usize, positions: usize) -> Result<(), Error> {
        self.network.copy_context(from, to, positions)
    }

    /// Appends patches to the context of `slot` after the first `positions`.
    pub(crate) fn prefill(
        &mut self,
        slot: usize,
        positions: usize,
        patches: &[Patch],
    ) -> Result<(), Error> {
        for (index, patches) in patches.chunks(MOST_ROWS).enumerate() {
            let first = positions + index * MOST_ROWS;
            let rows = patches.iter().enumerate();
            let rows = rows.map(|(row, patch)| (slot, first + row, *patch));
            self.graphs.read_patches(rows, false)?;
        }
        Ok(())
    }

    /// Draws the rows' patches; see [`step`]. `positions` are those of the rows' contexts.
    pub(crate) fn step(
        &mut self,
        rows: &[Row<'_>],
        positions: &[usize],
        histories: &[&History],
        patches: &mut [Patch],
        drafts: bool,
    ) -> Result<u64, Error> {
        let mut decoders = Step {
            cuda: self,
            positions,
        };
        step(&mut decoders, rows, histories, patches, drafts)
    }

    /// See [`Model::patch_hidden`](crate::Model::patch_hidden): `rows` at a time.
    pub(crate) fn patch_hidden(
        &mut self,
        patches: &[Patch],
        rows: usize,
    ) -> Result<Vec<f32>, Error> {
        let mut hidden = Vec::new();
        let rows = rows.min(MOST_ROWS);
        for (index, patches) in patches.chunks(rows).enumerate() {
            let first = index * rows;
            let all = patches.iter().enumerate();
            let all = all.map(|(row, patch)| (0, first + row, *patch));
            self.graphs.read_patches(all, false)?;
            hidden.extend(self.network.normed(patches.len())?);
        }
        Ok(hidden)
    }

    /// Logits `[reads, 128]` of a patch that begins from `hidden [hidden]`.
    pub(crate) fn char_logits(
        &mut self,
        hidden: &[f32],
        reads: &[Read],
    ) -> Result<Vec<f32>, Error> {
        self.network.set_hidden(0, hidden)?;
        let places: Vec<Place> = reads.iter().map(|read| place(read, 0, 0)).collect();
        self.graphs.read_characters(&places, None)?;
        let logits = (0..places.len()).flat_map(|row| self.graphs.logits_of(0, row));
        Ok(logits.copied().collect())
    }
}

/// The rows of one step.
struct Step<'a> {
    cuda: &'a mut Cuda,
    positions: &'a [usize],
}

impl Passes for Step<'_> {
    fn guesses(&self, running: usize) -> usize {
        (PASS_ROWS / running).saturating_sub(1)
    }

    fn patches(&mut self, rows: &[Row<'_>]) -> Result<(), Error> {
        let positions = self.positions.chunks(MOST_ROWS);
        for (rows, positions) in rows.chunks(MOST_ROWS).zip(positions) {
            let rows = rows.iter().zip(positions);
            let rows = rows.map(|(row, &position)| (row.slot, position, row.input));
            self.cuda.graphs.read_patches(rows, true)?;
        }
        Ok(())
    }

    fn characters(&mut self, rows: &[Row<'_>], reads: &[Read]) -> Result<Said<'_>, Error> {
        let Cuda {
            graphs,
            logits,
            ahead,
            ..
        } = &mut *self.cuda;
        logits.clear();
        ahead.clear();
        let mut passes = 0;
        let runs_ahead = runs_ahead(reads);
        for reads in reads.chunks(MOST_ROWS) {
            let of = |(nth, read): (usize, &Read)| place(read, rows[read.row].slot, nth);
            let places: Vec<Place> = reads.iter().enumerate().map(of).collect();
            if runs_ahead {
                let draws: Vec<Draw> = reads.iter().map(|read| Draw::of(&rows[read.row])).collect();
                graphs.read_characters(&places, Some(&draws))?;
                for row in 0..reads.len() {
                    for pass in 0..=AHEAD {
                        logits.extend_from_slice(graphs.logits_of(pass, row));
                    }
                    ahead.push(std::array::from_fn(|pass| graphs.drawn(pass, row)));
                }
                passes += 1 + AHEAD as u64;
            } else {
                graphs.read_characters(&places, None)?;
                let kept = reads.iter().enumerate().filter(|(_, read)| read.is_kept);
                for (row, _) in kept {
                    logits.extend_from_slice(graphs.logits_of(0, row));
                }
                passes += 1;
            }
        }
        Ok(Said {
            logits,
            ahead: runs_ahead.then_some(ahead),
            passes,
        })
    }
}

/// Whether the card is to go on by itself: where nobody has a guess, and something is left to draw.
fn runs_ahead(reads: &[Read]) -> bool {
    let is_alone = |pair: &[Read]| pair[0].row != pair[1].row;
    let is_last = |read: &Read| read.position == PATCH_SIZE - 1;
    reads.windows(2).all(is_alone) && !reads.iter().all(is_last)
}

fn place(read: &Read, slot: usize, piece: usize) -> Place {
    Place {
        slot: slot as i32,
        position: read.position as i32,
        before: read.before.map_or(-1, i32::from),
        piece: piece as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: usize, position: usize) -> Read {
        Read {
            row,
            position,
            before: None,
            is_kept: true,
        }
    }

    #[test]
    fn the_card_runs_ahead_where_nobody_has_a_guess_and_something_is_left_to_draw() {
        assert!(runs_ahead(&[read(0, 0)]));
        assert!(runs_ahead(&[read(0, 15), read(1, 14)]));
        // Row 1 has a guess, or a settled character to read before.
        assert!(!runs_ahead(&[read(0, 3), read(1, 4), read(1, 5)]));
        assert!(!runs_ahead(&[read(0, 15), read(1, 15)]));
    }
}
