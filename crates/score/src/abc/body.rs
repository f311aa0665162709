//! The music, line by line, to the voices it belongs to.
//!
//! Two shapes of text come here. NotaGen's has one line for each bar, with every voice that does not rest
//! in it: `[r:2/40][V:1]c4|[V:3]C4|`. ABC as people write it has a block of lines for each voice. In the
//! first, a voice that a line does not mention rests; in the second, a voice goes on where it left off.

use std::collections::HashMap;

use super::bars::BarToken;
use super::blocks;
use super::cursor::Cursor;
use super::header::{self, Header, Line};
use super::music::VoiceReader;
use super::raw::RawBar;
use crate::diagnostic::{Findings, Place, Position};
use crate::limits::{self, Room};

/// The voices with the names they have in the text.
#[derive(Debug)]
pub(super) struct Voices {
    pub(super) readers: Vec<VoiceReader>,
    pub(super) index: HashMap<String, usize>,
    /// Words below the tune (`W:`).
    pub(super) words: Vec<String>,
    pub(super) room: Room,
}

/// A stretch of a line that belongs to one voice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub(super) id: &'a str,
    /// What the tag says of the voice besides.
    pub(super) properties: &'a str,
    pub(super) text: &'a str,
    pub(super) position: Position,
}

/// A line cut at its `[V:` tags.
#[derive(Default, Debug)]
pub(super) struct CutLine<'a> {
    /// `[r:i/n]`: bars done and bars to come.
    counter: Option<(u32, u32)>,
    /// What comes before the first tag.
    lead: &'a str,
    pub(super) shares: Vec<Share<'a>>,
}

/// Whether a line can only be NotaGen's: a counter, or two voices in one line, or tags without an `X:`.
pub(super) fn is_interleaved(line: &str, has_number: bool) -> bool {
    let tags = line.matches("[V:").take(2).count();
    is_counter(line) || tags == 2 || tags == 1 && !has_number
}

/// `[r:2/40]`, and no remark of ABC 2.1.
fn is_counter(text: &str) -> bool {
    let value = text.strip_prefix("[r:");
    value.is_some_and(|value| value.starts_with(|c: char| c.is_ascii_digit()))
}

/// Cuts a line. A tag that is not finished is dropped: the text broke off there.
pub(super) fn cut<'a>(line: Line<'a>, findings: &mut Findings) -> CutLine<'a> {
    let mut result = CutLine::default();
    let mut cursor = Cursor::new(line.text, line.position());
    if cursor.eat_str("[r:") {
        let place = at(cursor.position());
        let done = cursor.number();
        let to_come = if cursor.eat('/') {
            cursor.number()
        } else {
            None
        };
        if cursor.eat(']') {
            result.counter = done.zip(to_come);
        } else {
            if done.is_some() {
                findings.note(place, "the bar counter is not finished");
            }
            cursor.take_while(|c| !matches!(c, ']' | '['));
            cursor.eat(']');
        }
    }
    result.lead = cursor.take_to("[V:");
    while cursor.eat_str("[V:") {
        let place = at(cursor.position());
        let id = cursor.take_while(|c| !matches!(c, ']' | '[' | '|' | ' '));
        let closing = cursor.rest().find([']', '[', '|']).unwrap_or(0);
        let (inside, rest) = cursor.rest().split_at_checked(closing).unwrap_or(("", ""));
        let properties = if rest.starts_with(']') { inside } else { "" };
        cursor.take(properties.len());
        if !cursor.eat(']') || !header::is_id(id) {
            findings.note(place, "a voice tag is not finished and left out");
        }
        let position = cursor.position();
        let text = cursor.take_to("[V:");
        if result.shares.len() >= limits::MAX_AT_ONCE {
            findings.error(place, limits::TOO_LARGE);
            break;
        }
        if header::is_id(id) {
            result.shares.push(Share {
                id,
                properties,
                text,
                position,
            });
        }
    }
    result
}

fn at(position: Position) -> Place {
    Place {
        position,
        ..Place::default()
    }
}

/// Reads NotaGen's lines, one after another.
#[derive(Default, Debug)]
pub(super) struct LineReader {
    /// What the next counter should say.
    expected: Option<(u32, u32)>,
    /// A line of music came.
    begun: bool,
}

