//! How likely a model finds texts that were written with its help: the mean log-probability of their
//! characters, as the model alone gives it at temperature 1, and how many it hardly would have written.
//!
//! ```text
//! cargo run --release -p notagen --example how_likely MODEL_FOLDER FOLDER...
//! ```
//!
//! Each file of a folder is a piece in NotaGen's text. Counted are the characters of the music, ends of patches
//! included, without the counters. Prints a JSON object for each folder.

use std::path::{Path, PathBuf};

use notagen::{EOS, Error, Model, PAD, PATCH_SIZE, Pass, Patch, VOCAB, patches};

/// A character that the model gives less than this it hardly would have written.
const UNLIKELY: f64 = 1e-3;

#[derive(Default)]
struct Counts {
    characters: u32,
    nats: f64,
    unlikely: u32,
    /// Pieces that are longer than the context.
    left_out: u32,
}

impl Counts {
    fn add(&mut self, model: &mut Model, text: &str) -> Result<(), Error> {
        let limit = model.config().patch_length;
        let encoded = patches::encode_continuation(text, limit - 1);
        if let Err(Error::ContextFull { .. }) = encoded {
            self.left_out += 1;
            return Ok(());
        }
        let encoded = encoded?;
        let mut patches = encoded.patches;
        if !encoded.open.is_empty() {
            let mut last = [PAD; PATCH_SIZE];
            last[..encoded.open.len()].copy_from_slice(&encoded.open);
            last[encoded.open.len()] = EOS;
            patches.push(last);
        }
        let hidden = model.patch_hidden(&patches, Pass::Whole)?;
        let before = hidden.len() / patches.len() * (patches.len() - 1);
        let logits = model.char_logits(&hidden[..before], &patches[1..], Pass::Whole)?;
        let body = patches.iter().position(|patch| patch.starts_with(b"[r:"));
        let each = patches[1..]
            .iter()
            .zip(logits.chunks_exact(PATCH_SIZE * VOCAB));
        for (patch, logits) in each.skip(body.unwrap_or(patches.len()).saturating_sub(1)) {
            self.add_patch(patch, logits);
        }
        Ok(())
    }

    fn add_patch(&mut self, patch: &Patch, logits: &[f32]) {
        let end = patch.iter().position(|&c| c == EOS);
        let length = end.map_or(PATCH_SIZE, |end| end + 1);
        let counter = match patch.starts_with(b"[r:") {
            true => patch
                .iter()
                .position(|&c| c == b']')
                .map_or(0, |end| end + 1),
            false => 0,
        };
        for (&character, logits) in patch[..length]
            .iter()
            .zip(logits.chunks_exact(VOCAB))
            .skip(counter)
        {
            let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits
                .iter()
                .map(|logit| f64::from(logit - most).exp())
                .sum();
            let nats = f64::from(logits[usize::from(character)] - most) - sum.ln();
            self.characters += 1;
            self.nats += nats;
            self.unlikely += u32::from(nats < UNLIKELY.ln());
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let mut model = Model::load(&arguments.next().ok_or("a model's folder")?, 1, None)?;
    for folder in arguments {
        let counts = count(&mut model, &folder)?;
        let characters = f64::from(counts.characters.max(1));
        report(&format!(
            "{{\"name\":{:?},\"nats_per_character\":{:.5},\"unlikely_per_1000\":{:.3},\"left_out\":{}}}",
            folder.display().to_string(),
            counts.nats / characters,
            1000.0 * f64::from(counts.unlikely) / characters,
            counts.left_out
        ));
    }
    Ok(())
}

fn count(model: &mut Model, folder: &Path) -> Result<Counts, Box<dyn std::error::Error>> {
    let mut counts = Counts::default();
    for file in std::fs::read_dir(folder)? {
        counts.add(model, &std::fs::read_to_string(file?.path())?)?;
    }
    Ok(counts)
}

#[allow(clippy::print_stdout)]
fn report(line: &str) {
    println!("{line}");
}
