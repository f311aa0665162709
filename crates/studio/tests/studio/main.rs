//! The studio with a worker that has no model: what a user asks for, and what crashes do to it.

// Tests may fail by panicking, their helper functions included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asking;
mod benching;
mod computing;
mod crashing;
mod hanging;
mod queueing;
mod recalling;
mod scores;
mod watching;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use studio::api::{ComposeRequest, StudioEvent, VariationView};
use studio::jobs::{Device, Limits, Style, VariationId};
use studio::{Config, Studio, WorkerCommand};

/// Long enough for any machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A studio in a folder of its own, whose worker is the stub with these options.
pub(crate) struct Atelier {
    pub(crate) folder: tempfile::TempDir,
    options: Vec<String>,
}

impl Atelier {
    pub(crate) fn new(options: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options: options.iter().map(|&option| option.to_owned()).collect(),
        }
    }

    /// The stub's worker remembers its deaths in this studio's folder.
    pub(crate) fn deadly(options: &[&str]) -> Self {
        let mut atelier = Self::new(options);
        let deaths = atelier.folder.path().join("deaths");
        atelier.options.push(format!("deaths={}", deaths.display()));
        atelier
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            library_dir: self.folder.path().join("library"),
            model_dirs: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")],
            worker: WorkerCommand {
                program: stub(),
                args: self.options.clone(),
            },
            device: Device::Auto,
            models_by_path: false,
            resume: true,
            card_patience: Config::CARD_PATIENCE,
        }
    }

    pub(crate) fn open(&self) -> Studio {
        Studio::open(self.config()).unwrap()
    }

    /// Opens it after one that was closed: a supervisor lets go of its library when its thread has ended.
    pub(crate) fn reopen(&self) -> Studio {
        reopen(self.config())
    }
}

pub(crate) fn reopen(config: Config) -> Studio {
    let start = Instant::now();
    loop {
        match Studio::open(config.clone()) {
            Ok(studio) => return studio,
            Err(error) => assert!(start.elapsed().as_secs() < 10, "{error}"),
        }
        std::thread::yield_now();
    }
}

/// Cargo builds the examples with the tests, beside their folder.
fn stub() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().unwrap().parent().unwrap();
    let stub = target.join("examples").join("stub_worker");
    let stub = stub.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(stub.exists(), "{} is built with the tests", stub.display());
    stub
}

pub(crate) fn request(variations: u32) -> ComposeRequest {
    ComposeRequest {
        model: None,
        style: Style {
            period: "Romantic".into(),
            composer: "Schubert, Franz".into(),
            instrumentation: "Art Song".into(),
        },
        variations,
        seed: Some(7),
        sampling: None,
        guard: None,
        dtype: None,
        limits: Limits::default(),
        priority: None,
    }
}

/// Waits for a variation to be as `wanted` says.
pub(crate) fn wait_for(
    studio: &Studio,
    id: VariationId,
    wanted: impl Fn(&VariationView) -> bool,
) -> VariationView {
    let start = Instant::now();
    loop {
        let job = studio.job(id.job).unwrap();
        let variation = job.variations.into_iter().find(|v| v.id == id).unwrap();
        if wanted(&variation) {
            return variation;
        }
        assert!(start.elapsed() < PATIENCE, "still {variation:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A piece that is written to its end.
pub(crate) fn finished_piece(studio: &Studio) -> String {
    let job = studio.compose(request(1)).unwrap();
    let done = wait_for(studio, job.variations[0].id, |v| v.state.is_final());
    done.piece.unwrap()
}

/// The events up to the first that is `wanted`, which is the last of them.
pub(crate) fn events_until(
    events: &Receiver<StudioEvent>,
    mut wanted: impl FnMut(&StudioEvent) -> bool,
) -> Vec<StudioEvent> {
    let mut all = Vec::new();
    loop {
        let event = events.recv_timeout(PATIENCE).expect("an event in time");
        let found = wanted(&event);
        all.push(event);
        if found {
            return all;
        }
    }
}
