//! Hand-written lines: what is accepted, and for each reason what is refused at which character.

use score::guard::{END_OF_PATCH, END_OF_PIECE, Guard, Reason};

use super::{feed_line, feed_stretch, stretches};

const HEADER: &str = "%%score 1 { ( 2 3 ) | 4 }\nL:1/8\nQ:1/4=90\nM:3/4\nK:Eb\nV:1 treble nm=\"Voice\"\n\
                      V:2 treble nm=\"Piano\" snm=\"Pno.\"\nV:3 treble \nV:4 bass \n";

fn after_header() -> Guard {
    let mut guard = Guard::without_patches();
    feed(&mut guard, HEADER).unwrap();
    guard
}

fn feed(guard: &mut Guard, text: &str) -> Result<(), (usize, Reason)> {
    for (at, c) in text.bytes().enumerate() {
        guard.accept(c).map_err(|refused| (at, refused.reason))?;
    }
    Ok(())
}

#[test]
fn what_the_training_text_has_is_accepted() {
    for line in [
        "[V:1]z6|",
        "[V:4]C,6|",
        "[V:1]c2 d2 e2|][V:4]C,6|]",
        // Pickups, and bars cut in two by a repeat.
        "[V:1]c2|[V:3]C2|",
        "[V:1]c4:|[V:3]C4:|",
        "[V:1]c6|1,2[V:2]C6|1,2[V:3]C6|",
        "[V:1]|:c6|[V:2]|:C6|",
        // Chords, ties, slurs, broken rhythms, grace notes.
        "[V:1]([CE-G]2 [Fc]2-)([Fc]2|[V:2](d>)e d/<\"_dolce\"e/ d3|",
        "[V:1]{/^ga}c2 ({de)}c2 ({=B[ce])}c2({de)}|",
        "[V:2]!p!!<(! .c2 !fermata!c4!<)!|",
        // Tuplets, whole and in parts.
        "[V:1](3c2d2e2 (3:2:2cd/ (5:4:5c/4d/4e/4f/4g/4|",
        "[V:1](3:2:1c2 (3:2:2d2e2 z2|",
        "[V:1](3(c\"^a\"d!f!e)(3.c.d.e (6:4:6c/d/e/f/g/a/|",
        // Fields.
        "[V:1][K:G][M:4/4][Q:1/4=60] c8|[V:2][K:G][M:4/4] z8|",
        "[V:4][K:treble] c2[I:staff -1][K:bass]c2 [I:staff +1]c2|",
        "[V:1]\"^Allegro \\n(moderato)\"\"Bbm7\"c6|",
        "[V:1]z3/2 x/ c3/4 c/4 c3|",
    ] {
        let mut guard = after_header();
        let text = format!("[r:0/1]{line}\n");
        assert_eq!(feed(&mut guard, &text), Ok(()), "{text}");
        let mut guard = Guard::new();
        let read = HEADER
            .lines()
            .chain([text.trim_end()])
            .try_for_each(|line| feed_line(&mut guard, line));
        assert!(read.is_ok(), "{read:?}: {text}");
    }
}

