//! Which voice each note, rest and sign of a part belongs to.
//!
//! Voices in MusicXML are only names on notes. Programs use the same name on two staves at once, leave it out,
//! or let one voice overlap itself; a voice of the score has one event after another.

use super::raw::{Entry, RawBar, RawPart, What};
use super::remarks::{Remarks, Where};
use super::signs::{deal_signs, match_lines};
use crate::abc::fit::HAIR;
use crate::fraction::Fraction;

/// Events of one voice at the same time; more are left out.
const MAX_LANES: usize = 8;

/// A voice of a part.
#[derive(Clone, Debug)]
pub(super) struct Dealt {
    /// Its place in the names of voices; none for one that was added because a staff had no voice.
    pub(super) label: Option<u16>,
    /// The staff that tells it apart from another voice of this name.
    split: Option<u8>,
    /// Which of several voices of this name it is.
    lane: usize,
    /// The staff it lives on.
    pub(super) home: u8,
    /// Its events on each staff, the first staff first.
    events: Vec<u32>,
}

/// Deals everything in the part to voices, in the order of the score, and says which they are. The entries
/// learn their voices; those that have none are left out.
pub(super) fn deal(part: &mut RawPart, number: usize, remarks: &mut Remarks) -> Vec<Dealt> {
    let split = names_on_two_staves(part);
    let mut dealer = Dealer {
        split,
        voices: Vec::new(),
        staves: part.part.staves,
        part: number,
    };
    for (index, bar) in part.bars.iter_mut().enumerate() {
        dealer.deal_events(bar, index, remarks);
    }
    let mut voices = dealer.voices;
    find_homes(&mut voices, &part.labels, part.part.staves);
    let order = order(&mut voices, &part.labels, part.part.staves);
    let mut staves: Vec<u8> = voices.iter().map(|voice| voice.home).collect();
    for bar in &mut part.bars {
        for entry in &mut bar.entries {
            entry.voice = entry.voice.and_then(|v| order.get(v).copied());
        }
        deal_signs(bar, &voices, &mut staves);
    }
    match_lines(part, number, remarks);
    voices
}

const fn is_event(entry: &Entry) -> bool {
    matches!(entry.what, What::Event(_))
}

fn end_of(entry: &Entry) -> Fraction {
    let at = entry.moment.at;
    match &entry.what {
        What::Event(raw) => at.checked_add(raw.span).unwrap_or(at),
        _ => at,
    }
}

/// Whether something that began before `end` still goes on at `at`. Rounded times can be out by a hair.
fn goes_on(end: Fraction, at: Fraction) -> bool {
    end.checked_sub(at).is_some_and(|over| over >= HAIR)
}

/// The events of a bar in the order of time.
fn in_time(bar: &RawBar) -> Vec<usize> {
    let at = |i: &usize| bar.entries.get(*i).map(|e| (e.moment.at, e.moment.order));
    let events = bar.entries.iter().enumerate().filter(|(_, e)| is_event(e));
    let mut events: Vec<usize> = events.map(|(i, _)| i).collect();
    events.sort_by_key(at);
    events
}

/// For each name of a voice, whether it stands for voices on several staves at the same time.
fn names_on_two_staves(part: &RawPart) -> Vec<bool> {
    let mut split = vec![false; part.labels.len()];
    if part.part.staves < 2 {
        return split;
    }
    for bar in &part.bars {
        let mut last: Vec<Option<(Fraction, u8)>> = vec![None; split.len()];
        for entry in in_time(bar).into_iter().filter_map(|i| bar.entries.get(i)) {
            let label = usize::from(entry.label.unwrap_or(0));
            let (end, staff) = (end_of(entry), entry.staff.unwrap_or(1));
            let (Some(last), Some(split)) = (last.get_mut(label), split.get_mut(label)) else {
                continue;
            };
            if let Some((before, other)) = *last
                && goes_on(before, entry.moment.at)
            {
                *split |= other != staff;
            }
            if last.is_none_or(|(before, _)| before <= end) {
                *last = Some((end, staff));
            }
        }
    }
    split
}

