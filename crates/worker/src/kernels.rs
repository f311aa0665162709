//! How long the kernels of a pass take on an NVIDIA card.

use jobs::Dtype;
use notagen::{Card, Config};

pub use notagen::{KernelTime, PassTime};

use crate::load::told;
use crate::model::format;

/// Times the kernels of passes of so many rows for random weights of a shape: of a pass of the patch decoder, then
/// of the character decoder. With the card's name.
///
/// # Errors
/// Those of the card, and of a shape that does not exist.
pub fn kernel_times(
    card: u32,
    shape: &str,
    dtype: Option<Dtype>,
    rows: usize,
    rounds: usize,
) -> Result<(String, [PassTime; 2]), jobs::WorkerError> {
    let config = Config::of_shape(shape).ok_or_else(|| jobs::WorkerError {
        code: "invalid_request".into(),
        message: format!("there is no shape {shape:?}"),
    })?;
    let found = Card::open(card as usize).and_then(|card| {
        let times = notagen::kernel_times(&card, &config, dtype.map(format), rows, rounds)?;
        Ok((card.info().name.clone(), times))
    });
    found.map_err(|error| told(&error))
}
