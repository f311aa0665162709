//! The pretended machine: its cards, and everything that a process has made on them.

mod streams;

use std::collections::{BTreeMap, HashMap};
use std::ffi::c_void;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use crate::launch::{self, Shape, Work};
use crate::memory::{Memory, Refusal};
use crate::program::Program;
use crate::settings::Settings;
pub(crate) use streams::{Capture, Event, Stream};

/// Multiprocessors of a card.
pub(crate) const PROCESSORS: u32 = 8;

/// A handle, as the driver's callers hold it.
pub(crate) type Handle = u64;

/// A CUDA error code.
pub(crate) type Code = u32;

pub(crate) const INVALID_VALUE: Code = 1;
pub(crate) const OUT_OF_MEMORY: Code = 2;
pub(crate) const NOT_INITIALIZED: Code = 3;
pub(crate) const INVALID_DEVICE: Code = 101;
pub(crate) const INVALID_CONTEXT: Code = 201;
pub(crate) const INVALID_HANDLE: Code = 400;
pub(crate) const NOT_READY: Code = 600;
pub(crate) const CAPTURE_UNSUPPORTED: Code = 900;
pub(crate) const CAPTURE_INVALIDATED: Code = 901;
pub(crate) const CAPTURE_UNMATCHED: Code = 903;
pub(crate) const CAPTURE_ISOLATION: Code = 905;
pub(crate) const CAPTURE_IMPLICIT: Code = 906;
pub(crate) const CAPTURED_EVENT: Code = 907;
pub(crate) const CAPTURE_WRONG_THREAD: Code = 908;

/// One thing a stream does.
#[derive(Clone)]
pub(crate) enum Task {
    Launch(Arc<Program>, Shape),
    /// From memory of the host that is read when it is done.
    CopyIn {
        to: u64,
        from: usize,
        length: u64,
    },
    CopyOut {
        to: usize,
        from: u64,
        length: u64,
    },
    Copy {
        to: u64,
        from: u64,
        length: u64,
    },
    /// `count` values of `width` bytes.
    Set {
        to: u64,
        value: u32,
        width: u64,
        count: u64,
    },
    Call(unsafe extern "C" fn(*mut c_void), usize),
}

pub(crate) struct Module {
    pub(crate) device: usize,
    pub(crate) programs: HashMap<String, Arc<Program>>,
    /// Address and size.
    pub(crate) variables: HashMap<String, (u64, u64)>,
}

pub(crate) struct Function {
    pub(crate) module: Handle,
    pub(crate) program: Arc<Program>,
    /// The dynamic shared memory that is allowed.
    pub(crate) most_dynamic: i32,
}

#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) settings: Settings,
    pub(crate) is_initialised: bool,
    /// The error that every call answers since it happened.
    pub(crate) sticky: Option<Code>,
    pub(crate) memories: Vec<Memory>,
    /// A context's device; the first of each device is its primary one.
    pub(crate) contexts: BTreeMap<Handle, usize>,
    pub(crate) streams: HashMap<Handle, Stream>,
    pub(crate) captures: HashMap<Handle, Capture>,
    pub(crate) events: HashMap<Handle, Event>,
    pub(crate) modules: HashMap<Handle, Module>,
    pub(crate) functions: HashMap<Handle, Function>,
    pub(crate) graphs: HashMap<Handle, Arc<Vec<Task>>>,
    pub(crate) executables: HashMap<Handle, Arc<Vec<Task>>>,
    /// Pinned memory of the host: start and size.
    pub(crate) pinned: BTreeMap<usize, usize>,
    /// Calls so far by kind, for failures on demand.
    calls: HashMap<String, u64>,
    handles: Handle,
    /// Launches and their work by kernel.
    pub(crate) profile: BTreeMap<String, (u64, Work)>,
}

static MACHINE: Mutex<Option<Machine>> = Mutex::new(None);

