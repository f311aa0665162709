//! A few bars of a score are a score: nothing reaches over their edges, and they begin as they are.

use std::path::Path;
use std::process::Command;

use score::{
    Clef, ClefSign, Direction, Item, Meter, Score, Span, parse_abc, write_abc, write_musicxml,
};

use crate::check::{check_piece, check_score};
use crate::compare::{Heard, Piece, difference, read};
use crate::{corpus_scores, pieces};

const TEXT: &str = "%%score { 1 | 2 }\nL:1/8\nQ:1/4=60\nM:2/4\nK:C\n\
    V:1 treble transpose=-2 nm=\"Piano\"\nV:2 bass\n\
    [V:1](c2!<(!d2-|[V:2]C4|\n\
    [V:1][K:D][M:3/4] d2 e2!<)![I:staff +1] f2-|1[V:2][K:D][M:3/4] z4[K:treble] A2|1\n\
    [V:1]f2) g2 [Bf]2:|2[V:2]A6:|2\n\
    [V:1](a2 [I:staff -1]b2 c'2-|[V:2]A6|\n\
    [V:1]c'6)|]\n";

fn excerpt(from: usize, to: usize) -> Score {
    let (score, findings) = parse_abc(TEXT);
    assert_eq!(findings, []);
    score.excerpt(from..to)
}

#[test]
fn an_excerpt_begins_as_its_bars_do() {
    let score = excerpt(2, 4);
    assert_eq!(score.bar_count(), 2);
    assert_eq!(
        score.bars[0].meter,
        Some(Meter::Numbers { beats: 3, unit: 4 })
    );
    let keys: Vec<i8> = score.voices.iter().map(|voice| voice.key.fifths).collect();
    assert_eq!((score.key.fifths, keys), (2, vec![2, 2]));
    // The lower staff has the clef that voice 2 gave it, and the upper voice is on it.
    assert_eq!(
        score.voices.iter().map(|v| v.clef).collect::<Vec<_>>(),
        [Clef::TREBLE; 2]
    );
    assert_eq!(score.voices[0].transpose, -2);
    assert_eq!(score.bars[0].voices[0].items[0], Item::Staff(2));
    assert_eq!(score.tempo, None);
    // A change in its first bar is what it begins with.
    let score = excerpt(1, 2);
    assert_eq!((score.key.fifths, score.voices[0].key.fifths), (2, 2));
    assert!(
        !score.bars[0].voices[0]
            .items
            .iter()
            .any(|item| matches!(item, Item::Key(_)))
    );
    assert_eq!(score.voices[1].clef.sign, ClefSign::F);
}

#[test]
fn what_reaches_over_the_edges_of_an_excerpt_is_cut() {
    let score = excerpt(1, 3);
    check_score(&score);
    let upper = &score.bars[0].voices[0];
    // The tie and the hairpin began before; the slur ends inside and began before.
    assert!(upper.events().all(|event| {
        event
            .notes()
            .iter()
            .all(|note| !note.tie_stop || event.notes()[0].pitch.octave == 5)
    }));
    assert!(!upper.events().next().unwrap().notes()[0].tie_stop);
    assert!(
        !upper
            .items
            .contains(&Item::Direction(Direction::Stop(Span::Crescendo)))
    );
    assert!(
        score.bars[1].voices[0]
            .events()
            .all(|event| event.slurs.stops == 0)
    );
    // The tie inside is there. The first ending ends where it ends; the second is not there.
    assert!(upper.events().last().unwrap().notes()[0].tie_start);
    assert!(score.bars[1].volta_stop.is_some() && score.bars[1].volta.is_some());
    // The ending that goes on after the last bar is open, and one that began before has no end.
    let score = excerpt(3, 4);
    assert!(score.bars[0].volta.is_some() && score.bars[0].volta_stop.is_some());
    let last = score.bars[0].voices[0].events().last().unwrap().clone();
    assert!(!last.notes()[0].tie_start);
    assert_eq!(
        score.bars[0].voices[0]
            .events()
            .next()
            .unwrap()
            .slurs
            .starts,
        0
    );
    // What a note took from a tie is an accidental now.
    let (score, _) = parse_abc("L:1/8\nM:2/4\nK:C\nV:1 treble\n[V:1]^c4-|\n[V:1]c4|\n");
    let tail = score.excerpt(1..2);
    let note = &tail.bars[0].voices[0].events().next().unwrap().notes()[0].clone();
    assert_eq!(
        (note.accidental.map(score::Accidental::alter), note.tie_stop),
        (Some(1), false)
    );
}

