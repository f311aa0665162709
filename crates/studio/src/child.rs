//! A process of our own that speaks in frames: started, heard, spoken to, ended. Once nobody holds it, it is
//! gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jobs::Decoder;
use serde::de::DeserializeOwned;

/// How long one that was asked to end may take before it is killed, and one that was killed to be gone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    /// Until it is asked to end.
    input: Option<ChildStdin>,
}

impl Child {
    /// Starts a program. `log` gets each line of its standard error; `tell` all it says, in order, and then
    /// `None`. Each is called from a thread of its own.
    pub(crate) fn start<M: DeserializeOwned>(
        program: &mut Command,
        log: fn(&str),
        mut tell: impl FnMut(Option<M>) + Send + 'static,
    ) -> std::io::Result<Self> {
        program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A Ctrl-C in the terminal is for us, who then say what to do.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(program, 0);
        let mut process = program.spawn()?;
        if let Some(errors) = process.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(errors).lines().map_while(|line| line.ok()) {
                    log(&line);
                }
            });
        }
        if let Some(output) = process.stdout.take() {
            std::thread::spawn(move || {
                read_messages(output, &mut |message| tell(Some(message)));
                tell(None);
            });
        }
        let input = process.stdin.take();
        Ok(Self { process, input })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a frame. One that does not listen is asked to end; if it is gone already, it says so itself.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        let Some(input) = &mut self.input else { return };
        if let Err(error) = input.write_all(frame) {
            tracing::warn!(pid = self.id(), %error, "a process does not listen");
            self.ask_to_end();
        }
    }

    /// Our processes end when their input does.
    pub(crate) fn ask_to_end(&mut self) {
        self.input = None;
    }

    /// Sees to it that it has ended, and says how.
    pub(crate) fn end(&mut self) -> std::io::Result<ExitStatus> {
        self.ask_to_end();
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.process.kill()?;
        self.process.wait()
    }
}

impl Drop for Child {
    /// Ends it at once, in the middle of what it does.
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All that a process says, in order, until it ends or says what is no message.
fn read_messages<M: DeserializeOwned>(mut output: impl Read, tell: &mut impl FnMut(M)) {
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
