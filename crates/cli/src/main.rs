//! `partita`: everything Partita does, for scripts, servers and tests.
//!
//! What was asked for goes to standard output, progress and errors to standard error. The exit
//! status is 0 only if all that was asked for exists.

mod args;
mod bench;
mod compose;
mod export;
mod import;
mod kernels;
mod lists;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Args, Command, LibraryCommand, ModelsCommand};

/// How a shell knows that Ctrl-C ended a program.
const EXIT_INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = Args::parse();
    // The one line of an error is what a script reads; the log is for who asks for it.
    let filter = EnvFilter::try_from_env("PARTITA_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let result = match args.command {
        Command::Worker => return worker::run(),
        Command::Importer => return worker::import(),
        Command::Compose(args) => compose::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Kernels(args) => kernels::run(&args),
        Command::Machine(args) => bench::machine(&args),
        Command::Models(ModelsCommand::List { json }) => lists::models(json),
        Command::Models(ModelsCommand::Import(args)) => import::run(&args),
        Command::Library(LibraryCommand::List { json, library }) => lists::library(json, library),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            complain(&error.view());
            ExitCode::FAILURE
        }
    }
}

/// One line on standard error: the code for scripts, the message for people.
fn complain(error: &studio::api::ErrorView) {
    let studio::api::ErrorView { code, message } = error;
    let one_line = message.replace('\n', " ");
    say_aside(&format!("error[{code}]: {one_line}"));
}

/// A line on standard error. If nobody listens any more, there is nobody to tell.
fn say_aside(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line on standard output.
///
/// # Errors
/// If it cannot be written, since it is what was asked for. A reader that has had enough (`| head`)
/// is told from a disk that is full.
fn say(line: &str) -> studio::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{line}").map_err(|error| {
        studio::Error::io(
            "write to standard output",
            &error,
            studio::Code::CannotWrite,
        )
    })
}

/// A value as one line of JSON on standard output.
fn say_json(value: &impl serde::Serialize) -> studio::Result<()> {
    let json = serde_json::to_string(value).map_err(|error| {
        studio::Error::new(
            studio::Code::CannotWrite,
            format!("cannot write JSON: {error}"),
        )
    })?;
    say(&json)
}
