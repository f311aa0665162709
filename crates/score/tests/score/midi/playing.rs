//! How the notes of a part are played.

use super::heard::{Note, QUARTER};
use super::{HEAD, file};

/// The notes of the first part.
fn notes(music: &str) -> Vec<Note> {
    file(&format!("{HEAD}{music}\n")).tracks[1].notes.clone()
}

/// Key and onset of the notes of the first part, in 96ths of a quarter note.
fn onsets(music: &str) -> Vec<(u8, i64)> {
    let notes = notes(music);
    let per_tick = QUARTER / 96;
    notes.iter().map(|n| (n.key, n.start / per_tick)).collect()
}

/// Key and length of the notes of the first part, in percent of a quarter note.
fn lengths(music: &str) -> Vec<(u8, i64)> {
    let notes = notes(music);
    let percent = |n: &Note| (n.end - n.start) * 100 / QUARTER;
    notes.iter().map(|n| (n.key, percent(n))).collect()
}

fn velocities(music: &str) -> Vec<u8> {
    notes(music).iter().map(|n| n.velocity).collect()
}

#[test]
fn onsets_are_exact_in_tuplets_of_3_5_7_and_9() {
    for (tuplet, count, quarters) in [
        ("(3ccc", 3, 2),
        ("(3c/c/c/", 3, 1),
        ("(5:4:5ccccc", 5, 4),
        ("(7:4:7ccccccc", 7, 4),
        ("(7:8:7c/c/c/c/c/c/c/", 7, 4),
        ("(9:8:9c/c/c/c/c/c/c/c/c/", 9, 4),
    ] {
        let starts: Vec<i64> = notes(&format!("{tuplet}|"))
            .iter()
            .map(|n| n.start)
            .collect();
        let length = quarters * QUARTER;
        assert_eq!(length % count, 0);
        let exact: Vec<i64> = (0..count).map(|k| k * length / count).collect();
        assert_eq!(starts, exact, "{tuplet}");
    }
    // One in another: a third of a fifth of a half note.
    let starts: Vec<i64> = notes("(5:4:7c/(3c/c/c/c/c/c/|")
        .iter()
        .map(|n| n.start)
        .collect();
    let fifth = 2 * QUARTER / 5;
    assert_eq!(
        starts[1..5],
        [fifth, fifth * 5 / 3, fifth * 7 / 3, fifth * 3]
    );
}

#[test]
fn other_tuplets_are_rounded_and_do_not_drift() {
    for (tuplet, count) in [("(11:8:11", 11), ("(13:8:13", 13)] {
        let bar = format!("{tuplet}{}|", "c/".repeat(count));
        let starts: Vec<i64> = notes(&bar.repeat(3)).iter().map(|n| n.start).collect();
        for (k, start) in starts.iter().enumerate() {
            let (count, k) = (i64::try_from(count).unwrap(), i64::try_from(k).unwrap());
            // Twice as many ticks, to round half up.
            let twice = 2 * 4 * QUARTER * (k % count);
            let rounded = (twice + count).div_euclid(2 * count);
            assert_eq!(*start, k / count * 4 * QUARTER + rounded, "{tuplet}: {k}");
        }
    }
}

#[test]
fn notes_sound_as_long_as_their_signs_say() {
    assert_eq!(
        lengths("c.c!wedge!c!tenuto!c|!tenuto!.c c2 c|"),
        [
            (72, 95),
            (72, 50),
            (72, 30),
            (72, 100),
            (72, 75),
            (72, 190),
            (72, 95)
        ]
    );
    // Legato up to the last note under the slur.
    assert_eq!(
        lengths("(cde)f|(.c.d)ef|"),
        [
            (72, 100),
            (74, 100),
            (76, 95),
            (77, 95),
            (72, 75),
            (74, 50),
            (76, 95),
            (77, 95)
        ]
    );
}

