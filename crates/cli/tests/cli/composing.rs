use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use crate::{compose, partita, succeeds};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_again_alone_and_in_company() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let four = ["--variations", "4", "--seed", "7", "--max-bars", "12"];
    succeeds(compose(at, "one", &four));
    succeeds(compose(at, "two", &four));
    let (one, two) = (files(&at.join("one")), files(&at.join("two")));
    assert_eq!(one.len(), 8, "two formats of four variations");
    assert_eq!(one, two);
    for k in 1..=4 {
        let seed = (6 + k).to_string();
        let alone = ["--variations", "1", "--seed", &seed, "--max-bars", "12"];
        let out = format!("alone-{k}");
        succeeds(compose(at, &out, &alone));
        let alone = files(&at.join(out));
        for ending in ["abc", "musicxml"] {
            let number = |k| format!("schubert-art-song-{k}.{ending}");
            assert!(
                alone[&number(1)] == one[&number(k)],
                "variation {k}, {ending}"
            );
        }
    }
}

#[test]
fn the_files_are_named_on_standard_output_and_pieces_are_in_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let printed = succeeds(compose(
        at,
        "out",
        &["--variations", "2", "--max-bars", "4"],
    ));
    let mut named: Vec<&str> = printed.lines().collect();
    named.sort_unstable();
    let expected = [
        "out/schubert-art-song-1.abc",
        "out/schubert-art-song-1.musicxml",
        "out/schubert-art-song-2.abc",
        "out/schubert-art-song-2.musicxml",
    ];
    assert_eq!(named, expected);
    let list = succeeds(
        partita(at)
            .args(["library", "list", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(list.lines().count(), 2);
    for line in list.lines() {
        let piece: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(piece["state"], "done");
        assert_eq!(piece["style"]["composer"], "Schubert, Franz");
    }
}

#[test]
fn json_tells_each_bar_and_ends_with_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let printed = succeeds(compose(
        folder.path(),
        "out",
        &["--max-bars", "4", "--json"],
    ));
    let events: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let bars: Vec<_> = events.iter().filter(|e| e["kind"] == "bar").collect();
    assert!(!bars.is_empty() && bars.len() <= 4);
    for (index, bar) in bars.iter().enumerate() {
        assert_eq!(bar["index"], index);
    }
    let last = events.last().unwrap();
    assert_eq!(
        (&last["kind"], &last["number"]),
        (&"written".into(), &1.into())
    );
    assert_eq!(last["files"].as_array().unwrap().len(), 2);
}

#[test]
fn a_library_that_is_not_there_yet_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = partita(folder.path());
    let list = command.args(["library", "list"]).output().unwrap();
    assert_eq!(succeeds(list), "");
    assert!(
        !folder.path().join("library").exists(),
        "looking makes none"
    );
}

#[test]
fn the_models_are_listed_installed_ones_first() {
    let folder = tempfile::tempdir().unwrap();
    let list = partita(folder.path()).args(["models", "list"]).output();
    let list = succeeds(list.unwrap());
    assert!(list.lines().next().unwrap().starts_with("partita-demo"));
    assert!(list.contains("notagen-x"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_and_keeps_the_bars_so_far() {
    use std::io::{BufRead, BufReader};

    let folder = tempfile::tempdir().unwrap();
    let mut child = partita(folder.path())
        .args([
            "compose",
            "--period",
            "Romantic",
            "--composer",
            "Schubert, Franz",
        ])
        .args(["--instrumentation", "Art Song", "--out", "out", "--json"])
        .args(["--variations", "16", "--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_bar = |line: &String| line.contains(r#""kind":"bar""#);
    lines
        .by_ref()
        .map(Result::unwrap)
        .find(is_bar)
        .expect("a bar");
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    let rest = lines
        .map(Result::unwrap)
        .filter(|l| l.contains(r#""state":"cancelled""#));
    assert!(rest.count() > 0);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut list = partita(folder.path());
    let list = succeeds(list.args(["library", "list"]).output().unwrap());
    assert!(list.contains("cancelled"));
}
