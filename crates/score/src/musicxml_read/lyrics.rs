//! `<lyric>`: the syllables sung to a note.

use super::bar::BarReader;
use super::xml::Element;
use crate::event::{Lyric, Syllable};

/// Verses of one note.
const MAX_VERSES: usize = 32;

/// The syllables of a note, by verse.
pub(super) fn read(reader: &mut BarReader<'_>, elements: &[Element<'_, '_>]) -> Vec<Lyric> {
    let mut lyrics = Vec::new();
    for element in elements {
        let mut one = lyric(reader, *element).into_iter().collect();
        add(&mut lyrics, &mut one);
    }
    lyrics
}

/// Adds syllables. One whose verse has a syllable goes to the next verse that has none.
pub(super) fn add(lyrics: &mut Vec<Lyric>, more: &mut Vec<Lyric>) {
    for mut lyric in more.drain(..) {
        if lyrics.len() >= MAX_VERSES {
            return;
        }
        while lyrics.iter().any(|l| l.verse == lyric.verse) {
            lyric.verse = lyric.verse.saturating_add(1);
        }
        let at = lyrics.partition_point(|l| l.verse < lyric.verse);
        lyrics.insert(at, lyric);
    }
}

fn lyric(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<Lyric> {
    let (mut text, mut join) = (String::new(), None);
    // Whether the word goes on before the first and after the last syllable of it.
    let (mut before, mut after) = (None, false);
    let mut syllabic = "single";
    let mut extends = false;
    for child in element.children() {
        match child.name() {
            "syllabic" => syllabic = child.trimmed(),
            "text" => {
                if !text.is_empty() {
                    text.push_str(join.take().unwrap_or(""));
                }
                text.push_str(child.text());
                before.get_or_insert(matches!(syllabic, "middle" | "end"));
                after = matches!(syllabic, "begin" | "middle");
            }
            // Two syllables on one note: a space between them, if no sign is told.
            "elision" => {
                join = Some(child.text())
                    .filter(|sign| !sign.is_empty())
                    .or(Some(" "));
                syllabic = "single";
            }
            "extend" => extends = !child.is("type", "stop"),
            "laughing" | "humming" => reader.leave_out(&format!("<{}>", child.name())),
            _ => {}
        }
    }
    let text = text.trim().to_owned();
    let syllable = match (before.unwrap_or(false), after) {
        (false, false) => Syllable::Whole,
        (false, true) => Syllable::First,
        (true, true) => Syllable::Middle,
        (true, false) => Syllable::Last,
    };
    (!text.is_empty()).then(|| Lyric {
        verse: verse(element),
        text,
        syllable,
        extends,
    })
}

/// The verse: a number, or the number at the end of a name such as `part1verse2`.
fn verse(element: Element<'_, '_>) -> u8 {
    let number = element.attribute("number").unwrap_or_default();
    let name = number.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = number.get(name.len()..).unwrap_or("");
    digits.parse().ok().filter(|n| *n > 0).unwrap_or(1)
}
