//! A text that is still being written, and its score so far.

use super::assemble::Assembler;
use super::body::{self, LineReader, Voices};
use super::header::{Header, Line};
use super::layers::Layers;
use super::raw::RAW_BYTES;
use super::{credits, declare_missing, is_music, lyrics, set_up, tune};
use crate::diagnostic::{Diagnostic, Findings, Place, Position};
use crate::limits::Room;
use crate::score::Score;

/// The score of a text that arrives piece by piece, for engraving it while it is written.
///
/// Of NotaGen's text only what is new is read: a further bar takes as long after a thousand bars as after
/// one. The whole is read again only where a line overturns what was read: a voice that nobody declared, a
/// slur that ends at a note of an earlier line, a line after one that broke off inside its bar, the first
/// layer (`&`) of a voice, a field that could begin another tune. Standard ABC, in which one voice comes after
/// the other, is read again each time. Because the score before is still there then, a growing score has room for
/// a third of what [`parse_abc`](crate::parse_abc) reads.
///
/// ```
/// let mut growing = score::GrowingScore::new();
/// growing.push("L:1/8\nM:2/4\nK:G\nV:1 treble\n[V:1](G2 B2|\n[V:1]");
/// assert_eq!(growing.score().bar_count(), 1);
/// // The slur that begins in the first bar ends in the second: both changed.
/// assert_eq!(growing.push("d4)|\n"), 0);
/// let (score, findings) = growing.finish();
/// assert_eq!((score.bar_count(), findings.len()), (2, 0));
/// ```
#[derive(Debug)]
pub struct GrowingScore {
    /// More can come.
    grows: bool,
    text: String,
    /// How much of the text was taken in: bytes, and lines.
    taken: usize,
    lines: u32,
    header: Header,
    in_header: Findings,
    /// Every line is read as it stands, and is a bar of NotaGen's once the music has begun.
    line_by_line: bool,
    undeclared: Findings,
    reading: Reading,
}

/// What was read of the music.
#[derive(Debug)]
struct Reading {
    voices: Voices,
    reader: LineReader,
    assembler: Assembler,
    /// How the voices sound.
    sound: Vec<Sound>,
    /// What was found before the first line.
    before: Findings,
    /// What was found in the lines.
    in_lines: Findings,
    /// What was found where the text ends so far.
    at_end: Findings,
}

impl Default for GrowingScore {
    fn default() -> Self {
        Self::new()
    }
}

impl GrowingScore {
    /// Of an empty text.
    pub fn new() -> Self {
        Self::of("", true)
    }

    /// Of a text that is there from the beginning to the end.
    pub(super) fn whole(text: &str) -> Self {
        Self::of(text, false)
    }

    fn of(text: &str, grows: bool) -> Self {
        let header = Header::default();
        let reading = Reading::of(&header, Room::default(), &[], false, grows);
        let mut growing = Self {
            grows,
            text: text.to_owned(),
            taken: 0,
            lines: 0,
            header,
            in_header: Findings::default(),
            line_by_line: false,
            undeclared: Findings::default(),
            reading,
        };
        growing.take_up_to(text.len());
        growing
    }

    /// Adds what comes next of the text, whole lines or any part of one. Gives the first bar that is not what it
    /// was before, from 0; if none changed and none was added, the number of bars.
    ///
    /// An earlier bar changes where something ends that began in it (a tie, a slur, a hairpin, an ending), or
    /// if the text was read again.
    pub fn push(&mut self, text: &str) -> usize {
        self.text.push_str(text);
        let new = self.text.get(self.taken..).unwrap_or("");
        let end = new.rfind('\n').map(|at| self.taken + at + 1);
        match end {
            Some(end) => self.take_up_to(end),
            None => self.score().bar_count(),
        }
    }

    /// The score of all lines that are finished: what [`parse_abc`](crate::parse_abc) makes of them.
    pub const fn score(&self) -> &Score {
        &self.reading.assembler.score
    }

