//! Reading MusicXML, of any version, partwise and timewise.
//!
//! The file is read in one pass, an element at a time: `head` takes what stands before the music, `bar` and
//! what it calls take the bars of each part as they are written, with times as exact fractions. Then
//! `assemble` makes a score of them: `dealing` and `signs` find out which voices there are and what belongs to
//! them, `voice` puts the notes of each one after another, with their tuplets, slurs and drums, and the bars are
//! made equally long. Ties and lines are matched and accidentals added as for ABC.
//!
//! Files come from everywhere. What is not well-formed, defines entities, or goes beyond the limits of
//! `xml` is refused; everything else gives a score, and what was repaired or has no place in it is said.

mod assemble;
mod attributes;
mod bar;
mod barlines;
mod container;
mod dealing;
mod directions;
mod drums;
mod harmony;
mod head;
mod lengths;
mod lyrics;
mod notations;
mod note;
mod numbers;
mod pitch;
mod raw;
mod remarks;
mod signs;
mod slurs;
mod text;
mod tremolos;
mod tuplets;
mod voice;
pub(crate) mod xml;

use std::borrow::Cow;

use quick_xml::events::BytesStart;

use crate::diagnostic::{Diagnostic, Findings, Place};
use crate::limits::{self, Room};
use crate::score::Score;
pub(crate) use container::root_file;
use head::Head;
use raw::RawBar;
use remarks::{Remarks, Where};
use voice::BuiltBar;
use xml::{Refused, Source, Tree, attribute};

/// Why a text is refused for which there is no room.
const TOO_LARGE: &str = "the piece is too large";
/// Staves of one part; organs have three, and nobody has ten hands.
const MAX_STAVES: u8 = 16;

/// Reads MusicXML: UTF-8, UTF-16 or declared Latin-1. Any bytes give a score that can be written; what was wrong
/// is in the findings. What is refused gives an empty score and an [`Error`](crate::Severity::Error).
pub fn parse_musicxml(bytes: &[u8]) -> (Score, Vec<Diagnostic>) {
    let mut findings = Findings::default();
    let score = read(bytes, &mut findings).unwrap_or_else(|refused| {
        let place = Place {
            position: refused.position,
            ..Place::default()
        };
        findings.error(place, refused.message);
        Score::default()
    });
    (score, Findings::of_all(&[&findings]))
}

fn read(bytes: &[u8], findings: &mut Findings) -> Result<Score, Refused> {
    if bytes.len() > xml::MAX_TEXT {
        return Err(Refused::new(format!("more than {} bytes", xml::MAX_TEXT)));
    }
    let text = text::decode(bytes).map_err(Refused::new)?;
    let copied = match text {
        Cow::Owned(_) => bytes.len(),
        Cow::Borrowed(_) => 0,
    };
    let mut reader = FileReader {
        room: Room::beside(text.len() + copied, 1, limits::listed::<BuiltBar>()),
        source: Source::new(&text),
        tree: Tree::default(),
        head: Head::default(),
        remarks: Remarks::default(),
    };
    match reader.source.root()?.as_str() {
        "score-partwise" => reader.partwise()?,
        "score-timewise" => reader.timewise()?,
        other => {
            let name: String = other.chars().take(40).collect();
            return Err(Refused::new(format!("<{name}> is not a score in MusicXML")));
        }
    }
    assemble::assemble(reader.head, reader.remarks, reader.room, findings)
}

struct FileReader<'a> {
    source: Source<'a>,
    tree: Tree<'a>,
    head: Head,
    remarks: Remarks,
    room: Room,
}

impl<'a> FileReader<'a> {
    fn place(&mut self) -> Where {
        Where {
            position: self.source.position(),
            ..Where::default()
        }
    }

    fn before_music(&mut self, start: BytesStart<'a>) -> Result<(), Refused> {
        let position = self.source.position();
        self.source.element(start, &mut self.tree)?;
        self.head
            .read(self.tree.root(), position, &mut self.remarks)
    }

    /// The place of the part that an element names. One that the list of parts lacks is added.
    fn part(&mut self, start: &BytesStart<'a>) -> Result<usize, Refused> {
        let id = attribute(start, "id").unwrap_or_default();
        if let Some(at) = self.head.parts.iter().position(|part| part.id == id) {
            return Ok(at);
        }
        let place = self.place();
        self.remarks
            .note(place, "the list of parts lacks one: added");
        self.head.part(id.into_owned())?;
        Ok(self.head.parts.len() - 1)
    }

    /// A part with its bars in it.
    fn partwise(&mut self) -> Result<(), Refused> {
        while let Some(start) = self.source.child()? {
            if start.name().into_inner() != "part" {
                self.before_music(start)?;
                continue;
            }
            let mut part = self.part(&start)?;
            if self
                .head
                .parts
                .get(part)
                .is_some_and(|part| !part.bars.is_empty())
            {
                let place = self.place();
                self.remarks
                    .warn(place, "a part comes twice: it is taken for another one");
                self.head.part(String::new())?;
                part = self.head.parts.len() - 1;
            }
            while let Some(bar) = self.source.child()? {
                if bar.name().into_inner() == "measure" {
                    self.bar(part)?;
                } else {
                    self.source.skip()?;
                }
            }
        }
        Ok(())
    }

    /// A bar with its parts in it.
    fn timewise(&mut self) -> Result<(), Refused> {
        let mut done = 0;
        while let Some(start) = self.source.child()? {
            if start.name().into_inner() != "measure" {
                self.before_music(start)?;
                continue;
            }
            while let Some(start) = self.source.child()? {
                if start.name().into_inner() != "part" {
                    self.source.skip()?;
                    continue;
                }
                let at = self.part(&start)?;
                let bars = self.head.parts.get_mut(at).map(|part| &mut part.bars);
                if bars.as_ref().is_some_and(|bars| bars.len() > done) {
                    let place = self.place();
                    self.remarks
                        .warn(place, "a part comes twice in a bar: the first holds");
                    self.source.skip()?;
                    continue;
                }
                // A part that was not in the bars before rested.
                let rested = bars.as_ref().map_or(0, |bars| done - bars.len());
                if !self.room.take(rested * RawBar::BYTES) {
                    return Err(Refused::new(TOO_LARGE));
                }
                bars.into_iter()
                    .for_each(|bars| bars.resize_with(done, RawBar::default));
                self.bar(at)?;
            }
            done += 1;
        }
        Ok(())
    }

    fn bar(&mut self, at: usize) -> Result<(), Refused> {
        let Some(part) = self.head.parts.get_mut(at) else {
            return self.source.skip();
        };
        bar::read(
            &mut self.source,
            &mut self.tree,
            part,
            at,
            &mut self.remarks,
            &mut self.room,
        )
    }
}
