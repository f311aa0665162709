//! Matching what begins with what ends: ties, slurs, lines.
//!
//! It comes after the bars were repaired, so that nothing is tied to a note that was cut. Bar after bar, each
//! voice has a thread of what is open. What finds no partner is taken out, because a reader of MusicXML
//! would draw it to the end of the piece; so is what is still open where the text ends so far, but that is kept
//! aside and put back when the text goes on.

use super::lines::{self, Line};
use crate::diagnostic::{Findings, Place};
use crate::event::{Item, Mark, Note, Slurs};
use crate::pitch::Pitch;
use crate::score::{Bar, Score, VoiceBar};

/// Slurs of one voice open at once; MusicXML numbers 16, and music needs 3.
const MAX_OPEN_SLURS: usize = 6;

const TIE: &str = "a tie leads to no note of the same pitch: left out";
const SLUR: &str = "a slur has only one end: left out";

/// What has only one end: the bar, from 0, and what to say of it.
pub(super) type Failures = Vec<(usize, &'static str)>;

/// The bars of one voice.
pub(super) struct Strand<'a> {
    pub(super) bars: &'a mut [Bar],
    pub(super) voice: usize,
}

impl Strand<'_> {
    pub(super) fn bar(&mut self, bar: usize) -> Option<&mut VoiceBar> {
        self.bars.get_mut(bar)?.voices.get_mut(self.voice)
    }

    fn item(&mut self, bar: usize, item: usize) -> Option<&mut Item> {
        self.bar(bar)?.items.get_mut(item)
    }
}

/// Where something is in its voice. Grace notes are counted inside their group; events have only 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct At {
    bar: usize,
    item: usize,
    note: usize,
}

/// A tie that waits for its second note.
#[derive(Clone, Copy, Debug)]
struct Tie {
    at: At,
    /// Which note of the chord.
    of_chord: usize,
    pitch: Pitch,
}

/// What is open in a voice.
#[derive(Default, Debug)]
pub(super) struct Thread {
    ties: Vec<Tie>,
    slurs: Vec<At>,
    /// At most one of each kind.
    lines: Vec<Line>,
}

/// A bar of a voice as it was before what is still open was taken out.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) bar: usize,
    pub(super) voice: usize,
    pub(super) items: VoiceBar,
}

/// Matches everything anew in a score of which bars were taken out.
pub(crate) fn reconnect(score: &mut Score) {
    let items = score.bars.iter_mut().flat_map(|bar| &mut bar.voices);
    for item in items.flat_map(|voice| &mut voice.items) {
        let forget = |notes: &mut [Note]| notes.iter_mut().for_each(|n| n.tie_stop = false);
        match item {
            Item::Event(event) => forget(event.notes_mut()),
            Item::Grace(group) => group.notes.iter_mut().for_each(|g| forget(&mut g.notes)),
            _ => {}
        }
    }
    // What has lost its other end is not worth a word.
    connect_voices(score, |_, _| Place::default(), &mut Findings::default());
}

/// Matches the ties, slurs and lines of each voice. `place` says where a bar of a voice is in the text.
pub(crate) fn connect_voices(
    score: &mut Score,
    place: impl Fn(usize, usize) -> Place,
    findings: &mut Findings,
) {
    for voice in 0..score.voices.len() {
        let mut failures = Failures::new();
        let mut thread = Thread::default();
        let mut strand = Strand {
            bars: &mut score.bars,
            voice,
        };
        for bar in 0..strand.bars.len() {
            thread.take_up(&mut strand, bar, &mut failures);
        }
        thread.close(&mut strand, None, &mut failures);
        for (bar, message) in failures {
            findings.note(place(voice, bar), message);
        }
    }
}

