//! Writing MIDI files, and reading what they say about themselves.
//!
//! A file of type 1: the first track has title, tempi, metres and keys, each part has one of its own. The bars
//! are in the order in which they are played ([`playing_order`](crate::playing_order)); everything that a
//! sign changes until further notice (tempo, loudness, metre, key) is in a bar what it is where the bar is
//! written, however play came there.
//!
//! Time: 10080 ticks to the quarter note hold every length exactly that is made of binary notes down to the
//! 512th and of tuplets of 3, 5, 7 and 9. Each place in a bar is kept as an exact fraction and rounded to the
//! nearest tick, half a tick up; so is the length of a bar. Bars begin at whole ticks in all parts, so
//! nothing drifts, and only notes of other tuplets are off by half a tick at most, 1/40320 of a quarter note.
//!
//! How signs are played stands where they are: `voice` notes, `ornaments`, `dynamics`, `tempo`.

mod channels;
mod conductor;
mod dynamics;
mod metadata;
mod ornaments;
mod part;
mod pedal;
mod signatures;
mod tempo;
mod timeline;
mod track;
mod voice;

pub use metadata::midi_metadata;

use crate::score::Score;
use midly::num::u15;
use midly::{Format, Header, Timing};
use timeline::{QUARTER, Timeline};

/// The score as a MIDI file of type 1. Equal scores give equal bytes.
pub fn write_midi(score: &Score) -> Vec<u8> {
    let timeline = Timeline::new(score);
    let texts = metadata::texts(&score.metadata);
    let mut tracks = vec![conductor::track(score, &timeline, &texts)];
    let mut ornaments = ornaments::MOST_STROKES;
    for (part, place) in channels::assign(score).into_iter().enumerate() {
        tracks.push(part::track(score, part, place, &timeline, &mut ornaments));
    }
    let tracks: Vec<_> = tracks
        .into_iter()
        .map(|track| track.finish(timeline.end))
        .collect();
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(QUARTER)));
    let mut bytes = Vec::new();
    // Writing to memory fails only for more tracks or longer ones than the format can count.
    match midly::write(&header, &tracks, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}