#[test]
fn each_kind_of_mistake_is_refused_where_it_is_made() {
    // What stands before the mistake, the character that is refused, and why.
    for (text, c, reason) in [
        // The counter, after a line that said there are two more.
        ("[r:0/2][V:1]z6|\n[r:", '2', Reason::Counter),
        ("[r:0/2][V:1]z6|\n[r:1/", '2', Reason::Counter),
        ("[r:0/0", '0', Reason::Counter),
        ("[r:0/9999", '9', Reason::Counter),
        // Voices.
        ("[r:0/1][V:", '5', Reason::UndeclaredVoice),
        ("[r:0/1][V:2]z6|[V:", '2', Reason::VoiceOrder),
        ("[r:0/1][V:2]z6|[V:", '1', Reason::VoiceOrder),
        ("[r:0/1][V:4]z6|", '[', Reason::Barline),
        // Lengths.
        ("[r:0/1][V:1]c6", ' ', Reason::BarTooLong),
        ("[r:0/1][V:1]c6", 'd', Reason::BarTooLong),
        ("[r:0/1][V:1]c4 d3", '|', Reason::Length),
        ("[r:0/1][V:1]c4 d", '4', Reason::Length),
        ("[r:0/1][V:1]c", '5', Reason::Length),
        ("[r:0/1][V:1]c/", '/', Reason::Length),
        ("[r:0/1][V:1]c6|[V:2]c4", '|', Reason::BarTooShort),
        (
            "[r:0/2][V:1]c6|\n[r:1/1][V:1]c4|",
            '\n',
            Reason::BarTooShort,
        ),
        // Tuplets and broken rhythms.
        ("[r:0/1][V:1](3c2d2", '|', Reason::Unfinished),
        ("[r:0/1][V:1](3c4d4e", '8', Reason::Length),
        ("[r:0/1][V:1]c4(3c2d", '2', Reason::Length),
        ("[r:0/1][V:1](1", ':', Reason::Tuplet),
        ("[r:0/1][V:1](3c", '>', Reason::BrokenRhythm),
        ("[r:0/1][V:1]c>c", '>', Reason::BrokenRhythm),
        ("[r:0/1][V:1]c4", '>', Reason::BrokenRhythm),
        ("[r:0/1][V:1]c3>", '|', Reason::Unfinished),
        ("[r:0/1][V:1]c3>d", '2', Reason::Length),
        // Slurs and ties.
        ("[r:0/1][V:1]c2", ')', Reason::Slur),
        ("[r:0/1][V:1](c2)", ')', Reason::Slur),
        ("[r:0/1][V:1](c2 z2", ')', Reason::Slur),
        ("[r:0/1][V:1]z2", '-', Reason::Tie),
        ("[r:0/1][V:1]c2-", '-', Reason::Tie),
        // Chords and grace notes.
        ("[r:0/1][V:1][ce", 'z', Reason::Chord),
        ("[r:0/1][V:1][ce", '|', Reason::Chord),
        ("[r:0/1][V:1][ce", '2', Reason::Chord),
        ("[r:0/1][V:1]c6{de", '|', Reason::Grace),
        ("[r:0/1][V:1]{c", '2', Reason::Grace),
        ("[r:0/1][V:1]{", '}', Reason::Grace),
        // Decorations and texts.
        ("[r:0/1][V:1]!ff", 'q', Reason::Decoration),
        ("[r:0/1][V:1]!8va", ')', Reason::Decoration),
        ("[r:0/1][V:1]c6!", 'w', Reason::Decoration),
        ("[r:0/1][V:1]\"", 'x', Reason::Text),
        ("[r:0/1][V:1]\"^dim.", '|', Reason::Text),
        ("[r:0/1][V:1]\"^dim.", '\n', Reason::Text),
        // Fields.
        ("[r:0/1][V:1][K:", ']', Reason::Field),
        // The instrument has one staff, and the voice is on the upper one.
        ("[r:0/1][V:1][", 'I', Reason::Field),
        ("[r:0/1][V:2][I:staff ", '-', Reason::Field),
        ("[r:0/1][V:1]c2[", 'M', Reason::Metre),
        ("[r:0/1][V:1][M:4/4]c8|[V:2]", 'c', Reason::Metre),
        ("[r:0/1][V:1][M:4/4]c8|[V:2][M:", '3', Reason::Metre),
        ("[r:0/1][V:1]c6|[V:2][", 'M', Reason::Metre),
        // Barlines.
        ("[r:0/1][V:1]c6||[V:2]c6|", '\n', Reason::Barline),
        ("[r:0/1][V:1]c6|[V:2]c6|", '|', Reason::Barline),
        ("[r:0/1][V:1]c6|1[V:2]c6|", '2', Reason::Barline),
        ("[r:0/1][V:1]c6|", 'c', Reason::Barline),
        ("[r:0/0][V:1]c6|\n", '[', Reason::Over),
        ("[r:0/1][V:1]c6", '&', Reason::Character),
    ] {
        let mut guard = after_header();
        assert_eq!(feed(&mut guard, text), Ok(()), "{text}");
        let before = guard.allowed();
        let refused = guard.accept(u8::try_from(c).unwrap()).expect_err(text);
        assert_eq!(refused.reason, reason, "{text}<{c}>: {refused}");
        assert_eq!(
            guard.allowed(),
            before,
            "a refused character changes nothing: {text}"
        );
    }
}

