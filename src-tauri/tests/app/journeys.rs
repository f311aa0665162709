//! From a style to files, and across deaths and closings.

use serde_json::json;

use crate::partita::{Home, Partita, Request, SONGS, id};
use crate::{desktop, exports, program};

#[test]
fn a_style_becomes_scores_and_files() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    partita.compose(&SONGS);
    partita.wait_done(3, 300);

    partita.go("library");
    let page = &partita.page;
    page.wait_count(&id("library-piece"), 3, 30);
    page.click(&id("library-piece"));
    let notes = partita.engraved_notes();
    assert!(notes > 0, "no note was engraved");

    let file = |name: &str| home.exports().join(name);
    exports::save(page, "export-abc", "Export ABC", &file("song.abc"));
    exports::check_abc(&file("song.abc"));
    exports::save(
        page,
        "export-musicxml",
        "Export MusicXML",
        &file("song.musicxml"),
    );
    exports::check_musicxml(&file("song.musicxml"));
    let title = "Export compressed MusicXML";
    exports::save(page, "export-mxl", title, &file("song.mxl"));
    exports::check_mxl(&file("song.mxl"));
    partita.assert_nothing_wrong();
}

#[test]
fn a_killed_worker_loses_no_variation() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    partita.compose(&Request {
        variations: 2,
        max_bars: 24,
        ..SONGS
    });
    partita.wait_bar();
    let worker = partita
        .worker()
        .expect("a worker runs while a bar is written");
    desktop::kill(worker);

    partita.wait_done(2, 300);
    assert!(desktop::is_alive(partita.pid));
    assert_ne!(partita.worker(), Some(worker));
    let again = format!("{}[data-attempt=\"2\"]", id("queue-variation"));
    assert!(
        partita.page.count(&again) > 0,
        "no variation was begun anew"
    );
    partita.go("library");
    partita.page.wait_count(&id("library-piece"), 2, 30);
    partita.assert_nothing_wrong();
}

#[test]
fn closing_the_window_loses_nothing() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    let before = partita.theme();
    partita.page.click(&id("theme-toggle"));
    let chosen = partita.theme();
    assert_ne!(before, chosen, "the theme did not change");
    partita.compose(&Request {
        variations: 2,
        max_bars: 24,
        ..SONGS
    });
    partita.wait_bar();
    partita.close();

    let partita = Partita::open(program(), &home);
    partita.wait_done(2, 300);
    partita.go("library");
    partita.page.wait_count(&id("library-piece"), 2, 30);
    assert_eq!(partita.theme(), chosen);
    partita.go("compose");
    let value = "return document.querySelector(arguments[0])?.value ?? null";
    let variations = partita.page.script(value, json!([id("variations")]));
    assert_eq!(
        variations.as_str(),
        Some("2"),
        "the last request is remembered"
    );
    partita.assert_nothing_wrong();
    partita.close();
}
