//! The model: weights, slots of context, and the step that draws the next patch of many pieces.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate` and
//! `CharLevelDecoder.generate`. The reference recomputes the whole context for each character and
//! draws 16 characters even after the patch has ended; here both decoders have a cache and a patch
//! stops at its end, which changes no distribution.

use std::path::Path;

use rayon::prelude::*;

use crate::drafts::History;
use crate::gpt2::{At, Cache, Scratch};
use crate::limits::{CACHE_BYTES, SLOTS};
use crate::network::Network;
use crate::step::{Row, Share};
use crate::threads::{among_threads, is_small};
use crate::weights::Weights;
use crate::{Config, Error, Format, PAD, PATCH_SIZE, Patch, VOCAB};

/// Rows that go through the patch decoder at once in a prefill. How a prompt is divided changes no
/// result, only the size of the buffers.
pub(crate) const PREFILL_ROWS: usize = 64;

/// A model with its weights and `slots` contexts, on the processor, in f32.
pub struct Model {
    config: Config,
    /// Whether keys and values are f16.
    is_f16: bool,
    network: Network,
    slots: Vec<Slot>,
    /// One for each thread that takes a share of the rows.
    scratch: Vec<Scratch>,
    drafts: bool,
    /// Passes of the character decoder, of each share of a step.
    passes: u64,
    unknown_tensors: Vec<String>,
    parameters: u64,
}

/// The context of one piece.
pub(crate) struct Slot {
    pub(crate) patches: Cache,
    pub(crate) characters: Cache,
    /// Patches in the cache.
    pub(crate) positions: usize,
    pub(crate) history: History,
}

/// How the parity functions run: both give the same bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pass {
    /// All positions in one call.
    Whole,
    /// One position after the other, over the cache.
    Stepwise,
}

impl Model {
    /// Reads the model in the folder `dir` and makes `slots` empty contexts. Its weights are stored in
    /// `format`, or else as exactly as they are in the file. Weights that lie there quantised stay in
    /// their format, and another is refused.
    pub fn load(dir: &Path, slots: usize, format: Option<Format>) -> Result<Self, Error> {
        let config = Config::read(dir)?;
        check_slots(&config, slots)?;
        let weights = Weights::open(dir, &config)?;
        Self::new(config, weights, slots, format)
    }

    /// A model of this shape whose weights mean nothing, to measure without a file.
    pub fn random(config: Config, slots: usize, format: Option<Format>) -> Result<Self, Error> {
        check_slots(&config, slots)?;
        let weights = Weights::random(&config)?;
        Self::new(config, weights, slots, format)
    }

    fn new(
        config: Config,
        mut weights: Weights,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let format = weights.format(format)?;
        let is_f16 = format.is_some_and(Format::keeps_f16);
        let network = Network::read(&mut weights, &config, format)?;
        // A step reads at most a whole patch for each slot at once.
        let rows = PREFILL_ROWS.max(slots * PATCH_SIZE);
        let lanes = lanes(&config, slots);
        Ok(Self {
            is_f16,
            network,
            slots: (0..slots).map(|_| Slot::new(&config, is_f16)).collect(),
            scratch: (0..lanes)
                .map(|_| Scratch::new(rows, config.hidden_size, config.patch_length))
                .collect(),
            drafts: true,
            passes: 0,
            parameters: weights.parameters(),
            unknown_tensors: weights.unknown().to_vec(),
            config,
        })
    }

    /// The model's shape and recommended sampling.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many contexts there are.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many numbers the model has learnt.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Tensors of the weight file that belong to no part of the model: worth a line in the log.
    pub fn unknown_tensors(&self) -> &[String] {
        &self.unknown_tensors
    }

    /// Patches in the context of `slot`; 0 for a slot that does not exist.
    pub fn positions(&self, slot: usize) -> usize {
        self.slots.get(slot).map_or(0, |slot| slot.positions)
    }

    /// Whether characters are guessed and read several at once, which they are unless this is called.
    /// It changes how long a step takes and nothing else.
    pub fn set_drafting(&mut self, is_on: bool) {
        self.drafts = is_on;
    }

    /// Passes of the character decoder since the model was loaded.
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// Bytes of all weights.
    pub fn bytes(&self) -> u64 {
        self.network.bytes() as u64
    }

    /// Bytes that must be read from memory to draw a patch after `context` others, alone, with so many
    /// passes of the character decoder: a step cannot take less than the time for these.
    pub fn bytes_of_a_patch(&self, passes: f64, context: usize) -> u64 {
        let (step, pass) = self.network.bytes_read();
        let number = if self.is_f16 { 2 } else { 4 };
        let cache = self.config.patch_num_layers * 2 * context * self.config.hidden_size * number;
        (step + cache) as u64 + (passes * pass as f64) as u64
    }

