//! Memory of the card and pinned memory of the host, copies and fillings.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::{c_int, c_uint, c_void};

use super::{Answer, call, current, put};
use crate::machine::{
    CAPTURE_UNSUPPORTED, Code, Handle, INVALID_VALUE, Machine, OUT_OF_MEMORY, Task,
};

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAlloc_v2(to: *mut u64, bytes: usize) -> Code {
    call("alloc", |machine| {
        let number = current(machine)?;
        machine.outside_of_captures()?;
        if bytes == 0 {
            return Err(INVALID_VALUE);
        }
        let address = machine.memories[number]
            .allocate(bytes as u64)
            .ok_or(OUT_OF_MEMORY)?;
        // SAFETY: the caller vouches for its pointers, here and in all functions below.
        unsafe { put(to, address) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFree_v2(address: u64) -> Code {
    call("free", |machine| {
        if address == 0 {
            return Ok(());
        }
        machine.outside_of_captures()?;
        machine.finish_all()?;
        let memory = machine.memory_of(address).ok_or(INVALID_VALUE)?;
        if memory.free(address) {
            Ok(())
        } else {
            Err(INVALID_VALUE)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocAsync(to: *mut u64, bytes: usize, stream: Handle) -> Code {
    let outside = call("stream", |machine| match machine.stream(stream)?.capture {
        Some(capture) => {
            machine.invalidate(capture);
            Err(CAPTURE_UNSUPPORTED)
        }
        None => Ok(()),
    });
    if outside == 0 {
        unsafe { cuMemAlloc_v2(to, bytes) }
    } else {
        outside
    }
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeAsync(address: u64, _stream: Handle) -> Code {
    cuMemFree_v2(address)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) -> Code {
    call("memory", |machine| {
        let number = current(machine)?;
        let (room, all) = machine.memories[number].room();
        unsafe {
            put(free, room as usize)?;
            put(total, all as usize)
        }
    })
}

fn layout(bytes: usize) -> Result<Layout, Code> {
    Layout::from_size_align(bytes.max(1), 4096).map_err(|_| INVALID_VALUE)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemHostAlloc(to: *mut *mut c_void, bytes: usize, _flags: c_uint) -> Code {
    call("pinned", |machine| {
        current(machine)?;
        machine.outside_of_captures()?;
        // SAFETY: the layout has at least one byte.
        let start = unsafe { alloc_zeroed(layout(bytes)?) };
        if start.is_null() {
            return Err(OUT_OF_MEMORY);
        }
        machine.pinned.insert(start as usize, bytes);
        unsafe { put(to, start.cast()) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocHost_v2(to: *mut *mut c_void, bytes: usize) -> Code {
    unsafe { cuMemHostAlloc(to, bytes, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemFreeHost(start: *mut c_void) -> Code {
    call("pinned", |machine| {
        machine.outside_of_captures()?;
        machine.finish_all()?;
        let Some(bytes) = machine.pinned.remove(&(start as usize)) else {
            return Err(INVALID_VALUE);
        };
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(start.cast(), layout(bytes)?) };
        Ok(())
    })
}

/// Before what is done at once, after what the legacy stream does.
fn at_once(machine: &mut Machine) -> Answer {
    current(machine)?;
    machine.outside_of_captures()?;
    machine.finish_legacy()
}

impl Machine {
    fn is_pinned(&self, start: usize, bytes: usize) -> bool {
        let below = self.pinned.range(..=start).next_back();
        below.is_some_and(|(from, length)| start + bytes <= from + length)
    }

    /// A copy to or from memory that is not pinned is waited for, and may not be captured.
    fn copy_of_host(&mut self, stream: Handle, host: usize, bytes: usize, task: Task) -> Answer {
        let is_pinned = self.is_pinned(host, bytes);
        if let Some(capture) = self.stream(stream)?.capture
            && !is_pinned
        {
            self.invalidate(capture);
            return Err(CAPTURE_UNSUPPORTED);
        }
        self.enqueue(stream, task)?;
        if is_pinned {
            Ok(())
        } else {
            self.finish(stream)
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize) -> Code {
    call("copy", |machine| {
        at_once(machine)?;
        let (from, length) = (from as usize, bytes as u64);
        machine.perform(&Task::CopyIn { to, from, length })
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyHtoDAsync_v2(
    to: u64,
    from: *const c_void,
    bytes: usize,
    stream: Handle,
) -> Code {
    call("copy", |machine| {
        let (from, length) = (from as usize, bytes as u64);
        let task = Task::CopyIn { to, from, length };
        machine.copy_of_host(stream, from, bytes, task)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize) -> Code {
    call("copy", |machine| {
        at_once(machine)?;
        let (to, length) = (to as usize, bytes as u64);
        machine.perform(&Task::CopyOut { to, from, length })
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoHAsync_v2(
    to: *mut c_void,
    from: u64,
    bytes: usize,
    stream: Handle,
) -> Code {
    call("copy", |machine| {
        let (to, length) = (to as usize, bytes as u64);
        let task = Task::CopyOut { to, from, length };
        machine.copy_of_host(stream, to, bytes, task)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoD_v2(to: u64, from: u64, bytes: usize) -> Code {
    call("copy", |machine| {
        at_once(machine)?;
        machine.perform(&Task::Copy {
            to,
            from,
            length: bytes as u64,
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: Handle) -> Code {
    call("copy", |machine| {
        machine.enqueue(
            stream,
            Task::Copy {
                to,
                from,
                length: bytes as u64,
            },
        )
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyPeerAsync(
    to: u64,
    _to_context: Handle,
    from: u64,
    _from_context: Handle,
    bytes: usize,
    stream: Handle,
) -> Code {
    cuMemcpyDtoDAsync_v2(to, from, bytes, stream)
}

fn set(to: u64, value: u32, width: u64, count: usize, stream: Option<Handle>) -> Code {
    call("set", |machine| {
        current(machine)?;
        if !to.is_multiple_of(width) {
            return Err(INVALID_VALUE);
        }
        let task = Task::Set {
            to,
            value,
            width,
            count: count as u64,
        };
        match stream {
            Some(stream) => machine.enqueue(stream, task),
            None => {
                at_once(machine)?;
                machine.perform(&task)
            }
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8_v2(to: u64, value: u8, count: usize) -> Code {
    set(to, u32::from(value), 1, count, None)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8Async(to: u64, value: u8, count: usize, stream: Handle) -> Code {
    set(to, u32::from(value), 1, count, Some(stream))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD16_v2(to: u64, value: u16, count: usize) -> Code {
    set(to, u32::from(value), 2, count, None)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD16Async(to: u64, value: u16, count: usize, stream: Handle) -> Code {
    set(to, u32::from(value), 2, count, Some(stream))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD32_v2(to: u64, value: c_uint, count: usize) -> Code {
    set(to, value, 4, count, None)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD32Async(to: u64, value: c_uint, count: usize, stream: Handle) -> Code {
    set(to, value, 4, count, Some(stream))
}

/// There are no memory pools.
#[unsafe(no_mangle)]
extern "C" fn cuDeviceGetDefaultMemPool(_pool: *mut Handle, _device: c_int) -> Code {
    801
}
