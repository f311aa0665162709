//! Every score of the corpus converts.

use score::{Severity, parse_abc, write_musicxml};

use crate::check::{check_piece, check_score};
use crate::compare::read;
use crate::corpus_scores;
use crate::raw_length::{disagreements, is_repair};

#[test]
fn every_score_of_the_corpus_converts_without_an_error() {
    for (id, text) in corpus_scores() {
        let (score, findings) = parse_abc(&text);
        assert!(
            findings.iter().all(|f| f.severity != Severity::Error),
            "{id}: {findings:?}"
        );
        check_score(&score);
        check_piece(&score, &read(&write_musicxml(&score)));
        let lines = text.lines().filter(|line| line.starts_with('[')).count();
        assert_eq!(score.bar_count(), lines, "{id}: bars");
    }
}

#[test]
fn bars_are_repaired_only_where_their_voices_disagree() {
    for (id, text) in corpus_scores() {
        let disagree = disagreements(&text);
        let (score, findings) = parse_abc(&text);
        assert_eq!(score.bar_count(), disagree.len(), "{id}");
        for finding in findings.iter().filter(|f| is_repair(&f.message)) {
            let bar = finding.bar.unwrap();
            assert!(disagree[bar as usize - 1], "{id}: {finding}");
        }
    }
}
