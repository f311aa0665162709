//! Who is in the batch, and that it makes no difference to a piece.

use std::time::Duration;

use engine::{Engine, Model};
use jobs::{Change, JobEvent, JobId, Limits, Priority, SequenceSpec, VariationId};
use proptest::prelude::*;

use crate::fake::{Fake, Free, bars, last, lines_of, repaired, run, sequence};

#[test]
fn a_waiting_sequence_joins_as_soon_as_a_slot_is_free() {
    let mut engine = Engine::new(2);
    let mut model = Fake::new(2);
    // Seeds 0 and 11: one bar and twelve.
    let specs = [
        sequence(1, 0, Limits::default()),
        sequence(2, 11, Limits::default()),
        sequence(3, 11, Limits::default()),
    ];
    let ids = specs.clone().map(|spec| spec.id);
    for spec in specs {
        engine.submit(spec);
    }
    let events = run(&mut engine, &mut model);
    let place = |id, wanted: fn(&Change) -> bool| {
        let found = events.iter().position(|e| e.id == id && wanted(&e.change));
        found.expect("the event")
    };
    let joined = place(ids[2], |c| matches!(c, Change::Started));
    assert!(place(ids[0], |c| matches!(c, Change::Finished { .. })) < joined);
    assert!(joined < place(ids[1], |c| matches!(c, Change::Finished { .. })));
    assert_eq!(model.most_rows, 2);
}

#[test]
fn a_cancelled_sequence_says_nothing_more_and_frees_its_slot() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    let (first, second) = (
        sequence(1, 11, Limits::default()),
        sequence(2, 3, Limits::default()),
    );
    let (first_id, second_id) = (first.id, second.id);
    engine.submit(first);
    engine.submit(second);
    for second in 0..6 {
        engine.step(&mut model, Duration::from_secs(second));
    }
    let told = engine.cancel(first_id).expect("it was running");
    assert_eq!(told.change, Change::Cancelled);
    assert_eq!(engine.cancel(first_id), None, "it is gone");
    let events = run(&mut engine, &mut model);
    assert!(events.iter().all(|event| event.id == second_id));
    assert_eq!(bars(&events, second_id), lines_of(3)[2..].concat());
}

#[test]
fn a_waiting_sequence_can_be_cancelled() {
    let mut engine = Engine::new(1);
    let spec = sequence(1, 1, Limits::default());
    let id = spec.id;
    engine.submit(spec);
    assert!(engine.cancel(id).is_some());
    assert!(engine.is_idle());
}

#[test]
fn variations_of_one_prompt_share_its_reading() {
    let mut engine = Engine::new(4);
    let mut model = Fake::new(4);
    let specs: Vec<SequenceSpec> = (0..4)
        .map(|seed| SequenceSpec {
            style: sequence(1, 0, Limits::default()).style,
            ..sequence(seed, 3 + u64::from(seed), Limits::default())
        })
        .collect();
    let ids: Vec<VariationId> = specs.iter().map(|spec| spec.id).collect();
    specs.into_iter().for_each(|spec| engine.submit(spec));
    let events = run(&mut engine, &mut model);
    let before = model.encode_prompt(&sequence(1, 0, Limits::default()).style);
    let before = before.unwrap().len() - 1;
    assert_eq!((model.read, model.copied), (before, 3 * before));
    for (seed, id) in (3..).zip(ids) {
        assert_eq!(bars(&events, id), lines_of(seed)[2..].concat());
    }
}

#[test]
fn a_slot_that_held_the_same_prompt_reads_it_no_more() {
    let mut engine = Engine::new(2);
    let mut model = Fake::new(2);
    engine.submit(sequence(1, 3, Limits::default()));
    engine.submit(sequence(2, 3, Limits::default()));
    run(&mut engine, &mut model);
    let before = (model.read, model.copied);
    // The second goes to its own slot, though the other is free too.
    engine.submit(sequence(2, 5, Limits::default()));
    engine.submit(sequence(1, 5, Limits::default()));
    run(&mut engine, &mut model);
    assert_eq!((model.read, model.copied), before);
}

#[test]
fn a_long_context_is_read_in_parts_while_others_go_on() {
    let mut engine = Engine::new(2);
    let mut model = Fake::new(2);
    model.patch_length = 400;
    let (long, other) = (
        sequence(1, 400, Limits::default()),
        sequence(2, 300, Limits::default()),
    );
    let (long_id, other_id) = (long.id, other.id);
    engine.submit(long);
    let mut events = Vec::new();
    // The first is ahead, so that only it restarts.
    for _ in 0..200 {
        events.extend(engine.step(&mut model, Duration::ZERO));
    }
    engine.submit(other);
    while model.restarts.get() == 0 {
        events.extend(engine.step(&mut model, Duration::ZERO));
    }
    let drawn = model.contexts[1].len();
    for step in 1..=2 {
        events.extend(engine.step(&mut model, Duration::ZERO));
        assert_eq!(model.contexts[1].len(), drawn + step, "it waits for nobody");
    }
    events.extend(run(&mut engine, &mut model));
    assert!(model.most_read <= 64, "{} patches at once", model.most_read);
    for (seed, id) in [(400, long_id), (300, other_id)] {
        assert_eq!(bars(&events, id), lines_of(seed)[2..].concat());
    }
}

