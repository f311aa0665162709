//! One step of some pieces: the patch decoder over all rows, then the character decoder, character by
//! character, over the rows whose patch has not ended. A character that is settled beforehand costs no
//! pass of its own: the decoder reads it together with the next one that is not.
//!
//! Nor does a character that was guessed right. The decoder reads some guesses as if they were settled,
//! and gives the logits after each; characters are drawn one after the other, each with its own random
//! number, as long as they are those that were guessed. So what is drawn is what would have been drawn
//! without guesses. (For a guess without doubt that is also the acceptance rule of Leviathan, Kalman and
//! Matias, *Fast Inference from Transformers via Speculative Decoding*, 2023.) A decoder on a card that is
//! far away guesses by drawing itself, and goes on; what it drew is put to the same test.
//!
//! Reference: NotaGen `gradio/utils.py`, `NotaGenLMHeadModel.generate`, and `gradio/inference.py`,
//! `inference_patch`, for `[r:0/`.

use crate::drafts::History;
use crate::model::check_ids;
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

/// The two decoders as a step wants them, over the contexts of its rows.
pub(crate) trait Passes {
    /// How many characters to guess for each of so many rows: as many as cost hardly more to read than one.
    fn guesses(&self, running: usize) -> usize;

    /// Reads each row's next patch into its context; the row's characters begin from what comes of it.
    fn patches(&mut self, rows: &[Row<'_>]) -> Result<(), Error>;

    /// Reads characters of the rows: for each in order of position, and none left out that was not read yet.
    fn characters(&mut self, rows: &[Row<'_>], reads: &[Read]) -> Result<Said<'_>, Error>;
}

/// A position of a row's patch that the character decoder reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Read {
    /// Index of the row.
    pub(crate) row: usize,
    pub(crate) position: usize,
    /// The character before it, unless it is the first.
    pub(crate) before: Option<u8>,
    /// Whether the logits after it are wanted.
    pub(crate) is_kept: bool,
}

/// What comes of a reading.
pub(crate) struct Said<'a> {
    /// `[kept reads, 128]`; of a decoder that ran ahead, `[kept reads, 1 + AHEAD, 128]`.
    pub(crate) logits: &'a [f32],
    /// Of a decoder that went on by itself, what it drew after each of the kept reads: guesses.
    pub(crate) ahead: Option<&'a [[Option<u8>; AHEAD]]>,
    /// Passes of the character decoder.
    pub(crate) passes: u64,
}

/// Characters that a decoder with a sampler of its own draws before it is asked again.
pub(crate) const AHEAD: usize = 3;

/// One step of these rows: draws `patches`. `histories` are the rows' texts. Gives the passes of the character
/// decoder that it took.
pub(crate) fn step(
    decoders: &mut impl Passes,
    rows: &[Row<'_>],
    histories: &[&History],
    patches: &mut [Patch],
    drafts: bool,
) -> Result<u64, Error> {
    decoders.patches(rows)?;
    // All rows together, each at a place of its own. It leaves when its patch has ended.
    let mut places = vec![Place::default(); rows.len()];
    let mut running: Vec<usize> = (0..rows.len()).collect();
    let mut reads = Vec::with_capacity(rows.len());
    let mut passes = 0;
    loop {
        running.retain(|&row| places[row].write_given(&rows[row], &mut patches[row]));
        if running.is_empty() {
            return Ok(passes);
        }
        let guesses = if drafts {
            decoders.guesses(running.len())
        } else {
            0
        };
        reads.clear();
        for &row in &running {
            let (place, patch) = (&mut places[row], &mut patches[row]);
            place.guess(histories[row], guesses, patch);
            for position in place.read..=place.written + place.guessed {
                reads.push(Read {
                    row,
                    position,
                    before: position.checked_sub(1).map(|before| patch[before]),
                    is_kept: position >= place.written,
                });
            }
        }
        let said = decoders.characters(rows, &reads)?;
        passes += said.passes;
        let mut rest = said.logits;
        for (nth, &row) in running.iter().enumerate() {
            let (place, patch) = (&mut places[row], &mut patches[row]);
            let kept = match said.ahead {
                Some(_) => 1 + AHEAD,
                None => place.guessed + 1,
            };
            let (logits, others) = rest.split_at(kept * VOCAB);
            rest = others;
            if let Some(ahead) = said.ahead {
                place.adopt(&ahead[nth], patch);
            }
            place.draw(&rows[row], &logits[..(place.guessed + 1) * VOCAB], patch)?;
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

    /// Takes what the decoder drew by itself as guesses: it may not know all that a row asks for.
    fn adopt(&mut self, drawn: &[Option<u8>; AHEAD], patch: &mut Patch) {
        self.guessed = 0;
        for guess in drawn.iter().map_while(|guess| *guess) {
            if let Some(place) = patch[..PATCH_SIZE - 1].get_mut(self.written + self.guessed) {
                *place = guess;
                self.guessed += 1;
            }
        }
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
