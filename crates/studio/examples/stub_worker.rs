//! A worker without a model, for the studio's tests: its pieces are a function of the seed, and it
//! can be told to die.
//!
//! `stub_worker [bars=N] [pause_ms=N] [fatal=CODE] [instead=CODE] [deaf] [alive]`, and `deaths=FILE [dies_times=N]`
//! with one of `dies_at_start`, `dies_after_bars=N`, `deadly_seed=N`, `loses_card_after_bars=N`,
//! `hangs_after_bars=N`. One that is `alive` says so while it pauses.
//!
//! Its device is what it was asked for, and in what order CUDA is to list cards; only one that was not asked for
//! the processor has a card to lose, or a reason why there is none.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use studio::jobs::{
    Change, Decoder, Device, Ending, FromWorker, JobEvent, Measured, MemoryPlan, SequenceSpec,
    ToWorker, VariationId, WorkerError, encode, style_lines,
};

fn main() {
    let option = |name: &str| {
        std::env::args().find_map(|arg| arg.strip_prefix(&format!("{name}="))?.to_owned().into())
    };
    let number = |name: &str| option(name).map(|value: String| value.parse::<u32>().unwrap());
    let bars = number("bars").unwrap_or(6);
    let dies_times = number("dies_times").unwrap_or(1);
    let pause = Duration::from_millis(number("pause_ms").unwrap_or(0).into());

    let (sender, messages) = mpsc::channel();
    std::thread::spawn(move || {
        let mut decoder = Decoder::default();
        let mut buffer = [0; 4096];
        loop {
            let count = std::io::stdin().read(&mut buffer).unwrap();
            if count == 0 {
                std::process::exit(0);
            }
            decoder.push(&buffer[..count]);
            while let Some(message) = decoder.next_message::<ToWorker>().unwrap() {
                sender.send(message).unwrap();
            }
        }
    });

    let mut active: VecDeque<(SequenceSpec, u32)> = VecDeque::new();
    let mut written = 0;
    let mut slots = 0;
    let mut has_card = false;
    loop {
        let message = match active.is_empty() {
            true => messages.recv().ok(),
            false => messages.try_recv().ok(),
        };
        match message {
            Some(ToWorker::Load(load)) => match option("fatal") {
                Some(code) => {
                    say(&FromWorker::Fatal(WorkerError {
                        message: format!("told to fail with {code}"),
                        code,
                    }));
                    std::process::exit(1);
                }
                None => {
                    slots = load.slots as u32;
                    let instead = option("instead").filter(|_| load.device != Device::Cpu);
                    has_card = instead.is_none() && load.device != Device::Cpu;
                    let order = std::env::var("CUDA_DEVICE_ORDER").unwrap_or_default();
                    say(&FromWorker::Ready {
                        device: format!("{:?}, {order}", load.device),
                        instead: instead.map(|code| WorkerError {
                            message: format!("told to say {code}"),
                            code,
                        }),
                        slots: 2,
                        parameters: 0,
                        plan: MemoryPlan {
                            dtype: load.dtype,
                            is_smaller: false,
                            slots: 2,
                            slots_asked: 2,
                            weights: 0,
                            slot: 0,
                            working: 0,
                            program: 0,
                            available: 0,
                            on_card: has_card,
                        },
                    })
                }
            },
            Some(ToWorker::Measure(spec)) => {
                for run in 0..spec.runs {
                    say(&FromWorker::Measured(Measured {
                        run,
                        latency_ms: f64::from(100 + 100 * slots + run),
                        first_bar_ms: Some(50.0),
                        peak_bytes: u64::from(500 + 500 * slots),
                    }));
                }
            }
            Some(ToWorker::Start(spec)) => {
                if std::env::args().any(|arg| arg == "dies_at_start") {
                    die_if_told_to(&option("deaths").unwrap(), dies_times, abort);
                }
                tell(spec.id, Change::Started);
                let text = format!("{}K:C\nV:1 treble\n", style_lines(&spec.style));
                tell(spec.id, Change::Header { text });
                active.push_back((spec, 0));
            }
            Some(ToWorker::Cancel { .. }) if std::env::args().any(|arg| arg == "deaf") => {}
            Some(ToWorker::Cancel { id }) => {
                let before = active.len();
                active.retain(|(spec, _)| spec.id != id);
                if active.len() < before {
                    tell(id, Change::Cancelled);
                }
            }
            None => {
                let Some((spec, index)) = active.pop_front() else {
                    continue;
                };
                if index == bars {
                    let ending = Ending::Complete;
                    tell(
                        spec.id,
                        Change::Finished {
                            ending,
                            patches: 1,
                            rolled_back: 0,
                        },
                    );
                    continue;
                }
                rest(pause);
                let pitch = char::from(b'A' + (spec.seed + u64::from(index)).rem_euclid(7) as u8);
                let text = format!("[r:{index}/{}][V:1]{pitch}8|\n", bars - 1 - index);
                tell(spec.id, Change::Bar { index, text });
                let is_deadly =
                    number("deadly_seed").map(u64::from) == Some(spec.seed) && index == 1;
                active.push_back((spec, index + 1));
                written += 1;
                if is_deadly || number("dies_after_bars") == Some(written) {
                    die_if_told_to(&option("deaths").unwrap(), dies_times, abort);
                }
                if has_card && number("loses_card_after_bars") == Some(written) {
                    die_if_told_to(&option("deaths").unwrap(), dies_times, lose_card);
                }
                if has_card && number("hangs_after_bars") == Some(written) {
                    die_if_told_to(&option("deaths").unwrap(), dies_times, hang);
                }
            }
        }
    }
}

fn die_if_told_to(file: &str, times: u32, die: fn() -> !) {
    let deaths = std::fs::read(file).unwrap_or_default().len() as u32;
    if deaths < times {
        std::fs::write(file, vec![b'x'; deaths as usize + 1]).unwrap();
        die();
    }
}

/// Pauses before a bar.
fn rest(pause: Duration) {
    let start = Instant::now();
    if std::env::args().any(|arg| arg == "alive") {
        while start.elapsed() < pause {
            say(&FromWorker::Alive);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    std::thread::sleep(pause.saturating_sub(start.elapsed()));
}

fn abort() -> ! {
    std::process::abort()
}

/// As a worker ends whose card is lost.
fn lose_card() -> ! {
    say(&FromWorker::Fatal(WorkerError {
        code: "device_lost".into(),
        message: "the card failed as it was told to".into(),
    }));
    std::process::exit(70)
}

/// As a worker hangs whose driver waits for a card that is gone.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn tell(id: VariationId, change: Change) {
    say(&FromWorker::Job(JobEvent { id, change }));
}

fn say(message: &FromWorker) {
    let mut output = std::io::stdout().lock();
    output.write_all(&encode(message).unwrap()).unwrap();
    output.flush().unwrap();
}
