//! MusicXML made to do harm: it is refused with a reason, or it is a score that holds together, and soon.

mod nonsense;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use score::{Score, Severity, parse_musicxml, write_abc, write_musicxml};

use crate::check::check_score;
use crate::foreign::{file, note};
use nonsense::harmless;

/// Far more than any of these inputs takes even unoptimised.
const SOON: Duration = Duration::from_secs(5);

/// Reads and gives the score, or why it was refused.
fn read(bytes: &[u8]) -> Result<Score, String> {
    let started = Instant::now();
    let (score, findings) = parse_musicxml(bytes);
    let took = started.elapsed();
    assert!(
        took < SOON,
        "{took:?} for {:?}..",
        String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
    );
    let error = findings.iter().find(|f| f.severity == Severity::Error);
    match error.map(|error| error.message.clone()) {
        Some(message) if message != "there is no music" => {
            assert_eq!(score, Score::default(), "{message}");
            assert_eq!(findings.len(), 1);
            Err(message)
        }
        _ => {
            check_score(&score);
            write_musicxml(&score);
            write_abc(&score);
            Ok(score)
        }
    }
}

/// A score whose head is this, before a bar with one note.
fn headed(head: &str) -> String {
    file(&[&note("C4", 16, "")]).replace("<part-list>", &format!("{head}<part-list>"))
}

/// A score with this internal DTD subset and an entity in its title.
fn defining(subset: &str) -> String {
    headed("<work><work-title>&e;</work-title></work>")
        .replace(
            "<!DOCTYPE score-partwise",
            &format!("<!DOCTYPE score-partwise [{subset}]><!-- "),
        )
        .replacen("dtd\">", "dtd\"> -->", 1)
}

