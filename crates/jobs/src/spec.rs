//! The specification of a job, validated at the door.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Dtype;

/// The largest seed: seeds cross into JavaScript, whose numbers are exact up to 2^53 - 1.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// The most variations of one job. More is more than one job.
pub const MAX_VARIATIONS: u32 = 64;

/// The longest period, composer or instrumentation, in characters.
const MAX_STYLE_CHARS: usize = 120;

/// A job's identity: UUIDv7, so that jobs sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(as = "String")]
pub struct JobId(pub Uuid);

impl JobId {
    /// A new identity, later than all before it.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for JobId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One variation of one job; `number` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct VariationId {
    /// The job it belongs to.
    pub job: JobId,
    /// 1 for the job's first seed.
    pub number: u32,
}

impl std::fmt::Display for VariationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.job, self.number)
    }
}

/// The style prompt: NotaGen's period, composer, instrumentation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Style {
    /// For example `Romantic`.
    pub period: String,
    /// Family name first: `Schubert, Franz`.
    pub composer: String,
    /// For example `Art Song`.
    pub instrumentation: String,
}

impl Style {
    /// Refuses what could not be three lines of a prompt.
    ///
    /// # Errors
    /// [`SpecError::Style`] naming the first bad part.
    pub fn validate(&self) -> Result<(), SpecError> {
        let Style {
            period,
            composer,
            instrumentation,
        } = self;
        for text in [period, composer, instrumentation] {
            let printable = text.chars().all(|c| (' '..='~').contains(&c));
            if text.is_empty() || text.len() > MAX_STYLE_CHARS || !printable {
                return Err(SpecError::Style(text.clone()));
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            period,
            composer,
            instrumentation,
        } = self;
        write!(f, "{period} / {composer} / {instrumentation}")
    }
}

/// The three lines with which a style begins every piece's text.
#[must_use]
pub fn style_lines(style: &Style) -> String {
    let Style {
        period,
        composer,
        instrumentation,
    } = style;
    format!("%{period}\n%{composer}\n%{instrumentation}\n")
}

/// How characters are drawn, in NotaGen's order: the `top_k` likeliest, of these the nucleus of
/// mass `top_p`, then `temperature`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Sampling {
    /// At least 1; 1 always takes the likeliest character.
    pub top_k: u32,
    /// In (0, 1].
    pub top_p: f64,
    /// At least 0; 0 takes the likeliest character.
    pub temperature: f64,
}

impl Sampling {
    /// Refuses what no sampler can follow.
    ///
    /// # Errors
    /// [`SpecError::Sampling`] naming the first bad value.
    pub fn validate(&self) -> Result<(), SpecError> {
        let bad = |what: String| Err(SpecError::Sampling(what));
        if self.top_k == 0 {
            return bad("top-k must be at least 1 (it is 0)".into());
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return bad(format!(
                "top-p must be above 0 and at most 1 (it is {})",
                self.top_p
            ));
        }
        if !(self.temperature >= 0.0 && self.temperature <= 10.0) {
            return bad(format!(
                "temperature must be between 0 and 10 (it is {})",
                self.temperature
            ));
        }
        Ok(())
    }
}

/// How it is seen to that what a model writes makes a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GuardMode {
    /// At each character only those may be drawn that leave a valid text: the header in order, each
    /// voice once in a line, every bar full.
    Strict,
    /// The model writes freely, slips apart. Where that leaves no valid text, the bar of the voice, or the line
    /// of the header, is taken back and drawn again with other random numbers; after some tries as in `Strict`.
    #[default]
    Repair,
    /// All characters, as NotaGen's own inference draws them. Bars that do not add up are mended.
    Off,
}

impl GuardMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Repair, Self::Off];

    /// How pieces were written before there was a choice.
    const fn before_there_was_one() -> Self {
        Self::Off
    }

    /// The word for it in files and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Repair => "repair",
            Self::Off => "off",
        }
    }
}

/// Where a variation ends even if the model would go on. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Limits {
    /// Bars: lines of interleaved text.
    pub max_bars: Option<u32>,
    /// Patches of 16 characters, the header's included; not those that were taken back.
    pub max_patches: Option<u32>,
    /// Wall-clock seconds from the variation's start.
    pub max_seconds: Option<u32>,
}

impl Limits {
    /// Refuses limits that leave no piece.
    ///
    /// # Errors
    /// [`SpecError::Limit`] naming the first limit that is 0.
    pub fn validate(&self) -> Result<(), SpecError> {
        for (name, value) in [
            ("max-bars", self.max_bars),
            ("max-patches", self.max_patches),
            ("max-seconds", self.max_seconds),
        ] {
            if value == Some(0) {
                return Err(SpecError::Limit(name));
            }
        }
        Ok(())
    }
}

