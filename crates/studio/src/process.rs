//! The worker's process: started, spoken to, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use jobs::{Decoder, FromWorker, LoadSpec, ToWorker};
use serde::de::DeserializeOwned;

use crate::{Code, Error, Result, WorkerCommand};

/// How long a worker that was asked to end may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a worker's process tells; `None` is its end, after which nothing comes.
pub(crate) type Told = Option<FromWorker>;

/// A running worker.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts a worker and asks it to load a model. `tell` is called from a thread of its own with
    /// all it says, in order.
    pub(crate) fn start(
        command: &WorkerCommand,
        load: LoadSpec,
        mut tell: impl FnMut(Told) + Send + 'static,
    ) -> Result<Self> {
        let mut program = Command::new(&command.program);
        program
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // glibc keeps what is freed once it has seen large blocks come and go, as they do while weights are
            // read; with a fixed bound it gives them back, and memory is what was planned.
            .env("MALLOC_MMAP_THRESHOLD_", "1048576");
        // A Ctrl-C in the terminal is for us, who then say what to do.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut program, 0);
        let mut child = program.spawn().map_err(|error| {
            let doing = format!("start the worker {}", command.program.display());
            Error::io(&doing, &error, Code::WorkerFailed)
        })?;
        if let Some(errors) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(errors).lines().map_while(|line| line.ok()) {
                    tracing::warn!(target: "worker", "{line}");
                }
            });
        }
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                read_messages(output, &mut |message| tell(Some(message)));
                tell(None);
            });
        }
        let input = child.stdin.take();
        let mut process = Self { child, input };
        // A worker that is gone already says so through its output.
        process.say(&ToWorker::Load(load));
        Ok(process)
    }

    /// Sends a message; a worker that has ended will say so itself.
    pub(crate) fn say(&mut self, message: &ToWorker) {
        let Some(input) = &mut self.input else { return };
        let sent = jobs::encode(message)
            .map_err(std::io::Error::other)
            .and_then(|frame| input.write_all(&frame));
        if let Err(error) = sent {
            tracing::warn!(%error, "the worker does not listen");
            self.input = None;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, in the middle of what it does.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sees to it that it has ended, and says how.
    pub(crate) fn end(mut self) -> String {
        self.input = None;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.to_string();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// All that a process says, in order, until it ends or says what is no message.
pub(crate) fn read_messages<M: DeserializeOwned>(mut output: impl Read, tell: &mut impl FnMut(M)) {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 64 * 1024];
    loop {
        let read = match output.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => buffer.get(..count).unwrap_or_default(),
        };
        decoder.push(read);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => tell(message),
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a process speaks in riddles");
                    return;
                }
            }
        }
    }
}
