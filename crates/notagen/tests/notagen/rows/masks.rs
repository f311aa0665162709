//! What a row's mask allows is drawn, and what it settles costs no step.

use std::sync::Mutex;

use notagen::{EOS, Model, PAD, PATCH_SIZE, Pass, Patch, Row, VOCAB, distribution, draw, uniform};

use super::{Piece, SAMPLING, tiny};
use crate::devices::{Device, devices};

/// Allows what a function says.
pub(super) struct Says<F>(pub(super) F);

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
fn one_at_a_time(model: &mut Model, piece: &Piece, places: &[Option<u8>; PATCH_SIZE]) -> Patch {
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
    for device in devices() {
        settled_characters(&device);
    }
}

fn settled_characters(device: &Device) {
    let mut model = device.tiny(6, None);
    let pieces: Vec<Piece> = (0..device.of(60, 2) as u64).map(Piece::new).collect();
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
                one_at_a_time(&mut model, piece, &mask.places),
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
