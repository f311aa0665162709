//! Held to the reference implementation's own numbers: see `tests/data`.
//!
//! `PARTITA_PARITY_DIR` names another folder of the same form to be put to the test.

use std::path::{Path, PathBuf};

use notagen::{
    EOS, Format, Model, PAD, PATCH_SIZE, Pass, Patch, Row, Sampling, VOCAB, distribution, patches,
};
use safetensors::SafeTensors;

use crate::devices::devices;

const TOLERANCE: f32 = 1e-4;

pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn folder() -> PathBuf {
    std::env::var_os("PARTITA_PARITY_DIR").map_or_else(|| data().join("tiny"), PathBuf::from)
}

struct Expected {
    patches: Vec<Patch>,
    patch_hidden: Vec<f32>,
    char_logits: Vec<f32>,
    prompt: usize,
    greedy: Vec<Patch>,
}

impl Expected {
    /// Of the first patches alone: what comes after them changes nothing.
    fn of_first(mut self, patches: usize) -> Self {
        let width = self.patch_hidden.len() / self.patches.len();
        self.patches.truncate(patches.max(self.prompt));
        self.patch_hidden.truncate(self.patches.len() * width);
        let targets = self.patches.len() - 1;
        self.char_logits.truncate(targets * PATCH_SIZE * VOCAB);
        self.greedy.truncate(patches);
        self
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().copied().map(read).collect()
}

fn expected() -> Expected {
    let bytes = std::fs::read(folder().join("expected.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |name| file.tensor(name).unwrap();
    let ids = |name| numbers(tensor(name).data(), i64::from_le_bytes);
    let as_patches = |name| -> Vec<Patch> {
        let ids: Vec<u8> = ids(name)
            .into_iter()
            .map(|id| u8::try_from(id).unwrap())
            .collect();
        ids.as_chunks::<PATCH_SIZE>().0.to_vec()
    };
    Expected {
        patches: as_patches("patches"),
        patch_hidden: numbers(tensor("patch_hidden").data(), f32::from_le_bytes),
        char_logits: numbers(tensor("char_logits").data(), f32::from_le_bytes),
        prompt: usize::try_from(ids("greedy_prompt_len")[0]).unwrap(),
        greedy: as_patches("greedy_patches"),
    }
}

/// Patches that an emulated card has the time for.
const SOME: usize = 7;

/// The fixture's models, as safetensors, and as the reference's own .pth when that is there, on each device; and
/// what is expected of them.
fn models() -> Vec<(String, Model, Expected)> {
    let folder = folder();
    let alone = tempfile::tempdir().unwrap();
    let mut folders = vec![("safetensors", folder.as_path())];
    if folder.join("model.pth").is_file() {
        for name in ["config.json", "model.pth"] {
            std::fs::copy(folder.join(name), alone.path().join(name)).unwrap();
        }
        folders.push(("pth", alone.path()));
    }
    let mut models = Vec::new();
    for device in devices() {
        for (format, folder) in &folders[..device.of(folders.len(), 1)] {
            let name = format!("{format} on the {}", device.name);
            let expected = expected().of_first(device.of(usize::MAX, SOME));
            models.push((name, device.load(folder, 1, None), expected));
        }
    }
    models
}

fn largest_difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn hidden_states_and_logits_are_the_references() {
    for (format, mut model, expected) in models() {
        let whole = model.patch_hidden(&expected.patches, Pass::Whole).unwrap();
        let stepwise = model
            .patch_hidden(&expected.patches, Pass::Stepwise)
            .unwrap();
        assert!(
            whole == stepwise,
            "{format}: the cache changes hidden states"
        );
        let difference = largest_difference(&whole, &expected.patch_hidden);
        assert!(
            difference < TOLERANCE,
            "{format}: hidden states differ by {difference}"
        );
        eprintln!("{format}: hidden states within {difference:e}");

        let width = model.config().hidden_size;
        let (before, targets) = (&whole[..whole.len() - width], &expected.patches[1..]);
        let whole = model.char_logits(before, targets, Pass::Whole).unwrap();
        let stepwise = model.char_logits(before, targets, Pass::Stepwise).unwrap();
        assert!(whole == stepwise, "{format}: the cache changes logits");
        let difference = largest_difference(&whole, &expected.char_logits);
        assert!(
            difference < TOLERANCE,
            "{format}: logits differ by {difference}"
        );
        eprintln!("{format}: logits within {difference:e}");
    }
}

/// Root of the mean square of the differences, over that of what is expected.
fn relative_difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let squares = |of: &mut dyn Iterator<Item = f32>| of.map(|x| x * x).sum::<f32>();
    let off = squares(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    (off / squares(&mut expected.iter().copied())).sqrt()
}

#[test]
fn a_smaller_format_is_the_reference_within_what_it_rounds() {
    // Of hidden states and of logits. The small model's matrices are no multiple of 256, so that Q4_K is
    // Q8_0 in all of them but one in each layer.
    let within = [
        (Format::F32, 1e-5, 1e-5),
        (Format::F16, 2e-3, 2e-3),
        (Format::Bf16, 8e-3, 8e-3),
        (Format::Q8_0, 3e-2, 3e-2),
        (Format::Q4K, 1.5e-1, 1.5e-1),
    ];
    let devices = devices();
    let all = devices
        .iter()
        .flat_map(|device| within.map(|within| (device, within)));
    for (device, (format, of_hidden, of_logits)) in all {
        let expected = expected().of_first(device.of(usize::MAX, SOME));
        let mut model = device.load(&folder(), 1, Some(format));
        let hidden = model.patch_hidden(&expected.patches, Pass::Whole).unwrap();
        let stepwise = model
            .patch_hidden(&expected.patches, Pass::Stepwise)
            .unwrap();
        assert!(
            hidden == stepwise,
            "{format:?}: the cache changes hidden states"
        );
        let difference = relative_difference(&hidden, &expected.patch_hidden);
        eprintln!(
            "{format:?} on the {}: hidden states within {difference:e}",
            device.name
        );
        assert!(
            difference <= of_hidden,
            "{format:?}: hidden states differ by {difference}"
        );
        let before = &hidden[..hidden.len() - model.config().hidden_size];
        let logits = model
            .char_logits(before, &expected.patches[1..], Pass::Whole)
            .unwrap();
        let difference = relative_difference(&logits, &expected.char_logits);
        eprintln!(
            "{format:?} on the {}: logits within {difference:e}",
            device.name
        );
        assert!(
            difference <= of_logits,
            "{format:?}: logits differ by {difference}"
        );
    }
}

#[test]
fn the_most_probable_continuation_is_the_references() {
    let greedy = Sampling {
        top_k: 1,
        top_p: 1.0,
        temperature: 0.0,
    };
    for (format, mut model, expected) in models() {
        let (last, before) = expected.patches[..expected.prompt].split_last().unwrap();
        model.prefill(0, before).unwrap();
        let mut input = *last;
        for (index, expected) in expected.greedy.iter().enumerate() {
            let row = Row {
                slot: 0,
                input,
                seed: 0,
                patch_index: index as u64,
                sampling: greedy,
                forced: &[],
                opens_body: false,
                mask: None,
            };
            input = model.step(&[row]).unwrap()[0];
            assert_eq!(input, *expected, "{format}: patch {index}");
            if let Some(end) = input.iter().position(|&id| id == EOS) {
                assert!(input[end + 1..].iter().all(|&id| id == PAD));
            }
        }
        assert_eq!(
            model.positions(0),
            expected.prompt + expected.greedy.len() - 1
        );
    }
}

#[test]
fn the_training_encoding_is_the_references() {
    let expected = expected();
    let text = std::fs::read_to_string(folder().join("text.abc")).unwrap();
    let limit = notagen::Config::read(&folder()).unwrap().patch_length;
    assert_eq!(
        patches::encode_training(&text, limit).unwrap(),
        expected.patches
    );
}

#[test]
fn the_distribution_is_the_references() {
    let bytes = std::fs::read(data().join("sampler_cases.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |name| file.tensor(name).unwrap();
    let logits = numbers(tensor("logits").data(), f32::from_le_bytes);
    let params = numbers(tensor("params").data(), f64::from_le_bytes);
    let expected = numbers(tensor("expected").data(), f64::from_le_bytes);
    let cases = logits
        .chunks(VOCAB)
        .zip(params.chunks(3))
        .zip(expected.chunks(VOCAB));
    let mut largest = 0.0_f64;
    for (index, ((logits, params), expected)) in cases.enumerate() {
        let sampling = Sampling {
            top_k: params[0] as u32,
            top_p: params[1],
            temperature: params[2],
        };
        let found = distribution(logits, &sampling, true).unwrap();
        for (id, (found, expected)) in found.iter().zip(expected).enumerate() {
            let difference = (found - expected).abs();
            assert!(
                difference < 1e-9,
                "case {index}, id {id}: {found} instead of {expected}"
            );
            largest = largest.max(difference);
        }
    }
    eprintln!("distributions within {largest:e}");
}