#[test]
fn headers_are_refused_where_they_go_wrong() {
    for (text, c, reason) in [
        ("", 'X', Reason::Layout),
        ("%%score ( 1 2", '\n', Reason::Layout),
        ("%%score ( 1 ", ']', Reason::Layout),
        ("%%score ( ", ')', Reason::Layout),
        ("%%score 1 1", '\n', Reason::Layout),
        ("%%score 1 ", '}', Reason::Layout),
        ("%%score 1\nL:1/", '4', Reason::HeaderLine),
        ("L:1/8\nM:", 'C', Reason::HeaderLine),
        ("L:1/8\nM:4/4\nK:", 'H', Reason::HeaderLine),
        ("L:1/8\nM:4/4\nK:C\nV:", '2', Reason::VoiceLine),
        (
            "%%score 1 2\nL:1/8\nM:4/4\nK:C\nV:2 bass \n",
            '[',
            Reason::VoiceLine,
        ),
        (
            "%%score 1 2\nL:1/8\nM:4/4\nK:C\nV:2 bass \nV:",
            '2',
            Reason::VoiceLine,
        ),
        ("L:1/8\nM:4/4\nK:C\nV:1 b", 'x', Reason::VoiceLine),
    ] {
        let mut guard = Guard::without_patches();
        assert_eq!(feed(&mut guard, text), Ok(()), "{text}");
        let refused = guard.accept(u8::try_from(c).unwrap()).expect_err(text);
        assert_eq!(refused.reason, reason, "{text}<{c}>");
    }
}

#[test]
fn the_counter_is_forced_and_so_is_a_known_length() {
    let mut guard = after_header();
    feed(&mut guard, "[r:0/12][V:1]z6|\n").unwrap();
    assert!(guard.at_line_start() && guard.bars() == 1);
    let mut forced = String::new();
    while let Some(c) = guard.given() {
        guard.accept(c).unwrap();
        forced.push(char::from(c));
    }
    assert_eq!(forced, "[r:1/11][V:");

    let mut guard = Guard::without_patches().with_lines(1);
    feed(&mut guard, HEADER).unwrap();
    feed(&mut guard, "[r:0/0][V:1]z6|]\n").unwrap();
    assert!(guard.is_complete());
    assert_eq!(guard.given(), Some(END_OF_PIECE));
}

#[test]
fn short_bars_need_a_reason() {
    let end = |guard: &Guard| guard.allowed() & (1 << b'|' | 1 << b':') != 0;
    for (text, lenient, strict) in [
        ("[r:0/2][V:1]c4", true, true),
        ("[r:0/2][V:1]c6|\n[r:1/1][V:1]c4", true, false),
        ("[r:0/2][V:1]c6||\n[r:1/1][V:1]c4", true, true),
        ("[r:0/2][V:1]c6|\n[r:1/1][V:1][M:4/4]c4", true, true),
        ("[r:0/1][V:1]c6|\n[r:1/0][V:1]c4", true, true),
        ("[r:0/2][V:1]c4|[V:2]c2", false, false),
    ] {
        let mut guard = after_header();
        feed(&mut guard, text).unwrap();
        assert_eq!(end(&guard), lenient, "{text}");
        let mut guard = Guard::without_patches().for_writing();
        feed(&mut guard, &format!("{HEADER}{text}")).unwrap();
        assert_eq!(end(&guard), strict, "{text}");
    }
}

