use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use crate::{compose, fails, partita, succeeds};

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
    for guard in ["strict", "repair", "off"] {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let composed = |out: &str, variations: &str, seed: &str| {
            let how = ["--variations", variations, "--seed", seed, "--guard", guard];
            succeeds(compose(
                at,
                out,
                &[&how[..], &["--max-bars", "12"]].concat(),
            ));
            files(&at.join(out))
        };
        let (one, two) = (composed("one", "4", "7"), composed("two", "4", "7"));
        assert_eq!(one.len(), 8, "two formats of four variations");
        assert_eq!(one, two);
        for k in 1..=4 {
            let alone = composed(&format!("alone-{k}"), "1", &(6 + k).to_string());
            for ending in ["abc", "musicxml"] {
                let number = |k| format!("schubert-art-song-{k}.{ending}");
                assert!(
                    alone[&number(1)] == one[&number(k)],
                    "variation {k}, {ending}, {guard}"
                );
            }
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
        &["--max-bars", "4", "--json", "--guard", "strict"],
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
    let drawn: Vec<_> = events.iter().filter(|e| e["kind"] == "drawn").collect();
    assert_eq!(drawn.len(), 1);
    assert_eq!(drawn[0]["rolled_back"], 0, "not in strict");
    assert!(drawn[0]["patches"].as_u64() > Some(4));
    let last = events.last().unwrap();
    assert_eq!(
        (&last["kind"], &last["number"]),
        (&"written".into(), &1.into())
    );
    assert_eq!(last["files"].as_array().unwrap().len(), 2);
}

#[test]
fn that_the_processor_takes_a_cards_place_is_said_once_to_who_asked_for_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let composed = |more: &[&str]| {
        let how = ["--max-bars", "2", "--variations", "2"];
        let output = compose(folder.path(), "out", &[&how[..], more].concat());
        let errors = String::from_utf8(output.stderr.clone()).unwrap();
        (succeeds(output), errors)
    };
    // There is no machine with so many.
    let (_, errors) = composed(&["--device", "cuda:99"]);
    let note = "note: composing on the processor: there is no NVIDIA";
    assert_eq!(errors.matches(note).count(), 1, "{errors}");
    let (events, errors) = composed(&["--device", "cuda:99", "--json"]);
    assert_eq!(errors.matches(note).count(), 1, "{errors}");
    let ready = |event: &serde_json::Value| event["status"]["state"] == "ready";
    let mut events = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let ready = events.find(ready).expect("a worker");
    assert_eq!(ready["status"]["instead"]["code"], "device_absent");
    assert_eq!(ready["status"]["plan"]["on_card"], false);
    let (_, errors) = composed(&["--device", "cpu"]);
    assert!(!errors.contains("note: composing"), "{errors}");
}

#[test]
fn the_formats_asked_for_are_written_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let all = ["--max-bars", "4", "--to", "abc,musicxml,mxl,midi,notagen"];
    let printed = succeeds(compose(folder.path(), "out", &all));
    let endings = ["abc", "musicxml", "mxl", "mid", "notagen.abc"];
    let expected = endings.map(|ending| format!("out/schubert-art-song-1.{ending}"));
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    let written = files(&folder.path().join("out"));
    assert_eq!(written.len(), 5);
    assert!(written["schubert-art-song-1.mid"].starts_with(b"MThd"));
}

/// `compose` with these options alone.
fn compose_like(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = partita(folder);
    command.arg("compose").args(arguments);
    command.output().unwrap()
}

#[test]
fn a_file_of_any_format_composes_its_piece_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let particular = ["--seed", "11", "--max-bars", "4", "--top-k", "5"];
    let strict = ["--temperature", "1.1", "--guard", "strict"];
    let to = ["--to", "abc,musicxml,mxl,midi,notagen"];
    let arguments = [&particular[..], &strict[..], &to[..]].concat();
    succeeds(compose(at, "first", &arguments));
    let first = files(&at.join("first"));
    for name in first.keys() {
        let like = format!("first/{name}");
        succeeds(compose_like(
            at,
            &[&["--like", &like, "--out", name], &to[..]].concat(),
        ));
        assert!(files(&at.join(name)) == first, "{name}");
    }
}

