//! One step of some pieces: the patch decoder over all rows, then the character decoder, character by
//! character, over the rows whose patch has not ended. A character that is settled beforehand costs no
//! step of its own: the decoder reads it together with the next one that is not.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate`, and `gradio/inference.py`,
//! `inference_patch`, for `[r:0/`.

use crate::gpt2::{At, Cache, Scratch};
use crate::model::{Slot, check_ids};
use crate::network::Network;
use crate::sampler::{draw, filtered, probabilities};
use crate::{EOS, Error, PATCH_SIZE, Patch, Sampling, VOCAB, uniform};

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

impl Network {
    /// Draws `share.patches`; leaves the slots' `positions` alone.
    pub(crate) fn step(&self, share: Share<'_, '_>) -> Result<(), Error> {
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

        // All rows together, each at a place of its own: it reads what was written since it was last
        // here, one character or several, and draws the next. It leaves when its patch has ended.
        let mut caches: Vec<&mut Cache> =
            slots.iter_mut().map(|slot| &mut slot.characters).collect();
        let mut logits = vec![0.0; rows.len() * VOCAB];
        let mut places = vec![Place::default(); rows.len()];
        let mut running: Vec<usize> = (0..rows.len()).collect();
        loop {
            running.retain(|&row| places[row].write_given(&rows[row], &mut patches[row]));
            if running.is_empty() {
                break;
            }
            at.clear();
            for &row in &running {
                let hidden = &hidden[row * self.hidden..][..self.hidden];
                for position in places[row].read..=places[row].written {
                    let before = position.checked_sub(1).map(|before| patches[row][before]);
                    self.embed_character(hidden, before, at.len(), scratch);
                    at.push(At {
                        cache: row,
                        position,
                    });
                }
            }
            self.last_logits(&at, &mut caches, scratch, &mut logits);
            for (&row, logits) in running.iter().zip(logits.chunks_exact(VOCAB)) {
                places[row].read = places[row].written + 1;
                let drawn = &patches[row][..places[row].written];
                let character = rows[row].draw(drawn, logits)?;
                places[row].write(character, &mut patches[row]);
            }
        }
        Ok(())
    }
}

/// How far a row's patch has come.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Positions whose input the character decoder has read.
    read: usize,
    /// Characters written.
    written: usize,
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
