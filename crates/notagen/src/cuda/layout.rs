//! Weights as the card's kernels read them: groups of 8 columns, `[outputs / 8, inputs, 8]`, so that what a warp
//! asks for at once lies in one piece. See `cuda/linear.cu`.
//!
//! Quantised weights lie in blocks of 32 inputs of 8 columns: 8 scales as f16 (of Q4_K also 8 offsets), then for
//! each input 8 numbers: bytes of number + 128, or four bits each. They are the numbers that the processor's kernels
//! have; the scales of Q4_K, a number of six bits times a unit there, are rounded to f16.

use half::{bf16, f16};
use rayon::prelude::*;

use crate::kernels::WIDE;
use crate::kernels::blocks::{BLOCK, Blocks, Q4K, Q8, QUAD};
use crate::linear::exact;
use crate::{Error, Format};

/// Columns that lie together.
pub(crate) const GROUP: usize = 8;
/// Bytes of 32 inputs of 8 columns.
const Q8_BYTES: usize = GROUP * 2 + BLOCK * GROUP;
const Q4K_BYTES: usize = GROUP * 4 + BLOCK * GROUP / 2;

/// Bytes of such a matrix in this format.
pub(crate) fn stored_bytes(inputs: usize, outputs: usize, format: Format) -> usize {
    let groups = outputs / GROUP;
    match format.of_matrix(inputs) {
        Format::F32 => inputs * outputs * size_of::<f32>(),
        Format::F16 | Format::Bf16 => inputs * outputs * size_of::<f16>(),
        Format::Q8_0 => groups * (inputs / BLOCK) * Q8_BYTES,
        Format::Q4K => groups * (inputs / BLOCK) * Q4K_BYTES,
    }
}

/// From `weight [inputs, outputs]`, row-major; without a format, in the smallest that holds every weight as it
/// is.
///
/// # Errors
/// Those of quantising.
pub(crate) fn pack(
    weight: &[f32],
    outputs: usize,
    format: Option<Format>,
) -> Result<(Format, Vec<u8>), Error> {
    let inputs = weight.len() / outputs;
    let (rows, per_row) = (weight.as_chunks::<WIDE>().0, outputs / WIDE);
    let format = format
        .unwrap_or_else(|| exact(true, rows))
        .of_matrix(inputs);
    let bytes = match format {
        Format::F32 => plain(weight, outputs, |number| number.to_le_bytes()),
        Format::F16 => plain(weight, outputs, |number| {
            f16::from_f32(number).to_le_bytes()
        }),
        Format::Bf16 => plain(weight, outputs, |number| {
            bf16::from_f32(number).to_le_bytes()
        }),
        Format::Q8_0 => pack_q8(&Q8::in_panels(rows, per_row), outputs),
        Format::Q4K => pack_q4k(&Q4K::in_panels(rows, per_row)?, outputs),
    };
    Ok((format, bytes))
}

fn plain<const N: usize>(
    weight: &[f32],
    outputs: usize,
    store: impl Fn(f32) -> [u8; N] + Sync,
) -> Vec<u8> {
    let groups = outputs / GROUP;
    let mut bytes = vec![0; weight.len() * N];
    let each = bytes.len() / groups;
    bytes
        .par_chunks_mut(each)
        .enumerate()
        .for_each(|(group, bytes)| {
            let numbers = weight
                .chunks_exact(outputs)
                .flat_map(|row| &row[group * GROUP..][..GROUP]);
            for (bytes, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
                *bytes = store(*number);
            }
        });
    bytes
}

/// From panels of 64 columns, `[outputs / 64, inputs / 32]`.
pub(crate) fn pack_q8(panels: &[Q8], outputs: usize) -> Vec<u8> {
    blocks(panels, outputs, Q8_BYTES, |panel, block, columns, bytes| {
        for column in columns.clone() {
            bytes.extend(f16::from_f32(panel.scales(block).of(column)).to_le_bytes());
        }
        for input in 0..BLOCK {
            for column in columns.clone() {
                let number = panel.quad(input / QUAD, column)[input % QUAD];
                bytes.push((i16::from(number) + 128) as u8);
            }
        }
    })
}

