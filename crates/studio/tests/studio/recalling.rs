//! Settings that travel in exported files, and come back.

use std::path::{Path, PathBuf};

use studio::api::{ComposeRequest, ExportFormat, Recalled};
use studio::jobs::{Dtype, GuardMode, Limits, Sampling};
use studio::{Code, Studio};

use crate::{Atelier, request, wait_for};

/// A request in which nothing is left to a default.
fn particular() -> ComposeRequest {
    ComposeRequest {
        seed: Some((1 << 53) - 1),
        sampling: Some(Sampling {
            top_k: 5,
            top_p: 0.123_456_789,
            temperature: 1.1,
        }),
        guard: Some(GuardMode::Strict),
        dtype: Some(Dtype::Bf16),
        limits: Limits {
            max_bars: Some(24),
            max_patches: Some(500),
            max_seconds: Some(3600),
        },
        ..request(1)
    }
}

fn composed(studio: &Studio, request: &ComposeRequest) -> String {
    let job = studio.compose(request.clone()).unwrap();
    let done = wait_for(studio, job.variations[0].id, |v| v.state.is_final());
    done.piece.unwrap()
}

/// The piece in this format, in a file whose name tells nothing.
fn exported(atelier: &Atelier, studio: &Studio, piece: &str, format: ExportFormat) -> PathBuf {
    let path = atelier.folder.path().join("piece");
    studio.export_piece(piece, format, &path).unwrap();
    path
}

/// An export in ABC after a change in its text.
fn changed(atelier: &Atelier, studio: &Studio, from: &str, to: &str) -> Recalled {
    let piece = composed(studio, &request(1));
    let path = exported(atelier, studio, &piece, ExportFormat::Abc);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    studio.recall(&path).unwrap()
}

#[test]
fn all_settings_come_back_from_every_format() {
    let atelier = Atelier::new(&["bars=3"]);
    let studio = atelier.open();
    let request = particular();
    let piece = composed(&studio, &request);
    for format in ExportFormat::ALL {
        let path = exported(&atelier, &studio, &piece, format);
        let recalled = studio.recall(&path).unwrap();
        let expected = Recalled {
            file: "piece".into(),
            title: "Art Song in C major".into(),
            style: request.style.clone(),
            model: "partita-demo".into(),
            seed: request.seed.unwrap(),
            sampling: request.sampling.unwrap(),
            guard: request.guard.unwrap(),
            dtype: request.dtype,
            limits: request.limits,
            notes: Vec::new(),
        };
        assert_eq!(recalled, expected, "{format:?}");
    }
}

#[test]
fn a_converted_file_keeps_its_settings() {
    let atelier = Atelier::new(&["bars=3"]);
    let studio = atelier.open();
    let piece = composed(&studio, &particular());
    let first = exported(&atelier, &studio, &piece, ExportFormat::Mxl);
    let recalled = studio.recall(&first).unwrap();
    let bytes = studio::reading::read_file(&first).unwrap();
    let (score, _) = studio::reading::read_score(&bytes).unwrap();
    for format in ExportFormat::ALL {
        let path = atelier.folder.path().join("other").join("piece");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = studio::export::render(&score, format).unwrap();
        studio::export::write_file(&path, &bytes).unwrap();
        assert_eq!(studio.recall(&path), Ok(recalled.clone()), "{format:?}");
    }
}

#[test]
fn a_score_that_was_not_composed_here_is_told_apart() {
    let atelier = Atelier::new(&[]);
    let studio = atelier.open();
    let path = atelier.folder.path().join("a file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        studio.recall(&path).unwrap_err()
    };
    let foreign = refused(b"X:1\nT:Air\nN:remark: nothing\nL:1/4\nK:G\nG A B c|\n");
    assert_eq!(foreign.code, Code::NoSettings);
    assert!(foreign.message.contains("partita export"), "{foreign}");
    assert_eq!(refused(b"Dear Franz,\n").code, Code::NoMusic);
    assert_eq!(
        refused(b"MThd\0\0\0\x06\0\0\0\0\x01\xe0").code,
        Code::NoSettings
    );
    let missing = studio.recall(Path::new("/no/such/file")).unwrap_err();
    assert_eq!(missing.code, Code::CannotRead);
    assert_eq!(
        studio.recall(atelier.folder.path()).unwrap_err().code,
        Code::CannotRead,
        "a folder"
    );
}

#[test]
fn what_may_make_another_piece_is_noted() {
    let atelier = Atelier::new(&["bars=1"]);
    let studio = atelier.open();
    let note = |from: &str, to: &str| {
        let notes = changed(&atelier, &studio, from, to).notes;
        assert_eq!(notes.len(), 1, "{notes:?}");
        notes.concat()
    };
    let absent = note("partita-model: partita-demo", "partita-model: another");
    assert!(absent.contains("another, is not here"), "{absent}");
    let other = note("partita-model-sha256: ", "partita-model-sha256: 0");
    assert!(other.contains("other weights"), "{other}");
    let version = concat!("Partita ", env!("CARGO_PKG_VERSION"));
    let older = note(version, "Partita 0.0.1");
    assert!(older.contains("Partita 0.0.1"), "{older}");
}
