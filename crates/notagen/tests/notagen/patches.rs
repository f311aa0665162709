//! Text and patches: nothing is lost, and the rules of cutting hold.

use notagen::patches::{
    CLOSING, Continuation, OPENING, decode, encode_continuation, encode_prompt, encode_training,
    is_end, restart_text, text_of,
};
use notagen::{BOS, EOS, PAD, Patch};
use proptest::prelude::*;

use crate::parity::data;

const NO_LIMIT: usize = usize::MAX;

fn patch(text: &str) -> Patch {
    let mut patch = [PAD; 16];
    patch[..text.len()].copy_from_slice(text.as_bytes());
    if text.len() < 16 {
        patch[text.len()] = EOS;
    }
    patch
}

fn texts(patches: &[Patch]) -> Vec<String> {
    patches.iter().map(text_of).collect()
}

/// A piece with its `[r:i/n]`, as it comes out of the model.
fn piece() -> String {
    let text = std::fs::read_to_string(data().join("tiny/text.abc")).unwrap();
    decode(&encode_training(&text, NO_LIMIT).unwrap())
}

#[test]
fn a_prompt_is_the_opening_patch_and_three_lines() {
    let patches = encode_prompt("Romantic", "Schubert, Franz", "Art Song").unwrap();
    assert_eq!(
        patches,
        [
            OPENING,
            patch("%Romantic\n"),
            patch("%Schubert, Franz"),
            patch("\n"),
            patch("%Art Song\n")
        ]
    );
    for (period, code) in [
        ("", "text_invalid"),
        ("a\nb", "text_invalid"),
        ("Romántico", "text_invalid"),
        ("\u{1}", "text_invalid"),
    ] {
        assert_eq!(encode_prompt(period, "b", "c").unwrap_err().code(), code);
    }
}

#[test]
fn a_line_of_16_characters_has_no_end_mark() {
    let patches = encode_training("%3456789012345\nX\n", NO_LIMIT).unwrap();
    assert_eq!(texts(&patches[1..3]), ["%3456789012345\n", "X\n"]);
    assert_eq!(patches[1][15], EOS);
    let patches = encode_training("%34567890123456\nX\n", NO_LIMIT).unwrap();
    assert_eq!(patches[1], *b"%34567890123456\n");
}

#[test]
fn a_bar_line_begins_the_bar_after_it() {
    let body = |line: &str| {
        let patches = encode_training(&format!("{line}\n"), NO_LIMIT).unwrap();
        texts(&patches[1..patches.len() - 1])
    };
    assert_eq!(body("[V:1]C|[V:2]D|"), ["[r:0/0][V:1]C", "|[V:2]D|\n"]);
    assert_eq!(body("[V:1]C:|[V:2]D:|"), ["[r:0/0][V:1]C", ":|[V:2]D:|\n"]);
    assert_eq!(body("[V:1]C|1[V:2]D|]"), ["[r:0/0][V:1]C", "|1[V:2]D|]\n"]);
    assert_eq!(body("[V:1]CDEF"), ["[r:0/0][V:1]CDEF", "\n"]);
    // Two bar lines in a row shift the pairs, as in the reference; here nothing is lost by it.
    assert_eq!(
        body("[V:1]C:||:[V:2]D|").concat(),
        "[r:0/0][V:1]C:||:[V:2]D|\n"
    );
    assert_eq!(body("[V:1]C||||").concat(), "[r:0/0][V:1]C||||\n");
}

#[test]
fn a_continuation_at_any_patch_is_the_patches_so_far() {
    let all = encode_training(
        &std::fs::read_to_string(data().join("tiny/text.abc")).unwrap(),
        NO_LIMIT,
    )
    .unwrap();
    for count in 2..all.len() {
        let text = decode(&all[..count]);
        let Continuation { patches, open } = encode_continuation(&text, NO_LIMIT).unwrap();
        let last = text_of(&all[count - 1]);
        let in_body = text.contains("[r:");
        if last.len() == 16 || (!in_body && last.ends_with('\n')) {
            assert_eq!((patches, open), (all[..count].to_vec(), vec![]), "{text}");
        } else {
            assert_eq!(
                (patches, open),
                (all[..count - 1].to_vec(), last.into_bytes()),
                "{text}"
            );
        }
    }
}

#[test]
fn what_is_open_is_shorter_than_a_patch() {
    let continuation = encode_continuation("%a\n[r:0/1][V:1]CDE|\n", NO_LIMIT).unwrap();
    assert_eq!(
        texts(&continuation.patches),
        ["", "%a\n", "[r:0/1][V:1]CDE|"]
    );
    assert_eq!(continuation.open, b"\n");
    let continuation = encode_continuation("", NO_LIMIT).unwrap();
    assert_eq!(
        continuation,
        Continuation {
            patches: vec![OPENING],
            open: vec![]
        }
    );
    let continuation = encode_continuation("%a\n%b", NO_LIMIT).unwrap();
    assert_eq!(
        continuation,
        Continuation {
            patches: vec![OPENING, patch("%a\n")],
            open: b"%b".to_vec()
        }
    );
}

