//! Making the voices of each bar equally long.
//!
//! What the model writes is right in 99.85 % of bars. In the others one voice is usually wrong: it is
//! padded with rests or cut, and every note that fits is kept. Short first, last and split bars are no
//! mistake as long as the voices agree.

use super::bars::BarToken;
use super::fit::{HAIR, cut, drop_leading_space, is_near, shrink, stretch};
use super::raw::RawBar;
use crate::diagnostic::{Findings, Place};
use crate::event::{Event, Item};
use crate::fraction::Fraction;
use crate::score::{Bar, Voice, VoiceBar};
use crate::signature::Meter;

/// Makes the bars of the score, one after another.
#[derive(Debug)]
pub(super) struct Aligner {
    meter: Meter,
    last_length: Fraction,
    numbers: Vec<Option<u32>>,
    /// The barline that the bar before ended with.
    opening: BarToken,
}

/// A bar of the score.
pub(super) struct Aligned {
    pub(super) bar: Bar,
    /// The bar before is the end of a repeated section.
    pub(super) ends_repeat: bool,
    /// It would be another if a bar followed.
    pub(super) depends_on_next: bool,
}

impl Aligner {
    /// Before the first bar; `numbers` is what the findings call the voices.
    pub(super) fn new(meter: Option<Meter>, numbers: Vec<Option<u32>>) -> Self {
        Self {
            meter: meter.unwrap_or(Meter::Free),
            last_length: meter.and_then(Meter::bar_length).unwrap_or(Fraction::ONE),
            numbers,
            opening: BarToken::default(),
        }
    }

    /// The next bar.
    pub(super) fn bar(
        &mut self,
        index: usize,
        is_last: bool,
        raw: Vec<RawBar>,
        voices: &[Voice],
        findings: &mut Findings,
    ) -> Aligned {
        let meter = self.meter_of(index, &raw, findings);
        self.meter = meter.unwrap_or(self.meter);
        let length = self.length_of(is_last, &raw);
        let depends_on_next = is_last && length != self.length_of(false, &raw);
        self.last_length = length;

        let present = || raw.iter().filter(|b| !b.missing);
        let lead = present().find_map(|b| b.lead.clone()).unwrap_or_default();
        let end = self.barline_of(index, &raw, findings);
        let before = std::mem::replace(&mut self.opening, end.clone());
        let mut bar = Bar {
            length,
            meter,
            repeat_start: before.repeat_start || lead.repeat_start,
            volta: lead.volta.or(before.volta).map(|volta| *volta),
            barline: end.style,
            repeat_stop: end.repeat_stop,
            volta_stop: None,
            voices: Vec::with_capacity(raw.len()),
        };
        for (v, raw) in raw.into_iter().enumerate() {
            let on = |i: usize| voices.get(i).map(|voice| (voice.part, voice.staff));
            // On each staff one voice shows its rests.
            let leads = v == 0 || on(v) != on(v - 1);
            let voice = self.voice(index, v, raw, length, leads, findings);
            bar.voices.push(voice);
        }
        Aligned {
            bar,
            ends_repeat: lead.repeat_stop,
            depends_on_next,
        }
    }

    fn place(&self, index: usize, voice: usize, raw: &RawBar) -> Place {
        Place {
            position: raw.position,
            bar: u32::try_from(index + 1).ok(),
            voice: self.numbers.get(voice).copied().flatten(),
        }
    }

    fn meter_of(&self, index: usize, raw: &[RawBar], findings: &mut Findings) -> Option<Meter> {
        let mut named = raw
            .iter()
            .enumerate()
            .filter_map(|(v, b)| Some((v, b, b.meter?)));
        let (_, _, meter) = named.next()?;
        if let Some((v, other, _)) = named.find(|(_, _, m)| *m != meter) {
            let place = self.place(index, v, other);
            findings.warn(
                place,
                "voices have different metres: that of the first holds",
            );
        }
        Some(meter)
    }

    /// The first voice that has a barline decides.
    fn barline_of(&self, index: usize, raw: &[RawBar], findings: &mut Findings) -> BarToken {
        let mut ends = raw
            .iter()
            .enumerate()
            .filter_map(|(v, b)| Some((v, b, b.end.as_ref()?)));
        let Some((_, _, end)) = ends.next() else {
            return BarToken::default();
        };
        let same = |other: &BarToken| {
            (other.repeat_start, other.repeat_stop, &other.volta)
                == (end.repeat_start, end.repeat_stop, &end.volta)
        };
        if let Some((v, other, _)) = ends.find(|(_, _, other)| !same(other)) {
            let place = self.place(index, v, other);
            findings.note(
                place,
                "voices have different barlines: that of the first holds",
            );
        }
        end.clone()
    }

