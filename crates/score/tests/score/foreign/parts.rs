//! Signatures, parts, and what a file says of itself.

use score::{Fraction, Meter};

use super::*;

#[test]
fn metres_keys_and_clefs_of_every_kind_are_read() {
    let attributes = |content: &str| {
        format!(
            "<attributes>{content}</attributes>{}",
            typed("C4", 16, "whole", "")
        )
    };
    let meter = |content: &str| {
        let (score, findings) =
            parsed(file(&[&typed("C4", 16, "whole", ""), &attributes(content)]));
        (score.bars[1].meter, findings.len())
    };
    let numbers = |beats, unit| Some(Meter::Numbers { beats, unit });
    let pair =
        |beats: &str, unit: &str| format!("<beats>{beats}</beats><beat-type>{unit}</beat-type>");
    for (content, expected) in [
        (
            format!("<time>{}</time>", pair("6", "8")),
            (numbers(6, 8), 1),
        ),
        (
            format!("<time symbol=\"common\">{}</time>", pair("4", "4")),
            (Some(Meter::Common), 0),
        ),
        (
            format!("<time symbol=\"cut\">{}</time>", pair("2", "2")),
            (Some(Meter::Cut), 0),
        ),
        (
            "<time><senza-misura/></time>".to_owned(),
            (Some(Meter::Free), 0),
        ),
        (
            format!("<time>{}</time>", pair("3+5", "8")),
            (numbers(8, 8), 1),
        ),
        (
            format!("<time>{}{}</time>", pair("1", "4"), pair("6", "8")),
            (numbers(8, 8), 1),
        ),
        (format!("<time>{}</time>", pair("4", "5")), (None, 1)),
    ] {
        assert_eq!(meter(&content), expected, "{content}");
    }
    let shown = |content: &str| {
        let (score, _) = parsed(file(&[&typed("C4", 16, "whole", ""), &attributes(content)]));
        let second = show(&score)[0].split(" | ").nth(1).unwrap().to_owned();
        second.split(' ').next().unwrap().to_owned()
    };
    for (content, expected) in [
        (
            "<key><fifths>-3</fifths><mode>minor</mode></key>",
            "K:-3Minor",
        ),
        (
            "<key><fifths>2</fifths><mode>dorian</mode></key>",
            "K:2Dorian",
        ),
        ("<key><fifths>0</fifths><mode>none</mode></key>", "K:none"),
        ("<key><cancel>0</cancel><fifths>9</fifths></key>", "K:7"),
        ("<clef><sign>C</sign><line>4</line></clef>", "C4"),
        (
            "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>",
            "G2-1",
        ),
        ("<clef><sign>F</sign></clef>", "F4"),
        ("<clef><sign>TAB</sign><line>5</line></clef>", "tab5"),
    ] {
        assert_eq!(shown(content), expected, "{content}");
    }
}

#[test]
fn clefs_and_keys_inside_a_bar_reach_every_voice_of_their_staff() {
    let voice = |pitch: &str, duration: u32, voice: u32| {
        note(pitch, duration, &format!("<voice>{voice}</voice>"))
    };
    let bar = voice("C5", 8, 1)
        + "<attributes><key><fifths>1</fifths></key><clef><sign>F</sign><line>4</line></clef></attributes>"
        + &voice("C3", 8, 1)
        + &backup(16)
        + &voice("E4", 12, 2)
        + &voice("F#3", 4, 2);
    assert_eq!(
        shown(&[&bar]),
        ["C5:1/2 K:1 F4 C3:1/2", "E4:3/4 K:1 F4 F#3:1/4"]
    );
}

#[test]
fn percussion_is_mapped_to_places_and_instruments() {
    let hit = |step: &str, octave: u32, instrument: &str, head: &str| {
        format!(
            "<note><unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>\
             <duration>4</duration><instrument id=\"{instrument}\"/><voice>1</voice><type>quarter</type>{head}</note>"
        )
    };
    let clef = "<attributes><clef><sign>percussion</sign></clef></attributes>";
    let x = "<notehead>x</notehead>";
    let bar = clef.to_owned()
        + &hit("F", 4, "K", "")
        + &hit("C", 5, "S", "")
        + &hit("C", 5, "R", x)
        + &hit("C", 5, "S", "");
    let instrument = |id: &str, midi: u32| {
        format!(
            "<midi-instrument id=\"{id}\"><midi-channel>10</midi-channel><midi-unpitched>{midi}</midi-unpitched></midi-instrument>"
        )
    };
    let list = instrument("K", 37) + &instrument("S", 39) + &instrument("R", 38) + "</score-part>";
    let (score, findings) = parsed(file(&[&bar]).replacen("</score-part>", &list, 1));
    assert_eq!(findings, [""; 0]);
    assert_eq!(show(&score), ["F4:1/4 C5:1/4 C5=:1/4 C5:1/4"]);
    let drums: Vec<_> = score.voices[0]
        .drums
        .iter()
        .map(|d| (d.shown_step.letter(), d.midi, d.head))
        .collect();
    assert_eq!(
        drums,
        [('F', 36, "normal"), ('C', 38, "normal"), ('C', 37, "x")]
    );
    assert_eq!(
        score.voices[0].drums[2].accidental,
        Some(score::Accidental::Sharp)
    );
}

