//! A converted file means what the original means.

use std::path::{Path, PathBuf};

use notagen::{Config, Conversion, Error, Format, Model, Pass, Patch, Row, Sampling, patches};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tempfile::TempDir;

use crate::parity::data;

fn tiny(name: &str) -> PathBuf {
    data().join("tiny").join(name)
}

fn convert(file: &Path, format: Option<Format>) -> Result<Vec<u8>, Error> {
    let mut conversion = Conversion::open(file, format)?;
    let (mut bytes, mut told) = (Vec::new(), Vec::new());
    let all = conversion.tensors();
    conversion.write(&mut bytes, Path::new("out"), |done| told.push(done))?;
    assert_eq!(told, (1..=all).collect::<Vec<_>>());
    Ok(bytes)
}

/// A model folder of the tiny model with these weights.
fn folder(weights: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(tiny("config.json"), folder.path().join("config.json")).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    folder
}

fn code(weights: &[u8], format: Option<Format>) -> &'static str {
    let folder = folder(weights);
    let model = Model::load(folder.path(), 1, format);
    model.err().map_or("ok", |error| error.code())
}

/// Hidden states, logits and a few drawn patches.
fn answers(mut model: Model) -> (Vec<u32>, Vec<Patch>) {
    let prompt = patches::encode_prompt("Romantic", "Schubert, Franz", "Art Song").unwrap();
    let hidden = model.patch_hidden(&prompt, Pass::Whole).unwrap();
    let logits = model.char_logits(&hidden, &prompt, Pass::Whole).unwrap();
    let (last, before) = prompt.split_last().unwrap();
    model.prefill(0, before).unwrap();
    let mut drawn = vec![*last];
    for patch_index in 0..6 {
        let row = Row {
            slot: 0,
            input: drawn[drawn.len() - 1],
            seed: 5,
            patch_index,
            sampling: Sampling::default(),
            forced: &[],
            opens_body: false,
            mask: None,
        };
        drawn.push(model.step(&[row]).unwrap()[0]);
    }
    let bits = hidden.iter().chain(&logits).map(|n| n.to_bits()).collect();
    (bits, drawn)
}

#[test]
fn a_converted_model_answers_as_the_original_in_that_format_bit_for_bit() {
    let formats = Format::ALL.map(Some).into_iter().chain([None]);
    for format in formats {
        let original = Model::load(&data().join("tiny"), 1, format).unwrap();
        let parameters = original.parameters();
        let expected = answers(original);
        let converted = folder(&convert(&tiny("model.safetensors"), format).unwrap());
        let load = |format| Model::load(converted.path(), 1, format).unwrap();
        let model = load(format);
        assert_eq!(model.parameters(), parameters);
        assert!(model.unknown_tensors().is_empty());
        assert!(answers(model) == expected, "{format:?}");
        let quantised = format.filter(|f| matches!(f, Format::Q8_0 | Format::Q4K));
        assert_eq!(Format::of_folder(converted.path()).unwrap(), quantised);
        if quantised.is_some() {
            assert!(answers(load(None)) == expected, "{format:?} without saying");
        }
    }
}

#[test]
fn a_pth_becomes_what_its_safetensors_becomes() {
    for format in [None, Some(Format::Q4K)] {
        let [one, other] = ["model.pth", "model.safetensors"].map(|name| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::copy(tiny(name), folder.path().join(name)).unwrap();
            // Alone: the shape is then read off the tensors.
            let conversion = Conversion::open(&folder.path().join(name), format).unwrap();
            let config = Config::read(&data().join("tiny")).unwrap();
            assert_eq!(*conversion.config(), config);
            assert_eq!(conversion.format(), format.unwrap_or(Format::F32));
            convert(&folder.path().join(name), format).unwrap()
        });
        assert!(one == other, "{format:?}");
    }
}

#[test]
fn a_plain_format_is_a_safetensors_file_like_others() {
    let original = std::fs::read(tiny("model.safetensors")).unwrap();
    let original = SafeTensors::deserialize(&original).unwrap();
    for (format, dtype) in [
        (None, Dtype::F32),
        (Some(Format::F32), Dtype::F32),
        (Some(Format::F16), Dtype::F16),
        (Some(Format::Bf16), Dtype::BF16),
    ] {
        let converted = convert(&tiny("model.safetensors"), format).unwrap();
        let converted = SafeTensors::deserialize(&converted).unwrap();
        assert_eq!(converted.len(), original.len());
        for (name, tensor) in original.tensors() {
            let found = converted.tensor(&name).unwrap();
            assert_eq!(found.shape(), tensor.shape(), "{name}");
            let is_matrix = name.contains(".c_") && name.ends_with(".weight");
            match is_matrix || name.ends_with("lm_head.weight") {
                true => assert_eq!(found.dtype(), dtype, "{name}"),
                false => assert!(found.data() == tensor.data(), "{name}"),
            }
            if dtype == Dtype::F32 {
                assert!(found.data() == tensor.data(), "{name}");
            }
        }
    }
}

