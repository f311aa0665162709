//! Pieces while they are written, to be looked at.
//!
//! The supervisor only puts down what comes. Whoever looks reads it, and only what is new; so a piece that
//! nobody watches costs the supervisor a copy of its text, and one that is watched costs it no more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobs::VariationId;
use score::{GrowingScore, Score};

use crate::api::LiveEngraving;
use crate::{Code, Error, Result};

/// The running variations.
#[derive(Default)]
pub(crate) struct Live(Mutex<HashMap<VariationId, Arc<Page>>>);

/// One of them.
#[derive(Default)]
struct Page {
    /// What has come and was not read yet. Locked for moments only.
    unread: Mutex<String>,
    /// What was read. Locked while somebody reads.
    read: Mutex<GrowingScore>,
}

impl Live {
    /// A variation begins, perhaps anew.
    pub(crate) fn begin(&self, id: VariationId) {
        lock(&self.0).insert(id, Arc::default());
    }

    /// Its header or one more bar.
    pub(crate) fn put(&self, id: VariationId, text: &str) {
        if let Some(page) = lock(&self.0).get(&id) {
            lock(&page.unread).push_str(text);
        }
    }

    /// A variation has ended.
    pub(crate) fn end(&self, id: VariationId) {
        lock(&self.0).remove(&id);
    }

    /// The bars of a running variation, as [`excerpt`]; nothing if it does not run.
    pub(crate) fn excerpt(
        &self,
        id: VariationId,
        from: Option<u32>,
        most: u32,
    ) -> Option<Result<LiveEngraving>> {
        let page = lock(&self.0).get(&id).cloned()?;
        let mut growing = lock(&page.read);
        let new = std::mem::take(&mut *lock(&page.unread));
        if !new.is_empty() {
            growing.push(&new);
        }
        Some(excerpt(growing.score(), from, most))
    }
}

/// The bars of a score from number `from` on, but only the last `most`.
pub(crate) fn excerpt(score: &Score, from: Option<u32>, most: u32) -> Result<LiveEngraving> {
    let last = score.bar_count();
    if last == 0 || most == 0 {
        return Err(Error::new(Code::NoMusic, "it has no bar yet"));
    }
    let earliest = 1 + last.saturating_sub(index(most));
    let first = from.map_or(1, index).clamp(earliest, last);
    let bars = score.excerpt(first - 1..last);
    Ok(LiveEngraving {
        musicxml: score::write_musicxml(&bars),
        first: number(first),
        last: number(last),
        staves: staves(&bars),
    })
}

fn staves(score: &Score) -> u32 {
    score.parts.iter().map(|part| u32::from(part.staves)).sum()
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