    /// How long the bar is: the metre if any voice fills it, otherwise what most voices say.
    fn length_of(&self, is_last: bool, raw: &[RawBar]) -> Fraction {
        let lengths: Vec<Fraction> = raw
            .iter()
            .filter(|b| b.events > 0)
            .map(|b| b.length)
            .collect();
        let Some(first) = lengths.first().copied() else {
            return self.meter.bar_length().unwrap_or(self.last_length);
        };
        // Voices can have metres of their own (6/8 over 2/4). None that fills its own is to be cut.
        let own = || raw.iter().filter(|b| b.events > 0);
        if own().any(|b| own().next().is_some_and(|a| a.full != b.full)) {
            let filled = own().filter(|b| b.full == Some(b.length)).map(|b| b.length);
            if let Some(longest) = filled.max() {
                return longest;
            }
        }
        let Some(full) = self.meter.bar_length() else {
            return most_common(&lengths).unwrap_or(first);
        };
        if lengths.contains(&full) {
            return full;
        }
        if lengths.iter().all(|l| *l == first) {
            // A text that breaks off does so inside a bar.
            let broken_off = is_last && raw.iter().any(|b| b.events > 0 && b.end.is_none());
            return if broken_off && first < full || is_near(first, full) {
                full
            } else {
                first
            };
        }
        if lengths.iter().any(|l| is_near(*l, full)) {
            return full;
        }
        most_common(&lengths).unwrap_or(first)
    }

    fn voice(
        &self,
        index: usize,
        v: usize,
        raw: RawBar,
        length: Fraction,
        leads: bool,
        findings: &mut Findings,
    ) -> VoiceBar {
        let place = self.place(index, v, &raw);
        let mut bar = raw.bar;
        if raw.missing || raw.events == 0 {
            if !raw.missing {
                findings.note(place, "the voice has nothing in this bar: it rests");
            }
            push_rest(&mut bar, length, leads);
            return bar;
        }
        if raw.length < length {
            let Some(gap) = length.checked_sub(raw.length) else {
                return bar;
            };
            if gap < HAIR && stretch(&mut bar, gap) {
                return bar;
            }
            findings.warn(
                place,
                format!(
                    "the bar is {} long and not {}: padded with a rest",
                    eighths(raw.length),
                    eighths(length)
                ),
            );
            push_rest(&mut bar, gap, leads);
        } else if raw.length > length {
            if raw
                .length
                .checked_sub(length)
                .is_some_and(|over| over < HAIR)
                && shrink(&mut bar, length)
            {
                return bar;
            }
            findings.warn(
                place,
                format!(
                    "the bar is {} long and not {}: cut",
                    eighths(raw.length),
                    eighths(length)
                ),
            );
            drop_leading_space(&mut bar, length);
            cut(&mut bar, length);
            let gap = bar
                .length()
                .and_then(|l| length.checked_sub(l))
                .filter(|g| !g.is_zero());
            if let Some(gap) = gap.filter(|g| *g >= HAIR || !stretch(&mut bar, *g)) {
                push_rest(&mut bar, gap, leads);
            }
        }
        bar
    }
}

/// Most bars with a rest like this have nothing else: a list that grows would have room for four.
fn push_rest(bar: &mut VoiceBar, length: Fraction, visible: bool) {
    bar.items.reserve_exact(1);
    bar.items.push(Item::Event(Event::rest(length, visible)));
}

/// As composers count: in eighths, which are the unit of the text.
fn eighths(length: Fraction) -> String {
    length
        .checked_mul(Fraction::whole(8))
        .map_or_else(|| length.to_string(), |n| format!("{n} eighths"))
}

/// The length that most have; of several the first.
fn most_common(lengths: &[Fraction]) -> Option<Fraction> {
    let mut best: Option<(usize, Fraction)> = None;
    for length in lengths {
        let count = lengths.iter().filter(|l| *l == length).count();
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, *length));
        }
    }
    best.map(|(_, length)| length)
}
