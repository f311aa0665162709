//! Which voice the signs beside the staff belong to.
//!
//! What stands beside the staff has no voice in most files: it goes to the voice of the note it stands before,
//! if that is on its staff.

use super::dealing::Dealt;
use super::raw::{Entry, LineElement, RawBar, RawPart, What};
use super::remarks::{Remarks, Where};
use crate::event::Span;

/// Lines beside the staves of a part open at once.
const MAX_OPEN_LINES: usize = 64;

/// What stands before or after a sign in the file.
#[derive(Clone, Copy)]
struct Neighbour {
    stream: u32,
    staff: u8,
    voice: usize,
}

/// Finds a voice for each sign of the bar. `staves` are those on which the voices were left and are now.
pub(super) fn deal_signs(bar: &mut RawBar, voices: &[Dealt], staves: &mut [u8]) {
    let neighbour = |entry: &Entry| {
        let voice = entry.voice.filter(|_| !is_sign(entry))?;
        Some(Neighbour {
            stream: entry.moment.stream,
            staff: entry.staff.unwrap_or(1),
            voice,
        })
    };
    let mut after: Vec<Option<Neighbour>> = Vec::with_capacity(bar.entries.len());
    let mut next = None;
    for entry in bar.entries.iter().rev() {
        after.push(next);
        next = neighbour(entry).or(next);
    }
    let mut before: Option<Neighbour> = None;
    for (entry, after) in bar.entries.iter_mut().zip(after.into_iter().rev()) {
        if !is_sign(entry) {
            before = neighbour(entry).or(before);
            if let Some(staff) = before.and_then(|n| Some((staves.get_mut(n.voice)?, n.staff))) {
                *staff.0 = staff.1;
            }
            continue;
        }
        let stream = entry.moment.stream;
        let here = |n: &Neighbour| n.stream == stream;
        let (before, after) = (before.filter(here), after.filter(here));
        entry.voice = Some(voice_of_sign(entry, before, after, voices, staves));
    }
}

const fn is_sign(entry: &Entry) -> bool {
    matches!(entry.what, What::Sign(_) | What::Line(_))
}

fn voice_of_sign(
    entry: &Entry,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
    voices: &[Dealt],
    staves: &[u8],
) -> usize {
    let has_label = |v: usize| {
        voices
            .get(v)
            .is_some_and(|voice| voice.label == entry.label)
    };
    if entry.label.is_some() {
        let near = [after, before].into_iter().flatten().map(|n| n.voice);
        let named = near.chain(0..voices.len()).find(|v| has_label(*v));
        if let Some(voice) = named {
            return voice;
        }
    }
    let home = |v: usize| voices.get(v).map(|voice| voice.home);
    let beside = [after, before].into_iter().flatten();
    let Some(staff) = entry.staff else {
        return beside.map(|n| n.voice).next().unwrap_or(0);
    };
    // A voice that comes from this staff or goes to it, or lives there.
    let on_staff = |n: &Neighbour| {
        let left = staves.get(n.voice).copied();
        [Some(n.staff), left, home(n.voice)].contains(&Some(staff))
    };
    let near = beside.clone().find(on_staff).map(|n| n.voice);
    let living = || (0..voices.len()).find(|v| home(*v) == Some(staff));
    near.or_else(living).unwrap_or(0)
}

struct OpenLine {
    element: LineElement,
    number: u8,
    staff: Option<u8>,
    voice: Option<usize>,
    span: Span,
}

/// Finds for each end of a line which line it ends, and puts it into the voice in which that began.
pub(super) fn match_lines(part: &mut RawPart, number: usize, remarks: &mut Remarks) {
    let mut open: Vec<OpenLine> = Vec::new();
    for (index, bar) in part.bars.iter_mut().enumerate() {
        for entry in &mut bar.entries {
            let What::Line(line) = &mut entry.what else {
                continue;
            };
            let same = |o: &OpenLine| (o.element, o.number) == (line.element, line.number);
            let in_voice = |o: &OpenLine| same(o) && o.voice == entry.voice;
            let on_staff = |o: &OpenLine| same(o) && o.staff == entry.staff;
            if let Some(span) = line.starts {
                open.retain(|o| !in_voice(o));
                if open.len() < MAX_OPEN_LINES {
                    open.push(OpenLine {
                        element: line.element,
                        number: line.number,
                        staff: entry.staff,
                        voice: entry.voice,
                        span,
                    });
                }
                continue;
            }
            // Programs number lines by part, by staff or by voice.
            let found = open.iter().position(in_voice);
            let found = found.or_else(|| open.iter().position(on_staff));
            let found = found.or_else(|| open.iter().position(same));
            match found.map(|i| open.remove(i)) {
                Some(begun) => {
                    entry.voice = begun.voice;
                    line.ends = Some(begun.span);
                }
                None => {
                    entry.voice = None;
                    let place = Where {
                        position: entry.position,
                        bar: Some(index),
                        part: Some(number),
                        label: None,
                    };
                    remarks.note(place, "a line ends that did not begin: left out");
                }
            }
        }
    }
}
