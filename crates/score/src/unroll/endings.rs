//! Endings and the sets they make.

use crate::score::Bar;

/// An ending, from its first bar to its last.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) passes: Vec<u8>,
    pub(super) set: usize,
    /// It stands right behind the `:|` of a bar that is in no ending.
    pub(super) behind_repeat: bool,
}

/// Endings that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    /// The highest number, at least 2.
    pub(super) passes: u8,
    /// There is a `:|` in it, or right before it.
    pub(super) repeats: bool,
}

impl Set {
    const NONE: Self = Self {
        passes: 2,
        repeats: false,
    };
}

/// Endings that are looked through for one pass.
const FAR: usize = 64;

#[derive(Debug)]
pub(super) struct Endings {
    endings: Vec<Ending>,
    sets: Vec<Set>,
    /// For each bar the ending it is in.
    of_bar: Vec<Option<usize>>,
}

impl Endings {
    /// Finds the endings. `jumps` says whether there is a D.C. or D.S. in a bar.
    pub(super) fn new(bars: &[Bar], jumps: impl Fn(usize) -> bool) -> Self {
        let mut found = Self {
            endings: Vec::new(),
            sets: Vec::new(),
            of_bar: vec![None; bars.len()],
        };
        let last_way_back = bars.iter().enumerate().rev();
        let last_way_back = last_way_back
            .map(|(b, bar)| (b, bar.repeat_stop || jumps(b)))
            .find_map(|(b, leads_back)| leads_back.then_some(b));
        for (b, bar) in bars.iter().enumerate() {
            let Some(volta) = &bar.volta else { continue };
            let starts_set = found.endings.last().is_none_or(|e| e.last + 1 != b);
            let bar_before = b.checked_sub(1).and_then(|b| bars.get(b));
            let behind_repeat = starts_set && bar_before.is_some_and(|bar| bar.repeat_stop);
            if starts_set && !behind_repeat && last_way_back < Some(b) {
                continue;
            }
            found.add(b, &volta.numbers, behind_repeat, bars);
        }
        found
    }

    fn add(&mut self, first: usize, numbers: &[u8], behind_repeat: bool, bars: &[Bar]) {
        let before = self.endings.last_mut().filter(|e| e.last + 1 == first);
        let highest_before = before.as_ref().map_or(0, |e| highest(&e.passes));
        let mut passes = numbers.to_vec();
        if passes.is_empty() {
            passes.push(
                highest_before
                    .max(u8::from(behind_repeat))
                    .saturating_add(1),
            );
        }
        // Passes that nobody names.
        let lowest = passes.iter().copied().min().unwrap_or(1);
        let between = highest_before.saturating_add(1)..lowest;
        let set = match before {
            Some(before) => {
                before.passes.extend(between);
                before.set
            }
            None => {
                if !behind_repeat {
                    passes.extend(between);
                }
                self.sets.push(Set {
                    repeats: behind_repeat,
                    ..Set::NONE
                });
                self.sets.len() - 1
            }
        };
        let ends = |(e, bar): &(usize, &Bar)| {
            let next = bars.get(e + 1);
            bar.volta_stop.is_some() || next.is_none_or(|next| next.volta.is_some())
        };
        let last = bars.iter().enumerate().skip(first).find(ends);
        let last = last.map_or(first, |(e, _)| e);
        let own = bars.get(first..=last).unwrap_or(&[]);
        if let Some(set) = self.sets.get_mut(set) {
            set.passes = set.passes.max(highest(&passes));
            set.repeats |= own.iter().any(|bar| bar.repeat_stop);
        }
        for slot in self.of_bar.iter_mut().skip(first).take(own.len()) {
            *slot = Some(self.endings.len());
        }
        self.endings.push(Ending {
            first,
            last,
            passes,
            set,
            behind_repeat,
        });
    }

    /// The ending a bar is in.
    pub(super) fn at(&self, bar: usize) -> Option<&Ending> {
        let index = self.of_bar.get(bar).copied().flatten()?;
        self.endings.get(index)
    }

    /// The set of endings a bar is in.
    pub(super) fn set_at(&self, bar: usize) -> Set {
        let set = self.at(bar).and_then(|ending| self.sets.get(ending.set));
        set.copied().unwrap_or(Set::NONE)
    }

    /// Where play goes on in a pass in which the ending of this bar is not played.
    pub(super) fn instead_of(&self, bar: usize, pass: u8, bars: &[Bar]) -> usize {
        let Some(index) = self.of_bar.get(bar).copied().flatten() else {
            return bar + 1;
        };
        let mut following = self.endings.iter().skip(index);
        let Some(this) = following.next() else {
            return bar + 1;
        };
        let names = |ending: &&Ending| ending.passes.contains(&pass);
        let earlier = self.endings.iter().take(index).rev();
        let in_set = earlier
            .take_while(|e| e.set == this.set)
            .chain(following.clone().take_while(|e| e.set == this.set));
        let later = following
            .take(FAR)
            .take_while(|e| e.set == this.set || !e.passes.contains(&1))
            .find(names);
        let between = |later: &&Ending| {
            let between = bars.get(bar..=later.first).unwrap_or(&[]);
            between.iter().all(|bar| !bar.repeat_start)
        };
        if in_set.clone().any(|e| names(&e)) {
            return this.last + 1;
        }
        later
            .filter(between)
            .map_or(this.last + 1, |later| later.first)
    }
}

fn highest(passes: &[u8]) -> u8 {
    passes.iter().copied().max().unwrap_or(0)
}
