//! Weights as small whole numbers: 32 inputs of a column share a scale, and perhaps an offset.
//!
//! The numbers are those of GGML's formats of the same names, lying otherwise: 64 columns side by
//! side, as a [panel](super::Isa::panel) reads them. They are widened to f32 and the inputs stay f32
//! (GGML rounds these to 8 bits as well), so nothing but the weights is rounded.

pub(crate) mod stored;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use half::f16;

use super::{WIDE, multiply_add};
use crate::Error;

/// Inputs that share a scale.
pub(crate) const BLOCK: usize = 32;
/// Blocks of 32 that share what scales and offsets are multiplied by, in Q4_K.
const SUPER: usize = 8;
/// Inputs in a word of Q4_K, 4 bits each; kernels take so many at a time.
pub(crate) const PER_WORD: usize = 8;

/// Weights of 64 columns: `scale * number - offset`, where scale and offset belong to a column and a
/// block of 32 inputs.
pub(crate) trait Blocks: Send + Sync {
    /// Blocks of 32 inputs in one of these.
    const COUNT: usize;
    /// Whether there are offsets.
    const OFFSETS: bool;

    fn number(&self, input: usize, column: usize) -> f32;
    /// What makes the scales of a block.
    fn scales(&self, block: usize) -> Factors<'_>;
    /// What makes its offsets.
    fn offsets(&self, block: usize) -> Factors<'_>;

    /// Of 16 columns from `group * 16`, for the input `word * 8 + nth`.
    ///
    /// # Safety
    /// The processor has AVX-512F.
    #[cfg(target_arch = "x86_64")]
    unsafe fn numbers16(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m512;

    /// Of 8 columns from `group * 8`, for the input `word * 8 + nth`.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[cfg(target_arch = "x86_64")]
    unsafe fn numbers8(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m256;
}

/// One number for each column: a unit, perhaps times a whole number.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) units: &'a [f16; WIDE],
    pub(crate) times: Option<&'a [u8; WIDE]>,
}

impl Factors<'_> {
    fn of(self, column: usize) -> f32 {
        let times = self.times.map_or(1.0, |times| f32::from(times[column]));
        self.units[column].to_f32() * times
    }
}

/// Q8_0: 8 bits a weight, 8.5 with the scales.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Q8 {
    scales: [f16; WIDE],
    numbers: [[i8; WIDE]; BLOCK],
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
    /// Inputs in order, from the lowest bits on.
    numbers: [[u32; WIDE]; SUPER * BLOCK / PER_WORD],
}

