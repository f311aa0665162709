//! Weights as small whole numbers: 32 inputs of a column share a scale, and perhaps an offset.
//!
//! The numbers are those of GGML's formats of the same names, lying otherwise: 64 columns side by
//! side, each with four inputs in a row, as an instruction that adds up four products takes them. The
//! inputs of the product are rounded to 8 bits in blocks of 32 (as GGML does), so that its sums within a
//! block are sums of whole numbers: exact, in whatever order an instruction set adds them.

pub(crate) mod stored;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use half::f16;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use self::portable_only::Load;
#[cfg(target_arch = "aarch64")]
use super::blocks_neon::Load;
#[cfg(target_arch = "x86_64")]
use super::blocks_x86::Load;
use super::{WIDE, multiply_add};
use crate::Error;

/// Inputs that share a scale.
pub(crate) const BLOCK: usize = 32;
/// Blocks of 32 that share what scales and offsets are multiplied by, in Q4_K.
const SUPER: usize = 8;
/// Inputs of a column that lie together.
pub(crate) const QUAD: usize = 4;
/// Quads in a block.
pub(super) const QUADS: usize = BLOCK / QUAD;

/// Weights of 64 columns: `scale * number - offset`, where scale and offset belong to a column and a
/// block of 32 inputs.
pub(crate) trait Blocks: Load + Send + Sync {
    /// Blocks of 32 inputs in one of these.
    const COUNT: usize;
    /// Whether there are offsets; without them, numbers may be negative.
    const OFFSETS: bool;

    /// Four inputs of a column.
    fn quad(&self, quad: usize, column: usize) -> [i8; QUAD];
    /// What makes the scales of a block.
    fn scales(&self, block: usize) -> Factors<'_>;
    /// What makes its offsets.
    fn offsets(&self, block: usize) -> Factors<'_>;
}

/// How kernels of an instruction set read the numbers: there are none here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod portable_only {
    pub(crate) trait Load {}
    impl<T> Load for T {}
}

/// 32 inputs of a row: `scale * number`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rounded {
    pub(crate) scale: f32,
    /// The sum of the numbers, which offsets are multiplied by.
    pub(crate) total: i32,
    /// -127 to 127
    pub(crate) numbers: [[i8; QUAD]; QUADS],
}

impl Rounded {
    pub(crate) const ZERO: Self = Self {
        scale: 0.0,
        total: 0,
        numbers: [[0; QUAD]; QUADS],
    };

    /// A quad as an instruction takes it.
    #[inline(always)]
    pub(super) fn quad(&self, quad: usize) -> i32 {
        i32::from_le_bytes(self.numbers[quad].map(i8::cast_unsigned))
    }

    /// What offsets are multiplied by.
    #[inline(always)]
    pub(super) fn sum(&self) -> f32 {
        self.scale * self.total as f32
    }
}

/// One number for each column: a unit, perhaps times a whole number.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) units: &'a [f16; WIDE],
    pub(crate) times: Option<&'a [u8; WIDE]>,
}

impl Factors<'_> {
    pub(crate) fn of(self, column: usize) -> f32 {
        let times = self.times.map_or(1.0, |times| f32::from(times[column]));
        self.units[column].to_f32() * times
    }
}

/// Q8_0: 8 bits a weight, 8.5 with the scales.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Q8 {
    scales: [f16; WIDE],
    /// Four inputs of each column.
    pub(super) numbers: [[[i8; QUAD]; WIDE]; QUADS],
}

/// Q4_K: 4 bits a weight, 4.625 with scales and offsets. (GGML packs these tighter, at 4.5.)
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Q4K {
    /// What the scales and the offsets are multiplied by.
    units: [[f16; WIDE]; 2],
    /// 0 to 63
    scales: [[u8; WIDE]; SUPER],
    offsets: [[u8; WIDE]; SUPER],
    /// Eight inputs of each column: four in the lower halves of the bytes, four in the upper ones.
    pub(super) numbers: [[[u8; QUAD]; WIDE]; SUPER * QUADS / 2],
}

impl Q8 {
    /// From `weights [32, 64]`.
    fn from_rows(weights: &[&[f32; WIDE]; BLOCK]) -> Self {
        let mut this = Self {
            scales: [f16::ZERO; WIDE],
            numbers: [[[0; QUAD]; WIDE]; QUADS],
        };
        for column in 0..WIDE {
            let largest = weights
                .iter()
                .fold(0.0, |largest: f32, row| largest.max(row[column].abs()));
            let scale = f16::from_f32(largest / 127.0);
            this.scales[column] = scale;
            let scale = scale.to_f32();
            if scale > 0.0 {
                for (input, row) in weights.iter().enumerate() {
                    let number = (row[column] / scale).round_ties_even() as i8;
                    this.numbers[input / QUAD][column][input % QUAD] = number;
                }
            }
        }
        this
    }