#[test]
fn a_barline_begins_a_patch_unless_it_is_the_last_of_its_line() {
    let mut guard = Guard::new();
    HEADER
        .lines()
        .for_each(|line| feed_line(&mut guard, line).unwrap());
    let bar_or_end = |guard: &Guard| {
        (
            guard.allowed() >> u32::from(b'|') & 1,
            guard.allowed() >> u32::from(END_OF_PATCH) & 1,
        )
    };

    let mut inside = guard.clone();
    feed(&mut inside, "[r:0/1][V:1]c2d2e2").unwrap();
    assert_eq!(bar_or_end(&inside), (1, 1));
    // The patch goes on: the line ends.
    let mut last = inside.clone();
    feed(&mut last, "|").unwrap();
    assert_eq!(last.accept(b'[').unwrap_err().reason, Reason::Barline);
    feed(&mut last, "\n").unwrap();
    assert_eq!(last.given(), Some(END_OF_PATCH));
    // The patch ends: another voice follows.
    let mut split = inside;
    split.accept(END_OF_PATCH).unwrap();
    assert_eq!(split.accept(b'c').unwrap_err().reason, Reason::Patch);
    feed(&mut split, "|").unwrap();
    assert_eq!(split.accept(b'\n').unwrap_err().reason, Reason::Barline);
    feed(&mut split, "[V:4]C").unwrap();
    // After a patch that is exactly full nobody knows yet.
    let mut full = guard.clone();
    feed(&mut full, "[r:0/1][V:1]d2c4").unwrap();
    assert_eq!(bar_or_end(&full), (1, 0));
    feed(&mut full, "|").unwrap();
    assert_eq!(full.allowed() >> u32::from(b'[') & 1, 1);
    assert_eq!(full.allowed() >> u32::from(b'\n') & 1, 1);
    // The last voice has none after it, and a bar that is not full has no end.
    feed_stretch(&mut guard, "[r:0/1][V:4]C,6|\n").unwrap();
    feed(&mut guard, "[r:1/0][V:1]c").unwrap();
    assert_eq!(bar_or_end(&guard).1, 1, "the last bar may be short");
}

/// The guard of a model that wrote this in patches; the last line is not finished.
fn writing(text: &str) -> Guard {
    let mut guard = Guard::new().for_writing();
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().unwrap();
    lines
        .iter()
        .for_each(|line| feed_line(&mut guard, line).unwrap());
    let mut parts = stretches(last);
    let open = parts.pop().unwrap();
    parts
        .iter()
        .for_each(|part| feed_stretch(&mut guard, part).unwrap());
    feed(&mut guard, open).unwrap();
    guard
}

/// A set of characters as text, the end of a patch as `$`.
fn characters(set: u128) -> String {
    let chars = (0..128u8).filter(|c| set >> c & 1 != 0);
    chars
        .map(|c| {
            if c == END_OF_PATCH {
                '$'
            } else {
                char::from(c)
            }
        })
        .collect()
}

/// The probabilities of a model that leaves a hundredth to all characters together.
fn likely(wanted: &[(u8, f64)]) -> [f64; 128] {
    let mut p = [0.01 / 128.0; 128];
    wanted
        .iter()
        .for_each(|(c, likely)| p[usize::from(*c)] += likely);
    p
}

#[test]
fn in_a_full_bar_nothing_begins() {
    for (line, allowed, drawable) in [
        ("[r:0/1][V:1](c6", "$!\"()-:[{|", "$!)-:|"),
        ("[r:0/1][V:1]z6", "$!\"(:[{|", "$!:|"),
        ("[r:0/1][V:4]C,6!>)!", "!\"(:[{|", "!:|"),
        // A later voice has the barline of the first.
        ("[r:0/1][V:1]z6|][V:2]z6", "$!\"([{|", "$!|"),
        // The last note need not be over.
        ("[r:0/1][V:1]c2 d2 e f", "", "$!'-/37:|"),
        ("[r:0/1][V:1]c4 d3/", "248", "248"),
        // Nor is the bar.
        ("[r:0/1][V:1]z5", "", ""),
    ] {
        let guard = writing(&format!("{HEADER}{line}"));
        if !allowed.is_empty() {
            assert_eq!(characters(guard.allowed()), allowed, "{line}");
        }
        match drawable {
            "" => assert_eq!(guard.drawable(), guard.allowed(), "{line}"),
            _ => assert_eq!(characters(guard.drawable()), drawable, "{line}"),
        }
    }
}

