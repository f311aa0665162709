//! What stands at notes and beside them.

use score::{Barline, VoltaStop};

use super::*;

#[test]
fn slurs_are_matched_by_number_over_bars_and_voices() {
    let slur = |kind: &str, number: u32| format!("<slur type=\"{kind}\" number=\"{number}\"/>");
    let with = |pitch: &str, slurs: String| {
        typed(pitch, 8, "half", &format!("<notations>{slurs}</notations>"))
    };
    let bar = with("C4", slur("start", 1)) + &with("D4", slur("start", 2) + &slur("continue", 1));
    let next = with("E4", slur("stop", 2)) + &with("F4", slur("stop", 1));
    assert_eq!(shown(&[&bar, &next]), ["C4:1/2< D4:1/2< | E4:1/2> F4:1/2>"]);
    // Number 1 ends and begins at one note, whatever comes first in the file.
    let bar = with("C4", slur("start", 1)) + &with("D4", slur("start", 1) + &slur("stop", 1));
    assert_eq!(
        shown(&[
            &bar,
            &(with("E4", slur("stop", 1)) + &typed("F4", 8, "half", ""))
        ]),
        ["C4:1/2< D4:1/2>< | E4:1/2> F4:1/2"]
    );
    let bar = with("C4", slur("start", 1)) + &with("D4", slur("start", 2));
    let next = with("E4", slur("stop", 1)) + &with("F4", slur("stop", 2));
    let (voices, findings) = found(&[&bar, &next]);
    assert_eq!(voices, ["C4:1/2< D4:1/2< | E4:1/2> F4:1/2>"]);
    assert_eq!(
        findings,
        ["slurs cross: they are taken to be inside each other"]
    );
    let (voices, findings) =
        found(&[&(with("C4", slur("start", 1)) + &with("D4", slur("stop", 3)))]);
    assert_eq!(voices, ["C4:1/2 D4:1/2"]);
    assert_eq!(findings, ["a slur has only one end: left out"; 2]);
}

#[test]
fn a_tie_leads_to_the_same_pitch_or_nowhere() {
    let tied = |pitch: &str, more: &str| typed(pitch, 8, "half", more);
    let tie = "<notations><tied type=\"start\"/></notations>";
    // As some programs write it: only the sign, not the sound.
    assert_eq!(
        shown(&[&(tied("C4", tie) + &tied("C4", ""))]),
        ["C4~>:1/2 C4<~:1/2"]
    );
    let (voices, findings) = found(&[&(tied("C4", tie) + &tied("D4", ""))]);
    assert_eq!(voices, ["C4:1/2 D4:1/2"]);
    assert_eq!(
        findings,
        ["a tie leads to no note of the same pitch: left out"]
    );
}

#[test]
fn accidentals_that_a_program_did_not_write_are_added() {
    let bar = typed("F#4", 4, "quarter", "")
        + &typed("F#4", 4, "quarter", "")
        + &typed(
            "F4",
            4,
            "quarter",
            "<accidental cautionary=\"yes\">natural</accidental>",
        )
        + &typed(
            "Bb4",
            4,
            "quarter",
            "<accidental parentheses=\"yes\">flat</accidental>",
        );
    assert_eq!(shown(&[&bar]), ["F#4=:1/4 F#4:1/4 F4?:1/4 Bb4?:1/4"]);
}

#[test]
fn pitches_beyond_semitones_are_brought_near() {
    let bar = typed("C4", 8, "half", "").replace("<alter>0", "<alter>1.5")
        + &typed("D4", 8, "half", "").replace("<alter>0", "<alter>-0.5");
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C#4=:1/2 D4:1/2"]);
    assert_eq!(findings.len(), 2);
    assert_eq!(shown(&[&typed("F###4", 16, "whole", "")]), ["G#4=:1"]);
}

