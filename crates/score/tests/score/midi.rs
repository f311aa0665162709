//! MIDI files: what is heard.

pub(crate) mod heard;
mod metadata;
mod playing;

use proptest::prelude::*;
use score::{parse_abc, write_midi};

use crate::properties::{damaged, language};
use crate::{corpus_scores, pieces};
use heard::{File, QUARTER, hear};

const HEAD: &str = "X:1\nL:1/4\nM:4/4\nQ:1/4=120\nK:C\n";

fn file(music: &str) -> File {
    hear(&write_midi(&parse_abc(music).0))
}

#[test]
fn tempi_follow_numbers_words_and_signs() {
    let tempi = |music: &str| {
        let file = file(&format!("X:1\nL:1/4\nM:4/4\n{music}\n"));
        let quarters =
            |(tick, micros): &(i64, u32)| (tick * 2 / QUARTER, (60_000_000 + micros / 2) / micros);
        file.tempi.iter().map(quarters).collect::<Vec<_>>()
    };
    assert_eq!(tempi("K:C\ncccc|"), [(0, 110)]);
    assert_eq!(tempi("Q:3/8=80\nK:C\ncccc|"), [(0, 120)]);
    assert_eq!(tempi("K:C\n\"^Allegro vivace\"cccc|"), [(0, 120)]);
    assert_eq!(tempi("Q:1/4=50\nK:C\n\"^Allegro\"cccc|"), [(0, 50)]);
    assert_eq!(
        tempi("Q:1/4=60\nK:C\ncccc|[Q:1/2=90]cccc|"),
        [(0, 60), (8, 180)]
    );
    assert_eq!(
        tempi("Q:1/4=60\nK:C\n\"^animato\"cccc|\"^Animato\"cccc|"),
        [(0, 60), (8, 132)]
    );
    // A D.C. goes back to the first tempo, whatever came after it.
    assert_eq!(
        tempi("Q:1/4=60\nK:C\ncccc|[Q:1/4=90]cccc!D.C.!|cccc|"),
        [(0, 60), (8, 90), (16, 60), (24, 90)]
    );
    // Down to three quarters, in eighths, up to the next tempo.
    assert_eq!(
        tempi("Q:1/4=120\nK:C\n\"^rit.\"cccc|\"^a tempo\"cccc|"),
        [
            (0, 120),
            (1, 116),
            (2, 113),
            (3, 109),
            (4, 105),
            (5, 101),
            (6, 98),
            (7, 94),
            (8, 120)
        ]
    );
    let long = tempi("Q:1/4=120\nK:C\n\"^accel.\"cccc|cccc|cccc|cccc|");
    assert_eq!((long.len(), long[15], long[16]), (17, (15, 148), (16, 120)));
    assert_eq!(tempi("Q:1/4=120\nK:C\n\"^senza rit.\"cccc|"), [(0, 120)]);
    assert_eq!(
        tempi("Q:1/4=60\nK:C\nc4|[Q:1/4=80]c4|\"^Tempo I\"c4|"),
        [(0, 60), (8, 80), (16, 60)]
    );
    // The last note takes twice its time, in both voices.
    assert_eq!(
        tempi("K:C\n%%score ( 1 2 )\nV:1\nV:2\n[V:1]cc!fermata!c2|[V:2]!fermata!e4|\n[V:1]c4|"),
        [(0, 110), (4, 55), (8, 110)]
    );
}

#[test]
fn metres_and_keys_are_those_that_are_played() {
    let file = file("X:1\nL:1/4\nM:3/4\nK:G\nc|:c3|[M:C][K:Ebmin]cccc:|");
    let quarters = |tick: i64| tick / QUARTER;
    let meters: Vec<_> = file
        .meters
        .iter()
        .map(|(t, n, d)| (quarters(*t), *n, *d))
        .collect();
    // The pickup is a bar of its own.
    assert_eq!(
        meters,
        [(0, 1, 4), (1, 3, 4), (4, 4, 4), (8, 3, 4), (11, 4, 4)]
    );
    let keys: Vec<_> = file
        .keys
        .iter()
        .map(|(t, f, m)| (quarters(*t), *f, *m))
        .collect();
    assert_eq!(
        keys,
        [(0, 1, false), (4, -6, true), (8, 1, false), (11, -6, true)]
    );
}

