//! From parts as they stand in the file to the score.

use std::collections::HashSet;

use super::barlines::set_barlines;
use super::dealing::{Dealt, deal};
use super::drums;
use super::head::Head;
use super::raw::{Change, Entry, RawBar, RawPart, Signature, What};
use super::remarks::{Remarks, Where};
use super::voice::{BuiltBar, VoiceBuilder};
use super::xml::Refused;
use crate::abc::connect::connect_voices;
use crate::abc::fit::{HAIR, cut, shrink, stretch};
use crate::abc::spell::spell;
use crate::diagnostic::{Findings, Place, Position};
use crate::event::{Content, Event, Item};
use crate::fraction::Fraction;
use crate::limits::{self, MAX_VOICES, Room};
use crate::score::{Bar, Barline, Score, Voice};
use crate::signature::{Clef, Key, Meter};

/// Makes the score of all that was read.
pub(super) fn assemble(
    mut head: Head,
    mut remarks: Remarks,
    mut room: Room,
    findings: &mut Findings,
) -> Result<Score, Refused> {
    let mut parts = std::mem::take(&mut head.parts);
    let mut score = Score {
        groups: head.groups(parts.len(), &mut remarks),
        metadata: head.metadata(),
        ..Score::default()
    };
    let dealt: Vec<Vec<Dealt>> = parts
        .iter_mut()
        .enumerate()
        .map(|(number, part)| deal(part, number, &mut remarks))
        .collect();
    let voices: usize = dealt.iter().map(Vec::len).sum();
    let bars = parts.iter().map(|part| part.bars.len()).max().unwrap_or(0);
    if voices > MAX_VOICES {
        return Err(Refused::new(format!("more than {MAX_VOICES} voices")));
    }
    // Each voice can hear of each signature, and wait for it.
    let signatures = parts.iter().zip(&dealt).map(|(part, voices)| {
        let bars = part.bars.iter();
        bars.map(|bar| bar.signatures.len()).sum::<usize>() * voices.len()
    });
    let signatures: usize = signatures.sum();
    let has_room = room.add_voices(voices)
        && room.begin_bars(bars)
        && room.take(signatures * 2 * limits::listed::<Item>());
    if !has_room {
        return Err(Refused::new(super::TOO_LARGE));
    }
    let has_music = parts.iter().any(has_events);
    let mut columns = Vec::with_capacity(voices);
    for (number, (part, voices)) in parts.iter_mut().zip(&dealt).enumerate() {
        score.parts.push(std::mem::take(&mut part.part));
        build_voices(part, number, voices, &mut score, &mut columns, &mut remarks);
    }
    let key_of = score.voices.iter().find(|voice| voice.transpose == 0);
    score.key = key_of
        .or(score.voices.first())
        .map_or(Key::default(), |voice| voice.key);
    if has_music {
        align(&parts, bars, columns, &mut score, &mut remarks);
        set_barlines(&parts, &mut score, &mut remarks);
    } else {
        findings.error(Place::default(), "there is no music");
    }
    settle_tempi(&mut score);

    let numbers = |part: usize, label: Option<u16>| {
        let before: usize = dealt.iter().take(part).map(Vec::len).sum();
        let own = dealt.get(part)?;
        let at = own.iter().position(|voice| voice.label == label);
        u32::try_from(before + at.unwrap_or(0) + 1).ok()
    };
    remarks.finish(findings, numbers);
    let of_voice: Vec<usize> = score.voices.iter().map(|voice| voice.part).collect();
    let place = |v: usize, bar: usize| {
        let part = of_voice.get(v).and_then(|part| parts.get(*part));
        let raw = part.and_then(|part| part.bars.get(bar));
        Place {
            position: raw.map_or(Position::default(), |raw| raw.position),
            bar: u32::try_from(bar + 1).ok(),
            voice: u32::try_from(v + 1).ok(),
        }
    };
    connect_voices(&mut score, place, findings);
    spell(&mut score);
    Ok(score)
}

fn has_events(part: &RawPart) -> bool {
    let mut entries = part.bars.iter().flat_map(|bar| &bar.entries);
    entries.any(|entry| matches!(entry.what, What::Event(_)))
}

/// Clef and key of each staff at the very beginning: the last that stands before the first note, or else the
/// first that the file tells later of the beginning.
fn first_signatures(part: &RawPart, staves: u8) -> Vec<(Clef, Key)> {
    let first = part.bars.first();
    let mut entries = first.into_iter().flat_map(|bar| &bar.entries);
    let note = entries.find(|entry| matches!(entry.what, What::Event(_) | What::Grace(_)));
    let note = note.map_or(u32::MAX, |entry| entry.moment.order);
    let at_start = |s: &&Signature| s.moment.at == Fraction::ZERO;
    let signatures = || {
        first
            .into_iter()
            .flat_map(|bar| &bar.signatures)
            .filter(at_start)
    };
    (1..=staves)
        .map(|staff| {
            let (mut clef, mut key) = (None, None);
            for s in signatures().filter(|s| s.staff.is_none_or(|own| own == staff)) {
                let is_before = s.moment.order < note;
                match s.change {
                    Change::Clef(new) if is_before || clef.is_none() => clef = Some(new),
                    Change::Key(new) if is_before || key.is_none() => key = Some(new),
                    _ => {}
                }
            }
            (clef.unwrap_or_default(), key.unwrap_or_default())
        })
        .collect()
}

