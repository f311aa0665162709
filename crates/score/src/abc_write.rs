//! Writing ABC: standard ABC 2.1, and NotaGen's interleaved text (`interleaved`).
//!
//! Standard ABC is one tune: the header with every voice declared, then the music of one voice after
//! another, each begun by its `V:` line. It says everything that the model holds, in a form that other
//! programs read too, and reading it back gives the same score. Only reminders (`!courtesy!`) come back
//! as plain accidentals, because other programs stop at decorations they do not know.
//!
//! What a voice has in a bar is written by `music` for both.

mod interleaved;
mod language;
mod lyrics;
mod music;
mod voice;

use std::fmt::Write;

use crate::abc::marks::{direction_name, mark_name};
use crate::abc::{credits, text};
use crate::event::Tremolo;
use crate::fraction::Fraction;
use crate::metadata::Metadata;
use crate::pitch::Accidental;
use crate::score::{Drum, Group, Part, Score, Voice};
use crate::signature::{Clef, ClefSign, Key, Meter, Mode, Tempo};

pub use interleaved::write_interleaved;

/// The unit of lengths, `L:1/8`, which is NotaGen's too.
const UNIT: Fraction = Fraction::EIGHTH;

/// Which ABC is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dialect {
    /// ABC 2.1.
    Standard,
    /// NotaGen's training text, in the spelling of the program that made it.
    Notagen,
}

impl Dialect {
    /// The clef as it can be named.
    fn clef(self, clef: Clef) -> Clef {
        match self {
            Self::Standard => clef,
            Self::Notagen => language::clef(clef),
        }
    }
}

/// The score as standard ABC 2.1. Equal scores give equal text.
pub fn write_abc(score: &Score) -> String {
    let mut out = String::from("%abc-2.1\nX:1\n");
    write_title(&mut out, &score.metadata.title);
    write_metadata(&mut out, &score.metadata);
    // Without this, accidentals would hold in all octaves.
    out.push_str("I:propagate-accidentals octave\n");
    let ids: Vec<String> = score.voices.iter().map(|voice| voice.id.clone()).collect();
    write_layout(&mut out, score, &ids);
    out.push_str("L:1/8\n");
    if let Some(tempo) = &score.tempo {
        let _ = writeln!(out, "Q:{}", tempo_value(tempo));
    }
    if let Some(meter) = score.bars.first().and_then(|bar| bar.meter) {
        let _ = writeln!(out, "M:{}", meter_value(meter));
    }
    for voice in &score.voices {
        write_voice_line(&mut out, score, voice);
    }
    let _ = writeln!(out, "K:{}", key_value(score.key));
    for (index, voice) in score.voices.iter().enumerate() {
        let _ = writeln!(out, "V:{}", voice.id);
        if let Some(program) = score.parts.get(voice.part).and_then(|part| part.program) {
            let _ = writeln!(out, "%%MIDI program {program}");
        }
        for drum in &voice.drums {
            let _ = writeln!(out, "I:percmap {}", drum_value(drum));
        }
        voice::write(&mut out, score, index, voice);
    }
    out
}

fn write_title(out: &mut String, title: &str) {
    let title = one_line(title);
    // A comma before an article would be taken for that of a catalogue.
    let title = match title.rsplit_once(", ") {
        Some((rest, article)) if credits::is_article(article) => {
            format!("{rest}\\u002c {article}")
        }
        _ => title,
    };
    let _ = writeln!(out, "T:{title}");
}

/// What is known of the piece besides its title.
fn write_metadata(out: &mut String, metadata: &Metadata) {
    let lines = [
        ("C:", &metadata.composer),
        ("%%abc-creator ", &metadata.software),
        ("%%partita-period ", &metadata.period),
        ("%%partita-instrumentation ", &metadata.instrumentation),
    ];
    for (field, value) in lines {
        if !value.is_empty() {
            write_field(out, field, value);
        }
    }
    if let Some(rights) = &metadata.rights {
        let _ = writeln!(out, "%%abc-copyright {}", one_line(rights));
    }
    for (name, value) in &metadata.fields {
        if name == credits::WORDS {
            for line in value.split('\n') {
                let _ = writeln!(out, "W:{}", one_line(line));
            }
            continue;
        }
        let letter = credits::LETTERS.iter().find(|(_, known)| known == name);
        let value = one_line(value);
        match letter.filter(|_| !value.is_empty()) {
            Some((letter, _)) => {
                let _ = writeln!(out, "{letter}:{value}");
            }
            None => {
                let _ = writeln!(out, "N:{}: {value}", one_line(name).replace(':', " "));
            }
        }
    }
}

