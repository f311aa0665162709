//! A track: events by time.

use midly::num::u28;
use midly::{MetaMessage, TrackEvent, TrackEventKind};

/// What comes first at one moment: a note ends before the pedal that would hold it, and before the next begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Order {
    SetUp,
    NoteOff,
    PedalUp,
    PedalDown,
    NoteOn,
}

/// Events in any order.
#[derive(Default, Debug)]
pub(super) struct Track<'a> {
    events: Vec<(i64, Order, TrackEventKind<'a>)>,
}

impl<'a> Track<'a> {
    pub(super) fn push(&mut self, tick: i64, order: Order, kind: TrackEventKind<'a>) {
        self.events.push((tick, order, kind));
    }

    pub(super) fn meta(&mut self, tick: i64, message: MetaMessage<'a>) {
        self.push(tick, Order::SetUp, TrackEventKind::Meta(message));
    }

    /// The events in order, up to the end of the track.
    pub(super) fn finish(mut self, end: i64) -> Vec<TrackEvent<'a>> {
        self.events.sort_by_key(|(tick, order, _)| (*tick, *order));
        let end_of_track = TrackEventKind::Meta(MetaMessage::EndOfTrack);
        self.events.push((end, Order::NoteOn, end_of_track));
        let mut out = Vec::with_capacity(self.events.len());
        let mut now = 0;
        for (tick, _, kind) in self.events {
            let mut delta = (tick - now).max(0);
            let most = i64::from(u28::max_value().as_int());
            while delta > most {
                // Longer than a delta can be: an empty text stands between.
                out.push(TrackEvent {
                    delta: u28::max_value(),
                    kind: TrackEventKind::Meta(MetaMessage::Text(b"")),
                });
                delta -= most;
            }
            out.push(TrackEvent {
                delta: u28::new(u32::try_from(delta).unwrap_or(0)),
                kind,
            });
            now = now.max(tick);
        }
        out
    }
}