#[test]
fn tied_notes_are_one_note_and_no_tie_hangs_at_a_jump() {
    assert_eq!(lengths("c2-c2-|c2 z2|"), [(72, 590)]);
    assert_eq!(lengths("[c-e]2[ce]2|"), [(72, 390), (76, 190), (76, 190)]);
    // Tied from the end of the first bar to the second, which comes next only the second time.
    assert_eq!(
        lengths("|:c4-|1c4:|2e4|]"),
        [(72, 780), (72, 400), (76, 380)]
    );
    assert_eq!(
        lengths("c4-|c4!D.C.!|e4|"),
        [(72, 780), (72, 780), (76, 380)]
    );
    // From the end of a repeat to its beginning, if that is tied from the bar before.
    assert_eq!(
        onsets("c4-|:c4|c4-:|c4|"),
        [(72, 0), (72, 2 * 384), (72, 4 * 384)]
    );
    // Into a repeat: it is struck again.
    assert_eq!(onsets("c4-|:c4-|c4:|"), [(72, 0), (72, 3 * 384)]);
}

#[test]
fn the_same_key_in_two_voices_is_struck_once_and_restruck_without_overlap() {
    let two = "%%score ( 1 2 )\nL:1/4\nM:4/4\nK:C\nV:1\nV:2\n";
    let heard = |music: &str| {
        let notes = file(&format!("{two}{music}\n")).tracks[1].notes.clone();
        let shape = |n: &Note| (n.key, n.start * 100 / QUARTER, n.end * 100 / QUARTER);
        notes.iter().map(shape).collect::<Vec<_>>()
    };
    assert_eq!(heard("[V:1]c4|[V:2]c2 z2|"), [(72, 0, 380)]);
    assert_eq!(
        heard("[V:1]c4|[V:2]z c z2|"),
        [(72, 0, 100), (72, 100, 380)]
    );
}

#[test]
fn transposing_instruments_sound_where_they_should() {
    for (voice, key) in [
        ("treble", 60),
        ("treble transpose=-2", 58),
        ("treble transpose=-21", 39),
        ("treble-8", 48),
        ("treble+8", 72),
        ("bass+8 transpose=12", 84),
    ] {
        let file = file(&format!(
            "%%score 1\nL:1/4\nM:4/4\nK:C\nV:1 {voice} nm=\"Horn\"\n[V:1]C4|\n"
        ));
        assert_eq!(file.tracks[1].notes[0].key, key, "{voice}");
    }
    // Below MIDI's lowest note the octave is wrong, but not the note.
    let file = file("%%score 1\nL:1/4\nM:4/4\nK:C\nV:1 treble transpose=-26\n[V:1]C,,,4|\n");
    assert_eq!(file.tracks[1].notes[0].key, 10);
    // The line over the staff is only for the eye.
    assert_eq!(onsets("!8va(!c4!8va)!|"), [(72, 0)]);
}

#[test]
fn grace_notes_come_before_the_beat_or_take_half_of_their_note() {
    // A 32nd is 12.
    assert_eq!(onsets("c2{/d}c2|"), [(72, 0), (74, 192 - 12), (72, 192)]);
    assert_eq!(
        onsets("c2{/de}c2|"),
        [(72, 0), (74, 192 - 24), (76, 192 - 12), (72, 192)]
    );
    assert_eq!(onsets("c2{d}c2|"), [(72, 0), (74, 192), (72, 192 + 96)]);
    assert_eq!(
        onsets("c2{def}c2|"),
        [(72, 0), (74, 192), (76, 216), (77, 240), (72, 264)]
    );
    // Before a rest, a tied note, or the end of the bar there is no note to take from.
    assert_eq!(onsets("c2{d}z2|"), [(72, 0), (74, 180)]);
    assert_eq!(onsets("c2-{d}c2|"), [(72, 0), (74, 180)]);
    assert_eq!(onsets("c4{d}|c4|"), [(72, 0), (74, 372), (72, 384)]);
    // Nothing is before the first beat.
    assert_eq!(onsets("{/d}c4|"), [(74, 0), (72, 12)]);
    // Tied to its note it is one with it.
    assert_eq!(onsets("c2{/d-}[df]2|"), [(72, 0), (74, 180), (77, 192)]);
}

