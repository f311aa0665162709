//! What streams do, and when.
//!
//! Work is done as late as a driver may do it: when somebody waits for it, or for what comes after it. So a wait that is
//! missing shows.

use std::collections::VecDeque;
use std::thread::ThreadId;
use std::time::Instant;

use super::{
    CAPTURE_IMPLICIT, CAPTURE_INVALIDATED, CAPTURE_UNSUPPORTED, CAPTURED_EVENT, Code, Handle,
    INVALID_HANDLE, INVALID_VALUE, Machine, Task,
};

/// The legacy default stream.
const LEGACY: Handle = 0;

#[derive(Default)]
pub(crate) struct Stream {
    /// Of which capture it is part.
    pub(crate) capture: Option<Handle>,
    /// Whether it and the legacy stream wait for each other.
    pub(crate) blocks: bool,
    queue: VecDeque<Step>,
    /// How much was ever done.
    done: u64,
}

impl Stream {
    /// A stream with nothing to do, which the legacy stream waits for or not.
    pub(crate) fn new(blocks: bool) -> Self {
        Self {
            blocks,
            ..Self::default()
        }
    }

    /// How much was ever asked for.
    fn asked(&self) -> u64 {
        self.done + self.queue.len() as u64
    }
}

enum Step {
    Task(Task),
    /// Until so much of another stream is done.
    Wait(Handle, u64),
    /// An event's record, unless it was recorded again since.
    Record(Handle),
}

pub(crate) struct Capture {
    pub(crate) origin: Handle,
    /// 0: no thread may do unsafe things; 1: this thread may not; 2: all may.
    pub(crate) mode: u32,
    pub(crate) thread: ThreadId,
    pub(crate) invalid: bool,
    pub(crate) work: Vec<Task>,
}

#[derive(Default)]
pub(crate) struct Event {
    /// The stream it was recorded in last, and how much of that comes before it.
    pub(crate) recorded: Option<(Handle, u64)>,
    /// When that was done.
    pub(crate) at: Option<Instant>,
    pub(crate) captured: Option<Handle>,
    pub(crate) no_timing: bool,
}

impl Machine {
    pub(crate) fn stream(&mut self, stream: Handle) -> Result<&mut Stream, Code> {
        match stream {
            0 | 1 => Ok(self.streams.entry(LEGACY).or_default()),
            // The default stream of a thread.
            2 => Ok(self.streams.entry(2).or_insert_with(|| Stream::new(true))),
            _ => self.streams.get_mut(&stream).ok_or(INVALID_HANDLE),
        }
    }

    /// Asks a stream for work, or notes it where the stream is captured.
    pub(crate) fn enqueue(&mut self, stream: Handle, task: Task) -> Result<(), Code> {
        self.check(&task)?;
        let Some(capture) = self.stream(stream)?.capture else {
            self.beside_the_legacy_stream(stream)?;
            self.stream(stream)?.queue.push_back(Step::Task(task));
            return Ok(());
        };
        let Some(capture) = self.captures.get_mut(&capture) else {
            return Err(INVALID_HANDLE);
        };
        if capture.invalid {
            return Err(CAPTURE_INVALIDATED);
        }
        capture.work.push(task);
        Ok(())
    }

    /// The legacy stream waits for all blocking streams, and they for it. That cannot be where one of them is captured.
    fn beside_the_legacy_stream(&mut self, stream: Handle) -> Result<(), Code> {
        if stream > 1 {
            if self.stream(stream)?.blocks {
                let asked = self.stream(LEGACY)?.asked();
                let step = Step::Wait(LEGACY, asked);
                self.stream(stream)?.queue.push_back(step);
            }
            return Ok(());
        }
        let blocking = self.streams.iter().filter(|(_, one)| one.blocks);
        if let Some(capture) = blocking.clone().find_map(|(_, one)| one.capture) {
            self.invalidate(capture);
            return Err(CAPTURE_IMPLICIT);
        }
        let waits: Vec<Step> = blocking
            .map(|(handle, one)| Step::Wait(*handle, one.asked()))
            .collect();
        self.stream(LEGACY)?.queue.extend(waits);
        Ok(())
    }

    /// Before work that a driver does at once: what the legacy stream comes after.
    pub(crate) fn finish_legacy(&mut self) -> Result<(), Code> {
        self.beside_the_legacy_stream(LEGACY)?;
        self.finish(LEGACY)
    }

    /// Does all that a stream was asked for.
    pub(crate) fn finish(&mut self, stream: Handle) -> Result<(), Code> {
        let asked = self.stream(stream)?.asked();
        self.finish_until(stream, asked);
        self.sticky.map_or(Ok(()), Err)
    }

    /// Does all that all streams were asked for.
    pub(crate) fn finish_all(&mut self) -> Result<(), Code> {
        let mut streams: Vec<Handle> = self.streams.keys().copied().collect();
        streams.sort_unstable();
        for stream in streams {
            let asked = self.stream(stream)?.asked();
            self.finish_until(stream, asked);
        }
        self.sticky.map_or(Ok(()), Err)
    }

    /// Does so much of a stream's work, and what that waits for.
    fn finish_until(&mut self, stream: Handle, until: u64) {
        while self.step(stream, until) {}
    }

