//! Accidentals that repairs made necessary: a note that took its alteration from a tie that was taken out, or
//! from a note that was cut, must say it itself.

use crate::event::{Item, Note};
use crate::pitch::Accidental;
use crate::reading::Reading;
use crate::score::{Score, Voice, VoiceBar};
use crate::signature::ClefSign;

/// Adds missing accidentals to a score. One that needed no repair stays as it is.
pub(crate) fn spell(score: &mut Score) {
    for (v, voice) in score.voices.iter().enumerate() {
        let Some(mut reading) = begin(voice) else {
            continue;
        };
        for bar in &mut score.bars {
            if let Some(bar) = bar.voices.get_mut(v) {
                spell_bar(&mut reading, bar);
            }
        }
    }
}

/// At the beginning of a voice. Percussion has no accidentals.
pub(super) fn begin(voice: &Voice) -> Option<Reading> {
    let is_pitched = voice.clef.sign != ClefSign::Percussion;
    is_pitched.then(|| Reading::new(voice.key))
}

/// Adds missing accidentals to the next bar of a voice.
pub(super) fn spell_bar(reading: &mut Reading, bar: &mut VoiceBar) {
    reading.begin_bar();
    for item in &mut bar.items {
        match item {
            Item::Event(event) => {
                for note in event.notes_mut() {
                    spell_note(reading, note);
                }
                reading.end_event(event.notes());
            }
            Item::Grace(group) => {
                for grace in &mut group.notes {
                    for note in &mut grace.notes {
                        spell_note(reading, note);
                    }
                    reading.end_grace(&grace.notes);
                }
            }
            Item::Key(key) => reading.change_key(*key),
            _ => {}
        }
    }
}

/// Which ties lead out of the bar that was spelled last, if some of them were taken out since.
pub(super) fn read_ties_again(reading: &mut Reading, bar: &VoiceBar) {
    let last = bar
        .items
        .iter()
        .rposition(|item| matches!(item, Item::Event(_)));
    for item in bar.items.iter().skip(last.unwrap_or(0)) {
        match item {
            Item::Event(event) => reading.end_event(event.notes()),
            Item::Grace(group) => {
                for grace in &group.notes {
                    reading.end_grace(&grace.notes);
                }
            }
            _ => {}
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
