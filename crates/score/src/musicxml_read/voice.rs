//! One voice of a part: its notes one after another, with rests where the file has none.

use super::raw::{Change, Entry, Hit, Moment, RawEvent, RawGrace, RawTuplet, Signature, What};
use super::remarks::{Remarks, Where};
use super::slurs::OpenSlur;
use super::{tremolos, tuplets};
use crate::abc::fit::HAIR;
use crate::event::{Content, Direction, Event, GraceGroup, Item, Mark, Note, Tremolo};
use crate::fraction::Fraction;
use crate::limits;
use crate::score::VoiceBar;
use crate::signature::{Clef, Key};

/// What a voice has in one bar.
#[derive(Default, Debug)]
pub(super) struct BuiltBar {
    pub(super) bar: VoiceBar,
    /// How long its events are together.
    pub(super) length: Fraction,
    /// It has nothing, or a rest that is as long as the bar whatever that is.
    pub(super) elastic: bool,
}

/// A note of the voice, by bar, item, place among grace notes, and place in its chord.
pub(super) type NotePlace = (usize, usize, usize, usize);

/// Reads one voice, bar by bar.
#[derive(Debug)]
pub(super) struct VoiceBuilder {
    pub(super) bars: Vec<BuiltBar>,
    /// The unpitched notes.
    pub(super) hits: Vec<(NotePlace, Hit)>,
    /// How many notes have a pitch.
    pub(super) pitched: usize,
    home: u8,
    staff: u8,
    /// Clef and key of each staff now, as far as the signatures were passed.
    now: Vec<(Clef, Key)>,
    /// The staves whose clefs changed at the place where the voice is.
    changed: Vec<u8>,
    /// The clef of each staff and the key that the voice knows of.
    clefs: Vec<Clef>,
    key: Key,
    pub(super) slurs: Vec<OpenSlur>,
    pub(super) items: Vec<Item>,
    /// Brackets of tuplets at the events of the bar.
    brackets: Vec<Vec<RawTuplet>>,
    pub(super) place: Where,
}

impl VoiceBuilder {
    /// A voice that lives on a staff. `signatures` are clef and key of each staff at the beginning.
    pub(super) fn new(
        home: u8,
        signatures: &[(Clef, Key)],
        part: usize,
        label: Option<u16>,
    ) -> Self {
        let own = usize::from(home.saturating_sub(1));
        Self {
            bars: Vec::new(),
            hits: Vec::new(),
            pitched: 0,
            home,
            staff: home,
            now: signatures.to_vec(),
            changed: Vec::new(),
            clefs: signatures.iter().map(|(clef, _)| *clef).collect(),
            key: signatures.get(own).map_or(Key::default(), |(_, key)| *key),
            slurs: Vec::new(),
            items: Vec::new(),
            brackets: Vec::new(),
            place: Where {
                part: Some(part),
                label,
                ..Where::default()
            },
        }
    }

