//! Brackets of tuplets.
//!
//! The text says how every note is shortened, but its groups are not always those that are printed: a
//! triplet of a half and a quarter note comes as two groups of one, and some lengths carry their ratio
//! without any group. Neighbours of the same ratio are joined until they fill a plain length.

use super::values::implied_tuplet;
use crate::event::{Content, Event, Tuplet};
use crate::fraction::Fraction;

/// The brackets at an event and its ratio.
#[derive(Clone, Debug)]
pub(super) struct Brackets {
    /// Number and ratio of those that begin, the outermost first.
    pub(super) starts: Vec<(u8, Tuplet)>,
    /// Numbers of those that end, the innermost first.
    pub(super) stops: Vec<u8>,
    /// By which the printed value is shortened.
    pub(super) ratio: Tuplet,
    /// Inside another one, where the ratio of the note is not the ratio of the bracket.
    pub(super) nested: bool,
}

impl Default for Brackets {
    fn default() -> Self {
        Self {
            starts: Vec::new(),
            stops: Vec::new(),
            ratio: Tuplet::NONE,
            nested: false,
        }
    }
}

struct Group {
    first: usize,
    last: usize,
    tuplet: Tuplet,
    length: Option<Fraction>,
}

/// By how much the printed value of an event is shortened.
pub(super) fn ratio(event: &Event) -> Tuplet {
    match event.content {
        // Nothing is printed of it, so it needs no tuplet.
        Content::Rest { visible: false } => event.ratio,
        _ if event.ratio.is_none() => implied_tuplet(event.written),
        _ => event.ratio,
    }
}

/// The brackets of the events of a bar.
pub(super) fn brackets(events: &[&Event]) -> Vec<Brackets> {
    let mut result: Vec<Brackets> = events
        .iter()
        .map(|event| Brackets {
            ratio: ratio(event),
            ..Brackets::default()
        })
        .collect();
    let (groups, inner) = groups(events, &result);
    let depth_two = u8::from(!inner.is_empty());
    for group in join(groups) {
        mark(
            &mut result,
            group.first,
            group.last,
            1,
            group.tuplet,
            depth_two > 0,
        );
    }
    for (first, last, depth, tuplet) in inner {
        mark(&mut result, first, last, depth, tuplet, true);
    }
    result
}

fn mark(
    result: &mut [Brackets],
    first: usize,
    last: usize,
    number: u8,
    tuplet: Tuplet,
    nested: bool,
) {
    if let Some(at) = result.get_mut(first) {
        at.starts.push((number, tuplet));
        at.nested |= nested;
    }
    if let Some(at) = result.get_mut(last) {
        at.stops.insert(0, number);
    }
}

type Inner = (usize, usize, u8, Tuplet);

/// The outermost groups, and those inside them with their depth.
fn groups(events: &[&Event], result: &[Brackets]) -> (Vec<Group>, Vec<Inner>) {
    let mut groups = Vec::new();
    let mut inner = Vec::new();
    let mut open: Vec<(usize, Tuplet)> = Vec::new();
    for (i, event) in events.iter().enumerate() {
        open.extend(event.tuplet_starts.iter().map(|t| (i, *t)));
        // Tuplets of 1:1 are none.
        if open.iter().all(|(_, tuplet)| tuplet.is_none()) {
            let tuplet = result.get(i).map_or(Tuplet::NONE, |b| b.ratio);
            if !tuplet.is_none() {
                groups.push(Group {
                    first: i,
                    last: i,
                    tuplet,
                    length: Some(event.duration),
                });
            }
        }
        for _ in 0..event.tuplet_stops {
            let Some((first, tuplet)) = open.pop() else {
                break;
            };
            if tuplet.is_none() {
                continue;
            }
            let depth = open.iter().filter(|(_, t)| !t.is_none()).count();
            if depth == 0 {
                let inside = events.iter().take(i + 1).skip(first);
                let length = inside
                    .map(|e| e.duration)
                    .try_fold(Fraction::ZERO, Fraction::checked_add);
                groups.push(Group {
                    first,
                    last: i,
                    tuplet,
                    length,
                });
            } else {
                let depth = u8::try_from(depth + 1).unwrap_or(u8::MAX);
                inner.push((first, i, depth, tuplet));
            }
        }
    }
    (groups, inner)
}

fn join(groups: Vec<Group>) -> Vec<Group> {
    let mut joined: Vec<Group> = Vec::new();
    for group in groups {
        if let Some(before) = joined.last_mut() {
            let incomplete = before.length.is_some_and(|l| !l.is_dyadic());
            if incomplete && before.last + 1 == group.first && before.tuplet == group.tuplet {
                before.last = group.last;
                before.length = before
                    .length
                    .zip(group.length)
                    .and_then(|(a, b)| a.checked_add(b));
                continue;
            }
        }
        joined.push(group);
    }
    joined
}
