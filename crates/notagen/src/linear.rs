//! A linear layer, its weights in panels of 64 columns.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use rayon::prelude::*;

use crate::kernels::blocks::{BLOCK, Q4K, Q8, Rounded};
use crate::kernels::{Isa, ROWS, WIDE, Weight};
use crate::threads::is_worth_threads;
use crate::weights::Weights;
use crate::{Error, Format};

/// Inputs of a panel that all rows take before the next: they fit into a core's first cache.
const AT_ONCE: usize = 128;

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
    F16(Vec<[f16; WIDE]>),
    Bf16(Vec<[bf16; WIDE]>),
    /// `[outputs / 64, inputs / 32]`
    Q8(Vec<Q8>),
    /// `[outputs / 64, inputs / 256]`
    Q4K(Vec<Q4K>),
}

/// What [`Linear::forward`] needs beside its input and output.
pub(crate) struct Buffer {
    sums: Vec<[f32; WIDE]>,
    rounded: Vec<Rounded>,
}

impl Buffer {
    /// Bytes of such a buffer.
    pub(crate) fn bytes(rows: usize, width: usize) -> usize {
        rows * width * size_of::<f32>() + rows * width / BLOCK * size_of::<Rounded>()
    }

    /// For up to `rows` rows of up to `width` numbers, in or out.
    pub(crate) fn new(rows: usize, width: usize) -> Self {
        Self {
            sums: vec![[0.0; WIDE]; rows * width / WIDE],
            rounded: vec![Rounded::ZERO; rows * width / BLOCK],
        }
    }
}

/// Bytes of such a matrix in this format.
pub(crate) fn stored_bytes(inputs: usize, outputs: usize, format: Format) -> usize {
    let panels = outputs / WIDE;
    match format.of_matrix(inputs) {
        Format::F32 => inputs * outputs * size_of::<f32>(),
        Format::F16 | Format::Bf16 => inputs * outputs * size_of::<f16>(),
        Format::Q8_0 => panels * (inputs / BLOCK) * size_of::<Q8>(),
        Format::Q4K => panels * (inputs / Q4K::INPUTS) * size_of::<Q4K>(),
    }
}

impl Linear {
    /// The layer `name` of a weight file. A matrix that lies there in panels is taken as it is.
    pub(crate) fn read(
        weights: &mut Weights,
        name: &str,
        isa: Isa,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let bias = weights.read(&format!("{name}.bias"))?;
        let weight = format!("{name}.weight");
        let Some((format, inputs)) = weights.panels_of(&weight) else {
            return Self::new(isa, &weights.read(&weight)?, bias, format);
        };
        let panels = match format {
            Format::Q4K => Panels::Q4K(weights.read_panels(&weight)?),
            _ => Panels::Q8(weights.read_panels(&weight)?),
        };
        Ok(Self {
            isa,
            inputs,
            outputs: bias.len(),
            panels,
            bias,
        })
    }

    /// From `weight [inputs, outputs]`, row-major, and `bias [outputs]`; both sizes are multiples of 64.
    ///
    /// Without a format, the smallest that holds every weight as it is: the time of a step is the
    /// time to read the weights.
    ///
    /// # Errors
    /// Those of quantising.
    pub(crate) fn new(
        isa: Isa,
        weight: &[f32],
        bias: Vec<f32>,
        format: Option<Format>,
    ) -> Result<Self, Error> {
        let (inputs, outputs) = (weight.len() / bias.len(), bias.len());
        debug_assert_eq!((outputs % WIDE, weight.len()), (0, inputs * outputs));
        let (rows, per_row) = (weight.as_chunks::<WIDE>().0, outputs / WIDE);
        let format = format.unwrap_or_else(|| exact(isa.reads_f16(), rows));
        let panels = match format.of_matrix(inputs) {
            Format::F32 => Panels::F32(in_panels(rows, per_row, |row| *row)),
            Format::F16 => Panels::F16(in_panels(rows, per_row, narrow)),
            Format::Bf16 => Panels::Bf16(in_panels(rows, per_row, narrow)),
            Format::Q8_0 => Panels::Q8(Q8::in_panels(rows, per_row)),
            Format::Q4K => Panels::Q4K(Q4K::in_panels(rows, per_row)?),
        };
        Ok(Self {
            isa,
            inputs,
            outputs,
            panels,
            bias,
        })
    }

    /// Bytes of the weights.
    pub(crate) fn bytes(&self) -> usize {
        match &self.panels {
            Panels::F32(panels) => size_of_val(&panels[..]),
            Panels::F16(panels) => size_of_val(&panels[..]),
            Panels::Bf16(panels) => size_of_val(&panels[..]),
            Panels::Q8(panels) => size_of_val(&panels[..]),
            Panels::Q4K(panels) => size_of_val(&panels[..]),
        }
    }

