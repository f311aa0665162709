//! The process that reads the weight file: started, waited for, stopped.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use jobs::{FromImporter, ImportedWeights, ToImporter, WorkerError};

use crate::process::read_messages;
use crate::{Code, Error, Result, WorkerCommand};

/// How soon it is noticed that the user has stopped it.
const NOTICE: Duration = Duration::from_millis(50);

/// How long a process that has nothing more to say may take to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// In characters. The names in a file may be as long as it likes.
const LONGEST_MESSAGE: usize = 1000;

/// Ended with this value, whatever happens.
struct Process(Child);

impl Process {
    /// Sees to it that it has ended, and says how.
    fn end(&mut self) -> std::io::Result<ExitStatus> {
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.0.kill()?;
        self.0.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
    let mut process = start(importer).map_err(failed)?;
    let child = &mut process.0;
    if let Some(errors) = child.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(|line| line.ok()) {
                tracing::warn!(target: "importer", "{line}");
            }
        });
    }
    let (sender, messages) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            // If nobody listens any more, the process is being ended.
            read_messages(output, &mut |message| drop(sender.send(message)));
        });
    }
    // Open until this function returns: the process ends when it closes.
    let mut input = child.stdin.take();
    if let Some(Err(error)) = input.as_mut().map(|input| input.write_all(&spoken)) {
        // A process that is gone says so by its end; one that does not listen ends now.
        tracing::warn!(%error, "the importer does not listen");
        input = None;
    }

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
    drop(input);
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

fn start(importer: &WorkerCommand) -> std::io::Result<Process> {
    let mut program = Command::new(&importer.program);
    program
        .args(&importer.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A Ctrl-C in the terminal is for us, who then leave nothing behind.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut program, 0);
    Ok(Process(program.spawn()?))
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
