//! A part: its bars, and what goes on from bar to bar.

use std::collections::HashSet;

use super::attributes;
use super::directions::Tempi;
use super::head;
use super::numbers::{Numbers, Slur};
use super::octaves;
use super::voice;
use super::xml::Xml;
use crate::event::{Item, Span};
use crate::fraction::{Fraction, lcm};
use crate::score::{Bar, Barline, Score, Voice, Volta, VoltaStop};
use crate::signature::{Clef, Key, Meter};
use crate::unroll::Cues;

/// Divisions of a quarter note if no smaller number holds all lengths: 2^4 * 3^2 * 5 * 7 * 11 * 13.
const MAX_DIVISIONS: i64 = 720_720;

/// Writes one part.
pub(super) struct PartWriter<'a> {
    pub(super) score: &'a Score,
    pub(super) cues: &'a Cues,
    pub(super) part: usize,
    pub(super) staves: u8,
    pub(super) divisions: i64,
    /// Its voices: place in the score, voice, number in MusicXML.
    pub(super) voices: Vec<(usize, &'a Voice, i64)>,
    /// The staff each of them is on now.
    pub(super) staff_of: Vec<u8>,
    pub(super) slurs: Numbers<Slur>,
    pub(super) lines: Numbers<Span>,
    /// Ends of octave lines that another voice of the staff has already: voice in the score, bar, item.
    pub(super) octave_copies: HashSet<(usize, usize, usize)>,
    /// Clef of each staff and key of the part, to leave out what changes nothing.
    pub(super) clefs: Vec<Clef>,
    pub(super) keys: Vec<Key>,
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(score: &'a Score, part: usize, cues: &'a Cues) -> Self {
        let staves = score.parts.get(part).map_or(1, |p| p.staves.max(1));
        let on_staff = |staff: u8| score.voices_of(part).filter(move |(_, v)| v.staff == staff);
        let most = (1..=staves).map(|s| on_staff(s).count()).max().unwrap_or(0);
        // Voices 1 to 4 are on the first staff, 5 to 8 on the second, unless a staff has more.
        let stride = i64::try_from(most.max(4)).unwrap_or(4);
        let voices: Vec<_> = (1..=staves)
            .flat_map(|staff| {
                let base = (i64::from(staff) - 1) * stride;
                on_staff(staff)
                    .zip(1..)
                    .map(move |((v, voice), n)| (v, voice, base + n))
            })
            .collect();
        let first = |staff: u8| on_staff(staff).next().map(|(_, voice)| voice);
        Self {
            score,
            cues,
            part,
            staves,
            divisions: divisions(score, &voices),
            staff_of: voices.iter().map(|(_, voice, _)| voice.staff).collect(),
            octave_copies: octaves::copies(score, &voices),
            voices,
            slurs: Numbers::new(),
            lines: Numbers::new(),
            clefs: (1..=staves)
                .map(|s| first(s).map_or(Clef::TREBLE, |v| v.clef))
                .collect(),
            keys: (1..=staves)
                .map(|s| first(s).map_or(score.key, |v| v.key))
                .collect(),
        }
    }

    pub(super) fn write(mut self, xml: &mut Xml, tempi: &mut Tempi) {
        xml.open("part", &[("id", &head::part_id(self.part))]);
        let pickup = self.has_pickup();
        for (index, bar) in self.score.bars.iter().enumerate() {
            let number = if pickup { index } else { index + 1 }.to_string();
            if pickup && index == 0 {
                xml.open("measure", &[("number", &number), ("implicit", "yes")]);
            } else {
                xml.open("measure", &[("number", &number)]);
            }
            left_barline(xml, bar);
            attributes::at_start(&mut self, xml, index, bar);
            self.write_voices(xml, index, bar, tempi);
            right_barline(&self, xml, index, bar);
            xml.close();
        }
        if self.score.bars.is_empty() {
            // The schema wants a bar even of a piece that has none.
            xml.open("measure", &[("number", "1")]);
            xml.close();
        }
        xml.close();
    }

    /// Whether the piece begins with less than a bar. A piece of one bar is just short.
    fn has_pickup(&self) -> bool {
        let full = |bar: &Bar| bar.meter.and_then(Meter::bar_length);
        match self.score.bars.as_slice() {
            [first, _, ..] => full(first).is_some_and(|full| first.length < full),
            _ => false,
        }
    }

    /// The staff for elements that have to name one.
    pub(super) fn staff_element(&self, staff: u8) -> Option<i64> {
        (self.staves > 1).then(|| i64::from(staff))
    }

    /// A position in the bar, in divisions.
    pub(super) fn ticks(&self, position: Fraction) -> i64 {
        position.ticks(self.divisions.saturating_mul(4))
    }
}

