//! The voices of a bar, one after another.

use super::attributes::{self, advance};
use super::beams::{self, Stem};
use super::directions::{self, Tempi};
use super::note::{self, Laid};
use super::part::PartWriter;
use super::tuplets;
use super::values;
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
                tempi.write(xml, tempo, (0, Fraction::ZERO), self.staff_element(1));
            }
        }
        for i in 0..self.voices.len() {
            let Some(voice) = self.voices.get(i).and_then(|(v, ..)| bar.voices.get(*v)) else {
                continue;
            };
            if i > 0 && is_silent(voice) {
                continue;
            }
            if written > 0 {
                xml.open("backup", &[]);
                xml.number("duration", written);
                xml.close();
            }
            written = self.write_voice(xml, index, i, bar, voice, tempi);
        }
    }

    /// Writes one voice and gives the position it reached.
    fn write_voice(
        &mut self,
        xml: &mut Xml,
        index: usize,
        i: usize,
        bar: &Bar,
        voice: &VoiceBar,
        tempi: &mut Tempi,
    ) -> i64 {
        let events: Vec<&Event> = voice.events().collect();
        let laid = lay(&events, bar.length);
        let mut laid = laid.iter();
        let mut position = Fraction::ZERO;
        let mut leading = true;
        let number = self.voices.get(i).map_or(0, |(v, ..)| *v);
        for (place, item) in voice.items.iter().enumerate() {
            leading &= !attributes::ends_leading(item);
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
                    if !leading {
                        attributes::in_bar(self, xml, item, staff);
                    }
                }
                Item::Tempo(tempo) => {
                    tempi.write(xml, tempo, (index, position), self.staff_element(staff))
                }
                Item::Direction(direction) => {
                    if !self.octave_copies.contains(&(number, index, place)) {
                        directions::write(self, xml, i, direction, staff);
                    }
                }
                Item::ChordSymbol(symbol) => {
                    directions::write_chord_symbol(self, xml, symbol, staff)
                }
            }
        }
        self.ticks(position)
    }
}

/// Nothing to see: no need to write it.
fn is_silent(voice: &VoiceBar) -> bool {
    voice.items.iter().all(|item| {
        let Item::Event(event) = item else {
            return false;
        };
        event.content == Content::Rest { visible: false } && event.marks.is_empty()
    })
}

/// The printed form of the events of a bar: values, tuplet brackets and beams.
fn lay(events: &[&Event], length: Fraction) -> Vec<Laid> {
    let brackets = tuplets::brackets(events);
    let mut laid: Vec<Laid> = events
        .iter()
        .zip(brackets)
        .map(|(event, brackets)| {
            let is_rest = matches!(event.content, Content::Rest { .. });
            let whole_bar = is_rest && events.len() == 1 && event.duration == length;
            let mut printed = event.written;
            if event.ratio.is_none() && !brackets.ratio.is_none() {
                let back = brackets.ratio.factor();
                printed = back.and_then(|f| printed.checked_div(f)).unwrap_or(printed);
            }
            if matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_))) {
                // Both notes of a pair are printed as long as the pair.
                printed = printed.checked_mul(Fraction::whole(2)).unwrap_or(printed);
            }
            Laid {
                values: values::values(printed),
                brackets,
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
