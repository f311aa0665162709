//! `partita bench` and `partita machine`, and what memory allows.

use std::process::Command;

use serde_json::Value;

use crate::{fails, partita, succeeds};

fn bench(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = partita(folder.path());
    let output = command.arg("bench").args(args).arg("--json").output();
    serde_json::from_str(&succeeds(output.unwrap())).unwrap()
}

#[test]
fn a_bench_of_the_bundled_model_has_the_reports_columns() {
    let report = bench(&["--batch", "1,2", "--patches", "40", "--runs", "2"]);
    assert_eq!(report["model"], "partita-demo");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap();
        let seconds = number("latency_ms") / 1e3;
        assert!(number("first_bar_ms") < number("latency_ms"));
        let pieces = number("batch") * 60.0 / seconds;
        assert!((number("pieces_per_minute") / pieces - 1.0).abs() < 1e-6);
        let patches = number("batch") * 40.0 / seconds;
        assert!((number("patches_per_second") / patches - 1.0).abs() < 1e-6);
        assert!(number("peak_bytes") > 10e6 && number("growth") >= 1.0);
    }
    assert!([1, 2].contains(&report["recommended"].as_u64().unwrap()));
}

#[test]
fn a_bench_for_people_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "bench",
        "--batch",
        "1",
        "--patches",
        "8",
        "--runs",
        "1",
        "--threads",
        "1",
    ];
    let printed = succeeds(partita(folder.path()).args(args).output().unwrap());
    assert!(printed.contains("CPU, 1 thread"), "{printed}");
    assert!(printed.contains("pieces/min"), "{printed}");
    assert!(printed.contains("Recommended: 1 at once"), "{printed}");
}

/// What the process held at most, against what was planned before it held anything.
#[test]
fn the_peak_of_memory_stays_within_the_plan() {
    for (dtype, batch) in [("q8_0", "1"), ("f16", "4")] {
        let shape = ["--shape", "small", "--random-weights", "--dtype", dtype];
        let how = ["--batch", batch, "--patches", "24", "--runs", "1"];
        let report = bench(&[&shape[..], &how[..]].concat());
        let row = &report["rows"][0];
        let plan = |name: &str| row["plan"][name].as_f64().unwrap();
        let slots = plan("slots") * plan("slot");
        let planned = plan("weights") + slots + plan("working") + plan("program");
        let peak = row["peak_bytes"].as_f64().unwrap();
        assert!(peak <= 1.05 * planned, "{dtype}: {peak} of {planned}");
        // Contexts that are not full yet are not there yet.
        assert!(
            peak >= 0.8 * (planned - slots),
            "{dtype}: {peak} of {planned}"
        );
    }
}

/// `partita bench` with so much address space, in kilobytes.
#[cfg(target_os = "linux")]
fn with_memory(kilobytes: u64, args: &str) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let partita = env!("CARGO_BIN_EXE_partita");
    let script = format!("ulimit -v {kilobytes}; exec {partita} bench {args} --json");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(folder.path());
    command.env("PARTITA_MODELS", crate::repository().join("models"));
    command.output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_gives_a_smaller_format_or_a_refusal() {
    // Each thread takes addresses of its own, so that their number matters.
    let args = "--shape small --random-weights --batch 1 --patches 4 --runs 1 --threads 2";
    // 106 M parameters: 425 MB as f32, 113 MB at 8 bits.
    let report: Value = serde_json::from_str(&succeeds(with_memory(700_000, args))).unwrap();
    let plan = &report["rows"][0]["plan"];
    assert_eq!(plan["is_smaller"], true, "{plan}");
    let notes = report["notes"].to_string();
    assert!(notes.contains("Memory is short"), "{notes}");
    // 515 M: 300 MB even at 4 bits.
    let args = args.replace("small", "notagen-x");
    assert_eq!(fails(with_memory(350_000, &args)), "memory_short");
}

#[test]
fn weights_in_another_format_are_another_piece_and_the_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let abc = |out: &str, more: &[&str]| {
        let how = ["--seed", "3", "--max-bars", "8", "--to", "abc"];
        succeeds(crate::compose(at, out, &[&how[..], more].concat()));
        std::fs::read_to_string(at.join(out).join("schubert-art-song-1.abc")).unwrap()
    };
    let (own, small) = (abc("own", &[]), abc("small", &["--dtype", "q4k"]));
    assert!(!own.contains("partita-dtype"));
    assert!(small.contains("partita-dtype: q4k"), "{small}");
    let like = [
        "compose",
        "--like",
        "small/schubert-art-song-1.abc",
        "--out",
        "again",
        "--to",
        "abc",
    ];
    succeeds(partita(at).args(like).output().unwrap());
    let again = std::fs::read_to_string(at.join("again/schubert-art-song-1.abc")).unwrap();
    assert!(again == small, "the format is recalled with the seed");
}

#[test]
fn the_machine_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let json = succeeds(
        partita(folder.path())
            .args(["machine", "--json"])
            .output()
            .unwrap(),
    );
    let machine: Value = serde_json::from_str(&json).unwrap();
    assert!(machine["threads"].as_u64().unwrap() > 0);
    assert!(machine["memory"]["available"].as_u64().unwrap() > 0);
    assert!(machine["gpus"].is_array());
    let printed = succeeds(partita(folder.path()).arg("machine").output().unwrap());
    assert!(printed.contains("GB of memory free"), "{printed}");
}
