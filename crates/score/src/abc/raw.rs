//! Bars of one voice as they are read: where they begin and end.

use super::bars::BarToken;
use super::cursor::Cursor;
use super::music::VoiceReader;
use crate::diagnostic::{Findings, Position};
use crate::fraction::Fraction;
use crate::limits;
use crate::score::VoiceBar;
use crate::signature::Meter;

/// Further layers of one bar.
pub(super) const MAX_LAYERS: usize = 3;

/// Bytes of a bar of one voice while it is read.
pub(super) const RAW_BYTES: usize = limits::listed::<RawBar>();

/// A bar of one voice as it was read.
#[derive(Clone, Default, Debug)]
pub(super) struct RawBar {
    pub(super) bar: VoiceBar,
    pub(super) length: Fraction,
    pub(super) events: u32,
    pub(super) meter: Option<Meter>,
    /// The barline in front of its music, if one stands there besides the one that ended the bar before.
    pub(super) lead: Option<BarToken>,
    /// The barline that ended it; without one the text broke off.
    pub(super) end: Option<BarToken>,
    /// Not in the text at all.
    pub(super) missing: bool,
    pub(super) position: Position,
    /// How long the metre of this voice says it is.
    pub(super) full: Option<Fraction>,
    /// The other layers of a bar with `&`.
    pub(super) layers: Vec<(VoiceBar, Fraction)>,
    /// `&&` went back to it: it has its barlines already.
    pub(super) reopened: bool,
}

impl RawBar {
    /// Ready for another layer.
    fn reopen(mut self) -> Self {
        let layer = (
            std::mem::take(&mut self.bar),
            std::mem::take(&mut self.length),
        );
        self.layers.insert(0, layer);
        self.reopened = true;
        self
    }

    /// The layer written first is the voice itself, whatever was written after it.
    fn close_layers(&mut self) {
        if self.layers.is_empty() {
            return;
        }
        let (last, length) = (
            std::mem::take(&mut self.bar),
            std::mem::take(&mut self.length),
        );
        (self.bar, self.length) = self.layers.remove(0);
        if length.is_zero() {
            // Only signs came after the `&`; what they change holds for the voice.
            self.bar.items.extend(last.items);
        } else {
            self.layers.push((last, length));
        }
        self.layers.shrink_to_fit();
    }

    /// A layer by its place in the text, which is that of the bar once it is closed.
    pub(super) fn layer_mut(&mut self, layer: usize) -> Option<&mut VoiceBar> {
        match layer.checked_sub(1) {
            None => Some(&mut self.bar),
            Some(at) => self.layers.get_mut(at).map(|(bar, _)| bar),
        }
    }
}

impl VoiceReader {
    /// Bars read so far.
    pub(super) fn bar_count(&self) -> usize {
        self.handed_on + self.bars.len()
    }

