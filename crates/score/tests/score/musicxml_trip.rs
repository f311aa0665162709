//! What is written as MusicXML is read back as the same score.

use score::{
    Fraction, Score, Severity, parse_abc, parse_musicxml, parse_mxl, write_musicxml, write_mxl,
};

use crate::check::check_score;
use crate::printed::{Signatures, add_accidentals, lives_elsewhere, print, unprintable};
use crate::{corpus_scores, pieces};

/// Compares two scores, bar by bar so that a difference can be found.
pub(crate) fn assert_same(id: &str, again: &Score, score: &Score) {
    assert_eq!(again.metadata, score.metadata, "{id}");
    assert_eq!(
        (&again.parts, &again.groups),
        (&score.parts, &score.groups),
        "{id}"
    );
    assert_eq!(again.voice_count(), score.voice_count(), "{id}");
    for (new, old) in again.voices.iter().zip(&score.voices) {
        assert_eq!(new, old, "{id}");
    }
    assert_eq!(again.bar_count(), score.bar_count(), "{id}");
    for (b, (new, old)) in again.bars.iter().zip(&score.bars).enumerate() {
        for (v, (new_voice, old_voice)) in new.voices.iter().zip(&old.voices).enumerate() {
            for (n, (new, old)) in new_voice.items.iter().zip(&old_voice.items).enumerate() {
                assert_eq!(new, old, "{id}: bar {}, voice {}, item {n}", b + 1, v + 1);
            }
        }
        assert_eq!(
            new.voices.iter().map(|v| v.items.len()).collect::<Vec<_>>(),
            old.voices.iter().map(|v| v.items.len()).collect::<Vec<_>>(),
            "{id}: bar {}",
            b + 1
        );
        assert_eq!(new, old, "{id}: bar {}", b + 1);
    }
    assert_eq!(again, score, "{id}");
}

fn assert_same_signatures(id: &str, after: &Signatures, before: &Signatures) {
    for (after, before) in after.clefs.iter().zip(&before.clefs) {
        assert_eq!(after, before, "{id}: clefs");
    }
    for (after, before) in after.keys.iter().zip(&before.keys) {
        assert_eq!(after, before, "{id}: keys");
    }
    let count = |s: &Signatures| (s.clefs.len(), s.keys.len());
    assert_eq!(count(after), count(before), "{id}: clefs and keys");
}

/// Writes a score that comes from ABC and reads it, twice.
pub(crate) fn check(id: &str, text: &str) {
    compare(id, text, false);
}

/// The same for a score of nonsense. Lengths that no notes print cannot be told exactly on paper, and neither can
/// the staff of a voice that is never there.
pub(crate) fn check_damaged(text: &str) {
    compare("damaged", text, true);
}

fn compare(id: &str, text: &str, is_damaged: bool) {
    let (score, _) = parse_abc(text);
    let written = write_musicxml(&score);
    let (again, findings) = parse_musicxml(written.as_bytes());
    let errors = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count();
    // Only a text without music has one.
    assert_eq!(
        errors,
        usize::from(score.note_count() == 0 && again.bars.is_empty()),
        "{id}: {findings:?}"
    );
    if errors > 0 || is_damaged && lives_elsewhere(&score) {
        return;
    }
    check_score(&again);

    let (third, _) = parse_musicxml(write_musicxml(&again).as_bytes());
    if is_damaged {
        // Between grace notes and their note, the order of signs can change.
        let (mut third, mut again) = (third, again.clone());
        assert_same_signatures(
            "damaged, second time",
            &print(&mut third),
            &print(&mut again),
        );
        add_accidentals(&mut again, &third);
        assert_same("damaged, second time", &third, &again);
    } else {
        // What was read from MusicXML is read again as it is, without any exception.
        assert_same(&format!("{id}, second time"), &third, &again);
    }
    let (mut old, mut new) = (score, again);
    let (mut before, mut after) = (print(&mut old), print(&mut new));
    if is_damaged {
        let skipped = unprintable(&old);
        add_accidentals(&mut old, &new);
        for (score, signatures) in [(&mut old, &mut before), (&mut new, &mut after)] {
            signatures.clefs.retain(|clef| !skipped.contains(&clef.0));
            signatures.keys.retain(|key| !skipped.contains(&key.0));
            for b in &skipped {
                let bar = &mut score.bars[*b];
                bar.length = Fraction::ZERO;
                bar.voices.iter_mut().for_each(|voice| voice.items.clear());
            }
        }
    }
    assert_same_signatures(id, &after, &before);
    // Which key is that of the piece only matters where a voice has none of its own.
    old.key = new.key;
    assert_same(id, &new, &old);
}

#[test]
fn the_pieces_here_are_read_back_as_they_were_written() {
    for (name, text) in pieces() {
        check(&name, &text);
    }
}

#[test]
fn the_corpus_is_read_back_as_it_was_written() {
    for (id, text) in corpus_scores() {
        check(&id, &text);
    }
}

#[test]
fn a_compressed_score_is_the_same_score() {
    for (name, text) in pieces() {
        let (score, _) = parse_abc(&text);
        let (plain, _) = parse_musicxml(write_musicxml(&score).as_bytes());
        let (packed, _) = parse_mxl(&write_mxl(&score).unwrap());
        assert_eq!(packed, plain, "{name}");
    }
}
