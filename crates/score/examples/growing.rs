//! What a bar costs while a piece grows: `cargo run --release -p score --example growing CORPUS`, where CORPUS
//! has a JSON object with the fields `id` and `abc` in each line, compressed with gzip.
//!
//! 2,000 bars are pushed one by one, the music of a quartet over and over; then a quartet of 318 bars,
//! against reading it as a whole. Of each time the shortest of several rounds is taken.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use score::{GrowingScore, parse_abc};

const BARS: usize = 2_000;
const ROUNDS: usize = 9;

fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut rows = String::new();
    let file = std::fs::File::open(&path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut rows)
        .unwrap();
    let quartets = rows.lines().map(|row| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("id"), text("abc"))
    });
    let bars = |text: &str| text.lines().filter(|line| line.starts_with('[')).count();
    let (id, text) = quartets
        .filter(|(id, _)| id.starts_with("sq"))
        .min_by_key(|(_, text)| bars(text).abs_diff(318))
        .unwrap();

    let (header, music): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| !l.starts_with('['));
    let header: String = header.iter().flat_map(|line| [line, "\n"]).collect();
    let lines: Vec<String> = music
        .iter()
        .cycle()
        .take(BARS)
        .enumerate()
        .map(|(i, line)| format!("[r:{i}/{}]{line}\n", BARS - 1 - i))
        .collect();
    let mut shortest = vec![Duration::MAX; BARS];
    for _ in 0..ROUNDS {
        let mut growing = GrowingScore::new();
        growing.push(&header);
        for (line, shortest) in lines.iter().zip(&mut shortest) {
            let start = Instant::now();
            black_box(growing.push(line));
            *shortest = start.elapsed().min(*shortest);
        }
        assert_eq!(growing.score().bar_count(), BARS);
    }
    let mean = |times: &[Duration]| {
        times.iter().sum::<Duration>().as_secs_f64() * 1e6 / times.len() as f64
    };
    let (first, last) = (mean(&shortest[..100]), mean(&shortest[BARS - 100..]));
    println!(
        "a bar of {BARS}: {:.1} us, the first 100 {first:.1} us, the last 100 {last:.1} us",
        mean(&shortest)
    );

    let (mut whole, mut grown) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(parse_abc(&text));
        whole = start.elapsed().min(whole);
        let start = Instant::now();
        let mut growing = GrowingScore::new();
        for line in text.split_inclusive('\n') {
            black_box(growing.push(line));
        }
        black_box(growing.finish());
        grown = start.elapsed().min(grown);
    }
    println!(
        "{id}, {} bars: {:.2} ms as a whole, {:.2} ms bar by bar",
        bars(&text),
        whole.as_secs_f64() * 1e3,
        grown.as_secs_f64() * 1e3
    );
}
