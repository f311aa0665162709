//! Pitches and accidentals.

/// The seven names of notes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum Step {
    C,
    D,
    E,
    F,
    G,
    A,
    B,
}

impl Step {
    /// The step with this letter, in either case.
    pub fn from_letter(letter: char) -> Option<Self> {
        Some(match letter.to_ascii_uppercase() {
            'C' => Self::C,
            'D' => Self::D,
            'E' => Self::E,
            'F' => Self::F,
            'G' => Self::G,
            'A' => Self::A,
            'B' => Self::B,
            _ => return None,
        })
    }

    /// The upper-case letter.
    pub const fn letter(self) -> char {
        match self {
            Self::C => 'C',
            Self::D => 'D',
            Self::E => 'E',
            Self::F => 'F',
            Self::G => 'G',
            Self::A => 'A',
            Self::B => 'B',
        }
    }

    /// Semitones above C.
    pub const fn semitones(self) -> i32 {
        match self {
            Self::C => 0,
            Self::D => 2,
            Self::E => 4,
            Self::F => 5,
            Self::G => 7,
            Self::A => 9,
            Self::B => 11,
        }
    }
}

/// A written pitch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pitch {
    /// The name of the note.
    pub step: Step,
    /// Semitones up or down, -2 to 2: the key, earlier accidentals of the bar and ties are in it.
    pub alter: i8,
    /// The octave that begins at C; 4 holds middle C. The octaves of the clef are in it.
    pub octave: i8,
}

/// An accidental in front of a note.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Accidental {
    DoubleFlat,
    Flat,
    Natural,
    Sharp,
    DoubleSharp,
}

impl Accidental {
    /// Semitones against the natural note.
    pub const fn alter(self) -> i8 {
        match self {
            Self::DoubleFlat => -2,
            Self::Flat => -1,
            Self::Natural => 0,
            Self::Sharp => 1,
            Self::DoubleSharp => 2,
        }
    }

    /// The accidental that alters by so many semitones; beyond two, the double one.
    pub const fn for_alter(alter: i8) -> Self {
        match alter {
            i8::MIN..=-2 => Self::DoubleFlat,
            -1 => Self::Flat,
            0 => Self::Natural,
            1 => Self::Sharp,
            2..=i8::MAX => Self::DoubleSharp,
        }
    }

    /// As ABC writes it.
    pub const fn abc(self) -> &'static str {
        match self {
            Self::DoubleFlat => "__",
            Self::Flat => "_",
            Self::Natural => "=",
            Self::Sharp => "^",
            Self::DoubleSharp => "^^",
        }
    }
}