    /// What was found wrong in these lines.
    pub fn findings(&self) -> Vec<Diagnostic> {
        let reading = &self.reading;
        Findings::of_all(&[
            &self.in_header,
            &reading.before,
            &self.undeclared,
            &reading.in_lines,
            &reading.at_end,
            &reading.assembler.findings,
            &reading.assembler.at_end,
        ])
    }

    /// The text is over: takes its last line too, and gives the score and what was found.
    pub fn finish(mut self) -> (Score, Vec<Diagnostic>) {
        if self.taken < self.text.len() {
            self.take_up_to(self.text.len());
        }
        let findings = self.findings();
        (self.reading.assembler.score, findings)
    }

    /// Takes in the lines up to this byte. Gives the first bar that changed.
    fn take_up_to(&mut self, end: usize) -> usize {
        let text = std::mem::take(&mut self.text);
        let changed = match self.line_by_line {
            true => self.read_on(text.get(self.taken..end).unwrap_or("")),
            false => None,
        };
        let changed = changed.unwrap_or_else(|| self.read_again(text.get(..end).unwrap_or("")));
        self.taken = end;
        self.text = text;
        changed
    }

    /// Reads further lines of NotaGen's text. Gives the first bar that changed, or nothing if everything has to
    /// be read again because of them.
    fn read_on(&mut self, text: &str) -> Option<usize> {
        let lines: Vec<Line<'_>> = lines(text, self.lines + 1).collect();
        for line in &lines {
            if tune::is_special(line.text)
                || declare_missing(*line, &mut self.header, &mut self.undeclared)
            {
                return None;
            }
        }
        let end = lines.last().map(|line| line.number);
        self.lines = end.unwrap_or(self.lines);
        let reading = &mut self.reading;
        for line in lines {
            let (voices, findings) = (&mut reading.voices, &mut reading.in_lines);
            reading.reader.read(line, voices, findings);
        }
        let end = Position {
            line: self.lines,
            column: 1,
        };
        reading.add_bars(end, true)
    }

    /// Reads everything from the beginning. Gives the first bar that is another.
    fn read_again(&mut self, text: &str) -> usize {
        self.in_header = Findings::default();
        self.undeclared = Findings::default();
        self.header = Header::default();
        self.lines = lines(text, 1).last().map_or(0, |line| line.number);

        let lines = tune::lines(text, &mut self.in_header);
        let header = &mut self.header;
        header.has_number = tune::has_number(&lines);
        let begins = |line: &Line<'_>| {
            is_music(line.text, header) || !header.read(*line, &mut self.in_header) && header.found
        };
        let music = lines.iter().position(begins).unwrap_or(lines.len());
        let music = lines.get(music..).unwrap_or(&[]);
        let has_number = self.header.has_number;
        let interleaved = music
            .iter()
            .any(|line| body::is_interleaved(line.text, has_number));
        for line in music {
            declare_missing(*line, &mut self.header, &mut self.undeclared);
        }
        self.line_by_line = interleaved && u32::try_from(lines.len()) == Ok(self.lines);

        let end = lines.last().map_or(Position::default(), |l| l.position());
        // While a text is read again, its score and what is kept of that are still there.
        let shares = if self.grows { 3 } else { 1 };
        let room = Room::beside(text.len(), shares, RAW_BYTES);
        let old = std::mem::take(&mut self.reading.assembler.score);
        let mut reading = Reading::of(&self.header, room, music, interleaved, self.grows);
        reading.add_bars(end, interleaved);
        if !interleaved {
            lyrics::settle(&mut reading.assembler.score);
        }
        self.reading = reading;
        first_difference(&old, self.score())
    }
}

