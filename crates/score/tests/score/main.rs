//! Everything the crate promises, over hand-written pieces, real scores, and noise.

// Helpers outside of test functions may fail a test too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod broken;
mod check;
mod compare;
mod constructs;
mod corpus;
mod excerpt;
mod foreign;
mod growing;
mod guard;
mod hostile;
mod hostile_mxl;
mod interleaved;
mod limits;
mod lyrics;
mod midi;
mod musicxml_trip;
mod notation;
mod oracle;
mod printed;
mod properties;
mod raw_length;
mod round_trip;
mod schema;
mod show;
mod standard;
mod tunes;
mod unroll;

use std::path::{Path, PathBuf};

/// How often a property is tried, and on what: the same texts on every run, so that a change is judged by what
/// it changes. `PROPTEST_RNG_SEED` draws others, `PROPTEST_CASES` more.
fn trials(cases: u32) -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    let asked = Config::default();
    Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => asked.cases,
            None => cases,
        },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        max_shrink_iters: 400,
        ..asked
    }
}

/// The pieces kept with the tests: name and text, by name.
fn pieces() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut pieces: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "abc"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    pieces.sort();
    assert!(!pieces.is_empty());
    pieces
}

/// A folder of the material shared between people who work on this, which is too large for the
/// repository: `$PARTITA_SHARED`, or beside the checkout.
fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PARTITA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(folder);
    if !path.is_dir() {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    text
}

/// Every how manyth score of the corpus is tested: all if the crate was built to be fast.
const EVERY: usize = if cfg!(debug_assertions) { 20 } else { 1 };

/// The scores of the shared corpus, id and text, or none where it is not there.
fn corpus_scores() -> Vec<(String, String)> {
    let Some(folder) = shared("corpus") else {
        return Vec::new();
    };
    gunzip(&folder.join("openscore-notagen.jsonl.gz"))
        .lines()
        .step_by(EVERY)
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| row[name].as_str().unwrap().to_owned();
            (field("id"), field("abc"))
        })
        .collect()
}
