//! What is broken is taken back and drawn again.

use std::time::Duration;

use engine::{Engine, PATCH_SIZE, Patch};
use jobs::{Change, Ending, JobEvent, Limits, VariationId};

use crate::fake::{Fake, Free, bars, is_broken, last, lines_of, repaired, run, script, varied};

/// The bars of a piece whose context is never full, and how often some patches were taken back, by a plain
/// reading of the rules.
fn expected(free: Free, seed: u64) -> (String, u32) {
    let script = script(seed);
    let lines = lines_of(seed);
    let header: usize = lines[..2]
        .iter()
        .map(|line| line.len().div_ceil(PATCH_SIZE))
        .sum();
    let (mut written, mut kept): (Vec<Patch>, usize) = (Vec::new(), 0);
    let (mut broke, mut rolled_back) = (0, 0);
    for index in 0.. {
        let Some(&patch) = script.get(written.len()) else {
            break;
        };
        if broke <= free.tries && is_broken(free, seed, index) {
            written.truncate(kept);
            broke += 1;
            rolled_back += 1;
            continue;
        }
        written.push(varied(patch, seed, index));
        let ends_bar = written.len() > header && patch.contains(&b'\n');
        if written.len().is_multiple_of(free.stretch) {
            broke = 0;
            kept = written.len();
        } else if ends_bar {
            kept = written.len();
        }
    }
    let text = written[header..].as_flattened().iter().filter(|&&c| c > 2);
    (text.map(|&c| char::from(c)).collect(), rolled_back)
}

fn compose(model: &mut Fake, seed: u64, limits: Limits) -> (Vec<JobEvent>, VariationId) {
    let mut engine = Engine::new(1);
    let spec = repaired(1, seed, limits);
    let id = spec.id;
    engine.submit(spec);
    (run(&mut engine, model), id)
}

fn indices(events: &[JobEvent]) -> Vec<u32> {
    let indices = events.iter().filter_map(|event| match event.change {
        Change::Bar { index, .. } => Some(index),
        _ => None,
    });
    indices.collect()
}

#[test]
fn what_is_broken_is_drawn_again_with_other_random_numbers() {
    let mut in_all = 0;
    for stretch in [1, 4, 1000] {
        for seed in 0..40 {
            let mut model = Fake::new(1);
            model.free.stretch = stretch;
            let (text, rolled_back) = expected(model.free, seed);
            let (events, id) = compose(&mut model, seed, Limits::default());
            assert_eq!(bars(&events, id), text);
            let finished = Change::Finished {
                ending: Ending::Complete,
                patches: script(seed).len() as u32,
                rolled_back,
            };
            assert_eq!(last(&events, id), &finished);
            in_all += rolled_back;
        }
    }
    assert!(in_all > 500, "{in_all}");
}

#[test]
fn a_model_that_always_breaks_is_held_to_the_grammar_and_ends() {
    let mut model = Fake::new(1);
    model.free.breaks = 100;
    let (events, id) = compose(&mut model, 11, Limits::default());
    let patches = script(11).len();
    let stretches = patches.div_ceil(model.free.stretch) as u32;
    let finished = Change::Finished {
        ending: Ending::Complete,
        patches: patches as u32,
        rolled_back: stretches * (model.free.tries + 1),
    };
    assert_eq!(last(&events, id), &finished);
}

#[test]
fn a_bar_is_told_once_and_never_taken_back() {
    let mut model = Fake::new(1);
    // All of the piece is one stretch for the grammar, and it is never held to it.
    (model.free.stretch, model.free.tries) = (1000, u32::MAX);
    for seed in 0..40 {
        let (events, _) = compose(&mut model, seed, Limits::default());
        let all: Vec<u32> = (0..lines_of(seed).len() as u32 - 2).collect();
        assert_eq!(indices(&events), all);
        let headers = events
            .iter()
            .filter(|e| matches!(e.change, Change::Header { .. }));
        assert_eq!(headers.count(), 1);
    }
}

#[test]
fn a_context_that_is_full_in_the_middle_of_a_stretch_is_what_later_tries_go_back_to() {
    for patch_length in 20..30 {
        let mut model = Fake::new(1);
        model.patch_length = patch_length;
        (model.free.stretch, model.free.tries) = (1000, u32::MAX);
        let (events, id) = compose(&mut model, 150, Limits::default());
        assert!(model.restarts.get() > 10);
        // The model has seen to it that each context was one of this piece.
        let small = bars(&events, id).replace('g', "G");
        assert_eq!(small, lines_of(150)[2..].concat());
        let Change::Finished {
            patches,
            rolled_back,
            ..
        } = last(&events, id)
        else {
            panic!("{:?}", last(&events, id));
        };
        assert_eq!(*patches as usize, script(150).len());
        assert!(*rolled_back > 100, "{rolled_back}");
    }
}

#[test]
fn what_was_taken_back_does_not_count_towards_the_limit_of_patches() {
    let limits = Limits {
        max_patches: Some(9),
        ..Limits::default()
    };
    let mut model = Fake::new(1);
    let (events, id) = compose(&mut model, 11, limits);
    let Change::Finished {
        ending,
        patches,
        rolled_back,
    } = last(&events, id)
    else {
        panic!("{:?}", last(&events, id));
    };
    assert_eq!((*ending, *patches), (Ending::LengthLimit, 9));
    assert!(*rolled_back > 0);
    assert!(
        lines_of(11)
            .concat()
            .contains(&bars(&events, id).replace('g', "G"))
    );
}

#[test]
fn the_limit_of_time_ends_what_is_only_taken_back() {
    let limits = Limits {
        max_seconds: Some(20),
        ..Limits::default()
    };
    let mut model = Fake::new(1);
    (model.free.breaks, model.free.tries) = (100, u32::MAX);
    let (events, id) = compose(&mut model, 11, limits);
    assert!(matches!(last(&events, id), Change::Failed(error) if error.code == "no_bars"));
}

#[test]
fn a_slot_whose_piece_was_taken_back_goes_on_with_the_next_sequence() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    model.free.breaks = 100;
    model.free.tries = u32::MAX;
    let (stuck, next) = (
        repaired(1, 5, Limits::default()),
        repaired(1, 5, Limits::default()),
    );
    let (stuck_id, id) = (stuck.id, next.id);
    engine.submit(stuck);
    for second in 0..5 {
        engine.step(&mut model, Duration::from_secs(second));
    }
    assert!(engine.cancel(stuck_id).is_some());
    model.free.breaks = 0;
    engine.submit(next);
    let events = run(&mut engine, &mut model);
    let Change::Finished { rolled_back, .. } = last(&events, id) else {
        panic!("{:?}", last(&events, id));
    };
    assert_eq!(*rolled_back, 0);
    assert_eq!(
        bars(&events, id).replace('g', "G"),
        lines_of(5)[2..].concat()
    );
}
