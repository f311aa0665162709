//! The order in which bars are played.
//!
//! The rule:
//!
//! 1. Bars are played as written. At `:|` play goes back once, to the last `|:`; without one to the end of
//!    the repeat before, or to the double or final barline before if that is nearer, or to the beginning
//!    (ABC 2.1, section 4.8).
//! 2. In each pass those endings are played that have its number, and there are as many passes as the
//!    highest number says, at least two. Endings that follow each other are a set. A pass that none of a set
//!    names belongs to the ending below it, if there is one above: `1` and `4` are `1-3` and `4`. If there is
//!    none above, play goes on at the next ending that names it, as in a rondo, or else behind the set. Words
//!    without a number count as the next number. Nothing is left out if no `:|`, D.C. or D.S. follows, nor
//!    is an ending that play comes to by the `:|` of a bar in no ending.
//! 3. D.C. and D.S. are obeyed once each, at the end of their bar and after its repeat. D.S. goes to the
//!    nearest segno before it; without one it is a D.C. That goes to the beginning of its movement: behind a
//!    final barline, a repeat or another D.C. or D.S., where a new metre or tempo is given; not behind the
//!    Fine or To Coda that it needs.
//! 4. From there repeats are left out and the last ending of each set is played, up to
//!    - Fine, at the end of its bar: play goes on behind the bar of the jump, if there is more;
//!    - To Coda, at the end of its bar: play goes on at the first Coda behind the jump, or just behind it;
//!    - the bar of the jump: play goes on behind it.
//!
//!    What comes then has its repeats again.
//! 5. A segno behind the last note of a bar is that of the next bar; a coda sign there is a To Coda.
//!
//! A piece that comes to more than ten times its bars, or to more music than anybody wrote, is broken: it is
//! played as written.
//!
//! MuseScore 3 plays the same of the MusicXML written (tests/data/playing.txt has pieces), apart from these, where
//! it does what no player would: `:|` without `|:` always leads to the last `|:` or the beginning, though
//! another repeat lies between; `:|` at the last of several endings leads back once more, to a pass without an
//! ending; a first ending that is left by D.C. is played again; of several segni the first counts; after Fine
//! nothing is played, not even the next movement, and D.C. leads out of the movement (it has breaks for that, which
//! no text carries); endings that nothing leads back to are left out; To Coda without a Coda is ignored.

mod endings;
mod signs;

use std::collections::{HashMap, HashSet};

use crate::score::{Bar, Barline, Score};
use endings::Endings;
use signs::Signs;

/// Times its own length that a piece can have when it is played.
const MAX_TIMES: usize = 10;
/// Items in all voices that a piece can have when it is played, unless it has more as it is written. The
/// longest quartet of the corpus has 42,000.
const MAX_ITEMS: usize = 400_000;

/// The bars in the order in which they are played, as indices into [`Score::bars`], with repeats, endings and
/// jumps carried out as the module says.
pub fn playing_order(score: &Score) -> Vec<usize> {
    play(score).map_or_else(|| (0..score.bars.len()).collect(), |(order, _)| order)
}

/// What other programs have to be told of repeats and jumps, so that they play the same.
#[derive(Default, Debug)]
pub(crate) struct Cues {
    /// For each bar with `:|` how often the section that it ends is played.
    times: HashMap<usize, u8>,
    /// For each bar with D.C. or D.S. what ends the way from there.
    goals: HashMap<usize, Goal>,
    signs: Vec<Signs>,
}

/// Where play leaves the way that a D.C. or D.S. leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goal {
    Fine,
    Coda,
}

impl Cues {
    /// Of a piece that is broken there is nothing to tell.
    pub(crate) fn new(score: &Score) -> Self {
        play(score).map(|(_, cues)| cues).unwrap_or_default()
    }

    /// Which of the segni a bar has, or its D.S. leads to, from 1.
    pub(crate) fn segno(&self, bar: usize) -> usize {
        self.count(bar, |signs| signs.segno)
    }

    /// Which of the codas a bar has, from 1.
    pub(crate) fn coda(&self, bar: usize) -> usize {
        self.count(bar, |signs| signs.coda)
    }

    /// Which of the codas the To Coda of a bar leads to, from 1.
    pub(crate) fn to_coda(&self, bar: usize) -> usize {
        let behind = self.signs.iter().skip(bar);
        let jump = behind.into_iter().find(|signs| signs.jump_to.is_some());
        self.coda(jump.and_then(|jump| jump.coda_behind).unwrap_or(bar))
    }

    fn count(&self, bar: usize, has: impl Fn(&Signs) -> bool) -> usize {
        let until = self.signs.iter().take(bar + 1);
        until.filter(|signs| has(signs)).count().max(1)
    }

    /// How often the section is played that ends with the `:|` of a bar.
    pub(crate) fn times(&self, bar: usize) -> u8 {
        self.times.get(&bar).copied().unwrap_or(2)
    }

    /// What ends the way that the D.C. or D.S. of a bar leads, if not the bar itself.
    pub(crate) fn goal(&self, bar: usize) -> Option<Goal> {
        self.goals.get(&bar).copied()
    }
}