    /// Does one step; false where there is none before `until`.
    fn step(&mut self, stream: Handle, until: u64) -> bool {
        let Ok(one) = self.stream(stream) else {
            return false;
        };
        if one.done >= until {
            return false;
        }
        let Some(step) = one.queue.pop_front() else {
            return false;
        };
        one.done += 1;
        let done = one.done;
        // On a broken card nothing is done any more.
        if self.sticky.is_some() {
            return true;
        }
        match step {
            Step::Task(task) => {
                if let Err(code) = self.perform(&task) {
                    self.sticky = self.sticky.or(Some(code));
                }
            }
            Step::Wait(other, until) => self.finish_until(other, until),
            Step::Record(event) => {
                if let Some(event) = self.events.get_mut(&event)
                    && event.recorded == Some((stream, done))
                {
                    event.at = Some(Instant::now());
                }
            }
        }
        true
    }

    /// Whether a stream has nothing left to do. Asking again and again is what moves it on.
    pub(crate) fn is_done(&mut self, stream: Handle) -> Result<bool, Code> {
        let asked = self.stream(stream)?.asked();
        self.step(stream, asked);
        self.sticky.map_or(Ok(()), Err)?;
        Ok(self.stream(stream)?.queue.is_empty())
    }

    pub(crate) fn record(&mut self, handle: Handle, stream: Handle) -> Result<(), Code> {
        let stream = if stream == 1 { LEGACY } else { stream };
        let captured = self.stream(stream)?.capture;
        if !self.events.contains_key(&handle) {
            return Err(INVALID_HANDLE);
        }
        let mut recorded = None;
        if captured.is_none() {
            self.beside_the_legacy_stream(stream)?;
            let one = self.stream(stream)?;
            one.queue.push_back(Step::Record(handle));
            recorded = Some((stream, one.asked()));
        }
        if let Some(event) = self.events.get_mut(&handle) {
            event.captured = captured;
            if captured.is_none() {
                event.recorded = recorded;
                event.at = None;
            }
        }
        Ok(())
    }

    /// Lets a stream wait for an event outside of captures.
    pub(crate) fn wait(&mut self, stream: Handle, event: Handle) -> Result<(), Code> {
        let recorded = self.events.get(&event).ok_or(INVALID_HANDLE)?.recorded;
        if let Some((other, until)) = recorded {
            let step = Step::Wait(other, until);
            self.stream(stream)?.queue.push_back(step);
        }
        Ok(())
    }

    /// Of an event that the host asks for: the stream and how much of that.
    fn asked_for(&mut self, event: Handle) -> Result<Option<(Handle, u64)>, Code> {
        let one = self.events.get(&event).ok_or(INVALID_HANDLE)?;
        let recorded = one.recorded;
        match one.captured {
            Some(capture) if self.captures.contains_key(&capture) => {
                self.invalidate(capture);
                Err(CAPTURED_EVENT)
            }
            _ => Ok(recorded),
        }
    }

    /// Does all that comes before an event.
    pub(crate) fn finish_event(&mut self, event: Handle) -> Result<(), Code> {
        if let Some((stream, until)) = self.asked_for(event)? {
            self.finish_until(stream, until);
        }
        self.sticky.map_or(Ok(()), Err)
    }

    /// Whether all is done that comes before an event; each asking moves its stream on.
    pub(crate) fn is_past(&mut self, event: Handle) -> Result<bool, Code> {
        let Some((stream, until)) = self.asked_for(event)? else {
            return Ok(true);
        };
        self.step(stream, until);
        self.sticky.map_or(Ok(()), Err)?;
        // Of a stream that is gone, all was done.
        Ok(self.stream(stream).map_or(true, |one| one.done >= until))
    }

    /// Refuses memory of the card that is not there, when the work is asked for.
    fn check(&mut self, task: &Task) -> Result<(), Code> {
        let ranges = match *task {
            Task::CopyIn { to, length, .. } => [(to, length), (to, 0)],
            Task::CopyOut { from, length, .. } => [(from, length), (from, 0)],
            Task::Copy { to, from, length } => [(to, length), (from, length)],
            Task::Set {
                to, width, count, ..
            } => [(to, width * count), (to, 0)],
            Task::Launch(..) | Task::Call(..) => return Ok(()),
        };
        for (address, length) in ranges {
            let memory = self.memory_of(address);
            let is_there = memory.is_some_and(|memory| memory.find(address, length).is_some());
            if length > 0 && !is_there {
                let place = self.describe(address);
                super::complain(&format!(
                    "{length} bytes at {address:#x}, where nothing is: {place}"
                ));
                return Err(INVALID_VALUE);
            }
        }
        Ok(())
    }

    pub(crate) fn invalidate(&mut self, capture: Handle) {
        if let Some(capture) = self.captures.get_mut(&capture) {
            capture.invalid = true;
        }
    }

    /// For calls that may not be made while a stream is captured: `cuMemAlloc` and all that waits.
    pub(crate) fn outside_of_captures(&mut self) -> Result<(), Code> {
        let own = std::thread::current().id();
        let in_way = |capture: &&mut Capture| match capture.mode {
            0 => true,
            1 => capture.thread == own,
            _ => false,
        };
        match self.captures.values_mut().find(in_way) {
            Some(capture) => {
                capture.invalid = true;
                Err(CAPTURE_UNSUPPORTED)
            }
            None => Ok(()),
        }
    }
}
