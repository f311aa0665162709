//! Grace notes, and the decorations in front of any note.

use super::cursor::Cursor;
use super::marks::{self, Decoration};
use super::music::{OpenTie, Pending, VoiceReader};
use super::notes::note_is_next;
use crate::diagnostic::Findings;
use crate::event::{GraceGroup, GraceNote, Note, Slurs};
use crate::fraction::Fraction;
use crate::limits;

/// Whether grace notes that are read at the cursor have their `}` before the end of the bar.
pub(super) fn grace_is_closed(cursor: &Cursor<'_>) -> bool {
    let stop = cursor.rest().find(['}', '{', '|']);
    let rest = stop.and_then(|i| cursor.rest().get(i..));
    rest.is_some_and(|rest| rest.starts_with('}'))
}

impl VoiceReader {
    /// Grace notes at the cursor, which stands on their `{`.
    pub(super) fn read_grace(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        cursor.bump();
        let slash = cursor.eat('/');
        self.grace_notes(slash, cursor, findings);
    }

    /// Grace notes after their `{`, up to their `}`.
    pub(super) fn grace_notes(
        &mut self,
        slash: bool,
        cursor: &mut Cursor<'_>,
        findings: &mut Findings,
    ) {
        let open = cursor.clone();
        let mut group = GraceGroup {
            slash,
            notes: Vec::new(),
        };
        let mut began = false;
        let mut closes = None;
        // Marks in front of the brace belong to the note after it, but slurs begin at the grace notes.
        let mut outer = std::mem::take(&mut self.pending);
        let mut pending = Pending {
            slur_starts: std::mem::take(&mut outer.slur_starts),
            ..Pending::default()
        };
        while !self.room.is_full() {
            match cursor.peek() {
                Some('}') => {
                    cursor.bump();
                    break;
                }
                None | Some('|') => {
                    // The training text has grace notes after the last note of a bar that go on in the next.
                    self.open_grace = Some(slash);
                    break;
                }
                // Words that came with a note of the bar before, or with the first note here.
                Some('"') if *closes.get_or_insert_with(|| grace_is_closed(cursor)) => {
                    self.read_text(cursor, findings);
                }
                Some('{' | '"') => {
                    findings.warn(
                        self.place(&open),
                        "grace notes are not closed: they end here",
                    );
                    break;
                }
                Some('(') => {
                    cursor.bump();
                    pending.slur_starts = pending.slur_starts.saturating_add(1);
                }
                Some(')') => {
                    cursor.bump();
                    if let Some(last) = group.notes.last_mut() {
                        last.slurs.stops = last.slurs.stops.saturating_add(1);
                    } else {
                        self.end_slur();
                    }
                }
                Some('-') => {
                    cursor.bump();
                    if let Some(last) = group.notes.last_mut() {
                        for note in &mut last.notes {
                            note.tie_start = true;
                        }
                    }
                }
                Some('!') => self.read_decoration(cursor, &mut pending, findings),
                Some('+') if self.settings.plus => {
                    self.read_decoration(cursor, &mut pending, findings);
                }
                Some('[') if self.field_is_next(cursor) => {
                    // A change of staff between grace notes: what follows is a group of its own.
                    let done = std::mem::take(&mut group.notes);
                    if !done.is_empty() {
                        self.push_grace_group(GraceGroup { slash, notes: done });
                    }
                    self.read_inline_field(cursor, findings);
                    began = true;
                }
                Some('[') => {
                    self.pending = Pending::default();
                    let notes = self.chord_notes(cursor, findings).notes;
                    self.push_grace(&mut group, notes, &mut pending, cursor, findings);
                }
                Some(_) if note_is_next(cursor) => {
                    let note = self.note(cursor, &mut pending, findings);
                    self.push_grace(
                        &mut group,
                        note.into_iter().collect(),
                        &mut pending,
                        cursor,
                        findings,
                    );
                }
                // Rests are there in the training text and take no time.
                Some(' ' | '<' | '>' | 'x' | 'z') => {
                    cursor.bump();
                    cursor.take_while(|c| c.is_ascii_digit() || c == '/');
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
                            format!("\"{c}\" means nothing in grace notes"),
                        ),
                    }
                }
            }
        }
        outer.slur_starts = outer.slur_starts.saturating_add(pending.slur_starts);
        self.pending = outer;
        if !group.notes.is_empty() {
            self.push_grace_group(group);
        } else if !began && self.open_grace.is_none() {
            findings.note(self.place(&open), "grace notes without notes are left out");
        }
    }

    fn push_grace(
        &mut self,
        group: &mut GraceGroup,
        mut notes: Vec<Note>,
        pending: &mut Pending,
        cursor: &mut Cursor<'_>,
        findings: &mut Findings,
    ) {
        let written = self.length(cursor, findings);
        // A unit longer than an eighth is for notes that count.
        let unit = self.unit.min(Fraction::EIGHTH);
        let written = written
            .checked_mul(unit)
            .and_then(|w| w.checked_div(self.unit))
            .unwrap_or(Fraction::EIGHTH);
        if notes.is_empty() {
            return;
        }
        let tied = self.read_tie(cursor, findings);
        for note in &mut notes {
            note.tie_start |= tied;
            self.ties.retain(|t| !t.is_at(note));
            if note.tie_start {
                self.ties.push(OpenTie::from(&*note));
            }
        }
        if group.notes.len() >= limits::MAX_AT_ONCE {
            self.room.fill();
            return;
        }
        let grace = GraceNote {
            notes,
            written,
            slurs: Slurs {
                starts: std::mem::take(&mut pending.slur_starts),
                stops: 0,
            },
            marks: std::mem::take(&mut pending.marks),
        };
        limits::push(&mut group.notes, grace);
    }

    /// Reads `!name!` into `pending`; a direction goes straight into the bar.
    pub(super) fn read_decoration(
        &mut self,
        cursor: &mut Cursor<'_>,
        pending: &mut Pending,
        findings: &mut Findings,
    ) {
        let at = cursor.clone();
        let delimiter = cursor.bump().unwrap_or('!');
        let named = cursor.take_until(delimiter, &['|', ' ', '"'], marks::MAX_NAME);
        let (name, closed) = match named {
            Some(name) => (name, true),
            None => {
                let Some(name) = marks::longest_prefix(cursor.rest()) else {
                    findings.note(
                        self.place(&at),
                        "a decoration is not closed: its \"!\" is left out",
                    );
                    return;
                };
                cursor.eat_str(name);
                (name, false)
            }
        };
        if !closed {
            findings.note(
                self.place(&at),
                format!("the decoration \"{name}\" is not closed"),
            );
        }
        match marks::by_name(name) {
            Some(decoration) => self.decorate(decoration, pending),
            None if matches!(name, "(" | ".(") => {
                pending.slur_starts = pending.slur_starts.saturating_add(1)
            }
            None => findings.note(
                self.place(&at),
                format!("the decoration \"{name}\" is unknown and left out"),
            ),
        }
    }

    pub(super) fn decorate(&mut self, decoration: Decoration, pending: &mut Pending) {
        match decoration {
            // A sign twice on one note is once on paper; without this, a text could hang any number on it.
            Decoration::Mark(mark) => {
                if !pending.marks.contains(&mark) {
                    pending.marks.push(mark);
                }
            }
            Decoration::Courtesy => pending.courtesy = true,
            Decoration::Tremolo(strokes) => pending.tremolo = Some(strokes),
            Decoration::TremoloPair(strokes) => pending.tremolo_pair = Some(strokes),
            Decoration::Direction(direction) => self.push_direction(direction),
            Decoration::Nothing => {}
        }
    }
}