impl Thread {
    /// Matches what the next bar of the voice ends, and takes up what it begins. Says whether a tie from an
    /// earlier bar failed.
    pub(super) fn take_up(
        &mut self,
        strand: &mut Strand<'_>,
        bar: usize,
        failures: &mut Failures,
    ) -> bool {
        let failed = self.match_ties(strand, bar, failures);
        self.match_slurs(strand, bar, failures);
        raise_lines(strand, bar);
        self.match_lines(strand, bar, failures);
        failed
    }

    /// Ties each note to the next event.
    fn match_ties(&mut self, strand: &mut Strand<'_>, b: usize, failures: &mut Failures) -> bool {
        let Some(bar) = strand.bar(b) else {
            return false;
        };
        let mut failed: Vec<Tie> = Vec::new();
        for (item, i) in bar.items.iter_mut().zip(0..) {
            let mut at = At {
                bar: b,
                item: i,
                note: 0,
            };
            match item {
                Item::Event(event) => {
                    for tie in self.ties.drain(..) {
                        if !end_tie(event.notes_mut(), tie.pitch) {
                            failed.push(tie);
                        }
                    }
                    self.begin_ties(event.notes(), at);
                }
                // A grace note can take up a tie; others pass over it.
                Item::Grace(group) => {
                    for (grace, g) in group.notes.iter_mut().zip(0..) {
                        at.note = g;
                        self.ties
                            .retain(|tie| !end_tie(&mut grace.notes, tie.pitch));
                        self.begin_ties(&grace.notes, at);
                    }
                }
                _ => {}
            }
        }
        for tie in &failed {
            remove_tie(strand, tie);
            failures.push((tie.at.bar, TIE));
        }
        failed.iter().any(|tie| tie.at.bar < b)
    }

    fn begin_ties(&mut self, notes: &[Note], at: At) {
        let tied = notes.iter().zip(0..).filter(|(note, _)| note.tie_start);
        self.ties.extend(tied.map(|(note, of_chord)| Tie {
            at,
            of_chord,
            pitch: note.pitch,
        }));
    }

    /// Matches slurs, the last begun first.
    fn match_slurs(&mut self, strand: &mut Strand<'_>, b: usize, failures: &mut Failures) {
        let items = strand.bar(b).map_or(&mut [][..], |bar| &mut bar.items);
        for (item, i) in items.iter_mut().zip(0..) {
            let at = At {
                bar: b,
                item: i,
                note: 0,
            };
            match item {
                Item::Event(event) => self.slurs_at(&mut event.slurs, at, failures),
                Item::Grace(group) => {
                    for (grace, note) in group.notes.iter_mut().zip(0..) {
                        self.slurs_at(&mut grace.slurs, At { note, ..at }, failures);
                    }
                }
                _ => {}
            }
        }
    }

    fn slurs_at(&mut self, slurs: &mut Slurs, at: At, failures: &mut Failures) {
        for _ in 0..slurs.stops {
            if self.slurs.pop().is_some() {
                continue;
            }
            slurs.stops -= 1;
            // A slur around one note begins and ends there.
            slurs.starts = slurs.starts.saturating_sub(1);
            failures.push((at.bar, SLUR));
        }
        for _ in 0..slurs.starts {
            if self.slurs.len() < MAX_OPEN_SLURS {
                self.slurs.push(at);
            } else {
                slurs.starts -= 1;
                failures.push((at.bar, SLUR));
            }
        }
    }

    /// Matches lines of each kind. What is open keeps its place where others are taken out.
    fn match_lines(&mut self, strand: &mut Strand<'_>, b: usize, failures: &mut Failures) {
        let items = strand.bar(b).map_or(&[][..], |bar| &bar.items);
        let single = lines::match_ends(&mut self.lines, items, b);
        for (bar, gone) in lines::remove(strand, single, failures) {
            let moved = |of: usize, item: &mut usize| {
                if of == bar {
                    *item -= gone.partition_point(|gone| gone < item);
                }
            };
            self.ties
                .iter_mut()
                .for_each(|tie| moved(tie.at.bar, &mut tie.at.item));
            self.slurs
                .iter_mut()
                .for_each(|at| moved(at.bar, &mut at.item));
            self.lines
                .iter_mut()
                .for_each(|line| moved(line.bar, &mut line.item));
        }
    }

