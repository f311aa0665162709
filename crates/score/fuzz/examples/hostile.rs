//! The worst that is known, a mebibyte of each: what reading it takes, and what writing takes that was read.
//! Ends with an error if a reader takes more than is promised.

use std::io::{Cursor, Write};

use score::{Diagnostic, Score};
use score_fuzz::{Cost, MAX_INPUT, measure};
use zip::write::SimpleFileOptions;

/// A text, and what it is called.
type Named = (String, String);

fn main() {
    let abc = abc()
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()));
    let xml = musicxml(MAX_INPUT)
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()));
    // What an archive of a mebibyte can hold at most.
    let mxl = musicxml(31 * MAX_INPUT)
        .into_iter()
        .map(|(name, text)| (name, pack(&text)));
    let kept = [
        run("ABC", abc, |bytes| {
            score::parse_abc(&String::from_utf8_lossy(bytes))
        }),
        run("MusicXML", xml, score::parse_musicxml),
        run(".mxl", mxl, score::parse_mxl),
    ];
    if kept.contains(&false) {
        std::process::exit(1);
    }
}

/// Reads texts and prints the worst. Says whether all took what is promised at most.
fn run(
    format: &str,
    texts: impl Iterator<Item = (String, Vec<u8>)>,
    read: impl Fn(&[u8]) -> (Score, Vec<Diagnostic>),
) -> bool {
    const STEPS: [&str; 5] = [
        "read",
        "write ABC",
        "write interleaved",
        "write MusicXML",
        "write MIDI",
    ];
    let mut worst: [[(Cost, String); 2]; STEPS.len()] = Default::default();
    let mut kept = true;
    for (name, text) in texts {
        assert!(text.len() <= MAX_INPUT, "{name} has {} bytes", text.len());
        let ((score, _), reading) = measure(|| read(&text));
        kept &= reading.is_kept();
        let costs = [
            reading,
            measure(|| score::write_abc(&score)).1,
            measure(|| score::write_interleaved(&score)).1,
            measure(|| score::write_musicxml(&score)).1,
            measure(|| score::write_midi(&score)).1,
        ];
        for ([largest, slowest], cost) in worst.iter_mut().zip(costs) {
            if cost.bytes > largest.0.bytes {
                *largest = (cost, name.clone());
            }
            if cost.time > slowest.0.time {
                *slowest = (cost, name.clone());
            }
        }
    }
    println!("{format}, at most");
    for (step, [(bytes, large), (time, slow)]) in STEPS.iter().zip(&worst) {
        let (mebibytes, seconds) = (bytes.bytes >> 20, time.time.as_secs_f64());
        println!("{step:>18} {mebibytes:4} MiB ({large}), {seconds:.2} s ({slow})");
    }
    kept
}

/// Each piece again and again: alone, after the names of many voices, and in a line of one of many.
fn abc() -> Vec<Named> {
    let pieces = [
        "c",
        "z",
        "c|",
        "|z",
        "[cegb]",
        "{c}",
        "{c}c|",
        "{/c}|c",
        "c&",
        "c&c&c&c|",
        "c|&&",
        "Z9999|",
        "(c)",
        "c-",
        "(3c",
        "(2c",
        "Tc",
        "!f!",
        "!f!c|",
        "\"a\"",
        "\"A\"",
        "[K:G]c[K:C]",
        "[Q:1/4=60]",
        "[M:4/4]c|",
        "|1c:|2c|",
        "|:c:|",
        "!D.C.!c|",
        "!segno!c|!D.S.!c|",
        "\n",
        "c|\n",
        "cccc\nw:a b c d\n",
        "c\nw:a\nw:a\nw:a\nw:a\n",
        "c\ns:!f!\n",
        "K:C\n",
        "W:a\n",
        "T:a\n",
        "^",
        "]",
        "\"",
        "é",
    ];
    let mut texts = Vec::new();
    for piece in pieces {
        texts.push(filled(
            format!("{piece:?}"),
            "X:1\nK:C\n",
            piece,
            "",
            MAX_INPUT,
        ));
        for voices in [8, 250] {
            let names: String = (1..=voices).map(|v| format!("V:{v}\n")).collect();
            let size = (MAX_INPUT - names.len()) / voices - 10;
            let blocks =
                (1..=voices).map(|v| format!("V:{v}\n{}\n", piece.repeat(size / piece.len())));
            let blocks: String = blocks.collect();
            texts.push((
                format!("{piece:?} in {voices} voices"),
                format!("X:1\n{names}K:C\n{blocks}"),
            ));
            let head = format!("K:C\n{names}[V:1]");
            texts.push(filled(
                format!("{piece:?} in one of {voices} voices"),
                &head,
                piece,
                "",
                MAX_INPUT,
            ));
            let line = format!("[V:1]{piece}\n");
            texts.push(filled(
                format!("lines of {piece:?} in {voices} voices"),
                &head,
                &line,
                "",
                MAX_INPUT,
            ));
        }
    }
    let names = (1..60_000).map(|v| format!("[V:{v}]c|\n"));
    texts.push((
        "voices without end".into(),
        format!("K:C\n{}", names.collect::<String>()),
    ));
    let words = format!("K:C\nU:T=\"^{}\"\n", "a".repeat(4000));
    texts.push(filled(
        "a symbol of many words".into(),
        &words,
        "T",
        "",
        MAX_INPUT,
    ));
    texts
}