#[test]
fn what_is_no_score_is_refused() {
    let nested = |depth: usize| headed(&format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth)));
    let laughs = "<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">\
                  <!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">";
    let quadratic = format!("<!ENTITY e \"{}\">", "a".repeat(100_000));
    let parts: String = (0..300)
        .map(|i| format!("<part id=\"Q{i}\"><measure/></part>"))
        .collect();
    let voices: String = (0..300)
        .map(|i| note("C4", 1, &format!("<voice>{i}</voice>")))
        .collect();
    let title = |text: &str| headed(&format!("<work><work-title>{text}</work-title></work>"));
    let valid = file(&[&note("C4", 16, "")]);
    let bars = |n: usize| "<measure/>".repeat(n);
    let many = |parts: usize, n: usize| {
        let parts = (0..parts).map(|i| format!("<part id=\"Q{i}\">{}</part>", bars(n)));
        format!(
            "<score-partwise>{}</score-partwise>",
            parts.collect::<String>()
        )
    };
    let late: String = (0..200).map(|i| format!("<part id=\"Q{i}\"/>")).collect();
    let timewise = format!(
        "<score-timewise>{}<measure>{late}</measure></score-timewise>",
        bars(20_000)
    );
    let cases: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "no XML element"),
        ("blanks", " \n\t ".into(), "no XML element"),
        ("words", "this is not XML".into(), "no XML element"),
        ("zeros", "\0".repeat(1000), "no XML element"),
        ("a bracket", "<".into(), "not well-formed"),
        ("a cut tag", "<score-partwise".into(), "not well-formed"),
        ("a cut bar", valid[..valid.len() / 2].into(), ""),
        ("no end", "<score-partwise>".into(), "too early"),
        ("a cut note", file(&["<note><pitch>"]), ""),
        (
            "crossing tags",
            headed("<work><a></work></a>"),
            "not well-formed",
        ),
        (
            "an end without a start",
            "</score-partwise>".into(),
            "not well-formed",
        ),
        (
            "a page",
            "<html><body/></html>".into(),
            "<html> is not a score",
        ),
        (
            "an opus",
            "<opus version=\"2.0\"/>".into(),
            "<opus> is not a score",
        ),
        (
            "a container",
            "<container/>".into(),
            "<container> is not a score",
        ),
        (
            "a picture",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".into(),
            "<svg> is not a score",
        ),
        ("another case", "<Score-Partwise/>".into(), "is not a score"),
        (
            "a billion laughs",
            defining(laughs),
            "definitions of its own",
        ),
        (
            "quadratic growth",
            defining(&quadratic),
            "definitions of its own",
        ),
        (
            "a file",
            defining("<!ENTITY e SYSTEM \"file:///etc/passwd\">"),
            "definitions of its own",
        ),
        (
            "an address",
            defining("<!ENTITY e SYSTEM \"http://127.0.0.1:1/\">"),
            "definitions of its own",
        ),
        (
            "a parameter",
            defining("<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;"),
            "definitions of its own",
        ),
        ("an empty subset", defining(""), "definitions of its own"),
        (
            "a default",
            defining("<!ATTLIST note default-x CDATA \"1\">"),
            "definitions of its own",
        ),
        (
            "a late DOCTYPE",
            headed("<!DOCTYPE x [<!ENTITY e \"a\">]>"),
            "definitions of its own",
        ),
        (
            "an entity of HTML",
            title("&nbsp;"),
            "entity that XML does not define",
        ),
        (
            "an entity nobody knows",
            title("&e;"),
            "entity that XML does not define",
        ),
        (
            "an entity in an attribute",
            headed("<work a=\"&e;\"/>"),
            "attribute that is not well-formed",
        ),
        ("an ampersand", title("Tom & Jerry"), "not well-formed"),
        (
            "the null character",
            title("&#0;"),
            "entity that XML does not define",
        ),
        (
            "a surrogate",
            title("&#xD800;"),
            "entity that XML does not define",
        ),
        (
            "beyond Unicode",
            title("&#x110000;"),
            "entity that XML does not define",
        ),
        (
            "a number that is none",
            title("&#x;"),
            "entity that XML does not define",
        ),
        ("deep nesting", nested(300), "in each other"),
        ("very deep nesting", nested(100_000), "in each other"),
        ("too many tags", headed(&"<x/>".repeat(1_100_000)), "tags"),
        ("too much text", headed(&" ".repeat(33 << 20)), "bytes"),
        ("an open comment", headed("<!-- "), "not well-formed"),
        (
            "open character data",
            title("<![CDATA[ "),
            "not well-formed",
        ),
        ("an open instruction", headed("<?a "), "not well-formed"),
        (
            "too many parts",
            valid.replace("</score-partwise>", &format!("{parts}</score-partwise>")),
            "parts",
        ),
        ("too many voices", file(&[&voices]), "voices"),
        ("too many bars", many(4, 60_000), "too large"),
        ("too many bars of time", timewise, "too large"),
    ];
    for (name, text, reason) in &cases {
        let message = read(text.as_bytes()).expect_err(name);
        assert!(message.contains(reason), "{name}: {message}");
    }
    let bytes: [(&str, &[u8]); 5] = [
        ("no UTF-8", b"<score-partwise>\xff\xfe</score-partwise>"),
        ("half a character", b"\xff\xfe<\0s"),
        ("half a letter", b"\xff\xfe<"),
        (
            "an unknown encoding",
            b"<?xml version='1.0' encoding='UTF-7'?><score-partwise/>",
        ),
        ("a cut sequence", b"<score-partwise>\xe2\x82"),
    ];
    for (name, bytes) in bytes {
        read(bytes).expect_err(name);
    }
    assert!(cases.len() + bytes.len() + harmless().len() >= 60);
}

