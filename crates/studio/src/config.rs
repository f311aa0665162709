//! Where the library and the models are, and how the worker is started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use directories::ProjectDirs;
use jobs::Device;

use crate::{Code, Error, Result};

/// The program that becomes the worker, or the importer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// Usually this very program.
    pub program: PathBuf,
    /// Usually `worker`.
    pub args: Vec<String>,
}

impl WorkerCommand {
    /// This program, started with `worker`.
    ///
    /// # Errors
    /// If the system does not say which program this is.
    pub fn this_program() -> Result<Self> {
        Self::this_program_as("worker")
    }

    /// This program, started with `importer`: what reads a weight file.
    ///
    /// # Errors
    /// If the system does not say which program this is.
    pub fn importer() -> Result<Self> {
        Self::this_program_as("importer")
    }

    fn this_program_as(what: &str) -> Result<Self> {
        let program = std::env::current_exe()
            .map_err(|error| Error::io("find this program", &error, Code::WorkerFailed))?;
        Ok(Self {
            program,
            args: vec![what.into()],
        })
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        command
    }
}

/// What a studio is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The library's folder, made if it is not there.
    pub library_dir: PathBuf,
    /// Folders of model folders, the first that has a model wins.
    pub model_dirs: Vec<PathBuf>,
    /// What becomes the worker.
    pub worker: WorkerCommand,
    /// Where to compute; where the library's settings say, if it is [`Device::Auto`].
    pub device: Device,
    /// Whether a model may be named by the path of its folder: by a person at a terminal, yes; by a
    /// page in a web view, no.
    pub models_by_path: bool,
    /// Whether jobs left over from the last time go on.
    pub resume: bool,
    /// How long a worker that has work on a card may say nothing before it is taken to hang; usually
    /// [`Config::CARD_PATIENCE`].
    pub card_patience: Duration,
}

impl Config {
    /// Many times what the slowest card needs between two things that its worker says.
    pub const CARD_PATIENCE: Duration = Duration::from_secs(60);

    /// Where to compute, if the settings say `chosen`.
    pub(crate) fn device(&self, chosen: Device) -> Device {
        match self.device {
            Device::Auto => chosen,
            asked => asked,
        }
    }

    /// The platform's folders, unless the environment's `PARTITA_LIBRARY` (a folder) and
    /// `PARTITA_MODELS` (folders, separated as in `PATH`) say otherwise.
    ///
    /// # Errors
    /// If this user has no home.
    pub fn for_this_user(worker: WorkerCommand) -> Result<Self> {
        let home = ProjectDirs::from("org", "partita", "Partita");
        let library_dir = match std::env::var_os("PARTITA_LIBRARY") {
            Some(folder) => PathBuf::from(folder),
            None => home
                .as_ref()
                .map(|dirs| dirs.data_dir().to_owned())
                .ok_or_else(|| {
                    Error::new(
                        Code::CannotWrite,
                        "this user has no home folder; set PARTITA_LIBRARY to a folder",
                    )
                })?,
        };
        let model_dirs = match std::env::var_os("PARTITA_MODELS") {
            Some(folders) => std::env::split_paths(&folders).collect(),
            None => default_model_dirs(home.as_ref().map(ProjectDirs::data_dir)),
        };
        Ok(Self {
            library_dir,
            model_dirs,
            worker,
            device: Device::Auto,
            models_by_path: false,
            resume: true,
            card_patience: Self::CARD_PATIENCE,
        })
    }
}

/// The user's own models, then those that came with the program: beside it, where the installers of
/// Linux and macOS put them, and, when built from source, in the source.
fn default_model_dirs(data: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = data.map(|data| data.join("models")).into_iter().collect();
    if let Ok(program) = std::env::current_exe()
        && let Some(beside) = program.parent()
    {
        for place in ["models", "../lib/Partita/models", "../Resources/models"] {
            folders.push(beside.join(place));
        }
    }
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"));
    folders
}
