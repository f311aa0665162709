//! Modules, functions and launches.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Arc;

use super::{call, current, put};
use crate::decode;
use crate::launch::Shape;
use crate::machine::{
    Code, Function, Handle, INVALID_HANDLE, INVALID_VALUE, Machine, Module, OUT_OF_MEMORY, Task,
    complain,
};
use crate::ptx::{self, Space};

const INVALID_IMAGE: Code = 200;
const NO_BINARY: Code = 209;
const INVALID_PTX: Code = 218;
const UNSUPPORTED_VERSION: Code = 222;
const NOT_FOUND: Code = 500;
const NO_RESOURCES: Code = 701;

/// Shared memory that a block has without asking, and the most it may ask for.
const SHARED: usize = 48 << 10;
const MOST_SHARED: usize = 99 << 10;

/// The newest PTX that a driver of a version reads, by NVIDIA's table of releases.
const fn newest_ptx(driver: i32) -> (u32, u32) {
    match driver {
        ..10010 => (6, 3),
        10010..10020 => (6, 4),
        10020..11000 => (6, 5),
        11000..12000 => {
            let minor = (driver - 11000) / 10;
            (7, if minor > 8 { 8 } else { minor as u32 })
        }
        12000..12060 => (8, ((driver - 12000) / 10) as u32),
        12060..12070 => (8, 5),
        12070..12080 => (8, 6),
        12080..12090 => (8, 7),
        12090..13000 => (8, 8),
        _ => (9, ((driver - 13000) / 10) as u32),
    }
}

impl Machine {
    fn load(&mut self, text: &str) -> Result<Handle, Code> {
        let number = current(self)?;
        self.outside_of_captures()?;
        let unreadable = |wrong: ptx::Wrong| {
            let line = text
                .lines()
                .nth((wrong.line as usize).saturating_sub(1))
                .unwrap_or_default();
            complain(&format!(
                "PTX line {}: {}\n  {}",
                wrong.line,
                wrong.message,
                line.trim()
            ));
            INVALID_PTX
        };
        let source = ptx::read(text).map_err(unreadable)?;
        if source.version > newest_ptx(self.settings.driver) {
            return Err(UNSUPPORTED_VERSION);
        }
        let (major, minor) = self.settings.capability;
        if source.target as i32 > major * 10 + minor {
            return Err(NO_BINARY);
        }
        let mut addresses = decode::Addresses::new();
        let mut variables = HashMap::new();
        let of_card = source
            .variables
            .iter()
            .filter(|one| one.space == Space::Global);
        for variable in of_card.clone() {
            let size = variable.size.max(1) as u64;
            let address = self.memories[number].allocate(size).ok_or(OUT_OF_MEMORY)?;
            addresses.insert(variable.name.clone(), address);
            variables.insert(variable.name.clone(), (address, size));
        }
        for variable in of_card {
            let mut bytes = variable.initial.clone();
            for (at, name) in &variable.pointers {
                let address = addresses.get(name).copied().unwrap_or(0);
                bytes[*at..*at + 8].copy_from_slice(&address.to_le_bytes());
            }
            bytes.resize(variable.size.max(1), 0);
            let address = addresses[&variable.name];
            let target = self.memories[number].write(address, bytes.len() as u64);
            target.map_err(|_| INVALID_VALUE)?.copy_from_slice(&bytes);
        }
        let shared_text: Arc<str> = text.into();
        let mut programs = HashMap::new();
        for function in source.functions.iter().filter(|one| one.is_entry) {
            let program = decode::decode(&source, function, &addresses, &shared_text);
            let program = program.map_err(unreadable)?;
            programs.insert(function.name.clone(), Arc::new(program));
        }
        let handle = self.handle();
        let device = number;
        self.modules.insert(
            handle,
            Module {
                device,
                programs,
                variables,
            },
        );
        Ok(handle)
    }
}