#[test]
fn the_head_of_a_file_is_read() {
    let head = "<work><work-number>Op. 1</work-number><work-title>Symphony</work-title></work>\
        <movement-title>Allegro</movement-title><identification><creator type=\"composer\">A</creator>\
        <creator type=\"composer\">B</creator><creator type=\"lyricist\">C</creator><rights>CC0</rights>\
        <encoding><software>MuseScore 4</software></encoding><miscellaneous>\
        <miscellaneous-field name=\"seed\">42</miscellaneous-field></miscellaneous></identification>\
        <defaults><scaling/></defaults><part-list>";
    let (score, findings) =
        parsed(file(&[&typed("C4", 16, "whole", "")]).replace("<part-list>", head));
    assert_eq!(findings, [""; 0]);
    let metadata = &score.metadata;
    assert_eq!(metadata.title, "Symphony - Allegro");
    assert_eq!(metadata.composer, "A, B");
    assert_eq!(
        (metadata.rights.as_deref(), metadata.software.as_str()),
        (Some("CC0"), "MuseScore 4")
    );
    let fields: Vec<_> = metadata
        .fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        fields,
        [("work-number", "Op. 1"), ("lyricist", "C"), ("seed", "42")]
    );
    // Without a title of its own, the one printed on the first page is taken.
    let credit = "<credit><credit-type>title</credit-type><credit-words>On the page</credit-words></credit><part-list>";
    let (score, _) = parsed(file(&[&typed("C4", 16, "whole", "")]).replace("<part-list>", credit));
    assert_eq!(score.metadata.title, "On the page");
}

#[test]
fn parts_have_programs_transpositions_and_groups() {
    let part = |id: &str, name: &str, program: u32| {
        format!(
            "<score-part id=\"{id}\"><part-name>{name}</part-name><score-instrument id=\"{id}-I\"><instrument-name/></score-instrument>\
             <midi-instrument id=\"{id}-I\"><midi-program>{program}</midi-program></midi-instrument></score-part>"
        )
    };
    let group = |kind: &str, number: u32, symbol: &str| {
        format!(
            "<part-group type=\"{kind}\" number=\"{number}\"><group-symbol>{symbol}</group-symbol></part-group>"
        )
    };
    let list = group("start", 1, "bracket")
        + &part("a", "Violin", 41)
        + &group("start", 2, "brace")
        + &part("b", "Violin", 49)
        + &part("c", "Horn in F", 61)
        + &group("stop", 2, "")
        + &group("stop", 1, "");
    let music = |id: &str, more: &str| {
        let attributes = ATTRIBUTES.replace("</attributes>", &format!("{more}</attributes>"));
        format!(
            "<part id=\"{id}\"><measure>{attributes}{}</measure></part>",
            typed("C4", 16, "whole", "")
        )
    };
    let transpose = "<transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose>";
    let xml = format!(
        "<score-partwise><part-list>{list}</part-list>{}{}{}</score-partwise>",
        music(
            "a",
            "<staff-details><staff-lines>1</staff-lines></staff-details>"
        ),
        music(
            "b",
            "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
        ),
        music("c", transpose)
    );
    let (score, findings) = parsed(xml);
    assert_eq!(findings, [""; 0]);
    // A program that the name tells anyway is not remembered.
    let programs: Vec<_> = score.parts.iter().map(|p| p.program).collect();
    assert_eq!(programs, [None, Some(48), None]);
    let transpositions: Vec<_> = score.voices.iter().map(|v| v.transpose).collect();
    assert_eq!(transpositions, [0, -12, -7]);
    assert_eq!(score.voices[0].staff_lines, Some(1));
    let groups: Vec<_> = score
        .groups
        .iter()
        .map(|g| (g.brace, g.first, g.last))
        .collect();
    assert_eq!(groups, [(false, 0, 2), (true, 1, 2)]);
    assert_eq!(parse_musicxml(write_musicxml(&score).as_bytes()).0, score);
}

