//! Matching what begins with what ends: ties, slurs, lines, endings.
//!
//! It comes after the bars were repaired, so that nothing is tied to a note that was cut. What has no
//! partner is taken out, because a reader of MusicXML would draw it to the end of the piece.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Findings, Place, Position};
use crate::event::{Direction, Item, Mark, Note, Slurs, Span};
use crate::score::{Barline, Score, VoiceBar, VoltaStop};

/// Slurs of one voice open at once; MusicXML numbers 16, and music needs 3.
const MAX_OPEN_SLURS: usize = 6;

/// Where an item is in its voice. Grace notes are counted inside their group; events have only 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct At {
    bar: usize,
    item: usize,
    note: usize,
}

/// Matches everything in the score. `positions` says where in the text each bar begins.
pub(super) fn connect(score: &mut Score, positions: &[Position], findings: &mut Findings) {
    end_voltas(score);
    for v in 0..score.voices.len() {
        let number = score.voices.get(v).and_then(|voice| voice.id.parse().ok());
        let place = |bar: usize| Place {
            position: positions.get(bar).copied().unwrap_or_default(),
            bar: u32::try_from(bar + 1).ok(),
            voice: number,
        };
        let mut bars: Vec<&mut VoiceBar> = score
            .bars
            .iter_mut()
            .filter_map(|bar| bar.voices.get_mut(v))
            .collect();
        for at in unmatched_ties(&mut bars) {
            findings.note(
                place(at.bar),
                "a tie leads to no note of the same pitch: left out",
            );
        }
        for bar in match_slurs(&mut bars) {
            findings.note(place(bar), "a slur has only one end: left out");
        }
        for (bar, span) in match_lines(&mut bars) {
            findings.note(place(bar), format!("{} has only one end", name(span)));
        }
    }
}

const fn name(span: Span) -> &'static str {
    match span {
        Span::Crescendo | Span::Diminuendo => "a hairpin",
        Span::OctaveUp | Span::OctaveDown | Span::TwoOctavesUp | Span::TwoOctavesDown => {
            "an octave line"
        }
        Span::Pedal => "a pedal mark",
        Span::Trill => "a trill line",
        Span::Slide | Span::Glissando => "a glide",
    }
}

/// Ties each note to the next event. Gives the ties that lead nowhere, which are taken out.
fn unmatched_ties(bars: &mut [&mut VoiceBar]) -> Vec<At> {
    let mut open: Vec<(At, usize, crate::pitch::Pitch)> = Vec::new();
    let mut failed: Vec<(At, usize)> = Vec::new();
    for (b, bar) in bars.iter_mut().enumerate() {
        for (i, item) in bar.items.iter_mut().enumerate() {
            match item {
                Item::Event(event) => {
                    let at = At {
                        bar: b,
                        item: i,
                        note: 0,
                    };
                    for (from, n, pitch) in open.drain(..) {
                        if !end_tie(event.notes_mut(), pitch) {
                            failed.push((from, n));
                        }
                    }
                    begin_ties(event.notes(), at, &mut open);
                }
                // A grace note can take up a tie; others pass over it.
                Item::Grace(group) => {
                    for (g, grace) in group.notes.iter_mut().enumerate() {
                        let at = At {
                            bar: b,
                            item: i,
                            note: g,
                        };
                        open.retain(|(_, _, pitch)| !end_tie(&mut grace.notes, *pitch));
                        begin_ties(&grace.notes, at, &mut open);
                    }
                }
                _ => {}
            }
        }
    }
    failed.extend(open.into_iter().map(|(at, n, _)| (at, n)));
    for (at, n) in &failed {
        let item = bars
            .get_mut(at.bar)
            .and_then(|bar| bar.items.get_mut(at.item));
        let notes = match item {
            Some(Item::Event(event)) => event.notes_mut(),
            Some(Item::Grace(group)) => match group.notes.get_mut(at.note) {
                Some(grace) => &mut grace.notes,
                None => continue,
            },
            _ => continue,
        };
        if let Some(note) = notes.get_mut(*n) {
            note.tie_start = false;
        }
    }
    failed.into_iter().map(|(at, _)| at).collect()
}

fn end_tie(notes: &mut [Note], pitch: crate::pitch::Pitch) -> bool {
    let target = notes.iter_mut().find(|n| n.pitch == pitch && !n.tie_stop);
    target.is_some_and(|note| {
        note.tie_stop = true;
        true
    })
}

fn begin_ties(notes: &[Note], at: At, open: &mut Vec<(At, usize, crate::pitch::Pitch)>) {
    let tied = notes.iter().enumerate().filter(|(_, n)| n.tie_start);
    open.extend(tied.map(|(n, note)| (at, n, note.pitch)));
}

/// Matches slurs, the last begun first. Gives the bars of those with one end, which are taken out.
fn match_slurs(bars: &mut [&mut VoiceBar]) -> Vec<usize> {
    let mut open: Vec<At> = Vec::new();
    let mut failed = Vec::new();
    for (b, bar) in bars.iter_mut().enumerate() {
        for (i, item) in bar.items.iter_mut().enumerate() {
            let at = At {
                bar: b,
                item: i,
                note: 0,
            };
            match item {
                Item::Event(event) => slurs_at(&mut event.slurs, at, &mut open, &mut failed),
                Item::Grace(group) => {
                    for (g, grace) in group.notes.iter_mut().enumerate() {
                        slurs_at(
                            &mut grace.slurs,
                            At { note: g, ..at },
                            &mut open,
                            &mut failed,
                        );
                    }
                }
                _ => {}
            }
        }
    }
    for at in open {
        failed.push(at.bar);
        let item = bars
            .get_mut(at.bar)
            .and_then(|bar| bar.items.get_mut(at.item));
        let slurs = match item {
            Some(Item::Event(event)) => &mut event.slurs,
            Some(Item::Grace(group)) => match group.notes.get_mut(at.note) {
                Some(grace) => &mut grace.slurs,
                None => continue,
            },
            _ => continue,
        };
        slurs.starts = slurs.starts.saturating_sub(1);
    }
    failed
}

