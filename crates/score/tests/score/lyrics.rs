//! Words under notes: read from ABC, written to ABC and MusicXML.

use score::{Event, Lyric, Score, Syllable, parse_abc, write_abc, write_musicxml};

use crate::check::checked;
use crate::show::findings;

/// A tune with this music, in quarter notes.
fn tune(music: &str) -> String {
    format!("X:1\nT:Song\nM:4/4\nL:1/4\nK:C\n{music}\n")
}

/// What is sung to each note of a voice: the syllable with its hyphens, `_` if it is held, `.` for nothing; verses
/// with `/` between them.
fn sung(score: &Score, voice: usize) -> String {
    let voices = score.bars.iter().map(|bar| &bar.voices[voice]);
    let events: Vec<&Event> = voices.flat_map(|v| v.events()).collect();
    let notes = events.iter().filter(|event| !event.notes().is_empty());
    let show = |event: &&&Event| {
        if event.lyrics.is_empty() {
            return ".".to_owned();
        }
        let verses = event
            .lyrics
            .iter()
            .map(|l| format!("{}{}", l.verse, syllable(l)));
        verses.collect::<Vec<_>>().join("/")
    };
    notes
        .map(|event| show(&event))
        .collect::<Vec<_>>()
        .join(" ")
}

fn syllable(lyric: &Lyric) -> String {
    let before = matches!(lyric.syllable, Syllable::Middle | Syllable::Last);
    let after = matches!(lyric.syllable, Syllable::First | Syllable::Middle);
    let hyphen = |is: bool| if is { "-" } else { "" };
    let held = if lyric.extends { "_" } else { "" };
    format!("{}{}{}{held}", hyphen(before), lyric.text, hyphen(after))
}

/// What is sung in a tune that is read without a finding, and read back as it is written.
fn clean(music: &str) -> String {
    let text = tune(music);
    let (score, _) = checked(&text);
    assert_eq!(findings(&text), Vec::<String>::new(), "{text}");
    let written = write_abc(&score);
    assert_eq!(parse_abc(&written).0, score, "{written}");
    sung(&score, 0)
}

#[test]
fn syllables_are_sung_to_notes_one_by_one() {
    for (words, expected) in [
        ("syll-a-ble x", "1syll- 1-a- 1-ble 1x"),
        ("syll-a--ble", "1syll- 1-a- . 1-ble"),
        ("syll-a -ble", "1syll- 1-a- . 1-ble"),
        ("time__ x", "1time_ . . 1x"),
        ("of~the~day x", "1of the day 1x . ."),
        ("x\\-ray *see", "1x-ray . 1see ."),
        ("* * ban-_ner", ". . 1ban-_ ."),
        ("ban-_ner x", "1ban-_ . 1-ner 1x"),
        ("a-b c", "1a- 1-b 1c ."),
        ("", ". . . ."),
    ] {
        let text = tune(&format!("cdef|\nw:{words}"));
        let (score, _) = checked(&text);
        assert_eq!(sung(&score, 0), expected, "{words}");
        assert_eq!(parse_abc(&write_abc(&score)).0, score, "{words}");
    }
}

#[test]
fn rests_grace_notes_spacers_and_notes_inside_chords_get_no_syllable() {
    assert_eq!(
        clean("c{ge}d z y[eg]|[ce]-[ce]d2|\nw:one two three four * five"),
        "1one 1two 1three 1four . 1five"
    );
    // Tied and slurred notes count each.
    assert_eq!(clean("c-c(d e)|\nw:a b c d"), "1a 1b 1c 1d");
}

#[test]
fn a_bar_in_the_words_goes_on_to_the_next_bar() {
    assert_eq!(
        clean("cdef|gabc'|\nw:one | two three|"),
        "1one . . . 1two 1three . ."
    );
    assert_eq!(clean("cdef|gabc'|\nw:a b c d | e"), "1a 1b 1c 1d 1e . . .");
    assert_eq!(clean("cd z2|z4|e4|\nw:a | | b"), "1a . 1b");
}

#[test]
fn words_go_on_where_the_words_before_them_ended() {
    assert_eq!(clean("cd|ef|\nw:one\nga|\nw:two"), "1one . . . 1two .");
    assert_eq!(
        clean("cdef|\ngabc'|\nw:do re mi fa sol la si do"),
        "1do 1re 1mi 1fa 1sol 1la 1si 1do"
    );
    assert_eq!(
        clean("cdef|\nw:do re mi fa\ngggg|\nw:\ncdef|\nw:mi"),
        "1do 1re 1mi 1fa . . . . 1mi . . ."
    );
    // Words and hyphens go on from line to line.
    assert_eq!(
        clean("cd|\nw:hal- le-\nef|\nw:lu-ja_\ng4|\nw:_"),
        "1hal- 1-le- 1-lu- 1-ja_ ."
    );
    assert_eq!(
        clean("cdef|\nw:one two\n+:three four"),
        "1one 1two 1three 1four"
    );
    assert_eq!(
        clean("cdef|\nw:one two\\\nw:three four"),
        "1one 1two 1three 1four"
    );
}

