//! What stands before the music: titles, people, the list of parts.

use super::raw::RawPart;
use super::remarks::{Remarks, Where};
use super::xml::Element;
use super::{numbers, xml::Refused};
use crate::diagnostic::Position;
use crate::instruments;
use crate::limits::MAX_VOICES;
use crate::metadata::Metadata;
use crate::score::Group;

/// Fields of a piece besides those that the metadata name.
const MAX_FIELDS: usize = 64;

/// All that is known before the first bar.
#[derive(Default, Debug)]
pub(super) struct Head {
    pub(super) metadata: Metadata,
    pub(super) parts: Vec<RawPart>,
    groups: Vec<RawGroup>,
    movement: String,
    /// Title and composer as they are printed on the first page.
    printed: (String, String),
}

#[derive(Debug)]
struct RawGroup {
    number: String,
    first: usize,
    /// The last part, once it is closed.
    last: Option<usize>,
    /// Its sign, if it has one: whether that is a brace.
    brace: Option<bool>,
}

impl Head {
    /// Takes in one element that stands before the parts.
    pub(super) fn read(
        &mut self,
        element: Element<'_, '_>,
        position: Position,
        remarks: &mut Remarks,
    ) -> Result<(), Refused> {
        let place = Where {
            position,
            ..Where::default()
        };
        match element.name() {
            "work" => {
                let title = element.child("work-title").map_or("", Element::text);
                title.clone_into(&mut self.metadata.title);
                self.field(
                    "work-number",
                    element.child_text("work-number"),
                    place,
                    remarks,
                );
            }
            "movement-title" => element.text().clone_into(&mut self.movement),
            "movement-number" => {
                self.field("movement-number", element.trimmed(), place, remarks);
            }
            "identification" => self.identification(element, place, remarks),
            "credit" => self.credit(element),
            "part-list" => return self.part_list(element, place, remarks),
            // Paper and type.
            "defaults" => {}
            other => remarks.leave_out(place, &format!("<{other}>")),
        }
        Ok(())
    }

    fn field(&mut self, name: &str, value: &str, place: Where, remarks: &mut Remarks) {
        if value.is_empty() {
            return;
        }
        if self.metadata.fields.len() >= MAX_FIELDS {
            remarks.leave_out(place, "a field of the piece beyond the sixty-fourth");
            return;
        }
        self.metadata
            .fields
            .push((name.to_owned(), value.to_owned()));
    }