/// The smallest number of divisions of a quarter note that holds every length of the part.
fn divisions(score: &Score, voices: &[(usize, &Voice, i64)]) -> i64 {
    let mut divisions = 1;
    for bar in &score.bars {
        let lengths = voices.iter().filter_map(|(v, ..)| bar.voices.get(*v));
        let lengths = lengths
            .flat_map(|voice| &voice.items)
            .filter_map(|item| match item {
                Item::Event(event) => Some(event),
                _ => None,
            })
            .flat_map(|event| {
                voice::piece_lengths(event)
                    .into_iter()
                    .chain([event.duration])
            });
        for length in lengths.chain([bar.length]) {
            if divisions % length.den() == 0 {
                continue;
            }
            let quarters = length.checked_mul(Fraction::whole(4));
            let together = quarters.and_then(|q| lcm(divisions, q.den()));
            match together.filter(|d| *d <= MAX_DIVISIONS) {
                Some(together) => divisions = together,
                None => return MAX_DIVISIONS,
            }
        }
    }
    divisions
}

fn left_barline(xml: &mut Xml, bar: &Bar) {
    if !bar.repeat_start && bar.volta.is_none() {
        return;
    }
    xml.open("barline", &[("location", "left")]);
    if bar.repeat_start {
        xml.text("bar-style", &[], "heavy-light");
    }
    if let Some(volta) = &bar.volta {
        ending(xml, volta, "start");
    }
    if bar.repeat_start {
        xml.empty("repeat", &[("direction", "forward")]);
    }
    xml.close();
}

fn right_barline(part: &PartWriter<'_>, xml: &mut Xml, index: usize, bar: &Bar) {
    let style = match bar.barline {
        Barline::Regular if bar.repeat_stop => Some("light-heavy"),
        Barline::Regular => None,
        Barline::Double => Some("light-light"),
        Barline::Final => Some("light-heavy"),
        Barline::HeavyLight => Some("heavy-light"),
        Barline::Dotted => Some("dotted"),
        Barline::Invisible => Some("none"),
    };
    let volta = bar.volta_stop.and_then(|stop| {
        let bars = part.score.bars.get(..=index)?;
        let volta = bars.iter().rev().find_map(|b| b.volta.as_ref())?;
        Some((volta, stop))
    });
    if style.is_none() && volta.is_none() {
        return;
    }
    xml.open("barline", &[("location", "right")]);
    if let Some(style) = style {
        xml.text("bar-style", &[], style);
    }
    if let Some((volta, stop)) = volta {
        ending(
            xml,
            volta,
            match stop {
                VoltaStop::Closed => "stop",
                VoltaStop::Open => "discontinue",
            },
        );
    }
    if bar.repeat_stop {
        let times = part.cues.times(index);
        let backward = ("direction", "backward");
        if times == 2 {
            xml.empty("repeat", &[backward]);
        } else {
            // The standard wants it where no ending says it. MuseScore also needs it where one does.
            xml.empty("repeat", &[backward, ("times", &times.to_string())]);
        }
    }
    xml.close();
}

fn ending(xml: &mut Xml, volta: &Volta, kind: &str) {
    let numbers: Vec<String> = volta.numbers.iter().map(u8::to_string).collect();
    let numbers = numbers.join(", ");
    // Without numbers the attribute must still be there.
    let number = if numbers.is_empty() { " " } else { &numbers };
    let attributes = [("number", number), ("type", kind)];
    if volta.words.is_empty() || kind != "start" {
        xml.empty("ending", &attributes);
    } else {
        xml.text("ending", &attributes, &volta.words);
    }
}
