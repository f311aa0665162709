//! Measuring what this machine can do: for each batch size a worker process of its own, so that its peak of
//! memory is its own and nothing of the run before helps it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use jobs::{
    Device, FromWorker, LoadSpec, MeasureSpec, Measured, MemoryPlan, ModelSource, NO_CARD, Style,
    ToWorker, WorkerError,
};

use crate::api::{BenchProgress, BenchReport, BenchRequest, BenchRow};
use crate::clock::now_ms;
use crate::models::{self, Model};
use crate::process::{Process, Told};
use crate::{Code, Config, Error, Result};

/// The largest batch that can be measured.
const MAX_BATCH: u32 = 64;

/// How long the machine is watched before each batch size.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is asked whether to stop.
const TICK: Duration = Duration::from_millis(100);
/// Above this share of the machine, other work is worth a note.
const BUSY: f32 = 0.1;

/// The same in every run, so that runs can be compared.
const SEED: u64 = 1;

/// Measures, and tells how far it has come. `stop` ends it early.
///
/// # Errors
/// [`Code::InvalidRequest`], [`Code::ModelMissing`], [`Code::Stopped`]; those of a worker.
pub fn bench(
    config: &Config,
    request: &BenchRequest,
    stop: &AtomicBool,
    mut tell: impl FnMut(&BenchProgress),
) -> Result<BenchReport> {
    let of = check(request)?;
    let subject = Subject::of(config, request)?;
    let mut watch = machine::Watch::new();
    let machine = watch.look();
    let mut report = BenchReport {
        made_ms: now_ms(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: subject.name.clone(),
        parameters: 0,
        dtype: request.dtype,
        device: String::new(),
        processor: machine.processor,
        memory: machine.memory.total,
        patches: request.patches,
        runs: request.runs,
        rows: Vec::new(),
        recommended: None,
        notes: Vec::new(),
    };
    let mut steps = 0;
    for &batch in &request.batches {
        let mut progress = |done: u32| {
            steps += 1;
            tell(&BenchProgress::Running {
                batch,
                done,
                steps: steps - 1,
                of,
            });
        };
        progress(0);
        // Not what the batch before did.
        watch.look();
        std::thread::sleep(LOOK);
        let other_load = watch.look().load;
        let Batch {
            device,
            instead,
            parameters,
            plan,
            runs,
        } = measure(config, request, &subject, batch, stop, |done| {
            progress(done)
        })?;
        (report.device, report.parameters, report.dtype) = (device, parameters, plan.dtype);
        // Who asked for the best there is was given it.
        let instead = instead.filter(|why| config.device != Device::Auto || why.code != NO_CARD);
        if let Some(WorkerError { message, .. }) = instead {
            let note = format!("Measured on the processor: {message}.");
            if !report.notes.contains(&note) {
                report.notes.push(note);
            }
        }
        if plan.slots < batch {
            report.notes.push(format!(
                "There is memory for {} pieces at once and not for {batch}.",
                plan.slots
            ));
            break;
        }
        if plan.is_smaller {
            let dtype = plan.dtype.map_or("the model's own", jobs::Dtype::as_str);
            let note = format!("Memory is short: weights were kept as {dtype}.");
            if !report.notes.contains(&note) {
                report.notes.push(note);
            }
        }
        if other_load > BUSY {
            report.notes.push(format!(
                "Before the batch of {batch} the machine was {:.0} % busy with other things.",
                100.0 * other_load
            ));
        }
        let first = report.rows.first().map(|row| row.peak_bytes);
        let row = row(request, batch, first, plan, &runs, other_load);
        tell(&BenchProgress::Row { row: row.clone() });
        report.rows.push(row);
    }
    report.recommended = BenchReport::recommend(&report.rows);
    Ok(report)
}

/// How many steps it has: a load and its runs for each batch size.
fn check(request: &BenchRequest) -> Result<u32> {
    let BenchRequest {
        model,
        shape,
        threads,
        batches,
        patches,
        runs,
        ..
    } = request;
    let bad = |what: &str| Err(Error::new(Code::InvalidRequest, what));
    if model.is_some() && shape.is_some() {
        return bad("measure a model or a shape, not both");
    }
    if batches.is_empty() || batches.iter().any(|batch| !(1..=MAX_BATCH).contains(batch)) {
        return bad("batch sizes are 1 to 64");
    }
    if !(1..=MeasureSpec::MAX_PATCHES).contains(patches) {
        return bad("a piece has 1 to 1000 patches, which fit a context");
    }
    if !(1..=MeasureSpec::MAX_RUNS).contains(runs) {
        return bad("each batch size is measured 1 to 100 times");
    }
    if *threads == Some(0) {
        return bad("at least one thread must compute");
    }
    let sizes = u32::try_from(batches.len()).unwrap_or(u32::MAX);
    Ok(sizes.saturating_mul(1 + runs))
}

/// What is measured.
struct Subject {
    name: String,
    source: ModelSource,
    style: Style,
    sampling: jobs::Sampling,
}

impl Subject {
    fn of(config: &Config, request: &BenchRequest) -> Result<Self> {
        if let Some(shape) = &request.shape {
            return Ok(Self {
                name: format!("random weights, {shape}"),
                source: ModelSource::Random(shape.clone()),
                style: any_style(),
                sampling: models::SAMPLING,
            });
        }
        let Model {
            id,
            folder,
            config: shape,
            styles,
        } = models::named(config, request.model.as_deref())?;
        let style = styles.first().and_then(|period| {
            let composer = period.composers.first()?;
            Some(Style {
                period: period.period.clone(),
                composer: composer.composer.clone(),
                instrumentation: composer.instrumentations.first()?.clone(),
            })
        });
        Ok(Self {
            name: id,
            source: ModelSource::Folder(folder),
            style: style.unwrap_or_else(any_style),
            sampling: shape.sampling(),
        })
    }
}

fn any_style() -> Style {
    Style {
        period: "Romantic".into(),
        composer: "Chopin, Frederic".into(),
        instrumentation: "Keyboard".into(),
    }
}

/// What a worker said of one batch size.
struct Batch {
    device: String,
    /// Why it is not the one that was asked for.
    instead: Option<WorkerError>,
    parameters: u64,
    plan: MemoryPlan,
    /// None if there is no memory for so many at once.
    runs: Vec<Measured>,
}

fn measure(
    config: &Config,
    request: &BenchRequest,
    subject: &Subject,
    batch: u32,
    stop: &AtomicBool,
    mut progress: impl FnMut(u32),
) -> Result<Batch> {
    let load = LoadSpec {
        model: subject.source.clone(),
        slots: batch as usize,
        device: config.device,
        dtype: request.dtype,
        threads: request.threads.map(|threads| threads as usize),
    };
    let (sender, told) = mpsc::channel();
    let mut process = Process::start(&config.worker, load, move |message| {
        let _ = sender.send(message);
    })?;
    let found = listen(
        &mut process,
        request,
        subject,
        batch,
        &told,
        stop,
        &mut progress,
    );
    if found.is_err() {
        process.kill();
    } else {
        process.end();
    }
    found
}

fn listen(
    process: &mut Process,
    request: &BenchRequest,
    subject: &Subject,
    batch: u32,
    told: &Receiver<Told>,
    stop: &AtomicBool,
    progress: &mut impl FnMut(u32),
) -> Result<Batch> {
    let mut found: Option<Batch> = None;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::new(Code::Stopped, "the measurement was stopped"));
        }
        let message = match told.recv_timeout(TICK) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => None,
        };
        match message {
            Some(FromWorker::Ready {
                device,
                instead,
                parameters,
                plan,
                ..
            }) => {
                let batch_found = Batch {
                    device,
                    instead,
                    parameters,
                    plan,
                    runs: Vec::new(),
                };
                if plan.slots < batch {
                    return Ok(batch_found);
                }
                found = Some(batch_found);
                process.say(&ToWorker::Measure(MeasureSpec {
                    style: subject.style.clone(),
                    sampling: subject.sampling,
                    seed: SEED,
                    patches: request.patches,
                    runs: request.runs,
                }));
            }
            Some(FromWorker::Measured(run)) => {
                let Some(found) = &mut found else { continue };
                found.runs.push(run);
                let done = u32::try_from(found.runs.len()).unwrap_or(u32::MAX);
                if done < request.runs {
                    progress(done);
                    continue;
                }
            }
            Some(FromWorker::Fatal(error) | FromWorker::Refused(error)) => {
                return Err(Error::new(Code::Worker(error.code), error.message));
            }
            Some(FromWorker::Job(_) | FromWorker::Alive) => {}
            None => {
                return Err(Error::new(
                    Code::WorkerFailed,
                    format!("the worker ended while a batch of {batch} was measured"),
                ));
            }
        }
        if let Some(found) = found.take_if(|found| found.runs.len() == request.runs as usize) {
            return Ok(found);
        }
    }
}

