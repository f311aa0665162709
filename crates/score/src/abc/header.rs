//! The lines before the music: what the piece is, and which voices it has.

use std::collections::HashSet;

use super::credits;
use super::cursor::Cursor;
use super::fields::{self, VoiceField};
use super::settings::{self, Settings};
use super::text;
use crate::diagnostic::{Findings, Place, Position};
use crate::fraction::Fraction;
use crate::limits::MAX_VOICES;
use crate::metadata::{Metadata, STYLE_COMPOSER};
use crate::score::Drum;
use crate::signature::{Meter, Tempo};

/// The comments that NotaGen's text begins with.
const STYLE_LINES: usize = 3;

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
    pub(super) key: Option<VoiceField>,
    pub(super) drums: Vec<Drum>,
    /// The program that plays it (`%%MIDI program`), from 0.
    pub(super) program: Option<u8>,
}

/// What the header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) metadata: Metadata,
    pub(super) score: Option<(String, Place)>,
    pub(super) unit: Option<Fraction>,
    pub(super) meter: Option<Meter>,
    /// The value of `Q:`. What it means can depend on an `L:` after it.
    tempo: Option<String>,
    pub(super) key: Option<VoiceField>,
    pub(super) voices: Vec<VoiceHeader>,
    /// `X:` came first: ABC as people write it.
    pub(super) has_number: bool,
    /// The voice that music without a voice tag belongs to.
    pub(super) current: Option<String>,
    /// What holds for every voice.
    pub(super) settings: Settings,
    /// The program that plays the voices which name none of their own.
    pub(super) program: Option<u8>,
    known: HashSet<String>,
    /// The comments since the last line that was none, after an `X:`.
    comments: Vec<String>,
    style_lines: u8,
    /// The letter of the field before, which `+:` goes on with.
    last: char,
    /// A voice came after the key: fields are of that voice from here on.
    voice_after_key: bool,
    /// Whether anything says who composed it.
    has_composer: bool,
    /// Any field at all was found.
    pub(super) found: bool,
    /// There are too many voices: those that only the music names are left out.
    pub(super) refuses: bool,
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
    let is_note = matches!(name, 'A'..='G' | 'a'..='g' | 'x'..='z' | 'X' | 'Z');
    (!is_note || !value.starts_with(['|', ':'])).then_some((name, value))
}

