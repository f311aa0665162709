//! A piece depends on its seed alone: not on its neighbours, its slot, or how its prompt came in.

mod calls;
mod masks;

use notagen::{Format, Model, Patch, Row, Sampling, patches, uniform};

use crate::devices::{Device, devices};
use crate::parity::data;
use masks::Says;

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

fn alone(model: &mut Model, seed: u64, length: usize) -> Vec<Patch> {
    let mut piece = Piece::new(seed);
    piece.enter(model, 0);
    for _ in 0..length {
        let patch = model.step(&[piece.row(0)]).unwrap()[0];
        piece.drawn.push(patch);
    }
    piece.drawn
}

#[test]
fn a_piece_is_the_same_alone_and_in_company_that_comes_and_goes() {
    for device in devices() {
        alone_and_in_company(&device);
    }
}

fn alone_and_in_company(device: &Device) {
    let length = device.of(LENGTH, 3);
    let mut model = device.tiny(8, None);
    let expected: Vec<Vec<Patch>> = (0..8).map(|seed| alone(&mut model, seed, length)).collect();
    assert_ne!(expected[0], expected[3], "seeds make a difference");

    for company in (1..=8).step_by(device.of(1, 4)) {
        let mut pieces: Vec<Piece> = (0..company as u64).map(Piece::new).collect();
        let slot = |piece: usize| (piece * 3 + company) % 8;
        // Piece i joins at tick i and leaves when it has its length.
        for tick in 0.. {
            if tick < company {
                pieces[tick].enter(&mut model, slot(tick));
            }
            let mut running: Vec<usize> = (0..company.min(tick + 1))
                .filter(|&piece| pieces[piece].drawn.len() < length)
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
                "seed {} among {company} on the {}",
                piece.seed, device.name
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
    for device in devices() {
        for &format in &FORMATS[..device.of(FORMATS.len(), 1)] {
            guessing_changes_no_bit(&device, format);
        }
    }
}

fn guessing_changes_no_bit(device: &Device, format: Option<Format>) {
    let (seeds, length) = (device.of(32, 2), device.of(2 * LENGTH, 3));
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
    {
        let mut model = device.tiny(8, format);
        let (mut alone, mut passes) = (Vec::new(), [0, 0]);
        for drafting in [false, true] {
            model.set_drafting(drafting);
            let before = model.passes();
            let drawn: Vec<Vec<Patch>> = (0..seeds as u64)
                .map(|seed| {
                    let mut piece = Piece::new(seed);
                    piece.enter(&mut model, 0);
                    for _ in 0..length {
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
            device.of(4, 1) as u64 * passes[1] < device.of(3, 1) as u64 * passes[0],
            "{passes:?} passes without guesses and with"
        );

        // They come to whichever slot is free, some with guesses around them and some without.
        let mut waiting: Vec<Piece> = (0..seeds as u64).map(Piece::new).collect();
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
                let goes_on = piece.drawn.len() < length;
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
    let devices = devices();
    let all = devices.iter().flat_map(|device| {
        let formats = &FORMATS[..device.of(FORMATS.len(), 1)];
        formats.iter().map(move |&format| (device, format))
    });
    for (device, format) in all {
        let mut model = device.tiny(3, format);
        let alone = alone(&mut model, 5, LENGTH);
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
    for device in devices() {
        divided_in_any_way(&device, &prompt);
    }
}

fn divided_in_any_way(device: &Device, prompt: &[Patch]) {
    let drawn = |chunk: usize| {
        let mut model = device.tiny(1, None);
        let mut piece = Piece {
            seed: 5,
            prompt: prompt.to_vec(),
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
    let chunks = [65, 3, 1, 64, 100];
    for &chunk in &chunks[..device.of(chunks.len(), 1)] {
        assert_eq!(drawn(chunk), whole, "in chunks of {chunk}");
    }
}

#[test]
fn a_truncated_context_continues_as_if_the_rest_had_never_been() {
    for device in devices() {
        let mut model = device.tiny(1, None);
        truncated_and_continued(&mut model);
    }
}

fn truncated_and_continued(model: &mut Model) {
    let expected = alone(model, 2, LENGTH);
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
