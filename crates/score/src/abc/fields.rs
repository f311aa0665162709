//! The values of the fields `K:`, `M:`, `L:`, `Q:`, `V:` and `I:percmap`.

use super::cursor::Cursor;
use crate::diagnostic::Position;
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Step};
use crate::score::Drum;
use crate::signature::{Clef, ClefSign, Key, Meter, Mode, Tempo};

/// What a `V:` or `K:` field can say of a voice. `None` is what it does not mention.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct VoiceField {
    pub(super) key: Option<Key>,
    pub(super) clef: Option<Clef>,
    pub(super) name: Option<String>,
    pub(super) short_name: Option<String>,
    pub(super) transpose: Option<i8>,
    pub(super) staff_lines: Option<u8>,
    /// What could not be read.
    pub(super) unknown: Vec<String>,
}

/// Lengths of bars and beats: a numerator above this is a slip of the pen.
const MAX_BEATS: u32 = 128;
/// The same for a denominator.
const MAX_UNIT: u32 = 128;

/// `3/4`, `C`, `C|`, `none`, `2+3/8`.
pub(super) fn meter(value: &str) -> Option<Meter> {
    match value.trim() {
        "C" => return Some(Meter::Common),
        "C|" => return Some(Meter::Cut),
        "none" => return Some(Meter::Free),
        _ => {}
    }
    let (beats, unit) = value.trim().split_once('/')?;
    let beats = beats.trim().trim_start_matches('(').trim_end_matches(')');
    let beats = beats
        .split('+')
        .try_fold(0u32, |sum, n| sum.checked_add(n.trim().parse().ok()?))?;
    let unit: u32 = unit.trim().parse().ok()?;
    let fits = (1..=MAX_BEATS).contains(&beats) && unit <= MAX_UNIT && unit.is_power_of_two();
    fits.then_some(Meter::Numbers {
        beats: u16::try_from(beats).ok()?,
        unit: u16::try_from(unit).ok()?,
    })
}

/// `1/8`, or `1`.
pub(super) fn unit_length(value: &str) -> Option<Fraction> {
    let (num, den) = value.trim().split_once('/').unwrap_or((value.trim(), "1"));
    let (num, den): (u32, u32) = (num.trim().parse().ok()?, den.trim().parse().ok()?);
    let fits = (1..=16).contains(&num) && den <= MAX_UNIT && den.is_power_of_two();
    Fraction::new(i64::from(num), i64::from(den)).filter(|_| fits)
}

/// `1/4=120`, `"Allegro" 3/8=96`, `"Largo"`, `120`.
pub(super) fn tempo(value: &str) -> Option<Tempo> {
    let mut tempo = Tempo::default();
    let mut numbers = String::new();
    for (i, piece) in value.split('"').enumerate() {
        if i == 1 {
            piece.trim().clone_into(&mut tempo.words);
        } else {
            numbers.push_str(piece);
        }
    }
    let numbers = numbers.trim();
    if !numbers.is_empty() {
        let (beat, count) = numbers.split_once('=').unwrap_or(("1/4", numbers));
        let mut length = Fraction::ZERO;
        for note in beat.split_whitespace() {
            length = length.checked_add(unit_length(note)?)?;
        }
        let count = decimal(count.trim())?;
        let fits = !length.is_zero() && count > Fraction::ZERO && count < Fraction::whole(10_000);
        tempo.beats = Some((length, count)).filter(|_| fits);
        tempo.beats?;
    }
    (tempo.beats.is_some() || !tempo.words.is_empty()).then_some(tempo)
}

fn decimal(text: &str) -> Option<Fraction> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() > 5 || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10i64.pow(u32::try_from(part.len()).ok()?);
    let part: i64 = if part.is_empty() {
        0
    } else {
        part.parse().ok()?
    };
    Fraction::new(i64::from(whole.parse::<u16>().ok()?) * scale + part, scale)
}

/// The value of `K:` or `[K:]`: a key, a clef, or both.
pub(super) fn key_field(value: &str) -> VoiceField {
    let value = value.trim();
    let (key, rest) = key(value);
    let mut field = attributes(rest);
    field.key = key;
    field
}

/// The value of `V:` after the name of the voice.
pub(super) fn voice_field(value: &str) -> VoiceField {
    attributes(value)
}

