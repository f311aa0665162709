//! `partita compose`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use studio::api::{
    ComposeRequest, ErrorView, JobView, Recalled, StudioEvent, VariationView, WorkerState,
    WorkerStatus,
};
use studio::jobs::{Device, Limits, NO_CARD, Sampling, Style, VariationId, VariationState};
use studio::{Code, Config, Error, Result, Studio, WorkerCommand, export};

use crate::args::ComposeArgs;
use crate::{EXIT_INTERRUPTED, complain, say, say_aside, say_json};

/// The last event of a variation in `--json`: its files exist.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Written<'a> {
    Written { number: u32, files: &'a [PathBuf] },
}

pub(crate) fn run(args: &ComposeArgs) -> Result<ExitCode> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|error| {
        Error::new(Code::WorkerFailed, "cannot listen for Ctrl-C").because(error)
    })?;

    can_write_in(&args.out)?;
    let mut config = Config::for_this_user(WorkerCommand::this_program()?)?;
    if let Some(library) = &args.library {
        config.library_dir.clone_from(library);
    }
    config.device = args.device;
    config.models_by_path = true;
    // What the window left unfinished is the window's to go on with.
    config.resume = false;

    let studio = Studio::open(config)?;
    let events = studio.subscribe();
    let like = args.like.as_ref().map(|file| studio.recall(file));
    let like = like.transpose()?;
    let job = studio.compose(request(args, like.as_ref(), &studio)?)?;
    for note in like.iter().flat_map(|like| &like.notes) {
        say_aside(&format!("note: {note}"));
    }
    let mut open: Vec<_> = job.variations.iter().map(|v| v.id).collect();
    let status = follow(args, &studio, &events, &job, &mut open, &interrupted);
    // Whatever ended it early: the window must not find work that nobody waits for.
    for id in open {
        let _ = studio.cancel(id);
    }
    status
}