#[test]
fn a_range_that_the_score_does_not_have_is_left_out() {
    let (score, _) = parse_abc(TEXT);
    assert_eq!(score.excerpt(0..99), score);
    assert_eq!(score.excerpt(7..9).bar_count(), 0);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = score.excerpt(3..1);
    assert_eq!(reversed.bar_count(), 0);
    assert_eq!(reversed.voices.len(), 2);
}

/// Ranges of a score that depend on its name alone.
fn ranges(id: &str, bars: usize) -> Vec<std::ops::Range<usize>> {
    let mut seed = id
        .bytes()
        .fold(7u64, |sum, b| sum.wrapping_mul(31) + u64::from(b));
    let mut below = |n: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % n.max(1)
    };
    let mut ranges = vec![0..bars, bars.saturating_sub(4)..bars];
    for length in [1, 4, 16] {
        let from = below(bars);
        ranges.push(from..(from + length).min(bars));
    }
    ranges
}

/// The notes of some bars, as a reader of them alone hears them: ties outside are not heard.
fn heard(piece: &Piece, range: std::ops::Range<usize>) -> Vec<Heard> {
    let notes = piece
        .notes
        .iter()
        .filter(|note| range.contains(&note.measure));
    let mut notes: Vec<Heard> = notes
        .map(|note| Heard {
            measure: note.measure - range.start,
            ties: vec![],
            ..note.clone()
        })
        .collect();
    notes.sort();
    notes
}

#[test]
fn excerpts_of_the_corpus_have_its_notes_and_are_read_back() {
    let scores = corpus_scores();
    for (id, text) in pieces().iter().chain(&scores) {
        let (score, _) = parse_abc(text);
        assert_eq!(score.excerpt(0..score.bar_count()), score, "{id}");
        let whole = read(&write_musicxml(&score));
        for range in ranges(id, score.bar_count()).into_iter().skip(1) {
            let excerpt = score.excerpt(range.clone());
            check_score(&excerpt);
            let piece = read(&write_musicxml(&excerpt));
            check_piece(&excerpt, &piece);
            let (in_score, in_excerpt) =
                (heard(&whole, range.clone()), heard(&piece, 0..range.len()));
            assert_eq!(in_excerpt, in_score, "{id}: {range:?}");
            // A percussion clef inside, by mistake: accidentals after it alter nothing until they are alone.
            if id == "sq7471661" && range.start > 298 {
                continue;
            }
            let again = read(&write_musicxml(&parse_abc(&write_abc(&excerpt)).0));
            assert_eq!(
                difference(&again, &piece),
                (vec![], vec![]),
                "{id}: {range:?}"
            );
        }
    }
}

#[test]
fn excerpts_give_valid_musicxml() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("SKIPPED: xmllint is not there");
        return;
    }
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema/musicxml.xsd");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("excerpts");
    std::fs::create_dir_all(&folder).unwrap();
    let scores = corpus_scores();
    let all: Vec<_> = pieces().into_iter().chain(scores).collect();
    for scores in all.chunks(50) {
        let mut command = Command::new("xmllint");
        command
            .args(["--noout", "--nonet", "--schema"])
            .arg(&schema);
        for (id, text) in scores {
            let (score, _) = parse_abc(text);
            for (n, range) in ranges(id, score.bar_count())
                .into_iter()
                .enumerate()
                .skip(1)
            {
                let path = folder.join(format!("{id}-{n}.musicxml"));
                std::fs::write(&path, write_musicxml(&score.excerpt(range))).unwrap();
                command.arg(path);
            }
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let wrong: Vec<&str> = said
            .lines()
            .filter(|line| !line.ends_with("validates"))
            .collect();
        assert!(output.status.success(), "{wrong:?}");
    }
}
