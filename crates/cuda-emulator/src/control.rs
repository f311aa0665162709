//! What a test says to the pretended machine, beside the driver's own interface.

use std::ffi::{CStr, c_char, c_int};
use std::fmt::Write;

use crate::machine::{Machine, complain, lock};
use crate::settings::{self, Settings};

/// Sets one of the variables of the environment for this process, before those: 0 where the texts can be read. Devices,
/// their memory and their kind change with the next reset.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuda_emulator_set(name: *const c_char, value: *const c_char) -> c_int {
    // SAFETY: the caller gives texts of C.
    let (name, value) = unsafe { (CStr::from_ptr(name), CStr::from_ptr(value)) };
    let (Ok(name), Ok(value)) = (name.to_str(), value.to_str()) else {
        return 1;
    };
    settings::set(name, value);
    let mut locked = lock();
    let machine = locked.machine();
    machine.settings = Settings::default();
    for memory in &mut machine.memories {
        memory.strict = machine.settings.strict;
    }
    0
}

/// Forgets everything: what was set, what was made, what went wrong.
#[unsafe(no_mangle)]
extern "C" fn cuda_emulator_reset() {
    settings::forget();
    lock().machine().reset();
}

/// Writes the profile to a file, a line per kernel; 0 where that is done.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuda_emulator_profile(path: *const c_char) -> c_int {
    // SAFETY: the caller gives a text of C.
    let Ok(path) = unsafe { CStr::from_ptr(path) }.to_str() else {
        return 1;
    };
    let text = profile(lock().machine());
    c_int::from(std::fs::write(path, text).is_err())
}

fn profile(machine: &Machine) -> String {
    let mut text = "kernel\tlaunches\tlane instructions\tbytes read\tbytes written\n".to_owned();
    for (kernel, (launches, work)) in &machine.profile {
        let _ = writeln!(
            text,
            "{kernel}\t{launches}\t{}\t{}\t{}",
            work.lanes, work.read, work.written
        );
    }
    text
}

/// At the end of the process, where a file was named.
pub(crate) extern "C" fn write_profile() {
    let mut locked = lock();
    let machine = locked.machine();
    if let Some(path) = &machine.settings.profile
        && let Err(error) = std::fs::write(path, profile(machine))
    {
        complain(&format!("cannot write {path}: {error}"));
    }
}
