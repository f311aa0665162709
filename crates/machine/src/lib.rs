//! What this computer has and does: how busy its processor is, how much memory there is and how much of it
//! a process may still take, and what its graphics cards say of themselves.
//!
//! Nothing here is needed to compose. What a system does not tell is `None`; a missing NVIDIA driver is
//! no error.

mod gpu;
mod memory;
mod watch;

pub use gpu::Gpu;
pub use memory::{Memory, OwnMemory, memory, own_memory};
pub use watch::{Machine, Watch};