#[test]
fn ornaments_are_played_out() {
    let keys = |music: &str| notes(music).iter().map(|n| n.key).collect::<Vec<_>>();
    assert_eq!(keys("Tc|"), [72, 74, 72, 74, 72, 74, 72]);
    assert_eq!(keys("[K:Eb]Td|"), [74, 75, 74, 75, 74, 75, 74]);
    assert_eq!(keys("!turn!c|"), [74, 72, 71, 72]);
    assert_eq!(keys("!mordent!c|"), [72, 71, 72]);
    assert_eq!(keys("Pc|"), [72, 74, 72]);
    assert_eq!(onsets("!//!c2 d2|").len(), 9);
    assert_eq!(onsets("!//!c2 d2|")[1], (72, 24));
    // Both of these fill two quarter notes, in 16ths.
    assert_eq!(keys("!//-!c e z2|"), [72, 76, 72, 76, 72, 76, 72, 76]);
    assert_eq!(
        onsets("z2!//-!{/g}c e|")[..3],
        [(79, 180), (72, 192), (76, 216)]
    );
    // Of a chord the highest note has the trill; under the line all of a tied note has it.
    assert_eq!(keys("T[ce]/|"), [72, 76, 77, 76]);
    assert_eq!(keys("!trill(!c/-!trill)!c/ e|"), [72, 74, 72, 74, 72, 76]);
    // From the lowest note up, by 64ths.
    assert_eq!(onsets("!arpeggio![gce]4|"), [(72, 0), (76, 6), (79, 12)]);
    assert_eq!(keys("L:1/1\nTc16|").len(), 255);
}

#[test]
fn dynamics_are_velocities() {
    assert_eq!(velocities("c!p!c!f!c c|"), [80, 49, 96, 96]);
    assert_eq!(velocities("!p!!<(!cccc|!<)!!f!c4|"), [49, 60, 72, 84, 96]);
    assert_eq!(
        velocities("!mf!c!>!c!^!c!sfz!c|!fp!c c!sfp!c c|"),
        [80, 92, 98, 100, 96, 49, 112, 49]
    );
    assert_eq!(velocities("!sfz!!p!c c2 c|"), [69, 49, 49]);
    // In each pass they are what is written; the first time nothing is.
    assert_eq!(velocities("|:c2!ff!c2:|"), [80, 112, 80, 112]);
}

#[test]
fn dynamics_hold_for_the_part_and_signs_on_one_note_for_one() {
    let text = "%%score { ( 1 2 ) | 3 } | 4\nL:1/4\nM:4/4\nK:C\nV:1 nm=\"Piano\"\nV:2\nV:3 bass\n\
                V:4 nm=\"Flute\"\n[V:1]c'!p!c'c'c'|[V:2]e!sfz!e e e|[V:3]C,C,C,C,|[V:4]gggg|\n";
    let file = file(text);
    let of = |track: usize, key: u8| {
        let notes = file.tracks[track].notes.iter().filter(|n| n.key == key);
        notes.map(|n| n.velocity).collect::<Vec<_>>()
    };
    assert_eq!(of(1, 84), [80, 49, 49, 49]);
    assert_eq!(of(1, 76), [80, 69, 49, 49]);
    assert_eq!(of(1, 48), [80, 49, 49, 49]);
    assert_eq!(of(2, 79), [80; 4]);
}

#[test]
fn the_pedal_is_held_and_lifted() {
    let held = |music: &str| {
        let file = file(&format!("{HEAD}{music}\n"));
        let quarters = |tick: &i64| tick / QUARTER;
        let pedal = file.tracks[1].pedal.iter();
        pedal
            .map(|(a, b)| (quarters(a), quarters(b)))
            .collect::<Vec<_>>()
    };
    assert_eq!(held("!ped!cc!ped-up!cc|"), [(0, 2)]);
    assert_eq!(held("cc!ped!cc|cc!ped-up!cc|"), [(2, 6)]);
    assert_eq!(held("!ped!cc!ped!cc|cccc|"), [(0, 2), (2, 4)]);
    // Over the repeat it is lifted.
    assert_eq!(held("|:cccc|cc!ped!cc:|cc!ped-up!cc|"), [(6, 8), (14, 18)]);
}