impl Header {
    /// Takes in one line. `false` means that it belongs to the music.
    pub(super) fn read(&mut self, line: Line<'_>, findings: &mut Findings) -> bool {
        let text = line.text.trim();
        if text.is_empty() {
            return true;
        }
        let directive = text.strip_prefix("%%");
        if let (Some(comment), None) = (text.strip_prefix('%'), directive) {
            self.comment(comment.trim());
            return true;
        }
        self.end_comments(text);
        if let Some(directive) = directive {
            self.directive(strip_comment(directive), line, findings);
            return true;
        }
        let text = strip_comment(text);
        if let Some(value) = text.strip_prefix("+:") {
            credits::go_on(&mut self.metadata, self.last, value.trim());
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

    /// Whether a field belongs to the music, as those do that come after the key.
    pub(super) fn is_over_at(&self, letter: char) -> bool {
        match letter {
            'V' | 'K' | 'I' | 'U' | 'm' | 'X' => false,
            'L' | 'M' | 'Q' => self.has_number && self.voice_after_key,
            _ => self.has_number && self.key.is_some(),
        }
    }

    /// NotaGen's first three lines are comments: period, composer, instrumentation. In ABC as people write
    /// it comments are just that, unless three of them stand before the line that NotaGen begins with.
    fn comment(&mut self, text: &str) {
        if text.starts_with("abc-") {
            self.settings
                .instruct("abc-version", text.trim_start_matches("abc-"));
        }
        if self.found || text.starts_with("abc") {
            return;
        }
        if !self.has_number {
            self.style(text.to_owned());
        } else if self.comments.len() <= STYLE_LINES {
            self.comments.push(text.to_owned());
        }
    }

    /// A line that is no comment follows those that came.
    fn end_comments(&mut self, next: &str) {
        let comments = std::mem::take(&mut self.comments);
        let begins = ["%%score", "L:"]
            .iter()
            .any(|start| next.starts_with(start));
        if begins && comments.len() == STYLE_LINES {
            comments.into_iter().for_each(|text| self.style(text));
        }
    }

    fn style(&mut self, text: String) {
        self.style_lines = self.style_lines.saturating_add(1);
        match self.style_lines {
            1 => self.metadata.period = text,
            // The piece has a composer: this is how the style names him.
            2 if self.has_composer => {
                let field = (STYLE_COMPOSER.to_owned(), text);
                self.metadata.fields.insert(0, field);
            }
            2 => self.metadata.composer = text,
            3 => self.metadata.instrumentation = text,
            _ => {}
        }
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
            "partita-period" => self.metadata.period = text::read_line(value),
            "partita-instrumentation" => self.metadata.instrumentation = text::read_line(value),
            "abc-creator" => self.metadata.software = text::read_line(value),
            "abc-copyright" => self.metadata.rights = Some(text::read_line(value)),
            "percmap" => self.drum(value, line, findings),
            "MIDI" => {
                let program = settings::midi_program(value);
                let voice = self.current.as_deref();
                let voice = self
                    .voices
                    .iter_mut()
                    .find(|v| Some(v.id.as_str()) == voice);
                let slot = voice.map_or(&mut self.program, |voice| &mut voice.program);
                *slot = program.or(*slot);
            }
            // Directives of other programs are about looks and sound, not about notes.
            _ => {
                self.settings.instruct(name, value);
            }
        }
    }

    fn drum(&mut self, value: &str, line: Line<'_>, findings: &mut Findings) {
        let current = self.current.as_deref();
        let mut voices = self.voices.iter_mut();
        let voice = voices.find(|voice| Some(voice.id.as_str()) == current);
        match (fields::drum(value), voice) {
            (Some(drum), Some(voice)) if voice.drums.len() < 128 => voice.drums.push(drum),
            _ => findings.note(
                line.place(),
                "a percmap line makes no sense and is left out",
            ),
        }
    }

    fn field(&mut self, name: char, value: &str, line: Line<'_>, findings: &mut Findings) {
        let mut understood = true;
        self.last = name;
        match name {
            'X' => self.has_number = true,
            'L' => {
                let unit = fields::unit_length(value);
                understood = unit.is_some();
                self.unit = unit.or(self.unit);
            }
            'M' => {
                let meter = fields::meter(value);
                understood = meter.is_some();
                self.meter = meter.or(self.meter);
                settings::check_meter(value, line.place(), findings);
            }
            'Q' => {
                understood = fields::tempo(value, Fraction::EIGHTH).is_some();
                if understood {
                    self.tempo = Some(value.to_owned());
                }
            }
            'K' => understood = self.key(value, line, findings),
            'V' => self.voice(value, line, findings),
            'I' => match value.strip_prefix("percmap") {
                Some(drum) => self.drum(drum, line, findings),
                None => self.directive(value, line, findings),
            },
            'U' => self.settings.define_symbol(value, line.place(), findings),
            'm' => findings.note(line.place(), settings::NO_MACROS),
            _ if name.is_ascii_alphabetic() => {
                if name == 'P' {
                    findings.note(
                        line.place(),
                        "the order of the parts is kept, but the music stays as it is written",
                    );
                }
                self.has_composer |= name == 'C';
                if !credits::take(&mut self.metadata, name, value) {
                    findings.note(line.place(), "there are too many fields: one is left out");
                }
                return;
            }
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

    /// The tempo at the start.
    pub(super) fn tempo(&self) -> Option<Tempo> {
        fields::tempo(self.tempo.as_ref()?, self.unit())
    }

    /// The unit of lengths; without `L:` it follows from the metre.
    pub(super) fn unit(&self) -> Fraction {
        let bar = self.meter.and_then(Meter::bar_length);
        let short = bar.is_some_and(|l| l < Fraction::new(3, 4).unwrap_or(l));
        self.unit
            .unwrap_or(Fraction::half_to_the(if short { 4 } else { 3 }))
    }

    /// A `K:` line: the key of the piece, or after a `V:` line the key of that voice.
    fn key(&mut self, value: &str, line: Line<'_>, findings: &mut Findings) -> bool {
        let field = fields::key_field(value);
        let understood = field.key.is_some() || field.clef.is_some() || value.is_empty();
        settings::check_key(&field, line.place(), findings);
        match (&self.key, self.voices.last_mut()) {
            (Some(_), Some(voice)) => {
                let earlier = voice.key.take().and_then(|field| field.key);
                let key = field.key.or(earlier);
                voice.key = Some(VoiceField { key, ..field });
            }
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
        self.voice_after_key |= self.key.is_some();
        if self.known.contains(id) {
            // In ABC as people write it, the line comes again where the music of the voice begins.
            self.complete(id, &field, line.place(), findings);
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

    /// Adds what another line says of a voice. Names are those of the first line that has them.
    pub(super) fn complete(
        &mut self,
        id: &str,
        field: &VoiceField,
        place: Place,
        findings: &mut Findings,
    ) {
        let Some(voice) = self.voices.iter_mut().find(|voice| voice.id == id) else {
            return;
        };
        let names = [
            (&mut voice.field.name, &field.name),
            (&mut voice.field.short_name, &field.short_name),
        ];
        for (known, new) in names {
            match known {
                None => known.clone_from(new),
                Some(known) if new.as_ref().is_some_and(|new| new != known) => {
                    findings.note(
                        place,
                        format!("voice {id} has another name: the first holds"),
                    );
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn has_voice(&self, id: &str) -> bool {
        self.known.contains(id)
    }
}

/// The line up to its comment. A `%` inside a text is no comment, nor is `\%`.
pub(super) fn strip_comment(text: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let comment = *c == '%' && !quoted && !escaped;
        quoted ^= *c == '"';
        escaped = *c == '\\' && !escaped;
        comment
    });
    end.and_then(|(i, _)| text.get(..i)).unwrap_or(text)
}

/// Whether this can be the name of a voice.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(is_in_id)
}

/// Whether the name of a voice can have this character.
pub(super) fn is_in_id(c: char) -> bool {
    c.is_alphanumeric() || "_-.'#+".contains(c)
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
