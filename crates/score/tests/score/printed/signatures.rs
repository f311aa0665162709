//! Clefs and keys, which belong to staves and not to voices there.

use std::collections::HashSet;

use score::{Clef, Fraction, Item, Key, Score};

/// Clefs and keys as they change on each staff: bar, position, part, staff, and what.
#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Signatures {
    pub(crate) clefs: Vec<(usize, Fraction, usize, u8, Clef)>,
    pub(crate) keys: Vec<(usize, Fraction, usize, u8, Key)>,
}

/// A clef or key: position, part, whether it does not lead the bar, voice, place in it, staff.
type Found = (Fraction, usize, bool, usize, usize, u8, Item);

/// Clefs and keys belong to staves, a key to the one on which its voice lives. What changes nothing is not printed;
/// of several voices that say something at the beginning, the first is heard.
pub(super) fn take_signatures(score: &mut Score) -> Signatures {
    let mut result = Signatures::default();
    let homes: Vec<(usize, u8)> = score.voices.iter().map(|v| (v.part, v.staff)).collect();
    let first = |part: usize, staff: u8| homes.iter().position(|home| *home == (part, staff));
    let mut state: Vec<Vec<(Clef, Key)>> = score
        .parts
        .iter()
        .enumerate()
        .map(|(p, part)| {
            let staves = (1..=part.staves).map(|staff| first(p, staff).map(|v| &score.voices[v]));
            let default = (Clef::TREBLE, score.key);
            staves
                .map(|v| v.map_or(default, |v| (v.clef, v.key)))
                .collect()
        })
        .collect();
    // All voices on a staff sound as the first that says how.
    let transpositions: Vec<i8> = homes
        .iter()
        .map(|home| {
            let on_staff = homes
                .iter()
                .zip(&score.voices)
                .filter(|(other, _)| *other == home);
            let mut semitones = on_staff.map(|(_, voice)| voice.transpose);
            semitones.find(|t| *t != 0).unwrap_or(0)
        })
        .collect();
    for (voice, transpose) in score.voices.iter_mut().zip(transpositions) {
        voice.transpose = transpose;
        (voice.clef, voice.key) = state[voice.part][usize::from(voice.staff) - 1];
        voice.staff_lines = None;
    }
    let mut staves: Vec<u8> = homes.iter().map(|(_, staff)| *staff).collect();
    for (b, bar) in score.bars.iter_mut().enumerate() {
        let mut found: Vec<Found> = Vec::new();
        let mut said = HashSet::new();
        for (v, voice) in bar.voices.iter_mut().enumerate() {
            let part = homes[v].0;
            let (mut at, mut leading) = (Fraction::ZERO, true);
            let mut order = 0;
            let mut own = Vec::new();
            voice.items.retain(|item| {
                order += 1;
                match item {
                    Item::Staff(staff) => {
                        staves[v] = *staff;
                        leading = false;
                    }
                    Item::Event(event) => {
                        at = at.checked_add(event.duration).unwrap();
                        leading = false;
                    }
                    Item::Grace(_) => leading = false,
                    Item::Clef(_) | Item::Key(_) => {
                        let is_key = matches!(item, Item::Key(_));
                        let staff = if is_key { homes[v].1 } else { staves[v] };
                        own.push((at, part, !leading, v, order, staff, item.clone()));
                        return false;
                    }
                    _ => {}
                }
                true
            });
            // Of what leads the bar, only the last of a voice counts, and only the first voice.
            for is_clef in [true, false] {
                let kind = |item: &Item| matches!(item, Item::Clef(_)) == is_clef;
                let last = own.iter().rev().find(|own| !own.2 && kind(&own.6)).cloned();
                own.retain(|own| own.2 || !kind(&own.6));
                if let Some(last) = last
                    && said.insert((part, last.5, is_clef))
                {
                    own.insert(0, last);
                }
            }
            found.extend(own);
        }
        found.sort_by_key(|f| (f.0, f.1, f.2, f.3, f.4));
        // Only the last of several at one place is seen.
        let place = |f: &Found| (f.0, f.1, f.2, f.5, matches!(f.6, Item::Clef(_)));
        let last = |i: usize| !found[i + 1..].iter().any(|f| place(f) == place(&found[i]));
        let seen: Vec<Found> = (0..found.len())
            .filter(|i| last(*i))
            .map(|i| found[i].clone())
            .collect();
        for (at, part, _, _, _, staff, item) in seen {
            let state = &mut state[part][usize::from(staff) - 1];
            match item {
                Item::Clef(clef) if clef != state.0 => {
                    state.0 = clef;
                    result.clefs.push((b, at, part, staff, clef));
                }
                Item::Key(key) if key != state.1 => {
                    state.1 = key;
                    result.keys.push((b, at, part, staff, key));
                }
                _ => {}
            }
        }
    }
    result
        .clefs
        .sort_by_key(|(bar, at, part, staff, _)| (*bar, *at, *part, *staff));
    result
        .keys
        .sort_by_key(|(bar, at, part, staff, _)| (*bar, *at, *part, *staff));
    result
}
