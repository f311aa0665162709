use super::blocks::{BLOCK, Q4K, Q8, QUAD, QUADS};
use super::*;

/// Numbers in (-1, 1) that look random and are the same in every run.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count)
        .map(|index| (crate::uniform(seed, index as u64, 0) * 2.0 - 1.0) as f32)
        .collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn panel<const R: usize, W: Weight>(
    isa: Isa,
    x: &[Vec<f32>],
    weights: &[[W; WIDE]],
) -> Vec<Vec<f32>> {
    let mut sums = [[0.25; WIDE]; R];
    isa.panel(
        std::array::from_fn(|row| &x[row][..]),
        weights,
        sums.each_mut(),
    );
    sums.iter().map(|sums| sums.to_vec()).collect()
}

fn every_count<W: Weight>(weights: &[[W; WIDE]]) {
    let x: Vec<Vec<f32>> = (0..4).map(|row| numbers(weights.len(), row)).collect();
    // The definition: one accumulator a column, in order of k, fused.
    let defined: Vec<Vec<f32>> = x
        .iter()
        .map(|x| {
            let sum = |column| {
                x.iter()
                    .zip(weights)
                    .fold(0.25, |sum, (x, w): (&f32, &[W; WIDE])| {
                        x.mul_add(W::widen(w[column]), sum)
                    })
            };
            (0..WIDE).map(sum).collect()
        })
        .collect();
    for isa in Isa::all() {
        let found = [
            panel::<1, W>(isa, &x, weights),
            panel::<2, W>(isa, &x, weights),
            panel::<3, W>(isa, &x, weights),
            panel::<4, W>(isa, &x, weights),
        ];
        for rows in &found {
            for (row, found_row) in rows.iter().enumerate() {
                assert_eq!(
                    bits(found_row),
                    bits(&found[3][row]),
                    "{isa:?}: a row depends on its neighbours"
                );
                let fused = isa != Isa(Kind::Portable) || cfg!(target_arch = "aarch64");
                if fused {
                    assert_eq!(bits(found_row), bits(&defined[row]), "{isa:?}");
                }
                for (found, defined) in found_row.iter().zip(&defined[row]) {
                    assert!(
                        (found - defined).abs() < 1e-4,
                        "{isa:?}: {found} instead of {defined}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_panel_gives_the_same_bits_on_every_instruction_set_and_for_every_number_of_rows() {
    for inputs in [1, 7, 64, 333] {
        every_count(numbers(inputs * WIDE, 9).as_chunks::<WIDE>().0);
        let halves: Vec<[f16; WIDE]> = numbers(inputs * WIDE, 9)
            .as_chunks::<WIDE>()
            .0
            .iter()
            .map(|row| row.map(f16::from_f32))
            .collect();
        every_count(&halves);
    }
}

#[test]
fn norm_gelu_and_softmax_give_the_same_bits_on_every_instruction_set() {
    for count in [1, 15, 16, 17, 64, 200] {
        let x: Vec<f32> = numbers(count, 3).iter().map(|x| x * 9.0).collect();
        let (weight, bias) = (numbers(count, 4), numbers(count, 5));
        let all = |isa: Isa| {
            let mut normed = vec![0.0; count];
            isa.layer_norm(&x, &weight, &bias, &mut normed);
            let (mut gelu, mut softmax, mut logits) = (x.clone(), x.clone(), x.clone());
            isa.gelu(&mut gelu);
            isa.softmax(&mut softmax, 0.125);
            isa.softmax_of_logits(&mut logits);
            [normed, gelu, softmax, logits].map(|values| bits(&values))
        };
        let portable = all(Isa(Kind::Portable));
        for isa in Isa::all() {
            assert_eq!(all(isa), portable, "{isa:?}, {count} numbers");
        }
    }
}

#[test]
fn norm_gelu_and_softmax_are_what_their_formulas_say() {
    let isa = Isa::detect();
    let x: Vec<f32> = (0..4000).map(|step| (step - 2000) as f32 / 100.0).collect();

    let mut found = x.clone();
    isa.gelu(&mut found);
    for (x, found) in x.iter().zip(&found) {
        let x = f64::from(*x);
        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
        let expected = 0.5 * x * (1.0 + u.tanh());
        assert!(
            (f64::from(*found) - expected).abs() <= 4e-7 * x.abs().max(1.0),
            "gelu({x}) = {found}"
        );
    }

    let total: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
    let mut softmax = [x.clone(), x.iter().map(|x| x * 8.0).collect()];
    isa.softmax_of_logits(&mut softmax[0]);
    isa.softmax(&mut softmax[1], 0.125);
    for softmax in &softmax {
        for (x, found) in x.iter().zip(softmax) {
            let expected = f64::from(*x).exp() / total;
            assert!(
                (f64::from(*found) - expected).abs() <= 5e-6 * expected,
                "softmax at {x}: {found}, {expected}"
            );
        }
    }

    let (weight, bias) = (numbers(x.len(), 1), numbers(x.len(), 2));
    let mut normed = x.clone();
    isa.layer_norm(&x, &weight, &bias, &mut normed);
    let count = x.len() as f64;
    let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let variance = x
        .iter()
        .map(|x| (f64::from(*x) - mean).powi(2))
        .sum::<f64>()
        / count;
    for index in 0..x.len() {
        let expected = (f64::from(x[index]) - mean) / (variance + 1e-5).sqrt()
            * f64::from(weight[index])
            + f64::from(bias[index]);
        assert!((f64::from(normed[index]) - expected).abs() < 1e-6);
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let isa = Isa::detect();
    for at in [0, 5, 20] {
        let mut x = numbers(24, 1);
        x[at] = f32::NAN;
        isa.gelu(&mut x);
        assert!(x[at].is_nan());
        isa.softmax(&mut x, 0.125);
        assert!(x[at].is_nan());
    }
}

#[test]
fn inputs_are_rounded_to_the_nearest_of_255_steps_of_a_block() {
    for isa in Isa::all() {
        let mut x = numbers(5 * BLOCK, 6);
        // All zero; too small for a step.
        x[BLOCK..2 * BLOCK].fill(0.0);
        x[2 * BLOCK..3 * BLOCK].fill(1e-38);
        x[4 * BLOCK + 7] = -3.0;
        let mut rounded = vec![Rounded::ZERO; 5];
        isa.round(&x, &mut rounded);
        for (x, rounded) in x.chunks(BLOCK).zip(&rounded) {
            let largest = x.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let numbers = rounded.numbers.as_flattened();
            for (x, number) in x.iter().zip(numbers) {
                let off = (x - rounded.scale * f32::from(*number)).abs();
                assert!(
                    off <= largest / 127.0 * 0.501 + 1e-30,
                    "{isa:?}: {x}, {rounded:?}"
                );
            }
            let total: i32 = numbers.iter().map(|number| i32::from(*number)).sum();
            assert_eq!(rounded.total, total, "{isa:?}");
        }
        assert_eq!(rounded[4].numbers.as_flattened()[7], -127);
        // What is no number, or infinite, is found in the end.
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[3 * BLOCK + 20] = bad;
            isa.round(&x, &mut rounded);
            assert!(!rounded[3].scale.is_finite(), "{isa:?}");
            assert!(rounded[4].scale.is_finite());
        }
    }
}

/// The largest and smallest numbers of all, which must not overflow what an instruction set adds them in.
#[test]
fn sums_of_whole_numbers_are_exact_on_every_instruction_set() {
    let mut q8 = Q8::in_panels(&[[0.0; WIDE]; BLOCK], 1);
    for (index, number) in q8[0]
        .numbers
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .enumerate()
    {
        *number = [-128, 127, -128, 0, 127, -127][index % 5 + usize::from(index % 64 < 9)];
    }
    q8[0].set_scales(1.0);
    let mut q4k = Q4K::in_panels(&[[0.0; WIDE]; Q4K::INPUTS], 1).unwrap();
    q4k[0]
        .numbers
        .as_flattened_mut()
        .as_flattened_mut()
        .fill(0xff);
    q4k[0].set_scales(1.0);
    for x in [[127; QUAD], [-127; QUAD], [-127, 127, 5, -127]] {
        let rounded = Rounded {
            scale: 1.0,
            total: 8 * x.iter().map(|x| i32::from(*x)).sum::<i32>(),
            numbers: [x; QUADS],
        };
        fn check<B: Blocks>(blocks: &[B], rounded: Rounded) {
            let x = vec![rounded; B::COUNT];
            for isa in Isa::all() {
                let mut sums = [[0.0; WIDE]];
                isa.blocks(&x, blocks, &mut sums);
                for (column, sum) in sums[0].iter().enumerate() {
                    let product = |quad: usize| -> i32 {
                        let (a, b) = (blocks[0].quad(quad, column), rounded.numbers[quad % QUADS]);
                        a.iter()
                            .zip(b)
                            .map(|(a, b)| i32::from(*a) * i32::from(b))
                            .sum()
                    };
                    let expected: i32 = (0..B::COUNT * QUADS).map(product).sum();
                    assert_eq!(*sum, expected as f32, "{isa:?}");
                }
            }
        }
        check(&q8, rounded);
        check(&q4k, rounded);
    }
}
