//! `<attributes>`: keys, metres, clefs and what else a staff has to say.

use std::collections::HashSet;

use super::part::PartWriter;
use super::xml::Xml;
use crate::event::Item;
use crate::fraction::Fraction;
use crate::score::Bar;
use crate::signature::{Clef, ClefSign, Key, Meter, Mode};

/// Whether clefs and keys behind this item no longer belong to the beginning of the bar, where they are
/// written once for all voices.
pub(super) const fn ends_leading(item: &Item) -> bool {
    matches!(item, Item::Event(_) | Item::Grace(_) | Item::Staff(_))
}

/// The attributes at the beginning of a bar.
pub(super) fn at_start(part: &mut PartWriter<'_>, xml: &mut Xml, index: usize, bar: &Bar) {
    let first_bar = index == 0;
    let (keys, clefs) = changes(part, bar);
    let keys_change = first_bar || keys != part.keys;
    let changed: Vec<bool> = clefs
        .iter()
        .zip(&part.clefs)
        .map(|(new, old)| first_bar || new != old)
        .collect();
    part.keys = keys;
    part.clefs = clefs;
    if !keys_change && bar.meter.is_none() && !changed.contains(&true) {
        return;
    }
    xml.open("attributes", &[]);
    if first_bar {
        xml.number("divisions", part.divisions);
    }
    if keys_change {
        write_keys(xml, &part.keys);
    }
    if let Some(meter) = bar.meter {
        write_meter(xml, meter);
    }
    if first_bar && part.staves > 1 {
        xml.number("staves", part.staves);
    }
    for ((clef, staff), changed) in part.clefs.iter().zip(1u8..).zip(changed) {
        if changed {
            write_clef(xml, *clef, part.staff_element(staff));
        }
    }
    if first_bar {
        write_staff_details(part, xml);
        write_transposition(part, xml);
    }
    xml.close();
}

/// The keys and clefs of the staves once the leading items of the bar are counted in: a key is that of the
/// staff the voice lives on, a clef that of the staff it is on. The first voice that says something is heard.
fn changes(part: &PartWriter<'_>, bar: &Bar) -> (Vec<Key>, Vec<Clef>) {
    let (mut keys, mut clefs) = (part.keys.clone(), part.clefs.clone());
    let mut said = vec![(false, false); keys.len()];
    for ((v, owner, _), staff) in part.voices.iter().zip(&part.staff_of) {
        let Some(voice) = bar.voices.get(*v) else {
            continue;
        };
        let at = |staff: u8| usize::from(staff.saturating_sub(1));
        let (home, staff) = (at(owner.staff), at(*staff));
        let leading = voice.items.iter().take_while(|item| !ends_leading(item));
        let (mut key, mut clef) = (None, None);
        for item in leading {
            match item {
                Item::Key(new) => key = Some(*new),
                Item::Clef(new) => clef = Some(*new),
                _ => {}
            }
        }
        if let (Some(key), Some(slot), Some(said)) = (key, keys.get_mut(home), said.get_mut(home))
            && !std::mem::replace(&mut said.0, true)
        {
            *slot = key;
        }
        if let (Some(clef), Some(slot), Some(said)) =
            (clef, clefs.get_mut(staff), said.get_mut(staff))
            && !std::mem::replace(&mut said.1, true)
        {
            *slot = clef;
        }
    }
    (keys, clefs)
}

/// A key or clef inside a bar: its position, voice, place in the voice, and staff.
type Inside<'a> = (Fraction, usize, usize, u8, &'a Item);

/// The keys and clefs between notes that change something, by voice and place in it. Voices on one staff
/// often say the same; what counts is the order in time and not that of the file.
pub(super) fn changes_inside(part: &mut PartWriter<'_>, bar: &Bar) -> HashSet<(usize, usize)> {
    let mut inside: Vec<Inside<'_>> = Vec::new();
    for (i, ((v, owner, _), staff)) in part.voices.iter().zip(&part.staff_of).enumerate() {
        let (mut staff, mut position, mut leading) = (*staff, Fraction::ZERO, true);
        let items = bar.voices.get(*v).map_or(&[][..], |voice| &voice.items);
        if !items
            .iter()
            .any(|i| matches!(i, Item::Key(_) | Item::Clef(_)))
        {
            continue;
        }
        for (n, item) in items.iter().enumerate() {
            leading &= !ends_leading(item);
            match item {
                Item::Staff(new) => staff = *new,
                Item::Event(event) => position = advance(position, event.duration),
                Item::Key(_) if !leading => inside.push((position, i, n, owner.staff, item)),
                Item::Clef(_) if !leading => inside.push((position, i, n, staff, item)),
                _ => {}
            }
        }
    }
    inside.sort_by_key(|(position, i, n, staff, item)| {
        (*position, *staff, matches!(item, Item::Clef(_)), *i, *n)
    });
    let mut changes = HashSet::new();
    let same = |a: &Inside<'_>, b: &Inside<'_>| {
        let kind = std::mem::discriminant;
        (a.0, a.3, kind(a.4)) == (b.0, b.3, kind(b.4))
    };
    for at_once in inside.chunk_by(same) {
        // Only the last of several at one place is seen.
        let Some((.., staff, last)) = at_once.last() else {
            continue;
        };
        let at = usize::from(staff.saturating_sub(1));
        let is_new = match (last, part.keys.get_mut(at), part.clefs.get_mut(at)) {
            (Item::Key(key), Some(slot), _) => std::mem::replace(slot, *key) != *key,
            (Item::Clef(clef), _, Some(slot)) => std::mem::replace(slot, *clef) != *clef,
            _ => false,
        };
        let first = at_once.iter().find(|(.., item)| item == last);
        changes.extend(first.filter(|_| is_new).map(|(_, i, n, ..)| (*i, *n)));
    }
    changes
}

