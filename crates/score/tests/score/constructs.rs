//! Every construct of the language, and what becomes of it in MusicXML.

use score::{parse_abc, write_musicxml};

use crate::check::{checked, severities};

const HEAD: &str =
    "%%score { ( 1 2 ) | 3 }\nL:1/8\nM:4/4\nK:D\nV:1 treble nm=\"Piano\"\nV:2 treble\nV:3 bass\n";

/// The MusicXML of one bar of the first voice, without line breaks and indentation.
fn xml(music: &str) -> String {
    let text = format!("{HEAD}{music}\n");
    checked(&text);
    let xml = write_musicxml(&parse_abc(&text).0);
    xml.lines().map(str::trim).collect()
}

/// Pitches of the first part in order: step, alteration and octave, such as `F1-5`.
fn pitches(music: &str) -> Vec<String> {
    let (_, piece) = checked(&format!("{HEAD}{music}\n"));
    piece
        .notes
        .iter()
        .filter_map(|n| n.pitch.as_ref())
        .map(|(step, alter, octave)| format!("{step}{alter}-{octave}"))
        .collect()
}

#[test]
fn constructs_are_written_as_musicxml_says() {
    for (music, expected) in [
        ("[V:1]c8-|\n[V:1]c8|", "<tied type=\"start\"/>"),
        ("[V:1]c8-|\n[V:1]c8|", "<tie type=\"stop\"/>"),
        (
            "[V:1](c8|\n[V:1]d8)|",
            "<slur type=\"start\" number=\"1\"/>",
        ),
        ("[V:1](c8|\n[V:1]d8)|", "<slur type=\"stop\" number=\"1\"/>"),
        ("[V:1]{/de}c8|", "<grace slash=\"yes\"/>"),
        (
            "[V:1](3cde z6|",
            "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>",
        ),
        ("[V:1](3cde z6|", "<tuplet type=\"start\" number=\"1\"/>"),
        ("[V:1]c5 z3|", "<type>eighth</type>"),
        ("[V:1]z8|", "<rest measure=\"yes\"/>"),
        ("[V:1]!//-!c4 d4|", "<tremolo type=\"start\">2</tremolo>"),
        ("[V:1]!////!c8|", "<tremolo type=\"single\">4</tremolo>"),
        (
            "[V:1]!8va(! c8!8va)!|",
            "<octave-shift type=\"down\" number=\"1\" size=\"8\"/>",
        ),
        (
            "[V:1]!8va(! c8!8va)!|",
            "<octave-shift type=\"stop\" number=\"1\" size=\"8\"/>",
        ),
        (
            "[V:1]!<(! c8!<)!|",
            "<wedge type=\"crescendo\" number=\"1\"/>",
        ),
        (
            "[V:1]!ped! c8!ped-up!|",
            "<pedal type=\"start\" number=\"1\" line=\"no\" sign=\"yes\"/>",
        ),
        (
            "[V:1]!trill(! c4 !trill)! d4|",
            "<trill-mark/><wavy-line type=\"start\" number=\"1\"/>",
        ),
        ("[V:1]!trill(! c8|", "<ornaments><trill-mark/></ornaments>"),
        (
            "[V:1]!-(!c4 !-)!d4|",
            "<slide type=\"stop\" number=\"1\" line-type=\"solid\"/>",
        ),
        (
            "[V:1]{!-(!B}c4 !-)!d4|",
            "<slide type=\"stop\" number=\"1\" line-type=\"solid\"/>",
        ),
        (
            "[V:1]!~(!c4 !~)!d4|",
            "<glissando type=\"start\" number=\"1\" line-type=\"wavy\"/>",
        ),
        (
            "[V:1]!3!.!>!Tuc8|",
            "<technical><fingering>3</fingering><up-bow/></technical>",
        ),
        (
            "[V:1]!3!.!>!Tuc8|",
            "<articulations><staccato/><accent/></articulations>",
        ),
        (
            "[V:1]!courtesy!=c8|",
            "<accidental parentheses=\"yes\">natural</accidental>",
        ),
        (
            "[V:1]!courtesy!c8|",
            "<accidental parentheses=\"yes\">sharp</accidental>",
        ),
        ("[V:1]!stemless!c8|", "<stem>none</stem>"),
        (
            "[V:1]!fermata!!arpeggio![ce]8|",
            "<fermata type=\"upright\"/><arpeggiate/>",
        ),
        ("[V:1]S c4 O d4|", "<segno/>"),
        ("[V:1]c4!D.C.! d4|", "<sound dacapo=\"yes\"/>"),
        ("[V:1]\"^Allegro\" c8|", "<words>Allegro</words>"),
        ("[V:1]\"_dolce\" c8|", "<direction placement=\"below\">"),
        (
            "[V:1]\"F#m7/B\" c8|",
            "<root-step>F</root-step><root-alter>1</root-alter></root><kind text=\"m7\">minor-seventh</kind>",
        ),
        (
            "[V:1][Q:3/8=96]c8|",
            "<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>96</per-minute>",
        ),
        ("[V:1][Q:3/8=96]c8|", "<sound tempo=\"144\"/>"),
        ("[V:1][M:C|]c8|", "<time symbol=\"cut\">"),
        (
            "[V:1]c4[K:alto] d4|",
            "<clef number=\"1\"><sign>C</sign><line>3</line></clef>",
        ),
        ("[V:1]c8||", "<bar-style>light-light</bar-style>"),
        ("[V:1]c8|]", "<bar-style>light-heavy</bar-style>"),
        ("[V:1]|:c8:|", "<repeat direction=\"forward\"/>"),
        ("[V:1]|:c8:|", "<repeat direction=\"backward\"/>"),
        (
            "[V:1]c8|1\n[V:1]d8:|2\n[V:1]e8||",
            "<ending number=\"1\" type=\"start\"/>",
        ),
        (
            "[V:1]c8|1\n[V:1]d8:|2\n[V:1]e8||",
            "<ending number=\"1\" type=\"stop\"/><repeat direction=\"backward\"/>",
        ),
        (
            "[V:1]c8|1\n[V:1]d8:|2\n[V:1]e8||",
            "<bar-style>light-light</bar-style><ending number=\"2\" type=\"discontinue\"/>",
        ),
        (
            "[V:1]cd ef g/a/b/c'/ z2|",
            "<beam number=\"2\">begin</beam>",
        ),
    ] {
        let written = xml(music);
        assert!(
            written.contains(expected),
            "{music} lacks {expected}:\n{written}"
        );
        assert_eq!(
            severities(&format!("{HEAD}{music}\n"))[1..],
            [0, 0],
            "{music}"
        );
    }
}

