//! [`super::Isa::blocks`] for AVX-512 with VNNI and for AVX2.

use std::arch::x86_64::{
    __m256, __m256i, __m512, __m512i, _MM_HINT_T0, _mm_loadl_epi64, _mm_loadu_si128, _mm_prefetch,
    _mm256_abs_epi8, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_srli_epi16,
    _mm256_storeu_ps, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mul_ps, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_srli_epi16, _mm512_storeu_ps, _mm512_xor_si512,
};

use half::f16;

use super::blocks::{Blocks, Factors, Q4K, Q8, QUADS, Rounded};
use super::{ROWS, WIDE, Weight, for_each_block};

/// Two quads of some columns, in a byte each.
pub(crate) trait Load {
    /// Of 16 columns from `group * 16`, the quads `pair * 2` and the next.
    ///
    /// # Safety
    /// The processor has AVX-512F and AVX-512BW.
    unsafe fn quads16(&self, pair: usize, group: usize) -> [__m512i; 2];

    /// Of 8 columns from `group * 8`.
    ///
    /// # Safety
    /// The processor has AVX2.
    unsafe fn quads8(&self, pair: usize, group: usize) -> [__m256i; 2];
}

impl Load for Q8 {
    #[inline(always)]
    unsafe fn quads16(&self, pair: usize, group: usize) -> [__m512i; 2] {
        let of = |quad: usize| &self.numbers[pair * 2 + quad].as_chunks::<16>().0[group];
        // No closure around an instruction: it would not be compiled for the instruction set.
        // SAFETY: 64 readable bytes each; the feature is the caller's promise.
        unsafe {
            [
                _mm512_loadu_si512(of(0).as_ptr().cast()),
                _mm512_loadu_si512(of(1).as_ptr().cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn quads8(&self, pair: usize, group: usize) -> [__m256i; 2] {
        let of = |quad: usize| &self.numbers[pair * 2 + quad].as_chunks::<8>().0[group];
        // SAFETY: 32 readable bytes each; the feature is the caller's promise.
        unsafe {
            [
                _mm256_loadu_si256(of(0).as_ptr().cast()),
                _mm256_loadu_si256(of(1).as_ptr().cast()),
            ]
        }
    }
}

impl Load for Q4K {
    #[inline(always)]
    unsafe fn quads16(&self, pair: usize, group: usize) -> [__m512i; 2] {
        let both = &self.numbers[pair].as_chunks::<16>().0[group];
        // SAFETY: 64 readable bytes; the features are the caller's promise.
        unsafe {
            let (both, low) = (
                _mm512_loadu_si512(both.as_ptr().cast()),
                _mm512_set1_epi8(15),
            );
            let upper = _mm512_srli_epi16::<4>(both);
            [_mm512_and_si512(both, low), _mm512_and_si512(upper, low)]
        }
    }

    #[inline(always)]
    unsafe fn quads8(&self, pair: usize, group: usize) -> [__m256i; 2] {
        let both = &self.numbers[pair].as_chunks::<8>().0[group];
        // SAFETY: 32 readable bytes; the feature is the caller's promise.
        unsafe {
            let (both, low) = (
                _mm256_loadu_si256(both.as_ptr().cast()),
                _mm256_set1_epi8(15),
            );
            let upper = _mm256_srli_epi16::<4>(both);
            [_mm256_and_si256(both, low), _mm256_and_si256(upper, low)]
        }
    }
}

/// Bytes ahead of the kernel that are fetched: what memory delivers while some blocks are computed.
const AHEAD: usize = 6 << 10;

/// Fetches what a later block needs. Q4_K has its scales apart from its numbers, which a processor does not
/// foresee by itself: without this, it reads a quarter of what the memory could give.
#[inline(always)]
fn fetch_ahead<B: Blocks>(blocks: &B, block: usize) {
    let bytes = size_of::<B>() / B::COUNT;
    let first = std::ptr::from_ref(blocks).cast::<i8>();
    for line in (0..bytes).step_by(64) {
        let at = first.wrapping_add(block * bytes + line + AHEAD);
        // SAFETY: a hint, which any address may be given to.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at) };
    }
}

/// See [`super::Isa::blocks`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn blocks_avx512<B: Blocks>(x: &[Rounded], panel: &[B], sums: &mut [[f32; WIDE]]) {
    for_each_block!(rows_avx512::<B>(x, panel, sums), fetch_ahead);
}

/// All 64 columns at once: 4 registers of accumulators a row, 16 for the most rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn rows_avx512<B: Blocks, const R: usize>(
    x: [&Rounded; R],
    blocks: &B,
    block: usize,
    sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 16;
    const REGISTERS: usize = WIDE / LANES;
    // The instruction takes one of its operands as not negative: 128 is added to the weights, and so
    // 128 times the inputs taken away beforehand.
    let (more, first) = match B::OFFSETS {
        true => (0, 0),
        false => (-128, -128),
    };
    let more = _mm512_set1_epi8(more);
    let mut part = x.map(|x| [_mm512_set1_epi32(first * x.total); REGISTERS]);
    for pair in 0..QUADS / 2 {
        #[expect(clippy::needless_range_loop, reason = "a register of every row")]
        for group in 0..REGISTERS {
            // SAFETY: this function has the features.
            let quads = unsafe { blocks.quads16(block * QUADS / 2 + pair, group) };
            for (nth, mut quad) in quads.into_iter().enumerate() {
                if !B::OFFSETS {
                    quad = _mm512_xor_si512(quad, more);
                }
                for row in 0..R {
                    let x = _mm512_set1_epi32(x[row].quad(pair * 2 + nth));
                    part[row][group] = _mm512_dpbusd_epi32(part[row][group], quad, x);
                }
            }
        }
    }
    #[expect(clippy::needless_range_loop, reason = "a register of every row")]
    for group in 0..REGISTERS {
        let scales = factors_avx512(blocks.scales(block), group);
        let offsets = match B::OFFSETS {
            true => factors_avx512(blocks.offsets(block), group),
            false => _mm512_setzero_ps(),
        };
        for row in 0..R {
            let sums = &mut sums[row].as_chunks_mut::<LANES>().0[group];
            // SAFETY: 64 readable bytes.
            let mut sum = unsafe { _mm512_loadu_ps(sums.as_ptr()) };
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(x[row].scale));
            sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(part[row][group]), scales, sum);
            if B::OFFSETS {
                sum = _mm512_fnmadd_ps(offsets, _mm512_set1_ps(x[row].sum()), sum);
            }
            // SAFETY: 64 writable bytes.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), sum) };
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn factors_avx512(factors: Factors<'_>, group: usize) -> __m512 {
    // SAFETY: this function has the feature.
    let units = unsafe { f16::widen16(&factors.units.as_chunks().0[group]) };
    let Some(times) = factors.times else {
        return units;
    };
    // SAFETY: 16 readable bytes.
    let times = unsafe { _mm_loadu_si128(times.as_chunks::<16>().0[group].as_ptr().cast()) };
    _mm512_mul_ps(units, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(times)))
}

/// See [`super::Isa::blocks`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn blocks_avx2<B: Blocks>(x: &[Rounded], panel: &[B], sums: &mut [[f32; WIDE]]) {
    for_each_block!(rows_avx2::<B>(x, panel, sums), fetch_ahead);
}

/// 8 columns after the other: 16 registers hold no more for the most rows.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn rows_avx2<B: Blocks, const R: usize>(
    x: [&Rounded; R],
    blocks: &B,
    block: usize,
    sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 8;
    let ones = _mm256_set1_epi16(1);
    for group in 0..WIDE / LANES {
        let mut part = [_mm256_setzero_si256(); R];
        for pair in 0..QUADS / 2 {
            // SAFETY: this function has the feature.
            let quads = unsafe { blocks.quads8(block * QUADS / 2 + pair, group) };
            for (nth, quad) in quads.into_iter().enumerate() {
                for row in 0..R {
                    let x = _mm256_set1_epi32(x[row].quad(pair * 2 + nth));
                    part[row] = match B::OFFSETS {
                        // 16 products of at most 15 * 127 each are no more than 16 bits hold.
                        true => _mm256_add_epi16(part[row], _mm256_maddubs_epi16(quad, x)),
                        // The instruction takes one of its operands as not negative: it gets the sizes
                        // of the weights, and the inputs the signs. 2 * 128 * 127 is within 16 bits.
                        false => {
                            let (sizes, x) = (_mm256_abs_epi8(quad), _mm256_sign_epi8(x, quad));
                            let twos = _mm256_maddubs_epi16(sizes, x);
                            _mm256_add_epi32(part[row], _mm256_madd_epi16(twos, ones))
                        }
                    };
                }
            }
        }
        let scales = factors_avx2(blocks.scales(block), group);
        for row in 0..R {
            let sums = &mut sums[row].as_chunks_mut::<LANES>().0[group];
            // SAFETY: 32 readable bytes.
            let mut sum = unsafe { _mm256_loadu_ps(sums.as_ptr()) };
            let part = match B::OFFSETS {
                true => _mm256_madd_epi16(part[row], ones),
                false => part[row],
            };
            let scales = _mm256_mul_ps(scales, _mm256_set1_ps(x[row].scale));
            sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(part), scales, sum);
            if B::OFFSETS {
                let offsets = factors_avx2(blocks.offsets(block), group);
                sum = _mm256_fnmadd_ps(offsets, _mm256_set1_ps(x[row].sum()), sum);
            }
            // SAFETY: 32 writable bytes.
            unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), sum) };
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn factors_avx2(factors: Factors<'_>, group: usize) -> __m256 {
    // SAFETY: this function has the features.
    let units = unsafe { f16::widen8(&factors.units.as_chunks().0[group]) };
    let Some(times) = factors.times else {
        return units;
    };
    // SAFETY: 8 readable bytes.
    let times = unsafe { _mm_loadl_epi64(times.as_chunks::<8>().0[group].as_ptr().cast()) };
    _mm256_mul_ps(units, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(times)))
}
