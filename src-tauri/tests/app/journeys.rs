//! From a style to files, and across deaths and closings.

use serde_json::json;

use crate::partita::{Home, Partita, Request, SONGS, id};
use crate::poll::until;
use crate::{desktop, exports, program};

/// Enough to be seen at work.
const LONG: Request<'static> = Request {
    variations: 6,
    max_bars: 200,
    ..SONGS
};

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
    exports::save(page, "export-midi", "Export MIDI", &file("song.mid"));
    exports::check_midi(&file("song.mid"));
    let notagen = file("song.notagen.abc");
    exports::save(page, "export-notagen", "Export NotaGen text", &notagen);
    exports::check_notagen(&notagen, "%Romantic\n%Schubert, Franz\n%Art Song\n");
    // The format of the last export is a click away.
    page.click(&id("export"));
    desktop::save_as("Export NotaGen text", &file("again.notagen.abc"));
    until("the second NotaGen text", 30, || {
        let again = std::fs::read(file("again.notagen.abc")).ok()?;
        (again == std::fs::read(&notagen).unwrap()).then_some(())
    });
    partita.assert_nothing_wrong();
}

#[test]
fn a_piece_is_engraved_while_it_is_written() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    partita.compose(&LONG);
    // The first variation is watched by itself.
    let early = partita.watch_bar(1);
    assert!(early > 0, "no note was engraved");
    let state = format!("{}[data-number=\"1\"]", id("queue-variation"));
    partita.wait_done(6, 300);
    let bars = partita.page.attribute(&state, "data-bars").unwrap();
    partita.watch_bar(bars.parse().unwrap());
    assert_eq!(partita.page.count(&id("live-failed")), 0);
    partita.assert_nothing_wrong();
}

#[test]
fn a_killed_worker_loses_no_variation() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    partita.compose(&LONG);
    partita.wait_bar();
    let worker = partita
        .worker()
        .expect("a worker runs while a bar is written");
    desktop::kill(worker);

    partita.wait_done(6, 300);
    assert!(desktop::is_alive(partita.pid));
    assert_ne!(partita.worker(), Some(worker));
    let again = format!("{}[data-attempt=\"2\"]", id("queue-variation"));
    assert!(
        partita.page.count(&again) > 0,
        "no variation was begun anew"
    );
    partita.go("library");
    partita.page.wait_count(&id("library-piece"), 6, 30);
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
    partita.compose(&LONG);
    partita.wait_bar();
    partita.close();

    let partita = Partita::open(program(), &home);
    partita.wait_done(6, 300);
    partita.go("library");
    partita.page.wait_count(&id("library-piece"), 6, 30);
    assert_eq!(partita.theme(), chosen);
    partita.go("compose");
    let value = "return document.querySelector(arguments[0])?.value ?? null";
    let variations = partita.page.script(value, json!([id("variations")]));
    assert_eq!(
        variations.as_str(),
        Some("6"),
        "the last request is remembered"
    );
    partita.assert_nothing_wrong();
    partita.close();
}

#[test]
fn the_machine_is_watched_and_measured() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    let page = &partita.page;
    partita.go("machine");
    let text = |of: &str| {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let text = page.script(script, json!([id(of)]));
        text.as_str().unwrap_or_default().to_owned()
    };
    until("the machine to be seen", 30, || {
        text("gauges").contains("free of").then_some(())
    });
    page.fill(&id("bench-patches"), "24");
    page.fill(&id("bench-runs"), "2");
    for size in [4, 8] {
        let chosen = format!("{}[data-value=\"{size}\"]", id("bench-size"));
        page.click(&chosen);
    }
    page.click(&id("bench-start"));
    page.wait(&id("bench-running"), 30);
    page.wait(&id("bench-report"), 120);
    assert!(
        text("bench-report").contains("partita-demo"),
        "{}",
        text("bench-report")
    );
    assert_eq!(page.count(&format!("{} tbody tr", id("bench-report"))), 2);
    page.click(&id("bench-use"));
    let recommended: u32 = text("bench-advice")
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();

    // What was chosen holds for the next piece.
    partita.compose(&SONGS);
    partita.wait_done(3, 300);
    let pieces = if recommended == 1 {
        "1 piece "
    } else {
        "2 pieces "
    };
    assert!(
        text("worker-status").contains(pieces),
        "{}",
        text("worker-status")
    );
    assert!(
        text("worker-plan").contains("of memory"),
        "{}",
        text("worker-plan")
    );
    partita.go("machine");
    page.wait(&id("plan"), 30);
    partita.assert_nothing_wrong();
}
