//! The music of one voice.

use std::fmt::Write;

use super::UNIT;
use crate::abc::marks;
use crate::event::{
    Content, Direction, Event, GraceGroup, Item, Mark, Note, Slurs, Tremolo, Tuplet,
};
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Step};
use crate::reading::Reading;
use crate::score::{Bar, Barline, Score, Voice};
use crate::signature::{Clef, ClefSign};

/// Bars on a line of text.
const BARS_ON_A_LINE: usize = 4;

/// What a reader of the text knows at a place in it.
struct State {
    clef: Clef,
    staff: u8,
    reading: Reading,
}

/// Writes the bars of a voice.
pub(super) fn write(out: &mut String, score: &Score, index: usize, voice: &Voice) {
    let mut state = State {
        clef: voice.clef,
        staff: voice.staff,
        reading: Reading::new(voice.key),
    };
    if score.bars.is_empty() {
        return;
    }
    if voice.key != score.key {
        let _ = write!(out, "[K:{}] ", super::key_value(voice.key));
    }
    if let Some(first) = score.bars.first() {
        if first.repeat_start {
            out.push_str("|:");
        }
        if first.volta.is_some() {
            push_volta(out, first, true);
        }
    }
    for (b, bar) in score.bars.iter().enumerate() {
        if b > 0
            && let Some(meter) = bar.meter
        {
            let _ = write!(out, "[M:{}] ", super::meter_value(meter));
        }
        state.reading.begin_bar();
        if let Some(voice) = bar.voices.get(index) {
            state.write_bar(out, &voice.items);
        }
        push_barline(out, bar, score.bars.get(b + 1));
        let last = b + 1 == score.bars.len();
        out.push(if last || (b + 1) % BARS_ON_A_LINE == 0 {
            '\n'
        } else {
            ' '
        });
    }
}

fn push_barline(out: &mut String, bar: &Bar, next: Option<&Bar>) {
    let starts = next.is_some_and(|next| next.repeat_start);
    let sign = match (bar.repeat_stop, starts, bar.barline) {
        (true, true, Barline::Regular) => "::",
        (true, false, Barline::Regular) => ":|",
        (false, true, Barline::Regular) => "|:",
        (false, false, Barline::Regular) => "|",
        (false, false, Barline::Double) => "||",
        (stop, start, style) => {
            // No single sign says it: a style, then the repeats.
            out.push_str(match style {
                Barline::Regular => "",
                Barline::Double => "||",
                Barline::Final => "|]",
                Barline::HeavyLight => "[|",
                Barline::Dotted => ".|",
                Barline::Invisible => "[|]",
            });
            match (stop, start) {
                (true, true) => " ::",
                (true, false) => " :|",
                (false, true) => " |:",
                (false, false) => "",
            }
        }
    };
    out.push_str(sign);
    if let Some(next) = next.filter(|next| next.volta.is_some()) {
        push_volta(out, next, !out.ends_with(['|', ':']));
    }
}

fn push_volta(out: &mut String, bar: &Bar, apart: bool) {
    let Some(volta) = &bar.volta else { return };
    if volta.numbers.is_empty() {
        let _ = write!(
            out,
            " [\"{}\"",
            super::one_line(&volta.words).replace(['"', '|'], "'")
        );
        return;
    }
    let numbers: Vec<String> = volta.numbers.iter().map(u8::to_string).collect();
    let sign = if apart { " [" } else { "" };
    let _ = write!(out, "{sign}{} ", numbers.join(","));
}

impl State {
    fn write_bar(&mut self, out: &mut String, items: &[Item]) {
        // How many notes each open tuplet still has tells its third number.
        let lengths = tuplet_lengths(items);
        let mut lengths = lengths.into_iter();
        for item in items {
            match item {
                Item::Event(event) => {
                    if event.beam_break && !out.ends_with([' ', '\n']) {
                        out.push(' ');
                    }
                    self.push_event(out, event, &mut lengths);
                }
                Item::Grace(group) => self.push_graces(out, group),
                Item::Staff(staff) => {
                    let shift = i16::from(*staff) - i16::from(self.staff);
                    let _ = write!(out, "[I:staff {shift:+}]");
                    self.staff = *staff;
                }
                Item::Clef(clef) => {
                    let _ = write!(out, "[K:clef={}]", super::clef_value(*clef));
                    self.clef = *clef;
                }
                Item::Key(key) => {
                    let _ = write!(out, "[K:{}]", super::key_value(*key));
                    self.reading.change_key(*key);
                }
                Item::Tempo(tempo) => {
                    let _ = write!(
                        out,
                        "[Q:{}]",
                        super::tempo_value(tempo).replace([']', '|'], " ")
                    );
                }
                Item::Direction(direction) => push_direction(out, direction),
                Item::ChordSymbol(symbol) => {
                    let _ = write!(out, "\"{}\"", symbol.replace(['"', '|'], "'"));
                }
            }
        }
    }

