//! Texts that ask for more music than anybody wrote: they end with an error, and what is read is bounded and
//! holds together. What memory and time it takes is measured in `fuzz/examples/hostile.rs`.

use std::io::Write;

use score::{
    Diagnostic, Direction, GrowingScore, Item, Score, Severity, parse_abc, parse_musicxml,
    parse_mxl, write_abc, write_interleaved,
};

/// The largest text for which something is promised.
const MEBIBYTE: usize = 1 << 20;
/// Bars of any score.
const MAX_BARS: usize = 20_000;
/// Items of all voices: 54 MiB of them.
const MAX_ITEMS: usize = (54 << 20) / size_of::<Item>();

fn repeated(head: &str, piece: &str) -> String {
    head.to_owned() + &piece.repeat((MEBIBYTE - head.len()) / piece.len())
}

fn errors(findings: &[Diagnostic]) -> Vec<&str> {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(|f| f.message.as_str()).collect()
}

fn says_too_large(findings: &[Diagnostic]) -> bool {
    errors(findings).iter().any(|e| e.contains("too large"))
}

fn item_count(score: &Score) -> usize {
    let voices = score.bars.iter().flat_map(|bar| &bar.voices);
    voices.map(|voice| voice.items.len()).sum()
}

/// Reads a text that is too large.
fn read_too_large(name: &str, text: &str) -> Score {
    let (score, findings) = parse_abc(text);
    assert!(says_too_large(&findings), "{name}: {:?}", errors(&findings));
    assert!(score.bar_count() <= MAX_BARS, "{name}");
    assert!(item_count(&score) <= MAX_ITEMS, "{name}");
    assert!(score.bar_count() > 0, "{name}: nothing was read");
    for bar in &score.bars {
        assert_eq!(bar.voices.len(), score.voices.len(), "{name}");
        for voice in &bar.voices {
            assert_eq!(voice.length(), Some(bar.length), "{name}");
        }
    }
    score
}

fn voices(count: usize) -> String {
    (1..=count).map(|v| format!("V:{v}\n")).collect()
}

#[test]
fn a_mebibyte_of_a_piece_of_abc_is_read_in_part() {
    for piece in [
        "c",
        "z",
        "c|",
        "|z",
        "[ceg]",
        "{c}c",
        "Z9999|",
        "c&c&c&c|",
        "c|&&",
        "(3c",
        "!f!c",
        "\"A\"c",
        "|:c:|",
        "c|\n",
        "[K:G]c[K:C]",
        "[Q:1/4=60]c",
        "cccc\nw:a b c d\n",
        "c\nw:a\nw:b\nw:c\n",
    ] {
        read_too_large(piece, &repeated("X:1\nK:C\n", &format!("{piece} ")));
    }
}

#[test]
fn a_mebibyte_for_many_voices_is_read_in_part() {
    for piece in ["c", "c|", "|z", "{c}c", "c&c&c&c|"] {
        let size = MEBIBYTE / 64 - 10;
        let block = |v| format!("V:{v}\n{}\n", piece.repeat(size / piece.len()));
        let blocks: String = (1..=64).map(block).collect();
        read_too_large(piece, &format!("X:1\n{}K:C\n{blocks}", voices(64)));
    }
}

#[test]
fn a_short_line_cannot_ask_for_bars_of_all_voices_without_end() {
    for piece in ["c|", "Z9999|"] {
        let head = format!("K:C\n{}[V:1]", voices(250));
        let score = read_too_large(piece, &repeated(&head, piece));
        assert_eq!(score.voice_count(), 250, "{piece}");
    }
    let lines = format!("[V:1]{}\n", "c|".repeat(12));
    read_too_large("lines", &repeated(&format!("K:C\n{}", voices(250)), &lines));
}

#[test]
fn an_endless_bar_keeps_its_beginning() {
    let score = read_too_large("notes", &repeated("X:1\nK:C\n", "c"));
    assert_eq!((score.bar_count(), score.note_count()), (1, 10_000));
    let score = read_too_large("grace", &repeated("X:1\nK:C\n", "{c}c"));
    assert_eq!((score.bar_count(), score.note_count()), (1, 10_000));
    let score = read_too_large("one group", &(repeated("X:1\nK:C\nc{", "c") + "}c|"));
    assert!(score.note_count() <= 10_001);
}

#[test]
fn layers_have_room_as_voices_of_their_own() {
    let score = read_too_large("layers", &repeated("X:1\nK:C\n", "c&d&e&f|"));
    assert_eq!(score.voice_count(), 4);
    let last = score.bars.last().unwrap();
    assert!(
        last.voices
            .iter()
            .all(|v| v.events().all(|e| e.notes().len() == 1))
    );
}

#[test]
fn a_letter_cannot_stand_for_a_page() {
    let text = format!(
        "X:1\nU:T=\"^{}\"\nK:C\n{}",
        "a".repeat(100_000),
        "Tc".repeat(1000)
    );
    let (score, _) = parse_abc(&text);
    let words = score.bars[0].voices[0]
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Direction(Direction::Words { text, .. }) => Some(text.len()),
            _ => None,
        });
    assert_eq!(words.collect::<Vec<_>>(), [80; 1000]);
}

