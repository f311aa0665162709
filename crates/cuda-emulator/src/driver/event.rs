//! Events.

use std::ffi::c_uint;

use super::{call, current, put};
use crate::machine::{CAPTURE_ISOLATION, Code, Event, Handle, INVALID_HANDLE, NOT_READY};

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventCreate(to: *mut Handle, flags: c_uint) -> Code {
    call("event", |machine| {
        current(machine)?;
        let handle = machine.handle();
        let no_timing = flags & 2 != 0;
        machine.events.insert(
            handle,
            Event {
                no_timing,
                ..Event::default()
            },
        );
        // SAFETY: the caller vouches for its pointers, here and in all functions below.
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuEventDestroy_v2(event: Handle) -> Code {
    call("event", |machine| {
        machine
            .events
            .remove(&event)
            .map(drop)
            .ok_or(INVALID_HANDLE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuEventRecord(event: Handle, stream: Handle) -> Code {
    call("event", |machine| machine.record(event, stream))
}

#[unsafe(no_mangle)]
extern "C" fn cuEventRecordWithFlags(event: Handle, stream: Handle, _flags: c_uint) -> Code {
    cuEventRecord(event, stream)
}

#[unsafe(no_mangle)]
extern "C" fn cuEventSynchronize(event: Handle) -> Code {
    call("synchronize", |machine| machine.finish_event(event))
}

#[unsafe(no_mangle)]
extern "C" fn cuEventQuery(event: Handle) -> Code {
    call("query", |machine| {
        if machine.is_past(event)? {
            Ok(())
        } else {
            Err(NOT_READY)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventElapsedTime(to: *mut f32, start: Handle, end: Handle) -> Code {
    call("event", |machine| {
        for event in [start, end] {
            let event = machine.events.get(&event).ok_or(INVALID_HANDLE)?;
            if event.no_timing || event.recorded.is_none() {
                return Err(INVALID_HANDLE);
            }
            if event.at.is_none() {
                return Err(NOT_READY);
            }
        }
        let at = |event| {
            machine
                .events
                .get(&event)
                .and_then(|event| event.at)
                .ok_or(NOT_READY)
        };
        let time = at(end)?.saturating_duration_since(at(start)?);
        unsafe { put(to, time.as_secs_f32() * 1000.0) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamWaitEvent(stream: Handle, event: Handle, _flags: c_uint) -> Code {
    call("event", |machine| {
        let of_stream = machine.stream(stream)?.capture;
        let one = machine.events.get(&event).ok_or(INVALID_HANDLE)?;
        let of_event = one
            .captured
            .filter(|capture| machine.captures.contains_key(capture));
        match (of_stream, of_event) {
            (None, None) => machine.wait(stream, event),
            (Some(_), None) if one.recorded.is_none() => Ok(()),
            (Some(own), None) => {
                machine.invalidate(own);
                Err(CAPTURE_ISOLATION)
            }
            (Some(own), Some(other)) if own != other => {
                machine.invalidate(own);
                machine.invalidate(other);
                Err(902)
            }
            // The stream becomes part of the capture.
            (_, joined) => {
                machine.stream(stream)?.capture = joined;
                Ok(())
            }
        }
    })
}
