//! What the reader has to say, until it is known which voices there are.

use std::collections::BTreeMap;

use crate::diagnostic::{Findings, Place, Position, Severity};

/// Findings kept until the end. More would tell nobody anything.
const MAX_REMARKS: usize = 2000;
/// Kinds of things that are counted, so that noise cannot fill memory with invented names.
const MAX_KINDS: usize = 200;

/// A place in the file.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Where {
    pub(super) position: Position,
    /// From 0.
    pub(super) bar: Option<usize>,
    /// From 0.
    pub(super) part: Option<usize>,
    /// The voice, by its place in the labels of the part.
    pub(super) label: Option<u16>,
}

/// Findings whose voices have no numbers yet.
#[derive(Default, Debug)]
pub(super) struct Remarks {
    list: Vec<(Severity, Where, String)>,
    left_out: BTreeMap<String, (u32, Where)>,
}

impl Remarks {
    fn add(&mut self, severity: Severity, place: Where, message: String) {
        if self.list.len() < MAX_REMARKS {
            self.list.push((severity, place, message));
        }
    }

    pub(super) fn note(&mut self, place: Where, message: impl Into<String>) {
        self.add(Severity::Note, place, message.into());
    }

    pub(super) fn warn(&mut self, place: Where, message: impl Into<String>) {
        self.add(Severity::Warning, place, message.into());
    }

    /// Something that the score has no place for. It is told once, where it comes first, and counted.
    pub(super) fn leave_out(&mut self, place: Where, what: &str) {
        if let Some((count, _)) = self.left_out.get_mut(what) {
            *count = count.saturating_add(1);
        } else if self.left_out.len() < MAX_KINDS {
            let what = what.chars().take(60).collect();
            self.left_out.insert(what, (1, place));
        }
    }

    /// All of it as findings. `number` tells the number of a voice in the score by its part and label.
    pub(super) fn finish(
        self,
        findings: &mut Findings,
        number: impl Fn(usize, Option<u16>) -> Option<u32>,
    ) {
        let counted = self.left_out.into_iter().map(|(what, (count, place))| {
            let times = match count {
                1 => String::new(),
                n => format!(" ({n} times)"),
            };
            let message = format!("{what} has no place in the score and is left out{times}");
            (Severity::Note, place, message)
        });
        for (severity, place, message) in self.list.into_iter().chain(counted) {
            let place = Place {
                position: place.position,
                bar: place.bar.and_then(|bar| u32::try_from(bar + 1).ok()),
                voice: place.part.and_then(|part| number(part, place.label)),
            };
            findings.add(severity, place, message);
        }
    }
}
