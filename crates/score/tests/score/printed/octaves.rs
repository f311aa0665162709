//! Octave lines, which hold for all voices of their staff.

use std::collections::HashSet;

use score::{Direction, Fraction, Item, Score, Span};

/// An octave line: part, staff, beginning and end in the piece.
type OctaveLine = (usize, u8, Fraction, Fraction);

/// An octave line is for all voices of its staff. Of those that overlap on a staff only that of its first
/// voice is printed, staff after staff.
pub(super) fn drop_octave_copies(score: &mut Score) {
    let mut order: Vec<usize> = (0..score.voices.len()).collect();
    order.sort_by_key(|v| (score.voices[*v].part, score.voices[*v].staff));
    let mut printed: Vec<OctaveLine> = Vec::new();
    for v in order {
        let (part, mut staff) = (score.voices[v].part, score.voices[v].staff);
        let (mut open, mut own, mut copies) = (Vec::new(), Vec::new(), HashSet::new());
        let mut at = Fraction::ZERO;
        for (b, bar) in score.bars.iter().enumerate() {
            for (i, item) in bar.voices[v].items.iter().enumerate() {
                match item {
                    Item::Event(event) => at = at.checked_add(event.duration).unwrap(),
                    Item::Staff(new) => staff = *new,
                    Item::Direction(Direction::Start(span)) if is_octave(*span) => {
                        open.push((*span, staff, at, (b, i)));
                    }
                    Item::Direction(Direction::Stop(span)) if is_octave(*span) => {
                        let start = open.iter().rposition(|o| o.0 == *span);
                        let Some((_, staff, from, start)) = start.map(|o| open.remove(o)) else {
                            continue;
                        };
                        let overlaps = |other: &&OctaveLine| {
                            (other.0, other.1) == (part, staff) && other.2 < at && from < other.3
                        };
                        if printed.iter().any(|other| overlaps(&other)) {
                            copies.extend([start, (b, i)]);
                        } else {
                            own.push((part, staff, from, at));
                        }
                    }
                    _ => {}
                }
            }
        }
        printed.extend(own);
        for (b, bar) in score.bars.iter_mut().enumerate() {
            let mut i = 0..;
            let items = &mut bar.voices[v].items;
            items.retain(|_| !i.next().is_some_and(|i| copies.contains(&(b, i))));
        }
    }
}

fn is_octave(span: Span) -> bool {
    use Span::{OctaveDown, OctaveUp, TwoOctavesDown, TwoOctavesUp};
    matches!(span, OctaveUp | OctaveDown | TwoOctavesUp | TwoOctavesDown)
}
