//! Measuring the machine, with a worker that takes 100 ms more for each piece.

use std::sync::atomic::{AtomicBool, Ordering};

use studio::Code;
use studio::api::{BenchProgress, BenchRequest, Settings};
use studio::jobs::Device;

use crate::{Atelier, request};

fn of(batches: &[u32]) -> BenchRequest {
    BenchRequest {
        model: None,
        shape: None,
        dtype: None,
        threads: None,
        batches: batches.to_vec(),
        patches: 64,
        runs: 3,
    }
}

#[test]
fn a_report_says_what_each_batch_size_gives_and_is_kept() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let (mut steps, mut rows) = (Vec::new(), 0);
    let report = studio
        .bench(
            &of(&[1, 2]),
            &AtomicBool::new(false),
            |progress| match progress {
                BenchProgress::Running { steps: at, of, .. } => steps.push((*at, *of)),
                BenchProgress::Row { .. } => rows += 1,
                _ => {}
            },
        )
        .unwrap();
    assert_eq!(rows, 2);
    assert_eq!(
        steps,
        (0..8)
            .filter(|s| s % 4 != 3)
            .map(|s| (s - s / 4, 8))
            .collect::<Vec<_>>()
    );
    let [one, two] = &report.rows[..] else {
        panic!("{report:?}");
    };
    // Latencies of 200, 201 and 202 ms; of 300, 301 and 302.
    assert_eq!(
        (one.batch, one.latency_ms, one.latency_sd_ms),
        (1, 201.0, 1.0)
    );
    assert_eq!((two.batch, two.latency_ms), (2, 301.0));
    assert!((two.pieces_per_minute - 2.0 * 60.0 / 0.301).abs() < 1e-9);
    assert!((one.patches_per_second - 64.0 / 0.201).abs() < 1e-9);
    assert_eq!((one.growth, two.growth), (1.0, 1.5));
    assert_eq!(one.first_bar_ms, Some(50.0));
    assert_eq!(report.recommended, Some(2));
    let made_ms = report.made_ms;
    let kept = studio.benches().unwrap();
    assert_eq!(kept, vec![report]);
    studio.forget_bench(made_ms).unwrap();
    assert_eq!(studio.benches().unwrap(), []);
}

#[test]
fn a_batch_that_does_not_fit_ends_the_measurement_with_a_note() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let stop = AtomicBool::new(false);
    // The stub has two slots.
    let report = studio.bench(&of(&[1, 4, 8]), &stop, |_| {}).unwrap();
    assert_eq!(report.rows.len(), 1);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("2 pieces at once and not for 4"))
    );
}

#[test]
fn the_device_that_is_measured_is_the_one_that_is_chosen() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let settings = Settings {
        device: Device::Card(1),
        ..Settings::default()
    };
    studio.save_settings(&settings).unwrap();
    let stop = AtomicBool::new(false);
    let report = studio.bench(&of(&[1]), &stop, |_| {}).unwrap();
    assert!(report.device.starts_with("Card(1)"), "{}", report.device);
}

#[test]
fn a_measurement_can_be_stopped_and_leaves_nothing() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let stop = AtomicBool::new(false);
    let error = studio
        .bench(&of(&[1, 2]), &stop, |_| stop.store(true, Ordering::Relaxed))
        .unwrap_err();
    assert_eq!(error.code, Code::Stopped);
    assert_eq!(studio.benches().unwrap(), []);
}

#[test]
fn nonsense_and_a_busy_studio_are_refused() {
    let atelier = Atelier::new(&["bars=1000", "pause_ms=20"]);
    let studio = atelier.open();
    let refused = |request: BenchRequest| {
        let stop = AtomicBool::new(false);
        studio.bench(&request, &stop, |_| {}).unwrap_err().code
    };
    for request in [
        of(&[]),
        of(&[0]),
        of(&[65]),
        BenchRequest {
            runs: 0,
            ..of(&[1])
        },
        BenchRequest {
            patches: 0,
            ..of(&[1])
        },
        BenchRequest {
            threads: Some(0),
            ..of(&[1])
        },
        BenchRequest {
            model: Some("a".into()),
            shape: Some("demo".into()),
            ..of(&[1])
        },
    ] {
        assert_eq!(refused(request), Code::InvalidRequest);
    }
    let missing = BenchRequest {
        model: Some("no-such".into()),
        ..of(&[1])
    };
    assert_eq!(refused(missing), Code::ModelMissing);
    studio.compose(request(1)).unwrap();
    assert_eq!(refused(of(&[1])), Code::NotNow);
}

#[test]
fn the_machine_is_watched_until_nobody_looks() {
    let atelier = Atelier::new(&[]);
    let looks = atelier
        .open()
        .watch_machine(std::time::Duration::from_millis(250));
    let (first, second) = (looks.recv().unwrap(), looks.recv().unwrap());
    assert_eq!(first.processor, second.processor);
    assert!(first.memory.total > 0 && first.threads > 0);
}
