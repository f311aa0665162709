//! `partita models import`: what it makes, and that whatever goes wrong leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

mod ended;
#[path = "../../../notagen/tests/notagen/hostile.rs"]
mod hostile;

use crate::{fails, partita, repository, succeeds};

/// `partita` with a models folder of its own before the bundled one.
fn at(folder: &Path) -> Command {
    let dirs = [models(folder), repository().join("models")];
    let mut command = partita(folder);
    command.env("PARTITA_MODELS", std::env::join_paths(dirs).unwrap());
    command
}

fn models(folder: &Path) -> PathBuf {
    folder.join("models")
}

fn import(folder: &Path, file: &str, more: &[&str]) -> Output {
    let mut command = at(folder);
    command.args(["models", "import", file]).args(more);
    command.output().unwrap()
}

/// What is in the models folder, hidden or not.
fn left(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(models(folder)).into_iter().flatten();
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

fn tiny(name: &str) -> PathBuf {
    repository()
        .join("crates/notagen/tests/data/tiny")
        .join(name)
}

fn demo(name: &str) -> PathBuf {
    repository().join("models/partita-demo").join(name)
}

fn sha256(file: &Path) -> String {
    let hash = Sha256::digest(std::fs::read(file).unwrap());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_model_is_imported_listed_and_composed_with() {
    let folder = tempfile::tempdir().unwrap();
    let original = demo("model.safetensors");
    let quantised = ["--name", "demo-q8", "--dtype", "q8_0", "--json"];
    let said = succeeds(import(
        folder.path(),
        original.to_str().unwrap(),
        &quantised,
    ));
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let weights = models(folder.path()).join("demo-q8/model.safetensors");
    let bytes = weights.metadata().unwrap().len();
    assert_eq!(said["id"], "demo-q8");
    assert_eq!(said["dtype"], "q8_0");
    assert_eq!(said["parameters"], 7_143_168);
    assert_eq!(said["bytes"], bytes);
    assert_eq!(said["sha256"], sha256(&weights));
    assert_eq!(said["source_sha256"], sha256(&original));
    assert!(
        bytes * 3 < original.metadata().unwrap().len() * 2,
        "{bytes}"
    );
    assert_eq!(left(folder.path()), ["demo-q8"]);

    let list = at(folder.path())
        .args(["models", "list", "--json"])
        .output();
    let list = succeeds(list.unwrap());
    let model = |id: &str| -> serde_json::Value {
        let mut lines = list.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .find(|model: &serde_json::Value| model["id"] == id)
            .unwrap()
    };
    assert_eq!(model("demo-q8")["dtype"], "q8_0");
    assert_eq!(model("demo-q8")["installed"], true);
    assert_eq!(model("demo-q8")["sampling"]["temperature"], 0.7);
    assert_eq!(model("partita-demo")["dtype"], "f16");

    let compose = |composer: &str| {
        let mut command = at(folder.path());
        command.args(["compose", "--period", "Romantic", "--composer", composer]);
        command.args(["--instrumentation", "Art Song", "--model", "demo-q8"]);
        command.args(["--seed", "1", "--max-bars", "6", "--out", "out"]);
        command.output().unwrap()
    };
    let files = succeeds(compose("Schubert, Franz"));
    assert_eq!(files.lines().count(), 2, "{files}");
    assert_eq!(
        fails(compose("Nobody")),
        "unknown_style",
        "its styles came along"
    );
}

#[test]
fn a_pth_becomes_a_model_whose_shape_its_tensors_say() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(tiny("model.pth"), folder.path().join("weights.pth")).unwrap();
    let output = import(folder.path(), "weights.pth", &["--name", "tiny"]);
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(progress.ends_with("\n71 of 71 tensors\n"), "{progress}");
    let said = succeeds(output);
    assert!(
        said.starts_with("tiny  f32  5.3 MB  1.3 M parameters\n"),
        "{said}"
    );
    assert!(said.contains(&sha256(&tiny("model.pth"))), "{said}");

    let made = models(folder.path()).join("tiny");
    let config = std::fs::read(made.join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let expected = std::fs::read(tiny("config.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(config[field], *value, "{field}");
    }
    assert_eq!(config["imported"]["file"], "weights.pth");
    assert_eq!(config["imported"]["sha256"], sha256(&tiny("model.pth")));
    assert!(!made.join("styles.json").exists(), "any style may be tried");
    // Every number is where it was.
    let tensors = |file: &Path| {
        let bytes = std::fs::read(file).unwrap();
        let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        bytes.len() - 8 - header
    };
    assert_eq!(
        tensors(&made.join("model.safetensors")),
        tensors(&tiny("model.safetensors"))
    );
}

#[test]
fn a_name_that_is_taken_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = tiny("model.safetensors");
    let with = |name: &str| {
        import(
            folder.path(),
            file.to_str().unwrap(),
            &["--name", name, "--json"],
        )
    };
    succeeds(with("tiny"));
    assert_eq!(fails(with("tiny")), "model_exists");
    assert_eq!(
        fails(with("partita-demo")),
        "model_exists",
        "it would hide the other"
    );
    assert_eq!(
        fails(with("notagen-x")),
        "invalid_request",
        "it has another shape"
    );
    for name in ["../tiny", ".hidden", "a b", "styles", ""] {
        assert_eq!(fails(with(name)), "invalid_request", "{name:?}");
    }
    assert_eq!(left(folder.path()), ["tiny"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder.pth")).unwrap();
    for file in ["nowhere.pth", "folder.pth"] {
        let code = fails(import(folder.path(), file, &["--name", "new"]));
        assert_eq!(code, "cannot_read", "{file}");
    }
    #[cfg(unix)]
    {
        // It would wait for ever for somebody to write into it.
        let made = Command::new("mkfifo")
            .arg(folder.path().join("pipe.pth"))
            .status();
        assert!(made.unwrap().success());
        let code = fails(import(folder.path(), "pipe.pth", &["--name", "new"]));
        assert_eq!(code, "cannot_read");
    }
    assert_eq!(left(folder.path()), [""; 0]);
}

#[test]
fn a_configuration_beside_the_file_must_fit_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(tiny("model.pth"), folder.path().join("model.pth")).unwrap();
    let with = |config: &[u8]| {
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        fails(import(folder.path(), "model.pth", &["--name", "new"]))
    };
    assert_eq!(
        with(&std::fs::read(demo("config.json")).unwrap()),
        "tensor_shape"
    );
    assert_eq!(with(b"{\"architectures\": []}"), "config_invalid");
    assert_eq!(left(folder.path()), [""; 0]);
}

/// Each is an error with a code, found within 200 MB of addresses, and leaves nothing.
#[cfg(unix)]
#[test]
fn a_file_made_to_do_harm_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let import = |file: &str| {
        let mut command = Command::new("sh");
        let script = "ulimit -v 200000; exec \"$0\" models import \"$1\" --name new --dtype q4k";
        command.args(["-c", script, env!("CARGO_BIN_EXE_partita"), file]);
        command.env("PARTITA_MODELS", models(folder.path()));
        command.current_dir(folder.path()).output().unwrap()
    };
    let kinds = [
        ("harm.pth", hostile::pickles()),
        ("harm.safetensors", hostile::safetensors()),
    ];
    let mut count = 0;
    for (name, files) in kinds {
        for (what, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            let output = import(name);
            let line = String::from_utf8(output.stderr.clone()).unwrap();
            let is_plain = !line.trim_end().contains(char::is_control);
            assert!(is_plain && line.len() < 1200, "{what}: {line:?}");
            let code = fails(output);
            let kinds = ["weights_", "tensor_", "config_invalid", "too_large"];
            assert!(
                kinds.iter().any(|kind| code.starts_with(kind)),
                "{what}: {code}"
            );
            assert_eq!(left(folder.path()), [""; 0], "{what}");
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
    // The limit itself is no reason to fail.
    std::fs::copy(tiny("model.pth"), folder.path().join("good.pth")).unwrap();
    assert!(import("good.pth").status.success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_too_small_for_a_model_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let own = models(folder.path());
    let script = format!(
        "'{partita}' models import '{file}' --name new; echo status $? >&2; ls -A '{own}'",
        partita = env!("CARGO_BIN_EXE_partita"),
        file = tiny("model.safetensors").display(),
        own = own.display(),
    );
    let Some(output) = crate::on_a_disk_of("2m", &own, &script, &[("PARTITA_MODELS", &own)]) else {
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("error[disk_full]: "), "{errors}");
    assert!(errors.contains("status 1"), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
