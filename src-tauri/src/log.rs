//! The log: one file a day beside the library, the last week kept.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Days of log that are kept.
const KEPT_FILES: usize = 7;

/// Starts the log in `library_dir/logs`; `PARTITA_LOG` says how much, `info` unless set. Lines are
/// written by a thread of its own until the guard is dropped. Without a log the application
/// still runs.
pub(crate) fn start(library_dir: &Path) -> Option<WorkerGuard> {
    let folder = library_dir.join("logs");
    std::fs::create_dir_all(&folder).ok()?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("partita")
        .filename_suffix("log")
        .max_log_files(KEPT_FILES)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_from_env("PARTITA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .try_init()
        .ok()?;
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        default(panic);
    }));
    Some(guard)
}
