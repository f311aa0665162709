//! Sequences that come, go, are cancelled and share their beginnings, in a worker of its own: whether its
//! memory grows.
//!
//! ```text
//! cargo run --release -p studio --example soak PARTITA MODEL_FOLDER [PATCHES]
//! ```

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use studio::jobs::{
    Change, Decoder, Device, FromWorker, GuardMode, JobId, Limits, LoadSpec, MeasureSpec,
    ModelSource, Priority, Sampling, SequenceSpec, Style, ToWorker, VariationId, encode,
};

const SLOTS: usize = 8;
/// What a process may gain in its second half, in bytes: what the system's allocator keeps differs by
/// some pages from moment to moment.
const MOST_GROWTH: u64 = 2 << 20;

const SAMPLING: Sampling = Sampling {
    top_k: 9,
    top_p: 0.9,
    temperature: 1.1,
};

fn style(composer: &str) -> Style {
    Style {
        period: "Romantic".into(),
        composer: composer.into(),
        instrumentation: "Art Song".into(),
    }
}

/// The same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap();
    let model = arguments.next().unwrap();
    let wanted: u64 = arguments
        .next()
        .map_or(10_000, |text| text.parse().unwrap());

    let mut worker = Command::new(program)
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = worker.stdin.take().unwrap();
    let mut output = worker.stdout.take().unwrap();
    let mut say = |message: &ToWorker| input.write_all(&encode(message).unwrap()).unwrap();
    say(&ToWorker::Load(LoadSpec {
        model: ModelSource::Folder(model.into()),
        slots: SLOTS,
        device: Device::Cpu,
        dtype: None,
        threads: None,
    }));

    let mut dice = Dice(1);
    let mut number = 0;
    let job = JobId::new();
    // Three prompts: most sequences share one with another that runs.
    let mut start = |dice: &mut Dice| {
        number += 1;
        let id = VariationId { job, number };
        let composer = ["Schubert, Franz", "Schumann, Clara", "Wolf, Hugo"][dice.below(3) as usize];
        // One in eight goes on until its context is begun anew.
        let patches = if dice.below(8) == 0 {
            1200
        } else {
            20 + dice.below(300)
        };
        let spec = SequenceSpec {
            id,
            priority: Priority::Normal,
            style: style(composer),
            sampling: SAMPLING,
            guard: GuardMode::ALL[dice.below(3) as usize],
            limits: Limits {
                max_patches: Some(patches as u32),
                ..Limits::default()
            },
            seed: u64::from(number),
        };
        (id, ToWorker::Start(spec))
    };

    let mut decoder = Decoder::default();
    let mut buffer = [0; 64 * 1024];
    let mut running: Vec<VariationId> = Vec::new();
    let (mut drawn, mut ended, mut cancelled, mut failed) = (0, 0, 0, 0);
    let mut looks: Vec<(u64, u64)> = Vec::new();
    let mut is_warm = false;
    let began = Instant::now();
    println!("  patches   resident");
    while drawn < wanted {
        let count = output.read(&mut buffer).unwrap();
        assert!(count > 0, "the worker ended");
        decoder.push(&buffer[..count]);
        while let Some(message) = decoder.next_message::<FromWorker>().unwrap() {
            match message {
                FromWorker::Ready { plan, .. } => {
                    println!("planned   {:>8.1} MB", plan.total() as f64 / 1e6);
                    // Contexts are there when they have been full once: the likeliest characters never end.
                    say(&ToWorker::Measure(MeasureSpec {
                        style: style("Schubert, Franz"),
                        sampling: Sampling {
                            top_k: 1,
                            ..SAMPLING
                        },
                        seed: 1,
                        patches: 1000,
                        runs: 1,
                    }));
                    continue;
                }
                FromWorker::Fatal(error) | FromWorker::Refused(error) => panic!("{error:?}"),
                FromWorker::Measured(_) => is_warm = true,
                FromWorker::Alive => {}
                FromWorker::Job(event) => match event.change {
                    // Now and then one that runs is stopped.
                    Change::Bar { .. } if dice.below(60) == 0 => {
                        say(&ToWorker::Cancel { id: event.id });
                    }
                    Change::Finished { patches, .. } => {
                        drawn += u64::from(patches);
                        ended += 1;
                        running.retain(|id| *id != event.id);
                    }
                    Change::Cancelled | Change::Failed(_) => {
                        let is_cancelled = event.change == Change::Cancelled;
                        *(if is_cancelled {
                            &mut cancelled
                        } else {
                            &mut failed
                        }) += 1;
                        running.retain(|id| *id != event.id);
                    }
                    Change::Started | Change::Header { .. } | Change::Bar { .. } => {}
                },
            }
            // Some more than there are slots, so that some wait.
            while is_warm && running.len() < SLOTS + 3 {
                let (id, message) = start(&mut dice);
                running.push(id);
                say(&message);
            }
        }
        if is_warm && drawn >= looks.last().map_or(0, |(at, _)| at + wanted / 20) {
            let bytes = resident(worker.id());
            println!("{drawn:>9}   {:>8.1} MB", bytes as f64 / 1e6);
            looks.push((drawn, bytes));
        }
    }
    let last = resident(worker.id());
    println!(
        "{drawn} patches of {ended} pieces, {cancelled} cancelled, {failed} failed, in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    drop(input);
    let _ = worker.wait();
    let half = looks.iter().filter(|(at, _)| *at <= drawn / 2);
    let half = half.map(|(_, bytes)| *bytes).max().unwrap();
    let growth = last.saturating_sub(half);
    println!("growth since half of it: {:.2} MB", growth as f64 / 1e6);
    assert!(growth <= MOST_GROWTH, "the memory grows");
}

/// Bytes in memory, as Linux tells.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes << 10
}
