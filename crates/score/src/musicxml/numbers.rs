//! Numbers of slurs and lines that are open at the same time in a part.

use crate::event::Span;

/// The highest number that MusicXML has.
const MAX_NUMBER: u8 = 16;

/// Open slurs or lines of a part. `K` tells apart those that share no numbers.
#[derive(Clone, Debug)]
pub(super) struct Numbers<K> {
    open: Vec<(K, usize, u8)>,
}

impl<K: Copy + PartialEq> Numbers<K> {
    pub(super) const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// The number for one that begins in `voice`; `None` if all are taken.
    pub(super) fn start(&mut self, kind: K, voice: usize) -> Option<u8> {
        let taken = |n: u8| {
            self.open
                .iter()
                .any(|(k, _, taken)| *k == kind && *taken == n)
        };
        let number = (1..=MAX_NUMBER).find(|n| !taken(*n))?;
        self.open.push((kind, voice, number));
        Some(number)
    }

    /// The number of the one that ends in `voice`: the last that began there.
    pub(super) fn stop(&mut self, kind: K, voice: usize) -> Option<u8> {
        let at = self
            .open
            .iter()
            .rposition(|(k, v, _)| *k == kind && *v == voice)?;
        Some(self.open.remove(at).2)
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