/// The machine, locked.
pub(crate) struct Locked(MutexGuard<'static, Option<Machine>>);

impl Locked {
    pub(crate) fn machine(&mut self) -> &mut Machine {
        self.0.get_or_insert_with(Machine::default)
    }
}

pub(crate) fn lock() -> Locked {
    Locked(MACHINE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Says what went wrong, where a person sees it.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "cuda-emulator: {message}");
}

impl Machine {
    /// Everything as before the first `cuInit`.
    pub(crate) fn reset(&mut self) {
        let handles = self.handles;
        *self = Self::default();
        self.handles = handles;
    }

    pub(crate) fn initialise(&mut self) {
        if self.is_initialised {
            return;
        }
        self.is_initialised = true;
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| {
            // SAFETY: the function may be called at any time until the process ends.
            let _ = unsafe { libc::atexit(crate::control::write_profile) };
        });
        let Settings {
            devices,
            memory,
            strict,
            ..
        } = self.settings;
        self.memories = (0..devices)
            .map(|card| Memory::new(memory, card as u64, strict))
            .collect();
    }

    pub(crate) const fn handle(&mut self) -> Handle {
        self.handles += 16;
        0x1000 + self.handles
    }

    /// Counts a call, and fails it where that was asked for.
    pub(crate) fn count(&mut self, kind: &str) -> Result<(), Code> {
        let calls = self.calls.entry(kind.to_owned()).or_default();
        *calls += 1;
        let calls = *calls;
        let wanted = |one: &&(String, u64, Code)| one.0 == kind && one.1 == calls;
        let Some(&(_, _, code)) = self.settings.fail.iter().find(wanted) else {
            return Ok(());
        };
        if is_sticky(code) {
            self.sticky = Some(code);
        }
        Err(code)
    }

    /// The device of an address.
    pub(crate) fn memory_of(&mut self, address: u64) -> Option<&mut Memory> {
        let card = crate::memory::card_of(address)?;
        self.memories.get_mut(card)
    }

    /// Where an address lies, in words.
    pub(crate) fn describe(&mut self, address: u64) -> String {
        match self.memory_of(address) {
            Some(memory) => memory.describe(address),
            None => "no memory of a card".to_owned(),
        }
    }

    fn refused(&mut self, refusal: Refusal, address: u64, length: u64, what: &str) -> Code {
        let place = self.describe(address);
        match refusal {
            Refusal::Outside => {
                complain(&format!(
                    "{what} of {length} bytes at {address:#x}, where nothing is: {place}"
                ));
                INVALID_VALUE
            }
            Refusal::Unwritten => {
                complain(&format!(
                    "{what} of {length} bytes at {address:#x} that nobody has written: {place}"
                ));
                self.sticky = Some(719);
                719
            }
        }
    }

    /// Does it now.
    pub(crate) fn perform(&mut self, work: &Task) -> Result<(), Code> {
        match *work {
            Task::Launch(ref program, ref shape) => {
                self.launch(program, shape);
                Ok(())
            }
            Task::CopyIn { to, from, length } => {
                // SAFETY: the caller of the driver vouches for its memory.
                let source =
                    unsafe { std::slice::from_raw_parts(from as *const u8, length as usize) };
                let written = self
                    .memory_of(to)
                    .ok_or(Refusal::Outside)
                    .and_then(|memory| {
                        memory
                            .write(to, length)
                            .map(|target| target.copy_from_slice(source))
                    });
                written.map_err(|refusal| self.refused(refusal, to, length, "a copy to the card"))
            }
            Task::CopyOut { to, from, length } => {
                let read = self
                    .memory_of(from)
                    .ok_or(Refusal::Outside)
                    .and_then(|memory| {
                        memory.read(from, length).map(|source| {
                            // SAFETY: the caller of the driver vouches for its memory.
                            unsafe {
                                std::ptr::copy_nonoverlapping(
                                    source.as_ptr(),
                                    to as *mut u8,
                                    source.len(),
                                );
                            }
                        })
                    });
                read.map_err(|refusal| self.refused(refusal, from, length, "a copy from the card"))
            }
            Task::Copy { to, from, length } => self.copy(to, from, length),
            Task::Set {
                to,
                value,
                width,
                count,
            } => {
                let length = width * count;
                let bytes = value.to_le_bytes();
                let written = self
                    .memory_of(to)
                    .ok_or(Refusal::Outside)
                    .and_then(|memory| {
                        memory.write(to, length).map(|target| {
                            for one in target.chunks_exact_mut(width as usize) {
                                one.copy_from_slice(&bytes[..width as usize]);
                            }
                        })
                    });
                written.map_err(|refusal| self.refused(refusal, to, length, "a filling"))
            }
            Task::Call(function, data) => {
                // SAFETY: the caller of the driver vouches for its function.
                unsafe { function(data as *mut c_void) };
                Ok(())
            }
        }
    }

    fn copy(&mut self, to: u64, from: u64, length: u64) -> Result<(), Code> {
        let cards = (crate::memory::card_of(to), crate::memory::card_of(from));
        let copied = if cards.0 == cards.1 {
            match self.memory_of(to) {
                Some(memory) => memory.copy(to, from, length),
                None => Err(Refusal::Outside),
            }
        } else {
            let bytes = match self.memory_of(from) {
                Some(memory) => memory.read(from, length).map(<[u8]>::to_vec),
                None => Err(Refusal::Outside),
            };
            match (bytes, self.memory_of(to)) {
                (Ok(bytes), Some(memory)) => memory
                    .write(to, length)
                    .map(|target| target.copy_from_slice(&bytes)),
                (Err(refusal), _) => Err(refusal),
                _ => Err(Refusal::Outside),
            }
        };
        copied.map_err(|refusal| self.refused(refusal, from, length, "a copy within the card"))
    }

    /// A fault is told now and answered by every later call, as a card's are.
    fn launch(&mut self, program: &Program, shape: &Shape) {
        if self.sticky.is_some() {
            return;
        }
        let Settings { budget, wrong, .. } = self.settings;
        let Some(memory) = self.memories.get_mut(shape.card) else {
            return;
        };
        match launch::run(program, memory, shape, budget, wrong) {
            Ok(work) => {
                let (launches, all) = self.profile.entry(program.name.clone()).or_default();
                *launches += 1;
                all.lanes += work.lanes;
                all.read += work.read;
                all.written += work.written;
            }
            Err(fault) => {
                complain(&fault.message);
                self.sticky = Some(fault.code);
            }
        }
    }
}

/// Errors after which a process can do nothing more with its card.
pub(crate) const fn is_sticky(code: Code) -> bool {
    matches!(code, 214 | 700 | 702 | 710 | 714..=719 | 721 | 999)
}
