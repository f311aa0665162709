//! Lyrics (`w:`, ABC 2.1 section 5), and what lines that are aligned to notes have in common.
//!
//! A line is aligned to the notes of its voice since the line of its kind before it; a line that follows
//! another of its kind without music between them is aligned to the same notes, as the next verse. Every
//! note counts, tied ones too, but no rest and no grace note. Notes of an overlay count where they are
//! written.

use std::collections::HashMap;

use super::music::VoiceReader;
use super::text;
use crate::diagnostic::{Findings, Place};
use crate::event::{Event, Item, Lyric, Syllable};
use crate::limits;
use crate::score::{Score, VoiceBar};

/// Verses of one piece, and lines of symbols one after another; the longest hymns have about thirty verses.
pub(super) const MAX_VERSES: usize = 255;

/// Where a note is: its bar, the layer of that bar in order of writing, and its item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct At {
    pub(super) bar: usize,
    pub(super) layer: usize,
    pub(super) item: usize,
}

/// The notes of a voice, and which of them have words and symbols already.
#[derive(Clone, Default, Debug)]
pub(super) struct Sung {
    pub(super) notes: Vec<At>,
    words: Stretch,
    pub(super) symbols: Stretch,
    verses: Vec<Verse>,
    /// The verse of the last line of words, from 0.
    verse: usize,
    /// The same for symbols.
    pub(super) symbol_line: usize,
}

/// The notes that a line is aligned to.
#[derive(Clone, Default, Debug)]
pub(super) struct Stretch {
    start: usize,
    end: usize,
    /// The next note for a line that goes on (`+:`), and the bar it is in.
    next: usize,
    bar: usize,
    /// Where the music was when the line came: bars, and events in the last one.
    read: (usize, u32),
}

impl Stretch {
    /// A line begins. Says whether there was music since the one before it.
    pub(super) fn begin(&mut self, notes: &[At], read: (usize, u32)) -> bool {
        let new = self.read != read || self.end == 0;
        if new {
            (self.start, self.end, self.read) = (self.end, notes.len(), read);
        }
        self.next = self.start;
        self.bar = notes.get(self.start).map_or(0, |at| at.bar);
        new
    }

    /// The place of the next note among the notes of the voice.
    pub(super) fn take(&mut self, notes: &[At]) -> Option<usize> {
        let at = self.next;
        self.next += 1;
        let note = notes.get(..self.end)?.get(at)?;
        self.bar = note.bar;
        Some(at)
    }

    /// `|`: what comes next belongs to the next bar.
    pub(super) fn next_bar(&mut self, notes: &[At]) {
        let rest = notes.get(self.next..self.end).unwrap_or(&[]);
        self.next += rest.iter().take_while(|at| at.bar <= self.bar).count();
        self.bar += 1;
    }
}

/// What goes on from line to line of one verse.
#[derive(Clone, Copy, Default, Debug)]
struct Verse {
    /// The last syllable, as a place among the notes of the voice.
    last: Option<usize>,
    /// A hyphen came after it.
    in_word: bool,
}

/// A piece of a line of words.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    /// A syllable, and whether a hyphen follows.
    Syllable(String, bool),
    /// `_`: the syllable before is held for another note.
    Hold,
    /// `-` by itself: a note without a syllable inside a word.
    Hyphen,
    /// `*`: a note without a syllable.
    Skip,
    /// `|`.
    Bar,
}

impl VoiceReader {
    /// Notes the place of the note that comes next.
    pub(super) fn note_sung(&mut self) {
        // NotaGen's lines have no words.
        if !self.in_blocks || !self.room.take(limits::listed::<At>()) {
            return;
        }
        let at = At {
            bar: self.bars.len(),
            layer: self.current.layers.len(),
            item: self.current.bar.items.len(),
        };
        limits::push(&mut self.sung.notes, at);
    }

    pub(super) fn read_so_far(&self) -> (usize, u32) {
        (self.bars.len(), self.current.events)
    }

    /// A line of words. `goes_on` if it is the continuation of the line before.
    pub(super) fn sing(
        &mut self,
        line: &str,
        goes_on: bool,
        place: Place,
        findings: &mut Findings,
    ) {
        let mut sung = std::mem::take(&mut self.sung);
        let read = self.read_so_far();
        if !goes_on {
            let new = sung.words.begin(&sung.notes, read);
            sung.verse = if new { 0 } else { sung.verse + 1 };
        }
        if sung.verse >= MAX_VERSES {
            findings.note(place, "there are too many verses: one is left out");
        } else {
            if sung.verses.len() <= sung.verse {
                sung.verses.resize(sung.verse + 1, Verse::default());
            }
            self.align_words(&mut sung, line, place, findings);
        }
        self.sung = sung;
    }

    fn align_words(&mut self, sung: &mut Sung, line: &str, place: Place, findings: &mut Findings) {
        let Some(mut verse) = sung.verses.get(sung.verse).copied() else {
            return;
        };
        let number = u8::try_from(sung.verse + 1).unwrap_or(u8::MAX);
        for token in tokens(line) {
            match token {
                Token::Syllable(text, hyphen) => {
                    let Some(note) = sung.words.take(&sung.notes) else {
                        findings.note(
                            place,
                            "there are more syllables than notes: the rest is left out",
                        );
                        break;
                    };
                    let lyric = Lyric {
                        verse: number,
                        text,
                        syllable: syllable(verse.in_word, hyphen),
                        extends: false,
                    };
                    if !self.room.take(limits::lyric_bytes(&lyric)) {
                        break;
                    }
                    if let Some(event) = self.sung_event(sung.notes.get(note)) {
                        event.lyrics.reserve_exact(1);
                        event.lyrics.push(lyric);
                    }
                    verse = Verse {
                        last: Some(note),
                        in_word: hyphen,
                    };
                }
                Token::Hold => {
                    sung.words.take(&sung.notes);
                    if let Some(lyric) = self.last_lyric(sung, verse, number) {
                        lyric.extends = true;
                    }
                }
                Token::Hyphen => {
                    sung.words.take(&sung.notes);
                    if let Some(lyric) = self.last_lyric(sung, verse, number) {
                        lyric.syllable = match lyric.syllable {
                            Syllable::Whole => Syllable::First,
                            Syllable::Last => Syllable::Middle,
                            other => other,
                        };
                        verse.in_word = true;
                    }
                }
                Token::Skip => {
                    sung.words.take(&sung.notes);
                }
                Token::Bar => sung.words.next_bar(&sung.notes),
            }
        }
        if let Some(slot) = sung.verses.get_mut(sung.verse) {
            *slot = verse;
        }
    }

