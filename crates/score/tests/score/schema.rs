//! The MusicXML is valid against the schema of the W3C, where `xmllint` is there to say so.

use std::path::Path;
use std::process::Command;

use score::{parse_abc, write_musicxml, write_mxl};

use crate::pieces;

#[test]
fn the_pieces_here_give_valid_musicxml() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema/musicxml.xsd");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema");
    std::fs::create_dir_all(&folder).unwrap();
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("SKIPPED: xmllint is not there");
        return;
    }
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema"]).arg(schema);
    let empty = [("empty".to_owned(), String::new())];
    for (name, text) in pieces().iter().chain(&empty) {
        let (mut score, _) = parse_abc(text);
        score
            .metadata
            .fields
            .push(("odd \"<&> \u{1}\u{fffe}".into(), "\u{0}]]>".into()));
        let path = folder.join(format!("{name}.musicxml"));
        std::fs::write(&path, write_musicxml(&score)).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_compressed_score_names_its_root_file_first() {
    let (score, _) = parse_abc(&pieces()[0].1);
    let packed = write_mxl(&score).unwrap();
    assert_eq!(packed, write_mxl(&score).unwrap());
    // A zip begins with the header of its first entry, whose name stands at byte 30.
    assert_eq!(&packed[..4], b"PK\x03\x04");
    assert!(packed[30..].starts_with(b"META-INF/container.xml"));
}