    /// `rows [inputs, panels, 64]` to `[panels, inputs / 32]`.
    pub(crate) fn in_panels(rows: &[[f32; WIDE]], panels: usize) -> Vec<Self> {
        let (panels, blocks) = (panels, rows.len() / panels / BLOCK);
        let block = |panel: usize, block: usize| {
            let row = |k: usize| &rows[(block * BLOCK + k) * panels + panel];
            Self::from_rows(&std::array::from_fn(row))
        };
        let mut stored = Vec::with_capacity(panels * blocks);
        for panel in 0..panels {
            stored.extend((0..blocks).map(|b| block(panel, b)));
        }
        stored
    }
}

impl Q4K {
    /// Inputs in one.
    pub(crate) const INPUTS: usize = SUPER * BLOCK;

    /// `rows [inputs, panels, 64]` to `[panels, inputs / 256]`.
    ///
    /// # Errors
    /// Those of the library that finds scales and offsets.
    pub(crate) fn in_panels(rows: &[[f32; WIDE]], panels: usize) -> Result<Vec<Self>, Error> {
        let (inputs, outputs) = (rows.len() / panels, panels * WIDE);
        let failed = |error: candle_core::Error| Error::call(format!("quantising: {error}"));
        let bytes = Tensor::from_slice(rows.as_flattened(), (inputs, outputs), &Device::Cpu)
            .and_then(|weights| QTensor::quantize(&weights.t()?.contiguous()?, GgmlDType::Q4K))
            .map_err(failed)?;
        let bytes = bytes.data().map_err(failed)?;
        let per_column = inputs / Self::INPUTS;
        let ggml = bytes.as_chunks::<GGML_BYTES>().0;
        Ok((0..panels * per_column)
            .map(|at| {
                let (panel, index) = (at / per_column, at % per_column);
                Self::from_columns(|column| &ggml[(panel * WIDE + column) * per_column + index])
            })
            .collect())
    }

    fn from_columns<'a>(ggml: impl Fn(usize) -> &'a [u8; GGML_BYTES]) -> Self {
        let mut this = Self {
            units: [[f16::ZERO; WIDE]; 2],
            scales: [[0; WIDE]; SUPER],
            offsets: [[0; WIDE]; SUPER],
            numbers: [[[0; QUAD]; WIDE]; SUPER * QUADS / 2],
        };
        for column in 0..WIDE {
            let [d_low, d_high, min_low, min_high, rest @ ..] = ggml(column);
            this.units[0][column] = f16::from_le_bytes([*d_low, *d_high]);
            this.units[1][column] = f16::from_le_bytes([*min_low, *min_high]);
            let (packed, numbers) = rest.split_at(12);
            for block in 0..SUPER {
                let (scale, offset) = match block {
                    0..4 => (packed[block] & 63, packed[block + 4] & 63),
                    _ => (
                        packed[block + 4] & 15 | packed[block - 4] >> 6 << 4,
                        packed[block + 4] >> 4 | packed[block] >> 6 << 4,
                    ),
                };
                this.scales[block][column] = scale;
                this.offsets[block][column] = offset;
                // Two blocks lie in the halves of the same 32 bytes.
                let bytes = &numbers[block / 2 * BLOCK..][..BLOCK];
                for (input, byte) in bytes.iter().enumerate() {
                    let number = byte >> (block % 2 * 4) & 15;
                    let quad = block * QUADS + input / QUAD;
                    this.numbers[quad / 2][column][input % QUAD] |= number << (quad % 2 * 4);
                }
            }
        }
        this
    }
}

/// Of 256 weights in Q4_K as GGML has them: two units, scales and offsets packed, numbers.
const GGML_BYTES: usize = 2 * 2 + 12 + 128;

impl Blocks for Q8 {
    const COUNT: usize = 1;
    const OFFSETS: bool = false;

    #[inline(always)]
    fn quad(&self, quad: usize, column: usize) -> [i8; QUAD] {
        self.numbers[quad][column]
    }

    #[inline(always)]
    fn scales(&self, _block: usize) -> Factors<'_> {
        Factors {
            units: &self.scales,
            times: None,
        }
    }

    #[inline(always)]
    fn offsets(&self, block: usize) -> Factors<'_> {
        debug_assert!(false, "Q8_0 has no offsets");
        self.scales(block)
    }
}

impl Blocks for Q4K {
    const COUNT: usize = SUPER;
    const OFFSETS: bool = true;

    #[inline(always)]
    fn quad(&self, quad: usize, column: usize) -> [i8; QUAD] {
        let both = self.numbers[quad / 2][column];
        both.map(|both| (both >> (quad % 2 * 4) & 15).cast_signed())
    }

    #[inline(always)]
    fn scales(&self, block: usize) -> Factors<'_> {
        Factors {
            units: &self.units[0],
            times: Some(&self.scales[block]),
        }
    }

    #[inline(always)]
    fn offsets(&self, block: usize) -> Factors<'_> {
        Factors {
            units: &self.units[1],
            times: Some(&self.offsets[block]),
        }
    }
}

