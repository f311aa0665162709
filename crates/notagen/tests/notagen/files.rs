//! Broken and hostile model folders: always an error with the right code, never a panic.

use std::collections::BTreeMap;
use std::path::Path;

use notagen::{Model, limits, uniform};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tempfile::TempDir;

use crate::hostile;
use crate::parity::data;

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn tiny(name: &str) -> Vec<u8> {
    std::fs::read(data().join("tiny").join(name)).unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn code(folder: &Path) -> &'static str {
    Model::load(folder, 1, None)
        .err()
        .map_or("ok", |error| error.code())
}

fn code_of_weights(name: &str, bytes: &[u8]) -> &'static str {
    code(folder(&[("config.json", &tiny("config.json")), (name, bytes)]).path())
}

fn tensors() -> Tensors {
    let bytes = tiny("model.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, t)| (name, (t.dtype(), t.shape().to_vec(), t.data().to_vec())))
        .collect()
}

/// The code for a file with its tensors changed.
fn code_with(change: impl FnOnce(&mut Tensors)) -> &'static str {
    let mut tensors = tensors();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    code_of_weights("model.safetensors", &serialize(views, None).unwrap())
}

const FC: &str = "patch_level_decoder.base.h.1.mlp.c_fc.weight";
const HEAD: &str = "char_level_decoder.base.lm_head.weight";

#[test]
fn a_folder_without_a_model_says_what_is_missing() {
    assert_eq!(code(Path::new("/nowhere/at/all")), "model_missing");
    assert_eq!(code(folder(&[]).path()), "model_missing");
    assert_eq!(
        code(folder(&[("config.json", &tiny("config.json"))]).path()),
        "model_missing"
    );
    assert_eq!(
        code(folder(&[("model.safetensors", b"")]).path()),
        "model_missing"
    );
}

