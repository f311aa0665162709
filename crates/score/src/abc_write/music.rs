//! The music of one voice in one bar, in either kind of ABC.

use std::borrow::Cow;
use std::fmt::Write;

use super::language;
use super::{Dialect, UNIT, bracketed, quoted};
use crate::event::{Content, Direction, Event, GraceGroup, Item, Mark, Note, Slurs, Span, Tuplet};
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Step};
use crate::reading::Reading;
use crate::score::Voice;
use crate::signature::{Clef, ClefSign, Meter, Tempo};

/// Writes the bars of a voice in order. Its state is what a reader of the text knows at a place in it.
pub(super) struct Writer {
    dialect: Dialect,
    clef: Clef,
    staff: u8,
    reading: Reading,
}

/// What the events of a bar need that is seen only in the whole bar.
struct Spelling {
    /// How many events each tuplet spans, in the order in which they begin.
    tuplets: std::vec::IntoIter<usize>,
    /// For each event the length that is written, and the sign of a broken rhythm after it.
    lengths: std::vec::IntoIter<(Fraction, Option<char>)>,
}

impl Writer {
    pub(super) fn new(dialect: Dialect, voice: &Voice) -> Self {
        Self {
            dialect,
            clef: dialect.clef(voice.clef),
            staff: voice.staff,
            reading: Reading::new(voice.key),
        }
    }

    /// Writes the next bar, without its barline. `out` has what stands in front of it in the bar; `meter` is
    /// the metre that begins here.
    pub(super) fn write_bar(&mut self, out: &mut String, meter: Option<Meter>, items: &[Item]) {
        self.reading.begin_bar();
        let mut spelling = Spelling {
            tuplets: tuplet_lengths(items).into_iter(),
            lengths: written_lengths(items, self.dialect).into_iter(),
        };
        // Keys stand before the metre, and everything else after it.
        let mut meter = meter;
        let (mut first, mut in_grace) = (true, false);
        for (i, item) in items.iter().enumerate() {
            match item {
                Item::Event(event) => {
                    push_meter(out, meter.take());
                    // No beam leads over a barline.
                    let breaks = std::mem::take(&mut first) || event.beam_break;
                    if breaks && !out.is_empty() && !out.ends_with([' ', ':']) {
                        out.push(' ');
                    }
                    self.push_event(out, event, &mut spelling);
                }
                Item::Grace(group) => {
                    push_meter(out, meter.take());
                    self.push_graces(out, group, in_grace);
                    in_grace = self.goes_on(group, items.get(i + 1..).unwrap_or(&[]));
                    if !in_grace {
                        out.push('}');
                    }
                }
                sign => {
                    let text = self.sign(sign);
                    if !matches!(sign, Item::Key(_)) && !text.is_empty() {
                        push_meter(out, meter.take());
                    }
                    out.push_str(&text);
                }
            }
        }
        push_meter(out, meter);
    }

    /// What stands between the notes; nothing if the language has no word for it.
    fn sign(&mut self, item: &Item) -> String {
        match item {
            Item::Event(_) | Item::Grace(_) => String::new(),
            Item::Staff(staff) => {
                let shift = i16::from(*staff) - i16::from(self.staff);
                self.staff = *staff;
                format!("[I:staff {shift:+}]")
            }
            Item::Clef(clef) => {
                self.clef = self.dialect.clef(*clef);
                let label = match self.dialect {
                    Dialect::Standard => "clef=",
                    Dialect::Notagen => "",
                };
                format!("[K:{label}{}]", super::clef_value(self.clef))
            }
            Item::Key(key) => {
                self.reading.change_key(*key);
                format!("[K:{}]", super::key_value(*key))
            }
            Item::Tempo(tempo) => self.tempo(tempo),
            Item::Direction(direction) => self.direction(direction),
            Item::ChordSymbol(symbol) => match self.dialect {
                Dialect::Standard => format!("\"{}\"", quoted(symbol)),
                Dialect::Notagen => language::chord_symbol(symbol),
            },
        }
    }

    /// In the training text grace notes that change the staff stay in one group.
    fn goes_on(&self, group: &GraceGroup, after: &[Item]) -> bool {
        match after {
            [Item::Staff(_), Item::Grace(next), ..] => {
                self.dialect == Dialect::Notagen && next.slash == group.slash
            }
            _ => false,
        }
    }

