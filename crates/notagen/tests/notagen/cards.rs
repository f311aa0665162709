//! What only a card has: contexts in several parts, more rows than a pass, and ways to fail.

use notagen::{Config, Footprint, Format, Model, Pass, Patch, Row, Sampling};

use crate::devices::{Device, devices};

/// As long a context as NotaGen-X has, and otherwise as little as possible.
fn long() -> Config {
    Config {
        patch_length: 1024,
        patch_num_layers: 1,
        char_num_layers: 1,
        hidden_size: 64,
        ..Config::of_shape("demo").unwrap()
    }
}

fn patches(count: usize) -> Vec<Patch> {
    let patch = |n: usize| std::array::from_fn(|at| ((n * 31 + at * 7) % 125 + 3) as u8);
    (0..count).map(patch).collect()
}

fn load(device: &Device, slots: usize, format: Option<Format>) -> Model {
    Model::random_on(device.card(), long(), slots, format).unwrap()
}

fn row(slot: usize, input: Patch, seed: u64) -> Row<'static> {
    Row {
        slot,
        input,
        seed,
        patch_index: 0,
        sampling: Sampling::default(),
        forced: &[],
        opens_body: false,
        mask: None,
    }
}

fn largest_difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_context_of_1024_patches_is_the_processors_on_every_device() {
    let patches = patches(1024);
    for (format, most) in [(Format::F32, 2e-4), (Format::F16, 2e-2)] {
        let found: Vec<Vec<f32>> = devices()
            .iter()
            .map(|device| {
                let mut model = load(device, 1, Some(format));
                model.patch_hidden(&patches, Pass::Whole).unwrap()
            })
            .collect();
        for other in &found[1..] {
            let off = largest_difference(other, &found[0]);
            eprintln!("{format:?}: within {off:e}");
            assert!(off < most, "{format:?}: {off}");
        }
    }
}

#[test]
fn a_piece_goes_on_after_its_context_was_full_as_it_would_alone() {
    // As the engine restarts a piece: the second half of the context is read again, from position 0.
    let patches = patches(1024);
    for device in devices() {
        let drawn = |neighbours: usize| {
            let mut model = load(&device, 1 + neighbours, None);
            let mut others: Vec<Patch> = vec![patches[0]; neighbours];
            for slot in 1..=neighbours {
                model.prefill(slot, &patches[..200 * slot]).unwrap();
            }
            model.prefill(0, &patches[..1020]).unwrap();
            let (mut input, mut drawn) = (patches[1020], Vec::new());
            let mut step = |model: &mut Model, input: &mut Patch| {
                let mut rows = vec![row(0, *input, 7)];
                let all = others.iter().enumerate();
                rows.extend(all.map(|(n, patch)| row(n + 1, *patch, n as u64)));
                let found = model.step(&rows).unwrap();
                *input = found[0];
                others.copy_from_slice(&found[1..]);
                found[0]
            };
            for _ in 1020..1024 {
                drawn.push(step(&mut model, &mut input));
            }
            assert_eq!(
                model.step(&[row(0, input, 7)]).unwrap_err().code(),
                "context_full"
            );
            model.clear(0);
            model.prefill(0, &patches[512..]).unwrap();
            for _ in 0..2 {
                drawn.push(step(&mut model, &mut input));
            }
            drawn
        };
        assert_eq!(drawn(0), drawn(1), "{}", device.name);
    }
}

#[test]
fn more_rows_than_a_pass_has_are_several_passes() {
    const SLOTS: usize = 19;
    let patches = patches(SLOTS);
    for device in devices() {
        let mut model = load(&device, SLOTS, None);
        let rows: Vec<Row<'_>> = (0..SLOTS)
            .map(|slot| row(slot, patches[slot], slot as u64))
            .collect();
        let together = model.step(&rows).unwrap();
        for slot in [0, 7, 15, 16, 18] {
            model.clear(slot);
            let alone = model.step(&rows[slot..=slot]).unwrap();
            assert_eq!(alone, together[slot..=slot], "{}", device.name);
        }
    }
}

#[test]
fn a_card_gives_no_memory_after_loading() {
    let patches = patches(40);
    for device in devices() {
        let Some(card) = device.card() else { continue };
        let before = card.free_memory().unwrap();
        let mut model = load(&device, 3, Some(Format::F16));
        // A driver may take a little for itself when it first runs something.
        model.prefill(0, &patches[..1]).unwrap();
        model.clear(0);
        let loaded = card.free_memory().unwrap();
        let planned = Footprint::of_shape(long()).on_card(Some(Format::F16));
        let planned = planned.weights + 3 * planned.slot + planned.working;
        assert!(
            before - loaded <= planned,
            "{} of {planned}",
            before - loaded
        );
        model.prefill(0, &patches).unwrap();
        model.fork(0, 2, 33).unwrap();
        let rows = [row(0, patches[1], 1), row(2, patches[2], 2)];
        let drawn = model.step(&rows).unwrap();
        model.truncate(2, 20);
        model.step(&[row(2, drawn[1], 3)]).unwrap();
        let after = card.free_memory().unwrap();
        assert!(
            after.abs_diff(loaded) <= device.of(8 << 20, 0) as u64,
            "{}",
            device.name
        );
        drop(model);
        let after = card.free_memory().unwrap();
        assert!(
            after.abs_diff(before) <= device.of(64 << 20, 0) as u64,
            "{}",
            device.name
        );
    }
}
