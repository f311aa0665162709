//! Guesses at what a piece writes next, so that the character decoder can read several characters in
//! one pass. A wrong guess costs its row of the pass and changes nothing: see [`crate::step`].
//!
//! Scores repeat themselves, and each other: what followed the last characters the last time, longest
//! match first, in this piece or else in others, is right for half of the characters.

use std::sync::LazyLock;

use crate::patches::encode_training;
use crate::{EOS, PATCH_SIZE, Patch};

/// How many characters must be the same for a guess, best first.
const SUFFIXES: [usize; 4] = [12, 8, 5, 3];
const LONGEST: usize = SUFFIXES[0];

/// Some bars each of 46 scores by as many composers, for what a piece has not written yet: an extract
/// of the OpenScore editions that the bundled model was trained on (CC0).
static OTHERS: LazyLock<History> = LazyLock::new(|| {
    let mut others = History::with_places(1 << 16);
    for score in include_str!("../data/drafts.txt").split("\n\n") {
        for patch in encode_training(score, usize::MAX).unwrap_or_default() {
            others.push(&patch);
        }
    }
    others
});

/// What a piece has written, and where the same characters stood before.
pub(crate) struct History {
    /// Characters of whole patches, ends included, padding not.
    text: Vec<u8>,
    /// Length of the text after each patch.
    ends: Vec<u32>,
    /// For each length of suffix: the place after where it stood last, by its hash. Of two suffixes with
    /// one hash the later has the place.
    after: [Box<[u32]>; SUFFIXES.len()],
}

impl History {
    /// For a context of so many patches.
    pub(crate) fn new(patches: usize) -> Self {
        let mut history = Self::with_places(1 << 14);
        history.text.reserve_exact(patches * PATCH_SIZE);
        history.ends.reserve_exact(patches);
        history
    }

    /// `places` is a power of two.
    fn with_places(places: usize) -> Self {
        Self {
            text: Vec::new(),
            ends: Vec::new(),
            after: std::array::from_fn(|_| vec![0; places].into_boxed_slice()),
        }
    }

    /// Forgets all but the first patches. The tables may point beyond the end then, or at other
    /// characters; every entry is checked when it is used.
    pub(crate) fn truncate(&mut self, patches: usize) {
        self.ends.truncate(patches);
        let length = self.ends.last().map_or(0, |end| *end as usize);
        self.text.truncate(length);
    }

    /// Becomes what `other` was after its first patches.
    pub(crate) fn copy(&mut self, other: &Self, patches: usize) {
        self.text.clone_from(&other.text);
        self.ends.clone_from(&other.ends);
        for (after, other) in self.after.iter_mut().zip(&other.after) {
            after.copy_from_slice(other);
        }
        self.truncate(patches);
    }

    pub(crate) fn push(&mut self, patch: &Patch) {
        let length = patch.iter().position(|&c| c == EOS);
        let length = length.map_or(PATCH_SIZE, |end| end + 1);
        for &character in &patch[..length] {
            self.text.push(character);
            for (suffix, after) in SUFFIXES.iter().zip(&mut self.after) {
                if let Some(from) = self.text.len().checked_sub(*suffix) {
                    after[place(&self.text[from..], after.len())] = self.text.len() as u32;
                }
            }
        }
        self.ends.push(self.text.len() as u32);
    }

    /// Guesses what follows the first characters of a patch: as many as `guesses` has room for, or
    /// fewer. Gives their number.
    pub(crate) fn guess(&self, drawn: &[u8], guesses: &mut [u8]) -> usize {
        // The end of the text, the patch so far, and the guesses.
        let mut recent = [0; LONGEST + 2 * PATCH_SIZE];
        let tail = &self.text[self.text.len().saturating_sub(LONGEST)..];
        recent[..tail.len()].copy_from_slice(tail);
        recent[tail.len()..][..drawn.len()].copy_from_slice(drawn);
        let known = tail.len() + drawn.len();
        let room = guesses.len().min(PATCH_SIZE - drawn.len());
        let counter = self.next_counter(drawn);
        for (index, guess) in guesses[..room].iter_mut().enumerate() {
            let recent = &mut recent[..=known + index];
            let Some((last, before)) = recent.split_last_mut() else {
                return index;
            };
            let patch = &before[tail.len()..];
            let counted = counter.as_ref().and_then(|counter| {
                let rest = counter.as_bytes().strip_prefix(patch)?;
                rest.first().copied()
            });
            let Some(next) = counted.or_else(|| self.next(before)) else {
                return index;
            };
            (*guess, *last) = (next, next);
            if next == EOS {
                return index + 1;
            }
        }
        room
    }

