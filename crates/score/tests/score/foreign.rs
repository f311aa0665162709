//! MusicXML of other programs: what our writer never writes.

mod parts;
mod rhythm;
mod show;
mod signs;

use score::{Score, Severity, parse_musicxml, write_musicxml};

use crate::check::{check_piece, check_score};
use crate::compare::read;
use show::{clef, show};

/// A note of one voice. `more` is what stands after its duration.
pub(crate) fn note(pitch: &str, duration: u32, more: &str) -> String {
    let (step, rest) = pitch.split_at(1);
    let octave = rest.trim_start_matches(['#', 'b']);
    let alter: i32 = rest
        .chars()
        .map(|c| i32::from(c == '#') - i32::from(c == 'b'))
        .sum();
    format!(
        "<note><pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>\
         <duration>{duration}</duration>{more}</note>"
    )
}

/// The attributes of a first bar: so many divisions, 4/4, treble clef.
const ATTRIBUTES: &str = "<attributes><divisions>4</divisions><key><fifths>0</fifths></key>\
     <time><beats>4</beats><beat-type>4</beat-type></time>\
     <clef><sign>G</sign><line>2</line></clef></attributes>";

/// A score of one part with these bars, of which the first has attributes.
pub(crate) fn file(bars: &[&str]) -> String {
    let bars = bars.iter().enumerate().map(|(i, bar)| {
        let attributes = if i == 0 { ATTRIBUTES } else { "" };
        format!("<measure number=\"{}\">{attributes}{bar}</measure>", i + 1)
    });
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 3.1 Partwise//EN\" \
         \"http://www.musicxml.org/dtds/partwise.dtd\"><score-partwise version=\"3.1\"><part-list>\
         <score-part id=\"P1\"><part-name>Music</part-name></score-part></part-list>\
         <part id=\"P1\">{}</part></score-partwise>",
        bars.collect::<String>()
    )
}

/// Reads a file, checks that the score holds together and can be written, and gives it with the findings.
pub(crate) fn parsed(xml: impl AsRef<[u8]>) -> (Score, Vec<String>) {
    let (score, findings) = parse_musicxml(xml.as_ref());
    check_score(&score);
    check_piece(&score, &read(&write_musicxml(&score)));
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{findings:?}");
    (score, findings.iter().map(|f| f.message.clone()).collect())
}

/// What the bars are read as, where nothing is to be said.
fn shown(bars: &[&str]) -> Vec<String> {
    let (score, findings) = parsed(file(bars));
    assert_eq!(findings, [""; 0]);
    show(&score)
}

/// The same for bars in which something is found.
fn found(bars: &[&str]) -> (Vec<String>, Vec<String>) {
    let (score, findings) = parsed(file(bars));
    (show(&score), findings)
}

fn typed(pitch: &str, duration: u32, kind: &str, more: &str) -> String {
    note(
        pitch,
        duration,
        &format!("<voice>1</voice><type>{kind}</type>{more}"),
    )
}

fn backup(duration: u32) -> String {
    format!("<backup><duration>{duration}</duration></backup>")
}

fn forward(duration: u32) -> String {
    format!("<forward><duration>{duration}</duration></forward>")
}

#[test]
fn divisions_can_change_inside_a_bar() {
    let bar = typed("C4", 4, "quarter", "")
        + "<attributes><divisions>3</divisions></attributes>"
        + &typed("D4", 9, "half", "<dot/>");
    assert_eq!(shown(&[&bar]), ["C4:1/4 D4:3/4"]);
    let bar = "<attributes><divisions>0.5</divisions></attributes>".to_owned()
        + &typed("C4", 2, "whole", "");
    assert_eq!(shown(&[&bar]), ["C4:1"]);
}

#[test]
fn a_timewise_file_is_the_same_score() {
    let music = |pitch: &str| typed(pitch, 16, "whole", "");
    let bar = |n: u32, a: &str, b: &str| {
        let attributes = if n == 1 { ATTRIBUTES } else { "" };
        format!(
            "<measure number=\"{n}\"><part id=\"P1\">{attributes}{}</part><part id=\"P2\">{attributes}{}</part></measure>",
            music(a),
            music(b)
        )
    };
    let list = "<part-list><score-part id=\"P1\"><part-name>A</part-name></score-part>\
                <score-part id=\"P2\"><part-name>B</part-name></score-part></part-list>";
    let timewise = format!(
        "<score-timewise version=\"4.0\">{list}{}{}</score-timewise>",
        bar(1, "C4", "E4"),
        bar(2, "D4", "F4")
    );
    let part = |id: &str, a: &str, b: &str| {
        format!(
            "<part id=\"{id}\"><measure number=\"1\">{ATTRIBUTES}{}</measure><measure number=\"2\">{}</measure></part>",
            music(a),
            music(b)
        )
    };
    let partwise = format!(
        "<score-partwise version=\"4.0\">{list}{}{}</score-partwise>",
        part("P1", "C4", "D4"),
        part("P2", "E4", "F4")
    );
    let (score, findings) = parsed(timewise);
    assert_eq!(findings, [""; 0]);
    assert_eq!(show(&score), ["C4:1 | D4:1", "E4:1 | F4:1"]);
    assert_eq!(score, parsed(partwise).0);
}

