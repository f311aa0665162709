//! What a user can ask for and what they are told, as plain data. The same types serve the window
//! (through generated TypeScript), the command line (`--json`) and the tests.

use jobs::{
    Device, Dtype, Ending, GuardMode, JobId, Limits, MemoryPlan, Priority, Sampling, Style,
    VariationId, VariationState,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod bench;

pub use crate::format::ExportFormat;
pub use bench::{BenchProgress, BenchReport, BenchRequest, BenchRow};

/// A piece's identity in the library: a UUIDv7 in text form.
pub type PieceId = String;

/// A model that is here, or that is known and could be.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ModelInfo {
    /// Its folder's name: `partita-demo`.
    pub id: String,
    /// For people.
    pub name: String,
    /// One or two sentences: what it can do.
    pub description: String,
    /// SPDX or in words.
    pub licence: String,
    /// Whether it can compose now.
    pub installed: bool,
    /// How its weights are stored, if it is here and says so.
    pub dtype: Option<Dtype>,
    /// Number of weights.
    #[ts(type = "number")]
    pub parameters: u64,
    /// Width of both decoders.
    pub hidden_size: u32,
    /// Layers of the patch decoder.
    pub patch_layers: u32,
    /// Layers of the character decoder.
    pub char_layers: u32,
    /// Patches of context.
    pub patch_length: u32,
    /// How it is sampled unless the user says otherwise.
    pub sampling: Sampling,
    /// Where it can be read about or had from, if it is not here.
    pub url: Option<String>,
}

/// One period of a model's styles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PeriodStyles {
    /// For example `Romantic`.
    pub period: String,
    /// In alphabetical order.
    pub composers: Vec<ComposerStyles>,
}

/// One composer of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ComposerStyles {
    /// Family name first.
    pub composer: String,
    /// What the model learned from this composer.
    pub instrumentations: Vec<String>,
}

/// A request for new pieces.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, TS)]
pub struct ComposeRequest {
    /// A model's id; the first one installed if absent.
    pub model: Option<String>,
    /// One of the model's styles.
    pub style: Style,
    /// How many, 1 to 64.
    pub variations: u32,
    /// The first variation's seed, each next one's is one more; drawn at random if absent.
    #[ts(type = "number | null")]
    pub seed: Option<u64>,
    /// The model's own if absent.
    pub sampling: Option<Sampling>,
    /// Repair if absent.
    #[serde(default)]
    pub guard: Option<GuardMode>,
    /// The format in which the model's weights are kept; the model's own if absent.
    #[serde(default)]
    pub dtype: Option<Dtype>,
    /// Where pieces end at the latest.
    pub limits: Limits,
    /// How soon its variations get their slots; normal if absent.
    #[serde(default)]
    pub priority: Option<Priority>,
}

/// A job as the queue shows it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct JobView {
    /// Its identity.
    pub id: JobId,
    /// Milliseconds since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// The style prompt.
    pub style: Style,
    /// The model's id.
    pub model: String,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// Where pieces end at the latest.
    pub limits: Limits,
    /// How soon its variations get their slots.
    pub priority: Priority,
    /// In order of their number.
    pub variations: Vec<VariationView>,
}

/// A variation as the queue shows it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct VariationView {
    /// Which.
    pub id: VariationId,
    /// The seed that decides it.
    #[ts(type = "number")]
    pub seed: u64,
    /// Where it stands.
    pub state: VariationState,
    /// 1 for the first time it runs; more after a worker died or the user tried again.
    pub attempt: u32,
    /// Bars written so far.
    pub bars: u32,
    /// Bars the model, or the limit, expects in all, once it has said so.
    pub bars_expected: Option<u32>,
    /// When it got its slot, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub started_ms: Option<i64>,
    /// When it reached a final state.
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
    /// Why it failed, or what last interrupted it.
    pub error: Option<ErrorView>,
    /// Its piece, from the first bar on.
    pub piece: Option<PieceId>,
}

/// An error as the user meets it. Programs switch on `code`; `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorView {
    /// Stable, in snake case.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// A piece in a list.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PieceSummary {
    /// Its identity.
    pub id: PieceId,
    /// The job and variation it is.
    pub variation: VariationId,
    /// For people: `Art Song in F minor`.
    pub title: String,
    /// The style it was asked for in.
    pub style: Style,
    /// The model's id.
    pub model: String,
    /// The seed that decided it.
    #[ts(type = "number")]
    pub seed: u64,
    /// Whether it is still being written, and how it ended.
    pub state: VariationState,
    /// Bars written.
    pub bars: u32,
    /// When its first bar came, in milliseconds since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
}

/// A piece, whole.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Piece {
    /// What lists show.
    pub summary: PieceSummary,
    /// How characters were drawn.
    pub sampling: Sampling,
    /// How it was seen to that what the model writes makes a score.
    pub guard: GuardMode,
    /// The format in which the model's weights were kept; the model's own if there is none.
    pub dtype: Option<Dtype>,
    /// Where it was to end at the latest.
    pub limits: Limits,
    /// SHA-256 of the model's weights, in hexadecimal.
    pub model_sha256: String,
    /// Why it ended, if it ended well.
    pub ending: Option<Ending>,
    /// From the slot to the first bar, in milliseconds.
    #[ts(type = "number | null")]
    pub first_bar_ms: Option<i64>,
    /// From the slot to the end, in milliseconds.
    #[ts(type = "number | null")]
    pub duration_ms: Option<i64>,
    /// The text as the model wrote it.
    pub text: String,
}

