//! `partita models list` and `partita library list`.

use std::path::PathBuf;
use std::process::ExitCode;

use studio::api::LibraryQuery;
use studio::jobs::Dtype;
use studio::{Config, WorkerCommand};

use crate::{say, say_json};

pub(crate) fn models(json: bool) -> studio::Result<ExitCode> {
    let config = Config::for_this_user(WorkerCommand::this_program()?)?;
    for model in studio::list_models(&config.model_dirs) {
        if json {
            say_json(&model)?;
            continue;
        }
        let state = match model.installed {
            true => "installed".to_owned(),
            false => format!("not installed; {}", model.url.unwrap_or_default()),
        };
        let millions = model.parameters as f64 / 1e6;
        say(&format!(
            "{:<16} {millions:>6.1} M parameters  {:<4}  {state}",
            model.id,
            model.dtype.map_or("", Dtype::as_str)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn library(json: bool, folder: Option<PathBuf>) -> studio::Result<ExitCode> {
    let folder = match folder {
        Some(folder) => folder,
        None => Config::for_this_user(WorkerCommand::this_program()?)?.library_dir,
    };
    let mut query = LibraryQuery {
        limit: Some(200),
        ..LibraryQuery::default()
    };
    loop {
        let page = studio::read_library(&folder, &query)?;
        for piece in page.pieces {
            if json {
                say_json(&piece)?;
                continue;
            }
            say(&format!(
                "{}  {:<9}  {:>4} bars  {}  {}, seed {}",
                piece.id,
                piece.state.as_str(),
                piece.bars,
                piece.style.composer,
                piece.title,
                piece.seed
            ))?;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}