#[test]
fn options_go_before_what_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    succeeds(compose(at, "first", &["--seed", "11", "--max-bars", "4"]));
    let like = ["--like", "first/schubert-art-song-1.musicxml", "--out"];
    let other = ["other", "--seed", "12", "--max-bars", "3", "--top-k", "4"];
    let wolf = ["--composer", "Wolf, Hugo", "--json"];
    let events = succeeds(compose_like(
        at,
        &[&like[..], &other[..], &wolf[..]].concat(),
    ));
    let job = events
        .lines()
        .map(serde_json::from_str::<serde_json::Value>);
    let mut job = job
        .map(Result::unwrap)
        .filter(|event| event["kind"] == "job");
    let job = &job.next().expect("a job")["job"];
    assert_eq!(job["style"]["composer"], "Wolf, Hugo");
    assert_eq!(job["style"]["instrumentation"], "Art Song");
    assert_eq!(job["limits"]["max_bars"], 3);
    assert_eq!(job["variations"][0]["seed"], 12);
    assert_eq!(job["sampling"]["top_k"], 4);
    assert_eq!(job["sampling"]["top_p"], 0.9, "the rest is the file's");
}

#[test]
fn a_file_without_settings_or_with_a_model_that_is_not_here_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("air.abc"), "X:1\nT:Air\nL:1/4\nK:G\nG A B c|\n").unwrap();
    let like = |file: &str, more: &[&str]| {
        compose_like(at, &[&["--like", file, "--out", "out"], more].concat())
    };
    assert_eq!(fails(like("air.abc", &[])), "no_settings");
    assert_eq!(fails(like("nothing.abc", &[])), "cannot_read");

    succeeds(compose(at, "first", &["--max-bars", "2", "--to", "abc"]));
    let text = std::fs::read_to_string(at.join("first/schubert-art-song-1.abc")).unwrap();
    let text = text.replace("partita-model: partita-demo", "partita-model: elsewhere");
    std::fs::write(at.join("elsewhere.abc"), text).unwrap();
    assert_eq!(fails(like("elsewhere.abc", &[])), "model_missing");
    let with_another = like("elsewhere.abc", &["--model", "partita-demo"]);
    let said = String::from_utf8_lossy(&with_another.stderr).into_owned();
    assert!(
        said.contains("note: ") && said.contains("elsewhere"),
        "{said}"
    );
    succeeds(with_another);
}

#[test]
fn without_a_file_like_it_a_style_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = compose_like(folder.path(), &["--composer", "Wolf, Hugo", "--out", "out"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("--period") && said.contains("--instrumentation"),
        "{said}"
    );
}

/// The texts of all variations as the model wrote them, from the events.
fn texts(events: &str) -> BTreeMap<u64, String> {
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    for line in events.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        if event["kind"] == "header" || event["kind"] == "bar" {
            let text = texts.entry(event["id"]["number"].as_u64().unwrap());
            text.or_default().push_str(event["text"].as_str().unwrap());
        }
    }
    texts
}

#[test]
fn what_the_guard_lets_pass_needs_no_mending() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let eight = [
        "--variations",
        "8",
        "--seed",
        "1",
        "--max-bars",
        "12",
        "--json",
    ];
    let mended = |guard: &[&str]| {
        let mut arguments = eight.to_vec();
        arguments.extend(guard);
        let printed = succeeds(compose(at, "out", &arguments));
        let texts = texts(&printed);
        assert_eq!(texts.len(), 8);
        let said = texts.values().map(|text| {
            std::fs::write(at.join("raw.abc"), text).unwrap();
            let mut export = partita(at);
            export.args(["export", "raw.abc", "--to", "abc", "-o", "mended.abc"]);
            let output = export.output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stderr).unwrap()
        });
        let said: String = said.collect();
        let is_mending = |line: &&str| !line.starts_with("note");
        let mended: Vec<String> = said.lines().filter(is_mending).map(str::to_owned).collect();
        (mended, rolled_back(&printed))
    };
    assert_eq!(mended(&["--guard", "strict"]), (vec![], 0));
    let (repaired, rolled_back) = mended(&[]);
    assert_eq!(repaired, Vec::<String>::new(), "repair is the default");
    assert!(rolled_back > 8, "{rolled_back}");
    let (off, rolled_back) = mended(&["--guard", "off"]);
    assert!(off.len() > 8, "the model alone needs it: {off:?}");
    assert_eq!(rolled_back, 0);
}

/// How often something was drawn again, in all variations.
fn rolled_back(events: &str) -> u64 {
    let events = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let drawn = events.filter(|event| event["kind"] == "drawn");
    drawn
        .map(|event| event["rolled_back"].as_u64().unwrap())
        .sum()
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
