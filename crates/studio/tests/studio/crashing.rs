use studio::Code;
use studio::api::{StudioEvent, WorkerState};
use studio::jobs::VariationState;

use crate::{Atelier, events_until, reopen, request, wait_for};

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
fn a_variation_that_kills_every_worker_is_given_up_and_the_others_are_written() {
    let atelier = Atelier::deadly(&["bars=4", "deadly_seed=8", "dies_times=3"]);
    let studio = atelier.open();
    // Seed 8 is the second of three.
    let job = studio.compose(request(3)).unwrap();
    let [first, deadly, third] = [0, 1, 2].map(|k| job.variations[k].id);
    let given_up = wait_for(&studio, deadly, |v| v.state.is_final());
    assert_eq!(given_up.state, VariationState::Failed);
    assert_eq!(given_up.error.unwrap().code, "worker_failed");
    assert!(given_up.piece.is_some(), "its bars are kept");
    for harmless in [first, third] {
        let other = wait_for(&studio, harmless, |v| v.state.is_final());
        assert_eq!((other.state, other.bars), (VariationState::Done, 4));
    }
    studio.retry(deadly).unwrap();
    let done = wait_for(&studio, deadly, |v| v.state.is_final());
    assert_eq!(
        done.state,
        VariationState::Done,
        "it does not kill a fourth time"
    );
}

#[test]
fn workers_that_die_before_the_first_bar_come_to_an_end() {
    let atelier = Atelier::deadly(&["dies_at_start", "dies_times=99"]);
    let studio = atelier.open();
    let job = studio.compose(request(2)).unwrap();
    for variation in &job.variations {
        let failed = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!(failed.error.unwrap().code, "worker_failed");
    }
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

    let studio = reopen(atelier.config());
    for variation in &job.variations {
        let done = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!((done.state, done.bars), (VariationState::Done, 30));
    }
}

#[test]
fn what_was_cancelled_stays_so_even_if_the_worker_never_heard() {
    let atelier = Atelier::new(&["bars=1000", "pause_ms=5", "deaf"]);
    let studio = atelier.open();
    let id = studio.compose(request(1)).unwrap().variations[0].id;
    wait_for(&studio, id, |v| v.bars >= 1);
    studio.cancel(id).unwrap();
    assert_eq!(studio.retry(id).unwrap_err().code, Code::NotNow);
    studio.close();
    let state = studio.job(id.job).unwrap().variations[0].state;
    assert_eq!(state, VariationState::Cancelled);
}

#[test]
fn a_full_disk_is_told_and_what_waits_is_saved_when_there_is_room() {
    let atelier = Atelier::new(&["bars=400", "pause_ms=1"]);
    let studio = atelier.open();
    let events = studio.subscribe();
    let job = studio.compose(request(2)).unwrap();
    // Less than what the library has already: it cannot grow by one page.
    studio.allow_library_pages(1).unwrap();
    let is_trouble = |event: &StudioEvent| matches!(event, StudioEvent::Trouble { .. });
    let told = events_until(&events, is_trouble);
    let Some(StudioEvent::Trouble { error }) = told.last() else {
        panic!("no trouble");
    };
    assert_eq!(error.code, "disk_full");
    studio.allow_library_pages(1_000_000).unwrap();
    for variation in &job.variations {
        let done = wait_for(&studio, variation.id, |v| v.state.is_final());
        assert_eq!((done.state, done.bars), (VariationState::Done, 400));
        let text = studio.piece(&done.piece.unwrap()).unwrap().text;
        assert_eq!(text.matches("[V:1]").count(), 400, "not a bar is lost");
    }
}

#[test]
fn weights_that_changed_since_a_piece_was_queued_do_not_write_it() {
    let atelier = Atelier::new(&["bars=300", "pause_ms=5"]);
    let models = atelier.folder.path().join("models");
    let model = models.join("partita-demo");
    std::fs::create_dir_all(&model).unwrap();
    let demo = atelier.config().model_dirs[0].join("partita-demo");
    for file in ["config.json", "styles.json"] {
        std::fs::copy(demo.join(file), model.join(file)).unwrap();
    }
    std::fs::write(model.join("model.safetensors"), "one").unwrap();
    let mut config = atelier.config();
    config.model_dirs = vec![models];
    let studio = studio::Studio::open(config.clone()).unwrap();
    let id = studio.compose(request(1)).unwrap().variations[0].id;
    wait_for(&studio, id, |v| v.bars > 0);
    studio.close();
    drop(studio);
    std::fs::write(model.join("model.safetensors"), "another").unwrap();
    let studio = reopen(config);
    let failed = wait_for(&studio, id, |v| v.state.is_final());
    assert_eq!(failed.error.unwrap().code, "model_changed");
}

pub(crate) fn is_alive(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
