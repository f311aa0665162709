//! Lengths, pitches and notes.

use super::*;

#[test]
fn lengths_are_those_of_the_file_where_the_print_says_otherwise() {
    // No printed value, a wrong one, and a whole rest in a bar of three quarters.
    let bar = note("C4", 4, "<voice>1</voice>")
        + &note("D4", 5, "<voice>1</voice>")
        + &typed("E4", 7, "eighth", "");
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C4:1/4 D4:5/16 E4:7/16"]);
    assert_eq!(
        findings,
        ["printed is a note of 1/8, but it lasts 7/16: it is printed as long as it lasts"]
    );
    let bar = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>\
               <note><rest/><duration>12</duration><voice>1</voice><type>whole</type></note>";
    let (score, _) = parsed(file(&[bar]));
    assert_eq!(show(&score), ["z3/4"]);
    let bar = "<note><rest measure=\"yes\"/><duration>16</duration></note>".to_owned()
        + &backup(16)
        + &note("C4", 12, "<voice>2</voice><type>half</type><dot/>");
    assert_eq!(shown(&[&bar]), ["z3/4", "C4:3/4"]);
}

#[test]
fn rounded_tuplets_are_exact_again() {
    // A quintuplet in divisions of 16: 3.2 each, which programs round to 3, 3, 3, 3, 4.
    let tuplet = "<time-modification><actual-notes>5</actual-notes><normal-notes>4</normal-notes></time-modification>";
    let five: String = [3, 3, 3, 3, 4]
        .into_iter()
        .map(|duration| typed("C4", duration, "16th", tuplet))
        .collect();
    let bar = "<attributes><divisions>16</divisions></attributes>".to_owned()
        + &five
        + &typed("D4", 48, "half", "<dot/>");
    let expected = "(5:4 C4:1/20 C4:1/20 C4:1/20 C4:1/20 C4:1/20 ) D4:3/4";
    assert_eq!(shown(&[&bar]), [expected]);
}

#[test]
fn nested_tuplets_are_read_with_and_without_their_numbers() {
    let modified = |actual: u32, normal: u32, notations: &str| {
        format!(
            "<time-modification><actual-notes>{actual}</actual-notes><normal-notes>{normal}</normal-notes>\
             </time-modification><notations>{notations}</notations>"
        )
    };
    let end = |kind: &str, number: u32, ratio: &str| {
        format!("<tuplet type=\"{kind}\" number=\"{number}\">{ratio}</tuplet>")
    };
    let told = |actual: u32, normal: u32| {
        format!(
            "<tuplet-actual><tuplet-number>{actual}</tuplet-number><tuplet-type>eighth</tuplet-type></tuplet-actual>\
             <tuplet-normal><tuplet-number>{normal}</tuplet-number><tuplet-type>eighth</tuplet-type></tuplet-normal>"
        )
    };
    let expected = "(3:2 C4:1/6 (3:2 D4:1/18 E4:1/18 F4:1/18 ) G4:1/6 ) z1/2";
    let rest = "<note><rest/><duration>72</duration><voice>1</voice><type>half</type></note>";
    for (outer, inner) in [(String::new(), String::new()), (told(3, 2), told(3, 2))] {
        let bar = "<attributes><divisions>36</divisions></attributes>".to_owned()
            + &typed(
                "C4",
                24,
                "quarter",
                &modified(3, 2, &end("start", 1, &outer)),
            )
            + &typed("D4", 8, "eighth", &modified(9, 4, &end("start", 2, &inner)))
            + &typed("E4", 8, "eighth", &modified(9, 4, ""))
            + &typed("F4", 8, "eighth", &modified(9, 4, &end("stop", 2, "")))
            + &typed("G4", 24, "quarter", &modified(3, 2, &end("stop", 1, "")))
            + rest;
        assert_eq!(shown(&[&bar]), [expected]);
    }
}

#[test]
fn a_tremolo_between_two_notes_is_printed_twice_as_long() {
    let tremolo = |kind: &str| {
        format!(
            "<notations><ornaments><tremolo type=\"{kind}\">3</tremolo></ornaments></notations>"
        )
    };
    let double = "<time-modification><actual-notes>2</actual-notes><normal-notes>1</normal-notes></time-modification>";
    let expected = "C4:1/4///- E4:1/4-/// z1/2";
    let rest = "<note><rest/><duration>8</duration><voice>1</voice><type>half</type></note>";
    // With the ratio, as the specification has it, and without, as some programs do.
    for ratio in [double, ""] {
        let bar = typed("C4", 4, "half", &(ratio.to_owned() + &tremolo("start")))
            + &typed("E4", 4, "half", &(ratio.to_owned() + &tremolo("stop")))
            + rest;
        assert_eq!(shown(&[&bar]), [expected]);
    }
    let bar = typed("C4", 8, "half", &tremolo("start")) + rest;
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C4:1/2/// z1/2"]);
    assert_eq!(
        findings,
        ["a tremolo between two notes has only one: it is on that note"]
    );
}

#[test]
fn chords_are_read_with_signs_between_and_on_their_notes() {
    let third = |pitch: &str, more: &str| note(pitch, 16, more).replace("<note>", "<note><chord/>");
    let bar = typed(
        "C4",
        16,
        "whole",
        "<notations><articulations><staccato/></articulations></notations>",
    ) + "<direction><direction-type><dynamics><p/></dynamics></direction-type></direction>"
        + &third(
            "E4",
            "<notations><arpeggiate/><technical><fingering>3</fingering></technical></notations>",
        )
        + &third("G4", "<tie type=\"start\"/>");
    let next = typed("G4", 16, "whole", "<tie type=\"stop\"/>");
    assert_eq!(
        shown(&[&bar, &next]),
        ["C4+E4.Fingering(3)+G4~>:1.Staccato.Arpeggio !p! | G4<~:1"]
    );
    let bar = typed("C4", 8, "half", "")
        + &note("E4", 4, "").replace("<note>", "<note><chord/>")
        + &typed("D4", 8, "half", "");
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C4+E4:1/2 D4:1/2"]);
    assert_eq!(
        findings,
        ["a chord has notes of different lengths: all last as long as its first"]
    );
}

#[test]
fn grace_notes_stand_before_and_after_notes() {
    let grace = |pitch: &str, attributes: &str, kind: &str, more: &str| {
        note(
            pitch,
            0,
            &format!("<voice>1</voice><type>{kind}</type>{more}"),
        )
        .replace("<note>", &format!("<note><grace{attributes}/>"))
        .replace("<duration>0</duration>", "")
    };
    let slur = |kind: &str| format!("<notations><slur type=\"{kind}\" number=\"1\"/></notations>");
    let bar = grace("D5", " slash=\"yes\"", "eighth", &slur("start"))
        + &typed("C5", 12, "half", &format!("<dot/>{}", slur("stop")))
        + &typed("E5", 4, "quarter", "")
        + &grace("F5", "", "16th", "")
        + &grace("G5", "", "quarter", "");
    assert_eq!(
        shown(&[&bar]),
        ["{/D5:1/8<} C5:3/4> E5:1/4 {F5:1/16 G5:1/4}"]
    );
}