#[test]
fn a_configuration_beyond_the_limits_is_refused() {
    let config = |change: &str| {
        let good = r#""patch_size":16,"patch_length":256,"patch_num_layers":3,"char_num_layers":2,"hidden_size":128"#;
        let text = format!("{{{good}{change}}}").into_bytes();
        code(
            folder(&[
                ("config.json", &text),
                ("model.safetensors", &tiny("model.safetensors")),
            ])
            .path(),
        )
    };
    assert_eq!(config(""), "ok");
    assert_eq!(
        config(r#","vocab_size":128,"family":"notagen","more":[1]"#),
        "ok"
    );
    assert_eq!(
        config(r#","sampling":{"top_k":5,"top_p":1.0,"temperature":0.5}"#),
        "ok"
    );
    for change in [
        r#","vocab_size":256"#,
        r#","family":"mupt""#,
        r#","sampling":{"top_k":0,"top_p":1.0,"temperature":0.5}"#,
        r#","sampling":{"top_k":5,"top_p":1.5,"temperature":0.5}"#,
        r#","hidden_size":128"#,
        "]",
    ] {
        assert_eq!(config(change), "config_invalid", "{change}");
    }
    for (field, value) in [
        ("patch_size", "32"),
        ("patch_length", "0"),
        ("patch_length", "16385"),
        ("patch_num_layers", "129"),
        ("char_num_layers", "0"),
        ("hidden_size", "100"),
        ("hidden_size", "8256"),
        ("hidden_size", "-64"),
        ("hidden_size", "1e300"),
        ("hidden_size", "\"128\""),
    ] {
        let mut config: BTreeMap<String, String> = [
            ("patch_size", "16"),
            ("patch_length", "256"),
            ("patch_num_layers", "3"),
            ("char_num_layers", "2"),
            ("hidden_size", "128"),
        ]
        .map(|(field, value)| (field.to_owned(), value.to_owned()))
        .into();
        config.insert(field.to_owned(), value.to_owned());
        let fields: Vec<String> = config
            .iter()
            .map(|(field, value)| format!("\"{field}\":{value}"))
            .collect();
        let text = format!("{{{}}}", fields.join(","));
        let folder = folder(&[
            ("config.json", text.as_bytes()),
            ("model.safetensors", &tiny("model.safetensors")),
        ]);
        assert_eq!(code(folder.path()), "config_invalid", "{text}");
    }
    let long = vec![b' '; limits::CONFIG_BYTES as usize + 1];
    assert_eq!(
        code(folder(&[("config.json", &long)]).path()),
        "config_invalid"
    );
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let whole = tiny("model.safetensors");
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    let ends = (0..200).map(|index| (uniform(1, index, 0) * whole.len() as f64) as usize);
    for end in ends.chain([
        0,
        1,
        7,
        8,
        9,
        header - 1,
        header,
        header + 1,
        whole.len() - 1,
    ]) {
        assert_eq!(
            code_of_weights("model.safetensors", &whole[..end]),
            "weights_truncated",
            "at {end}"
        );
    }
    let longer = [&whole[..], b"\0"].concat();
    assert_eq!(
        code_of_weights("model.safetensors", &longer),
        "weights_truncated"
    );
}

#[test]
fn a_truncated_pth_is_an_error_wherever_it_ends() {
    let whole = tiny("model.pth");
    let ends = (0..60).map(|index| (uniform(2, index, 0) * whole.len() as f64) as usize);
    for end in ends.chain([0, 3, 4, whole.len() - 1]) {
        assert_eq!(
            code_of_weights("model.pth", &whole[..end]),
            "weights_not_a_pth",
            "at {end}"
        );
    }
}

#[test]
fn a_flipped_bit_in_the_header_is_never_a_panic() {
    let whole = tiny("model.safetensors");
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    let mut refused = 0;
    for index in 0..500 {
        let bit = (uniform(3, index, 0) * (header * 8) as f64) as usize;
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(code_of_weights("model.safetensors", &bytes) != "ok");
    }
    // The few that pass are flips in padding, which mean nothing.
    assert!(refused > 480, "{refused} of 500 refused");
}

#[test]
fn a_flipped_bit_in_a_pth_is_never_a_panic() {
    let whole = tiny("model.pth");
    let pickle = whole
        .windows(8)
        .position(|bytes| bytes == b"data.pkl")
        .unwrap();
    for index in 0..100 {
        let bit = (uniform(4, index, 0) * (8000 * 8) as f64) as usize;
        let mut bytes = whole.clone();
        bytes[pickle + bit / 8] ^= 1 << (bit % 8);
        let _ = code_of_weights("model.pth", &bytes);
    }
}

#[test]
fn what_is_no_pth_is_told_so() {
    assert_eq!(
        code_of_weights("model.pth", b"\x80\x02}q\0."),
        "weights_not_a_pth"
    );
    assert_eq!(
        code_of_weights("model.pth", b"PK\x03\x04 and then nothing of the kind"),
        "weights_not_a_pth"
    );
    assert_eq!(
        code_of_weights("model.pth", &tiny("model.safetensors")),
        "weights_not_a_pth"
    );
    let folder = folder(&[
        ("config.json", &tiny("config.json")),
        ("model.pth", b"<html>404</html>"),
    ]);
    let message = Model::load(folder.path(), 1, None)
        .err()
        .unwrap()
        .to_string();
    assert!(
        message.contains("model.pth is no .pth (a zip archive)"),
        "{message}"
    );
}

#[test]
fn a_file_made_to_do_harm_is_refused() {
    let names = ["model.pth", "model.safetensors"];
    for (name, files) in names
        .into_iter()
        .zip([hostile::pickles(), hostile::safetensors()])
    {
        for (what, bytes) in files {
            let code = code_of_weights(name, &bytes);
            let kinds = ["weights_", "tensor_", "too_large"];
            let is_refused = kinds.iter().any(|kind| code.starts_with(kind));
            assert!(is_refused, "{what}: {code}");
        }
    }
}

#[test]
fn a_wrong_tensor_is_named() {
    assert_eq!(code_with(|_| ()), "ok");
    assert_eq!(
        code_with(|tensors| drop(tensors.remove(FC))),
        "tensor_missing"
    );
    assert_eq!(
        code_with(|tensors| tensors.get_mut(FC).unwrap().1.reverse()),
        "tensor_shape"
    );
    assert_eq!(
        code_with(|tensors| tensors.get_mut(FC).unwrap().0 = Dtype::I32),
        "tensor_dtype"
    );
    let mut wrong = tensors();
    wrong.remove(FC);
    let views = wrong.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let bytes = serialize(views, None).unwrap();
    let folder = folder(&[
        ("config.json", &tiny("config.json")),
        ("model.safetensors", &bytes),
    ]);
    assert!(
        Model::load(folder.path(), 1, None)
            .err()
            .unwrap()
            .to_string()
            .contains(FC)
    );
}

#[test]
fn the_output_matrix_may_be_absent_but_not_wrong() {
    assert_eq!(code_with(|tensors| drop(tensors.remove(HEAD))), "ok");
    assert_eq!(
        code_with(|tensors| tensors.get_mut(HEAD).unwrap().1 = vec![64, 256]),
        "tensor_shape"
    );
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    for value in [f32::NAN, f32::INFINITY] {
        let code = code_with(|tensors| {
            tensors.get_mut(FC).unwrap().2[..4].copy_from_slice(&value.to_le_bytes())
        });
        assert_eq!(code, "not_finite");
    }
}

#[test]
fn tensors_of_others_are_ignored_and_listed() {
    let mut all = tensors();
    let extra = (Dtype::I64, vec![1], vec![0; 8]);
    all.insert("optimizer.step".to_owned(), extra.clone());
    all.insert(
        "patch_level_decoder.base.h.0.attn.masked_bias".to_owned(),
        extra,
    );
    let views = all.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let bytes = serialize(views, None).unwrap();
    let folder = folder(&[
        ("config.json", &tiny("config.json")),
        ("model.safetensors", &bytes),
    ]);
    let model = Model::load(folder.path(), 1, None).unwrap();
    assert_eq!(model.unknown_tensors(), ["optimizer.step"]);
    assert_eq!(
        model.parameters(),
        Model::load(&data().join("tiny"), 1, None)
            .unwrap()
            .parameters()
    );
}

#[test]
fn a_header_that_asks_for_too_much_is_refused_early() {
    let file = |length: u64, header: &str| [&length.to_le_bytes()[..], header.as_bytes()].concat();
    assert_eq!(
        code_of_weights(
            "model.safetensors",
            &file(limits::SAFETENSORS_HEADER_BYTES + 1, "{}")
        ),
        "too_large"
    );
    assert_eq!(
        code_of_weights("model.safetensors", &file(u64::MAX, "{}")),
        "too_large"
    );
    let many: Vec<String> = (0..limits::TENSORS + 2)
        .map(|index| format!(r#""t{index}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    let many = format!("{{{}}}", many.join(","));
    assert_eq!(
        code_of_weights("model.safetensors", &file(many.len() as u64, &many)),
        "too_large"
    );
    let entry = r#""t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    for header in [
        &format!("{{{entry},{entry}}}"),
        "[]",
        "",
        "{\"t\":7}",
        &"[".repeat(100_000),
        r#"{"t":{"dtype":"F32","shape":[18446744073709551615,9],"data_offsets":[0,0]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        r#"{"t":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#,
    ] {
        let found = code_of_weights("model.safetensors", &file(header.len() as u64, header));
        assert_eq!(
            found,
            "weights_not_safetensors",
            "{}",
            &header[..header.len().min(80)]
        );
    }
}

#[test]
fn slots_have_limits() {
    let folder = data().join("tiny");
    for slots in [0, limits::SLOTS + 1, usize::MAX] {
        assert_eq!(
            Model::load(&folder, slots, None).err().unwrap().code(),
            "call_invalid"
        );
    }
}

#[test]
fn half_precision_weights_are_read_exactly() {
    use notagen::{Pass, patches::OPENING};
    let mut hidden = Vec::new();
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        // Values that all three hold: f32 cut to the 8 bits of bf16, in the range of f16.
        let mut all = tensors();
        for (found, _, data) in all.values_mut() {
            let cut = |bytes: &[u8; 4]| {
                f32::from_bits(f32::from_le_bytes(*bytes).to_bits() & 0xffff_0000)
            };
            let normal = |value: f32| if value.abs() < 1e-4 { 0.0 } else { value };
            let values: Vec<f32> = data.as_chunks().0.iter().map(cut).map(normal).collect();
            *found = dtype;
            *data = match dtype {
                Dtype::F16 => values
                    .iter()
                    .flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
                    .collect(),
                Dtype::BF16 => values
                    .iter()
                    .flat_map(|v| half::bf16::from_f32(*v).to_le_bytes())
                    .collect(),
                _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
        }
        let views = all.iter().map(|(name, (dtype, shape, data))| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        let bytes = serialize(views, None).unwrap();
        let folder = folder(&[
            ("config.json", &tiny("config.json")),
            ("model.safetensors", &bytes),
        ]);
        hidden.push(
            Model::load(folder.path(), 1, None)
                .unwrap()
                .patch_hidden(&[OPENING; 5], Pass::Whole)
                .unwrap(),
        );
    }
    assert_eq!(hidden[0], hidden[1]);
    assert_eq!(hidden[0], hidden[2]);
}