    fn identification(&mut self, element: Element<'_, '_>, place: Where, remarks: &mut Remarks) {
        for child in element.children() {
            match child.name() {
                "creator" => match child.attribute("type").as_deref() {
                    Some("composer") => append(&mut self.metadata.composer, child.text()),
                    other => self.field(other.unwrap_or("creator"), child.text(), place, remarks),
                },
                "rights" => {
                    let rights = self.metadata.rights.get_or_insert_default();
                    append(rights, child.text());
                }
                "encoding" => {
                    for software in child.children().filter(|c| c.name() == "software") {
                        append(&mut self.metadata.software, software.text());
                    }
                }
                "source" => self.field("source", child.text(), place, remarks),
                "miscellaneous" => {
                    for field in child.children() {
                        let name = field.attribute("name").unwrap_or_default();
                        match &*name {
                            "period" if self.metadata.period.is_empty() => {
                                field.text().clone_into(&mut self.metadata.period);
                            }
                            "instrumentation" if self.metadata.instrumentation.is_empty() => {
                                field.text().clone_into(&mut self.metadata.instrumentation);
                            }
                            _ => self.field(&name, field.text(), place, remarks),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn credit(&mut self, element: Element<'_, '_>) {
        let slot = match element.child_text("credit-type") {
            "title" => &mut self.printed.0,
            "composer" => &mut self.printed.1,
            _ => return,
        };
        for words in element.children().filter(|c| c.name() == "credit-words") {
            append(slot, words.trimmed());
        }
    }

    fn part_list(
        &mut self,
        element: Element<'_, '_>,
        place: Where,
        remarks: &mut Remarks,
    ) -> Result<(), Refused> {
        for child in element.children() {
            match child.name() {
                "part-group" => self.group(child, place, remarks),
                "score-part" => {
                    let id = child.attribute("id").unwrap_or_default();
                    if self.parts.iter().any(|part| part.id == id) {
                        remarks.note(place, format!("the list has part {id} twice"));
                        continue;
                    }
                    let part = self.part(id.into_owned())?;
                    score_part(child, part);
                }
                other => remarks.leave_out(place, &format!("<{other}>")),
            }
        }
        Ok(())
    }

    /// Adds a part.
    pub(super) fn part(&mut self, id: String) -> Result<&mut RawPart, Refused> {
        self.parts.push(RawPart::new(id));
        match self.parts.len() {
            ..=MAX_VOICES => self
                .parts
                .last_mut()
                .ok_or_else(|| Refused::new("there is no part")),
            _ => Err(Refused::new(format!("more than {} parts", MAX_VOICES))),
        }
    }

    fn group(&mut self, element: Element<'_, '_>, place: Where, remarks: &mut Remarks) {
        let number = element.attribute("number").unwrap_or("1".into());
        if element.is("type", "stop") {
            let mut open = self.groups.iter_mut().rev();
            let begun = open.find(|group| group.last.is_none() && group.number == number);
            match (begun, self.parts.len().checked_sub(1)) {
                (Some(group), Some(last)) if group.first <= last => group.last = Some(last),
                (Some(group), _) => group.brace = None,
                (None, _) => remarks.note(place, "a group of parts ends that did not begin"),
            }
            return;
        }
        if !element.child_text("group-name").is_empty() {
            remarks.leave_out(place, "the name of a group of parts");
        }
        if self.groups.len() >= MAX_VOICES {
            remarks.leave_out(place, "one of too many groups of parts");
            return;
        }
        self.groups.push(RawGroup {
            number: number.into_owned(),
            first: self.parts.len(),
            last: None,
            brace: match element.child_text("group-symbol") {
                "brace" => Some(true),
                "bracket" | "square" | "line" => Some(false),
                _ => None,
            },
        });
    }

    /// The groups with a sign, an outer one before those inside it. Brackets cannot cross.
    pub(super) fn groups(&self, parts: usize, remarks: &mut Remarks) -> Vec<Group> {
        let last_part = parts.saturating_sub(1);
        let mut groups: Vec<Group> = Vec::new();
        let mut sorted: Vec<&RawGroup> = self.groups.iter().collect();
        let end = |group: &RawGroup| group.last.unwrap_or(last_part);
        sorted.sort_by_key(|group| (group.first, std::cmp::Reverse(end(group))));
        for group in sorted {
            let Some(brace) = group.brace.filter(|_| group.first <= last_part) else {
                continue;
            };
            let (first, last) = (group.first, end(group));
            if groups
                .iter()
                .any(|g| g.first < first && first <= g.last && g.last < last)
            {
                remarks.note(Where::default(), "groups of parts cross: one is left out");
                continue;
            }
            groups.push(Group { brace, first, last });
        }
        groups
    }

    /// What is known of the piece, the title as far as the file has one anywhere.
    pub(super) fn metadata(&mut self) -> Metadata {
        let mut metadata = std::mem::take(&mut self.metadata);
        if metadata.title.is_empty() {
            metadata.title = std::mem::take(&mut self.movement);
        } else if !self.movement.is_empty() && self.movement != metadata.title {
            metadata.title = format!("{} - {}", metadata.title, self.movement);
        }
        if metadata.title.is_empty() {
            metadata.title = std::mem::take(&mut self.printed.0);
        }
        if metadata.composer.is_empty() {
            metadata.composer = std::mem::take(&mut self.printed.1);
        }
        metadata
    }
}

/// Several of a kind are told one after another, as the fields of ABC are.
fn append(all: &mut String, text: &str) {
    if !all.is_empty() && !text.is_empty() {
        all.push_str(", ");
    }
    all.push_str(text);
}

fn score_part(element: Element<'_, '_>, part: &mut RawPart) {
    let text = |name: &str| {
        let name = element.child(name).map_or("", Element::text);
        // One of several lines can be set apart from its element.
        let name = if name.contains('\n') {
            name.trim()
        } else {
            name
        };
        name.to_owned()
    };
    part.part.name = text("part-name");
    part.part.short_name = text("part-abbreviation");
    let mut program = None;
    for child in element.children() {
        let id = child.attribute("id").unwrap_or_default();
        match child.name() {
            "score-instrument" => {
                part.instruments.entry(id.into_owned()).or_default();
            }
            "midi-instrument" => {
                let midi = numbers::whole::<u8>(child.child_text("midi-unpitched"));
                let midi = midi.filter(|n| (1..=128).contains(n)).map(|n| n - 1);
                part.instruments.insert(id.into_owned(), midi);
                let number = numbers::whole::<u8>(child.child_text("midi-program"));
                let number = number.filter(|n| (1..=128).contains(n));
                program = program.or(number.map(|n| n - 1));
            }
            _ => {}
        }
    }
    // What the name says anyway need not be remembered; it is what is written for a part without program.
    let by_name = instruments::of_name(&part.part.name);
    part.part.program = program.filter(|n| *n != by_name);
}
