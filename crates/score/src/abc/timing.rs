//! How long events are: tuplets, broken rhythm, and adding an event to the bar.

use super::cursor::Cursor;
use super::music::{OpenTie, OpenTuplet, VoiceReader};
use super::notes;
use crate::diagnostic::Findings;
use crate::event::{Content, Event, Item, Slurs, Tremolo, Tuplet};
use crate::fraction::Fraction;
use crate::signature::Meter;

/// Tuplets inside each other; MusicXML readers draw two.
const MAX_TUPLET_DEPTH: usize = 4;
/// The numbers of a tuplet.
const MAX_TUPLET: u32 = 64;
/// Notes that one tuplet can span.
const MAX_TUPLET_NOTES: u32 = 256;
/// The shortest event, in whole notes: shorter ones come only of nonsense.
const SHORTEST: Fraction = Fraction::half_to_the(14);

impl VoiceReader {
    pub(super) fn read_parenthesis(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        cursor.bump();
        let Some(actual) = cursor.number() else {
            self.pending.slur_starts = self.pending.slur_starts.saturating_add(1);
            return;
        };
        let (mut normal, mut count) = (None, None);
        if cursor.eat(':') {
            normal = cursor.number();
            if cursor.eat(':') {
                count = cursor.number();
            }
        }
        let usual = match actual {
            2 | 4 | 8 => 3,
            5 | 7 | 9 if self.is_compound() => 3,
            _ => 2,
        };
        let normal = normal.filter(|n| *n > 0).unwrap_or(usual);
        let count = count.filter(|n| *n > 0).unwrap_or(actual);
        let sensible =
            (1..=MAX_TUPLET).contains(&actual) && normal <= MAX_TUPLET && count <= MAX_TUPLET_NOTES;
        if !sensible || self.tuplets.len() >= MAX_TUPLET_DEPTH {
            findings.warn(self.place(&at), "a tuplet makes no sense and is left out");
            return;
        }
        let room = self.tuplets.last().map_or(count, |outer| outer.left);
        let tuplet = Tuplet { actual, normal };
        self.tuplets.push(OpenTuplet {
            tuplet,
            left: count.min(room),
            used: false,
        });
        self.new_tuplets.push(tuplet);
    }

    /// Whether the beats of the metre have three parts, as in 6/8, 9/8 and 12/8.
    const fn is_compound(&self) -> bool {
        matches!(
            self.meter,
            Meter::Numbers {
                beats: 6 | 9 | 12,
                ..
            }
        )
    }

    pub(super) fn read_broken(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        let sign = cursor.bump();
        let more = cursor.take_while(|c| Some(c) == sign).len();
        let times = u32::try_from(more).unwrap_or(u32::MAX).saturating_add(1);
        if self.last_event.is_none() || self.broken.is_some() || times > 3 {
            findings.warn(
                self.place(&at),
                "a broken rhythm without two notes is left out",
            );
            return;
        }
        self.broken = Some((sign == Some('>'), times));
    }

    /// Adds an event of this written length with all that waited for it.
    pub(super) fn push_event(
        &mut self,
        content: Content,
        written: Fraction,
        at: &Cursor<'_>,
        findings: &mut Findings,
    ) {
        if !self.has_room() {
            return;
        }
        let is_rest = matches!(content, Content::Rest { .. });
        let mut event = Event::new(content, written);
        event.beam_break = std::mem::take(&mut self.space) || self.current.length.is_zero();
        if let Some((first_longer, times)) = self.broken.take() {
            self.break_rhythm(&mut event, first_longer, times);
        }
        self.replace_tuplets();
        for open in &self.tuplets {
            event.ratio.actual = event.ratio.actual.saturating_mul(open.tuplet.actual);
            event.ratio.normal = event.ratio.normal.saturating_mul(open.tuplet.normal);
        }
        let length = event
            .ratio
            .factor()
            .and_then(|f| event.written.checked_mul(f));
        let sum = length.and_then(|l| self.current.length.checked_add(l));
        let (Some(length), Some(sum)) = (length.filter(|l| *l >= SHORTEST), sum) else {
            findings.warn(
                self.place(at),
                "a length cannot be reckoned: the note is left out",
            );
            return;
        };
        event.duration = length;
        self.current.length = sum;
        self.finish_event(&mut event, is_rest);
        self.ties.clear();
        for note in event.notes() {
            if note.tie_start {
                self.ties.push(OpenTie::from(note));
            }
        }
        let index = self.current.bar.items.len();
        if !is_rest {
            self.last_notes = Some((self.bar_count(), index));
            self.note_sung();
        }
        self.last_event = Some(index);
        self.current.events += 1;
        self.push(Item::Event(event));
    }

