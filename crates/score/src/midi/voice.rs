//! The notes of a voice as they are played, bar by bar as written.
//!
//! A note sounds for 95 % of its length, under a slur and with a tenuto for all of it, with a staccato for
//! half, with both for three quarters, with a wedge for 30 %. An accent adds 12 to its velocity, a
//! marcato 18.
//!
//! Acciaccaturas, and grace notes where there is no note to take time from, are 32nds before the beat. A single
//! long grace note takes half of its note; several are 16ths, and together no more than half. At the
//! beginning of the piece, where nothing is before the beat, all are on it.

use std::ops::Range;

use super::dynamics::{Attack, Dynamics};
use super::ornaments::{Figure, Neighbour, SHORT, SPREAD, neighbour, tremolo_value};
use super::timeline::{Timeline, ticks};
use crate::event::{Direction, Event, GraceNote, Item, Mark, Note, Slurs, Span, Tremolo};
use crate::fraction::Fraction;
use crate::pitch::Pitch;
use crate::score::{Score, Voice, VoiceBar};
use crate::signature::{ClefSign, Key};

/// The drum for a place on a percussion staff that says none: the snare.
const SNARE: u8 = 38;
/// General MIDI's timpani.
const TIMPANI: u8 = 47;

/// A note that is struck, in ticks from the beginning of its bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) key: u8,
    pub(super) velocity: u8,
    /// As written: what ties go by.
    pub(super) pitch: Pitch,
    pub(super) tie_in: bool,
    pub(super) tie_out: bool,
}

/// What the voices of a part have in common.
pub(super) struct Playing<'a> {
    pub(super) score: &'a Score,
    pub(super) timeline: &'a Timeline,
    pub(super) dynamics: &'a Dynamics,
    pub(super) program: u8,
}

/// The strokes of a voice in each bar of the score. `ornaments` is how many strokes are left for ornaments.
pub(super) fn strokes(
    playing: &Playing<'_>,
    v: usize,
    voice: &Voice,
    ornaments: &mut usize,
) -> Vec<Vec<Stroke>> {
    let mut player = VoicePlayer {
        voice,
        dynamics: playing.dynamics,
        rolls: playing.program == TIMPANI || is_percussion(voice),
        ornaments,
        key: voice.key,
        slurs: 0,
        trill: false,
        attack: Attack::None,
        bar: 0..0,
        strokes: Vec::new(),
    };
    let bars = playing.score.bars.iter().enumerate();
    bars.map(|(b, bar)| {
        player.bar = playing.timeline.written(b);
        if let Some(voice) = bar.voices.get(v) {
            player.play(voice);
        }
        std::mem::take(&mut player.strokes)
    })
    .collect()
}

fn is_percussion(voice: &Voice) -> bool {
    voice.clef.sign == ClefSign::Percussion
}

struct VoicePlayer<'a> {
    voice: &'a Voice,
    dynamics: &'a Dynamics,
    /// Trills are rolls.
    rolls: bool,
    ornaments: &'a mut usize,
    key: Key,
    /// Slurs that are open.
    slurs: u32,
    /// A trill's line goes on.
    trill: bool,
    /// For the next note.
    attack: Attack,
    /// Where the bar is as written.
    bar: Range<i64>,
    strokes: Vec<Stroke>,
}

/// A grace note, and whether it has a stroke.
type Grace<'a> = (&'a GraceNote, bool);

