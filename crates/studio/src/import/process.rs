//! The process that reads the weight file: started, waited for, stopped.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use jobs::{FromImporter, ImportedWeights, ToImporter, WorkerError};

use crate::child::Child;
use crate::{Code, Error, Result, WorkerCommand};

/// How soon it is noticed that the user has stopped it.
const NOTICE: Duration = Duration::from_millis(50);

/// In characters. The names in a file may be as long as it likes.
const LONGEST_MESSAGE: usize = 1000;

/// What the weights became; `None` if the user stopped it.
pub(super) fn run(
    importer: &WorkerCommand,
    order: &ToImporter,
    told: &mut dyn FnMut(u32, u32),
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<ImportedWeights>> {
    let failed = |error: std::io::Error| Error::io("start the import", &error, Code::ImportFailed);
    let spoken = jobs::encode(order).map_err(|error| {
        let message = format!("{} cannot be imported: {error}", order.file.display());
        Error::new(Code::InvalidRequest, message)
    })?;
    let log = |line: &str| tracing::warn!(target: "importer", "{line}");
    let (sender, messages) = mpsc::channel();
    // Gone when this function returns.
    let mut process = Child::start(
        &mut importer.command(),
        log,
        move |message: Option<FromImporter>| {
            if let Some(message) = message {
                // If nobody listens any more, the process is being ended.
                let _ = sender.send(message);
            }
        },
    )
    .map_err(failed)?;
    process.send(&spoken);

    let begun = Instant::now();
    let mut answer = None;
    loop {
        match messages.recv_timeout(NOTICE) {
            Ok(FromImporter::Progress { done, all }) => told(done, all),
            Ok(FromImporter::Done(weights)) => answer = Some(Ok(weights)),
            Ok(FromImporter::Failed(error)) => answer = Some(Err(error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if is_stopped() {
            return Ok(None);
        }
        // On Unix it limits its own time, that of processors. Elsewhere there is the clock.
        if cfg!(not(unix)) && begun.elapsed().as_secs() > seconds(order) {
            break;
        }
    }
    let status = process.end().map_err(failed)?;
    if is_stopped() {
        return Ok(None);
    }
    match answer {
        Some(Ok(weights)) if status.success() => Ok(Some(weights)),
        Some(Err(error)) => Err(refused(error)),
        _ => Err(Error::new(
            Code::ImportFailed,
            format!(
                "{} cannot be imported: reading it ended the process ({status}), which may take 4 GiB of \
                 memory and {} s",
                order.file.display(),
                seconds(order)
            ),
        )),
    }
}

fn seconds(order: &ToImporter) -> u64 {
    let bytes = order.file.metadata().map_or(0, |metadata| metadata.len());
    jobs::import_seconds(bytes)
}

/// What the importer says is wrong with the file, or with the disk.
fn refused(error: WorkerError) -> Error {
    let code = match error.code.as_str() {
        "disk_full" => Code::DiskFull,
        "invalid_request" => Code::InvalidRequest,
        _ => Code::Worker(error.code),
    };
    let hint = match code {
        Code::DiskFull => "; make room and try again",
        _ => "",
    };
    // It may quote a hostile file, and terminals obey what is not printed.
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let message: String = error
        .message
        .chars()
        .map(plain)
        .take(LONGEST_MESSAGE)
        .collect();
    Error::new(code, format!("{message}{hint}"))
}
