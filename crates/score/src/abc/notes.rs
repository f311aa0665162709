//! Notes, chords, rests and lengths: what the music reader does with letters and digits.

use super::cursor::Cursor;
use super::marks::{self, Decoration};
use super::music::{Pending, VoiceReader};
use crate::diagnostic::Findings;
use crate::event::{Content, Mark, Note};
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Pitch, Step};

/// The longest note, in units: beyond 128 whole notes somebody slipped on a digit.
const LONGEST: Fraction = Fraction::whole(1024);
/// Notes of one chord; two hands have ten fingers.
const MAX_CHORD: usize = 32;

/// An accidental, if one is next.
pub(super) fn read_accidental(cursor: &mut Cursor<'_>) -> Option<Accidental> {
    for (sign, accidental) in [
        ("^^", Accidental::DoubleSharp),
        ("__", Accidental::DoubleFlat),
        ("^", Accidental::Sharp),
        ("_", Accidental::Flat),
        ("=", Accidental::Natural),
    ] {
        if cursor.eat_str(sign) {
            return Some(accidental);
        }
    }
    None
}

/// The letter of a note and its octave, 4 for `C` and 5 for `c`.
pub(super) fn read_step(cursor: &mut Cursor<'_>) -> Option<(Step, i8)> {
    let letter = cursor.peek()?;
    let step = Step::from_letter(letter)?;
    cursor.bump();
    let mut octave = if letter.is_ascii_uppercase() { 4i8 } else { 5 };
    for sign in cursor.take_while(|c| matches!(c, ',' | '\'')).chars() {
        let by = if sign == ',' { -1 } else { 1 };
        octave = octave.saturating_add(by).clamp(0, 9);
    }
    Some((step, octave))
}

/// Whether a note, with or without accidental, is next.
pub(super) fn note_is_next(cursor: &Cursor<'_>) -> bool {
    // No accidental is longer than two characters; looking further would take forever in a row of signs.
    let mut chars = cursor.rest().chars().take(3);
    let letter = chars.find(|c| !matches!(c, '^' | '_' | '='));
    letter.is_some_and(|c| Step::from_letter(c).is_some())
}

/// A length such as `3/2`, `/`, `//` or nothing, in units; `None` if it makes no sense.
fn read_length(cursor: &mut Cursor<'_>) -> Option<Fraction> {
    let num = cursor.long_number().unwrap_or(1);
    let strokes = cursor.take_while(|c| c == '/').len();
    let den = match (strokes, cursor.long_number()) {
        (0, _) => 1,
        (1, Some(den)) => den,
        (2.., Some(_)) => 0,
        (strokes, None) => 1i64.checked_shl(u32::try_from(strokes).ok()?).unwrap_or(0),
    };
    Fraction::new(num, den).filter(|l| *l > Fraction::ZERO && *l <= LONGEST)
}

impl VoiceReader {
    /// The length at the cursor in whole notes; what makes no sense is reported and taken as one unit.
    pub(super) fn length(&self, cursor: &mut Cursor<'_>, findings: &mut Findings) -> Fraction {
        let before = cursor.clone();
        let length = read_length(cursor).and_then(|units| units.checked_mul(self.unit));
        length.unwrap_or_else(|| {
            let text: String = before.rest().chars().take(8).collect();
            findings.warn(
                self.place(&before),
                format!("no sensible length at \"{text}\": one unit taken"),
            );
            self.unit
        })
    }

    /// The note at the cursor, without its length.
    pub(super) fn note(&mut self, cursor: &mut Cursor<'_>, pending: &mut Pending) -> Option<Note> {
        let accidental = read_accidental(cursor);
        let (step, octave) = read_step(cursor)?;
        let octave = octave.saturating_add(self.clef.octaves).clamp(0, 9);
        Some(Note {
            pitch: Pitch {
                step,
                alter: self.alter(step, octave, accidental),
                octave,
            },
            accidental,
            courtesy: std::mem::take(&mut pending.courtesy),
            tie_start: false,
            tie_stop: false,
            marks: Vec::new(),
        })
    }

    /// What alters a note: its accidental, the note it is tied to, the bar so far, the key.
    fn alter(&mut self, step: Step, octave: i8, accidental: Option<Accidental>) -> i8 {
        if self.is_percussion() {
            return 0;
        }
        if let Some(accidental) = accidental {
            self.accidentals.insert((step, octave), accidental.alter());
            return accidental.alter();
        }
        let tied = self
            .ties
            .iter()
            .find(|t| (t.step, t.octave) == (step, octave));
        match (tied, self.accidentals.get(&(step, octave))) {
            (Some(tied), _) => tied.alter,
            (None, Some(alter)) => *alter,
            (None, None) => self.key.alter(step),
        }
    }