#[test]
fn a_model_that_would_go_on_in_a_full_bar_ends_it() {
    let guard = writing(&format!("{HEADER}[r:0/1][V:1](c6"));
    let before = likely(&[(b' ', 0.7), (b'!', 0.1), (b'|', 0.05), (END_OF_PATCH, 0.14)]);
    let mut p = before;
    let lost = guard.weigh(&mut p);
    assert!((lost - 0.7).abs() < 0.01, "{lost}");
    // Signs stay as likely as they were; the two ends share the rest as they shared before.
    let of = |c: u8| p[usize::from(c)];
    assert_eq!((of(b' '), of(b'!')), (0.0, before[usize::from(b'!')]));
    let ratio = of(b'|') / before[usize::from(b'|')];
    let other = of(END_OF_PATCH) / before[usize::from(END_OF_PATCH)];
    assert!(
        ratio > 4.0 && (ratio - other).abs() < 1e-12,
        "{ratio} {other}"
    );
    assert!((p.iter().sum::<f64>() - before.iter().sum::<f64>()).abs() < 1e-12);

    let guard = writing(&format!("{HEADER}[r:0/1][V:1](c4{{de"));
    let mut p = likely(&[(b' ', 0.5), (b'f', 0.49)]);
    guard.weigh(&mut p);
    assert!((p[usize::from(b'}')] - 0.5).abs() < 0.01);
    assert!((p[usize::from(b'f')] - 0.49).abs() < 0.01);
}

/// After a whole line: what a model draws by that wants this.
fn weighed(text: &str, wanted: &[(u8, f64)]) -> ([f64; 128], [f64; 128]) {
    let guard = writing(&format!("{HEADER}[r:0/2][V:1]z6|\n[r:1/1][V:1]{text}"));
    let (before, mut after) = (likely(wanted), likely(wanted));
    guard.weigh(&mut after);
    (before, after)
}

#[test]
fn a_length_that_is_too_long_is_as_long_as_fits() {
    // Three eighths are left.
    let (before, after) = weighed("c3 d", &[(b'4', 0.5), (b'2', 0.3), (b' ', 0.15)]);
    assert_eq!(after[usize::from(b'4')], 0.0);
    assert!((after[usize::from(b'3')] - 0.5).abs() < 0.01);
    assert_eq!(after[usize::from(b'2')], before[usize::from(b'2')]);
    // It is as long as it can be: what follows has the rest.
    let (before, after) = weighed("c d4", &[(b'0', 0.6), (b' ', 0.38)]);
    assert!(
        after[usize::from(b' ')] > 0.95,
        "{}",
        after[usize::from(b' ')]
    );
    assert_eq!(
        (before[usize::from(b'0')] > 0.6, after[usize::from(b'0')]),
        (true, 0.0)
    );
}

#[test]
fn a_barline_that_comes_too_early_leaves_the_last_note_as_it_is() {
    let wanted = [(END_OF_PATCH, 0.8), (b'2', 0.1), (b' ', 0.06), (b'z', 0.03)];
    let (before, after) = weighed("c2 d", &wanted);
    let of = |c: u8| (before[usize::from(c)], after[usize::from(c)]);
    assert_eq!((of(END_OF_PATCH).1, of(b'2').1), (0.0, of(b'2').0));
    // What may follow the note shares what the barline had.
    assert!(of(b' ').1 > 0.5 && of(b' ').1 < 0.06 / 0.09 * 0.9);
    let ratio = |c: u8| of(c).1 / of(c).0;
    assert!((ratio(b' ') - ratio(b'z')).abs() < 1e-12);
}

#[test]
fn a_metre_that_is_owed_needs_no_model() {
    let mut guard = writing(&format!("{HEADER}[r:0/1][V:1][K:G][M:4/4]c8|[V:2]"));
    let mut given = String::new();
    while let Some(c) = guard.given() {
        guard.accept(c).unwrap();
        given.push(char::from(c));
    }
    assert_eq!(given, "[M:4/4]");
}

#[test]
fn voices_are_not_numbered_far_beyond_those_that_are_listed() {
    let digits = |text: &str| {
        let mut guard = Guard::new().for_writing();
        feed(&mut guard, text).unwrap();
        let all: String = characters(guard.drawable());
        all.chars().filter(char::is_ascii_digit).collect::<String>()
    };
    assert_eq!(digits("%%score "), "123456");
    // 3 was listed, and 30 is far.
    assert_eq!(digits("%%score ( 1 3 ) "), "245678");
    assert_eq!(digits("%%score ( 1 2 3 4 5 ) "), "16789");
    assert_eq!(digits("%%score ( 1 2 3 4 5 ) 1"), "01");
}