#[derive(Debug, Clone)]
enum Act {
    /// A seed, and whether what is broken is drawn again.
    Submit(u64, bool),
    Cancel(usize),
    Step(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0u64..40, any::<bool>()).prop_map(|(seed, repairs)| Act::Submit(seed, repairs)),
        (0usize..40).prop_map(Act::Cancel),
        (1u8..20).prop_map(Act::Step),
    ];
    proptest::collection::vec(act, 1..60)
}

fn free() -> impl Strategy<Value = Free> {
    (0u64..=100, 1usize..8, 0u32..4).prop_map(|(breaks, stretch, tries)| Free {
        breaks,
        stretch,
        tries,
    })
}

proptest! {
    /// Whatever joins and leaves, each piece that is not cancelled is what it would be alone, every
    /// sequence comes to exactly one end, and no more run than there are slots.
    #[test]
    fn company_makes_no_difference(
        acts in acts(),
        slots in 1usize..6,
        patch_length in 20usize..80,
        free in free(),
    ) {
        let fake = |slots| Fake { patch_length, free, ..Fake::new(slots) };
        let mut engine = Engine::new(slots);
        let mut model = fake(slots);
        let mut submitted = Vec::new();
        let mut events = Vec::new();
        let mut now = 0;
        for act in acts {
            match act {
                Act::Submit(seed, repairs) => {
                    let make = if repairs { repaired } else { sequence };
                    let spec = make(submitted.len() as u32, seed, Limits::default());
                    submitted.push(spec.clone());
                    engine.submit(spec);
                }
                Act::Cancel(which) => {
                    if let Some(spec) = submitted.get(which) {
                        events.extend(engine.cancel(spec.id));
                    }
                }
                Act::Step(times) => {
                    for _ in 0..times {
                        now += 1;
                        events.extend(engine.step(&mut model, Duration::from_secs(now)));
                    }
                }
            }
        }
        events.extend(run(&mut engine, &mut model));
        prop_assert!(model.most_rows <= slots);
        for spec in submitted {
            let id = spec.id;
            let ends = events.iter().filter(|e| e.id == id).filter(|e| {
                matches!(e.change, Change::Finished { .. } | Change::Cancelled | Change::Failed(_))
            });
            prop_assert_eq!(ends.count(), 1);
            let mut alone = Engine::new(1);
            alone.submit(spec);
            let alone = run(&mut alone, &mut fake(1));
            let whole = bars(&alone, id);
            match last(&events, id) {
                finished @ Change::Finished { .. } => {
                    prop_assert_eq!(bars(&events, id), whole);
                    prop_assert_eq!(finished, last(&alone, id));
                }
                Change::Cancelled => prop_assert!(whole.starts_with(&bars(&events, id))),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

/// In the order in which they get their slots.
fn started(events: &[JobEvent]) -> Vec<VariationId> {
    let begins = |event: &&JobEvent| matches!(event.change, Change::Started);
    events.iter().filter(begins).map(|event| event.id).collect()
}

/// The sequences of one job, each of twelve bars.
fn job(count: u32, priority: Priority) -> Vec<SequenceSpec> {
    let job = JobId::new();
    (1..=count)
        .map(|number| SequenceSpec {
            id: VariationId { job, number },
            priority,
            ..sequence(number, 11, Limits::default())
        })
        .collect()
}

#[test]
fn a_later_job_does_not_wait_for_all_of_a_large_one() {
    let (mut engine, mut model) = (Engine::new(2), Fake::new(2));
    let (large, small) = (job(8, Priority::Normal), job(2, Priority::Normal));
    for spec in large.iter().chain(&small) {
        engine.submit(spec.clone());
    }
    let order = started(&run(&mut engine, &mut model));
    assert_eq!(order[..3], [large[0].id, small[0].id, large[1].id]);
    let last = order.iter().position(|id| *id == small[1].id);
    assert!(last.is_some_and(|last| last <= 4), "{order:?}");
}

#[test]
fn a_higher_priority_gets_the_next_slot() {
    let (mut engine, mut model) = (Engine::new(1), Fake::new(1));
    let low = job(2, Priority::Low);
    low.iter().for_each(|spec| engine.submit(spec.clone()));
    let mut events = engine.step(&mut model, Duration::ZERO);
    let high = job(2, Priority::High);
    high.iter().for_each(|spec| engine.submit(spec.clone()));
    events.extend(run(&mut engine, &mut model));
    let order = started(&events);
    assert_eq!(order, [low[0].id, high[0].id, high[1].id, low[1].id]);
}
