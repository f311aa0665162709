//! How fast a model draws: patches per second over batch sizes.
//!
//! ```text
//! cargo run --release -p notagen --example patches_per_second [MODEL_FOLDER|SHAPE] [SECONDS] [FORMAT]
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant};

use notagen::{Config, Format, Model, Patch, Row, patches};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/partita-demo");
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| demo.to_owned()));
    let seconds: f64 = arguments
        .next()
        .map_or(Ok(3.0), |seconds| seconds.parse())?;

    let format = arguments.next();
    let format = format.and_then(|name| Format::ALL.into_iter().find(|f| f.as_str() == name));

    let start = Instant::now();
    let mut model = match folder.to_str().and_then(Config::of_shape) {
        Some(shape) => Model::random(shape, 8, format)?,
        None => Model::load(&folder, 8, format)?,
    };
    report(&format!(
        "loaded {} parameters in {:.2} s",
        model.parameters(),
        start.elapsed().as_secs_f64()
    ));

    model.set_drafting(std::env::var_os("NO_DRAFTS").is_none());
    let prompt = patches::encode_prompt("Romantic", "Schubert, Franz", "Art Song")?;
    let (last, before) = prompt.split_last().ok_or("an empty prompt")?;
    for batch in [1, 2, 4, 8] {
        let mut inputs: Vec<Patch> = vec![*last; batch];
        let (mut drawn, mut characters, mut index) = (0, 0, 0);
        let mut busy = Duration::ZERO;
        let passes = model.passes();
        (0..batch).for_each(|slot| model.clear(slot));
        while busy.as_secs_f64() < seconds {
            // Contexts of all lengths, as in a running studio.
            if index % (model.config().patch_length as u64 / 2) == 0 {
                for slot in 0..batch {
                    model.clear(slot);
                    model.prefill(slot, before)?;
                }
            }
            let rows: Vec<Row<'_>> = inputs
                .iter()
                .enumerate()
                .map(|(slot, input)| Row {
                    slot,
                    input: *input,
                    seed: slot as u64,
                    patch_index: index,
                    sampling: model.config().sampling,
                    forced: &[],
                    opens_body: index < 30,
                    mask: None,
                })
                .collect();
            let start = Instant::now();
            inputs = model.step(&rows)?;
            busy += start.elapsed();
            index += 1;
            drawn += batch;
            characters += inputs
                .iter()
                .map(|patch| patches::text_of(patch).len())
                .sum::<usize>();
        }
        let seconds = busy.as_secs_f64();
        report(&format!(
            "batch {batch}: {:6.1} patches/s, {:7.1} characters/s, {:.2} ms a step, {:.2} passes",
            drawn as f64 / seconds,
            characters as f64 / seconds,
            1e3 * seconds / index as f64,
            (model.passes() - passes) as f64 / index as f64,
        ));
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
