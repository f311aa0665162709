//! What is written as ABC is read back as the same score.

use score::{Accidental, Item, Note, Score, parse_abc, write_abc};

use crate::{corpus_scores, pieces};

/// What writing changes on purpose: reminders become plain accidentals.
fn without_courtesy(score: &mut Score) {
    let plain = |note: &mut Note| {
        if std::mem::take(&mut note.courtesy) {
            note.accidental = note
                .accidental
                .or(Some(Accidental::for_alter(note.pitch.alter)));
        }
    };
    for item in score
        .bars
        .iter_mut()
        .flat_map(|bar| &mut bar.voices)
        .flat_map(|v| &mut v.items)
    {
        match item {
            Item::Event(event) => {
                if let score::Content::Notes(notes) = &mut event.content {
                    notes.iter_mut().for_each(plain);
                }
            }
            Item::Grace(group) => group
                .notes
                .iter_mut()
                .flat_map(|g| &mut g.notes)
                .for_each(plain),
            _ => {}
        }
    }
}

/// Reads what is written of a score and compares, bar by bar so that a difference can be found.
pub(crate) fn check(id: &str, text: &str) {
    let (mut score, _) = parse_abc(text);
    without_courtesy(&mut score);
    let written = write_abc(&score);
    let (again, findings) = parse_abc(&written);
    assert_eq!(again.metadata, score.metadata, "{id}");
    assert_eq!(
        (&again.parts, &again.groups),
        (&score.parts, &score.groups),
        "{id}"
    );
    assert_eq!(again.voices, score.voices, "{id}");
    assert_eq!(again.bar_count(), score.bar_count(), "{id}: {findings:?}");
    for (b, (new, old)) in again.bars.iter().zip(&score.bars).enumerate() {
        for (v, (new, old)) in new.voices.iter().zip(&old.voices).enumerate() {
            for (n, (new, old)) in new.items.iter().zip(&old.items).enumerate() {
                assert_eq!(
                    new,
                    old,
                    "{id}: bar {}, voice {}, item {n}",
                    b + 1,
                    score.voices[v].id
                );
            }
        }
        assert_eq!(new, old, "{id}: bar {}", b + 1);
    }
    assert_eq!(again, score, "{id}");
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
fn metadata_survives() {
    let (mut score, _) = parse_abc("L:1/8\nK:C\nV:1 treble\n[V:1]C8|\n");
    score.metadata = score::Metadata {
        title: "Nocturne in E".into(),
        composer: "Partita & the model".into(),
        period: "Romantic".into(),
        instrumentation: "Keyboard".into(),
        rights: Some("CC0".into()),
        software: "Partita 0.1.0".into(),
        fields: vec![
            ("seed".into(), "42".into()),
            ("model".into(), "demo: small".into()),
        ],
    };
    let (again, _) = parse_abc(&write_abc(&score));
    assert_eq!(again.metadata, score.metadata);
}