/// All that decides what a job's pieces will be. The same specification, model and device class
/// give the same text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The style prompt.
    pub style: Style,
    /// The id of the model that writes it.
    pub model: String,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// How it is seen to that what the model writes makes a score. Jobs of before there was a guard do not
    /// say: theirs had none.
    #[serde(default = "GuardMode::before_there_was_one")]
    pub guard: GuardMode,
    /// The format in which the model's weights are kept; the model's own if absent.
    #[serde(default)]
    pub dtype: Option<Dtype>,
    /// Where pieces end at the latest.
    pub limits: Limits,
    /// One for each variation, in order.
    pub seeds: Vec<u64>,
}

impl JobSpec {
    /// `variations` seeds that follow each other from `seed`: variation k alone is the piece of
    /// seed `seed + k - 1`.
    #[must_use]
    pub fn consecutive_seeds(seed: u64, variations: u32) -> Vec<u64> {
        (0..u64::from(variations))
            .map(|k| (seed + k) & MAX_SEED)
            .collect()
    }

    /// Refuses what cannot be carried out, whatever the model.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.sampling.validate()?;
        self.limits.validate()?;
        let count = self.seeds.len();
        if count == 0 || count > MAX_VARIATIONS as usize {
            return Err(SpecError::Variations(count));
        }
        if let Some(&seed) = self.seeds.iter().find(|&&seed| seed > MAX_SEED) {
            return Err(SpecError::Seed(seed));
        }
        self.style.validate()
    }
}

/// Why a specification is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// See [`Sampling::validate`].
    #[error("{0}")]
    Sampling(String),
    /// See [`Limits::validate`].
    #[error("{0} must be at least 1")]
    Limit(&'static str),
    /// None, or too many.
    #[error("a job has between 1 and {MAX_VARIATIONS} variations (this one has {0})")]
    Variations(usize),
    /// None, or too many, in a measurement.
    #[error("a measurement has between 1 and {most} {what} (this one has {count})")]
    Measure {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u32,
        /// How many there may be.
        most: u32,
    },
    /// Beyond [`MAX_SEED`].
    #[error("a seed is at most {MAX_SEED} (this one is {0})")]
    Seed(u64),
    /// Empty, too long, or not plain ASCII.
    #[error("a style is 1 to {MAX_STYLE_CHARS} plain ASCII characters (this one is {0:?})")]
    Style(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> JobSpec {
        JobSpec {
            style: Style {
                period: "Romantic".into(),
                composer: "Schubert, Franz".into(),
                instrumentation: "Art Song".into(),
            },
            model: "partita-demo".into(),
            sampling: Sampling {
                top_k: 9,
                top_p: 0.9,
                temperature: 0.7,
            },
            guard: GuardMode::Strict,
            dtype: None,
            limits: Limits::default(),
            seeds: JobSpec::consecutive_seeds(7, 4),
        }
    }

    #[test]
    fn a_job_of_before_there_was_a_guard_had_none() {
        let mut json = serde_json::to_value(spec()).unwrap();
        json.as_object_mut().unwrap().remove("guard");
        let old: JobSpec = serde_json::from_value(json).unwrap();
        assert_eq!(old.guard, GuardMode::Off);
        assert_eq!(GuardMode::default(), GuardMode::Repair);
    }

    #[test]
    fn variation_k_has_seed_plus_k_minus_one() {
        assert_eq!(JobSpec::consecutive_seeds(7, 4), [7, 8, 9, 10]);
        assert_eq!(JobSpec::consecutive_seeds(MAX_SEED, 2), [MAX_SEED, 0]);
    }

    #[test]
    fn an_ordinary_job_is_valid() {
        assert_eq!(spec().validate(), Ok(()));
    }

    #[test]
    fn impossible_sampling_is_refused_by_name() {
        let with = |top_k, top_p, temperature| {
            Sampling {
                top_k,
                top_p,
                temperature,
            }
            .validate()
            .map_err(|e| e.to_string())
        };
        assert!(with(0, 0.9, 1.0).unwrap_err().contains("top-k"));
        for top_p in [0.0, -0.1, 1.01, f64::NAN] {
            assert!(with(9, top_p, 1.0).unwrap_err().contains("top-p"));
        }
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            let error = with(9, 0.9, temperature).unwrap_err();
            assert!(error.contains("temperature"));
        }
        assert_eq!(with(1, 1.0, 0.0), Ok(()));
    }

    #[test]
    fn a_style_that_could_forge_header_lines_is_refused() {
        for bad in ["", "two\nlines", "Fauré", &"x".repeat(121)] {
            let mut spec = spec();
            spec.style.composer = bad.to_owned();
            assert!(matches!(spec.validate(), Err(SpecError::Style(_))));
        }
    }

    #[test]
    fn no_variations_and_too_many_are_refused() {
        for count in [0, 65] {
            let mut spec = spec();
            spec.seeds = vec![1; count];
            assert_eq!(spec.validate(), Err(SpecError::Variations(count)));
        }
    }

    #[test]
    fn limits_of_zero_are_refused() {
        let mut spec = spec();
        spec.limits.max_bars = Some(0);
        assert_eq!(spec.validate(), Err(SpecError::Limit("max-bars")));
    }
}
