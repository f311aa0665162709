//! Memory of the card, and memory of the host that the card can reach.

use std::marker::PhantomData;
use std::sync::Arc;

use bytemuck::NoUninit;
use cudarc::driver::result;
use cudarc::driver::{CudaContext, CudaStream};

use super::card::{Card, device_error};
use crate::Error;

/// Bytes on the card, zero at first.
pub(crate) struct DeviceMemory {
    context: Arc<CudaContext>,
    address: u64,
    bytes: usize,
}

impl DeviceMemory {
    pub(crate) fn zeroed(card: &Card, bytes: usize) -> Result<Self, Error> {
        card.context.bind_to_thread().map_err(device_error)?;
        let bytes = bytes.max(1);
        // SAFETY: `drop` gives it back, once.
        let address = unsafe { result::malloc_sync(bytes) }.map_err(device_error)?;
        let this = Self {
            context: Arc::clone(&card.context),
            address,
            bytes,
        };
        // SAFETY: these bytes are ours.
        let zeroed = unsafe { result::memset_d8_async(address, 0, bytes, card.stream.cu_stream()) };
        zeroed.map_err(device_error)?;
        Ok(this)
    }

    pub(crate) fn with<T: NoUninit>(card: &Card, content: &[T]) -> Result<Self, Error> {
        let mut this = Self::zeroed(card, size_of_val(content))?;
        this.write(&card.stream, 0, content)?;
        Ok(this)
    }

    /// Where it begins, for kernels.
    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies `content` to byte `at`, and waits until it is there.
    pub(crate) fn write<T: NoUninit>(
        &mut self,
        stream: &CudaStream,
        at: usize,
        content: &[T],
    ) -> Result<(), Error> {
        let content: &[u8] = bytemuck::cast_slice(content);
        self.check(at, content.len())?;
        // SAFETY: the bytes are ours by the check, and the host's memory lives until the copy is done.
        let copied = unsafe {
            result::memcpy_htod_async(self.address + at as u64, content, stream.cu_stream())
        };
        copied
            .and_then(|()| stream.synchronize())
            .map_err(device_error)
    }

    /// Copies from byte `at` on, and waits until it is there.
    pub(crate) fn read(&self, stream: &CudaStream, at: usize, to: &mut [f32]) -> Result<(), Error> {
        self.check(at, size_of_val(to))?;
        // SAFETY: as in `write`.
        let copied =
            unsafe { result::memcpy_dtoh_async(to, self.address + at as u64, stream.cu_stream()) };
        copied
            .and_then(|()| stream.synchronize())
            .map_err(device_error)
    }

    /// Copies within it: `bytes` from byte `from` to byte `to`, in the stream's order.
    pub(crate) fn copy_within(
        &mut self,
        stream: &CudaStream,
        from: usize,
        to: usize,
        bytes: usize,
    ) -> Result<(), Error> {
        self.check(from, bytes)?;
        self.check(to, bytes)?;
        let (from, to) = (self.address + from as u64, self.address + to as u64);
        // SAFETY: both ranges are ours by the checks; contexts of two slots do not overlap.
        let copied = unsafe { result::memcpy_dtod_async(to, from, bytes, stream.cu_stream()) };
        copied.map_err(device_error)
    }

    /// Whether there are such bytes, and the calling thread may reach them.
    fn check(&self, at: usize, bytes: usize) -> Result<(), Error> {
        self.context.bind_to_thread().map_err(device_error)?;
        match at.checked_add(bytes) {
            Some(end) if end <= self.bytes => Ok(()),
            _ => Err(Error::call(format!(
                "{bytes} bytes at {at} of {}",
                self.bytes
            ))),
        }
    }
}

impl Drop for DeviceMemory {
    fn drop(&mut self) {
        // What fails here is a card that is lost, and its memory with it.
        let _ = self.context.bind_to_thread();
        // SAFETY: it is ours, and nothing uses it any more: the stream's work was waited for.
        let _ = unsafe { result::free_sync(self.address) };
    }
}

/// A value in memory of the host that the card copies from and to by itself: it never moves, so that its address
/// can be recorded.
pub(crate) struct Pinned<T> {
    context: Arc<CudaContext>,
    pointer: *mut T,
    owns: PhantomData<T>,
}

// SAFETY: it owns what it points to, as a `Box` does, and the driver's functions take it from any thread.
unsafe impl<T: Send> Send for Pinned<T> {}

impl<T: Copy> Pinned<T> {
    pub(crate) fn new(card: &Card, value: T) -> Result<Self, Error> {
        card.context.bind_to_thread().map_err(device_error)?;
        // SAFETY: `drop` gives it back, once. The driver's pages are aligned for anything.
        let pointer = unsafe { result::malloc_host(size_of::<T>(), 0) };
        let pointer = pointer.map_err(device_error)?.cast::<T>();
        // SAFETY: the place was just taken.
        unsafe { pointer.write(value) };
        Ok(Self {
            context: Arc::clone(&card.context),
            pointer,
            owns: PhantomData,
        })
    }

    /// To be called only when no copy is under way: all passes are waited for.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: a value that `new` wrote, or the card since, which writes numbers that are all valid.
        unsafe { &*self.pointer }
    }

    /// As above.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: as above, and nobody else has it.
        unsafe { &mut *self.pointer }
    }

    /// Has the card copy it to its memory, in the stream's order.
    pub(crate) fn send(&self, stream: &CudaStream, to: &DeviceMemory) -> Result<(), Error> {
        to.check(0, size_of::<T>())?;
        let this = std::slice::from_ref(self.get());
        // SAFETY: the card's bytes are there by the check; this memory lives as long as the recording.
        let copied = unsafe { result::memcpy_htod_async(to.address, this, stream.cu_stream()) };
        copied.map_err(device_error)
    }

    /// Has the card copy its memory here, in the stream's order.
    pub(crate) fn receive(
        &mut self,
        stream: &CudaStream,
        from: &DeviceMemory,
    ) -> Result<(), Error> {
        from.check(0, size_of::<T>())?;
        let this = std::slice::from_mut(self.get_mut());
        // SAFETY: as in `send`.
        let copied = unsafe { result::memcpy_dtoh_async(this, from.address, stream.cu_stream()) };
        copied.map_err(device_error)
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        let _ = self.context.bind_to_thread();
        // SAFETY: it is ours, and no copy is under way.
        let _ = unsafe { result::free_host(self.pointer.cast()) };
    }
}
