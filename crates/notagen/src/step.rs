//! One step of some pieces: the patch decoder over all rows, then the character decoder, character by
//! character, over the rows whose patch has not ended.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate`, and `gradio/inference.py`,
//! `inference_patch`, for `[r:0/`.

use crate::gpt2::{At, Cache, Scratch};
use crate::model::{Slot, check_ids};
use crate::network::Network;
use crate::sampler::{among, draw};
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
    /// Which characters may come after the first ones of the drawn patch, bit c for character c;
    /// all if there is no mask. At least one must be allowed.
    pub mask: Option<Mask<'a>>,
}

/// Given the first characters of a patch, which may come next.
pub type Mask<'a> = &'a (dyn Fn(&[u8]) -> u128 + Sync);

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

        // Character by character, all rows together; a row leaves when its patch has ended.
        let mut caches: Vec<&mut Cache> =
            slots.iter_mut().map(|slot| &mut slot.characters).collect();
        let mut logits = vec![0.0; rows.len() * VOCAB];
        let mut running: Vec<usize> = (0..rows.len()).collect();
        for position in 0..PATCH_SIZE {
            at.clear();
            for (place, &row) in running.iter().enumerate() {
                let hidden = &hidden[row * self.hidden..][..self.hidden];
                let before = position.checked_sub(1).map(|before| patches[row][before]);
                self.embed_character(hidden, before, place, scratch);
                at.push(At {
                    cache: row,
                    position,
                });
            }
            self.logits(&at, &mut caches, scratch, &mut logits);
            for (&row, logits) in running.iter().zip(logits.chunks_exact(VOCAB)) {
                patches[row][position] = rows[row].choose(&patches[row], position, logits)?;
            }
            running.retain(|&row| patches[row][position] != EOS);
            if running.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

impl Row<'_> {
    fn choose(&self, patch: &Patch, position: usize, logits: &[f32]) -> Result<u8, Error> {
        if let Some(&forced) = self.forced.get(position) {
            return Ok(forced);
        }
        if self.opens_body && patch.starts_with(b"[r:") {
            match position {
                3 => return Ok(b'0'),
                4 => return Ok(b'/'),
                _ => {}
            }
        }
        let allowed = self.mask.map_or(u128::MAX, |mask| mask(&patch[..position]));
        let distribution = among(allowed, logits, &self.sampling, false)?;
        Ok(draw(
            &distribution,
            uniform(self.seed, self.patch_index, position as u32),
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