    fn push_event(&mut self, out: &mut String, event: &Event, spelling: &mut Spelling) {
        for Tuplet { actual, normal } in &event.tuplet_starts {
            let notes = spelling.tuplets.next().unwrap_or(1);
            let _ = match (actual, normal, notes) {
                (3, 2, 3) => write!(out, "(3"),
                _ => write!(out, "({actual}:{normal}:{notes}"),
            };
        }
        // The other way round, `.(` would be a dotted slur.
        out.push_str(&"(".repeat(usize::from(event.slurs.starts)));
        let marks = self.in_order(&event.marks);
        let before = marks.iter().take_while(|mark| is_line(**mark)).count();
        let (lines, marks) = marks.split_at_checked(before).unwrap_or_default();
        self.push_marks(out, lines);
        if let Some(name) = event.tremolo.and_then(super::tremolo_name) {
            push_name(out, &name);
        }
        self.push_marks(out, marks);
        let (length, broken) = spelling.lengths.next().unwrap_or((event.written, None));
        match &event.content {
            Content::Rest { visible } => {
                out.push(if *visible { 'z' } else { 'x' });
                push_length(out, length);
            }
            Content::Notes(notes) => self.push_notes(out, notes, length),
        }
        self.reading.end_event(event.notes());
        out.extend(broken);
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
            self.push_marks(out, &note.marks);
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
        let mut needed = self.reading.needs_accidental(note);
        match self.dialect {
            // A reminder is lost on readers that do not know the word, so the accidental is there.
            Dialect::Standard => needed |= note.courtesy,
            Dialect::Notagen if note.courtesy => out.push_str("!courtesy!"),
            Dialect::Notagen => {}
        }
        let accidental = note
            .accidental
            .or((needed && !is_drum).then(|| Accidental::for_alter(pitch.alter)));
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

    /// Grace notes without their closing bracket; `goes_on` if the opening one is there already.
    fn push_graces(&mut self, out: &mut String, group: &GraceGroup, goes_on: bool) {
        let open = if group.slash { "{/" } else { "{" };
        let mut open = Some(open).filter(|_| !goes_on);
        for grace in &group.notes {
            let Slurs { starts, stops } = grace.slurs;
            let starts = "(".repeat(usize::from(starts));
            match (open.take(), self.dialect) {
                // The training text begins slurs in front of the bracket.
                (Some(open), Dialect::Notagen) => {
                    out.push_str(&starts);
                    out.push_str(open);
                }
                (open, _) => {
                    out.push_str(open.unwrap_or(""));
                    out.push_str(&starts);
                }
            }
            self.push_marks(out, &grace.marks);
            let length = match self.dialect {
                Dialect::Standard => grace.written,
                Dialect::Notagen => UNIT,
            };
            self.push_notes(out, &grace.notes, length);
            out.push_str(&")".repeat(usize::from(stops)));
            self.reading.end_grace(&grace.notes);
        }
    }

    fn in_order<'m>(&self, marks: &'m [Mark]) -> Cow<'m, [Mark]> {
        match self.dialect {
            Dialect::Standard => Cow::Borrowed(marks),
            Dialect::Notagen => language::in_order(marks),
        }
    }

    fn push_marks(&self, out: &mut String, marks: &[Mark]) {
        for mark in self.in_order(marks).iter() {
            match (mark, self.dialect) {
                (Mark::Staccato, _) => out.push('.'),
                (_, Dialect::Standard) => push_name(out, &super::mark_name(*mark)),
                (_, Dialect::Notagen) => out.push_str(&language::mark(*mark)),
            }
        }
    }

    fn tempo(&self, tempo: &Tempo) -> String {
        if self.dialect == Dialect::Standard {
            let value = super::tempo_value(tempo).replace(']', "\\u005d");
            return format!("[Q:{value}]");
        }
        let beats = language::tempo(tempo).map_or(String::new(), |value| format!("[Q:{value}]"));
        beats + &language::words(true, &tempo.words)
    }

    fn direction(&self, direction: &Direction) -> String {
        match (self.dialect, direction) {
            (Dialect::Notagen, _) => language::direction(direction),
            (Dialect::Standard, Direction::Words { above, text }) => {
                let text = quoted(text);
                format!("\"{}{text}\"", if *above { '^' } else { '_' })
            }
            (Dialect::Standard, Direction::Rehearsal(text)) => {
                format!("[P:{}]", bracketed(text))
            }
            (Dialect::Standard, other) => {
                super::direction_name(other).map_or(String::new(), |name| format!("!{name}!"))
            }
        }
    }
}

fn push_meter(out: &mut String, meter: Option<Meter>) {
    if let Some(meter) = meter {
        let _ = write!(out, "[M:{}]", super::meter_value(meter));
    }
}

/// Marks that stand in front of a tremolo.
const fn is_line(mark: Mark) -> bool {
    matches!(
        mark,
        Mark::Start(Span::Trill | Span::Slide | Span::Glissando)
            | Mark::Stop(Span::Trill | Span::Slide | Span::Glissando)
    )
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

/// The lengths of the events as they are written. The training text has `a>b` for every two beamed events
/// outside tuplets with nothing that sounds between them, one of which is three times as long as the other;
/// an event is in one such pair at most.
fn written_lengths(items: &[Item], dialect: Dialect) -> Vec<(Fraction, Option<char>)> {
    let mut lengths: Vec<(Fraction, Option<char>)> = Vec::new();
    // An event with which a pair may begin, and whether grace notes came after it.
    let mut before: Option<(&Event, bool)> = None;
    for item in items {
        let event = match item {
            Item::Event(event) => event,
            Item::Grace(_) => {
                before = before.take().map(|(event, _)| (event, true));
                continue;
            }
            _ => continue,
        };
        lengths.push((event.written, None));
        if let (Some((first, false)), Dialect::Notagen) = (before, dialect)
            && !event.beam_break
            && first.ratio.is_none()
            && event.ratio.is_none()
            && let Some((both, sign)) = broken(first.written, event.written)
            && let [.., one, other] = lengths.as_mut_slice()
        {
            *one = (both, Some(sign));
            *other = (both, None);
            before = None;
        } else {
            before = Some((event, false));
        }
    }
    lengths
}

/// The length that is written for both of two events in broken rhythm, and its sign.
fn broken(first: Fraction, second: Fraction) -> Option<(Fraction, char)> {
    let triple = |length: Fraction| length.checked_mul(Fraction::whole(3));
    let sign = if Some(first) == triple(second) {
        '>'
    } else if Some(second) == triple(first) {
        '<'
    } else {
        return None;
    };
    let both = first.checked_add(second)?.checked_div(Fraction::whole(2))?;
    Some((both, sign))
}

pub(super) fn push_name(out: &mut String, name: &str) {
    if !name.is_empty() {
        let _ = write!(out, "!{name}!");
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
    let _ = match (units.num(), units.den()) {
        (1, 1) => Ok(()),
        (1, 2) => write!(out, "/"),
        (1, den) => write!(out, "/{den}"),
        (num, 1) => write!(out, "{num}"),
        (num, den) => write!(out, "{num}/{den}"),
    };
}