/// From panels of 64 columns, `[outputs / 64, inputs / 256]`.
pub(crate) fn pack_q4k(panels: &[Q4K], outputs: usize) -> Vec<u8> {
    blocks(
        panels,
        outputs,
        Q4K_BYTES,
        |panel, block, columns, bytes| {
            for factors in [panel.scales(block), panel.offsets(block)] {
                for column in columns.clone() {
                    bytes.extend(f16::from_f32(factors.of(column)).to_le_bytes());
                }
            }
            for input in 0..BLOCK {
                let input = block * BLOCK + input;
                let four = |column| panel.quad(input / QUAD, column)[input % QUAD] as u8;
                for column in columns.clone().step_by(2) {
                    bytes.push(four(column) | four(column + 1) << 4);
                }
            }
        },
    )
}

/// `[outputs / 8, inputs / 32, bytes_each]`, of which `store` writes one, given a panel, which of its blocks, and
/// which of its columns.
fn blocks<B: Blocks>(
    panels: &[B],
    outputs: usize,
    bytes_each: usize,
    store: impl Fn(&B, usize, std::ops::Range<usize>, &mut Vec<u8>) + Sync,
) -> Vec<u8> {
    let per_panel = panels.len() / (outputs / WIDE);
    let groups: Vec<Vec<u8>> = (0..outputs / GROUP)
        .into_par_iter()
        .map(|group| {
            let first = group * GROUP % WIDE;
            let panels = &panels[group * GROUP / WIDE * per_panel..][..per_panel];
            let mut bytes = Vec::with_capacity(per_panel * B::COUNT * bytes_each);
            for panel in panels {
                for block in 0..B::COUNT {
                    store(panel, block, first..first + GROUP, &mut bytes);
                }
            }
            bytes
        })
        .collect();
    groups.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: usize = 512;
    const OUTPUTS: usize = 128;

    fn weights() -> Vec<f32> {
        let number = |index| (crate::uniform(5, index, 0) * 2.0 - 0.7) as f32;
        (0..(INPUTS * OUTPUTS) as u64).map(number).collect()
    }

    #[test]
    fn packed_weights_take_the_bytes_that_were_said() {
        for format in Format::ALL {
            let (kept, bytes) = pack(&weights(), OUTPUTS, Some(format)).unwrap();
            assert_eq!(kept, format);
            assert_eq!(bytes.len(), stored_bytes(INPUTS, OUTPUTS, format));
        }
        // No multiple of 256 inputs.
        let (kept, bytes) = pack(&weights()[..96 * OUTPUTS], OUTPUTS, Some(Format::Q4K)).unwrap();
        assert_eq!(kept, Format::Q8_0);
        assert_eq!(bytes.len(), stored_bytes(96, OUTPUTS, Format::Q4K));
    }

    #[test]
    fn eight_columns_of_an_input_lie_together() {
        let weights = weights();
        let (_, bytes) = pack(&weights, OUTPUTS, Some(Format::F32)).unwrap();
        let numbers: Vec<f32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        for (input, column) in [(0, 0), (1, 0), (7, 9), (511, 127), (300, 64)] {
            let at = (column / GROUP * INPUTS + input) * GROUP + column % GROUP;
            assert_eq!(numbers[at], weights[input * OUTPUTS + column]);
        }
    }

    #[test]
    fn quantised_weights_are_near_what_they_were() {
        let weights = weights();
        let half = |bytes: &[u8]| f32::from(f16::from_le_bytes([bytes[0], bytes[1]]));
        for (format, each, near) in [
            (Format::Q8_0, Q8_BYTES, 8e-3),
            (Format::Q4K, Q4K_BYTES, 1.2e-1),
        ] {
            let (_, bytes) = pack(&weights, OUTPUTS, Some(format)).unwrap();
            for (at, weight) in weights.iter().enumerate() {
                let (input, column) = (at / OUTPUTS, at % OUTPUTS);
                let block =
                    &bytes[(column / GROUP * (INPUTS / BLOCK) + input / BLOCK) * each..][..each];
                let (input, column) = (input % BLOCK, column % GROUP);
                let scale = half(&block[2 * column..]);
                let found = match format {
                    Format::Q8_0 => scale * (f32::from(block[16 + input * 8 + column]) - 128.0),
                    _ => {
                        let pair = block[32 + input * 4 + column / 2];
                        let number = pair >> (4 * (column % 2)) & 15;
                        scale * f32::from(number) - half(&block[16 + 2 * column..])
                    }
                };
                assert!(
                    (found - weight).abs() < near,
                    "{format:?}: {found} for {weight}"
                );
            }
        }
    }
}
