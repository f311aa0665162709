//! Who waits, and who is next.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{JobId, VariationId};

/// How soon a job's variations get their slots.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When nothing else waits.
    Low,
    /// Beside all others.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// All, from the last to the first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// The word for it in the database, in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The priority of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == word)
    }
}

/// Variations that wait for a slot.
///
/// The highest priority is first. Among jobs of one priority, the next slot goes to the job that has the
/// fewest, and of those to the one that waits longest: a job of many variations does not make others wait
/// for all of them, and while it is alone it has all slots.
#[derive(Debug, Clone)]
pub struct Line<T> {
    /// In order of arrival.
    waiting: Vec<Waiting<T>>,
}

#[derive(Debug, Clone)]
struct Waiting<T> {
    id: VariationId,
    priority: Priority,
    what: T,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
        }
    }
}

impl<T> Line<T> {
    /// Lets one wait, behind those that wait already.
    pub fn push(&mut self, id: VariationId, priority: Priority, what: T) {
        self.waiting.push(Waiting { id, priority, what });
    }

    /// Lets one wait that has waited before, ahead of all.
    pub fn push_front(&mut self, id: VariationId, priority: Priority, what: T) {
        self.waiting.insert(0, Waiting { id, priority, what });
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All that wait, in order of arrival.
    pub fn ids(&self) -> impl Iterator<Item = VariationId> {
        self.waiting.iter().map(|waiting| waiting.id)
    }

    /// Lets one go; whether it was there.
    pub fn remove(&mut self, id: VariationId) -> Option<T> {
        let at = self.waiting.iter().position(|waiting| waiting.id == id)?;
        Some(self.waiting.remove(at).what)
    }

    /// All variations of a job have this priority from now on.
    pub fn prioritise(&mut self, job: JobId, priority: Priority) {
        let of_job = self.waiting.iter_mut().filter(|w| w.id.job == job);
        of_job.for_each(|waiting| waiting.priority = priority);
    }

    /// Who waits longest among those of the highest priority.
    #[must_use]
    pub fn head(&self) -> Option<VariationId> {
        let highest = self.waiting.iter().map(|w| w.priority).max()?;
        let head = self.waiting.iter().find(|w| w.priority == highest)?;
        Some(head.id)
    }

    /// Who is next among those who `may`, when each job has so many variations `in_hand`. It stays in the
    /// line until it is taken out.
    #[must_use]
    pub fn next(
        &self,
        in_hand: impl Fn(JobId) -> usize,
        may: impl Fn(VariationId) -> bool,
    ) -> Option<VariationId> {
        let allowed = self.waiting.iter().filter(|waiting| may(waiting.id));
        // Of several that are least, the first.
        let next = allowed.min_by_key(|w| (std::cmp::Reverse(w.priority), in_hand(w.id.job)))?;
        Some(next.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn ids(count: u32) -> Vec<VariationId> {
        let job = JobId::new();
        (1..=count)
            .map(|number| VariationId { job, number })
            .collect()
    }

    fn line(jobs: &[(&[VariationId], Priority)]) -> Line<()> {
        let mut line = Line::default();
        for (ids, priority) in jobs {
            ids.iter().for_each(|id| line.push(*id, *priority, ()));
        }
        line
    }

    /// Who is let in until so many have slots, if none of them ever leaves.
    fn admitted(line: &mut Line<()>, slots: usize) -> Vec<VariationId> {
        let mut in_hand: HashMap<JobId, usize> = HashMap::new();
        let mut all = Vec::new();
        while all.len() < slots
            && let Some(id) = line.next(|job| in_hand.get(&job).copied().unwrap_or(0), |_| true)
        {
            *in_hand.entry(id.job).or_default() += 1;
            line.remove(id).unwrap();
            all.push(id);
        }
        all
    }

    #[test]
    fn a_job_alone_has_all_slots_in_order() {
        let a = ids(5);
        assert_eq!(admitted(&mut line(&[(&a, Priority::Normal)]), 4), a[..4]);
    }

    #[test]
    fn a_large_job_does_not_make_a_later_one_wait() {
        let (a, b) = (ids(64), ids(2));
        let mut line = line(&[(&a, Priority::Normal), (&b, Priority::Normal)]);
        assert_eq!(admitted(&mut line, 4), [a[0], b[0], a[1], b[1]]);
    }

    #[test]
    fn a_higher_priority_goes_first_and_a_lower_one_last() {
        let (a, b, c) = (ids(2), ids(2), ids(1));
        let jobs: [(&[VariationId], Priority); 3] = [
            (&a, Priority::Low),
            (&b, Priority::Normal),
            (&c, Priority::High),
        ];
        let mut line = line(&jobs);
        assert_eq!(line.head(), Some(c[0]));
        line.prioritise(a[0].job, Priority::High);
        assert_eq!(line.head(), Some(a[0]));
        assert_eq!(admitted(&mut line, 5), [a[0], c[0], a[1], b[0], b[1]]);
        assert!(line.is_empty());
    }

    #[test]
    fn who_was_interrupted_waits_ahead_of_its_like() {
        let (a, b) = (ids(1), ids(1));
        let mut line = line(&[(&a, Priority::Normal)]);
        line.push_front(b[0], Priority::Normal, ());
        assert_eq!(admitted(&mut line, 2), [b[0], a[0]]);
    }

    #[test]
    fn who_may_not_go_is_passed_over_and_keeps_its_place() {
        let (a, b) = (ids(1), ids(1));
        let line = line(&[(&a, Priority::Normal), (&b, Priority::Normal)]);
        assert_eq!(line.next(|_| 0, |id| id != a[0]), Some(b[0]));
        assert_eq!(line.next(|_| 0, |_| true), Some(a[0]));
        assert_eq!(line.next(|_| 0, |_| false), None);
    }

    #[test]
    fn nobody_of_one_priority_starves() {
        // A slot is free again and again while new jobs keep coming.
        let first = ids(3);
        let mut line = line(&[(&first, Priority::Normal)]);
        let mut running: Vec<VariationId> = Vec::new();
        for _ in 0..12 {
            let newcomer = ids(2);
            newcomer
                .iter()
                .for_each(|id| line.push(*id, Priority::Normal, ()));
            let in_hand = |job| running.iter().filter(|id| id.job == job).count();
            let id = line.next(in_hand, |_| true).unwrap();
            line.remove(id).unwrap();
            running.push(id);
            if running.len() > 2 {
                running.remove(0);
            }
        }
        assert!(!line.ids().any(|id| first.contains(&id)));
    }
}