    /// Tuplets that begin together are all there are: the training text tells every level again where the
    /// outer one changes, as in `(9:4:27(1:1:3DEF (1:1:18(9:4:3GAB`. One that begins alone is inside the
    /// others.
    pub(super) fn replace_tuplets(&mut self) {
        let new = self.new_tuplets.len();
        let old = self.tuplets.len().saturating_sub(new);
        if new < 2 || old == 0 {
            return;
        }
        self.tuplets.drain(..old);
        let last = self
            .last_event
            .and_then(|i| self.current.bar.items.get_mut(i));
        if let Some(Item::Event(last)) = last {
            last.tuplet_stops = last
                .tuplet_stops
                .saturating_add(u8::try_from(old).unwrap_or(u8::MAX));
        }
    }

    /// Gives the event its tuplets, tremolo, slurs and marks.
    pub(super) fn finish_event(&mut self, event: &mut Event, is_rest: bool) {
        event.tuplet_starts = std::mem::take(&mut self.new_tuplets);
        for open in &mut self.tuplets {
            open.left = open.left.saturating_sub(1);
            open.used = true;
        }
        while self.tuplets.last().is_some_and(|open| open.left == 0) {
            self.tuplets.pop();
            event.tuplet_stops += 1;
        }
        if let Some(strokes) = self.tremolo_second.take() {
            event.tremolo = Some(Tremolo::Second(strokes));
        } else if let (Some(strokes), false) = (self.pending.tremolo_pair.take(), is_rest) {
            event.tremolo = Some(Tremolo::First(strokes));
            self.tremolo_second = Some(strokes);
        } else if let (Some(strokes), false) = (self.pending.tremolo.take(), is_rest) {
            event.tremolo = Some(Tremolo::Single(strokes));
        }
        if is_rest {
            // Slurs wait for a note; other signs on a rest mean nothing.
            event.marks = std::mem::take(&mut self.pending.marks);
            event.marks.retain(|m| notes::fits_a_rest(*m));
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        event.slurs = Slurs {
            starts: pending.slur_starts,
            stops: 0,
        };
        event.marks = pending.marks;
        if let Some(first) = event.notes_mut().first_mut() {
            first.courtesy |= pending.courtesy;
        }
    }

    /// `a>b` lengthens the event before and shortens this one.
    pub(super) fn break_rhythm(&mut self, event: &mut Event, first_longer: bool, times: u32) {
        let short = Fraction::half_to_the(times);
        let long = Fraction::whole(2).checked_sub(short).unwrap_or(short);
        let (first, second) = if first_longer {
            (long, short)
        } else {
            (short, long)
        };
        let last = self
            .last_event
            .and_then(|i| self.current.bar.items.get_mut(i));
        let Some(Item::Event(last)) = last else {
            return;
        };
        let changed = || {
            let written = last.written.checked_mul(first)?;
            let duration = last.duration.checked_mul(first)?;
            let sum = self.current.length.checked_sub(last.duration)?;
            Some((
                written,
                duration,
                sum.checked_add(duration)?,
                event.written.checked_mul(second)?,
            ))
        };
        if let Some((written, duration, sum, own)) = changed() {
            last.written = written;
            last.duration = duration;
            self.current.length = sum;
            event.written = own;
        }
    }

    /// Tuplets that never got a note are forgotten; the others end at the last event.
    pub(super) fn end_tuplets(&mut self) {
        let open = self.tuplets.drain(..).filter(|t| t.used).count();
        self.new_tuplets.clear();
        let last = self
            .last_event
            .take()
            .and_then(|i| self.current.bar.items.get_mut(i));
        if let Some(Item::Event(last)) = last {
            let open = u8::try_from(open).unwrap_or(u8::MAX);
            last.tuplet_stops = last.tuplet_stops.saturating_add(open);
            if let Some(Tremolo::First(strokes)) = last.tremolo {
                last.tremolo = Some(Tremolo::Single(strokes));
            }
        }
    }
}
