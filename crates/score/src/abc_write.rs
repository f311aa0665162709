//! Writing standard ABC 2.1.
//!
//! One tune: the header with every voice declared, then the music of one voice after another, each begun
//! by its `V:` line. It says everything that the model holds, in a form that other programs read too, and
//! reading it back gives the same score. Only reminders (`!courtesy!`) come back as plain accidentals,
//! because other programs stop at decorations they do not know.

mod voice;

use std::fmt::Write;

use crate::fraction::Fraction;
use crate::pitch::Accidental;
use crate::score::{Drum, Score, Voice};
use crate::signature::{Clef, ClefSign, Key, Meter, Mode, Tempo};

/// The unit of lengths, `L:1/8`, which is NotaGen's too.
const UNIT: Fraction = Fraction::EIGHTH;

/// The score as standard ABC 2.1. Equal scores give equal text.
pub fn write_abc(score: &Score) -> String {
    let mut out = String::from("%abc-2.1\nX:1\n");
    write_metadata(&mut out, score);
    write_layout(&mut out, score);
    out.push_str("L:1/8\n");
    if let Some(tempo) = &score.tempo {
        let _ = writeln!(out, "Q:{}", tempo_value(tempo));
    }
    let meter = score.bars.first().and_then(|bar| bar.meter);
    let _ = writeln!(out, "M:{}", meter_value(meter.unwrap_or(Meter::Free)));
    for voice in &score.voices {
        write_voice_line(&mut out, score, voice);
    }
    let _ = writeln!(out, "K:{}", key_value(score.key));
    for (index, voice) in score.voices.iter().enumerate() {
        let _ = writeln!(out, "V:{}", voice.id);
        for drum in &voice.drums {
            let _ = writeln!(out, "I:percmap {}", drum_value(drum));
        }
        voice::write(&mut out, score, index, voice);
    }
    out
}

fn write_metadata(out: &mut String, score: &Score) {
    let metadata = &score.metadata;
    let _ = writeln!(out, "T:{}", one_line(&metadata.title));
    let lines = [
        ("C:", &metadata.composer),
        ("%%abc-creator ", &metadata.software),
        ("%%partita-period ", &metadata.period),
        ("%%partita-instrumentation ", &metadata.instrumentation),
    ];
    for (field, value) in lines {
        if !value.is_empty() {
            let _ = writeln!(out, "{field}{}", one_line(value));
        }
    }
    if let Some(rights) = &metadata.rights {
        let _ = writeln!(out, "%%abc-copyright {}", one_line(rights));
    }
    for (name, value) in &metadata.fields {
        let name = one_line(name).replace(':', " ");
        let _ = writeln!(out, "N:{name}: {}", one_line(value));
    }
}

/// Text that fits on the line of a field.
fn one_line(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.collect::<String>().trim().to_owned()
}

/// `%%score`: brackets around groups of parts, braces around the staves of one, round brackets around the
/// voices of a staff.
fn write_layout(out: &mut String, score: &Score) {
    out.push_str("%%score");
    for (index, part) in score.parts.iter().enumerate() {
        for group in score.groups.iter().filter(|g| g.first == index) {
            out.push_str(if group.brace { " {" } else { " [" });
        }
        if part.staves > 1 {
            out.push_str(" {");
        }
        for staff in 1..=part.staves {
            let ids: Vec<&str> = score
                .voices_of(index)
                .filter(|(_, voice)| voice.staff == staff)
                .map(|(_, voice)| voice.id.as_str())
                .collect();
            if staff > 1 {
                out.push_str(" |");
            }
            match ids.as_slice() {
                [] => {}
                [only] => {
                    let _ = write!(out, " {only}");
                }
                several => {
                    let _ = write!(out, " ( {} )", several.join(" "));
                }
            }
        }
        if part.staves > 1 {
            out.push_str(" }");
        }
        for group in score.groups.iter().rev().filter(|g| g.last == index) {
            out.push_str(if group.brace { " }" } else { " ]" });
        }
    }
    out.push('\n');
}