/// Each piece again and again, in a bar, in a note, as bars, as parts.
fn musicxml(size: usize) -> Vec<Named> {
    let head = "<score-partwise><part-list><score-part id='a'/></part-list><part id='a'>";
    let pitch = "<pitch><step>C</step><octave>4</octave></pitch><duration>1</duration>";
    let in_bar = [
        "<a/>".into(),
        "<note/>".into(),
        "<note><rest/><duration>1</duration></note>".into(),
        "<note><rest/><duration>1</duration></note><backup><duration>1</duration></backup>".into(),
        format!("<note><grace/>{pitch}</note>"),
        format!("<note><chord/>{pitch}</note>"),
        format!("<note>{pitch}<lyric><text>a</text></lyric></note>"),
        "<direction><direction-type><words>a</words></direction-type></direction>".into(),
        "<harmony><root><root-step>C</root-step></root></harmony>".into(),
        "<attributes><key><fifths>1</fifths></key></attributes>".into(),
        "<barline><repeat direction='backward'/></barline>".into(),
    ];
    let in_note = [
        "<a/>",
        "<dot/>",
        "<lyric><text>a</text></lyric>",
        "<notations><slur type='start'/></notations>",
    ];
    let bars = [
        "<measure/>",
        "<measure><note><rest/><duration>1</duration></note></measure>",
    ];
    let end = "</measure></part></score-partwise>";
    let mut texts = Vec::new();
    for piece in &in_bar {
        texts.push(filled(
            format!("{piece} in a bar"),
            &format!("{head}<measure>"),
            piece,
            end,
            size,
        ));
        let bar = format!("<measure>{}</measure>", piece.repeat(500));
        texts.push(filled(
            format!("{piece} in bars"),
            head,
            &bar,
            "</part></score-partwise>",
            size,
        ));
    }
    for piece in in_note {
        let open = format!("{head}<measure><note>{pitch}");
        texts.push(filled(
            format!("{piece} in a note"),
            &open,
            piece,
            &format!("</note>{end}"),
            size,
        ));
    }
    let parts: String = (1..=255)
        .map(|part| format!("<score-part id='{part}'/>"))
        .collect();
    let parts = format!("<score-partwise><part-list>{parts}</part-list><part id='1'>");
    for piece in bars {
        texts.push(filled(
            piece.into(),
            head,
            piece,
            "</part></score-partwise>",
            size,
        ));
        texts.push(filled(
            format!("{piece}, 255 parts"),
            &parts,
            piece,
            "</part></score-partwise>",
            size,
        ));
    }
    let (open, close) = (
        "<score-partwise><part-list>",
        "</part-list></score-partwise>",
    );
    texts.push(filled(
        "parts".into(),
        open,
        "<score-part id='a'/>",
        close,
        size,
    ));
    let bar = "<measure><part id='a'/></measure>";
    texts.push(filled(
        "timewise".into(),
        "<score-timewise>",
        bar,
        "</score-timewise>",
        size,
    ));
    texts.push(filled(
        "entities".into(),
        "<score-partwise>",
        "&lt;",
        "</score-partwise>",
        size,
    ));
    texts
}

fn filled(name: String, head: &str, piece: &str, end: &str, size: usize) -> Named {
    let times = (size - head.len() - end.len()) / piece.len();
    (name, [head, &piece.repeat(times), end].concat())
}

/// Packs a text with half a mebibyte of noise, so that it does not shrink beyond what is believed.
fn pack(text: &str) -> Vec<u8> {
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'A' + u8::try_from(state >> 27).unwrap_or(0))
    });
    let noise: String = noise.take(MAX_INPUT / 2).collect();
    let container = "<container><rootfiles><rootfile full-path='a'/></rootfiles></container>";
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let entries = [
        ("META-INF/container.xml", container),
        ("a", &format!("<!--{noise}-->{text}")),
    ];
    for (name, text) in entries {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("an archive in memory");
        zip.write_all(text.as_bytes())
            .expect("an archive in memory");
    }
    zip.finish().expect("an archive in memory").into_inner()
}
