//! Loading a model where it was asked for: on a card if there is one that will do, else on the processor, and
//! why.

use std::path::Path;

use jobs::{Device, Dtype, LoadSpec, MemoryPlan, ModelSource, WorkerError};
use notagen::{Card, CardInfo, Config, Footprint, Format, Model};

use crate::model::{Error, format};
use crate::plan::{self, Wanted};

/// A model in its place.
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) plan: MemoryPlan,
    /// The card it is on, and how much of its memory was free before.
    pub(crate) card: Option<(Card, u64)>,
    /// Why it is on no card, where none was refused.
    pub(crate) instead: Option<WorkerError>,
}

/// Loads what was asked for. A card that will not do is no error: the processor takes its place.
pub(crate) fn load(spec: &LoadSpec) -> Result<Loaded, Error> {
    if let Some(threads) = spec.threads
        && (threads == 0 || !notagen::set_threads(threads))
    {
        return Err(Error::Asked(format!(
            "cannot compute with {threads} threads"
        )));
    }
    let source = Source::of(&spec.model)?;
    let footprint = source.footprint()?;
    let instead = match on_a_card(spec, &source, &footprint) {
        Ok(None) => None,
        Ok(Some(loaded)) => return Ok(loaded),
        Err(Error::Model(error)) if is_of_a_device(&error) => Some(told(&error)),
        Err(error) => return Err(error),
    };
    if let Some(WorkerError { code, message }) = &instead {
        tracing::warn!(code, "{message}");
    }
    let (program, available) = plan::at_hand();
    let wanted = wanted(spec, &footprint, spec.slots, (program, available));
    let memory = |slots, dtype: Option<Dtype>| footprint.memory(slots, dtype.map(format));
    let plan = plan::plan(&wanted, memory).map_err(Error::Short)?;
    tracing::info!(?plan, total = plan.total(), "memory");
    let model = source.load(None, plan.slots as usize, plan.dtype.map(format))?;
    Ok(Loaded {
        model,
        plan,
        card: None,
        instead,
    })
}

/// On the card that was asked for, or else on the first that will do, those with most memory first.
fn on_a_card(
    spec: &LoadSpec,
    source: &Source<'_>,
    footprint: &Footprint,
) -> Result<Option<Loaded>, Error> {
    let cards = match spec.device {
        Device::Cpu => return Ok(None),
        Device::Card(index) => vec![index as usize],
        Device::Auto => {
            let mut all = catching(CardInfo::all)?;
            all.sort_by_key(|card| (std::cmp::Reverse(card.memory), card.index));
            all.iter().map(|card| card.index).collect()
        }
    };
    let mut why = None;
    for index in cards {
        let loaded = catching(|| on_card(spec, source, footprint, Card::open(index)?));
        match loaded {
            Err(Error::Model(error)) if is_of_a_device(&error) => {
                why.get_or_insert(error);
            }
            loaded => return loaded.map(Some),
        }
    }
    Err(why.map_or_else(|| Error::Asked("no card to try".into()), Error::Model))
}

/// The library behind the driver's functions panics where the driver lacks one.
fn catching<T, E: Into<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Error> {
    // What `work` was at is dropped with the panic, and nothing else is touched.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(Into::into),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Error::Model(notagen::Error::DeviceUnsupported {
                reason: format!(
                    "the NVIDIA driver cannot be used: {}",
                    said.unwrap_or("a panic")
                ),
            }))
        }
    }
}

/// With as many slots as fit: the plan knows what the model takes, and not what others take meanwhile.
fn on_card(
    spec: &LoadSpec,
    source: &Source<'_>,
    footprint: &Footprint,
    card: Card,
) -> Result<Loaded, Error> {
    let before = card.free_memory()?;
    let mut slots = spec.slots;
    loop {
        let wanted = wanted(spec, footprint, slots, (0, card.free_memory()?));
        let memory = |_slots, dtype: Option<Dtype>| footprint.on_card(dtype.map(format));
        let plan = plan::plan(&wanted, memory).map_err(|short| notagen::Error::DeviceMemory {
            reason: format!("on {}, {short}", card.info().name),
        })?;
        let plan = MemoryPlan {
            slots_asked: u32::try_from(spec.slots).unwrap_or(u32::MAX),
            on_card: true,
            ..plan
        };
        tracing::info!(
            ?plan,
            total = plan.total(),
            card = card.info().name,
            "memory"
        );
        match source.load(Some(&card), plan.slots as usize, plan.dtype.map(format)) {
            Ok(model) => {
                return Ok(Loaded {
                    model,
                    plan,
                    card: Some((card, before)),
                    instead: None,
                });
            }
            Err(notagen::Error::DeviceMemory { .. }) if plan.slots > 1 => {
                slots = plan.slots as usize / 2;
                tracing::warn!(slots, "the card has less memory than it said");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn wanted(
    spec: &LoadSpec,
    footprint: &Footprint,
    slots: usize,
    (program, available): (u64, u64),
) -> Wanted {
    Wanted {
        slots: slots.clamp(1, notagen::limits::SLOTS),
        dtype: spec.dtype,
        is_fixed: footprint.is_packed(),
        program,
        available,
    }
}

/// Whether it is the device that is to blame, so that another may do.
pub(crate) fn is_of_a_device(error: &notagen::Error) -> bool {
    error.code().starts_with("device_")
}

/// An error as the studio knows it.
pub(crate) fn told(error: &notagen::Error) -> WorkerError {
    WorkerError {
        code: error.code().to_owned(),
        message: error.to_string(),
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

    fn load(
        &self,
        card: Option<&Card>,
        slots: usize,
        format: Option<Format>,
    ) -> Result<Model, notagen::Error> {
        match self {
            Self::Folder(folder) => Model::load_on(card, folder, slots, format),
            Self::Random(shape) => Model::random_on(card, shape.clone(), slots, format),
        }
    }
}
