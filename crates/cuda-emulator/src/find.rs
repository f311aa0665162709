//! How a test gets the driver: as a library in its own process, or as a folder for its children.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const FILE: &str = "libcuda_emulator.so";

/// The driver, loaded into this process. It stays until the process ends.
#[derive(Debug)]
pub struct Emulator {
    set: unsafe extern "C" fn(*const c_char, *const c_char) -> c_int,
    reset: extern "C" fn(),
    profile: unsafe extern "C" fn(*const c_char) -> c_int,
}

/// Loads the driver into this process: from then on, whoever opens `libcuda.so` gets it.
///
/// # Errors
/// Where the library is not built beside the program that runs, or cannot be loaded.
pub fn load() -> io::Result<&'static Emulator> {
    static LOADED: OnceLock<Result<Emulator, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| open().map_err(|error| error.to_string()));
    loaded
        .as_ref()
        .map_err(|error| io::Error::other(error.clone()))
}

fn open() -> io::Result<Emulator> {
    let path = CString::new(library()?.as_os_str().as_bytes())?;
    // SAFETY: the library does nothing when it is loaded.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        return Err(last_error());
    }
    let symbol = |name: &CStr| {
        // SAFETY: the handle is open.
        let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
        if found.is_null() {
            Err(last_error())
        } else {
            Ok(found)
        }
    };
    // SAFETY: the functions have these types in `control.rs`.
    unsafe {
        Ok(Emulator {
            set: std::mem::transmute::<
                *mut c_void,
                unsafe extern "C" fn(*const c_char, *const c_char) -> c_int,
            >(symbol(c"cuda_emulator_set")?),
            reset: std::mem::transmute::<*mut c_void, extern "C" fn()>(symbol(
                c"cuda_emulator_reset",
            )?),
            profile: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char) -> c_int>(
                symbol(c"cuda_emulator_profile")?,
            ),
        })
    }
}

fn last_error() -> io::Error {
    // SAFETY: the text is valid until the next such call of this thread.
    let text = unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            c"unknown".to_owned()
        } else {
            CStr::from_ptr(text).to_owned()
        }
    };
    io::Error::other(text.to_string_lossy().into_owned())
}

impl Emulator {
    /// Sets one of the variables for this process (see the crate's description); an empty value unsets it.
    ///
    /// # Errors
    /// Where a text holds a NUL.
    pub fn set(&self, name: &str, value: &str) -> io::Result<()> {
        let (name, value) = (CString::new(name)?, CString::new(value)?);
        // SAFETY: both are texts of C.
        done(unsafe { (self.set)(name.as_ptr(), value.as_ptr()) })
    }

    /// Makes the machine anew: nothing set, nothing allocated, nothing broken. Handles from before mean nothing then.
    pub fn reset(&self) {
        (self.reset)();
    }

    /// Writes what every kernel has done so far, as tab-separated lines.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_profile(&self, path: &Path) -> io::Result<()> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: it is a text of C.
        done(unsafe { (self.profile)(path.as_ptr()) })
    }
}

fn done(code: c_int) -> io::Result<()> {
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::other("the emulator refuses"))
    }
}

/// The built library, beside the program that runs: cargo builds it together with every crate that names this one.
fn library() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    // `target/debug/deps/test-…`, `target/debug/program` or `target/debug/examples/program`.
    let folders = program.ancestors().skip(1).take(2);
    let places = folders.flat_map(|folder| [folder.join(FILE), folder.join("deps").join(FILE)]);
    let found = places.into_iter().find(|place| place.is_file());
    found.ok_or_else(|| {
        let message = format!("no {FILE} near {}", program.display());
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

/// A folder in which the library is called `libcuda.so`: as `LD_LIBRARY_PATH` it gives the driver to child processes.
///
/// # Errors
/// Where the library is not built, or the folder cannot be made beside it.
pub fn folder() -> io::Result<PathBuf> {
    let library = library()?;
    let folder = library.with_file_name("cuda-emulator-driver");
    std::fs::create_dir_all(&folder)?;
    for name in ["libcuda.so", "libcuda.so.1"] {
        let link = folder.join(name);
        if std::fs::read_link(&link).is_ok_and(|target| target == library) {
            continue;
        }
        // Several tests may do this at once: made beside, then moved.
        let own = OsString::from(format!("{name}.{}", std::process::id()));
        let temporary = folder.join(own);
        let _ = std::fs::remove_file(&temporary);
        std::os::unix::fs::symlink(&library, &temporary)?;
        std::fs::rename(&temporary, &link)?;
    }
    Ok(folder)
}
