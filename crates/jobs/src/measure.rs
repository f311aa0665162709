//! Measuring how fast a worker writes.

use serde::{Deserialize, Serialize};

use crate::{MAX_SEED, Sampling, SpecError, Style};

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

impl MeasureSpec {
    /// The most patches of a piece: what a context holds beside a prompt.
    pub const MAX_PATCHES: u32 = 1000;

    /// The most runs of one measurement.
    pub const MAX_RUNS: u32 = 100;

    /// Refuses what no worker with so many slots can measure.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self, slots: usize) -> Result<(), SpecError> {
        self.style.validate()?;
        self.sampling.validate()?;
        for (what, count, most) in [
            ("patches", self.patches, Self::MAX_PATCHES),
            ("runs", self.runs, Self::MAX_RUNS),
        ] {
            if !(1..=most).contains(&count) {
                return Err(SpecError::Measure { what, count, most });
            }
        }
        // A slot goes on with another piece after every patch at the soonest.
        let pieces = (slots as u64).saturating_mul(u64::from(self.patches) + 1);
        let last = self.seed.saturating_add(pieces.saturating_sub(1));
        if last > MAX_SEED {
            return Err(SpecError::Seed(last));
        }
        Ok(())
    }
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
    /// The most memory that the process held so far, in bytes; of a model on a card, what it took of the card's.
    pub peak_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> MeasureSpec {
        MeasureSpec {
            style: Style {
                period: "Romantic".into(),
                composer: "Schubert, Franz".into(),
                instrumentation: "Art Song".into(),
            },
            sampling: Sampling {
                top_k: 9,
                top_p: 0.9,
                temperature: 0.7,
            },
            seed: 1,
            patches: 1000,
            runs: 100,
        }
    }

    #[test]
    fn a_measurement_is_validated_like_a_job() {
        assert_eq!(spec().validate(64), Ok(()));
        let mut bad = spec();
        bad.sampling.top_k = 0;
        assert!(matches!(bad.validate(1), Err(SpecError::Sampling(_))));
        let mut bad = spec();
        bad.style.composer = "two\nlines".into();
        assert!(matches!(bad.validate(1), Err(SpecError::Style(_))));
    }

    #[test]
    fn counts_out_of_bounds_are_refused_by_name() {
        let refusal = |patches, runs| {
            let spec = MeasureSpec {
                patches,
                runs,
                ..spec()
            };
            spec.validate(1).unwrap_err().to_string()
        };
        for patches in [0, 1001, u32::MAX] {
            assert!(refusal(patches, 1).contains("patches"), "{patches}");
        }
        for runs in [0, 101, u32::MAX] {
            assert!(refusal(1, runs).contains("runs"), "{runs}");
        }
    }

    #[test]
    fn no_piece_of_a_measurement_has_a_seed_that_is_too_large() {
        let from = |seed, slots| {
            let spec = MeasureSpec {
                seed,
                patches: 1,
                ..spec()
            };
            spec.validate(slots)
        };
        // 8 slots draw a patch each, and each may begin another piece then.
        assert_eq!(from(MAX_SEED - 15, 8), Ok(()));
        assert_eq!(from(MAX_SEED - 14, 8), Err(SpecError::Seed(MAX_SEED + 1)));
        assert_eq!(from(u64::MAX, 1), Err(SpecError::Seed(u64::MAX)));
        assert_eq!(from(1, usize::MAX), Err(SpecError::Seed(u64::MAX)));
    }
}
