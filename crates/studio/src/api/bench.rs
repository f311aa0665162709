//! Measuring this machine.

use jobs::{Dtype, MemoryPlan};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ErrorView;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, TS)]
pub struct BenchRequest {
    /// A model's id; the first one installed if neither this nor a shape is given.
    pub model: Option<String>,
    /// The shape of a published model (`notagen-x`, `large`, `medium`, `small`, `demo`), with weights that
    /// mean nothing.
    pub shape: Option<String>,
    /// The format in which weights are kept; the model's own if absent.
    pub dtype: Option<Dtype>,
    /// How many threads compute; as many as the processor runs at once if absent.
    pub threads: Option<u32>,
    /// Pieces at once, one measurement for each of these.
    pub batches: Vec<u32>,
    /// Patches of 16 characters in a piece.
    pub patches: u32,
    /// How often each is measured.
    pub runs: u32,
}

/// What a machine can do with a model.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, TS)]
pub struct BenchReport {
    /// When it was begun, in milliseconds since 1970.
    #[ts(type = "number")]
    pub made_ms: i64,
    /// `0.1.0`
    pub version: String,
    /// The model's id, or `random weights, notagen-x`.
    pub model: String,
    /// Number of weights.
    #[ts(type = "number")]
    pub parameters: u64,
    /// The format of the weights that was used; the model's own if there is none.
    pub dtype: Option<Dtype>,
    /// For people: `CPU, 2 threads`.
    pub device: String,
    /// For people: `AMD Ryzen 7 5800X 8-Core Processor`.
    pub processor: String,
    /// All memory of the machine, in bytes.
    #[ts(type = "number")]
    pub memory: u64,
    /// Patches in a piece.
    pub patches: u32,
    /// Measurements of each batch size.
    pub runs: u32,
    /// In order of batch size.
    pub rows: Vec<BenchRow>,
    /// The batch size that is worth it: see [`BenchReport::recommend`].
    pub recommended: Option<u32>,
    /// For people: what else was noticed.
    pub notes: Vec<String>,
}

/// One batch size.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, TS)]
pub struct BenchRow {
    /// Pieces at once.
    pub batch: u32,
    /// From the prompt to the end of all pieces: mean of the runs, in milliseconds.
    pub latency_ms: f64,
    /// Standard deviation over the runs.
    pub latency_sd_ms: f64,
    /// From the prompt to the end of the first bar, in the mean; random weights write no bars.
    pub first_bar_ms: Option<f64>,
    /// The most memory that the process held, in bytes.
    #[ts(type = "number")]
    pub peak_bytes: u64,
    /// That against the first row's.
    pub growth: f64,
    /// Whole pieces of all slots together.
    pub pieces_per_minute: f64,
    /// Patches of all slots together.
    pub patches_per_second: f64,
    /// What had been planned of the memory.
    pub plan: MemoryPlan,
    /// How busy the machine was with other things just before, 0 to 1.
    pub other_load: f32,
}

/// How far a measurement has come.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BenchProgress {
    /// This batch size is being measured, and so many of its runs are over.
    Running {
        /// Pieces at once.
        batch: u32,
        /// Runs that are over.
        done: u32,
        /// Steps of the whole that are over, loading included.
        steps: u32,
        /// Steps in all.
        of: u32,
    },
    /// A batch size is done.
    Row {
        /// All of it.
        row: BenchRow,
    },
    /// All is done.
    Done {
        /// All of it.
        report: BenchReport,
    },
    /// It came to nothing.
    Failed {
        /// Why.
        error: ErrorView,
    },
}

/// A larger batch must give so many times the pieces of a smaller one to be recommended.
const WORTH: f64 = 1.1;

impl BenchReport {
    /// The batch size to use: from the smallest on, each larger one that gives a tenth more pieces a
    /// minute than the one before it. What brings less is not worth its latency and memory.
    #[must_use]
    pub fn recommend(rows: &[BenchRow]) -> Option<u32> {
        let mut rows: Vec<&BenchRow> = rows.iter().collect();
        rows.sort_by_key(|row| row.batch);
        let best = rows.into_iter().reduce(|best, row| {
            match row.pieces_per_minute >= WORTH * best.pieces_per_minute {
                true => row,
                false => best,
            }
        });
        best.map(|row| row.batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(batch: u32, pieces_per_minute: f64) -> BenchRow {
        BenchRow {
            batch,
            latency_ms: 0.0,
            latency_sd_ms: 0.0,
            first_bar_ms: None,
            peak_bytes: 0,
            growth: 1.0,
            pieces_per_minute,
            patches_per_second: 0.0,
            plan: MemoryPlan {
                dtype: None,
                is_smaller: false,
                slots: batch,
                slots_asked: batch,
                weights: 0,
                slot: 0,
                working: 0,
                program: 0,
                available: 0,
                on_card: false,
            },
            other_load: 0.0,
        }
    }

    #[test]
    fn the_largest_batch_that_still_brings_a_tenth_more_is_recommended() {
        let of = |rates: &[(u32, f64)]| {
            let rows: Vec<BenchRow> = rates.iter().map(|&(b, rate)| row(b, rate)).collect();
            BenchReport::recommend(&rows)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(1, 5.0)]), Some(1));
        assert_eq!(of(&[(1, 5.0), (2, 9.0), (4, 15.0), (8, 16.0)]), Some(4));
        // What dips once may still be worth it later.
        assert_eq!(of(&[(8, 16.0), (1, 5.0), (2, 5.2), (4, 9.0)]), Some(8));
        assert_eq!(of(&[(1, 5.0), (2, 4.0)]), Some(1));
    }
}