struct Dealer {
    split: Vec<bool>,
    voices: Vec<Dealt>,
    staves: u8,
    part: usize,
}

/// What a voice has last in a bar.
#[derive(Clone, Copy)]
struct Last {
    voice: usize,
    end: Fraction,
    stream: u32,
}

impl Dealer {
    fn deal_events(&mut self, bar: &mut RawBar, index: usize, remarks: &mut Remarks) {
        let mut last: Vec<Last> = Vec::new();
        for i in in_time(bar) {
            let Some(entry) = bar.entries.get_mut(i) else {
                continue;
            };
            let at = entry.moment.at;
            let split = self.split_of(entry);
            let is_free = |v: usize| {
                let mut last = last.iter().filter(|l| l.voice == v);
                last.all(|l| !goes_on(l.end, at))
            };
            let mut lanes = (0..MAX_LANES).filter_map(|lane| {
                let voice = self.find(entry.label, split, lane);
                voice.is_none_or(is_free).then_some((lane, voice))
            });
            // Of several voices that are free, the one that goes on without the file going back.
            let goes_on_here = |voice: Option<usize>| {
                let mut last = last.iter();
                last.any(|l| Some(l.voice) == voice && l.stream == entry.moment.stream)
            };
            let first = lanes.next();
            let lane = match first {
                Some((_, voice)) if goes_on_here(voice) => first,
                _ => lanes.find(|(_, voice)| goes_on_here(*voice)).or(first),
            };
            let place = Where {
                position: entry.position,
                bar: Some(index),
                part: Some(self.part),
                label: entry.label,
            };
            let Some((lane, voice)) = lane else {
                remarks.warn(
                    place,
                    "too many notes of one voice at once: one is left out",
                );
                continue;
            };
            let voice = voice.unwrap_or_else(|| {
                if lane > 0 {
                    remarks.note(
                        place,
                        "a voice overlaps itself: the notes go to another one",
                    );
                }
                self.add(entry.label, split, lane)
            });
            entry.voice = Some(voice);
            let now = Last {
                voice,
                end: end_of(entry),
                stream: entry.moment.stream,
            };
            match last.iter_mut().find(|l| l.voice == voice) {
                Some(last) => *last = now,
                None => last.push(now),
            }
            let staff = usize::from(entry.staff.unwrap_or(1).saturating_sub(1));
            let voice = self.voices.get_mut(voice);
            if let Some(count) = voice.and_then(|v| v.events.get_mut(staff)) {
                *count = count.saturating_add(1);
            }
        }
        self.deal_graces(bar);
    }

    /// The staff by which voices of the same name are told apart.
    fn split_of(&self, entry: &Entry) -> Option<u8> {
        let label = usize::from(entry.label.unwrap_or(0));
        let split = self.split.get(label).copied().unwrap_or(false);
        split.then(|| entry.staff.unwrap_or(1))
    }

    fn find(&self, label: Option<u16>, split: Option<u8>, lane: usize) -> Option<usize> {
        let key = (label, split, lane);
        self.voices
            .iter()
            .position(|v| (v.label, v.split, v.lane) == key)
    }

    fn add(&mut self, label: Option<u16>, split: Option<u8>, lane: usize) -> usize {
        self.voices.push(Dealt {
            label,
            split,
            lane,
            home: split.unwrap_or(1),
            events: vec![0; usize::from(self.staves)],
        });
        self.voices.len() - 1
    }

