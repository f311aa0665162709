//! How long the guard takes for a character: `cargo run --release -p score --example guard_corpus CORPUS`,
//! where CORPUS has a JSON object with the field `abc` in each line, compressed with gzip.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use score::guard::Guard;

fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut rows = String::new();
    let file = std::fs::File::open(&path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut rows)
        .unwrap();
    let (mut accept, mut allowed, mut copy) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut characters = 0u32;
    for row in rows.lines().step_by(10) {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let text = row["abc"].as_str().unwrap();
        let body: Vec<&str> = text.lines().filter(|l| l.starts_with('[')).collect();
        let mut guard = Guard::without_patches();
        let mut read = |guard: &mut Guard, line: &str| {
            let mut copies = Vec::with_capacity(line.len());
            let start = Instant::now();
            let mut probe = guard.clone();
            for c in line.bytes() {
                if probe.accept(c).is_err() {
                    break;
                }
            }
            accept += start.elapsed();
            for c in line.bytes() {
                copies.push(guard.clone());
                if guard.accept(c).is_err() {
                    return false;
                }
            }
            let start = Instant::now();
            for copy in &copies {
                black_box(copy.allowed());
            }
            allowed += start.elapsed();
            let start = Instant::now();
            for one in &copies {
                black_box(one.clone());
            }
            copy += start.elapsed();
            characters += u32::try_from(line.len()).unwrap();
            true
        };
        let header = text.lines().take_while(|l| !l.starts_with('['));
        if !header
            .into_iter()
            .all(|line| read(&mut guard, &format!("{line}\n")))
        {
            continue;
        }
        for (i, line) in body.iter().enumerate() {
            if !read(
                &mut guard,
                &format!("[r:{i}/{}]{line}\n", body.len() - 1 - i),
            ) {
                break;
            }
        }
    }
    println!(
        "{characters} characters, {} bytes of state",
        size_of::<Guard>()
    );
    for (name, time) in [
        ("accept (with its allowed)", accept),
        ("allowed", allowed),
        ("clone", copy),
    ] {
        println!(
            "{name}: {:.0} ns",
            time.as_secs_f64() * 1e9 / f64::from(characters)
        );
    }
}
