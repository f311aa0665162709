//! Writing MusicXML 4.0.
//!
//! One pass, part by part and bar by bar, with the elements in the order that the schema demands. A bar is
//! written voice after voice with a `<backup>` between them. Times are kept as positions in a grid of
//! `divisions` per quarter note: the grid holds every length exactly if it can, and if it cannot, positions
//! are rounded and not lengths, so that all voices still end together.

mod attributes;
mod beams;
mod directions;
pub(crate) mod harmony;
mod head;
mod lyrics;
mod notations;
mod note;
mod numbers;
mod octaves;
mod part;
mod tuplets;
pub(crate) mod values;
mod voice;
mod xml;

use crate::score::Score;
use crate::unroll::Cues;
use part::PartWriter;
use xml::Xml;

const DOCTYPE: &str = "<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" \
                       \"http://www.musicxml.org/dtds/partwise.dtd\">";

/// The score as MusicXML 4.0, partwise. Equal scores give equal text.
pub fn write_musicxml(score: &Score) -> String {
    let mut xml = Xml::new(DOCTYPE);
    xml.open("score-partwise", &[("version", "4.0")]);
    head::write(&mut xml, score);
    let mut tempi = directions::Tempi::default();
    let cues = Cues::new(score);
    for part in 0..score.parts.len() {
        PartWriter::new(score, part, &cues).write(&mut xml, &mut tempi);
    }
    xml.finish()
}
