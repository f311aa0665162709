//! Clefs, keys, metres and tempi.

use crate::fraction::Fraction;
use crate::pitch::Step;

/// The sign of a clef.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClefSign {
    /// Treble family.
    G,
    /// Alto and tenor family.
    C,
    /// Bass family.
    F,
    /// Unpitched percussion.
    Percussion,
    /// Tablature.
    Tab,
}

/// A clef.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Clef {
    /// The sign.
    pub sign: ClefSign,
    /// The staff line it stands on, 1 the lowest.
    pub line: u8,
    /// Octaves by which the notes sound above what ABC writes: -1 for `treble-8`.
    pub octaves: i8,
}

impl Clef {
    /// The treble clef, which a voice has that names none.
    pub const TREBLE: Self = Self {
        sign: ClefSign::G,
        line: 2,
        octaves: 0,
    };
}

impl Default for Clef {
    fn default() -> Self {
        Self::TREBLE
    }
}

/// The mode of a key; it changes nothing but what the key is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Mode {
    /// Also Ionian.
    #[default]
    Major,
    /// Also Aeolian.
    Minor,
    /// As D to D on white keys.
    Dorian,
    /// As E to E.
    Phrygian,
    /// As F to F.
    Lydian,
    /// As G to G.
    Mixolydian,
    /// As B to B.
    Locrian,
}

/// A key signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Key {
    /// Sharps, or flats if negative; -7 to 7.
    pub fifths: i8,
    /// The mode, by which the tonic is found.
    pub mode: Mode,
    /// No signature because there is no key (`K:none`), not because it is C major.
    pub none: bool,
}

impl Key {
    /// By how many semitones the signature alters `step`.
    pub fn alter(self, step: Step) -> i8 {
        const SHARPS: [Step; 7] = [
            Step::F,
            Step::C,
            Step::G,
            Step::D,
            Step::A,
            Step::E,
            Step::B,
        ];
        let count = usize::from(self.fifths.unsigned_abs()).min(7);
        if self.fifths >= 0 {
            i8::from(SHARPS.iter().take(count).any(|&s| s == step))
        } else {
            -i8::from(SHARPS.iter().rev().take(count).any(|&s| s == step))
        }
    }
}

/// How a metre is printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Meter {
    /// Two numbers, such as 3 and 4.
    Numbers {
        /// Beats in a bar.
        beats: u16,
        /// The beat, as the denominator of a whole note.
        unit: u16,
    },
    /// C, which is 4/4.
    Common,
    /// C with a stroke, which is 2/2.
    Cut,
    /// No metre: bars are as long as they are.
    Free,
}

impl Meter {
    /// The length of a full bar in whole notes; `None` without a metre.
    pub fn bar_length(self) -> Option<Fraction> {
        match self {
            Self::Numbers { beats, unit } => Fraction::new(i64::from(beats), i64::from(unit)),
            Self::Common | Self::Cut => Some(Fraction::ONE),
            Self::Free => None,
        }
    }
}

/// A tempo mark: words, a metronome number, or both.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tempo {
    /// The words, such as `Allegro`; may be empty.
    pub words: String,
    /// The length of the beat that is counted, in whole notes, and how many of them fill a minute.
    pub beats: Option<(Fraction, Fraction)>,
}
