//! Key signatures: tonic, mode, and accidentals of their own.

use super::cursor::Cursor;
use super::notes;
use crate::diagnostic::Position;
use crate::pitch::Step;
use crate::signature::{Key, Mode};

/// For each step from C what a signature makes of it that the [`Key`] does not say.
pub(super) type Altered = [Option<i8>; 7];

const STEPS: [Step; 7] = [
    Step::C,
    Step::D,
    Step::E,
    Step::F,
    Step::G,
    Step::A,
    Step::B,
];

/// The first letters of the modes, the modes, and the fifths between them and major.
const MODES: &[(&str, Mode, i8)] = &[
    ("maj", Mode::Major, 0),
    ("ion", Mode::Major, 0),
    ("m", Mode::Minor, -3),
    ("min", Mode::Minor, -3),
    ("aeo", Mode::Minor, -3),
    ("mix", Mode::Mixolydian, -1),
    ("dor", Mode::Dorian, -2),
    ("phr", Mode::Phrygian, -4),
    ("lyd", Mode::Lydian, 1),
    ("loc", Mode::Locrian, -5),
];

/// A key signature at the beginning of a `K:` field.
#[derive(Default)]
pub(super) struct Signature<'a> {
    pub(super) key: Option<Key>,
    pub(super) altered: Altered,
    /// What comes after it.
    pub(super) rest: &'a str,
}

/// `G`, `F#min`, `Edor`, `D Phr ^f`, `C exp _b_e`, `HP`, `none`.
pub(super) fn signature(value: &str) -> Signature<'_> {
    let nothing = Signature {
        rest: value,
        ..Signature::default()
    };
    if let Some(rest) = value.strip_prefix("none") {
        let key = Key {
            none: true,
            ..Key::default()
        };
        return Signature {
            key: Some(key),
            rest,
            ..nothing
        };
    }
    // The pipes of the Highlands have F and C sharp, whether a signature is printed (Hp) or not (HP).
    if let Some(rest) = value.strip_prefix("HP").or(value.strip_prefix("Hp")) {
        let key = Key {
            fifths: 2,
            mode: Mode::Mixolydian,
            none: false,
        };
        return Signature {
            key: Some(key),
            rest,
            ..nothing
        };
    }
    let Some((tonic, rest)) = tonic(value) else {
        return nothing;
    };
    let (mode, shift, rest) = mode(rest).unwrap_or((Mode::Major, 0, rest));
    let key = Key {
        fifths: (tonic + shift).clamp(-7, 7),
        mode,
        none: false,
    };
    with_accidentals(key, tonic, rest)
}

/// The tonic, as fifths from C, and what comes after it.
fn tonic(value: &str) -> Option<(i8, &str)> {
    let letter = value.chars().next().filter(char::is_ascii_uppercase)?;
    let fifths = match Step::from_letter(letter)? {
        Step::F => -1,
        Step::C => 0,
        Step::G => 1,
        Step::D => 2,
        Step::A => 3,
        Step::E => 4,
        Step::B => 5,
    };
    let rest = value.get(1..)?;
    if let Some(rest) = rest.strip_prefix(['#', '♯']) {
        Some((fifths + 7, rest))
    } else if let Some(rest) = rest.strip_prefix(['b', '♭']) {
        Some((fifths - 7, rest))
    } else {
        Some((fifths, rest))
    }
}

/// The mode, if one is next, with its fifths against major and what comes after it.
fn mode(rest: &str) -> Option<(Mode, i8, &str)> {
    let (word, after) = first_word(rest);
    // A word such as `bass` is no mode, nor is the `m` of `C m=d`, but that of `Am=f` is.
    if after.starts_with('=') && rest.starts_with(char::is_whitespace) {
        return None;
    }
    let short: String = word.chars().take(3).collect();
    let short = short.to_ascii_lowercase();
    let (_, mode, shift) = MODES.iter().find(|(name, ..)| *name == short)?;
    Some((*mode, *shift, after))
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic());
    text.split_at(end.unwrap_or(text.len()))
}

