//! How long a patch of NotaGen-X takes in each format of the weights, one piece alone, at several lengths
//! of context, and what the memory allows at best.
//!
//! ```text
//! cargo run --release -p notagen --example formats [SHAPE] [FORMAT]...
//! ```
//!
//! Weights are random, so nothing is guessed right: guessing is off. Patches have as many characters as
//! such weights draw; times are given for 12.9, the mean of scores.

use std::time::{Duration, Instant};

use notagen::{Config, Format, Model, PATCH_SIZE, Patch, Row, Sampling};
use rayon::prelude::*;

/// Where times are taken; the mean over the first 512 patches lies between.
const CONTEXTS: [usize; 5] = [8, 128, 256, 384, 512];
const STEPS: u32 = 6;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let shape = arguments.next().unwrap_or_else(|| "notagen-x".to_owned());
    let shape = Config::of_shape(&shape).ok_or("no such shape")?;
    let names: Vec<String> = arguments.collect();
    let is_asked = |format: &Format| names.is_empty() || names.iter().any(|n| n == format.as_str());

    let bandwidth = bandwidth();
    report(&format!(
        "{} threads read {:.1} GB/s",
        rayon::current_num_threads(),
        bandwidth / 1e9
    ));
    report(
        "format   s a patch at context      8     128     256     384     512    mean   bound   off by",
    );
    for format in Format::ALL.into_iter().filter(is_asked) {
        let mut model = Model::random(shape.clone(), 1, Some(format))?;
        model.set_drafting(false);
        let times = CONTEXTS
            .map(|context| time(&mut model, context))
            .into_iter()
            .collect::<Result<Vec<f64>>>()?;
        // Contexts of equal distance but the first, which stands for 0.
        let (first, last) = (times[0], times[CONTEXTS.len() - 1]);
        let inner: f64 = times[1..CONTEXTS.len() - 1].iter().sum();
        let mean = (first.midpoint(last) + inner) / (CONTEXTS.len() - 1) as f64;
        let bytes = model.bytes_of_a_patch(CHARACTERS, 256);
        let bound = bytes as f64 / bandwidth;
        let times: String = times.iter().map(|time| format!("{time:8.3}")).collect();
        report(&format!(
            "{:24}{times}{mean:8.3}{bound:8.3}{:8.2}x",
            format.as_str(),
            mean / bound
        ));
    }
    Ok(())
}

/// Passes of the character decoder for a patch of a score, its end included.
const CHARACTERS: f64 = 12.9;

/// Seconds for a patch of [`CHARACTERS`] characters after so many patches: two lengths of patches give what
/// the patch decoder takes and what a character does.
fn time(model: &mut Model, context: usize) -> Result<f64> {
    let patches: Vec<Patch> = (0..context)
        .map(|k| [3 + (k % 100) as u8; PATCH_SIZE])
        .collect();
    let (held, (last, before)) = (
        model.positions(0),
        patches.split_last().ok_or("an empty context")?,
    );
    if held > before.len() {
        model.truncate(0, before.len());
    }
    model.prefill(0, &before[model.positions(0)..])?;
    // Seconds and passes of a step.
    let mut step = |forced: &[u8]| -> Result<(f64, f64)> {
        let (mut all, mut passes) = (Duration::ZERO, 0);
        for step in 0..=STEPS {
            model.truncate(0, before.len());
            let (start, passes_before) = (Instant::now(), model.passes());
            model.step(&[Row {
                slot: 0,
                input: *last,
                seed: u64::from(step),
                patch_index: 0,
                sampling: Sampling::default(),
                forced,
                opens_body: false,
                mask: None,
            }])?;
            // The first touches the memory.
            if step > 0 {
                all += start.elapsed();
                passes += model.passes() - passes_before;
            }
        }
        let each = f64::from(STEPS);
        Ok((all.as_secs_f64() / each, passes as f64 / each))
    };
    // All but the last character settled: one pass.
    let (one, _) = step(&[b'a'; PATCH_SIZE - 1])?;
    let (many, passes) = step(&[])?;
    Ok(many + (CHARACTERS - passes) * (many - one) / (passes - 1.0))
}

/// Bytes a second that all threads read together, of much more than any cache holds.
fn bandwidth() -> f64 {
    let numbers: Vec<u64> = (0..128 << 20).collect();
    let best = (0..5).map(|_| {
        let start = Instant::now();
        let sum: u64 = numbers
            .par_chunks(1 << 18)
            .map(|n| n.iter().sum::<u64>())
            .sum();
        std::hint::black_box(sum);
        start.elapsed()
    });
    let best = best.min().unwrap_or(Duration::MAX);
    size_of_val(&numbers[..]) as f64 / best.as_secs_f64()
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
