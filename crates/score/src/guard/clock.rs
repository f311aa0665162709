//! The length rule: which lengths may still be written so that the bar can be filled exactly.
//!
//! Time is counted in ticks, 720,720 to the 64th note, so that every tuplet ends on a whole tick. A bar
//! is a whole number of 64ths, and so is every length of the vocabulary; only a tuplet with fewer notes than
//! its number (`(3:2:1c2`) leaves the grid. Then the rest of it is owed: until the bar is on the grid again
//! there must be room for another tuplet of the same ratio, and no other may begin, unless the clock is
//! strict: then such a tuplet is none. As the 64th itself is in the vocabulary, a bar that is on the grid can
//! always be filled.

use super::tables::NOTE_UNITS;

/// Ticks of a 64th note: divisible by every number that a tuplet of the vocabulary has.
pub(super) const QUANTUM: u32 = 720_720;
/// 64th notes that the longest bar holds; one without metre ends here.
pub(super) const LONGEST: u16 = 2048;

/// An open tuplet: `p` notes in the time of `q`.
#[derive(Clone, Copy, Debug)]
struct Frame {
    p: u8,
    q: u8,
    /// Notes still to come.
    left: u8,
    /// What its notes were written as so far, in 64ths.
    sum: u16,
    /// What remained of the bar when it began.
    start: u32,
    /// Whether it may end off the grid.
    lenient: bool,
}

/// Where a voice stands in its bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    target: u32,
    remaining: u32,
    frame: Option<Frame>,
    /// The ratio of the last tuplet, which is owed while the bar is off the grid.
    ratio: (u8, u8),
    /// The length that the second note of a broken rhythm must have, or 0.
    broken: u16,
    /// The length of the note before, or 0 if it may not begin a broken rhythm.
    last: u16,
    /// Whether tuplets may leave the grid.
    lenient: bool,
}

impl Clock {
    /// At the beginning of a bar of this many ticks.
    pub(super) const fn new(target: u32, lenient: bool) -> Self {
        Self {
            lenient,
            target,
            remaining: target,
            frame: None,
            ratio: (1, 1),
            broken: 0,
            last: 0,
        }
    }

    /// At the beginning of another bar.
    pub(super) const fn anew(&self, target: u32) -> Self {
        Self::new(target, self.lenient)
    }

    /// Ticks of this many 64ths, or of the longest bar if there are none.
    pub(super) fn ticks(units: u16) -> u32 {
        let units = if units == 0 {
            LONGEST
        } else {
            units.min(LONGEST)
        };
        u32::from(units) * QUANTUM
    }

    pub(super) const fn elapsed(&self) -> u32 {
        self.target - self.remaining
    }

    pub(super) const fn is_full(&self) -> bool {
        self.remaining == 0 && self.is_free()
    }

    /// Whether nothing is begun that needs another note.
    const fn is_free(&self) -> bool {
        self.frame.is_none() && self.broken == 0
    }

    /// Whether the bar could end here if it need not be full.
    pub(super) const fn may_stop(&self) -> bool {
        self.is_free() && self.elapsed() > 0 && self.remaining.is_multiple_of(QUANTUM)
    }

    /// Whether no note came yet.
    pub(super) const fn is_untouched(&self) -> bool {
        self.remaining == self.target && self.is_free()
    }

    /// Whether a tuplet or a broken rhythm lacks notes.
    pub(super) const fn is_unfinished(&self) -> bool {
        !self.is_free()
    }

    /// Whether a note of some length may come. While a tuplet or a broken rhythm is open, there is one.
    pub(super) fn takes_note(&self) -> bool {
        !self.is_free() || NOTE_UNITS.iter().any(|units| self.fits(*units))
    }

    /// Whether a note or rest of this length may come.
    pub(super) fn fits(&self, units: u16) -> bool {
        if self.broken != 0 {
            return units == self.broken;
        }
        if let Some(frame) = self.frame {
            return feasible(
                frame.left.saturating_sub(1),
                frame.sum.saturating_add(units),
                frame,
            );
        }
        self.has_room(units)
    }

    /// Whether this much may pass outside a tuplet.
    fn has_room(&self, units: u16) -> bool {
        let rest = self.remaining.checked_sub(u32::from(units) * QUANTUM);
        rest.is_some_and(|rest| can_complete(rest, self.ratio))
    }

    /// A note or rest of this length, which fits.
    pub(super) fn take(&mut self, units: u16) {
        let was_broken = std::mem::take(&mut self.broken) != 0;
        // Broken rhythms do not chain, and the second may be a note where the first was a rest.
        let may_break = !was_broken && NOTE_UNITS.contains(&units);
        self.last = if may_break { units } else { 0 };
        let Some(frame) = &mut self.frame else {
            self.remaining = self.remaining.saturating_sub(u32::from(units) * QUANTUM);
            return;
        };
        self.last = 0;
        frame.left = frame.left.saturating_sub(1);
        frame.sum = frame.sum.saturating_add(units);
        if frame.left == 0 {
            let spent = scaled(frame.sum, frame.p, frame.q).unwrap_or(frame.start);
            self.remaining = frame.start.saturating_sub(spent);
            self.frame = None;
        }
    }

