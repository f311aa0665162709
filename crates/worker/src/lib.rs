//! The worker: a process that owns the device. It holds one model and an engine, and speaks framed
//! JSON on its standard input and output. It knows neither the library nor the window.
//!
//! It is a process because a crash in a driver, a model that does not fit, or a bug in the
//! arithmetic must not take the window, the queue or the library with it. It keeps nothing: when it
//! dies, the studio starts another and asks again.
//!
//! It ends when its input ends, so that it never outlives the program that started it.

mod guarded;
mod import;
mod kernels;
mod load;
mod measure;
mod model;
mod plan;

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::{Engine, ModelError};
use jobs::{Change, Decoder, FromWorker, JobEvent, SpecError, ToWorker, WorkerError};

use model::NotaGen;

pub use import::import;
pub use kernels::{KernelTime, PassTime, kernel_times};

/// With which a worker ends whose card is lost.
const DEVICE_LOST: u8 = 70;

/// A worker that has work and nothing to tell of it says so after this time. Between two steps, by the thread that
/// computes: one that hangs is silent.
const QUIET: Duration = Duration::from_secs(5);

/// The whole life of a worker on this process's standard input and output.
#[must_use]
pub fn run() -> ExitCode {
    let messages = read_messages(std::io::stdin());
    match serve(&messages, &mut std::io::stdout().lock(), QUIET) {
        Ok(status) => status,
        Err(error) => {
            tracing::error!("{error:#}");
            // The other side reads what a worker that dies says on its standard error.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Messages as they come; the channel closes when the input does.
fn read_messages(mut input: impl Read + Send + 'static) -> Receiver<anyhow::Result<ToWorker>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut decoder = Decoder::default();
        let mut buffer = [0; 64 * 1024];
        loop {
            let count = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) => {
                    let _ = sender.send(Err(error).context("reading messages"));
                    return;
                }
            };
            decoder.push(buffer.get(..count).unwrap_or_default());
            loop {
                let message = match decoder.next_message() {
                    Ok(None) => break,
                    Ok(Some(message)) => Ok(message),
                    Err(error) => Err(error).context("reading messages"),
                };
                let last = message.is_err();
                if sender.send(message).is_err() || last {
                    return;
                }
            }
        }
    });
    receiver
}