/// Sorts what a voice has in a bar by time. What the file tells with another voice comes before its notes.
fn in_time(entries: &mut [Entry]) {
    let is_note = |entry: &&Entry| matches!(entry.what, What::Event(_) | What::Grace(_));
    let mut own: Vec<u32> = entries
        .iter()
        .filter(is_note)
        .map(|e| e.moment.stream)
        .collect();
    own.dedup();
    let is_own = |entry: &Entry| own.binary_search(&entry.moment.stream).is_ok();
    entries.sort_by_key(|entry| (entry.moment.at, is_own(entry)));
}

/// Reads the voices of a part, whose entries are used up.
fn build_voices(
    part: &mut RawPart,
    number: usize,
    voices: &[Dealt],
    score: &mut Score,
    columns: &mut Vec<std::vec::IntoIter<BuiltBar>>,
    remarks: &mut Remarks,
) {
    let staves = score.parts.get(number).map_or(1, |part| part.staves);
    let first = first_signatures(part, staves);
    let new = |voice: &Dealt| VoiceBuilder::new(voice.home, &first, number, voice.label);
    let mut builders: Vec<VoiceBuilder> = voices.iter().map(new).collect();
    for bar in &mut part.bars {
        bar.signatures
            .sort_by_key(|s| (s.moment.at, s.moment.order));
        let mut dealt: Vec<Vec<_>> = builders.iter().map(|_| Vec::new()).collect();
        for entry in std::mem::take(&mut bar.entries) {
            if let Some(own) = entry.voice.and_then(|v| dealt.get_mut(v)) {
                own.push(entry);
            }
        }
        for (builder, mut entries) in builders.iter_mut().zip(dealt) {
            in_time(&mut entries);
            builder.read(entries, &bar.signatures, remarks);
        }
    }
    for (mut builder, dealt) in builders.into_iter().zip(voices) {
        builder.finish(remarks);
        let home = usize::from(dealt.home.saturating_sub(1));
        let (clef, key) = first.get(home).copied().unwrap_or_default();
        let transpositions = part.transpositions.iter();
        let own = transpositions
            .clone()
            .find(|(staff, _)| *staff == Some(dealt.home));
        let of_all = part
            .transpositions
            .iter()
            .find(|(staff, _)| staff.is_none());
        let lines = part
            .staff_lines
            .iter()
            .find(|(staff, _)| *staff == dealt.home);
        let mut voice = Voice {
            id: (score.voices.len() + 1).to_string(),
            part: number,
            staff: dealt.home,
            clef,
            key,
            transpose: own.or(of_all).map_or(0, |(_, semitones)| *semitones),
            staff_lines: lines.map(|(_, lines)| *lines),
            drums: Vec::new(),
        };
        let place = Where {
            position: part
                .bars
                .first()
                .map_or(Position::default(), |bar| bar.position),
            bar: None,
            part: Some(number),
            label: dealt.label,
        };
        drums::settle(&mut voice, &mut builder, place, remarks);
        score.voices.push(voice);
        columns.push(builder.bars.into_iter());
    }
}

