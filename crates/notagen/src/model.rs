//! The model: weights, slots of context, and the step that draws the next patch of many pieces.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate` and
//! `CharLevelDecoder.generate`. The reference recomputes the whole context for each character and
//! draws 16 characters even after the patch has ended; here both decoders have a cache and a patch
//! stops at its end, which changes no distribution.

use std::path::Path;

use crate::cpu::Cpu;
use crate::cuda::{Card, Cuda, check};
use crate::drafts::History;
use crate::limits::{CACHE_BYTES, SLOTS};
use crate::step::{Read, Row};
use crate::weights::Weights;
use crate::{Config, Error, Format, PAD, PATCH_SIZE, Patch, VOCAB};

/// A model with its weights and `slots` contexts.
pub struct Model {
    config: Config,
    home: Home,
    slots: Vec<Slot>,
    drafts: bool,
    /// Passes of the character decoder, of each share of a step.
    passes: u64,
    unknown_tensors: Vec<String>,
    parameters: u64,
}

/// Where weights and contexts are.
enum Home {
    Cpu(Box<Cpu>),
    Cuda(Box<Cuda>),
}

/// What a piece has written, as far as the host knows it.
struct Slot {
    /// Patches in the context.
    positions: usize,
    history: History,
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
        Self::load_on(None, dir, slots, format)
    }

    /// The same, on a card or else on the processor.
    ///
    /// # Errors
    /// Also those of the card, whose codes begin with `device_`.
    pub fn load_on(
        card: Option<&Card>,
        dir: &Path,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let config = Config::read(dir)?;
        check_slots(&config, slots)?;
        let weights = Weights::open(dir, &config)?;
        Self::new(card, config, weights, slots, format)?.checked(card)
    }

    /// A model of this shape whose weights mean nothing, to measure without a file.
    pub fn random(config: Config, slots: usize, format: Option<Format>) -> Result<Self, Error> {
        Self::random_on(None, config, slots, format)
    }

    /// The same, on a card or else on the processor.
    ///
    /// # Errors
    /// Also those of the card, whose codes begin with `device_`.
    pub fn random_on(
        card: Option<&Card>,
        config: Config,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        check_slots(&config, slots)?;
        let weights = Weights::random(&config)?;
        Self::new(card, config, weights, slots, format)?.checked(card)
    }

    /// This model, if its card computes what the processor would.
    fn checked(self, card: Option<&Card>) -> Result<Self, Error> {
        if let (Some(card), Home::Cuda(cuda)) = (card, &self.home) {
            for format in cuda.formats() {
                check(card, format)?;
            }
        }
        Ok(self)
    }

    fn new(
        card: Option<&Card>,
        config: Config,
        mut weights: Weights,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let format = weights.format(format)?;
        let home = match card {
            None => Home::Cpu(Box::new(Cpu::new(&config, &mut weights, slots, format)?)),
            Some(card) => {
                let cuda = Cuda::new(card, &config, &mut weights, slots, format)?;
                Home::Cuda(Box::new(cuda))
            }
        };
        let slot = || Slot {
            positions: 0,
            history: History::new(config.patch_length),
        };
        Ok(Self {
            home,
            slots: (0..slots).map(|_| slot()).collect(),
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
        match &self.home {
            Home::Cpu(cpu) => cpu.bytes() as u64,
            Home::Cuda(cuda) => cuda.bytes() as u64,
        }
    }

    /// Bytes that must be read from memory to draw a patch after `context` others, alone, with so many
    /// passes of the character decoder: a step cannot take less than the time for these.
    pub fn bytes_of_a_patch(&self, passes: f64, context: usize) -> u64 {
        let ((step, pass), is_f16) = match &self.home {
            Home::Cpu(cpu) => (cpu.bytes_read(), cpu.is_f16()),
            Home::Cuda(cuda) => (cuda.bytes_read(), cuda.is_f16()),
        };
        let number = if is_f16 { 2 } else { 4 };
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
        let [source, target] = self
            .slots
            .get_disjoint_mut([from, to])
            .map_err(|_| Error::call(format!("no two slots {from} and {to}")))?;
        if positions > source.positions {
            return Err(Error::call(format!(
                "{positions} patches of a context of {}",
                source.positions
            )));
        }
        match &mut self.home {
            Home::Cpu(cpu) => cpu.fork(from, to, positions),
            Home::Cuda(cuda) => cuda.fork(from, to, positions)?,
        }
        target.history.copy(&source.history, positions);
        target.positions = positions;
        Ok(())
    }

    /// Appends `patches` to the context of `slot`. The last patch of a prompt is better left to
    /// [`Model::step`], which draws what follows it.
    ///
    /// On an error the context is as before.
    pub fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), Error> {
        check_ids(patches)?;
        let Some(context) = self.slots.get_mut(slot) else {
            return Err(no_such_slot(slot));
        };
        room(context.positions, patches.len(), self.config.patch_length)?;
        match &mut self.home {
            Home::Cpu(cpu) => cpu.prefill(slot, context.positions, patches),
            Home::Cuda(cuda) => cuda.prefill(slot, context.positions, patches)?,
        }
        context.positions += patches.len();
        patches.iter().for_each(|patch| context.history.push(patch));
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
        let mut is_free = vec![true; self.slots.len()];
        for row in rows {
            match is_free.get_mut(row.slot) {
                Some(is_free) if *is_free => *is_free = false,
                _ => return Err(no_such_slot(row.slot)),
            }
            let slot = &mut self.slots[row.slot];
            room(slot.positions, 1, self.config.patch_length)?;
        }
        for row in rows {
            let slot = &mut self.slots[row.slot];
            // After a step that failed there is one patch too many.
            slot.history.truncate(slot.positions);
            slot.history.push(&row.input);
        }
        let slots = || rows.iter().map(|row| &self.slots[row.slot]);
        let positions: Vec<usize> = slots().map(|slot| slot.positions).collect();
        let histories: Vec<&History> = slots().map(|slot| &slot.history).collect();
        let mut patches = vec![[PAD; PATCH_SIZE]; rows.len()];
        let drafts = self.drafts;
        self.passes += match &mut self.home {
            Home::Cpu(cpu) => cpu.step(rows, &positions, &histories, &mut patches, drafts)?,
            Home::Cuda(cuda) => cuda.step(rows, &positions, &histories, &mut patches, drafts)?,
        };
        for row in rows {
            self.slots[row.slot].positions += 1;
        }
        Ok(patches)
    }

    /// Hidden states `[T, hidden] f32` of the patch decoder after each of `patches`, from an empty
    /// context: that of slot 0, which is empty afterwards too. For comparison with the reference.
    pub fn patch_hidden(&mut self, patches: &[Patch], pass: Pass) -> Result<Vec<f32>, Error> {
        check_ids(patches)?;
        room(0, patches.len(), self.config.patch_length)?;
        self.clear(0);
        let rows = pass.rows(patches.len());
        match &mut self.home {
            Home::Cpu(cpu) => Ok(cpu.patch_hidden(patches, rows)),
            Home::Cuda(cuda) => cuda.patch_hidden(patches, rows),
        }
    }

    /// Logits `[T, 16, 128] f32` for each character of `targets [T, 16]`, given the hidden state
    /// before each, `[T, hidden] f32`, and the target's own earlier characters. For comparison with the
    /// reference.
    pub fn char_logits(
        &mut self,
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
        let mut logits = Vec::with_capacity(targets.len() * PATCH_SIZE * VOCAB);
        for (hidden, target) in hidden.chunks_exact(width).zip(targets) {
            let read = |position: usize| Read {
                row: 0,
                position,
                before: position.checked_sub(1).map(|before| target[before]),
                is_kept: true,
            };
            let reads: Vec<Read> = (0..PATCH_SIZE).map(read).collect();
            for reads in reads.chunks(pass.rows(PATCH_SIZE)) {
                logits.extend(match &mut self.home {
                    Home::Cpu(cpu) => cpu.char_logits(hidden, reads)?,
                    Home::Cuda(cuda) => cuda.char_logits(hidden, reads)?,
                });
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
