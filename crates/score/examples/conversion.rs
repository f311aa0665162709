//! How long reading and writing scores takes, on one thread: `conversion FILE.abc ...`, each file to MusicXML.
//!
//! With `--corpus FILE.jsonl.gz [--every N] [--texts FOLDER]` the scores of a corpus in NotaGen's form, one
//! JSON object with `id` and `abc` a line; `--texts` writes those that were taken into a folder, for another
//! program to be timed on. Prints, for each step, seconds for all and the largest for one score.
#![allow(clippy::print_stdout, clippy::expect_used)]

use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1);
    let mut scores: Vec<(String, String)> = Vec::new();
    let (mut corpus, mut every, mut texts) = (None, 1, None::<PathBuf>);
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value after the option");
        match arg.as_str() {
            "--corpus" => corpus = Some(value()),
            "--every" => every = value().parse().expect("a number after --every"),
            "--texts" => texts = Some(value().into()),
            path => {
                let text = std::fs::read_to_string(path).expect("a readable file");
                scores.push((path.to_owned(), text));
            }
        }
    }
    if let Some(path) = corpus {
        let file = std::fs::File::open(path).expect("a readable corpus");
        let mut lines = String::new();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut lines)
            .expect("a corpus packed by gzip");
        for line in lines.lines().step_by(every) {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let field = |name: &str| row[name].as_str().expect("id and abc").to_owned();
            scores.push((field("id"), field("abc")));
        }
    }
    if let Some(folder) = texts {
        for (id, text) in &scores {
            std::fs::write(folder.join(format!("{id}.abc")), text).expect("a writable folder");
        }
    }

    let mut steps = [Step::new("read ABC"), Step::new("write MusicXML")];
    let (mut bars, mut notes, mut bytes) = (0, 0, 0);
    // Once to warm up, once to count.
    for counted in [false, true] {
        for (id, text) in &scores {
            let [read, write] = &mut steps;
            let (score, _) = read.time(id, counted, || score::parse_abc(text));
            let xml = write.time(id, counted, || score::write_musicxml(&score));
            if counted {
                bars += score.bar_count();
                notes += score.note_count();
                bytes += xml.len();
            }
        }
    }
    println!(
        "{} scores, {bars} bars, {notes} notes, {bytes} bytes of MusicXML",
        scores.len()
    );
    for step in &steps {
        step.print();
    }
    let all: Duration = steps.iter().map(|step| step.sum).sum();
    println!("both            {:8.3} s", all.as_secs_f64());
}

/// What one step of the conversion took.
struct Step {
    name: &'static str,
    sum: Duration,
    longest: (Duration, String),
}

impl Step {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            sum: Duration::ZERO,
            longest: (Duration::ZERO, String::new()),
        }
    }

    fn time<T>(&mut self, id: &str, counted: bool, step: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        if counted {
            self.sum += took;
            if took > self.longest.0 {
                self.longest = (took, id.to_owned());
            }
        }
        result
    }

    fn print(&self) {
        let (longest, id) = &self.longest;
        println!(
            "{:15} {:8.3} s, at most {:.1} ms ({id})",
            self.name,
            self.sum.as_secs_f64(),
            longest.as_secs_f64() * 1e3
        );
    }
}