#[test]
fn the_key_is_the_one_that_sounds() {
    for (transpose, key, fifths) in [
        (-2, "D", 0),
        (-9, "A", 0),
        (2, "C", 2),
        (-12, "F#", 6),
        (3, "C", -3),
    ] {
        let text = format!(
            "%%score 1 2\nL:1/4\nM:4/4\nK:C\nV:1 perc\nK:none\nV:2 treble transpose={transpose}\n\
             [V:1]c4|[V:2][K:{key}]c4|\n"
        );
        assert_eq!(file(&text).keys, [(0, fifths, false)], "{key} {transpose}");
    }
}

#[test]
fn percussion_plays_its_drums_in_channel_10() {
    let file = file(
        "%%score 1 2\nL:1/4\nM:4/4\nK:C\nV:1 treble nm=\"Flute\"\nV:2 perc nm=\"Drums\"\nK:none\n\
         I:percmap E B 36 x\nI:percmap ^E B 49 x\n[V:1]c4|[V:2]E^EcTE/E/|\n",
    );
    assert_eq!((file.tracks[1].channel, file.tracks[2].channel), (0, 9));
    let keys: Vec<u8> = file.tracks[2].notes.iter().map(|n| n.key).collect();
    // A place that says no drum is the snare; a trill is a roll.
    assert_eq!(keys, [36, 49, 38, 36, 36, 36, 36, 36]);
}

#[test]
fn parts_have_their_names_and_programs() {
    let file = file(
        "%%score 1 2\nL:1/4\nM:4/4\nK:C\nV:1 nm=\"A Clarinet 2\"\nV:2 nm=\"Flöte\"\n[V:1]c4|[V:2]c4|\n",
    );
    let parts: Vec<_> = file.tracks.iter().skip(1).collect();
    assert_eq!(parts[0].name, "A Clarinet 2");
    assert_eq!((parts[0].program, parts[1].program), (71, 73));
    assert_eq!((parts[0].channel, parts[1].channel), (0, 1));
    assert_eq!(parts[1].name, "Flöte");
    assert_eq!(parts[1].port, None);
    let mut score = parse_abc(&format!("{HEAD}c4|")).0;
    score.parts[0].program = Some(19);
    assert_eq!(hear(&write_midi(&score)).tracks[1].program, 19);
}

#[test]
fn forty_one_parts_share_channels_by_program_and_then_need_ports() {
    let orchestra = |names: &dyn Fn(usize) -> String| {
        let declared: String = (1..=41)
            .map(|v| format!("V:{v} nm=\"{}\"\n", names(v)))
            .collect();
        let music: String = (1..=41).map(|v| format!("[V:{v}]c4|")).collect();
        let ids: Vec<String> = (1..=41).map(|v| v.to_string()).collect();
        let file = file(&format!(
            "%%score {}\nL:1/4\nM:4/4\nK:C\n{declared}{music}\n",
            ids.join(" ")
        ));
        assert_eq!(file.tracks.len(), 42);
        file
    };
    let ten = [
        "Flute", "Oboe", "Clarinet", "Bassoon", "Horn", "Trumpet", "Violin", "Viola", "Cello",
        "Harp",
    ];
    let file = orchestra(&|v| format!("{} {v}", ten[v % 10]));
    for track in &file.tracks[1..] {
        assert_eq!(track.port, None);
        let same = file.tracks[1..]
            .iter()
            .filter(|t| t.channel == track.channel);
        assert!(same.clone().count() > 1 && same.clone().all(|t| t.program == track.program));
        assert_ne!(track.channel, 9);
    }
    // More programs than channels.
    let mut score = parse_abc(&{
        let declared: String = (1..=41).map(|v| format!("V:{v} nm=\"{v}\"\n")).collect();
        format!("L:1/4\nM:4/4\nK:C\n{declared}[V:1]c4|\n")
    })
    .0;
    for (part, program) in score.parts.iter_mut().zip(0..) {
        part.program = Some(program);
    }
    let file = hear(&write_midi(&score));
    let places: std::collections::BTreeSet<_> = file.tracks[1..]
        .iter()
        .map(|t| (t.port, t.channel))
        .collect();
    assert_eq!(places.len(), 41);
    assert_eq!(file.tracks[1].port, Some(0));
    assert_eq!(file.tracks[41].port, Some(2));
}

