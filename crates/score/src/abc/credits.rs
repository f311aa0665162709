//! Fields that say something of the piece as a whole: who wrote it, where it comes from, its words.

use super::text;
use crate::metadata::Metadata;

/// Miscellaneous fields of one piece; the history of a tune can take a page.
const MAX_FIELDS: usize = 256;
/// The name under which the words below a tune (`W:`) are kept, their lines one after another.
pub(crate) const WORDS: &str = "words";
/// The order in which the parts of a tune are played (`P:` in the header).
pub(crate) const PARTS: &str = "parts";

/// Fields that have a letter of their own, and the names under which the metadata keep them.
pub(crate) const LETTERS: &[(char, &str)] = &[
    ('A', "area"),
    ('B', "book"),
    ('D', "discography"),
    ('F', "file"),
    ('G', "group"),
    ('H', "history"),
    ('O', "origin"),
    ('P', PARTS),
    ('R', "rhythm"),
    ('S', "source"),
    ('Z', "transcription"),
];

/// Articles that catalogues put behind a title.
const ARTICLES: &[&str] = &[
    "The", "A", "An", "La", "Le", "Les", "L'", "Un", "Une", "Der", "Die", "Das", "Ein", "Eine",
    "El", "Los", "Las", "Il", "Lo", "I", "Gli", "De", "Het", "Y",
];

/// Whether a title in a catalogue can end with this.
pub(crate) fn is_article(text: &str) -> bool {
    ARTICLES.contains(&text)
}

/// `Wild Rover, The` is the Wild Rover.
pub(super) fn title(value: &str) -> String {
    let sorted = value.rsplit_once(", ");
    let article = sorted.filter(|(_, last)| is_article(last));
    match article {
        Some((rest, article)) => {
            let between = if article.ends_with('\'') { "" } else { " " };
            text::read_line(&format!("{article}{between}{rest}"))
        }
        None => text::read_line(value),
    }
}

/// Takes in a field of the header or of a line below the tune. Says whether there was room for it.
pub(super) fn take(metadata: &mut Metadata, letter: char, value: &str) -> bool {
    match letter {
        'T' => append(&mut metadata.title, &title(value), " - "),
        'C' => append(&mut metadata.composer, &text::read_line(value), ", "),
        'W' => {
            let line = text::read_line(value);
            match metadata.fields.iter_mut().find(|(name, _)| name == WORDS) {
                Some((_, words)) => {
                    words.push('\n');
                    words.push_str(&line);
                }
                // What is empty divides stanzas.
                None if line.is_empty() => {}
                None => return add(metadata, WORDS, line),
            }
        }
        'N' => {
            // Partita's own exports keep fields of any name here.
            let (name, value) = value.split_once(':').unwrap_or(("notes", value));
            return add(metadata, &text::read_line(name), text::read_line(value));
        }
        _ => {
            let field = LETTERS.iter().find(|(l, _)| *l == letter);
            if let Some((_, name)) = field.filter(|_| !value.is_empty()) {
                return add(metadata, name, text::read_line(value));
            }
        }
    }
    true
}

/// `+:` goes on with the field before it.
pub(super) fn go_on(metadata: &mut Metadata, letter: char, value: &str) {
    let slot = match letter {
        'T' => Some(&mut metadata.title),
        'C' => Some(&mut metadata.composer),
        'W' | 'N' => metadata.fields.last_mut().map(|(_, value)| value),
        _ if LETTERS.iter().any(|(l, _)| *l == letter) => {
            metadata.fields.last_mut().map(|(_, value)| value)
        }
        _ => None,
    };
    if let Some(slot) = slot {
        append(slot, &text::read_line(value), " ");
    }
}

fn append(slot: &mut String, value: &str, between: &str) {
    if !slot.is_empty() && !value.is_empty() {
        slot.push_str(between);
    }
    slot.push_str(value);
}

fn add(metadata: &mut Metadata, name: &str, value: String) -> bool {
    let room = metadata.fields.len() < MAX_FIELDS;
    if room {
        metadata.fields.push((name.to_owned(), value));
    }
    room
}
