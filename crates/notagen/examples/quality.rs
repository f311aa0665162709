//! How much a format of the weights changes what a model would write: scores of the corpus are read character by
//! character, and the distribution of each next character compared with that of exact weights.
//!
//! ```text
//! cargo run --release -p notagen --example quality CORPUS [MODEL_FOLDER] [SCORES]
//! ```
//!
//! CORPUS has a JSON object with the fields `period`, `composer`, `instrumentation` and `abc` in each line,
//! compressed with gzip. Of each score the first 256 patches count.

use std::io::Read;
use std::path::PathBuf;

use notagen::patches::encode_training;
use notagen::{EOS, Format, Model, PATCH_SIZE, Pass, Patch, VOCAB};

const PATCHES: usize = 256;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let corpus = arguments.next().ok_or("which corpus?")?;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/partita-demo");
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| demo.to_owned()));
    let count: usize = arguments.next().map_or(Ok(50), |count| count.parse())?;
    let scores = scores(&corpus, count)?;

    let mut exact = Model::load(&folder, 1, Some(Format::F32))?;
    let expected: Vec<Vec<f64>> = scores
        .iter()
        .map(|score| log_probabilities(&mut exact, score))
        .collect::<Result<_>>()?;
    let characters: usize = expected.iter().map(|score| score.len() / VOCAB).sum();
    report(&format!(
        "{} scores, {characters} characters\nformat     KL, nats a character     worst score     worst character     same most likely",
        scores.len(),
    ));
    for format in Format::ALL {
        let mut model = Model::load(&folder, 1, Some(format))?;
        let (mut all, mut worst_score, mut worst, mut same) = (0.0, 0.0_f64, 0.0_f64, 0);
        for (score, expected) in scores.iter().zip(&expected) {
            let found = log_probabilities(&mut model, score)?;
            let mut sum = 0.0;
            for (p, q) in expected.chunks(VOCAB).zip(found.chunks(VOCAB)) {
                let divergence: f64 = p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum();
                sum += divergence;
                worst = worst.max(divergence);
                same += usize::from(most_likely(p) == most_likely(q));
            }
            worst_score = worst_score.max(sum / (expected.len() / VOCAB) as f64);
            all += sum;
        }
        report(&format!(
            "{:8}{:22.2e}{worst_score:16.2e}{worst:20.2e}{:19.2} %",
            format.as_str(),
            all / characters as f64,
            100.0 * same as f64 / characters as f64,
        ));
    }
    Ok(())
}

/// So many scores, spread over the corpus.
fn scores(corpus: &str, count: usize) -> Result<Vec<Vec<Patch>>> {
    let mut rows = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(corpus)?).read_to_string(&mut rows)?;
    let rows: Vec<&str> = rows.lines().collect();
    let every = (rows.len() / count.max(1)).max(1);
    rows.iter()
        .step_by(every)
        .take(count)
        .map(|row| {
            let row: serde_json::Value = serde_json::from_str(row)?;
            let field = |name: &str| row[name].as_str().ok_or("a score without a field");
            let style: String = ["period", "composer", "instrumentation"]
                .map(|name| Ok(format!("%{}\n", field(name)?)))
                .into_iter()
                .collect::<Result<_>>()?;
            let mut patches = encode_training(&(style + field("abc")?), usize::MAX)?;
            patches.truncate(PATCHES);
            Ok(patches)
        })
        .collect()
}

/// Natural logarithms, `[characters, 128]`: of every character of every patch but the first, given all before.
fn log_probabilities(model: &mut Model, score: &[Patch]) -> Result<Vec<f64>> {
    let hidden = model.patch_hidden(score, Pass::Whole)?;
    let hidden = &hidden[..hidden.len() - model.config().hidden_size];
    let logits = model.char_logits(hidden, &score[1..], Pass::Whole)?;
    let mut all = Vec::with_capacity(logits.len());
    for (patch, logits) in score[1..].iter().zip(logits.chunks(PATCH_SIZE * VOCAB)) {
        // The end of a patch is a character that the model writes; what fills it up is none.
        let end = patch.iter().position(|&c| c == EOS);
        let length = end.map_or(PATCH_SIZE, |end| end + 1);
        for logits in logits.chunks(VOCAB).take(length) {
            let largest = logits.iter().copied().fold(f32::MIN, f32::max);
            let below = |logit: &f32| f64::from(logit - largest);
            let total = logits.iter().map(|l| below(l).exp()).sum::<f64>().ln();
            all.extend(logits.iter().map(|logit| below(logit) - total));
        }
    }
    Ok(all)
}

fn most_likely(of: &[f64]) -> Option<usize> {
    (0..of.len()).max_by(|a, b| of[*a].total_cmp(&of[*b]))
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
