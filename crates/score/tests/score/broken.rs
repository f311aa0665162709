//! What the model gets wrong is repaired and reported, and no piece is lost.

use score::{Content, Event, Fraction, Score, Severity, parse_abc, parse_musicxml, write_musicxml};

use crate::check::{checked, severities};

const HEAD: &str =
    "%%score { ( 1 2 ) | 3 }\nL:1/8\nM:4/4\nK:C\nV:1 treble nm=\"Piano\"\nV:2 treble\nV:3 bass\n";

fn piece(lines: &str) -> String {
    format!("{HEAD}{lines}\n")
}

fn events(score: &Score, bar: usize, voice: usize) -> Vec<&Event> {
    score.bars[bar].voices[voice].events().collect()
}

fn eighths(n: i64) -> Fraction {
    Fraction::new(n, 8).unwrap()
}

fn is_rest(event: &Event, visible: bool) -> bool {
    event.content == Content::Rest { visible }
}

#[test]
fn a_voice_missing_from_a_line_rests() {
    let (score, _) = checked(&piece("[r:0/1][V:1]c8|\n[r:1/0][V:3]C8|"));
    // The first voice of a staff shows its rest, the others do not.
    assert!(is_rest(events(&score, 0, 1)[0], false));
    assert!(is_rest(events(&score, 0, 2)[0], true));
    assert!(is_rest(events(&score, 1, 0)[0], true));
    assert_eq!(
        severities(&piece("[r:0/1][V:1]c8|\n[r:1/0][V:3]C8|")),
        [0, 0, 0]
    );
}

#[test]
fn a_short_voice_is_padded_and_a_long_one_cut() {
    let text = piece("[V:1]c8|[V:2]C4 D2|[V:3]C4 D2 E4 F2|");
    let (score, _) = checked(&text);
    let (short, long) = (events(&score, 0, 1), events(&score, 0, 2));
    assert_eq!(short.len(), 3);
    assert!(is_rest(short[2], false) && short[2].duration == eighths(2));
    // E4 begins in the bar and is shortened, F2 does not.
    assert_eq!(
        long.iter().map(|e| e.duration).collect::<Vec<_>>(),
        [eighths(4), eighths(2), eighths(2)]
    );
    assert_eq!(severities(&text), [0, 2, 0]);
}

#[test]
fn without_the_metre_the_length_of_most_voices_holds() {
    let (score, _) = checked(&piece("[V:1]c6|[V:2]C6|[V:3]C2|"));
    assert_eq!(score.bars[0].length, eighths(6));
}