impl LineReader {
    /// Reads a line. Afterwards all voices have equally many bars.
    pub(super) fn read(&mut self, line: Line<'_>, voices: &mut Voices, findings: &mut Findings) {
        let text = line.text.trim_end();
        if voices.room.is_full() || text.is_empty() || text.starts_with('%') {
            return;
        }
        if header::field_of(text).is_some() {
            findings.note(
                line.place(),
                "a field between lines of all voices is left out",
            );
            return;
        }
        let cut = cut(Line { text, ..line }, findings);
        let mut place = line.place();
        let bars = voices.readers.first().map_or(0, VoiceReader::bar_count);
        place.bar = u32::try_from(bars + 1).ok();
        check_counter(cut.counter, &mut self.expected, place, findings);
        let first = !std::mem::replace(&mut self.begun, true);
        if cut.shares.is_empty() {
            read_untagged(&cut, line, voices, place, findings);
        } else {
            if !cut.lead.trim().is_empty() {
                let is_barline = cut.lead.trim().chars().all(|c| "|:[]".contains(c));
                if !(first && is_barline) {
                    findings.note(place, "text before the first voice of a line is left out");
                }
            }
            read_shares(&cut, first, voices, findings);
        }
        even_out(voices, line.position(), place, findings);
    }
}

impl Voices {
    /// Lets a voice read something that stands here, with the room that all voices share.
    pub(super) fn read(
        &mut self,
        voice: usize,
        position: Position,
        findings: &mut Findings,
        read: impl FnOnce(&mut VoiceReader, &mut Findings),
    ) {
        let Some(reader) = self.readers.get_mut(voice) else {
            return;
        };
        let place = reader.place_at(position);
        let was_full = self.room.is_full();
        std::mem::swap(&mut reader.room, &mut self.room);
        read(reader, findings);
        std::mem::swap(&mut reader.room, &mut self.room);
        if self.room.is_full() && !was_full {
            findings.error(place, limits::TOO_LARGE);
        }
    }

    /// Whether the last bar has nothing yet: a text can break off before the first note of its last line.
    pub(super) fn last_is_unbegun(&self) -> bool {
        let unbegun = |reader: &VoiceReader| {
            let last = reader.bars.last();
            last.is_some_and(|b| b.events == 0 && b.end.is_none())
        };
        !self.readers.is_empty() && self.readers.iter().all(unbegun)
    }

    /// The bars that were read since the last time, one of each voice in each: all but `left`.
    pub(super) fn hand_on(&mut self, left: usize) -> impl ExactSizeIterator<Item = Vec<RawBar>> {
        let counts = self.readers.iter().map(|r| r.bars.len());
        let count = counts.max().unwrap_or(0).saturating_sub(left);
        let readers = self.readers.iter_mut();
        let mut bars: Vec<_> = readers.map(|reader| reader.hand_on(count)).collect();
        (0..count).map(move |_| bars.iter_mut().filter_map(Iterator::next).collect())
    }
}

/// `[r:i/n]`: i goes up and n goes down by one with each line.
fn check_counter(
    counter: Option<(u32, u32)>,
    expected: &mut Option<(u32, u32)>,
    place: Place,
    findings: &mut Findings,
) {
    let Some((done, to_come)) = counter else {
        return;
    };
    if let Some(want) = *expected
        && want != (done, to_come)
    {
        let (a, b) = want;
        findings.note(
            place,
            format!("the bar counter says {done}/{to_come} instead of {a}/{b}"),
        );
    }
    *expected = Some((done.saturating_add(1), to_come.saturating_sub(1)));
}

/// A line without a voice tag: the music of the only voice, or nobody's.
fn read_untagged(
    cut: &CutLine<'_>,
    line: Line<'_>,
    voices: &mut Voices,
    place: Place,
    findings: &mut Findings,
) {
    if cut.lead.trim().is_empty() {
        if cut.counter.is_some() {
            findings.note(place, "a line has no music and is left out");
        }
        return;
    }
    if voices.readers.len() != 1 {
        findings.warn(place, "a line names no voice and is left out");
        return;
    }
    let position = line.position();
    voices.read(0, position, findings, |only, findings| {
        only.read(cut.lead, position, true, findings);
    });
}