    /// `x [rows, inputs]`, `out [rows, outputs]`; the buffer is for at least so many.
    pub(crate) fn forward(
        &self,
        x: &[f32],
        rows: usize,
        then: Then,
        out: &mut [f32],
        buffer: &mut Buffer,
    ) {
        let Buffer { sums, rounded } = buffer;
        let x = &x[..rows * self.inputs];
        let rounded = &mut rounded[..x.len() / BLOCK];
        if let Panels::Q8(_) | Panels::Q4K(_) = self.panels {
            self.isa.round(x, rounded);
        }
        // [outputs / 64, rows, 64]: a panel's results in one piece, so that threads can share them out.
        let sums = &mut sums[..rows * self.outputs / WIDE];
        if is_worth_threads(self.inputs * self.outputs * rows.div_ceil(ROWS)) {
            sums.par_chunks_mut(rows)
                .enumerate()
                .for_each(|(panel, sums)| self.panel(panel, x, rounded, sums, then));
        } else {
            for (panel, sums) in sums.chunks_mut(rows).enumerate() {
                self.panel(panel, x, rounded, sums, then);
            }
        }
        for (panel, sums) in sums.chunks(rows).enumerate() {
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
    fn panel(
        &self,
        panel: usize,
        x: &[f32],
        rounded: &[Rounded],
        sums: &mut [[f32; WIDE]],
        then: Then,
    ) {
        let bias = &self.bias[panel * WIDE..][..WIDE];
        sums.iter_mut().for_each(|sums| sums.copy_from_slice(bias));
        match &self.panels {
            Panels::F32(panels) => self.plain(self.nth(panels, panel), x, sums),
            Panels::F16(panels) => self.plain(self.nth(panels, panel), x, sums),
            Panels::Bf16(panels) => self.plain(self.nth(panels, panel), x, sums),
            Panels::Q8(panels) => self.isa.blocks(rounded, self.nth(panels, panel), sums),
            Panels::Q4K(panels) => self.isa.blocks(rounded, self.nth(panels, panel), sums),
        }
        if let Then::Gelu = then {
            sums.iter_mut().for_each(|sums| self.isa.gelu(sums));
        }
    }

    /// What belongs to one panel.
    fn nth<'a, W>(&self, panels: &'a [W], panel: usize) -> &'a [W] {
        let each = panels.len() * WIDE / self.outputs;
        &panels[panel * each..][..each]
    }

    /// Weights are read from memory once: what some rows have read, the next find in the cache.
    fn plain<W: Weight>(&self, weights: &[[W; WIDE]], x: &[f32], sums: &mut [[f32; WIDE]]) {
        for (part, weights) in weights.chunks(AT_ONCE).enumerate() {
            let row = |row: usize| &x[row * self.inputs + part * AT_ONCE..][..weights.len()];
            for (block, sums) in sums.chunks_mut(ROWS).enumerate() {
                let x = |nth: usize| row(block * ROWS + nth);
                match sums {
                    [a] => self.isa.panel([x(0)], weights, [a]),
                    [a, b] => self.isa.panel([x(0), x(1)], weights, [a, b]),
                    [a, b, c] => self.isa.panel([x(0), x(1), x(2)], weights, [a, b, c]),
                    [a, b, c, d] => {
                        let x = [x(0), x(1), x(2), x(3)];
                        self.isa.panel(x, weights, [a, b, c, d]);
                    }
                    _ => debug_assert!(false, "1 to {ROWS} rows, not {}", sums.len()),
                }
            }
        }
    }
}