/// Adds the accidentals that follow the mode. After `exp` they are all there are.
fn with_accidentals(key: Key, tonic: i8, rest: &str) -> Signature<'_> {
    let explicit = first_word(rest);
    let (mut alters, rest) = if explicit.0 == "exp" {
        ([0; 7], explicit.1)
    } else {
        (STEPS.map(|step| key.alter(step)), rest)
    };
    let mut cursor = Cursor::new(rest, Position::default());
    let mut rest = cursor.clone();
    let mut found = explicit.0 == "exp";
    loop {
        cursor.take_while(char::is_whitespace);
        let accidental = notes::read_accidental(&mut cursor);
        let step = cursor.peek().and_then(Step::from_letter);
        let (Some(accidental), Some(step)) = (accidental, step) else {
            break;
        };
        cursor.bump();
        if let Some(alter) = alters.get_mut(step as usize) {
            *alter = accidental.alter();
        }
        found = true;
        rest = cursor.clone();
    }
    let (key, altered) = if found {
        nearest(key, tonic, alters)
    } else {
        (key, Altered::default())
    };
    Signature {
        key: Some(key),
        altered,
        rest: rest.rest(),
    }
}

/// The ordinary signature that differs least from these alterations, and where it differs.
fn nearest(key: Key, tonic: i8, alters: [i8; 7]) -> (Key, Altered) {
    let altered = |fifths: i8| {
        let plain = Key {
            fifths,
            ..Key::default()
        };
        let mut pairs = STEPS.iter().zip(alters);
        std::array::from_fn(|_| {
            let (step, alter) = pairs.next()?;
            (plain.alter(*step) != alter).then_some(alter)
        })
    };
    let distance = |fifths: i8| {
        let altered: Altered = altered(fifths);
        let count = altered.iter().flatten().count();
        (count, (fifths - key.fifths).abs())
    };
    let fifths = (-7..=7).min_by_key(|f| distance(*f)).unwrap_or(key.fifths);
    let named = MODES.iter().find(|(.., shift)| tonic + shift == fifths);
    let mode = if fifths == key.fifths {
        key.mode
    } else {
        named.map_or(Mode::Major, |(_, mode, _)| *mode)
    };
    let key = Key {
        fifths,
        mode,
        none: false,
    };
    (key, altered(fifths))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (i8, Mode, usize, &str) {
        let signature = signature(text);
        let key = signature.key.unwrap();
        let altered = signature.altered.iter().flatten().count();
        (key.fifths, key.mode, altered, signature.rest)
    }

    #[test]
    fn every_mode_is_read_whole_and_short_in_any_case() {
        for (text, fifths, mode) in [
            ("C", 0, Mode::Major),
            ("G major", 1, Mode::Major),
            ("FIonian", -1, Mode::Major),
            ("Am", 0, Mode::Minor),
            ("F#MIN", 3, Mode::Minor),
            ("Bb Aeolian", -5, Mode::Minor),
            ("D mix", 1, Mode::Mixolydian),
            ("Edorian", 2, Mode::Dorian),
            ("E Phr", 0, Mode::Phrygian),
            ("Eblyd", -2, Mode::Lydian),
            ("Bloc", 0, Mode::Locrian),
        ] {
            assert_eq!(read(text), (fifths, mode, 0, ""), "{text}");
        }
    }

    #[test]
    fn accidentals_that_make_an_ordinary_signature_are_one() {
        assert_eq!(read("D exp ^f^c"), (2, Mode::Major, 0, ""));
        assert_eq!(read("D exp"), (0, Mode::Dorian, 0, ""));
        assert_eq!(read("D =c"), (1, Mode::Mixolydian, 0, ""));
        assert_eq!(read("Dmix=c"), (1, Mode::Mixolydian, 0, ""));
        assert_eq!(read("HP"), (2, Mode::Mixolydian, 0, ""));
        assert_eq!(
            read("Hp clef=treble"),
            (2, Mode::Mixolydian, 0, " clef=treble")
        );
    }

    #[test]
    fn other_accidentals_stand_beside_the_nearest_signature() {
        assert_eq!(
            read("D Phr ^f clef=bass"),
            (-2, Mode::Phrygian, 1, " clef=bass")
        );
        let altered = signature("D exp ^f_b").altered;
        assert_eq!(altered.iter().flatten().count(), 1);
        assert_eq!(read("A ^g=f bass").2, 1);
    }

    #[test]
    fn a_clef_is_no_key() {
        for text in ["bass", "clef=alto", "", "treble-8"] {
            assert!(signature(text).key.is_none(), "{text}");
        }
        assert_eq!(read("C m=d"), (0, Mode::Major, 0, " m=d"));
    }
}
