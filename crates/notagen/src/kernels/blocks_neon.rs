//! [`super::Isa::blocks`] for NEON, which every 64-bit ARM processor has.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, vandq_u8, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u8,
    vfmaq_f32, vfmsq_f32, vget_low_s8, vld1q_f32, vld1q_s8, vld1q_u8, vmlal_high_s8, vmlal_s8,
    vmull_high_s8, vmull_s8, vmulq_f32, vpadalq_s16, vpaddq_s32, vreinterpretq_s8_s32,
    vreinterpretq_s8_u8, vshrq_n_u8, vst1q_f32,
};

use super::blocks::{Blocks, Factors, Q4K, Q8, QUADS, Rounded};
use super::{ROWS, WIDE, for_each_block};

/// Columns in a register.
const LANES: usize = 4;

/// Two quads of some columns, in a byte each.
pub(crate) trait Load {
    /// Of 4 columns from `group * 4`, the quads `pair * 2` and the next.
    fn quads4(&self, pair: usize, group: usize) -> [int8x16_t; 2];
}

impl Load for Q8 {
    #[inline(always)]
    fn quads4(&self, pair: usize, group: usize) -> [int8x16_t; 2] {
        let of = |quad: usize| &self.numbers[pair * 2 + quad].as_chunks::<LANES>().0[group];
        // SAFETY: 16 readable bytes each.
        unsafe { [0, 1].map(|quad| vld1q_s8(of(quad).as_ptr().cast())) }
    }
}

impl Load for Q4K {
    #[inline(always)]
    fn quads4(&self, pair: usize, group: usize) -> [int8x16_t; 2] {
        let both = &self.numbers[pair].as_chunks::<LANES>().0[group];
        // SAFETY: 16 readable bytes.
        unsafe {
            let both = vld1q_u8(both.as_ptr().cast());
            let (lower, upper) = (vandq_u8(both, vdupq_n_u8(15)), vshrq_n_u8::<4>(both));
            [vreinterpretq_s8_u8(lower), vreinterpretq_s8_u8(upper)]
        }
    }
}

/// See [`super::Isa::blocks`].
pub(super) fn blocks<B: Blocks>(x: &[Rounded], panel: &[B], sums: &mut [[f32; WIDE]]) {
    for_each_block!(rows::<B>(x, panel, sums));
}

#[inline(always)]
fn rows<B: Blocks, const R: usize>(
    x: [&Rounded; R],
    blocks: &B,
    block: usize,
    sums: [&mut [f32; WIDE]; R],
) {
    for group in 0..WIDE / LANES {
        // SAFETY: the processor has NEON; pointers are to 4 numbers each.
        unsafe {
            // Two sums for each of 4 columns.
            let mut part = [[vdupq_n_s32(0); 2]; R];
            for pair in 0..QUADS / 2 {
                let [one, other] = blocks.quads4(block * QUADS / 2 + pair, group);
                for row in 0..R {
                    let quad = |nth| vreinterpretq_s8_s32(vdupq_n_s32(x[row].quad(pair * 2 + nth)));
                    let (x, y) = (quad(0), quad(1));
                    // 2 * 128 * 127 is within 16 bits.
                    let low = vmull_s8(vget_low_s8(one), vget_low_s8(x));
                    let low = vmlal_s8(low, vget_low_s8(other), vget_low_s8(y));
                    let high = vmlal_high_s8(vmull_high_s8(one, x), other, y);
                    part[row][0] = vpadalq_s16(part[row][0], low);
                    part[row][1] = vpadalq_s16(part[row][1], high);
                }
            }
            let scales = factors(blocks.scales(block), group);
            for row in 0..R {
                let at = sums[row].as_chunks_mut::<LANES>().0[group].as_mut_ptr();
                let part = vcvtq_f32_s32(vpaddq_s32(part[row][0], part[row][1]));
                let scales = vmulq_f32(scales, vdupq_n_f32(x[row].scale));
                let mut sum = vfmaq_f32(vld1q_f32(at), part, scales);
                if B::OFFSETS {
                    let offsets = factors(blocks.offsets(block), group);
                    sum = vfmsq_f32(sum, offsets, vdupq_n_f32(x[row].sum()));
                }
                vst1q_f32(at, sum);
            }
        }
    }
}

#[inline(always)]
fn factors(factors: Factors<'_>, group: usize) -> float32x4_t {
    let of: [f32; LANES] = std::array::from_fn(|lane| factors.of(group * LANES + lane));
    // SAFETY: 4 numbers.
    unsafe { vld1q_f32(of.as_ptr()) }
}
