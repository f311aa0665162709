use engine::PATCH_SIZE;

use super::*;

const HEADER: [&str; 5] = [
    "%%score ( 1 2 )\n",
    "L:1/8\n",
    "M:2/4\n",
    "K:C\n",
    "V:1 treble nm=\"Piano\"\n",
];

fn patch(text: &[u8]) -> Patch {
    let mut patch = [0; PATCH_SIZE];
    patch[..text.len()].copy_from_slice(text);
    if let Some(end) = patch.get_mut(text.len()) {
        *end = END_OF_PATCH;
    }
    patch
}

/// A stretch of text as a model writes it. The verdict over its last patch; the others go on.
fn write(guarded: &mut Guarded, text: &str) -> Verdict {
    let (last, before) = match text.as_bytes().chunks(PATCH_SIZE).collect::<Vec<_>>()[..] {
        [ref before @ .., last] => (last, before.to_vec()),
        [] => panic!("nothing to write"),
    };
    for chunk in before {
        assert_eq!(guarded.accept(&patch(chunk)), Verdict::GoesOn);
    }
    let verdict = guarded.accept(&patch(last));
    if verdict == Verdict::Stretch {
        guarded.keep();
    }
    verdict
}

/// In the first bar, after the first voice.
fn in_first_bar() -> Guarded {
    let mut guarded = Guarded::repair();
    guarded.keep();
    for line in HEADER.iter().chain(&["V:2 treble \n", "[r:0/3][V:1]c4"]) {
        assert_eq!(write(&mut guarded, line), Verdict::Stretch, "{line}");
    }
    guarded
}

/// What is left of equal probabilities for these characters.
fn weighed(guarded: &Guarded, drawn: &[u8], among: &[(u8, f64)]) -> [f64; 128] {
    let mut probabilities = [0.0; 128];
    for &(c, p) in among {
        probabilities[usize::from(c)] = p;
    }
    guarded.weigh(drawn, &mut probabilities);
    probabilities
}

#[test]
fn a_bar_that_is_too_short_or_too_long_is_written_again_from_its_beginning() {
    let mut guarded = in_first_bar();
    for broken in [
        "|[V:2]c2|\n",
        "|[V:2]c2d2e2|\n",
        "|[V:1]c4|\n",
        "|[V:2]h4|\n",
    ] {
        assert_eq!(write(&mut guarded, broken), Verdict::Broken, "{broken}");
    }
    assert_eq!(write(&mut guarded, "|[V:2]c2d2|\n"), Verdict::Stretch);
    assert_eq!(guarded.at_patch.bars(), 1);
}

#[test]
fn what_broke_in_a_later_patch_goes_back_to_the_first() {
    let mut guarded = in_first_bar();
    let (first, second) = (patch(b"|[V:2]c/d/e/f/g/"), patch(b"a/b/c'/d'/|\n"));
    for _ in 0..2 {
        assert_eq!(guarded.accept(&first), Verdict::GoesOn);
        assert_eq!(guarded.accept(&second), Verdict::Broken);
    }
    assert_eq!(guarded.accept(&first), Verdict::GoesOn);
    assert_eq!(guarded.accept(&patch(b"a/b/c'/|\n")), Verdict::Stretch);
}

#[test]
fn what_is_kept_in_the_middle_of_a_stretch_is_not_taken_back() {
    let mut guarded = in_first_bar();
    let first = patch(b"|[V:2]c/d/e/f/g/");
    assert_eq!(guarded.accept(&first), Verdict::GoesOn);
    guarded.keep();
    assert_eq!(guarded.accept(&patch(b"z8|\n")), Verdict::Broken);
    assert_eq!(guarded.accept(&patch(b"a/b/c'/|\n")), Verdict::Stretch);
}

#[test]
fn a_line_of_the_header_is_written_again_too() {
    let mut guarded = Guarded::repair();
    guarded.keep();
    assert_eq!(write(&mut guarded, HEADER[0]), Verdict::Stretch);
    assert_eq!(write(&mut guarded, "L:1/7\n"), Verdict::Broken);
    assert_eq!(write(&mut guarded, HEADER[1]), Verdict::Stretch);
}

#[test]
fn after_five_tries_the_model_is_held_to_the_grammar_until_the_stretch_is_over() {
    let mut guarded = in_first_bar();
    let wishes = [(b'z', 0.95), (b'|', 0.05)];
    for _ in 0..=TRIES {
        assert!(guarded.is_free());
        assert_eq!(
            weighed(&guarded, b"|[V:2]c2d2", &wishes)[usize::from(b'z')],
            0.95
        );
        assert_eq!(write(&mut guarded, "|[V:2]c2d2z2|\n"), Verdict::Broken);
    }
    assert!(!guarded.is_free());
    assert_eq!(
        weighed(&guarded, b"|[V:2]c2d2", &wishes)[usize::from(b'z')],
        0.0
    );
    assert_eq!(write(&mut guarded, "|[V:2]c2d2|\n"), Verdict::Stretch);
    assert!(guarded.is_free());
}

#[test]
fn a_slip_is_not_drawn_but_what_the_model_leans_to_is() {
    let guarded = in_first_bar();
    let rest = |p: f64| {
        let left = weighed(&guarded, b"|[V:2]c2d2", &[(b'z', p), (b'|', 1.0 - p)]);
        left[usize::from(b'z')]
    };
    assert_eq!([rest(0.85), rest(0.95)], [0.0, 0.95]);
}

#[test]
fn a_model_that_gives_next_to_nothing_to_what_may_come_breaks_at_once() {
    let mut guarded = in_first_bar();
    let left = weighed(&guarded, b"|[V:2]c2d2", &[(b'z', 0.9995), (b'|', 0.0005)]);
    let drawn: Vec<usize> = (0..128).filter(|&c| left[c] > 0.0).collect();
    assert_eq!(drawn, [usize::from(NONE)]);
    let mut text = b"|[V:2]c2d2".to_vec();
    text.push(NONE);
    assert_eq!(
        guarded.given(&text),
        Some(END_OF_PATCH),
        "the rest is not drawn"
    );
    assert_eq!(guarded.accept(&patch(&text)), Verdict::Broken);
}

#[test]
fn only_what_is_no_music_is_settled_while_the_model_writes_freely() {
    let free = in_first_bar();
    assert_eq!(free.given(b"|[V:2]c2d2"), None, "signs may come too");
    assert_eq!(
        free.given(b""),
        None,
        "the first voice may end with any barline"
    );
    assert_eq!(free.given(b"|["), Some(b'V'));
    let mut next = in_first_bar();
    assert_eq!(write(&mut next, "|[V:2]c2d2|\n"), Verdict::Stretch);
    assert_eq!(next.given(b"[r:"), Some(b'1'), "the counter");
    assert_eq!(next.given(b"[r:1/2]"), Some(b'['));
}
