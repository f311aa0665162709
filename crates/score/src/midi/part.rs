//! The track of a part.
//!
//! Tied notes are one note, also over a repeat or jump if the notes on both sides say so; a tie into a bar
//! that is not played next ends with its bar. If a note begins while the same key of the part still
//! sounds, the earlier one ends there: a channel knows a key only once.

use midly::num::{u4, u7};
use midly::{MetaMessage, MidiMessage, TrackEventKind};

use super::channels::Place;
use super::dynamics::Dynamics;
use super::metadata::bytes;
use super::pedal;
use super::timeline::Timeline;
use super::track::{Order, Track};
use super::voice::{self, Playing, Stroke};
use crate::pitch::Pitch;
use crate::score::Score;

/// A note that sounds, in ticks.
#[derive(Clone, Copy, Debug)]
struct Sound {
    start: i64,
    end: i64,
    key: u8,
    velocity: u8,
}

/// The track of a part. `ornaments` is how many strokes are left for ornaments.
pub(super) fn track<'a>(
    score: &'a Score,
    part: usize,
    place: Place,
    timeline: &Timeline,
    ornaments: &mut usize,
) -> Track<'a> {
    let mut track = Track::default();
    let channel = u4::new(place.channel);
    let name = score.parts.get(part).map_or("", |p| p.name.as_str());
    if !name.is_empty() {
        track.meta(0, MetaMessage::TrackName(bytes(name)));
        track.meta(0, MetaMessage::InstrumentName(bytes(name)));
    }
    if let Some(port) = place.port {
        track.meta(0, MetaMessage::MidiPort(u7::new(port)));
    }
    let program = u7::new(place.program);
    let message = MidiMessage::ProgramChange { program };
    track.push(0, Order::SetUp, TrackEventKind::Midi { channel, message });

    let dynamics = Dynamics::new(score, part, timeline);
    let playing = Playing {
        score,
        timeline,
        dynamics: &dynamics,
        program: place.program,
    };
    let mut sounds = Vec::new();
    for (v, voice) in score.voices_of(part) {
        let bars = voice::strokes(&playing, v, voice, ornaments);
        play(&bars, timeline, &mut sounds);
    }
    for sound in once_per_key(sounds) {
        let (key, vel) = (u7::new(sound.key), u7::new(sound.velocity));
        let message = MidiMessage::NoteOn { key, vel };
        let kind = TrackEventKind::Midi { channel, message };
        track.push(sound.start, Order::NoteOn, kind);
        let message = MidiMessage::NoteOff {
            key,
            vel: u7::new(64),
        };
        let kind = TrackEventKind::Midi { channel, message };
        track.push(sound.end, Order::NoteOff, kind);
    }
    pedal::play(score, part, timeline, channel, &mut track);
    track
}

/// Plays the bars of a voice, joining ties.
fn play(bars: &[Vec<Stroke>], timeline: &Timeline, sounds: &mut Vec<Sound>) {
    // Ties that wait for their second note: its pitch and time, and the sound that goes on.
    let mut open: Vec<(Pitch, i64, usize)> = Vec::new();
    for played in &timeline.played {
        open.retain(|(_, end, _)| *end == played.start);
        for stroke in bars.get(played.bar).map_or(&[][..], Vec::as_slice) {
            let start = (played.start + stroke.start).max(0);
            let end = (played.start + stroke.end).max(start + 1);
            let tied = |(pitch, end, _): &(Pitch, i64, usize)| {
                stroke.tie_in && (*pitch, *end) == (stroke.pitch, start)
            };
            let before = open.iter().position(tied).map(|i| open.swap_remove(i).2);
            let index = match before {
                Some(index) => {
                    if let Some(sound) = sounds.get_mut(index) {
                        sound.end = end;
                    }
                    index
                }
                None => {
                    sounds.push(Sound {
                        start,
                        end,
                        key: stroke.key,
                        velocity: stroke.velocity,
                    });
                    sounds.len() - 1
                }
            };
            if stroke.tie_out {
                open.push((stroke.pitch, end, index));
            }
        }
    }
}

/// Ends each sound where the next of its key begins. Of several that begin together the loudest is struck and
/// the longest held.
fn once_per_key(mut sounds: Vec<Sound>) -> Vec<Sound> {
    sounds.sort_by_key(|sound| (sound.key, sound.start));
    let mut out: Vec<Sound> = Vec::with_capacity(sounds.len());
    for mut sound in sounds {
        if let Some(before) = out.last_mut().filter(|before| before.key == sound.key) {
            if before.start == sound.start {
                before.end = before.end.max(sound.end);
                before.velocity = before.velocity.max(sound.velocity);
                continue;
            }
            if before.end > sound.start {
                // The one that is held goes on below the new one.
                sound.end = sound.end.max(before.end);
                before.end = sound.start;
            }
        }
        out.push(sound);
    }
    out
}
