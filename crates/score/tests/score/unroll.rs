//! The order in which bars are played, and what other programs are told of it.

use score::{Score, parse_abc, parse_musicxml, playing_order, write_musicxml};

use crate::{corpus_scores, pieces};

fn read(bars: &str) -> Score {
    parse_abc(&format!("X:1\nL:1/1\nM:4/4\nK:C\n{bars}\n")).0
}

/// The bars as they are played, from 1.
fn order(bars: &str) -> Vec<usize> {
    playing_order(&read(bars)).iter().map(|b| b + 1).collect()
}

/// The notes of a piece as they are played, as letters.
fn played(score: &Score) -> String {
    let bars = playing_order(score).into_iter().map(|b| &score.bars[b]);
    let events = bars.flat_map(|bar| bar.voices[0].events());
    let notes = events.flat_map(|event| event.notes());
    notes
        .map(|note| note.pitch.step.letter().to_ascii_lowercase())
        .collect()
}

/// The pieces with repeats and jumps, with what is played of them.
fn listed() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../data/playing.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let mut columns = line.split_whitespace();
        (columns.next().unwrap(), columns.next().unwrap())
    })
}

#[test]
fn repeats_endings_and_jumps_are_played_as_listed() {
    let mut pieces = 0;
    for (piece, notes) in listed() {
        assert_eq!(played(&read(piece)), notes, "{piece}");
        pieces += 1;
    }
    assert!(pieces > 50);
}

#[test]
fn the_same_is_played_after_a_trip_through_musicxml() {
    for (piece, notes) in listed() {
        let (again, findings) = parse_musicxml(write_musicxml(&read(piece)).as_bytes());
        assert_eq!(findings, [], "{piece}");
        assert_eq!(played(&again), notes, "{piece}");
    }
}

#[test]
fn a_repeat_says_how_often_it_is_played_if_that_is_not_twice() {
    for (bars, expected) in [
        ("|:c|d:|e|]", &[None][..]),
        ("|:c|1d:|2e|]", &[None]),
        ("|:c|1,2d:|3e|]", &[Some("3")]),
        ("|:c|1-3d:|4e:|f:|", &[Some("4"), Some("4"), None]),
        ("|:c:|3d|]", &[Some("3")]),
    ] {
        let xml = write_musicxml(&read(bars));
        let repeats = xml.split("<repeat direction=\"backward\"").skip(1);
        let times = repeats.map(|rest| {
            let attributes = rest.split("/>").next().unwrap();
            attributes.split('"').nth(1)
        });
        assert_eq!(times.collect::<Vec<_>>(), expected, "{bars}");
    }
}

#[test]
fn a_jump_says_in_words_where_its_way_ends() {
    for (bars, words) in [
        ("c|d!D.C.!|e|]", "D.C."),
        ("c|d!fine!|e!D.C.!|]", "D.C. al Fine"),
        ("c|!segno!d|e!fine!|f!D.S.!|]", "D.S. al Fine"),
        ("c|d!dacoda!|e!D.C.!|!coda!f|]", "D.C. al Coda"),
        (
            "c|!segno!d|e!dacoda!|f!D.S.!|!coda!g!fine!|]",
            "D.S. al Coda",
        ),
        // A Fine that is not on the way.
        ("c!fine!|!segno!d|e!D.S.!|f|]", "D.S."),
    ] {
        let xml = write_musicxml(&read(bars));
        let found = xml.split("<words>").skip(1);
        let found: Vec<&str> = found
            .map(|rest| rest.split("</words>").next().unwrap())
            .filter(|words| words.starts_with("D."))
            .collect();
        assert_eq!(found, [words], "{bars}");
    }
}

#[test]
fn a_jump_names_its_sign_among_several() {
    let bars = "c|!segno!d|e!dacoda!|f!D.S.!|!coda!g|!segno!c|d!dacoda!|e!D.S.!|!coda!f|]";
    let xml = write_musicxml(&read(bars));
    let sounds = xml.split("<sound ").skip(1);
    let sounds: Vec<&str> = sounds
        .map(|rest| rest.split("/>").next().unwrap())
        .collect();
    assert_eq!(
        sounds,
        [
            "segno=\"segno\"",
            "tocoda=\"coda\"",
            "dalsegno=\"segno\"",
            "coda=\"coda\"",
            "segno=\"segno2\"",
            "tocoda=\"coda2\"",
            "dalsegno=\"segno2\"",
            "coda=\"coda2\""
        ]
    );
}

#[test]
fn a_repeat_that_is_said_to_be_played_otherwise_is_warned_of() {
    let xml = write_musicxml(&read("|:c|d:|e|]"));
    for (times, finding) in [
        ("2", None),
        ("3", Some("played 2 times, though the file says 3")),
        ("1", Some("played 2 times, though the file says 1")),
    ] {
        let said = format!("<repeat direction=\"backward\" times=\"{times}\"/>");
        let xml = xml.replace("<repeat direction=\"backward\"/>", &said);
        assert!(xml.contains(&said));
        let (score, findings) = parse_musicxml(xml.as_bytes());
        assert_eq!(played(&score), "cdcde");
        let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(messages, finding.as_slice(), "{times}");
    }
}

#[test]
fn an_ending_ends_where_a_repeat_begins() {
    let stops = |score: &Score| -> Vec<usize> {
        let bars = score.bars.iter().zip(1..);
        let stops = bars.filter(|(bar, _)| bar.volta_stop.is_some());
        stops.map(|(_, number)| number).collect()
    };
    let score = read("|:c|1d:|2e|:f|g:|]");
    assert_eq!(stops(&score), [2, 3]);
    // As in a MusicXML file that does not say so.
    let xml = write_musicxml(&score).replace("<ending number=\"2\" type=\"discontinue\"/>", "");
    let (again, findings) = parse_musicxml(xml.as_bytes());
    assert_eq!(findings.len(), 1);
    assert_eq!(stops(&again), [2, 3]);
}

#[test]
fn a_piece_that_would_never_end_is_played_as_written() {
    let endless = format!("{}|]", "c!D.C.!|".repeat(100));
    assert_eq!(order(&endless), (1..=100).collect::<Vec<_>>());
    let sixteen = "|:c|1-16c:|".repeat(3);
    assert_eq!(order(&sixteen), (1..=6).collect::<Vec<_>>());
    let long = format!("|:{}c:|", "c|".repeat(9999));
    assert_eq!(order(&long).len(), 2 * 10_000);
    let bar = format!("{}|", "c".repeat(2000));
    let heavy = format!("L:1/64\n|:{}:|", bar.repeat(105));
    assert_eq!(order(&heavy), (1..=105).collect::<Vec<_>>());
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