    /// Grace notes go with the next event of their voice, or with the one before.
    fn deal_graces(&mut self, bar: &mut RawBar) {
        let neighbour = |entry: &Entry, other: Option<&(u32, Option<u16>, Option<usize>)>| {
            let (stream, label, voice) = other?;
            let same = *stream == entry.moment.stream && *label == entry.label;
            voice.filter(|_| same)
        };
        let key = |entry: &Entry| (entry.moment.stream, entry.label, entry.voice);
        let mut next = None;
        for entry in bar.entries.iter_mut().rev() {
            if matches!(entry.what, What::Grace(_)) {
                entry.voice = neighbour(entry, next.as_ref());
            } else if is_event(entry) {
                next = Some(key(entry));
            }
        }
        let mut before = None;
        for entry in &mut bar.entries {
            if is_event(entry) {
                before = Some(key(entry));
            } else if matches!(entry.what, What::Grace(_)) && entry.voice.is_none() {
                let voice = neighbour(entry, before.as_ref());
                let split = self.split_of(entry);
                entry.voice = voice.or_else(|| self.find(entry.label, split, 0));
                if entry.voice.is_none() {
                    entry.voice = Some(self.add(entry.label, split, 0));
                }
            }
        }
    }
}

/// Finds the staff each voice lives on. Many programs number voices by fours, 5 to 8 on the second staff; where
/// that is so, it holds also for a voice that has most of its notes elsewhere.
fn find_homes(voices: &mut [Dealt], labels: &[String], staves: u8) {
    let by_number: Vec<Option<u8>> = voices
        .iter()
        .map(|voice| {
            let label = labels.get(usize::from(voice.label?))?;
            let staff = label.parse::<u8>().ok()?.checked_sub(1)? / 4 + 1;
            Some(staff).filter(|staff| *staff <= staves && voice.split.is_none())
        })
        .collect();
    let is_on = |voice: &Dealt, staff: u8| {
        let events = voice.events.get(usize::from(staff) - 1);
        events.is_some_and(|events| *events > 0)
    };
    // A voice is on its staff at least once, unless it is the only one of a staff and always a guest.
    let fits = |voice: &Dealt, staff: u8| {
        let mut all = voices.iter().zip(&by_number);
        let is_lived_on = all.any(|(v, number)| *number == Some(staff) && is_on(v, staff));
        is_on(voice, staff) || !is_lived_on
    };
    let mut numbered = voices.iter().zip(&by_number);
    let by_fours = numbered.all(|(voice, number)| number.is_some_and(|staff| fits(voice, staff)));
    for (voice, number) in voices.iter_mut().zip(by_number) {
        let most = voice.events.iter().max().copied().unwrap_or(0);
        let at = voice.events.iter().position(|n| *n == most).unwrap_or(0);
        let mostly = u8::try_from(at + 1).unwrap_or(1);
        voice.home = number
            .filter(|_| by_fours)
            .or(voice.split)
            .unwrap_or(mostly);
    }
}

/// Sorts the voices by staff and name, adds one for each staff that has none, and gives the new place of each.
fn order(voices: &mut Vec<Dealt>, labels: &[String], staves: u8) -> Vec<usize> {
    let name = |voice: &Dealt| {
        let label = voice.label.and_then(|l| labels.get(usize::from(l)));
        label.and_then(|l| l.parse().ok()).unwrap_or(u32::MAX)
    };
    let key = |voice: &Dealt| (voice.home, name(voice), voice.label, voice.lane);
    let mut sorted: Vec<usize> = (0..voices.len()).collect();
    sorted.sort_by_key(|i| voices.get(*i).map(key));
    let mut places = vec![0; voices.len()];
    let mut result = Vec::with_capacity(voices.len());
    let mut rest = sorted.into_iter().peekable();
    for staff in 1..=staves {
        let before = result.len();
        while let Some(i) = rest.next_if(|i| voices.get(*i).is_some_and(|v| v.home <= staff)) {
            if let Some(place) = places.get_mut(i) {
                *place = result.len();
            }
            result.extend(voices.get(i).cloned());
        }
        if result.len() == before {
            result.push(Dealt {
                label: None,
                split: None,
                lane: 0,
                home: staff,
                events: Vec::new(),
            });
        }
    }
    *voices = result;
    places
}
