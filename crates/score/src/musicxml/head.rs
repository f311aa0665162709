//! What stands before the music: work, identification, parts.

use super::xml::Xml;
use crate::instruments;
use crate::metadata::Metadata;
use crate::score::{Group, Part, Score};

/// MIDI's percussion channel.
const DRUM_CHANNEL: i64 = 10;

pub(super) fn write(xml: &mut Xml, score: &Score) {
    let metadata = &score.metadata;
    if !metadata.title.is_empty() {
        xml.open("work", &[]);
        xml.text("work-title", &[], &metadata.title);
        xml.close();
    }
    identification(xml, metadata);
    xml.open("part-list", &[]);
    for (index, part) in score.parts.iter().enumerate() {
        for (number, _) in groups_at(score, |g| g.first == index) {
            start_group(xml, score, number);
        }
        score_part(xml, score, index, part);
        for (number, _) in groups_at(score, |g| g.last == index).rev() {
            xml.empty(
                "part-group",
                &[("type", "stop"), ("number", &number.to_string())],
            );
        }
    }
    xml.close();
}

fn identification(xml: &mut Xml, metadata: &Metadata) {
    xml.open("identification", &[]);
    if !metadata.composer.is_empty() {
        xml.text("creator", &[("type", "composer")], &metadata.composer);
    }
    if let Some(rights) = &metadata.rights {
        xml.text("rights", &[], rights);
    }
    xml.open("encoding", &[]);
    if !metadata.software.is_empty() {
        xml.text("software", &[], &metadata.software);
    }
    xml.empty("supports", &[("element", "accidental"), ("type", "yes")]);
    xml.empty("supports", &[("element", "beam"), ("type", "yes")]);
    xml.close();
    let style = [
        ("period", &metadata.period),
        ("instrumentation", &metadata.instrumentation),
    ];
    let style = style.into_iter().filter(|(_, value)| !value.is_empty());
    let fields: Vec<(&str, &String)> = style
        .chain(
            metadata
                .fields
                .iter()
                .map(|(name, value)| (name.as_str(), value)),
        )
        .collect();
    if !fields.is_empty() {
        xml.open("miscellaneous", &[]);
        for (name, value) in fields {
            xml.text("miscellaneous-field", &[("name", name)], value);
        }
        xml.close();
    }
    xml.close();
}

fn groups_at(
    score: &Score,
    wanted: impl Fn(&Group) -> bool,
) -> std::vec::IntoIter<(usize, &Group)> {
    let groups = score.groups.iter().zip(1..).filter(|(g, _)| wanted(g));
    groups.map(|(g, n)| (n, g)).collect::<Vec<_>>().into_iter()
}

fn start_group(xml: &mut Xml, score: &Score, number: usize) {
    let brace = score.groups.get(number - 1).is_some_and(|g| g.brace);
    xml.open(
        "part-group",
        &[("type", "start"), ("number", &number.to_string())],
    );
    xml.text("group-symbol", &[], if brace { "brace" } else { "bracket" });
    xml.text("group-barline", &[], "yes");
    xml.close();
}

fn score_part(xml: &mut Xml, score: &Score, index: usize, part: &Part) {
    let id = part_id(index);
    xml.open("score-part", &[("id", &id)]);
    xml.text("part-name", &[], &part.name);
    if !part.short_name.is_empty() {
        xml.text("part-abbreviation", &[], &part.short_name);
    }
    let name = if part.name.is_empty() {
        "Piano"
    } else {
        &part.name
    };
    let drums: Vec<u8> = drums_of(score, index);
    xml.open("score-instrument", &[("id", &instrument_id(index))]);
    xml.text("instrument-name", &[], name);
    xml.close();
    for drum in &drums {
        xml.open("score-instrument", &[("id", &drum_id(index, *drum))]);
        xml.text("instrument-name", &[], &format!("Drum {drum}"));
        xml.close();
    }
    xml.open("midi-instrument", &[("id", &instrument_id(index))]);
    xml.number(
        "midi-channel",
        if instruments::is_percussion(score, index) {
            DRUM_CHANNEL
        } else {
            channel(index)
        },
    );
    xml.number("midi-program", instruments::program(part) + 1);
    xml.close();
    for drum in drums {
        xml.open("midi-instrument", &[("id", &drum_id(index, drum))]);
        xml.number("midi-channel", DRUM_CHANNEL);
        xml.number("midi-program", 1);
        xml.number("midi-unpitched", i64::from(drum) + 1);
        xml.close();
    }
    xml.close();
}

/// The MIDI notes of the drums of a part, each once.
fn drums_of(score: &Score, part: usize) -> Vec<u8> {
    let mut drums: Vec<u8> = score
        .voices_of(part)
        .flat_map(|(_, voice)| voice.drums.iter().map(|d| d.midi))
        .collect();
    drums.sort_unstable();
    drums.dedup();
    drums
}

/// Channels in turn, without the one for percussion.
fn channel(part: usize) -> i64 {
    let free = i64::try_from(part % 15).unwrap_or(0) + 1;
    if free < DRUM_CHANNEL { free } else { free + 1 }
}

pub(super) fn part_id(part: usize) -> String {
    format!("P{}", part + 1)
}

fn instrument_id(part: usize) -> String {
    format!("P{}-I1", part + 1)
}

pub(super) fn drum_id(part: usize, midi: u8) -> String {
    format!("P{}-D{midi}", part + 1)
}
