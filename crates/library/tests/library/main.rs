//! The library on a real disk.

// Tests may fail by panicking, their helper functions included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod opening;
mod pieces;
mod queue;

use jobs::{Ending, GuardMode, JobSpec, Limits, Priority, Sampling, Style, VariationId};
use library::{Draft, Library};

pub(crate) const NORMAL: Priority = Priority::Normal;

pub(crate) fn library() -> (tempfile::TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::open(folder.path()).unwrap();
    (folder, library)
}

pub(crate) fn style(composer: &str) -> Style {
    Style {
        period: "Romantic".into(),
        composer: composer.into(),
        instrumentation: "Art Song".into(),
    }
}

pub(crate) fn spec(composer: &str, variations: u32) -> JobSpec {
    JobSpec {
        style: style(composer),
        model: "partita-demo".into(),
        sampling: Sampling {
            top_k: 9,
            top_p: 0.9,
            temperature: 0.7,
        },
        guard: GuardMode::Strict,
        dtype: None,
        limits: Limits::default(),
        seeds: JobSpec::consecutive_seeds(7, variations),
    }
}

pub(crate) fn draft(variation: VariationId, composer: &str, bars: u32) -> Draft {
    Draft {
        variation,
        created_ms: 5,
        title: "Art Song in C".into(),
        style: style(composer),
        bars,
        bars_expected: Some(9),
        ending: None,
        first_bar_ms: Some(10),
        duration_ms: None,
        text: "bar\n".repeat(bars as usize),
        dtype: None,
    }
}

pub(crate) fn whole(variation: VariationId, composer: &str, bars: u32) -> Draft {
    Draft {
        ending: Some(Ending::Complete),
        duration_ms: Some(99),
        ..draft(variation, composer, bars)
    }
}
