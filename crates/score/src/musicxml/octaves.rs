//! Octave lines, which in MusicXML belong to a staff.
//!
//! ABC has them in a voice, and the training text repeats a line in every voice of its staff. Written twice,
//! a line moves the notes under it twice in programs such as MuseScore. So of lines that overlap on a staff
//! only that of its first voice is written.

use std::collections::HashSet;

use crate::event::{Direction, Item, Span};
use crate::fraction::Fraction;
use crate::score::{Bar, Score, Voice};

use super::attributes::advance;

/// Where an item is: voice in the score, bar, place in the voice's bar.
type Place = (usize, usize, usize);

/// An octave line, in whole notes from the start of the piece.
struct Line {
    staff: u8,
    from: Fraction,
    to: Fraction,
}

/// The ends of octave lines of these voices that are left out.
pub(super) fn copies(score: &Score, voices: &[(usize, &Voice, i64)]) -> HashSet<Place> {
    let mut copies = HashSet::new();
    let mut written: Vec<Line> = Vec::new();
    for (voice, of, _) in voices {
        let before = written.len();
        lines(score, *voice, of.staff, |line, start, stop| {
            let others = written.get(..before).unwrap_or_default();
            let overlaps = |other: &Line| {
                other.staff == line.staff && other.from < line.to && line.from < other.to
            };
            if others.iter().any(overlaps) {
                copies.extend([start, stop]);
            } else {
                written.push(line);
            }
        });
    }
    copies
}

/// The octave lines of a voice, each with its two ends, in the order of their ends.
fn lines(score: &Score, voice: usize, mut staff: u8, mut found: impl FnMut(Line, Place, Place)) {
    let starts =
        |item: &Item| matches!(item, Item::Direction(Direction::Start(span)) if is_octave(*span));
    // Few voices have any, and the others need no reckoning.
    if !score
        .bars
        .iter()
        .any(|bar| items(bar, voice).iter().any(starts))
    {
        return;
    }
    let mut open: Vec<(Span, u8, Fraction, Place)> = Vec::new();
    let mut bar_at = Fraction::ZERO;
    for (b, bar) in score.bars.iter().enumerate() {
        let mut at = bar_at;
        for (i, item) in items(bar, voice).iter().enumerate() {
            match item {
                Item::Event(event) => at = advance(at, event.duration),
                Item::Staff(to) => staff = *to,
                Item::Direction(Direction::Start(span)) if is_octave(*span) => {
                    open.push((*span, staff, at, (voice, b, i)));
                }
                Item::Direction(Direction::Stop(span)) if is_octave(*span) => {
                    let last = open.iter().rposition(|(kind, ..)| kind == span);
                    if let Some((_, staff, from, start)) = last.map(|last| open.remove(last)) {
                        let line = Line {
                            staff,
                            from,
                            to: at,
                        };
                        found(line, start, (voice, b, i));
                    }
                }
                _ => {}
            }
        }
        bar_at = advance(bar_at, bar.length);
    }
}

fn items(bar: &Bar, voice: usize) -> &[Item] {
    bar.voices.get(voice).map_or(&[], |voice| &voice.items)
}

const fn is_octave(span: Span) -> bool {
    matches!(
        span,
        Span::OctaveUp | Span::OctaveDown | Span::TwoOctavesUp | Span::TwoOctavesDown
    )
}
