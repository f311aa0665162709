//! The lines before the music: what the piece is, and which voices it has.

use std::collections::HashSet;

use super::cursor::Cursor;
use super::fields::{self, VoiceField};
use crate::diagnostic::{Findings, Place, Position};
use crate::fraction::Fraction;
use crate::metadata::Metadata;
use crate::score::Drum;
use crate::signature::{Key, Meter, Tempo};

/// Voices of one piece; the largest orchestral scores have about 60.
pub(super) const MAX_VOICES: usize = 128;
/// Miscellaneous fields of one piece.
const MAX_FIELDS: usize = 64;

/// A line of the text without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) number: u32,
}

impl Line<'_> {
    pub(super) const fn position(self) -> Position {
        Position {
            line: self.number,
            column: 1,
        }
    }

    pub(super) fn place(self) -> Place {
        Place {
            position: self.position(),
            ..Place::default()
        }
    }
}

/// A voice as the header declares it.
#[derive(Clone, Default, Debug)]
pub(super) struct VoiceHeader {
    pub(super) id: String,
    pub(super) field: VoiceField,
    /// Its own key, where the line after `V:` is `K:`.
    pub(super) key: Option<Key>,
    pub(super) drums: Vec<Drum>,
}

/// What the header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) metadata: Metadata,
    pub(super) score: Option<(String, Place)>,
    pub(super) unit: Option<Fraction>,
    pub(super) meter: Option<Meter>,
    pub(super) tempo: Option<Tempo>,
    pub(super) key: Option<VoiceField>,
    pub(super) voices: Vec<VoiceHeader>,
    /// `X:` came first: ABC as people write it.
    pub(super) has_number: bool,
    /// The voice that music without a voice tag belongs to.
    pub(super) current: Option<String>,
    known: HashSet<String>,
    style_lines: u8,
    /// Any field at all was found.
    pub(super) found: bool,
}

/// A line `X:value`, where X is a letter.
pub(super) fn field_of(line: &str) -> Option<(char, &str)> {
    let mut chars = line.chars();
    let name = chars.next().filter(char::is_ascii_alphabetic)?;
    if chars.next() != Some(':') {
        return None;
    }
    // `|:` is no field, but neither is `A:|`, a note before a repeat sign.
    let value = chars.as_str();
    (!value.starts_with(['|', ':'])).then_some((name, value))
}

impl Header {
    /// Takes in one line. `false` means that it belongs to the music.
    pub(super) fn read(&mut self, line: Line<'_>, findings: &mut Findings) -> bool {
        let text = line.text.trim();
        if text.is_empty() {
            return true;
        }
        if let Some(directive) = text.strip_prefix("%%") {
            self.directive(directive, line, findings);
            return true;
        }
        if let Some(comment) = text.strip_prefix('%') {
            self.comment(comment.trim());
            return true;
        }
        match field_of(text) {
            Some((name, value)) => {
                self.field(name, value.trim(), line, findings);
                true
            }
            None => false,
        }
    }

    /// NotaGen's first three lines are comments: period, composer, instrumentation.
    fn comment(&mut self, text: &str) {
        if self.found || self.has_number || text.starts_with("abc") {
            return;
        }
        let slot = match self.style_lines {
            0 => &mut self.metadata.period,
            1 => &mut self.metadata.composer,
            2 => &mut self.metadata.instrumentation,
            _ => return,
        };
        text.clone_into(slot);
        self.style_lines += 1;
    }

    fn directive(&mut self, directive: &str, line: Line<'_>, findings: &mut Findings) {
        let (name, value) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        let value = value.trim();
        match name {
            "score" | "staves" => {
                self.found = true;
                if self.score.is_none() {
                    self.score = Some((value.to_owned(), line.place()));
                } else {
                    findings.warn(line.place(), "a second %%score is left out");
                }
            }
            "partita-period" => value.clone_into(&mut self.metadata.period),
            "partita-instrumentation" => value.clone_into(&mut self.metadata.instrumentation),
            "abc-creator" => value.clone_into(&mut self.metadata.software),
            "abc-copyright" => self.metadata.rights = Some(value.to_owned()),
            "percmap" => self.drum(value, line, findings),
            // Directives of other programs are about looks and sound, not about notes.
            _ => {}
        }
    }

