//! Handing out: which variation the worker gets next, and which worker.

use std::time::Instant;

use jobs::{SequenceSpec, ToWorker, VariationState};
use library::{Error as LibraryError, Interruption, Job};

use super::{MAX_CRASHES, Order, SLOTS, Supervisor, TICK, Worker};
use crate::api::WorkerState;
use crate::handed::Handed;
use crate::process::Process;
use crate::{Code, Error, Result, fingerprint, models};

impl Supervisor {
    pub(super) fn hand_out(&mut self) {
        if self.not_before.is_some_and(|then| Instant::now() < then) {
            return;
        }
        self.not_before = None;
        while let Some(&next) = self.waiting.front() {
            let job = match self.library.job(next.job) {
                Ok(job) => job,
                Err(error @ (LibraryError::NotFound(_) | LibraryError::Damaged(_))) => {
                    self.waiting.pop_front();
                    self.complain(error.into());
                    continue;
                }
                Err(error) => {
                    self.not_before = Some(Instant::now() + TICK);
                    return self.complain(error.into());
                }
            };
            let variation = job.variations.iter().find(|v| v.id == next);
            let waits = |v: &library::Variation| v.state == VariationState::Queued;
            let Some(variation) =
                variation.filter(|v| waits(v) && !self.handed.contains_key(&next))
            else {
                self.waiting.pop_front();
                continue;
            };
            let model = (&job.spec.model, &job.model_sha256);
            match &mut self.worker {
                None => match self.start(&job) {
                    Ok(()) => return,
                    Err(error) => {
                        let code = error.code.as_str().to_owned();
                        let message = error.message;
                        self.waiting.pop_front();
                        self.give_up(next, &job, Interruption { code, message });
                        self.write_down();
                    }
                },
                Some(worker) if (&worker.model.0, &worker.model.1) != model => {
                    if !self.handed.is_empty() {
                        return;
                    }
                    self.generation += 1;
                    if let Some(worker) = self.worker.take() {
                        worker.process.end();
                    }
                }
                Some(worker) => {
                    let is_suspect = |id| self.crashes.get(id) == Some(&(MAX_CRASHES - 1));
                    let alone = is_suspect(&next) || self.handed.keys().any(is_suspect);
                    let places = if alone { 1 } else { worker.slots.unwrap_or(0) };
                    if worker.slots.is_none() || self.handed.len() >= places {
                        return;
                    }
                    worker.process.say(&ToWorker::Start(SequenceSpec {
                        id: next,
                        style: job.spec.style.clone(),
                        sampling: job.spec.sampling,
                        guard: job.spec.guard,
                        limits: job.spec.limits,
                        seed: variation.seed,
                    }));
                    let is_repeated = variation.attempt > 0;
                    self.handed
                        .insert(next, Handed::new(next, &job, is_repeated));
                    self.waiting.pop_front();
                }
            }
        }
    }

    fn start(&mut self, job: &Job) -> Result<()> {
        let id = &job.spec.model;
        let model = models::find(&self.config.model_dirs, id)?;
        let sha256 = fingerprint::sha256(&self.library, &model)?;
        if sha256 != job.model_sha256 {
            return Err(Error::new(
                Code::ModelChanged,
                format!("the weights of {id} are not those it was queued for; compose it anew"),
            ));
        }
        self.generation += 1;
        let (generation, orders) = (self.generation, self.orders.clone());
        let process = Process::start(
            &self.config.worker,
            &model.folder,
            SLOTS,
            self.config.device,
            move |told| {
                let _ = orders.send(Order::Told(generation, told));
            },
        )?;
        self.worker = Some(Worker {
            process,
            model: (id.clone(), sha256),
            slots: None,
            last_words: None,
        });
        let (state, error) = match self.deaths {
            0 => (WorkerState::Starting, None),
            _ => (WorkerState::Restarting, self.visible_error()),
        };
        self.show(state, error, None);
        Ok(())
    }
}
