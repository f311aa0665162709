//! One thread that decides what the worker does: it hands out what waits, writes down what comes
//! back, and starts another worker when one dies. It alone changes a variation's state.
//!
//! The worker is given no more variations than it has slots, in the order in which they were
//! queued. So the queue is here, in the library, and a dead worker takes nothing with it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jobs::{
    Change, Ending, FromWorker, JobEvent, SequenceSpec, ToWorker, VariationId, VariationState,
    WorkerError,
};
use library::{Interruption, Library};

use crate::api::{ErrorView, StudioEvent, WorkerState, WorkerStatus};
use crate::events::Events;
use crate::process::{Process, Told};
use crate::writing::Writing;
use crate::{Code, Config, Error, Result, models, views};

/// How many variations a worker writes at once, if their caches fit.
const SLOTS: usize = 8;

/// A variation during which so many workers died is given up: it may be what kills them.
const MAX_CRASHES: u32 = 3;

/// How often what could not be saved is tried again.
const TICK: Duration = Duration::from_millis(100);

/// What the supervisor is told.
pub(crate) enum Order {
    /// These wait for a slot, behind those that wait already.
    Queue(Vec<VariationId>),
    /// Stop this one.
    Cancel(VariationId, Sender<Result<()>>),
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
    model: String,
    /// Known once it is ready.
    slots: Option<usize>,
    /// What it said before it ended.
    last_words: Option<WorkerError>,
}

/// A variation in the worker's hands.
#[derive(Default)]
struct Handed {
    /// From its start on.
    writing: Option<Writing>,
    piece: Option<String>,
    cancelling: bool,
    /// How it ended, until the library knows.
    outcome: Option<Outcome>,
}

#[derive(Clone)]
enum Outcome {
    Done(Ending),
    Cancelled,
    Failed(Interruption),
}

