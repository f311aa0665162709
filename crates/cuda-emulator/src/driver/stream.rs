//! Streams and their captures.

use std::ffi::{c_int, c_uint, c_void};

use super::{call, current, put};
use crate::machine::{
    CAPTURE_INVALIDATED, CAPTURE_UNMATCHED, CAPTURE_UNSUPPORTED, CAPTURE_WRONG_THREAD, Capture,
    Code, Handle, INVALID_HANDLE, INVALID_VALUE, Machine, NOT_READY, Stream, Task,
};

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamCreate(to: *mut Handle, flags: c_uint) -> Code {
    call("stream", |machine| {
        current(machine)?;
        let handle = machine.handle();
        machine.streams.insert(handle, Stream::new(flags & 1 == 0));
        // SAFETY: the caller vouches for its pointers, here and in all functions below.
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamCreateWithPriority(to: *mut Handle, flags: c_uint, _: c_int) -> Code {
    unsafe { cuStreamCreate(to, flags) }
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamDestroy_v2(stream: Handle) -> Code {
    call("stream", |machine| {
        // What it was asked for is done all the same.
        let finished = machine.finish(stream);
        let gone = machine.streams.remove(&stream).ok_or(INVALID_HANDLE)?;
        if let Some(capture) = gone.capture {
            machine.captures.remove(&capture);
        }
        finished
    })
}

/// Whoever asks how far a stream is that is captured spoils the capture.
fn not_captured(machine: &mut Machine, stream: Handle) -> Result<(), Code> {
    match machine.stream(stream)?.capture {
        Some(capture) => {
            machine.invalidate(capture);
            Err(CAPTURE_UNSUPPORTED)
        }
        None => Ok(()),
    }
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamSynchronize(stream: Handle) -> Code {
    call("synchronize", |machine| {
        not_captured(machine, stream)?;
        if stream <= 1 {
            machine.finish_legacy()
        } else {
            machine.finish(stream)
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamQuery(stream: Handle) -> Code {
    call("query", |machine| {
        not_captured(machine, stream)?;
        if machine.is_done(stream)? {
            Ok(())
        } else {
            Err(NOT_READY)
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamBeginCapture_v2(stream: Handle, mode: c_uint) -> Code {
    call("capture", |machine| {
        // The legacy stream cannot be captured.
        if stream <= 1 {
            return Err(CAPTURE_UNSUPPORTED);
        }
        if machine.stream(stream)?.capture.is_some() || mode > 2 {
            return Err(INVALID_VALUE);
        }
        let handle = machine.handle();
        let thread = std::thread::current().id();
        let (invalid, work) = (false, Vec::new());
        let capture = Capture {
            origin: stream,
            mode,
            thread,
            invalid,
            work,
        };
        machine.captures.insert(handle, capture);
        machine.stream(stream)?.capture = Some(handle);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamEndCapture(stream: Handle, to: *mut Handle) -> Code {
    call("capture", |machine| {
        unsafe { put(to, 0)? };
        let Some(handle) = machine.stream(stream)?.capture else {
            return Err(INVALID_VALUE);
        };
        let capture = machine.captures.get(&handle).ok_or(INVALID_HANDLE)?;
        if capture.origin != stream {
            return Err(CAPTURE_UNMATCHED);
        }
        if capture.mode != 2 && capture.thread != std::thread::current().id() {
            return Err(CAPTURE_WRONG_THREAD);
        }
        for one in machine
            .streams
            .values_mut()
            .filter(|one| one.capture == Some(handle))
        {
            one.capture = None;
        }
        let capture = machine.captures.remove(&handle).ok_or(INVALID_HANDLE)?;
        if capture.invalid {
            return Err(CAPTURE_INVALIDATED);
        }
        let graph = machine.handle();
        machine.graphs.insert(graph, capture.work.into());
        unsafe { put(to, graph) }
    })
}

/// 0: no capture; 1: active; 2: invalidated.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamIsCapturing(stream: Handle, to: *mut c_uint) -> Code {
    call("capture", |machine| {
        let capture = machine.stream(stream)?.capture;
        let capture = capture.and_then(|capture| machine.captures.get(&capture));
        unsafe {
            put(
                to,
                capture.map_or(0, |capture| 1 + c_uint::from(capture.invalid)),
            )
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamGetCaptureInfo(stream: Handle, to: *mut c_uint, id: *mut u64) -> Code {
    call("capture", |machine| {
        let handle = machine.stream(stream)?.capture;
        let capture = handle.and_then(|handle| machine.captures.get(&handle));
        let status = capture.map_or(0, |capture| 1 + c_uint::from(capture.invalid));
        unsafe {
            put(to, status)?;
            if id.is_null() {
                Ok(())
            } else {
                put(id, handle.unwrap_or(0))
            }
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamGetPriority(_stream: Handle, to: *mut c_int) -> Code {
    unsafe { put(to, 0) }.err().unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn cuLaunchHostFunc(
    stream: Handle,
    function: Option<unsafe extern "C" fn(*mut c_void)>,
    data: *mut c_void,
) -> Code {
    call("stream", |machine| {
        let function = function.ok_or(INVALID_VALUE)?;
        machine.enqueue(stream, Task::Call(function, data as usize))
    })
}
