//! What lanes of a warp tell each other, and where they wait for others.

use super::{LANES, Next, Warp, Words, first, lanes};
use crate::launch::{Around, Fault};
use crate::program::{NONE, Register, Shuffle, Vote};

impl Warp {
    /// Goes on when all members are here; else these lanes stay.
    pub(super) fn meet(
        &mut self,
        at: u32,
        mask: u32,
        active: u32,
        members: Register,
    ) -> Result<Next, Fault> {
        let members = *self.word(members);
        for lane in lanes(active) {
            if members[lane] >> lane & 1 == 0 {
                let members = members[lane];
                return Err(Fault::launch(
                    Some(lane),
                    format!("the lane is not among the members {members:#010x} that it names"),
                ));
            }
            if members[lane] != members[first(active)] {
                return Err(Fault::launch(
                    Some(lane),
                    "the lanes name different members",
                ));
            }
        }
        let missing = members[first(active)] & self.live & !active;
        if missing == 0 {
            return Ok(Next::On);
        }
        self.stand(active, at);
        self.stand(mask & !active, at + 1);
        self.held |= active;
        Ok(Next::Choose)
    }

    /// `shfl.sync`, of `[d, p, a, b, c]`.
    pub(super) fn shuffle(&mut self, mode: Shuffle, of: [Register; 5], active: u32) {
        let [d, p, a, b, c] = of;
        let (x, y, z) = (self.word(a), self.word(b), self.word(c));
        let mut found = 0u32;
        let mut row: Words = [0; LANES];
        for (lane, value) in row.iter_mut().enumerate() {
            let own = lane as i32;
            let by = (y[lane] & 0x1f) as i32;
            let (clamp, segment) = ((z[lane] & 0x1f) as i32, (z[lane] >> 8 & 0x1f) as i32);
            let least = own & segment;
            let most = least | clamp & !segment;
            let (from, is_in) = match mode {
                Shuffle::Up => (own - by, own - by >= most),
                Shuffle::Down => (own + by, own + by <= most),
                Shuffle::Butterfly => (own ^ by, own ^ by <= most),
                Shuffle::Index => {
                    let from = least | by & !segment;
                    (from, from <= most)
                }
            };
            let from = if is_in { from as usize } else { lane };
            found |= u32::from(is_in) << lane;
            *value = x[from & 31];
        }
        self.put(d, active, &row);
        if p != NONE {
            self.put_predicate(p, active, found);
        }
    }

    /// `vote.sync`; lanes that are not here have no voice.
    pub(super) fn vote(
        &mut self,
        mode: Vote,
        d: Register,
        p: Register,
        negated: bool,
        active: u32,
    ) {
        let bits = self.predicates[usize::from(p)];
        let voted = if negated { !bits } else { bits } & active;
        let outcome = match mode {
            Vote::Ballot => {
                self.put(d, active, &[voted; LANES]);
                return;
            }
            Vote::All => voted == active,
            Vote::Any => voted != 0,
            Vote::Uniform => voted == active || voted == 0,
        };
        self.put_predicate(d, active, if outcome { u32::MAX } else { 0 });
    }

    /// `match.any.sync`: who has the same value.
    pub(super) fn matching(&mut self, d: Register, a: Register, active: u32) {
        let x = *self.word(a);
        let row = super::row(|lane| {
            lanes(active)
                .filter(|&other| x[other] == x[lane])
                .fold(0, |mask, other| mask | 1 << other)
        });
        self.put(d, active, &row);
    }

    /// Arrives at a barrier of the block.
    pub(super) fn barrier(
        &mut self,
        around: &mut Around,
        active: u32,
        aligned: bool,
        (id, count): (Register, Register),
        waits: bool,
    ) -> Result<(), Fault> {
        let lane = first(active);
        if aligned && active != self.live {
            let missing = self.live & !active;
            return Err(Fault::launch(
                Some(lane),
                format!("a barrier for the whole warp, but lanes {missing:#010x} are elsewhere"),
            ));
        }
        let id = self.word(id)[lane];
        if id >= 16 {
            return Err(Fault::launch(Some(lane), format!("no barrier {id}")));
        }
        let needed = match count {
            NONE => None,
            count => Some(self.word(count)[lane]),
        };
        // Aligned barriers count whole warps.
        let arrived = if aligned {
            LANES as u32
        } else {
            active.count_ones()
        };
        around.barriers.arrive(id as usize, arrived, needed);
        if waits {
            self.waiting |= active;
            for lane in lanes(active) {
                self.barriers[lane] = id as u8;
            }
        }
        Ok(())
    }

    /// Lets the lanes at a barrier go on.
    pub(crate) fn release(&mut self, id: usize) {
        let free = lanes(self.waiting)
            .filter(|&lane| usize::from(self.barriers[lane]) == id)
            .fold(0, |mask, lane| mask | 1 << lane);
        self.waiting &= !free;
    }

    /// How many lanes wait at a barrier.
    pub(crate) fn waiting_at(&self, id: usize) -> u32 {
        let here = |&lane: &usize| usize::from(self.barriers[lane]) == id;
        lanes(self.waiting).filter(here).count() as u32
    }
}