fn serve(
    messages: &Receiver<anyhow::Result<ToWorker>>,
    output: &mut impl Write,
    quiet: Duration,
) -> anyhow::Result<ExitCode> {
    let mut say = |message: FromWorker| -> anyhow::Result<()> {
        output.write_all(&jobs::encode(&message)?)?;
        output.flush().context("writing messages")
    };

    let load = match messages.recv() {
        Err(_) => return Ok(ExitCode::SUCCESS),
        Ok(Ok(ToWorker::Load(load))) => load,
        Ok(Ok(other)) => anyhow::bail!("the first message must be load, not {other:?}"),
        Ok(Err(error)) => return Err(error),
    };
    let mut model = match NotaGen::load(&load) {
        Ok(model) => model,
        Err(error) => {
            say(FromWorker::Fatal(worker_error(&error)))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    say(FromWorker::Ready {
        device: model.device(),
        instead: model.instead(),
        slots: model.slots(),
        parameters: model.parameters(),
        plan: model.plan(),
    })?;

    let start = Instant::now();
    let mut said = start;
    let mut engine = Engine::new(model.slots());
    loop {
        loop {
            let message = if engine.is_idle() {
                messages.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                messages.try_recv()
            };
            match message {
                Ok(message) => match message? {
                    ToWorker::Measure(spec) => {
                        let slots = model.slots();
                        if let Err(error) = spec.validate(slots) {
                            say(FromWorker::Refused(invalid_request(&error)))?;
                            continue;
                        }
                        // Whoever asked is there as long as the input is. What is said meanwhile is not heard.
                        let is_wanted =
                            || !matches!(messages.try_recv(), Err(TryRecvError::Disconnected));
                        let told = |measured| say(FromWorker::Measured(measured));
                        let measured = measure::measure(
                            &mut model,
                            slots,
                            &spec,
                            NotaGen::peak,
                            is_wanted,
                            told,
                        );
                        if let Err(error) = measured? {
                            say(FromWorker::Fatal(worker_error(&error)))?;
                            return Ok(ExitCode::FAILURE);
                        }
                        // The contexts are not what the engine left in them.
                        engine = Engine::new(slots);
                    }
                    message => {
                        if let Some(event) = obey(&mut engine, message)? {
                            say(FromWorker::Job(event))?;
                        }
                    }
                },
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(ExitCode::SUCCESS),
            }
        }
        let events = engine.step(&mut model, start.elapsed());
        if let Some(error) = model.lost() {
            // The pieces are not to blame: another worker writes them, from the beginning.
            say(FromWorker::Fatal(error.clone()))?;
            return Ok(ExitCode::from(DEVICE_LOST));
        }
        if !events.is_empty() {
            said = Instant::now();
        } else if said.elapsed() >= quiet {
            say(FromWorker::Alive)?;
            said = Instant::now();
        }
        for event in events {
            say(FromWorker::Job(event))?;
        }
    }
}

fn obey(engine: &mut Engine, message: ToWorker) -> anyhow::Result<Option<JobEvent>> {
    Ok(match message {
        ToWorker::Load(_) => anyhow::bail!("a worker loads one model in its life"),
        ToWorker::Measure(_) => anyhow::bail!("a worker that composes does not measure"),
        ToWorker::Start(spec) => {
            // Another process asks, on another machine perhaps: nothing is taken on trust.
            if let Err(error) = spec.sampling.validate().and(spec.limits.validate()) {
                return Ok(Some(JobEvent {
                    id: spec.id,
                    change: Change::Failed(invalid_request(&error)),
                }));
            }
            engine.submit(spec);
            None
        }
        ToWorker::Cancel { id } => engine.cancel(id),
    })
}

fn invalid_request(error: &SpecError) -> WorkerError {
    WorkerError {
        code: "invalid_request".into(),
        message: error.to_string(),
    }
}

fn worker_error(error: &impl ModelError) -> WorkerError {
    WorkerError {
        code: error.code().to_owned(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jobs::{
        Device, GuardMode, JobId, Limits, LoadSpec, MAX_SEED, MeasureSpec, ModelSource, Priority,
        Sampling, SequenceSpec, Style, VariationId,
    };

    use super::*;

    const SAMPLING: Sampling = Sampling {
        top_k: 9,
        top_p: 0.9,
        temperature: 0.7,
    };

    fn style() -> Style {
        Style {
            period: "Romantic".into(),
            composer: "Schubert, Franz".into(),
            instrumentation: "Art Song".into(),
        }
    }

    fn id() -> VariationId {
        VariationId {
            job: JobId::new(),
            number: 1,
        }
    }

    fn demo() -> LoadSpec {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/partita-demo");
        LoadSpec {
            model: ModelSource::Folder(demo),
            slots: 2,
            device: Device::Cpu,
            dtype: None,
            threads: None,
        }
    }

    /// The worker's output, read by the test as it comes.
    struct Pipe(mpsc::Sender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What a worker says until a piece of 12 patches is over; so few make no bar.
    fn said_of_a_piece(quiet: Duration) -> Vec<FromWorker> {
        let (sender, messages) = mpsc::channel();
        sender.send(Ok(ToWorker::Load(demo()))).unwrap();
        let piece = ToWorker::Start(SequenceSpec {
            id: id(),
            priority: Priority::default(),
            style: style(),
            sampling: SAMPLING,
            guard: GuardMode::default(),
            limits: Limits {
                max_patches: Some(12),
                ..Limits::default()
            },
            seed: 1,
        });
        sender.send(Ok(piece)).unwrap();
        let (output, written) = mpsc::channel();
        let worker = std::thread::spawn(move || serve(&messages, &mut Pipe(output), quiet));
        let mut decoder = Decoder::default();
        let mut said = Vec::new();
        let is_over =
            |change: &Change| matches!(change, Change::Finished { .. } | Change::Failed(_));
        while !matches!(said.last(), Some(FromWorker::Job(event)) if is_over(&event.change)) {
            let next = written.recv_timeout(Duration::from_secs(20));
            decoder.push(&next.unwrap_or_else(|_| panic!("no end: {said:?}")));
            said.extend(std::iter::from_fn(|| decoder.next_message().unwrap()));
        }
        drop(sender);
        assert_eq!(worker.join().unwrap().unwrap(), ExitCode::SUCCESS);
        let rest: Vec<_> = written.try_iter().collect();
        assert!(rest.is_empty(), "a worker without work is silent");
        said
    }

    #[test]
    fn a_worker_with_work_and_nothing_to_tell_of_it_says_that_it_is_alive() {
        let count = |said: &[FromWorker]| said.iter().filter(|m| **m == FromWorker::Alive).count();
        let said = said_of_a_piece(Duration::ZERO);
        // Most steps end without a bar.
        assert!(count(&said) > 2, "{said:?}");
        let said = said_of_a_piece(Duration::from_secs(3600));
        assert_eq!(count(&said), 0, "{said:?}");
    }

    #[test]
    fn a_measurement_that_cannot_be_made_is_refused_and_the_worker_goes_on() {
        let good = MeasureSpec {
            style: style(),
            sampling: SAMPLING,
            seed: 1,
            patches: 1,
            runs: 1,
        };
        let mut bad = vec![good.clone(); 4];
        bad[0].sampling.top_k = 0;
        bad[1].patches = 0;
        bad[2].runs = u32::MAX;
        bad[3].seed = MAX_SEED;
        let count = bad.len();

        let (sender, messages) = mpsc::channel();
        let say = |message| sender.send(Ok(message)).unwrap();
        say(ToWorker::Load(demo()));
        for spec in bad {
            say(ToWorker::Measure(spec));
        }
        say(ToWorker::Measure(good));
        // Not heard while it measures; that there is something shows that somebody waits.
        for _ in 0..8 {
            say(ToWorker::Cancel { id: id() });
        }
        drop(sender);

        let mut output = Vec::new();
        assert_eq!(
            serve(&messages, &mut output, QUIET).unwrap(),
            ExitCode::SUCCESS
        );
        let mut decoder = Decoder::default();
        decoder.push(&output);
        let mut said = std::iter::from_fn(|| decoder.next_message::<FromWorker>().unwrap());
        assert!(matches!(said.next(), Some(FromWorker::Ready { .. })));
        for _ in 0..count {
            let Some(FromWorker::Refused(error)) = said.next() else {
                panic!("something else than a refusal");
            };
            assert_eq!(error.code, "invalid_request", "{error}");
        }
        assert!(matches!(said.next(), Some(FromWorker::Measured(_))));
        assert!(said.next().is_none());
    }
}
