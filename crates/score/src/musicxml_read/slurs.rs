//! Slurs of one voice, matched by their numbers.

use super::raw::RawSlur;
use super::remarks::{Remarks, Where};
use super::voice::VoiceBuilder;
use crate::event::{Item, Slurs};

/// Slurs of one voice open at once.
const MAX_OPEN_SLURS: usize = 16;

/// A slur that has not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSlur {
    number: u8,
    /// Bar, item, and place among grace notes.
    at: (usize, usize, usize),
    place: Where,
}

impl VoiceBuilder {
    /// Begins and ends slurs at an event or grace note. Only those with both ends are kept.
    pub(super) fn slur(
        &mut self,
        ends: &[RawSlur],
        at: (usize, usize, usize),
        remarks: &mut Remarks,
    ) {
        let place = self.place;
        let mut begin = |slurs: &mut Vec<OpenSlur>, number: u8| {
            let before = slurs.iter().position(|slur| slur.number == number);
            if let Some(before) = before.map(|i| slurs.remove(i)) {
                remarks.note(before.place, "a slur has only one end: left out");
            }
            if slurs.len() < MAX_OPEN_SLURS {
                slurs.push(OpenSlur { number, at, place });
            }
        };
        let is_open = |slurs: &[OpenSlur], number| slurs.iter().any(|s| s.number == number);
        // One that begins and ends here has to begin first; all others end first.
        let around_one = |end: &&RawSlur| {
            let stops = ends.iter().any(|e| e.number == end.number && !e.starts);
            end.starts && stops && !is_open(&self.slurs, end.number)
        };
        let around: Vec<u8> = ends
            .iter()
            .filter(around_one)
            .map(|end| end.number)
            .collect();
        for number in &around {
            begin(&mut self.slurs, *number);
        }
        let mut ended = Vec::new();
        for end in ends.iter().filter(|end| !end.starts) {
            let found = self.slurs.iter().position(|slur| slur.number == end.number);
            ended.push(found.map(|i| (i, self.slurs.remove(i))));
        }
        for end in ends
            .iter()
            .filter(|end| end.starts && !around.contains(&end.number))
        {
            begin(&mut self.slurs, end.number);
        }
        for ended in ended {
            match ended {
                Some((_, slur)) if slur.at == at => {
                    remarks.note(place, "a slur begins and ends at the same note: left out");
                }
                Some((i, slur)) => {
                    let inside = self.slurs.iter().skip(i);
                    if inside
                        .into_iter()
                        .any(|other| other.at != at && other.at != slur.at)
                    {
                        remarks.note(place, "slurs cross: they are taken to be inside each other");
                    }
                    if let Some(begun) = self.slurs_at(slur.at) {
                        begun.starts = begun.starts.saturating_add(1);
                    }
                    if let Some(here) = self.slurs_at(at) {
                        here.stops = here.stops.saturating_add(1);
                    }
                }
                None => remarks.note(place, "a slur has only one end: left out"),
            }
        }
    }

    fn slurs_at(&mut self, (bar, item, grace): (usize, usize, usize)) -> Option<&mut Slurs> {
        let items = match self.bars.get_mut(bar) {
            Some(built) => &mut built.bar.items,
            None => &mut self.items,
        };
        match items.get_mut(item)? {
            Item::Event(event) => Some(&mut event.slurs),
            Item::Grace(group) => Some(&mut group.notes.get_mut(grace)?.slurs),
            _ => None,
        }
    }

    /// Slurs that nothing ended are said.
    pub(super) fn finish(&mut self, remarks: &mut Remarks) {
        for slur in self.slurs.drain(..) {
            remarks.note(slur.place, "a slur has only one end: left out");
        }
    }
}