    fn last_lyric(&mut self, sung: &Sung, verse: Verse, number: u8) -> Option<&mut Lyric> {
        let event = self.sung_event(sung.notes.get(verse.last?))?;
        event.lyrics.iter_mut().find(|lyric| lyric.verse == number)
    }

    pub(super) fn layer_mut(&mut self, at: At) -> Option<&mut VoiceBar> {
        if at.bar != self.bars.len() {
            return self.bars.get_mut(at.bar)?.layer_mut(at.layer);
        }
        // In a bar that is still open, the layer at hand is not among the others yet.
        match self.current.layers.get_mut(at.layer) {
            Some((bar, _)) => Some(bar),
            None => Some(&mut self.current.bar),
        }
    }

    pub(super) fn sung_event(&mut self, at: Option<&At>) -> Option<&mut Event> {
        let at = *at?;
        match self.layer_mut(at)?.items.get_mut(at.item)? {
            Item::Event(event) => Some(event),
            _ => None,
        }
    }
}

/// Whether this is the number of a verse and no word, as in `1. Kyrie`.
pub(crate) fn is_verse_number(text: &str) -> bool {
    let digits = text.strip_suffix(['.', ')', ':']);
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

/// Makes each syllable what the notes and syllables around it say, after some were moved to other voices or
/// left out: one that follows a hyphen goes on with a word, and one is held only through notes without words.
pub(super) fn settle(score: &mut Score) {
    for v in 0..score.voices.len() {
        let mut in_word: HashMap<u8, bool> = HashMap::new();
        for lyric in notes_of(score, v).flat_map(|event| &mut event.lyrics) {
            let before = in_word.entry(lyric.verse).or_default();
            let after = matches!(lyric.syllable, Syllable::First | Syllable::Middle);
            lyric.syllable = syllable(std::mem::replace(before, after), after);
        }
        let mut next: Option<Vec<u8>> = None;
        for event in notes_of(score, v).rev() {
            for lyric in &mut event.lyrics {
                lyric.extends &= next.as_ref().is_some_and(|n| !n.contains(&lyric.verse));
            }
            next = Some(event.lyrics.iter().map(|lyric| lyric.verse).collect());
        }
    }
}

/// The notes of a voice.
fn notes_of(score: &mut Score, voice: usize) -> impl DoubleEndedIterator<Item = &mut Event> {
    let bars = score.bars.iter_mut();
    bars.filter_map(move |bar| bar.voices.get_mut(voice))
        .flat_map(|voice| &mut voice.items)
        .filter_map(|item| match item {
            Item::Event(event) if !event.notes().is_empty() => Some(event),
            _ => None,
        })
}

/// What a syllable is with these hyphens before and after it.
const fn syllable(before: bool, after: bool) -> Syllable {
    match (before, after) {
        (false, false) => Syllable::Whole,
        (false, true) => Syllable::First,
        (true, true) => Syllable::Middle,
        (true, false) => Syllable::Last,
    }
}

/// Cuts a line of words.
fn tokens(line: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut syllable = String::new();
    let mut chars = line.chars().peekable();
    let flush = |tokens: &mut Vec<Token>, syllable: &mut String, hyphen: bool| {
        let mut text = text::read(&std::mem::take(syllable));
        // Blanks around a syllable, as after a number without words, are not to be seen. Nor are characters
        // that no MusicXML can hold.
        text.retain(|c| {
            matches!(c, '\t' | '\n') || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
        });
        let text = text.trim();
        if text.is_empty() {
            return false;
        }
        tokens.push(Token::Syllable(text.to_owned(), hyphen));
        true
    };
    while let Some(c) = chars.next() {
        if tokens.len() >= limits::MAX_AT_ONCE {
            return tokens;
        }
        match c {
            '-' => {
                if !flush(&mut tokens, &mut syllable, true) {
                    tokens.push(Token::Hyphen);
                }
            }
            '_' | '*' | '|' => {
                flush(&mut tokens, &mut syllable, false);
                tokens.push(match c {
                    '_' => Token::Hold,
                    '*' => Token::Skip,
                    _ => Token::Bar,
                });
            }
            '~' => syllable.push(' '),
            '\\' => match chars.next() {
                Some('-') => syllable.push('-'),
                // Other escapes are read when the syllable is whole.
                Some(other) => syllable.extend(['\\', other]),
                None => {}
            },
            c if c.is_whitespace() => {
                // `1.` in front of a verse is its number: it stands with the first syllable.
                let is_number = tokens.is_empty() && is_verse_number(&syllable);
                if is_number && chars.peek().is_some() {
                    syllable.push(' ');
                } else {
                    flush(&mut tokens, &mut syllable, false);
                }
            }
            c => syllable.push(c),
        }
    }
    flush(&mut tokens, &mut syllable, false);
    tokens
}