/// Plays a piece: its bars in order, and what was met on the way. `None` if it is broken.
fn play(score: &Score) -> Option<(Vec<usize>, Cues)> {
    let bars = &score.bars;
    let weight = |b: usize| bars.get(b).map_or(0, weight);
    let written: usize = (0..bars.len()).map(weight).sum();
    let mut items_left = written.max(MAX_ITEMS);
    let mut order = Vec::new();
    let mut player = Player::new(bars);
    while let Some(b) = player.next_bar() {
        items_left = items_left.checked_sub(weight(b))?;
        order.push(b);
        if order.len() > bars.len().saturating_mul(MAX_TIMES) {
            return None;
        }
    }
    let cues = Cues {
        signs: player.signs,
        ..player.cues
    };
    Some((order, cues))
}

fn weight(bar: &Bar) -> usize {
    bar.voices.iter().map(|voice| voice.items.len()).sum()
}

struct Player<'a> {
    bars: &'a [Bar],
    signs: Vec<Signs>,
    endings: Endings,
    /// The bar that was played last, and the one that comes next.
    last: Option<usize>,
    next: usize,
    /// Where `:|` leads, and whether that is a `|:`.
    start: usize,
    open: bool,
    pass: u8,
    /// How many passes the section has, as far as is known.
    passes: u8,
    /// The bar of the D.C. or D.S. that is being obeyed.
    jumped: Option<usize>,
    taken: HashSet<usize>,
    cues: Cues,
}

impl<'a> Player<'a> {
    fn new(bars: &'a [Bar]) -> Self {
        let signs = signs::read(bars);
        Self {
            bars,
            endings: Endings::new(bars, |b| signs.get(b).is_some_and(|s| s.jump_to.is_some())),
            signs,
            last: None,
            next: 0,
            start: 0,
            open: false,
            pass: 1,
            passes: 2,
            jumped: None,
            taken: HashSet::new(),
            cues: Cues::default(),
        }
    }

    /// The next bar that is played.
    fn next_bar(&mut self) -> Option<usize> {
        let bars = self.bars;
        loop {
            let at = self.next;
            let bar = bars.get(at)?;
            if let Some(ending) = self.endings.at(at)
                && ending.first == at
            {
                let set = self.endings.set_at(at);
                let pass = match self.jumped {
                    Some(_) => set.passes,
                    None => self.pass,
                };
                self.passes = self.passes.max(set.passes);
                let comes_by_repeat = ending.behind_repeat && self.last.map(|b| b + 1) == Some(at);
                if !ending.passes.contains(&pass) && !comes_by_repeat {
                    let behind = self.endings.instead_of(at, pass, bars);
                    self.go_on(behind);
                    continue;
                }
            }
            if bar.repeat_start && self.start != at {
                self.begin_section(at);
            }
            self.open |= bar.repeat_start;
            self.last = Some(at);
            self.leave(at, bar);
            return Some(at);
        }
    }

    /// Decides what comes after a bar.
    fn leave(&mut self, at: usize, bar: &Bar) {
        let signs = self.signs_of(at);
        if let Some(jump) = self.jumped {
            if signs.fine {
                self.cues.goals.insert(jump, Goal::Fine);
                self.end_jump(jump + 1);
                return;
            }
            if signs.to_coda
                && let Some(coda) = self.signs_of(jump).coda_behind
            {
                self.cues.goals.insert(jump, Goal::Coda);
                self.end_jump(coda);
                return;
            }
            if jump == at {
                self.end_jump(at + 1);
                return;
            }
        } else if bar.repeat_stop {
            if self.endings.at(at).is_none() {
                self.passes = self.passes.max(self.endings.set_at(at + 1).passes);
            }
            self.cues.times.insert(at, self.passes);
            if self.pass < self.passes {
                self.pass += 1;
                self.next = self.start;
                return;
            }
        }
        if let Some(to) = signs.jump_to
            && self.taken.insert(at)
        {
            self.jumped = Some(at);
            self.begin_section(to);
            self.next = to;
            return;
        }
        let divides = matches!(bar.barline, Barline::Double | Barline::Final) && !self.open;
        let is_in_ending = |b: usize| self.endings.at(b).is_some();
        if (bar.repeat_stop || divides) && !is_in_ending(at) && !is_in_ending(at + 1) {
            self.begin_section(at + 1);
        }
        self.go_on(at + 1);
    }

    /// Goes to a bar that follows. Behind the last of the endings that a section is repeated by, the section is
    /// over.
    fn go_on(&mut self, to: usize) {
        let set_of = |b: usize| self.endings.at(b).map(|ending| ending.set);
        if let Some(before) = to.checked_sub(1)
            && self.endings.set_at(before).repeats
            && set_of(before) != set_of(to)
            && self.pass >= self.passes
        {
            self.begin_section(to);
        }
        self.next = to;
    }

    fn begin_section(&mut self, at: usize) {
        self.start = at;
        self.open = false;
        self.pass = 1;
        self.passes = 2;
    }

    fn end_jump(&mut self, to: usize) {
        self.jumped = None;
        self.begin_section(to);
        self.next = to;
    }

    fn signs_of(&self, bar: usize) -> Signs {
        self.signs.get(bar).copied().unwrap_or_default()
    }
}