    fn next(&self, recent: &[u8]) -> Option<u8> {
        SUFFIXES.iter().enumerate().find_map(|(index, suffix)| {
            let suffix = &recent[recent.len().checked_sub(*suffix)?..];
            self.after(index, suffix)
                .or_else(|| OTHERS.after(index, suffix))
        })
    }

    /// What stood after this suffix the last time.
    fn after(&self, index: usize, suffix: &[u8]) -> Option<u8> {
        let after = &self.after[index];
        let after = after[place(suffix, after.len())] as usize;
        let before = self.text.get(after.checked_sub(suffix.len())?..after)?;
        (before == suffix).then(|| self.text.get(after).copied())?
    }

    /// The counter of the line that begins now, if one does: one line more before it, one less to come.
    fn next_counter(&self, drawn: &[u8]) -> Option<String> {
        let begins = self.text.strip_suffix(&[EOS]).unwrap_or(&self.text);
        if !begins.ends_with(b"\n") || !b"[r:".starts_with(&drawn[..drawn.len().min(3)]) {
            return None;
        }
        let mut end = self.text.len();
        for &start in self.ends.iter().rev().skip(1) {
            let patch = &self.text[start as usize..end];
            if let Some(counter) = patch.strip_prefix(b"[r:") {
                let counter = counter.split(|&c| c == b']').next()?;
                let (before, to_come) = std::str::from_utf8(counter).ok()?.split_once('/')?;
                let (before, to_come): (u32, u32) = (before.parse().ok()?, to_come.parse().ok()?);
                let (before, to_come) = (before.checked_add(1)?, to_come.checked_sub(1)?);
                return Some(format!("[r:{before}/{to_come}]"));
            }
            end = start as usize;
        }
        None
    }
}

/// FNV-1a, folded.
fn place(suffix: &[u8], places: usize) -> usize {
    let hash = suffix.iter().fold(0x811c_9dc5, |hash: u32, &c| {
        (hash ^ u32::from(c)).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 15)) as usize & (places - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(text: &str) -> History {
        let mut history = History::new(64);
        for patch in encode_training(text, usize::MAX).unwrap() {
            history.push(&patch);
        }
        // Without the closing patch.
        history.truncate(history.ends.len() - 1);
        history
    }

    fn guess(history: &History, drawn: &str, most: usize) -> String {
        let mut guesses = [0; PATCH_SIZE];
        let count = history.guess(drawn.as_bytes(), &mut guesses[..most]);
        String::from_utf8(guesses[..count].to_vec()).unwrap()
    }

    const TEXT: &str = "L:1/8\n[V:1]xyzzy qqquux|[V:2]c8|\n[V:1]xyzzy qqquux|[V:2]d8|\n";

    #[test]
    fn what_followed_before_follows_again() {
        let history = history(TEXT);
        assert_eq!(guess(&history, "xyzzy", 6), " qqquu");
        assert_eq!(guess(&history, "xyzzy", 2), " q");
        // No further than the patch.
        assert_eq!(guess(&history, "[V:1]xyzzy qqq", 9), "uu");
        // The end of a patch is the last guess.
        assert_eq!(guess(&history, "quux", 9), "\u{2}");
    }

    #[test]
    fn what_a_piece_has_not_written_is_guessed_from_others() {
        assert_eq!(guess(&History::new(64), "%%scor", 2), "e ");
        assert_eq!(
            guess(&History::new(64), "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}", 2),
            ""
        );
    }

    #[test]
    fn the_counter_of_the_next_line_counts_on() {
        let mut history = history(TEXT);
        // Both lines are there: none is to come.
        assert_eq!(history.next_counter(b""), None);
        let ends_line = |history: &History| history.text.ends_with(b"d8|\n\x02");
        assert!(ends_line(&history));
        let first = history.ends.len() - 3;
        history.truncate(first);
        assert!(history.text.ends_with(b"c8|\n\x02"));
        assert_eq!(guess(&history, "", 10), "[r:1/0][V:");
        assert_eq!(guess(&history, "[r:1", 3), "/0]");
        assert_eq!(history.next_counter(b"[V:"), None);
        // Not in the middle of a line.
        history.truncate(first - 1);
        assert_eq!(history.next_counter(b""), None);
    }

    #[test]
    fn what_was_forgotten_is_not_guessed_from() {
        let mut history = history(TEXT);
        history.truncate(2);
        assert_eq!(guess(&history, "xyzzy qqq", 3), "");
        history.truncate(0);
        assert_eq!((history.text.len(), history.ends.len()), (0, 0));
    }
}
