//! The voices of a bar, one after another.

use std::collections::HashSet;

use super::attributes::{self, advance};
use super::beams::{self, Stem};
use super::directions::{self, Tempi};
use super::note::{self, Laid};
use super::part::PartWriter;
use super::tuplets::{self, Brackets};
use super::values::{self, Value};
use super::xml::Xml;
use crate::event::{Content, Event, Item, Mark, Tremolo};
use crate::fraction::Fraction;
use crate::score::{Bar, VoiceBar};

impl PartWriter<'_> {
    /// Writes all voices of a bar, each from its beginning.
    pub(super) fn write_voices(
        &mut self,
        xml: &mut Xml,
        index: usize,
        bar: &Bar,
        tempi: &mut Tempi,
    ) {
        let mut written = 0;
        let changes = attributes::changes_inside(self, bar);
        if index == 0
            && self.part == 0
            && let Some(tempo) = &self.score.tempo
        {
            let first = bar.voices.first();
            let said_again = first.is_some_and(|voice| {
                let mut leading = voice
                    .items
                    .iter()
                    .take_while(|i| !attributes::ends_leading(i));
                leading.any(|i| matches!(i, Item::Tempo(_)))
            });
            if !said_again {
                let beside = directions::Beside::new(self, 0, 1);
                tempi.write(xml, tempo, (0, Fraction::ZERO), beside);
            }
        }
        for i in 0..self.voices.len() {
            let Some(voice) = self.voices.get(i).and_then(|(v, ..)| bar.voices.get(*v)) else {
                continue;
            };
            if i > 0 && is_silent(voice, (index, i), &changes, tempi) {
                continue;
            }
            if written > 0 {
                xml.open("backup", &[]);
                xml.number("duration", written);
                xml.close();
            }
            written = self.write_voice(xml, (index, i), bar, voice, &changes, tempi);
        }
    }

    /// Writes one voice and gives the position it reached.
    fn write_voice(
        &mut self,
        xml: &mut Xml,
        (index, i): (usize, usize),
        bar: &Bar,
        voice: &VoiceBar,
        changes: &HashSet<(usize, usize)>,
        tempi: &mut Tempi,
    ) -> i64 {
        let events: Vec<&Event> = voice.events().collect();
        let laid = lay(&events, bar.length);
        let mut laid = laid.iter();
        let mut position = Fraction::ZERO;
        let number = self.voices.get(i).map_or(0, |(v, ..)| *v);
        for (n, item) in voice.items.iter().enumerate() {
            let staff = self.staff_of.get(i).copied().unwrap_or(1);
            match item {
                Item::Event(event) => {
                    let end = advance(position, event.duration);
                    let span = (self.ticks(position), self.ticks(end));
                    if let Some(laid) = laid.next() {
                        note::write_event(self, xml, i, event, laid, span);
                    }
                    position = end;
                }
                Item::Grace(group) => note::write_graces(self, xml, i, group),
                Item::Staff(staff) => {
                    if let Some(slot) = self.staff_of.get_mut(i) {
                        *slot = *staff;
                    }
                }
                Item::Key(_) | Item::Clef(_) => {
                    if changes.contains(&(i, n)) {
                        attributes::in_bar(self, xml, i, item, staff);
                    }
                }
                Item::Tempo(tempo) => {
                    let beside = directions::Beside::new(self, i, staff);
                    tempi.write(xml, tempo, (index, position), beside);
                }
                Item::Direction(direction) => {
                    if !self.octave_copies.contains(&(number, index, n)) {
                        directions::write(self, xml, (index, i), direction, staff);
                    }
                }
                Item::ChordSymbol(symbol) => {
                    directions::write_chord_symbol(self, xml, i, symbol, staff)
                }
            }
        }
        self.ticks(position)
    }
}

/// Nothing to see: no need to write it. What is no news was told by another voice.
fn is_silent(
    voice: &VoiceBar,
    (bar, i): (usize, usize),
    changes: &HashSet<(usize, usize)>,
    tempi: &Tempi,
) -> bool {
    let mut position = Fraction::ZERO;
    voice.items.iter().enumerate().all(|(n, item)| match item {
        Item::Event(event) => {
            let is_only = position.is_zero();
            position = advance(position, event.duration);
            let is_space = event.content == Content::Rest { visible: false };
            is_only && is_space && note::is_plain(event)
        }
        Item::Key(_) | Item::Clef(_) => !changes.contains(&(i, n)),
        Item::Tempo(_) => tempi.has((bar, position)),
        _ => false,
    })
}

/// The values that print an event; more than one are tied.
fn printed_values(event: &Event) -> Vec<Value> {
    let mut printed = event.written;
    if event.ratio.is_none() {
        let back = tuplets::ratio(event).factor();
        printed = back.and_then(|f| printed.checked_div(f)).unwrap_or(printed);
    }
    let is_pair = matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)));
    if is_pair {
        // Both notes of a pair are printed as long as the pair.
        printed = printed.checked_mul(Fraction::whole(2)).unwrap_or(printed);
    }
    let mut values = values::values(printed);
    if is_pair || event.content == (Content::Rest { visible: false }) {
        // The notes of a pair cannot be tied, and of an invisible rest nothing is printed.
        values.truncate(1);
    }
    values
}

/// How long each of the tied values of an event lasts; nothing if it has only one.
pub(super) fn piece_lengths(event: &Event) -> Vec<Fraction> {
    let numerator = event.written.num();
    // One note with up to two dots prints these, and few lengths are others.
    if matches!(numerator >> numerator.trailing_zeros(), 1 | 3 | 7) {
        return Vec::new();
    }
    let lengths: Vec<Fraction> = printed_values(event).iter().map(|v| v.length()).collect();
    let total = lengths
        .iter()
        .fold(Fraction::ZERO, |sum, l| advance(sum, *l));
    let share = |length: &Fraction| event.duration.checked_mul(length.checked_div(total)?);
    match lengths.as_slice() {
        [_] => Vec::new(),
        several => several.iter().filter_map(share).collect(),
    }
}

/// The printed form of the events of a bar: values, tuplet brackets and beams.
fn lay(events: &[&Event], length: Fraction) -> Vec<Laid> {
    let brackets = tuplets::brackets(events);
    let mut laid: Vec<Laid> = events
        .iter()
        .zip(brackets)
        .map(|(event, brackets)| {
            let is_rest = matches!(event.content, Content::Rest { .. });
            let fills_bar = events.len() == 1 && event.duration == length;
            let is_free = event.tuplet_starts.iter().all(|tuplet| tuplet.is_none());
            let whole_bar = is_rest && fills_bar && is_free;
            let mut values = printed_values(event);
            if whole_bar {
                // It is one rest, however long the bar is.
                values.truncate(1);
            }
            Laid {
                values,
                brackets: if whole_bar {
                    Brackets::default()
                } else {
                    brackets
                },
                beams: Vec::new(),
                whole_bar,
            }
        })
        .collect();
    let stems: Vec<Stem> = events
        .iter()
        .zip(&laid)
        .map(|(event, laid)| Stem {
            value: match laid.values.as_slice() {
                [value] if !event.notes().is_empty() && !event.marks.contains(&Mark::Stemless) => {
                    Some(*value)
                }
                _ => None,
            },
            break_before: event.beam_break,
        })
        .collect();
    for (laid, beams) in laid.iter_mut().zip(beams::beams(&stems)) {
        laid.beams = beams;
    }
    laid
}
