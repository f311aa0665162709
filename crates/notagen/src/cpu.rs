//! The model on the processor: weights, key-value caches and buffers in ordinary memory.

use rayon::prelude::*;

use crate::drafts::History;
use crate::gpt2::{At, Cache, Scratch};
use crate::network::Network;
use crate::step::{Passes, Read, Row, Said, step};
use crate::threads::{among_threads, is_small};
use crate::weights::Weights;
use crate::{Config, Error, Format, PATCH_SIZE, Patch, VOCAB};

/// Rows that go through the patch decoder at once in a prefill. How a prompt is divided changes no
/// result, only the size of the buffers.
pub(crate) const PREFILL_ROWS: usize = 64;

/// Rows that a pass of the character decoder may have for hardly more than the price of one, in every format
/// of the weights: `docs/measurements.md`. Eight cost more than the passes that they save.
const PASS_ROWS: usize = 4;

/// Weights, contexts and buffers.
pub(crate) struct Cpu {
    /// Whether keys and values are f16.
    is_f16: bool,
    network: Network,
    caches: Vec<Caches>,
    /// One for each thread that takes a share of the rows.
    scratch: Vec<Scratch>,
}

/// Keys and values of one piece.
struct Caches {
    patches: Cache,
    characters: Cache,
}

impl Cpu {
    pub(crate) fn new(
        config: &Config,
        weights: &mut Weights,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let is_f16 = format.is_some_and(Format::keeps_f16);
        let network = Network::read(weights, config, format)?;
        // A step reads at most a whole patch for each slot at once.
        let rows = PREFILL_ROWS.max(slots * PATCH_SIZE);
        let scratch = || Scratch::new(rows, config.hidden_size, config.patch_length);
        let cache = |layers, positions| Cache::new(layers, config.heads(), positions, is_f16);
        let caches = (0..slots).map(|_| Caches {
            patches: cache(config.patch_num_layers, config.patch_length),
            characters: cache(config.char_num_layers, PATCH_SIZE),
        });
        Ok(Self {
            is_f16,
            network,
            caches: caches.collect(),
            scratch: (0..lanes(config, slots)).map(|_| scratch()).collect(),
        })
    }

    pub(crate) fn is_f16(&self) -> bool {
        self.is_f16
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        self.network.bytes()
    }

    /// Bytes of weights that a step reads, and those that each pass of the character decoder does.
    pub(crate) fn bytes_read(&self) -> (usize, usize) {
        self.network.bytes_read()
    }

    /// Copies the first positions of a slot's context.
    pub(crate) fn fork(&mut self, from: usize, to: usize, positions: usize) {
        if let Ok([from, to]) = self.caches.get_disjoint_mut([from, to]) {
            to.patches.copy(&from.patches, positions);
        }
    }

    /// Appends patches to the context of `slot` after the first `positions`.
    pub(crate) fn prefill(&mut self, slot: usize, positions: usize, patches: &[Patch]) {
        among_threads(|| {
            for (index, patches) in patches.chunks(PREFILL_ROWS).enumerate() {
                self.append(slot, positions + index * PREFILL_ROWS, patches);
            }
        });
    }

    /// The same for as many as the buffers hold; their hidden states, `[patches, hidden]`.
    fn append(&mut self, slot: usize, positions: usize, patches: &[Patch]) -> &[f32] {
        let (network, scratch) = (&self.network, &mut self.scratch[0]);
        let at: Vec<At> = (0..patches.len())
            .map(|row| At {
                cache: 0,
                position: positions + row,
            })
            .collect();
        for (row, patch) in patches.iter().enumerate() {
            network.embed_patch(patch, row, scratch);
        }
        let cache = &mut self.caches[slot].patches;
        network.patches.forward(&at, &mut [cache], scratch);
        &scratch.x[..patches.len() * network.hidden]
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
        let mut free: Vec<Option<&mut Caches>> = self.caches.iter_mut().map(Some).collect();
        // The caller has seen to it that the slots are there and differ.
        let mut caches: Vec<&mut Caches> = rows
            .iter()
            .filter_map(|row| free.get_mut(row.slot).and_then(Option::take))
            .collect();
        let is_small = is_small(self.network.hidden);
        let share = match is_small {
            // Two rows on one thread share its reads: better than one on each of two.
            true => rows.len().div_ceil(self.scratch.len()).next_multiple_of(2),
            false => rows.len(),
        };
        let share = share.max(1);
        let network = &self.network;
        let shares: Vec<_> = rows
            .chunks(share)
            .zip(positions.chunks(share))
            .zip(histories.chunks(share))
            .zip(patches.chunks_mut(share))
            .zip(caches.chunks_mut(share))
            .zip(&mut self.scratch)
            .map(
                |(((((rows, positions), histories), patches), caches), scratch)| {
                    let share = Share {
                        network,
                        positions,
                        caches,
                        scratch,
                        hidden: Vec::new(),
                        logits: Vec::new(),
                    };
                    (share, rows, histories, patches)
                },
            )
            .collect();
        let run = |(mut share, rows, histories, patches): (Share<'_, '_>, &[_], &[_], &mut [_])| {
            step(&mut share, rows, histories, patches, drafts)
        };
        let passes: Vec<u64> = if shares.len() == 1 && is_small {
            shares.into_iter().map(run).collect::<Result<_, _>>()?
        } else {
            among_threads(|| shares.into_par_iter().map(run).collect::<Result<_, _>>())?
        };
        Ok(passes.iter().sum())
    }

