//! Lengths: which notes print them, and their tuplets, ties and beams.

use score::{Content, Event, Fraction, Item, Mark, Tremolo, Tuplet, VoiceBar};

use super::events;

/// A tuplet of 1:1 is none.
pub(super) fn drop_empty_tuplets(voice: &mut VoiceBar) {
    let mut open: Vec<bool> = Vec::new();
    for event in events(voice) {
        open.extend(event.tuplet_starts.iter().map(|t| !t.is_none()));
        event.tuplet_starts.retain(|t| !t.is_none());
        for _ in 0..std::mem::take(&mut event.tuplet_stops) {
            event.tuplet_stops += u8::from(open.pop().unwrap());
        }
    }
}

/// Tuplets of the same ratio beside each other are one until they fill a plain length, and a length that only
/// a tuplet can have is in one.
pub(super) fn bracket_tuplets(voice: &mut VoiceBar) {
    let mut events = events(voice);
    for event in &mut events {
        let odd = event.written.den() >> event.written.den().trailing_zeros();
        let is_space = event.content == Content::Rest { visible: false };
        if event.ratio.is_none() && (3..=63).contains(&odd) && !is_space {
            let actual = u32::try_from(odd).unwrap();
            let ratio = Tuplet {
                actual,
                normal: 1 << actual.ilog2(),
            };
            event.written = event.written.checked_div(ratio.factor().unwrap()).unwrap();
            event.ratio = ratio;
            event.tuplet_starts.push(ratio);
            event.tuplet_stops += 1;
        }
    }
    // The groups as they are: first, last, ratio, depth.
    let mut groups: Vec<(usize, usize, Tuplet, usize)> = Vec::new();
    let mut open: Vec<(usize, Tuplet)> = Vec::new();
    for (i, event) in events.iter_mut().enumerate() {
        open.extend(event.tuplet_starts.drain(..).map(|t| (i, t)));
        for _ in 0..std::mem::take(&mut event.tuplet_stops) {
            let (first, tuplet) = open.pop().unwrap();
            groups.push((first, i, tuplet, open.len()));
        }
    }
    groups.sort_by_key(|(first, last, _, depth)| (*first, *depth, std::cmp::Reverse(*last)));
    let length = |events: &[&mut Event], first: usize, last: usize| {
        let inside = events[first..=last].iter().map(|e| e.duration);
        inside.fold(Fraction::ZERO, |sum, d| sum.checked_add(d).unwrap())
    };
    let mut joined: Vec<(usize, usize, Tuplet, usize)> = Vec::new();
    for group in groups {
        if group.3 == 0
            && let Some(before) = joined.iter_mut().rfind(|g| g.3 == 0)
        {
            let sum = length(&events, before.0, before.1);
            let is_plain = sum.den() & (sum.den() - 1) == 0;
            if !is_plain && before.1 + 1 == group.0 && before.2 == group.2 {
                before.1 = group.1;
                continue;
            }
        }
        joined.push(group);
    }
    for (first, last, tuplet, _) in joined {
        events[first].tuplet_starts.push(tuplet);
        events[last].tuplet_stops += 1;
    }
    for event in &mut events {
        if event.ratio.is_none() && event.tuplet_starts.is_empty() {
            event.ratio = Tuplet::NONE;
        }
    }
}

