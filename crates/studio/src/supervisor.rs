//! One thread that decides what the worker does: it hands out what waits, writes down what comes
//! back, and starts another worker when one dies. It alone changes a variation's state.
//!
//! The worker is given no more variations than it has slots, in the order in which they were
//! queued. So the queue is here, in the library, and a dead worker takes nothing with it.

mod card;
mod hand_out;
mod hear;
mod show;

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jobs::{
    Device, Dtype, JobId, Line, MemoryPlan, Priority, ToWorker, VariationId, VariationState,
    WorkerError,
};
use library::{Error as LibraryError, Interruption, Job, Library};

use crate::api::{ErrorView, WorkerState, WorkerStatus};
use crate::clock::now_ms;
use crate::events::Events;
use crate::handed::{Handed, Outcome, Written};
use crate::live::Live;
use crate::process::{Process, Told};
use crate::{Code, Config, Error, Result};
use card::Losses;

/// How many variations a worker writes at once, if their caches fit.
const SLOTS: usize = 8;

/// A variation during which so many workers died is given up: it is what kills them, since the last
/// of these times it was alone.
const MAX_CRASHES: u32 = 3;

/// How often what could not be saved is tried again, and a silent card is looked after.
const TICK: Duration = Duration::from_millis(100);

/// What the supervisor is told.
pub(crate) enum Order {
    /// These wait for a slot, behind those that wait already.
    Queue(Vec<(VariationId, Priority)>),
    /// Of this job, all that wait have another priority.
    Prioritise(JobId, Priority),
    /// Stop this one.
    Cancel(VariationId, Sender<Result<()>>),
    /// Queue this one again, which failed or was stopped.
    Retry(VariationId, Sender<Result<()>>),
    /// Another device was chosen, or the one that was chosen is to be tried again.
    RetryDevice(Sender<Result<()>>),
    /// The worker of this generation says something, or has ended.
    Told(u64, Told),
    /// End the worker and then the thread.
    Close(Sender<()>),
}

/// What others may see at any time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visible {
    pub(crate) status: WorkerStatus,
    pub(crate) pid: Option<u32>,
}

struct Worker {
    process: Process,
    holds: Holds,
    /// Known once it is.
    ready: Option<Ready>,
    /// Another takes its place as soon as it has nothing to do.
    is_dismissed: bool,
    /// How long it has said nothing while it had work on a card: the ticks that were waited through, so that
    /// neither a computer that slept nor a disk that kept us waiting makes a worker silent.
    silence: Duration,
    /// What it said before it ended.
    last_words: Option<WorkerError>,
}

/// How a worker is ready.
struct Ready {
    /// For people.
    device: String,
    /// Why that is the processor.
    instead: Option<ErrorView>,
    plan: MemoryPlan,
}

/// What a worker was asked to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holds {
    /// The model's id.
    model: String,
    /// The hash of its weights.
    sha256: String,
    /// The format that was asked for.
    dtype: Option<Dtype>,
    wanted: Wanted,
}

/// What a worker is asked for, whatever it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    /// How many pieces at once.
    slots: usize,
    /// Where to compute.
    device: Device,
}

impl Holds {
    fn wanted_by(job: &Job, wanted: Wanted) -> Self {
        Self {
            model: job.spec.model.clone(),
            sha256: job.model_sha256.clone(),
            dtype: job.spec.dtype,
            wanted,
        }
    }

    /// Whether such a worker can write it.
    fn will_do_for(&self, job: &Job) -> bool {
        Self::wanted_by(job, self.wanted) == *self
    }
}

pub(crate) struct Supervisor {
    config: Config,
    library: Arc<Library>,
    events: Arc<Events>,
    visible: Arc<Mutex<Visible>>,
    live: Arc<Live>,
    orders: Sender<Order>,
    waiting: Line<()>,
    handed: BTreeMap<VariationId, Handed>,
    worker: Option<Worker>,
    /// Tells a worker's words from those of the one before it.
    generation: u64,
    /// Workers that died with this variation in their hands.
    crashes: HashMap<VariationId, u32>,
    /// Workers that died since one was last of use.
    deaths: u32,
    /// Of these, those that died before they were ready.
    failed_loads: u32,
    losses: Losses,
    /// Why no card is tried any more.
    given_up: Option<ErrorView>,
    /// The next worker is not started, or the next variation not handed out, before this.
    not_before: Option<Instant>,
    /// What the user was last told to be in the way, so that it is told once.
    trouble: Option<Error>,
}

impl Supervisor {
    pub(crate) fn new(
        config: Config,
        library: Arc<Library>,
        events: Arc<Events>,
        visible: Arc<Mutex<Visible>>,
        live: Arc<Live>,
        orders: Sender<Order>,
    ) -> Self {
        let given_up = card::given_up(&config, &library);
        let supervisor = Self {
            config,
            library,
            events,
            visible,
            live,
            orders,
            waiting: Line::default(),
            handed: BTreeMap::new(),
            worker: None,
            generation: 0,
            crashes: HashMap::new(),
            deaths: 0,
            failed_loads: 0,
            losses: Losses::default(),
            given_up,
            not_before: None,
            trouble: None,
        };
        supervisor.show(WorkerState::Idle, None);
        supervisor
    }