    /// See [`Model::patch_hidden`](crate::Model::patch_hidden): `rows` at a time.
    pub(crate) fn patch_hidden(&mut self, patches: &[Patch], rows: usize) -> Vec<f32> {
        let mut hidden = Vec::with_capacity(patches.len() * self.network.hidden);
        let rows = rows.min(PREFILL_ROWS);
        for (index, patches) in patches.chunks(rows).enumerate() {
            hidden.extend_from_slice(self.append(0, index * rows, patches));
        }
        hidden
    }

    /// Logits `[reads, 128]` of a patch that begins from `hidden [hidden]`.
    pub(crate) fn char_logits(
        &mut self,
        hidden: &[f32],
        reads: &[Read],
    ) -> Result<Vec<f32>, Error> {
        let mut share = Share {
            network: &self.network,
            positions: &[],
            caches: &mut [&mut self.caches[0]],
            scratch: &mut self.scratch[0],
            hidden: hidden.to_vec(),
            logits: Vec::new(),
        };
        Ok(share.characters(&[], reads)?.logits.to_vec())
    }
}

/// What one thread does of a step.
struct Share<'a, 'caches> {
    network: &'a Network,
    /// Patches in the rows' contexts.
    positions: &'a [usize],
    caches: &'a mut [&'caches mut Caches],
    scratch: &'a mut Scratch,
    /// `[rows, hidden]`
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl Passes for Share<'_, '_> {
    fn guesses(&self, running: usize) -> usize {
        (PASS_ROWS / running).saturating_sub(1)
    }

    fn patches(&mut self, rows: &[Row<'_>]) -> Result<(), Error> {
        let mut at = Vec::with_capacity(rows.len());
        for (index, (row, &position)) in rows.iter().zip(self.positions).enumerate() {
            self.network.embed_patch(&row.input, index, self.scratch);
            at.push(At {
                cache: index,
                position,
            });
        }
        let mut caches: Vec<_> = self.caches.iter_mut().map(|c| &mut c.patches).collect();
        self.network.patches.forward(&at, &mut caches, self.scratch);
        let hidden = &self.scratch.x[..rows.len() * self.network.hidden];
        self.hidden.extend_from_slice(hidden);
        Ok(())
    }

    fn characters(&mut self, _rows: &[Row<'_>], reads: &[Read]) -> Result<Said<'_>, Error> {
        let (network, width) = (self.network, self.network.hidden);
        let mut at = Vec::with_capacity(reads.len());
        let mut kept = Vec::with_capacity(reads.len());
        for (index, read) in reads.iter().enumerate() {
            let hidden = &self.hidden[read.row * width..][..width];
            network.embed_character(hidden, read.before, index, self.scratch);
            at.push(At {
                cache: read.row,
                position: read.position,
            });
            if read.is_kept {
                kept.push(index);
            }
        }
        self.logits.resize(kept.len() * VOCAB, 0.0);
        let mut caches: Vec<_> = self.caches.iter_mut().map(|c| &mut c.characters).collect();
        network.logits_of(&at, &kept, &mut caches, self.scratch, &mut self.logits);
        Ok(Said {
            logits: &self.logits,
            ahead: None,
            passes: 1,
        })
    }
}

/// How many threads take a share of the rows, each with buffers of its own.
pub(crate) fn lanes(config: &Config, slots: usize) -> usize {
    match is_small(config.hidden_size) {
        true => rayon::current_num_threads().min(slots),
        false => 1,
    }
}
