//! Where a piece ends, and what is told of it.

use engine::Engine;
use jobs::{Change, Ending, Limits};

use crate::fake::{Fake, bars, last, lines_of, run, script, sequence};

fn finished(ending: Ending, seed: u64) -> Change {
    Change::Finished {
        ending,
        patches: script(seed).len() as u32,
        rolled_back: 0,
    }
}

#[test]
fn a_piece_is_told_from_its_header_to_its_end_in_order() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    let spec = sequence(1, 5, Limits::default());
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut model);

    assert_eq!(events[0].change, Change::Started);
    let header = "%Romantic\n%Composer 1\n%Art Song\nL:1/8\nV:1 nm=\"seed 5\"\n";
    let text = header.to_owned();
    assert_eq!(events[1].change, Change::Header { text });
    for (index, line) in lines_of(5)[2..].iter().enumerate() {
        let expected = Change::Bar {
            index: index as u32,
            text: line.clone(),
        };
        assert_eq!(events[2 + index].change, expected);
    }
    assert_eq!(last(&events, id), &finished(Ending::Complete, 5));
}

#[test]
fn the_bar_limit_ends_a_piece_at_a_bar_line() {
    let limits = Limits {
        max_bars: Some(2),
        ..Limits::default()
    };
    let mut engine = Engine::new(1);
    let spec = sequence(1, 11, limits);
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut Fake::new(1));
    assert_eq!(bars(&events, id), lines_of(11)[2..4].concat());
    let Change::Finished { ending, .. } = last(&events, id) else {
        panic!("not finished");
    };
    assert_eq!(*ending, Ending::BarLimit);
}

#[test]
fn patches_and_time_end_a_piece_after_its_last_whole_bar() {
    for (limits, ending) in [
        (
            Limits {
                max_patches: Some(8),
                ..Limits::default()
            },
            Ending::LengthLimit,
        ),
        (
            Limits {
                max_seconds: Some(8),
                ..Limits::default()
            },
            Ending::TimeLimit,
        ),
    ] {
        let mut engine = Engine::new(1);
        let spec = sequence(1, 11, limits);
        let id = spec.id;
        engine.submit(spec);
        let events = run(&mut engine, &mut Fake::new(1));
        let text = bars(&events, id);
        assert!(text.ends_with('\n') && !text.is_empty());
        assert!(lines_of(11).concat().contains(&text), "only whole bars");
        assert!(matches!(last(&events, id), Change::Finished { ending: e, .. } if *e == ending));
    }
}

#[test]
fn a_piece_without_a_bar_fails_and_says_so() {
    let limits = Limits {
        max_patches: Some(2),
        ..Limits::default()
    };
    let mut engine = Engine::new(1);
    let spec = sequence(1, 11, limits);
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut Fake::new(1));
    assert!(matches!(last(&events, id), Change::Failed(error) if error.code == "no_bars"));
}

#[test]
fn a_piece_longer_than_the_context_restarts_and_loses_nothing() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    model.patch_length = 20;
    let spec = sequence(1, 11, Limits::default());
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut model);
    assert!(
        model.restarts.get() > 0,
        "the piece is longer than the context"
    );
    assert_eq!(bars(&events, id), lines_of(11)[2..].concat());
    assert_eq!(last(&events, id), &finished(Ending::Complete, 11));
}

#[test]
fn a_piece_many_times_longer_than_the_context_restarts_each_time_it_is_full() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    model.patch_length = 60;
    let spec = sequence(1, 400, Limits::default());
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut model);
    // About a thousand patches, of which each restart leaves half a context.
    let restarts = model.restarts.get();
    assert!((20..60).contains(&restarts), "{restarts}");
    assert_eq!(bars(&events, id), lines_of(400)[2..].concat());
    assert_eq!(last(&events, id), &finished(Ending::Complete, 400));
}

#[test]
fn a_sequence_the_model_refuses_fails_alone() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    model.refuses_composer = Some("Composer 1");
    let (refused, other) = (
        sequence(1, 3, Limits::default()),
        sequence(2, 4, Limits::default()),
    );
    let (refused_id, other_id) = (refused.id, other.id);
    engine.submit(refused);
    engine.submit(other);
    let events = run(&mut engine, &mut model);
    assert!(matches!(last(&events, refused_id), Change::Failed(e) if e.code == "refused"));
    assert_eq!(last(&events, other_id), &finished(Ending::Complete, 4));
}

#[test]
fn a_sequence_the_model_chokes_on_fails_and_its_neighbours_go_on() {
    let mut engine = Engine::new(3);
    let mut model = Fake::new(3);
    model.chokes_on = Some((11, 9));
    let specs = [3, 11, 4].map(|seed| sequence(seed as u32, seed, Limits::default()));
    let ids = specs.clone().map(|spec| spec.id);
    for spec in specs {
        engine.submit(spec);
    }
    let events = run(&mut engine, &mut model);
    assert!(matches!(last(&events, ids[1]), Change::Failed(e) if e.code == "refused"));
    assert!(
        !bars(&events, ids[1]).is_empty(),
        "what was written before is kept"
    );
    for (id, seed) in [(ids[0], 3), (ids[2], 4)] {
        assert_eq!(bars(&events, id), lines_of(seed)[2..].concat());
        assert_eq!(last(&events, id), &finished(Ending::Complete, seed));
    }
}

#[test]
fn a_piece_that_cannot_restart_ends_with_the_bars_it_has() {
    let mut engine = Engine::new(1);
    let mut model = Fake::new(1);
    model.patch_length = 12;
    model.keeps_all = true;
    let spec = sequence(1, 11, Limits::default());
    let id = spec.id;
    engine.submit(spec);
    let events = run(&mut engine, &mut model);
    let text = bars(&events, id);
    assert!(!text.is_empty() && lines_of(11).concat().contains(&text));
    let Change::Finished { ending, .. } = last(&events, id) else {
        panic!("{:?}", last(&events, id));
    };
    assert_eq!(*ending, Ending::LengthLimit);
}