#[test]
fn voices_without_end_are_said_in_a_bounded_number_of_errors() {
    let lines: String = (1..80_000).map(|v| format!("V:{v}\nc|\n")).collect();
    let (score, findings) = parse_abc(&format!("X:1\nK:C\n{lines}"));
    assert_eq!(score.voice_count(), 256);
    assert!(findings.len() <= 1101, "{} findings", findings.len());
    assert!(!errors(&findings).is_empty());
}

#[test]
fn more_lines_than_a_piece_can_have_are_left_out() {
    let (score, findings) = parse_abc(&repeated("X:1\nK:C\nc|\n", "%\n"));
    assert_eq!(score.bar_count(), 1);
    assert!(says_too_large(&findings));
}

#[test]
fn what_is_read_in_part_is_read_again_as_a_whole() {
    for (name, text) in [
        ("bars", repeated("X:1\nK:C\n", "c|")),
        ("notes", repeated("X:1\nK:C\n", "c")),
        (
            "voices",
            repeated(&format!("K:C\n{}[V:1]", voices(8)), "c|"),
        ),
    ] {
        let score = read_too_large(name, &text);
        for text in [write_abc(&score), write_interleaved(&score)] {
            let (again, findings) = parse_abc(&text);
            let is_whole = again.bar_count() == score.bar_count();
            assert!(is_whole, "{name}: {:?}", errors(&findings));
            assert_eq!(again.note_count(), score.note_count(), "{name}");
        }
    }
}

#[test]
fn a_growing_score_has_limits_too() {
    let mut growing = GrowingScore::new();
    growing.push(&format!("L:1/8\nM:1/8\nK:C\n{}", voices(100)));
    let lines = "[V:1]c|\n".repeat(1000);
    for _ in 0..10 {
        growing.push(&lines);
    }
    assert!(item_count(growing.score()) <= MAX_ITEMS / 3);
    let bars = growing.score().bar_count();
    let (score, findings) = growing.finish();
    assert_eq!(score.bar_count(), bars);
    assert!(says_too_large(&findings));
}

const HEAD: &str = "<score-partwise><part-list><score-part id='a'/></part-list><part id='a'>";
const END: &str = "</part></score-partwise>";

#[test]
fn musicxml_beyond_the_limits_is_refused() {
    let measures = "<measure/>".repeat(MAX_BARS + 1);
    let in_bar = "<direction><direction-type><segno/></direction-type></direction>".repeat(10_001);
    let in_note = "<a/>".repeat(50_001);
    let parts: String = (1..=255)
        .map(|part| format!("<score-part id='{part}'/>"))
        .collect();
    for (name, text) in [
        ("bars", format!("{HEAD}{measures}{END}")),
        (
            "signs in a bar",
            format!("{HEAD}<measure>{in_bar}</measure>{END}"),
        ),
        (
            "what is in a note",
            format!("{HEAD}<measure><note>{in_note}</note></measure>{END}"),
        ),
        (
            "bars of all parts",
            format!(
                "<score-partwise><part-list>{parts}</part-list><part id='1'>{}{END}",
                "<measure><note><rest/><duration>1</duration></note></measure>".repeat(5000)
            ),
        ),
    ] {
        let (score, findings) = parse_musicxml(text.as_bytes());
        assert!(score == Score::default(), "{name}");
        let errors = errors(&findings);
        assert!(
            errors.iter().any(|e| e.contains("too")),
            "{name}: {errors:?}"
        );
    }
}

#[test]
fn signatures_of_many_voices_without_end_are_refused() {
    // Each voice hears of each of them.
    let voice = |v| format!("<note><rest/><duration>1</duration><voice>{v}</voice></note>");
    let voices: String = (1..=200).map(voice).collect();
    let keys =
        ["1", "2"].map(|n| format!("<attributes><key><fifths>{n}</fifths></key></attributes>"));
    let bar = format!("<measure>{}</measure>", keys.concat().repeat(100));
    let text = format!("{HEAD}<measure>{voices}</measure>{}{END}", bar.repeat(10));
    let (_, findings) = parse_musicxml(text.as_bytes());
    assert!(says_too_large(&findings), "{:?}", errors(&findings));
}

#[test]
fn an_archive_holds_no_more_than_the_largest_text() {
    // What does not shrink lets the rest of the entry grow.
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'A' + u8::try_from(state >> 27).unwrap())
    });
    let noise: String = noise.take(700_000).collect();
    let container = "<container><rootfiles><rootfile full-path='a'/></rootfiles></container>";
    let text = format!("<!--{noise}-->{HEAD}{}{END}", " ".repeat(33 << 20));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("META-INF/container.xml", container), ("a", &text)] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < MEBIBYTE);
    let (_, findings) = parse_mxl(&bytes);
    assert!(
        errors(&findings)
            .iter()
            .any(|e| e.contains("grows beyond measure") || e.contains("more than"))
    );
}
