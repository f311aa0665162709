//! Bars in time, as they are written and as they are played.

use std::ops::Range;

use crate::fraction::Fraction;
use crate::score::Score;
use crate::unroll::playing_order;

/// Ticks of a quarter note: 2^5 * 3^2 * 5 * 7.
pub(super) const QUARTER: u16 = 10_080;
/// Ticks of a whole note.
pub(super) const WHOLE: i64 = 4 * QUARTER as i64;

/// A place or length in ticks.
pub(super) fn ticks(length: Fraction) -> i64 {
    length.ticks(WHOLE)
}

/// A bar that is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    /// Which bar of the score.
    pub(super) bar: usize,
    /// When it begins.
    pub(super) start: i64,
}

/// Where the bars are, in ticks.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Where each bar begins as written, and where the last one ends.
    written: Vec<i64>,
    pub(super) played: Vec<Played>,
    /// When the last bar ends.
    pub(super) end: i64,
}

impl Timeline {
    pub(super) fn new(score: &Score) -> Self {
        let mut written = vec![0];
        let mut at = 0;
        for bar in &score.bars {
            at += ticks(bar.length);
            written.push(at);
        }
        let mut timeline = Self {
            written,
            played: Vec::new(),
            end: 0,
        };
        for bar in playing_order(score) {
            let span = timeline.written(bar);
            timeline.played.push(Played {
                bar,
                start: timeline.end,
            });
            timeline.end += span.end - span.start;
        }
        timeline
    }

    /// Where a bar is as written.
    pub(super) fn written(&self, bar: usize) -> Range<i64> {
        let at = |b: usize| self.written.get(b).copied().unwrap_or(0);
        at(bar)..at(bar + 1).max(at(bar))
    }

    /// Where the last bar ends as written.
    pub(super) fn written_end(&self) -> i64 {
        self.written.last().copied().unwrap_or(0)
    }
}