impl Reading {
    /// Reads lines of music from the beginning, but makes no bars of them yet.
    fn of(header: &Header, room: Room, lines: &[Line<'_>], interleaved: bool, grows: bool) -> Self {
        let mut before = Findings::default();
        if !header.found {
            before.error(Place::default(), "there is no header: this is not a score");
        }
        if header.found && header.key.is_none() {
            before.warn(Place::default(), "the header has no key: C major taken");
        }
        let mut score = Score {
            metadata: header.metadata.clone(),
            tempo: header.tempo(),
            ..Score::default()
        };
        let mut voices = set_up(header, room, &mut score, &mut before);
        let mut reader = LineReader::default();
        let mut in_lines = Findings::default();
        if interleaved {
            for line in lines {
                reader.read(*line, &mut voices, &mut in_lines);
            }
        } else {
            body::read_blocks(lines, header, &mut voices, &mut in_lines);
        }
        for (voice, reader) in score.voices.iter_mut().zip(&voices.readers) {
            voice.drums.clone_from(&reader.drums);
            voice.transpose = reader.transpose;
            if let Some(part) = score.parts.get_mut(voice.part) {
                part.program = part.program.or(reader.program);
            }
        }
        for words in &voices.words {
            credits::take(&mut score.metadata, 'W', words);
        }
        let layers = Layers::add_voices(&voices.readers, &mut score);
        let numbers = layers.of_readers(voices.readers.iter().map(|r| r.number));
        Self {
            assembler: Assembler::new(score, layers, header.meter, numbers, grows),
            sound: sound(&voices),
            voices,
            reader,
            before,
            in_lines,
            at_end: Findings::default(),
        }
    }

    /// Adds the bars that were read to the score. Gives the first bar that changed, or nothing if everything
    /// has to be read again because of what came. `end` is where the last line begins.
    fn add_bars(&mut self, end: Position, interleaved: bool) -> Option<usize> {
        let readers = &self.voices.readers;
        // A bar that has nothing yet waits for the next line.
        let unbegun = interleaved && self.voices.last_is_unbegun();
        let come_late = readers.iter().any(|reader| reader.came_late);
        let goes_on = readers.iter().any(|r| r.bars.len() > usize::from(unbegun));
        if come_late
            || goes_on && self.assembler.depends_on_next
            || self.assembler.layers().lacks_voices(readers)
            || self.sound != sound(&self.voices)
        {
            return None;
        }
        self.at_end = Findings::default();
        let place = Place {
            position: end,
            ..Place::default()
        };
        if unbegun {
            let message = "the text breaks off before the first note of a bar";
            self.at_end.note(place, message);
        }
        for reader in readers {
            reader.report_open_grace(end, &mut self.at_end);
        }
        let columns = self.voices.hand_on(usize::from(unbegun));
        let changed = self.assembler.add(columns);
        if !self.assembler.has_music {
            self.at_end.error(Place::default(), "there is no music");
        }
        Some(changed)
    }
}

/// What the music of a voice can say of all of it: how many drums it has, its transposition, its program.
type Sound = (usize, i8, Option<u8>);

fn sound(voices: &Voices) -> Vec<Sound> {
    let readers = voices.readers.iter();
    readers
        .map(|reader| (reader.drums.len(), reader.transpose, reader.program))
        .collect()
}

/// The lines of a stretch of text, the first of which has this number.
fn lines(text: &str, number: u32) -> impl Iterator<Item = Line<'_>> {
    let lines = text.split_inclusive('\n').zip(number..);
    lines.map(|(line, number)| Line {
        text: line.trim_end_matches('\n').trim_end_matches('\r'),
        number,
    })
}

/// The first bar in which two scores differ, or how many they have.
fn first_difference(old: &Score, new: &Score) -> usize {
    let same = old.metadata == new.metadata
        && (old.key, &old.tempo) == (new.key, &new.tempo)
        && (&old.parts, &old.groups, &old.voices) == (&new.parts, &new.groups, &new.voices);
    if !same {
        return 0;
    }
    let bars = old.bars.iter().zip(&new.bars);
    bars.take_while(|(old, new)| old == new).count()
}
