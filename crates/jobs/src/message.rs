//! What studio and worker say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Dtype, Ending, GuardMode, Limits, MeasureSpec, Measured, MemoryPlan, Priority, Sampling, Style,
    VariationId,
};

/// One variation as the worker is asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequenceSpec {
    /// Whose it is.
    pub id: VariationId,
    /// How soon it gets a slot.
    pub priority: Priority,
    /// The prompt.
    pub style: Style,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// How it is seen to that what the model writes makes a score.
    pub guard: GuardMode,
    /// Where it ends at the latest.
    pub limits: Limits,
    /// The piece depends on this alone, whoever its neighbours in the batch are.
    pub seed: u64,
}

/// Where a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The best there is.
    #[default]
    Auto,
    /// The processor, whatever else there is.
    Cpu,
    /// The NVIDIA card of this number, from 0.
    Card(u32),
}

/// The code of the error that there is no card, or no driver: what no user needs to be told of without asking.
pub const NO_CARD: &str = "device_absent";

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// A folder with `config.json` and weights.
    Folder(PathBuf),
    /// Weights that mean nothing, in the shape of a published model (`notagen-x`): to measure a machine
    /// without the model.
    Random(String),
}

/// Which model a worker is to hold, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSpec {
    /// Which.
    pub model: ModelSource,
    /// The most sequences at once; fewer if memory is short.
    pub slots: usize,
    /// Where to compute.
    pub device: Device,
    /// The format in which its weights are kept; the file's own if absent. A smaller one if memory is
    /// short.
    pub dtype: Option<Dtype>,
    /// How many threads compute on the processor; as many as it runs at once if absent.
    pub threads: Option<usize>,
}

/// From the studio to the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToWorker {
    /// Take this model; the first message, once in a worker's life.
    Load(LoadSpec),
    /// Write this; it waits in the worker until a slot is free.
    Start(SequenceSpec),
    /// Measure how fast pieces are written with all slots in use; answered by a
    /// [`FromWorker::Measured`] for each run, or by [`FromWorker::Refused`]. Only of a worker that has
    /// nothing else to do.
    Measure(MeasureSpec),
    /// Stop that; answered by [`Change::Cancelled`] if it was still there.
    Cancel {
        /// Which.
        id: VariationId,
    },
}

/// From the worker to the studio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromWorker {
    /// The model is loaded.
    Ready {
        /// For people: `CPU, 2 threads`, `NVIDIA GeForce RTX 3060`.
        device: String,
        /// Why it is the processor and not the card that was asked for, or that there may be. Its code begins
        /// with `device_`.
        instead: Option<WorkerError>,
        /// How many sequences run at once.
        slots: usize,
        /// The model's parameters.
        parameters: u64,
        /// What it takes of the memory.
        plan: MemoryPlan,
    },
    /// The model cannot be loaded, or the card that it is on is lost; the worker ends after saying it.
    Fatal(WorkerError),
    /// Something happened to a sequence.
    Job(JobEvent),
    /// There is work and it goes on, but for some seconds there was nothing to tell of it. A worker that hangs
    /// does not say it.
    Alive,
    /// A run of a measurement is over.
    Measured(Measured),
    /// A measurement cannot be made as it was asked for; the worker goes on.
    Refused(WorkerError),
}

/// Something happened to one variation. Events of one variation come in order: `Started`, `Header`,
/// `Bar` 0, 1, 2 …, then one of the last three, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobEvent {
    /// Which variation.
    pub id: VariationId,
    /// What happened to it.
    pub change: Change,
}

/// What can happen to a variation in the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It has a slot.
    Started,
    /// All lines before the first bar, style lines included.
    Header {
        /// Ends with a line end.
        text: String,
    },
    /// One more bar: a line of interleaved text.
    Bar {
        /// Counts from 0.
        index: u32,
        /// Ends with a line end.
        text: String,
    },
    /// The piece is whole.
    Finished {
        /// Why it ended.
        ending: Ending,
        /// Patches of the piece, its header's included; not those that were taken back.
        patches: u32,
        /// How often a bar of a voice, or a line of the header, was taken back and drawn again.
        rolled_back: u32,
    },
    /// It was stopped as asked.
    Cancelled,
    /// This one cannot go on; the others do.
    Failed(WorkerError),
}

/// What went wrong in the worker, in a form that outlives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct WorkerError {
    /// Stable, for programs: `weights_truncated`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl WorkerError {
    /// Whether it is the device that is to blame, so that another may do.
    #[must_use]
    pub fn is_of_a_device(&self) -> bool {
        self.code.starts_with("device_")
    }
}
