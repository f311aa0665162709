//! What a reader of a voice takes a note without an accidental to be.
//!
//! The rule of NotaGen's text and of ABC: a tied note is what it is tied to; otherwise an accidental holds
//! to the end of the bar, in its octave and voice; otherwise the key decides.

use std::collections::HashMap;

use crate::event::Note;
use crate::pitch::{Pitch, Step};
use crate::signature::Key;

/// The state of a reader at a place in a voice.
#[derive(Debug)]
pub(crate) struct Reading {
    key: Key,
    accidentals: HashMap<(Step, i8), i8>,
    /// Notes of the last event that are tied on.
    ties: Vec<Pitch>,
}

impl Reading {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            accidentals: HashMap::new(),
            ties: Vec::new(),
        }
    }

    pub(crate) fn begin_bar(&mut self) {
        self.accidentals.clear();
    }

    pub(crate) fn change_key(&mut self, key: Key) {
        self.key = key;
        self.accidentals.clear();
    }

    /// Whether the note would be taken for another one without an accidental.
    pub(crate) fn needs_accidental(&self, note: &Note) -> bool {
        let Pitch {
            step,
            alter,
            octave,
        } = note.pitch;
        let tied = self
            .ties
            .iter()
            .find(|t| (t.step, t.octave) == (step, octave));
        let read = match tied {
            Some(tied) => tied.alter,
            None => {
                let heard = self.accidentals.get(&(step, octave)).copied();
                heard.unwrap_or_else(|| self.key.alter(step))
            }
        };
        read != alter
    }

    /// An accidental stands in front of the note.
    pub(crate) fn hear(&mut self, note: &Note) {
        let pitch = note.pitch;
        self.accidentals
            .insert((pitch.step, pitch.octave), pitch.alter);
    }

    /// An event is over, a rest if it has no notes: ties lead from it and no longer to it.
    pub(crate) fn end_event(&mut self, notes: &[Note]) {
        self.ties.clear();
        self.ties
            .extend(notes.iter().filter(|n| n.tie_start).map(|n| n.pitch));
    }

    /// A grace note is over. Ties to the next event pass over it, unless it took them up.
    pub(crate) fn end_grace(&mut self, notes: &[Note]) {
        for note in notes {
            let at = (note.pitch.step, note.pitch.octave);
            self.ties.retain(|t| (t.step, t.octave) != at);
        }
        self.ties
            .extend(notes.iter().filter(|n| n.tie_start).map(|n| n.pitch));
    }
}
