//! Every way in which a request can fail, each with its code.

use serde::{Serialize, Serializer};

use crate::api::ErrorView;

/// What programs switch on. A code is never renamed or reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Code {
    /// The model does not know this style.
    UnknownStyle,
    /// No such model here.
    ModelMissing,
    /// There is a model of that name.
    ModelExists,
    /// Reading a weight file ended the process that did it, by its limits or otherwise.
    ImportFailed,
    /// Its weights are not those that a variation was queued for.
    ModelChanged,
    /// A request that cannot be carried out: sampling, limits, counts.
    InvalidRequest,
    /// The piece or job is not in the library.
    NotFound,
    /// Not in its present state: cancelling what has ended, for example.
    NotNow,
    /// The text has no music in it.
    NoMusic,
    /// The score does not say how it was composed.
    NoSettings,
    /// A file cannot be read.
    CannotRead,
    /// A file or folder cannot be written.
    CannotWrite,
    /// No space is left.
    DiskFull,
    /// Another Partita has this library open.
    LibraryInUse,
    /// The library was written by a newer Partita.
    LibraryTooNew,
    /// The library is damaged or its disk fails.
    LibraryFailed,
    /// Stopped as the user asked.
    Stopped,
    /// The worker cannot be started or keeps dying.
    WorkerFailed,
    /// A code of the worker's own: `weights_truncated`.
    Worker(String),
}

impl Code {
    /// The code as programs see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnknownStyle => "unknown_style",
            Self::ModelMissing => "model_missing",
            Self::ModelExists => "model_exists",
            Self::ImportFailed => "import_failed",
            Self::ModelChanged => "model_changed",
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::NotNow => "not_now",
            Self::NoMusic => "no_music",
            Self::NoSettings => "no_settings",
            Self::CannotRead => "cannot_read",
            Self::CannotWrite => "cannot_write",
            Self::DiskFull => "disk_full",
            Self::LibraryInUse => "library_in_use",
            Self::LibraryTooNew => "library_too_new",
            Self::LibraryFailed => "library_failed",
            Self::Stopped => "stopped",
            Self::WorkerFailed => "worker_failed",
            Self::Worker(code) => code,
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error at the application's door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// For programs.
    pub code: Code,
    /// For people: what happened, and what to do.
    pub message: String,
    /// For the log: where it came from.
    pub detail: String,
}

/// The result of every request.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that needs no further detail.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: String::new(),
        }
    }

    /// Adds what the log should know.
    #[must_use]
    pub fn because(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// An error of the file system while `doing` something (`"write piece.abc"`); `otherwise` is
    /// its code unless the disk is full.
    #[must_use]
    pub fn io(doing: &str, error: &std::io::Error, otherwise: Code) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let (code, hint) = match error.kind() {
            StorageFull | QuotaExceeded => (Code::DiskFull, "; make room and try again"),
            _ => (otherwise, ""),
        };
        Self::new(code, format!("cannot {doing}: {error}{hint}"))
    }

    /// As the window and `--json` show it.
    #[must_use]
    pub fn view(&self) -> ErrorView {
        ErrorView {
            code: self.code.as_str().to_owned(),
            message: self.message.clone(),
        }
    }
}

impl From<jobs::WorkerError> for ErrorView {
    fn from(error: jobs::WorkerError) -> Self {
        let jobs::WorkerError { code, message } = error;
        Self { code, message }
    }
}

impl From<jobs::SpecError> for Error {
    fn from(error: jobs::SpecError) -> Self {
        Self::new(Code::InvalidRequest, error.to_string())
    }
}

impl From<library::Error> for Error {
    fn from(error: library::Error) -> Self {
        use library::Error as Library;
        let code = match &error {
            Library::InUse(_) => Code::LibraryInUse,
            Library::TooNew { .. } => Code::LibraryTooNew,
            Library::Folder { .. } => Code::CannotWrite,
            Library::Full => Code::DiskFull,
            Library::NotFound(_) => Code::NotFound,
            Library::NotNow(..) => Code::NotNow,
            Library::Damaged(_) | Library::Sqlite(_) => Code::LibraryFailed,
        };
        let message = match &error {
            Library::Full => {
                "the disk is full; make room, and what waits to be saved is saved".into()
            }
            other => other.to_string(),
        };
        Error::new(code, message).because(format!("{error:?}"))
    }
}
