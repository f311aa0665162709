//! Noise and damaged scores: whatever comes in, a score comes out that holds together.

use proptest::prelude::*;
use score::{Score, parse_abc, write_abc, write_musicxml};

use crate::check::{check_piece, check_score, checked};
use crate::compare::{difference, read};
use crate::{musicxml_trip, pieces};

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
    "\nw:la- le_ * | lu~x -\n",
    "\nw:1. a\n+:b\n",
    "\ns:!f! * \"^a\" | T\n",
    "&&",
    "+trill+",
    "+CE+",
    "y2",
    "[CE2]",
    "(5",
    "!trill",
    "\"^caf\\'e &amp; 50%\"",
    "[V:2 clef=bass octave=1]",
    "V:3 octave=-1 transpose=2\n",
    "K:D exp ^f_b\n",
    "U:T=!fermata!\n",
    "W:words\n",
    "%%MIDI program 40\n",
    "I:propagate-accidentals not\n",
    "%abc-2.1\n",
    "Q:120\n",
    "P:A\n",
    " ",
];

/// The first thing in which two scores differ.
fn first_difference(new: &Score, old: &Score) -> String {
    for (b, (new, old)) in new.bars.iter().zip(&old.bars).enumerate() {
        for (v, (new, old)) in new.voices.iter().zip(&old.voices).enumerate() {
            if let Some((new, old)) = new.items.iter().zip(&old.items).find(|(a, b)| a != b) {
                return format!("bar {}, voice {v}: {new:?} instead of {old:?}", b + 1);
            }
            if new.items.len() != old.items.len() {
                return format!(
                    "bar {}, voice {v}: {:?} instead of {:?}",
                    b + 1,
                    new.items,
                    old.items
                );
            }
        }
        if new != old {
            return format!("bar {}: {new:?} instead of {old:?}", b + 1);
        }
    }
    let head = |score: &Score| Score {
        bars: Vec::new(),
        ..score.clone()
    };
    format!("{:?} instead of {:?}", head(new), head(old))
}

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
    #![proptest_config(crate::trials(256))]

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
    fn any_tune_of_words_is_read_back_as_it_was_written(body in language()) {
        // Whether a voice has drums or notes does not change in the middle of it.
        let body = body.replace("V:1 perc\n", "");
        let (score, _) = checked(&format!("X:1\nM:3/4\nL:1/8\nK:G\nc|{body}"));
        let written = write_abc(&score);
        let again = parse_abc(&written).0;
        prop_assert!(again == score, "{}\n{}", written, first_difference(&again, &score));
    }
}

proptest! {
    // Whole pieces take longer than a few words.
    #![proptest_config(crate::trials(1000))]

    #[test]
    fn a_damaged_piece_gives_a_score(text in damaged()) {
        checked(&text);
    }

    #[test]
    fn a_damaged_piece_is_read_back_from_musicxml(text in damaged()) {
        musicxml_trip::check_damaged(&text);
    }

    #[test]
    fn a_damaged_piece_is_read_back_as_it_was_repaired(text in damaged()) {
        let (score, before) = checked(&text);
        let (_, after) = checked(&write_abc(&score));
        prop_assert_eq!(difference(&after, &before), (vec![], vec![]));
    }

    #[test]
    fn a_damaged_piece_is_read_back_from_the_text_of_the_model(text in damaged()) {
        let (score, _) = checked(&text);
        crate::interleaved::check("damaged", &score);
    }

    #[test]
    fn a_damaged_piece_that_grows_is_at_every_step_what_its_text_is(
        text in damaged(), sizes in prop::collection::vec(1..400usize, 1..6)
    ) {
        crate::growing::check_every_step("damaged", &text, &sizes);
    }

    #[test]
    fn an_excerpt_of_a_damaged_piece_is_a_score(text in damaged(), from in 0..12usize, length in 0..6usize) {
        let (score, _) = checked(&text);
        prop_assert_eq!(&score.excerpt(0..score.bar_count()), &score);
        let excerpt = score.excerpt(from..from + length);
        check_score(&excerpt);
        check_piece(&excerpt, &read(&write_musicxml(&excerpt)));
    }

    #[test]
    fn any_words_of_the_language_can_grow(body in language(), sizes in prop::collection::vec(1..30usize, 1..4)) {
        crate::growing::check_every_step("words", &body, &sizes);
        let header = "%%score { ( 1 2 ) | 3 }\nL:1/8\nM:3/4\nK:D\nV:1 treble nm=\"a\"\nV:2 treble\nV:3 bass\n";
        crate::growing::check_every_step("words", &format!("{header}{body}"), &sizes);
    }
}
