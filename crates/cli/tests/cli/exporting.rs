use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{compose, fails, partita, repository, succeeds};

fn export(at: &Path, from: &str, to: &str, out: &str) -> std::process::Output {
    let mut command = partita(at);
    command.args(["export", from, "--to", to, "-o", out]);
    command.output().unwrap()
}

fn musicxml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "musicxml"))
        .collect();
    files.sort();
    files
}

/// What a score says it has.
fn parts_and_measures(path: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse_with_options(
        &text,
        roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        },
    )
    .unwrap();
    let parts: Vec<_> = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name("part"))
        .collect();
    let measures = |part: &roxmltree::Node<'_, '_>| {
        part.children()
            .filter(|node| node.has_tag_name("measure"))
            .count()
    };
    let first = measures(&parts[0]);
    assert!(
        parts.iter().all(|part| measures(part) == first),
        "all parts are as long"
    );
    (parts.len(), first)
}

#[test]
fn twenty_pieces_are_valid_and_an_independent_reader_finds_all_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let twenty = ["--variations", "20", "--seed", "1", "--max-bars", "16"];
    succeeds(compose(folder.path(), "out", &twenty));
    let files = musicxml_files(&folder.path().join("out"));
    assert_eq!(files.len(), 20);

    let schema = repository().join("crates/score/tests/data/schema/musicxml.xsd");
    let xmllint = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .args(&files)
        .output()
        .expect("xmllint, which ./dev setup installs");
    let said = String::from_utf8_lossy(&xmllint.stderr);
    assert!(xmllint.status.success(), "{said}");

    // Verovio reads MusicXML on its own and tells in MEI what it understood.
    let reader = Command::new("node")
        .arg(repository().join("crates/cli/tests/count.mjs"))
        .args(&files)
        .output()
        .expect("node, which ./dev setup asks for");
    let counted = succeeds(reader);
    let counted: Vec<(usize, usize)> = counted
        .lines()
        .map(|line| {
            let (parts, measures) = line.split_once(' ').unwrap();
            (parts.parse().unwrap(), measures.parse().unwrap())
        })
        .collect();
    let expected: Vec<_> = files.iter().map(|file| parts_and_measures(file)).collect();
    assert_eq!(counted, expected);
    assert!(
        expected
            .iter()
            .all(|&(parts, bars)| parts > 0 && (1..=16).contains(&bars))
    );
}

/// Two bars for voice and piano, as NotaGen writes them.
const SONG: &str = "%Romantic\n%Wolf, Hugo\n%Art Song\n%%score 1 2\nL:1/8\nM:2/4\nK:G\n\
                    V:1 treble nm=\"Voice\"\nV:2 bass nm=\"Piano\"\n\
                    [r:0/1][V:1]G2 A2|[V:2]G,4|\n[r:1/0][V:1]B4|]\n";

#[test]
fn every_format_that_is_read_becomes_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("song"), SONG).unwrap();
    for (from, to) in [
        ("song", "notagen"),
        ("song", "musicxml"),
        ("song.musicxml", "mxl"),
        ("song.mxl", "abc"),
        ("song.abc", "notagen"),
        ("song.notagen", "midi"),
    ] {
        succeeds(export(at, from, to, &format!("song.{to}")));
        // Whatever it went through, it is the same two bars of two parts.
        let check = at.join("check.musicxml");
        if to != "midi" {
            succeeds(export(
                at,
                &format!("song.{to}"),
                "musicxml",
                "check.musicxml",
            ));
            assert_eq!(parts_and_measures(&check), (2, 2), "{from} to {to}");
        }
    }
    assert!(
        std::fs::read(at.join("song.mxl"))
            .unwrap()
            .starts_with(b"PK")
    );
    assert!(
        std::fs::read(at.join("song.midi"))
            .unwrap()
            .starts_with(b"MThd")
    );
    let text = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    assert!(text("song.abc").contains("\nX:1\n"));
    let notagen = text("song.notagen");
    assert!(
        notagen.contains("%Romantic\n%Wolf, Hugo\n%Art Song\n"),
        "{notagen}"
    );
    assert!(notagen.contains("[r:0/1][V:1]"), "{notagen}");
}

#[test]
fn the_name_of_the_file_says_the_format_unless_the_option_does() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("song"), SONG).unwrap();
    let to = |out: &str| {
        let mut command = partita(at);
        command
            .args(["export", "song", "-o", out])
            .output()
            .unwrap()
    };
    for (out, begin) in [
        ("a.abc", "%abc-2.1\n"),
        ("a.xml", "<?xml"),
        ("A.MusicXML", "<?xml"),
        ("a.mxl", "PK"),
        ("a.mid", "MThd"),
        ("a.midi", "MThd"),
    ] {
        succeeds(to(out));
        let bytes = std::fs::read(at.join(out)).unwrap();
        assert!(bytes.starts_with(begin.as_bytes()), "{out}");
    }
    succeeds(to("a.notagen.abc"));
    let notagen = std::fs::read_to_string(at.join("a.notagen.abc")).unwrap();
    assert!(notagen.contains("[r:0/1]"), "{notagen}");
    for out in ["song.pdf", "out"] {
        assert_eq!(fails(to(out)), "invalid_request", "{out}");
        assert!(!at.join(out).exists());
    }
    succeeds(export(at, "song", "mxl", "out"));
    assert!(std::fs::read(at.join("out")).unwrap().starts_with(b"PK"));
}

#[test]
fn files_too_large_for_their_kind_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let of_size = |begin: &str, bytes: u64| {
        std::fs::write(at.join("large"), begin).unwrap();
        let file = std::fs::File::options().write(true).open(at.join("large"));
        file.unwrap().set_len(bytes).unwrap();
        fails(export(at, "large", "abc", "out.abc"))
    };
    assert_eq!(of_size("X:1\nK:C\nC|\n", (1 << 20) + 1), "cannot_read");
    assert_eq!(of_size("<?xml", (32 << 20) + 1), "cannot_read");
    assert!(!at.join("out.abc").exists());
}

#[test]
fn what_is_no_score_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(
        at.join("letter.txt"),
        "Dear Franz,\nthe piano is out of tune.\n",
    )
    .unwrap();
    let code = fails(export(at, "letter.txt", "musicxml", "letter.musicxml"));
    assert_eq!(code, "no_music");
    std::fs::write(at.join("song.mid"), b"MThd\0\0\0\x06\0\0\0\0\x01\xe0").unwrap();
    let code = fails(export(at, "song.mid", "abc", "out.abc"));
    assert_eq!(code, "cannot_read", "MIDI is written, not read");
    let code = fails(export(at, "nothing.abc", "abc", "out.abc"));
    assert_eq!(code, "cannot_read");
    assert!(!at.join("letter.musicxml").exists() && !at.join("out.abc").exists());
}