#[test]
fn q8_0_is_little_more_than_a_quarter_of_f32_and_q4k_less() {
    let size = |format| {
        convert(&tiny("model.safetensors"), Some(format))
            .unwrap()
            .len()
    };
    let (f32, q8, q4) = (size(Format::F32), size(Format::Q8_0), size(Format::Q4K));
    // A tiny model is mostly embeddings, which stay.
    assert!(q8 * 2 < f32 && q4 < q8, "{f32} {q8} {q4}");
}

/// The tensors and metadata of a file, to change one thing in it.
struct Parts {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
    metadata: std::collections::HashMap<String, String>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
        let file = SafeTensors::deserialize(bytes).unwrap();
        let part = |(name, t): (String, TensorView<'_>)| {
            (name, t.dtype(), t.shape().to_vec(), t.data().to_vec())
        };
        Self {
            tensors: file.tensors().into_iter().map(part).collect(),
            metadata: header.metadata().clone().unwrap(),
        }
    }

    fn tensor(&mut self, name: &str) -> &mut (String, Dtype, Vec<usize>, Vec<u8>) {
        self.tensors.iter_mut().find(|t| t.0 == name).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, dtype, shape, data)| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        serialize(views, Some(self.metadata.clone())).unwrap()
    }
}

/// The code for a q4k file of the tiny model with something changed.
fn code_with(change: impl FnOnce(&mut Parts)) -> &'static str {
    let mut parts = Parts::of(&convert(&tiny("model.safetensors"), Some(Format::Q4K)).unwrap());
    change(&mut parts);
    code(&parts.bytes(), None)
}

/// 512 inputs, so q4k; the others have 128 and are q8_0.
const Q4: &str = "patch_level_decoder.base.h.1.mlp.c_proj.weight.q4k";
const Q8: &str = "patch_level_decoder.base.h.1.mlp.c_fc.weight.q8_0";

#[test]
fn a_file_in_panels_that_is_not_as_it_must_be_is_refused_with_a_code() {
    assert_eq!(code_with(|_| ()), "ok");
    let set = |key: &'static str, value: &'static str| {
        code_with(|parts| drop(parts.metadata.insert(key.to_owned(), value.to_owned())))
    };
    for (key, value) in [
        ("partita.layout", "tiles"),
        ("partita.layout", ""),
        ("partita.version", "2"),
        ("partita.version", ""),
        ("partita.dtype", "f16"),
        ("partita.dtype", "q5_1"),
    ] {
        assert_eq!(set(key, value), "weights_layout", "{key} {value}");
    }
    // Of another format than it says: then other tensors must be there.
    assert_eq!(set("partita.dtype", "q8_0"), "tensor_missing");
    for key in ["partita.layout", "partita.version", "partita.dtype"] {
        let code = code_with(|parts| drop(parts.metadata.remove(key)));
        assert_eq!(code, "weights_layout", "{key}");
    }
    // Plain tensors are looked for then.
    assert_eq!(code_with(|parts| parts.metadata.clear()), "tensor_missing");

    let without = |name: &str| code_with(|parts| parts.tensors.retain(|t| t.0 != name));
    assert_eq!(without(Q4), "tensor_missing");
    assert_eq!(without(Q8), "tensor_missing");
    assert_eq!(
        without("patch_level_decoder.base.h.1.mlp.c_fc.bias"),
        "tensor_missing"
    );
    let shaped = |name: &str, shape: &[usize]| {
        code_with(|parts| {
            let tensor = parts.tensor(name);
            tensor.2 = shape.to_vec();
            tensor.3.resize(shape.iter().product(), 0);
        })
    };
    assert_eq!(shaped(Q4, &[2, 2, 9472]), "ok");
    assert_eq!(shaped(Q4, &[2, 2, 9471]), "tensor_shape");
    assert_eq!(shaped(Q4, &[2, 1, 9472]), "tensor_shape");
    assert_eq!(shaped(Q4, &[4, 1, 9472]), "tensor_shape");
    assert_eq!(shaped(Q8, &[8, 4, 2175]), "tensor_shape");
    assert_eq!(shaped(Q8, &[9, 4, 2176]), "tensor_shape");
    let typed = |name: &str, dtype| code_with(|parts| parts.tensor(name).1 = dtype);
    assert_eq!(typed(Q4, Dtype::I8), "tensor_dtype");
    assert_eq!(typed(Q8, Dtype::BOOL), "tensor_dtype");

    let put = |name: &str, at: usize, bytes: [u8; 2]| {
        code_with(|parts| parts.tensor(name).3[at..at + 2].copy_from_slice(&bytes))
    };
    let infinity = [0x00, 0x7c];
    assert_eq!(put(Q4, 0, infinity), "not_finite");
    assert_eq!(put(Q4, 3 * 9472 + 128, infinity), "not_finite");
    assert_eq!(put(Q8, 8 * 4 * 2176 - 2176, [0xff, 0xff]), "not_finite");
    assert_eq!(put(Q4, 256, [64, 0]), "weights_layout");
    assert_eq!(put(Q8, 2000, [0, 0x80]), "weights_layout");
}

