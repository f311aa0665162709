//! How close what is written as NotaGen's text is to the text that a score came from:
//! `cargo run --release -p score --example interleaved_corpus CORPUS [SHOWN]`, where CORPUS has a JSON object
//! with the fields `id` and `abc` in each line, compressed with gzip. Prints how many lines come back byte for
//! byte, and of the others the first SHOWN.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Read;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let shown: usize = args.next().map_or(0, |n| n.parse().unwrap());
    let mut rows = String::new();
    let file = std::fs::File::open(&path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut rows)
        .unwrap();
    let (mut lines, mut same, mut header, mut same_header, mut printed) = (0, 0, 0, 0, 0);
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let text = row["abc"].as_str().unwrap();
        let written = score::write_interleaved(&score::parse_abc(text).0);
        let music = |line: &&str| line.starts_with('[');
        let (old, new): (Vec<&str>, Vec<&str>) = (
            text.lines().filter(music).collect(),
            written.lines().filter(music).collect(),
        );
        if old.len() != new.len() {
            println!("{}: {} lines became {}", row["id"], old.len(), new.len());
        }
        for (i, line) in old.iter().enumerate() {
            lines += 1;
            let again = new
                .get(i)
                .and_then(|line| line.split_once(']'))
                .map_or("", |(_, l)| l);
            if again == *line {
                same += 1;
            } else if printed < shown {
                printed += 1;
                println!("{} {i}\n  {line}\n  {again}", row["id"]);
            }
        }
        let (old, new) = (
            text.lines().filter(|l| !l.is_empty() && !music(l)),
            written.lines().filter(|l| !music(l)),
        );
        let new: Vec<&str> = new.collect();
        for (i, line) in old.enumerate() {
            header += 1;
            if new.get(i) == Some(&line) {
                same_header += 1;
            } else if printed < shown {
                printed += 1;
                println!("{}\n  {line}\n  {}", row["id"], new.get(i).unwrap_or(&""));
            }
        }
    }
    println!("{same} of {lines} lines of music, {same_header} of {header} lines of headers");
}