    /// Reads what the voice has in a bar. `signatures` are those of the part in it, in the order of time.
    pub(super) fn read(
        &mut self,
        entries: Vec<Entry>,
        signatures: &[Signature],
        remarks: &mut Remarks,
    ) {
        let bar = self.bars.len();
        self.place.bar = Some(bar);
        let mut signatures = signatures.iter().peekable();
        let (mut position, mut length) = (Fraction::ZERO, Fraction::ZERO);
        let is_event = |entry: &Entry| matches!(entry.what, What::Event(_));
        let mut events_left = entries.iter().filter(|entry| is_event(entry)).count();
        let only_event = events_left == 1;
        let mut whole_bar = false;
        // Staff and moment of the next note, for the signs before it.
        let mut ahead: Vec<Option<(u8, Moment)>> = Vec::with_capacity(entries.len());
        let mut next = None;
        for entry in entries.iter().rev() {
            ahead.push(next);
            if matches!(entry.what, What::Event(_) | What::Grace(_)) {
                next = Some((entry.staff.unwrap_or(1), entry.moment));
            }
        }
        for (entry, ahead) in entries.into_iter().zip(ahead.into_iter().rev()) {
            self.place.position = entry.position;
            let gap = entry.moment.at.checked_sub(position);
            if let Some(gap) = gap.filter(|gap| *gap >= HAIR) {
                self.push_event(Event::rest(gap, false), Vec::new());
                length = length.checked_add(gap).unwrap_or(length);
            }
            position = position.max(entry.moment.at);
            // Of all signs before a note, keys and clefs are the first.
            let note = match (&entry.what, ahead) {
                (What::Event(_) | What::Grace(_), _) => Some(entry.moment),
                (_, Some((_, note))) if note.at == entry.moment.at => Some(note),
                _ => None,
            };
            let at = entry.moment.at;
            self.pass(&mut signatures, |s| match note {
                Some(note) => is_before(s.moment, note),
                None => s.moment.at <= at,
            });
            match entry.what {
                What::Event(raw) => {
                    events_left -= 1;
                    self.go_to(entry.staff.unwrap_or(1));
                    position = position.checked_add(raw.span).unwrap_or(position);
                    whole_bar |= raw.whole_bar && only_event;
                    let duration = self.event(*raw, events_left == 0, remarks);
                    length = length.checked_add(duration).unwrap_or(length);
                }
                What::Grace(raw) => {
                    self.go_to(entry.staff.unwrap_or(1));
                    self.grace(*raw, remarks);
                }
                What::Sign(item) => {
                    self.go_with(
                        entry.staff,
                        ahead.map(|(staff, _)| staff),
                        entry.label.is_some(),
                    );
                    self.items.push(*item);
                }
                What::Line(line) => {
                    self.go_with(
                        entry.staff,
                        ahead.map(|(staff, _)| staff),
                        entry.label.is_some(),
                    );
                    let direction = match (line.starts, line.ends) {
                        (Some(span), _) => Direction::Start(span),
                        (None, Some(span)) => Direction::Stop(span),
                        (None, None) => continue,
                    };
                    self.items.push(Item::Direction(direction));
                }
            }
        }
        // What changed during the last note is heard at its end.
        self.pass(&mut signatures, |s| s.moment.at <= position);
        while let Some(signature) = signatures.peek() {
            let moment = signature.moment;
            let gap = moment.at.checked_sub(position).filter(|gap| *gap >= HAIR);
            if let Some(gap) = gap.filter(|_| signature.staff.is_none_or(|s| s == self.staff)) {
                self.push_event(Event::rest(gap, false), Vec::new());
                length = length.checked_add(gap).unwrap_or(length);
                position = moment.at;
            }
            self.pass(&mut signatures, |s| s.moment == moment);
        }
        self.group_tuplets(remarks);
        break_beams(&mut self.items);
        if !tremolos::pair(&mut self.items) {
            remarks.note(
                self.place,
                "a tremolo between two notes has only one: it is on that note",
            );
        }
        let is_plain = |item: &Item| !matches!(item, Item::Event(e) if !e.ratio.is_none());
        let one_rest = whole_bar && self.brackets.len() == 1 && self.items.iter().all(is_plain);
        let mut items = std::mem::take(&mut self.items);
        items.shrink_to_fit();
        let bar = BuiltBar {
            elastic: self.brackets.is_empty() || one_rest,
            bar: VoiceBar { items },
            length,
        };
        limits::push(&mut self.bars, bar);
        self.brackets.clear();
    }

    fn push_event(&mut self, event: Event, brackets: Vec<RawTuplet>) {
        self.items.push(Item::Event(event));
        self.brackets.push(brackets);
    }