#[test]
fn lines_one_after_another_are_verses() {
    assert_eq!(
        clean("cd|\nw:one two\n% a comment\nw:eins\nw:* deux\nef|\nw:three\nw:drei vier"),
        "1one/2eins 1two/3deux 1three/2drei 2vier"
    );
    // The number of a verse stands with its first syllable.
    assert_eq!(
        clean("cd|\nw:1.~One two\nw:2. Zwei drei"),
        "11. One/22. Zwei 1two/2drei"
    );
    assert_eq!(clean("cdef|\nw:1 2 3 4"), "11 12 13 14");
}

#[test]
fn voices_have_words_of_their_own() {
    let text = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nV:2\n[V:1]cd|\n[V:2]CD|\nw:low er\n[V:1]e4|\nw:up per note\n[V:2]E4|\nw:voice\n";
    let (score, _) = checked(text);
    assert_eq!(findings(text), Vec::<String>::new());
    assert_eq!(sung(&score, 0), "1up 1per 1note");
    assert_eq!(sung(&score, 1), "1low 1er 1voice");
    assert_eq!(parse_abc(&write_abc(&score)).0, score);
}

#[test]
fn notes_of_an_overlay_are_sung_where_they_are_written() {
    // The example of the standard.
    let text = tune("g2f2|e3e|\n&& (d4|c3)c|\nw:ha-la-|lu-yoh\n+:lu-|-yoh");
    let (score, _) = checked(&text);
    assert_eq!(
        (sung(&score, 0), sung(&score, 1)),
        ("1ha- 1-la- 1-lu- 1-yoh".into(), "1lu- . 1-yoh".into())
    );
    assert_eq!(parse_abc(&write_abc(&score)).0, score);
}

#[test]
fn more_syllables_than_notes_are_reported() {
    let text = tune("cd|\nw:one two three four\nef|\nw:five");
    assert_eq!(sung(&parse_abc(&text).0, 0), "1one 1two 1five .");
    assert_eq!(findings(&text).len(), 1);
}

#[test]
fn words_have_accents_and_keep_every_sign() {
    assert_eq!(
        clean("cde|\nw:\\'Et&eacute; \\u00e9-t\u{e9}"),
        "1Été 1é- 1-té"
    );
    let (mut score, _) = parse_abc(&tune("cdef|\nw:a b c d"));
    let texts = [
        "-", "_", "*", "|", "~", "%", "1.", "2)", "a b", " ", "\\-", "&amp;", "\"", "w:", "'",
    ];
    for text in texts {
        if let Some(event) = score.bars[0].voices[0]
            .items
            .iter_mut()
            .find_map(|item| match item {
                score::Item::Event(event) => Some(event),
                _ => None,
            })
        {
            event.lyrics[0].text = text.into();
        }
        let again = parse_abc(&write_abc(&score)).0;
        if text.trim().is_empty() {
            assert!(again != score, "a syllable of blanks is none");
        } else {
            assert_eq!(again, score, "{text:?}");
        }
    }
}

#[test]
fn what_is_held_is_held_to_the_next_rest() {
    let (score, _) = checked(&tune("cdef|gz a2|\nw:oh_"));
    let written = write_abc(&score);
    assert!(
        written.contains("w: oh_____\n") || written.contains("w: oh____\n"),
        "{written}"
    );
    assert_eq!(parse_abc(&written).0, score);
    // The note it is held through can stand lines below, behind rests.
    let (score, _) = checked(&tune("c4|z4|z4|z4|z4|c4|\nw:oh_"));
    assert_eq!(sung(&score, 0), "1oh_ .");
    assert_eq!(parse_abc(&write_abc(&score)).0, score);
    // Without such a note it is not held.
    assert_eq!(clean("cdef|g4|\nw:a b c d oh_"), "1a 1b 1c 1d 1oh");
}

#[test]
fn musicxml_has_every_syllable_on_its_note() {
    let text = tune("[ce]5/4d3/4ef|\nw:Hal-le_ lu\nw:Ho");
    let xml: String = write_musicxml(&checked(&text).0)
        .lines()
        .map(str::trim)
        .collect();
    for expected in [
        "<lyric number=\"1\"><syllabic>begin</syllabic><text>Hal</text></lyric><lyric number=\"2\"><syllabic>single</syllabic><text>Ho</text></lyric></note>",
        "<lyric number=\"1\"><syllabic>end</syllabic><text>le</text><extend/></lyric>",
        "<lyric number=\"1\"><syllabic>single</syllabic><text>lu</text></lyric>",
    ] {
        assert!(xml.contains(expected), "{expected}\n{xml}");
    }
    // Neither the other notes of a chord nor the tied rest of a length have it again.
    assert_eq!(xml.matches("<lyric ").count(), 4);
}

#[test]
fn a_song_of_several_verses_is_written_line_below_line() {
    let text = include_str!("../data/song.abc");
    let (score, _) = checked(text);
    assert_eq!(findings(text), Vec::<String>::new());
    let written = write_abc(&score);
    assert_eq!(parse_abc(&written).0, score, "{written}");
    assert!(
        written.contains("w: 1.~A frog he would a- - woo-ing"),
        "{written}"
    );
    assert!(written.contains("%%MIDI program 52\n"), "{written}");
}