    /// A single note at the cursor.
    pub(super) fn read_note(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        let mut pending = std::mem::take(&mut self.pending);
        let Some(mut note) = self.note(cursor, &mut pending) else {
            self.pending = pending;
            findings.note(self.place(&at), "an accidental without a note is left out");
            return;
        };
        let length = self.length(cursor, findings);
        note.tie_start = read_tie(cursor);
        self.pending = pending;
        self.push_event(Content::Notes(vec![note]), length, &at, findings);
    }

    /// A rest at the cursor. `Z` and `X` count bars: the rest of them is returned.
    pub(super) fn read_rest(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) -> u32 {
        let at = cursor.clone();
        let letter = cursor.bump().unwrap_or('z');
        let content = Content::Rest {
            visible: letter.eq_ignore_ascii_case(&'z'),
        };
        if letter.is_ascii_uppercase() {
            let bars = cursor.number().unwrap_or(1).clamp(1, 999);
            let length = self.meter.bar_length().unwrap_or(Fraction::ONE);
            self.push_event(content, length, &at, findings);
            return bars - 1;
        }
        let length = self.length(cursor, findings);
        self.push_event(content, length, &at, findings);
        0
    }

    /// A chord at the cursor, which stands on its `[`.
    pub(super) fn read_chord(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        let pending = std::mem::take(&mut self.pending);
        let (notes, inner) = self.chord_notes(cursor, findings);
        self.pending = pending;
        if notes.is_empty() {
            findings.note(self.place(&at), "a chord without notes is left out");
            return;
        }
        let outer = self.length(cursor, findings);
        let length = match inner {
            Some(inner) => inner
                .checked_mul(outer)
                .and_then(|l| l.checked_div(self.unit))
                .unwrap_or(outer),
            None => outer,
        };
        let mut notes = notes;
        if read_tie(cursor) {
            for note in &mut notes {
                note.tie_start = true;
            }
        }
        self.push_event(Content::Notes(notes), length, &at, findings);
    }

    /// The notes between `[` and `]`, and the length of the first if it has one there.
    pub(super) fn chord_notes(
        &mut self,
        cursor: &mut Cursor<'_>,
        findings: &mut Findings,
    ) -> (Vec<Note>, Option<Fraction>) {
        let open = cursor.clone();
        cursor.bump();
        // Without its `]` a chord ends at its length or at a space, or it would take in the rest of the bar.
        let end = cursor.rest().find([']', '|', '[']);
        let closed = end
            .and_then(|i| cursor.rest().get(i..))
            .is_some_and(|rest| rest.starts_with(']'));
        let mut notes: Vec<Note> = Vec::new();
        let mut inner = None;
        let mut pending = Pending::default();
        loop {
            match cursor.peek() {
                Some(']') => {
                    cursor.bump();
                    break;
                }
                None | Some('|' | '[' | '{' | '"') => {
                    findings.warn(self.place(&open), "a chord is not closed");
                    break;
                }
                Some(' ' | '/' | '0'..='9') if !closed => {
                    findings.warn(self.place(&open), "a chord is not closed");
                    break;
                }
                Some(' ') => {
                    cursor.bump();
                }
                Some('-') => {
                    cursor.bump();
                    if let Some(note) = notes.last_mut() {
                        note.tie_start = true;
                    }
                }
                Some('!') => self.read_decoration(cursor, &mut pending, findings),
                Some(_) if note_is_next(cursor) => {
                    let before = cursor.clone();
                    if let Some(mut note) = self.note(cursor, &mut pending) {
                        note.marks = std::mem::take(&mut pending.marks);
                        if closed
                            && cursor
                                .peek()
                                .is_some_and(|c| c == '/' || c.is_ascii_digit())
                        {
                            let length = self.length(cursor, findings);
                            inner = inner.or(Some(length));
                        }
                        note.tie_start = read_tie(cursor);
                        if notes.len() < MAX_CHORD {
                            notes.push(note);
                        } else {
                            findings.note(
                                self.place(&before),
                                "a chord has too many notes: one is left out",
                            );
                        }
                    }
                }
                Some(c) => {
                    let before = cursor.clone();
                    cursor.bump();
                    match marks::by_letter(c) {
                        Some(Decoration::Mark(mark)) => pending.marks.push(mark),
                        _ => findings.note(
                            self.place(&before),
                            format!("\"{c}\" means nothing in a chord"),
                        ),
                    }
                }
            }
        }
        // Slurs cannot begin at one note of a chord alone; they begin at the chord.
        self.pending.slur_starts = self.pending.slur_starts.saturating_add(pending.slur_starts);
        (notes, inner)
    }
}

pub(super) fn read_tie(cursor: &mut Cursor<'_>) -> bool {
    if cursor.rest().starts_with(".-") {
        cursor.bump();
    }
    cursor.eat('-')
}

/// Whether a rest can carry the sign.
pub(super) fn fits_a_rest(mark: Mark) -> bool {
    matches!(
        mark,
        Mark::Fermata | Mark::Breath | Mark::Start(_) | Mark::Stop(_)
    )
}
