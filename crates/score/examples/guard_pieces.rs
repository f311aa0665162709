//! What pieces in the model's own text are like: how many bars had to be mended, how full they are, and what
//! stands in them. `cargo run --release -p score --example guard_pieces FOLDER...`, where each folder has
//! one piece in each of its files; a `.jsonl.gz` of scores with a field `abc` is read too, for comparison.
//! Prints a JSON object for each.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use score::{Barline, Fraction, Meter, Score, Severity, parse_abc};

#[derive(Default)]
struct Counts {
    pieces: u32,
    pieces_mended: u32,
    characters: usize,
    bars: u32,
    bars_mended: u32,
    /// Bars that are shorter or longer than their metre, and those of them that have no reason to be.
    bars_not_full: u32,
    bars_out: u32,
    /// Voices that a line has, not those that it leaves out.
    voices: u32,
    /// Those with nothing but rests.
    voices_silent: u32,
    notes: u32,
    rests: u32,
    time: f64,
    time_of_rests: f64,
    /// What takes no time: signs, words, fields, grace notes.
    timeless: u32,
    /// Four or more of these with no note or rest between them.
    runs: u32,
    /// How often a note (`n`) or a rest (`z`) is written with this length.
    lengths: BTreeMap<String, u32>,
    /// How many voices of a bar have so many notes.
    note_counts: BTreeMap<u32, u32>,
}

/// One voice of a line as it is written.
#[derive(Default)]
struct Items {
    notes: u32,
    rests: u32,
    timeless: u32,
    runs: u32,
    lengths: Vec<String>,
}

fn items(music: &str) -> Items {
    let mut items = Items::default();
    let mut run = 0;
    let mut rest = music;
    while let Some(c) = rest.chars().next() {
        let enclosed = |end: &str| {
            rest[1..]
                .find(end)
                .map_or(rest.len(), |at| at + 1 + end.len())
        };
        let is_field = rest.as_bytes().get(2) == Some(&b':');
        let (length, is_timeless, is_note) = match c {
            '!' => (enclosed("!"), true, false),
            '"' => (enclosed("\""), true, false),
            '{' => (enclosed("}"), true, false),
            '[' if is_field => (enclosed("]"), true, false),
            '[' => (enclosed("]"), false, true),
            '.' | 'T' | 'M' | 'P' | 'S' | 'O' | 'u' | 'v' => (1, true, false),
            'A'..='G' | 'a'..='g' => (1, false, true),
            _ => (c.len_utf8(), false, false),
        };
        let is_rest = matches!(c, 'z' | 'x');
        items.notes += u32::from(is_note);
        items.rests += u32::from(is_rest);
        items.timeless += u32::from(is_timeless);
        if is_note || is_rest {
            let after = rest[length.min(rest.len())..].trim_start_matches([',', '\'']);
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '/');
            let kind = if is_note { 'n' } else { 'z' };
            let written = format!("{kind}{}", &after[..end.unwrap_or(after.len())]);
            items.lengths.push(written);
        }
        run = match is_timeless {
            true => run + 1,
            false if is_note || is_rest => 0,
            false => run,
        };
        items.runs += u32::from(run == 4);
        rest = &rest[length.min(rest.len())..];
    }
    items
}

fn number(fraction: Fraction) -> f64 {
    fraction.num() as f64 / fraction.den() as f64
}

impl Counts {
    fn add(&mut self, text: &str) {
        let (score, findings) = parse_abc(text);
        let mended = findings.iter().filter(|f| f.severity != Severity::Note);
        let mut mended: Vec<Option<u32>> = mended.map(|f| f.bar).collect();
        self.pieces += 1;
        self.pieces_mended += u32::from(!mended.is_empty());
        mended.sort_unstable();
        mended.dedup();
        self.bars_mended += u32::try_from(mended.iter().flatten().count()).unwrap();
        self.characters += text.len();
        self.lengths(&score);
        for (line, bar) in text.lines().filter(|l| l.starts_with('[')).zip(&score.bars) {
            let length = number(bar.length);
            for voice in line.split("[V:").skip(1) {
                let items = items(voice.split_once(']').map_or("", |(_, music)| music));
                self.voices += 1;
                self.voices_silent += u32::from(items.notes == 0);
                self.notes += items.notes;
                self.rests += items.rests;
                self.timeless += items.timeless;
                self.runs += items.runs;
                *self.note_counts.entry(items.notes.min(24)).or_default() += 1;
                for written in items.lengths {
                    *self.lengths.entry(written).or_default() += 1;
                }
                self.time += length;
            }
            // A voice that the line leaves out is one rest, as long as the bar.
            let written = line.matches("[V:").count();
            let rests = bar.voices.iter().flat_map(|voice| voice.events());
            let rests: f64 = rests
                .filter(|event| event.notes().is_empty())
                .map(|event| number(event.duration))
                .sum();
            self.time_of_rests += rests - length * bar.voices.len().saturating_sub(written) as f64;
        }
    }

    fn lengths(&mut self, score: &Score) {
        let mut metre = Meter::Free;
        let mut before = None;
        for (index, bar) in score.bars.iter().enumerate() {
            let has_new_metre = bar.meter.is_some();
            metre = bar.meter.unwrap_or(metre);
            let full = metre.bar_length().unwrap_or(bar.length);
            let is_break = |bar: &score::Bar| bar.barline != Barline::Regular || bar.repeat_stop;
            let has_reason = index == 0
                || index + 1 == score.bars.len()
                || has_new_metre
                || is_break(bar)
                || bar.repeat_start
                || bar.volta.is_some()
                || before.is_some_and(is_break);
            self.bars += 1;
            self.bars_not_full += u32::from(bar.length != full);
            self.bars_out += u32::from(bar.length != full && !has_reason);
            before = Some(bar);
        }
    }

    fn say(&self, name: &str) {
        let per = |count: u32, of: u32| f64::from(count) / f64::from(of.max(1));
        let said = serde_json::json!({
            "name": name,
            "pieces": self.pieces,
            "pieces_mended": self.pieces_mended,
            "bars": self.bars,
            "bars_mended": self.bars_mended,
            "bars_full": 1.0 - per(self.bars_not_full, self.bars),
            "bars_out": self.bars_out,
            "characters_per_bar": self.characters as f64 / f64::from(self.bars.max(1)),
            "timeless_per_bar": per(self.timeless, self.bars),
            "runs": self.runs,
            "voices_per_bar": per(self.voices, self.bars),
            "silent_voices": per(self.voices_silent, self.voices),
            "notes_per_voice": per(self.notes, self.voices),
            "rests_per_voice": per(self.rests, self.voices),
            "rest_share": self.time_of_rests / self.time,
            "lengths": self.lengths,
            "note_counts": self.note_counts,
        });
        println!("{said}");
    }
}

fn main() {
    for path in std::env::args().skip(1) {
        let mut counts = Counts::default();
        if path.ends_with(".jsonl.gz") {
            let mut rows = String::new();
            let file = std::fs::File::open(&path).unwrap();
            flate2::read::GzDecoder::new(file)
                .read_to_string(&mut rows)
                .unwrap();
            for row in rows.lines() {
                let row: serde_json::Value = serde_json::from_str(row).unwrap();
                counts.add(row["abc"].as_str().unwrap());
            }
        } else {
            for file in std::fs::read_dir(Path::new(&path)).unwrap() {
                counts.add(&std::fs::read_to_string(file.unwrap().path()).unwrap());
            }
        }
        counts.say(&path);
    }
}
