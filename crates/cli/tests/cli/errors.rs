//! Each error is one clear line with its code, and the status says so.

use std::path::Path;

use crate::{compose, fails, partita, repository};

fn demo() -> std::path::PathBuf {
    repository().join("models/partita-demo")
}

/// A copy of the demo model in `folder/broken` with other weights under this name.
fn broken(folder: &Path, name: &str, weights: &[u8]) -> &'static str {
    let broken = folder.join("broken");
    std::fs::create_dir_all(&broken).unwrap();
    for file in ["config.json", "styles.json"] {
        std::fs::copy(demo().join(file), broken.join(file)).unwrap();
    }
    std::fs::write(broken.join(name), weights).unwrap();
    "./broken"
}

#[test]
fn an_unknown_style_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = partita(folder.path());
    command.args(["compose", "--period", "Romantic", "--composer", "Schubert"]);
    command.args(["--instrumentation", "Art Song", "--out", "out"]);
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("Schubert, Franz"), "{message}");
    assert_eq!(fails(output), "unknown_style");
}

#[test]
fn impossible_sampling_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for bad in [
        ["--top-k", "0"],
        ["--top-p", "0"],
        ["--top-p", "1.5"],
        ["--temperature", "-1"],
        ["--temperature", "nan"],
        ["--variations", "0"],
        ["--max-bars", "0"],
    ] {
        let code = fails(compose(folder.path(), "out", &bad));
        assert_eq!(code, "invalid_request", "{bad:?}");
    }
}

#[test]
fn a_missing_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["no-such-model", "./no/such/folder"] {
        let code = fails(compose(folder.path(), "out", &["--model", model]));
        assert_eq!(code, "model_missing", "{model}");
    }
}

#[test]
fn truncated_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let weights = std::fs::read(demo().join("model.safetensors")).unwrap();
    let half = &weights[..weights.len() / 2];
    let model = broken(folder.path(), "model.safetensors", half);
    let code = fails(compose(folder.path(), "out", &["--model", model]));
    assert_eq!(code, "weights_truncated");
}

#[test]
fn a_pth_is_not_read_where_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let model = broken(folder.path(), "model.pth", b"\x80\x02 an old pickle");
    let output = compose(folder.path(), "out", &["--model", model]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("partita models import"), "{message}");
    assert_eq!(fails(output), "model_missing");
}

#[test]
fn a_tensor_of_the_wrong_shape_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let weights = std::fs::read(demo().join("model.safetensors")).unwrap();
    let model = broken(folder.path(), "model.safetensors", &weights);
    let config = folder.path().join("broken/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let wider = text.replace("\"hidden_size\": 256", "\"hidden_size\": 320");
    assert_ne!(wider, text);
    std::fs::write(&config, wider).unwrap();
    let output = compose(folder.path(), "out", &["--model", model]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains(".weight") || message.contains(".bias"),
        "{message}"
    );
    assert_eq!(fails(output), "tensor_shape");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_composing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a file"), "").unwrap();
    let code = fails(compose(folder.path(), "a file/out", &[]));
    assert_eq!(code, "cannot_write");
    assert!(!folder.path().join("library").exists(), "nothing was begun");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let script = format!(
        "cd '{at}' && '{partita}' compose \
         --period Romantic --composer 'Schubert, Franz' --instrumentation 'Art Song' \
         --variations 2 --seed 7 --max-bars 16 --out out; echo status $? >&2; ls out",
        at = folder.path().display(),
        partita = env!("CARGO_BIN_EXE_partita"),
    );
    let (library, models) = (folder.path().join("library"), repository().join("models"));
    let environment = [
        ("PARTITA_LIBRARY", library.as_path()),
        ("PARTITA_MODELS", models.as_path()),
    ];
    let Some(output) = crate::on_a_disk_of("8k", &out, &script, &environment) else {
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("error[disk_full]: "), "{errors}");
    assert!(errors.contains("status 1"), "{errors}");
    let left = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!left.contains(".part"), "nothing half-written: {left}");
}

#[test]
fn a_library_that_another_program_holds_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("library")).unwrap();
    let lock = std::fs::File::create(folder.path().join("library/library.lock")).unwrap();
    lock.lock().unwrap();
    let code = fails(compose(folder.path(), "out", &[]));
    assert_eq!(code, "library_in_use");
}
