//! The guard accepts what music is, refuses what is none, and never leads into a dead end.

mod cases;
mod walk;

use std::collections::BTreeMap;

use score::guard::{END_OF_PATCH, END_OF_PIECE, Guard, Reason, Refused};

use crate::corpus_scores;

/// Feeds a stretch of text as the model writes it: in patches of sixteen, the last ended early.
pub(super) fn feed_stretch(guard: &mut Guard, text: &str) -> Result<(), Refused> {
    for c in text.bytes() {
        guard.accept(c)?;
    }
    if text.len().is_multiple_of(16) {
        Ok(())
    } else {
        guard.accept(END_OF_PATCH)
    }
}

/// Cuts a line of music before each barline but the last.
pub(super) fn stretches(line: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at..at + 2);
        if bytes[at] == b'|' || pair == Some(b"::") || pair == Some(b":|") {
            starts.push(at);
            at += if matches!(pair, Some(b"|:" | b"::" | b":|" | b"||" | b"|]")) {
                2
            } else {
                1
            };
        } else {
            at += 1;
        }
    }
    // The last one is followed by no voice.
    if starts.len() > 1 && !line[starts[starts.len() - 1]..].contains("[V:") {
        starts.pop();
    }
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(from, to)| &line[*from..to])
        .collect()
}

pub(super) fn feed_line(guard: &mut Guard, line: &str) -> Result<(), Refused> {
    let line = format!("{line}\n");
    let parts = if line.starts_with("[r:") {
        stretches(&line)
    } else {
        vec![line.as_str()]
    };
    parts.iter().try_for_each(|part| feed_stretch(guard, part))
}

/// Goes on after a refused line, so that it does not spoil those after it: with the line without the voice
/// in which it was refused, or with rests.
fn stand_in(guard: &Guard, counter: &str, line: &str) -> Option<Guard> {
    let mut line = line.to_owned();
    for _ in 0..40 {
        let mut next = guard.clone();
        let Err(refused) = feed_line(&mut next, &format!("{counter}{line}")) else {
            return Some(next);
        };
        let from = refused
            .voice
            .and_then(|voice| line.find(&format!("[V:{voice}]")))?;
        let to = line[from + 1..]
            .find("[V:")
            .map_or(line.len(), |at| from + 1 + at);
        if from == 0 && to == line.len() {
            break;
        }
        line.replace_range(from..to, "");
    }
    rests(guard, counter, &line)
}

/// A line of rests with the metre and barline of this one.
fn rests(guard: &Guard, counter: &str, line: &str) -> Option<Guard> {
    let voice = line
        .find("[V:")
        .map(|at| &line[at..=at + line[at..].find(']').unwrap()])?;
    let metre = line
        .find("[M:")
        .map_or("", |at| &line[at..=at + line[at..].find(']').unwrap()]);
    let bar = line
        .rfind(|c: char| !"|:]123456,".contains(c))
        .map_or("|", |at| &line[at + 1..]);
    for (metre, bar) in [(metre, bar), (metre, "|"), ("", "|")] {
        let mut guard = guard.clone();
        let feed =
            |guard: &mut Guard, text: &str| text.bytes().try_for_each(|c| guard.accept(c)).is_ok();
        if !feed(&mut guard, &format!("{counter}{voice}{metre}")) {
            continue;
        }
        for _ in 0..400 {
            let mut ended = guard.clone();
            if feed(&mut ended, bar) && feed(&mut ended, "\n") {
                while ended.allowed() == 1 << END_OF_PATCH {
                    ended.accept(END_OF_PATCH).unwrap();
                }
                return Some(ended);
            }
            let rest = ["z8", "z4", "z2", "z", "z/", "z/4", "z/8"]
                .iter()
                .find_map(|rest| {
                    let mut longer = guard.clone();
                    (feed(&mut longer, rest)
                        && feed(&mut longer.clone(), bar) | feed(&mut longer.clone(), "z"))
                    .then_some(longer)
                });
            match rest {
                Some(longer) => guard = longer,
                None => break,
            }
        }
    }
    None
}

#[test]
fn nearly_every_line_of_the_corpus_is_accepted() {
    let scores = corpus_scores();
    if scores.is_empty() {
        println!("SKIPPED: there is no corpus");
        return;
    }
    let (lines, refused) = read_corpus(&scores, &Guard::new());
    assert!(
        refused * 100 <= lines,
        "more than one line in a hundred is refused"
    );
    println!("\nas for writing:");
    let (lines, refused) = read_corpus(&scores, &Guard::new().for_writing());
    assert!(
        refused * 100 <= 2 * lines,
        "more than two lines in a hundred are refused"
    );
}

/// Reads every score with a copy of the guard, and prints why lines were refused. Gives how many lines there
/// are and how many were refused or not reached.
pub(crate) fn read_corpus(scores: &[(String, String)], start: &Guard) -> (usize, usize) {
    let (mut lines, mut headers, mut lost) = (0, 0, 0);
    let mut refused: BTreeMap<Reason, (usize, Vec<String>)> = BTreeMap::new();
    let mut add = |refusal: Refused, example: String| {
        let entry = refused.entry(refusal.reason).or_default();
        entry.0 += 1;
        if entry.1.len() < 8 {
            entry.1.push(format!("{refusal}: {example}"));
        }
    };
    for (id, text) in scores {
        let mut guard = start.clone();
        let header = text
            .lines()
            .take_while(|l| !l.starts_with('['))
            .try_for_each(|line| {
                feed_line(&mut guard, line).map_err(|refusal| (refusal, line.to_owned()))
            });
        let body: Vec<&str> = text.lines().filter(|l| l.starts_with('[')).collect();
        lines += body.len();
        if let Err((refusal, line)) = header {
            add(refusal, format!("{id}: {line}"));
            headers += 1;
            lost += body.len();
            continue;
        }
        for (i, line) in body.iter().enumerate() {
            let counter = format!("[r:{i}/{}]", body.len() - 1 - i);
            let before = guard.clone();
            let Err(refusal) = feed_line(&mut guard, &format!("{counter}{line}")) else {
                continue;
            };
            let mut read = 0;
            let mut again = before.clone();
            for part in stretches(&format!("{counter}{line}\n")) {
                let good = part
                    .bytes()
                    .take_while(|c| again.accept(*c).is_ok())
                    .count();
                read += good;
                if good < part.len()
                    || !part.len().is_multiple_of(16) && again.accept(END_OF_PATCH).is_err()
                {
                    break;
                }
            }
            let at = read.saturating_sub(counter.len()).min(line.len());
            let shown = format!(
                "{id}: {}<HERE>{}",
                &line[at.saturating_sub(30)..at],
                &line[at..(at + 20).min(line.len())]
            );
            add(refusal, shown);
            match stand_in(&before, &counter, line) {
                Some(next) => guard = next,
                None => {
                    println!("{id}: no stand-in for line {i}: {line}");
                    lost += body.len() - 1 - i;
                    break;
                }
            }
        }
        if guard.is_complete() {
            guard.accept(END_OF_PIECE).unwrap();
            guard.accept(END_OF_PATCH).unwrap();
            assert_eq!(guard.allowed(), 0);
        }
    }
    let count: usize = refused.values().map(|(count, _)| count).sum();
    println!(
        "{} scores, {lines} lines: {headers} headers and {count} lines refused, {lost} lines not reached",
        scores.len()
    );
    for (reason, (count, examples)) in &refused {
        println!("{reason:?}: {count}");
        for example in examples {
            println!("    {example}");
        }
    }
    (lines, count + lost)
}