    fn push_event(
        &mut self,
        out: &mut String,
        event: &Event,
        lengths: &mut impl Iterator<Item = usize>,
    ) {
        for Tuplet { actual, normal } in &event.tuplet_starts {
            let notes = lengths.next().unwrap_or(1);
            let _ = write!(out, "({actual}:{normal}:{notes}");
        }
        match event.tremolo {
            Some(Tremolo::Single(strokes)) => push_name(out, &"/".repeat(usize::from(strokes))),
            Some(Tremolo::First(strokes)) => {
                push_name(out, &format!("{}-", "/".repeat(usize::from(strokes))))
            }
            Some(Tremolo::Second(_)) | None => {}
        }
        // The other way round, `.(` would be a dotted slur.
        out.push_str(&"(".repeat(usize::from(event.slurs.starts)));
        push_marks(out, &event.marks);
        match &event.content {
            Content::Rest { visible } => {
                out.push(if *visible { 'z' } else { 'x' });
                push_length(out, event.written);
            }
            Content::Notes(notes) => {
                self.push_notes(out, notes, event.written);
            }
        }
        self.reading.end_event(event.notes());
        out.push_str(&")".repeat(usize::from(event.slurs.stops)));
    }

    fn push_notes(&mut self, out: &mut String, notes: &[Note], length: Fraction) {
        // Marks on a note of its own have to stand inside the brackets.
        let single = match notes {
            [only] => only.marks.is_empty(),
            _ => false,
        };
        if !single {
            out.push('[');
        }
        let all_tied = notes.iter().all(|n| n.tie_start);
        for note in notes {
            push_marks(out, &note.marks);
            self.push_note(out, note);
            if note.tie_start && !all_tied {
                out.push('-');
            }
        }
        if !single {
            out.push(']');
        }
        push_length(out, length);
        if all_tied {
            out.push('-');
        }
    }

    fn push_note(&mut self, out: &mut String, note: &Note) {
        let pitch = note.pitch;
        // What the text does not say must follow from what came before. Percussion has no pitches.
        let is_drum = self.clef.sign == ClefSign::Percussion;
        let needed = !is_drum && (note.courtesy || self.reading.needs_accidental(note));
        let accidental = note
            .accidental
            .or(needed.then(|| Accidental::for_alter(pitch.alter)));
        if let Some(accidental) = accidental {
            out.push_str(accidental.abc());
            self.reading.hear(note);
        }
        push_step(
            out,
            pitch.step,
            pitch.octave.saturating_sub(self.clef.octaves),
        );
    }

    fn push_graces(&mut self, out: &mut String, group: &GraceGroup) {
        out.push_str(if group.slash { "{/" } else { "{" });
        for grace in &group.notes {
            let Slurs { starts, stops } = grace.slurs;
            out.push_str(&"(".repeat(usize::from(starts)));
            push_marks(out, &grace.marks);
            self.push_notes(out, &grace.notes, grace.written);
            out.push_str(&")".repeat(usize::from(stops)));
            self.reading.end_grace(&grace.notes);
        }
        out.push('}');
    }
}

/// How many events each tuplet of the bar spans, in the order in which they begin.
fn tuplet_lengths(items: &[Item]) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for item in items {
        let Item::Event(event) = item else { continue };
        for _ in &event.tuplet_starts {
            open.push(lengths.len());
            lengths.push(0);
        }
        for at in &open {
            if let Some(length) = lengths.get_mut(*at) {
                *length += 1;
            }
        }
        for _ in 0..event.tuplet_stops {
            open.pop();
        }
    }
    lengths
}

fn push_direction(out: &mut String, direction: &Direction) {
    match direction {
        Direction::Words { above, text } => {
            let text = text
                .replace('\n', "\\n")
                .replace('"', "'")
                .replace('|', "/");
            let _ = write!(out, "\"{}{text}\"", if *above { '^' } else { '_' });
        }
        Direction::Rehearsal(text) => {
            let _ = write!(out, "[P:{}]", text.replace([']', '|'], " "));
        }
        other => push_name(out, marks::direction_name(other).unwrap_or("")),
    }
}

fn push_name(out: &mut String, name: &str) {
    if !name.is_empty() {
        let _ = write!(out, "!{name}!");
    }
}

fn push_marks(out: &mut String, marks: &[Mark]) {
    for mark in marks {
        match mark {
            Mark::Staccato => out.push('.'),
            other => push_name(out, &marks::mark_name(*other)),
        }
    }
}

/// A note's letter with its octave, 4 for upper-case letters.
pub(super) fn push_step(out: &mut String, step: Step, octave: i8) {
    if octave >= 5 {
        out.push(step.letter().to_ascii_lowercase());
        out.push_str(&"'".repeat(usize::from((octave - 5).unsigned_abs())));
    } else {
        out.push(step.letter());
        out.push_str(&",".repeat(usize::from((4 - octave).unsigned_abs())));
    }
}

fn push_length(out: &mut String, length: Fraction) {
    let Some(units) = length.checked_div(UNIT) else {
        return;
    };
    if units.num() != 1 {
        let _ = write!(out, "{}", units.num());
    }
    if units.den() == 2 {
        out.push('/');
    } else if units.den() != 1 {
        let _ = write!(out, "/{}", units.den());
    }
}
