//! The driver's C interface: the functions of `libcuda.so` that `cudarc` calls.
//!
//! One thing is done at a time, under one lock, and as late as may be. A kernel's fault is answered by the call that waits
//! for it and by all after that, as on a card.

mod device;
mod event;
mod graph;
mod memory;
mod module;
mod names;
mod stream;

use std::cell::Cell;

use crate::machine::{
    Code, Handle, INVALID_CONTEXT, INVALID_DEVICE, INVALID_VALUE, Machine, NOT_INITIALIZED, lock,
};

type Answer = Result<(), Code>;

thread_local! {
    /// The context that is current in this thread.
    static CURRENT: Cell<Handle> = const { Cell::new(0) };
}

/// Answers a call that is allowed at any time.
fn always(answer: impl FnOnce(&mut Machine) -> Answer) -> Code {
    let mut locked = lock();
    match answer(locked.machine()) {
        Ok(()) => 0,
        Err(code) => code,
    }
}

/// Answers a call of a kind, unless the card is broken or the call is one that shall fail.
fn call(kind: &str, answer: impl FnOnce(&mut Machine) -> Answer) -> Code {
    always(|machine| {
        if !machine.is_initialised {
            return Err(NOT_INITIALIZED);
        }
        if let Some(code) = machine.sticky {
            return Err(code);
        }
        machine.count(kind)?;
        answer(machine)
    })
}

/// The device of the context that is current.
fn current(machine: &Machine) -> Result<usize, Code> {
    let context = CURRENT.get();
    machine
        .contexts
        .get(&context)
        .copied()
        .ok_or(INVALID_CONTEXT)
}

/// Writes an answer where the caller wants it.
///
/// # Safety
/// The pointer is null or one to write through.
unsafe fn put<T>(to: *mut T, value: T) -> Answer {
    if to.is_null() {
        return Err(INVALID_VALUE);
    }
    // SAFETY: the caller vouches for it.
    unsafe { to.write(value) };
    Ok(())
}

fn device(machine: &Machine, device: i32) -> Result<usize, Code> {
    let number = usize::try_from(device).map_err(|_| INVALID_DEVICE)?;
    if number < machine.memories.len() {
        Ok(number)
    } else {
        Err(INVALID_DEVICE)
    }
}
