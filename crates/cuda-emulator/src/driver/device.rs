//! `cuInit`, devices and contexts.

use std::ffi::{c_char, c_int, c_uint, c_void};

use super::{CURRENT, always, call, current, device, put};
use crate::machine::{
    Code, Handle, INVALID_CONTEXT, INVALID_VALUE, Machine, NOT_INITIALIZED, PROCESSORS,
};
use crate::settings::Settings;

#[unsafe(no_mangle)]
extern "C" fn cuInit(_flags: c_uint) -> Code {
    always(|machine| {
        if !machine.is_initialised {
            machine.settings = Settings::default();
        }
        machine.count("init")?;
        if machine.settings.devices == 0 {
            return Err(100);
        }
        machine.initialise();
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> Code {
    // SAFETY: the caller vouches for its pointers, here and in all functions below.
    always(|machine| unsafe { put(version, machine.settings.driver) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> Code {
    call("device", |machine| unsafe {
        put(count, machine.memories.len() as c_int)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGet(to: *mut c_int, ordinal: c_int) -> Code {
    call("device", |machine| {
        device(machine, ordinal)?;
        unsafe { put(to, ordinal) }
    })
}

/// Puts a text of C with its end into a caller's space.
unsafe fn put_text(to: *mut c_char, length: c_int, text: &str) -> Result<(), Code> {
    if to.is_null() || length <= 0 {
        return Err(INVALID_VALUE);
    }
    let count = text.len().min(length as usize - 1);
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), to.cast(), count);
        to.add(count).write(0);
    }
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetName(name: *mut c_char, length: c_int, number: c_int) -> Code {
    call("device", |machine| {
        device(machine, number)?;
        unsafe { put_text(name, length, "CUDA emulator") }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetPCIBusId(to: *mut c_char, length: c_int, number: c_int) -> Code {
    call("device", |machine| {
        device(machine, number)?;
        unsafe { put_text(to, length, &format!("0000:{:02X}:00.0", number + 1)) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid(uuid: *mut [u8; 16], number: c_int) -> Code {
    call("device", |machine| {
        device(machine, number)?;
        let mut bytes = *b"CUDA emulator \0\0";
        bytes[15] = number as u8;
        unsafe { put(uuid, bytes) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid_v2(uuid: *mut [u8; 16], number: c_int) -> Code {
    unsafe { cuDeviceGetUuid(uuid, number) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceTotalMem_v2(bytes: *mut usize, number: c_int) -> Code {
    call("device", |machine| {
        let number = device(machine, number)?;
        unsafe { put(bytes, machine.memories[number].room().1 as usize) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetAttribute(to: *mut c_int, attribute: c_int, number: c_int) -> Code {
    call("device", |machine| {
        device(machine, number)?;
        unsafe { put(to, self::attribute(&machine.settings, attribute, number)?) }
    })
}

/// `CUdevice_attribute`; those that are not here are 0.
fn attribute(settings: &Settings, attribute: c_int, number: c_int) -> Result<c_int, Code> {
    Ok(match attribute {
        // Threads of a block, and along each axis.
        1..=3 => 1024,
        4 => 64,
        // Blocks of a grid along each axis.
        5 => i32::MAX,
        6 | 7 => 65535,
        // Shared memory of a block, constant memory, warp, pitch, registers of a block.
        8 => 48 << 10,
        9 => 64 << 10,
        10 => 32,
        11 => i32::MAX,
        12 => 65536,
        // kHz.
        13 => 1_000_000,
        14 => 512,
        15 => 1,
        16 => PROCESSORS as c_int,
        // Mapping of host memory, concurrent kernels, unified addresses.
        19 | 31 | 41 => 1,
        // The PCI bus.
        33 => number + 1,
        // Memory clock, bus width, second-level cache, threads of a multiprocessor, copy engines.
        36 => 1_000_000,
        37 => 256,
        38 => 4 << 20,
        39 => 1536,
        40 => 2,
        75 => settings.capability.0,
        76 => settings.capability.1,
        // Stream priorities, caching, shared memory and registers of a multiprocessor.
        78..=80 => 1,
        81 => 100 << 10,
        82 => 65536,
        // Shared memory of a block on request; what is reserved of it.
        97 => 99 << 10,
        106 => 24,
        111 => 1 << 10,
        ..=0 => return Err(INVALID_VALUE),
        // Among them 115: memory pools.
        _ => 0,
    })
}

fn primary(machine: &mut Machine, device: usize) -> Handle {
    let found = machine
        .contexts
        .iter()
        .find(|(_, of)| **of == device)
        .map(|(handle, _)| *handle);
    found.unwrap_or_else(|| {
        let handle = machine.handle();
        machine.contexts.insert(handle, device);
        handle
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxRetain(to: *mut Handle, number: c_int) -> Code {
    call("context", |machine| {
        let number = device(machine, number)?;
        let handle = primary(machine, number);
        unsafe { put(to, handle) }
    })
}

// The primary context stays until the end, with all that was forgotten in it.
#[unsafe(no_mangle)]
extern "C" fn cuDevicePrimaryCtxRelease_v2(number: c_int) -> Code {
    call("context", |machine| device(machine, number).map(drop))
}

#[unsafe(no_mangle)]
extern "C" fn cuDevicePrimaryCtxSetFlags_v2(number: c_int, _flags: c_uint) -> Code {
    call("context", |machine| device(machine, number).map(drop))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxGetState(
    number: c_int,
    flags: *mut c_uint,
    active: *mut c_int,
) -> Code {
    call("context", |machine| {
        let number = device(machine, number)?;
        let is_active = machine.contexts.values().any(|&of| of == number);
        unsafe {
            put(flags, 0)?;
            put(active, c_int::from(is_active))
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetCurrent(context: Handle) -> Code {
    always(|machine| {
        if !machine.is_initialised {
            return Err(NOT_INITIALIZED);
        }
        if context != 0 && !machine.contexts.contains_key(&context) {
            return Err(INVALID_CONTEXT);
        }
        CURRENT.set(context);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetCurrent(to: *mut Handle) -> Code {
    always(|machine| {
        if !machine.is_initialised {
            return Err(NOT_INITIALIZED);
        }
        let handle = CURRENT.get();
        let known = machine.contexts.contains_key(&handle);
        unsafe { put(to, if known { handle } else { 0 }) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetDevice(to: *mut c_int) -> Code {
    call("context", |machine| {
        let number = current(machine)?;
        unsafe { put(to, number as c_int) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSynchronize() -> Code {
    call("synchronize", |machine| {
        current(machine)?;
        machine.outside_of_captures()?;
        machine.finish_all()
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetFlags(_flags: c_uint) -> Code {
    call("context", |machine| current(machine).map(drop))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetLimit(to: *mut usize, _limit: c_uint) -> Code {
    call("context", |_| unsafe { put(to, 1 << 20) })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetLimit(_limit: c_uint, _value: usize) -> Code {
    call("context", |machine| current(machine).map(drop))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int) -> Code {
    call("context", |_| unsafe {
        put(least, 0)?;
        put(greatest, 0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetCacheConfig(_config: c_uint) -> Code {
    call("context", |machine| current(machine).map(drop))
}

/// A context beside the primary one.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxCreate_v3(
    to: *mut Handle,
    _affinity: *mut c_void,
    _count: c_int,
    _flags: c_uint,
    number: c_int,
) -> Code {
    call("context", |machine| {
        let number = device(machine, number)?;
        primary(machine, number);
        let handle = machine.handle();
        machine.contexts.insert(handle, number);
        CURRENT.set(handle);
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxDestroy_v2(context: Handle) -> Code {
    call("context", |machine| {
        match machine.contexts.remove(&context) {
            Some(_) => Ok(()),
            None => Err(INVALID_CONTEXT),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuProfilerStart() -> Code {
    0
}

#[unsafe(no_mangle)]
extern "C" fn cuProfilerStop() -> Code {
    0
}