fn key(value: &str) -> (Option<Key>, &str) {
    if let Some(rest) = value.strip_prefix("none") {
        let key = Key {
            none: true,
            ..Key::default()
        };
        return (Some(key), rest);
    }
    let mut chars = value.chars();
    let Some(tonic) = chars.next().filter(char::is_ascii_uppercase) else {
        return (None, value);
    };
    let Some(step) = Step::from_letter(tonic) else {
        return (None, value);
    };
    let mut rest = chars.as_str();
    let mut fifths: i8 = match step {
        Step::F => -1,
        Step::C => 0,
        Step::G => 1,
        Step::D => 2,
        Step::A => 3,
        Step::E => 4,
        Step::B => 5,
    };
    if let Some(after) = rest.strip_prefix('#') {
        (fifths, rest) = (fifths + 7, after);
    } else if let Some(after) = rest.strip_prefix('b') {
        (fifths, rest) = (fifths - 7, after);
    }
    let word_at = rest.len() - rest.trim_start().len();
    let word = rest.get(word_at..).unwrap_or("");
    let word_len = word
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(word.len());
    let (word, after) = (
        word.get(..word_len).unwrap_or(""),
        word.get(word_len..).unwrap_or(""),
    );
    // A word such as `bass` or the `clef` of `clef=` is no mode.
    let short: String = word
        .chars()
        .take(3)
        .collect::<String>()
        .to_ascii_lowercase();
    let mode = match (short.as_str(), after.starts_with('=')) {
        ("", _) => None,
        ("maj" | "ion", false) => Some((Mode::Major, 0)),
        ("m" | "min" | "aeo", false) => Some((Mode::Minor, -3)),
        ("mix", false) => Some((Mode::Mixolydian, -1)),
        ("dor", false) => Some((Mode::Dorian, -2)),
        ("phr", false) => Some((Mode::Phrygian, -4)),
        ("lyd", false) => Some((Mode::Lydian, 1)),
        ("loc", false) => Some((Mode::Locrian, -5)),
        _ => None,
    };
    let (mode, shift) = match mode {
        Some(found) => {
            rest = after;
            found
        }
        None => (Mode::Major, 0),
    };
    let key = Key {
        fifths: (fifths + shift).clamp(-7, 7),
        mode,
        none: false,
    };
    (Some(key), rest)
}

fn attributes(value: &str) -> VoiceField {
    let mut field = VoiceField::default();
    let mut cursor = Cursor::new(value, Position::default());
    loop {
        cursor.take_while(char::is_whitespace);
        if cursor.peek().is_none() {
            return field;
        }
        let name = cursor.take_while(|c| !c.is_whitespace() && c != '=');
        let content = cursor.eat('=').then(|| {
            if cursor.eat('"') {
                let quoted = cursor.take_while(|c| c != '"');
                cursor.bump();
                quoted
            } else {
                cursor.take_while(|c| !c.is_whitespace())
            }
        });
        let understood = match (name, content) {
            ("nm" | "name", Some(text)) => {
                field.name = Some(plain(text));
                true
            }
            ("snm" | "sname" | "subname", Some(text)) => {
                field.short_name = Some(plain(text));
                true
            }
            ("transpose" | "t", Some(text)) => {
                field.transpose = text.parse().ok().filter(|n: &i8| (-36..=36).contains(n));
                field.transpose.is_some()
            }
            ("stafflines", Some(text)) => {
                field.staff_lines = text.parse().ok().filter(|n| (1..=9).contains(n));
                field.staff_lines.is_some()
            }
            ("octave", Some(text)) => match text.trim_start_matches('+').parse::<i8>() {
                Ok(octaves @ -4..=4) => {
                    let clef = field.clef.unwrap_or_default();
                    field.clef = Some(Clef { octaves, ..clef });
                    true
                }
                _ => false,
            },
            ("clef", Some(text)) | (text, None) => {
                let clef = clef(text);
                field.clef = clef.or(field.clef);
                clef.is_some() || text == "none"
            }
            _ => false,
        };
        if !understood {
            field.unknown.push(name.to_owned());
        }
    }
}

/// A name without the line breaks that the training text writes as `\\n`.
fn plain(name: &str) -> String {
    name.replace("\\n", " ").trim().to_owned()
}

