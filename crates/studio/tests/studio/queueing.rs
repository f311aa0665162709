//! Who gets the next slot, and in which format weights are kept.

use studio::Studio;
use studio::api::{ComposeRequest, StudioEvent};
use studio::jobs::{Dtype, JobId, Priority, VariationId, VariationState};

use crate::{Atelier, events_until, request, wait_for};

/// In the order in which they began to be written.
fn begun(events: &[StudioEvent]) -> Vec<VariationId> {
    let mut order = Vec::new();
    for event in events {
        if let StudioEvent::Variation { variation } = event
            && variation.state == VariationState::Running
            && !order.contains(&variation.id)
        {
            order.push(variation.id);
        }
    }
    order
}

/// Composes the jobs one after the other and gives the order in which their variations began.
fn order(studio: &Studio, requests: &[ComposeRequest]) -> (Vec<JobId>, Vec<VariationId>) {
    let events = studio.subscribe();
    let mut jobs = Vec::new();
    let mut left = 0;
    for request in requests {
        left += request.variations;
        let job = studio.compose(request.clone()).unwrap();
        if jobs.is_empty() {
            // The first has all slots before the others are there.
            for variation in job.variations.iter().take(2) {
                wait_for(studio, variation.id, |v| v.state == VariationState::Running);
            }
        }
        jobs.push(job.id);
    }
    let told = events_until(&events, |event| {
        if let StudioEvent::Variation { variation } = event {
            left -= u32::from(variation.state == VariationState::Done);
        }
        left == 0
    });
    (jobs, begun(&told))
}

#[test]
fn a_later_job_does_not_wait_for_all_of_a_large_one() {
    let atelier = Atelier::new(&["bars=5", "pause_ms=10"]);
    let (jobs, order) = order(&atelier.open(), &[request(12), request(2)]);
    let last = order.iter().rposition(|id| id.job == jobs[1]).unwrap();
    assert!(last <= 5, "{order:?}");
}

#[test]
fn a_high_priority_goes_first_and_a_low_one_last() {
    let atelier = Atelier::new(&["bars=5", "pause_ms=10"]);
    let with = |priority| ComposeRequest {
        priority: Some(priority),
        ..request(3)
    };
    let requests = [
        request(2),
        with(Priority::Low),
        with(Priority::Normal),
        with(Priority::High),
    ];
    let (jobs, order) = order(&atelier.open(), &requests);
    let of = |job: usize| order.iter().position(|id| id.job == jobs[job]).unwrap();
    assert!(of(3) < of(2) && of(2) < of(1), "{order:?}");
}

#[test]
fn a_job_that_waits_can_be_put_first() {
    let atelier = Atelier::new(&["bars=5", "pause_ms=10"]);
    let studio = atelier.open();
    let (first, second) = (request(6), request(1));
    let first = studio.compose(first).unwrap();
    let second = studio
        .compose(ComposeRequest {
            priority: Some(Priority::Low),
            ..second
        })
        .unwrap();
    let put_first = studio.prioritise(second.id, Priority::High).unwrap();
    assert_eq!(put_first.priority, Priority::High);
    wait_for(&studio, second.variations[0].id, |v| {
        v.state == VariationState::Done
    });
    let first = studio.job(first.id).unwrap();
    let waits = |state| matches!(state, VariationState::Queued | VariationState::Running);
    assert!(first.variations.iter().any(|v| waits(v.state)));
}

#[test]
fn another_format_is_another_worker_and_is_kept_with_the_piece() {
    let atelier = Atelier::new(&["bars=3"]);
    let studio = atelier.open();
    let with = |dtype| ComposeRequest {
        dtype,
        ..request(1)
    };
    let mut pids = Vec::new();
    for dtype in [None, Some(Dtype::Q8_0), None] {
        let job = studio.compose(with(dtype)).unwrap();
        let done = wait_for(&studio, job.variations[0].id, |v| v.state.is_final());
        pids.push(studio.worker_pid());
        assert_eq!(studio.worker_status().plan.unwrap().dtype, dtype);
        assert_eq!(studio.piece(&done.piece.unwrap()).unwrap().dtype, dtype);
    }
    assert!(pids[0] != pids[1] && pids[1] != pids[2], "{pids:?}");
}
