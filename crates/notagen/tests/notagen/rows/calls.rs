//! What a step is given, and what it refuses.

use notagen::{EOS, Error, Model, PAD, Patch, Row, Sampling};

use super::{LENGTH, Piece, SAMPLING, alone, tiny};

#[test]
fn forced_characters_begin_the_patch_and_the_rest_is_drawn() {
    let mut model = tiny(1);
    let piece = Piece::new(1);
    piece.enter(&mut model, 0);
    let forced = Row {
        forced: b"[V:1]",
        ..piece.row(0)
    };
    let patch = model.step(&[forced]).unwrap()[0];
    assert!(patch.starts_with(b"[V:1]"));
    model.truncate(0, piece.prompt.len() - 1);
    let whole = *b"abcdefghijklmnop";
    assert_eq!(
        model
            .step(&[Row {
                forced: &whole,
                ..piece.row(0)
            }])
            .unwrap()[0],
        whole
    );
}

#[test]
fn the_first_line_of_a_body_is_line_0() {
    let mut model = tiny(1);
    let piece = Piece::new(1);
    for (opens_body, forced, expected) in [
        (true, "[r:", true),
        (false, "[r:", false),
        (true, "[V:", false),
    ] {
        piece.enter(&mut model, 0);
        let row = Row {
            opens_body,
            forced: forced.as_bytes(),
            ..piece.row(0)
        };
        let patch = model.step(&[row]).unwrap()[0];
        assert_eq!(patch[3..].starts_with(b"0/"), expected, "{patch:?}");
    }
}

#[test]
fn after_its_end_a_patch_is_padding() {
    let mut model = tiny(1);
    for seed in 0..6 {
        for patch in alone(&mut model, seed, LENGTH) {
            if let Some(end) = patch.iter().position(|&id| id == EOS) {
                assert!(patch[end + 1..].iter().all(|&id| id == PAD), "{patch:?}");
            }
        }
    }
}

#[test]
fn a_refused_step_leaves_every_context_as_it_was() {
    let mut model = tiny(2);
    let (a, b) = (Piece::new(0), Piece::new(1));
    a.enter(&mut model, 0);
    b.enter(&mut model, 1);
    let before = [model.positions(0), model.positions(1)];
    let bad = Sampling {
        top_k: 0,
        ..SAMPLING
    };
    let refused: [(&str, Vec<Row<'_>>); 6] = [
        (
            "sampling_invalid",
            vec![
                a.row(0),
                Row {
                    sampling: bad,
                    ..b.row(1)
                },
            ],
        ),
        ("call_invalid", vec![a.row(0), b.row(0)]),
        ("call_invalid", vec![a.row(0), b.row(2)]),
        (
            "text_invalid",
            vec![
                a.row(0),
                Row {
                    input: [200; 16],
                    ..b.row(1)
                },
            ],
        ),
        (
            "text_invalid",
            vec![
                a.row(0),
                Row {
                    forced: &[2],
                    ..b.row(1)
                },
            ],
        ),
        (
            "text_invalid",
            vec![
                a.row(0),
                Row {
                    forced: &[65; 17],
                    ..b.row(1)
                },
            ],
        ),
    ];
    for (code, rows) in refused {
        assert_eq!(model.step(&rows).unwrap_err().code(), code);
        assert_eq!([model.positions(0), model.positions(1)], before);
    }
    assert_eq!(model.step(&[]).unwrap(), Vec::<Patch>::new());
    assert_eq!(
        model.step(&[a.row(0)]).unwrap()[0],
        alone(&mut model, 0, LENGTH)[0]
    );
}

#[test]
fn a_full_context_is_an_error_and_not_a_panic() {
    let mut model = tiny(1);
    let limit = model.config().patch_length;
    let patch = Piece::new(0).prompt[1];
    assert!(matches!(
        model.prefill(0, &vec![patch; limit + 1]),
        Err(Error::ContextFull { .. })
    ));
    assert_eq!(model.positions(0), 0);
    model.prefill(0, &vec![patch; limit - 1]).unwrap();
    model.step(&[Piece::new(0).row(0)]).unwrap();
    assert_eq!(model.positions(0), limit);
    assert_eq!(
        model.step(&[Piece::new(0).row(0)]).unwrap_err().code(),
        "context_full"
    );
    model.clear(0);
    assert_eq!(model.positions(0), 0);
}

#[test]
fn a_model_can_move_to_the_thread_that_runs_it() {
    fn moves<T: Send + 'static>() {}
    moves::<Model>();
    moves::<Error>();
}
