//! A piece depends on its seed alone: not on its neighbours, its slot, or how its prompt came in.

use std::sync::Mutex;

use notagen::{
    EOS, Error, Format, Model, PAD, PATCH_SIZE, Pass, Patch, Row, Sampling, VOCAB, distribution,
    draw, patches, uniform,
};

use crate::parity::data;

/// Warm enough that random weights draw many different patches.
const SAMPLING: Sampling = Sampling {
    top_k: 40,
    top_p: 0.98,
    temperature: 1.2,
};
const LENGTH: usize = 10;

fn tiny(slots: usize) -> Model {
    Model::load(&data().join("tiny"), slots, None).unwrap()
}

/// One piece: what it starts from, and what it has drawn so far.
#[derive(Clone)]
struct Piece {
    seed: u64,
    prompt: Vec<Patch>,
    drawn: Vec<Patch>,
}

impl Piece {
    fn new(seed: u64) -> Self {
        let composer = ["Schubert, Franz", "Chopin, Frederic", "Bach"][seed as usize % 3];
        Self {
            seed,
            prompt: patches::encode_prompt("Romantic", composer, "Art Song").unwrap(),
            drawn: Vec::new(),
        }
    }

    fn row(&self, slot: usize) -> Row<'static> {
        Row {
            slot,
            input: *self.drawn.last().or(self.prompt.last()).unwrap(),
            seed: self.seed,
            patch_index: (self.prompt.len() + self.drawn.len()) as u64,
            sampling: SAMPLING,
            forced: &[],
            opens_body: false,
            mask: None,
        }
    }

    fn enter(&self, model: &mut Model, slot: usize) {
        model.clear(slot);
        model
            .prefill(slot, &self.prompt[..self.prompt.len() - 1])
            .unwrap();
    }
}

fn alone(model: &mut Model, seed: u64) -> Vec<Patch> {
    let mut piece = Piece::new(seed);
    piece.enter(model, 0);
    for _ in 0..LENGTH {
        let patch = model.step(&[piece.row(0)]).unwrap()[0];
        piece.drawn.push(patch);
    }
    piece.drawn
}

#[test]
fn a_piece_is_the_same_alone_and_in_company_that_comes_and_goes() {
    let mut model = tiny(8);
    let expected: Vec<Vec<Patch>> = (0..8).map(|seed| alone(&mut model, seed)).collect();
    assert_ne!(expected[0], expected[3], "seeds make a difference");

    for company in 1..=8_usize {
        let mut pieces: Vec<Piece> = (0..company as u64).map(Piece::new).collect();
        let slot = |piece: usize| (piece * 3 + company) % 8;
        // Piece i joins at tick i and leaves when it has its length.
        for tick in 0.. {
            if tick < company {
                pieces[tick].enter(&mut model, slot(tick));
            }
            let mut running: Vec<usize> = (0..company.min(tick + 1))
                .filter(|&piece| pieces[piece].drawn.len() < LENGTH)
                .collect();
            if running.is_empty() {
                break;
            }
            // Nor does the order of the rows matter.
            let places = running.len();
            running.rotate_left(tick % places);
            let rows: Vec<Row<'_>> = running
                .iter()
                .map(|&piece| pieces[piece].row(slot(piece)))
                .collect();
            for (&piece, patch) in running.iter().zip(model.step(&rows).unwrap()) {
                pieces[piece].drawn.push(patch);
            }
        }
        for piece in pieces {
            assert_eq!(
                piece.drawn, expected[piece.seed as usize],
                "seed {} among {company}",
                piece.seed
            );
        }
    }
}

/// Every format that hidden sizes of 64 allow, and the exact one.
const FORMATS: [Option<Format>; 5] = [
    None,
    Some(Format::F32),
    Some(Format::F16),
    Some(Format::Bf16),
    Some(Format::Q8_0),
];