/// The smallest format that has every one of these weights; f16 only where it is read fast.
pub(crate) fn exact(reads_f16: bool, rows: &[[f32; WIDE]]) -> Format {
    fn holds<H: Copy + Default>(rows: &[[f32; WIDE]]) -> bool
    where
        [H]: HalfFloatSliceExt,
    {
        let bits = |row: &[f32; WIDE]| row.map(f32::to_bits);
        rows.iter()
            .all(|row| bits(row) == bits(&widen(&narrow::<H>(row))))
    }
    match reads_f16 {
        true if holds::<f16>(rows) => Format::F16,
        _ if holds::<bf16>(rows) => Format::Bf16,
        _ => Format::F32,
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

fn narrow<H: Default + Copy>(row: &[f32; WIDE]) -> [H; WIDE]
where
    [H]: HalfFloatSliceExt,
{
    let mut narrow = [H::default(); WIDE];
    narrow.convert_from_f32_slice(row);
    narrow
}

fn widen<H>(row: &[H; WIDE]) -> [f32; WIDE]
where
    [H]: HalfFloatSliceExt,
{
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
        let mut buffer = Buffer::new(rows, OUTPUTS);
        linear.forward(x, rows, then, &mut out, &mut buffer);
        out
    }

    #[test]
    fn a_row_has_the_same_bits_alone_and_among_any_number_of_others() {
        let x = numbers(40 * INPUTS, 1);
        let weights = numbers(INPUTS * OUTPUTS, 2);
        for format in Format::ALL {
            for isa in Isa::all() {
                let bias = numbers(OUTPUTS, 3);
                let linear = Linear::new(isa, &weights, bias, Some(format)).unwrap();
                for then in [Then::Store, Then::Gelu, Then::Add] {
                    let alone: Vec<f32> = x
                        .chunks(INPUTS)
                        .flat_map(|x| forward(&linear, x, then))
                        .collect();
                    for rows in [2, 3, 4, 5, 7, 8, 40] {
                        let together = forward(&linear, &x[..rows * INPUTS], then);
                        let is_same = together == alone[..rows * OUTPUTS];
                        assert!(is_same, "{format:?}, {isa:?}, {rows} rows");
                    }
                }
            }
        }
    }

    #[test]
    fn an_instruction_set_changes_no_bit() {
        let x = numbers(3 * INPUTS, 1);
        let weights = numbers(INPUTS * OUTPUTS, 2);
        for format in Format::ALL {
            let all: Vec<Vec<f32>> = Isa::all()
                .filter(|isa| isa.reads_f16() || cfg!(target_arch = "aarch64"))
                .map(|isa| {
                    let bias = numbers(OUTPUTS, 3);
                    let linear = Linear::new(isa, &weights, bias, Some(format)).unwrap();
                    forward(&linear, &x, Then::Store)
                })
                .collect();
            assert!(all.iter().all(|one| *one == all[0]), "{format:?}");
        }
    }

    #[test]
    fn a_smaller_format_is_off_by_as_much_as_it_rounds() {
        let x = numbers(INPUTS, 1);
        let weights = numbers(INPUTS * OUTPUTS, 2);
        let with = |format| {
            let bias = vec![0.0; OUTPUTS];
            let linear = Linear::new(Isa::detect(), &weights, bias, Some(format)).unwrap();
            forward(&linear, &x, Then::Store)
        };
        let exact = with(Format::F32);
        let size = exact.iter().map(|y| y * y).sum::<f32>();
        let mut errors = Format::ALL.map(|format| {
            let off = with(format)
                .iter()
                .zip(&exact)
                .map(|(a, b)| (a - b) * (a - b))
                .sum::<f32>();
            (off / size).sqrt()
        });
        // Of numbers spread evenly: steps of 2^-11, 2^-8, 1/127 of the largest (inputs too) and 2/15.
        for (error, bound) in errors.iter().zip([0.0, 3e-4, 2e-3, 8e-3, 8e-2]) {
            assert!(*error <= bound, "{errors:?}");
        }
        let sorted = errors;
        errors.sort_by(f32::total_cmp);
        assert_eq!(errors, sorted);
    }

    #[test]
    fn without_a_format_weights_are_kept_as_they_are_in_as_little_as_that_takes() {
        let weights = numbers(INPUTS * OUTPUTS, 2);
        let rounded = |round: fn(f32) -> f32| weights.iter().map(|w| round(*w)).collect();
        let f16s: Vec<f32> = rounded(|w| f16::from_f32(w).to_f32());
        let bf16s: Vec<f32> = rounded(|w| bf16::from_f32(w).to_f32());
        // One weight that is no f16 keeps the whole matrix f32.
        let mut mixed = f16s.clone();
        mixed[INPUTS * OUTPUTS - 1] = 1.0 / 3.0;
        let x = numbers(3 * INPUTS, 1);
        let of_f16s = match Isa::detect().reads_f16() {
            true => Format::F16,
            false => Format::F32,
        };
        for (weights, format) in [
            (&f16s, of_f16s),
            (&bf16s, Format::Bf16),
            (&mixed, Format::F32),
        ] {
            let reads_f16 = Isa::detect().reads_f16();
            assert_eq!(exact(reads_f16, weights.as_chunks().0), format);
            let output = |format| {
                let bias = vec![0.0; OUTPUTS];
                let linear = Linear::new(Isa::detect(), weights, bias, format).unwrap();
                forward(&linear, &x, Then::Store)
            };
            assert!(output(None) == output(Some(Format::F32)), "{format:?}");
        }
    }
}
