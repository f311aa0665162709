//! Where endings end.

use crate::score::{Bar, Barline, VoltaStop};

/// Bars an ending can have before its sign is taken to be forgotten.
const LONGEST_ENDING: usize = 32;

/// Finds where each ending ends, in bars that come one after another.
#[derive(Default, Debug)]
pub(crate) struct Voltas {
    /// Up to here nothing can change any more.
    settled: usize,
    /// The last bar of the ending before that, and how many bars it has.
    before: Option<(usize, usize)>,
}

impl Voltas {
    /// Sets where endings end in the bars that are there. The last of a set often has no sign at its end: it
    /// is then taken to be as long as the one before. Gives the first bar that changed.
    pub(crate) fn settle(&mut self, bars: &mut [Bar]) -> Option<usize> {
        let first = self.settled;
        let old: Vec<Option<VoltaStop>> = bars
            .iter_mut()
            .skip(first)
            .map(|bar| bar.volta_stop.take())
            .collect();
        let mut before = self.before;
        let mut b = first;
        // An ending is settled when a sign ends it that a later bar cannot change.
        let mut settling = true;
        while b < bars.len() {
            if bars.get(b).is_none_or(|bar| bar.volta.is_none()) {
                b += 1;
            } else {
                let (end, stop, for_good) = end_of(bars, b, before);
                if let Some(bar) = bars.get_mut(end) {
                    bar.volta_stop = Some(stop);
                }
                settling &= for_good;
                before = Some((end, end + 1 - b));
                b = end + 1;
            }
            if settling {
                (self.settled, self.before) = (b, before);
            }
        }
        let new = bars.iter().skip(first).map(|bar| bar.volta_stop);
        let same = new.zip(old).take_while(|(new, old)| new == old).count();
        Some(first + same).filter(|bar| *bar < bars.len())
    }
}

/// The last bar of the ending that begins in bar `b` (a repeat, a double barline, or a new repeat or ending
/// ends it: ABC 2.1, section 4.9), how its bracket ends, and whether that holds whatever
/// comes after the bars that are there.
fn end_of(bars: &[Bar], b: usize, before: Option<(usize, usize)>) -> (usize, VoltaStop, bool) {
    let following = bars.iter().enumerate().skip(b);
    let signed = following.take(LONGEST_ENDING).find_map(|(i, bar)| {
        let next = bars.get(i + 1);
        if bar.repeat_stop || next.is_some_and(|next| next.volta.is_some()) {
            Some((i, VoltaStop::Closed))
        } else {
            let is_end = matches!(bar.barline, Barline::Double | Barline::Final)
                || next.is_none_or(|next| next.repeat_start);
            is_end.then_some((i, VoltaStop::Open))
        }
    });
    let unsigned = match before {
        Some((end, length)) if end + 1 == b => b + length - 1,
        _ => b,
    };
    let seen = signed.map_or(b + LONGEST_ENDING, |(end, _)| end + 1);
    let for_good = seen < bars.len();
    let last = bars.len().saturating_sub(1);
    match signed {
        Some((end, stop)) if stop == VoltaStop::Closed || end <= unsigned || before.is_none() => {
            (end, stop, for_good)
        }
        _ => (unsigned.min(last), VoltaStop::Open, for_good),
    }
}