/// What the engraver needs.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Engraving {
    /// MusicXML 4.0, the same that is exported.
    pub musicxml: String,
    /// Number of parts.
    pub parts: u32,
    /// Number of measures.
    pub bars: u32,
    /// What had to be mended, in the order of the text.
    pub diagnostics: Vec<DiagnosticView>,
}

/// Something found in a piece's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DiagnosticView {
    /// `note`, `warning` or `error`.
    pub severity: String,
    /// The bar, from 1, if it concerns one.
    pub bar: Option<u32>,
    /// For people.
    pub message: String,
}

/// Which pieces to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, TS)]
pub struct LibraryQuery {
    /// Only of this period.
    pub period: Option<String>,
    /// Only of this composer.
    pub composer: Option<String>,
    /// Only of this instrumentation.
    pub instrumentation: Option<String>,
    /// Only those after this cursor, from [`LibraryPage::next`].
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 if absent.
    pub limit: Option<u32>,
}

/// A page of the library.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LibraryPage {
    /// Newest first.
    pub pieces: Vec<PieceSummary>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How many match in all.
    pub total: u32,
    /// The styles that occur in the whole library, for the filter.
    pub styles: Vec<Style>,
}

/// How a score was composed, read back from a file that Partita wrote.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Recalled {
    /// The file's name, for people.
    pub file: String,
    /// The piece's title.
    pub title: String,
    /// The style prompt.
    pub style: Style,
    /// The id of the model that wrote it, which may not be here.
    pub model: String,
    /// The seed that decided it.
    #[ts(type = "number")]
    pub seed: u64,
    /// How characters were drawn.
    pub sampling: Sampling,
    /// How it was seen to that what the model writes makes a score.
    pub guard: GuardMode,
    /// The format in which the model's weights were kept; the model's own if there is none.
    pub dtype: Option<Dtype>,
    /// Where it was to end at the latest.
    pub limits: Limits,
    /// For people: why composing it again here may give another piece.
    pub notes: Vec<String>,
}

/// The last bars of a piece that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LiveEngraving {
    /// MusicXML 4.0 of these bars, which stand alone: clefs, key and metre are those in force.
    pub musicxml: String,
    /// Number of the first of them, from 1.
    pub first: u32,
    /// Number of the last of them: how many bars the piece has so far.
    pub last: u32,
    /// Staves of all parts together.
    pub staves: u32,
}

/// How the worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Nothing to do; no process runs.
    Idle,
    /// Loading a model.
    Starting,
    /// Ready or composing.
    Ready,
    /// It died and is coming back.
    Restarting,
    /// It cannot be had; the error says why.
    Failed,
}

/// How the worker is, and where.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct WorkerStatus {
    /// How it is.
    pub state: WorkerState,
    /// The model it holds.
    pub model: Option<String>,
    /// For people: `CPU, 2 threads`.
    pub device: Option<String>,
    /// Why pieces are written by the processor, where it takes a card's place. Its code begins with `device_`;
    /// [`jobs::NO_CARD`] is no news.
    pub instead: Option<ErrorView>,
    /// How many variations run at once.
    pub slots: Option<u32>,
    /// What its model takes of the memory.
    pub plan: Option<MemoryPlan>,
    /// Why it is failed or restarting.
    pub error: Option<ErrorView>,
}

/// What has changed. Events of one variation come in order.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StudioEvent {
    /// A job was queued.
    Job {
        /// The whole of it.
        job: JobView,
    },
    /// A variation's state, bars or piece changed.
    Variation {
        /// The whole of it.
        variation: VariationView,
    },
    /// A variation begins anew after an interruption: what was written of it is written again.
    Restarted {
        /// Which.
        id: VariationId,
    },
    /// All lines of a piece before its first bar.
    Header {
        /// Which.
        id: VariationId,
        /// With line ends.
        text: String,
    },
    /// One more bar of a piece.
    Bar {
        /// Which.
        id: VariationId,
        /// Its piece.
        piece: PieceId,
        /// Counts from 0.
        index: u32,
        /// A line of interleaved text.
        text: String,
    },
    /// A piece has its last bar: what it took. Whether it is saved is said by its variation.
    Drawn {
        /// Which.
        id: VariationId,
        /// Patches of the piece.
        patches: u32,
        /// How often a bar of a voice, or a line of the header, was taken back and drawn again.
        rolled_back: u32,
    },
    /// The worker's state changed.
    Worker {
        /// The whole of it.
        status: WorkerStatus,
    },
    /// Something the user should know and can do something about: the disk is full, for example.
    /// Work goes on by itself when the cause is gone.
    Trouble {
        /// What.
        error: ErrorView,
    },
}

/// What the window remembers between sessions; unknown keys of older versions are dropped.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct Settings {
    /// `light`, `dark`, or as the system says if absent.
    pub theme: Option<String>,
    /// The last request, to begin the next with.
    pub compose: Option<ComposeRequest>,
    /// The format that was last exported.
    pub export: Option<ExportFormat>,
    /// The most pieces that are written at once; as Partita thinks best if absent.
    pub at_once: Option<u32>,
    /// Where to compute.
    pub device: Device,
}