    /// Takes in the signatures up to a place, and tells the voice what is new on its staff.
    fn pass<'s>(
        &mut self,
        signatures: &mut std::iter::Peekable<impl Iterator<Item = &'s Signature>>,
        before: impl Fn(&Signature) -> bool,
    ) {
        self.changed.clear();
        while let Some(signature) = signatures.next_if(|s| before(s)) {
            let staves = self.now.iter_mut().zip(1u8..);
            let meant = staves.filter(|(_, staff)| signature.staff.is_none_or(|s| s == *staff));
            for ((clef, key), staff) in meant {
                match signature.change {
                    Change::Clef(new) => {
                        *clef = new;
                        self.changed.push(staff);
                    }
                    Change::Key(new) => *key = new,
                }
            }
        }
        self.hear(true);
    }

    /// Tells the voice the key of the staff it lives on and the clef of the staff it is on, if they are not
    /// what it knows.
    fn hear(&mut self, clef_too: bool) {
        let home = self.now.get(usize::from(self.home.saturating_sub(1)));
        if let Some((_, key)) = home.filter(|(_, key)| *key != self.key) {
            self.key = *key;
            self.items.push(Item::Key(*key));
        }
        let at = usize::from(self.staff.saturating_sub(1));
        let (Some((clef, _)), Some(known)) = (self.now.get(at), self.clefs.get_mut(at)) else {
            return;
        };
        if known != clef {
            *known = *clef;
            if clef_too {
                self.items.push(Item::Clef(*clef));
            }
        }
    }

    /// Moves the voice to a staff.
    fn go_to(&mut self, staff: u8) {
        if staff != self.staff {
            self.staff = staff;
            self.items.push(Item::Staff(staff));
            // A guest on a staff sees its clef; only who lives there has to hear of it, unless it is new.
            self.hear(staff == self.home || self.changed.contains(&staff));
        }
    }

    /// A sign on the staff of the next note stands there, and so does one that says it is of this voice.
    fn go_with(&mut self, staff: Option<u8>, next: Option<u8>, is_own: bool) {
        if let Some(staff) = staff.filter(|_| staff == next || is_own) {
            self.go_to(staff);
        }
    }

    /// Adds an event and gives its duration.
    fn event(&mut self, raw: RawEvent, is_last: bool, remarks: &mut Remarks) -> Fraction {
        let RawEvent {
            mut event, hits, ..
        } = raw;
        if raw.disagrees {
            self.settle(&mut event, is_last, raw.whole_bar, remarks);
        }
        if let (Content::Rest { .. }, Some(Tremolo::Single(_))) = (&event.content, event.tremolo) {
            event.tremolo = None;
        }
        let at = (self.bars.len(), self.items.len(), 0);
        let is_rest = matches!(event.content, Content::Rest { .. });
        let duration = event.duration;
        self.remember_hits(at, &hits);
        self.push_event(event, raw.tuplets);
        if is_rest && !raw.slurs.is_empty() {
            remarks.leave_out(self.place, "a slur at a rest");
        } else {
            self.slur(&raw.slurs, at, remarks);
        }
        duration
    }

    /// What is printed is not what the file says it lasts. The last event of a bar may be out by a hair, which
    /// makes up for rounded lengths before it; otherwise the duration decides.
    fn settle(&self, event: &mut Event, is_last: bool, whole_bar: bool, remarks: &mut Remarks) {
        let factor = event.ratio.factor();
        let exact = factor.and_then(|f| event.written.checked_mul(f));
        let near = exact.and_then(|exact| {
            let (long, short) = (exact.max(event.duration), exact.min(event.duration));
            long.checked_sub(short)
        });
        if is_last && near.is_some_and(|gap| gap < HAIR) {
            return;
        }
        let is_usual = match event.content {
            // A whole rest stands for a bar of any length.
            Content::Rest { .. } => whole_bar || event.written == Fraction::ONE,
            Content::Notes(_) => false,
        };
        if !is_usual {
            let message = format!(
                "printed is a note of {}, but it lasts {}: it is printed as long as it lasts",
                event.written, event.duration
            );
            remarks.note(self.place, message);
        }
        let written = factor.and_then(|f| event.duration.checked_div(f));
        event.written = written.unwrap_or(event.duration);
    }

    fn grace(&mut self, raw: RawGrace, remarks: &mut Remarks) {
        let joins =
            matches!(self.items.last(), Some(Item::Grace(group)) if group.slash == raw.slash);
        if !joins {
            self.items.push(Item::Grace(GraceGroup {
                slash: raw.slash,
                notes: Vec::new(),
            }));
        }
        let item = self.items.len() - 1;
        let Some(Item::Grace(group)) = self.items.last_mut() else {
            return;
        };
        let at = (self.bars.len(), item, group.notes.len());
        group.notes.push(raw.grace);
        self.remember_hits(at, &raw.hits);
        self.slur(&raw.slurs, at, remarks);
    }

    fn remember_hits(&mut self, (bar, item, grace): (usize, usize, usize), hits: &[Option<Hit>]) {
        for (note, hit) in hits.iter().enumerate() {
            match hit {
                Some(hit) => self.hits.push(((bar, item, grace, note), *hit)),
                None => self.pitched += 1,
            }
        }
    }

    /// The note at a place.
    pub(super) fn note_at(&mut self, (bar, item, grace, note): NotePlace) -> Option<&mut Note> {
        match self.bars.get_mut(bar)?.bar.items.get_mut(item)? {
            Item::Event(event) => event.notes_mut().get_mut(note),
            Item::Grace(group) => group.notes.get_mut(grace)?.notes.get_mut(note),
            _ => None,
        }
    }

    fn group_tuplets(&mut self, remarks: &mut Remarks) {
        let mut events: Vec<&mut Event> = self
            .items
            .iter_mut()
            .filter_map(|item| match item {
                Item::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        if !tuplets::group(&mut events, &self.brackets) {
            remarks.note(
                self.place,
                "the brackets of tuplets do not fit the lengths of the notes",
            );
        }
    }
}

/// A beam leads from one note with flags to another. Beams over rests and barlines have no place.
fn break_beams(items: &mut [Item]) {
    let mut before = false;
    for item in items {
        let Item::Event(event) = item else { continue };
        let longest = match event.tremolo {
            // Printed twice as long.
            Some(Tremolo::First(_) | Tremolo::Second(_)) => Fraction::EIGHTH,
            _ => Fraction::QUARTER,
        };
        let has_stem = !event.notes().is_empty() && !event.marks.contains(&Mark::Stemless);
        let has_flag = has_stem && event.written < longest;
        event.beam_break |= !(before && has_flag);
        before = has_flag;
    }
}

/// Whether a signature stands before a note: earlier in time, or at the same time and earlier in the file, or in
/// what the file tells of other voices.
fn is_before(signature: Moment, note: Moment) -> bool {
    let is_earlier = signature.stream != note.stream || signature.order < note.order;
    signature.at < note.at || signature.at == note.at && is_earlier
}
