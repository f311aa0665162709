//! What a job is: its specification, its states, the events it causes, and the frames in which
//! studio and worker speak of it. Plain data and pure functions; no files, no processes, no clock.
//!
//! A **job** is one request of a composer. It has N **variations**, one for each of its seeds. A
//! variation becomes a **piece** in the library from its first bar on. What happens to a variation
//! is a walk through [`VariationState`]; [`VariationState::may_become`] is the whole law of it.

mod frame;
mod import;
mod line;
mod measure;
mod message;
mod plan;
mod spec;
mod state;

pub use frame::{Decoder, FrameError, MAX_FRAME_BYTES, encode};
pub use import::{FromImporter, ImportedWeights, ToImporter, import_seconds};
pub use line::{Line, Priority};
pub use measure::{MeasureSpec, Measured};
pub use message::{
    Change, Device, FromWorker, JobEvent, LoadSpec, ModelSource, NO_CARD, SequenceSpec, ToWorker,
    WorkerError,
};
pub use plan::{Dtype, MemoryPlan};
pub use spec::{
    GuardMode, JobId, JobSpec, Limits, MAX_SEED, MAX_VARIATIONS, Sampling, SpecError, Style,
    VariationId, style_lines,
};
pub use state::{Ending, VariationState};
