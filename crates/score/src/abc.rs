//! Reading ABC: NotaGen's interleaved text, finished, cut off anywhere or still being written, and standard
//! ABC 2.1.
//!
//! Text goes through these steps. `tune` finds the lines of the first tune; `header` reads those before the music and `layout` makes parts and
//! staves of them; `body` deals the lines to the voices and `music` reads each voice into bars; `assemble`
//! makes a score of them bar after bar: `align` makes the voices equally long, `connect` matches ties and
//! slurs, `lines` hairpins and the like, `voltas` endings, and `spell` adds the accidentals that repairs made
//! necessary. Every step repairs what it finds wrong and says so. `growing` holds them together.

mod align;
mod assemble;
mod bars;
mod blocks;
mod body;
pub(crate) mod connect;
pub(crate) mod credits;
mod cursor;
mod dialect;
mod fields;
pub(crate) mod fit;
mod grace;
mod growing;
mod header;
mod inline;
mod keys;
mod layers;
mod layout;
mod lines;
pub(crate) mod lyrics;
pub(crate) mod marks;
mod music;
mod notes;
mod raw;
mod settings;
pub(crate) mod spell;
mod symbols;
pub(crate) mod text;
mod timing;
mod tune;
pub(crate) mod voltas;

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Findings, Place};
use crate::limits::Room;
use crate::score::{Score, Voice};
use crate::signature::Meter;
use body::Voices;
pub use growing::GrowingScore;
use header::{Header, Line, VoiceHeader};
use layout::Declared;
use music::VoiceReader;
pub use text::decode_abc;

/// Reads NotaGen's interleaved text (with or without style lines and bar counters, cut off anywhere) or
/// standard ABC 2.1. Any text gives a score that can be written; what was wrong is in the findings.
pub fn parse_abc(text: &str) -> (Score, Vec<Diagnostic>) {
    GrowingScore::whole(text).finish()
}

/// Whether the header ends before this line. Only music has voice tags; anything else needs a key first.
fn is_music(text: &str, header: &Header) -> bool {
    let text = text.trim_start();
    if text.starts_with("[r:") || text.starts_with("[V:") {
        return true;
    }
    let blank = text.is_empty() || text.starts_with(['%', '+']);
    let field = header::field_of(text);
    header.key.is_some() && !blank && field.is_none_or(|(name, _)| header.is_over_at(name))
}

/// Takes in what a line of music says of voices: those that the header does not declare, and properties of the
/// others. Says whether there was any of it.
fn declare_missing(line: Line<'_>, header: &mut Header, findings: &mut Findings) -> bool {
    // The tags are cut again when the music is read; that is when unfinished ones are reported.
    let mut silent = Findings::default();
    let named = header::field_of(header::strip_comment(line.text));
    let named = named.filter(|(name, _)| *name == 'V');
    let block = named.map(|(_, value)| {
        let value = value.trim();
        value.split_at(value.find(char::is_whitespace).unwrap_or(value.len()))
    });
    let shares = body::cut(line, &mut silent).shares;
    let tags = shares.iter().map(|share| (share.id, share.properties));
    let mut any = false;
    for (id, properties) in block.into_iter().chain(tags) {
        let known = header.has_voice(id);
        if header.refuses || !header::is_id(id) || known && properties.is_empty() {
            continue;
        }
        any = true;
        let field = fields::voice_field(properties);
        if known {
            header.complete(id, &field, line.place(), findings);
            continue;
        }
        header.refuses = !header.declare(id, field, line.place(), findings);
        // People declare voices where their music begins; NotaGen does so in the header.
        if !header.refuses && named.is_none() && !header.has_number {
            let place = Place {
                voice: id.parse().ok(),
                ..line.place()
            };
            findings.warn(
                place,
                format!("the header does not declare voice {id}: added"),
            );
        }
    }
    any
}

/// Lays the voices out and makes a reader for each; one voice if nobody names any. `room` is what
/// they have.
fn set_up(header: &Header, room: Room, score: &mut Score, findings: &mut Findings) -> Voices {
    let only = VoiceHeader {
        id: "1".to_owned(),
        ..VoiceHeader::default()
    };
    let listed = match header.voices.as_slice() {
        [] => std::slice::from_ref(&only),
        listed => listed,
    };
    let declared: Vec<Declared> = listed
        .iter()
        .map(|voice| Declared {
            id: voice.id.clone(),
            name: voice.field.name.clone().unwrap_or_default(),
            short_name: voice.field.short_name.clone().unwrap_or_default(),
        })
        .collect();
    let groups = header
        .score
        .as_ref()
        .map(|(text, place)| (text.as_str(), *place));
    let layout = layout::lay_out(groups, &declared, findings);
    score.parts = layout.parts;
    score.groups = layout.groups;
    let of_piece = header.key.clone().unwrap_or_default();
    score.key = of_piece.key.unwrap_or_default();
    let meter = header.meter.unwrap_or(Meter::Free);
    let unit = header.unit();

    let mut voices = Voices {
        readers: Vec::new(),
        index: HashMap::new(),
        words: Vec::new(),
        room,
    };
    let fields: HashMap<&str, &VoiceHeader> = listed.iter().map(|v| (v.id.as_str(), v)).collect();
    for ((id, part, staff), number) in layout.voices.into_iter().zip(1u32..) {
        let Some(voice) = fields.get(id.as_str()) else {
            continue;
        };
        let start = voice.start(&of_piece);
        let key = start.key.unwrap_or(score.key);
        let clef = start.clef.unwrap_or_default();
        let staves = score.parts.get(part).map_or(1, |p| p.staves);
        let mut reader = VoiceReader::new(unit, key, clef, meter, staff, staves);
        reader.begin(&header.settings, &start);
        reader.number = Some(id.parse().unwrap_or(number));
        reader.transpose = start.transpose.unwrap_or(0);
        reader.program = voice.program.or(header.program);
        let clef = reader.clef;
        reader.drums.clone_from(&voice.drums);
        voices.index.insert(id.clone(), voices.readers.len());
        voices.readers.push(reader);
        score.voices.push(Voice {
            id,
            part,
            staff,
            clef,
            key,
            transpose: 0,
            staff_lines: start.staff_lines,
            drums: Vec::new(),
        });
    }
    voices.room.add_voices(voices.readers.len());
    voices
}