    /// The whole life of the thread.
    pub(crate) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = match self.is_resting() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(TICK),
            };
            match order {
                Ok(Order::Queue(ids)) => {
                    for (id, priority) in ids {
                        self.waiting.push(id, priority, ());
                    }
                }
                Ok(Order::Prioritise(job, priority)) => self.prioritise(job, priority),
                Ok(Order::Cancel(id, reply)) => {
                    let _ = reply.send(self.cancel(id));
                }
                Ok(Order::Retry(id, reply)) => {
                    let _ = reply.send(self.retry(id));
                }
                Ok(Order::RetryDevice(reply)) => {
                    let _ = reply.send(self.retry_device());
                }
                Ok(Order::Told(generation, told)) if generation == self.generation => {
                    self.hear(told);
                }
                Ok(Order::Told(..)) => {}
                Err(RecvTimeoutError::Timeout) => self.mind_the_card(),
                Ok(Order::Close(reply)) => {
                    self.close();
                    let _ = reply.send(());
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            self.write_down();
            self.hand_out();
        }
    }

    /// Whether nothing can happen unless somebody says something.
    fn is_resting(&self) -> bool {
        let is_settled = |handed: &Handed| {
            handed.outcome.is_none()
                && handed.recorded == handed.writing.is_begun()
                && !handed.writing.is_unsaved()
        };
        self.not_before.is_none()
            && self.handed.values().all(is_settled)
            && !self.is_computing_on_a_card()
    }

    fn cancel(&mut self, id: VariationId) -> Result<()> {
        if let Some(handed) = self.handed.get_mut(&id) {
            handed.cancelling = true;
            if let Some(worker) = &mut self.worker {
                worker.process.say(&ToWorker::Cancel { id });
            }
            return Ok(());
        }
        self.library
            .end(id, VariationState::Cancelled, None, now_ms())?;
        self.waiting.remove(id);
        self.crashes.remove(&id);
        self.tell_variation(id);
        Ok(())
    }

    fn retry(&mut self, id: VariationId) -> Result<()> {
        if self.handed.contains_key(&id) {
            return Err(Error::new(
                Code::NotNow,
                "it is being written or just ending",
            ));
        }
        self.library.retry(id)?;
        self.crashes.remove(&id);
        let priority = self.library.job(id.job)?.priority;
        self.waiting.push(id, priority, ());
        self.tell_variation(id);
        Ok(())
    }

    fn prioritise(&mut self, job: JobId, priority: Priority) {
        self.waiting.prioritise(job, priority);
        // Those in hand come back to the line if their worker dies.
        let handed = self.handed.iter_mut().filter(|(id, _)| id.job == job);
        handed.for_each(|(_, handed)| handed.priority = priority);
    }

    // What goes into the library.

    /// Everything that the library does not know yet. What cannot be written stays where it is and
    /// is tried again at the next tick, so that a disk that was full loses nothing.
    fn write_down(&mut self) {
        let mut changed = Vec::new();
        let mut ended = Vec::new();
        let mut trouble = None;
        // From the newest on, so that what waits again comes to stand in its old order.
        for (&id, handed) in self.handed.iter_mut().rev() {
            match handed.write_down(id, &self.library) {
                Ok(Written::Nothing) => continue,
                Ok(Written::Progress) => {}
                Ok(Written::End) => ended.push(id),
                // The library holds something else of it: there is nothing left to do for us.
                Err(error @ (LibraryError::NotNow(..) | LibraryError::NotFound(_))) => {
                    tracing::error!(%id, %error, "a variation went astray");
                    ended.push(id);
                }
                Err(error) => {
                    trouble = Some(error);
                    continue;
                }
            }
            changed.push(id);
        }
        for id in ended {
            self.live.end(id);
            let Some(handed) = self.handed.remove(&id) else {
                continue;
            };
            match handed.outcome {
                Some(Outcome::Again(_)) => self.waiting.push_front(id, handed.priority, ()),
                _ => {
                    self.crashes.remove(&id);
                }
            }
        }
        match trouble {
            Some(error) => self.complain(error.into()),
            None if !changed.is_empty() => self.trouble = None,
            None => {}
        }
        for id in changed.into_iter().rev() {
            self.tell_variation(id);
        }
    }

    /// Ends the worker, whatever it says from now on.
    fn dismiss(&mut self) {
        self.generation += 1;
        if let Some(worker) = self.worker.take() {
            worker.process.end();
        }
    }

    /// Ends the worker; what it had waits for the next time.
    fn close(&mut self) {
        self.dismiss();
        for handed in self.handed.values_mut() {
            handed
                .outcome
                .get_or_insert_with(|| match handed.cancelling {
                    true => Outcome::Cancelled,
                    false => Outcome::Again(Interruption {
                        code: "closed".into(),
                        message: "Partita was closed while this was being written".into(),
                    }),
                });
        }
        self.write_down();
    }
}