#[test]
fn repeats_are_in_the_file() {
    let bars = "|:c4|1d4:|2e4!fine!||f4!D.C.!|]";
    let file = file(&format!("{HEAD}{bars}\n"));
    let keys: Vec<u8> = file.tracks[1].notes.iter().map(|n| n.key).collect();
    assert_eq!(keys, [72, 74, 72, 76, 77, 72, 76]);
}

#[test]
fn a_silence_longer_than_a_delta_can_be_is_written() {
    let file = file("X:1\nL:1/1\nM:none\nK:C\nc1024|z1024|z1024|z1024|z1024|z1024|z1024|c|");
    assert_eq!(file.tracks[1].notes[1].start, 7 * 1024 * 4 * QUARTER);
}

#[test]
fn a_piece_without_music_is_a_file_too() {
    for text in ["", "X:1\nK:C\n", "just words"] {
        let file = file(text);
        assert!(file.tracks.iter().all(|t| t.notes.is_empty()));
    }
    assert_eq!(hear(&write_midi(&score::Score::default())).tracks.len(), 1);
}

#[test]
fn every_score_of_the_corpus_is_heard_as_it_is_written() {
    let (mut checked, mut written) = (0, 0);
    for (id, text) in corpus_scores().into_iter().chain(pieces()) {
        let score = parse_abc(&text).0;
        let bytes = write_midi(&score);
        assert_eq!(bytes, write_midi(&score.clone()), "{id}");
        checked += heard::check(&id, &score, &hear(&bytes));
        written += score.note_count();
    }
    // The others are tied, or moved by ornaments, a few in a hundred; in most scores repeats make up for them.
    assert!(10 * checked > 9 * written, "{checked} of {written}");
}

#[test]
fn a_megabyte_of_anything_is_played_in_time() {
    let started = std::time::Instant::now();
    for unit in [
        "Tc",
        "c:|",
        "c|",
        "c:|2",
        "|:c|1c:|",
        "!D.C.!c|",
        "!segno!c!D.S.!|",
        "{/c}c",
        "c-",
        "(c",
        "!ped!c|",
        "!<(!c",
        "!fermata!c|",
        "\"^rit.\"c|",
        "[Q:1/4=9]c|",
        "!////!c64",
        "[ceg]",
    ] {
        let text = format!("{HEAD}{}", unit.repeat((1 << 17) / unit.len()));
        write_midi(&parse_abc(&text).0);
    }
    // As in `broken`: an eighth of a megabyte of each, and far less than quadratic.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

proptest! {
    #![proptest_config(crate::trials(256))]

    #[test]
    fn any_words_of_the_language_are_heard_as_they_were_read(body in language()) {
        let text = format!("%%score {{ ( 1 2 ) | 3 }} 4\nL:1/8\nM:3/4\nK:D\nV:1 nm=\"a\"\nV:2\nV:3 bass\nV:4 perc\n{body}");
        let score = parse_abc(&text).0;
        heard::check(&text, &score, &hear(&write_midi(&score)));
    }

    #[test]
    fn a_damaged_piece_is_heard_as_it_was_repaired(text in damaged()) {
        let score = parse_abc(&text).0;
        heard::check(&text, &score, &hear(&write_midi(&score)));
    }
}
