//! `<attributes>`: divisions, keys, metres, clefs, transpositions.

use super::bar::{BarReader, shown};
use super::numbers::{decimal, whole};
use super::raw::{Change, Signature};
use super::xml::Element;
use crate::fraction::Fraction;
use crate::signature::{Clef, ClefSign, Key, Meter, Mode};

/// Divisions of a quarter note; the writers known have at most a million.
const MAX_DIVISIONS: Fraction = Fraction::whole(1 << 24);
/// Beats of a bar, and the denominator of a beat.
const MAX_BEATS: u16 = 1024;
/// Semitones from written to sounding.
const MAX_TRANSPOSITION: i32 = 36;

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    for child in element.children() {
        match child.name() {
            "divisions" => divisions(reader, child),
            "key" => key(reader, child),
            "time" => time(reader, child),
            "staves" => {
                reader.staff(child.trimmed());
            }
            "clef" => clef(reader, child),
            "staff-details" => staff_details(reader, child),
            "transpose" => transpose(reader, child),
            "measure-style" => measure_style(reader, child),
            // Each note says which instrument it is for, and which staves belong together is known.
            "instruments" | "part-symbol" => {}
            other => reader.leave_out(&format!("<{other}>")),
        }
    }
}

fn divisions(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    match decimal(element.trimmed()) {
        Some(divisions) if divisions > Fraction::ZERO && divisions <= MAX_DIVISIONS => {
            reader.part.divisions = divisions;
        }
        _ => {
            let text = shown(element.trimmed());
            reader.warn(format!(
                "a quarter note cannot have \"{text}\" divisions: left as it was"
            ));
        }
    }
}

