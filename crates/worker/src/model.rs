//! NotaGen as the engine wants it.

use jobs::{Dtype, GuardMode, LoadSpec, MemoryPlan, SequenceSpec, Style, WorkerError};
use notagen::{Card, Format};

use crate::guarded::Guarded;
use crate::load::{self, Loaded};
use crate::plan::Short;

use engine::{Continuation, Grammar, Model, ModelError, Patch, Row};

/// The model on its device.
pub(crate) struct NotaGen {
    model: notagen::Model,
    plan: MemoryPlan,
    /// The card it is on, and how much of its memory was free before.
    card: Option<(Card, u64)>,
    /// Why it is on no card.
    instead: Option<WorkerError>,
    /// What the card said when it failed.
    lost: Option<WorkerError>,
}

/// An error of the model, as the engine and the studio know it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Model(#[from] notagen::Error),
    #[error("{0}")]
    Short(Short),
    #[error("{0}")]
    Asked(String),
}

impl ModelError for Error {
    fn code(&self) -> &str {
        match self {
            Self::Model(error) => error.code(),
            Self::Short(_) => "memory_short",
            Self::Asked(_) => "invalid_request",
        }
    }
}

impl NotaGen {
    /// With as many slots as were asked for and in the format that was asked for, as far as memory goes, and on
    /// the card that was asked for, if it will do: see [`crate::load`].
    pub(crate) fn load(spec: &LoadSpec) -> Result<Self, Error> {
        let Loaded {
            model,
            plan,
            card,
            instead,
        } = load::load(spec)?;
        Ok(Self {
            model,
            plan,
            card,
            instead,
            lost: None,
        })
    }

    pub(crate) fn plan(&self) -> MemoryPlan {
        self.plan
    }

    pub(crate) fn slots(&self) -> usize {
        self.model.slots()
    }

    pub(crate) fn parameters(&self) -> u64 {
        self.model.parameters()
    }

    /// For people.
    pub(crate) fn device(&self) -> String {
        match (&self.card, notagen::threads()) {
            (Some((card, _)), _) => card.info().name.clone(),
            (None, 1) => "CPU, 1 thread".to_owned(),
            (None, threads) => format!("CPU, {threads} threads"),
        }
    }

    /// Why it is the processor that computes, where that was not asked for.
    pub(crate) fn instead(&self) -> Option<WorkerError> {
        self.instead.clone()
    }

    /// The most memory that it took so far: of the card, where nothing is taken after loading, or else of the
    /// host.
    pub(crate) fn peak(&self) -> u64 {
        match &self.card {
            Some((card, before)) => before.saturating_sub(card.free_memory().unwrap_or(0)),
            None => machine::own_memory().peak,
        }
    }

    /// What the card said, if it failed: what was computed since means nothing, and this process will not compute
    /// on it again.
    pub(crate) fn lost(&self) -> Option<&WorkerError> {
        self.lost.as_ref()
    }

    /// Takes note of a card's failure.
    fn heed<T>(&mut self, done: Result<T, notagen::Error>) -> Result<T, Error> {
        done.map_err(|error| {
            if load::is_of_a_device(&error) {
                self.lost = Some(load::told(&error));
            }
            error.into()
        })
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
            GuardMode::Strict => Some(Box::new(Guarded::strict())),
            GuardMode::Repair => Some(Box::new(Guarded::repair())),
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
        let done = self.model.fork(from, to, patches);
        self.heed(done)
    }

    fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), Error> {
        let done = self.model.prefill(slot, patches);
        self.heed(done)
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
        let done = self.model.step(&rows);
        self.heed(done)
    }
}

/// The model's word for it.
pub(crate) fn format(dtype: Dtype) -> Format {
    match dtype {
        Dtype::F32 => Format::F32,
        Dtype::F16 => Format::F16,
        Dtype::Bf16 => Format::Bf16,
        Dtype::Q8_0 => Format::Q8_0,
        Dtype::Q4K => Format::Q4K,
    }
}

/// The jobs' word for it.
pub(crate) fn dtype(format: Format) -> Dtype {
    match format {
        Format::F32 => Dtype::F32,
        Format::F16 => Dtype::F16,
        Format::Bf16 => Dtype::Bf16,
        Format::Q8_0 => Dtype::Q8_0,
        Format::Q4K => Dtype::Q4K,
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
