use std::time::Duration;

use studio::api::{ComposeRequest, ExportFormat, LibraryQuery, Settings, StudioEvent};
use studio::jobs::{Device, Limits, Sampling, VariationState};
use studio::{Code, Studio};

use crate::{Atelier, events_until, finished_piece, request, wait_for};

#[test]
fn a_request_becomes_pieces_in_the_library() {
    let atelier = Atelier::new(&["bars=6"]);
    let studio = atelier.open();
    let job = studio.compose(request(3)).unwrap();
    for variation in &job.variations {
        let done = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!((done.state, done.bars), (VariationState::Done, 6));
    }
    let page = studio.library(&LibraryQuery::default()).unwrap();
    assert_eq!(page.total, 3);
    assert_eq!(page.styles.len(), 1);
    let mut seeds: Vec<u64> = page.pieces.iter().map(|piece| piece.seed).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [7, 8, 9]);
    let piece = studio.piece(&page.pieces[0].id).unwrap();
    assert_eq!(piece.summary.title, "Art Song in C major");
    assert_eq!(piece.text.matches("[V:1]").count(), 6);
    assert_eq!(piece.model_sha256.len(), 64);
    assert!(piece.duration_ms.is_some());
}

#[test]
fn events_tell_a_piece_bar_by_bar_and_name_it() {
    let atelier = Atelier::new(&["bars=4"]);
    let studio = atelier.open();
    let events = studio.subscribe();
    let job = studio.compose(request(1)).unwrap();
    let id = job.variations[0].id;
    let told = events_until(
        &events,
        |event| matches!(event, StudioEvent::Variation { variation } if variation.state.is_final()),
    );
    let mut bars = Vec::new();
    for event in &told {
        if let StudioEvent::Bar {
            id: of,
            piece,
            index,
            text,
        } = event
        {
            assert_eq!(*of, id);
            assert!(studio.piece(piece).unwrap().text.contains(text.as_str()));
            bars.push(*index);
        }
    }
    assert_eq!(bars, [0, 1, 2, 3]);
    let header = told
        .iter()
        .position(|e| matches!(e, StudioEvent::Header { .. }));
    let first = told
        .iter()
        .position(|e| matches!(e, StudioEvent::Bar { .. }));
    assert!(header.is_some() && header < first);
}

#[test]
fn what_cannot_be_composed_is_refused_before_it_is_queued() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let refused = |change: &dyn Fn(&mut ComposeRequest)| {
        let mut request = request(1);
        change(&mut request);
        studio.compose(request).unwrap_err().code
    };
    let sampling = |top_k, temperature| {
        Some(Sampling {
            top_k,
            top_p: 0.9,
            temperature,
        })
    };
    assert_eq!(refused(&|r| r.variations = 0), Code::InvalidRequest);
    assert_eq!(refused(&|r| r.variations = 65), Code::InvalidRequest);
    assert_eq!(refused(&|r| r.seed = Some(u64::MAX)), Code::InvalidRequest);
    assert_eq!(
        refused(&|r| r.sampling = sampling(0, 1.0)),
        Code::InvalidRequest
    );
    assert_eq!(
        refused(&|r| r.sampling = sampling(9, -1.0)),
        Code::InvalidRequest
    );
    assert_eq!(
        refused(&|r| r.limits.max_bars = Some(0)),
        Code::InvalidRequest
    );
    assert_eq!(
        refused(&|r| r.style.composer = "Nobody".into()),
        Code::UnknownStyle
    );
    assert_eq!(
        refused(&|r| r.model = Some("nothing".into())),
        Code::ModelMissing
    );
    let path = atelier.config().model_dirs[0].join("partita-demo");
    let path = path.display().to_string();
    assert_eq!(
        refused(&|r| r.model = Some(path.clone())),
        Code::ModelMissing,
        "a page names no paths"
    );
    assert!(studio.queue().unwrap().is_empty());
}

#[test]
fn cancelling_keeps_the_bars_and_trying_again_finishes_the_piece() {
    let atelier = Atelier::new(&["bars=40", "pause_ms=20"]);
    let studio = atelier.open();
    let job = studio.compose(request(1)).unwrap();
    let id = job.variations[0].id;
    wait_for(&studio, id, |v| v.bars >= 2);
    assert_eq!(studio.retry(id).unwrap_err().code, Code::NotNow);
    studio.cancel(id).unwrap();
    let cancelled = wait_for(&studio, id, |v| v.state.is_final());
    assert_eq!(cancelled.state, VariationState::Cancelled);
    assert!((2..40).contains(&cancelled.bars));
    let piece = cancelled.piece.unwrap();
    assert_eq!(studio.cancel(id).unwrap_err().code, Code::NotNow);

    studio.retry(id).unwrap();
    let done = wait_for(&studio, id, |v| v.state == VariationState::Done);
    assert_eq!((done.bars, done.attempt), (40, 2));
    assert_eq!(done.piece, Some(piece), "it is the same piece");
    assert_eq!(studio.retry(id).unwrap_err().code, Code::NotNow);
}

#[test]
fn a_waiting_variation_is_cancelled_at_once() {
    let atelier = Atelier::new(&["bars=200", "pause_ms=20"]);
    let studio = atelier.open();
    // The stub has two slots: the third waits.
    let job = studio.compose(request(3)).unwrap();
    wait_for(&studio, job.variations[0].id, |v| v.bars > 0);
    let third = job.variations[2].id;
    studio.cancel(third).unwrap();
    let state = wait_for(&studio, third, |_| true).state;
    assert_eq!(state, VariationState::Cancelled);
}

#[test]
fn finished_jobs_leave_the_queue_when_told_to() {
    let atelier = Atelier::new(&["bars=1"]);
    let studio = atelier.open();
    let job = studio.compose(request(1)).unwrap();
    wait_for(&studio, job.variations[0].id, |v| v.state.is_final());
    assert_eq!(studio.queue().unwrap().len(), 1);
    studio.clear_finished().unwrap();
    assert!(studio.queue().unwrap().is_empty());
    assert_eq!(studio.library(&LibraryQuery::default()).unwrap().total, 1);
}

#[test]
fn deleting_a_piece_can_be_undone() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let piece = finished_piece(&studio);
    let total = || studio.library(&LibraryQuery::default()).unwrap().total;
    studio.delete_piece(&piece).unwrap();
    assert_eq!(total(), 0);
    studio.restore_piece(&piece).unwrap();
    assert_eq!(total(), 1);
    let error = studio.delete_piece("no such piece").unwrap_err();
    assert_eq!(error.code, Code::NotFound);
}

#[test]
fn settings_survive_and_foreign_ones_do_no_harm() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let settings = Settings {
        theme: Some("dark".into()),
        compose: Some(ComposeRequest {
            limits: Limits {
                max_bars: Some(24),
                ..Limits::default()
            },
            ..request(3)
        }),
        export: Some(ExportFormat::Midi),
        at_once: Some(4),
        device: Device::Card(1),
    };
    studio.save_settings(&settings).unwrap();
    studio.close();
    drop(studio);
    assert_eq!(atelier.open().settings().unwrap(), settings);
}

#[test]
fn a_second_studio_is_told_that_the_library_is_in_use() {
    let atelier = Atelier::new(&[]);
    let first = atelier.open();
    let second = Studio::open(atelier.config()).map(|_| ()).unwrap_err();
    assert_eq!(second.code, Code::LibraryInUse);
    drop(first);
    // The supervisor lets go of the library when its thread has ended.
    let start = std::time::Instant::now();
    while Studio::open(atelier.config()).is_err() {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::yield_now();
    }
}
