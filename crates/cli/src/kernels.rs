//! `partita kernels`: what an NVIDIA card spends its time on.

use std::process::ExitCode;

use studio::{Code, Error, Result};
use worker::PassTime;

use crate::args::KernelsArgs;
use crate::say;

pub(crate) fn run(args: &KernelsArgs) -> Result<ExitCode> {
    for &rows in &args.rows {
        let found = worker::kernel_times(
            args.card,
            args.shape.name(),
            args.dtype.map(Into::into),
            rows as usize,
            args.rounds as usize,
        );
        let (card, [patches, characters]) =
            found.map_err(|error| Error::new(Code::WorkerFailed, error.message))?;
        let name = args.shape.name();
        say(&format!("{name} on {card}, {} rows a pass", patches.rows))?;
        describe("patch decoder, half its context read", &patches)?;
        describe("character decoder", &characters)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(what: &str, pass: &PassTime) -> Result<()> {
    say(&format!("\n{what}"))?;
    say("kernel                           launches  us each  us in all    GB/s")?;
    let (mut launches, mut all, mut bytes) = (0, 0.0, 0);
    for kernel in &pass.kernels {
        let time = f64::from(kernel.launches) * kernel.microseconds;
        let per_second = kernel.bytes as f64 / kernel.microseconds / 1e3;
        say(&format!(
            "{:32} {:>8} {:>8.2} {time:>10.1} {per_second:>7.0}",
            kernel.kernel, kernel.launches, kernel.microseconds
        ))?;
        launches += kernel.launches;
        all += time;
        bytes += u64::from(kernel.launches) * kernel.bytes;
    }
    say(&format!(
        "{:32} {launches:>8} {:>8} {all:>10.1} {:>7.0}",
        "all, one by one",
        "",
        bytes as f64 / all / 1e3
    ))?;
    say(&format!(
        "{:32} {:>8} {:>8} {:>10.1} {:>7.0}\n",
        "replayed, and waited for",
        1,
        "",
        pass.replayed,
        bytes as f64 / pass.replayed / 1e3
    ))
}