fn write_voice_line(out: &mut String, score: &Score, voice: &Voice) {
    let _ = write!(out, "V:{} clef={}", voice.id, clef_value(voice.clef));
    if let Some(lines) = voice.staff_lines {
        let _ = write!(out, " stafflines={lines}");
    }
    if voice.transpose != 0 {
        let _ = write!(out, " transpose={}", voice.transpose);
    }
    // The name of a part is that of its first voice: a second one would make a brace a group of parts.
    let first = score.voices_of(voice.part).next();
    if first.is_some_and(|(_, v)| v.id == voice.id)
        && let Some(part) = score.parts.get(voice.part)
    {
        for (field, name) in [("name", &part.name), ("subname", &part.short_name)] {
            if !name.is_empty() {
                let _ = write!(out, " {field}=\"{}\"", one_line(name).replace('"', "'"));
            }
        }
    }
    out.push('\n');
}

fn clef_value(clef: Clef) -> String {
    let name = match (clef.sign, clef.line) {
        (ClefSign::G, 1) => "treble1",
        (ClefSign::G, _) => "treble",
        (ClefSign::C, 1) => "alto1",
        (ClefSign::C, 2) => "alto2",
        (ClefSign::C, 4) => "tenor",
        (ClefSign::C, 5) => "alto5",
        (ClefSign::C, _) => "alto",
        (ClefSign::F, 3) => "bass3",
        (ClefSign::F, 5) => "bass5",
        (ClefSign::F, _) => "bass",
        (ClefSign::Percussion, _) => "perc",
        (ClefSign::Tab, _) => "tab",
    };
    let octaves = match clef.octaves {
        0 => "",
        1 => "+8",
        -1 => "-8",
        2.. => "+15",
        i8::MIN..=-2 => "-15",
    };
    format!("{name}{octaves}")
}

fn key_value(key: Key) -> String {
    if key.none {
        return "none".to_owned();
    }
    let (suffix, shift) = match key.mode {
        Mode::Major => ("", 0),
        Mode::Minor => ("min", -3),
        Mode::Dorian => ("dor", -2),
        Mode::Phrygian => ("phr", -4),
        Mode::Lydian => ("lyd", 1),
        Mode::Mixolydian => ("mix", -1),
        Mode::Locrian => ("loc", -5),
    };
    // The tonic of the major key with the same name is that many fifths away.
    let fifths = i32::from(key.fifths) - shift;
    let index = fifths + 1;
    let letters = ["F", "C", "G", "D", "A", "E", "B"];
    let at = usize::try_from(index.rem_euclid(7)).unwrap_or(0);
    let letter = letters.get(at).copied().unwrap_or("C");
    let accidental = match index.div_euclid(7) {
        1.. => "#",
        0 => "",
        _ => "b",
    };
    format!("{letter}{accidental}{suffix}")
}

fn meter_value(meter: Meter) -> String {
    match meter {
        Meter::Numbers { beats, unit } => format!("{beats}/{unit}"),
        Meter::Common => "C".to_owned(),
        Meter::Cut => "C|".to_owned(),
        Meter::Free => "none".to_owned(),
    }
}

fn tempo_value(tempo: &Tempo) -> String {
    let mut out = String::new();
    if !tempo.words.is_empty() {
        let _ = write!(out, "\"{}\"", one_line(&tempo.words).replace('"', "'"));
    }
    if let Some((beat, count)) = tempo.beats {
        if !out.is_empty() {
            out.push(' ');
        }
        let thousandths = count.ticks(10_000);
        let number = format!("{}.{:04}", thousandths / 10_000, thousandths % 10_000);
        let number = number.trim_end_matches('0').trim_end_matches('.');
        let _ = write!(out, "{}/{}={number}", beat.num(), beat.den());
    }
    out
}

fn drum_value(drum: &Drum) -> String {
    let pitch = |step: crate::pitch::Step, octave: i8| {
        let mut text = String::new();
        voice::push_step(&mut text, step, octave);
        text
    };
    format!(
        "{}{} {} {} {}",
        drum.accidental.map_or("", Accidental::abc),
        pitch(drum.step, drum.octave),
        pitch(drum.shown_step, drum.shown_octave),
        drum.midi,
        drum.head
    )
}
