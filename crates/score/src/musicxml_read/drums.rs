//! Percussion: which note of the text stands for which drum.
//!
//! In the score as in ABC, a drum is a note that is mapped to a place on the staff. MusicXML has only the
//! place and the instrument, so the note is that of the place, and an accidental that is not printed tells
//! drums apart that share it.

use super::raw::Hit;
use super::remarks::{Remarks, Where};
use super::voice::VoiceBuilder;
use crate::pitch::Accidental;
use crate::score::{Drum, Voice};
use crate::signature::{Clef, ClefSign};

/// Drums of one voice; a place on the staff tells six of them apart.
const MAX_DRUMS: usize = 128;
const SIGNS: [Option<Accidental>; 6] = [
    None,
    Some(Accidental::Sharp),
    Some(Accidental::Flat),
    Some(Accidental::Natural),
    Some(Accidental::DoubleSharp),
    Some(Accidental::DoubleFlat),
];

/// Makes the voice one of percussion or of pitches, by what most of its notes are, and maps its drums.
pub(super) fn settle(
    voice: &mut Voice,
    builder: &mut VoiceBuilder,
    place: Where,
    remarks: &mut Remarks,
) {
    let is_percussion = voice.clef.sign == ClefSign::Percussion;
    if builder.hits.len() > builder.pitched {
        if !is_percussion {
            voice.clef = Clef {
                sign: ClefSign::Percussion,
                line: 2,
                octaves: 0,
            };
            remarks.note(
                place,
                "unpitched notes without a percussion clef are given one",
            );
        }
        if builder.pitched > 0 {
            remarks.warn(place, "notes with a pitch among unpitched ones lose it");
        }
        map_drums(voice, builder, place, remarks);
    } else if builder.pitched > 0 {
        if is_percussion {
            voice.clef = Clef::TREBLE;
            remarks.note(
                place,
                "notes with a pitch under a percussion clef are given a treble clef",
            );
        }
        if !builder.hits.is_empty() {
            remarks.warn(
                place,
                "unpitched notes among those with a pitch sound as they are printed",
            );
        }
    }
}

fn map_drums(voice: &mut Voice, builder: &mut VoiceBuilder, place: Where, remarks: &mut Remarks) {
    for (at, hit) in std::mem::take(&mut builder.hits) {
        let Hit {
            midi: Some(midi),
            head,
        } = hit
        else {
            continue;
        };
        let Some(note) = builder.note_at(at) else {
            continue;
        };
        let (step, octave) = (note.pitch.step, note.pitch.octave);
        let same_place = |d: &&Drum| (d.shown_step, d.shown_octave) == (step, octave);
        let here = || voice.drums.iter().filter(same_place);
        let known = here().find(|d| (d.midi, d.head) == (midi, head));
        let sign = match known {
            Some(drum) => drum.accidental,
            None => {
                let free = SIGNS
                    .into_iter()
                    .find(|sign| here().all(|d| d.accidental != *sign));
                let Some(sign) = free.filter(|_| voice.drums.len() < MAX_DRUMS) else {
                    remarks.leave_out(place, "one of too many drums");
                    continue;
                };
                voice.drums.push(Drum {
                    step,
                    octave,
                    accidental: sign,
                    shown_step: step,
                    shown_octave: octave,
                    midi,
                    head,
                });
                sign
            }
        };
        note.accidental = sign;
    }
}