#[test]
fn signs_go_to_the_voice_they_stand_beside() {
    let head =
        "<attributes><staves>2</staves><clef number=\"2\"><sign>F</sign></clef></attributes>";
    let on = |pitch: &str, voice: u32, staff: u32| {
        note(
            pitch,
            8,
            &format!("<voice>{voice}</voice><type>half</type><staff>{staff}</staff>"),
        )
    };
    let dynamic = |name: &str, more: &str| {
        format!(
            "<direction placement=\"below\"><direction-type><dynamics><{name}/></dynamics></direction-type>{more}</direction>"
        )
    };
    // Before the note it belongs to, on another staff than the notes around it, later by an offset, and by name.
    let bar = head.to_owned()
        + &dynamic("p", "<staff>1</staff>")
        + &on("C5", 1, 1)
        + &dynamic("f", "<staff>2</staff>")
        + &on("D5", 1, 1)
        + &backup(16)
        + &dynamic("mf", "<offset>8</offset><staff>2</staff>")
        + &on("C3", 5, 2)
        + &dynamic("pp", "<voice>1</voice><staff>1</staff>")
        + &on("D3", 5, 2);
    assert_eq!(
        shown(&[&bar]),
        ["!p! C5:1/2 !pp! D5:1/2", "C3:1/2 !f! !mf! D3:1/2"]
    );
}

#[test]
fn hairpins_end_in_the_voice_they_began_in() {
    let wedge = |kind: &str, more: &str| {
        format!(
            "<direction><direction-type><wedge type=\"{kind}\" number=\"1\"/></direction-type>{more}</direction>"
        )
    };
    let voice = |pitch: &str, voice: u32| {
        note(
            pitch,
            8,
            &format!("<voice>{voice}</voice><type>half</type>"),
        )
    };
    let bar = wedge("crescendo", "")
        + &voice("C5", 1)
        + &voice("D5", 1)
        + &backup(16)
        + &voice("E4", 2)
        + &wedge("stop", "")
        + &voice("F4", 2);
    assert_eq!(
        shown(&[&bar]),
        [
            "Start(Crescendo) C5:1/2 Stop(Crescendo) D5:1/2",
            "E4:1/2 F4:1/2"
        ]
    );
    let (voices, findings) = found(&[&(wedge("diminuendo", "") + &typed("C4", 16, "whole", ""))]);
    assert_eq!(voices, ["C4:1"]);
    assert_eq!(findings, ["a hairpin has only one end"]);
}

#[test]
fn lines_and_pedals_are_read() {
    let direction = |content: &str| {
        format!("<direction><direction-type>{content}</direction-type></direction>")
    };
    let c = typed("C5", 8, "half", "");
    for (begin, end, expected) in [
        (
            "<octave-shift type=\"down\" size=\"8\"/>",
            "<octave-shift type=\"stop\" size=\"8\"/>",
            "OctaveUp",
        ),
        (
            "<octave-shift type=\"up\" size=\"15\"/>",
            "<octave-shift type=\"stop\" size=\"15\"/>",
            "TwoOctavesDown",
        ),
        (
            "<pedal type=\"start\" line=\"yes\"/>",
            "<pedal type=\"stop\" line=\"yes\"/>",
            "Pedal",
        ),
    ] {
        let bar = direction(begin) + &c + &direction(end) + &c;
        assert_eq!(
            shown(&[&bar]),
            [format!("Start({expected}) C5:1/2 Stop({expected}) C5:1/2")]
        );
    }
    let bar = direction("<pedal type=\"start\"/>")
        + &c
        + &direction("<pedal type=\"change\"/>")
        + &c
        + &direction("<pedal type=\"stop\"/>");
    assert_eq!(
        shown(&[&bar]),
        ["Start(Pedal) C5:1/2 Stop(Pedal) Start(Pedal) C5:1/2 Stop(Pedal)"]
    );
    let wavy = |kind: &str| {
        format!("<notations><ornaments><wavy-line type=\"{kind}\"/></ornaments></notations>")
    };
    let bar = typed("C5", 8, "half", &wavy("start")) + &typed("C5", 8, "half", &wavy("stop"));
    assert_eq!(shown(&[&bar]), ["C5:1/2.Start(Trill) C5:1/2.Stop(Trill)"]);
    let gliss =
        |kind: &str| format!("<notations><glissando type=\"{kind}\" number=\"1\"/></notations>");
    let bar = typed("C5", 8, "half", &gliss("start")) + &typed("C6", 8, "half", &gliss("stop"));
    assert_eq!(
        shown(&[&bar]),
        ["C5:1/2.Start(Glissando) C6:1/2.Stop(Glissando)"]
    );
}

