//! Numbers of slurs and lines that are open at the same time in a part.

use crate::event::Span;

/// The highest number that MusicXML has.
const MAX_NUMBER: u8 = 16;

/// What has numbers: slurs, and lines of each kind.
pub(super) trait Numbered: Copy + PartialEq {
    /// What tells apart those that share no numbers.
    type Family: PartialEq;

    /// The family it belongs to.
    fn family(self) -> Self::Family;

    /// Whether only one of its kind is open in a voice at a time, so that a second one ends the first.
    fn is_single(self) -> bool;
}

/// Open slurs or lines of a part.
#[derive(Clone, Debug)]
pub(super) struct Numbers<K> {
    open: Vec<(K, usize, u8)>,
}

impl<K: Numbered> Numbers<K> {
    pub(super) const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// The number for one that begins in `voice`; `None` if all are taken.
    pub(super) fn start(&mut self, kind: K, voice: usize) -> Option<u8> {
        if kind.is_single() {
            self.stop(kind, voice);
        }
        let taken = |n: u8| {
            let mut open = self.open.iter();
            open.any(|(k, _, taken)| k.family() == kind.family() && *taken == n)
        };
        let number = (1..=MAX_NUMBER).find(|n| !taken(*n))?;
        self.open.push((kind, voice, number));
        Some(number)
    }

    /// The number of the one that ends in `voice`: the last of its kind that began there.
    pub(super) fn stop(&mut self, kind: K, voice: usize) -> Option<u8> {
        let at = self
            .open
            .iter()
            .rposition(|(k, v, _)| *k == kind && *v == voice)?;
        Some(self.open.remove(at).2)
    }
}

/// A slur.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slur;

impl Numbered for Slur {
    type Family = ();

    fn family(self) {}

    fn is_single(self) -> bool {
        false
    }
}

impl Numbered for Span {
    type Family = Line;

    fn family(self) -> Line {
        Line::from(self)
    }

    fn is_single(self) -> bool {
        true
    }
}

/// Lines that share an element in MusicXML share its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Wedge,
    OctaveShift,
    Pedal,
    Wavy,
    Slide,
    Glissando,
}

impl From<Span> for Line {
    fn from(span: Span) -> Self {
        match span {
            Span::Crescendo | Span::Diminuendo => Self::Wedge,
            Span::OctaveUp | Span::OctaveDown | Span::TwoOctavesUp | Span::TwoOctavesDown => {
                Self::OctaveShift
            }
            Span::Pedal => Self::Pedal,
            Span::Trill => Self::Wavy,
            Span::Slide => Self::Slide,
            Span::Glissando => Self::Glissando,
        }
    }
}
