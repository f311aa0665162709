//! The worker's process: started, spoken to, ended.

use std::sync::mpsc;

use jobs::{FromWorker, LoadSpec, ToWorker};

use crate::child::{Child, PATIENCE};
use crate::{Code, Error, Result, WorkerCommand};

/// What a worker's process tells; `None` is its end, after which nothing comes.
pub(crate) type Told = Option<FromWorker>;

/// A running worker.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a worker and asks it to load a model. `tell` is called from a thread of its own with
    /// all it says, in order.
    pub(crate) fn start(
        command: &WorkerCommand,
        load: LoadSpec,
        tell: impl FnMut(Told) + Send + 'static,
    ) -> Result<Self> {
        let mut program = command.command();
        // glibc keeps what is freed once it has seen large blocks come and go, as they do while weights are
        // read; with a fixed bound it gives them back, and memory is what was planned.
        program.env("MALLOC_MMAP_THRESHOLD_", "1048576");
        // Cards have the numbers by which the driver lists them, and not CUDA's own, unless the user knows better.
        if std::env::var_os("CUDA_DEVICE_ORDER").is_none() {
            program.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        }
        let log = |line: &str| tracing::warn!(target: "worker", "{line}");
        let child = Child::start(&mut program, log, tell).map_err(|error| {
            let doing = format!("start the worker {}", command.program.display());
            Error::io(&doing, &error, Code::WorkerFailed)
        })?;
        let mut process = Self(child);
        // A worker that is gone already says so through its output.
        process.say(&ToWorker::Load(load));
        Ok(process)
    }

    /// Sends a message; a worker that has ended will say so itself.
    pub(crate) fn say(&mut self, message: &ToWorker) {
        match jobs::encode(message) {
            Ok(frame) => self.0.send(&frame),
            Err(error) => {
                tracing::warn!(%error, "what the worker should be told is no message");
                self.0.ask_to_end();
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Ends it at once, in the middle of what it does.
    pub(crate) fn kill(self) {
        drop(self.0);
    }

    /// Kills it, and waits a little for its end, so that its memory is free; it may never come while a driver
    /// holds it.
    pub(crate) fn abandon(self) -> String {
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            self.kill();
            let _ = ended.send(());
        });
        match end.recv_timeout(PATIENCE) {
            Ok(()) => "killed".to_owned(),
            Err(_) => "killed, and there still".to_owned(),
        }
    }

    /// Sees to it that it has ended, and says how.
    pub(crate) fn end(mut self) -> String {
        match self.0.end() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}