#[test]
fn an_octave_line_that_voices_of_a_staff_share_is_written_once() {
    let lines = |music: &str| xml(music).matches("<octave-shift").count();
    let both = "[V:1]z2 !8va(! c'4!8va)! z2|[V:2]x2!8va(! x4!8va)! x2|\n";
    assert_eq!(lines(both), 2);
    // Over the barline, and one that begins in the middle of the other.
    let long = "[V:1]!8va(! c'8|[V:2]x4!8va(! x4|\n[V:1]c'8!8va)!|[V:2]x8!8va)!|\n";
    assert_eq!(lines(long), 2);
    // One after the other, and on another staff.
    let other = "[V:1]!8va(! c'4!8va)! z4|[V:2]x4!8va(! x4!8va)!|[V:3]!8va(! c8!8va)!|\n";
    assert_eq!(lines(other), 6);
}

#[test]
fn accidentals_last_to_the_barline_in_their_octave_and_over_ties() {
    assert_eq!(
        pitches("[V:1]f =f f f' z4|"),
        ["F1-5", "F0-5", "F0-5", "F1-6"]
    );
    assert_eq!(
        pitches("[V:1]_c8-|\n[V:1]c4 c4|"),
        ["C-1-5", "C-1-5", "C1-5"]
    );
    assert_eq!(pitches("[V:1]{^g}g4 ^^g4|"), ["G1-5", "G1-5", "G2-5"]);
    // Voices have accidentals of their own.
    assert_eq!(pitches("[V:1]=c8|[V:2]c8|"), ["C0-5", "C1-5"]);
}

