//! Fields and directives between the lines of music, in ABC as people write it.

use super::body::Voices;
use super::cursor::Cursor;
use super::header::{self, Line};
use crate::diagnostic::Findings;

/// Reads the lines that are no music.
#[derive(Default)]
pub(super) struct Fields {
    /// The letter of the field before, which `+:` goes on with.
    last: char,
    /// A line of words ended in a backslash: the next one is its continuation, as in ABC 2.0.
    open: bool,
}

impl Fields {
    /// Reads a line, given without its comment too, if it is a field or a directive. Fields are of the voice
    /// whose music was read last; `V:` changes it.
    pub(super) fn read(
        &mut self,
        line: Line<'_>,
        text: &str,
        voice: &mut usize,
        voices: &mut Voices,
        findings: &mut Findings,
    ) -> bool {
        if let Some(directive) = line.text.strip_prefix("%%") {
            let directive = header::strip_comment(directive).trim();
            let at = Cursor::new(directive, line.position());
            if directive.starts_with("score") || directive.starts_with("staves") {
                findings.note(
                    line.place(),
                    "the layout changes inside the music: the first holds",
                );
            } else {
                voices.read(*voice, line.position(), findings, |reader, findings| {
                    // Directives of other programs are about looks and sound, not about notes.
                    reader.instruction(directive, &at, findings);
                });
            }
            return true;
        }
        let goes_on = text.starts_with("+:");
        let (name, value) = match text.strip_prefix("+:") {
            Some(value) => (self.last, value),
            None => match header::field_of(text) {
                Some(field) => field,
                None => return false,
            },
        };
        let goes_on = goes_on || self.open && name == self.last;
        self.last = name;
        self.open = false;
        let value = value.trim();
        match name {
            'V' => {
                let id = value.split_whitespace().next().unwrap_or("");
                *voice = voices.index.get(id).copied().unwrap_or(*voice);
                let properties = value.strip_prefix(id).unwrap_or("");
                voices.read(*voice, line.position(), findings, |reader, findings| {
                    reader.read_properties(properties, line.place(), findings);
                });
            }
            'W' => match voices.words.last_mut().filter(|_| goes_on) {
                Some(words) => words.extend([" ", value]),
                None => voices.words.push(value.to_owned()),
            },
            'U' => {
                // A symbol is the same in all voices; that it is wrong is said once.
                let mut silent = Findings::default();
                let mut findings = Some(findings);
                for reader in &mut voices.readers {
                    let findings = findings.take().unwrap_or(&mut silent);
                    reader.settings.define_symbol(value, line.place(), findings);
                }
            }
            // `d:` is the older name of `s:`.
            'w' | 's' | 'd' => {
                let words = value.strip_suffix('\\').filter(|_| name == 'w');
                self.open = words.is_some();
                let value = words.unwrap_or(value);
                voices.read(*voice, line.position(), findings, |reader, findings| {
                    let place = reader.place_at(line.position());
                    if name == 'w' {
                        reader.sing(value, goes_on, place, findings);
                    } else {
                        reader.read_symbols(value, goes_on, place, findings);
                    }
                });
            }
            _ => {
                let at = Cursor::new(text, line.position());
                voices.read(*voice, line.position(), findings, |reader, findings| {
                    reader.field(name, value, &at, findings);
                });
            }
        }
        true
    }
}
