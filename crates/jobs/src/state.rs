//! The states of a variation and the law of their transitions.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a variation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VariationState {
    /// Waiting for a slot.
    Queued,
    /// In a slot; bars are being written.
    Running,
    /// Ended by the model or by a limit; the piece is in the library.
    Done,
    /// Stopped by the user; the bars written so far stay in the library.
    Cancelled,
    /// Given up, with a reason; the bars written so far stay in the library.
    Failed,
}

impl VariationState {
    /// All states, in the order of a variation's life.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The word for it in the database, in JSON and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more will happen unless the user asks for it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }

    /// The legal transitions. `Running` goes back to `Queued` when its worker dies; a failed or
    /// cancelled variation goes back when the user tries again.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use VariationState::{Cancelled, Done, Failed, Queued, Running};
        matches!(
            (self, next),
            (Queued, Running | Cancelled | Failed)
                | (Running, Queued | Done | Cancelled | Failed)
                | (Cancelled | Failed, Queued)
        )
    }
}

/// Why a piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The model wrote its end mark.
    Complete,
    /// `max_bars` was reached.
    BarLimit,
    /// `max_patches`, or the most characters a piece may have, was reached.
    LengthLimit,
    /// `max_seconds` was reached.
    TimeLimit,
}

impl Ending {
    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::BarLimit => "bar_limit",
            Self::LengthLimit => "length_limit",
            Self::TimeLimit => "time_limit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_of_its_own() {
        for state in VariationState::ALL {
            assert_eq!(VariationState::parse(state.as_str()), Some(state));
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json, state.as_str(), "database and JSON use one word");
        }
        assert_eq!(VariationState::parse("paused"), None);
    }

    #[test]
    fn a_finished_piece_is_never_written_again() {
        for next in VariationState::ALL {
            assert!(!VariationState::Done.may_become(next));
        }
    }

    #[test]
    fn a_variation_whose_worker_died_is_queued_again() {
        assert!(VariationState::Running.may_become(VariationState::Queued));
    }

    #[test]
    fn only_the_user_brings_a_final_state_back() {
        for state in VariationState::ALL.into_iter().filter(|s| s.is_final()) {
            for next in VariationState::ALL {
                assert!(!state.may_become(next) || next == VariationState::Queued);
            }
        }
    }
}
