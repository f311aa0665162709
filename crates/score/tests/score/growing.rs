//! A text that arrives in pieces gives the score that it gives as a whole, at every line.

use score::{GrowingScore, Score, parse_abc};

use crate::{corpus_scores, pieces};

/// The text in pieces of these sizes, in turn, none inside a character.
fn fragments<'a>(text: &'a str, sizes: &'a [usize]) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let mut size = (*sizes.next().unwrap_or(&1)).clamp(1, rest.len().max(1));
        while !rest.is_char_boundary(size.min(rest.len())) {
            size += 1;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Feeds the text in pieces and compares after each with the text so far read as a whole; so too what is said
/// to have changed.
pub(crate) fn check_every_step(id: &str, text: &str, sizes: &[usize]) {
    let mut growing = GrowingScore::new();
    let mut so_far = String::new();
    for piece in fragments(text, sizes) {
        let old = growing.score().clone();
        let changed = growing.push(piece);
        so_far.push_str(piece);
        let lines = &so_far[..so_far.rfind('\n').map_or(0, |at| at + 1)];
        let (whole, findings) = parse_abc(lines);
        assert_eq!(
            growing.findings(),
            findings,
            "{id}: findings after {piece:?}"
        );
        same(id, growing.score(), &whole);
        assert!(changed <= whole.bar_count());
        let kept = changed.min(old.bar_count());
        same(
            id,
            &first_bars(growing.score(), kept),
            &first_bars(&old, kept),
        );
        assert!(
            changed == 0 || growing.score().voices == old.voices,
            "{id}: {piece:?}"
        );
    }
    check_end(id, text, growing);
}

/// Feeds the text in pieces and compares at the end.
fn check_in_pieces(id: &str, text: &str, sizes: &[usize]) {
    let mut growing = GrowingScore::default();
    for piece in fragments(text, sizes) {
        growing.push(piece);
    }
    check_end(id, text, growing);
}

fn check_end(id: &str, text: &str, growing: GrowingScore) {
    let (score, findings) = growing.finish();
    let (whole, all) = parse_abc(text);
    same(id, &score, &whole);
    assert_eq!(findings, all, "{id}");
}

fn first_bars(score: &Score, count: usize) -> Score {
    let bars = score.bars[..count].to_vec();
    Score {
        bars,
        ..Score::default()
    }
}

/// Compares bar by bar so that a difference can be found.
fn same(id: &str, new: &Score, old: &Score) {
    for (b, (new, old)) in new.bars.iter().zip(&old.bars).enumerate() {
        assert_eq!(new, old, "{id}: bar {}", b + 1);
    }
    assert_eq!(new, old, "{id}");
}

#[test]
fn the_pieces_here_grow_line_by_line() {
    for (name, text) in pieces() {
        check_every_step(&name, &text, &[usize::MAX]);
        check_every_step(&name, &text, &[40, 300, 1, 2000]);
        check_in_pieces(&name, &text, &[1]);
        check_in_pieces(&name, &text, &[16]);
        check_in_pieces(&name, &text.replace('\n', "\r\n"), &[7, 1]);
    }
}

#[test]
fn the_corpus_grows_bar_by_bar() {
    for (id, text) in corpus_scores() {
        let mut growing = GrowingScore::new();
        for line in text.split_inclusive('\n') {
            growing.push(line);
        }
        check_end(&id, &text, growing);
        check_in_pieces(&id, &text, &[16]);
        check_in_pieces(&id, &text, &[3000, 17, 250]);
    }
}

const HEADER: &str = "%%score { 1 | 2 }\nL:1/8\nM:2/4\nK:C\nV:1 treble nm=\"Piano\"\nV:2 bass\n";

/// What each further line changes, as the first bar from 0, after one whole bar.
fn changes(lines: &[&str]) -> Vec<usize> {
    let mut growing = GrowingScore::new();
    growing.push(HEADER);
    growing.push("[V:1]c4|[V:2]C4|\n");
    lines.iter().map(|line| growing.push(line)).collect()
}

#[test]
fn a_bar_that_ends_what_an_earlier_one_began_changes_it() {
    // Nothing changes but that a bar is added.
    assert_eq!(changes(&["[V:1]d4|\n", "[V:1]e4|\n"]), [1, 2]);
    // A line that is not finished yet adds nothing.
    assert_eq!(changes(&["[V:1]d", "4|", "\n"]), [1, 1, 1]);
    // A tie, a slur, a hairpin: the first bar they are in, when they end.
    assert_eq!(
        changes(&["[V:1]d4-|\n", "[V:1]d4|\n", "[V:1]d4|\n"]),
        [1, 1, 3]
    );
    assert_eq!(
        changes(&["[V:1](d4|\n", "[V:1]d4|\n", "[V:1]e4)|\n"]),
        [1, 2, 1]
    );
    assert_eq!(
        changes(&["[V:1]!<(!d4|\n", "[V:1]d4|\n", "[V:1]e4!<)!|\n"]),
        [1, 2, 1]
    );
    // What never ends changes nothing.
    assert_eq!(
        changes(&["[V:1](d4-!8va(!|\n", "[V:1]c4|\n", "[V:1]e4|\n"]),
        [1, 2, 3]
    );
    // An ending ends where the next begins; a section, where its repeat sign stands.
    assert_eq!(
        changes(&["[V:1]d4|1\n", "[V:1]d4:|2\n", "[V:1]e4|]\n"]),
        [1, 2, 3]
    );
    assert_eq!(changes(&["[V:1]d4|\n", "[V:1]:|e4|\n"]), [1, 1]);
}

#[test]
fn a_line_that_overturns_what_was_read_changes_it_too() {
    // A voice that nobody declared, from the first bar on.
    assert_eq!(changes(&["[V:1]d4|\n", "[V:3]C4|\n"]), [1, 0]);
    // The slur ends at the last note, which is in the bar before.
    assert_eq!(changes(&["[V:1](de)|\n", "[V:1])z4|\n"]), [1, 2]);
    assert_eq!(changes(&["[V:1](d2e2|\n", "[V:1])z4|\n"]), [1, 1]);
    // A bar that broke off is full only as the last.
    assert_eq!(changes(&["[V:1]d2\n", "[V:1]e4|\n"]), [1, 1]);
    // The first layer makes a voice.
    assert_eq!(changes(&["[V:1]d4|\n", "[V:1]e4&c4|\n"]), [1, 0]);
    // Nothing of a bar is there yet; then it is.
    assert_eq!(changes(&["[V:1]\n", "[V:1]e4|\n"]), [1, 1]);
}

#[test]
fn abc_as_people_write_it_grows_too() {
    let text = "X:1\nL:1/8\nM:2/4\nK:C\nV:1\nc4|d4|\nV:2\nC4|D4|\n";
    check_every_step("blocks", text, &[12, 9]);
    // Two tags in a line make it the other kind.
    let text = "X:1\nL:1/8\nM:2/4\nK:C\n[V:1]c4|\n[V:1]d4|[V:2]D4|\n";
    check_every_step("turned", text, &[9]);
}
