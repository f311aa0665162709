//! A card that does not answer any more: its worker says nothing, and never will.

use std::time::Duration;

use studio::Studio;
use studio::jobs::{Device, VariationId, VariationState};

use crate::crashing::is_alive;
use crate::{Atelier, reopen, request, wait_for};

/// How long a worker on a card may be silent here.
const PATIENCE: Duration = Duration::from_millis(300);

fn open(atelier: &Atelier, device: Device) -> Studio {
    let mut config = atelier.config();
    config.card_patience = PATIENCE;
    config.device = device;
    reopen(config)
}

/// A card that hangs after five bars, so many times.
fn hanging(times: u32) -> Atelier {
    Atelier::deadly(&[
        "bars=8",
        "hangs_after_bars=5",
        &format!("dies_times={times}"),
    ])
}

/// Writes two pieces to their ends, and gives their texts and how often the first was begun.
fn written(studio: &Studio) -> ([String; 2], u32) {
    let job = studio.compose(request(2)).unwrap();
    let texts = [0, 1].map(|k| {
        let done = wait_for(studio, job.variations[k].id, |v| v.state.is_final());
        assert_eq!(done.state, VariationState::Done, "{:?}", done.error);
        studio.piece(&done.piece.unwrap()).unwrap().text
    });
    let first = wait_for(studio, job.variations[0].id, |_| true);
    (texts, first.attempt)
}

fn is_on_card(studio: &Studio) -> bool {
    studio.worker_status().plan.unwrap().on_card
}

#[test]
fn pieces_on_a_card_that_hangs_are_begun_again() {
    let (texts, attempts) = written(&open(&hanging(0), Device::Auto));
    assert_eq!(attempts, 1);
    let atelier = hanging(1);
    let studio = open(&atelier, Device::Auto);
    assert_eq!(written(&studio), (texts, 2));
    assert!(is_on_card(&studio), "once is no reason");
    assert_eq!(studio.worker_status().instead, None);
}

#[test]
fn a_card_that_hangs_three_times_is_given_up_and_no_piece_is() {
    let atelier = hanging(99);
    let studio = open(&atelier, Device::Auto);
    assert_eq!(
        written(&studio).1,
        4,
        "three times on the card, then elsewhere"
    );
    assert!(!is_on_card(&studio));
    let why = studio.worker_status().instead.unwrap();
    assert_eq!(why.code, "device_lost");
    assert!(why.message.contains("did not answer"), "{why:?}");
}

#[test]
fn a_worker_whose_card_hangs_is_ended_and_what_was_cancelled_meanwhile_stays_so() {
    let atelier = hanging(1);
    let studio = open(&atelier, Device::Auto);
    let job = studio.compose(request(2)).unwrap();
    let [first, second] = [0, 1].map(|k| job.variations[k].id);
    wait_for(&studio, first, |v| v.bars > 0);
    let pid = studio.worker_pid().unwrap();
    studio.cancel(first).unwrap();
    let state = |id: VariationId| wait_for(&studio, id, |v| v.state.is_final()).state;
    assert_eq!(state(first), VariationState::Cancelled);
    assert_eq!(state(second), VariationState::Done);
    assert_ne!(studio.worker_pid(), Some(pid));
    let start = std::time::Instant::now();
    while is_alive(pid) {
        assert!(start.elapsed() < crate::PATIENCE, "it is there still");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_worker_on_a_card_that_says_it_is_alive_is_left_alone_and_so_is_one_without_work() {
    let pause = format!("pause_ms={}", 3 * PATIENCE.as_millis());
    let atelier = Atelier::new(&["bars=1", &pause, "alive"]);
    let studio = open(&atelier, Device::Auto);
    assert_eq!(written(&studio).1, 1);
    assert!(is_on_card(&studio));
    let pid = studio.worker_pid();
    std::thread::sleep(2 * PATIENCE);
    assert_eq!(studio.worker_pid(), pid);
}

#[test]
fn a_processor_may_be_silent_for_as_long_as_it_computes() {
    let pause = format!("pause_ms={}", 3 * PATIENCE.as_millis());
    let atelier = Atelier::new(&["bars=1", &pause]);
    let studio = open(&atelier, Device::Cpu);
    assert_eq!(written(&studio).1, 1);
    // The same on a card is a loss.
    let studio = open(&Atelier::new(&["bars=1", &pause]), Device::Auto);
    assert_eq!(written(&studio).1, 4);
}
