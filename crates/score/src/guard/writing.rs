//! What a model that writes may draw, and what it means by what it may not.
//!
//! That every bar has all its length and no more is all the grammar wants, and within it a model can go
//! astray. Where it would go on with notes in a bar that is full, the grammar leaves it signs, clefs, words
//! and grace notes; it writes one after the other of these and never sees that the bar is over. So a
//! sampler draws by the rules below. None of them is part of the grammar, which reads what others wrote,
//! and each takes something away only where something remains.
//!
//! *Less may be drawn than may come* ([`Guard::drawable`]):
//! - In a full bar only the rest of its last note, and what ends with it: slurs, ties, hairpins and other
//!   signs between two `!`.
//! - Where a voice must name a metre, that comes first.
//! - `%%score` counts its voices: a number far beyond those listed begins with one that is listed already.
//! - [`Guard::for_writing`]: bars are short, and tuplets end off the grid, only for a reason.
//!
//! *The probability of what may not be drawn* ([`Guard::weigh`]) goes to what the model meant, as a person
//! would mend it: in a full bar to the barline, among grace notes to their end, of a length that is too
//! long to the longest that fits. After a note or rest that may be over, the rest of it goes to what may
//! follow: were it shared by all, a barline that comes too early would make the last note another length.
//! Elsewhere it falls away. In a bar that is not full that makes of a barline more music, not the rests
//! that mending would put there.
//!
//! All this is for a model that is held to the grammar at each character. One that writes freely, and whose
//! bars are drawn again where they break the grammar, is only told what is [no choice](Guard::owed) and kept
//! from [slips](Guard::weigh_slips).

use super::{Allowed, END_OF_PATCH, Guard, Patches, State, bit, set};

/// What ends a bar: its barline, or the patch before that.
const BARLINE: Allowed = bit(END_OF_PATCH) | set(b"|:");
/// What may come before it.
const WITH_BARLINE: Allowed = set(b")-!");
const LENGTHS: Allowed = set(b"0123456789/");

/// While what may not come has less than this of a model's probability, the model has something else to write:
/// with NotaGen's top-p of 0.9 some of it would be among what is drawn from. Were all slips drawn, nearly four
/// times as many bars would be drawn again, and those with many notes more often than those with few.
const SLIP: f64 = 0.9;

/// What stands for that which may not be drawn: for lengths, and for all else.
struct StandIns {
    lengths: Allowed,
    others: Allowed,
}

impl StandIns {
    const fn all(stand_ins: Allowed) -> Self {
        Self {
            lengths: stand_ins,
            others: stand_ins,
        }
    }
}

impl Guard {
    /// What a model may draw: some of what [is allowed](Guard::allowed), and not none of it before the
    /// piece is over.
    pub fn drawable(&self) -> Allowed {
        let allowed = self.allowed();
        let drawable = match &self.state {
            State::Body(line) => match line.in_full_bar() {
                Some(token) if allowed & BARLINE != 0 => allowed & (token | WITH_BARLINE | BARLINE),
                _ => allowed & line.owed(),
            },
            State::Header(reader) => allowed & reader.near(&self.header),
            State::Over(_) | State::Complete => allowed,
        };
        if drawable == 0 { allowed } else { drawable }
    }

    /// The only character to draw, if there is just one: it needs no model.
    pub fn given(&self) -> Option<u8> {
        only(self.drawable())
    }

    /// For a model that writes freely: the only character that may come, where it is none of the music. That is
    /// the counter, the name of a voice, a barline as the line's first voice has it, what ends a patch after its
    /// line, and the end of the piece.
    pub fn owed(&self) -> Option<u8> {
        let is_free = match &self.state {
            State::Body(line) => line.is_in_music() && self.patches != Patches::Start,
            State::Header(_) => true,
            State::Over(_) | State::Complete => false,
        };
        let is_settled = !is_free || self.patches == Patches::LineBreak;
        only(self.allowed()).filter(|_| is_settled)
    }

    /// For a model that writes freely: leaves out what may not come where that is a slip, less likely than
    /// [`SLIP`], and leaves everything as it is where the model leans to it. Gives how much of the probabilities
    /// is for what may come.
    pub fn weigh_slips(&self, probabilities: &mut [f64; 128]) -> f64 {
        let allowed = self.allowed();
        let others = (0..).zip(probabilities.iter_mut());
        let others = others.filter(|(c, _)| allowed & bit(*c) == 0);
        let lost: f64 = others.map(|(_, p)| *p).sum();
        if lost <= SLIP {
            for (c, p) in (0..).zip(probabilities.iter_mut()) {
                if allowed & bit(c) == 0 {
                    *p = 0.0;
                }
            }
        }
        1.0 - lost
    }

    /// Makes of the probabilities that a model gives to the characters those to draw by. Gives how much
    /// of them was for what may not be drawn.
    pub fn weigh(&self, probabilities: &mut [f64; 128]) -> f64 {
        let drawable = self.drawable();
        let (mut lengths, mut others) = (0.0, 0.0);
        for (c, p) in (0..).zip(probabilities.iter_mut()) {
            if drawable & bit(c) == 0 {
                let lost = if LENGTHS & bit(c) == 0 {
                    &mut others
                } else {
                    &mut lengths
                };
                *lost += std::mem::take(p);
            }
        }
        let stand_ins = self.stand_ins();
        give(probabilities, lengths, stand_ins.lengths & drawable);
        give(probabilities, others, stand_ins.others & drawable);
        lengths + others
    }

    fn stand_ins(&self) -> StandIns {
        let State::Body(line) = &self.state else {
            return StandIns::all(Allowed::MAX);
        };
        if line.in_full_bar().is_some() {
            StandIns::all(BARLINE)
        } else if line.is_in_grace() {
            StandIns::all(bit(b'}'))
        } else if let Some((token, longest)) = line.in_length() {
            StandIns {
                lengths: longest.map_or(!token, bit),
                others: !token,
            }
        } else {
            StandIns::all(Allowed::MAX)
        }
    }
}

/// The character, if there is just one.
fn only(allowed: Allowed) -> Option<u8> {
    let c = u8::try_from(allowed.trailing_zeros()).ok()?;
    (allowed.count_ones() == 1).then_some(c)
}

/// Shares this much out among some of the characters, as they share what they have.
fn give(probabilities: &mut [f64; 128], lost: f64, among: Allowed) {
    let some = || (0..128u8).filter(|c| among & bit(*c) != 0).map(usize::from);
    let have: f64 = some().filter_map(|c| probabilities.get(c)).sum();
    if have > 0.0 {
        let factor = 1.0 + lost / have;
        for c in some() {
            if let Some(p) = probabilities.get_mut(c) {
                *p *= factor;
            }
        }
    }
}