#[test]
fn tempi_are_words_numbers_or_only_played() {
    let with = |content: &str| content.to_owned() + &typed("C4", 16, "whole", "");
    let tempo = |content: &str| {
        let (score, findings) = parsed(file(&[&with(content)]));
        assert_eq!(findings, [""; 0], "{content}");
        assert_eq!(show(&score), ["C4:1"]);
        let tempo = score.tempo.unwrap();
        (
            tempo.words,
            tempo.beats.map(|(beat, count)| format!("{beat}={count}")),
        )
    };
    let mark = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>\
                <per-minute>c. 92.5</per-minute></metronome></direction-type></direction>";
    assert_eq!(tempo(mark), (String::new(), Some("3/8=185/2".into())));
    let words = "<direction><direction-type><words>Allegro</words></direction-type><sound tempo=\"120\"/></direction>";
    assert_eq!(tempo(words), ("Allegro".into(), Some("1/4=120".into())));
    assert_eq!(
        tempo("<sound tempo=\"60\"/>"),
        (String::new(), Some("1/4=60".into()))
    );
    let modulation = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit>half</beat-unit>\
                      </metronome></direction-type></direction>";
    let (voices, findings) = found(&[&with(modulation)]);
    assert_eq!(voices, ["C4:1"]);
    assert_eq!(
        findings,
        ["a metronome mark that has no number has no place in the score and is left out"]
    );
}

#[test]
fn jumps_are_read_as_signs_words_and_sounds() {
    let direction = |content: &str, sound: &str| {
        format!("<direction><direction-type>{content}</direction-type><sound {sound}/></direction>")
    };
    let c = typed("C4", 16, "whole", "");
    for (content, expected) in [
        (direction("<segno/>", "segno=\"1\""), "Segno"),
        (direction("<coda/>", "coda=\"1\""), "Coda"),
        (direction("<coda/>", "tocoda=\"1\""), "ToCoda"),
        (direction("<words>Fine</words>", "fine=\"yes\""), "Fine"),
        (direction("<words>D.C.</words>", "dacapo=\"yes\""), "DaCapo"),
        (
            direction("<words>D.C. al Fine</words>", "dacapo=\"yes\""),
            "DaCapo",
        ),
        ("<sound dalsegno=\"1\"/>".to_owned(), "DalSegno"),
        (
            direction("<rehearsal>B</rehearsal>", ""),
            "Rehearsal(\"B\")",
        ),
    ] {
        assert_eq!(shown(&[&(content + &c)]), [format!("{expected} C4:1")]);
    }
    let (voices, findings) =
        found(&[&(direction("<words>Da Capo</words>", "dacapo=\"yes\"") + &c)]);
    assert_eq!(
        (voices, findings),
        (
            vec!["DaCapo C4:1".into()],
            vec!["\"Da Capo\" is printed as is usual".into()]
        )
    );
}

#[test]
fn harmony_becomes_chord_symbols() {
    let root =
        |step: &str, alter: &str| format!("<root><root-step>{step}</root-step>{alter}</root>");
    for (content, expected) in [
        (root("G", "") + "<kind>dominant</kind>", "\"G7\""),
        (
            root("B", "<root-alter>-1</root-alter>") + "<kind>major</kind>",
            "\"Bb\"",
        ),
        (
            root("F", "<root-alter>1</root-alter>")
                + "<kind text=\"m7\">minor-seventh</kind><bass><bass-step>B</bass-step></bass>",
            "\"F#m7/B\"",
        ),
        (
            root("C", "")
                + "<kind>major</kind><degree><degree-value>9</degree-value><degree-alter>0</degree-alter><degree-type>add</degree-type></degree>",
            "\"C(add9)\"",
        ),
        (
            root("C", "")
                + "<kind>dominant</kind><degree><degree-value>5</degree-value><degree-alter>-1</degree-alter><degree-type>alter</degree-type></degree>",
            "\"C7(b5)\"",
        ),
        (root("C", "") + "<kind>none</kind>", "^\"N.C.\""),
    ] {
        let bar = format!("<harmony>{content}</harmony>") + &typed("C4", 16, "whole", "");
        assert_eq!(shown(&[&bar]), [format!("{expected} C4:1")]);
    }
}

