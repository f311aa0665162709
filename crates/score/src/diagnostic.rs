//! What a reader found wrong in a text, and where.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing a listener would notice: an unknown decoration, a slur that never ends.
    Note,
    /// Music was changed so that the score holds together: a bar padded or cut, a voice added.
    Warning,
    /// The text is not a score: no header, or no music.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Line in the text, from 1.
    pub line: u32,
    /// Byte in the line, from 1.
    pub column: u32,
    /// Bar of the piece, from 1.
    pub bar: Option<u32>,
    /// Voice as numbered in the text (`V:3` is 3); voices with names count from 1 in score order.
    pub voice: Option<u32>,
    /// What is wrong and what was done about it, for people.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.severity)?;
        if let Some(bar) = self.bar {
            write!(f, ", bar {bar}")?;
        }
        if let Some(voice) = self.voice {
            write!(f, ", voice {voice}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A place in the text.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Where a reader stands, for its findings.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) bar: Option<u32>,
    pub(crate) voice: Option<u32>,
}

/// Findings of one reading, or of one step of it. Noise can hold a finding for every byte, so their number is
/// limited.
#[derive(Default, Debug)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    left_out: usize,
}

/// Findings kept of one text. More would tell nobody anything.
const MAX_FINDINGS: usize = 1000;
/// Errors kept beyond it.
const MAX_ERRORS: usize = 100;

/// Whether a finding of this severity has room beside so many others.
fn has_room(listed: usize, severity: Severity) -> bool {
    let beyond = match severity {
        Severity::Error => MAX_ERRORS,
        _ => 0,
    };
    listed < MAX_FINDINGS + beyond
}

impl Findings {
    pub(crate) fn add(&mut self, severity: Severity, place: Place, message: impl Into<String>) {
        if !has_room(self.list.len(), severity) {
            self.left_out += 1;
            return;
        }
        self.list.push(Diagnostic {
            severity,
            line: place.position.line,
            column: place.position.column,
            bar: place.bar,
            voice: place.voice,
            message: message.into(),
        });
    }

    pub(crate) fn note(&mut self, place: Place, message: impl Into<String>) {
        self.add(Severity::Note, place, message);
    }

    pub(crate) fn warn(&mut self, place: Place, message: impl Into<String>) {
        self.add(Severity::Warning, place, message);
    }

    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.add(Severity::Error, place, message);
    }

    /// The findings of all steps in the order of the text.
    pub(crate) fn of_all(steps: &[&Self]) -> Vec<Diagnostic> {
        let mut list: Vec<Diagnostic> = Vec::new();
        let mut left_out: usize = steps.iter().map(|step| step.left_out).sum();
        for finding in steps.iter().flat_map(|step| &step.list) {
            if has_room(list.len(), finding.severity) {
                list.push(finding.clone());
            } else {
                left_out += 1;
            }
        }
        list.sort_by_key(|d| (d.line, d.column));
        if left_out > 0 {
            let last = list.last().map_or((1, 1), |d| (d.line, d.column));
            list.push(Diagnostic {
                severity: Severity::Note,
                line: last.0,
                column: last.1,
                bar: None,
                voice: None,
                message: format!("{left_out} more findings are not listed"),
            });
        }
        list
    }
}
