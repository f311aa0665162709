//! Measuring: all slots write side by side, straight on the model, and nothing is kept.

use std::time::{Duration, Instant};

use engine::{Model, Patch, Row};
use jobs::{MeasureSpec, Measured};

const BOS: u8 = 1;
const EOS: u8 = 2;

/// Patches of the run that warms up: caches are touched, threads are awake.
const WARM_UP: u32 = 16;

/// One slot's piece.
struct Piece {
    seed: u64,
    input: Patch,
    /// Patches drawn.
    drawn: u32,
    /// Patches in the context, the input included.
    context: usize,
    /// The unfinished line.
    line: String,
    first_bar: Option<Duration>,
}

/// Runs as often as asked and tells of each run, as long as that `is_wanted`. `peak` is the most memory that was
/// taken so far.
pub(crate) fn measure<M: Model>(
    model: &mut M,
    slots: usize,
    spec: &MeasureSpec,
    peak: impl Fn(&M) -> u64,
    is_wanted: impl Fn() -> bool,
    mut tell: impl FnMut(Measured) -> anyhow::Result<()>,
) -> anyhow::Result<Result<(), M::Error>> {
    let patches = spec.patches.min(WARM_UP);
    let warm_up = MeasureSpec {
        patches,
        ..spec.clone()
    };
    if let Err(error) = run(model, slots, &warm_up, &is_wanted) {
        return Ok(Err(error));
    }
    for number in 0..spec.runs {
        match run(model, slots, spec, &is_wanted) {
            Ok(_) if !is_wanted() => break,
            Ok((latency, first_bar)) => tell(Measured {
                run: number,
                latency_ms: milliseconds(latency),
                first_bar_ms: first_bar.map(milliseconds),
                peak_bytes: peak(model),
            })?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How long all pieces took, and the mean of their first bars.
fn run<M: Model>(
    model: &mut M,
    slots: usize,
    spec: &MeasureSpec,
    is_wanted: &impl Fn() -> bool,
) -> Result<(Duration, Option<Duration>), M::Error> {
    let prompt = model.encode_prompt(&spec.style)?;
    let Some((&last, before)) = prompt.split_last() else {
        return Ok((Duration::ZERO, None));
    };
    let start = Instant::now();
    // As the engine does: read once, copied to the others.
    for slot in 0..slots {
        model.truncate(slot, 0);
    }
    model.prefill(0, before)?;
    for slot in 1..slots {
        model.fork(0, slot, before.len())?;
    }
    let mut pieces: Vec<Piece> = (0..slots as u64)
        .map(|slot| Piece {
            seed: spec.seed + slot,
            input: last,
            drawn: 0,
            context: prompt.len(),
            line: String::new(),
            first_bar: None,
        })
        .collect();
    for _ in 0..spec.patches {
        if !is_wanted() {
            break;
        }
        let rows: Vec<Row<'_>> = pieces
            .iter()
            .enumerate()
            .map(|(slot, piece)| Row {
                slot,
                input: piece.input,
                seed: piece.seed,
                patch_index: piece.drawn.into(),
                sampling: spec.sampling,
                forced: &[],
                opens_body: false,
                grammar: None,
            })
            .collect();
        let drawn = model.step(&rows)?;
        for (slot, (piece, patch)) in pieces.iter_mut().zip(drawn).enumerate() {
            piece.drawn += 1;
            piece.read(&patch, start);
            let is_over = patch.starts_with(&[BOS, EOS]);
            if is_over || piece.context >= model.patch_length() {
                // The next piece of the queue.
                piece.seed += slots as u64;
                piece.context = prompt.len();
                piece.input = last;
                model.truncate(slot, before.len());
            } else {
                piece.input = patch;
                piece.context += 1;
            }
        }
    }
    let latency = start.elapsed();
    let first: Vec<Duration> = pieces.iter().filter_map(|piece| piece.first_bar).collect();
    let count = u32::try_from(first.len()).unwrap_or(u32::MAX);
    let mean = (count > 0).then(|| first.iter().sum::<Duration>() / count);
    Ok((latency, mean))
}

impl Piece {
    /// Looks for the end of the first line with music.
    fn read(&mut self, patch: &Patch, start: Instant) {
        if self.first_bar.is_some() {
            return;
        }
        for &character in patch.iter().take_while(|&&c| c != EOS) {
            if character != b'\n' {
                self.line.push(char::from(character));
                continue;
            }
            if self.line.starts_with("[V:") || self.line.starts_with("[r:") {
                self.first_bar = Some(start.elapsed());
                return;
            }
            self.line.clear();
        }
    }
}
