//! How long a patch of NotaGen-X takes in each format of the weights, at several lengths of context, and what
//! the memory allows at best; then what a pass of the character decoder over several rows costs.
//!
//! ```text
//! cargo run --release -p notagen --example formats [SHAPE] [FORMAT]...
//! ```
//!
//! Weights are random, so nothing is guessed right: guessing is off. A step is put together of the patch
//! decoder and 12.9 passes of the character decoder (the mean of scores), each the shortest of some, and so is
//! the time to read the memory: what else the machine does lengthens all of them.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use notagen::{Config, EOS, Format, Mask, Model, PATCH_SIZE, Patch, Row, Sampling, VOCAB};
use rayon::prelude::*;

/// Where times are taken; the mean over the first 512 patches lies between.
const CONTEXTS: [usize; 5] = [8, 128, 256, 384, 512];
/// Rows that share a step.
const ROWS: [usize; 5] = [1, 2, 4, 8, 16];
const STEPS: u32 = 5;
/// Passes of the character decoder for a patch of a score, its end included.
const PASSES: f64 = 12.9;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let shape = arguments.next().unwrap_or_else(|| "notagen-x".to_owned());
    let mut shape = Config::of_shape(&shape).ok_or("no such shape")?;
    shape.patch_length = CONTEXTS[CONTEXTS.len() - 1] + 1;
    let names: Vec<String> = arguments.collect();
    let is_asked = |format: &Format| names.is_empty() || names.iter().any(|n| n == format.as_str());
    let numbers: Vec<u64> = (0..64 << 20).collect();
    let mut bandwidth = bandwidth(&numbers);

    let heads: String = CONTEXTS.iter().map(|c| format!("{c:8}")).collect();
    report(&format!("s a patch after{heads}    mean   bound  off by"));
    let mut passes = Vec::new();
    for format in Format::ALL.into_iter().filter(is_asked) {
        let mut model = Model::random(shape.clone(), ROWS[ROWS.len() - 1], Some(format))?;
        model.set_drafting(false);
        let times = CONTEXTS
            .map(|context| Ok(time(&mut model, 1, context)?.step()))
            .into_iter()
            .collect::<Result<Vec<f64>>>()?;
        // Contexts of equal distance but the first, which stands for 0.
        let (first, last) = (times[0], times[CONTEXTS.len() - 1]);
        let inner: f64 = times[1..CONTEXTS.len() - 1].iter().sum();
        let mean = (first.midpoint(last) + inner) / (CONTEXTS.len() - 1) as f64;
        let bytes = model.bytes_of_a_patch(PASSES, 256);
        bandwidth = bandwidth.max(self::bandwidth(&numbers));
        let bound = bytes as f64 / bandwidth;
        let times: String = times.iter().map(|time| format!("{time:8.4}")).collect();
        report(&format!(
            "{:15}{times}{mean:8.4}{bound:8.4}{:7.2}x",
            format.as_str(),
            mean / bound
        ));
        let of_rows = ROWS
            .map(|rows| time(&mut model, rows, 256))
            .into_iter()
            .collect::<Result<Vec<Times>>>()?;
        passes.push((format, of_rows));
    }
    report(&format!(
        "{} threads read {:.1} GB/s\n",
        rayon::current_num_threads(),
        bandwidth / 1e9
    ));

    let heads: String = ROWS.iter().map(|r| format!("{r:8}")).collect();
    report(&format!("ms a pass, rows{heads}   times one:{heads}"));
    for (format, times) in &passes {
        line(format, times, |times| times.pass);
    }
    report(&format!(
        "\nms a step, rows{heads}   times one:{heads}   (after 256)"
    ));
    for (format, times) in &passes {
        line(format, times, Times::step);
    }
    Ok(())
}

fn line(format: &Format, times: &[Times], of: fn(&Times) -> f64) {
    let all: String = times
        .iter()
        .map(|t| format!("{:8.2}", 1e3 * of(t)))
        .collect();
    let ratios: String = times
        .iter()
        .map(|t| format!("{:8.2}", of(t) / of(&times[0])))
        .collect();
    report(&format!("{:15}{all}             {ratios}", format.as_str()));
}

/// Seconds.
struct Times {
    /// Of the patch decoder.
    patch: f64,
    /// Of a pass of the character decoder.
    pass: f64,
}

impl Times {
    fn step(&self) -> f64 {
        self.patch + PASSES * self.pass
    }
}

/// Of so many rows together, each after so many patches.
fn time(model: &mut Model, rows: usize, context: usize) -> Result<Times> {
    let patches: Vec<Patch> = (0..context)
        .map(|k| [3 + (k % 100) as u8; PATCH_SIZE])
        .collect();
    let (last, before) = patches.split_last().ok_or("an empty context")?;
    model.truncate(0, before.len());
    model.prefill(0, &before[model.positions(0)..])?;
    (1..rows).try_for_each(|row| model.fork(0, row, before.len()))?;
    let (mut patch, mut pass) = (Duration::MAX, Duration::MAX);
    for step in 0..=STEPS {
        let clock = Clock(Mutex::default());
        let all: Vec<Row<'_>> = (0..rows)
            .map(|row| Row {
                slot: row,
                input: *last,
                seed: u64::from(step),
                patch_index: 0,
                sampling: Sampling::default(),
                forced: &[],
                opens_body: false,
                mask: Some(if row == 0 { &clock } else { &Endless }),
            })
            .collect();
        (0..rows).for_each(|row| model.truncate(row, before.len()));
        let start = Instant::now();
        model.step(&all)?;
        // The first touches the memory.
        if step > 0 {
            let asked = clock.0.into_inner()?;
            let first = asked.first().ok_or("no character was drawn")?;
            patch = patch.min(*first - start);
            pass = asked
                .windows(2)
                .map(|two| two[1] - two[0])
                .fold(pass, Duration::min);
        }
    }
    Ok(Times {
        // There was a pass already when the first character was drawn.
        patch: patch.saturating_sub(pass).as_secs_f64(),
        pass: pass.as_secs_f64(),
    })
}

/// Draws whole patches.
struct Endless;

impl Mask for Endless {
    fn given(&self, _drawn: &[u8]) -> Option<u8> {
        None
    }

    fn weigh(&self, _drawn: &[u8], probabilities: &mut [f64; VOCAB]) {
        probabilities[usize::from(EOS)] = 0.0;
    }
}

/// The same, and keeps when it was asked: once each pass.
struct Clock(Mutex<Vec<Instant>>);

impl Mask for Clock {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        Endless.given(drawn)
    }

    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; VOCAB]) {
        if let Ok(mut asked) = self.0.lock() {
            asked.push(Instant::now());
        }
        Endless.weigh(drawn, probabilities);
    }
}

/// Bytes a second that all threads read together, of much more than any cache holds.
fn bandwidth(numbers: &[u64]) -> f64 {
    let best = (0..8).map(|_| {
        let start = Instant::now();
        let sum: u64 = numbers
            .par_chunks(1 << 18)
            .map(|n| n.iter().sum::<u64>())
            .sum();
        std::hint::black_box(sum);
        start.elapsed()
    });
    let best = best.min().unwrap_or(Duration::MAX);
    size_of_val(numbers) as f64 / best.as_secs_f64()
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
