//! Where pieces are written: on which device, and what happens when a card fails.

use studio::Studio;
use studio::api::{Settings, StudioEvent, WorkerState, WorkerStatus};
use studio::jobs::{Device, NO_CARD, VariationId, VariationState};

use crate::{Atelier, events_until, request, wait_for};

/// A card that is lost after five bars, so many times.
fn losing(times: u32) -> Atelier {
    Atelier::deadly(&[
        "bars=8",
        "loses_card_after_bars=5",
        &format!("dies_times={times}"),
    ])
}

fn choose(studio: &Studio, device: Device) {
    let settings = Settings {
        device,
        ..studio.settings().unwrap()
    };
    studio.save_settings(&settings).unwrap();
}

/// Writes pieces to their ends, and gives their texts and how often each was begun.
fn written(studio: &Studio, variations: u32) -> (Vec<String>, Vec<u32>) {
    let job = studio.compose(request(variations)).unwrap();
    let ids: Vec<VariationId> = job.variations.iter().map(|v| v.id).collect();
    finish(studio, &ids)
}

fn finish(studio: &Studio, ids: &[VariationId]) -> (Vec<String>, Vec<u32>) {
    let done = ids.iter().map(|&id| {
        let done = wait_for(studio, id, |v| v.state.is_final());
        assert_eq!(done.state, VariationState::Done, "{:?}", done.error);
        let piece = studio.piece(&done.piece.unwrap()).unwrap();
        (piece.text, done.attempt)
    });
    done.unzip()
}

fn device(studio: &Studio) -> String {
    let device = studio.worker_status().device.unwrap();
    device.split(", ").next().unwrap().to_owned()
}

fn instead(status: &WorkerStatus) -> Option<&str> {
    status.instead.as_ref().map(|why| why.code.as_str())
}

#[test]
fn a_lost_card_is_tried_again_and_the_pieces_are_the_same() {
    let undisturbed = losing(0);
    let (texts, attempts) = written(&undisturbed.open(), 3);
    assert_eq!(attempts, [1, 1, 1]);
    let atelier = losing(2);
    let studio = atelier.open();
    assert_eq!(written(&studio, 3).0, texts);
    assert_eq!(device(&studio), "Auto", "two losses are no reason");
    assert_eq!(studio.worker_status().instead, None);
}

#[test]
fn a_card_that_is_lost_three_times_is_given_up_and_no_piece_is() {
    let undisturbed = losing(0);
    let (texts, _) = written(&undisturbed.open(), 3);
    let atelier = losing(9);
    let studio = atelier.open();
    let events = studio.subscribe();
    let (same, attempts) = written(&studio, 3);
    assert_eq!(same, texts);
    assert_eq!(attempts[0], 4, "three times on the card, then elsewhere");
    assert_eq!(device(&studio), "Cpu");
    let status = studio.worker_status();
    let why = status.instead.clone().unwrap();
    assert_eq!(why.code, "device_lost");
    assert!(why.message.contains("failed as it was told to"), "{why:?}");
    assert!(!status.plan.unwrap().on_card);
    let told = events_until(&events, |event| match event {
        StudioEvent::Worker { status } => {
            status.state == WorkerState::Ready && status.instead.is_some()
        }
        _ => false,
    });
    let is_trouble = |event: &StudioEvent| matches!(event, StudioEvent::Trouble { .. });
    assert!(!told.iter().any(is_trouble), "it is said calmly, once");
}

#[test]
fn a_card_that_was_given_up_is_remembered_until_it_is_to_be_tried_again() {
    let atelier = losing(3);
    let studio = atelier.open();
    written(&studio, 1);
    let why = studio.worker_status().instead.unwrap();
    studio.close();
    drop(studio);

    let studio = atelier.reopen();
    assert_eq!(
        studio.worker_status().instead,
        Some(why),
        "before there is a worker"
    );
    written(&studio, 1);
    assert_eq!(device(&studio), "Cpu");
    studio.retry_device().unwrap();
    let status = studio.worker_status();
    assert_eq!((status.state, status.instead), (WorkerState::Idle, None));
    assert_eq!(studio.worker_pid(), None, "it has nothing to do");
    written(&studio, 1);
    assert_eq!(device(&studio), "Auto");
    assert!(studio.worker_status().plan.unwrap().on_card);
    studio.close();
    drop(studio);
    assert_eq!(atelier.reopen().worker_status().instead, None);
}

#[test]
fn another_choice_is_a_new_beginning() {
    let atelier = losing(3);
    let studio = atelier.open();
    written(&studio, 1);
    assert_eq!(instead(&studio.worker_status()), Some("device_lost"));
    choose(&studio, Device::Card(1));
    assert_eq!(studio.worker_status().instead, None);
    written(&studio, 1);
    assert_eq!(device(&studio), "Card(1)");
}

