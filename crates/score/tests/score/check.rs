//! What holds of every score, however broken the text it came from.

use score::{Item, Score, Severity, parse_abc, write_musicxml};

use crate::compare::{Piece, read};

/// Reads a text and checks the score and its MusicXML. Gives both.
pub(crate) fn checked(text: &str) -> (Score, Piece) {
    let (score, _) = parse_abc(text);
    check_score(&score);
    let piece = read(&write_musicxml(&score));
    check_piece(&score, &piece);
    (score, piece)
}

/// Every voice is in every bar and fills it; what begins ends.
pub(crate) fn check_score(score: &Score) {
    for (b, bar) in score.bars.iter().enumerate() {
        assert_eq!(bar.voices.len(), score.voice_count(), "bar {}", b + 1);
        for (v, voice) in bar.voices.iter().enumerate() {
            assert_eq!(
                voice.length(),
                Some(bar.length),
                "bar {}, voice {}",
                b + 1,
                score.voices[v].id
            );
        }
    }
    for v in 0..score.voice_count() {
        let (mut slurs, mut tuplets, mut tied) = (0i32, 0i32, Vec::new());
        for item in score.bars.iter().flat_map(|bar| &bar.voices[v].items) {
            let (starts, stops) = match item {
                Item::Event(event) => {
                    tuplets += i32::try_from(event.tuplet_starts.len()).unwrap();
                    tuplets -= i32::from(event.tuplet_stops);
                    assert!(tuplets >= 0);
                    for pitch in tied.drain(..) {
                        let target = |n: &&score::Note| n.pitch == pitch && n.tie_stop;
                        assert!(
                            event.notes().iter().any(|n| target(&n)),
                            "a tie leads nowhere"
                        );
                    }
                    tied.extend(
                        event
                            .notes()
                            .iter()
                            .filter(|n| n.tie_start)
                            .map(|n| n.pitch),
                    );
                    (event.slurs.starts, event.slurs.stops)
                }
                Item::Grace(group) => {
                    for grace in &group.notes {
                        tied.retain(|p| !grace.notes.iter().any(|n| n.pitch == *p && n.tie_stop));
                        tied.extend(grace.notes.iter().filter(|n| n.tie_start).map(|n| n.pitch));
                    }
                    let sum =
                        |f: fn(&score::Slurs) -> u8| group.notes.iter().map(|g| f(&g.slurs)).sum();
                    (sum(|s| s.starts), sum(|s| s.stops))
                }
                _ => (0, 0),
            };
            slurs += i32::from(starts) - i32::from(stops);
        }
        assert_eq!(
            (slurs, tuplets),
            (0, 0),
            "slurs and tuplets of voice {}",
            score.voices[v].id
        );
        assert!(tied.is_empty());
    }
}

/// The MusicXML has the parts and bars of the score, and every voice in it ends where its bar ends.
pub(crate) fn check_piece(score: &Score, piece: &Piece) {
    assert_eq!(piece.parts, score.part_count());
    for (part, measures) in piece.measures.iter().enumerate() {
        assert_eq!(measures.len(), score.bar_count().max(1));
        for (m, measure) in measures.iter().enumerate() {
            let Some(end) = measure.ends.first() else {
                continue;
            };
            assert!(
                measure.ends.iter().all(|e| e == end),
                "part {part}, bar {}",
                m + 1
            );
        }
    }
}

/// How many findings of each severity there are: notes, warnings, errors.
pub(crate) fn severities(text: &str) -> [usize; 3] {
    let (_, findings) = parse_abc(text);
    [Severity::Note, Severity::Warning, Severity::Error]
        .map(|severity| findings.iter().filter(|f| f.severity == severity).count())
}