    /// Whether a tuplet of `notes` notes may begin.
    pub(super) fn may_start(&self, p: u8, q: u8, notes: u8) -> bool {
        let owed = !self.remaining.is_multiple_of(QUANTUM);
        let same = reduced(self.ratio) == reduced((p, q));
        let frame = self.frame_of(p, q, notes);
        self.is_free() && notes > 0 && (!owed || same) && feasible(notes, 0, frame)
    }

    pub(super) fn start(&mut self, p: u8, q: u8, notes: u8) {
        self.frame = Some(self.frame_of(p, q, notes));
        self.ratio = (p, q);
        self.last = 0;
    }

    const fn frame_of(&self, p: u8, q: u8, notes: u8) -> Frame {
        Frame {
            p,
            q,
            left: notes,
            sum: 0,
            start: self.remaining,
            lenient: self.lenient,
        }
    }

    /// Whether `>` may come: two notes of one length, the first of which is there.
    pub(super) fn may_break(&self) -> bool {
        self.is_free() && self.last != 0 && self.has_room(self.last)
    }

    pub(super) const fn break_rhythm(&mut self) {
        self.broken = self.last;
        self.last = 0;
    }
}

/// Whether `left` more notes can end the tuplet so that the bar can be filled.
fn feasible(left: u8, sum: u16, frame: Frame) -> bool {
    let ends = |sum: u16| {
        let rest = scaled(sum, frame.p, frame.q).and_then(|spent| frame.start.checked_sub(spent));
        rest.is_some_and(|rest| match frame.lenient {
            true => can_complete(rest, (frame.p, frame.q)),
            false => rest.is_multiple_of(QUANTUM),
        })
    };
    match left {
        0 => ends(sum),
        1 => NOTE_UNITS
            .iter()
            .any(|units| ends(sum.saturating_add(*units))),
        // Two or more notes can have any sum up to eight 64ths each. Ends repeat with the tuplet's number.
        _ => {
            let least = sum.saturating_add(u16::from(left));
            let most = sum.saturating_add(8 * u16::from(left));
            (least..=most).take(2 * usize::from(frame.p)).any(ends)
        }
    }
}

/// Ticks of this many 64ths in a tuplet.
fn scaled(sum: u16, p: u8, q: u8) -> Option<u32> {
    let ticks = u64::from(sum) * u64::from(QUANTUM) * u64::from(q) / u64::from(p.max(1));
    u32::try_from(ticks).ok()
}

/// Whether this much of a bar can be filled, where tuplets of this ratio may be owed.
fn can_complete(rest: u32, ratio: (u8, u8)) -> bool {
    let off = rest % QUANTUM;
    if off == 0 {
        return true;
    }
    let (p, q) = reduced(ratio);
    let (p, q) = (u32::from(p), u32::from(q));
    let part = QUANTUM / p.max(1);
    // One or two notes have every sum below 17, and no tuplet needs more than its number.
    (1..p.min(17)).any(|sum| (sum * q) % p * part == off && sum * q * part <= rest)
}

fn reduced((p, q): (u8, u8)) -> (u8, u8) {
    let (mut a, mut b) = (p, q);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let gcd = a.max(1);
    (p / gcd, q / gcd)
}

#[cfg(test)]
mod tests {
    use super::super::tables::TUPLET_RATIOS;
    use super::*;

    #[test]
    fn every_tuplet_ends_on_a_tick_and_what_is_owed_can_be_paid() {
        for (p, q) in TUPLET_RATIOS.iter().copied() {
            let (least, _) = reduced((p, q));
            assert!(
                QUANTUM.is_multiple_of(u32::from(least)) && least < 17,
                "{p}:{q}"
            );
            for sum in 1..17 {
                let paid = NOTE_UNITS.contains(&sum)
                    || NOTE_UNITS
                        .iter()
                        .any(|a| *a < sum && NOTE_UNITS.contains(&(sum - a)));
                assert!(paid, "{sum}");
            }
        }
    }

    #[test]
    fn a_bar_can_be_filled_from_wherever_it_stands() {
        let fits = |clock: &Clock| {
            NOTE_UNITS
                .iter()
                .copied()
                .filter(|u| clock.fits(*u))
                .collect::<Vec<_>>()
        };
        for (target, lenient) in [8, 16, 24, 40, 64]
            .map(|t| [(t, true), (t, false)])
            .concat()
        {
            for (p, q) in TUPLET_RATIOS.iter().copied() {
                for notes in 1..=p {
                    let mut clock = Clock::new(Clock::ticks(target), lenient);
                    if !clock.may_start(p, q, notes) {
                        continue;
                    }
                    clock.start(p, q, notes);
                    let mut turn = usize::from(notes);
                    while !clock.is_full() {
                        let open = fits(&clock);
                        if open.is_empty() {
                            let (p, q) = clock.ratio;
                            let again = (1..=2).find(|n| clock.may_start(p, q, *n)).unwrap();
                            clock.start(p, q, again);
                            continue;
                        }
                        turn = turn * 7 + 3;
                        clock.take(open[turn % open.len()]);
                        turn %= 1000;
                    }
                }
            }
        }
    }
}