    /// The bars that are not handed on yet; from now on they are.
    pub(super) fn hand_on(&mut self, count: usize) -> std::vec::Drain<'_, RawBar> {
        let count = count.min(self.bars.len());
        self.handed_on += count;
        self.bars.drain(..count)
    }

    /// Whether there is music since the last barline.
    pub(super) fn is_inside_bar(&self) -> bool {
        self.current.events > 0
    }

    pub(super) fn read_bar_token(
        &mut self,
        token: BarToken,
        cursor: &Cursor<'_>,
        closed_line: bool,
        findings: &mut Findings,
    ) {
        if self.current.reopened && self.current.length.is_zero() {
            return;
        }
        let more = !cursor.rest().trim().is_empty();
        if self.current.events == 0 && (!closed_line || more) {
            // No music since the last barline: this one belongs to it.
            match &mut self.current.lead {
                Some(lead) => lead.join(token),
                None => self.current.lead = Some(token),
            }
        } else {
            self.close_bar(Some(token), cursor.position(), findings);
        }
    }

    /// Ends the bar and begins the next.
    pub(super) fn close_bar(
        &mut self,
        end: Option<BarToken>,
        next: Position,
        findings: &mut Findings,
    ) {
        if self.broken.take().is_some() {
            findings.note(self.place_at(next), "a broken rhythm has no second note");
        }
        if !self.tuplets.is_empty() {
            findings.note(self.place_at(next), "a tuplet has fewer notes than it says");
        }
        self.end_tuplets();
        self.tremolo_second = None;
        self.accidentals.clear();
        self.space = true;
        let has_room = self.room.begin_bars(self.bar_count() + 1);
        let following = self.rewound.pop().unwrap_or_default();
        let mut bar = std::mem::replace(&mut self.current, following);
        if !bar.layers.is_empty() {
            bar.close_layers();
            self.last_notes = None;
        }
        bar.end = bar.end.or(end);
        bar.full = self.meter.bar_length();
        bar.reopened = false;
        if has_room {
            self.keep_bar(bar);
        }
        if !self.current.reopened {
            self.current.position = next;
        }
    }

    /// Nothing follows: barlines after the last one, as in `|] :|`, are part of it.
    pub(super) fn end_last_bar(&mut self) {
        if let (Some(lead), Some(last)) = (self.current.lead.take(), self.bars.last_mut()) {
            last.end.get_or_insert_default().join(lead);
        }
    }

    /// The voice has nothing in this line.
    pub(super) fn skip_bar(&mut self, position: Position, findings: &mut Findings) {
        self.forget_open_grace(position, findings);
        self.ties.clear();
        let mut bar = std::mem::take(&mut self.current);
        bar.missing = bar.events == 0 && bar.bar.items.is_empty();
        bar.position = position;
        self.keep_bar(bar);
    }

    fn keep_bar(&mut self, mut bar: RawBar) {
        bar.bar.items.shrink_to_fit();
        limits::push(&mut self.bars, bar);
    }

    /// `&`: another layer begins at the beginning of the bar, or after `&&` and more of them as many bars
    /// back. A bar that has no music yet is none of those.
    pub(super) fn begin_layer(&mut self, bars: usize, findings: &mut Findings) {
        let begun = !self.current.length.is_zero();
        if self.current.layers.len() >= MAX_LAYERS || !begun && !self.in_blocks {
            return;
        }
        if bars > 1 || !begun {
            self.rewind(bars, findings);
            return;
        }
        if !self.has_room_for_layer(self.current.layers.len()) {
            return;
        }
        self.end_tuplets();
        self.broken = None;
        self.tremolo_second = None;
        let mut bar = std::mem::take(&mut self.current.bar);
        bar.items.shrink_to_fit();
        let length = std::mem::take(&mut self.current.length);
        self.current.layers.push((bar, length));
        self.accidentals.clear();
        self.ties.clear();
        self.last_notes = None;
        self.space = true;
    }

    /// Whether a bar that has so many layers can have another, which all bars then have.
    fn has_room_for_layer(&mut self, layers: usize) -> bool {
        if layers < self.most_layers {
            return true;
        }
        self.most_layers = layers + 1;
        self.room.add_voices(1)
    }

    /// Goes back so many bars, to add a layer to each.
    fn rewind(&mut self, bars: usize, findings: &mut Findings) {
        let position = self.current.position;
        if !self.current.length.is_zero() {
            self.close_bar(None, position, findings);
        }
        let start = self.bars.len().saturating_sub(bars);
        let full = |bar: &RawBar| bar.layers.len() >= MAX_LAYERS;
        let over = self.bars.get(start..).unwrap_or(&[]);
        if !self.in_blocks || !self.rewound.is_empty() || over.is_empty() || over.iter().any(full) {
            findings.note(
                self.place_at(position),
                "an overlay goes back to no bar: left out",
            );
            return;
        }
        let most = over.iter().map(|bar| bar.layers.len()).max();
        if !self.has_room_for_layer(most.unwrap_or(0)) {
            return;
        }
        self.rewound.push(std::mem::take(&mut self.current));
        let over = self.bars.drain(start..).rev();
        self.rewound.extend(over.map(RawBar::reopen));
        self.current = self.rewound.pop().unwrap_or_default();
        self.accidentals.clear();
        self.ties.clear();
        self.last_notes = None;
        self.space = true;
    }
}
