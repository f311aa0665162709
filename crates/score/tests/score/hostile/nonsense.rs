//! Files that are well-formed and make no sense.

use super::read;
use crate::foreign::{file, note};

/// Bars that are well-formed and make no sense.
pub(super) fn harmless() -> Vec<String> {
    let c = |more: &str| note("C4", 4, more);
    let attributes = |content: &str| format!("<attributes>{content}</attributes>{}", c(""));
    let lasting = |text: &str| c("").replace("<duration>4<", &format!("<duration>{text}<"));
    let mut bars: Vec<String> = Vec::new();
    for text in [
        "0",
        "-4",
        "",
        "NaN",
        "1e9",
        "99999999999999999999",
        "0.00000001",
        "123456789",
        "4.5.6",
        "+",
    ] {
        bars.push(lasting(text));
        bars.push(attributes(&format!("<divisions>{text}</divisions>")));
        bars.push(format!(
            "{}<backup><duration>{text}</duration></backup>{}",
            c(""),
            c("")
        ));
        bars.push(format!(
            "<forward><duration>{text}</duration><voice>2</voice></forward>{}",
            c("")
        ));
        bars.push(attributes(&format!(
            "<time><beats>{text}</beats><beat-type>{text}</beat-type></time>"
        )));
        bars.push(attributes(&format!("<key><fifths>{text}</fifths></key>")));
        bars.push(attributes(&format!("<staves>{text}</staves>")));
        bars.push(attributes(&format!("<transpose><chromatic>{text}</chromatic><octave-change>{text}</octave-change></transpose>")));
        bars.push(attributes(&format!("<clef number=\"{text}\"><sign>G</sign><line>{text}</line><clef-octave-change>{text}</clef-octave-change></clef>")));
        bars.push(attributes(&format!(
            "<staff-details><staff-lines>{text}</staff-lines></staff-details>"
        )));
        bars.push(c(&format!("<time-modification><actual-notes>{text}</actual-notes><normal-notes>{text}</normal-notes></time-modification>")));
        bars.push(c(&format!("<staff>{text}</staff><voice>{text}</voice>")));
        bars.push(c("").replace("<octave>4<", &format!("<octave>{text}<")));
        bars.push(c("").replace("<alter>0<", &format!("<alter>{text}<")));
        bars.push(c(&format!("<notations><ornaments><tremolo type=\"start\">{text}</tremolo></ornaments><slur type=\"start\" number=\"{text}\"/><technical><fingering>{text}</fingering></technical></notations>")));
        bars.push(format!("<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>{text}</per-minute></metronome></direction-type><offset>{text}</offset><sound tempo=\"{text}\"/></direction>{}", c("")));
        bars.push(format!("<barline location=\"left\"><ending number=\"{text}\" type=\"start\"/><repeat direction=\"forward\" times=\"{text}\"/></barline>{}", c("")));
        bars.push(c(&format!(
            "<lyric number=\"{text}\"><text>{text}</text></lyric>"
        )));
    }
    let tuplet = |kind: &str, n: usize| format!("<tuplet type=\"{kind}\" number=\"{n}\"/>");
    let tuplets: String = (0..300).map(|n| tuplet("start", n)).collect();
    bars.extend([
        c(&format!("<notations>{tuplets}</notations>")),
        c(&format!("<notations>{}</notations>", tuplet("stop", 1).repeat(300))),
        c(&format!("<notations>{}{}</notations>", tuplet("start", 1), tuplet("start", 2))) + &c(&format!("<notations>{}</notations>", tuplet("stop", 1))) + &c(&format!("<notations>{}</notations>", tuplet("stop", 2))),
        c(&format!("<notations>{}</notations>", "<slur type=\"start\"/>".repeat(300))),
        note("C4", 4, "<notations><tuplet type=\"start\"><tuplet-actual><tuplet-number>0</tuplet-number></tuplet-actual><tuplet-normal><tuplet-number>0</tuplet-number></tuplet-normal></tuplet></notations>"),
        c("").replace("<note>", "<note><chord/>"),
        format!("<note><rest/><duration>4</duration></note>{}", c("").replace("<note>", "<note><chord/>")),
        c("") + &c("").replace("<note>", "<note><chord/>").repeat(1000),
        c("").replace("<note>", "<note><grace/><chord/>"),
        c("").replace("<note>", "<note><grace/>").repeat(1000),
        c("<tie type=\"start\"/>").repeat(1000),
        c("").replace("<step>C<", "<step>H<"),
        c("").replace("<step>C<", "<step>\u{1d11e}<"),
        "<note/>".repeat(100),
        "<note><pitch/><duration>4</duration></note>".into(),
        "<note><unpitched/><duration>4</duration><instrument id=\"nobody\"/></note>".into(),
        "<note><rest/><pitch/><unpitched/><grace/><cue/><chord/></note>".into(),
        format!("<measure>{}</measure>", c("")),
        c(&format!("<voice>{}</voice>", "a".repeat(100_000))),
        c(&format!("<lyric><text>{}</text></lyric>", "la ".repeat(30_000))),
        c(&"<lyric><text>la</text></lyric>".repeat(1000)),
        format!("<direction><direction-type><words>{}</words></direction-type></direction>{}", "&lt;script&gt;".repeat(1000), c("")),
        format!("<direction><direction-type>{}</direction-type></direction>{}", "<wedge type=\"crescendo\"/>".repeat(1000), c("")),
        format!("<barline><ending number=\"{}\" type=\"start\"/></barline>{}", "1-255,".repeat(1000), c("")),
        attributes("<time><beats>3+</beats><beat-type>4</beat-type></time>"),
        attributes(&"<time><beats>1</beats><beat-type>1024</beat-type></time>".repeat(3)),
        attributes(&"<clef><sign>F</sign></clef><clef><sign>G</sign></clef>".repeat(500)),
        format!("<harmony><root><root-step>&lt;</root-step></root><kind>{}</kind></harmony>{}", "x".repeat(1000), c("")),
        format!("<harmony>{}</harmony>{}", "<root><root-step>C</root-step></root><kind>major</kind>".repeat(500), c("")),
        format!("<{}/>{}", "x".repeat(10_000), c("")),
        c("").replace("<note>", &format!("<note {}>", "print-object=\"no\" ".repeat(10_000))),
    ]);
    bars
}

