//! Hearing the worker, and burying it: what is left of it when it dies.

use std::time::{Duration, Instant};

use jobs::{Change, FromWorker, JobEvent, VariationId, WorkerError};
use library::{Interruption, Job};

use super::show::view;
use super::{Holds, MAX_CRASHES, Ready, Supervisor};
use crate::api::{ErrorView, StudioEvent, WorkerState};
use crate::clock::now_ms;
use crate::handed::{Handed, Outcome};
use crate::process::{Process, Told};

/// A model that could not be loaded so many times is given up.
const MAX_FAILED_LOADS: u32 = 3;

impl Supervisor {
    /// What a worker says, or its end.
    pub(super) fn hear(&mut self, told: Told) {
        if let Some(worker) = &mut self.worker {
            worker.silence = Duration::ZERO;
        }
        match told {
            None => self.bury(Process::end),
            Some(FromWorker::Ready {
                device,
                instead,
                plan,
                ..
            }) => {
                self.failed_loads = 0;
                if let Some(worker) = &mut self.worker {
                    worker.ready = Some(Ready {
                        device,
                        instead: instead.map(ErrorView::from),
                        plan,
                    });
                }
                self.show(WorkerState::Ready, None);
            }
            // That it was heard is all.
            Some(FromWorker::Alive) => {}
            // Nobody asked for it.
            Some(FromWorker::Measured(_) | FromWorker::Refused(_)) => {}
            Some(FromWorker::Fatal(error)) => {
                if let Some(worker) = &mut self.worker {
                    worker.last_words = Some(error);
                }
            }
            Some(FromWorker::Job(JobEvent { id, change })) => self.note(id, change),
        }
    }

    fn note(&mut self, id: VariationId, change: Change) {
        let Some(handed) = self.handed.get_mut(&id) else {
            return;
        };
        match change {
            Change::Started => {
                handed.writing.begin(now_ms());
                self.live.begin(id);
                if handed.is_repeated {
                    self.events.tell(&StudioEvent::Restarted { id });
                }
            }
            Change::Header { text } => {
                handed.writing.put_header(text.clone());
                self.live.put(id, &text);
                self.events.tell(&StudioEvent::Header { id, text });
            }
            Change::Bar { index, text } => {
                handed.writing.put_bar(text.clone(), now_ms());
                self.live.put(id, &text);
                if handed.piece.is_none() {
                    // The first bar makes the piece, which the event names.
                    self.write_down();
                }
                let piece = self.handed.get(&id).and_then(|handed| handed.piece.clone());
                if let Some(piece) = piece {
                    self.events.tell(&StudioEvent::Bar {
                        id,
                        piece,
                        index,
                        text,
                    });
                }
            }
            Change::Finished {
                ending,
                patches,
                rolled_back,
            } => {
                self.deaths = 0;
                self.losses.forgive(Instant::now());
                handed.outcome = Some(Outcome::Done(ending));
                self.events.tell(&StudioEvent::Drawn {
                    id,
                    patches,
                    rolled_back,
                });
            }
            Change::Cancelled => handed.outcome = Some(Outcome::Cancelled),
            Change::Failed(WorkerError { code, message }) => {
                handed.outcome = Some(Outcome::Failed(Interruption { code, message }));
            }
        }
    }

    /// The worker has ended, or `end` ends it, and says how: what it had waits again, what kills workers is given
    /// up.
    pub(super) fn bury(&mut self, end: fn(Process) -> String) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        self.generation += 1;
        let was_ready = worker.ready.is_some();
        let is_loss = worker.has_lost_its_card();
        let status = end(worker.process);
        let why = match worker.last_words {
            Some(WorkerError { code, message }) => Interruption { code, message },
            None => Interruption {
                code: "worker_died".into(),
                message: format!("the worker ended unexpectedly ({status})"),
            },
        };
        tracing::warn!(%status, code = %why.code, "{}", why.message);
        self.deaths += 1;
        self.failed_loads += u32::from(!was_ready && !is_loss);
        if is_loss {
            self.lose(&why);
        }

        for (id, handed) in &mut self.handed {
            let crashes = self.crashes.entry(*id).or_default();
            *crashes += u32::from(!is_loss);
            handed.outcome.get_or_insert_with(|| {
                if handed.cancelling {
                    Outcome::Cancelled
                } else if *crashes >= MAX_CRASHES {
                    Outcome::Failed(Interruption {
                        code: "worker_failed".into(),
                        message: format!(
                            "{}, each of the {crashes} times it was tried",
                            why.message
                        ),
                    })
                } else {
                    Outcome::Again(why.clone())
                }
            });
        }
        // What the worker itself calls hopeless will not get better; a crash may.
        let is_hopeless = why.code != "worker_died" || self.failed_loads >= MAX_FAILED_LOADS;
        if !was_ready && !is_loss && is_hopeless {
            self.give_up_on(&worker.holds, &why);
            return;
        }
        let pause = Duration::from_millis(100 << self.deaths.min(5));
        self.not_before = (self.deaths > 1).then(|| Instant::now() + pause);
        if self.waiting.is_empty() && self.handed.is_empty() {
            self.show(WorkerState::Idle, None);
        } else {
            self.show(WorkerState::Restarting, Some(view(&why)));
        }
    }

    /// No variation that waits for this model can be written.
    fn give_up_on(&mut self, holds: &Holds, why: &Interruption) {
        self.show(WorkerState::Failed, Some(view(why)));
        (self.deaths, self.failed_loads) = (0, 0);
        let waiting: Vec<VariationId> = self.waiting.ids().collect();
        for id in waiting {
            match self.library.job(id.job) {
                Ok(job) if !holds.will_do_for(&job) => {}
                Ok(job) => {
                    self.waiting.remove(id);
                    self.give_up(id, &job, why.clone());
                }
                Err(error) => self.complain(error.into()),
            }
        }
    }

    /// It will not be written.
    pub(super) fn give_up(&mut self, id: VariationId, job: &Job, why: Interruption) {
        let handed = Handed {
            outcome: Some(Outcome::Failed(why)),
            ..Handed::new(id, job, None, false)
        };
        self.handed.insert(id, handed);
    }
}
