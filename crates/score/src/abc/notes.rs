//! Notes, chords, rests and lengths: what the music reader does with letters and digits.

use super::cursor::Cursor;
use super::marks::Decoration;
use super::music::{Pending, VoiceReader};
use super::settings::Reach;
use crate::diagnostic::Findings;
use crate::event::{Content, Mark, Note, Slurs};
use crate::fraction::Fraction;
use crate::pitch::{Accidental, Pitch, Step};

/// The longest note, in units: beyond 128 whole notes somebody slipped on a digit.
const LONGEST: Fraction = Fraction::whole(1024);
/// What is said of dotted slurs and ties.
pub(super) const PLAIN: &str = "a dotted slur or tie is kept as a plain one";
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
    let rest = cursor.rest();
    // No accidental is longer than two characters; looking further would take forever in a row of signs.
    let signs = rest
        .bytes()
        .take(2)
        .take_while(|b| b"^_=".contains(b))
        .count();
    let after = rest.get(signs..).unwrap_or("");
    let part = if signs > 0 { quarter_tone(after) } else { 0 };
    let letter = after.get(part..).and_then(|after| after.chars().next());
    letter.is_some_and(|c| Step::from_letter(c).is_some())
}

/// The length of the fraction that makes a quarter tone of an accidental, as in `^/c` and `_3/2B`.
fn quarter_tone(after: &str) -> usize {
    let digits = |text: &str| text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let numerator = digits(after);
    let stroke = after
        .get(numerator..)
        .and_then(|rest| rest.strip_prefix('/'));
    stroke.map_or(0, |rest| numerator + 1 + digits(rest))
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
    pub(super) fn note(
        &mut self,
        cursor: &mut Cursor<'_>,
        pending: &mut Pending,
        findings: &mut Findings,
    ) -> Option<Note> {
        let place = self.place(cursor);
        let accidental = read_accidental(cursor);
        let part = quarter_tone(cursor.rest());
        if accidental.is_some() && part > 0 {
            cursor.take(part);
            findings.note(
                place,
                "there are no quarter tones: the whole accidental is taken",
            );
        }
        let (step, octave) = read_step(cursor)?;
        let up = self.clef.octaves.saturating_add(self.octaves_up());
        let octave = octave.saturating_add(up).clamp(0, 9);
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
        // Accidentals that reach into all octaves are kept under one of them.
        let reach = self.settings.reach;
        let heard = if reach == Reach::Pitch { 0 } else { octave };
        if let Some(accidental) = accidental {
            if reach != Reach::Note {
                self.accidentals.insert((step, heard), accidental.alter());
            }
            return accidental.alter();
        }
        let tied = self
            .ties
            .iter()
            .find(|t| (t.step, t.octave) == (step, octave));
        match (tied, self.accidentals.get(&(step, heard))) {
            (Some(tied), _) => tied.alter,
            (None, Some(alter)) => *alter,
            (None, None) => self.signature_alter(step),
        }
    }

    /// A single note at the cursor.
    pub(super) fn read_note(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        let mut pending = std::mem::take(&mut self.pending);
        let Some(mut note) = self.note(cursor, &mut pending, findings) else {
            self.pending = pending;
            findings.note(self.place(&at), "an accidental without a note is left out");
            return;
        };
        let length = self.length(cursor, findings);
        note.tie_start = self.read_tie(cursor, findings);
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
        let Chord {
            mut notes,
            lengths,
            slurs,
        } = self.chord_notes(cursor, findings);
        self.pending = pending;
        if notes.is_empty() {
            findings.note(self.place(&at), "a chord without notes is left out");
            return;
        }
        self.pending.slur_starts = self.pending.slur_starts.saturating_add(slurs.starts);
        let inner = lengths.first().copied().unwrap_or(self.unit);
        if lengths.iter().any(|length| *length != inner) {
            findings.note(
                self.place(&at),
                "the notes of a chord have different lengths: that of the first holds",
            );
        }
        let outer = self.length(cursor, findings);
        let length = inner
            .checked_mul(outer)
            .and_then(|l| l.checked_div(self.unit))
            .unwrap_or(outer);
        if self.read_tie(cursor, findings) {
            for note in &mut notes {
                note.tie_start = true;
            }
        }
        self.push_event(Content::Notes(notes), length, &at, findings);
        for _ in 0..slurs.stops {
            self.end_slur();
        }
    }

    /// Whether a tie is next, which is stepped over.
    pub(super) fn read_tie(&self, cursor: &mut Cursor<'_>, findings: &mut Findings) -> bool {
        if cursor.rest().starts_with(".-") {
            findings.note(self.place(cursor), PLAIN);
            cursor.bump();
        }
        cursor.eat('-')
    }

    /// What stands between `[` and `]`.
    pub(super) fn chord_notes(
        &mut self,
        cursor: &mut Cursor<'_>,
        findings: &mut Findings,
    ) -> Chord {
        let open = cursor.clone();
        cursor.bump();
        // Without its `]` a chord ends at its length or at a space, or it would take in the rest of the bar.
        let end = cursor.rest().find([']', '|', '[']);
        let closed = end
            .and_then(|i| cursor.rest().get(i..))
            .is_some_and(|rest| rest.starts_with(']'));
        let mut notes: Vec<Note> = Vec::new();
        let mut lengths: Vec<Fraction> = Vec::new();
        let mut pending = Pending::default();
        let mut stops = 0u8;
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
                // A slur at one note of a chord is one at the chord.
                Some('(') => {
                    cursor.bump();
                    pending.slur_starts = pending.slur_starts.saturating_add(1);
                }
                Some(')') => {
                    cursor.bump();
                    stops = stops.saturating_add(1);
                }
                Some('!') => self.read_decoration(cursor, &mut pending, findings),
                Some('+') if self.settings.plus => {
                    self.read_decoration(cursor, &mut pending, findings);
                }
                Some(_) if note_is_next(cursor) => {
                    let before = cursor.clone();
                    if let Some(mut note) = self.note(cursor, &mut pending, findings) {
                        note.marks = std::mem::take(&mut pending.marks);
                        let has_length = |c: char| c == '/' || c.is_ascii_digit();
                        let length = if closed && cursor.peek().is_some_and(has_length) {
                            self.length(cursor, findings)
                        } else {
                            self.unit
                        };
                        note.tie_start = self.read_tie(cursor, findings);
                        if notes.len() < MAX_CHORD {
                            notes.push(note);
                            lengths.push(length);
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
                    match self.by_letter(c) {
                        Some(decoration @ Decoration::Mark(_)) => {
                            self.decorate(decoration, &mut pending);
                        }
                        Some(Decoration::Nothing) => {}
                        _ => findings.note(
                            self.place(&before),
                            format!("\"{c}\" means nothing in a chord"),
                        ),
                    }
                }
            }
        }
        Chord {
            notes,
            lengths,
            slurs: Slurs {
                starts: pending.slur_starts,
                stops,
            },
        }
    }
}

/// What stands between the brackets of a chord.
pub(super) struct Chord {
    pub(super) notes: Vec<Note>,
    /// Of each note.
    lengths: Vec<Fraction>,
    slurs: Slurs,
}

/// Whether a rest can carry the sign.
pub(super) fn fits_a_rest(mark: Mark) -> bool {
    matches!(
        mark,
        Mark::Fermata | Mark::Breath | Mark::Start(_) | Mark::Stop(_)
    )
}
