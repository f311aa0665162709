//! The guard over a sequence's text: what the sampler may draw.

use std::sync::{Mutex, PoisonError};

use engine::{Grammar, Patch};
use score::guard::{Guard, Refused};

const EOS: u8 = 2;

/// The guard at a patch boundary, and how far into the patch being drawn it was last asked: each
/// question repeats the one before with one character more.
pub(crate) struct Guarded {
    at_patch: Guard,
    within: Mutex<(Guard, usize)>,
}

impl Guarded {
    /// From the first line of the header on; the style lines before it are given.
    pub(crate) fn new() -> Self {
        let guard = Guard::new().for_writing();
        Self {
            within: Mutex::new((guard.clone(), 0)),
            at_patch: guard,
        }
    }

    /// What the guard says after the first characters of the patch.
    fn after<T>(&self, drawn: &[u8], ask: impl FnOnce(&Guard) -> T) -> T {
        let mut within = self.within.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() < within.1 || drawn.is_empty() {
            *within = (self.at_patch.clone(), 0);
        }
        let (guard, seen) = &mut *within;
        for &character in drawn.get(*seen..).unwrap_or_default() {
            // What the guard allowed it accepts.
            let accepted = guard.accept(character);
            debug_assert!(accepted.is_ok(), "{accepted:?}");
        }
        *seen = drawn.len();
        ask(guard)
    }
}

impl Grammar for Guarded {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        self.after(drawn, Guard::given)
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; 128]) {
        let (bar, lost) = self.after(drawn, |guard| {
            (guard.bars() + 1, guard.weigh(probabilities))
        });
        if lost > 0.5 {
            tracing::debug!(bar, lost, "the model would rather write what may not come");
        }
    }

    fn accept(&mut self, patch: &Patch) {
        let end = patch.iter().position(|&id| id == EOS);
        let drawn = patch
            .get(..=end.unwrap_or(patch.len() - 1))
            .unwrap_or(patch);
        let accepted = drawn
            .iter()
            .try_for_each(|&character| self.at_patch.accept(character));
        if let Err(refused) = accepted {
            refuse(&refused);
        }
        let within = self
            .within
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        *within = (self.at_patch.clone(), 0);
    }
}

/// A text that the guard did not allow is a defect in one of the two, not in the piece.
fn refuse(refused: &Refused) {
    debug_assert!(false, "{refused:?}");
    tracing::error!(?refused, "the guard refuses what it allowed");
}
