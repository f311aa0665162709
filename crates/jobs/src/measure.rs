//! Measuring how fast a worker writes.

use serde::{Deserialize, Serialize};

use crate::{Sampling, Style};

/// What is to be measured: all slots write pieces of so many patches each, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureSpec {
    /// The prompt of all pieces.
    pub style: Style,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// The first piece's seed, each next one's is one more.
    pub seed: u64,
    /// Patches of a piece. Where the model would end earlier, its slot goes on with another piece, as
    /// it does while there is a queue.
    pub patches: u32,
    /// How often, not counting a shorter run to warm up.
    pub runs: u32,
}

/// One run of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Counts from 0.
    pub run: u32,
    /// From the prompt to the last patch of all pieces, in milliseconds.
    pub latency_ms: f64,
    /// From the prompt to the end of the first bar, in the mean of the pieces that had one.
    pub first_bar_ms: Option<f64>,
    /// The most memory that the process held so far, in bytes.
    pub peak_bytes: u64,
}
