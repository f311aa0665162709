//! Metres and keys, bar by bar.
//!
//! A bar that is shorter or longer than its metre, such as a pickup, is given a metre of its own: programs
//! that draw bars by the metres would be out from there on. The key is the sounding one of the first voice
//! that is not percussion.

use midly::MetaMessage;

use super::timeline::ticks;
use crate::event::Item;
use crate::fraction::Fraction;
use crate::score::{Bar, Score};
use crate::signature::{ClefSign, Key, Meter, Mode};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signature {
    /// So many beats of the whole note halved so often.
    Meter {
        beats: u8,
        halvings: u8,
    },
    Key {
        fifths: i8,
        minor: bool,
    },
}

impl Signature {
    pub(super) fn message(self) -> MetaMessage<'static> {
        match self {
            // 24 MIDI clocks and 8 32nds to a quarter note, as everybody has it.
            Self::Meter { beats, halvings } => MetaMessage::TimeSignature(beats, halvings, 24, 8),
            Self::Key { fifths, minor } => MetaMessage::KeySignature(fifths, minor),
        }
    }
}

/// The signatures in force in each bar, those at its beginning and those inside it.
pub(super) struct Signatures {
    bars: Vec<Vec<(i64, Signature)>>,
}

impl Signatures {
    pub(super) fn new(score: &Score) -> Self {
        let pitched = |(_, voice): &(usize, &crate::score::Voice)| {
            voice.clef.sign != ClefSign::Percussion && !voice.key.none
        };
        let lead = score.voices.iter().enumerate().find(pitched);
        let transpose = lead.map_or(0, |(_, voice)| voice.transpose);
        let mut key = lead.map_or(score.key, |(_, voice)| voice.key);
        let mut meter = Meter::Free;
        let mut bars = Vec::with_capacity(score.bars.len());
        for bar in &score.bars {
            meter = bar.meter.unwrap_or(meter);
            let mut found: Vec<(i64, Signature)> = Vec::new();
            found.extend(signature_of(meter, bar).map(|meter| (0, meter)));
            found.push((0, sounding(key, transpose)));
            let voice = lead.and_then(|(v, _)| bar.voices.get(v));
            for (position, item) in voice.iter().flat_map(|voice| voice.placed()) {
                if let Item::Key(new) = item {
                    key = *new;
                    let tick = ticks(position);
                    if tick == 0 {
                        found.pop();
                    }
                    found.push((tick, sounding(key, transpose)));
                }
            }
            bars.push(found);
        }
        Self { bars }
    }

    pub(super) fn of_bar(&self, bar: usize) -> &[(i64, Signature)] {
        self.bars.get(bar).map_or(&[], Vec::as_slice)
    }
}

/// Units of metres shorter than this, of 1/128, are names for the remains of a bar that no sequencer knows.
const MOST_HALVINGS: u32 = 7;

/// The metre of a bar, or what it is as long as. Without a metre, and if MIDI has no name for it, nothing.
fn signature_of(meter: Meter, bar: &Bar) -> Option<Signature> {
    let (beats, unit) = match meter {
        Meter::Numbers { beats, unit } => (i64::from(beats), i64::from(unit)),
        Meter::Common => (4, 4),
        Meter::Cut => (2, 2),
        Meter::Free => return None,
    };
    let (beats, unit) = if meter.bar_length() == Some(bar.length) {
        (beats, unit)
    } else {
        let unit = unit.max(bar.length.den());
        let beats = bar.length.checked_mul(Fraction::whole(unit))?;
        (if beats.den() == 1 { beats.num() } else { 0 }, unit)
    };
    let halvings = unit
        .checked_ilog2()
        .filter(|k| *k <= MOST_HALVINGS && 1 << k == unit)?;
    Some(Signature::Meter {
        beats: u8::try_from(beats).ok().filter(|beats| *beats > 0)?,
        halvings: u8::try_from(halvings).ok()?,
    })
}

/// The key that sounds when one is written for a transposing instrument.
fn sounding(key: Key, transpose: i8) -> Signature {
    let fifths = if transpose % 12 == 0 {
        key.fifths.clamp(-7, 7)
    } else {
        // A semitone up is seven fifths up, or five down; the nearer side of the circle is taken.
        let fifths = i16::from(key.fifths) + 7 * i16::from(transpose);
        i8::try_from((fifths + 5).rem_euclid(12) - 5).unwrap_or(0)
    };
    let minor = key.mode == Mode::Minor;
    Signature::Key { fifths, minor }
}
