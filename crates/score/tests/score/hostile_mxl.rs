//! Archives made to do harm.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use score::{Score, Severity, parse_mxl};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::check::check_score;
use crate::foreign::{file, note};

const SOON: Duration = Duration::from_secs(5);

fn read(bytes: &[u8]) -> Result<Score, String> {
    let started = Instant::now();
    let (score, findings) = parse_mxl(bytes);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    match findings.into_iter().find(|f| f.severity == Severity::Error) {
        Some(error) => {
            assert_eq!(score, Score::default());
            Err(error.message)
        }
        None => {
            check_score(&score);
            Ok(score)
        }
    }
}

/// An archive of these entries, in order.
fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn deflated(entries: &[(&str, &[u8])]) -> Vec<u8> {
    archive(entries, CompressionMethod::Deflated)
}

fn container(files: &str) -> String {
    format!("<?xml version=\"1.0\"?><container><rootfiles>{files}</rootfiles></container>")
}

fn rootfile(name: &str) -> String {
    format!("<rootfile full-path=\"{name}\"/>")
}

const CONTAINER: &str = "META-INF/container.xml";

fn music() -> String {
    file(&[&note("C4", 16, "")])
}

/// An archive as it should be.
fn valid() -> Vec<u8> {
    let named = container(&rootfile("score.xml"));
    deflated(&[
        (CONTAINER, named.as_bytes()),
        ("score.xml", music().as_bytes()),
    ])
}

/// Where the nth record of this kind begins.
fn record(zip: &[u8], signature: &[u8], nth: usize) -> usize {
    let found = zip
        .windows(signature.len())
        .enumerate()
        .filter(|(_, w)| *w == signature);
    found.map(|(at, _)| at).nth(nth).unwrap()
}

/// The archive with bytes of the second entry's local header and directory record changed.
fn changed(local: usize, central: usize, value: &[u8]) -> Vec<u8> {
    let mut zip = valid();
    let (at, directory) = (
        record(&zip, b"PK\x03\x04", 1),
        record(&zip, b"PK\x01\x02", 1),
    );
    zip[at + local..at + local + value.len()].copy_from_slice(value);
    zip[directory + central..directory + central + value.len()].copy_from_slice(value);
    zip
}

#[test]
fn archives_that_are_not_as_they_should_be_are_refused() {
    let music = music();
    let music = music.as_bytes();
    let with = |files: &str, entries: &[(&str, &[u8])]| {
        let named = container(files);
        let mut all: Vec<(&str, &[u8])> = vec![(CONTAINER, named.as_bytes())];
        all.extend(entries);
        deflated(&all)
    };
    let score = rootfile("score.xml");
    let many: Vec<String> = (0..40).map(|i| format!("{i}.png")).collect();
    let mut crowd: Vec<(&str, &[u8])> = vec![("score.xml", music)];
    crowd.extend(many.iter().map(|name| (name.as_str(), &b""[..])));
    let zeros = vec![0; 16 << 20];
    let blanks = [music, " ".repeat(20 << 20).as_bytes()].concat();
    let large = [music, " ".repeat(33 << 20).as_bytes()].concat();
    let bomb = "<!DOCTYPE container [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><container>&b;</container>";
    let mut duplicate = with(&score, &[("score.xml", music), ("other.xml", music)]);
    while let Some(at) = duplicate.windows(9).position(|w| w == b"other.xml") {
        duplicate[at..at + 9].copy_from_slice(b"score.xml");
    }
    let whole = valid();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "cannot be read"),
        ("two letters", b"PK".to_vec(), "cannot be read"),
        ("a header", b"PK\x03\x04".to_vec(), "cannot be read"),
        (
            "words",
            b"this is not an archive".to_vec(),
            "cannot be read",
        ),
        ("an empty archive", deflated(&[]), "no entry"),
        (
            "a cut archive",
            whole[..whole.len() / 2].to_vec(),
            "cannot be read",
        ),
        (
            "a cut directory",
            whole[..whole.len() - 30].to_vec(),
            "cannot be read",
        ),
        (
            "no container",
            deflated(&[("score.xml", music)]),
            "no entry",
        ),
        (
            "an empty container",
            deflated(&[(CONTAINER, b""), ("score.xml", music)]),
            "container",
        ),
        (
            "a container of words",
            deflated(&[(CONTAINER, b"score.xml"), ("score.xml", music)]),
            "container",
        ),
        (
            "another container",
            deflated(&[(CONTAINER, b"<html/>"), ("score.xml", music)]),
            "container",
        ),
        (
            "a container with entities",
            deflated(&[(CONTAINER, bomb.as_bytes())]),
            "definitions of its own",
        ),
        (
            "a container of noise",
            deflated(&[(CONTAINER, b"\xff\xff<")]),
            "",
        ),
        (
            "no rootfile",
            with("", &[("score.xml", music)]),
            "names no score",
        ),
        (
            "a rootfile without a name",
            with("<rootfile/>", &[("score.xml", music)]),
            "names no score",
        ),
        (
            "two rootfiles",
            with(
                &(score.clone() + &rootfile("other.xml")),
                &[("score.xml", music), ("other.xml", music)],
            ),
            "several",
        ),
        (
            "the same rootfile twice",
            with(&score.repeat(2), &[("score.xml", music)]),
            "several",
        ),
        (
            "a missing entry",
            with(&rootfile("other.xml"), &[("score.xml", music)]),
            "no entry",
        ),
        (
            "a file outside",
            with(&rootfile("../../../../etc/passwd"), &[("score.xml", music)]),
            "no entry",
        ),
        (
            "an absolute file",
            with(&rootfile("/etc/passwd"), &[("score.xml", music)]),
            "no entry",
        ),
        (
            "an address",
            with(&rootfile("http://127.0.0.1:1/"), &[("score.xml", music)]),
            "no entry",
        ),
        ("a crowd", with(&score, &crowd), "entries"),
        ("two of a name", duplicate, "same name"),
        (
            "a bomb",
            with(&score, &[("score.xml", &zeros)]),
            "beyond measure",
        ),
        (
            "a bomb of blanks",
            with(&score, &[("score.xml", &blanks)]),
            "beyond measure",
        ),
        (
            "a bomb in the container",
            deflated(&[(CONTAINER, &zeros)]),
            "beyond measure",
        ),
        (
            "an archive in the archive",
            with(&score, &[("score.xml", &whole)]),
            "archive in the archive",
        ),
        (
            "an empty score",
            with(&score, &[("score.xml", b"")]),
            "no XML element",
        ),
        (
            "a score of words",
            with(&score, &[("score.xml", b"X:1\nK:C\nC|")]),
            "no XML element",
        ),
        (
            "a score of noise",
            with(&score, &[("score.xml", &[0xff; 99])]),
            "",
        ),
        (
            "too large a score",
            archive(
                &[
                    (CONTAINER, container(&score).as_bytes()),
                    ("score.xml", &large),
                ],
                CompressionMethod::Stored,
            ),
            "beyond measure",
        ),
        ("a secret", changed(6, 8, &[1, 0]), "cannot be read"),
        (
            "an unknown method",
            changed(8, 10, &[99, 0]),
            "cannot be read",
        ),
        ("another method", changed(8, 10, &[14, 0]), "cannot be read"),
        (
            "a wrong sum",
            changed(14, 16, &[1, 2, 3, 4]),
            "cannot be read",
        ),
        (
            "less than there is",
            changed(18, 20, &[9, 0, 0, 0]),
            "cannot be read",
        ),
        (
            "more than it says",
            changed(22, 24, &[9, 0, 0, 0]),
            "cannot be read",
        ),
    ];
    assert!(cases.len() >= 25);
    for (name, bytes, reason) in &cases {
        let message = read(bytes).expect_err(name);
        assert!(message.contains(reason), "{name}: {message}");
    }
}

