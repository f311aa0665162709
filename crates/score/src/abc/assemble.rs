//! From bars of voices to a score, bar after bar.
//!
//! After each bar the score is what it would be if the text ended there. What a later bar can change in an
//! earlier one is little: whether something that began there ends, where an ending ends, and whether
//! the section before is repeated.

use super::align::Aligner;
use super::connect::{Failures, Kept, Strand, Thread};
use super::layers::Layers;
use super::raw::RawBar;
use super::spell;
use super::voltas::Voltas;
use crate::diagnostic::{Findings, Place, Position};
use crate::reading::Reading;
use crate::score::{Score, Voice};
use crate::signature::Meter;

/// Makes a score of the bars that are read.
#[derive(Debug)]
pub(super) struct Assembler {
    pub(super) score: Score,
    /// Of the bars that are there, whatever follows.
    pub(super) findings: Findings,
    /// What is open where the text ends so far.
    pub(super) at_end: Findings,
    /// Whether any voice has an event of its own.
    pub(super) has_music: bool,
    /// The last bar would be another if one followed.
    pub(super) depends_on_next: bool,
    meter: Option<Meter>,
    aligner: Aligner,
    layers: Layers,
    threads: Vec<Threads>,
    voltas: Voltas,
    /// Where in the text each bar begins.
    positions: Vec<Position>,
    /// Bars with something that is open, as they are if it ends. There is no such list if nothing can follow.
    kept: Option<Vec<Kept>>,
    /// The first bar that the bars added since [`Assembler::open`] changed.
    changed: usize,
}

/// What goes on in a voice from bar to bar.
#[derive(Debug)]
struct Threads {
    open: Thread,
    /// None for percussion, which has no accidentals.
    reading: Option<Reading>,
    number: Option<u32>,
}

impl Assembler {
    /// `score` has its voices; `numbers` is what the findings call them. `grows` if bars can be added more than
    /// once.
    pub(super) fn new(
        score: Score,
        layers: Layers,
        meter: Option<Meter>,
        numbers: Vec<Option<u32>>,
        grows: bool,
    ) -> Self {
        Self {
            score,
            findings: Findings::default(),
            at_end: Findings::default(),
            has_music: false,
            depends_on_next: false,
            meter,
            aligner: Aligner::new(meter, numbers),
            layers,
            threads: Vec::new(),
            voltas: Voltas::default(),
            positions: Vec::new(),
            kept: grows.then(Vec::new),
            changed: 0,
        }
    }

    pub(super) const fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Adds bars, one of each reader in each of `columns`. Gives the first bar of the score that may have
    /// changed.
    pub(super) fn add(&mut self, columns: impl ExactSizeIterator<Item = Vec<RawBar>>) -> usize {
        let closed = self.open();
        let count = columns.len();
        self.score.bars.reserve(count);
        for (column, n) in columns.zip(1..) {
            self.add_bar(column, n == count);
        }
        self.close();
        for bar in &closed {
            let now = self.score.bars.get(bar.bar);
            if now.and_then(|now| now.voices.get(bar.voice)) != Some(&bar.items) {
                self.changed = self.changed.min(bar.bar);
            }
        }
        self.changed
    }

    /// Puts back what was taken out because the text ended. Gives the bars as they were without it.
    fn open(&mut self) -> Vec<Kept> {
        self.changed = self.score.bars.len();
        let mut kept = self.kept.as_mut().map(std::mem::take).unwrap_or_default();
        for Kept { bar, voice, items } in &mut kept {
            let bar = self.score.bars.get_mut(*bar);
            if let Some(now) = bar.and_then(|bar| bar.voices.get_mut(*voice)) {
                std::mem::swap(now, items);
            }
        }
        kept
    }

    /// Takes out what is open and finds where endings end.
    fn close(&mut self) {
        let changed = self.voltas.settle(&mut self.score.bars);
        self.changed = changed.map_or(self.changed, |bar| bar.min(self.changed));
        self.at_end = Findings::default();
        for (v, threads) in self.threads.iter().enumerate() {
            let mut failures = Failures::new();
            let mut strand = Strand {
                bars: &mut self.score.bars,
                voice: v,
            };
            threads
                .open
                .close(&mut strand, self.kept.as_mut(), &mut failures);
            report(&failures, &self.positions, threads.number, &mut self.at_end);
        }
    }

    fn add_bar(&mut self, column: Vec<RawBar>, is_last: bool) {
        let index = self.score.bars.len();
        let column = self.layers.deal(column);
        let position = column.iter().find(|b| !b.missing).map(|b| b.position);
        self.positions.push(position.unwrap_or_default());
        self.has_music |= column.iter().any(|bar| bar.events > 0);
        let voices = &self.score.voices;
        let aligned = self
            .aligner
            .bar(index, is_last, column, voices, &mut self.findings);
        self.depends_on_next = aligned.depends_on_next;
        if let (true, Some(before)) = (aligned.ends_repeat, self.score.bars.last_mut()) {
            before.repeat_stop = true;
            self.changed = self.changed.min(index.saturating_sub(1));
        }
        let mut bar = aligned.bar;
        if index == 0 {
            bar.meter = bar.meter.or(self.meter);
            for (voice, bar) in self.score.voices.iter_mut().zip(&mut bar.voices) {
                voice.take_initial_signatures(bar);
            }
            self.threads = self.score.voices.iter().map(Threads::begin).collect();
        }
        self.score.bars.push(bar);
        for (v, threads) in self.threads.iter_mut().enumerate() {
            let mut failures = Failures::new();
            let mut strand = Strand {
                bars: &mut self.score.bars,
                voice: v,
            };
            let lost_ties = threads.open.take_up(&mut strand, index, &mut failures);
            report(
                &failures,
                &self.positions,
                threads.number,
                &mut self.findings,
            );
            let Some(reading) = &mut threads.reading else {
                continue;
            };
            let before = index.checked_sub(1).filter(|_| lost_ties);
            if let Some(before) = before.and_then(|before| strand.bar(before)) {
                spell::read_ties_again(reading, before);
            }
            if let Some(bar) = strand.bar(index) {
                spell::spell_bar(reading, bar);
            }
        }
    }
}

impl Threads {
    fn begin(voice: &Voice) -> Self {
        Self {
            open: Thread::default(),
            reading: spell::begin(voice),
            number: voice.id.parse().ok(),
        }
    }
}

fn report(
    failures: &Failures,
    positions: &[Position],
    voice: Option<u32>,
    findings: &mut Findings,
) {
    for (bar, message) in failures {
        let place = Place {
            position: positions.get(*bar).copied().unwrap_or_default(),
            bar: u32::try_from(bar + 1).ok(),
            voice,
        };
        findings.note(place, *message);
    }
}
