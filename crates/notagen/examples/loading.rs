//! How long a model folder takes to load, and how much memory at most.
//!
//! ```text
//! cargo run --release -p notagen --example loading FOLDER [FORMAT]
//! ```
//!
//! Prints seconds, then the most memory that the process has had in MB, of which the contexts of one slot
//! are a part; the latter on Linux alone.

use std::path::Path;
use std::time::Instant;

use notagen::{Format, Model};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let format = match arguments.next() {
        Some(name) => Some(Format::named(&name).ok_or("no such format")?),
        None => None,
    };
    let start = Instant::now();
    let model = Model::load(Path::new(&folder), 1, format)?;
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(&model);
    let peak = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => peak_mb(&status).ok_or("no peak")?.to_string(),
        Err(_) => "?".to_owned(),
    };
    report(&format!("{seconds:.2} {peak}"));
    Ok(())
}

fn peak_mb(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024 / 1_000_000)
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
