//! The `partita` command with the bundled model: what scripts rely on.

// Tests may fail by panicking, their helper functions included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arrows;
mod benching;
#[cfg(target_os = "linux")]
mod cards;
mod composing;
mod errors;
mod exporting;
mod importing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// `partita` with a library of its own in `folder`.
pub(crate) fn partita(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    command
        .env("PARTITA_LIBRARY", folder.join("library"))
        .env("PARTITA_MODELS", repository().join("models"))
        // What these tests say of the processor holds on a machine with a card too.
        .env("CUDA_VISIBLE_DEVICES", "")
        .current_dir(folder);
    command
}

/// What composes a piece, but for where it goes.
pub(crate) const COMPOSE: [&str; 7] = [
    "compose",
    "--period",
    "Romantic",
    "--composer",
    "Schubert, Franz",
    "--instrumentation",
    "Art Song",
];

pub(crate) fn compose(folder: &Path, out: &str, more: &[&str]) -> Output {
    let mut command = partita(folder);
    command.args(COMPOSE).args(["--out", out]).args(more);
    command.output().unwrap()
}

pub(crate) fn succeeds(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The code in the one line of `error[code]: message` that a failure prints.
pub(crate) fn fails(output: Output) -> String {
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "it should have failed");
    let lines: Vec<&str> = errors.lines().collect();
    let [line] = lines[..] else {
        panic!("one line, not: {errors}");
    };
    assert!(line.starts_with("error["), "{line}");
    let (code, message) = line["error[".len()..].split_once("]: ").unwrap();
    assert!(!message.is_empty());
    code.to_owned()
}

/// Runs a script with a file system of this size at `place`: a real full disk, in a mount namespace of
/// its own. `None`, and said, where the system lets no test mount one.
#[cfg(target_os = "linux")]
#[allow(clippy::print_stdout, reason = "a test that is left out says so")]
pub(crate) fn on_a_disk_of(
    size: &str,
    place: &Path,
    script: &str,
    environment: &[(&str, &Path)],
) -> Option<Output> {
    std::fs::create_dir_all(place).unwrap();
    let place = place.display();
    let script = format!("mount -t tmpfs -o size={size} tmpfs '{place}' && {{ {script}; }}");
    let run = |unshare: &[&str]| {
        Command::new("unshare")
            .args(unshare)
            .args(["sh", "-c", &script])
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    };
    let errors = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let mut output = run(&["--mount"]);
    if !errors(&output).contains("status") || errors(&output).contains("mount:") {
        output = run(&["--mount", "--user", "--map-root-user"]);
    }
    let said = errors(&output);
    if said.contains("unshare:") || said.contains("mount:") {
        println!("SKIPPED: this system lets no test mount a small disk: {said}");
        return None;
    }
    Some(output)
}