#[test]
fn parts_of_different_lengths_are_made_equal() {
    let measure = |content: &str| format!("<measure>{content}</measure>");
    let note = |duration: u32, kind: &str| typed("C4", duration, kind, "");
    let list = "<part-list><score-part id=\"P1\"><part-name/></score-part><score-part id=\"P2\"><part-name/></score-part></part-list>";
    let xml = format!(
        "<score-partwise>{list}<part id=\"P1\">{}{}</part><part id=\"P2\">{}</part></score-partwise>",
        measure(&(ATTRIBUTES.to_owned() + &note(16, "whole"))),
        measure(&note(16, "whole")),
        measure(&(ATTRIBUTES.to_owned() + &note(8, "half")))
    );
    let (score, findings) = parsed(xml);
    assert_eq!(show(&score), ["C4:1 | C4:1", "C4:1/2 x1/2 | x1"]);
    assert_eq!(
        findings,
        ["the bar is shorter than in other parts: padded with an invisible rest"]
    );
}

#[test]
fn pickups_are_short_and_overfull_bars_are_reported() {
    let bars = [
        typed("C4", 4, "quarter", ""),
        typed("C4", 16, "whole", ""),
        typed("C4", 16, "whole", "") + &typed("D4", 4, "quarter", ""),
    ];
    let bars: Vec<&str> = bars.iter().map(String::as_str).collect();
    let (score, findings) = parsed(file(&bars));
    let lengths: Vec<_> = score.bars.iter().map(|bar| bar.length).collect();
    let f = |n, d| Fraction::new(n, d).unwrap();
    assert_eq!(lengths, [f(1, 4), f(1, 1), f(5, 4)]);
    assert_eq!(findings, ["the bar is 5/4 long, its metre only 1"]);
}

#[test]
fn what_has_no_place_is_said_once_and_counted() {
    let bar = "<figured-bass><figure><figure-number>6</figure-number></figure></figured-bass>"
        .to_owned()
        + &typed(
            "C4",
            8,
            "half",
            "<notations><technical><string>2</string></technical></notations>",
        )
        + &typed(
            "C4",
            8,
            "half",
            "<notations><technical><string>3</string></technical></notations>",
        );
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C4:1/2 C4:1/2"]);
    assert_eq!(
        findings,
        [
            "<figured-bass> has no place in the score and is left out",
            "<string> has no place in the score and is left out (2 times)",
        ]
    );
    let (_, findings) = parse_musicxml(file(&["", &bar]).as_bytes());
    assert!(
        findings
            .iter()
            .all(|f| f.severity == Severity::Note && f.bar == Some(2) && f.voice == Some(1))
    );
    assert!(findings.iter().all(|f| f.line == 1 && f.column > 1));
}

#[test]
fn cues_and_hidden_notes_only_take_time() {
    let cue = |pitch: &str| typed(pitch, 4, "quarter", "").replace("<note>", "<note><cue/>");
    let hidden = |pitch: &str| {
        typed(pitch, 4, "quarter", "").replace("<note>", "<note print-object=\"no\">")
    };
    let chord = |note: String| note.replace("<voice>", "<chord/><voice>");
    let bar = cue("C4")
        + &hidden("D4")
        + &chord(typed("F4", 4, "quarter", ""))
        + &chord(hidden("A4"))
        + &typed("G4", 8, "half", "");
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["x1/4 F4:1/4 G4:1/2"]);
    assert_eq!(
        findings,
        ["a hidden note or cue has no place in the score and is left out (3 times)"]
    );
    // A voice of nothing else is none.
    let bar =
        typed("C5", 16, "whole", "") + &backup(16) + &hidden("E4").replace("<voice>1", "<voice>2");
    assert_eq!(found(&[&bar]).0, ["C5:1"]);
}

#[test]
fn any_format_is_recognized_by_its_content() {
    let xml = file(&[&typed("C4", 16, "whole", "")]);
    let (expected, _) = parse_musicxml(xml.as_bytes());
    let mxl = score::write_mxl(&expected).unwrap();
    for bytes in [xml.as_bytes(), format!("\u{feff}\n {xml}").as_bytes(), &mxl] {
        let (score, _) = score::parse(bytes);
        assert_eq!(score, expected);
    }
    let abc = "X:1\nT:Fl\u{f6}te\nK:C\nC8|\n";
    let latin1: Vec<u8> = abc.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [abc.as_bytes(), format!("\u{feff}{abc}").as_bytes(), &latin1] {
        assert_eq!(score::parse(bytes).0, score::parse_abc(abc).0);
    }
}
