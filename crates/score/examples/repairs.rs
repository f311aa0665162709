//! Which bars of a corpus are repaired, and whether their voices disagree: `cargo run --release -p score
//! --example repairs CORPUS`, where CORPUS has a JSON object with the fields `id` and `abc` in each line,
//! compressed with gzip. Prints the score, bar and voice of each repair with what was done, then the counts.
//! Fails if a bar was repaired in whose line all voices are equally long.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/score/raw_length.rs"]
mod raw_length;

use std::collections::BTreeSet;
use std::io::Read;
use std::process::ExitCode;

use score::Severity;

fn main() -> ExitCode {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut rows = String::new();
    let file = std::fs::File::open(&path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut rows)
        .unwrap();
    let (mut scores, mut bars, mut differing) = (0, 0, 0);
    let (mut repairs, mut repaired, mut other) = (0, 0, 0);
    let (mut repaired_scores, mut unfounded) = (0, 0);
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let (id, text) = (row["id"].as_str().unwrap(), row["abc"].as_str().unwrap());
        let disagree = raw_length::disagreements(text);
        scores += 1;
        bars += disagree.len();
        differing += disagree.iter().filter(|d| **d).count();
        let (_, findings) = score::parse_abc(text);
        let mut of_score = BTreeSet::new();
        for finding in findings.iter().filter(|f| f.severity != Severity::Note) {
            let bar = finding.bar.unwrap_or(0);
            let voice = finding.voice.map_or(String::new(), |v| v.to_string());
            println!("{id}\t{bar}\t{voice}\t{}", finding.message);
            if !raw_length::is_repair(&finding.message) {
                other += 1;
                continue;
            }
            repairs += 1;
            if !disagree[bar as usize - 1] {
                unfounded += 1;
                println!("{id}\t{bar}\t{voice}\tTHE VOICES AGREE");
            }
            of_score.insert(bar);
        }
        repaired_scores += usize::from(!of_score.is_empty());
        repaired += of_score.len();
    }
    println!("{bars} bars in {scores} scores; in {differing} bars the voices disagree");
    println!(
        "{repairs} repairs in {repaired} bars of {repaired_scores} scores; {other} other warnings"
    );
    println!("{unfounded} repairs where the voices agree");
    if unfounded == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