/// `treble`, `bass-8`, `alto1`, `perc`.
fn clef(text: &str) -> Option<Clef> {
    let end = text.find(['+', '-', '^', '_']).unwrap_or(text.len());
    let (name, suffix) = (text.get(..end)?, text.get(end..)?);
    let octaves = match suffix {
        "" => 0,
        "+8" | "^8" => 1,
        "-8" | "_8" => -1,
        "+15" | "^15" => 2,
        "-15" | "_15" => -2,
        _ => return None,
    };
    let (sign, line) = match name {
        "treble" | "treble2" | "G" | "G2" => (ClefSign::G, 2),
        "treble1" => (ClefSign::G, 1),
        "soprano" | "alto1" => (ClefSign::C, 1),
        "mezzosoprano" | "alto2" => (ClefSign::C, 2),
        "alto" | "alto3" | "C" | "C3" => (ClefSign::C, 3),
        "tenor" | "alto4" => (ClefSign::C, 4),
        "alto5" => (ClefSign::C, 5),
        "baritone" | "bass3" => (ClefSign::F, 3),
        "bass" | "bass4" | "F" | "F4" => (ClefSign::F, 4),
        "bass5" => (ClefSign::F, 5),
        "perc" | "P" => (ClefSign::Percussion, 2),
        "tab" => (ClefSign::Tab, 5),
        _ => return None,
    };
    Some(Clef {
        sign,
        line,
        octaves,
    })
}

/// The value of `I:percmap`: note, place on the staff, MIDI note, shape of the head.
pub(super) fn drum(value: &str) -> Option<Drum> {
    let mut words = value.split_whitespace();
    let (accidental, step, octave) = abc_pitch(words.next()?)?;
    let (shown_step, shown_octave) = match words.next() {
        None | Some("*") => (step, octave),
        Some(place) => {
            let (_, step, octave) = abc_pitch(place)?;
            (step, octave)
        }
    };
    let midi = match words.next() {
        None | Some("*") => 38,
        Some(number) => number.parse().ok().filter(|n| *n < 128)?,
    };
    let head = match words.next().unwrap_or("normal") {
        "x" => "x",
        "circle-x" => "circle-x",
        "diamond" => "diamond",
        "triangle" => "triangle",
        "slash" => "slash",
        "cross" => "cross",
        "square" => "square",
        _ => "normal",
    };
    Some(Drum {
        step,
        octave,
        accidental,
        shown_step,
        shown_octave,
        midi,
        head,
    })
}

fn abc_pitch(text: &str) -> Option<(Option<Accidental>, Step, i8)> {
    let mut cursor = Cursor::new(text, Position::default());
    let accidental = super::notes::read_accidental(&mut cursor);
    let (step, octave) = super::notes::read_step(&mut cursor)?;
    Some((accidental, step, octave))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_mode_and_clef() {
        let fifths = |text: &str| key_field(text).key.map(|k| k.fifths);
        assert_eq!(fifths("Ab"), Some(-4));
        assert_eq!(fifths("F#min"), Some(3));
        assert_eq!(fifths("Edor"), Some(2));
        assert_eq!(fifths("D minor clef=bass"), Some(-1));
        assert_eq!(fifths("bass"), None);
        assert_eq!(fifths(""), None);
        assert_eq!(key_field("C bass-8").clef.map(|c| c.octaves), Some(-1));
        assert_eq!(key_field("Bb alto1").key.map(|k| k.fifths), Some(-2));
        assert!(key_field("none").key.is_some_and(|k| k.none));
    }

    #[test]
    fn a_voice_field_is_read_in_any_order() {
        let field =
            voice_field(r#" treble-8 transpose=-2 stafflines=5 nm="Tenor 1" snm="T. 1" blah"#);
        assert_eq!(field.clef.map(|c| c.octaves), Some(-1));
        assert_eq!(field.transpose, Some(-2));
        assert_eq!(field.staff_lines, Some(5));
        assert_eq!(field.name.as_deref(), Some("Tenor 1"));
        assert_eq!(field.short_name.as_deref(), Some("T. 1"));
        assert_eq!(field.unknown, ["blah"]);
    }

    #[test]
    fn tempi_are_words_numbers_or_both() {
        let beats = |text: &str| tempo(text).and_then(|t| t.beats);
        let f = |a, b| Fraction::new(a, b).unwrap();
        assert_eq!(beats("3/8=92.5"), Some((f(3, 8), f(185, 2))));
        assert_eq!(beats("120"), Some((f(1, 4), f(120, 1))));
        assert_eq!(tempo("\"Lento\"").map(|t| t.words), Some("Lento".into()));
        assert_eq!(tempo("1/4=x"), None);
        assert_eq!(tempo("1/4=0"), None);
    }
}
