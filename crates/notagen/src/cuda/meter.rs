//! How long each kernel takes: launched one by one, with the card's clock read before and after.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cudarc::driver::CudaEvent;
use cudarc::driver::sys::CUevent_flags;

use super::Cuda;
use super::card::{Card, device_error};
use super::kernels::{ROWS, pass_for};
use crate::limits::HEAD;
use crate::weights::Weights;
use crate::{Config, Error, Format, PATCH_SIZE};

/// What a kernel does in a pass.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// Its name, and for a linear layer its inputs and outputs.
    pub kernel: String,
    /// Times that it is launched in a pass.
    pub launches: u32,
    /// How long one launch takes, the median, in microseconds.
    pub microseconds: f64,
    /// What one launch reads of weights or contexts, in bytes.
    pub bytes: u64,
}

/// A pass of one of the decoders.
#[derive(Clone, Debug, PartialEq)]
pub struct PassTime {
    /// Rows that go through it together.
    pub rows: usize,
    /// Its kernels, those first that take most.
    pub kernels: Vec<KernelTime>,
    /// How long it takes replayed as a graph, as it is when pieces are written; with what the host waits for. The
    /// median, in microseconds.
    pub replayed: f64,
}

/// Passes that keep the card busy for longer than it takes to launch some hundred kernels.
const BUSY: usize = 20;

/// A launch and the moments around it.
pub(super) struct Mark {
    name: String,
    bytes: u64,
    from: CudaEvent,
    to: CudaEvent,
}

/// Takes marks as long as there is one.
pub(super) type Meter = Arc<Mutex<Vec<Mark>>>;

/// Runs `launch` between two marks, if there is a meter.
pub(super) fn metered(
    card: &Card,
    meter: Option<&Meter>,
    what: impl FnOnce() -> (String, u64),
    launch: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(meter) = meter else {
        return launch();
    };
    let now = || {
        let flags = Some(CUevent_flags::CU_EVENT_DEFAULT);
        card.stream.record_event(flags).map_err(device_error)
    };
    let from = now()?;
    launch()?;
    let to = now()?;
    let (name, bytes) = what();
    let mark = Mark {
        name,
        bytes,
        from,
        to,
    };
    meter
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(mark);
    Ok(())
}

/// Times the kernels of a pass of the patch decoder, half its context read, and of one of the character decoder,
/// for a model with random weights.
///
/// # Errors
/// Those of loading it.
pub fn kernel_times(
    card: &Card,
    config: &Config,
    format: Option<Format>,
    rows: usize,
    rounds: usize,
) -> Result<[PassTime; 2], Error> {
    let mut weights = Weights::random(config)?;
    let mut cuda = Cuda::new(card, config, &mut weights, rows, format)?;
    let position = config.patch_length / 2;
    let heads = config.hidden_size / HEAD;
    // Keys and values of a row's positions.
    let context = |positions: usize| {
        let number = if cuda.is_f16() { 2 } else { 4 };
        (ROWS[pass_for(rows)] * positions * 2 * heads * HEAD * number) as u64
    };
    let contexts = [context(position + 1), context(PATCH_SIZE / 2 + 1)];
    let mut times = Vec::new();
    for (is_patches, context) in [(true, contexts[0]), (false, contexts[1])] {
        let mut replayed = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            cuda.read_for_timing(is_patches, rows, position)?;
            replayed.push(start.elapsed().as_secs_f64() * 1e6);
        }
        // While the card is busy with these, the host gets ahead of it: between two marks there is nothing then
        // but a kernel.
        cuda.graphs.replay(is_patches, rows, BUSY)?;
        let meter = Meter::default();
        cuda.network.set_meter(Some(Arc::clone(&meter)), context);
        for _ in 0..rounds {
            cuda.graphs.replay(is_patches, rows, 1)?;
            match is_patches {
                true => cuda.network.pass_of_patches(pass_for(rows), true)?,
                false => cuda.network.pass_of_characters(pass_for(rows), 0)?,
            }
        }
        cuda.network.set_meter(None, 0);
        card.stream.synchronize().map_err(device_error)?;
        let marks = std::mem::take(&mut *meter.lock().unwrap_or_else(PoisonError::into_inner));
        times.push(PassTime {
            rows: ROWS[pass_for(rows)],
            kernels: by_kernel(&marks, rounds)?,
            replayed: median(replayed),
        });
    }
    <[PassTime; 2]>::try_from(times).map_err(|_| Error::call("two passes"))
}

fn by_kernel(marks: &[Mark], rounds: usize) -> Result<Vec<KernelTime>, Error> {
    let mut all: BTreeMap<&str, (Vec<f64>, u64)> = BTreeMap::new();
    for mark in marks {
        let time = mark.from.elapsed_ms(&mark.to).map_err(device_error)?;
        let (times, bytes) = all.entry(&mark.name).or_default();
        times.push(f64::from(time) * 1e3);
        *bytes = mark.bytes;
    }
    let mut kernels: Vec<KernelTime> = all
        .into_iter()
        .map(|(kernel, (times, bytes))| KernelTime {
            kernel: kernel.to_owned(),
            launches: (times.len() / rounds.max(1)) as u32,
            microseconds: median(times),
            bytes,
        })
        .collect();
    let all_of = |kernel: &KernelTime| f64::from(kernel.launches) * kernel.microseconds;
    kernels.sort_by(|a, b| all_of(b).total_cmp(&all_of(a)));
    Ok(kernels)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