    /// Empties the context of `slot`.
    pub fn clear(&mut self, slot: usize) {
        self.truncate(slot, 0);
    }

    /// Forgets all but the first `positions` patches of `slot`.
    pub fn truncate(&mut self, slot: usize, positions: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.positions = slot.positions.min(positions);
            slot.history.truncate(positions);
        }
    }

    /// Gives `to` the first `positions` patches of the context of `from`, in place of all it had: as if
    /// it had read them itself, for the price of a copy.
    pub fn fork(&mut self, from: usize, to: usize, positions: usize) -> Result<(), Error> {
        let [from, to] = self
            .slots
            .get_disjoint_mut([from, to])
            .map_err(|_| Error::call(format!("no two slots {from} and {to}")))?;
        if positions > from.positions {
            return Err(Error::call(format!(
                "{positions} patches of a context of {}",
                from.positions
            )));
        }
        to.patches.copy(&from.patches, positions);
        to.history.copy(&from.history, positions);
        to.positions = positions;
        Ok(())
    }

    /// Appends `patches` to the context of `slot`. The last patch of a prompt is better left to
    /// [`Model::step`], which draws what follows it.
    ///
    /// On an error the context is as before.
    pub fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), Error> {
        let limit = self.config.patch_length;
        check_ids(patches)?;
        let (Some(slot), [scratch, ..]) = (self.slots.get_mut(slot), &mut self.scratch[..]) else {
            return Err(no_such_slot(slot));
        };
        room(slot.positions, patches.len(), limit)?;
        let network = &self.network;
        among_threads(|| {
            for patches in patches.chunks(PREFILL_ROWS) {
                network.append(slot, patches, scratch);
            }
        });
        Ok(())
    }

    /// Appends each row's `input` to its context and draws the patch that follows: up to 16
    /// characters, [`PAD`] after an [`EOS`](crate::EOS).
    ///
    /// What a row draws is the same, bit for bit, whatever other rows there are. On an error all
    /// contexts are as before; a caller with several rows can then step them one by one to find out
    /// which it was.
    pub fn step(&mut self, rows: &[Row<'_>]) -> Result<Vec<Patch>, Error> {
        for row in rows {
            row.check()?;
        }
        let limit = self.config.patch_length;
        let mut free: Vec<Option<&mut Slot>> = self.slots.iter_mut().map(Some).collect();
        let mut slots = Vec::with_capacity(rows.len());
        for row in rows {
            let slot = free
                .get_mut(row.slot)
                .and_then(Option::take)
                .ok_or_else(|| no_such_slot(row.slot))?;
            room(slot.positions, 1, limit)?;
            slots.push(slot);
        }

        for (row, slot) in rows.iter().zip(&mut slots) {
            // After a step that failed there is one patch too many.
            slot.history.truncate(slot.positions);
            slot.history.push(&row.input);
        }

        let mut patches = vec![[PAD; PATCH_SIZE]; rows.len()];
        let share = match is_small(self.config.hidden_size) {
            // Two rows on one thread share its reads: better than one on each of two.
            true => rows.len().div_ceil(self.scratch.len()).next_multiple_of(2),
            false => rows.len(),
        };
        let shares: Vec<_> = rows
            .chunks(share.max(1))
            .zip(slots.chunks_mut(share.max(1)))
            .zip(patches.chunks_mut(share.max(1)))
            .zip(&mut self.scratch)
            .map(|(((rows, slots), patches), scratch)| Share {
                rows,
                slots,
                patches,
                scratch,
            })
            .collect();
        let (network, drafts) = (&self.network, self.drafts);
        let step = |share| network.step(share, drafts);
        let passes: Vec<u64> = if shares.len() == 1 && is_small(self.config.hidden_size) {
            shares.into_iter().map(step).collect::<Result<_, _>>()?
        } else {
            among_threads(|| shares.into_par_iter().map(step).collect::<Result<_, _>>())?
        };
        self.passes += passes.iter().sum::<u64>();
        for slot in slots {
            slot.positions += 1;
        }
        Ok(patches)
    }

    /// Hidden states `[T, hidden] f32` of the patch decoder after each of `patches`, from an empty
    /// context of their own. For comparison with the reference.
    pub fn patch_hidden(&self, patches: &[Patch], pass: Pass) -> Result<Vec<f32>, Error> {
        check_ids(patches)?;
        room(0, patches.len(), self.config.patch_length)?;
        let mut slot = Slot::new(&self.config, self.is_f16);
        let rows = pass.rows(patches.len());
        let mut scratch = Scratch::new(rows, self.config.hidden_size, self.config.patch_length);
        let mut hidden = Vec::with_capacity(patches.len() * self.config.hidden_size);
        for patches in patches.chunks(rows) {
            hidden.extend_from_slice(self.network.append(&mut slot, patches, &mut scratch));
        }
        Ok(hidden)
    }

    /// Logits `[T, 16, 128] f32` for each character of `targets [T, 16]`, given the hidden state
    /// before each, `[T, hidden] f32`, and the target's own earlier characters. For comparison with the
    /// reference.
    pub fn char_logits(
        &self,
        hidden: &[f32],
        targets: &[Patch],
        pass: Pass,
    ) -> Result<Vec<f32>, Error> {
        check_ids(targets)?;
        let width = self.config.hidden_size;
        if hidden.len() != targets.len() * width {
            return Err(Error::call(format!(
                "{} numbers for {} hidden states",
                hidden.len(),
                targets.len()
            )));
        }
        let mut slot = Slot::new(&self.config, self.is_f16);
        let rows = pass.rows(PATCH_SIZE);
        let mut scratch = Scratch::new(rows, width, PATCH_SIZE);
        let mut logits = vec![0.0; targets.len() * PATCH_SIZE * VOCAB];
        let targets = hidden
            .chunks_exact(width)
            .zip(targets)
            .zip(logits.chunks_exact_mut(PATCH_SIZE * VOCAB));
        for ((hidden, target), logits) in targets {
            for (index, logits) in logits.chunks_mut(rows * VOCAB).enumerate() {
                let first = index * rows;
                let at: Vec<At> = (first..first + rows)
                    .map(|position| At { cache: 0, position })
                    .collect();
                for at in &at {
                    let before = at.position.checked_sub(1).map(|before| target[before]);
                    self.network
                        .embed_character(hidden, before, at.position - first, &mut scratch);
                }
                self.network
                    .logits(&at, &mut [&mut slot.characters], &mut scratch, logits);
            }
        }
        Ok(logits)
    }
}

