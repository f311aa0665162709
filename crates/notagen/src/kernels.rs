//! The arithmetic, over plain f32 slices.
//!
//! One kernel does nearly all the multiplying: [`Isa::panel`], rows times a panel of 64 columns. Linear
//! layers, attention scores (64 positions are the columns) and attention sums (the 64 numbers of a
//! head are the columns) are made of it. [`Isa::blocks`] is the same for quantised weights.
//!
//! **A number is computed the same way whatever else is computed beside it.** A column of a row is
//! one accumulator that starts at a given value and takes `x[k] * w[k]` in order of k, by fused
//! multiply-add (of quantised weights in blocks of 32: see [`blocks`]). How many rows share a pass, and
//! which instruction set runs it, does not change one bit. (A processor without fused multiply-add rounds twice, so it has bits of its own.) Sums over a
//! row run in 64 lanes (norm) or 16 (softmax) by index modulo their number, added up in one fixed order.
//!
//! A library's matrix product promises nothing of the kind: it picks its order by the shape.

pub(crate) mod blocks;
#[cfg(target_arch = "aarch64")]
mod blocks_neon;
#[cfg(target_arch = "x86_64")]
mod blocks_x86;
mod rowwise;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use half::{bf16, f16};

use blocks::{Blocks, Rounded};

/// Columns of a panel, and the width of an attention head.
pub(crate) const WIDE: usize = 64;
/// Most rows that share one pass over a panel: 4 rows of 4 accumulators leave AVX-512 registers for
/// the weights.
pub(crate) const ROWS: usize = 4;

/// The instruction set to compute with. A value other than the portable one is proof that this
/// processor has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// Stored numbers, of 4 bytes or of 2.
pub(crate) trait Weight: Copy + Send + Sync {
    fn widen(self) -> f32;

    /// # Safety
    /// The processor has AVX-512F.
    #[cfg(target_arch = "x86_64")]
    unsafe fn widen16(weights: &[Self; 16]) -> std::arch::x86_64::__m512;

    /// # Safety
    /// The processor has AVX and F16C.
    #[cfg(target_arch = "x86_64")]
    unsafe fn widen8(weights: &[Self; 8]) -> std::arch::x86_64::__m256;
}