#[test]
fn a_pickup_a_split_bar_and_a_short_end_are_no_mistakes() {
    let text = piece("[V:1]c2|\n[V:1]c8|\n[V:1]c4:|[V:3]C4:|\n[V:1]c4|\n[V:1]c2|]");
    let (score, piece) = checked(&text);
    assert_eq!(severities(&text), [0, 0, 0]);
    let lengths: Vec<_> = score.bars.iter().map(|b| b.length).collect();
    assert_eq!(lengths, [2, 8, 4, 4, 2].map(eighths));
    let numbers: Vec<_> = piece.measures[0]
        .iter()
        .map(|m| m.number.as_str())
        .collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_voice_written_twice_keeps_the_one_with_notes() {
    let (score, _) = checked(&piece("[V:1]z8|[V:1]c4 d4|[V:3]C8|"));
    assert_eq!(score.bar_count(), 1);
    assert_eq!(events(&score, 0, 0).len(), 2);
    let (score, _) = checked(&piece("[V:1]c8|[V:1]d4 d4|[V:3]C8|"));
    assert_eq!(events(&score, 0, 0).len(), 1);
}

#[test]
fn an_undeclared_voice_becomes_a_part() {
    let text = piece("[V:1]c8|[V:8]C8|");
    let (score, _) = checked(&text);
    assert_eq!((score.part_count(), score.voice_count()), (2, 4));
    assert!(severities(&text)[1] > 0);
}

#[test]
fn a_wrong_bar_counter_is_only_reported() {
    let text = piece("[r:0/5][V:1]c8|\n[r:3/2][V:1]d8|\n[r:4/1][V:1]e8|");
    assert_eq!(checked(&text).0.bar_count(), 3);
    assert_eq!(severities(&text), [1, 0, 0]);
}

#[test]
fn a_text_that_breaks_off_inside_a_bar_keeps_what_there_is() {
    let full = piece(
        "[r:0/1][V:1]\"^Allegro\"!p! (c2 [ce]2 {/g}d2 (3efg)|[V:3]C8|\n[r:1/0][V:1]_e8|[V:2]C8|[V:3]C8|",
    );
    for end in HEAD.len()..full.len() {
        let (score, _) = checked(&full[..end]);
        assert!(score.bar_count() <= 2);
        for bar in &score.bars {
            assert_eq!(bar.length, eighths(8), "{}", &full[..end]);
        }
    }
}

#[test]
fn what_is_not_closed_is_closed() {
    for (line, notes) in [
        ("[V:1]c4 [eg d4|", 4),
        ("[V:1]c4 {eg d4|", 4),
        ("[V:1]c4 !trill d4|", 2),
        ("[V:1]c4 \"^dolce d4|", 1),
        ("[V:1]c4 [K:G d4|", 2),
        ("[V:1]c4 (3ef|", 3),
        ("[V:1]c4> |", 1),
        ("[V:1]c4 ((d4|", 2),
        ("[V:1]c4 d4))|", 2),
    ] {
        let text = piece(line);
        let (score, _) = checked(&text);
        assert_eq!(score.note_count(), notes, "{line}");
        assert!(severities(&text)[0] + severities(&text)[1] > 0, "{line}");
        assert_eq!(severities(&text)[2], 0, "{line}");
    }
}

#[test]
fn a_line_at_a_grace_note_needs_both_ends() {
    for (line, slides) in [
        ("{!-(!B}c4 !-)!d4", 2),
        ("c4 !-(!d2 {!-)!B}d2", 2),
        ("{!-(!B}c4 d4", 0),
        ("{[!-(!BD]}c4 d4", 0),
        ("c4 {!-)!B}d4", 0),
    ] {
        let text = piece(&format!("[r:0/0][V:1]{line}|"));
        let (score, findings) = parse_abc(&text);
        let written = write_musicxml(&score);
        assert_eq!(written.matches("<slide ").count(), slides, "{line}");
        let single = findings
            .iter()
            .filter(|f| f.message == "a glide has only one end");
        assert_eq!(single.count(), usize::from(slides == 0), "{line}");
        let (again, _) = parse_musicxml(written.as_bytes());
        assert_eq!(write_musicxml(&again), written, "{line}");
    }
}

#[test]
fn grace_notes_go_on_behind_a_barline() {
    let (score, _) = checked(&piece("[V:1]c8{de|[V:3]C8|\n[V:1]f}g8|[V:3]C8|"));
    assert_eq!(score.note_count(), 7);
    assert_eq!(events(&score, 1, 0)[0].duration, eighths(8));
}

#[test]
fn a_bar_out_by_a_hair_is_stretched_and_not_padded() {
    let text = piece("[V:1]c255/32|[V:3]C257/32|");
    let (score, _) = checked(&text);
    assert_eq!(events(&score, 0, 0).len(), 1);
    assert_eq!(severities(&text), [0, 0, 0]);
}

#[test]
fn a_text_without_header_or_music_is_an_error_and_still_a_score() {
    for text in [
        "",
        "\n\n",
        HEAD,
        "just some words\nand more",
        "%a\n%b\n%c",
        "X:1\nT:only a title\n",
    ] {
        let (_, findings) = parse_abc(text);
        assert!(
            findings.iter().any(|f| f.severity == Severity::Error),
            "{text:?}"
        );
        checked(text);
        assert!(score::write_abc(&parse_abc(text).0).starts_with("%abc-2.1\nX:1\n"));
    }
    // Without a header, but with music: reported, and the music kept.
    assert_eq!(checked("[V:1]c8|\n").0.note_count(), 1);
}

#[test]
fn voices_with_metres_of_their_own_are_not_cut() {
    let text = piece("[V:1][M:6/8]c6|[V:3][M:2/4]C2 D2|");
    let (score, _) = checked(&text);
    assert_eq!(score.bars[0].length, eighths(6));
    assert_eq!(score.note_count(), 3);
}

#[test]
fn findings_say_where() {
    let (_, findings) = parse_abc(&piece("[V:1]c8|\n[V:1]c8|[V:3]C4 ? C4|"));
    let found = &findings[0];
    assert_eq!((found.line, found.column), (9, 17));
    assert_eq!((found.bar, found.voice), (Some(2), Some(3)));
    assert_eq!(
        found.to_string(),
        "9:17: note, bar 2, voice 3: \"?\" means nothing here and is left out"
    );
}

#[test]
fn a_megabyte_of_anything_is_read_in_time() {
    let started = std::time::Instant::now();
    for unit in [
        "z",
        "[V:1]z|",
        "[V:1]c\n",
        "(",
        "{",
        "\"",
        "!",
        "[",
        "c-",
        "(3",
        ")",
        "[V:",
        "z)",
        "&",
        "c|",
        "%%score ((",
        "é",
        "!<(!",
        "!<)!",
        "!trill(!c",
        "{c-}",
        "(c",
        "\"^a\"",
        "[V:1]c|1\n",
        "[V:1](c-!<(!|\n",
    ] {
        let text = piece(&unit.repeat((1 << 17) / unit.len()));
        let (score, _) = parse_abc(&text);
        score::write_musicxml(&score);
        score::write_interleaved(&score);
    }
    // An eighth of a megabyte of each; far more than it takes even unoptimised, and far less than quadratic.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn a_megabyte_of_abc_as_people_write_it_is_read_in_time() {
    let started = std::time::Instant::now();
    for unit in [
        "c\nw:la\n",
        "c\nw:la-_*|\nw:|\n",
        "c\ns:!p!\n",
        "c\ns:!p!\"^a\"T|\n",
        "cc",
        "c|&&d|",
        "&",
        "c&",
        "+CE+",
        "+a",
        "{\"",
        "{g\"^a\"",
        "{\"^a\"g}",
        "[V:1 clef=bass]c",
        "V:1 name=a\n",
        "V:1 octave=1\nc\n",
        "K:D exp ^f_b\n",
        "U:T=!fermata!\n",
        "[U:T=!nil!]T",
        "W:words\n",
        "+:more\n",
        "W:a\n+:b\n",
        "T:a\n",
        "\n",
        "\n|\n",
        "X:2\nK:C\n",
        "%%begintext\n",
        "%%MIDI program 1\n",
        "\"^\\u00e9&eacute;\"",
        "^/",
        "Z999|",
        "[(c)]",
        "y2",
        ".-",
    ] {
        for head in ["X:1\nK:C\n", "X:1\n"] {
            let text = format!("{head}{}", unit.repeat((1 << 17) / unit.len()));
            let (score, _) = parse_abc(&text);
            score::write_abc(&score);
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
