//! What a score may be at most, so that no text can fill the memory or take forever.
//!
//! For a text of at most 1 MiB, or a `.mxl` file of that size, a reader holds at most 64 MiB at once and needs
//! less than a second. A short text can ask for much music (`Z9999|`, or a barline in one of a hundred voices),
//! so what is counted is not the text but the bytes that the music takes up. Of the 1,403 scores of
//! the corpus the largest, a string quartet with 39,000 items in 18,000 bars of voices, is read with 10 MiB from ABC
//! and 19 MiB from a `.mxl` file, 8 of which are its text.

use std::mem::size_of;

use crate::event::{Direction, Event, GraceGroup, GraceNote, Item, Lyric, Mark, Note, Tuplet};
use crate::score::{Bar, VoiceBar};

/// Voices of one score; the largest orchestral scores have about 150.
pub(crate) const MAX_VOICES: usize = 256;
/// Bars of one score; the longest known has 2,022.
pub(crate) const MAX_BARS: usize = 20_000;
/// Signs of one voice in one bar, and whatever else stands in one line. The fullest bar known has 77.
pub(crate) const MAX_AT_ONCE: usize = 10_000;
/// Lines of a text in ABC. NotaGen's have one for each bar; people seldom write more than four bars in one.
pub(crate) const MAX_LINES: usize = 100_000;
/// Bytes that a text and the music in it may take up. What else a reader needs for a moment has the rest of the
/// 64 MiB.
const MAX_HELD: usize = 54 << 20;
/// Bytes that there are for the music of any text.
const LEAST_ROOM: usize = 16 << 20;

/// What is said of music that is left out because there is no room for it.
pub(crate) const TOO_LARGE: &str = "the piece is too large: the rest is left out";

/// How much more music a score can hold.
#[derive(Default, Debug)]
pub(crate) struct Room {
    /// Bytes.
    left: usize,
    full: bool,
    /// Bars there is room for already, the bytes of another, and those that a voice has in it.
    bars: usize,
    bar_bytes: usize,
    voice_bytes: usize,
}

impl Room {
    /// Beside a text of this many bytes, for one of as many scores as are held at once. `raw` is what the
    /// reader needs for one voice in one bar.
    pub(crate) fn beside(text: usize, scores: usize, raw: usize) -> Self {
        Self {
            left: MAX_HELD.saturating_sub(text).max(LEAST_ROOM) / scores,
            full: false,
            bars: 0,
            // Growing lists are up to half empty.
            bar_bytes: 2 * size_of::<Bar>(),
            // The voice rests in it.
            voice_bytes: raw + size_of::<VoiceBar>() + size_of::<Item>(),
        }
    }

    /// Adds voices to all bars. Says whether there was room for them.
    pub(crate) const fn add_voices(&mut self, voices: usize) -> bool {
        let bytes = voices.saturating_mul(self.voice_bytes);
        let has_room = self.take(bytes.saturating_mul(self.bars));
        self.bar_bytes = self.bar_bytes.saturating_add(bytes);
        has_room
    }

    /// Takes up what so many bars need, each with a rest in every voice, if they are more than before. Says
    /// whether there was room for them.
    pub(crate) const fn begin_bars(&mut self, bars: usize) -> bool {
        let more = bars.saturating_sub(self.bars);
        if bars > MAX_BARS {
            self.fill();
        }
        if more > 0 && self.take(more.saturating_mul(self.bar_bytes)) {
            self.bars = bars;
        }
        bars <= self.bars
    }

    /// Takes up this many bytes. Says whether there was room for them.
    pub(crate) const fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => self.fill(),
        }
        !self.full
    }

    /// Nothing more has room.
    pub(crate) const fn fill(&mut self) {
        self.left = 0;
        self.full = true;
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }
}

/// Adds to a list that can become long. It grows by a quarter and not to twice its length.
pub(crate) fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 1);
    }
    list.push(value);
}

/// The bytes of a value in such a list.
pub(crate) const fn listed<T>() -> usize {
    size_of::<T>() + size_of::<T>() / 4
}

/// The bytes of an item.
pub(crate) fn item_bytes(item: &Item) -> usize {
    let beyond = match item {
        Item::Event(event) => event_bytes(event),
        Item::Grace(group) => grace_bytes(group),
        Item::Direction(Direction::Words { text, .. } | Direction::Rehearsal(text))
        | Item::ChordSymbol(text) => text.capacity(),
        Item::Tempo(tempo) => tempo.words.capacity(),
        Item::Direction(_) | Item::Staff(_) | Item::Clef(_) | Item::Key(_) => 0,
    };
    listed::<Item>() + beyond
}

/// The bytes that an event has beside itself.
pub(crate) fn event_bytes(event: &Event) -> usize {
    let notes = event.notes();
    list_bytes::<Note>(notes.len())
        + notes.iter().map(note_bytes).sum::<usize>()
        + list_bytes::<Tuplet>(event.tuplet_starts.len())
        + list_bytes::<Mark>(event.marks.len())
        + event.lyrics.iter().map(lyric_bytes).sum::<usize>()
}

pub(crate) fn grace_bytes(group: &GraceGroup) -> usize {
    group.notes.iter().map(grace_note_bytes).sum()
}

/// The bytes of a grace note in a list of them.
pub(crate) fn grace_note_bytes(grace: &GraceNote) -> usize {
    listed::<GraceNote>()
        + list_bytes::<Note>(grace.notes.len())
        + grace.notes.iter().map(note_bytes).sum::<usize>()
        + list_bytes::<Mark>(grace.marks.len())
}

/// The bytes of a syllable in a list of them.
pub(crate) fn lyric_bytes(lyric: &Lyric) -> usize {
    size_of::<Lyric>() + lyric.text.capacity()
}

fn note_bytes(note: &Note) -> usize {
    list_bytes::<Mark>(note.marks.len())
}

/// The bytes of a list that grew to this length: single elements are made to measure, longer lists have room
/// for four, eight and so on.
fn list_bytes<T>(length: usize) -> usize {
    let room = match length {
        0 | 1 => length,
        _ => length.next_power_of_two().max(4),
    };
    room * size_of::<T>()
}