/// A key or clef between notes.
pub(super) fn in_bar(part: &PartWriter<'_>, xml: &mut Xml, voice: usize, item: &Item, staff: u8) {
    let home = part
        .voices
        .get(voice)
        .map_or(staff, |(_, owner, _)| owner.staff);
    let (home, staff) = (part.staff_element(home), part.staff_element(staff));
    xml.open("attributes", &[]);
    match item {
        Item::Key(key) => write_key(xml, *key, home),
        Item::Clef(clef) => write_clef(xml, *clef, staff),
        _ => {}
    }
    xml.close();
}

fn write_keys(xml: &mut Xml, keys: &[Key]) {
    match keys.split_first() {
        Some((first, others)) if others.iter().all(|key| key == first) => {
            write_key(xml, *first, None)
        }
        _ => {
            for (key, staff) in keys.iter().zip(1..) {
                write_key(xml, *key, Some(staff));
            }
        }
    }
}

fn write_key(xml: &mut Xml, key: Key, staff: Option<i64>) {
    match staff {
        Some(staff) => xml.open("key", &[("number", &staff.to_string())]),
        None => xml.open("key", &[]),
    }
    xml.number("fifths", key.fifths);
    let mode = match key.mode {
        _ if key.none => "none",
        Mode::Major => "major",
        Mode::Minor => "minor",
        Mode::Dorian => "dorian",
        Mode::Phrygian => "phrygian",
        Mode::Lydian => "lydian",
        Mode::Mixolydian => "mixolydian",
        Mode::Locrian => "locrian",
    };
    xml.text("mode", &[], mode);
    xml.close();
}

fn write_meter(xml: &mut Xml, meter: Meter) {
    match meter {
        Meter::Numbers { beats, unit } => time(xml, &[], beats, unit),
        Meter::Common => time(xml, &[("symbol", "common")], 4, 4),
        Meter::Cut => time(xml, &[("symbol", "cut")], 2, 2),
        Meter::Free => {
            xml.open("time", &[]);
            xml.empty("senza-misura", &[]);
            xml.close();
        }
    }
}

fn time(xml: &mut Xml, attributes: super::xml::Attributes<'_>, beats: u16, unit: u16) {
    xml.open("time", attributes);
    xml.number("beats", beats);
    xml.number("beat-type", unit);
    xml.close();
}

fn write_clef(xml: &mut Xml, clef: Clef, staff: Option<i64>) {
    match staff {
        Some(staff) => xml.open("clef", &[("number", &staff.to_string())]),
        None => xml.open("clef", &[]),
    }
    let sign = match clef.sign {
        ClefSign::G => "G",
        ClefSign::C => "C",
        ClefSign::F => "F",
        ClefSign::Percussion => "percussion",
        ClefSign::Tab => "TAB",
    };
    xml.text("sign", &[], sign);
    if clef.sign != ClefSign::Percussion {
        xml.number("line", clef.line);
    }
    if clef.octaves != 0 {
        xml.number("clef-octave-change", clef.octaves);
    }
    xml.close();
}

fn write_staff_details(part: &PartWriter<'_>, xml: &mut Xml) {
    for staff in 1..=part.staves {
        let mut on_staff = part
            .voices
            .iter()
            .filter(|(_, voice, _)| voice.staff == staff);
        let Some(lines) = on_staff.find_map(|(_, voice, _)| voice.staff_lines) else {
            continue;
        };
        match part.staff_element(staff) {
            Some(staff) => xml.open("staff-details", &[("number", &staff.to_string())]),
            None => xml.open("staff-details", &[]),
        }
        xml.number("staff-lines", lines);
        xml.close();
    }
}

/// The transposition of the part, or of each staff if they differ.
fn write_transposition(part: &PartWriter<'_>, xml: &mut Xml) {
    let of_staff = |staff: u8| {
        let on_staff = part
            .voices
            .iter()
            .filter(|(_, voice, _)| voice.staff == staff);
        let mut semitones = on_staff.map(|(_, voice, _)| voice.transpose);
        semitones.find(|t| *t != 0).unwrap_or(0)
    };
    let all: Vec<i8> = (1..=part.staves).map(of_staff).collect();
    let same = all.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    for (semitones, staff) in all
        .into_iter()
        .zip(1..)
        .take(if same { 1 } else { usize::MAX })
    {
        if semitones != 0 {
            transpose(xml, semitones, (!same).then_some(staff));
        }
    }
}

fn transpose(xml: &mut Xml, semitones: i8, staff: Option<i64>) {
    let (octaves, chromatic) = (semitones / 12, semitones % 12);
    match staff {
        Some(staff) => xml.open("transpose", &[("number", &staff.to_string())]),
        None => xml.open("transpose", &[]),
    }
    // Steps of the staff: each semitone count has one that is usual.
    let diatonic = match chromatic.abs() {
        0 => 0,
        1 | 2 => 1,
        3 | 4 => 2,
        5 => 3,
        6 | 7 => 4,
        8 | 9 => 5,
        _ => 6,
    };
    xml.number("diatonic", diatonic * i64::from(chromatic.signum()));
    xml.number("chromatic", chromatic);
    if octaves != 0 {
        xml.number("octave-change", octaves);
    }
    xml.close();
}

/// Where in the bar a fraction of it lies; the beginning if it cannot be reckoned.
pub(super) fn advance(position: Fraction, by: Fraction) -> Fraction {
    position.checked_add(by).unwrap_or(position)
}
