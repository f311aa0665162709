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
    ("maj11", "major-11th"),
    ("m11", "minor-11th"),
    ("13", "dominant-13th"),
    ("maj13", "major-13th"),
    ("m13", "minor-13th"),
    ("mMaj7", "major-minor"),
    ("5", "power"),
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
    let (kind, degrees) = kind.split_at(kind.find('(').unwrap_or(kind.len()));
    let Some(degrees) = degrees_of(degrees) else {
        return false;
    };
    let known = KINDS.iter().find(|(text, _)| *text == kind.trim());
    let name = match known {
        Some((_, name)) => name,
        None if is_kind(kind) => "other",
        None => return false,
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
    for degree in degrees {
        xml.open("degree", &[]);
        xml.number("degree-value", degree.value);
        xml.number("degree-alter", degree.alter);
        xml.text("degree-type", &[], degree.kind);
        xml.close();
    }
    if let Some(staff) = staff {
        xml.number("staff", staff);
    }
    xml.close();
    true
}

/// Whether this looks like what stands after the root of a chord, and not like the rest of a word.
fn is_kind(text: &str) -> bool {
    const PIECES: [&str; 21] = [
        "maj", "Maj", "ma", "M", "min", "mi", "m", "dim", "aug", "sus", "add", "alt", "°", "ø",
        "Δ", "o", "+", "-", "#", "b", ",",
    ];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let piece = PIECES.iter().find_map(|piece| rest.strip_prefix(piece));
        let digit = rest.get(1..).filter(|_| first.is_ascii_digit());
        match piece.or(digit) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// A note that a chord has or lacks besides its kind.
struct Degree {
    value: u8,
    alter: i8,
    kind: &'static str,
}

/// The degrees in a text such as `(#11)(add9)(no3)`.
fn degrees_of(text: &str) -> Option<Vec<Degree>> {
    let mut degrees = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let (degree, after) = rest.strip_prefix('(')?.split_once(')')?;
        let signs = [
            ("add", 0, "add"),
            ("no", 0, "subtract"),
            ("#", 1, "alter"),
            ("b", -1, "alter"),
        ];
        let found = signs
            .into_iter()
            .find(|(sign, ..)| degree.starts_with(sign));
        let (sign, alter, kind) = found?;
        let value = degree.strip_prefix(sign)?;
        // What is written with a zero in front would be read without it.
        let value = Some(value).filter(|v| !v.starts_with(['0', '+']))?;
        degrees.push(Degree {
            value: value.parse().ok()?,
            alter,
            kind,
        });
        rest = after;
    }
    Some(degrees)
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
