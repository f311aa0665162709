//! The first track: what the piece is, and its tempi, metres and keys as they are played.

use midly::MetaMessage;
use midly::num::u24;

use super::metadata::Text;
use super::signatures::{Signature, Signatures};
use super::tempo::Tempi;
use super::timeline::Timeline;
use super::track::Track;
use crate::score::Score;

pub(super) fn track<'a>(score: &Score, timeline: &Timeline, texts: &'a [Text]) -> Track<'a> {
    let mut track = Track::default();
    for text in texts {
        track.meta(0, text.message());
    }
    let tempi = Tempi::new(score, timeline);
    let signatures = Signatures::new(score);
    let (mut tempo, mut meter, mut key) = (None, None, None);
    for played in &timeline.played {
        let written = timeline.written(played.bar);
        for (tick, micros) in tempi.within(&written) {
            if tempo.replace(micros) != Some(micros) {
                let at = played.start + tick - written.start;
                track.meta(at, MetaMessage::Tempo(u24::new(micros)));
            }
        }
        for (tick, signature) in signatures.of_bar(played.bar) {
            let last = match signature {
                Signature::Meter { .. } => &mut meter,
                Signature::Key { .. } => &mut key,
            };
            if last.replace(*signature) != Some(*signature) {
                track.meta(played.start + tick, signature.message());
            }
        }
    }
    track
}
