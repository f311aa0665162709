//! Whether a card computes what the processor computes: a driver that compiles wrongly, or memory that has gone bad,
//! would otherwise write garbage that looks like a bad model.

use super::Cuda;
use super::card::Card;
use super::kernels::{MOST_ROWS, ROWS};
use crate::step::Read;
use crate::weights::Weights;
use crate::{Config, Error, Format, Model, PATCH_SIZE, Pass, Patch, VOCAB};

/// Patches that the processor reads too.
const COMPARED: usize = 3;
/// Where the other rows stand: their contexts are read in two parts.
const FAR: usize = 270;

/// Compares a small model on the card with the same one on the processor, its weights in `format`; then what passes
/// of different numbers of rows make of the same rows, which must be the same bits.
///
/// # Errors
/// `device_wrong` if the first differ by more than rounding, or the second at all.
pub(crate) fn check(card: &Card, format: Format) -> Result<(), Error> {
    let config = Config {
        patch_length: FAR + MOST_ROWS,
        patch_num_layers: 1,
        char_num_layers: 1,
        // As Q4_K needs it.
        hidden_size: 256,
        ..Config::of_shape("demo").ok_or_else(|| Error::call("no shape to check with"))?
    };
    let patches: Vec<Patch> = (0..MOST_ROWS)
        .map(|patch| std::array::from_fn(|at| ((patch * 7 + at * 11) % VOCAB) as u8))
        .collect();
    let mut here = Model::random(config.clone(), 1, Some(format))?;
    let mut there = Cuda::new(
        card,
        &config,
        &mut Weights::random(&config)?,
        1,
        Some(format),
    )?;

    let expected = here.patch_hidden(&patches[..COMPARED], Pass::Whole)?;
    let found = there.patch_hidden(&patches[..COMPARED], COMPARED)?;
    judge(&found, &expected, format)?;
    let hidden = &expected[..config.hidden_size];
    let reads: Vec<Read> = (0..PATCH_SIZE)
        .map(|position| Read {
            row: 0,
            position,
            before: position.checked_sub(1).map(|before| patches[0][before]),
            is_kept: true,
        })
        .collect();
    let expected = here.char_logits(hidden, &patches[..1], Pass::Whole)?;
    let logits = there.char_logits(hidden, &reads)?;
    judge(&logits, &expected, format)?;

    // The first row of all passes is the same row.
    let mut first: Option<Vec<f32>> = None;
    for rows in ROWS {
        let places = patches[..rows].iter().enumerate();
        let places = places.map(|(row, patch)| (0, FAR + row, *patch));
        there.graphs.read_patches(places, false)?;
        let mut found = there.network.normed(rows)?;
        found.truncate(config.hidden_size);
        let again = there.char_logits(hidden, &reads[..rows])?;
        let is_same = again == logits[..again.len()] && first.is_none_or(|first| first == found);
        if !is_same {
            return Err(Error::device_wrong(format!(
                "the NVIDIA card gives a row other numbers among {rows} rows than alone, with {} weights",
                format.as_str()
            )));
        }
        first = Some(found);
    }
    Ok(())
}

/// They may be as far apart as rounding explains: quantised weights meet inputs that are rounded to 8 bits on the
/// processor, and not on the card.
fn judge(found: &[f32], expected: &[f32], format: Format) -> Result<(), Error> {
    let most = match format {
        Format::F32 => 1e-4,
        Format::F16 | Format::Bf16 => 4e-3,
        Format::Q8_0 | Format::Q4K => 4e-2,
    };
    let off = relative_difference(found, expected);
    // What is no number is not within it.
    if off <= most {
        return Ok(());
    }
    Err(Error::device_wrong(format!(
        "the NVIDIA card computes something else than the processor ({off:e} apart with {} weights, where rounding \
         explains {most:e}): its memory, its driver or its clock may be at fault",
        format.as_str()
    )))
}

/// Root of the mean square of the differences, over that of what is expected.
fn relative_difference(found: &[f32], expected: &[f32]) -> f32 {
    let squares = |of: &mut dyn Iterator<Item = f32>| of.map(|x| x * x).sum::<f32>();
    let off = squares(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    (off / squares(&mut expected.iter().copied())).sqrt()
}