fn read_shares(cut: &CutLine<'_>, first: bool, voices: &mut Voices, findings: &mut Findings) {
    // Which share of the line a voice takes; NotaGen sometimes writes a voice twice.
    let mut taken: Vec<Option<Share<'_>>> = vec![None; voices.readers.len()];
    for share in &cut.shares {
        let Some(&voice) = voices.index.get(share.id) else {
            continue;
        };
        let Some(slot) = taken.get_mut(voice) else {
            continue;
        };
        let Some(earlier) = slot else {
            *slot = Some(*share);
            continue;
        };
        let mut place = at(share.position);
        if let Some(reader) = voices.readers.get(voice) {
            place.voice = reader.number;
            place.bar = u32::try_from(reader.bar_count() + 1).ok();
        }
        if has_notes(share.text) && !has_notes(earlier.text) {
            findings.warn(
                place,
                "the voice stands twice in one line: the one with notes is kept",
            );
            *earlier = *share;
        } else {
            findings.warn(
                place,
                "the voice stands twice in one line: the second is left out",
            );
        }
    }
    for (voice, share) in taken.into_iter().enumerate() {
        let Some(share) = share else { continue };
        voices.read(voice, share.position, findings, |reader, findings| {
            if first && !cut.lead.trim().is_empty() {
                let lead = format!("{}{}", cut.lead.trim(), share.text);
                reader.read(&lead, share.position, true, findings);
            } else {
                reader.read(share.text, share.position, true, findings);
            }
        });
    }
}

/// Whether a share has a note in it. Good enough to choose between two: texts have been stripped.
fn has_notes(text: &str) -> bool {
    let mut inside = None;
    text.chars().any(|c| {
        match inside {
            Some(end) => {
                if c == end {
                    inside = None;
                }
                return false;
            }
            None if c == '"' || c == '!' => inside = Some(c),
            None => {}
        }
        matches!(c, 'A'..='G' | 'a'..='g')
    })
}

/// Voices that the line did not mention rest in it.
fn even_out(voices: &mut Voices, position: Position, mut place: Place, findings: &mut Findings) {
    let counts = || voices.readers.iter().map(VoiceReader::bar_count);
    let most = counts().max().unwrap_or(0);
    let least = counts().min().unwrap_or(0);
    if most > least + 1 {
        place.bar = u32::try_from(least + 1).ok();
        findings.warn(place, "a line holds more than one bar");
    }
    let new_meter = voices
        .readers
        .iter()
        .filter_map(|r| r.bars.last().filter(|_| r.bar_count() == most))
        .find_map(|bar| bar.meter);
    for reader in &mut voices.readers {
        // A new metre holds for the voices too that rest where it begins.
        if reader.bar_count() < most {
            reader.meter = new_meter.unwrap_or(reader.meter);
        }
        while reader.bar_count() < most {
            reader.skip_bar(position, findings);
        }
    }
}

/// Reads blocks of lines that each belong to one voice.
pub(super) fn read_blocks(
    lines: &[Line<'_>],
    header: &Header,
    voices: &mut Voices,
    findings: &mut Findings,
) {
    let mut voice = header
        .current
        .as_ref()
        .and_then(|id| voices.index.get(id))
        .copied()
        .unwrap_or(0);
    for reader in &mut voices.readers {
        reader.in_blocks = true;
    }
    let mut lines_read = blocks::Fields::default();
    for line in lines {
        let text = header::strip_comment(line.text);
        if lines_read.read(*line, text, &mut voice, voices, findings) || text.trim().is_empty() {
            continue;
        }
        let cut = cut(Line { text, ..*line }, findings);
        let lead = Share {
            id: "",
            properties: "",
            text: cut.lead,
            position: line.position(),
        };
        for share in [lead].iter().chain(&cut.shares) {
            voice = voices.index.get(share.id).copied().unwrap_or(voice);
            voices.read(voice, share.position, findings, |reader, findings| {
                reader.read_properties(share.properties, at(share.position), findings);
                reader.read(share.text, share.position, false, findings);
            });
        }
    }
    let end = lines.last().map_or(Position::default(), |l| l.position());
    for voice in 0..voices.readers.len() {
        voices.read(voice, end, findings, |reader, findings| {
            // People leave out the barline after the last note, and that bar is as long as it is.
            while reader.is_inside_bar() || !reader.rewound.is_empty() {
                reader.close_bar(Some(BarToken::default()), end, findings);
            }
            reader.end_last_bar();
        });
    }
    let counts = voices.readers.iter().map(|r| r.bars.len());
    let most = counts.max().unwrap_or(0);
    for reader in &mut voices.readers {
        while reader.bars.len() < most {
            reader.skip_bar(end, findings);
        }
    }
}
