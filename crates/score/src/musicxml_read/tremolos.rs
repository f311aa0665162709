//! Tremolos between two notes.

use crate::event::{Event, Item, Tremolo};

/// Sees to it that a tremolo between two notes has both, one after the other. One that has only one is on that
/// note. Says whether all were right.
pub(super) fn pair(items: &mut [Item]) -> bool {
    let events = items.iter_mut().filter_map(|item| match item {
        Item::Event(event) => Some(event),
        _ => None,
    });
    let mut events: Vec<&mut Event> = events.collect();
    let told: Vec<Option<Tremolo>> = events.iter().map(|event| event.tremolo).collect();
    let told_at = |i: Option<usize>| i.and_then(|i| told.get(i)).copied().flatten();
    let mut all_right = true;
    for (i, event) in events.iter_mut().enumerate() {
        let (strokes, has_other) = match event.tremolo {
            Some(Tremolo::First(strokes)) => {
                let next = told_at(Some(i + 1));
                (strokes, matches!(next, Some(Tremolo::Second(_))))
            }
            Some(Tremolo::Second(strokes)) => {
                let before = told_at(i.checked_sub(1));
                (strokes, matches!(before, Some(Tremolo::First(_))))
            }
            _ => continue,
        };
        if !has_other {
            event.tremolo = Some(Tremolo::Single(strokes));
            all_right = false;
        }
    }
    all_right
}
