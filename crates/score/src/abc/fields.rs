//! The values of the fields `K:`, `M:`, `L:`, `Q:`, `V:` and `I:percmap`.

use super::cursor::Cursor;
use super::keys::{self, Altered};
use super::text;
use crate::diagnostic::Position;
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Step};
use crate::score::Drum;
use crate::signature::{Clef, ClefSign, Key, Meter, Tempo};

/// What a `V:` or `K:` field can say of a voice. `None` is what it does not mention.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct VoiceField {
    pub(super) key: Option<Key>,
    /// What the signature has beside the key.
    pub(super) altered: Altered,
    pub(super) clef: Option<Clef>,
    /// The note on the middle line of the staff: another way to say what the clef is.
    pub(super) middle: Option<(Step, i8)>,
    /// Octaves by which the notes are higher than written.
    pub(super) octave: Option<i8>,
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

/// `1/4=120`, `"Allegro" 3/8=96`, `1/4 3/8=40`, `"Largo"`; and as it was once written, in units of `L:`,
/// `120`, `C=120`, `C3=40`.
pub(super) fn tempo(value: &str, unit: Fraction) -> Option<Tempo> {
    let (mut words, mut numbers) = (Vec::new(), String::new());
    for (i, piece) in value.split('"').enumerate() {
        // Every second piece is between quotes.
        if i % 2 == 1 {
            words.push(text::read_line(piece));
        } else {
            numbers.push_str(piece);
        }
    }
    words.retain(|words| !words.is_empty());
    let mut tempo = Tempo {
        words: words.join(" "),
        beats: None,
    };
    let numbers = numbers.trim();
    if !numbers.is_empty() {
        let (beat, count) = numbers.split_once('=').unwrap_or(("C", numbers));
        let mut length = Fraction::ZERO;
        for note in beat.split_whitespace() {
            let note = match note.strip_prefix('C') {
                Some("") => unit,
                Some(units) => {
                    unit.checked_mul(Fraction::whole(units.parse::<u8>().ok()?.into()))?
                }
                None => unit_length(note)?,
            };
            length = length.checked_add(note)?;
        }
        let count = decimal(count.trim().trim_start_matches("ca.").trim_start())?;
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
    let signature = keys::signature(value.trim());
    let mut field = attributes(signature.rest);
    field.key = signature.key;
    field.altered = signature.altered;
    field
}

/// The value of `V:` after the name of the voice.
pub(super) fn voice_field(value: &str) -> VoiceField {
    attributes(value)
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
            ("octave", Some(text)) => {
                let octaves = text.trim_start_matches('+').parse().ok();
                field.octave = octaves.filter(|n: &i8| (-4..=4).contains(n));
                field.octave.is_some()
            }
            ("middle" | "m", Some(text)) => {
                field.middle = abc_pitch(text).map(|(_, step, octave)| (step, octave));
                field.middle.is_some()
            }
            // Older than clefs with an octave.
            (text @ ("-8va" | "+8va"), None) => {
                let octaves = if text.starts_with('-') { -1 } else { 1 };
                let clef = field.clef.unwrap_or_default();
                field.clef = Some(Clef { octaves, ..clef });
                true
            }
            ("clef", Some(text)) | (text, None) => {
                let clef = clef(text);
                field.clef = clef.or(field.clef);
                clef.is_some() || text == "none"
            }
            // What other programs know of a voice is none of ours.
            (name, Some(_)) if name.contains(':') => true,
            _ => false,
        };
        if !understood {
            field.unknown.push(name.to_owned());
        }
    }
}