/// The values of a length, long ones first: one note with up to two dots, or up to three notes with up to one.
pub(super) fn values(length: Fraction) -> Option<Vec<Fraction>> {
    let fitting = |left: Fraction, dots: u32| {
        let bases = (-3..=10).map(|k: i32| match k {
            ..=0 => Fraction::whole(1 << -k),
            _ => Fraction::new(1, 1 << k).unwrap(),
        });
        let base = bases.into_iter().find(|base| *base <= left)?;
        let dotted = (0..=dots).rev().map(|d| {
            let factor = Fraction::new((1 << (d + 1)) - 1, 1 << d).unwrap();
            base.checked_mul(factor).unwrap()
        });
        let smallest = Fraction::new(1, 1024).unwrap();
        let exists = |value: &Fraction| value.den() <= smallest.den();
        dotted
            .into_iter()
            .filter(exists)
            .find(|value| *value <= left)
    };
    if fitting(length, 2) == Some(length) {
        return Some(vec![length]);
    }
    let (mut values, mut left) = (Vec::new(), length);
    while values.len() < 3 {
        let value = fitting(left, 1)?;
        values.push(value);
        left = left.checked_sub(value).unwrap();
        if left.is_zero() {
            return Some(values);
        }
    }
    None
}

/// What no single note prints is tied together of several.
pub(super) fn tie_long_notes(voice: &mut VoiceBar) {
    let count = events(voice).len();
    let mut split = Vec::new();
    for item in voice.items.drain(..) {
        let Item::Event(event) = item else {
            split.push(item);
            continue;
        };
        let is_rest = event.notes().is_empty();
        let whole_bar = is_rest && count == 1 && event.ratio.is_none();
        let is_space = event.content == Content::Rest { visible: false };
        let is_pair = matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)));
        let two = Fraction::whole(if is_pair { 2 } else { 1 });
        let printed = event.written.checked_mul(two).unwrap();
        // A tremolo between two notes cannot be tied.
        let one = whole_bar || is_space || is_pair;
        let pieces = values(printed).filter(|p| p.len() > 1 && !one);
        let Some(pieces) = pieces else {
            split.push(Item::Event(event));
            continue;
        };
        let last = pieces.len() - 1;
        let scale = event.duration.checked_div(printed).unwrap();
        for (i, value) in pieces.into_iter().enumerate() {
            let mut piece = event.clone();
            piece.written = value.checked_div(two).unwrap();
            piece.duration = value.checked_mul(scale).unwrap();
            if i > 0 {
                piece.tuplet_starts.clear();
                piece.slurs.starts = 0;
                piece.marks.retain(|m| *m == Mark::Stemless);
                piece.tremolo = None;
                piece.lyrics.clear();
                piece.beam_break = true;
            }
            if i < last {
                piece.tuplet_stops = 0;
                piece.slurs.stops = 0;
            }
            if let Content::Notes(notes) = &mut piece.content {
                for note in notes {
                    if i > 0 {
                        note.tie_stop = true;
                        note.accidental = None;
                        note.courtesy = false;
                        note.marks.clear();
                    }
                    note.tie_start |= i < last;
                }
            }
            split.push(Item::Event(piece));
        }
    }
    voice.items = split;
}

/// The last event of a bar may be out by a hair, and nobody can print by how much.
pub(super) fn measure_last(voice: &mut VoiceBar) {
    let Some(last) = events(voice).pop() else {
        return;
    };
    let factor = last.ratio.factor().unwrap();
    let printed = last.written.checked_mul(factor).unwrap();
    let (long, short) = (printed.max(last.duration), printed.min(last.duration));
    if long.checked_sub(short).unwrap() < Fraction::new(1, 128).unwrap() {
        last.written = last.duration.checked_div(factor).unwrap();
    }
}

/// Only notes with flags have beams.
pub(super) fn break_beams(voice: &mut VoiceBar) {
    let has_flag = |event: &Event| {
        let is_pair = matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)));
        let printed = event
            .written
            .checked_mul(Fraction::whole(if is_pair { 2 } else { 1 }));
        let single = printed
            .and_then(values)
            .is_some_and(|values| values.len() == 1);
        let is_short = printed.is_some_and(|p| p < Fraction::QUARTER);
        let is_stemless = event.marks.contains(&Mark::Stemless);
        single && is_short && !is_stemless && !event.notes().is_empty()
    };
    let mut before = false;
    for event in events(voice) {
        let own = has_flag(event);
        event.beam_break |= !(before && own);
        before = own;
    }
}
