//! What looking at a piece costs the thread that writes it down: a piece of many bars from a worker without
//! a model, which writes as fast as they are taken, watched by nobody and watched without a pause.
//! `./dev bench watching`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use studio::api::{ComposeRequest, StudioEvent};
use studio::jobs::{Device, Limits, Style};
use studio::{Config, Studio, WorkerCommand};

const BARS: u32 = 20_000;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let stub = std::env::current_exe()
        .unwrap()
        .with_file_name("stub_worker");
    let studio = Studio::open(Config {
        library_dir: folder.path().to_owned(),
        model_dirs: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")],
        worker: WorkerCommand {
            program: stub.with_extension(std::env::consts::EXE_EXTENSION),
            args: vec![format!("bars={BARS}")],
        },
        device: Device::Auto,
        models_by_path: false,
        resume: false,
        card_patience: Config::CARD_PATIENCE,
    });
    let studio = studio.unwrap();
    let watchers = [
        ("watched by nobody", false),
        ("watched without a pause", true),
    ];
    let mut figures = watchers.map(|_| (Duration::MAX, 0));
    compose(&studio, false); // The worker starts.
    for _ in 0..ROUNDS {
        for ((_, is_watched), (least, looks)) in watchers.iter().zip(&mut figures) {
            let (took, looked) = compose(&studio, *is_watched);
            if took < *least {
                (*least, *looks) = (took, looked);
            }
        }
    }
    println!("{BARS} bars, best of {ROUNDS}:");
    for ((who, _), (took, looks)) in watchers.iter().zip(figures) {
        let bar = took.as_secs_f64() * 1e6 / f64::from(BARS);
        println!("{who}: {bar:.1} us a bar, {looks} looks");
    }
}

/// One piece: how long its bars took to come, and how often it was looked at.
fn compose(studio: &Studio, is_watched: bool) -> (Duration, u32) {
    let events = studio.subscribe();
    let job = studio.compose(ComposeRequest {
        model: None,
        style: Style {
            period: "Romantic".into(),
            composer: "Schubert, Franz".into(),
            instrumentation: "Art Song".into(),
        },
        variations: 1,
        seed: Some(7),
        sampling: None,
        guard: None,
        dtype: None,
        priority: None,
        limits: Limits::default(),
    });
    let id = job.unwrap().variations[0].id;
    let (ended, looks) = (AtomicBool::new(false), AtomicU32::new(0));
    let took = std::thread::scope(|scope| {
        scope.spawn(|| {
            while is_watched && !ended.load(Ordering::Relaxed) {
                if studio.live_engraving(id, None, 32).is_ok() {
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let ended_after = events.iter().find_map(|event| match event {
            StudioEvent::Variation { variation } if variation.state.is_final() => {
                Some(variation.ended_ms? - variation.started_ms?)
            }
            _ => None,
        });
        ended.store(true, Ordering::Relaxed);
        Duration::from_millis(ended_after.unwrap() as u64)
    });
    (took, looks.into_inner())
}
