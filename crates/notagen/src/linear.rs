//! A linear layer, its weights in panels of 64 columns.

use half::f16;
use half::slice::HalfFloatSliceExt;

use rayon::prelude::*;

use crate::kernels::{Isa, ROWS, WIDE, Weight};
use crate::threads::is_worth_threads;

/// What becomes of `y = x W + b`.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// `out = y`
    Store,
    /// `out = gelu(y)`
    Gelu,
    /// `out += y`
    Add,
}

/// `y [rows, outputs] = x [rows, inputs] W [inputs, outputs] + b [outputs]`, f32.
///
/// A number of y is `b[n]`, then `x[k] W[k, n]` added in order of k: see [`crate::kernels`].
pub(crate) struct Linear {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    panels: Panels,
    bias: Vec<f32>,
}

/// `[outputs / 64, inputs, 64]`: what one pass reads lies in one piece.
enum Panels {
    F32(Vec<[f32; WIDE]>),
    /// Chosen when every weight is an f16 exactly, which is so if the file is f16: the same results
    /// from half the memory, and the time of a step is the time to read the weights.
    F16(Vec<[f16; WIDE]>),
}

impl Linear {
    /// From `weight [inputs, outputs]`, row-major, and `bias [outputs]`; `outputs` is a multiple of 64.
    pub(crate) fn new(isa: Isa, weight: &[f32], bias: Vec<f32>) -> Self {
        let (inputs, outputs) = (weight.len() / bias.len(), bias.len());
        debug_assert_eq!((outputs % WIDE, weight.len()), (0, inputs * outputs));
        let (rows, per_row) = (weight.as_chunks::<WIDE>().0, outputs / WIDE);
        let bits = |row: &[f32; WIDE]| row.map(f32::to_bits);
        let exact = isa.reads_f16()
            && rows
                .iter()
                .all(|row| bits(row) == bits(&widen(&narrow(row))));
        let panels = match exact {
            true => Panels::F16(in_panels(rows, per_row, narrow)),
            false => Panels::F32(in_panels(rows, per_row, |row| *row)),
        };
        Self {
            isa,
            inputs,
            outputs,
            panels,
            bias,
        }
    }

    /// `x [rows, inputs]`, `out [rows, outputs]`; `buffer` holds at least `rows * outputs` numbers.
    pub(crate) fn forward(
        &self,
        x: &[f32],
        rows: usize,
        then: Then,
        out: &mut [f32],
        buffer: &mut [[f32; WIDE]],
    ) {
        // [outputs / 64, rows, 64]: a panel's results in one piece, so that threads can share them out.
        let buffer = &mut buffer[..rows * self.outputs / WIDE];
        if is_worth_threads(self.inputs * self.outputs * rows.div_ceil(ROWS)) {
            buffer
                .par_chunks_mut(rows)
                .enumerate()
                .for_each(|(panel, sums)| self.panel(panel, x, sums, then));
        } else {
            for (panel, sums) in buffer.chunks_mut(rows).enumerate() {
                self.panel(panel, x, sums, then);
            }
        }
        for (panel, sums) in buffer.chunks(rows).enumerate() {
            for (row, sums) in sums.iter().enumerate() {
                let out = &mut out[row * self.outputs + panel * WIDE..][..WIDE];
                match then {
                    Then::Store | Then::Gelu => out.copy_from_slice(sums),
                    Then::Add => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                }
            }
        }
    }

    /// All rows of one panel.
    fn panel(&self, panel: usize, x: &[f32], sums: &mut [[f32; WIDE]], then: Then) {
        let bias = &self.bias[panel * WIDE..][..WIDE];
        let weights = panel * self.inputs..(panel + 1) * self.inputs;
        for (block, sums) in sums.chunks_mut(ROWS).enumerate() {
            sums.iter_mut().for_each(|sums| sums.copy_from_slice(bias));
            let x = &x[block * ROWS * self.inputs..][..sums.len() * self.inputs];
            match &self.panels {
                Panels::F32(panels) => self.block(&panels[weights.clone()], x, sums),
                Panels::F16(panels) => self.block(&panels[weights.clone()], x, sums),
            }
            if let Then::Gelu = then {
                sums.iter_mut().for_each(|sums| self.isa.gelu(sums));
            }
        }
    }