/// Writes pieces as they end, until none of `open` is left.
fn follow(
    args: &ComposeArgs,
    studio: &Studio,
    events: &Receiver<StudioEvent>,
    job: &JobView,
    open: &mut Vec<VariationId>,
    interrupted: &AtomicBool,
) -> Result<ExitCode> {
    let progress = Progress::new(job, args.json);
    let mut all_written = true;
    let mut cancelled = false;
    let mut said_instead = false;
    while !open.is_empty() {
        if interrupted.load(Ordering::Relaxed) && !cancelled {
            cancelled = true;
            for &id in &*open {
                // One that ended just now needs no cancelling.
                let _ = studio.cancel(id);
            }
        }
        let event = match events.recv_timeout(Duration::from_millis(100)) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(Code::WorkerFailed, "composing ended early"));
            }
        };
        if args.json {
            say_json(&event)?;
        }
        match event {
            StudioEvent::Variation { variation } if open.contains(&variation.id) => {
                progress.show(&variation);
                if !variation.state.is_final() {
                    continue;
                }
                open.retain(|&id| id != variation.id);
                let written = write(studio, &variation, args);
                all_written &= written.is_ok();
                progress.finish(&variation, written.is_ok());
                progress.above(|| tell(&variation, written, args.json))?;
            }
            StudioEvent::Worker { status } if !said_instead => {
                if let Some(why) = instead(&status, args.device) {
                    let note = format!("note: composing on the processor: {}", why.message);
                    progress.above(|| say_aside(&note));
                    said_instead = true;
                }
            }
            // Nobody sits here to make room, and a script must not wait for ever.
            StudioEvent::Trouble { error } => {
                complain(&error);
                return Ok(ExitCode::FAILURE);
            }
            _ => {}
        }
    }
    Ok(match (cancelled, all_written) {
        (true, _) => ExitCode::from(EXIT_INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// Why the processor composes, if that is news: to who asked for a card, that there is none is.
fn instead(status: &WorkerStatus, asked: Device) -> Option<&ErrorView> {
    let why = status.instead.as_ref()?;
    let is_news = why.code != NO_CARD || matches!(asked, Device::Card(_));
    (is_news && status.state == WorkerState::Ready).then_some(why)
}

/// Names the files of a variation, or says why there are none.
fn tell(
    variation: &VariationView,
    written: std::result::Result<Vec<PathBuf>, ErrorView>,
    json: bool,
) -> Result<()> {
    match written {
        Ok(files) if json => say_json(&Written::Written {
            number: variation.id.number,
            files: &files,
        }),
        Ok(files) => files
            .iter()
            .try_for_each(|file| say(&file.display().to_string())),
        Err(error) => {
            complain(&error);
            Ok(())
        }
    }
}

/// Says before an hour of composing, not after it, that the folder cannot be written.
fn can_write_in(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let doing = format!("make the folder {}", folder.display());
        Error::io(&doing, &error, Code::CannotWrite)
    })?;
    let probe = folder.join(format!(".partita-{}", std::process::id()));
    export::write_file(&probe, b"")?;
    std::fs::remove_file(&probe).map_err(|error| Error::io("clean up", &error, Code::CannotWrite))
}

/// What is asked for: what the options say, then what the file of `--like` says.
fn request(args: &ComposeArgs, like: Option<&Recalled>, studio: &Studio) -> Result<ComposeRequest> {
    let model = args.model.as_ref().or(like.map(|like| &like.model));
    let sampling = match (args.top_k, args.top_p, args.temperature) {
        (None, None, None) => like.map(|like| like.sampling),
        (top_k, top_p, temperature) => {
            let other = match like {
                Some(like) => like.sampling,
                None => studio.sampling(model.map(String::as_str))?,
            };
            Some(Sampling {
                top_k: top_k.unwrap_or(other.top_k),
                top_p: top_p.unwrap_or(other.top_p),
                temperature: temperature.unwrap_or(other.temperature),
            })
        }
    };
    // Clap sees to it that a style is there, here or there.
    let word = |option: &Option<String>, of: fn(&Style) -> &String| {
        let like = like.map(|like| of(&like.style));
        option.as_ref().or(like).cloned().unwrap_or_default()
    };
    let limits = like.map(|like| like.limits).unwrap_or_default();
    Ok(ComposeRequest {
        model: model.cloned(),
        style: Style {
            period: word(&args.period, |style| &style.period),
            composer: word(&args.composer, |style| &style.composer),
            instrumentation: word(&args.instrumentation, |style| &style.instrumentation),
        },
        variations: args.variations,
        seed: args.seed.or(like.map(|like| like.seed)),
        sampling,
        guard: args.guard.map(Into::into).or(like.map(|like| like.guard)),
        dtype: args
            .dtype
            .map(Into::into)
            .or(like.and_then(|like| like.dtype)),
        // Nothing else waits: what the window left unfinished is left alone.
        priority: None,
        limits: Limits {
            max_bars: args.max_bars.or(limits.max_bars),
            max_patches: args.max_patches.or(limits.max_patches),
            max_seconds: args.max_seconds.or(limits.max_seconds),
        },
    })
}

/// The files of a variation that ended well.
fn write(
    studio: &Studio,
    variation: &VariationView,
    args: &ComposeArgs,
) -> std::result::Result<Vec<PathBuf>, ErrorView> {
    let number = variation.id.number;
    let about = |error: ErrorView| ErrorView {
        message: format!("variation {number}: {}", error.message),
        ..error
    };
    match (variation.state, &variation.piece) {
        (VariationState::Done, Some(piece)) => args
            .to
            .iter()
            .map(|&format| studio.export_numbered(piece, format.into(), &args.out))
            .collect::<Result<_>>()
            .map_err(|error| about(error.view())),
        (VariationState::Cancelled, _) => Err(ErrorView {
            code: "cancelled".into(),
            message: format!("variation {number} was stopped; its bars so far are in the library"),
        }),
        _ => Err(about(variation.error.clone().unwrap_or(ErrorView {
            code: "no_bars".into(),
            message: "it ended without a piece".into(),
        }))),
    }
}

/// A line for each variation on a terminal; elsewhere a line when one ends.
struct Progress {
    bars: Option<BTreeMap<u32, ProgressBar>>,
    lines: MultiProgress,
    quiet: bool,
}

impl Progress {
    fn new(job: &JobView, quiet: bool) -> Self {
        use std::io::IsTerminal;
        let lines = MultiProgress::new();
        let on_terminal = !quiet && std::io::stderr().is_terminal();
        let bars = on_terminal.then(|| {
            let style = ProgressStyle::with_template(
                "{prefix:>3} {bar:24} {pos:>4}/{len:4} bars {elapsed:>4}  {msg}",
            );
            let line = |variation: &VariationView| {
                let bar = ProgressBar::new(0).with_prefix(variation.id.number.to_string());
                let bar = bar.with_message(format!("seed {}, queued", variation.seed));
                let bar = match &style {
                    Ok(style) => bar.with_style(style.clone()),
                    Err(_) => bar,
                };
                (variation.id.number, lines.add(bar))
            };
            job.variations.iter().map(line).collect()
        });
        Self { bars, lines, quiet }
    }

    fn line(&self, variation: &VariationView) -> Option<&ProgressBar> {
        self.bars.as_ref()?.get(&variation.id.number)
    }

    fn show(&self, variation: &VariationView) {
        let Some(line) = self.line(variation) else {
            return;
        };
        if variation.attempt > 0 && line.position() == 0 {
            line.reset_elapsed();
        }
        let expected = variation.bars_expected.unwrap_or(0).max(variation.bars);
        line.set_length(u64::from(expected));
        line.set_position(u64::from(variation.bars));
        let mut message = format!("seed {}, {}", variation.seed, variation.state.as_str());
        if variation.attempt > 1 {
            message.push_str(&format!(", attempt {}", variation.attempt));
        }
        line.set_message(message);
    }

    fn finish(&self, variation: &VariationView, is_written: bool) {
        if let Some(line) = self.line(variation) {
            line.abandon();
        } else if !self.quiet && is_written {
            say_aside(&format!(
                "variation {}: {} bars, seed {}",
                variation.id.number, variation.bars, variation.seed
            ));
        }
    }

    /// Lets something be printed above the lines, which would erase it otherwise.
    fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match self.bars {
            Some(_) => self.lines.suspend(print),
            None => print(),
        }
    }
}