/// One function for each instruction set around a portable body, which the compiler then vectorises
/// for it; and the choice between them.
macro_rules! for_each_isa {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*)) => {
        $(#[$doc])*
        pub(crate) fn $name(self, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            fn avx512($($argument: $type),*) {
                rowwise::$name($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) {
                rowwise::$name($($argument),*)
            }
            match self.0 {
                // SAFETY: the variant exists only where detection found the feature.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => unsafe { avx512($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => unsafe { avx2($($argument),*) },
                // Compiled for NEON as it is.
                #[cfg(target_arch = "aarch64")]
                Kind::Neon => rowwise::$name($($argument),*),
                Kind::Portable => rowwise::$name($($argument),*),
            }
        }
    };
}

/// The rows of `x` times a panel of blocks: `$rows` adds one block to the sums of at most [`ROWS`] rows. A block
/// is read from memory once, for all rows; `$first` may fetch a later one.
///
/// It is no function, because what is given to one is not compiled for the caller's instruction set.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! for_each_block {
    ($rows:ident::<$blocks:ident>($x:expr, $panel:expr, $sums:expr) $(, $first:ident)?) => {{
        let (x, panel, sums): (&[Rounded], &[$blocks], &mut [[f32; WIDE]]) = ($x, $panel, $sums);
        let per_row = panel.len() * $blocks::COUNT;
        for (index, blocks) in panel.iter().enumerate() {
            for block in 0..$blocks::COUNT {
                $($first(blocks, block);)?
                let mut x = x[index * $blocks::COUNT + block..].chunks(per_row).map(|x| &x[0]);
                let mut next = || x.next().unwrap_or(&Rounded::ZERO);
                for sums in sums.chunks_mut(ROWS) {
                    match sums {
                        [a] => $rows([next()], blocks, block, [a]),
                        [a, b] => $rows([next(), next()], blocks, block, [a, b]),
                        [a, b, c] => $rows([next(), next(), next()], blocks, block, [a, b, c]),
                        [a, b, c, d] => {
                            let x = [next(), next(), next(), next()];
                            $rows(x, blocks, block, [a, b, c, d]);
                        }
                        _ => debug_assert!(false, "1 to {ROWS} rows, not {}", sums.len()),
                    }
                }
            }
        }
    }};
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use for_each_block;

impl Isa {
    /// The best that this processor has.
    pub(crate) fn detect() -> Self {
        Self::all().next().unwrap_or(Self(Kind::Portable))
    }

    /// All that this processor has, best first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let avx512 = (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni"))
        .then_some(Kind::Avx512);
        #[cfg(target_arch = "x86_64")]
        let avx2 = (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c"))
        .then_some(Kind::Avx2);
        #[cfg(target_arch = "x86_64")]
        let special = [avx512, avx2];
        #[cfg(target_arch = "aarch64")]
        let special = [Some(Kind::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let special = [None];
        let all = special.into_iter().chain([Some(Kind::Portable)]);
        all.flatten().map(Self)
    }

    /// Whether f16 weights are read as fast as their size promises.
    pub(crate) fn reads_f16(self) -> bool {
        cfg!(target_arch = "x86_64") && self.0 != Kind::Portable
    }

    /// `sums [R, 64] += x [R, K] * weights [K, 64]`, each sum in order of k.
    pub(crate) fn panel<W: Weight, const R: usize>(
        self,
        x: [&[f32]; R],
        weights: &[[W; WIDE]],
        sums: [&mut [f32; WIDE]; R],
    ) {
        match self.0 {
            // SAFETY: the variant exists only where detection found the feature.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { x86::panel_avx512(x, weights, sums) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::panel_avx2(x, weights, sums) },
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => panel_portable(x, weights, sums),
            Kind::Portable => panel_portable(x, weights, sums),
        }
    }

    /// `sums [R, 64] += x [R, K] * panel [K / B's inputs, 64]`, quantised: sums over 32 inputs are exact,
    /// and are then scaled, offset and added in order of k.
    pub(crate) fn blocks<B: Blocks>(self, x: &[Rounded], panel: &[B], sums: &mut [[f32; WIDE]]) {
        match self.0 {
            // SAFETY: the variant exists only where detection found the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { blocks_x86::blocks_avx512(x, panel, sums) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { blocks_x86::blocks_avx2(x, panel, sums) },
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => blocks_neon::blocks(x, panel, sums),
            Kind::Portable => blocks::portable(x, panel, sums),
        }
    }

    for_each_isa!(
        /// `out = (x - mean) / sqrt(variance + 1e-5) * weight + bias`, over one row.
        layer_norm(x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32])
    );
    for_each_isa!(
        /// `x [K]` in blocks of 32.
        round(x: &[f32], rounded: &mut [Rounded])
    );
    for_each_isa!(
        /// `x = gelu(x)`, in the form with tanh (`gelu_new` in the reference's library).
        gelu(x: &mut [f32])
    );
    for_each_isa!(
        /// `scores = softmax(scores * scale)`.
        softmax(scores: &mut [f32], scale: f32)
    );
    for_each_isa!(
        /// `x = softmax(x)`, bit for bit as the reference's library computes it over 128 logits.
        softmax_of_logits(x: &mut [f32])
    );
}

fn panel_portable<W: Weight, const R: usize>(
    x: [&[f32]; R],
    weights: &[[W; WIDE]],
    mut sums: [&mut [f32; WIDE]; R],
) {
    const LANES: usize = 16;
    let x = x.map(|x| &x[..weights.len()]);
    // A few columns at a time, so that the accumulators stay in registers.
    for from in (0..WIDE).step_by(LANES) {
        let mut part = [[0.0; LANES]; R];
        for (part, sums) in part.iter_mut().zip(sums.iter()) {
            part.copy_from_slice(&sums[from..from + LANES]);
        }
        for (k, weights) in weights.iter().enumerate() {
            let weights: [f32; LANES] =
                std::array::from_fn(|column| weights[from + column].widen());
            for (part, x) in part.iter_mut().zip(x) {
                for (sum, weight) in part.iter_mut().zip(weights) {
                    *sum = multiply_add(x[k], weight, *sum);
                }
            }
        }
        for (part, sums) in part.iter().zip(sums.iter_mut()) {
            sums[from..from + LANES].copy_from_slice(part);
        }
    }
}

/// Fused where that is one instruction; elsewhere a call that would take a hundred times as long.
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

impl Weight for f32 {
    fn widen(self) -> f32 {
        self
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen16(weights: &[Self; 16]) -> std::arch::x86_64::__m512 {
        // SAFETY: 64 readable bytes; the feature is the caller's promise.
        unsafe { std::arch::x86_64::_mm512_loadu_ps(weights.as_ptr()) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen8(weights: &[Self; 8]) -> std::arch::x86_64::__m256 {
        // SAFETY: 32 readable bytes; the feature is the caller's promise.
        unsafe { std::arch::x86_64::_mm256_loadu_ps(weights.as_ptr()) }
    }
}

impl Weight for f16 {
    fn widen(self) -> f32 {
        self.to_f32()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen16(weights: &[Self; 16]) -> std::arch::x86_64::__m512 {
        use std::arch::x86_64::{_mm256_loadu_si256, _mm512_cvtph_ps};
        // SAFETY: 32 readable bytes; the feature is the caller's promise.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(weights.as_ptr().cast())) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen8(weights: &[Self; 8]) -> std::arch::x86_64::__m256 {
        use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps};
        // SAFETY: 16 readable bytes; the features are the caller's promise.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(weights.as_ptr().cast())) }
    }
}

impl Weight for bf16 {
    fn widen(self) -> f32 {
        self.to_f32()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen16(weights: &[Self; 16]) -> std::arch::x86_64::__m512 {
        use std::arch::x86_64::{
            _mm256_loadu_si256, _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_slli_epi32,
        };
        // The upper half of the f32. SAFETY: 32 readable bytes; the feature is the caller's promise.
        unsafe {
            let halves = _mm256_loadu_si256(weights.as_ptr().cast());
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn widen8(weights: &[Self; 8]) -> std::arch::x86_64::__m256 {
        use std::arch::x86_64::{
            _mm_loadu_si128, _mm256_castsi256_ps, _mm256_cvtepu16_epi32, _mm256_slli_epi32,
        };
        // SAFETY: 16 readable bytes; the features are the caller's promise.
        unsafe {
            let halves = _mm_loadu_si128(weights.as_ptr().cast());
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
        }
    }
}
