//! `<notations>`: what is attached to a note.

use super::note::{Laid, Piece};
use super::numbers::Slur;
use super::part::PartWriter;
use super::xml::Xml;
use crate::event::{Event, GraceNote, Mark, Note, Slurs, Span, Tremolo, Tuplet};

/// A line that begins or ends at a note, with its number.
struct Ended {
    span: Span,
    start: bool,
    number: String,
}

/// Everything that goes into one `<notations>`.
#[derive(Default)]
struct Notations<'a> {
    tie_stop: bool,
    tie_start: bool,
    slurs: Vec<(&'static str, String)>,
    tuplet_starts: Vec<(u8, Tuplet, bool)>,
    tuplet_stops: Vec<u8>,
    tremolo: Option<Tremolo>,
    lines: Vec<Ended>,
    marks: Vec<&'a Mark>,
}

/// Writes the notations of the nth note of an event, or of a rest.
pub(super) fn write(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    event: &Event,
    note: Option<(usize, &Note)>,
    laid: &Laid,
    piece: Piece,
) {
    let mut notations = Notations::default();
    let first_note = note.is_none_or(|(n, _)| n == 0);
    if let Some((_, note)) = note {
        notations.tie_stop = note.tie_stop || !piece.first;
        notations.tie_start = note.tie_start || !piece.last;
        if piece.first {
            notations.marks.extend(&note.marks);
        }
    }
    if first_note {
        let slurs = Slurs {
            starts: if piece.first { event.slurs.starts } else { 0 },
            stops: if piece.last { event.slurs.stops } else { 0 },
        };
        add_slurs(part, voice, slurs, &mut notations);
        if piece.first {
            let starts = laid.brackets.starts.iter();
            notations.tuplet_starts = starts
                .map(|(n, t)| (*n, *t, laid.brackets.nested))
                .collect();
            notations.tremolo = event.tremolo;
            notations.marks.extend(&event.marks);
        }
        if piece.last {
            notations.tuplet_stops.clone_from(&laid.brackets.stops);
        }
    } else if piece.first && event.marks.contains(&Mark::Arpeggio) {
        // Every note of the chord has the sign, or only the first is rolled.
        notations.marks.push(&Mark::Arpeggio);
    }
    add_lines(part, voice, &mut notations);
    notations.write(xml);
}

/// Writes the notations of the nth note of a grace chord.
pub(super) fn write_for_grace(
    part: &mut PartWriter<'_>,
    xml: &mut Xml,
    voice: usize,
    grace: &GraceNote,
    n: usize,
    note: &Note,
) {
    let mut notations = Notations {
        tie_stop: note.tie_stop,
        tie_start: note.tie_start,
        marks: note.marks.iter().collect(),
        ..Notations::default()
    };
    if n == 0 {
        add_slurs(part, voice, grace.slurs, &mut notations);
        notations.marks.extend(&grace.marks);
    }
    add_lines(part, voice, &mut notations);
    notations.write(xml);
}

fn add_slurs(part: &mut PartWriter<'_>, voice: usize, slurs: Slurs, notations: &mut Notations<'_>) {
    for _ in 0..slurs.stops {
        if let Some(number) = part.slurs.stop(Slur, voice) {
            notations.slurs.push(("stop", number.to_string()));
        }
    }
    for _ in 0..slurs.starts {
        if let Some(number) = part.slurs.start(Slur, voice) {
            notations.slurs.push(("start", number.to_string()));
        }
    }
}

fn add_lines(part: &mut PartWriter<'_>, voice: usize, notations: &mut Notations<'_>) {
    for mark in &notations.marks {
        let (span, start) = match mark {
            Mark::Start(span) => (*span, true),
            Mark::Stop(span) => (*span, false),
            _ => continue,
        };
        let number = if start {
            part.lines.start(span, voice)
        } else {
            part.lines.stop(span, voice)
        };
        if let Some(number) = number {
            let number = number.to_string();
            notations.lines.push(Ended {
                span,
                start,
                number,
            });
        }
    }
    notations
        .marks
        .retain(|m| !matches!(m, Mark::Start(_) | Mark::Stop(_)));
}

