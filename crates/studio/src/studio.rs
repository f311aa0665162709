//! The application: one value through which everything is asked for.

mod scores;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jobs::{JobId, JobSpec, MAX_SEED, MAX_VARIATIONS, Priority, Sampling, VariationId};
use library::{Filter, Interruption, Library};
use machine::Machine;

use crate::api::{
    BenchProgress, BenchReport, BenchRequest, ComposeRequest, JobView, LibraryPage, LibraryQuery,
    ModelInfo, PeriodStyles, Piece, Settings, StudioEvent, WorkerState, WorkerStatus,
};
use crate::bench::bench;
use crate::clock::now_ms;
use crate::events::Events;
use crate::live::Live;
use crate::models::{self, Model};
use crate::supervisor::{Order, Supervisor, Visible};
use crate::{Code, Config, Error, Result, fingerprint, views};

const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;
const SETTINGS: &str = "window";
const BENCHES: &str = "benches";
/// Measurements that are kept.
const MAX_BENCHES: usize = 100;

/// The application. Clones share it; it closes with the last of them.
#[derive(Clone)]
pub struct Studio {
    inner: Arc<Inner>,
}

struct Inner {
    library: Arc<Library>,
    config: Config,
    events: Arc<Events>,
    visible: Arc<Mutex<Visible>>,
    live: Arc<Live>,
    orders: Sender<Order>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        close(&self.orders);
    }
}

fn close(orders: &Sender<Order>) {
    let (reply, closed) = mpsc::channel();
    if orders.send(Order::Close(reply)).is_ok() {
        let _ = closed.recv();
    }
}

