//! `<attributes>`: keys, metres, clefs and what else a staff has to say.

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

/// The keys and clefs of the staves once the leading items of the bar are counted in. The first voice on a
/// staff that says something is heard.
fn changes(part: &PartWriter<'_>, bar: &Bar) -> (Vec<Key>, Vec<Clef>) {
    let (mut keys, mut clefs) = (part.keys.clone(), part.clefs.clone());
    let mut said = vec![(false, false); keys.len()];
    for ((v, ..), staff) in part.voices.iter().zip(&part.staff_of) {
        let at = usize::from(staff.saturating_sub(1));
        let (Some(voice), Some(said)) = (bar.voices.get(*v), said.get_mut(at)) else {
            continue;
        };
        let leading = voice.items.iter().take_while(|item| !ends_leading(item));
        let (mut key, mut clef) = (None, None);
        for item in leading {
            match item {
                Item::Key(new) => key = Some(*new),
                Item::Clef(new) => clef = Some(*new),
                _ => {}
            }
        }
        if let (Some(key), Some(slot), false) = (key, keys.get_mut(at), said.0) {
            *slot = key;
            said.0 = true;
        }
        if let (Some(clef), Some(slot), false) = (clef, clefs.get_mut(at), said.1) {
            *slot = clef;
            said.1 = true;
        }
    }
    (keys, clefs)
}

/// A key or clef between notes.
pub(super) fn in_bar(part: &mut PartWriter<'_>, xml: &mut Xml, item: &Item, staff: u8) {
    let at = usize::from(staff.saturating_sub(1));
    match item {
        Item::Key(key) => {
            let Some(slot) = part.keys.get_mut(at) else {
                return;
            };
            if slot == key {
                return;
            }
            *slot = *key;
            xml.open("attributes", &[]);
            write_key(xml, *key, part.staff_element(staff));
            xml.close();
        }
        Item::Clef(clef) => {
            let Some(slot) = part.clefs.get_mut(at) else {
                return;
            };
            if slot == clef {
                return;
            }
            *slot = *clef;
            xml.open("attributes", &[]);
            write_clef(xml, *clef, part.staff_element(staff));
            xml.close();
        }
        _ => {}
    }
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

fn write_transposition(part: &PartWriter<'_>, xml: &mut Xml) {
    let found = part.voices.iter().map(|(_, voice, _)| voice.transpose);
    let Some(semitones) = found.into_iter().find(|t| *t != 0) else {
        return;
    };
    let (octaves, chromatic) = (semitones / 12, semitones % 12);
    xml.open("transpose", &[]);
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