#[test]
fn every_encoding_gives_the_same_score() {
    let text = file(&[&typed("C4", 16, "whole", "")]).replace("Music<", "Fl\u{f6}te<");
    let (score, _) = parsed(&text);
    assert_eq!(score.parts[0].name, "Fl\u{f6}te");
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(unit).collect()
    };
    let latin1 = text.replace("?>", " encoding=\"ISO-8859-1\"?>");
    let latin1: Vec<u8> = latin1.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        format!("\u{feff}{text}").into_bytes(),
        latin1,
    ] {
        assert_eq!(parsed(bytes).0, score);
    }
}

#[test]
fn voices_are_sorted_by_staff_whatever_their_numbers() {
    let voice = |pitch: &str, voice: &str, staff: u8| {
        note(
            pitch,
            16,
            &format!("<voice>{voice}</voice><type>whole</type><staff>{staff}</staff>"),
        )
    };
    let head =
        "<attributes><staves>2</staves><clef number=\"2\"><sign>F</sign></clef></attributes>";
    // As MuseScore numbers them, by name, the same name on two staves, and no names at all.
    for (first, second, third) in [
        ("1", "2", "5"),
        ("1", "2", "3"),
        ("a", "b", "c"),
        ("1", "2", "1"),
    ] {
        let bar = head.to_owned()
            + &voice("C5", first, 1)
            + &backup(16)
            + &voice("E4", second, 1)
            + &backup(16)
            + &voice("C3", third, 2);
        let (score, findings) = parsed(file(&[&bar]));
        assert_eq!(findings, [""; 0], "{third}");
        assert_eq!(show(&score), ["C5:1", "E4:1", "C3:1"], "{third}");
        let staves: Vec<_> = score
            .voices
            .iter()
            .map(|v| (v.staff, clef(v.clef)))
            .collect();
        assert_eq!(
            staves,
            [(1, "G2".into()), (1, "G2".into()), (2, "F4".into())]
        );
    }
    let nameless = |pitch: &str, staff: u8| {
        note(
            pitch,
            16,
            &format!("<type>whole</type><staff>{staff}</staff>"),
        )
    };
    let bar = head.to_owned() + &nameless("C5", 1) + &backup(16) + &nameless("C3", 2);
    assert_eq!(shown(&[&bar]), ["C5:1", "C3:1"]);
}

#[test]
fn a_voice_that_overlaps_itself_becomes_two() {
    let bar = typed("C5", 16, "whole", "") + &backup(8) + &typed("E4", 8, "half", "");
    let (voices, findings) = found(&[&bar]);
    assert_eq!(voices, ["C5:1", "x1/2 E4:1/2"]);
    assert_eq!(
        findings,
        ["a voice overlaps itself: the notes go to another one"]
    );
}

#[test]
fn gaps_become_invisible_rests() {
    let second = |pitch: &str| note(pitch, 4, "<voice>2</voice><type>quarter</type>");
    // Backed up into the middle, skipped without a voice, and cut short.
    let bar =
        typed("C5", 16, "whole", "") + &backup(12) + &second("E4") + &forward(4) + &second("F4");
    assert_eq!(shown(&[&bar]), ["C5:1", "x1/4 E4:1/4 x1/4 F4:1/4"]);
    let bar = typed("C5", 16, "whole", "") + &backup(16) + &second("E4");
    assert_eq!(
        shown(&[&bar, &typed("D5", 16, "whole", "")]),
        ["C5:1 | D5:1", "E4:1/4 x3/4 | x1"]
    );
}

#[test]
fn a_staff_without_a_voice_gets_a_silent_one() {
    let bar = "<attributes><staves>2</staves><clef number=\"2\"><sign>F</sign></clef></attributes>"
        .to_owned()
        + &note(
            "C5",
            16,
            "<voice>1</voice><type>whole</type><staff>1</staff>",
        );
    let (score, _) = parsed(file(&[&bar]));
    assert_eq!(show(&score), ["C5:1", "x1"]);
    assert_eq!(clef(score.voices[1].clef), "F4");
}

#[test]
fn a_voice_changes_staves_and_comes_back() {
    let at = |pitch: &str, staff: u8| {
        note(
            pitch,
            4,
            &format!("<voice>1</voice><type>quarter</type><staff>{staff}</staff>"),
        )
    };
    let left = |pitch: &str| {
        note(
            pitch,
            16,
            "<voice>5</voice><type>whole</type><staff>2</staff>",
        )
    };
    let bar = "<attributes><staves>2</staves></attributes>".to_owned()
        + &at("C5", 1)
        + &at("C3", 2)
        + &at("D3", 2)
        + &at("D5", 1)
        + &backup(16)
        + &left("C2");
    assert_eq!(
        shown(&[&bar]),
        ["C5:1/4 staff2 C3:1/4 D3:1/4 staff1 D5:1/4", "C2:1"]
    );
}
