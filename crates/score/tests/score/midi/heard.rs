//! A MIDI file as it is heard, and how that compares with the score. It follows the format's rules itself, and
//! knows nothing of how the file is written.

use std::collections::{BTreeMap, BTreeSet};

use midly::{Format, MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};
use score::{
    ClefSign, Event, Fraction, Item, Mark, Note as Written, Score, Span, Tremolo, playing_order,
};

pub(crate) const QUARTER: i64 = 10_080;

#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) key: u8,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) velocity: u8,
}

#[derive(Default, Debug)]
pub(crate) struct Track {
    pub(crate) name: String,
    pub(crate) port: Option<u8>,
    pub(crate) channel: u8,
    pub(crate) program: u8,
    /// By onset, then by key.
    pub(crate) notes: Vec<Note>,
    /// When the pedal is down.
    pub(crate) pedal: Vec<(i64, i64)>,
    pub(crate) end: i64,
}

#[derive(Default, Debug)]
pub(crate) struct File {
    pub(crate) tracks: Vec<Track>,
    pub(crate) tempi: Vec<(i64, u32)>,
    pub(crate) meters: Vec<(i64, u8, u8)>,
    pub(crate) keys: Vec<(i64, i8, bool)>,
}

/// Reads a file, and checks that every note that begins ends, in its channel and before it begins again.
pub(crate) fn hear(bytes: &[u8]) -> File {
    let smf = Smf::parse(bytes).unwrap();
    assert_eq!(smf.header.format, Format::Parallel);
    assert_eq!(smf.header.timing, Timing::Metrical(10_080.into()));
    let mut file = File::default();
    for events in &smf.tracks {
        let track = hear_track(events, &mut file);
        file.tracks.push(track);
    }
    let first = &file.tracks[0];
    assert!(first.notes.is_empty());
    assert!(file.tracks.iter().all(|track| track.end == first.end));
    file
}