/// Makes the bars, in which all voices are equally long.
fn align(
    parts: &[RawPart],
    count: usize,
    mut columns: Vec<std::vec::IntoIter<BuiltBar>>,
    score: &mut Score,
    remarks: &mut Remarks,
) {
    let (mut meter, mut last_length) = (None, Fraction::ONE);
    score.bars.reserve_exact(count);
    for index in 0..count {
        let raw = || {
            parts
                .iter()
                .enumerate()
                .filter_map(|(p, part)| Some((p, part.bars.get(index)?)))
        };
        let place = |part: usize, bar: &RawBar| Where {
            position: bar.position,
            bar: Some(index),
            part: Some(part),
            label: None,
        };
        let mut metres = raw().filter_map(|(p, bar)| Some((p, bar, bar.meter?)));
        let new = metres.next().map(|(_, _, meter)| meter);
        if let Some((p, bar, _)) = metres.find(|(_, _, meter)| Some(*meter) != new) {
            remarks.note(
                place(p, bar),
                "parts have metres of their own: that of the first holds",
            );
        }
        meter = new.or(meter);
        let full = meter.and_then(Meter::bar_length);
        let built: Vec<Option<BuiltBar>> = columns.iter_mut().map(Iterator::next).collect();
        let length = length_of(&built, full).unwrap_or(full.unwrap_or(last_length));
        last_length = length;
        if let (Some(full), Some((p, bar))) = (full, raw().next())
            && length.checked_sub(full).is_some_and(|over| over >= HAIR)
        {
            remarks.note(
                place(p, bar),
                format!("the bar is {length} long, its metre only {full}"),
            );
        }
        let mut bar = Bar {
            length,
            meter: new,
            repeat_start: false,
            volta: None,
            barline: Barline::Regular,
            repeat_stop: false,
            volta_stop: None,
            voices: Vec::with_capacity(built.len()),
        };
        let mut longest = vec![Fraction::ZERO; parts.len()];
        for (voice, built) in score.voices.iter().zip(&built) {
            let told = built.as_ref().filter(|built| !built.elastic);
            if let (Some(slot), Some(built)) = (longest.get_mut(voice.part), told) {
                *slot = built.length.max(*slot);
            }
        }
        for ((p, raw), longest) in raw().zip(longest) {
            let gap = length.checked_sub(longest).filter(|_| !longest.is_zero());
            if gap.is_some_and(|gap| gap >= HAIR) {
                let message =
                    "the bar is shorter than in other parts: padded with an invisible rest";
                remarks.warn(place(p, raw), message);
            }
        }
        for built in built {
            bar.voices.push(fit(built.unwrap_or_default(), length));
        }
        score.bars.push(bar);
    }
}

/// How long a bar is: as long as the voices say if they agree, as long as the metre if they are near it,
/// and otherwise as long as the longest, so that no note is lost.
fn length_of(built: &[Option<BuiltBar>], full: Option<Fraction>) -> Option<Fraction> {
    let lengths = |elastic: bool| {
        let bars = built.iter().flatten();
        let bars = bars.filter(move |b| b.elastic == elastic && b.length > Fraction::ZERO);
        bars.map(|b| b.length)
    };
    let elastic = lengths(false).next().is_none();
    let longest = lengths(elastic).max()?;
    if lengths(elastic).all(|length| length == longest) {
        return Some(longest);
    }
    let is_near = |full: &Fraction| {
        let gap = longest.max(*full).checked_sub(longest.min(*full));
        gap.is_some_and(|gap| gap < HAIR)
    };
    Some(full.filter(is_near).unwrap_or(longest))
}

/// Makes a voice as long as its bar: rests for the whole bar are made to measure, a hair is given to the last
/// event, and what is missing becomes an invisible rest.
fn fit(built: BuiltBar, length: Fraction) -> crate::score::VoiceBar {
    let BuiltBar {
        mut bar,
        length: own,
        elastic,
    } = built;
    let mut made_to_measure = false;
    for rest in bar.events_mut().filter(|_| elastic) {
        (rest.written, rest.duration) = (length, length);
        made_to_measure = true;
    }
    if made_to_measure {
        return bar;
    }
    let Some(gap) = length.checked_sub(own) else {
        return bar;
    };
    let mut missing = Some(gap);
    if gap < Fraction::ZERO {
        if shrink(&mut bar, length) {
            return bar;
        }
        cut(&mut bar, length);
        missing = bar.length().and_then(|own| length.checked_sub(own));
    }
    if let Some(gap) = missing.filter(|gap| !gap.is_zero())
        && (gap >= HAIR || !stretch(&mut bar, gap))
    {
        bar.items.reserve_exact(1);
        bar.items.push(Item::Event(Event::rest(gap, false)));
    }
    let last = bar.events_mut().next_back();
    if let Some(space) = last.filter(|e| e.content == Content::Rest { visible: false })
        && let Some(written) = space
            .ratio
            .factor()
            .and_then(|f| space.duration.checked_div(f))
    {
        // Nothing of it is printed.
        space.written = written;
    }
    bar
}

/// The tempo at the beginning is that of the piece, and one that several parts tell at the same time is told once.
fn settle_tempi(score: &mut Score) {
    let mut told: HashSet<(usize, Fraction)> = HashSet::new();
    for part in 0..score.parts.len() {
        for (b, bar) in score.bars.iter_mut().enumerate() {
            let voices = score.voices.iter().zip(&mut bar.voices);
            for (_, voice) in voices.filter(|(voice, _)| voice.part == part) {
                let mut at = Fraction::ZERO;
                let mut leading = b == 0;
                voice.items.retain_mut(|item| match item {
                    Item::Tempo(tempo) => {
                        let is_first = leading && score.tempo.is_none();
                        let is_new = told.insert((b, at));
                        if is_first {
                            score.tempo = Some(std::mem::take(tempo));
                        }
                        is_new && !is_first
                    }
                    Item::Event(event) => {
                        at = at.checked_add(event.duration).unwrap_or(at);
                        leading = false;
                        true
                    }
                    Item::Grace(_) => {
                        leading = false;
                        true
                    }
                    _ => true,
                });
            }
        }
    }
}
