//! The music, line by line, to the voices it belongs to.
//!
//! Two shapes of text come here. NotaGen's has one line for each bar, with every voice that does not rest
//! in it: `[r:2/40][V:1]c4|[V:3]C4|`. ABC as people write it has a block of lines for each voice. In the
//! first, a voice that a line does not mention rests; in the second, a voice goes on where it left off.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::header::{self, Header, Line};
use super::music::VoiceReader;
use crate::diagnostic::{Findings, Place, Position};

/// Bars of all voices together. The longest scores have about 60,000; the rest is noise that would fill memory.
const MAX_CELLS: usize = 200_000;

/// The voices with the names they have in the text.
pub(super) struct Voices {
    pub(super) readers: Vec<VoiceReader>,
    pub(super) index: HashMap<String, usize>,
}

/// A stretch of a line that belongs to one voice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub(super) id: &'a str,
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

/// Whether the lines are NotaGen's: a counter, or two voices in one line, or tags without an `X:`.
pub(super) fn is_interleaved(lines: &[Line<'_>], has_number: bool) -> bool {
    lines.iter().any(|line| {
        let tags = line.text.matches("[V:").take(2).count();
        line.text.starts_with("[r:") || tags == 2 || tags == 1 && !has_number
    })
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
            findings.note(place, "the bar counter is not finished");
            cursor.take_while(|c| !matches!(c, ']' | '['));
            cursor.eat(']');
        }
    }
    let first = cursor.rest().find("[V:");
    let lead_end = first.unwrap_or(cursor.rest().len());
    result.lead = cursor.rest().get(..lead_end).unwrap_or("");
    let mut left = lead_end;
    cursor.take_while(|c| {
        let take = left > 0;
        left = left.saturating_sub(c.len_utf8());
        take
    });
    while cursor.eat_str("[V:") {
        let place = at(cursor.position());
        let id = cursor.take_while(|c| !matches!(c, ']' | '[' | '|' | ' '));
        if !cursor.eat(']') || !header::is_id(id) {
            findings.note(place, "a voice tag is not finished and left out");
        }
        let position = cursor.position();
        let len = cursor.rest().find("[V:").unwrap_or(cursor.rest().len());
        let mut left = len;
        let text = cursor.take_while(|c| {
            let take = left > 0;
            left = left.saturating_sub(c.len_utf8());
            take
        });
        if header::is_id(id) {
            result.shares.push(Share { id, text, position });
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

/// Reads NotaGen's lines. Afterwards all voices have equally many bars.
pub(super) fn read_interleaved(lines: &[Line<'_>], voices: &mut Voices, findings: &mut Findings) {
    let mut expected: Option<(u32, u32)> = None;
    let mut first = true;
    for line in lines {
        let text = line.text.trim_end();
        if text.is_empty() || text.starts_with('%') || header::field_of(text).is_some() {
            continue;
        }
        let cut = cut(Line { text, ..*line }, findings);
        let mut place = line.place();
        let bars = voices.readers.first().map_or(0, |r| r.bars.len());
        place.bar = u32::try_from(bars + 1).ok();
        check_counter(cut.counter, &mut expected, place, findings);
        if bars.saturating_mul(voices.readers.len()) >= MAX_CELLS {
            findings.error(place, "the piece is too long: the rest is left out");
            return;
        }
        if cut.shares.is_empty() {
            read_untagged(&cut, *line, voices, place, findings);
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
        first = false;
    }
    drop_unbegun_bar(voices, lines, findings);
}

/// A text can break off before the first note of its last line; that is no bar yet.
fn drop_unbegun_bar(voices: &mut Voices, lines: &[Line<'_>], findings: &mut Findings) {
    let unbegun = |reader: &VoiceReader| {
        reader
            .bars
            .last()
            .is_some_and(|b| b.events == 0 && b.end.is_none())
    };
    if !voices.readers.is_empty() && voices.readers.iter().all(unbegun) {
        for reader in &mut voices.readers {
            reader.bars.pop();
        }
        let place = lines.last().map_or(Place::default(), |line| line.place());
        findings.note(place, "the text breaks off before the first note of a bar");
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
    match voices.readers.as_mut_slice() {
        [only] => only.read(cut.lead, line.position(), true, findings),
        _ => findings.warn(place, "a line names no voice and is left out"),
    }
}

fn read_shares(cut: &CutLine<'_>, first: bool, voices: &mut Voices, findings: &mut Findings) {
    // Which share of the line a voice takes; NotaGen sometimes writes a voice twice.
    let mut taken: HashMap<usize, Share<'_>> = HashMap::new();
    for share in &cut.shares {
        let Some(&voice) = voices.index.get(share.id) else {
            continue;
        };
        let Some(earlier) = taken.get_mut(&voice) else {
            taken.insert(voice, *share);
            continue;
        };
        let mut place = at(share.position);
        if let Some(reader) = voices.readers.get(voice) {
            place.voice = reader.number;
            place.bar = u32::try_from(reader.bars.len() + 1).ok();
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
    for (voice, reader) in voices.readers.iter_mut().enumerate() {
        if let Some(share) = taken.get(&voice) {
            if first && !cut.lead.trim().is_empty() {
                let lead = format!("{}{}", cut.lead.trim(), share.text);
                reader.read(&lead, share.position, true, findings);
            } else {
                reader.read(share.text, share.position, true, findings);
            }
        }
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
    let most = voices
        .readers
        .iter()
        .map(|r| r.bars.len())
        .max()
        .unwrap_or(0);
    let least = voices
        .readers
        .iter()
        .map(|r| r.bars.len())
        .min()
        .unwrap_or(0);
    if most > least + 1 {
        place.bar = u32::try_from(least + 1).ok();
        findings.warn(place, "a line holds more than one bar");
    }
    let new_meter = voices
        .readers
        .iter()
        .filter_map(|r| r.bars.last().filter(|_| r.bars.len() == most))
        .find_map(|bar| bar.meter);
    for reader in &mut voices.readers {
        // A new metre holds for the voices too that rest where it begins.
        if reader.bars.len() < most {
            reader.meter = new_meter.unwrap_or(reader.meter);
        }
        while reader.bars.len() < most {
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
    let mut said_lyrics = false;
    for line in lines {
        let text = strip_comment(line.text);
        if text.trim().is_empty() {
            continue;
        }
        if let Some((name, value)) = header::field_of(text) {
            match name {
                'V' => {
                    let id = value.split_whitespace().next().unwrap_or("");
                    voice = voices.index.get(id).copied().unwrap_or(voice);
                }
                'w' | 'W' => {
                    if !said_lyrics {
                        findings.note(line.place(), "lyrics are left out");
                    }
                    said_lyrics = true;
                }
                'X' => {
                    findings.note(line.place(), "a second tune begins here and is left out");
                    break;
                }
                _ => {
                    let at = Cursor::new(text, line.position());
                    if let Some(reader) = voices.readers.get_mut(voice) {
                        reader.field(name, value.trim(), &at, findings);
                    }
                }
            }
            continue;
        }
        let cut = cut(Line { text, ..*line }, findings);
        let lead = Share {
            id: "",
            text: cut.lead,
            position: line.position(),
        };
        for share in [lead].iter().chain(&cut.shares) {
            voice = voices.index.get(share.id).copied().unwrap_or(voice);
            if let Some(reader) = voices.readers.get_mut(voice) {
                reader.read(share.text, share.position, false, findings);
            }
        }
    }
    let end = lines.last().map_or(Position::default(), |l| l.position());
    for reader in &mut voices.readers {
        if reader.is_inside_bar() {
            reader.close_bar(None, end, findings);
        }
    }
    let most = voices
        .readers
        .iter()
        .map(|r| r.bars.len())
        .max()
        .unwrap_or(0);
    let count = voices.readers.len().max(1);
    if most.saturating_mul(count) > MAX_CELLS {
        findings.error(at(end), "the piece is too long: the rest is left out");
    }
    for reader in &mut voices.readers {
        reader.bars.truncate(MAX_CELLS / count);
        while reader.bars.len() < most.min(MAX_CELLS / count) {
            reader.skip_bar(end, findings);
        }
    }
}

/// The line up to its comment. A `%` inside a text is no comment.
fn strip_comment(text: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let comment = *c == '%' && !quoted && !escaped;
        quoted ^= *c == '"';
        escaped = *c == '\\';
        comment
    });
    end.and_then(|(i, _)| text.get(..i)).unwrap_or(text)
}