#[test]
fn what_makes_no_sense_is_a_score_all_the_same() {
    for bar in harmless() {
        for text in [file(&[&bar]), file(&[&note("C4", 16, ""), &bar, &bar])] {
            if let Err(message) = read(text.as_bytes()) {
                panic!("{message}: {}", bar.chars().take(300).collect::<String>());
            }
        }
    }
    let bar = note("C4", 16, "");
    let part = |id: &str| format!("<part id=\"{id}\"><measure>{bar}</measure></part>");
    for text in [
        format!("<score-partwise>{}</score-partwise>", part("P1")),
        format!("<score-partwise><part><measure>{bar}</measure></part></score-partwise>"),
        format!("<score-partwise>{}</score-partwise>", part("P1").repeat(3)),
        format!(
            "<score-partwise><part-list>{}</part-list>{}</score-partwise>",
            "<score-part id=\"P1\"/>".repeat(9),
            part("P1")
        ),
        format!(
            "<score-partwise><part-list>{}</part-list>{}</score-partwise>",
            "<part-group type=\"start\"/>".repeat(9),
            part("P1")
        ),
        format!(
            "<score-partwise><part-list>{}</part-list>{}</score-partwise>",
            "<part-group type=\"stop\"/>".repeat(9),
            part("P1")
        ),
        format!(
            "<score-timewise><measure>{}</measure></score-timewise>",
            format!("<part id=\"P1\">{bar}</part>").repeat(3)
        ),
        format!(
            "<score-partwise><note/>{}<note/></score-partwise> <score-partwise/>",
            part("P1")
        ),
        format!("<!-- --><?x y?>{}<!-- -->", file(&[&bar])),
        file(&[&bar.replace("<step>C</step>", "<step><![CDATA[C]]></step>")]),
        file(&[&bar.replace("<octave>4</octave>", "<octave>&#52;</octave>")]),
    ] {
        let score = read(text.as_bytes()).unwrap();
        assert!(score.note_count() > 0, "{text}");
    }
}
