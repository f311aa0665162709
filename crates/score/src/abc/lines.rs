//! Lines and hairpins: which ends belong together.

use super::connect::{Failures, Strand};
use crate::event::{Direction, Event, Item, Mark, Span};

/// A line that waits for its end, or one end of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    span: Span,
    start: bool,
    pub(super) bar: usize,
    pub(super) item: usize,
}

/// Matches the ends in a bar with the lines that are open, at most one of each kind. Gives the ends that have
/// no other. A line that begins anew ends nothing: the earlier one has only one end.
pub(super) fn match_ends(open: &mut Vec<Line>, items: &[Item], bar: usize) -> Vec<Line> {
    let mut single: Vec<Line> = Vec::new();
    for (item, i) in items.iter().zip(0..) {
        let mut end = |span: Span, start: bool| {
            let line = Line {
                span,
                start,
                bar,
                item: i,
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
            Item::Direction(Direction::Start(span)) => end(*span, true),
            Item::Direction(Direction::Stop(span)) => end(*span, false),
            Item::Event(event) => {
                // What ends on a note was begun before it, so ends come first.
                for mark in &event.marks {
                    if let Mark::Stop(span) = mark {
                        end(*span, false);
                    }
                }
                for mark in &event.marks {
                    if let Mark::Start(span) = mark {
                        end(*span, true);
                    }
                }
            }
            _ => {}
        }
    }
    single
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
                Some(Item::Event(event)) => remove_mark(event, line),
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

fn remove_mark(event: &mut Event, line: &Line) {
    let mark = if line.start {
        Mark::Start(line.span)
    } else {
        Mark::Stop(line.span)
    };
    // A trill without its line is still a trill, but a rest has none.
    let trill = mark == Mark::Start(Span::Trill)
        && !event.notes().is_empty()
        && !event.marks.contains(&Mark::Trill);
    match event.marks.iter_mut().find(|m| **m == mark) {
        Some(mark) if trill => *mark = Mark::Trill,
        _ => event.marks.retain(|m| *m != mark),
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