impl Studio {
    /// Opens the library and goes on with what was left unfinished in it, if the configuration says
    /// so.
    ///
    /// # Errors
    /// Those of the library: in use, too new, damaged.
    pub fn open(config: Config) -> Result<Self> {
        let library = Arc::new(Library::open(&config.library_dir)?);
        let events = Arc::new(Events::default());
        let visible = Arc::new(Mutex::new(Visible {
            status: WorkerStatus {
                state: WorkerState::Idle,
                model: None,
                device: None,
                instead: None,
                slots: None,
                plan: None,
                error: None,
            },
            pid: None,
        }));
        let live = Arc::new(Live::default());
        let mut left_over = Vec::new();
        if config.resume {
            library.requeue_running(&Interruption {
                code: "interrupted".into(),
                message: "Partita ended while this was being written".into(),
            })?;
            left_over = library.unfinished()?;
        }
        let (orders, to_do) = mpsc::channel();
        let studio = Self {
            inner: Arc::new(Inner {
                library: library.clone(),
                config: config.clone(),
                events: events.clone(),
                visible: visible.clone(),
                live: live.clone(),
                orders: orders.clone(),
            }),
        };
        let supervisor = Supervisor::new(config, library, events, visible, live, orders);
        std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || supervisor.run(&to_do))
            .map_err(|error| Error::io("start a thread", &error, Code::WorkerFailed))?;
        studio.order(Order::Queue(left_over));
        Ok(studio)
    }

    fn order(&self, order: Order) {
        // The supervisor ends only when asked to; an order after that has nobody to carry it out.
        if self.inner.orders.send(order).is_err() {
            tracing::warn!("an order came after the studio was closed");
        }
    }

    // Models.

    /// Installed models first, then those that are known.
    #[must_use]
    pub fn models(&self) -> Vec<ModelInfo> {
        models::list(&self.inner.config.model_dirs)
    }

    /// The styles a model knows; the first model's if none is named.
    ///
    /// # Errors
    /// [`Code::ModelMissing`].
    pub fn styles(&self, model: Option<&str>) -> Result<Vec<PeriodStyles>> {
        Ok(self.model(model)?.styles)
    }

    /// How a model is sampled unless the user says otherwise.
    ///
    /// # Errors
    /// [`Code::ModelMissing`].
    pub fn sampling(&self, model: Option<&str>) -> Result<Sampling> {
        Ok(self.model(model)?.config.sampling())
    }

    fn model(&self, id: Option<&str>) -> Result<Model> {
        models::named(&self.inner.config, id)
    }

    // The queue.

    /// Queues a job. With the return it is safe: it will be composed even if the program dies now.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`], [`Code::UnknownStyle`], [`Code::ModelMissing`]; those of the
    /// library.
    pub fn compose(&self, request: ComposeRequest) -> Result<JobView> {
        let ComposeRequest {
            model,
            style,
            variations,
            seed,
            sampling,
            guard,
            dtype,
            limits,
            priority,
        } = request;
        if !(1..=MAX_VARIATIONS).contains(&variations) {
            return Err(jobs::SpecError::Variations(variations as usize).into());
        }
        let seed = seed.unwrap_or_else(random_seed);
        if seed > MAX_SEED {
            return Err(jobs::SpecError::Seed(seed).into());
        }
        let model = self.model(model.as_deref())?;
        let spec = JobSpec {
            style,
            sampling: sampling.unwrap_or(model.config.sampling()),
            guard: guard.unwrap_or_default(),
            dtype,
            limits,
            seeds: JobSpec::consecutive_seeds(seed, variations),
            model: model.id.clone(),
        };
        spec.validate()?;
        model.check(&spec.style)?;
        let library = &self.inner.library;
        let sha256 = fingerprint::sha256(library, &model)?;
        let priority = priority.unwrap_or_default();
        let id = library.enqueue(&spec, &sha256, priority, now_ms())?;
        let job = views::job(library.job(id)?);
        self.inner
            .events
            .tell(&StudioEvent::Job { job: job.clone() });
        let variations = job.variations.iter().map(|variation| variation.id);
        let waiting = variations.map(|id| (id, priority));
        self.order(Order::Queue(waiting.collect()));
        Ok(job)
    }

    /// The jobs in the queue, newest first.
    ///
    /// # Errors
    /// Those of the library.
    pub fn queue(&self) -> Result<Vec<JobView>> {
        let jobs = self.inner.library.queue()?;
        Ok(jobs.into_iter().map(views::job).collect())
    }

    /// One job.
    ///
    /// # Errors
    /// [`Code::NotFound`]; those of the library.
    pub fn job(&self, id: JobId) -> Result<JobView> {
        Ok(views::job(self.inner.library.job(id)?))
    }

    /// Lets a job's variations that wait get their slots sooner, or later.
    ///
    /// # Errors
    /// [`Code::NotFound`]; those of the library.
    pub fn prioritise(&self, id: JobId, priority: Priority) -> Result<JobView> {
        self.inner.library.prioritise(id, priority)?;
        self.order(Order::Prioritise(id, priority));
        let job = self.job(id)?;
        self.inner
            .events
            .tell(&StudioEvent::Job { job: job.clone() });
        Ok(job)
    }

    /// Stops a variation, waiting or running; its bars so far stay in the library.
    ///
    /// # Errors
    /// [`Code::NotNow`] if it has ended; [`Code::NotFound`]; those of the library.
    pub fn cancel(&self, id: VariationId) -> Result<()> {
        let (reply, done) = mpsc::channel();
        self.order(Order::Cancel(id, reply));
        answer(&done)
    }

    /// Queues a failed or cancelled variation again; its piece comes out of the trash if it is there.
    ///
    /// # Errors
    /// [`Code::NotNow`] if it is done, waiting or running; [`Code::NotFound`]; those of the library.
    pub fn retry(&self, id: VariationId) -> Result<()> {
        let (reply, done) = mpsc::channel();
        self.order(Order::Retry(id, reply));
        answer(&done)
    }

    /// Takes jobs that are through out of the queue. Their pieces stay in the library.
    ///
    /// # Errors
    /// Those of the library.
    pub fn clear_finished(&self) -> Result<()> {
        Ok(self.inner.library.clear_finished()?)
    }

    // The library.

    /// A page of pieces, newest first.
    ///
    /// # Errors
    /// Those of the library.
    pub fn library(&self, query: &LibraryQuery) -> Result<LibraryPage> {
        page(&self.inner.library, query)
    }

    /// One piece, whole.
    ///
    /// # Errors
    /// [`Code::NotFound`]; those of the library.
    pub fn piece(&self, id: &str) -> Result<Piece> {
        Ok(views::piece(self.inner.library.piece(id)?))
    }

    /// Puts a piece in the trash.
    ///
    /// # Errors
    /// [`Code::NotFound`]; those of the library.
    pub fn delete_piece(&self, id: &str) -> Result<()> {
        Ok(self.inner.library.delete(id, now_ms())?)
    }

    /// Takes a piece out of the trash.
    ///
    /// # Errors
    /// [`Code::NotFound`]; those of the library.
    pub fn restore_piece(&self, id: &str) -> Result<()> {
        Ok(self.inner.library.restore(id)?)
    }

    // The machine.

    /// How busy the machine is and what it has, once every `every` until the receiver is dropped.
    #[must_use]
    pub fn watch_machine(&self, every: Duration) -> Receiver<Machine> {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut watch = machine::Watch::new();
            loop {
                std::thread::sleep(every);
                if sender.send(watch.look()).is_err() {
                    return;
                }
            }
        });
        receiver
    }

    /// Measures the machine, and keeps the report among those of [`Studio::benches`].
    ///
    /// # Errors
    /// [`Code::NotNow`] while pieces are being written; those of [`crate::bench`] and of the library.
    pub fn bench(
        &self,
        request: &BenchRequest,
        stop: &AtomicBool,
        tell: impl FnMut(&BenchProgress),
    ) -> Result<BenchReport> {
        if self.is_composing()? {
            return Err(Error::new(
                Code::NotNow,
                "pieces are being written, which would disturb the measurement; wait until they are done",
            ));
        }
        let config = Config {
            device: self.inner.config.device(self.settings()?.device),
            ..self.inner.config.clone()
        };
        let mut report = bench(&config, request, stop, tell)?;
        if self.is_composing()? {
            report
                .notes
                .push("Pieces were written while this was measured.".to_owned());
        }
        let mut benches = self.benches()?;
        benches.insert(0, report.clone());
        benches.truncate(MAX_BENCHES);
        self.inner.library.put_setting(BENCHES, &benches)?;
        Ok(report)
    }

    fn is_composing(&self) -> Result<bool> {
        let unfinished = self.inner.library.unfinished()?;
        Ok(!unfinished.is_empty())
    }

    /// Earlier measurements, newest first.
    ///
    /// # Errors
    /// Those of the library.
    pub fn benches(&self) -> Result<Vec<BenchReport>> {
        match self.inner.library.setting(BENCHES) {
            Ok(benches) => Ok(benches.unwrap_or_default()),
            // Reports of a version that meant something else by them.
            Err(library::Error::Damaged(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets the measurement that was made at this time.
    ///
    /// # Errors
    /// Those of the library.
    pub fn forget_bench(&self, made_ms: i64) -> Result<()> {
        let mut benches = self.benches()?;
        benches.retain(|bench| bench.made_ms != made_ms);
        Ok(self.inner.library.put_setting(BENCHES, &benches)?)
    }

    // The rest.

    /// What the window remembers.
    ///
    /// # Errors
    /// Those of the library.
    pub fn settings(&self) -> Result<Settings> {
        settings(&self.inner.library)
    }

    /// Remembers it. Another device is used from the next variation on.
    ///
    /// # Errors
    /// Those of the library.
    pub fn save_settings(&self, settings: &Settings) -> Result<()> {
        let before = self.settings()?.device;
        self.inner.library.put_setting(SETTINGS, settings)?;
        match settings.device == before {
            true => Ok(()),
            false => self.retry_device(),
        }
    }

    /// Lets a card be tried again whose place the processor has taken: by the next worker, which is started when
    /// the one that is there has written what it has.
    ///
    /// # Errors
    /// Those of the library.
    pub fn retry_device(&self) -> Result<()> {
        let (reply, done) = mpsc::channel();
        self.order(Order::RetryDevice(reply));
        answer(&done)
    }

    /// How the worker is.
    #[must_use]
    pub fn worker_status(&self) -> WorkerStatus {
        self.visible().status
    }

    /// The worker's process, if there is one.
    #[must_use]
    pub fn worker_pid(&self) -> Option<u32> {
        self.visible().pid
    }

    fn visible(&self) -> Visible {
        let visible = &self.inner.visible;
        let visible = visible.lock().unwrap_or_else(PoisonError::into_inner);
        visible.clone()
    }

    /// Lets the library grow to so many pages and no further, as a full disk would.
    #[doc(hidden)]
    pub fn allow_library_pages(&self, pages: u32) -> Result<()> {
        Ok(self.inner.library.allow_pages(pages)?)
    }

    /// All that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<StudioEvent> {
        self.inner.events.subscribe()
    }

    /// Ends the worker. What was being written waits in the library for the next time.
    pub fn close(&self) {
        close(&self.inner.orders);
    }
}

pub(crate) fn settings(library: &Library) -> Result<Settings> {
    match library.setting(SETTINGS) {
        Ok(settings) => Ok(settings.unwrap_or_default()),
        // Settings of a version that meant something else by them are no reason to fail.
        Err(library::Error::Damaged(_)) => Ok(Settings::default()),
        Err(error) => Err(error.into()),
    }
}

fn answer(done: &Receiver<Result<()>>) -> Result<()> {
    done.recv()
        .unwrap_or_else(|_| Err(Error::new(Code::NotNow, "Partita is closing")))
}

/// A page of a library that is only read, beside a program that may be writing it. Where there is
/// no library yet, it is empty.
///
/// # Errors
/// Those of the library.
pub fn read_library(folder: &Path, query: &LibraryQuery) -> Result<LibraryPage> {
    if !folder.join(library::DATABASE).exists() {
        return Ok(LibraryPage {
            pieces: Vec::new(),
            next: None,
            total: 0,
            styles: Vec::new(),
        });
    }
    page(&Library::open_to_read(folder)?, query)
}

fn page(library: &Library, query: &LibraryQuery) -> Result<LibraryPage> {
    let filter = Filter {
        period: query.period.clone(),
        composer: query.composer.clone(),
        instrumentation: query.instrumentation.clone(),
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let page = library.page(&filter, query.after.as_deref(), limit)?;
    Ok(LibraryPage {
        pieces: page.pieces.into_iter().map(views::summary).collect(),
        next: page.next,
        total: page.total,
        styles: library.styles()?,
    })
}

/// The models of these folders, without a library.
#[must_use]
pub fn list_models(folders: &[PathBuf]) -> Vec<ModelInfo> {
    models::list(folders)
}

/// A seed from the system's randomness, short enough to be read out and typed.
fn random_seed() -> u64 {
    const READABLE: u64 = 1_000_000_000;
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    u128::from_le_bytes(bytes) as u64 % READABLE
}