impl VoicePlayer<'_> {
    fn play(&mut self, bar: &VoiceBar) {
        let mut graces: Vec<Grace<'_>> = Vec::new();
        let mut placed = bar.placed();
        while let Some((position, item)) = placed.next() {
            match item {
                Item::Event(event) => {
                    let span = span(position, event.duration);
                    let graces = std::mem::take(&mut graces);
                    match second_of(event, &mut placed) {
                        Some((second, end)) => {
                            self.pair(event, second, span.start..end, &graces);
                        }
                        None => self.event(event, span, &graces),
                    }
                }
                Item::Grace(group) => graces.extend(group.notes.iter().map(|n| (n, group.slash))),
                Item::Key(key) => self.key = *key,
                Item::Direction(Direction::Dynamic(name)) => match Attack::of(name) {
                    Attack::None => {}
                    attack => self.attack = attack,
                },
                _ => {}
            }
        }
        let end = self.bar.end - self.bar.start;
        self.graces(&graces, end..end, true);
    }

    fn event(&mut self, event: &Event, span: Range<i64>, graces: &[Grace<'_>]) {
        let tied = event.notes().iter().any(|note| note.tie_stop);
        let start = self.graces(graces, span.clone(), tied || event.notes().is_empty());
        self.slur(event.slurs);
        let trill = self.is_trilled(event, tied);
        if event.notes().is_empty() {
            return;
        }
        let attack = std::mem::take(&mut self.attack);
        let mut keys: Vec<u8> = event.notes().iter().map(|note| self.key_of(note)).collect();
        keys.sort_unstable();
        let highest = keys.last().copied();
        for note in event.notes() {
            let has = |mark: Mark| event.marks.contains(&mark) || note.marks.contains(&mark);
            let key = self.key_of(note);
            let mut figure = Figure::of(&note.marks);
            if figure == Figure::Plain && Some(key) == highest {
                figure = if trill {
                    Figure::Trill
                } else {
                    Figure::of(&event.marks)
                };
            }
            if let Some(Tremolo::Single(strokes)) = event.tremolo {
                let printed = ticks(event.written);
                figure = Figure::Repeated(printed / tremolo_value(strokes, printed));
            }
            let mut start = start;
            if has(Mark::Arpeggio) && !note.tie_stop && figure == Figure::Plain {
                let below = keys.iter().take_while(|other| **other < key).count();
                let below = i64::try_from(below).unwrap_or(0);
                let room = (span.end - start) / 2;
                start += (below * SPREAD).min(room);
            }
            let percent = if note.tie_start {
                100
            } else {
                self.percent(&has)
            };
            let velocity = self.velocity(span.start, attack, &has);
            self.strike(note, figure, start..span.end, velocity);
            if let Some(last) = self.strokes.last_mut() {
                let sounding = (span.end - start) * percent / 100;
                last.end = (start + sounding).clamp(last.start + 1, last.end);
            }
        }
    }

    /// Plays grace notes at the beginning of a note, and says where that is left to begin.
    fn graces(&mut self, graces: &[Grace<'_>], span: Range<i64>, before: bool) -> i64 {
        let count = i64::try_from(graces.len()).unwrap_or(0);
        if count == 0 {
            return span.start;
        }
        let acciaccatura = graces.iter().all(|(_, slash)| *slash);
        let before = (before || acciaccatura) && self.bar.start + span.start > 0;
        let half = (span.end - span.start) / 2;
        let each = if before {
            SHORT
        } else if acciaccatura {
            SHORT.min(half / count)
        } else if count == 1 {
            half
        } else {
            (2 * SHORT).min(half / count)
        };
        let first = if before {
            span.start - count * each
        } else {
            span.start
        };
        let velocity = self.velocity(span.start, Attack::None, &|_| false);
        let mut at = first;
        for (grace, _) in graces {
            self.slur(grace.slurs);
            for note in &grace.notes {
                self.strike(note, Figure::Plain, at..at + each, velocity);
            }
            at += each;
        }
        at
    }

    /// Plays a tremolo between two events.
    fn pair(&mut self, first: &Event, second: &Event, span: Range<i64>, graces: &[Grace<'_>]) {
        let tied = first.notes().iter().any(|note| note.tie_stop);
        let start = self.graces(graces, span.clone(), tied);
        let span = start..span.end;
        self.slur(first.slurs);
        self.slur(second.slurs);
        let attack = std::mem::take(&mut self.attack);
        let strokes = match first.tremolo {
            Some(Tremolo::First(strokes)) => strokes,
            _ => 1,
        };
        let printed = 2 * ticks(first.written);
        let pairs = printed / tremolo_value(strokes, printed) / 2;
        let figure = Figure::Repeated(2 * pairs.max(1));
        let velocity = self.velocity(span.start, attack, &|mark| first.marks.contains(&mark));
        let mut notes = [first.notes(), second.notes()].into_iter().cycle();
        for (start, end, _) in self.strokes_of(figure, &span) {
            for note in notes.next().unwrap_or(&[]) {
                self.strike(note, Figure::Plain, start..end, velocity);
            }
        }
    }

    /// Strikes a note, or what its figure has in its place.
    fn strike(&mut self, note: &Note, figure: Figure, span: Range<i64>, velocity: u8) {
        let figure = match figure {
            Figure::Trill if self.rolls => Figure::Repeated((span.end - span.start) / SHORT),
            figure => figure,
        };
        let key = self.key_of(note);
        let repeated = matches!(figure, Figure::Repeated(_));
        for (start, end, which) in self.strokes_of(figure, &span) {
            let shift = if which == Neighbour::Itself {
                0
            } else {
                let beside = neighbour(note.pitch, which, self.key);
                semitones(beside) - semitones(note.pitch)
            };
            self.strokes.push(Stroke {
                start,
                end: end.max(start + 1),
                key: moved(key, shift),
                velocity,
                pitch: note.pitch,
                tie_in: note.tie_stop && shift == 0 && start == span.start,
                tie_out: note.tie_start && shift == 0 && end == span.end && !repeated,
            });
        }
    }

    /// The strokes of a figure; those of the plain note if there were too many already.
    fn strokes_of(&mut self, figure: Figure, span: &Range<i64>) -> Vec<(i64, i64, Neighbour)> {
        let strokes = figure.strokes(span.start, span.end);
        if strokes.len() == 1 {
            return strokes;
        }
        match self.ornaments.checked_sub(strokes.len()) {
            Some(left) => {
                *self.ornaments = left;
                strokes
            }
            None => Figure::Plain.strokes(span.start, span.end),
        }
    }

    fn slur(&mut self, slurs: Slurs) {
        self.slurs = self.slurs.saturating_sub(u32::from(slurs.stops)) + u32::from(slurs.starts);
    }

    /// Whether an event has a trill, or the line of one. The line ends before the note it leads to, unless that
    /// is tied.
    fn is_trilled(&mut self, event: &Event, tied: bool) -> bool {
        let (mut starts, mut stops) = (false, false);
        for mark in event
            .notes()
            .iter()
            .flat_map(|n| &n.marks)
            .chain(&event.marks)
        {
            starts |= *mark == Mark::Start(Span::Trill);
            stops |= *mark == Mark::Stop(Span::Trill);
        }
        let goes_on = self.trill && (!stops || tied);
        self.trill = starts || self.trill && !stops;
        goes_on || starts || event.marks.contains(&Mark::Trill)
    }

    fn velocity(&self, tick: i64, attack: Attack, has: &dyn Fn(Mark) -> bool) -> u8 {
        let mut velocity = attack.applied(self.dynamics.at(self.bar.start + tick));
        if has(Mark::Marcato) {
            velocity += 18;
        } else if has(Mark::Accent) {
            velocity += 12;
        }
        u8::try_from(velocity.clamp(1, 127)).unwrap_or(127)
    }

    /// How much of its length a note sounds.
    fn percent(&self, has: &dyn Fn(Mark) -> bool) -> i64 {
        let held = has(Mark::Tenuto) || self.slurs > 0;
        match (has(Mark::Staccatissimo), has(Mark::Staccato)) {
            (true, _) => 30,
            (_, true) if held => 75,
            (_, true) => 50,
            _ if held => 100,
            _ => 95,
        }
    }

    /// The MIDI note that sounds. What is beyond MIDI's range sounds an octave nearer.
    fn key_of(&self, note: &Note) -> u8 {
        if is_percussion(self.voice) {
            let place = (note.pitch.step, note.pitch.octave, note.accidental);
            let mut drums = self.voice.drums.iter();
            let drum = drums.find(|d| (d.step, d.octave, d.accidental) == place);
            return drum.map_or(SNARE, |d| d.midi.min(127));
        }
        let mut key = semitones(note.pitch) + i32::from(self.voice.transpose);
        while key < 0 {
            key += 12;
        }
        while key > 127 {
            key -= 12;
        }
        u8::try_from(key).unwrap_or(60)
    }
}

/// The second half of a tremolo between two events, which is taken out, and where it ends.
fn second_of<'a>(
    event: &Event,
    following: &mut (impl Iterator<Item = (Fraction, &'a Item)> + Clone),
) -> Option<(&'a Event, i64)> {
    if !matches!(event.tremolo, Some(Tremolo::First(_))) {
        return None;
    }
    let mut ahead = following.clone();
    let second = ahead.find_map(|(position, item)| match item {
        Item::Event(event) => Some((event, span(position, event.duration).end)),
        _ => None,
    });
    let second = second.filter(|(event, _)| matches!(event.tremolo, Some(Tremolo::Second(_))));
    if second.is_some() {
        *following = ahead;
    }
    second
}

/// Where an event is in its bar. At least a tick, or it would not be heard.
fn span(position: Fraction, duration: Fraction) -> Range<i64> {
    let start = ticks(position);
    let end = position.checked_add(duration).map_or(start, ticks);
    start..end.max(start + 1)
}

/// Semitones above MIDI's lowest C.
fn semitones(pitch: Pitch) -> i32 {
    12 * (i32::from(pitch.octave) + 1) + pitch.step.semitones() + i32::from(pitch.alter)
}

fn moved(key: u8, by: i32) -> u8 {
    u8::try_from(i32::from(key) + by).map_or(key, |moved| moved.min(127))
}