#[test]
fn what_is_only_unusual_is_read() {
    let music = music();
    let music = music.as_bytes();
    let (expected, _) = score::parse_musicxml(music);
    let utf16: Vec<u8> = format!("\u{feff}{}", file(&[&note("C4", 16, "")]))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let named = |files: &str| container(files).into_bytes();
    let score = rootfile("score.xml");
    let other = "<rootfile full-path=\"score.pdf\" media-type=\"application/pdf\"/>";
    let typed =
        "<rootfile full-path=\"score.xml\" media-type=\"application/vnd.recordare.musicxml+xml\"/>";
    // No size that the archive claims is believed: what comes out counts.
    let packed = changed(18, 20, &[0xff, 0xff, 0xff, 0x7f]);
    let unpacked = changed(22, 24, &[0xff, 0xff, 0xff, 0x7f]);
    for (name, bytes) in [
        (
            "stored",
            archive(
                &[(CONTAINER, &named(&score)), ("score.xml", music)],
                CompressionMethod::Stored,
            ),
        ),
        (
            "UTF-16",
            deflated(&[(CONTAINER, &named(&score)), ("score.xml", &utf16)]),
        ),
        (
            "another order",
            deflated(&[("score.xml", music), (CONTAINER, &named(&score))]),
        ),
        (
            "a picture besides",
            deflated(&[
                (CONTAINER, &named(&format!("{typed}{other}"))),
                ("score.xml", music),
                ("score.pdf", b"%PDF"),
            ]),
        ),
        (
            "a name outside",
            deflated(&[
                (CONTAINER, &named(&rootfile("../score.xml"))),
                ("../score.xml", music),
            ]),
        ),
        (
            "an absolute name",
            deflated(&[
                (CONTAINER, &named(&rootfile("/etc/score.xml"))),
                ("/etc/score.xml", music),
            ]),
        ),
        (
            "a folder",
            deflated(&[
                ("META-INF/", b""),
                (CONTAINER, &named(&rootfile("a/b.xml"))),
                ("a/b.xml", music),
            ]),
        ),
        (
            "a small bomb",
            deflated(&[
                (CONTAINER, &named(&score)),
                ("score.xml", &[music, &[b' '; 90_000]].concat()),
            ]),
        ),
        ("more bytes than there are", packed),
        ("more bytes than come out", unpacked),
    ] {
        match read(&bytes) {
            Ok(score) => assert_eq!(score, expected, "{name}"),
            Err(message) => panic!("{name}: {message}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_archive_gives_a_score_or_a_reason(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = valid();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = read(&bytes);
    }
}