impl Notations<'_> {
    fn is_empty(&self) -> bool {
        !self.tie_stop
            && !self.tie_start
            && self.slurs.is_empty()
            && self.tuplet_starts.is_empty()
            && self.tuplet_stops.is_empty()
            && self.tremolo.is_none()
            && self.lines.is_empty()
            && self.marks.iter().all(|m| **m == Mark::Stemless)
    }

    fn write(&self, xml: &mut Xml) {
        if self.is_empty() {
            return;
        }
        xml.open("notations", &[]);
        if self.tie_stop {
            xml.empty("tied", &[("type", "stop")]);
        }
        if self.tie_start {
            xml.empty("tied", &[("type", "start")]);
        }
        for (kind, number) in &self.slurs {
            xml.empty("slur", &[("type", kind), ("number", number)]);
        }
        self.write_tuplets(xml);
        self.write_glides(xml);
        self.write_ornaments(xml);
        self.write_technical(xml);
        self.write_articulations(xml);
        if self.has(Mark::Fermata) {
            xml.empty("fermata", &[("type", "upright")]);
        }
        if self.has(Mark::Arpeggio) {
            xml.empty("arpeggiate", &[]);
        }
        xml.close();
    }

    fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&&mark)
    }

    fn write_tuplets(&self, xml: &mut Xml) {
        for (number, tuplet, nested) in &self.tuplet_starts {
            let attributes = [("type", "start"), ("number", &*number.to_string())];
            if !nested {
                xml.empty("tuplet", &attributes);
                continue;
            }
            xml.open("tuplet", &attributes);
            for (element, notes) in [
                ("tuplet-actual", tuplet.actual),
                ("tuplet-normal", tuplet.normal),
            ] {
                xml.open(element, &[]);
                xml.number("tuplet-number", notes);
                xml.close();
            }
            xml.close();
        }
        for number in &self.tuplet_stops {
            xml.empty(
                "tuplet",
                &[("type", "stop"), ("number", &number.to_string())],
            );
        }
    }

    fn write_glides(&self, xml: &mut Xml) {
        for line in &self.lines {
            let kind = if line.start { "start" } else { "stop" };
            let (element, style) = match line.span {
                Span::Glissando => ("glissando", "wavy"),
                Span::Slide => ("slide", "solid"),
                _ => continue,
            };
            let attributes = [
                ("type", kind),
                ("number", line.number.as_str()),
                ("line-type", style),
            ];
            xml.empty(element, &attributes);
        }
    }

    fn write_ornaments(&self, xml: &mut Xml) {
        let names: Vec<&'static str> = self.marks.iter().filter_map(|m| ornament(**m)).collect();
        let trills: Vec<&Ended> = self
            .lines
            .iter()
            .filter(|l| l.span == Span::Trill)
            .collect();
        if names.is_empty() && trills.is_empty() && self.tremolo.is_none() {
            return;
        }
        xml.open("ornaments", &[]);
        for name in names {
            xml.empty(name, &[]);
        }
        for trill in trills {
            if trill.start {
                xml.empty("trill-mark", &[]);
            }
            let kind = if trill.start { "start" } else { "stop" };
            xml.empty("wavy-line", &[("type", kind), ("number", &trill.number)]);
        }
        if let Some(tremolo) = self.tremolo {
            let (kind, strokes) = match tremolo {
                Tremolo::Single(strokes) => ("single", strokes),
                Tremolo::First(strokes) => ("start", strokes),
                Tremolo::Second(strokes) => ("stop", strokes),
            };
            xml.text("tremolo", &[("type", kind)], &strokes.to_string());
        }
        xml.close();
    }

    fn write_technical(&self, xml: &mut Xml) {
        let is_technical = |m: &Mark| technical(*m).is_some() || matches!(m, Mark::Fingering(_));
        if !self.marks.iter().any(|m| is_technical(m)) {
            return;
        }
        xml.open("technical", &[]);
        for mark in &self.marks {
            if let Mark::Fingering(finger) = mark {
                xml.text("fingering", &[], &finger.to_string());
            } else if let Some(name) = technical(**mark) {
                xml.empty(name, &[]);
            }
        }
        xml.close();
    }

    fn write_articulations(&self, xml: &mut Xml) {
        let names: Vec<&'static str> = self
            .marks
            .iter()
            .filter_map(|m| articulation(**m))
            .collect();
        if names.is_empty() {
            return;
        }
        xml.open("articulations", &[]);
        for name in names {
            xml.empty(name, &[]);
        }
        xml.close();
    }
}

const fn ornament(mark: Mark) -> Option<&'static str> {
    Some(match mark {
        Mark::Trill => "trill-mark",
        Mark::Turn => "turn",
        Mark::InvertedTurn => "inverted-turn",
        Mark::Mordent => "mordent",
        Mark::InvertedMordent => "inverted-mordent",
        _ => return None,
    })
}

const fn technical(mark: Mark) -> Option<&'static str> {
    Some(match mark {
        Mark::UpBow => "up-bow",
        Mark::DownBow => "down-bow",
        Mark::Stopped => "stopped",
        Mark::OpenString => "open-string",
        Mark::SnapPizzicato => "snap-pizzicato",
        Mark::Thumb => "thumb-position",
        _ => return None,
    })
}

const fn articulation(mark: Mark) -> Option<&'static str> {
    Some(match mark {
        Mark::Staccato => "staccato",
        Mark::Staccatissimo => "staccatissimo",
        Mark::Tenuto => "tenuto",
        Mark::Accent => "accent",
        Mark::Marcato => "strong-accent",
        Mark::Breath => "breath-mark",
        Mark::Scoop => "scoop",
        _ => return None,
    })
}
