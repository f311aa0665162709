//! `partita export`.

use std::path::Path;
use std::process::ExitCode;

use studio::api::ExportFormat;
use studio::{Code, Error, export, reading};

use crate::args::ExportArgs;
use crate::say_aside;

pub(crate) fn run(args: &ExportArgs) -> studio::Result<ExitCode> {
    let format = match args.to {
        Some(format) => format.into(),
        None => ExportFormat::of_name(&args.out).ok_or_else(|| says_no_format(&args.out))?,
    };
    let (score, diagnostics) = reading::read_score(&reading::read_file(&args.file)?)?;
    export::write_file(&args.out, &export::render(&score, format)?)?;
    for diagnostic in diagnostics {
        let place = diagnostic.bar.map(|bar| format!("bar {bar}: "));
        let place = place.unwrap_or_default();
        say_aside(&format!(
            "{}: {place}{}",
            diagnostic.severity, diagnostic.message
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn says_no_format(out: &Path) -> Error {
    let endings = ExportFormat::ALL.map(|format| format!(".{}", format.extension()));
    Error::new(
        Code::InvalidRequest,
        format!(
            "the name {} does not say which format to write: end it with {}, or name one with --to",
            out.display(),
            endings.join(", ")
        ),
    )
}
