//! Fields inside the music.

use super::cursor::Cursor;
use super::music::VoiceReader;
use super::{fields, settings, text};
use crate::diagnostic::Findings;
use crate::event::{Direction, Item};

impl VoiceReader {
    pub(super) fn field_is_next(&self, cursor: &Cursor<'_>) -> bool {
        let mut chars = cursor.rest().chars();
        chars.next() == Some('[')
            && chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.next() == Some(':')
    }

    pub(super) fn read_inline_field(&mut self, cursor: &mut Cursor<'_>, findings: &mut Findings) {
        let at = cursor.clone();
        cursor.bump();
        let name = cursor.bump().unwrap_or(' ');
        cursor.bump();
        // The only value with a bar in it.
        if name == 'M' && cursor.eat_str("C|]") {
            self.field(name, "C|", &at, findings);
            return;
        }
        let value = cursor.take_until(']', &['|'], 200).unwrap_or_else(|| {
            findings.warn(
                self.place(&at),
                "a field is not closed: it ends at the next space",
            );
            cursor.take_while(|c| !matches!(c, ' ' | '|' | '['))
        });
        self.field(name, value, &at, findings);
    }

    /// A field inside the music, in brackets or on a line of its own.
    pub(super) fn field(
        &mut self,
        name: char,
        value: &str,
        at: &Cursor<'_>,
        findings: &mut Findings,
    ) {
        let mut understood = true;
        match name {
            'K' => understood = self.read_key(value, self.place(at), findings),
            'M' => match fields::meter(value) {
                Some(meter) => {
                    if self.current.events > 0 {
                        findings.warn(
                            self.place(at),
                            "the metre changes inside a bar: taken for the whole bar",
                        );
                    }
                    self.meter = meter;
                    self.current.meter = Some(meter);
                    settings::check_meter(value, self.place(at), findings);
                }
                None => understood = false,
            },
            'L' => match fields::unit_length(value) {
                Some(unit) => self.unit = unit,
                None => understood = false,
            },
            'Q' => match fields::tempo(value, self.unit) {
                Some(tempo) => self.push(Item::Tempo(tempo)),
                None => understood = false,
            },
            'P' => {
                let text = text::read(value).chars().take(40).collect();
                self.push_direction(Direction::Rehearsal(text));
            }
            // The title of a part of the piece.
            'T' => {
                let text = text::read_line(value);
                if !text.is_empty() {
                    self.push_direction(Direction::Words { above: true, text });
                }
            }
            'U' => {
                let place = self.place(at);
                self.settings.define_symbol(value, place, findings);
            }
            'm' => findings.note(self.place(at), settings::NO_MACROS),
            'I' => understood = self.instruction(value, at, findings),
            // The counter of a line, and remarks.
            'r' | 'N' => {}
            _ => understood = false,
        }
        if !understood {
            let value: String = value.chars().take(24).collect();
            findings.note(
                self.place(at),
                format!("[{name}:{value}] is not understood and left out"),
            );
        }
    }

    pub(super) fn instruction(
        &mut self,
        value: &str,
        at: &Cursor<'_>,
        findings: &mut Findings,
    ) -> bool {
        if let Some(drum) = value.trim().strip_prefix("percmap") {
            let drum = fields::drum(drum);
            self.drums
                .extend(drum.clone().filter(|_| self.drums.len() < 128));
            return drum.is_some();
        }
        if let Some(value) = value.trim().strip_prefix("MIDI") {
            self.read_midi(value, self.place(at), findings);
            return true;
        }
        let Some(shift) = value.trim().strip_prefix("staff") else {
            let (name, value) = value.split_once(' ').unwrap_or((value, ""));
            return self.settings.instruct(name, value.trim());
        };
        let Ok(shift) = shift.trim().trim_start_matches('+').parse::<i8>() else {
            return false;
        };
        let staff = i16::from(self.staff) + i16::from(shift);
        match u8::try_from(staff) {
            Ok(staff) if (1..=self.staves).contains(&staff) => {
                self.staff = staff;
                self.push(Item::Staff(staff));
            }
            _ => findings.note(
                self.place(at),
                "the instrument has no such staff: the voice stays",
            ),
        }
        true
    }
}
