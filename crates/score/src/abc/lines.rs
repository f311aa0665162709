//! Lines and hairpins: which ends belong together.

use super::connect::{Failures, Strand};
use crate::event::{Direction, Item, Mark, Span};

/// A line that waits for its end, or one end of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    span: Span,
    start: bool,
    pub(super) bar: usize,
    pub(super) item: usize,
    /// Which of the grace notes; events and directions have only 0.
    note: usize,
}

/// Matches the ends in a bar with the lines that are open, at most one of each kind. Gives the ends that have
/// no other. A line that begins anew ends nothing: the earlier one has only one end.
pub(super) fn match_ends(open: &mut Vec<Line>, items: &[Item], bar: usize) -> Vec<Line> {
    let mut single: Vec<Line> = Vec::new();
    for (item, i) in items.iter().zip(0..) {
        let mut end = |span: Span, start: bool, note: usize| {
            let line = Line {
                span,
                start,
                bar,
                item: i,
                note,
            };
            let earlier = open.iter().position(|line| line.span == span);
            let earlier = earlier.map(|at| open.swap_remove(at));
            match (earlier, start) {
                (earlier, true) => {
                    single.extend(earlier);
                    open.push(line);
                }
                (Some(_), false) => {}
                (None, false) => single.push(line),
            }
        };
        match item {
            Item::Direction(Direction::Start(span)) => end(*span, true, 0),
            Item::Direction(Direction::Stop(span)) => end(*span, false, 0),
            Item::Event(event) => ends_at(&event.marks, |span, start| end(span, start, 0)),
            Item::Grace(group) => {
                for (grace, note) in group.notes.iter().zip(0..) {
                    ends_at(&grace.marks, |span, start| end(span, start, note));
                }
            }
            _ => {}
        }
    }
    single
}

/// The ends of lines at a note. What ends there was begun before it, so ends come first.
fn ends_at(marks: &[Mark], mut end: impl FnMut(Span, bool)) {
    for mark in marks {
        if let Mark::Stop(span) = mark {
            end(*span, false);
        }
    }
    for mark in marks {
        if let Mark::Start(span) = mark {
            end(*span, true);
        }
    }
}

/// Takes out single ends of lines. Gives for each bar the items that are gone, in order.
pub(super) fn remove(
    strand: &mut Strand<'_>,
    mut single: Vec<Line>,
    failures: &mut Failures,
) -> Vec<(usize, Vec<usize>)> {
    // `Ped.` is often printed without the star.
    single.retain(|line| !(line.span == Span::Pedal && line.start));
    single.sort_by_key(|line| (line.bar, line.item));
    let mut removed = Vec::new();
    for lines in single.chunk_by(|a, b| a.bar == b.bar) {
        let Some((first, bar)) = lines
            .first()
            .and_then(|l| Some((l.bar, strand.bar(l.bar)?)))
        else {
            continue;
        };
        let mut gone: Vec<usize> = Vec::new();
        for line in lines {
            // Of a trill only the wavy line is lost.
            if !(line.span == Span::Trill && line.start) {
                failures.push((line.bar, message(line.span)));
            }
            match bar.items.get_mut(line.item) {
                Some(Item::Event(event)) => {
                    let can_trill = !event.notes().is_empty();
                    remove_mark(&mut event.marks, can_trill, line);
                }
                Some(Item::Grace(group)) => {
                    if let Some(grace) = group.notes.get_mut(line.note) {
                        remove_mark(&mut grace.marks, true, line);
                    }
                }
                Some(Item::Direction(_)) => gone.push(line.item),
                _ => {}
            }
        }
        let (mut i, mut next) = (0, gone.iter().peekable());
        bar.items.retain(|_| {
            let keep = next.next_if(|gone| **gone == i).is_none();
            i += 1;
            keep
        });
        removed.push((first, gone));
    }
    removed
}

fn remove_mark(marks: &mut Vec<Mark>, can_trill: bool, line: &Line) {
    let mark = if line.start {
        Mark::Start(line.span)
    } else {
        Mark::Stop(line.span)
    };
    // A trill without its line is still a trill, but a rest has none.
    let trill = mark == Mark::Start(Span::Trill) && can_trill && !marks.contains(&Mark::Trill);
    match marks.iter_mut().find(|m| **m == mark) {
        Some(mark) if trill => *mark = Mark::Trill,
        _ => marks.retain(|m| *m != mark),
    }
}

const fn message(span: Span) -> &'static str {
    match span {
        Span::Crescendo | Span::Diminuendo => "a hairpin has only one end",
        Span::OctaveUp | Span::OctaveDown | Span::TwoOctavesUp | Span::TwoOctavesDown => {
            "an octave line has only one end"
        }
        Span::Pedal => "a pedal mark has only one end",
        Span::Trill => "a trill line has only one end",
        Span::Slide | Span::Glissando => "a glide has only one end",
    }
}
