//! NotaGen as the engine wants it.

use std::path::Path;

use jobs::{GuardMode, SequenceSpec, Style};

use crate::guarded::Guarded;

use engine::{Continuation, Grammar, Model, ModelError, Patch, Row};

/// Memory for the slots' caches. The plan that asks the machine how much there is comes with the
/// engine's own work on memory; this keeps the largest model, 210 MB a slot, within a laptop.
const CACHE_BYTES: u64 = 2 << 30;

/// The model on its device.
pub(crate) struct NotaGen {
    model: notagen::Model,
}

/// An error of the model, as the engine and the studio know it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Error(#[from] notagen::Error);

impl ModelError for Error {
    fn code(&self) -> &str {
        self.0.code()
    }
}

impl NotaGen {
    /// At most `slots` slots, fewer if their caches would take more than [`CACHE_BYTES`].
    pub(crate) fn load(folder: &Path, slots: usize) -> Result<Self, Error> {
        let config = notagen::Config::read(folder)?;
        let floats = 2 * config.patch_num_layers * config.patch_length * config.hidden_size;
        let slot_bytes = 4 * floats as u64;
        let fitting = usize::try_from(CACHE_BYTES / slot_bytes.max(1)).unwrap_or(usize::MAX);
        let model = notagen::Model::load(folder, slots.min(fitting).max(1), None)?;
        Ok(Self { model })
    }

    pub(crate) fn slots(&self) -> usize {
        self.model.slots()
    }

    pub(crate) fn parameters(&self) -> u64 {
        self.model.parameters()
    }

    /// For people.
    pub(crate) fn device(&self) -> String {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        format!("CPU, {threads} threads")
    }
}

impl Model for NotaGen {
    type Error = Error;

    fn patch_length(&self) -> usize {
        self.model.config().patch_length
    }

    fn encode_prompt(&self, style: &Style) -> Result<Vec<Patch>, Error> {
        let Style {
            period,
            composer,
            instrumentation,
        } = style;
        let patches = notagen::patches::encode_prompt(period, composer, instrumentation)?;
        Ok(patches)
    }

    fn grammar(&self, spec: &SequenceSpec) -> Option<Box<dyn Grammar>> {
        match spec.guard {
            GuardMode::Strict => Some(Box::new(Guarded::new())),
            GuardMode::Off => None,
        }
    }

    fn encode_continuation(&self, header: &str, body: &str) -> Result<Continuation, Error> {
        // One line that fills the whole context has no half: the engine sees that it does not fit.
        let text = notagen::patches::restart_text(header, body)
            .unwrap_or_else(|| format!("{header}{body}"));
        let limit = notagen::limits::PATCH_LENGTH;
        let continuation = notagen::patches::encode_continuation(&text, limit)?;
        Ok(Continuation {
            patches: continuation.patches,
            open: continuation.open,
            kept: text.len().saturating_sub(header.len()),
        })
    }

    fn truncate(&mut self, slot: usize, patches: usize) {
        self.model.truncate(slot, patches);
    }

    fn fork(&mut self, from: usize, to: usize, patches: usize) -> Result<(), Error> {
        Ok(self.model.fork(from, to, patches)?)
    }

    fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), Error> {
        Ok(self.model.prefill(slot, patches)?)
    }

    fn step(&mut self, rows: &[Row<'_>]) -> Result<Vec<Patch>, Error> {
        let masks: Vec<_> = rows.iter().map(|row| row.grammar.map(Mask)).collect();
        let rows: Vec<notagen::Row<'_>> = rows
            .iter()
            .zip(&masks)
            .map(|(row, mask)| notagen::Row {
                slot: row.slot,
                input: row.input,
                seed: row.seed,
                patch_index: row.patch_index,
                sampling: notagen::Sampling {
                    top_k: row.sampling.top_k,
                    top_p: row.sampling.top_p,
                    temperature: row.sampling.temperature,
                },
                forced: row.forced,
                opens_body: row.opens_body,
                mask: mask.as_ref().map(|mask| mask as &dyn notagen::Mask),
            })
            .collect();
        Ok(self.model.step(&rows)?)
    }
}

/// A grammar as the model wants it.
struct Mask<'a>(&'a dyn Grammar);

impl notagen::Mask for Mask<'_> {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        self.0.given(drawn)
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; notagen::VOCAB]) {
        self.0.weigh(drawn, probabilities);
    }
}