/// A name, with the line breaks that the training text writes as `\n` in two characters.
fn plain(name: &str) -> String {
    text::read(name).trim().to_owned()
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
    let line_at = name
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(name.len());
    let (name, line) = (name.get(..line_at)?, name.get(line_at..)?);
    let (sign, usual) = match name {
        "treble" | "G" => (ClefSign::G, 2),
        "soprano" => (ClefSign::C, 1),
        "mezzosoprano" => (ClefSign::C, 2),
        "alto" | "C" => (ClefSign::C, 3),
        "tenor" => (ClefSign::C, 4),
        "baritone" => (ClefSign::F, 3),
        "bass" | "F" => (ClefSign::F, 4),
        "perc" | "P" => (ClefSign::Percussion, 2),
        "tab" => (ClefSign::Tab, 5),
        _ => return None,
    };
    // Lines of percussion have no pitches that a sign on one of them could name.
    let line = if line.is_empty() || sign == ClefSign::Percussion {
        usual
    } else {
        line.parse().ok().filter(|line| (1..=5).contains(line))?
    };
    Some(Clef {
        sign,
        line,
        octaves,
    })
}

/// The clef that has `middle` on the middle line, and the octaves by which the notes are then higher than
/// written: in the bass clef `middle=d` says that a written d is the D on the middle line.
pub(super) fn with_middle(clef: Clef, (step, octave): (Step, i8)) -> (Clef, i8) {
    if clef.sign == ClefSign::Percussion {
        return (clef, 0);
    }
    let place = |step: Step, octave: i8| i32::from(octave) * 7 + step as i32;
    let at_sign = match clef.sign {
        ClefSign::C => place(Step::C, 4),
        ClefSign::F => place(Step::F, 3),
        _ => place(Step::G, 4),
    };
    let usual = at_sign + 2 * (3 - i32::from(clef.line));
    let higher = place(step, octave) - usual;
    // A clef one line lower has a middle two steps higher; the rest must be whole octaves.
    let mut lines: Vec<u8> = (1..=5).collect();
    lines.sort_by_key(|line| line.abs_diff(clef.line));
    let found = lines.into_iter().find_map(|line| {
        let steps = higher - 2 * (i32::from(clef.line) - i32::from(line));
        (steps % 7 == 0).then(|| (line, i8::try_from(-steps / 7).unwrap_or(0)))
    });
    match found {
        Some((line, octaves)) => (Clef { line, ..clef }, octaves),
        None => (clef, 0),
    }
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
    fn a_key_field_can_have_a_clef() {
        let fifths = |text: &str| key_field(text).key.map(|k| k.fifths);
        assert_eq!(fifths("D minor clef=bass"), Some(-1));
        assert_eq!(fifths("bass"), None);
        assert_eq!(key_field("C bass-8").clef.map(|c| c.octaves), Some(-1));
        assert_eq!(key_field("Bb alto1").key.map(|k| k.fifths), Some(-2));
        assert_eq!(key_field("clef=tenor3").clef.map(|c| c.line), Some(3));
        assert!(key_field("none").key.is_some_and(|k| k.none));
    }

    #[test]
    fn the_middle_line_says_clef_and_octave() {
        let bass = clef("bass").unwrap();
        assert_eq!(with_middle(bass, (Step::D, 3)), (bass, 0));
        assert_eq!(with_middle(bass, (Step::D, 5)), (bass, -2));
        let french = clef("treble1").unwrap();
        assert_eq!(with_middle(Clef::TREBLE, (Step::D, 5)), (french, 0));
        assert_eq!(with_middle(Clef::TREBLE, (Step::B, 3)), (Clef::TREBLE, 1));
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
        let tempo = |text: &str| tempo(text, Fraction::EIGHTH);
        let beats = |text: &str| tempo(text).and_then(|t| t.beats);
        let f = |a, b| Fraction::new(a, b).unwrap();
        assert_eq!(beats("3/8=92.5"), Some((f(3, 8), f(185, 2))));
        assert_eq!(beats("1/4 3/8 1/4 3/8=40"), Some((f(5, 4), f(40, 1))));
        assert_eq!(beats("120"), Some((f(1, 8), f(120, 1))));
        assert_eq!(beats("C=120"), Some((f(1, 8), f(120, 1))));
        assert_eq!(beats("C3=40"), Some((f(3, 8), f(40, 1))));
        for text in ["\"Lento\"", "\"Lento\" 1/4=50", "1/4=50 \"Lento\""] {
            assert_eq!(tempo(text).map(|t| t.words), Some("Lento".into()));
        }
        assert_eq!(tempo("1/4=x"), None);
        assert_eq!(tempo("1/4=0"), None);
    }
}
