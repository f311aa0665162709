//! In what format weights are kept, and the memory that a model takes with it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The format in which a model's matrices are kept while it composes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// 32 bits.
    F32,
    /// 16 bits, 11 of them precision.
    F16,
    /// 16 bits, 8 of them precision.
    Bf16,
    /// 8 bits and a scale for each 32 weights.
    #[serde(rename = "q8_0")]
    Q8_0,
    /// 4 bits, a scale and an offset for each 32 weights.
    #[serde(rename = "q4k")]
    Q4K,
}

impl Dtype {
    /// All, from the most exact to the smallest.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Q8_0, Self::Q4K];

    /// The word for it in files, in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4k",
        }
    }

    /// The format of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.as_str() == word)
    }
}

/// What a worker's model takes of the memory where it computes, in bytes, decided before any of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MemoryPlan {
    /// The format of the weights; the file's own if there is none.
    pub dtype: Option<Dtype>,
    /// Whether another format was asked for, which did not fit.
    pub is_smaller: bool,
    /// Pieces at once.
    pub slots: u32,
    /// Pieces at once that were asked for.
    pub slots_asked: u32,
    /// The weights.
    #[ts(type = "number")]
    pub weights: u64,
    /// The context of one piece when it is full.
    #[ts(type = "number")]
    pub slot: u64,
    /// Buffers, or what loading takes for a time.
    #[ts(type = "number")]
    pub working: u64,
    /// What the process holds before there is a model.
    #[ts(type = "number")]
    pub program: u64,
    /// What the process could take when it was planned.
    #[ts(type = "number")]
    pub available: u64,
    /// Whether it is a graphics card's memory, and not this computer's.
    #[serde(default)]
    pub on_card: bool,
}

impl MemoryPlan {
    /// All of it together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.weights + self.slots as u64 * self.slot + self.working + self.program
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_word_of_its_own() {
        for dtype in Dtype::ALL {
            assert_eq!(Dtype::parse(dtype.as_str()), Some(dtype));
            let json = serde_json::to_value(dtype).unwrap();
            assert_eq!(json, dtype.as_str(), "JSON and command line use one word");
        }
        assert_eq!(Dtype::parse("q5_1"), None);
    }
}
