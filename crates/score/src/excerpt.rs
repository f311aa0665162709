//! A few bars of a score as a score of their own.

use std::ops::Range;

use crate::abc::{connect, spell};
use crate::event::Item;
use crate::fraction::Fraction;
use crate::score::{Bar, Score, VoltaStop};
use crate::signature::{Clef, ClefSign, Key};

/// What holds on a staff.
#[derive(Clone, Copy, Default)]
struct Staff {
    clef: Clef,
    key: Key,
}

/// What holds at a place in the score.
struct State {
    /// By part, then from the top.
    staves: Vec<Vec<Staff>>,
    /// The staff each voice is on, from 1.
    staff_of: Vec<u8>,
}

impl Score {
    /// The bars of a range as a score that stands alone; what of the range the score does not have is left
    /// out.
    ///
    /// Its voices begin with the clefs, keys and staves that hold there, its first bar with the metre. What
    /// reaches over an edge is cut: there is no tie to a note outside, no half slur or hairpin, and the
    /// bracket of an ending stays open. A note that took its alteration from outside has an accidental. The
    /// tempo mark that holds is not repeated.
    pub fn excerpt(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.bars.len());
        let start = range.start.min(end);
        let (before, rest) = self.bars.split_at_checked(start).unwrap_or_default();
        let mut excerpt = Self {
            bars: rest.iter().take(end - start).cloned().collect(),
            ..self.without_bars()
        };
        if let Some(first) = excerpt.bars.first_mut() {
            let meters = before.iter().rev().filter_map(|bar| bar.meter);
            first.meter = first.meter.or(meters.into_iter().next());
        }
        if !before.is_empty() {
            excerpt.tempo = None;
            excerpt.begin_as(&State::after(self, before));
        }
        cut_voltas(&mut excerpt.bars);
        connect::reconnect(&mut excerpt);
        spell::spell(&mut excerpt);
        excerpt
    }

    fn without_bars(&self) -> Self {
        Self {
            metadata: self.metadata.clone(),
            key: self.key,
            tempo: self.tempo.clone(),
            parts: self.parts.clone(),
            groups: self.groups.clone(),
            voices: self.voices.clone(),
            bars: Vec::new(),
        }
    }

    /// Lets the voices begin as they are in this state.
    fn begin_as(&mut self, state: &State) {
        let of_piece = self.voices.iter().position(|voice| voice.key == self.key);
        for voice in &mut self.voices {
            if let Some(staff) = state.staff(voice.part, voice.staff) {
                voice.clef = staff.clef;
                voice.key = staff.key;
            }
        }
        let Some(first) = self.bars.first_mut() else {
            return;
        };
        for (voice, (bar, now)) in self
            .voices
            .iter_mut()
            .zip(first.voices.iter_mut().zip(&state.staff_of))
        {
            if *now == voice.staff {
                let clef = voice.clef;
                voice.take_initial_signatures(bar);
                if is_drums(voice.clef) != is_drums(clef) {
                    voice.clef = clef;
                }
            } else {
                bar.items.insert(0, Item::Staff(*now));
            }
        }
        let leading = of_piece.and_then(|v| self.voices.get(v));
        self.key = leading.map_or(self.key, |voice| voice.key);
    }
}

impl State {
    /// What holds after these bars of the score, its first ones.
    fn after(score: &Score, bars: &[Bar]) -> Self {
        let staves = score
            .parts
            .iter()
            .map(|part| vec![Staff::default(); usize::from(part.staves)]);
        let mut state = Self {
            staves: staves.collect(),
            staff_of: score.voices.iter().map(|voice| voice.staff).collect(),
        };
        // The first voice on a staff decides.
        for voice in score.voices.iter().rev() {
            if let Some(staff) = state.staff_mut(voice.part, voice.staff) {
                (staff.clef, staff.key) = (voice.clef, voice.key);
            }
        }
        for bar in bars {
            state.pass(score, bar);
        }
        state
    }

    fn pass(&mut self, score: &Score, bar: &Bar) {
        let begins_as_drums = |v: usize| score.voices.get(v).is_some_and(|v| is_drums(v.clef));
        // In the order of time; at the same time the first voice decides, so it comes last.
        let mut signs: Vec<(Fraction, std::cmp::Reverse<usize>, u8, &Item)> = Vec::new();
        for (v, (voice, staff)) in bar.voices.iter().zip(&mut self.staff_of).enumerate() {
            let mut at = Fraction::ZERO;
            for item in &voice.items {
                match item {
                    Item::Event(event) => at = at.checked_add(event.duration).unwrap_or(at),
                    Item::Staff(new) => *staff = *new,
                    Item::Clef(clef) if is_drums(*clef) != begins_as_drums(v) => {}
                    Item::Clef(_) | Item::Key(_) => {
                        signs.push((at, std::cmp::Reverse(v), *staff, item));
                    }
                    _ => {}
                }
            }
        }
        signs.sort_by_key(|(at, voice, ..)| (*at, *voice));
        for (_, std::cmp::Reverse(v), staff, item) in signs {
            let part = score.voices.get(v).map_or(0, |voice| voice.part);
            match (self.staff_mut(part, staff), item) {
                (Some(on), Item::Clef(clef)) => on.clef = *clef,
                (Some(on), Item::Key(key)) => on.key = *key,
                _ => {}
            }
        }
    }

    fn staff(&self, part: usize, staff: u8) -> Option<Staff> {
        let staves = self.staves.get(part)?;
        staves.get(usize::from(staff).checked_sub(1)?).copied()
    }

    fn staff_mut(&mut self, part: usize, staff: u8) -> Option<&mut Staff> {
        let staves = self.staves.get_mut(part)?;
        staves.get_mut(usize::from(staff).checked_sub(1)?)
    }
}

/// A voice that begins with a percussion clef has drums instead of pitches, whatever clefs come later; so no
/// voice may begin with one that did not.
const fn is_drums(clef: Clef) -> bool {
    matches!(clef.sign, ClefSign::Percussion)
}

/// Endings that begin before the first bar are not there; one that goes on after the last stays open.
fn cut_voltas(bars: &mut [Bar]) {
    let mut inside = false;
    for bar in &mut *bars {
        inside |= bar.volta.is_some();
        if bar.volta_stop.is_some() && !std::mem::take(&mut inside) {
            bar.volta_stop = None;
        }
    }
    if let Some(last) = bars.last_mut()
        && inside
    {
        last.volta_stop = Some(VoltaStop::Open);
    }
}
