use studio::api::{StudioEvent, WorkerState};
use studio::jobs::VariationState;

use crate::{Atelier, events_until, request, wait_for};

#[test]
fn a_worker_that_dies_is_replaced_and_the_pieces_are_finished() {
    let undisturbed = Atelier::new(&["bars=8"]);
    let text = {
        let studio = undisturbed.open();
        let job = studio.compose(request(1)).unwrap();
        let done = wait_for(&studio, job.variations[0].id, |v| v.state.is_final());
        studio.piece(&done.piece.unwrap()).unwrap().text
    };

    let atelier = Atelier::deadly(&["bars=8", "dies_after_bars=5"]);
    let studio = atelier.open();
    let events = studio.subscribe();
    let job = studio.compose(request(3)).unwrap();
    let told = events_until(&events, |event| {
        matches!(event, StudioEvent::Restarted { .. })
    });
    let restarting = |event: &&StudioEvent| match event {
        StudioEvent::Worker { status } => status.state == WorkerState::Restarting,
        _ => false,
    };
    let status = told.iter().find(restarting).expect("the studio says so");
    assert!(matches!(status, StudioEvent::Worker { status } if status.error.is_some()));
    for variation in &job.variations {
        let done = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!((done.state, done.bars), (VariationState::Done, 8));
    }
    let first = wait_for(&studio, job.variations[0].id, |_| true);
    assert_eq!(first.attempt, 2);
    assert_eq!(first.error, None, "what interrupted it is over");
    let piece = studio.piece(&first.piece.unwrap()).unwrap();
    assert_eq!(piece.text, text, "nothing twice and nothing lost");
}

#[test]
fn a_variation_that_kills_every_worker_is_given_up_and_the_others_go_on() {
    let atelier = Atelier::deadly(&["bars=4", "dies_after_bars=2", "dies_times=3"]);
    let studio = atelier.open();
    let deadly = studio.compose(request(1)).unwrap().variations[0].id;
    let harmless = studio.compose(request(1)).unwrap().variations[0].id;
    let given_up = wait_for(&studio, deadly, |v| v.state.is_final());
    assert_eq!(given_up.state, VariationState::Failed);
    assert_eq!(given_up.error.unwrap().code, "worker_failed");
    assert!(given_up.piece.is_some(), "its bars are kept");
    let other = wait_for(&studio, harmless, |v| v.state.is_final());
    assert!(matches!(
        other.state,
        VariationState::Done | VariationState::Failed
    ));
    studio.retry(deadly).unwrap();
    let done = wait_for(&studio, deadly, |v| v.state.is_final());
    assert_eq!(done.state, VariationState::Done);
}

#[test]
fn a_model_that_does_not_load_fails_its_variations_with_its_own_code() {
    let atelier = Atelier::new(&["fatal=weights_truncated"]);
    let studio = atelier.open();
    let job = studio.compose(request(2)).unwrap();
    for variation in &job.variations {
        let failed = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!(failed.state, VariationState::Failed);
        assert_eq!(failed.error.unwrap().code, "weights_truncated");
    }
    assert_eq!(studio.worker_status().state, WorkerState::Failed);
}

#[test]
fn a_worker_that_is_not_there_is_an_error_of_the_variation() {
    let atelier = Atelier::new(&[]);
    let mut config = atelier.config();
    config.worker.program = "/no/such/program".into();
    let studio = studio::Studio::open(config).unwrap();
    let job = studio.compose(request(1)).unwrap();
    let failed = wait_for(&studio, job.variations[0].id, |v| v.state.is_final());
    assert_eq!(failed.error.unwrap().code, "worker_failed");
}

#[test]
fn closing_in_the_middle_loses_nothing_and_opening_goes_on() {
    let atelier = Atelier::new(&["bars=30", "pause_ms=10"]);
    let studio = atelier.open();
    let job = studio.compose(request(3)).unwrap();
    wait_for(&studio, job.variations[0].id, |v| v.bars >= 2);
    studio.close();
    let closed = studio.job(job.id).unwrap();
    let unfinished = |v: &studio::api::VariationView| v.state == VariationState::Queued;
    assert!(closed.variations.iter().all(unfinished));
    assert_eq!(studio.worker_pid().map(is_alive), Some(false));
    drop(studio);

    let studio = atelier.open();
    for variation in &job.variations {
        let done = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!((done.state, done.bars), (VariationState::Done, 30));
    }
}

fn is_alive(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
