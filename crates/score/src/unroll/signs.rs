//! Fine, coda, segno, D.C. and D.S., and where they lead.

use crate::event::{Direction, Item};
use crate::score::{Bar, Barline};

/// What a bar says about the order.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Signs {
    pub(super) segno: bool,
    pub(super) coda: bool,
    pub(super) fine: bool,
    pub(super) to_coda: bool,
    /// Where its D.C. or D.S. leads.
    pub(super) jump_to: Option<usize>,
    /// Where the first coda behind it begins. Without a sign, right behind it.
    pub(super) coda_behind: Option<usize>,
}

/// What stands in a bar.
#[derive(Clone, Copy, Default, Debug)]
struct Raw {
    segno: bool,
    coda: bool,
    to_coda: bool,
    fine: bool,
    da_capo: bool,
    dal_segno: bool,
    /// A tempo or metre is given at its beginning.
    fresh: bool,
}

/// The signs of all bars.
pub(super) fn read(bars: &[Bar]) -> Vec<Signs> {
    let raw = raw(bars);
    let mut signs: Vec<Signs> = Vec::with_capacity(bars.len());
    let (mut segno, mut movement, mut closed) = (None, 0, false);
    // Where the movement begins of the last Fine or To Coda, which the next D.C. needs.
    let mut goal = None;
    for (b, (bar, raw)) in bars.iter().zip(&raw).enumerate() {
        segno = if raw.segno { Some(b) } else { segno };
        movement = if closed && raw.fresh { b } else { movement };
        if raw.fine || raw.to_coda {
            goal = Some(movement);
        }
        let da_capo = goal.unwrap_or(movement);
        let jumps = raw.da_capo || raw.dal_segno;
        let to = if raw.dal_segno { segno } else { None };
        signs.push(Signs {
            segno: raw.segno,
            coda: raw.coda,
            fine: raw.fine,
            to_coda: raw.to_coda,
            jump_to: jumps.then_some(to.unwrap_or(da_capo)),
            coda_behind: None,
        });
        goal = if jumps { None } else { goal };
        closed = jumps || bar.repeat_stop || bar.barline == Barline::Final;
    }
    let mut coda = None;
    for (b, (signs, raw)) in signs.iter_mut().zip(&raw).enumerate().rev() {
        signs.coda_behind = coda.or((b + 1 < bars.len()).then_some(b + 1));
        coda = if raw.coda { Some(b) } else { coda };
    }
    signs
}

fn raw(bars: &[Bar]) -> Vec<Raw> {
    let mut found = Vec::with_capacity(bars.len());
    let mut segno_behind = false;
    for bar in bars {
        let mut raw = Raw {
            segno: std::mem::take(&mut segno_behind),
            fresh: bar.meter.is_some(),
            ..Raw::default()
        };
        for voice in &bar.voices {
            let is_event = |item: &Item| matches!(item, Item::Event(_));
            let first = voice.items.iter().position(is_event).unwrap_or(0);
            let last = voice.items.iter().rposition(is_event).unwrap_or(0);
            for (i, item) in voice.items.iter().enumerate() {
                let direction = match item {
                    Item::Direction(direction) => direction,
                    Item::Tempo(_) => {
                        raw.fresh |= i <= first;
                        continue;
                    }
                    _ => continue,
                };
                match direction {
                    Direction::Segno if i > last => segno_behind = true,
                    Direction::Segno => raw.segno = true,
                    Direction::Coda if i > last => raw.to_coda = true,
                    Direction::Coda => raw.coda = true,
                    Direction::ToCoda => raw.to_coda = true,
                    Direction::Fine => raw.fine = true,
                    Direction::DaCapo => raw.da_capo = true,
                    Direction::DalSegno => raw.dal_segno = true,
                    _ => {}
                }
            }
        }
        found.push(raw);
    }
    found
}