/// A caller's text.
///
/// # Safety
/// It ends with a 0 and outlives the call.
unsafe fn text<'a>(at: *const c_char) -> Result<&'a str, Code> {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(at) };
    text.to_str().map_err(|_| INVALID_VALUE)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadData(to: *mut Handle, image: *const c_void) -> Code {
    call("module", |machine| {
        if image.is_null() {
            return Err(INVALID_VALUE);
        }
        // SAFETY: the caller vouches for its pointers, here and in all functions below.
        let bytes = unsafe { CStr::from_ptr(image.cast()) };
        let text = bytes.to_str().map_err(|_| INVALID_IMAGE)?;
        let handle = machine.load(text)?;
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadDataEx(
    to: *mut Handle,
    image: *const c_void,
    _count: c_uint,
    _options: *mut c_int,
    _values: *mut *mut c_void,
) -> Code {
    unsafe { cuModuleLoadData(to, image) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoad(to: *mut Handle, path: *const c_char) -> Code {
    call("module", |machine| {
        let path = unsafe { text(path) }?;
        let text = std::fs::read_to_string(path).map_err(|_| 301u32)?;
        let handle = machine.load(&text)?;
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuModuleUnload(module: Handle) -> Code {
    call("module", |machine| {
        machine.outside_of_captures()?;
        machine.finish_all()?;
        let gone = machine.modules.remove(&module).ok_or(INVALID_HANDLE)?;
        for (address, _) in gone.variables.values() {
            machine.memories[gone.device].free(*address);
        }
        machine
            .functions
            .retain(|_, function| function.module != module);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetFunction(
    to: *mut Handle,
    module: Handle,
    name: *const c_char,
) -> Code {
    call("module", |machine| {
        let name = unsafe { text(name) }?;
        let of = machine.modules.get(&module).ok_or(INVALID_HANDLE)?;
        let program = Arc::clone(of.programs.get(name).ok_or(NOT_FOUND)?);
        let handle = machine.handle();
        let most_dynamic = SHARED.saturating_sub(program.shared_bytes) as i32;
        machine.functions.insert(
            handle,
            Function {
                module,
                program,
                most_dynamic,
            },
        );
        unsafe { put(to, handle) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetGlobal_v2(
    address: *mut u64,
    bytes: *mut usize,
    module: Handle,
    name: *const c_char,
) -> Code {
    call("module", |machine| {
        let name = unsafe { text(name) }?;
        let of = machine.modules.get(&module).ok_or(INVALID_HANDLE)?;
        let &(at, size) = of.variables.get(name).ok_or(NOT_FOUND)?;
        unsafe {
            if !address.is_null() {
                put(address, at)?;
            }
            if bytes.is_null() {
                Ok(())
            } else {
                put(bytes, size as usize)
            }
        }
    })
}

fn function(machine: &mut Machine, function: Handle) -> Result<&mut Function, Code> {
    machine.functions.get_mut(&function).ok_or(INVALID_HANDLE)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuFuncGetAttribute(to: *mut c_int, attribute: c_int, of: Handle) -> Code {
    call("function", |machine| {
        let of = function(machine, of)?;
        let value = match attribute {
            0 => of.program.most_threads as c_int,
            1 => of.program.shared_bytes as c_int,
            3 => of.program.local_bytes as c_int,
            // Registers of a thread; a guess that always fits.
            4 => 64,
            5 | 6 => 60,
            8 => of.most_dynamic,
            _ => 0,
        };
        unsafe { put(to, value) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuFuncSetAttribute(of: Handle, attribute: c_int, value: c_int) -> Code {
    call("function", |machine| {
        let of = function(machine, of)?;
        if attribute == 8 {
            let most = MOST_SHARED.saturating_sub(of.program.shared_bytes) as c_int;
            if value < 0 || value > most {
                return Err(INVALID_VALUE);
            }
            of.most_dynamic = value;
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuFuncSetCacheConfig(of: Handle, _config: c_int) -> Code {
    call("function", |machine| function(machine, of).map(drop))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
    to: *mut c_int,
    of: Handle,
    threads: c_int,
    dynamic: usize,
) -> Code {
    call("function", |machine| {
        let of = function(machine, of)?;
        let shared = of.program.shared_bytes + dynamic + 1024;
        let by_shared = (100usize << 10) / shared;
        let blocks = (1536 / threads.max(1) as usize).min(by_shared).min(16);
        unsafe { put(to, blocks as c_int) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    to: *mut c_int,
    of: Handle,
    threads: c_int,
    dynamic: usize,
    _flags: c_uint,
) -> Code {
    unsafe { cuOccupancyMaxActiveBlocksPerMultiprocessor(to, of, threads, dynamic) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuLaunchKernel(
    of: Handle,
    blocks_x: c_uint,
    blocks_y: c_uint,
    blocks_z: c_uint,
    threads_x: c_uint,
    threads_y: c_uint,
    threads_z: c_uint,
    dynamic_shared: c_uint,
    stream: Handle,
    parameters: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> Code {
    call("launch", |machine| {
        let card = current(machine)?;
        let of = function(machine, of)?;
        let program = Arc::clone(&of.program);
        let (blocks, threads) = (
            [blocks_x, blocks_y, blocks_z],
            [threads_x, threads_y, threads_z],
        );
        let count: u64 = threads.iter().map(|&axis| u64::from(axis)).product();
        let is_empty = count == 0 || blocks.contains(&0);
        let is_large = count > 1024 || threads_z > 64 || blocks_y > 65535 || blocks_z > 65535;
        if is_empty || is_large || count > u64::from(program.most_threads) || !extra.is_null() {
            return Err(INVALID_VALUE);
        }
        let dynamic_shared = dynamic_shared as usize;
        if dynamic_shared > of.most_dynamic.max(0) as usize {
            return Err(INVALID_VALUE);
        }
        if program.shared_bytes + dynamic_shared > MOST_SHARED {
            return Err(NO_RESOURCES);
        }
        let mut bytes = vec![0; program.parameter_bytes];
        for (index, &(offset, size)) in program.parameters.iter().enumerate() {
            // SAFETY: the caller gives a pointer to each of the kernel's parameters.
            unsafe {
                let from = (*parameters.add(index)).cast::<u8>();
                std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr().add(offset), size);
            }
        }
        let parameters = bytes;
        let shape = Shape {
            card,
            blocks,
            threads,
            dynamic_shared,
            parameters,
        };
        machine.enqueue(stream, Task::Launch(program, shape))
    })
}