fn hear_track(events: &[midly::TrackEvent<'_>], file: &mut File) -> Track {
    let mut track = Track::default();
    let mut channels = BTreeSet::new();
    let mut sounding: BTreeMap<u8, (i64, u8)> = BTreeMap::new();
    let mut down = None;
    let mut at = 0;
    for event in events {
        at += i64::from(event.delta.as_int());
        match event.kind {
            TrackEventKind::Midi { channel, message } => {
                channels.insert(channel.as_int());
                match message {
                    MidiMessage::NoteOn { key, vel } => {
                        assert!(vel > 0);
                        let before = sounding.insert(key.as_int(), (at, vel.as_int()));
                        assert_eq!(before, None, "struck while it sounds");
                    }
                    MidiMessage::NoteOff { key, .. } => {
                        let (start, velocity) = sounding.remove(&key.as_int()).expect("it sounds");
                        assert!(start < at);
                        track.notes.push(Note {
                            key: key.as_int(),
                            start,
                            end: at,
                            velocity,
                        });
                    }
                    MidiMessage::ProgramChange { program } => track.program = program.as_int(),
                    MidiMessage::Controller { controller, value } => {
                        assert_eq!(controller, 64);
                        if value > 0 {
                            assert_eq!(down.replace(at), None);
                        } else {
                            track.pedal.push((down.take().expect("it is down"), at));
                        }
                    }
                    _ => panic!("{message:?}"),
                }
            }
            TrackEventKind::Meta(meta) => match meta {
                MetaMessage::TrackName(name) => {
                    track.name = String::from_utf8(name.into()).unwrap()
                }
                MetaMessage::MidiPort(port) => track.port = Some(port.as_int()),
                MetaMessage::Tempo(micros) => file.tempi.push((at, micros.as_int())),
                MetaMessage::TimeSignature(beats, halvings, 24, 8) => {
                    file.meters.push((at, beats, 1 << halvings));
                }
                MetaMessage::KeySignature(fifths, minor) => file.keys.push((at, fifths, minor)),
                MetaMessage::EndOfTrack => track.end = at,
                _ => {}
            },
            _ => panic!("{event:?}"),
        }
    }
    assert!(sounding.is_empty() && down.is_none(), "something hangs");
    assert!(channels.len() <= 1);
    track.channel = channels.first().copied().unwrap_or(0);
    track.notes.sort_by_key(|note| (note.start, note.key));
    track
}

/// The file has each note of the score at its time, nothing after the end of the piece, and in parts without
/// ornaments nothing else. Gives the number of notes that were looked for.
pub(crate) fn check(id: &str, score: &Score, file: &File) -> usize {
    assert_eq!(file.tracks.len(), score.part_count() + 1, "{id}");
    let order = playing_order(score);
    let end: i64 = order.iter().map(|b| ticks(score.bars[*b].length)).sum();
    assert_eq!(file.tracks[0].end, end, "{id}");
    let mut count = 0;
    for (part, track) in file.tracks.iter().skip(1).enumerate() {
        let in_time = |n: &Note| n.start >= 0 && n.end <= end;
        assert!(track.notes.iter().all(in_time), "{id}");
        let heard: BTreeSet<(i64, u8)> = track.notes.iter().map(|n| (n.start, n.key)).collect();
        let voices = score.voices.iter().enumerate();
        let voices = voices.filter(|(_, voice)| voice.part == part);
        let mut written = BTreeSet::new();
        let mut plain = true;
        for (v, _) in voices {
            written.extend(expected(score, v, &order));
            plain &= score
                .bars
                .iter()
                .all(|bar| bar.voices[v].items.iter().all(is_plain));
        }
        if let Some((start, key)) = written.difference(&heard).next() {
            panic!("{id}: part {part} lacks {key} at {start}");
        }
        assert!(
            !plain || heard == written,
            "{id}: part {part} has notes of its own"
        );
        count += written.len();
    }
    count
}

fn is_plain(item: &Item) -> bool {
    let adds = |mark: &Mark| {
        matches!(
            mark,
            Mark::Trill
                | Mark::Turn
                | Mark::InvertedTurn
                | Mark::Mordent
                | Mark::InvertedMordent
                | Mark::Arpeggio
                | Mark::Start(Span::Trill)
        )
    };
    match item {
        Item::Grace(_) => false,
        Item::Event(event) => {
            let in_chord = event.notes().iter().flat_map(|n| &n.marks);
            event.tremolo.is_none() && !event.marks.iter().chain(in_chord).any(adds)
        }
        _ => true,
    }
}

fn ticks(length: Fraction) -> i64 {
    let twice = 2 * length.num() * 4 * QUARTER + length.den();
    twice.div_euclid(2 * length.den())
}

/// Onset and key of the notes of a voice as they are played, without those that an ornament moves.
fn expected(score: &Score, v: usize, order: &[usize]) -> Vec<(i64, u8)> {
    let voice = &score.voices[v];
    let mut expected = Vec::new();
    let mut now = 0;
    let mut tied: Vec<score::Pitch> = Vec::new();
    for b in order {
        let bar = &score.bars[*b];
        let (mut position, mut graces, mut paired) = (Fraction::ZERO, false, false);
        for item in &bar.voices[v].items {
            match item {
                Item::Grace(group) => {
                    graces = true;
                    for grace in &group.notes {
                        let ties = grace.notes.iter().filter(|n| n.tie_start);
                        tied.extend(ties.map(|n| n.pitch));
                    }
                }
                Item::Event(event) => {
                    let is_moved = graces || paired || is_moved(event);
                    for note in event.notes() {
                        let goes_on = note.tie_stop && tied.contains(&note.pitch);
                        if !is_moved && !goes_on {
                            expected.push((now + ticks(position), key_of(voice, note)));
                        }
                    }
                    let ties = event.notes().iter().filter(|n| n.tie_start);
                    tied = ties.map(|n| n.pitch).collect();
                    position = position.checked_add(event.duration).unwrap();
                    paired = matches!(event.tremolo, Some(Tremolo::First(_)));
                    graces = false;
                }
                _ => {}
            }
        }
        now += ticks(bar.length);
    }
    expected
}

fn is_moved(event: &Event) -> bool {
    let moves = |mark: &Mark| matches!(mark, Mark::Turn | Mark::InvertedTurn | Mark::Arpeggio);
    let mut marks = event
        .marks
        .iter()
        .chain(event.notes().iter().flat_map(|n| &n.marks));
    marks.any(moves)
}

fn key_of(voice: &score::Voice, note: &Written) -> u8 {
    if voice.clef.sign == ClefSign::Percussion {
        let place = (note.pitch.step, note.pitch.octave, note.accidental);
        let drum = voice
            .drums
            .iter()
            .find(|d| (d.step, d.octave, d.accidental) == place);
        return drum.map_or(38, |d| d.midi);
    }
    let pitch = note.pitch;
    let written =
        12 * (i32::from(pitch.octave) + 1) + pitch.step.semitones() + i32::from(pitch.alter);
    let mut sounding = written + i32::from(voice.transpose);
    while sounding < 0 {
        sounding += 12;
    }
    while sounding > 127 {
        sounding -= 12;
    }
    u8::try_from(sounding).unwrap()
}