    /// Takes out what is still open, and keeps the bars as they were, if there is a list for them.
    pub(super) fn close(
        &self,
        strand: &mut Strand<'_>,
        kept: Option<&mut Vec<Kept>>,
        failures: &mut Failures,
    ) {
        if let Some(kept) = kept {
            self.keep(strand, kept);
        }
        for tie in &self.ties {
            remove_tie(strand, tie);
            failures.push((tie.at.bar, TIE));
        }
        for at in &self.slurs {
            remove_slur(strand, *at);
            failures.push((at.bar, SLUR));
        }
        lines::remove(strand, self.lines.clone(), failures);
    }

    fn keep(&self, strand: &mut Strand<'_>, kept: &mut Vec<Kept>) {
        let ties = self.ties.iter().map(|tie| tie.at.bar);
        let slurs = self.slurs.iter().map(|at| at.bar);
        let lines = self.lines.iter().map(|line| line.bar);
        let mut bars: Vec<usize> = ties.chain(slurs).chain(lines).collect();
        bars.sort_unstable();
        bars.dedup();
        for bar in bars {
            if let Some(items) = strand.bar(bar).map(|bar| bar.clone()) {
                let voice = strand.voice;
                kept.push(Kept { bar, voice, items });
            }
        }
    }
}

/// Lines lead from one event or grace note to another, also those that stand at one note of a chord.
fn raise_lines(strand: &mut Strand<'_>, bar: usize) {
    let items = strand.bar(bar).map_or(&mut [][..], |bar| &mut bar.items);
    for item in items {
        match item {
            Item::Event(event) => {
                let lines = take_lines(event.notes_mut());
                add_lines(&mut event.marks, lines);
            }
            Item::Grace(group) => {
                for grace in &mut group.notes {
                    let lines = take_lines(&mut grace.notes);
                    add_lines(&mut grace.marks, lines);
                }
            }
            _ => {}
        }
    }
}

fn take_lines(notes: &mut [Note]) -> Vec<Mark> {
    let is_line = |mark: &Mark| matches!(mark, Mark::Start(_) | Mark::Stop(_));
    let mut lines = Vec::new();
    for note in notes {
        lines.extend(note.marks.iter().filter(|mark| is_line(mark)));
        note.marks.retain(|mark| !is_line(mark));
    }
    lines
}

fn add_lines(marks: &mut Vec<Mark>, lines: Vec<Mark>) {
    for line in lines {
        if !marks.contains(&line) {
            marks.push(line);
        }
    }
}

fn end_tie(notes: &mut [Note], pitch: Pitch) -> bool {
    let target = notes.iter_mut().find(|n| n.pitch == pitch && !n.tie_stop);
    target.is_some_and(|note| {
        note.tie_stop = true;
        true
    })
}

fn remove_tie(strand: &mut Strand<'_>, tie: &Tie) {
    let notes = match strand.item(tie.at.bar, tie.at.item) {
        Some(Item::Event(event)) => event.notes_mut(),
        Some(Item::Grace(group)) => match group.notes.get_mut(tie.at.note) {
            Some(grace) => &mut grace.notes,
            None => return,
        },
        _ => return,
    };
    if let Some(note) = notes.get_mut(tie.of_chord) {
        note.tie_start = false;
    }
}

fn remove_slur(strand: &mut Strand<'_>, at: At) {
    let slurs = match strand.item(at.bar, at.item) {
        Some(Item::Event(event)) => &mut event.slurs,
        Some(Item::Grace(group)) => match group.notes.get_mut(at.note) {
            Some(grace) => &mut grace.slurs,
            None => return,
        },
        _ => return,
    };
    slurs.starts = slurs.starts.saturating_sub(1);
}
