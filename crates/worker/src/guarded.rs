//! The guard over a sequence's text: what the sampler may draw.
//!
//! *Strict*: at each character only what the guard lets pass. *Repair*: the model writes freely, slips apart.
//! What the guard does not take is drawn again, from the beginning of its stretch (a bar of a voice, or a line
//! of the header) and with other random numbers. A stretch that broke too often is written as in strict to its
//! end, which the guard can reach from wherever it stands.

use std::sync::{Mutex, PoisonError};

use engine::{Grammar, Patch, Verdict};
use score::guard::{END_OF_PATCH, Guard, Refused};

/// How often a stretch is drawn again before the model is held to the grammar.
const TRIES: u32 = 5;

/// A model that gives less than this to what may come is off its path: what it writes there is not waited for.
const LEAST_SHARE: f64 = 1e-3;

/// A character that never may come.
const NONE: u8 = 0;

/// The guard at a patch boundary, and how far into the patch being drawn it was last asked: each
/// question repeats the one before with one character more.
pub(crate) struct Guarded {
    at_patch: Guard,
    within: Mutex<Within>,
    repair: Option<Repair>,
}

struct Within {
    guard: Guard,
    seen: usize,
    /// The guard does not take one of these characters.
    is_broken: bool,
}

/// The stretch that is being written.
struct Repair {
    begun: Guard,
    /// How often it broke.
    broke: u32,
}

impl Guarded {
    /// From the first line of the header on; the style lines before it are given.
    pub(crate) fn strict() -> Self {
        let guard = Guard::new().for_writing();
        Self {
            within: Mutex::new(Within::at(&guard)),
            at_patch: guard,
            repair: None,
        }
    }

    /// The same, in which the model writes freely.
    pub(crate) fn repair() -> Self {
        let strict = Self::strict();
        let begun = strict.at_patch.clone();
        Self {
            repair: Some(Repair { begun, broke: 0 }),
            ..strict
        }
    }

    /// Whether the model may write what the guard does not take.
    fn is_free(&self) -> bool {
        let repair = self.repair.as_ref();
        repair.is_some_and(|repair| repair.broke <= TRIES)
    }

    /// What the guard says after the first characters of the patch, if it takes them.
    fn after<T>(&self, drawn: &[u8], ask: impl FnOnce(&Guard) -> T) -> Option<T> {
        let mut within = self.within.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() < within.seen || drawn.is_empty() {
            *within = Within::at(&self.at_patch);
        }
        let Within {
            guard,
            seen,
            is_broken,
        } = &mut *within;
        for &character in drawn.get(*seen..).unwrap_or_default() {
            *is_broken = *is_broken || guard.accept(character).is_err();
        }
        *seen = drawn.len();
        // What the guard allowed it accepts.
        debug_assert!(!*is_broken || self.is_free());
        (!*is_broken).then(|| ask(guard))
    }

    /// What a refused patch leads to: back to where the stretch began.
    fn go_back(&mut self, refused: &Refused) -> Verdict {
        let is_free = self.is_free();
        let Some(repair) = self.repair.as_mut().filter(|_| is_free) else {
            refuse(refused);
            return Verdict::GoesOn;
        };
        repair.broke += 1;
        self.at_patch = repair.begun.clone();
        if repair.broke > TRIES {
            let bar = self.at_patch.bars() + 1;
            tracing::debug!(bar, %refused, "the model is held to the grammar");
        }
        Verdict::Broken
    }
}

impl Within {
    fn at(guard: &Guard) -> Self {
        Self {
            guard: guard.clone(),
            seen: 0,
            is_broken: false,
        }
    }
}

impl Grammar for Guarded {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        let given = match self.is_free() {
            true => self.after(drawn, Guard::owed),
            false => self.after(drawn, Guard::given),
        };
        // What is broken is drawn again: the rest of its patch is not waited for.
        given.unwrap_or(Some(END_OF_PATCH))
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; 128]) {
        if self.is_free() {
            let share = self.after(drawn, |guard| guard.weigh_slips(probabilities));
            if share.is_none_or(|share| share < LEAST_SHARE) {
                *probabilities = [0.0; 128];
                if let Some(none) = probabilities.get_mut(usize::from(NONE)) {
                    *none = 1.0;
                }
            }
            return;
        }
        let weighed = self.after(drawn, |guard| {
            (guard.bars() + 1, guard.weigh(probabilities))
        });
        if let Some((bar, lost)) = weighed.filter(|(_, lost)| *lost > 0.5) {
            tracing::debug!(bar, lost, "the model would rather write what may not come");
        }
    }

    fn accept(&mut self, patch: &Patch) -> Verdict {
        let end = patch.iter().position(|&id| id == END_OF_PATCH);
        let drawn = patch
            .get(..=end.unwrap_or(patch.len() - 1))
            .unwrap_or(patch);
        let accepted = drawn
            .iter()
            .try_for_each(|&character| self.at_patch.accept(character));
        let verdict = match (accepted, &mut self.repair) {
            (Err(refused), _) => self.go_back(&refused),
            (Ok(()), Some(repair)) if self.at_patch.at_stretch() => {
                repair.broke = 0;
                Verdict::Stretch
            }
            (Ok(()), _) => Verdict::GoesOn,
        };
        let within = self
            .within
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        *within = Within::at(&self.at_patch);
        verdict
    }

    fn keep(&mut self) {
        if let Some(repair) = &mut self.repair {
            repair.begun = self.at_patch.clone();
        }
    }
}

/// A text that the guard did not allow is a defect in one of the two, not in the piece.
fn refuse(refused: &Refused) {
    debug_assert!(false, "{refused:?}");
    tracing::error!(?refused, "the guard refuses what it allowed");
}

#[cfg(test)]
mod tests;
