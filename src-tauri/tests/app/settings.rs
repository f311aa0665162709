//! Settings that come back from exported scores: through the native dialog, and dropped on the window.

use serde_json::json;

use crate::drag::Drag;
use crate::partita::{Home, Partita, Request, SONGS, id};
use crate::poll::until;
use crate::{desktop, exports, program};

/// What a field holds.
fn value(partita: &Partita, field: &str) -> String {
    let script = "return document.querySelector(arguments[0])?.value ?? ''";
    let value = partita.page.script(script, json!([id(field)]));
    value.as_str().unwrap_or_default().to_owned()
}

fn wait_value(partita: &Partita, field: &str, wanted: &str) {
    until(&format!("{field} to be {wanted:?}"), 30, || {
        (value(partita, field) == wanted).then_some(())
    });
}

fn is_chosen(partita: &Partita, testid: &str, value: &str) -> bool {
    let chosen = format!(
        "{}[data-value=\"{value}\"][aria-selected=\"true\"]",
        id(testid)
    );
    partita.page.count(&chosen) == 1
}

#[test]
fn settings_come_back_from_a_file_that_is_chosen_or_dropped() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    let page = &partita.page;
    partita.fill_form(&Request {
        variations: 1,
        ..SONGS
    });
    page.fill(&id("seed"), "4711");
    page.click(&id("compose"));
    partita.wait_done(1, 300);
    page.click(&id("open-piece"));
    partita.engraved_notes();
    let song = home.exports().join("song.mid");
    exports::save(page, "export-midi", "Export MIDI", &song);

    // Another form, into which the file's settings come, and which comes back.
    let wolf = Request {
        composer: "Wolf, Hugo",
        variations: 5,
        max_bars: 40,
        ..SONGS
    };
    partita.fill_form(&wolf);
    page.fill(&id("seed"), "1");
    page.click(&id("recall"));
    desktop::think_better_of("Settings from a file");
    let again = format!("{}:enabled", id("recall"));
    page.wait(&again, 30);
    page.click(&again);
    desktop::open_file("Settings from a file", &song);
    let is_filled = || {
        wait_value(&partita, "seed", "4711");
        wait_value(&partita, "max-bars", "8");
        wait_value(&partita, "variations", "1");
        assert!(is_chosen(&partita, "composer-option", "Schubert, Franz"));
    };
    is_filled();
    page.click(&id("undo"));
    wait_value(&partita, "seed", "1");
    wait_value(&partita, "variations", "5");
    until("the composer that was chosen", 30, || {
        is_chosen(&partita, "composer-option", "Wolf, Hugo").then_some(())
    });

    // Anywhere in the window, and only when it is let go.
    partita.go("library");
    let drag = Drag::over("Partita", &song);
    page.wait(&id("drop-hint"), 30);
    drag.leave();
    page.wait_count(&id("drop-hint"), 0, 30);
    let drag = Drag::over("Partita", &song);
    page.wait(&id("drop-hint"), 30);
    drag.drop();
    is_filled();
    page.wait_count(&id("drop-hint"), 0, 30);

    let foreign = home.exports().join("a foreign air.abc");
    std::fs::write(&foreign, "X:1\nT:Air\nL:1/4\nK:G\nG A B c|\n").unwrap();
    Drag::over("Partita", &foreign).drop();
    let refused = format!("{}[data-code=\"no_settings\"]", id("toast"));
    page.wait(&refused, 30);
    is_filled();
    partita.assert_nothing_wrong();
}
