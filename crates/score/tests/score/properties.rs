//! Noise and damaged scores: whatever comes in, a score comes out that holds together.

use proptest::prelude::*;
use score::write_abc;

use crate::check::checked;
use crate::compare::difference;
use crate::pieces;

/// Pieces of the language, more likely to hit something than single letters.
const WORDS: &[&str] = &[
    "[V:1]",
    "[V:2]",
    "[V:9]",
    "[r:0/9]",
    "\n",
    "|",
    "||",
    "|]",
    ":|",
    "|:",
    "::",
    "|1",
    ":|2",
    "[1",
    "c",
    "D,",
    "e'",
    "^f",
    "_B",
    "=c",
    "z",
    "x4",
    "Z2",
    "2",
    "/",
    "3/2",
    "/0",
    "99999",
    "-",
    "(",
    ")",
    "(3",
    "(3:2:1",
    "(9:4:27",
    "(1:1:3",
    "[",
    "]",
    "{",
    "}",
    "{/",
    "\"^a\"",
    "\"",
    "!p!",
    "!<(!",
    "!<)!",
    "!8va(!",
    "!8va)!",
    "!//-!",
    "!////!",
    "!trill(!",
    "!-(!",
    "!",
    ".",
    "T",
    "<",
    ">",
    "[K:G]",
    "[K:bass-8]",
    "[K:none]",
    "[K:]",
    "[M:3/8]",
    "[M:none]",
    "[Q:3/8=9]",
    "[I:staff +1]",
    "[I:staff -1]",
    "[L:1/16]",
    "&",
    "%",
    "é",
    "\u{0}",
    "V:2\n",
    "K:C\n",
    "V:1 perc\n",
    "X:1\n",
    "%%score { 1 | 2 }\n",
    "L:1/8\n",
    "M:4/4\n",
    "I:percmap E B 81 x\n",
    " ",
];

pub(crate) fn language() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..80).prop_map(|words| words.concat())
}

pub(crate) fn damaged() -> impl Strategy<Value = String> {
    let texts: Vec<String> = pieces().into_iter().map(|(_, text)| text).collect();
    let edits = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            0..4u8,
            prop::sample::select(WORDS),
        ),
        1..8,
    );
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, kind, word) in edits {
            if chars.is_empty() {
                break;
            }
            let at = at.index(chars.len());
            match kind {
                0 => {
                    chars.remove(at);
                }
                1 => chars.splice(at..at, word.chars()).for_each(drop),
                2 => chars.truncate(at.max(40)),
                _ => {
                    let end = (at + 30).min(chars.len());
                    chars.drain(at..end);
                }
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_score(text in ".{0,400}") {
        checked(&text);
    }

    #[test]
    fn any_words_of_the_language_give_a_score(body in language()) {
        checked(&body);
        checked(&format!("%%score {{ ( 1 2 ) | 3 }}\nL:1/8\nM:3/4\nK:D\nV:1 treble nm=\"a\"\nV:2 treble\nV:3 bass\n{body}"));
    }

    #[test]
    fn a_damaged_piece_gives_a_score(text in damaged()) {
        checked(&text);
    }

    #[test]
    fn a_damaged_piece_is_read_back_as_it_was_repaired(text in damaged()) {
        let (score, before) = checked(&text);
        let (_, after) = checked(&write_abc(&score));
        prop_assert_eq!(difference(&after, &before), (vec![], vec![]));
    }
}
