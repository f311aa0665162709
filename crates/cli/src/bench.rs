//! `partita bench` and `partita machine`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use studio::api::{BenchProgress, BenchReport, BenchRequest, BenchRow};
use studio::jobs::Dtype;
use studio::machine::{Machine, Watch};
use studio::{Code, Config, Error, Result, WorkerCommand};

use crate::args::{BenchArgs, MachineArgs};
use crate::{EXIT_INTERRUPTED, say, say_json};

pub(crate) fn bench(args: &BenchArgs) -> Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|error| {
        Error::new(Code::WorkerFailed, "cannot listen for Ctrl-C").because(error)
    })?;
    let mut config = Config::for_this_user(WorkerCommand::this_program()?)?;
    config.device = args.device;
    config.models_by_path = true;
    let request = BenchRequest {
        model: args.model.clone(),
        shape: args.shape.map(|shape| shape.name().to_owned()),
        dtype: args.dtype.map(Into::into),
        threads: args.threads,
        batches: args.batch.clone(),
        patches: args.patches,
        runs: args.runs,
    };
    let bar = progress(args.json);
    let report = studio::bench(&config, &request, &stop, |event| {
        if let BenchProgress::Running {
            batch, steps, of, ..
        } = event
        {
            bar.set_length((*of).into());
            bar.set_position((*steps).into());
            bar.set_message(format!("batch {batch}"));
        }
    });
    bar.finish_and_clear();
    match report {
        Ok(report) if args.json => say_json(&report)?,
        Ok(report) => table(&report)?,
        Err(error) if error.code == Code::Stopped => return Ok(ExitCode::from(EXIT_INTERRUPTED)),
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

fn progress(is_json: bool) -> ProgressBar {
    if is_json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:10} {bar:30} {pos}/{len} {elapsed}");
    ProgressBar::new(1).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn table(report: &BenchReport) -> Result<()> {
    let dtype = report.dtype.map_or("as in the file", Dtype::as_str);
    say(&format!(
        "{}, {:.1} M parameters, weights {dtype}",
        report.model,
        report.parameters as f64 / 1e6
    ))?;
    say(&format!(
        "{} ({}), {:.1} GB of memory",
        report.device,
        report.processor,
        gigabytes(report.memory)
    ))?;
    say(&format!(
        "pieces of {} patches, {} runs of each batch size after a warm-up\n",
        report.patches, report.runs
    ))?;
    say(
        "batch       latency  first bar   memory  planned  growth  pieces/min  patches/s  other load",
    )?;
    for row in &report.rows {
        say(&line(row))?;
    }
    if let Some(recommended) = report.recommended {
        say(&format!("\n{}", recommendation(report, recommended)))?;
    }
    report
        .notes
        .iter()
        .try_for_each(|note| say(&format!("Note: {note}")))
}

fn line(row: &BenchRow) -> String {
    let first_bar = row
        .first_bar_ms
        .map_or("-".to_owned(), |ms| format!("{:.2} s", ms / 1e3));
    format!(
        "{:>5} {:>6.2} ± {:>4.2} s {first_bar:>9} {:>6.2} GB {:>5.2} GB {:>6.2}x {:>11.1} {:>10.1} {:>9.0} %",
        row.batch,
        row.latency_ms / 1e3,
        row.latency_sd_ms / 1e3,
        gigabytes(row.peak_bytes),
        gigabytes(row.plan.total()),
        row.growth,
        row.pieces_per_minute,
        row.patches_per_second,
        100.0 * row.other_load
    )
}

/// What is gained by it, and what it costs.
fn recommendation(report: &BenchReport, recommended: u32) -> String {
    let of = |batch| report.rows.iter().find(|row| row.batch == batch);
    match (of(recommended), report.rows.first()) {
        (Some(row), Some(first)) if row.batch != first.batch => format!(
            "Recommended: {recommended} at once. {:.1} times the pieces of {} at once, each taking {:.1} times as \
             long.",
            row.pieces_per_minute / first.pieces_per_minute,
            first.batch,
            row.latency_ms / first.latency_ms
        ),
        _ => format!(
            "Recommended: {recommended} at once. Larger batches bring less than a tenth more."
        ),
    }
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// A load can only be said of a while.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) fn machine(args: &MachineArgs) -> Result<ExitCode> {
    let mut watch = Watch::new();
    loop {
        std::thread::sleep(LOOK);
        let machine = watch.look();
        match args.json {
            true => say_json(&machine)?,
            false => describe(&machine)?,
        }
        if !args.watch {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn describe(machine: &Machine) -> Result<()> {
    let Machine {
        processor,
        threads,
        load,
        memory,
        gpus,
    } = machine;
    say(&format!(
        "{processor}, {threads} threads, {:.0} % busy",
        100.0 * load
    ))?;
    say(&format!(
        "{:.1} of {:.1} GB of memory free",
        gigabytes(memory.available),
        gigabytes(memory.total)
    ))?;
    for gpu in gpus {
        let mut said = vec![gpu.name.clone()];
        if let (Some(all), Some(taken)) = (gpu.memory, gpu.memory_taken) {
            let free = all.saturating_sub(taken);
            said.push(format!(
                "{:.1} of {:.1} GB free",
                gigabytes(free),
                gigabytes(all)
            ));
        }
        said.extend(gpu.load.map(|load| format!("{:.0} % busy", 100.0 * load)));
        said.extend(gpu.celsius.map(|celsius| format!("{celsius} °C")));
        said.extend(gpu.watts.map(|watts| format!("{watts:.0} W")));
        say(&said.join(", "))?;
    }
    Ok(())
}
