//! Taking pieces away through the native dialog, and whether the files are what they say.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desktop;
use crate::partita::id;
use crate::poll::until;
use crate::webdriver::WebDriver;

/// Chooses a format from the menu and answers its dialog.
pub(crate) fn save(page: &WebDriver, format: &str, title: &str, path: &Path) {
    page.click(&id("export-menu"));
    page.click(&id(format));
    desktop::save_as(title, path);
    until(&format!("{} to be written", path.display()), 30, || {
        path.is_file().then_some(())
    });
}

pub(crate) fn check_abc(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let first = text.lines().find(|line| !line.starts_with('%'));
    assert_eq!(first, Some("X:1"), "{text}");
    for field in ["\nL:", "\nM:", "\nK:", "\nV:"] {
        assert!(text.contains(field), "no {field:?} in:\n{text}");
    }
    assert!(
        !text.contains("[r:"),
        "NotaGen's own marks are left in:\n{text}"
    );
}

pub(crate) fn check_musicxml(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    for element in ["<score-partwise", "<part ", "<measure ", "<note"] {
        assert!(text.contains(element), "no {element} in:\n{text}");
    }
    xmllint(path, schema().as_deref());
}

/// A compressed score is a zip with a MusicXML inside; that it is the same MusicXML is the
/// `score` crate's test.
pub(crate) fn check_mxl(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"PK\x03\x04"), "not a zip");
    let name = b"META-INF/container.xml";
    assert!(bytes.windows(name.len()).any(|part| part == name));
}

/// That the notes in it are right is the `score` crate's test.
pub(crate) fn check_midi(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"MThd"), "not MIDI");
}

pub(crate) fn check_notagen(path: &Path, style: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(style), "no style in:\n{text}");
    assert!(text.contains("\n[r:0/"), "no bar counter in:\n{text}");
}

/// MusicXML's schema, where a copy lies.
fn schema() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/score/tests/data/schema");
    let shared = std::env::var_os("PARTITA_SHARED").map(|shared| Path::new(&shared).join("schema"));
    let folders = std::iter::once(beside).chain(shared);
    folders
        .map(|folder| folder.join("musicxml.xsd"))
        .find(|schema| schema.is_file())
}

fn xmllint(path: &Path, schema: Option<&Path>) {
    let mut command = Command::new("xmllint");
    command.args(["--nonet", "--noout"]);
    if let Some(schema) = schema {
        command.arg("--schema").arg(schema);
    }
    let output = command.arg(path).output();
    let output = output.expect("xmllint cannot be started: run ./dev setup");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