#[test]
fn clefs_with_octaves_move_the_notes() {
    assert_eq!(
        pitches("[V:1][K:treble-8]c4[K:treble]c4|"),
        ["C1-4", "C1-5"]
    );
}

#[test]
fn a_voice_can_change_staves() {
    let (_, piece) = checked(&format!(
        "{HEAD}[V:1]c4[I:staff +1] d4|\n[V:1]e4[I:staff -1] f4|\n"
    ));
    let staves: Vec<_> = piece.notes.iter().map(|n| n.staff.as_str()).collect();
    assert_eq!(staves, ["1", "2", "2", "1"]);
}

#[test]
fn nested_tuplets_multiply_and_levels_told_again_replace() {
    let (score, _) = checked(&format!("{HEAD}[V:1](3:2:5c2(3:2:3ddde2 z4|\n"));
    let lengths: Vec<_> = score.bars[0].voices[0]
        .events()
        .map(|e| e.duration.to_string())
        .collect();
    assert_eq!(lengths, ["1/6", "1/18", "1/18", "1/18", "1/6", "1/2"]);
    let text = format!(
        "{HEAD}[V:1][M:3/4](9:4:27(1:1:3g/d/B/(1:1:3B/d/g/(1:1:3g/d/B/ (1:1:18(9:4:3B/d/g/(9:4:3B/d/g/(9:4:3B/d/g/(9:4:9(1:1:3B/d/g/(1:1:3B/d/g/(1:1:3B/d/g/|\n"
    );
    assert_eq!(severities(&text), [0, 0, 0]);
}

#[test]
fn halves_of_a_split_triplet_share_a_bracket() {
    let written = xml("[V:1](3:2:1c2 (3:2:1d z6|");
    assert_eq!(written.matches("<tuplet ").count(), 2);
    // A length that only makes sense inside a triplet gets one.
    let written = xml("[V:1]c4/3 d2/3 z6|");
    assert_eq!(written.matches("<tuplet ").count(), 2);
    assert_eq!(written.matches("<actual-notes>3</actual-notes>").count(), 2);
}

#[test]
fn transposing_and_percussion_parts_are_written_as_such() {
    let text = include_str!("../data/orchestra.abc");
    let (score, _) = checked(text);
    assert_eq!(severities(text), [0, 0, 0]);
    assert_eq!(
        (score.part_count(), score.voice_count(), score.groups.len()),
        (7, 10, 4)
    );
    assert_eq!(score.title(), "");
    assert_eq!(
        (
            score.metadata.period.as_str(),
            score.metadata.instrumentation.as_str()
        ),
        ("Classical", "Orchestral")
    );
    let xml: String = write_musicxml(&score).lines().map(str::trim).collect();
    for expected in [
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>",
        "<chromatic>-2</chromatic><octave-change>-1</octave-change>",
        "<unpitched><display-step>B</display-step><display-octave>4</display-octave></unpitched>",
        "<midi-channel>10</midi-channel><midi-program>1</midi-program><midi-unpitched>82</midi-unpitched>",
        "<staff-lines>1</staff-lines>",
        "<clef-octave-change>-1</clef-octave-change>",
        "<group-symbol>brace</group-symbol>",
        "<part-abbreviation>Pno.</part-abbreviation>",
    ] {
        assert!(xml.contains(expected), "{expected}");
    }
}

#[test]
fn abc_as_people_write_it_is_read_too() {
    let (score, _) = checked(include_str!("../data/standard.abc"));
    assert_eq!(score.title(), "A tune as people write it");
    assert_eq!(score.metadata.composer, "Nobody");
    assert_eq!(score.bar_count(), 10);
    assert_eq!(score.voice_count(), 2, "the layer is a voice");
    assert!(score.bars[0].repeat_start && score.bars[3].repeat_stop);
    let (score, _) = checked(include_str!("../data/voices.abc"));
    assert_eq!(
        (score.part_count(), score.voice_count(), score.bar_count()),
        (1, 2, 3)
    );
    assert_eq!(score.note_count(), 13);
}
