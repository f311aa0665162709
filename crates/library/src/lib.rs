//! The library: jobs, variations, pieces and settings in one SQLite file, the ledger of truth.
//!
//! One [`Library`] is the only writer: a lock file keeps a second program out. Every change is one
//! transaction, on disk before the call returns (`WAL`, `synchronous=FULL`), so what a user was told
//! is there survives a crash. Time is passed in, in milliseconds since 1970.

mod error;
mod pieces;
mod queue;
mod schema;
mod settings;

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};

pub use error::{Error, Result};
pub use pieces::{Draft, Filter, Page, PieceRow, Summary};
pub use queue::{Interruption, Job, Variation};

/// The database's name in the library's folder.
pub const DATABASE: &str = "library.sqlite";
const LOCK: &str = "library.lock";

/// An open library.
#[derive(Debug)]
pub struct Library {
    connection: Mutex<Connection>,
    /// Held as long as this library may write.
    _lock: Option<File>,
}

impl Library {
    /// Opens the library in this folder for writing, made if it is not there.
    ///
    /// # Errors
    /// [`Error::InUse`] if another program has it open, [`Error::TooNew`] if a newer program wrote
    /// it; otherwise those of the disk.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| Error::folder(folder, error))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK))
            .map_err(|error| Error::folder(folder, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::InUse(folder.into())),
            Err(std::fs::TryLockError::Error(error)) => return Err(Error::folder(folder, error)),
        }
        let mut connection = Connection::open(folder.join(DATABASE))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            _lock: Some(lock),
        })
    }

    /// Opens the library in this folder for reading, beside a program that may be writing it.
    ///
    /// # Errors
    /// [`Error::Folder`] if there is none; otherwise as [`Library::open`].
    pub fn open_to_read(folder: &Path) -> Result<Self> {
        let database = folder.join(DATABASE);
        if !database.exists() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::folder(folder, missing));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        schema::check_readable(&connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            _lock: None,
        })
    }

    /// Lets the database grow to so many pages and no further, as a full disk would.
    #[doc(hidden)]
    pub fn allow_pages(&self, pages: u32) -> Result<()> {
        let connection = self.connection();
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    }

    /// A panic while the lock was held left no transaction open: rusqlite rolls back on drop.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