    fn drum(&mut self, value: &str, line: Line<'_>, findings: &mut Findings) {
        match (fields::drum(value), self.voices.last_mut()) {
            (Some(drum), Some(voice)) if voice.drums.len() < 128 => voice.drums.push(drum),
            _ => findings.note(
                line.place(),
                "a percmap line makes no sense and is left out",
            ),
        }
    }

    fn field(&mut self, name: char, value: &str, line: Line<'_>, findings: &mut Findings) {
        let mut understood = true;
        match name {
            'X' => self.has_number = true,
            'T' => {
                if self.metadata.title.is_empty() {
                    value.clone_into(&mut self.metadata.title);
                } else if !value.is_empty() {
                    self.metadata.title.push_str(" - ");
                    self.metadata.title.push_str(value);
                }
            }
            'C' => {
                if !self.metadata.composer.is_empty() && !value.is_empty() {
                    self.metadata.composer.push_str(", ");
                }
                self.metadata.composer.push_str(value);
            }
            'N' => self.remark(value),
            'L' => {
                let unit = fields::unit_length(value);
                understood = unit.is_some();
                self.unit = unit.or(self.unit);
            }
            'M' => {
                let meter = fields::meter(value);
                understood = meter.is_some();
                self.meter = meter.or(self.meter);
            }
            'Q' => {
                let tempo = fields::tempo(value);
                understood = tempo.is_some();
                self.tempo = tempo.or_else(|| self.tempo.take());
            }
            'K' => understood = self.key(value),
            'V' => self.voice(value, line, findings),
            'I' => match value.strip_prefix("percmap") {
                Some(drum) => self.drum(drum, line, findings),
                None => self.directive(value, line, findings),
            },
            // What other collections say of a piece, and lyrics, which belong to no note here.
            _ if name.is_ascii_alphabetic() => return,
            _ => understood = false,
        }
        self.found |= matches!(name, 'L' | 'M' | 'K' | 'V' | 'Q');
        if !understood {
            findings.warn(
                line.place(),
                format!("{name}:{} is not understood", shown(value)),
            );
        }
    }

    fn remark(&mut self, value: &str) {
        if let Some((name, value)) = value.split_once(':')
            && self.metadata.fields.len() < MAX_FIELDS
        {
            let entry = (name.trim().to_owned(), value.trim().to_owned());
            self.metadata.fields.push(entry);
        }
    }

    /// A `K:` line: the key of the piece, or after a `V:` line the key of that voice.
    fn key(&mut self, value: &str) -> bool {
        let field = fields::key_field(value);
        let understood = field.key.is_some() || field.clef.is_some() || value.is_empty();
        match (&self.key, self.voices.last_mut()) {
            (Some(_), Some(voice)) => voice.key = field.key.or(voice.key),
            (Some(_), None) => {}
            (None, _) => self.key = Some(field),
        }
        understood
    }

    fn voice(&mut self, value: &str, line: Line<'_>, findings: &mut Findings) {
        let mut cursor = Cursor::new(value, line.position());
        let id = cursor.take_while(|c| !c.is_whitespace());
        let field = fields::voice_field(cursor.rest());
        if !is_id(id) {
            findings.warn(line.place(), "a voice without a name is left out");
            return;
        }
        if !field.unknown.is_empty() {
            let unknown = shown(&field.unknown.join(" "));
            findings.note(
                line.place(),
                format!("voice {id}: \"{unknown}\" is not understood"),
            );
        }
        self.current = Some(id.to_owned());
        if self.known.contains(id) {
            // In ABC as people write it, the line comes again where the music of the voice begins.
            if field != VoiceField::default() {
                findings.note(line.place(), format!("voice {id} is declared twice"));
            }
            return;
        }
        self.declare(id, field, line.place(), findings);
    }

    /// Adds a voice, unless there are too many. Says whether it is there now.
    pub(super) fn declare(
        &mut self,
        id: &str,
        field: VoiceField,
        place: Place,
        findings: &mut Findings,
    ) -> bool {
        if self.voices.len() >= MAX_VOICES {
            findings.error(
                place,
                format!("more than {MAX_VOICES} voices: voice {id} is left out"),
            );
            return false;
        }
        self.known.insert(id.to_owned());
        self.voices.push(VoiceHeader {
            id: id.to_owned(),
            field,
            ..VoiceHeader::default()
        });
        true
    }

    pub(super) fn has_voice(&self, id: &str) -> bool {
        self.known.contains(id)
    }
}

/// Whether this can be the name of a voice.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 20
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
