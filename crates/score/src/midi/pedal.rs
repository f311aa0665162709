//! The sustaining pedal: controller 64.
//!
//! It is down from `Ped.` to its end. One without an end is lifted at the next `Ped.` or at the end of its
//! bar. A jump lifts it, unless it is down where play comes to.

use std::ops::Range;

use midly::num::{u4, u7};
use midly::{MidiMessage, TrackEventKind};

use super::timeline::{Timeline, ticks};
use super::track::{Order, Track};
use crate::event::{Direction, Item, Span};
use crate::score::Score;

const SUSTAIN: u7 = u7::new(64);

pub(super) fn play(
    score: &Score,
    part: usize,
    timeline: &Timeline,
    channel: u4,
    track: &mut Track<'_>,
) {
    for span in sounding(&holds(score, part, timeline), timeline) {
        let mut send = |tick: i64, order: Order, value: u7| {
            let message = MidiMessage::Controller {
                controller: SUSTAIN,
                value,
            };
            track.push(tick, order, TrackEventKind::Midi { channel, message });
        };
        send(span.start, Order::PedalDown, u7::max_value());
        send(span.end, Order::PedalUp, u7::new(0));
    }
}

/// Where the pedal is down as written, in order and without overlap.
fn holds(score: &Score, part: usize, timeline: &Timeline) -> Vec<Range<i64>> {
    let mut holds: Vec<Range<i64>> = Vec::new();
    for (v, _) in score.voices_of(part) {
        // Where it went down, and the end of that bar.
        let mut down: Option<(i64, i64)> = None;
        for (b, bar) in score.bars.iter().enumerate() {
            let written = timeline.written(b);
            for (position, item) in bar.voices.get(v).iter().flat_map(|voice| voice.placed()) {
                let at = written.start + ticks(position);
                match item {
                    Item::Direction(Direction::Start(Span::Pedal)) => {
                        let before = down.replace((at, written.end));
                        holds.extend(before.map(|(from, bar_end)| from..at.min(bar_end)));
                    }
                    Item::Direction(Direction::Stop(Span::Pedal)) => {
                        holds.extend(down.take().map(|(from, _)| from..at));
                    }
                    _ => {}
                }
            }
        }
        holds.extend(down.map(|(from, bar_end)| from..bar_end));
    }
    holds.sort_by_key(|hold| (hold.start, hold.end));
    // Of another voice while it is down: nothing new.
    let mut end = 0;
    holds.retain(|hold| {
        let is_new = hold.start >= end && hold.start < hold.end;
        end = if is_new { hold.end } else { end };
        is_new
    });
    holds
}

/// The same as it is played.
fn sounding(holds: &[Range<i64>], timeline: &Timeline) -> Vec<Range<i64>> {
    let mut spans: Vec<Range<i64>> = Vec::new();
    for played in &timeline.played {
        let bar = timeline.written(played.bar);
        let first = holds.partition_point(|hold| hold.end <= bar.start);
        let holds = holds.get(first..).unwrap_or(&[]).iter();
        for hold in holds.take_while(|hold| hold.start < bar.end) {
            let at = |tick: i64| played.start + tick - bar.start;
            let (start, end) = (at(hold.start.max(bar.start)), at(hold.end.min(bar.end)));
            match spans.last_mut() {
                // It went down in a bar before this one.
                Some(last) if hold.start < bar.start && last.end == start => last.end = end,
                _ => spans.push(start..end),
            }
        }
    }
    spans
}
