//! What can go wrong with a library.

use std::path::{Path, PathBuf};

use jobs::VariationState;

/// The result of every call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call did nothing. Nothing is ever half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program writes it.
    #[error("the library in {} is open in another Partita; close that one first", .0.display())]
    InUse(PathBuf),
    /// Written by a newer program.
    #[error(
        "the library was written by a newer Partita (its version is {found}, this program knows \
         {known}); update Partita to open it"
    )]
    TooNew {
        /// The version in the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// Its folder cannot be used.
    #[error("cannot use the library folder {}: {error}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// No space is left for it.
    #[error("the disk is full; the library was not changed")]
    Full,
    /// No such job, variation or piece.
    #[error("{0} is not in the library")]
    NotFound(String),
    /// A variation cannot go from the one state to the other.
    #[error("a variation that is {} cannot become {}", .0.as_str(), .1.as_str())]
    NotNow(VariationState, VariationState),
    /// A value in the database that this program did not write.
    #[error("the library holds a value that makes no sense: {0}")]
    Damaged(String),
    /// SQLite's own.
    #[error("the library cannot be read or written: {0}")]
    Sqlite(rusqlite::Error),
}

impl Error {
    pub(crate) fn folder(folder: &Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::Full,
            _ => Self::Folder {
                folder: folder.into(),
                error,
            },
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
