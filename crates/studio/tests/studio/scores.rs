//! Pieces as scores, on the screen and in files.

use studio::api::ExportFormat;
use studio::{Code, reading};

use crate::{Atelier, finished_piece};

#[test]
fn a_piece_is_exported_in_every_format() {
    let atelier = Atelier::new(&["bars=5"]);
    let studio = atelier.open();
    let piece = finished_piece(&studio);
    let export = |format: ExportFormat| {
        let name = studio.export_name(&piece, format).unwrap();
        assert!(name.starts_with("Schubert - Art Song in C major (seed 7)."));
        let path = atelier.folder.path().join(name);
        studio.export_piece(&piece, format, &path).unwrap();
        assert_eq!(ExportFormat::of_name(&path), Some(format));
        reading::read_file(&path).unwrap()
    };
    let text = |format| String::from_utf8(export(format)).unwrap();
    let abc = text(ExportFormat::Abc);
    assert!(abc.contains("\nX:1\n") && abc.contains("\nT:Art Song in C major\n"));
    let musicxml = text(ExportFormat::Musicxml);
    assert_eq!(musicxml.matches("<measure ").count(), 5);
    assert!(export(ExportFormat::Mxl).starts_with(b"PK\x03\x04"));
    assert!(export(ExportFormat::Midi).starts_with(b"MThd"));
    let notagen = text(ExportFormat::Notagen);
    assert!(
        notagen.contains("\n%Romantic\n%Schubert, Franz\n%Art Song\n"),
        "{notagen}"
    );
    assert!(notagen.contains("\n[r:0/4][V:1]"), "{notagen}");

    let nowhere = atelier.folder.path().join("no such folder").join("x.abc");
    let error = studio.export_piece(&piece, ExportFormat::Abc, &nowhere);
    assert_eq!(error.unwrap_err().code, Code::CannotWrite);
}

#[test]
fn what_was_exported_is_read_again_bar_for_bar() {
    let atelier = Atelier::new(&["bars=5"]);
    let studio = atelier.open();
    let piece = finished_piece(&studio);
    for format in ExportFormat::ALL {
        let path = atelier.folder.path().join("piece");
        studio.export_piece(&piece, format, &path).unwrap();
        let read = reading::read_score(&reading::read_file(&path).unwrap());
        if format == ExportFormat::Midi {
            assert_eq!(read.unwrap_err().code, Code::CannotRead);
            continue;
        }
        let (score, diagnostics) = read.unwrap();
        assert_eq!(
            (score.part_count(), score.bar_count()),
            (1, 5),
            "{format:?}"
        );
        assert_eq!(score.title(), "Art Song in C major", "{format:?}");
        let composer = &score.metadata.composer;
        assert_ne!(composer, "Schubert, Franz", "{format:?}: it is not by him");
        assert_eq!(diagnostics, [], "{format:?}");
    }
}

#[test]
fn an_engraving_has_the_bars_and_parts_of_the_piece() {
    let atelier = Atelier::new(&["bars=5"]);
    let studio = atelier.open();
    let engraving = studio.engraving(&finished_piece(&studio)).unwrap();
    assert_eq!((engraving.parts, engraving.bars), (1, 5));
    assert!(engraving.musicxml.contains("<score-partwise"));
}
