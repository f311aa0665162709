//! Handing out: which variation the worker gets next, and which worker.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use jobs::{
    Device, JobId, LoadSpec, ModelSource, SequenceSpec, ToWorker, VariationId, VariationState,
};
use library::{Error as LibraryError, Interruption, Job};

use super::{Holds, MAX_CRASHES, Order, Ready, SLOTS, Supervisor, TICK, Wanted, Worker};
use crate::api::WorkerState;
use crate::handed::Handed;
use crate::process::Process;
use crate::{Code, Error, Result, fingerprint, models};

impl Supervisor {
    /// Hands out what the worker has slots for. Who waits longest among those of the highest priority
    /// decides which model the worker holds, so that models do not take turns; among the jobs for that
    /// model, [`jobs::Line`] is fair.
    pub(super) fn hand_out(&mut self) {
        if self.not_before.is_some_and(|then| Instant::now() < then) {
            return;
        }
        self.not_before = None;
        if self.is_full() {
            return;
        }
        if self.waiting.is_empty() {
            return;
        }
        let wanted = self.wanted();
        let mut jobs = HashMap::new();
        while let Some(head) = self.waiting.head() {
            let job = self.job(head, &mut jobs);
            let Some(holds) = job.map(|job| Holds::wanted_by(job, wanted)) else {
                if self.not_before.is_some() {
                    return;
                }
                continue;
            };
            match &mut self.worker {
                None => match self.start(&holds) {
                    Ok(()) => return,
                    Err(error) => self.refuse(head, &jobs, error),
                },
                Some(worker) if worker.is_dismissed || worker.holds != holds => {
                    if !self.handed.is_empty() {
                        return;
                    }
                    self.dismiss();
                }
                Some(_) => {
                    let next = self.next_for(&holds, &mut jobs);
                    if !self.hand(next.unwrap_or(head), &jobs) {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the worker can be given nothing now, whatever waits.
    fn is_full(&self) -> bool {
        let is_full = |ready: &Ready| self.handed.len() >= ready.plan.slots as usize;
        let worker = self.worker.as_ref();
        worker.is_some_and(|worker| worker.ready.as_ref().is_none_or(is_full))
    }

    /// Who is next among those that want what the worker holds.
    fn next_for(&mut self, holds: &Holds, jobs: &mut HashMap<JobId, Job>) -> Option<VariationId> {
        let waiting: Vec<VariationId> = self.waiting.ids().collect();
        for id in waiting {
            let _ = self.job(id, jobs);
        }
        let in_hand = |job| self.handed.keys().filter(|id| id.job == job).count();
        let may = |id: VariationId| jobs.get(&id.job).is_some_and(|job| holds.will_do_for(job));
        self.waiting.next(in_hand, may)
    }

    /// The job of one that waits. If there is none, it waits no longer; if the library cannot say, all
    /// wait until it can.
    fn job<'a>(&mut self, id: VariationId, jobs: &'a mut HashMap<JobId, Job>) -> Option<&'a Job> {
        match jobs.entry(id.job) {
            Entry::Occupied(job) => Some(job.into_mut()),
            Entry::Vacant(entry) => match self.library.job(id.job) {
                Ok(job) => Some(entry.insert(job)),
                Err(error) => {
                    let is_gone =
                        matches!(error, LibraryError::NotFound(_) | LibraryError::Damaged(_));
                    match is_gone {
                        true => drop(self.waiting.remove(id)),
                        false => self.not_before = Some(Instant::now() + TICK),
                    }
                    self.complain(error.into());
                    None
                }
            },
        }
    }

    /// Gives it to the worker, which holds its model. Whether there may be room for another.
    fn hand(&mut self, next: VariationId, jobs: &HashMap<JobId, Job>) -> bool {
        let is_suspect = |id| self.crashes.get(id) == Some(&(MAX_CRASHES - 1));
        let alone = is_suspect(&next) || self.handed.keys().any(is_suspect);
        let (Some(worker), Some(job)) = (&mut self.worker, jobs.get(&next.job)) else {
            return false;
        };
        let Some(Ready { plan, .. }) = worker.ready else {
            return false;
        };
        let places = if alone { 1 } else { plan.slots as usize };
        if self.handed.len() >= places {
            return false;
        }
        self.waiting.remove(next);
        let variation = job.variations.iter().find(|v| v.id == next);
        let waits = |v: &&library::Variation| v.state == VariationState::Queued;
        let Some(variation) = variation.filter(|v| waits(v) && !self.handed.contains_key(&next))
        else {
            return true;
        };
        worker.process.say(&ToWorker::Start(SequenceSpec {
            id: next,
            priority: job.priority,
            style: job.spec.style.clone(),
            sampling: job.spec.sampling,
            guard: job.spec.guard,
            limits: job.spec.limits,
            seed: variation.seed,
        }));
        let is_repeated = variation.attempt > 0;
        let handed = Handed::new(next, job, plan.dtype, is_repeated);
        self.handed.insert(next, handed);
        true
    }

    /// There is no worker for it.
    fn refuse(&mut self, id: VariationId, jobs: &HashMap<JobId, Job>, error: Error) {
        let code = error.code.as_str().to_owned();
        let message = error.message;
        self.waiting.remove(id);
        if let Some(job) = jobs.get(&id.job) {
            self.give_up(id, job, Interruption { code, message });
        }
        self.write_down();
    }

    fn start(&mut self, holds: &Holds) -> Result<()> {
        let id = &holds.model;
        let model = models::find(&self.config.model_dirs, id)?;
        let sha256 = fingerprint::sha256(&self.library, &model)?;
        if sha256 != holds.sha256 {
            return Err(Error::new(
                Code::ModelChanged,
                format!("the weights of {id} are not those it was queued for; compose it anew"),
            ));
        }
        self.generation += 1;
        let (generation, orders) = (self.generation, self.orders.clone());
        let load = LoadSpec {
            model: ModelSource::Folder(model.folder),
            slots: holds.wanted.slots,
            device: holds.wanted.device,
            dtype: holds.dtype,
            threads: None,
        };
        let process = Process::start(&self.config.worker, load, move |told| {
            let _ = orders.send(Order::Told(generation, told));
        })?;
        self.worker = Some(Worker {
            process,
            holds: holds.clone(),
            ready: None,
            is_dismissed: false,
            silence: Duration::ZERO,
            last_words: None,
        });
        let (state, error) = match self.deaths {
            0 => (WorkerState::Starting, None),
            _ => (WorkerState::Restarting, self.visible_status().error),
        };
        self.show(state, error);
        Ok(())
    }

    /// What the user wants, except of a card that was given up.
    pub(super) fn wanted(&self) -> Wanted {
        let settings = crate::studio::settings(&self.library).unwrap_or_default();
        let slots = settings.at_once;
        Wanted {
            slots: slots.map_or(SLOTS, |slots| slots.clamp(1, MAX_SLOTS) as usize),
            device: match self.given_up {
                Some(_) => Device::Cpu,
                None => self.config.device(settings.device),
            },
        }
    }
}

/// The most pieces at once that a user can ask for.
const MAX_SLOTS: u32 = 64;