fn row(
    request: &BenchRequest,
    batch: u32,
    first_peak: Option<u64>,
    plan: MemoryPlan,
    runs: &[Measured],
    other_load: f32,
) -> BenchRow {
    let count = runs.len() as f64;
    let mean = |of: &dyn Fn(&Measured) -> f64| runs.iter().map(of).sum::<f64>() / count;
    let latency_ms = mean(&|run| run.latency_ms);
    let variance = mean(&|run| (run.latency_ms - latency_ms).powi(2));
    // Of a sample: one run says nothing of how they spread.
    let variance = if count > 1.0 {
        variance * count / (count - 1.0)
    } else {
        0.0
    };
    let bars: Vec<f64> = runs.iter().filter_map(|run| run.first_bar_ms).collect();
    let peak_bytes = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
    let seconds = latency_ms / 1e3;
    BenchRow {
        batch,
        latency_ms,
        latency_sd_ms: variance.sqrt(),
        first_bar_ms: (!bars.is_empty()).then(|| bars.iter().sum::<f64>() / bars.len() as f64),
        peak_bytes,
        growth: peak_bytes as f64 / first_peak.unwrap_or(peak_bytes).max(1) as f64,
        pieces_per_minute: f64::from(batch) * 60.0 / seconds,
        patches_per_second: f64::from(batch) * f64::from(request.patches) / seconds,
        plan,
        other_load,
    }
}
