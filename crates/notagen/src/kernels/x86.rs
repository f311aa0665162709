//! [`super::Isa::panel`] for AVX-512 and for AVX2 with fused multiply-add.

use std::arch::x86_64::{
    __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

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