/// `C:value`, with a space where the value would make music of it.
fn write_field(out: &mut String, field: &str, value: &str) {
    let value = one_line(value);
    let space = if value.starts_with(['|', ':']) {
        " "
    } else {
        ""
    };
    let _ = writeln!(out, "{field}{space}{value}");
}

/// Text without line breaks and blanks around it.
fn single_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() && c.is_whitespace();
    text.replace(breaks, " ").trim().to_owned()
}

/// Text that fits on the line of a field.
fn one_line(text: &str) -> String {
    text::write(&single_line(text), &[])
}

/// Text between quotes. A bar would end it, and a voice tag in it would be taken for one.
fn quoted(text: &str) -> String {
    text::write(text, &['"', '|']).replace("[V:", "\\u005bV:")
}

/// Text in a field between brackets.
fn bracketed(text: &str) -> String {
    quoted(text).replace(']', "\\u005d")
}

/// `%%score`: brackets around groups of parts, braces around the staves of one, round brackets around the
/// voices of a staff.
fn write_layout(out: &mut String, score: &Score, ids: &[String]) {
    out.push_str("%%score");
    for (index, part) in score.parts.iter().enumerate() {
        for group in score.groups.iter().filter(|g| g.first == index) {
            out.push_str(if is_brace(score, group) { " {" } else { " [" });
        }
        if part.staves > 1 {
            out.push_str(" {");
        }
        for staff in 1..=part.staves {
            let ids: Vec<&str> = score
                .voices_of(index)
                .filter(|(_, voice)| voice.staff == staff)
                .filter_map(|(v, _)| ids.get(v).map(String::as_str))
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
            out.push_str(if is_brace(score, group) { " }" } else { " ]" });
        }
    }
    out.push('\n');
}

/// Whether the group can be written with a brace: one that holds nothing but staves, of which at most one
/// has a name, would be taken for one instrument.
fn is_brace(score: &Score, group: &Group) -> bool {
    let parts = score.parts.get(group.first..=group.last).unwrap_or(&[]);
    let named = parts.iter().filter(|part| !part.name.is_empty()).count();
    let inside = |other: &&Group| {
        other.first >= group.first && other.last <= group.last && !std::ptr::eq(*other, group)
    };
    let is_plain =
        parts.iter().all(|part| part.staves == 1) && !score.groups.iter().any(|g| inside(&g));
    group.brace && (named > 1 || !is_plain)
}

fn write_voice_line(out: &mut String, score: &Score, voice: &Voice) {
    let _ = write!(out, "V:{} clef={}", voice.id, clef_value(voice.clef));
    if let Some(lines) = voice.staff_lines {
        let _ = write!(out, " stafflines={lines}");
    }
    if voice.transpose != 0 {
        let _ = write!(out, " transpose={}", voice.transpose);
    }
    if let Some(part) = named_by(score, voice) {
        for (field, name) in [("name", &part.name), ("subname", &part.short_name)] {
            if !name.is_empty() {
                let _ = write!(out, " {field}=\"{}\"", quoted(name.trim()));
            }
        }
    }
    out.push('\n');
}

/// The part whose name stands in the line of this voice, which is that of its first voice: a second name would
/// make a brace a group of parts.
fn named_by<'a>(score: &'a Score, voice: &Voice) -> Option<&'a Part> {
    let (_, first) = score.voices_of(voice.part).next()?;
    (first.id == voice.id).then(|| score.parts.get(voice.part))?
}

/// The name of a tremolo's decoration; the second of two notes has none.
fn tremolo_name(tremolo: Tremolo) -> Option<String> {
    match tremolo {
        Tremolo::Single(strokes) => Some("/".repeat(usize::from(strokes))),
        Tremolo::First(strokes) => Some(format!("{}-", "/".repeat(usize::from(strokes)))),
        Tremolo::Second(_) => None,
    }
}

fn clef_value(clef: Clef) -> String {
    let (name, usual) = match (clef.sign, clef.line) {
        (ClefSign::G, _) => ("treble", 2),
        (ClefSign::C, 4) => ("tenor", 4),
        (ClefSign::C, _) => ("alto", 3),
        (ClefSign::F, _) => ("bass", 4),
        (ClefSign::Percussion, _) => ("perc", 2),
        (ClefSign::Tab, _) => ("tab", 5),
    };
    let line = Some(clef.line).filter(|line| *line != usual && (1..=5).contains(line));
    let line = line.map_or(String::new(), |line| line.to_string());
    let octaves = match clef.octaves {
        0 => "",
        1 => "+8",
        -1 => "-8",
        2.. => "+15",
        i8::MIN..=-2 => "-15",
    };
    format!("{name}{line}{octaves}")
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
        let _ = write!(out, "\"{}\"", quoted(&single_line(&tempo.words)));
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
        music::push_step(&mut text, step, octave);
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