impl Pass {
    fn rows(self, all: usize) -> usize {
        match self {
            Self::Whole => all.max(1),
            Self::Stepwise => 1,
        }
    }
}

impl Slot {
    fn new(config: &Config, is_f16: bool) -> Self {
        let cache = |layers, positions| Cache::new(layers, config.heads(), positions, is_f16);
        Self {
            patches: cache(config.patch_num_layers, config.patch_length),
            characters: cache(config.char_num_layers, PATCH_SIZE),
            positions: 0,
            history: History::new(config.patch_length),
        }
    }
}

impl Network {
    /// Appends patches to a context; their hidden states, `[patches, hidden]`.
    fn append<'a>(
        &self,
        slot: &mut Slot,
        patches: &[Patch],
        scratch: &'a mut Scratch,
    ) -> &'a [f32] {
        let at: Vec<At> = (0..patches.len())
            .map(|row| At {
                cache: 0,
                position: slot.positions + row,
            })
            .collect();
        for (row, patch) in patches.iter().enumerate() {
            self.embed_patch(patch, row, scratch);
        }
        self.patches.forward(&at, &mut [&mut slot.patches], scratch);
        slot.positions += patches.len();
        patches.iter().for_each(|patch| slot.history.push(patch));
        &scratch.x[..patches.len() * self.hidden]
    }
}

/// How many threads take a share of the rows, each with buffers of its own.
pub(crate) fn lanes(config: &Config, slots: usize) -> usize {
    match is_small(config.hidden_size) {
        true => rayon::current_num_threads().min(slots),
        false => 1,
    }
}

fn check_slots(config: &Config, slots: usize) -> Result<(), Error> {
    if !(1..=SLOTS).contains(&slots) {
        return Err(Error::call(format!(
            "{slots} slots instead of 1 to {SLOTS}"
        )));
    }
    let bytes = cache_bytes_per_slot(config).saturating_mul(slots as u64);
    if bytes > CACHE_BYTES {
        return Err(Error::TooLarge {
            what: "bytes of context",
            found: bytes,
            limit: CACHE_BYTES,
        });
    }
    Ok(())
}

fn cache_bytes_per_slot(config: &Config) -> u64 {
    let positions = config.patch_length.next_multiple_of(crate::kernels::WIDE);
    (config.patch_num_layers * config.hidden_size * 2 * positions * size_of::<f32>()) as u64
}

pub(crate) fn check_ids(patches: &[Patch]) -> Result<(), Error> {
    match patches
        .as_flattened()
        .iter()
        .find(|&&id| usize::from(id) >= VOCAB)
    {
        Some(id) => Err(Error::text(format!(
            "{id} is no id of the model's alphabet"
        ))),
        None => Ok(()),
    }
}

fn room(positions: usize, more: usize, limit: usize) -> Result<(), Error> {
    match positions + more {
        needed if needed > limit => Err(Error::ContextFull { needed, limit }),
        _ => Ok(()),
    }
}

fn no_such_slot(slot: usize) -> Error {
    Error::call(format!("slot {slot} does not exist, or is named twice"))
}