#[test]
fn guessing_changes_the_passes_and_no_bit_in_random_company() {
    const SEEDS: usize = 32;
    // An alphabet so small that many guesses are right.
    let few = b"ab\x02".iter().fold(0, |bits, &c| bits | 1u128 << c);
    let few = Says(|_: &[u8]| few);
    let among_few = |piece: &Piece, slot: usize| Row {
        mask: Some(&few),
        sampling: Sampling {
            temperature: 0.2 * (piece.seed % 4) as f64,
            ..SAMPLING
        },
        ..piece.row(slot)
    };
    for format in FORMATS {
        let mut model = Model::load(&data().join("tiny"), 8, format).unwrap();
        let (mut alone, mut passes) = (Vec::new(), [0, 0]);
        for drafting in [false, true] {
            model.set_drafting(drafting);
            let before = model.passes();
            let drawn: Vec<Vec<Patch>> = (0..SEEDS as u64)
                .map(|seed| {
                    let mut piece = Piece::new(seed);
                    piece.enter(&mut model, 0);
                    for _ in 0..2 * LENGTH {
                        let patch = model.step(&[among_few(&piece, 0)]).unwrap();
                        piece.drawn.extend(patch);
                    }
                    piece.drawn
                })
                .collect();
            passes[usize::from(drafting)] = model.passes() - before;
            assert!(alone.is_empty() || drawn == alone, "{format:?}");
            alone = drawn;
        }
        assert!(
            passes[1] * 4 < passes[0] * 3,
            "{passes:?} passes without guesses and with"
        );

        // They come to whichever slot is free, some with guesses around them and some without.
        let mut waiting: Vec<Piece> = (0..SEEDS as u64).map(Piece::new).collect();
        let mut running: Vec<(usize, Piece)> = Vec::new();
        let mut free: Vec<usize> = (0..8).collect();
        for tick in 0.. {
            let chance = |what: u64| uniform(tick, what, 9);
            while !free.is_empty() && !waiting.is_empty() && chance(waiting.len() as u64) < 0.6 {
                let piece = waiting.swap_remove((chance(100) * waiting.len() as f64) as usize);
                let slot = free.swap_remove((chance(200) * free.len() as f64) as usize);
                piece.enter(&mut model, slot);
                running.push((slot, piece));
            }
            if running.is_empty() && waiting.is_empty() {
                break;
            }
            model.set_drafting(chance(300) < 0.7);
            let rows: Vec<Row<'_>> = running
                .iter()
                .map(|(slot, piece)| among_few(piece, *slot))
                .collect();
            let patches = model.step(&rows).unwrap();
            for ((_, piece), patch) in running.iter_mut().zip(patches) {
                piece.drawn.push(patch);
            }
            running.retain(|(slot, piece)| {
                let goes_on = piece.drawn.len() < 2 * LENGTH;
                if !goes_on {
                    assert_eq!(piece.drawn, alone[piece.seed as usize], "{format:?}");
                    free.push(*slot);
                }
                goes_on
            });
        }
    }
}

#[test]
fn a_forked_context_is_the_one_that_was_read() {
    for format in FORMATS {
        let mut model = Model::load(&data().join("tiny"), 3, format).unwrap();
        let alone = alone(&mut model, 5);
        // Another piece stood there before, longer than what is copied.
        let mut other = Piece::new(4);
        other.enter(&mut model, 2);
        for _ in 0..3 {
            let patch = model.step(&[other.row(2)]).unwrap()[0];
            other.drawn.push(patch);
        }
        // Forked in the middle, with the first half of it shared.
        let mut piece = Piece::new(5);
        piece.enter(&mut model, 0);
        let half = alone[..LENGTH / 2].iter().copied();
        for patch in half {
            assert_eq!(model.step(&[piece.row(0)]).unwrap(), [patch]);
            piece.drawn.push(patch);
        }
        model.fork(0, 2, model.positions(0)).unwrap();
        assert_eq!(model.positions(2), model.positions(0));
        let mut twin = piece.clone();
        for patch in &alone[LENGTH / 2..] {
            let drawn = model.step(&[piece.row(0), twin.row(2)]).unwrap();
            assert_eq!(drawn, [*patch; 2], "{format:?}");
            piece.drawn.push(drawn[0]);
            twin.drawn.push(drawn[1]);
        }
        for (from, to, patches) in [(0, 0, 1), (0, 9, 1), (9, 0, 1), (0, 1, 500)] {
            assert_eq!(
                model.fork(from, to, patches).unwrap_err().code(),
                "call_invalid"
            );
        }
    }
}

#[test]
fn how_a_prompt_is_divided_changes_nothing() {
    let text = std::fs::read_to_string(data().join("tiny/text.abc")).unwrap();
    let prompt = patches::encode_training(&text, 256).unwrap();
    let drawn = |chunk: usize| {
        let mut model = tiny(1);
        let mut piece = Piece {
            seed: 5,
            prompt: prompt.clone(),
            drawn: Vec::new(),
        };
        for patches in prompt[..prompt.len() - 1].chunks(chunk) {
            model.prefill(0, patches).unwrap();
        }
        for _ in 0..4 {
            let patch = model.step(&[piece.row(0)]).unwrap()[0];
            piece.drawn.push(patch);
        }
        piece.drawn
    };
    let whole = drawn(prompt.len());
    for chunk in [1, 3, 64, 65, 100] {
        assert_eq!(drawn(chunk), whole, "in chunks of {chunk}");
    }
}

#[test]
fn a_truncated_context_continues_as_if_the_rest_had_never_been() {
    let mut model = tiny(1);
    let expected = alone(&mut model, 2);
    let mut piece = Piece::new(2);
    let prompt = piece.prompt.len();
    model.truncate(0, prompt + 2);
    piece.drawn = expected[..3].to_vec();
    for _ in 3..LENGTH {
        let patch = model.step(&[piece.row(0)]).unwrap()[0];
        piece.drawn.push(patch);
    }
    assert_eq!(piece.drawn, expected);
}

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
        for patch in alone(&mut model, seed) {
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
    assert_eq!(model.step(&[a.row(0)]).unwrap()[0], alone(&mut model, 0)[0]);
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

/// Allows what a function says.
struct Says<F>(F);

impl<F: Fn(&[u8]) -> u128 + Sync> notagen::Mask for Says<F> {
    fn given(&self, _drawn: &[u8]) -> Option<u8> {
        None
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; VOCAB]) {
        let allowed = self.0(drawn);
        for (c, p) in probabilities.iter_mut().enumerate() {
            *p *= f64::from((allowed >> c & 1) as u8);
        }
    }
}

