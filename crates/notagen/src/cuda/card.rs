//! Which cards there are, and whether they will do.

use std::sync::Arc;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use cudarc::driver::{CudaContext, CudaStream};

use crate::Error;

/// The oldest driver whose functions are all there that are called (R470, 2021).
const DRIVER: i32 = 11_040;
/// The oldest cards that the kernels are compiled for: the Pascal family, 2016.
const CAPABILITY: (i32, i32) = (6, 0);

/// What is known of a card without computing on it.
#[derive(Clone, Debug, PartialEq)]
pub struct CardInfo {
    /// Its number, from 0.
    pub index: usize,
    /// For people: `NVIDIA GeForce RTX 3060`.
    pub name: String,
    /// Its memory, in bytes.
    pub memory: u64,
    /// Its generation: 8.6 is Ampere's.
    pub capability: (i32, i32),
}

/// A card that computes for this process.
#[derive(Clone)]
pub struct Card {
    info: CardInfo,
    pub(super) context: Arc<CudaContext>,
    pub(super) stream: Arc<CudaStream>,
}

impl CardInfo {
    /// All cards of this machine, as its driver counts them.
    ///
    /// # Errors
    /// `device_absent`: no driver, or no card. `device_unsupported`: a driver that is too old.
    pub fn all() -> Result<Vec<Self>, Error> {
        // SAFETY: loading the driver's library runs its initialisers, as any program that computes on a card
        // does. Without it, the first call below would panic.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::device_absent("there is no NVIDIA driver"));
        }
        result::init().map_err(|error| match error.0 {
            CUresult::CUDA_ERROR_NO_DEVICE => Error::device_absent("there is no NVIDIA card"),
            _ => Error::device_absent(format!("the NVIDIA driver does not start: {}", text(error))),
        })?;
        let mut driver = 0;
        // SAFETY: it writes one number.
        let asked = unsafe { sys::cuDriverGetVersion(&raw mut driver) };
        asked.result().map_err(device_error)?;
        if driver < DRIVER {
            let version = |version: i32| format!("{}.{}", version / 1000, version % 1000 / 10);
            return Err(Error::device_unsupported(format!(
                "the NVIDIA driver is for CUDA {}, and at least {} is needed: install a newer driver",
                version(driver),
                version(DRIVER)
            )));
        }
        let count = result::device::get_count().map_err(device_error)?;
        if count == 0 {
            return Err(Error::device_absent("there is no NVIDIA card"));
        }
        (0..count).map(Self::read).collect()
    }

    fn read(index: i32) -> Result<Self, Error> {
        let device = result::device::get(index).map_err(device_error)?;
        // SAFETY: the device is the driver's own.
        let attribute = |which| unsafe { result::device::get_attribute(device, which) };
        let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        // SAFETY: as above.
        let memory = unsafe { result::device::total_mem(device) };
        Ok(Self {
            index: index as usize,
            name: result::device::get_name(device).map_err(device_error)?,
            memory: memory.map_err(device_error)? as u64,
            capability: (major.map_err(device_error)?, minor.map_err(device_error)?),
        })
    }

    /// Whether it can compute.
    ///
    /// # Errors
    /// `device_unsupported`: it is too old.
    pub fn check(&self) -> Result<(), Error> {
        if self.capability < CAPABILITY {
            return Err(Error::device_unsupported(format!(
                "{} is too old: its compute capability is {}.{}, and at least {}.{} is needed",
                self.name, self.capability.0, self.capability.1, CAPABILITY.0, CAPABILITY.1
            )));
        }
        Ok(())
    }
}

impl Card {
    /// Begins to compute on card `index`; the driver takes some hundred megabytes of its memory for that.
    ///
    /// # Errors
    /// Those of [`CardInfo::all`] and [`CardInfo::check`]; `device_absent` if there is no such card;
    /// `device_memory` if it is full.
    pub fn open(index: usize) -> Result<Self, Error> {
        let mut all = CardInfo::all()?;
        if index >= all.len() {
            return Err(Error::device_absent(format!(
                "there is no NVIDIA card number {index}: they are 0 to {}",
                all.len() - 1
            )));
        }
        let info = all.swap_remove(index);
        info.check()?;
        let context = CudaContext::new(index).map_err(device_error)?;
        // SAFETY: all work is in one stream, and is waited for before the host reads what it left.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(device_error)?;
        Ok(Self {
            info,
            context,
            stream,
        })
    }

    /// What it is.
    pub fn info(&self) -> &CardInfo {
        &self.info
    }

    /// What of its memory nobody has taken, in bytes.
    ///
    /// # Errors
    /// `device_lost`.
    pub fn free_memory(&self) -> Result<u64, Error> {
        self.context.bind_to_thread().map_err(device_error)?;
        let (free, _) = result::mem_get_info().map_err(device_error)?;
        Ok(free as u64)
    }
}

/// What an error of the driver means for us: too little memory is for the plan to deal with; of all others we know
/// nothing better than that this process will not compute on the card any more.
pub(super) fn device_error(error: DriverError) -> Error {
    match error.0 {
        CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
            Error::device_memory("the NVIDIA card has no memory left")
        }
        CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU
        | CUresult::CUDA_ERROR_INVALID_PTX
        | CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION => Error::device_unsupported(format!(
            "the NVIDIA driver cannot compile Partita's kernels for this card ({})",
            text(error)
        )),
        _ => Error::device_lost(format!("the NVIDIA card failed: {}", text(error))),
    }
}

/// The driver's own name for an error and what it says of it.
fn text(error: DriverError) -> String {
    let (name, said) = (error.error_name(), error.error_string());
    let [name, said] = [&name, &said].map(|text| match text {
        Ok(text) => text.to_string_lossy(),
        Err(_) => "unknown".into(),
    });
    format!("{name}: {said}")
}
