//! The kernels of `notagen/cuda`, as PTX that the card's driver compiles for the card.

use std::collections::HashMap;
use std::sync::Arc;

use cudarc::driver::{CudaFunction, CudaModule, LaunchConfig, PushKernelArg};
use cudarc::nvrtc::Ptx;

use super::card::{Card, device_error};
use super::weights::Matrix;
use crate::{Error, Format};

/// How many rows a pass can have: there are kernels for each of these numbers.
pub(crate) const ROWS: [usize; 5] = [1, 2, 4, 8, 16];
/// The most of them.
pub(crate) const MOST_ROWS: usize = 16;
/// Positions that one block attends to.
pub(crate) const SPLIT: usize = 256;
/// Numbers that such a block leaves.
pub(crate) const PARTIAL: usize = 66;
/// Threads that share 8 columns of a linear layer.
const CLASSES: u32 = 128;

/// The source of a format's linear layers.
fn linear(format: Format) -> &'static str {
    match format {
        Format::F32 => include_str!("../../cuda/ptx/linear_f32.ptx"),
        Format::F16 => include_str!("../../cuda/ptx/linear_f16.ptx"),
        Format::Bf16 => include_str!("../../cuda/ptx/linear_bf16.ptx"),
        Format::Q8_0 => include_str!("../../cuda/ptx/linear_q8_0.ptx"),
        Format::Q4K => include_str!("../../cuda/ptx/linear_q4k.ptx"),
    }
}

/// What becomes of a layer's sums (`cuda/linear.cu`).
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Store = 0,
    Add = 1,
    Gelu = 2,
    Split = 3,
}

/// An argument of a kernel.
#[derive(Clone, Copy)]
pub(crate) enum Argument {
    Address(u64),
    Number(i32),
}

impl From<u64> for Argument {
    fn from(address: u64) -> Self {
        Self::Address(address)
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        // Sizes and numbers of rows, layers and positions, all within `limits`.
        Self::Number(number as i32)
    }
}

/// A kernel that can be launched.
pub(crate) struct Kernel {
    pub(crate) name: String,
    function: CudaFunction,
}

/// The kernels of one format's linear layers.
struct Linear {
    /// With the norm before them, for each of [`ROWS`] that [`norms_itself`].
    normed: Vec<Kernel>,
    /// For each of [`ROWS`].
    plain: Vec<Kernel>,
}

/// All kernels that a model needs, ready to be launched on its card.
pub(crate) struct Kernels {
    linear: HashMap<Format, Linear>,
    pub(crate) embed_patches: Kernel,
    pub(crate) embed_characters: Kernel,
    pub(crate) norm: Kernel,
    pub(crate) attend_f16: Kernel,
    pub(crate) attend_f32: Kernel,
    pub(crate) draw: Kernel,
}

impl Kernels {
    pub(crate) fn load(card: &Card, formats: &[Format]) -> Result<Self, Error> {
        let module = |source: &str| -> Result<Arc<CudaModule>, Error> {
            let ptx = Ptx::from_src(source);
            card.context.load_module(ptx).map_err(device_error)
        };
        let mut linears = HashMap::new();
        for &format in formats {
            let module = module(linear(format))?;
            let each = |name: &str, rows: &[usize]| {
                let rows = rows.iter();
                let kernels = rows.map(|rows| Kernel::of(&module, format!("{name}_{rows}")));
                kernels.collect::<Result<Vec<_>, _>>()
            };
            let few = ROWS.partition_point(|&rows| norms_itself(rows));
            let kernels = Linear {
                normed: each("normed", &ROWS[..few])?,
                plain: each("plain", &ROWS)?,
            };
            linears.insert(format, kernels);
        }
        let rest = module(include_str!("../../cuda/ptx/rest.ptx"))?;
        Ok(Self {
            linear: linears,
            embed_patches: Kernel::of(&rest, "embed_patches")?,
            embed_characters: Kernel::of(&rest, "embed_characters")?,
            norm: Kernel::of(&rest, "norm")?,
            attend_f16: Kernel::of(&rest, "attend_f16")?,
            attend_f32: Kernel::of(&rest, "attend_f32")?,
            draw: Kernel::of(&rest, "draw")?,
        })
    }

    /// The formats whose linear layers there are.
    pub(crate) fn formats(&self) -> Vec<Format> {
        self.linear.keys().copied().collect()
    }

    /// The linear layer `matrix` for `ROWS[rows]` rows, perhaps with the norm before it; with the blocks and threads
    /// to launch.
    pub(crate) fn linear(
        &self,
        matrix: &Matrix,
        is_normed: bool,
        rows: usize,
    ) -> Result<(&Kernel, u32, u32), Error> {
        let kernels = self.linear.get(&matrix.format());
        let kernels = kernels.map(|of| if is_normed { &of.normed } else { &of.plain });
        let Some(kernel) = kernels.and_then(|kernels| kernels.get(rows)) else {
            return Err(Error::call(format!("no kernel for {:?}", matrix.format())));
        };
        // A block has 8 columns of at most 8 rows.
        let blocks = matrix.outputs() / 8 * ROWS[rows].div_ceil(8);
        Ok((kernel, blocks as u32, CLASSES))
    }
}

impl Kernel {
    fn of(module: &Arc<CudaModule>, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let function = module.load_function(&name).map_err(device_error)?;
        Ok(Self { name, function })
    }
}

/// Launches a kernel in the card's stream.
pub(crate) fn launch(
    card: &Card,
    kernel: &Kernel,
    blocks: (u32, u32, u32),
    threads: u32,
    arguments: &[Argument],
) -> Result<(), Error> {
    let mut builder = card.stream.launch_builder(&kernel.function);
    for argument in arguments {
        match argument {
            Argument::Address(address) => builder.arg(address),
            Argument::Number(number) => builder.arg(number),
        };
    }
    let config = LaunchConfig {
        grid_dim: blocks,
        block_dim: (threads, 1, 1),
        shared_mem_bytes: 0,
    };
    // SAFETY: the arguments are the kernel's, in number and type, and address memory that lives as long as the
    // model and has the size that the model's shape gives; both are in one place, `pass.rs`, and tests run
    // every kernel where each access is checked.
    unsafe { builder.launch(config) }.map_err(device_error)?;
    Ok(())
}

/// Whether a layer for so many rows norms them itself. With more, its blocks would do so too often.
pub(crate) const fn norms_itself(rows: usize) -> bool {
    rows <= 2
}

/// The index in [`ROWS`] of the smallest pass for so many rows.
pub(crate) fn pass_for(rows: usize) -> usize {
    ROWS.iter()
        .position(|&most| rows <= most)
        .unwrap_or(ROWS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_through_the_smallest_pass_that_holds_them() {
        for (rows, pass) in [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (9, 16), (16, 16)] {
            assert_eq!(ROWS[pass_for(rows)], pass);
        }
        assert_eq!(ROWS.last(), Some(&MOST_ROWS));
    }
}