impl Q8 {
    /// From `weights [32, 64]`.
    fn from_rows(weights: &[&[f32; WIDE]; BLOCK]) -> Self {
        let mut this = Self {
            scales: [f16::ZERO; WIDE],
            numbers: [[0; WIDE]; BLOCK],
        };
        for column in 0..WIDE {
            let largest = weights
                .iter()
                .fold(0.0, |largest: f32, row| largest.max(row[column].abs()));
            let scale = f16::from_f32(largest / 127.0);
            this.scales[column] = scale;
            let scale = scale.to_f32();
            if scale > 0.0 {
                for (numbers, row) in this.numbers.iter_mut().zip(weights) {
                    numbers[column] = (row[column] / scale).round_ties_even() as i8;
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
        (0..panels)
            .flat_map(|panel| (0..blocks).map(move |b| (panel, b)))
            .map(|(panel, b)| block(panel, b))
            .collect()
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
            numbers: [[0; WIDE]; SUPER * BLOCK / PER_WORD],
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
                    let number = u32::from(byte >> (block % 2 * 4) & 15);
                    let word = (block * BLOCK + input) / PER_WORD;
                    this.numbers[word][column] |= number << (input % PER_WORD * 4);
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
    fn number(&self, input: usize, column: usize) -> f32 {
        f32::from(self.numbers[input][column])
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

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn numbers16(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m512 {
        use std::arch::x86_64::{_mm_loadu_si128, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps};
        let numbers = &self.numbers[word * PER_WORD + nth].as_chunks::<16>().0[group];
        // SAFETY: 16 readable bytes; the feature is the caller's promise.
        unsafe {
            _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(
                numbers.as_ptr().cast(),
            )))
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn numbers8(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m256 {
        use std::arch::x86_64::{_mm_loadl_epi64, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps};
        let numbers = &self.numbers[word * PER_WORD + nth].as_chunks::<8>().0[group];
        // SAFETY: 8 readable bytes; the feature is the caller's promise.
        unsafe {
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(
                numbers.as_ptr().cast(),
            )))
        }
    }
}

impl Blocks for Q4K {
    const COUNT: usize = SUPER;
    const OFFSETS: bool = true;

    #[inline(always)]
    fn number(&self, input: usize, column: usize) -> f32 {
        let word = self.numbers[input / PER_WORD][column];
        (word >> (input % PER_WORD * 4) & 15) as f32
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

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn numbers16(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m512 {
        use std::arch::x86_64::{
            _mm512_loadu_si512, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_setr_ps,
            _mm512_srlv_epi32,
        };
        let words = &self.numbers[word].as_chunks::<16>().0[group];
        // SAFETY: 64 readable bytes; the feature is the caller's promise.
        unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            let shift = _mm512_set1_epi32((nth * 4) as i32);
            // Looked up by the lowest 4 bits: one instruction for mask and conversion.
            let table = _mm512_setr_ps(
                0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0,
                15.0,
            );
            _mm512_permutexvar_ps(_mm512_srlv_epi32(words, shift), table)
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn numbers8(&self, word: usize, nth: usize, group: usize) -> std::arch::x86_64::__m256 {
        use std::arch::x86_64::{
            _mm256_and_si256, _mm256_cvtepi32_ps, _mm256_loadu_si256, _mm256_set1_epi32,
            _mm256_srlv_epi32,
        };
        let words = &self.numbers[word].as_chunks::<8>().0[group];
        // SAFETY: 32 readable bytes; the feature is the caller's promise.
        unsafe {
            let words = _mm256_loadu_si256(words.as_ptr().cast());
            let shift = _mm256_set1_epi32((nth * 4) as i32);
            let numbers = _mm256_and_si256(_mm256_srlv_epi32(words, shift), _mm256_set1_epi32(15));
            _mm256_cvtepi32_ps(numbers)
        }
    }
}

/// `totals [inputs / 32]`: sums of 32 inputs each, which offsets are multiplied by.
pub(crate) fn block_totals(x: &[f32], totals: &mut [f32]) {
    for (x, total) in x.as_chunks::<BLOCK>().0.iter().zip(totals) {
        let mut lanes: [f32; BLOCK] = *x;
        let mut half = BLOCK / 2;
        while half > 0 {
            for lane in 0..half {
                lanes[lane] += lanes[lane + half];
            }
            half /= 2;
        }
        *total = lanes[0];
    }
}

/// See [`super::Isa::blocks`].
pub(super) fn portable<B: Blocks, const R: usize>(
    x: [&[f32]; R],
    totals: [&[f32]; R],
    panel: &[B],
    mut sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 16;
    for (index, (blocks, block)) in panel
        .iter()
        .flat_map(|blocks| (0..B::COUNT).map(move |block| (blocks, block)))
        .enumerate()
    {
        let x = x.map(|x| &x[index * BLOCK..][..BLOCK]);
        for from in (0..WIDE).step_by(LANES) {
            let mut part = [[0.0; LANES]; R];
            for k in 0..BLOCK {
                let input = block * BLOCK + k;
                let numbers: [f32; LANES] =
                    std::array::from_fn(|column| blocks.number(input, from + column));
                for (part, x) in part.iter_mut().zip(x) {
                    for (sum, number) in part.iter_mut().zip(numbers) {
                        *sum = multiply_add(x[k], number, *sum);
                    }
                }
            }
            for column in 0..LANES {
                let scale = blocks.scales(block).of(from + column);
                for ((part, sums), totals) in part.iter().zip(sums.iter_mut()).zip(totals) {
                    let sum = &mut sums[from + column];
                    *sum = multiply_add(scale, part[column], *sum);
                    if B::OFFSETS {
                        let offset = blocks.offsets(block).of(from + column);
                        *sum = multiply_add(-offset, totals[index], *sum);
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
            blocks.scales(block).of(column) * blocks.number(input, column) - offset
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
        assert!(zero.iter().all(|q| q.numbers == [[0; WIDE]; BLOCK]));
    }
}
