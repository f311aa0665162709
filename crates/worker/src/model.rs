//! NotaGen as the engine wants it.

use std::path::Path;

use jobs::{Dtype, GuardMode, LoadSpec, MemoryPlan, ModelSource, SequenceSpec, Style};
use notagen::{Config, Footprint, Format};

use crate::guarded::Guarded;
use crate::plan::{self, Short, Wanted};

use engine::{Continuation, Grammar, Model, ModelError, Patch, Row};

/// The model on its device.
pub(crate) struct NotaGen {
    model: notagen::Model,
    plan: MemoryPlan,
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
    /// With as many slots as were asked for and in the format that was asked for, as far as memory goes:
    /// see [`crate::plan`].
    pub(crate) fn load(spec: &LoadSpec) -> Result<Self, Error> {
        if let Some(threads) = spec.threads
            && (threads == 0 || !notagen::set_threads(threads))
        {
            return Err(Error::Asked(format!(
                "cannot compute with {threads} threads"
            )));
        }
        let source = Source::of(&spec.model)?;
        let footprint = source.footprint()?;
        let (program, available) = plan::at_hand();
        let wanted = Wanted {
            slots: spec.slots.clamp(1, notagen::limits::SLOTS),
            dtype: spec.dtype,
            is_fixed: footprint.is_packed(),
            program,
            available,
        };
        let memory = |slots, dtype: Option<Dtype>| footprint.memory(slots, dtype.map(format));
        let plan = plan::plan(&wanted, memory).map_err(Error::Short)?;
        tracing::info!(?plan, total = plan.total(), "memory");
        let model = source.load(plan.slots as usize, plan.dtype.map(format))?;
        Ok(Self { model, plan })
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
        match notagen::threads() {
            1 => "CPU, 1 thread".to_owned(),
            threads => format!("CPU, {threads} threads"),
        }
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

/// A folder, or a shape.
enum Source<'a> {
    Folder(&'a Path),
    Random(Config),
}

impl<'a> Source<'a> {
    fn of(model: &'a ModelSource) -> Result<Self, Error> {
        match model {
            // A .pth is read by the importer, which has limits, and by nobody else.
            ModelSource::Folder(folder) if !folder.join("model.safetensors").is_file() => Err(
                Error::Asked(format!("{} holds no model.safetensors", folder.display())),
            ),
            ModelSource::Folder(folder) => Ok(Self::Folder(folder)),
            ModelSource::Random(shape) => Config::of_shape(shape)
                .map(Self::Random)
                .ok_or_else(|| Error::Asked(format!("there is no shape {shape:?}"))),
        }
    }

    fn footprint(&self) -> Result<Footprint, notagen::Error> {
        match self {
            Self::Folder(folder) => Footprint::of_folder(folder),
            Self::Random(shape) => Ok(Footprint::of_shape(shape.clone())),
        }
    }

    fn load(self, slots: usize, format: Option<Format>) -> Result<notagen::Model, notagen::Error> {
        match self {
            Self::Folder(folder) => notagen::Model::load(folder, slots, format),
            Self::Random(shape) => notagen::Model::random(shape, slots, format),
        }
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
