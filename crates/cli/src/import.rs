//! `partita models import`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use studio::{Code, Config, Error, ImportRequest, Result, WorkerCommand, import_model};

use crate::args::ImportArgs;
use crate::{EXIT_INTERRUPTED, say, say_aside, say_json};

pub(crate) fn run(args: &ImportArgs) -> Result<ExitCode> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|error| {
        Error::new(Code::ImportFailed, "cannot listen for Ctrl-C").because(error)
    })?;

    let config = Config::for_this_user(WorkerCommand::this_program()?)?;
    let request = ImportRequest {
        file: args.file.clone(),
        name: args.name.clone(),
        dtype: args.dtype.map(Into::into),
    };
    let mut progress = Progress::new(args.json);
    let imported = import_model(
        &config.model_dirs,
        &WorkerCommand::importer()?,
        &request,
        &mut |done, all| progress.show(done, all),
        &|| interrupted.load(Ordering::Relaxed),
    );
    progress.end();
    let Some(model) = imported? else {
        return Ok(ExitCode::from(EXIT_INTERRUPTED));
    };
    if args.json {
        say_json(&model)?;
        return Ok(ExitCode::SUCCESS);
    }
    if model.left_out > 0 {
        say_aside(&format!(
            "note: {} tensors of the file belong to no part of the model and were left out",
            model.left_out
        ));
    }
    say(&format!(
        "{}  {}  {:.1} MB  {:.1} M parameters",
        model.id,
        model.dtype.as_str(),
        model.bytes as f64 / 1e6,
        model.parameters as f64 / 1e6
    ))?;
    say(&format!("SHA-256 of the model  {}", model.sha256))?;
    say(&format!("SHA-256 of the file   {}", model.source_sha256))?;
    Ok(ExitCode::SUCCESS)
}

/// Tensors done of all: a line that grows on a terminal, elsewhere a line for each quarter.
struct Progress {
    bar: Option<ProgressBar>,
    quarters: u32,
    quiet: bool,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        use std::io::IsTerminal;
        let on_terminal = !quiet && std::io::stderr().is_terminal();
        let bar = on_terminal.then(|| {
            let bar = ProgressBar::new(0);
            match ProgressStyle::with_template("{bar:24} {pos:>4}/{len:4} tensors {elapsed:>4}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            quarters: 0,
            quiet,
        }
    }

    fn show(&mut self, done: u32, all: u32) {
        if let Some(bar) = &self.bar {
            bar.set_length(u64::from(all));
            bar.set_position(u64::from(done));
            return;
        }
        let quarters = done * 4 / all.max(1);
        if quarters > self.quarters && !self.quiet {
            self.quarters = quarters;
            say_aside(&format!("{done} of {all} tensors"));
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