pub(crate) struct Supervisor {
    config: Config,
    library: Arc<Library>,
    events: Arc<Events>,
    visible: Arc<Mutex<Visible>>,
    orders: Sender<Order>,
    waiting: VecDeque<VariationId>,
    handed: BTreeMap<VariationId, Handed>,
    worker: Option<Worker>,
    /// Tells a worker's words from those of the one before it.
    generation: u64,
    crashes: HashMap<VariationId, u32>,
    /// Workers that died since one was last of use.
    deaths: u32,
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
        orders: Sender<Order>,
    ) -> Self {
        Self {
            config,
            library,
            events,
            visible,
            orders,
            waiting: VecDeque::new(),
            handed: BTreeMap::new(),
            worker: None,
            generation: 0,
            crashes: HashMap::new(),
            deaths: 0,
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
                Ok(Order::Queue(ids)) => self.waiting.extend(ids),
                Ok(Order::Cancel(id, reply)) => {
                    let _ = reply.send(self.cancel(id));
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
            self.save_what_is_due();
            self.write_down_outcomes();
            self.hand_out();
        }
    }

    /// Whether nothing can happen unless somebody says something.
    fn is_resting(&self) -> bool {
        let done = |handed: &Handed| {
            handed.outcome.is_none() && !handed.writing.as_ref().is_some_and(Writing::is_unsaved)
        };
        self.not_before.is_none() && self.handed.values().all(done)
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
        self.waiting.retain(|&waiting| waiting != id);
        self.tell_variation(id);
        Ok(())
    }

    // What comes from the worker.

    fn hear(&mut self, told: Told) {
        match told {
            None => self.bury(),
            Some(FromWorker::Ready { device, slots, .. }) => {
                if let Some(worker) = &mut self.worker {
                    worker.slots = Some(slots);
                }
                self.show(WorkerState::Ready, None, Some((device, slots)));
            }
            Some(FromWorker::Fatal(error)) => {
                if let Some(worker) = &mut self.worker {
                    worker.last_words = Some(error);
                }
            }
            Some(FromWorker::Job(JobEvent { id, change })) => self.note(id, change),
        }
    }

    fn note(&mut self, id: VariationId, change: Change) {
        let now = now_ms();
        let Some(handed) = self.handed.get_mut(&id) else {
            return;
        };
        match change {
            Change::Started => match self.begin(id, now) {
                Ok(()) => self.tell_variation(id),
                Err(error) => self.complain(error),
            },
            Change::Header { text } => {
                if let Some(writing) = &mut handed.writing {
                    writing.put_header(text.clone());
                }
                self.events.tell(&StudioEvent::Header { id, text });
            }
            Change::Bar { index, text } => {
                if let Some(writing) = &mut handed.writing {
                    writing.put_bar(text.clone(), now);
                }
                // The first bar makes the piece, which the event names.
                self.save_what_is_due();
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
            Change::Finished { ending, .. } => {
                self.deaths = 0;
                handed.outcome = Some(Outcome::Done(ending));
            }
            Change::Cancelled => handed.outcome = Some(Outcome::Cancelled),
            Change::Failed(WorkerError { code, message }) => {
                handed.outcome = Some(Outcome::Failed(Interruption { code, message }));
            }
        }
    }

    fn begin(&mut self, id: VariationId, now: i64) -> Result<()> {
        self.library.begin(id, now)?;
        let spec = self.library.job(id.job)?.spec;
        if self.library.variation(id)?.attempt > 1 {
            self.events.tell(&StudioEvent::Restarted { id });
        }
        if let Some(handed) = self.handed.get_mut(&id) {
            handed.writing = Some(Writing::new(id, spec.style, spec.limits, now));
        }
        Ok(())
    }

    /// The worker has ended: what it had waits again, what may have killed it is given up.
    fn bury(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        self.generation += 1;
        let status = worker.process.end();
        let was_ready = worker.slots.is_some();
        let why = match worker.last_words {
            Some(WorkerError { code, message }) => Interruption { code, message },
            None => Interruption {
                code: "worker_died".into(),
                message: format!("the worker ended unexpectedly ({status})"),
            },
        };
        tracing::warn!(%status, code = %why.code, "{}", why.message);
        self.deaths += 1;

        let handed = std::mem::take(&mut self.handed);
        for (id, mut handed) in handed.into_iter().rev() {
            let crashes = self.crashes.entry(id).or_default();
            *crashes += u32::from(handed.writing.is_some());
            if handed.cancelling && handed.outcome.is_none() {
                handed.outcome = Some(Outcome::Cancelled);
            } else if *crashes >= MAX_CRASHES {
                let message = format!("{} each of the {crashes} times it was tried", why.message);
                handed.outcome.get_or_insert(Outcome::Failed(Interruption {
                    code: "worker_failed".into(),
                    message,
                }));
            }
            if handed.outcome.is_none() && handed.writing.is_none() {
                self.waiting.push_front(id);
            } else if handed.outcome.is_some() {
                self.handed.insert(id, handed);
            } else {
                self.take_back(id, &handed, &why);
            }
        }
        let gives_up = !was_ready && (self.deaths >= MAX_CRASHES || why.code != "worker_died");
        if gives_up {
            // The model does not load, and another try would end the same.
            self.give_up_on(&worker.model, &why);
            return;
        }
        let pause = Duration::from_millis(100 << self.deaths.min(5));
        self.not_before = (self.deaths > 1).then(|| Instant::now() + pause);
        if self.waiting.is_empty() {
            self.show(WorkerState::Idle, None, None);
        } else {
            self.show(WorkerState::Restarting, Some(view(&why)), None);
        }
    }

    fn take_back(&mut self, id: VariationId, handed: &Handed, why: &Interruption) {
        if let Some(draft) = handed.writing.as_ref().and_then(|w| w.draft(None))
            && let Err(error) = self.library.save(&draft)
        {
            self.complain(error.into());
        }
        match self.library.requeue(id, Some(why)) {
            Ok(()) => {
                self.waiting.push_front(id);
                self.tell_variation(id);
            }
            Err(error) => self.complain(error.into()),
        }
    }

    fn give_up_on(&mut self, model: &str, why: &Interruption) {
        self.show(WorkerState::Failed, Some(view(why)), None);
        self.deaths = 0;
        for id in std::mem::take(&mut self.waiting) {
            match self.library.job(id.job) {
                Ok(job) if job.spec.model == model => {
                    let outcome = Some(Outcome::Failed(why.clone()));
                    let handed = Handed {
                        outcome,
                        ..Handed::default()
                    };
                    self.handed.insert(id, handed);
                }
                Ok(_) => self.waiting.push_back(id),
                Err(error) => self.complain(error.into()),
            }
        }
    }

    // What goes into the library.

    fn save_what_is_due(&mut self) {
        let due = |(_, handed): &(&VariationId, &mut Handed)| {
            handed.writing.as_ref().is_some_and(Writing::is_due)
        };
        let mut saved = Vec::new();
        let mut failed = None;
        for (id, handed) in self.handed.iter_mut().filter(due) {
            let Some(writing) = &mut handed.writing else {
                continue;
            };
            let Some(draft) = writing.draft(None) else {
                continue;
            };
            match self.library.save(&draft) {
                Ok(piece) => {
                    writing.is_saved();
                    handed.piece = Some(piece);
                    saved.push(*id);
                }
                Err(error) => failed = Some(error),
            }
        }
        for id in saved {
            self.trouble = None;
            self.tell_variation(id);
        }
        if let Some(error) = failed {
            self.complain(error.into());
        }
    }

    fn write_down_outcomes(&mut self) {
        let ended: Vec<VariationId> = self
            .handed
            .iter()
            .filter(|(_, handed)| handed.outcome.is_some())
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            match self.write_down(id) {
                Ok(()) => {
                    self.handed.remove(&id);
                    self.crashes.remove(&id);
                    self.trouble = None;
                    self.tell_variation(id);
                }
                // It stays where it is and is tried again at the next tick.
                Err(error) => self.complain(error),
            }
        }
    }

    fn write_down(&self, id: VariationId) -> Result<()> {
        let Some(handed) = self.handed.get(&id) else {
            return Ok(());
        };
        let now = now_ms();
        let whole = match handed.outcome {
            Some(Outcome::Done(ending)) => Some((ending, now)),
            _ => None,
        };
        if let Some(draft) = handed.writing.as_ref().and_then(|w| w.draft(whole)) {
            self.library.save(&draft)?;
        }
        let (state, why) = match &handed.outcome {
            None => return Ok(()),
            Some(Outcome::Done(_)) => (VariationState::Done, None),
            Some(Outcome::Cancelled) => (VariationState::Cancelled, None),
            Some(Outcome::Failed(why)) => (VariationState::Failed, Some(why)),
        };
        Ok(self.library.end(id, state, why, now)?)
    }

    // What goes to the worker.

    fn hand_out(&mut self) {
        if self.not_before.is_some_and(|then| Instant::now() < then) {
            return;
        }
        self.not_before = None;
        while let Some(&next) = self.waiting.front() {
            let spec = match self.library.job(next.job) {
                Ok(job) => job.spec,
                Err(error) => return self.complain(error.into()),
            };
            let loaded = self
                .worker
                .as_ref()
                .map(|w| (w.model == spec.model, w.slots));
            match loaded {
                None => {
                    if let Err(error) = self.start(&spec.model) {
                        let code = error.code.as_str().to_owned();
                        let message = error.message;
                        self.give_up_on(&spec.model, &Interruption { code, message });
                        self.write_down_outcomes();
                        continue;
                    }
                    return;
                }
                Some((false, _)) if self.handed.is_empty() => {
                    self.generation += 1;
                    if let Some(worker) = self.worker.take() {
                        worker.process.end();
                    }
                }
                Some((true, Some(slots))) if self.handed.len() < slots => {
                    self.waiting.pop_front();
                    let seeds = spec.seeds.iter().copied().enumerate();
                    let place = next.number as usize - 1;
                    let Some((_, seed)) = seeds.into_iter().nth(place) else {
                        continue;
                    };
                    self.handed.insert(next, Handed::default());
                    if let Some(worker) = &mut self.worker {
                        worker.process.say(&ToWorker::Start(SequenceSpec {
                            id: next,
                            style: spec.style,
                            sampling: spec.sampling,
                            limits: spec.limits,
                            seed,
                        }));
                    }
                }
                Some(_) => return,
            }
        }
    }

    fn start(&mut self, id: &str) -> Result<()> {
        let model = models::find(&self.config.model_dirs, id)?;
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
            model: id.to_owned(),
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

    /// Ends the worker; what it had waits for the next time.
    fn close(&mut self) {
        self.generation += 1;
        if let Some(worker) = self.worker.take() {
            worker.process.end();
        }
        let why = Interruption {
            code: "closed".into(),
            message: "Partita was closed while this was being written".into(),
        };
        self.write_down_outcomes();
        for (id, handed) in std::mem::take(&mut self.handed) {
            if handed.writing.is_some() {
                self.take_back(id, &handed, &why);
            }
        }
    }

    // What others see.

    fn show(&self, state: WorkerState, error: Option<ErrorView>, ready: Option<(String, usize)>) {
        let worker = self.worker.as_ref();
        let (device, slots) = ready.unzip();
        let status = WorkerStatus {
            state,
            model: worker.map(|worker| worker.model.clone()),
            device,
            slots: slots.and_then(|slots| u32::try_from(slots).ok()),
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

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

impl From<library::Error> for Error {
    fn from(error: library::Error) -> Self {
        use library::Error as Library;
        let code = match &error {
            Library::InUse(_) => Code::LibraryInUse,
            Library::TooNew { .. } => Code::LibraryTooNew,
            Library::Folder { .. } => Code::CannotWrite,
            Library::Full => Code::DiskFull,
            Library::NotFound(_) => Code::NotFound,
            Library::NotNow(..) => Code::NotNow,
            Library::Damaged(_) | Library::Sqlite(_) => Code::LibraryFailed,
        };
        let message = match &error {
            Library::Full => {
                "the disk is full; make room, and what waits to be saved is saved".into()
            }
            other => other.to_string(),
        };
        Error::new(code, message).because(format!("{error:?}"))
    }
}
