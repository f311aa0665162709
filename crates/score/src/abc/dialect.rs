//! What older standards wrote otherwise: `+trill+` for `!trill!`, `+CEG+` for `[CEG]`.

use super::cursor::Cursor;
use super::marks;
use super::music::VoiceReader;
use crate::diagnostic::Findings;
use crate::pitch::Step;

impl VoiceReader {
    /// A `+`: a decoration or chord between two of them, or nothing.
    pub(super) fn read_plus(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let after = cursor.rest().get(1..).unwrap_or("");
        let end = after.find(['+', '|', ' ', '"']).unwrap_or(after.len());
        let closed = after.get(end..).is_some_and(|rest| rest.starts_with('+'));
        let inside = after
            .get(..end)
            .filter(|inside| closed && !inside.is_empty());
        match inside {
            Some(name) if self.settings.plus || marks::by_name(name).is_some() => {
                let mut pending = std::mem::take(&mut self.pending);
                self.read_decoration(cursor, &mut pending, findings);
                self.pending = pending;
            }
            Some(notes) if is_chord(notes) => {
                let chord = format!("[{notes}]");
                self.read_chord(&mut Cursor::new(&chord, cursor.position()), findings);
                cursor.take(notes.len() + 2);
            }
            _ => {
                cursor.bump();
            }
        }
    }
}

/// Whether there is nothing but notes, at least two.
fn is_chord(text: &str) -> bool {
    let is_note = |c: char| Step::from_letter(c).is_some();
    text.chars().filter(|c| is_note(*c)).count() > 1
        && text
            .chars()
            .all(|c| is_note(c) || c.is_ascii_digit() || "^_=,'/-".contains(c))
}
