//! One step of some pieces: the patch decoder over all rows, then the character decoder, character by
//! character, over the rows whose patch has not ended. A character that is settled beforehand costs no
//! pass of its own: the decoder reads it together with the next one that is not.
//!
//! Nor does a character that was guessed right. The decoder reads some guesses as if they were settled,
//! and gives the logits after each; characters are drawn one after the other, each with its own random
//! number, as long as they are those that were guessed. So what is drawn is what would have been drawn
//! without guesses. (For a guess without doubt that is also the acceptance rule of Leviathan, Kalman and
//! Matias, *Fast Inference from Transformers via Speculative Decoding*, 2023.)
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate`, and `gradio/inference.py`,
//! `inference_patch`, for `[r:0/`.

use crate::drafts::History;
use crate::gpt2::{At, Cache, Scratch};
use crate::model::{Slot, check_ids};
use crate::network::Network;
use crate::sampler::{draw, filtered, probabilities};
use crate::{EOS, Error, PAD, PATCH_SIZE, Patch, Sampling, VOCAB, uniform};

/// One piece's part in a [`Model::step`](crate::Model::step).
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Whose context it is.
    pub slot: usize,
    /// The patch that comes next in the context: the last of the prompt, or the one just drawn.
    pub input: Patch,
    /// The piece's seed.
    pub seed: u64,
    /// The number of the drawn patch in the piece (not in the context, which restarts): with the seed,
    /// it decides what is drawn.
    pub patch_index: u64,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// The first characters of the drawn patch, when they are given.
    pub forced: &'a [u8],
    /// The tune body has not begun: if the patch begins `[r:`, it goes on `0/`. For a body starts at
    /// its line 0; the reference draws a second patch to the same end.
    pub opens_body: bool,
    /// What may be drawn; all characters if there is no mask.
    pub mask: Option<&'a dyn Mask>,
}

/// What may be drawn after the first characters of a patch.
pub trait Mask: Sync {
    /// The only character that may come, if there is just one: the model is not asked then.
    fn given(&self, drawn: &[u8]) -> Option<u8>;

    /// Makes of the probabilities that the model gives to the characters those to draw by, before
    /// all filters: 0 for what may not come, and above 0 for something. They need not add up to 1.
    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; VOCAB]);
}

/// What one thread does of a step.
pub(crate) struct Share<'a, 'slots> {
    pub(crate) rows: &'a [Row<'a>],
    /// The rows' slots.
    pub(crate) slots: &'a mut [&'slots mut Slot],
    /// What the rows draw.
    pub(crate) patches: &'a mut [Patch],
    pub(crate) scratch: &'a mut Scratch,
}

/// Rows that a pass of the character decoder may have for hardly more than the price of one, in every format
/// of the weights: `docs/measurements.md`. Eight cost more than the passes that they save.
const PASS_ROWS: usize = 4;

impl Network {
    /// Draws `share.patches`; leaves the slots' `positions` and histories alone. Gives the passes of the
    /// character decoder that it took.
    pub(crate) fn step(&self, share: Share<'_, '_>, drafts: bool) -> Result<u64, Error> {
        let Share {
            rows,
            slots,
            patches,
            scratch,
        } = share;
        let mut at: Vec<At> = Vec::with_capacity(rows.len());
        for (index, (row, slot)) in rows.iter().zip(slots.iter()).enumerate() {
            self.embed_patch(&row.input, index, scratch);
            at.push(At {
                cache: index,
                position: slot.positions,
            });
        }
        let mut contexts: Vec<&mut Cache> =
            slots.iter_mut().map(|slot| &mut slot.patches).collect();
        self.patches.forward(&at, &mut contexts, scratch);
        let hidden = scratch.x[..rows.len() * self.hidden].to_vec();

        // All rows together, each at a place of its own. It leaves when its patch has ended.
        let (mut caches, histories): (Vec<&mut Cache>, Vec<&History>) = slots
            .iter_mut()
            .map(|slot| (&mut slot.characters, &slot.history))
            .unzip();
        let mut logits = vec![0.0; rows.len().max(PASS_ROWS) * VOCAB];
        let mut places = vec![Place::default(); rows.len()];
        let mut running: Vec<usize> = (0..rows.len()).collect();
        let mut kept = Vec::with_capacity(rows.len().max(PASS_ROWS));
        let mut passes = 0;
        loop {
            running.retain(|&row| places[row].write_given(&rows[row], &mut patches[row]));
            if running.is_empty() {
                return Ok(passes);
            }
            let guesses = match drafts {
                true => (PASS_ROWS / running.len()).saturating_sub(1),
                false => 0,
            };
            at.clear();
            kept.clear();
            for &row in &running {
                let (place, patch) = (&mut places[row], &mut patches[row]);
                place.guess(histories[row], guesses, patch);
                let hidden = &hidden[row * self.hidden..][..self.hidden];
                for position in place.read..=place.written + place.guessed {
                    let before = position.checked_sub(1).map(|before| patch[before]);
                    self.embed_character(hidden, before, at.len(), scratch);
                    if position >= place.written {
                        kept.push(at.len());
                    }
                    at.push(At {
                        cache: row,
                        position,
                    });
                }
            }
            self.logits_of(&at, &kept, &mut caches, scratch, &mut logits);
            passes += 1;
            let mut rest = &logits[..];
            for &row in &running {
                let (logits, others) = rest.split_at((places[row].guessed + 1) * VOCAB);
                places[row].draw(&rows[row], logits, &mut patches[row])?;
                rest = others;
            }
        }
    }
}

/// How far a row's patch has come.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Positions whose input the character decoder has read.
    read: usize,
    /// Characters written.
    written: usize,
    /// Characters after these in the patch that are guesses.
    guessed: usize,
    ended: bool,
}

impl Place {
    fn write(&mut self, character: u8, patch: &mut Patch) {
        patch[self.written] = character;
        self.written += 1;
        self.ended = character == EOS || self.written == PATCH_SIZE;
    }

    /// Writes the characters that need no model. Whether one is left that does.
    fn write_given(&mut self, row: &Row<'_>, patch: &mut Patch) -> bool {
        while !self.ended {
            let Some(character) = row.given(&patch[..self.written]) else {
                return true;
            };
            self.write(character, patch);
        }
        false
    }

    /// Puts up to so many guesses into the patch. What follows the last place of a patch is no guess's
    /// business.
    fn guess(&mut self, history: &History, most: usize, patch: &mut Patch) {
        let most = most.min(PATCH_SIZE - 1 - self.written);
        let (drawn, rest) = patch.split_at_mut(self.written);
        self.guessed = history.guess(drawn, &mut rest[..most]);
    }

    /// Draws from the logits after what is written and after each guess, until a guess is wrong.
    fn draw(&mut self, row: &Row<'_>, logits: &[f32], patch: &mut Patch) -> Result<(), Error> {
        let guesses = self.written..self.written + std::mem::take(&mut self.guessed);
        for logits in logits.chunks_exact(VOCAB) {
            self.read = self.written + 1;
            let guess = patch[self.written];
            let drawn = &patch[..self.written];
            let character = match row.given(drawn) {
                Some(character) => character,
                None => row.draw(drawn, logits)?,
            };
            let is_right = guesses.contains(&self.written) && character == guess;
            self.write(character, patch);
            if !is_right || self.ended {
                break;
            }
        }
        // The guesses that were not taken.
        patch[self.written..guesses.end.max(self.written)].fill(PAD);
        Ok(())
    }
}

impl Row<'_> {
    /// What follows the first characters of the patch, if there is nothing to choose.
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        if let Some(&forced) = self.forced.get(drawn.len()) {
            return Some(forced);
        }
        match drawn {
            b"[r:" if self.opens_body => return Some(b'0'),
            b"[r:0" if self.opens_body => return Some(b'/'),
            _ => {}
        }
        self.mask?.given(drawn)
    }

    fn draw(&self, drawn: &[u8], logits: &[f32]) -> Result<u8, Error> {
        let mut probabilities = probabilities(logits)?;
        if let Some(mask) = self.mask {
            mask.weigh(drawn, &mut probabilities);
        }
        let distribution = filtered(probabilities, &self.sampling, false)?;
        Ok(draw(
            &distribution,
            uniform(self.seed, self.patch_index, drawn.len() as u32),
        ))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.sampling.validate()?;
        check_ids(&[self.input])?;
        if self.forced.len() > PATCH_SIZE
            || self
                .forced
                .iter()
                .any(|&id| id <= EOS || usize::from(id) >= VOCAB)
        {
            return Err(Error::text(
                "forced characters are no text of at most a patch",
            ));
        }
        Ok(())
    }
}