#[cfg(test)]
impl Q8 {
    pub(super) fn set_scales(&mut self, scale: f32) {
        self.scales = [f16::from_f32(scale); WIDE];
    }
}

#[cfg(test)]
impl Q4K {
    /// Without offsets.
    pub(super) fn set_scales(&mut self, scale: f32) {
        self.units = [[f16::from_f32(scale); WIDE], [f16::ZERO; WIDE]];
        self.scales = [[1; WIDE]; SUPER];
    }
}

/// See [`super::Isa::blocks`].
pub(super) fn portable<B: Blocks>(x: &[Rounded], panel: &[B], sums: &mut [[f32; WIDE]]) {
    let per_row = panel.len() * B::COUNT;
    for (index, blocks) in panel.iter().enumerate() {
        for block in 0..B::COUNT {
            let x = &x[index * B::COUNT + block..];
            for (x, sums) in x.iter().step_by(per_row).zip(sums.iter_mut()) {
                let mut part = [0; WIDE];
                for (quad, x) in x.numbers.iter().enumerate() {
                    for (column, part) in part.iter_mut().enumerate() {
                        let numbers = blocks.quad(block * QUADS + quad, column);
                        for (number, x) in numbers.iter().zip(x) {
                            *part += i32::from(*number) * i32::from(*x);
                        }
                    }
                }
                for (column, sum) in sums.iter_mut().enumerate() {
                    let scale = blocks.scales(block).of(column) * x.scale;
                    *sum = multiply_add(part[column] as f32, scale, *sum);
                    if B::OFFSETS {
                        *sum = multiply_add(-blocks.offsets(block).of(column), x.sum(), *sum);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: usize = 512;
    const PANELS: usize = 2;

    fn weights() -> Vec<[f32; WIDE]> {
        let number = |index| (crate::uniform(5, index, 0) * 2.0 - 0.7) as f32;
        let all: Vec<f32> = (0..(INPUTS * PANELS * WIDE) as u64).map(number).collect();
        all.as_chunks().0.to_vec()
    }

    /// `[inputs, panels, 64]`
    fn widened<B: Blocks>(blocks: &[B]) -> Vec<f32> {
        let each = blocks.len() / PANELS;
        let inputs = INPUTS / each;
        let one = |input: usize, column: usize| {
            let blocks = &blocks[column / WIDE * each + input / inputs];
            let (input, column) = (input % inputs, column % WIDE);
            let block = input / BLOCK;
            let offset = match B::OFFSETS {
                true => blocks.offsets(block).of(column),
                false => 0.0,
            };
            blocks.scales(block).of(column)
                * f32::from(blocks.quad(input / QUAD, column)[input % QUAD])
                - offset
        };
        (0..INPUTS)
            .flat_map(|input| (0..PANELS * WIDE).map(move |column| one(input, column)))
            .collect()
    }

    #[test]
    fn q4_k_has_the_numbers_that_the_library_gives() {
        let weights = weights();
        let found = widened(&Q4K::in_panels(&weights, PANELS).unwrap());
        let shape = (INPUTS, PANELS * WIDE);
        let weights = Tensor::from_slice(weights.as_flattened(), shape, &Device::Cpu).unwrap();
        let columns = weights.t().unwrap().contiguous().unwrap();
        let quantised = QTensor::quantize(&columns, GgmlDType::Q4K).unwrap();
        let expected = quantised.dequantize(&Device::Cpu).unwrap().t().unwrap();
        let expected = expected.contiguous().unwrap().flatten_all().unwrap();
        let expected: Vec<f32> = expected.to_vec1().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-6,
                "{found} instead of {expected}"
            );
        }
    }

    #[test]
    fn q8_0_is_off_by_half_a_step_at_most() {
        let weights = weights();
        let found = widened(&Q8::in_panels(&weights, PANELS));
        let weights = weights.as_flattened();
        for column in 0..PANELS * WIDE {
            for block in (0..INPUTS).step_by(BLOCK) {
                let all = |of: &[f32]| -> Vec<f32> {
                    let at = |input| of[input * PANELS * WIDE + column];
                    (block..block + BLOCK).map(at).collect()
                };
                let (found, weights) = (all(&found), all(weights));
                let largest = weights.iter().fold(0.0, |a: f32, w| a.max(w.abs()));
                for (found, weight) in found.iter().zip(&weights) {
                    assert!(
                        (found - weight).abs() <= largest / 127.0 * 0.57,
                        "{found} {weight}"
                    );
                }
            }
        }
        // What is all zero stays so.
        let zero = Q8::in_panels(&[[0.0; WIDE]; INPUTS], 1);
        assert!(zero.iter().all(|q| q.numbers == [[[0; QUAD]; WIDE]; QUADS]));
    }
}
