//! `<lyric>`: what is sung to a note.

use super::xml::Xml;
use crate::event::{Lyric, Syllable};

/// Writes the syllables of a note, one for each verse.
pub(super) fn write(xml: &mut Xml, lyrics: &[Lyric]) {
    for lyric in lyrics {
        xml.open("lyric", &[("number", &lyric.verse.to_string())]);
        let syllabic = match lyric.syllable {
            Syllable::Whole => "single",
            Syllable::First => "begin",
            Syllable::Middle => "middle",
            Syllable::Last => "end",
        };
        xml.text("syllabic", &[], syllabic);
        xml.text("text", &[], &lyric.text);
        if lyric.extends {
            xml.empty("extend", &[]);
        }
        xml.close();
    }
}
