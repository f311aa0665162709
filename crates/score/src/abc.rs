//! Reading ABC: NotaGen's interleaved text, finished or cut off anywhere, and standard ABC 2.1.
//!
//! Text goes through four steps. `header` reads the lines before the music and `layout` makes parts and
//! staves of them; `body` deals the lines to the voices and `music` reads each voice into bars; `align`
//! makes the voices of each bar equally long; `connect` matches ties, slurs, hairpins and endings; `spell`
//! adds the accidentals that repairs made necessary. Every step repairs what it finds wrong and says so.

mod align;
mod bars;
mod body;
mod connect;
mod cursor;
mod fields;
mod fit;
mod grace;
mod header;
mod inline;
mod layers;
mod layout;
pub(crate) mod marks;
mod music;
mod notes;
mod raw;
mod spell;
mod timing;

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Findings, Place, Position};
use crate::event::Item;
use crate::fraction::Fraction;
use crate::score::{Score, Voice};
use crate::signature::Meter;
use body::Voices;
use header::{Header, Line};
use layout::Declared;
use music::VoiceReader;

/// Reads NotaGen's interleaved text (with or without style lines and bar counters, cut off anywhere) or
/// standard ABC 2.1. Any text gives a score that can be written; what was wrong is in the findings.
pub fn parse_abc(text: &str) -> (Score, Vec<Diagnostic>) {
    let mut findings = Findings::default();
    let score = read(text, &mut findings);
    (score, findings.into_vec())
}

fn read(text: &str, findings: &mut Findings) -> Score {
    let lines: Vec<Line<'_>> = text
        .lines()
        .zip(1u32..)
        .map(|(text, number)| Line { text, number })
        .collect();
    let mut header = Header::default();
    let music_at = lines
        .iter()
        .position(|line| {
            is_music(line.text, &header) || !header.read(*line, findings) && header.found
        })
        .unwrap_or(lines.len());
    let music = lines.get(music_at..).unwrap_or(&[]);
    if !header.found {
        findings.error(Place::default(), "there is no header: this is not a score");
    }
    if header.found && header.key.is_none() {
        findings.warn(Place::default(), "the header has no key: C major taken");
    }
    let interleaved = body::is_interleaved(music, header.has_number);
    declare_missing(music, &mut header, findings);

    let mut score = Score {
        metadata: std::mem::take(&mut header.metadata),
        tempo: header.tempo.take(),
        ..Score::default()
    };
    let mut voices = set_up(&header, &mut score, findings);
    if interleaved {
        body::read_interleaved(music, &mut voices, findings);
    } else {
        body::read_blocks(music, &header, &mut voices, findings);
    }
    let end = lines
        .last()
        .map_or(Position::default(), |line| line.position());
    for reader in &mut voices.readers {
        reader.forget_open_grace(end, findings);
    }
    if voices
        .readers
        .iter()
        .all(|r| r.bars.iter().all(|b| b.events == 0))
    {
        findings.error(Place::default(), "there is no music");
    }
    for (voice, reader) in score.voices.iter_mut().zip(&mut voices.readers) {
        voice.drums = std::mem::take(&mut reader.drums);
    }
    let positions = align::align(voices.readers, header.meter, &mut score, findings);
    take_initial_signatures(&mut score);
    connect::connect(&mut score, &positions, findings);
    spell::spell(&mut score);
    score
}

/// Whether the header ends before this line. Only music has voice tags; anything else needs a key first.
fn is_music(text: &str, header: &Header) -> bool {
    let text = text.trim_start();
    if text.starts_with("[r:") || text.starts_with("[V:") {
        return true;
    }
    let blank = text.is_empty() || text.starts_with('%');
    header.key.is_some() && !blank && header::field_of(text).is_none()
}

/// Voices that the music names and the header does not, and one voice if nobody names any.
fn declare_missing(music: &[Line<'_>], header: &mut Header, findings: &mut Findings) {
    // The tags are cut again when the music is read; that is when unfinished ones are reported.
    let mut silent = Findings::default();
    for line in music {
        let named = header::field_of(line.text).filter(|(name, _)| *name == 'V');
        let block = named.and_then(|(_, value)| value.split_whitespace().next());
        let shares = body::cut(*line, &mut silent).shares;
        let ids = block.into_iter().chain(shares.iter().map(|s| s.id));
        for id in ids.filter(|id| header::is_id(id)) {
            if header.has_voice(id) {
                continue;
            }
            let field = named.map_or(fields::VoiceField::default(), |(_, value)| {
                fields::voice_field(value.trim_start().trim_start_matches(id))
            });
            if header.declare(id, field, line.place(), findings) {
                let place = Place {
                    voice: id.parse().ok(),
                    ..line.place()
                };
                // People declare voices where their music begins; NotaGen does so in the header.
                if named.is_none() {
                    findings.warn(
                        place,
                        format!("the header does not declare voice {id}: added"),
                    );
                }
            } else {
                return;
            }
        }
    }
    if header.voices.is_empty() {
        header.declare(
            "1",
            fields::VoiceField::default(),
            Place::default(),
            findings,
        );
    }
}

/// Lays the voices out and makes a reader for each.
fn set_up(header: &Header, score: &mut Score, findings: &mut Findings) -> Voices {
    let declared: Vec<Declared> = header
        .voices
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
    // Without L: the unit follows from the metre.
    let short = meter
        .bar_length()
        .is_some_and(|l| l < Fraction::new(3, 4).unwrap_or(l));
    let unit = header
        .unit
        .unwrap_or(Fraction::half_to_the(if short { 4 } else { 3 }));

    let mut voices = Voices {
        readers: Vec::new(),
        index: HashMap::new(),
    };
    let fields: HashMap<&str, &header::VoiceHeader> =
        header.voices.iter().map(|v| (v.id.as_str(), v)).collect();
    for ((id, part, staff), number) in layout.voices.into_iter().zip(1u32..) {
        let Some(voice) = fields.get(id.as_str()) else {
            continue;
        };
        let key = voice.key.unwrap_or(score.key);
        let clef = voice.field.clef.or(of_piece.clef).unwrap_or_default();
        let staves = score.parts.get(part).map_or(1, |p| p.staves);
        let mut reader = VoiceReader::new(unit, key, clef, meter, staff, staves);
        reader.number = Some(id.parse().unwrap_or(number));
        reader.drums.clone_from(&voice.drums);
        voices.index.insert(id.clone(), voices.readers.len());
        voices.readers.push(reader);
        score.voices.push(Voice {
            id,
            part,
            staff,
            clef,
            key,
            transpose: voice.field.transpose.or(of_piece.transpose).unwrap_or(0),
            staff_lines: voice.field.staff_lines,
            drums: Vec::new(),
        });
    }
    voices
}

/// Keys and clefs before the first note are what the voice starts with, wherever they were written.
fn take_initial_signatures(score: &mut Score) {
    let Some(first) = score.bars.first_mut() else {
        return;
    };
    for (voice, bar) in score.voices.iter_mut().zip(&mut first.voices) {
        let music = bar
            .items
            .iter()
            .position(|i| matches!(i, Item::Event(_) | Item::Grace(_) | Item::Staff(_)));
        let mut leading = music.unwrap_or(bar.items.len());
        bar.items.retain(|item| {
            let is_leading = leading > 0;
            leading = leading.saturating_sub(1);
            match item {
                Item::Key(key) if is_leading => voice.key = *key,
                Item::Clef(clef) if is_leading => voice.clef = *clef,
                _ => return true,
            }
            false
        });
    }
}