    /// Up to [`ROWS`] rows of one panel.
    fn block<W: Weight>(&self, weights: &[[W; WIDE]], x: &[f32], sums: &mut [[f32; WIDE]]) {
        let row = |row: usize| &x[row * self.inputs..][..self.inputs];
        match sums {
            [a] => self.isa.panel([row(0)], weights, [a]),
            [a, b] => self.isa.panel([row(0), row(1)], weights, [a, b]),
            [a, b, c] => self.isa.panel([row(0), row(1), row(2)], weights, [a, b, c]),
            [a, b, c, d] => self
                .isa
                .panel([row(0), row(1), row(2), row(3)], weights, [a, b, c, d]),
            _ => debug_assert!(false, "a block has 1 to {ROWS} rows, not {}", sums.len()),
        }
    }
}

/// `rows [inputs, panels, 64]` to `[panels, inputs, 64]`.
fn in_panels<W>(
    rows: &[[f32; WIDE]],
    panels: usize,
    store: impl Fn(&[f32; WIDE]) -> [W; WIDE],
) -> Vec<[W; WIDE]> {
    let mut stored = Vec::with_capacity(rows.len());
    for panel in 0..panels {
        stored.extend(rows.iter().skip(panel).step_by(panels).map(&store));
    }
    stored
}

fn narrow(row: &[f32; WIDE]) -> [f16; WIDE] {
    let mut narrow = [f16::ZERO; WIDE];
    narrow.convert_from_f32_slice(row);
    narrow
}

fn widen(row: &[f16; WIDE]) -> [f32; WIDE] {
    let mut wide = [0.0; WIDE];
    row.convert_to_f32_slice(&mut wide);
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let number = |index| (crate::uniform(seed, index, 0) * 2.0 - 1.0) as f32;
        (0..count as u64).map(number).collect()
    }

    /// Large enough that many rows are shared out among threads and one row is not.
    const INPUTS: usize = 384;
    const OUTPUTS: usize = 640;

    fn forward(linear: &Linear, x: &[f32], then: Then) -> Vec<f32> {
        let rows = x.len() / INPUTS;
        let mut out = vec![0.5; rows * OUTPUTS];
        let mut buffer = vec![[f32::NAN; WIDE]; rows * OUTPUTS / WIDE];
        linear.forward(x, rows, then, &mut out, &mut buffer);
        out
    }

    #[test]
    fn a_row_has_the_same_bits_alone_and_among_any_number_of_others() {
        let x = numbers(40 * INPUTS, 1);
        let f32_weights = numbers(INPUTS * OUTPUTS, 2);
        let f16_weights: Vec<f32> = f32_weights
            .iter()
            .map(|w| f16::from_f32(*w).to_f32())
            .collect();
        for (weights, is_f16) in [(&f32_weights, false), (&f16_weights, true)] {
            for isa in Isa::all() {
                let linear = Linear::new(isa, weights, numbers(OUTPUTS, 3));
                assert_eq!(
                    matches!(linear.panels, Panels::F16(_)),
                    is_f16 && isa.reads_f16()
                );
                for then in [Then::Store, Then::Gelu, Then::Add] {
                    let alone: Vec<f32> = x
                        .chunks(INPUTS)
                        .flat_map(|x| forward(&linear, x, then))
                        .collect();
                    for rows in [2, 3, 4, 5, 7, 8, 40] {
                        let together = forward(&linear, &x[..rows * INPUTS], then);
                        assert!(together == alone[..rows * OUTPUTS], "{isa:?}, {rows} rows");
                    }
                }
            }
        }
    }

    #[test]
    fn f16_weights_give_the_same_bits_as_the_f32_weights_they_stand_for() {
        let weights: Vec<f32> = numbers(INPUTS * OUTPUTS, 2)
            .iter()
            .map(|w| f16::from_f32(*w).to_f32())
            .collect();
        let mut f32_weights = weights.clone();
        // One weight that is no f16 keeps the whole matrix f32; it is in the last column.
        f32_weights[INPUTS * OUTPUTS - 1] = 1.0 / 3.0;
        let x = numbers(3 * INPUTS, 1);
        let outputs = |weights: &[f32]| {
            forward(
                &Linear::new(Isa::detect(), weights, vec![0.0; OUTPUTS]),
                &x,
                Then::Store,
            )
        };
        for (a, b) in outputs(&weights)
            .chunks(OUTPUTS)
            .zip(outputs(&f32_weights).chunks(OUTPUTS))
        {
            assert_eq!(a[..OUTPUTS - 1], b[..OUTPUTS - 1]);
            assert_ne!(a[OUTPUTS - 1], b[OUTPUTS - 1]);
        }
    }
}
