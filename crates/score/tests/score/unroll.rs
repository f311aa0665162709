//! The order in which bars are played. Each case is a piece of one voice with one note a bar; the numbers are
//! its bars, from 1. Those of the first two tests are what MuseScore 3.2.3 plays if its MusicXML says "al Fine" or
//! "al Coda" where there is one, and `times` where an ending has several numbers.

use score::{Score, parse_abc, playing_order};

use crate::{corpus_scores, pieces};

fn read(bars: &str) -> Score {
    parse_abc(&format!("X:1\nL:1/1\nM:4/4\nK:C\n{bars}\n")).0
}

fn order(bars: &str) -> Vec<usize> {
    playing_order(&read(bars)).iter().map(|b| b + 1).collect()
}

#[test]
fn repeats_and_endings_are_played() {
    for (bars, expected) in [
        ("c|c|c|]", &[1, 2, 3][..]),
        ("|:c|c:|c|]", &[1, 2, 1, 2, 3]),
        ("c|c:|c|]", &[1, 2, 1, 2, 3]),
        ("|:c|c::c|c:|", &[1, 2, 1, 2, 3, 4, 3, 4]),
        ("c|c|:c:|c|]", &[1, 2, 3, 3, 4]),
        ("|:c|:c|c:|c|]", &[1, 2, 3, 2, 3, 4]),
        ("|:c|c|c|]", &[1, 2, 3]),
        ("|:c|1c:|2c|]", &[1, 2, 1, 3]),
        ("|:c|1c:|c|c|]", &[1, 2, 1, 3, 4]),
        ("|:c|c|1c|c:|2c|c|]", &[1, 2, 3, 4, 1, 2, 5, 6]),
        ("|:c|1c:|2c:|3c|c|]", &[1, 2, 1, 3, 1, 4, 5]),
        ("|:c|1,2c:|3c|]", &[1, 2, 1, 2, 1, 3]),
        ("|:c|1-3c:|4c|]", &[1, 2, 1, 2, 1, 2, 1, 3]),
        ("c:|2c|]", &[1, 1, 2]),
        ("c|:c||c:|c|]", &[1, 2, 3, 2, 3, 4]),
    ] {
        assert_eq!(order(bars), expected, "{bars}");
    }
}

#[test]
fn jumps_are_obeyed_once_and_leave_repeats_out() {
    for (bars, expected) in [
        ("c|c!D.C.!|c|c|]", &[1, 2, 1, 2, 3, 4][..]),
        ("c|c!fine!|c|c!D.C.!|]", &[1, 2, 3, 4, 1, 2]),
        ("c|!segno!c|c!fine!|c!D.S.!|]", &[1, 2, 3, 4, 2, 3]),
        (
            "c|!segno!c|c!dacoda!|c!D.S.!|!coda!c|c|]",
            &[1, 2, 3, 4, 2, 3, 5, 6],
        ),
        ("c|c!dacoda!|c!D.C.!|!coda!c|c|]", &[1, 2, 3, 1, 2, 4, 5]),
        (
            "|:c|c!dacoda!:|c!D.C.!|!coda!c|]",
            &[1, 2, 1, 2, 3, 1, 2, 4],
        ),
        (
            "c|!segno!c|c!dacoda!|c!D.S.!|:!coda!c|c:|]",
            &[1, 2, 3, 4, 2, 3, 5, 6, 5, 6],
        ),
        (
            "|:c|c!fine!:|:c|c:|c!D.C.!|]",
            &[1, 2, 1, 2, 3, 4, 3, 4, 5, 1, 2],
        ),
        ("|:c|c!fine!::c|c!D.C.!:|", &[1, 2, 1, 2, 3, 4, 3, 4, 1, 2]),
        ("|:c|c:|c|!D.C.!c|]", &[1, 2, 1, 2, 3, 4, 1, 2, 3, 4]),
        ("|:c|1c:|2c!fine!|c|c!D.C.!|]", &[1, 2, 1, 3, 4, 5, 1, 3]),
        ("|:c|1c:|2c|c!D.C.!|c|]", &[1, 2, 1, 3, 4, 1, 3, 4, 5]),
        (
            "|:c|1c:|2!dacoda!c|c!D.C.!|!coda!c|]",
            &[1, 2, 1, 3, 4, 1, 3, 5],
        ),
        ("|:!segno!c|c!D.S.!:|c|]", &[1, 2, 1, 2, 1, 2, 3]),
        ("c|!fine!c|c!D.C.!|]", &[1, 2, 3, 1, 2]),
    ] {
        assert_eq!(order(bars), expected, "{bars}");
    }
}

