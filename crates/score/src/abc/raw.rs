//! Bars of one voice as they are read: where they begin and end.

use super::bars::BarToken;
use super::cursor::Cursor;
use super::music::VoiceReader;
use crate::diagnostic::{Findings, Position};
use crate::fraction::Fraction;
use crate::score::VoiceBar;
use crate::signature::Meter;

/// Further layers of one bar.
const MAX_LAYERS: usize = 3;

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
}

impl VoiceReader {
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
        let mut bar = std::mem::take(&mut self.current);
        if !bar.layers.is_empty() {
            // The layer written first is the voice itself.
            bar.layers.push((bar.bar, bar.length));
            (bar.bar, bar.length) = bar.layers.remove(0);
            self.last_notes = None;
        }
        bar.end = end;
        bar.full = self.meter.bar_length();
        self.bars.push(bar);
        self.current.position = next;
    }

    /// The voice has nothing in this line.
    pub(super) fn skip_bar(&mut self, position: Position, findings: &mut Findings) {
        self.forget_open_grace(position, findings);
        self.ties.clear();
        let mut bar = std::mem::take(&mut self.current);
        bar.missing = bar.events == 0 && bar.bar.items.is_empty();
        bar.position = position;
        self.bars.push(bar);
    }

    /// `&`: another layer begins at the beginning of the bar. There is none before the first has music.
    pub(super) fn begin_layer(&mut self) {
        if self.current.length.is_zero() || self.current.layers.len() >= MAX_LAYERS {
            return;
        }
        self.end_tuplets();
        self.broken = None;
        self.tremolo_second = None;
        let bar = std::mem::take(&mut self.current.bar);
        let length = std::mem::take(&mut self.current.length);
        self.current.layers.push((bar, length));
        self.accidentals.clear();
        self.ties.clear();
        self.last_notes = None;
        self.space = true;
    }
}
