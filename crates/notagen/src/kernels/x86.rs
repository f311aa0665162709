//! [`super::Isa::panel`] and [`super::Isa::blocks`] for AVX-512 and for AVX2 with fused multiply-add.

use std::arch::x86_64::{
    __m256, __m512, _mm_loadl_epi64, _mm_loadu_si128, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32,
    _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_storeu_ps, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_fmadd_ps,
    _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use half::f16;

use super::blocks::{BLOCK, Blocks, Factors, PER_WORD};
use super::{WIDE, Weight};

/// All 64 columns at once: 4 registers of accumulators a row, 16 for the most rows.
#[target_feature(enable = "avx512f")]
pub(super) fn panel_avx512<W: Weight, const R: usize>(
    x: [&[f32]; R],
    weights: &[[W; WIDE]],
    mut sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 16;
    const REGISTERS: usize = WIDE / LANES;
    let x = x.map(|x| &x[..weights.len()]);
    let mut part: [[__m512; REGISTERS]; R] = [[_mm512_setzero_ps(); REGISTERS]; R];
    for (part, sums) in part.iter_mut().zip(sums.iter()) {
        for (register, sums) in part.iter_mut().zip(sums.as_chunks::<LANES>().0) {
            // SAFETY: 64 readable bytes.
            *register = unsafe { _mm512_loadu_ps(sums.as_ptr()) };
        }
    }
    for (k, weights) in weights.iter().enumerate() {
        let mut wide = [_mm512_setzero_ps(); REGISTERS];
        for (wide, weights) in wide.iter_mut().zip(weights.as_chunks::<LANES>().0) {
            // SAFETY: this function has the feature.
            *wide = unsafe { W::widen16(weights) };
        }
        for row in 0..R {
            let x = _mm512_set1_ps(x[row][k]);
            for (register, wide) in part[row].iter_mut().zip(wide) {
                *register = _mm512_fmadd_ps(x, wide, *register);
            }
        }
    }
    for (part, sums) in part.iter().zip(sums.iter_mut()) {
        for (register, sums) in part.iter().zip(sums.as_chunks_mut::<LANES>().0) {
            // SAFETY: 64 writable bytes.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), *register) };
        }
    }
}

/// With 16 registers: one row takes all 64 columns at once, two take 32, three or four take 16.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn panel_avx2<W: Weight, const R: usize>(
    x: [&[f32]; R],
    weights: &[[W; WIDE]],
    sums: [&mut [f32; WIDE]; R],
) {
    match R {
        1 => columns_avx2::<W, R, 8>(x, weights, sums),
        2 => columns_avx2::<W, R, 4>(x, weights, sums),
        _ => columns_avx2::<W, R, 2>(x, weights, sums),
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn columns_avx2<W: Weight, const R: usize, const REGISTERS: usize>(
    x: [&[f32]; R],
    weights: &[[W; WIDE]],
    mut sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 8;
    let x = x.map(|x| &x[..weights.len()]);
    for from in (0..WIDE / LANES).step_by(REGISTERS) {
        let columns = from..from + REGISTERS;
        let mut part: [[__m256; REGISTERS]; R] = [[_mm256_setzero_ps(); REGISTERS]; R];
        for (part, sums) in part.iter_mut().zip(sums.iter()) {
            for (register, sums) in part
                .iter_mut()
                .zip(&sums.as_chunks::<LANES>().0[columns.clone()])
            {
                // SAFETY: 32 readable bytes.
                *register = unsafe { _mm256_loadu_ps(sums.as_ptr()) };
            }
        }
        for (k, weights) in weights.iter().enumerate() {
            let mut wide = [_mm256_setzero_ps(); REGISTERS];
            for (wide, weights) in wide
                .iter_mut()
                .zip(&weights.as_chunks::<LANES>().0[columns.clone()])
            {
                // SAFETY: this function has the features.
                *wide = unsafe { W::widen8(weights) };
            }
            for row in 0..R {
                let x = _mm256_set1_ps(x[row][k]);
                for (register, wide) in part[row].iter_mut().zip(wide) {
                    *register = _mm256_fmadd_ps(x, wide, *register);
                }
            }
        }
        for (part, sums) in part.iter().zip(sums.iter_mut()) {
            for (register, sums) in part
                .iter()
                .zip(&mut sums.as_chunks_mut::<LANES>().0[columns.clone()])
            {
                // SAFETY: 32 writable bytes.
                unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), *register) };
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
pub(super) fn blocks_avx512<B: Blocks, const R: usize>(
    x: [&[f32]; R],
    totals: [&[f32]; R],
    panel: &[B],
    sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 16;
    const REGISTERS: usize = WIDE / LANES;
    let mut index = 0;
    for blocks in panel {
        for block in 0..B::COUNT {
            let x = x.map(|x| &x[index * BLOCK..][..BLOCK]);
            let mut part: [[__m512; REGISTERS]; R] = [[_mm512_setzero_ps(); REGISTERS]; R];
            for word in 0..BLOCK / PER_WORD {
                let x = x.map(|x| &x.as_chunks::<PER_WORD>().0[word]);
                let word = block * BLOCK / PER_WORD + word;
                for nth in 0..PER_WORD {
                    let mut wide = [_mm512_setzero_ps(); REGISTERS];
                    for (group, wide) in wide.iter_mut().enumerate() {
                        // SAFETY: this function has the feature.
                        *wide = unsafe { blocks.numbers16(word, nth, group) };
                    }
                    for row in 0..R {
                        let x = _mm512_set1_ps(x[row][nth]);
                        for (register, wide) in part[row].iter_mut().zip(wide) {
                            *register = _mm512_fmadd_ps(x, wide, *register);
                        }
                    }
                }
            }
            #[expect(clippy::needless_range_loop, reason = "a register of every row")]
            for group in 0..REGISTERS {
                let scales = factors_avx512(blocks.scales(block), group);
                for row in 0..R {
                    let sums = &mut sums[row].as_chunks_mut::<LANES>().0[group];
                    // SAFETY: 64 readable bytes.
                    let mut sum = unsafe { _mm512_loadu_ps(sums.as_ptr()) };
                    sum = _mm512_fmadd_ps(scales, part[row][group], sum);
                    if B::OFFSETS {
                        let offsets = factors_avx512(blocks.offsets(block), group);
                        sum = _mm512_fnmadd_ps(offsets, _mm512_set1_ps(totals[row][index]), sum);
                    }
                    // SAFETY: 64 writable bytes.
                    unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), sum) };
                }
            }
            index += 1;
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

/// With 16 registers: one row takes all 64 columns at once, two take 32, three or four take 16.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn blocks_avx2<B: Blocks, const R: usize>(
    x: [&[f32]; R],
    totals: [&[f32]; R],
    panel: &[B],
    sums: [&mut [f32; WIDE]; R],
) {
    match R {
        1 => block_columns_avx2::<B, R, 8>(x, totals, panel, sums),
        2 => block_columns_avx2::<B, R, 4>(x, totals, panel, sums),
        _ => block_columns_avx2::<B, R, 2>(x, totals, panel, sums),
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn block_columns_avx2<B: Blocks, const R: usize, const REGISTERS: usize>(
    x: [&[f32]; R],
    totals: [&[f32]; R],
    panel: &[B],
    sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 8;
    let mut index = 0;
    for blocks in panel {
        for block in 0..B::COUNT {
            let x = x.map(|x| &x[index * BLOCK..][..BLOCK]);
            for from in (0..WIDE / LANES).step_by(REGISTERS) {
                let mut part: [[__m256; REGISTERS]; R] = [[_mm256_setzero_ps(); REGISTERS]; R];
                for word in 0..BLOCK / PER_WORD {
                    let x = x.map(|x| &x.as_chunks::<PER_WORD>().0[word]);
                    let word = block * BLOCK / PER_WORD + word;
                    for nth in 0..PER_WORD {
                        let mut wide = [_mm256_setzero_ps(); REGISTERS];
                        for (group, wide) in (from..).zip(&mut wide) {
                            // SAFETY: this function has the feature.
                            *wide = unsafe { blocks.numbers8(word, nth, group) };
                        }
                        for row in 0..R {
                            let x = _mm256_set1_ps(x[row][nth]);
                            for (register, wide) in part[row].iter_mut().zip(wide) {
                                *register = _mm256_fmadd_ps(x, wide, *register);
                            }
                        }
                    }
                }
                #[expect(clippy::needless_range_loop, reason = "a register of every row")]
                for register in 0..REGISTERS {
                    let group = from + register;
                    let scales = factors_avx2(blocks.scales(block), group);
                    for row in 0..R {
                        let sums = &mut sums[row].as_chunks_mut::<LANES>().0[group];
                        // SAFETY: 32 readable bytes.
                        let mut sum = unsafe { _mm256_loadu_ps(sums.as_ptr()) };
                        sum = _mm256_fmadd_ps(scales, part[row][register], sum);
                        if B::OFFSETS {
                            let offsets = factors_avx2(blocks.offsets(block), group);
                            let total = _mm256_set1_ps(totals[row][index]);
                            sum = _mm256_fnmadd_ps(offsets, total, sum);
                        }
                        // SAFETY: 32 writable bytes.
                        unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), sum) };
                    }
                }
            }
            index += 1;
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
