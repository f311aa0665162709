//! One thread that decides what the worker does: it hands out what waits, writes down what comes
//! back, and starts another worker when one dies. It alone changes a variation's state.
//!
//! The worker is given no more variations than it has slots, in the order in which they were
//! queued. So the queue is here, in the library, and a dead worker takes nothing with it.

mod hand_out;

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jobs::{
    Change, Dtype, FromWorker, JobEvent, JobId, Line, MemoryPlan, Priority, ToWorker, VariationId,
    VariationState, WorkerError,
};
use library::{Error as LibraryError, Interruption, Job, Library};

use crate::api::{ErrorView, StudioEvent, WorkerState, WorkerStatus};
use crate::clock::now_ms;
use crate::events::Events;
use crate::handed::{Handed, Outcome, Written};
use crate::live::Live;
use crate::process::{Process, Told};
use crate::{Code, Config, Error, Result, views};

/// How many variations a worker writes at once, if their caches fit.
const SLOTS: usize = 8;

/// A variation during which so many workers died is given up: it is what kills them, since the last
/// of these times it was alone.
const MAX_CRASHES: u32 = 3;

/// A model that could not be loaded so many times is given up.
const MAX_FAILED_LOADS: u32 = 3;

/// How often what could not be saved is tried again.
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
    /// Known once it is ready.
    plan: Option<MemoryPlan>,
    /// What it said before it ended.
    last_words: Option<WorkerError>,
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
    /// How many pieces at once were asked for.
    slots: usize,
}

impl Holds {
    fn wanted_by(job: &Job, slots: usize) -> Self {
        Self {
            model: job.spec.model.clone(),
            sha256: job.model_sha256.clone(),
            dtype: job.spec.dtype,
            slots,
        }
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
        Self {
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
            not_before: None,
            trouble: None,
        }
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
                Ok(Order::Told(generation, told)) if generation == self.generation => {
                    self.hear(told);
                }
                Ok(Order::Told(..)) | Err(RecvTimeoutError::Timeout) => {}
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
        self.not_before.is_none() && self.handed.values().all(is_settled)
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

    // What comes from the worker.

    fn hear(&mut self, told: Told) {
        match told {
            None => self.bury(),
            Some(FromWorker::Ready { device, plan, .. }) => {
                self.failed_loads = 0;
                if let Some(worker) = &mut self.worker {
                    worker.plan = Some(plan);
                }
                self.show(WorkerState::Ready, None, Some((device, plan)));
            }
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

    /// The worker has ended: what it had waits again, what kills workers is given up.
    fn bury(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        self.generation += 1;
        let status = worker.process.end();
        let was_ready = worker.plan.is_some();
        let why = match worker.last_words {
            Some(WorkerError { code, message }) => Interruption { code, message },
            None => Interruption {
                code: "worker_died".into(),
                message: format!("the worker ended unexpectedly ({status})"),
            },
        };
        tracing::warn!(%status, code = %why.code, "{}", why.message);
        self.deaths += 1;
        self.failed_loads += u32::from(!was_ready);

        for (id, handed) in &mut self.handed {
            let crashes = self.crashes.entry(*id).or_default();
            *crashes += 1;
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
        if !was_ready && is_hopeless {
            self.give_up_on(&worker.holds, &why);
            return;
        }
        let pause = Duration::from_millis(100 << self.deaths.min(5));
        self.not_before = (self.deaths > 1).then(|| Instant::now() + pause);
        if self.waiting.is_empty() && self.handed.is_empty() {
            self.show(WorkerState::Idle, None, None);
        } else {
            self.show(WorkerState::Restarting, Some(view(&why)), None);
        }
    }

    /// No variation that waits for this model can be written.
    fn give_up_on(&mut self, holds: &Holds, why: &Interruption) {
        self.show(WorkerState::Failed, Some(view(why)), None);
        (self.deaths, self.failed_loads) = (0, 0);
        let waiting: Vec<VariationId> = self.waiting.ids().collect();
        for id in waiting {
            match self.library.job(id.job) {
                Ok(job) if Holds::wanted_by(&job, holds.slots) != *holds => {}
                Ok(job) => {
                    self.waiting.remove(id);
                    self.give_up(id, &job, why.clone());
                }
                Err(error) => self.complain(error.into()),
            }
        }
    }

    fn give_up(&mut self, id: VariationId, job: &Job, why: Interruption) {
        let handed = Handed {
            outcome: Some(Outcome::Failed(why)),
            ..Handed::new(id, job, None, false)
        };
        self.handed.insert(id, handed);
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

    /// Ends the worker; what it had waits for the next time.
    fn close(&mut self) {
        self.generation += 1;
        if let Some(worker) = self.worker.take() {
            worker.process.end();
        }
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

    // What others see.

    fn show(
        &self,
        state: WorkerState,
        error: Option<ErrorView>,
        ready: Option<(String, MemoryPlan)>,
    ) {
        let worker = self.worker.as_ref();
        let (device, plan) = ready.unzip();
        let status = WorkerStatus {
            state,
            model: worker.map(|worker| worker.holds.model.clone()),
            device,
            slots: plan.map(|plan| plan.slots),
            plan,
            error,
        };
        *self.visible.lock().unwrap_or_else(PoisonError::into_inner) = Visible {
            status: status.clone(),
            pid: worker.map(|worker| worker.process.pid()),
        };
        self.events.tell(&StudioEvent::Worker { status });
    }

    fn visible_error(&self) -> Option<ErrorView> {
        let visible = self.visible.lock().unwrap_or_else(PoisonError::into_inner);
        visible.status.error.clone()
    }

    fn tell_variation(&mut self, id: VariationId) {
        match self.library.variation(id) {
            Ok(variation) => self.events.tell(&StudioEvent::Variation {
                variation: views::variation(variation),
            }),
            Err(error) => self.complain(error.into()),
        }
    }

    /// Tells the user once what is in the way.
    fn complain(&mut self, error: Error) {
        if self.trouble.as_ref() == Some(&error) {
            return;
        }
        tracing::error!(code = error.code.as_str(), "{error}");
        let told = error.view();
        self.trouble = Some(error);
        self.events.tell(&StudioEvent::Trouble { error: told });
    }
}

fn view(why: &Interruption) -> ErrorView {
    ErrorView {
        code: why.code.clone(),
        message: why.message.clone(),
    }
}
