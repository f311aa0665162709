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

use super::{Allowed, END_OF_PATCH, Guard, State, bit, set};

/// What ends a bar: its barline, or the patch before that.
const BARLINE: Allowed = bit(END_OF_PATCH) | set(b"|:");
/// What may come before it.
const WITH_BARLINE: Allowed = set(b")-!");
const LENGTHS: Allowed = set(b"0123456789/");

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
        let drawable = self.drawable();
        let c = u8::try_from(drawable.trailing_zeros()).ok()?;
        (drawable.count_ones() == 1).then_some(c)
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