#[test]
fn where_musescore_does_what_no_player_would_the_bars_are_played_otherwise() {
    for (bars, expected) in [
        // The second repeat begins where the first ends, as does one behind endings.
        ("c:|c:|c|]", &[1, 1, 2, 2, 3][..]),
        ("|:c|1c:|2c||c|c:|c|]", &[1, 2, 1, 3, 4, 5, 4, 5, 6]),
        // ... or at a double or final barline.
        ("c|c|]c|c:|c|]", &[1, 2, 3, 4, 3, 4, 5]),
        ("c|c||c|c:|c|]", &[1, 2, 3, 4, 3, 4, 5]),
        // The last ending is the last.
        ("|:c|1c:|2c:|c|]", &[1, 2, 1, 3, 4]),
        ("|:c|1,3c:|2c:|c|]", &[1, 2, 1, 3, 1, 2, 4]),
        ("|:c|1c||2c||1c:|2c:|c|]", &[1, 2, 4, 1, 3, 5, 6]),
        // Passes that no ending names.
        ("|:c|1c:|4c|]", &[1, 2, 1, 2, 1, 2, 1, 3]),
        ("|:c|1c!D.C.!|2c|]", &[1, 2, 1, 3]),
        // Endings that the repeat is not in, and those to which nothing leads back.
        ("|:c|1,2c||3c||c:|c|]", &[1, 2, 4, 1, 2, 4, 1, 3, 4, 5]),
        ("c|1c||2c|]", &[1, 2, 3]),
        // A rondo.
        (
            "|:c|1,4c!fine!:|2c||c:|3c||c!D.C.!|]",
            &[1, 2, 1, 3, 4, 1, 5, 6, 1, 2],
        ),
        // The nearest segno.
        (
            "c|!segno!c|c!D.S.!|c|!segno!c|c!D.S.!|c|]",
            &[1, 2, 3, 2, 3, 4, 5, 6, 5, 6, 7],
        ),
        // The next movement, and the next verse.
        ("c|c!fine!|c|c!D.C.!|]c|c|]", &[1, 2, 3, 4, 1, 2, 5, 6]),
        (
            "c|c|][M:3/4]c3/4|c3/4!fine!|c3/4|c3/4!D.C.!|c3/4|]",
            &[1, 2, 3, 4, 5, 6, 3, 4, 7],
        ),
        (
            "|:!segno!c|c!fine!:|c!D.S.!|c!D.S.!|]",
            &[1, 2, 1, 2, 3, 1, 2, 4, 1, 2],
        ),
        // Signs that are missing or used for one another.
        (
            "c|!segno!c|c!dacoda!|c!D.S.!|c|c|]",
            &[1, 2, 3, 4, 2, 3, 5, 6],
        ),
        ("c|c!coda!|c!D.C.!|!coda!c|]", &[1, 2, 3, 1, 2, 4]),
        ("c!segno!|c|c!D.S.!|c|]", &[1, 2, 3, 2, 3, 4]),
        ("c|c!D.S.!|c!dacoda!|]", &[1, 2, 1, 2, 3]),
    ] {
        assert_eq!(order(bars), expected, "{bars}");
    }
}

#[test]
fn a_piece_that_would_never_end_is_played_as_written() {
    let endless = format!("{}|]", "c!D.C.!|".repeat(100));
    assert_eq!(order(&endless), (1..=100).collect::<Vec<_>>());
    let sixteen = "|:c|1-16c:|".repeat(3);
    assert_eq!(order(&sixteen), (1..=6).collect::<Vec<_>>());
    let long = format!("|:{}c:|", "c|".repeat(189_999));
    assert_eq!(order(&long).len(), 2 * 190_000);
    let heavy = format!("L:1/64\n|:{}:|", "c".repeat(300_000));
    assert_eq!(order(&heavy), [1]);
}

#[test]
fn every_bar_of_the_corpus_is_played() {
    let texts = corpus_scores().into_iter().chain(pieces());
    for (id, text) in texts {
        let score = parse_abc(&text).0;
        let order = playing_order(&score);
        let most = score.bar_count() * 10;
        assert!(
            order.len() >= score.bar_count() && order.len() <= most,
            "{id}"
        );
        let mut is_played = vec![false; score.bar_count()];
        for b in &order {
            is_played[*b] = true;
        }
        let never = is_played.iter().position(|is| !is);
        // Behind a D.S. with a To Coda on its way, and before the Coda.
        let skipped = (id == "lc6670960").then_some(83);
        assert_eq!(never, skipped, "{id}");
    }
}