#[test]
fn a_text_too_long_for_the_context_is_refused() {
    let text = piece();
    let needed = encode_continuation(&text, NO_LIMIT).unwrap().patches.len();
    assert!(encode_continuation(&text, needed).is_ok());
    assert_eq!(
        encode_continuation(&text, needed - 1).unwrap_err().code(),
        "context_full"
    );
    assert_eq!(
        encode_training("%a\n", 2).unwrap_err().code(),
        "context_full"
    );
    for bad in ["caf\u{e9}", "a\u{2}b", "\0"] {
        assert_eq!(
            encode_continuation(bad, NO_LIMIT).unwrap_err().code(),
            "text_invalid"
        );
    }
}

#[test]
fn a_restart_keeps_the_last_half_of_the_lines() {
    let restart = |body| restart_text("%h\n", body);
    assert_eq!(restart("a\nb\nc\nd\n").as_deref(), Some("%h\nd\n"));
    assert_eq!(restart("a\nb\nc\nd\ne").as_deref(), Some("%h\nd\ne"));
    assert_eq!(restart("a\nb").as_deref(), Some("%h\nb"));
    assert_eq!(restart("a long line that never ends"), None);
    assert_eq!(restart("a\n"), None);
    assert_eq!(restart(""), None);
}

#[test]
fn restarting_again_and_again_comes_to_an_end() {
    let text = piece();
    let (header, body) = text.split_at(text.find("[r:").unwrap());
    let mut body = body.to_owned();
    let mut lengths = vec![body.len()];
    while let Some(text) = restart_text(header, &body) {
        assert!(text.starts_with(header));
        body = text[header.len()..].to_owned();
        lengths.push(body.len());
    }
    assert!(
        lengths.len() > 2 && lengths.is_sorted_by(|a, b| a > b),
        "{lengths:?}"
    );
}

#[test]
fn the_end_is_recognised_as_trained_and_as_drawn() {
    assert!(is_end(&CLOSING));
    let mut drawn = [PAD; 16];
    (drawn[0], drawn[1]) = (BOS, EOS);
    assert!(is_end(&drawn));
    assert!(!is_end(&OPENING));
    assert!(!is_end(&patch("|\n")));
}

#[test]
fn ids_that_are_no_characters_are_no_text() {
    let mut patch = *b"ab\x00c\x01d|\nefghijkl";
    assert_eq!(text_of(&patch), "abcd|\nefghijkl");
    patch[6] = EOS;
    assert_eq!(text_of(&patch), "abcd");
    assert_eq!(text_of(&[255; 16]), "");
}

/// Bodies with all that matters to cutting, in any order.
fn line() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("[V:1]".to_owned()),
        Just("[V:2]".to_owned()),
        Just("|".to_owned()),
        Just(":|".to_owned()),
        Just("|:".to_owned()),
        Just("||".to_owned()),
        Just("|]".to_owned()),
        Just("[|".to_owned()),
        Just("::".to_owned()),
        "[A-Ga-gz0-9/ ]{1,20}",
        "[ -~]{1,6}",
    ];
    proptest::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn nothing_is_lost_in_training_patches(header in "(%[ -~]{0,40}\n){0,4}", body in proptest::collection::vec(line(), 1..5)) {
        prop_assume!(!header.contains("[V:"));
        // The body begins at the first line with a voice.
        let lines: Vec<String> = body.iter().map(|line| format!("[V:1]{line}")).collect();
        let text = format!("{header}{}\n", lines.join("\n"));
        let patches = encode_training(&text, NO_LIMIT).unwrap();
        prop_assert_eq!(patches[0], OPENING);
        prop_assert_eq!(patches[patches.len() - 1], CLOSING);
        let last = lines.len() - 1;
        let numbered: String = lines.iter().enumerate().map(|(i, line)| format!("[r:{i}/{}]{line}\n", last - i)).collect();
        prop_assert_eq!(decode(&patches), format!("{header}{numbered}"));
        for patch in &patches[1..patches.len() - 1] {
            // Characters, then nothing or an end mark and padding.
            let count = text_of(patch).len();
            prop_assert!(count > 0);
            prop_assert!(count == 16 || patch[count] == EOS);
            prop_assert!(patch[(count + 1).min(16)..].iter().all(|&id| id == PAD));
        }
    }

    #[test]
    fn nothing_is_lost_in_a_continuation(text in "([ -~]{0,40}\n?){0,6}") {
        let Continuation { patches, open } = encode_continuation(&text, NO_LIMIT).unwrap();
        prop_assert!(open.len() < 16);
        let without_empty_lines: String = text.split_inclusive('\n').filter(|line| *line != "\n").collect();
        prop_assert_eq!(decode(&patches) + std::str::from_utf8(&open).unwrap(), without_empty_lines);
    }

    #[test]
    fn any_ids_decode_without_a_panic(patches in proptest::collection::vec(any::<Patch>(), 0..8)) {
        prop_assert!(decode(&patches).is_ascii());
    }
}
