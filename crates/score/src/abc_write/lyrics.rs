//! The words under the music of a voice, as `w:` lines.
//!
//! Every verse has a line under each line of music, even an empty one: what follows is aligned to the notes
//! after it. Between syllables a note gets `-` inside a word, `_` where the syllable is held, else `*`.

use std::ops::RangeInclusive;

use crate::abc::{lyrics, text};
use crate::event::{Event, Item, Lyric, Syllable};
use crate::score::Score;

/// Characters that mean something in a line of words.
const SPECIAL: &[char] = &['_', '*', '|', '~'];

/// Writes the words of one voice.
pub(super) struct Words<'a> {
    score: &'a Score,
    voice: usize,
    /// The last bar in which something is sung; later lines need no words.
    last_bar: Option<usize>,
    verses: Vec<Verse>,
}

/// What goes on from line to line of one verse.
#[derive(Clone, Copy, Default)]
struct Verse {
    in_word: bool,
    /// The last syllable is held, and whether a note was already written for that.
    held: Option<bool>,
}

impl<'a> Words<'a> {
    pub(super) fn new(score: &'a Score, voice: usize) -> Self {
        let is_sung = |bar: &crate::score::Bar| {
            let events = bar.voices.get(voice).map(|voice| voice.events());
            events.is_some_and(|mut events| events.any(|event| !event.lyrics.is_empty()))
        };
        Self {
            score,
            voice,
            last_bar: score.bars.iter().rposition(is_sung),
            verses: Vec::new(),
        }
    }

    /// Writes a line for each verse of these bars, in which there are notes.
    pub(super) fn write_below(&mut self, out: &mut String, bars: RangeInclusive<usize>) {
        let is_held = self.verses.iter().any(|verse| verse.held == Some(false));
        if self.last_bar.is_none_or(|last| last < *bars.start()) && !is_held {
            return;
        }
        let events: Vec<&Event> = self
            .score
            .bars
            .get(bars)
            .unwrap_or(&[])
            .iter()
            .filter_map(|bar| bar.voices.get(self.voice))
            .flat_map(|voice| &voice.items)
            .filter_map(|item| match item {
                Item::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        if events.iter().all(|event| event.notes().is_empty()) {
            return;
        }
        let verses = events.iter().flat_map(|event| &event.lyrics);
        let sung = verses.map(|lyric| lyric.verse);
        let held = self.verses.iter().zip(1..=u8::MAX);
        let held = held.filter(|(verse, _)| verse.held == Some(false));
        let most = held.map(|(_, number)| number).chain(sung).max();
        let most = most.unwrap_or(1).max(1);
        let count = usize::from(most);
        if self.verses.len() < count {
            self.verses.resize(count, Verse::default());
        }
        for (verse, number) in self.verses.iter_mut().zip(1..=most) {
            out.push_str("w:");
            out.push_str(&verse.line(number, &events));
            out.push('\n');
        }
    }
}

impl Verse {
    fn line(&mut self, number: u8, events: &[&Event]) -> String {
        let mut line = String::new();
        // The line ends in the hyphen of a syllable, which the next one follows without a blank.
        let mut joined = false;
        for event in events {
            if event.notes().is_empty() {
                // A rest ends what was held through notes.
                if self.held == Some(true) {
                    self.held = None;
                }
                continue;
            }
            match event.lyrics.iter().find(|lyric| lyric.verse == number) {
                Some(lyric) => {
                    self.syllable(&mut line, lyric, joined);
                    joined = self.in_word;
                    continue;
                }
                None if self.held.is_some() => {
                    self.held = Some(true);
                    line.push('_');
                }
                None if self.in_word => line.push_str(" -"),
                None => line.push_str(" *"),
            }
            joined = false;
        }
        // Notes without words at the end need no sign.
        let kept = line.trim_end_matches([' ', '*']).len();
        line.truncate(kept);
        line
    }

    fn syllable(&mut self, line: &mut String, lyric: &Lyric, joined: bool) {
        if !joined {
            line.push(' ');
        }
        // A syllable that looks like the number of a verse would be joined to the next one.
        let is_number = lyrics::is_verse_number(&lyric.text);
        let ends: &[char] = if is_number { &['.', ')', ':'] } else { &[] };
        let text = text::write(&lyric.text, &[SPECIAL, ends].concat());
        line.push_str(&text.replace('-', "\\-").replace(' ', "~"));
        self.in_word = matches!(lyric.syllable, Syllable::First | Syllable::Middle);
        if self.in_word {
            line.push('-');
        }
        self.held = lyric.extends.then_some(false);
    }
}