#[test]
fn a_second_copy_of_a_matrix_is_left_alone() {
    // Whatever its shape is: the one that is read is the one that was checked.
    let other = Q4.replace("q4k", "q8_0");
    let add = |parts: &mut Parts| {
        let data = vec![0; 7];
        parts
            .tensors
            .push((other.clone(), Dtype::U8, vec![7], data));
    };
    let mut parts = Parts::of(&convert(&tiny("model.safetensors"), Some(Format::Q4K)).unwrap());
    add(&mut parts);
    let folder = folder(&parts.bytes());
    let model = Model::load(folder.path(), 1, None).unwrap();
    assert_eq!(model.unknown_tensors(), [&other[..]]);
    let original = Model::load(&data().join("tiny"), 1, Some(Format::Q4K)).unwrap();
    assert!(answers(model) == answers(original));
}

#[test]
fn a_file_in_panels_is_an_error_wherever_it_ends() {
    let whole = convert(&tiny("model.safetensors"), Some(Format::Q8_0)).unwrap();
    let ends = (0..100).map(|k| (notagen::uniform(11, k, 0) * whole.len() as f64) as usize);
    for end in ends.chain([0, 7, 8, whole.len() - 1]) {
        assert_eq!(code(&whole[..end], None), "weights_truncated", "at {end}");
    }
    for index in 0..200 {
        let mut bytes = whole.clone();
        let bit = (notagen::uniform(12, index, 0) * (bytes.len() * 8) as f64) as usize;
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Some flips are other weights; none is a panic.
        let _ = code(&bytes, None);
    }
}

#[test]
fn what_is_quantised_stays_so() {
    let packed = convert(&tiny("model.safetensors"), Some(Format::Q8_0)).unwrap();
    assert_eq!(code(&packed, Some(Format::Q8_0)), "ok");
    for other in [Format::F32, Format::F16, Format::Q4K] {
        assert_eq!(code(&packed, Some(other)), "weights_layout");
    }
    let folder = folder(&packed);
    let file = folder.path().join("model.safetensors");
    for format in [None, Some(Format::Q8_0), Some(Format::F32)] {
        assert_eq!(convert(&file, format).unwrap_err().code(), "weights_layout");
    }
}

#[test]
fn weights_too_large_for_a_format_are_refused() {
    const MATRIX: &str = "patch_level_decoder.base.h.1.mlp.c_proj.weight";
    let mut parts = Parts::of(&convert(&tiny("model.safetensors"), Some(Format::F32)).unwrap());
    let tensor = parts.tensor(MATRIX);
    tensor.3[..4].copy_from_slice(&1e9_f32.to_le_bytes());
    let folder = folder(&parts.bytes());
    let file = folder.path().join("model.safetensors");
    for (format, expected) in [
        (Format::F32, "ok"),
        (Format::F16, "not_finite"),
        (Format::Bf16, "ok"),
        (Format::Q8_0, "not_finite"),
        (Format::Q4K, "not_finite"),
    ] {
        let found = convert(&file, Some(format)).err();
        assert_eq!(found.map_or("ok", |e| e.code()), expected, "{format:?}");
    }
}

#[test]
fn without_a_configuration_the_shape_must_be_one_that_can_be_run() {
    let bytes = std::fs::read(tiny("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let code = |keep: &dyn Fn(&str) -> bool| {
        let tensors = file.tensors().into_iter().filter(|(name, _)| keep(name));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        std::fs::write(&path, serialize(tensors, None).unwrap()).unwrap();
        Conversion::open(&path, None)
            .err()
            .map_or("ok", |e| e.code())
    };
    assert_eq!(code(&|_| true), "ok");
    assert_eq!(
        code(&|name| !name.ends_with("wpe.weight")),
        "tensor_missing"
    );
    // A layer that is there in part is a layer; one in the middle that is not ends the count.
    assert_eq!(
        code(&|name| !name.contains("base.h.2.mlp")),
        "tensor_missing"
    );
    assert_eq!(code(&|name| !name.contains("base.h.0.")), "config_invalid");
}