#[test]
fn an_eighth_of_a_megabyte_of_anything_is_read_in_time() {
    let tuplet = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>\
                  <notations><tuplet type=\"start\"/><tuplet type=\"stop\"/></notations>";
    let wrong = "<notations><tuplet type=\"start\"/><tuplet type=\"stop\"/></notations>";
    let slurs = "<notations><slur type=\"stop\"/><slur type=\"start\"/></notations>";
    let units: Vec<String> = vec![
        note("C4", 1, ""),
        note("C4", 1, tuplet),
        note("C4", 2, wrong),
        note("C4", 1, slurs),
        note("C4", 1, "<tie type=\"start\"/>"),
        note("C4", 1, "") + "<backup><duration>1</duration></backup>",
        note("C4", 1, "").replace("<note>", "<note><chord/>"),
        note("C4", 1, "").replace("<note>", "<note><grace/>"),
        "<note><rest/><duration>1</duration></note>".into(),
        "<note/>".into(),
        "<forward><duration>1</duration><voice>2</voice></forward>".into(),
        "<backup><duration>1</duration></backup>".into(),
        "<direction><direction-type><segno/></direction-type></direction>".into(),
        "<direction><direction-type><wedge type=\"stop\"/></direction-type></direction>".into(),
        "<attributes><clef><sign>F</sign></clef><clef><sign>G</sign></clef></attributes>".into(),
        "<attributes><key><fifths>1</fifths></key></attributes>".into(),
        "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>".into(),
        "<barline><ending number=\"1\" type=\"start\"/></barline>".into(),
        "</measure><measure>".into(),
        "</measure><measure><barline location=\"left\"><ending number=\"1\" type=\"start\"/></barline>".into(),
        "<x/>".into(),
        "\n".into(),
        "&lt;".into(),
    ];
    for unit in &units {
        let bar = note("C4", 4, "") + &unit.repeat((1 << 17) / unit.len());
        let _ = read(file(&[&bar]).as_bytes());
    }
    let inside = [
        ("direction", "<direction-type><segno/></direction-type>"),
        (
            "direction",
            "<direction-type><words>a</words></direction-type>",
        ),
        (
            "attributes",
            "<time><beats>4</beats><beat-type>4</beat-type></time>",
        ),
        (
            "harmony",
            "<root><root-step>C</root-step></root><kind>major</kind>",
        ),
        ("note", "<notations><slur type=\"start\"/></notations>"),
        ("note", "<lyric><text>a</text></lyric>"),
        ("note", "<dot/>"),
    ];
    for (element, unit) in inside {
        let bar = format!(
            "<{element}>{}</{element}>{}",
            unit.repeat((1 << 17) / unit.len()),
            note("C4", 4, "")
        );
        let _ = read(file(&[&bar]).as_bytes());
    }
    let heads = [
        "<part-group type=\"start\" number=\"1\"><group-symbol>brace</group-symbol></part-group>",
        "<score-part id=\"X\"/>",
    ];
    for unit in heads {
        let list = format!("<part-list>{}", unit.repeat((1 << 17) / unit.len()));
        let _ = read(
            file(&[&note("C4", 4, "")])
                .replace("<part-list>", &list)
                .as_bytes(),
        );
    }
    let _ = read(headed(&format!("<work {}/>", "a=\"b\" ".repeat(1 << 14))).as_bytes());
}

/// A piece as we write it, as material to be damaged.
fn written() -> Vec<u8> {
    let text = include_str!("../data/orchestra.abc");
    write_musicxml(&score::parse_abc(text).0).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_score_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = score::parse(&bytes);
        let _ = read(&[b"<score-partwise>".as_slice(), &bytes].concat());
    }

    #[test]
    fn a_damaged_file_gives_a_score_or_a_reason(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..6)
    ) {
        let mut bytes = written();
        for (at, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => { bytes.drain(at..(at + 200).min(bytes.len())); }
            }
        }
        let _ = read(&bytes);
    }

    /// Elements taken out, doubled and moved: the text stays well-formed.
    #[test]
    fn a_file_in_disorder_gives_a_score(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3u8), 1..12)
    ) {
        let text = String::from_utf8(written()).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        for (from, to, kind) in edits {
            // A line that is an element of its own.
            let whole: Vec<usize> = (3..lines.len()).filter(|i| {
                let line = lines[*i].trim();
                let is_whole = line.ends_with("/>") || line.contains("</");
                    is_whole && line.starts_with('<') && !line.starts_with("</")
            }).collect();
            let (from, to) = (whole[from.index(whole.len())], whole[to.index(whole.len())]);
            let line = lines[from];
            match kind {
                0 => { lines.remove(from); }
                1 => lines.insert(to, line),
                _ => lines.swap(from, to),
            }
        }
        read(lines.join("\n").as_bytes()).unwrap();
    }
}