#[test]
fn lyrics_have_verses_syllables_elisions_and_lines() {
    let lyric =
        |number: &str, content: &str| format!("<lyric number=\"{number}\">{content}</lyric>");
    let text =
        |syllabic: &str, text: &str| format!("<syllabic>{syllabic}</syllabic><text>{text}</text>");
    let with = |pitch: &str, lyrics: String| typed(pitch, 4, "quarter", &lyrics);
    let bar = with(
        "C4",
        lyric("1", &text("begin", "Kö")) + &lyric("2", "<text>Herr</text><extend/>"),
    ) + &with("D4", lyric("1", &text("middle", "ni")))
        + &with(
            "E4",
            lyric(
                "part1verse1",
                &(text("end", "gin") + "<elision> </elision>" + &text("begin", "e")),
            ) + &lyric("2", "<extend type=\"stop\"/>"),
        )
        + &with(
            "F4",
            lyric(
                "1",
                &(text("end", "ra") + "<elision>\u{203f}</elision>" + &text("single", "ed")),
            ),
        );
    assert_eq!(
        shown(&[&bar]),
        ["C4:1/4'1Kö-''2Herr_' D4:1/4'1-ni-' E4:1/4'1-gin e-' F4:1/4'1-ra\u{203f}ed'"]
    );
}

#[test]
fn repeats_and_endings_are_read_from_either_side() {
    let c = typed("C4", 16, "whole", "");
    let left = |content: &str| format!("<barline location=\"left\">{content}</barline>");
    let right = |content: &str| format!("<barline location=\"right\">{content}</barline>");
    let bars = [
        left("<bar-style>heavy-light</bar-style><repeat direction=\"forward\"/>") + &c,
        left("<ending number=\"1, 2\" type=\"start\">1. 2.</ending>")
            + &c
            + &right(
                "<bar-style>light-heavy</bar-style><ending number=\"1, 2\" type=\"stop\"/><repeat direction=\"backward\" times=\"3\"/>",
            ),
        left("<ending number=\"3\" type=\"start\">last time</ending>")
            + &c
            + &right("<bar-style>dotted</bar-style><ending number=\"3\" type=\"discontinue\"/>"),
        c.clone() + &right("<bar-style>none</bar-style>"),
        c.clone(),
        left("<bar-style>light-light</bar-style>")
            + &c
            + &right("<bar-style>light-heavy</bar-style>"),
    ];
    let bars: Vec<&str> = bars.iter().map(String::as_str).collect();
    let (score, findings) = parsed(file(&bars));
    // Three times is what the endings say.
    assert_eq!(findings, [""; 0]);
    let repeats: Vec<_> = score
        .bars
        .iter()
        .map(|b| (b.repeat_start, b.repeat_stop))
        .collect();
    assert_eq!(
        repeats,
        [
            (true, false),
            (false, true),
            (false, false),
            (false, false),
            (false, false),
            (false, false)
        ]
    );
    let voltas: Vec<_> = score.bars.iter().filter_map(|b| b.volta.clone()).collect();
    assert_eq!(
        (voltas[0].numbers.as_slice(), voltas[0].words.as_str()),
        (&[1, 2][..], "")
    );
    assert_eq!(
        (voltas[1].numbers.as_slice(), voltas[1].words.as_str()),
        (&[3][..], "last time")
    );
    let stops: Vec<_> = score.bars.iter().map(|b| b.volta_stop).collect();
    assert_eq!(
        stops[1..3],
        [Some(VoltaStop::Closed), Some(VoltaStop::Open)]
    );
    let styles: Vec<_> = score.bars.iter().map(|b| b.barline).collect();
    use Barline::{Dotted, Double, Final, Invisible, Regular};
    assert_eq!(styles, [Regular, Regular, Dotted, Invisible, Double, Final]);
    let (score, findings) = parsed(file(&[
        &(left("<ending number=\"1\" type=\"start\"/>") + &c),
        &c,
    ]));
    assert_eq!(score.bars[0].volta_stop, Some(VoltaStop::Open));
    assert_eq!(findings, ["an ending does not say where it ends"]);
}