fn slurs_at(slurs: &mut Slurs, at: At, open: &mut Vec<At>, failed: &mut Vec<usize>) {
    for _ in 0..slurs.stops {
        if open.pop().is_some() {
            continue;
        }
        slurs.stops -= 1;
        // A slur around one note begins and ends there.
        slurs.starts = slurs.starts.saturating_sub(1);
        failed.push(at.bar);
    }
    for _ in 0..slurs.starts {
        if open.len() < MAX_OPEN_SLURS {
            open.push(at);
        } else {
            slurs.starts -= 1;
            failed.push(at.bar);
        }
    }
}

/// Matches lines of each kind. A line that begins anew ends nothing: the earlier one has only one end.
fn match_lines(bars: &mut [&mut VoiceBar]) -> Vec<(usize, Span)> {
    let mut open: HashMap<Span, (usize, usize)> = HashMap::new();
    let mut single: HashSet<(usize, usize, Span, bool)> = HashSet::new();
    for (b, bar) in bars.iter().enumerate() {
        for (i, item) in bar.items.iter().enumerate() {
            let mut end = |span: Span, start: bool| {
                if start {
                    if let Some((b, i)) = open.insert(span, (b, i)) {
                        single.insert((b, i, span, true));
                    }
                } else if open.get(&span).is_some_and(|from| *from != (b, i)) {
                    open.remove(&span);
                } else {
                    single.insert((b, i, span, false));
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
    }
    single.extend(open.into_iter().map(|(span, (b, i))| (b, i, span, true)));
    let mut failed: Vec<(usize, Span)> = Vec::new();
    let mut changed: HashSet<usize> = HashSet::new();
    for (b, _, span, start) in &single {
        changed.insert(*b);
        // Of a trill only the wavy line is lost.
        let only_its_line = *span == Span::Trill && *start;
        if !only_its_line && !stands_alone(*span, *start) {
            failed.push((*b, *span));
        }
    }
    failed.sort_by_key(|(b, _)| *b);
    for b in changed {
        let Some(bar) = bars.get_mut(b) else { continue };
        let mut i = 0;
        bar.items.retain_mut(|item| {
            let at = i;
            i += 1;
            let alone = |span: Span, start: bool| {
                single.contains(&(b, at, span, start)) && !stands_alone(span, start)
            };
            match item {
                Item::Direction(Direction::Start(span)) => !alone(*span, true),
                Item::Direction(Direction::Stop(span)) => !alone(*span, false),
                Item::Event(event) => {
                    let has_trill = event.marks.contains(&Mark::Trill);
                    event.marks.retain_mut(|mark| match mark {
                        // A trill without its line is still a trill.
                        Mark::Start(Span::Trill) if alone(Span::Trill, true) => {
                            *mark = Mark::Trill;
                            !has_trill
                        }
                        Mark::Start(span) => !alone(*span, true),
                        Mark::Stop(span) => !alone(*span, false),
                        _ => true,
                    });
                    true
                }
                _ => true,
            }
        });
    }
    failed
}

/// `Ped.` is often printed without the star.
const fn stands_alone(span: Span, start: bool) -> bool {
    matches!(span, Span::Pedal) && start
}

/// Bars an ending can have before its sign is taken to be forgotten.
const LONGEST_ENDING: usize = 32;

/// Finds where each ending ends. The last of a set often has no sign at its end: it is then taken to be as
/// long as the one before.
fn end_voltas(score: &mut Score) {
    let mut before = None;
    let mut b = 0;
    while b < score.bars.len() {
        if score.bars.get(b).is_none_or(|bar| bar.volta.is_none()) {
            b += 1;
            continue;
        }
        let bars = score.bars.iter().enumerate().skip(b);
        let signed = bars.take(LONGEST_ENDING).find_map(|(i, bar)| {
            let next = score.bars.get(i + 1);
            if bar.repeat_stop || next.is_some_and(|next| next.volta.is_some()) {
                Some((i, VoltaStop::Closed))
            } else if next.is_none() || matches!(bar.barline, Barline::Double | Barline::Final) {
                Some((i, VoltaStop::Open))
            } else {
                None
            }
        });
        let unsigned = match before {
            Some((end, length)) if end + 1 == b => b + length - 1,
            _ => b,
        };
        let (end, stop) = match signed {
            Some((end, stop))
                if stop == VoltaStop::Closed || end <= unsigned || before.is_none() =>
            {
                (end, stop)
            }
            _ => (unsigned, VoltaStop::Open),
        };
        let end = end.min(score.bars.len() - 1);
        if let Some(bar) = score.bars.get_mut(end) {
            bar.volta_stop = Some(stop);
        }
        before = Some((end, end + 1 - b));
        b = end + 1;
    }
}
