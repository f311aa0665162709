//! A card that fails, or answers no more: the worker is lost with it, and the next one tries it again, until it is
//! given up and the processor takes its place. That is remembered until the user wants the card tried again, or
//! chooses another.

use std::time::{Duration, Instant};

use jobs::{Device, WorkerError};
use library::{Interruption, Library};

use super::{Supervisor, TICK, Worker};
use crate::api::{ErrorView, WorkerState};
use crate::process::Process;
use crate::{Config, Result};

/// A card that was lost so many times within [`WHILE`] is given up.
const MAX_LOSSES: usize = 3;
const WHILE: Duration = Duration::from_secs(5 * 60);

/// Under which the library remembers why the card was given up.
const GIVEN_UP: &str = "card_given_up";

/// When the card was lost: within [`WHILE`], or since a piece was last finished.
#[derive(Debug, Default)]
pub(super) struct Losses {
    times: Vec<Instant>,
    finished: Option<Instant>,
}

impl Losses {
    /// One more. Whether it is one too many.
    fn add(&mut self, now: Instant) -> bool {
        let finished = self.finished;
        self.times.retain(|&time| {
            now.duration_since(time) < WHILE || finished.is_none_or(|finished| time > finished)
        });
        self.times.push(now);
        self.times.len() >= MAX_LOSSES
    }

    /// A piece was finished: what is long ago does not count any more.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.finished = Some(now);
    }
}

/// Why the card was given up, if it was and the program was not started for another device.
pub(super) fn given_up(config: &Config, library: &Library) -> Option<ErrorView> {
    match config.device {
        // What cannot be read is as if it had not been written: the card is tried.
        Device::Auto => library.setting(GIVEN_UP).ok().flatten().flatten(),
        Device::Cpu | Device::Card(_) => None,
    }
}

impl Worker {
    /// Whether it was its card that failed, if it had one.
    pub(super) fn has_lost_its_card(&self) -> bool {
        let said = self.last_words.as_ref();
        self.holds.wanted.device != Device::Cpu && said.is_some_and(WorkerError::is_of_a_device)
    }
}

impl Supervisor {
    /// Whether the worker is to be heard of before long. A processor may be slow, and never hangs.
    pub(super) fn is_computing_on_a_card(&self) -> bool {
        let worker = self.worker.as_ref();
        let ready = worker.and_then(|worker| worker.ready.as_ref());
        ready.is_some_and(|ready| ready.plan.on_card)
            && self.handed.values().any(|handed| handed.outcome.is_none())
    }

    /// Nobody said anything for a tick. A worker whose card is silent for too long has lost it: its driver waits
    /// for ever for an answer.
    pub(super) fn mind_the_card(&mut self) {
        if !self.is_computing_on_a_card() {
            return;
        }
        let Some(worker) = &mut self.worker else {
            return;
        };
        worker.silence += TICK;
        if worker.silence < self.config.card_patience {
            return;
        }
        // It may have said why it would end, and then did not.
        worker.last_words.get_or_insert_with(|| WorkerError {
            code: "device_lost".into(),
            message: "the NVIDIA card did not answer for a minute".into(),
        });
        self.bury(Process::abandon);
    }

    /// A worker's card has failed.
    pub(super) fn lose(&mut self, why: &Interruption) {
        if !self.losses.add(Instant::now()) {
            return;
        }
        let Interruption { code, message } = why;
        tracing::error!(code, "the card is given up: {message}");
        let given_up = Some(ErrorView {
            code: code.clone(),
            message: format!("{message} ({MAX_LOSSES} times in a short while)"),
        });
        if let Err(error) = self.library.put_setting(GIVEN_UP, &given_up) {
            self.complain(error.into());
        }
        self.given_up = given_up;
    }

    /// Forgets what cards did. A worker on another device than the one that is wanted goes: now if it has nothing
    /// to do, and else when it has written what it has.
    pub(super) fn retry_device(&mut self) -> Result<()> {
        if self.given_up.is_some() {
            self.library.put_setting(GIVEN_UP, &None::<ErrorView>)?;
            self.given_up = None;
        }
        self.losses = Losses::default();
        let wanted = self.wanted();
        if let Some(worker) = &mut self.worker {
            let ready = worker.ready.as_mut();
            // The next one says it again if it has to.
            let is_instead = ready.is_some_and(|ready| ready.instead.take().is_some());
            worker.is_dismissed |= is_instead;
            let goes = worker.is_dismissed || worker.holds.wanted.device != wanted.device;
            if goes && self.handed.is_empty() {
                self.dismiss();
            }
        }
        let status = self.visible_status();
        match self.worker {
            Some(_) => self.show(status.state, status.error),
            None => self.show(WorkerState::Idle, None),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_losses_within_five_minutes_are_too_many() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut losses = Losses::default();
        assert_eq!(
            [0, 100, 299].map(|s| losses.add(at(s))),
            [false, false, true]
        );
        let mut losses = Losses::default();
        losses.forgive(at(1));
        assert_eq!([0, 100, 301].map(|s| losses.add(at(s))), [false; 3]);
    }

    #[test]
    fn losses_far_apart_are_too_many_if_no_piece_was_finished_between_them() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let hours = [1, 2, 3].map(|hour| at(3600 * hour));
        let mut losses = Losses::default();
        assert_eq!(hours.map(|time| losses.add(time)), [false, false, true]);
        let mut losses = Losses::default();
        let finishing = hours.map(|time| {
            let too_many = losses.add(time);
            losses.forgive(time + Duration::from_secs(60));
            too_many
        });
        assert_eq!(finishing, [false; 3]);
    }
}