#[test]
fn the_device_that_is_chosen_is_the_next_workers() {
    let atelier = Atelier::new(&["bars=3"]);
    let studio = atelier.open();
    let mut pids = Vec::new();
    for (chosen, found) in [
        (Device::Auto, "Auto"),
        (Device::Cpu, "Cpu"),
        (Device::Card(2), "Card(2)"),
    ] {
        choose(&studio, chosen);
        assert_eq!(
            studio.worker_pid(),
            None,
            "the one before holds memory for nothing"
        );
        written(&studio, 1);
        assert_eq!(device(&studio), found);
        pids.push(studio.worker_pid().unwrap());
    }
    assert!(pids[0] != pids[1] && pids[1] != pids[2], "{pids:?}");
    let kept = studio.worker_pid();
    studio.save_settings(&studio.settings().unwrap()).unwrap();
    assert_eq!(studio.worker_pid(), kept, "nothing was chosen anew");
    studio.close();
    drop(studio);

    let studio = atelier.reopen();
    written(&studio, 1);
    assert_eq!(device(&studio), "Card(2)", "it is remembered");
    studio.close();
    drop(studio);
    let mut config = atelier.config();
    config.device = Device::Cpu;
    let studio = crate::reopen(config);
    written(&studio, 1);
    assert_eq!(
        device(&studio),
        "Cpu",
        "what it was started with goes first"
    );
}

#[test]
fn who_changes_their_mind_while_pieces_are_written_keeps_the_worker() {
    let atelier = Atelier::new(&["bars=20", "pause_ms=10"]);
    let studio = atelier.open();
    let job = studio.compose(request(2)).unwrap();
    let [first, second] = [0, 1].map(|k| job.variations[k].id);
    wait_for(&studio, first, |v| v.bars > 0);
    let pid = studio.worker_pid();
    choose(&studio, Device::Cpu);
    choose(&studio, Device::Auto);
    finish(&studio, &[first, second]);
    written(&studio, 1);
    assert_eq!(studio.worker_pid(), pid);
}

#[test]
fn what_is_being_written_is_finished_before_another_device_is_used() {
    let atelier = Atelier::new(&["bars=20", "pause_ms=10"]);
    let studio = atelier.open();
    let job = studio.compose(request(3)).unwrap();
    let [first, second, third] = [0, 1, 2].map(|k| job.variations[k].id);
    wait_for(&studio, first, |v| v.bars > 0);
    let pid = studio.worker_pid();
    choose(&studio, Device::Cpu);
    assert_eq!(studio.worker_pid(), pid);
    let (_, attempts) = finish(&studio, &[first, second, third]);
    assert_eq!(attempts, [1, 1, 1]);
    assert_eq!(device(&studio), "Cpu");
    let begun = |id| wait_for(&studio, id, |_| true).started_ms.unwrap();
    let ended = |id| wait_for(&studio, id, |_| true).ended_ms.unwrap();
    assert!(begun(third) >= ended(first).max(ended(second)));
}

#[test]
fn why_the_processor_takes_a_cards_place_is_said_and_can_be_tried_again() {
    let atelier = Atelier::new(&["bars=3", "instead=device_memory"]);
    let studio = atelier.open();
    written(&studio, 1);
    assert_eq!(instead(&studio.worker_status()), Some("device_memory"));
    let pid = studio.worker_pid();
    studio.retry_device().unwrap();
    assert_eq!(studio.worker_status().instead, None);
    written(&studio, 1);
    assert_eq!(
        instead(&studio.worker_status()),
        Some("device_memory"),
        "it is full still"
    );
    assert_ne!(studio.worker_pid(), pid);
}

#[test]
fn trying_again_while_pieces_are_written_waits_for_them() {
    let atelier = Atelier::new(&["bars=20", "pause_ms=10", "instead=device_memory"]);
    let studio = atelier.open();
    let job = studio.compose(request(3)).unwrap();
    let [first, second, third] = [0, 1, 2].map(|k| job.variations[k].id);
    wait_for(&studio, first, |v| v.bars > 0);
    let pid = studio.worker_pid();
    studio.retry_device().unwrap();
    let status = studio.worker_status();
    assert_eq!((status.state, status.instead), (WorkerState::Ready, None));
    assert_eq!(studio.worker_pid(), pid);
    let (_, attempts) = finish(&studio, &[first, second, third]);
    assert_eq!(attempts, [1, 1, 1]);
    assert_ne!(studio.worker_pid(), pid);
}

#[test]
fn that_there_is_no_card_is_no_reason_to_give_one_up() {
    let atelier = Atelier::new(&["bars=3", "instead=device_absent"]);
    let studio = atelier.open();
    let events = studio.subscribe();
    written(&studio, 1);
    assert_eq!(instead(&studio.worker_status()), Some(NO_CARD));
    let is_trouble = |event: StudioEvent| matches!(event, StudioEvent::Trouble { .. });
    assert!(!events.try_iter().any(is_trouble));
    studio.close();
    drop(studio);
    assert_eq!(atelier.reopen().worker_status().instead, None);
}

#[test]
fn a_device_that_fails_while_the_model_is_loaded_ends_nowhere_but_at_the_processor() {
    let atelier = Atelier::new(&["fatal=device_wrong"]);
    let studio = atelier.open();
    let id = studio.compose(request(1)).unwrap().variations[0].id;
    let failed = wait_for(&studio, id, |v| v.state.is_final());
    assert_eq!(failed.error.unwrap().code, "device_wrong");
    assert_eq!(instead(&studio.worker_status()), Some("device_wrong"));
}

#[test]
fn cards_are_numbered_as_the_driver_lists_them() {
    let atelier = Atelier::new(&["bars=1"]);
    let studio = atelier.open();
    written(&studio, 1);
    let device = studio.worker_status().device.unwrap();
    // Who sets it knows better.
    let order = std::env::var("CUDA_DEVICE_ORDER").unwrap_or("PCI_BUS_ID".into());
    assert_eq!(device, format!("Auto, {order}"));
}
