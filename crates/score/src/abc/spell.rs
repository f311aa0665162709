//! Accidentals that repairs made necessary: a note that took its alteration from a tie that was taken out, or
//! from a note that was cut, must say it itself.

use crate::event::{Item, Note};
use crate::pitch::Accidental;
use crate::reading::Reading;
use crate::score::Score;
use crate::signature::ClefSign;

/// Adds missing accidentals. A score that needed no repair stays as it is.
pub(super) fn spell(score: &mut Score) {
    for (v, voice) in score.voices.iter().enumerate() {
        if voice.clef.sign == ClefSign::Percussion {
            continue;
        }
        let mut reading = Reading::new(voice.key);
        for bar in &mut score.bars {
            reading.begin_bar();
            let Some(bar) = bar.voices.get_mut(v) else {
                continue;
            };
            for item in &mut bar.items {
                match item {
                    Item::Event(event) => {
                        for note in event.notes_mut() {
                            spell_note(&mut reading, note);
                        }
                        reading.end_event(event.notes());
                    }
                    Item::Grace(group) => {
                        for grace in &mut group.notes {
                            for note in &mut grace.notes {
                                spell_note(&mut reading, note);
                            }
                            reading.end_grace(&grace.notes);
                        }
                    }
                    Item::Key(key) => reading.change_key(*key),
                    _ => {}
                }
            }
        }
    }
}

fn spell_note(reading: &mut Reading, note: &mut Note) {
    if note.accidental.is_none() && reading.needs_accidental(note) {
        note.accidental = Some(Accidental::for_alter(note.pitch.alter));
    }
    if note.accidental.is_some() {
        reading.hear(note);
    }
}
