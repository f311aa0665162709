//! Imports that end early: by their limits, by a signal, by Ctrl-C.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{at, import, left, models, tiny};
use crate::{fails, succeeds};

/// A model of zeros, which takes no room on disk: `hidden` wide, with so many layers in each decoder.
fn zeros(path: &Path, hidden: usize, layers: usize) {
    let mut tensors = vec![
        (
            "char_level_decoder.base.transformer.wte.weight".to_owned(),
            vec![128, hidden],
        ),
        (
            "patch_level_decoder.patch_embedding.weight".to_owned(),
            vec![hidden, 2048],
        ),
        (
            "patch_level_decoder.patch_embedding.bias".to_owned(),
            vec![hidden],
        ),
    ];
    for (decoder, positions) in [
        ("patch_level_decoder.base", 64),
        ("char_level_decoder.base.transformer", 17),
    ] {
        let mut add = |name: String, shape: &[usize]| {
            tensors.push((format!("{decoder}.{name}.weight"), shape.to_vec()));
            if let [.., last] = shape[..]
                && name != "wpe"
            {
                tensors.push((format!("{decoder}.{name}.bias"), vec![last]));
            }
        };
        add("wpe".into(), &[positions, hidden]);
        add("ln_f".into(), &[hidden]);
        for layer in 0..layers {
            add(format!("h.{layer}.ln_1"), &[hidden]);
            add(format!("h.{layer}.ln_2"), &[hidden]);
            add(format!("h.{layer}.attn.c_attn"), &[hidden, 3 * hidden]);
            add(format!("h.{layer}.attn.c_proj"), &[hidden, hidden]);
            add(format!("h.{layer}.mlp.c_fc"), &[hidden, 4 * hidden]);
            add(format!("h.{layer}.mlp.c_proj"), &[4 * hidden, hidden]);
        }
    }
    let mut start = 0;
    let entries = tensors.iter().map(|(name, shape)| {
        let end = start + 4 * shape.iter().product::<usize>();
        let entry =
            serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
        start = end;
        (name.clone(), entry)
    });
    let entries: serde_json::Map<_, _> = entries.collect();
    let header = serde_json::Value::Object(entries).to_string();
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes())
        .unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + start) as u64).unwrap();
}

#[cfg(unix)]
#[test]
fn an_import_that_needs_more_memory_than_it_may_use_fails_with_a_code() {
    let folder = tempfile::tempdir().unwrap();
    // Its first matrix takes 201 MB, twice: as bytes and as numbers.
    zeros(&folder.path().join("large.safetensors"), 4096, 1);
    let script = "ulimit -v 400000; exec \"$0\" models import large.safetensors --name new";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_partita")]);
    command.env("PARTITA_MODELS", models(folder.path()));
    let output = command.current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("large.safetensors") && said.contains("signal"),
        "{said}"
    );
    assert!(
        said.ends_with("s\n") && said.contains("error[import_failed]: "),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(left(folder.path()), [""; 0]);
}

/// An import that is under way: it writes already, and has some seconds to go.
#[cfg(target_os = "linux")]
struct UnderWay {
    folder: tempfile::TempDir,
    partita: std::process::Child,
    importer: u32,
}

#[cfg(target_os = "linux")]
impl UnderWay {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        zeros(&folder.path().join("zeros.safetensors"), 1280, 6);
        let partita = at(folder.path())
            .args(["models", "import", "zeros.safetensors", "--json"])
            .args(["--name", "new", "--dtype", "q4k"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let children = format!("/proc/{0}/task/{0}/children", partita.id());
        let growing = models(folder.path()).join(".importing-new/model.safetensors");
        let has_begun = || growing.metadata().is_ok_and(|file| file.len() > 0);
        while !has_begun() {
            std::thread::yield_now();
        }
        let importer = std::fs::read_to_string(children).unwrap();
        let importer = importer.trim().parse().expect("one child");
        Self {
            folder,
            partita,
            importer,
        }
    }

    fn signal(signal: &str, pid: u32) {
        let status = Command::new("kill")
            .args([signal, &pid.to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    fn of_importer(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.importer)).unwrap()
    }

    fn wait_for_importer(&self) {
        let alive = PathBuf::from(format!("/proc/{}", self.importer));
        while alive.exists() {
            std::thread::yield_now();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_that_reads_the_file_has_limits() {
    let mut under_way = UnderWay::begin();
    let limits = under_way.of_importer("limits");
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let words: Vec<_> = line.unwrap().split_whitespace().collect();
        (words[0].to_owned(), words[1].to_owned())
    };
    let both = |limit: &str| (limit.to_owned(), limit.to_owned());
    assert_eq!(limit("Max address space"), both("4294967296"));
    assert_eq!(limit("Max cpu time"), both("120"));
    assert_eq!(limit("Max core file size"), both("0"));
    let status = under_way.of_importer("status");
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert!(status.contains("\nSeccomp:\t2\n"), "{status}");
        assert!(status.contains("\nNoNewPrivs:\t1\n"), "{status}");
    }
    under_way.partita.kill().unwrap();
    under_way.partita.wait().unwrap();
    under_way.wait_for_importer();
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_leaves_nothing_of_an_import() {
    let under_way = UnderWay::begin();
    UnderWay::signal("-INT", under_way.partita.id());
    let gone = PathBuf::from(format!("/proc/{}", under_way.importer));
    let (folder, output) = (
        under_way.folder,
        under_way.partita.wait_with_output().unwrap(),
    );
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(left(folder.path()), [""; 0]);
    assert!(!gone.exists(), "no process is left either");
}

#[cfg(target_os = "linux")]
#[test]
fn an_importer_that_dies_is_an_error_and_leaves_nothing() {
    let under_way = UnderWay::begin();
    // As a system does that has no memory left.
    UnderWay::signal("-KILL", under_way.importer);
    let (folder, output) = (
        under_way.folder,
        under_way.partita.wait_with_output().unwrap(),
    );
    assert_eq!(fails(output), "import_failed");
    assert_eq!(left(folder.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_that_is_killed_is_no_model_and_goes_with_the_next() {
    let mut under_way = UnderWay::begin();
    // Nobody else may import under this name meanwhile.
    let file = tiny("model.safetensors");
    let again =
        |folder: &Path| import(folder, file.to_str().unwrap(), &["--name", "new", "--json"]);
    assert_eq!(fails(again(under_way.folder.path())), "not_now");
    under_way.partita.kill().unwrap();
    under_way.partita.wait().unwrap();
    under_way.wait_for_importer();
    let folder = under_way.folder.path();
    assert_eq!(left(folder), [".importing-new"]);
    let list = succeeds(at(folder).args(["models", "list"]).output().unwrap());
    assert!(!list.contains("importing"), "{list}");
    succeeds(again(folder));
    assert_eq!(left(folder), ["new"]);
}
