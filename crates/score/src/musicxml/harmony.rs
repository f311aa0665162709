//! Chord symbols.

use super::xml::Xml;
use crate::pitch::Step;

/// How chord symbols say their kind, and MusicXML's name for it.
const KINDS: &[(&str, &str)] = &[
    ("", "major"),
    ("maj", "major"),
    ("M", "major"),
    ("m", "minor"),
    ("min", "minor"),
    ("-", "minor"),
    ("dim", "diminished"),
    ("o", "diminished"),
    ("aug", "augmented"),
    ("+", "augmented"),
    ("7", "dominant"),
    ("maj7", "major-seventh"),
    ("M7", "major-seventh"),
    ("ma7", "major-seventh"),
    ("m7", "minor-seventh"),
    ("min7", "minor-seventh"),
    ("dim7", "diminished-seventh"),
    ("o7", "diminished-seventh"),
    ("aug7", "augmented-seventh"),
    ("+7", "augmented-seventh"),
    ("m7b5", "half-diminished"),
    ("6", "major-sixth"),
    ("m6", "minor-sixth"),
    ("9", "dominant-ninth"),
    ("maj9", "major-ninth"),
    ("m9", "minor-ninth"),
    ("11", "dominant-11th"),
    ("13", "dominant-13th"),
    ("sus", "suspended-fourth"),
    ("sus4", "suspended-fourth"),
    ("sus2", "suspended-second"),
];

/// How a kind of chord is written, by its name in MusicXML.
pub(crate) fn symbol_of(kind: &str) -> Option<&'static str> {
    let found = KINDS.iter().find(|(_, name)| *name == kind);
    found.map(|(symbol, _)| *symbol)
}

/// Writes a chord symbol; `false` if it cannot be understood and has to be words.
pub(super) fn write(xml: &mut Xml, symbol: &str, staff: Option<i64>) -> bool {
    let (chord, bass) = match symbol.split_once('/') {
        Some((chord, bass)) => (chord, Some(bass)),
        None => (symbol, None),
    };
    let Some((root, root_alter, kind)) = note(chord) else {
        return false;
    };
    let Some((_, name)) = KINDS.iter().find(|(text, _)| *text == kind.trim()) else {
        return false;
    };
    let bass = match bass.map(note) {
        None => None,
        Some(Some((step, alter, ""))) => Some((step, alter)),
        Some(_) => return false,
    };
    xml.open("harmony", &[]);
    xml.open("root", &[]);
    xml.text("root-step", &[], &root.letter().to_string());
    if root_alter != 0 {
        xml.number("root-alter", root_alter);
    }
    xml.close();
    xml.text("kind", &[("text", kind.trim())], name);
    if let Some((step, alter)) = bass {
        xml.open("bass", &[]);
        xml.text("bass-step", &[], &step.letter().to_string());
        if alter != 0 {
            xml.number("bass-alter", alter);
        }
        xml.close();
    }
    if let Some(staff) = staff {
        xml.number("staff", staff);
    }
    xml.close();
    true
}

fn note(text: &str) -> Option<(Step, i64, &str)> {
    let mut chars = text.chars();
    let step = chars
        .next()
        .filter(char::is_ascii_uppercase)
        .and_then(Step::from_letter)?;
    let rest = chars.as_str();
    Some(match rest.strip_prefix('#') {
        Some(rest) => (step, 1, rest),
        None => match rest.strip_prefix('b') {
            Some(rest) => (step, -1, rest),
            None => (step, 0, rest),
        },
    })
}
