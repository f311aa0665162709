//! On an NVIDIA card: an emulated one, behind the driver's own interface, so that all of the program is what runs.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{COMPOSE, partita, succeeds};

/// `partita` on a machine with an emulated card.
fn with_a_card(folder: &Path, card: &[(&str, &str)]) -> Command {
    let mut command = partita(folder);
    command
        .env_remove("CUDA_VISIBLE_DEVICES")
        .env("LD_LIBRARY_PATH", cuda_emulator::folder().unwrap())
        .envs(card.iter().copied());
    command
}

/// The report of a short measurement of the bundled model's shape.
fn bench(folder: &Path, card: &[(&str, &str)], more: &[&str]) -> Value {
    bench_on("cuda", folder, card, more)
}

fn bench_on(device: &str, folder: &Path, card: &[(&str, &str)], more: &[&str]) -> Value {
    let mut command = with_a_card(folder, card);
    command
        .args(["bench", "--json", "--shape", "demo", "--random-weights"])
        .args(["--patches", "1", "--runs", "1", "--device", device])
        .args(more);
    serde_json::from_str(&succeeds(command.output().unwrap())).unwrap()
}

fn notes(report: &Value) -> String {
    let notes = report["notes"].as_array().unwrap();
    let notes: Vec<&str> = notes.iter().map(|note| note.as_str().unwrap()).collect();
    notes.join("\n")
}

fn on_the_processor(report: &Value) -> bool {
    report["device"].as_str().unwrap().starts_with("CPU")
}

#[test]
fn the_program_needs_no_library_of_cuda_to_start() {
    let needed = Command::new("ldd")
        .arg(env!("CARGO_BIN_EXE_partita"))
        .output();
    let needed = String::from_utf8(needed.unwrap().stdout).unwrap();
    assert!(needed.contains("libc"), "{needed}");
    for library in ["libcuda", "libcublas", "libnv"] {
        assert!(!needed.contains(library), "{needed}");
    }
}

/// The events of composing a piece, what was said beside them, and the piece.
fn compose(
    folder: &Path,
    device: &str,
    card: &[(&str, &str)],
    patches: &str,
) -> (String, String, String) {
    let mut command = with_a_card(folder, card);
    command
        .args(COMPOSE)
        .args(["--device", device, "--json", "--seed", "3"])
        .args(["--max-patches", patches, "--out", device]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let events = succeeds(output);
    let text = folder.join(device).join("schubert-art-song-1.abc");
    (events, said, std::fs::read_to_string(text).unwrap())
}

#[test]
fn a_piece_is_composed_on_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let (events, _, text) = compose(folder.path(), "cuda", &[], "30");
    let is_ready = |line: &&str| line.contains("\"ready\"");
    let ready = events.lines().find(is_ready).unwrap();
    assert!(ready.contains("CUDA emulator"), "{ready}");
    assert!(text.contains("X:1") && text.contains("V:1"), "{text}");
}

#[test]
fn without_a_card_the_processor_computes_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for (card, why) in [
        (("CUDA_EMULATOR_DEVICES", "0"), "no NVIDIA card"),
        (("CUDA_EMULATOR_DRIVER", "11030"), "at least 11.4 is needed"),
        (("CUDA_EMULATOR_CAPABILITY", "5.2"), "too old"),
        (
            ("CUDA_EMULATOR_WRONG", "1"),
            "something else than the processor",
        ),
        (("CUDA_EMULATOR_MEMORY", "60000000"), "memory"),
        (("CUDA_EMULATOR_FAIL", "alloc:1:2"), "memory"),
    ] {
        let report = bench(folder.path(), &[card], &["--batch", "1"]);
        assert!(on_the_processor(&report), "{card:?}: {report}");
        assert!(notes(&report).contains(why), "{card:?}: {report}");
    }
    // And a number that no card has.
    let report = bench_on("cuda:3", folder.path(), &[], &["--batch", "1"]);
    assert!(
        on_the_processor(&report) && notes(&report).contains("number 3"),
        "{report}"
    );
}

#[test]
fn a_card_with_less_memory_has_fewer_slots() {
    let folder = tempfile::tempdir().unwrap();
    // The bundled model's shape as f16: 14.5 MB of weights, 6.7 MB a slot, 67 MB for the driver.
    for (megabytes, slots) in [(2000, 8), (125, 4), (112, 2), (104, 1)] {
        let memory = (megabytes * 1_000_000).to_string();
        let card = [("CUDA_EMULATOR_MEMORY", memory.as_str())];
        let report = bench(folder.path(), &card, &["--batch", "8", "--dtype", "f16"]);
        assert!(!on_the_processor(&report), "{report}");
        let found = match report["rows"].as_array().unwrap().first() {
            Some(row) => row["plan"]["slots"].as_u64().unwrap(),
            None => {
                let said = notes(&report);
                let said = said.split("memory for ").nth(1).unwrap();
                said.split(' ').next().unwrap().parse().unwrap()
            }
        };
        assert_eq!(found, slots, "{megabytes} MB: {report}");
    }
    // Less than that makes weights smaller.
    let card = [("CUDA_EMULATOR_MEMORY", "98000000")];
    let report = bench(folder.path(), &card, &["--batch", "1", "--dtype", "f16"]);
    assert_eq!(report["dtype"], "q8_0", "{report}");
    assert!(!on_the_processor(&report), "{report}");
}

#[test]
fn memory_that_is_gone_when_it_is_taken_costs_slots() {
    let folder = tempfile::tempdir().unwrap();
    // Somewhere among the weights; then the whole model is loaded again with half the slots.
    let card = [("CUDA_EMULATOR_FAIL", "alloc:40:2")];
    let report = bench(folder.path(), &card, &["--batch", "8"]);
    assert!(!on_the_processor(&report), "{report}");
    assert!(
        notes(&report).contains("memory for 4 pieces at once"),
        "{report}"
    );
}

#[test]
fn a_card_that_fails_again_and_again_gives_its_place_to_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    // What a card that has fallen off the bus says, in the middle of a piece, of each process that tries.
    let failing = [("CUDA_EMULATOR_FAIL", "replay:30:719")];
    let (events, said, text) = compose(folder.path(), "cuda", &failing, "40");
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_the_worker = |state: &str| {
        let is_so = |event: &&Value| event["kind"] == "worker" && event["status"]["state"] == state;
        events.iter().filter(is_so).count()
    };
    assert!(of_the_worker("restarting") >= 3, "{events:?}");
    let last = events
        .iter()
        .rev()
        .find(|event| event["kind"] == "worker")
        .unwrap();
    assert!(
        last["status"]["device"]
            .as_str()
            .unwrap()
            .starts_with("CPU"),
        "{last}"
    );
    assert_eq!(last["status"]["instead"]["code"], "device_lost", "{last}");
    assert!(said.contains("processor"), "{said}");
    // It is whole, and the processor's own.
    assert_eq!(compose(folder.path(), "cpu", &[], "40").2, text);
}
