//! Lines of symbols (`s:`, ABC 2.1 section 4.15), aligned to notes as words are.

use super::cursor::Cursor;
use super::lyrics::{At, MAX_VERSES, Sung};
use super::marks::Decoration;
use super::music::VoiceReader;
use super::{settings, text};
use crate::diagnostic::{Findings, Place};
use crate::event::{Item, Mark};
use crate::limits;

/// What a piece of a line of symbols puts at a note.
enum Symbol {
    Item(Item),
    Mark(Mark),
    Nothing,
}

impl VoiceReader {
    /// A line of symbols: decorations, texts and chord symbols, one for each note.
    pub(super) fn read_symbols(
        &mut self,
        line: &str,
        goes_on: bool,
        place: Place,
        findings: &mut Findings,
    ) {
        let mut sung = std::mem::take(&mut self.sung);
        if !goes_on {
            let new = sung.symbols.begin(&sung.notes, self.read_so_far());
            sung.symbol_line = if new { 0 } else { sung.symbol_line + 1 };
        }
        if sung.symbol_line >= MAX_VERSES {
            findings.note(
                place,
                "there are too many lines of symbols: one is left out",
            );
            self.sung = sung;
            return;
        }
        let mut items: Vec<(usize, Item)> = Vec::new();
        let mut cursor = Cursor::new(line, place.position);
        while let Some(meaning) = take_symbol(&mut cursor) {
            match meaning {
                "*" => {
                    sung.symbols.take(&sung.notes);
                    continue;
                }
                "|" => {
                    sung.symbols.next_bar(&sung.notes);
                    continue;
                }
                _ => {}
            }
            let Some(note) = sung.symbols.take(&sung.notes) else {
                findings.note(
                    place,
                    "there are more symbols than notes: the rest is left out",
                );
                break;
            };
            match self.symbol(meaning) {
                Some(Symbol::Item(item)) => {
                    if !self.room.take(limits::item_bytes(&item)) {
                        break;
                    }
                    items.push((note, item));
                }
                Some(Symbol::Mark(mark)) => {
                    if let Some(event) = self.sung_event(sung.notes.get(note))
                        && !event.marks.contains(&mark)
                    {
                        event.marks.push(mark);
                    }
                }
                Some(Symbol::Nothing) => {}
                None => {
                    let message = format!("the symbol {meaning} is unknown and left out");
                    findings.note(place, message);
                }
            }
        }
        self.put_items(&mut sung, items);
        self.sung = sung;
    }

    /// Puts items in front of notes, as if they were written there. Notes are in the order of writing.
    fn put_items(&mut self, sung: &mut Sung, items: Vec<(usize, Item)>) {
        let mut items = items.into_iter().peekable();
        while let Some((note, _)) = items.peek() {
            let first = *note;
            let Some(at) = sung.notes.get(first).copied() else {
                return;
            };
            let here = |other: &At| (other.bar, other.layer) == (at.bar, at.layer);
            let notes = sung.notes.get_mut(first..).unwrap_or(&mut []);
            let mut added = 0;
            let mut tail = match self.layer_mut(at) {
                Some(bar) => bar
                    .items
                    .split_off(at.item.min(bar.items.len()))
                    .into_iter(),
                None => return,
            };
            let mut new = Vec::new();
            let mut taken = at.item;
            for (place, note) in notes.iter_mut().enumerate().take_while(|(_, n)| here(n)) {
                new.extend(tail.by_ref().take(note.item - taken));
                taken = note.item;
                while let Some((_, item)) = items.next_if(|(n, _)| *n == first + place) {
                    new.push(item);
                    added += 1;
                }
                note.item += added;
            }
            new.extend(tail);
            if let Some(bar) = self.layer_mut(at) {
                bar.items.extend(new);
            }
            self.find_last_again(at, added);
        }
    }

    /// Items were added in front of notes, the last of which cannot be behind the last note read.
    fn find_last_again(&mut self, at: At, added: usize) {
        let open = (self.bars.len(), self.current.layers.len());
        let is_open = (at.bar, at.layer) == open;
        if let Some((bar, item)) = &mut self.last_notes
            && *bar == at.bar
            && (is_open || at.bar != open.0)
        {
            *item += added;
        }
        if let Some(item) = &mut self.last_event
            && is_open
        {
            *item += added;
        }
    }

    fn symbol(&self, meaning: &str) -> Option<Symbol> {
        let quoted = meaning.strip_prefix('"').and_then(|m| m.strip_suffix('"'));
        if let Some(chord) = quoted.filter(|q| q.starts_with(|c: char| c.is_ascii_uppercase())) {
            return Some(Symbol::Item(Item::ChordSymbol(text::read(chord))));
        }
        let mut chars = meaning.chars();
        let letter = chars.next().filter(|_| chars.next().is_none());
        let decoration = match letter {
            Some(letter) => self.by_letter(letter),
            None => settings::symbol(meaning),
        };
        match decoration? {
            Decoration::Mark(mark) => Some(Symbol::Mark(mark)),
            Decoration::Direction(direction) => Some(Symbol::Item(Item::Direction(direction))),
            Decoration::Nothing => Some(Symbol::Nothing),
            Decoration::Tremolo(_) | Decoration::TremoloPair(_) | Decoration::Courtesy => None,
        }
    }
}

/// The next piece of a line of symbols.
fn take_symbol<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    cursor.take_while(|c| c.is_whitespace() || c == '`');
    let start = cursor.rest();
    let first = cursor.bump()?;
    if matches!(first, '!' | '"' | '+') {
        cursor.take_while(|c| c != first);
        cursor.bump();
    }
    start.get(..start.len() - cursor.rest().len())
}