#[test]
fn only_allowed_characters_are_drawn_and_a_mask_of_all_changes_nothing() {
    let mut model = tiny(1);
    let piece = Piece::new(1);
    let mut draw = |mask: Option<&dyn notagen::Mask>| {
        piece.enter(&mut model, 0);
        let row = Row {
            mask,
            ..piece.row(0)
        };
        model.step(&[row]).unwrap()[0]
    };
    assert_eq!(draw(Some(&Says(|_: &[u8]| u128::MAX))), draw(None));
    let few = b"~`^@";
    let bits = few.iter().fold(0, |bits, &c| bits | 1u128 << c);
    let patch = draw(Some(&Says(|_: &[u8]| bits)));
    assert!(patch.iter().all(|c| few.contains(c)));
    // The mask is told what was drawn: it lets the patch end after three.
    let patch = draw(Some(&Says(|drawn: &[u8]| match drawn.len() {
        3 => 1 << EOS,
        _ => bits,
    })));
    assert_eq!(patch[3], EOS);
    assert_eq!(patch[4..], [PAD; 12]);
}

/// Settles the characters at some places; leaves the others, all of them, to the model, and remembers
/// which those were.
struct Settles {
    /// For each place of the patch, what must stand there.
    places: [Option<u8>; PATCH_SIZE],
    asked: Mutex<Vec<usize>>,
}

impl Settles {
    fn new(seed: u64) -> Self {
        let hash =
            |place: usize| (seed * 16 + place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let is_settled = |place: usize| hash(place) % 5 < seed % 6;
        let letter = |place: usize| b'a' + (hash(place) >> 8) as u8 % 26;
        Self {
            places: std::array::from_fn(|place| is_settled(place).then(|| letter(place))),
            asked: Mutex::default(),
        }
    }
}

impl notagen::Mask for Settles {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        self.places[drawn.len()]
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; VOCAB]) {
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        self.asked.lock().unwrap().push(drawn.len());
    }
}

/// The patch after `prompt`, drawn the long way: one character after the other, each read by itself.
fn one_at_a_time(model: &Model, piece: &Piece, places: &[Option<u8>; PATCH_SIZE]) -> Patch {
    let hidden = model.patch_hidden(&piece.prompt, Pass::Stepwise).unwrap();
    let hidden = &hidden[hidden.len() - model.config().hidden_size..];
    let mut patch = [PAD; PATCH_SIZE];
    for place in 0..PATCH_SIZE {
        let logits = model.char_logits(hidden, &[patch], Pass::Stepwise).unwrap();
        let here = distribution(&logits[place * VOCAB..][..VOCAB], &SAMPLING, false).unwrap();
        let index = piece.row(0).patch_index;
        let drawn = || draw(&here, uniform(piece.seed, index, place as u32));
        patch[place] = places[place].unwrap_or_else(drawn);
        if patch[place] == EOS {
            break;
        }
    }
    patch
}

#[test]
fn settled_characters_are_read_together_and_change_no_bit() {
    let mut model = tiny(6);
    let pieces: Vec<Piece> = (0..60).map(Piece::new).collect();
    for pieces in pieces.chunks(6) {
        let masks: Vec<Settles> = pieces
            .iter()
            .map(|piece| Settles::new(piece.seed))
            .collect();
        let rows: Vec<Row<'_>> = pieces
            .iter()
            .zip(&masks)
            .enumerate()
            .map(|(slot, (piece, mask))| {
                piece.enter(&mut model, slot);
                Row {
                    mask: Some(mask),
                    ..piece.row(slot)
                }
            })
            .collect();
        for ((piece, mask), patch) in pieces.iter().zip(&masks).zip(model.step(&rows).unwrap()) {
            assert_eq!(
                patch,
                one_at_a_time(&model, piece, &mask.places),
                "seed {}",
                piece.seed
            );
            let end = patch
                .iter()
                .position(|&c| c == EOS)
                .map_or(PATCH_SIZE, |end| end + 1);
            let free: Vec<usize> = (0..end)
                .filter(|&place| mask.places[place].is_none())
                .collect();
            assert_eq!(
                *mask.asked.lock().unwrap(),
                free,
                "the others need no model"
            );
        }
    }
}

#[test]
fn a_patch_of_settled_characters_alone_needs_no_model() {
    let mut model = tiny(1);
    let piece = Piece::new(1);
    piece.enter(&mut model, 0);
    let text = *b"[r:12/30][V:1]z8";
    let mask = Settles {
        places: text.map(Some),
        asked: Mutex::default(),
    };
    let row = Row {
        mask: Some(&mask),
        ..piece.row(0)
    };
    assert_eq!(model.step(&[row]).unwrap(), [text]);
    assert!(mask.asked.lock().unwrap().is_empty());
}
