//! A CUDA driver that computes on the processor, for tests on machines without a GPU.
//!
//! It executes PTX, instruction by instruction, behind the C interface of `libcuda.so`: what calls a driver is tested with
//! the very kernels that it ships. Nothing that is shipped links it.
//!
//! It is also a sanitizer. Every access is checked: that it lies in memory which is allocated, written before it is read,
//! and aligned; that warps do not touch the same shared memory without a barrier between; that all threads reach a barrier;
//! that a launch ends. What is wrong is told on standard error with kernel, block, thread and line of PTX, and the driver
//! answers from then on as a card's driver would.
//!
//! # How a test gets it
//!
//! A crate that names this one under `[dev-dependencies]` has the library built beside its tests. In a test's own process,
//! [`load`] comes before the first call of CUDA: whoever opens `libcuda.so` then gets this one. Child processes get it
//! by [`folder`] as their `LD_LIBRARY_PATH`. Both are for Linux; elsewhere the crate only compiles.
//!
//! # The pretended machine
//!
//! By variables of the environment, read at the first `cuInit`, or by [`Emulator::set`]:
//!
//! | Variable | |
//! |---|---|
//! | `CUDA_EMULATOR_DEVICES` | How many cards; 1. |
//! | `CUDA_EMULATOR_MEMORY` | Bytes of a card; 2 GiB. More is refused with `CUDA_ERROR_OUT_OF_MEMORY`. |
//! | `CUDA_EMULATOR_CAPABILITY` | What the cards can; 8.6. PTX for newer ones gives `CUDA_ERROR_NO_BINARY_FOR_GPU`. |
//! | `CUDA_EMULATOR_DRIVER` | As `cuDriverGetVersion` says it; 12080. Newer PTX than such a driver knows is refused. |
//! | `CUDA_EMULATOR_FAIL` | `launch:1000:700,alloc:3:2`: the 1000th launch answers 700, the third allocation 2. Errors that a card does not recover from are answered ever after. |
//! | `CUDA_EMULATOR_WRONG` | 1: a broken card, of whose fused multiplications every thousandth is wrong. |
//! | `CUDA_EMULATOR_UNWRITTEN` | 1: memory may be read that was never written. |
//! | `CUDA_EMULATOR_BUDGET` | Instructions of warps that a launch may take; 2 000 000 000. |
//! | `CUDA_EMULATOR_PROFILE` | A file that says in the end what each kernel did: launches, instructions of lanes, bytes of global memory. |
//!
//! Kinds of calls that can fail: `init`, `device`, `context`, `memory`, `alloc`, `free`, `pinned`, `copy`, `set`, `module`,
//! `function`, `launch`, `stream`, `synchronize`, `query`, `capture`, `graph`, `replay`, `event`.
//!
//! # What it is not
//!
//! It has no time: a stream's work is done when somebody waits for it, so that a wait that is missing is found by what is
//! not there yet, and nothing runs beside the caller. Blocks run one after another. Results of `ex2.approx` and its like are closer to the truth than a card's; NaNs have
//! other bits. PTX that NVRTC does not write for these kernels (textures, matrix instructions, calls through pointers) is
//! refused when the module is loaded.

mod control;
mod decode;
mod driver;
#[cfg(target_os = "linux")]
mod find;
mod launch;
mod machine;
mod math;
mod memory;
mod program;
mod ptx;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod warp;

#[cfg(target_os = "linux")]
pub use find::{Emulator, folder, load};
