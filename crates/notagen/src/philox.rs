//! Random numbers without a state: Philox4x32-10, a counter-based generator.
//!
//! The number for a character is a function of (seed, patch, character) alone. So a piece does not
//! depend on what else is being generated, on cancelled neighbours, on how many numbers were drawn
//! before, or on a restart in the middle: the promise "same seed, same piece" needs nothing more.
//!
//! Reference: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3"
//! (SC 2011), and the known answers of its library Random123 (`tests/kat_vectors`).

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// The golden ratio and sqrt(3) - 1, as 32-bit fractions.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One block of four words.
fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let product = |at: usize, word: u32| u64::from(MULTIPLIERS[at]) * u64::from(word);
        let (even, odd) = (product(0, counter[0]), product(1, counter[2]));
        counter = [
            (odd >> 32) as u32 ^ counter[1] ^ key[0],
            odd as u32,
            (even >> 32) as u32 ^ counter[3] ^ key[1],
            even as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The number in [0, 1) that draws one character, with 53 random bits.
///
/// `patch` counts the patches of the piece (not of the context, which restarts), `character` the
/// characters of the patch.
pub fn uniform(seed: u64, patch: u64, character: u32) -> f64 {
    let counter = [patch as u32, (patch >> 32) as u32, character, 0];
    let [high, low, ..] = philox4x32(counter, [seed as u32, (seed >> 32) as u32]);
    // 27 + 26 bits: every value is exact in an f64, and the largest is below 1.
    let bits = (u64::from(high >> 5) << 26) | u64::from(low >> 6);
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_answers() {
        let known = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in known {
            assert_eq!(philox4x32(counter, key), expected);
        }
    }

    #[test]
    fn uniform_is_in_its_range_and_depends_on_every_argument() {
        let mut sum = 0.0;
        for patch in 0..1000 {
            let u = uniform(7, patch, 3);
            assert!((0.0..1.0).contains(&u));
            sum += u;
        }
        assert!((sum / 1000.0 - 0.5).abs() < 0.05, "mean {}", sum / 1000.0);
        let base = uniform(1, 2, 3);
        for other in [
            uniform(2, 2, 3),
            uniform(1 << 32, 2, 3),
            uniform(1, 3, 3),
            uniform(1, 2 << 32, 3),
            uniform(1, 2, 4),
        ] {
            assert_ne!(base, other);
        }
    }
}