/// The staff that a key, clef or transposition is for.
fn number(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<u8> {
    let number = element.attribute("number")?;
    Some(reader.staff(&number))
}

fn push(reader: &mut BarReader<'_>, staff: Option<u8>, change: Change) {
    let moment = reader.moment();
    reader.bar.signatures.push(Signature {
        moment,
        staff,
        change,
    });
}

fn key(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let mut key = Key::default();
    match whole::<i8>(element.child_text("fifths")) {
        Some(fifths @ -7..=7) => key.fifths = fifths,
        Some(fifths) => {
            reader.note(format!(
                "a key of {fifths} fifths is taken for one of seven"
            ));
            key.fifths = fifths.clamp(-7, 7);
        }
        None if element.child("key-step").is_some() => {
            reader.leave_out("a key signature of single notes");
            key.none = true;
        }
        None => {
            reader.warn("a key without fifths is left out");
            return;
        }
    }
    key.mode = match element.child_text("mode") {
        "" | "major" | "ionian" => Mode::Major,
        "minor" | "aeolian" => Mode::Minor,
        "dorian" => Mode::Dorian,
        "phrygian" => Mode::Phrygian,
        "lydian" => Mode::Lydian,
        "mixolydian" => Mode::Mixolydian,
        "locrian" => Mode::Locrian,
        "none" => {
            key.none = key.fifths == 0;
            Mode::Major
        }
        other => {
            reader.note(format!("the mode \"{}\" is taken for major", shown(other)));
            Mode::Major
        }
    };
    let staff = number(reader, element);
    push(reader, staff, Change::Key(key));
}

fn time(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let Some(meter) = meter(reader, element) else {
        let text = shown(element.child_text("beats"));
        reader.warn(format!(
            "a metre of \"{text}\" beats is not understood and left out"
        ));
        return;
    };
    if reader.bar.meter.is_some_and(|first| first != meter) {
        reader.note("staves have metres of their own: that of the first holds");
        return;
    }
    if reader.now > Fraction::ZERO {
        reader.note("the metre changes inside a bar: taken for the whole bar");
    }
    reader.bar.meter = Some(meter);
}

fn meter(reader: &mut BarReader<'_>, element: Element<'_, '_>) -> Option<Meter> {
    if element.child("senza-misura").is_some() {
        return Some(Meter::Free);
    }
    // Pairs of beats and beat-type that are added up; beats can be sums themselves.
    let mut sum: Option<(u16, u16)> = None;
    let mut beats = None;
    let mut terms = 0;
    for child in element.children() {
        match child.name() {
            "beats" => {
                let numbers = child.trimmed().split('+').map(whole::<u16>);
                let numbers: Vec<u16> = numbers.collect::<Option<_>>()?;
                terms += numbers.len();
                beats = numbers.iter().try_fold(0u16, |sum, n| sum.checked_add(*n));
            }
            "beat-type" => {
                let unit = whole::<u16>(child.trimmed());
                let unit = unit.filter(|u| u.is_power_of_two() && *u <= MAX_BEATS)?;
                let beats = beats.take()?;
                sum = Some(match sum {
                    None => (beats, unit),
                    Some((before, before_unit)) => {
                        let common = unit.max(before_unit);
                        let in_common = |beats: u16, unit: u16| beats.checked_mul(common / unit);
                        let sum = in_common(before, before_unit)?;
                        (sum.checked_add(in_common(beats, unit)?)?, common)
                    }
                });
            }
            _ => {}
        }
    }
    let (beats, unit) = sum.filter(|(beats, _)| (1..=MAX_BEATS).contains(beats))?;
    if terms > 1 {
        reader.note(format!("a composite metre is taken for {beats}/{unit}"));
    }
    Some(match element.attribute("symbol").as_deref() {
        Some("common") if (beats, unit) == (4, 4) => Meter::Common,
        Some("cut") if (beats, unit) == (2, 2) => Meter::Cut,
        _ => Meter::Numbers { beats, unit },
    })
}

fn clef(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let sign = match element.child_text("sign") {
        "G" => ClefSign::G,
        "C" => ClefSign::C,
        "F" => ClefSign::F,
        "percussion" => ClefSign::Percussion,
        "TAB" => ClefSign::Tab,
        other => {
            reader.note(format!(
                "the clef \"{}\" is not known: left out",
                shown(other)
            ));
            return;
        }
    };
    let usual = match sign {
        ClefSign::G | ClefSign::Percussion => 2,
        ClefSign::C => 3,
        ClefSign::F => 4,
        ClefSign::Tab => 5,
    };
    let line = whole::<u8>(element.child_text("line")).filter(|line| (1..=9).contains(line));
    let octaves = whole::<i8>(element.child_text("clef-octave-change")).unwrap_or(0);
    let clef = Clef {
        sign,
        line: match sign {
            ClefSign::Percussion => usual,
            _ => line.unwrap_or(usual),
        },
        octaves: octaves.clamp(-2, 2),
    };
    if clef.octaves != octaves {
        reader.note("a clef more than two octaves off is taken for one of two");
    }
    let staff = number(reader, element).unwrap_or(1);
    push(reader, Some(staff), Change::Clef(clef));
}

fn staff_details(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let Some(lines) = whole::<u8>(element.child_text("staff-lines")) else {
        return;
    };
    let staff = number(reader, element).unwrap_or(1);
    if !(1..=9).contains(&lines) {
        reader.note(format!(
            "a staff of {lines} lines is taken for an ordinary one"
        ));
        return;
    }
    match reader.part.staff_lines.iter().find(|(s, _)| *s == staff) {
        Some((_, before)) if *before != lines => {
            reader.note("the number of staff lines changes: the first holds");
        }
        Some(_) => {}
        None => reader.part.staff_lines.push((staff, lines)),
    }
}

fn transpose(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    let chromatic = whole::<i32>(element.child_text("chromatic"));
    let octaves = whole::<i32>(element.child_text("octave-change")).unwrap_or(0);
    let semitones = chromatic.and_then(|c| octaves.checked_mul(12)?.checked_add(c));
    let semitones = semitones
        .filter(|s| s.abs() <= MAX_TRANSPOSITION)
        .and_then(|s| i8::try_from(s).ok());
    let Some(semitones) = semitones else {
        reader.warn("a transposition that makes no sense is left out");
        return;
    };
    if element.child("double").is_some() {
        reader.leave_out("the doubling of a part in another octave");
    }
    let staff = number(reader, element);
    if reader.place.bar > Some(0) && reader.part.transpositions.is_empty() {
        reader.part.transpositions.push((None, 0));
    }
    let all = &reader.part.transpositions;
    let before = all.iter().find(|(s, _)| *s == staff || s.is_none());
    match before {
        Some((_, before)) if *before != semitones => {
            reader.warn("the transposition changes: the first one holds for the whole part");
        }
        Some(_) => {}
        None => reader.part.transpositions.push((staff, semitones)),
    }
}

fn measure_style(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    for child in element.children() {
        match child.name() {
            // How rests are printed.
            "multiple-rest" => {}
            name @ ("measure-repeat" | "beat-repeat") => {
                if child.is("type", "start") {
                    reader.warn(format!(
                        "<{name}>: the signs are left out, the bars stay as they are"
                    ));
                }
            }
            other => reader.leave_out(&format!("<{other}>")),
        }
    }
}
