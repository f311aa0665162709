//! The note events of a MusicXML text, and how those of two texts differ.
//!
//! Events are compared as a multiset: neither the order of voices nor their numbers matter.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use score::Fraction;

/// A note as its reader hears it. Rests and hidden notes are not there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Heard {
    pub(crate) part: usize,
    pub(crate) measure: usize,
    pub(crate) onset: Fraction,
    pub(crate) duration: Fraction,
    /// Step, alteration, octave; none for percussion.
    pub(crate) pitch: Option<(String, i32, i32)>,
    pub(crate) grace: bool,
    pub(crate) ties: Vec<String>,
    pub(crate) staff: String,
}

#[derive(Default, Debug)]
pub(crate) struct Measure {
    /// Where each stretch between two `<backup>`s ends, in quarter notes.
    pub(crate) ends: Vec<Fraction>,
    pub(crate) number: String,
}

#[derive(Default, Debug)]
pub(crate) struct Piece {
    pub(crate) parts: usize,
    pub(crate) measures: Vec<Vec<Measure>>,
    pub(crate) notes: Vec<Heard>,
}

#[derive(Default)]
struct NoteElement {
    duration: i64,
    chord: bool,
    grace: bool,
    rest: bool,
    hidden: bool,
    pitched: bool,
    step: String,
    alter: i32,
    octave: i32,
    ties: Vec<String>,
    staff: String,
}

/// Reads the note events of a MusicXML text.
pub(crate) fn read(xml: &str) -> Piece {
    let mut reader = Reader::from_str(xml);
    let mut piece = Piece::default();
    let mut path: Vec<String> = Vec::new();
    let (mut divisions, mut at, mut last) = (1, Fraction::ZERO, Fraction::ZERO);
    let mut note = NoteElement::default();
    loop {
        let (event, empty) = match reader.read_event().expect("well-formed") {
            Xml::Eof => return piece,
            Xml::Start(e) => (e.into_owned(), false),
            Xml::Empty(e) => (e.into_owned(), true),
            Xml::Text(text) => {
                take_text(&path, text.as_ref().trim(), &mut note, &mut divisions);
                continue;
            }
            Xml::End(_) => {
                let name = path.pop().unwrap_or_default();
                let of_note = Fraction::new(note.duration, divisions).unwrap();
                let measures = piece.measures.last_mut();
                let measure = measures.and_then(|m| m.last_mut());
                match (name.as_str(), measure) {
                    ("backup", Some(measure)) => {
                        measure.ends.push(at);
                        at = at.checked_sub(of_note).unwrap();
                    }
                    ("forward", _) => at = at.checked_add(of_note).unwrap(),
                    ("note", Some(_)) => {
                        let onset = if note.chord { last } else { at };
                        if !note.grace && !note.chord {
                            last = at;
                            at = at.checked_add(of_note).unwrap();
                        }
                        let note = std::mem::take(&mut note);
                        hear(&mut piece, note, onset, of_note);
                    }
                    ("measure", Some(measure)) => measure.ends.push(at),
                    _ => {}
                }
                continue;
            }
            _ => continue,
        };
        let name = event.name().as_ref().to_owned();
        let attribute = |key: &str| {
            let found = event.attributes().flatten().find(|a| a.key.as_ref() == key);
            found.map(|a| a.value.into_owned()).unwrap_or_default()
        };
        match name.as_str() {
            "part" => {
                piece.parts += 1;
                piece.measures.push(Vec::new());
                divisions = 1;
            }
            "measure" => {
                let number = attribute("number");
                let measure = Measure {
                    number,
                    ..Measure::default()
                };
                piece.measures.last_mut().unwrap().push(measure);
                (at, last) = (Fraction::ZERO, Fraction::ZERO);
            }
            "note" => {
                note = NoteElement {
                    hidden: attribute("print-object") == "no",
                    ..NoteElement::default()
                };
            }
            "backup" | "forward" => note.duration = 0,
            "chord" => note.chord = true,
            "grace" => note.grace = true,
            "rest" => note.rest = true,
            "pitch" => note.pitched = true,
            "tie" => note.ties.push(attribute("type")),
            _ => {}
        }
        if !empty {
            path.push(name);
        }
    }
}

fn take_text(path: &[String], text: &str, note: &mut NoteElement, divisions: &mut i64) {
    match path.last().map_or("", String::as_str) {
        "divisions" => *divisions = text.parse().unwrap(),
        "duration" => note.duration = text.parse().unwrap(),
        "step" => text.clone_into(&mut note.step),
        "alter" => note.alter = text.parse().unwrap(),
        "octave" => note.octave = text.parse().unwrap(),
        "staff" => text.clone_into(&mut note.staff),
        _ => {}
    }
}

fn hear(piece: &mut Piece, mut note: NoteElement, onset: Fraction, duration: Fraction) {
    if note.rest || note.hidden {
        return;
    }
    note.ties.sort();
    if note.staff.is_empty() {
        note.staff = "1".into();
    }
    let part = piece.parts - 1;
    piece.notes.push(Heard {
        part,
        measure: piece.measures[part].len() - 1,
        onset,
        duration: if note.grace { Fraction::ZERO } else { duration },
        pitch: note.pitched.then_some((note.step, note.alter, note.octave)),
        grace: note.grace,
        ties: note.ties,
        staff: note.staff,
    });
}

/// The notes that only one of the two has: of the first, of the second.
pub(crate) fn difference(ours: &Piece, theirs: &Piece) -> (Vec<Heard>, Vec<Heard>) {
    let mut counts: BTreeMap<&Heard, i32> = BTreeMap::new();
    for note in &ours.notes {
        *counts.entry(note).or_default() += 1;
    }
    for note in &theirs.notes {
        *counts.entry(note).or_default() -= 1;
    }
    let only = |sign: i32| {
        let notes = counts.iter().filter(move |(_, n)| **n * sign > 0);
        notes.map(|(note, _)| (*note).clone()).collect()
    };
    (only(1), only(-1))
}
