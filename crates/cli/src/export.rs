//! `partita export`.

use std::process::ExitCode;

use studio::export;

use crate::args::ExportArgs;
use crate::say_aside;

pub(crate) fn run(args: &ExportArgs) -> studio::Result<ExitCode> {
    let text = export::read_file(&args.file)?;
    let (score, diagnostics) = export::read_text(&text)?;
    export::write_file(&args.out, &export::render(&score, args.to.into())?)?;
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
