//! The guard: which character may come next in a text that a model writes.
//!
//! A NotaGen model writes a score character by character. Most of what it gets wrong is form: a voice
//! of a bar is too long, a voice comes twice, the counter of the line skips. The guard reads the text as it
//! is written, from the first line of the header on, and says at each place which of the 128 characters
//! leave a text that can still become a score. Masked by it, a model can write only texts in which every
//! voice of every bar is equally long.
//!
//! Two promises hold. [`Guard::allowed`] is never empty before the piece is over: nothing is allowed that
//! cannot be completed (see `clock` for lengths, the hard part). And [`Guard::accept`] takes exactly what
//! `allowed` has, because it asks it.
//!
//! The state is a small value, so that a copy can be kept for every patch to go back to; what the header
//! said, and what goes on from bar to bar, is shared between copies.
//!
//! The layers, outermost first: this file (patches, the end of the piece), `header`, `line` (counter,
//! voices, barlines), `music` (one voice in one bar), `clock` (the length rule), `words` over `tables`
//! (closed vocabularies). Beside them `writing`: what a sampler had better leave out of what may come.
//!
//! **Patches.** The model writes in patches of sixteen characters, and a stretch of text (a line of the
//! header; in the music what stands before each barline but the last) begins in a patch of its own: the patch
//! before ends early, with the token 2. So the last barline of a line is the only one inside a patch, which
//! decides between another voice and the end of the line before the barline is there. The guard counts along.

mod clock;
mod header;
mod line;
mod music;
mod number;
mod refused;
mod tables;
pub(crate) mod vocabulary;
mod words;
mod writing;

use std::sync::Arc;

use header::{Header, Reader, Section};
use line::{Carry, Line};
use music::Carried;
pub use refused::{Reason, Refused};

/// Which of the 128 characters may come next: bit c for character c.
pub type Allowed = u128;

/// The token that ends a patch before it is full, and after [`END_OF_PIECE`] the piece.
pub const END_OF_PATCH: u8 = 2;
/// The token that begins the patch after the last line.
pub const END_OF_PIECE: u8 = 1;

/// Characters of a patch.
const PATCH: u8 = 16;

const fn bit(c: u8) -> Allowed {
    1 << (c & 127)
}

const fn set(chars: &[u8]) -> Allowed {
    let mut all = 0;
    let mut rest = chars;
    while let [first, others @ ..] = rest {
        all |= bit(*first);
        rest = others;
    }
    all
}

/// These characters if the condition holds.
const fn when(holds: bool, allowed: Allowed) -> Allowed {
    if holds { allowed } else { 0 }
}

/// How the next character stands to the patches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cut {
    /// A barline here may be the last of its line.
    last: bool,
    /// A barline here may have another voice, or music, after it.
    splits: bool,
    /// Nothing but a barline may come.
    only: bool,
    /// The patch may end here.
    may_close: bool,
}

/// Where the text stands in its patches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Patches {
    /// Nobody counts.
    Off,
    /// At the start of a stretch.
    Start,
    /// In a patch of which this many characters are there.
    Inside(u8),
    /// The last patch was filled exactly: the stretch may be over or not.
    Filled,
    /// After the line break that ends a stretch inside a patch.
    LineBreak,
}

#[derive(Clone, Debug)]
enum State {
    Header(Reader),
    Body(Line),
    /// After the last line, and after [`END_OF_PIECE`].
    Over(bool),
    Complete,
}

/// An incremental acceptor of NotaGen's text, from the first line of the header on.
#[derive(Clone, Debug)]
pub struct Guard {
    header: Arc<Header>,
    carried: Arc<[Carried]>,
    state: State,
    patches: Patches,
    lines: Option<u32>,
    lenient: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard {
    /// At the first line of the header, after the style lines, at the start of a patch.
    pub fn new() -> Self {
        Self {
            header: Arc::new(Header::default()),
            carried: Arc::new([]),
            state: State::Header(Reader::new()),
            patches: Patches::Start,
            lines: None,
            lenient: true,
        }
    }

    /// The same for text that is not cut into patches: [`END_OF_PATCH`] comes only at the end.
    pub fn without_patches() -> Self {
        Self {
            patches: Patches::Off,
            ..Self::new()
        }
    }

    /// With the number of lines of music decided, at least 1, instead of left to the first counter.
    #[must_use]
    pub fn with_lines(mut self, lines: u32) -> Self {
        self.lines = Some(lines);
        self
    }

    /// For a model that writes: with bars that are short only where something before gives a reason (the
    /// first line and the last, after a double bar or a repeat, with a new metre), and with tuplets that end
    /// on a 64th note. What others wrote has bars, too, that are short and end with a double bar or a repeat;
    /// but that is known only when the bar has ended, and a model that stopped by mistake, and meant `|`, is
    /// then held to a barline that it did not mean. And a tuplet of a note or two that ends nowhere owes
    /// another one, of which a model knows nothing.
    #[must_use]
    pub fn for_writing(mut self) -> Self {
        self.lenient = false;
        self
    }

    /// The characters that may come next. Empty only after the end of the piece.
    pub fn allowed(&self) -> Allowed {
        if self.patches == Patches::LineBreak {
            return bit(END_OF_PATCH);
        }
        match &self.state {
            State::Header(reader) => reader.allowed(&self.header),
            State::Body(line) => line.allowed(&self.header, self.cut()),
            State::Over(false) => bit(END_OF_PIECE),
            State::Over(true) => bit(END_OF_PATCH),
            State::Complete => 0,
        }
    }

    /// Takes the next character. A refused one changes nothing.
    ///
    /// # Errors
    /// If the character is not in [`Guard::allowed`]: what was wrong with it.
    pub fn accept(&mut self, c: u8) -> Result<(), Refused> {
        if c > 127 || self.allowed() & bit(c) == 0 {
            return Err(self.refuse(c));
        }
        if c == END_OF_PATCH {
            self.patches = match self.patches {
                Patches::Off => Patches::Off,
                _ => Patches::Start,
            };
            if matches!(self.state, State::Over(true)) {
                self.state = State::Complete;
            }
            return Ok(());
        }
        let cut = self.cut();
        match &mut self.state {
            State::Header(reader) if c == b'[' && reader.is_at_line_start() => {
                let voices = 128 - self.header.declared.leading_zeros();
                self.carried = (0..u8::try_from(voices).unwrap_or(128))
                    .map(|voice| Carried::on_staff(self.header.staff_of(voice).0))
                    .collect();
                self.state = State::Body(Line::first(&self.header, self.lines, self.lenient));
            }
            State::Header(reader) => reader.apply(c, Arc::make_mut(&mut self.header)),
            State::Body(line) => {
                if line.apply(c, &self.header, &mut Carry(&mut self.carried), cut) && line.is_over()
                {
                    self.lines = Some(line.done);
                    self.state = State::Over(false);
                }
            }
            State::Over(closing) => *closing = true,
            State::Complete => {}
        }
        self.patches = match self.patches {
            Patches::Off => Patches::Off,
            Patches::Inside(count) if count + 1 < PATCH => {
                if c == b'\n' {
                    Patches::LineBreak
                } else {
                    Patches::Inside(count + 1)
                }
            }
            Patches::Inside(_) if c == b'\n' => Patches::Start,
            Patches::Inside(_) => Patches::Filled,
            _ if c == b'\n' => Patches::LineBreak,
            _ => Patches::Inside(1),
        };
        Ok(())
    }

    /// How a barline, or the end of the patch, would stand here.
    const fn cut(&self) -> Cut {
        let (last, splits) = match self.patches {
            Patches::Off | Patches::Filled => (true, true),
            Patches::Start => (false, true),
            Patches::Inside(_) | Patches::LineBreak => (true, false),
        };
        Cut {
            last,
            splits,
            only: matches!(self.patches, Patches::Start),
            may_close: matches!(self.patches, Patches::Inside(_)),
        }
    }

    /// Bars that are finished.
    pub fn bars(&self) -> u32 {
        match &self.state {
            State::Header(_) => 0,
            State::Body(line) => line.done,
            State::Over(_) | State::Complete => self.lines.unwrap_or(0),
        }
    }

    /// Whether the next text character is the first of a line.
    pub fn at_line_start(&self) -> bool {
        match &self.state {
            State::Header(reader) => reader.is_at_line_start(),
            State::Body(line) => line.stage == line::Stage::Counter(0),
            State::Over(_) | State::Complete => true,
        }
    }

    /// Whether the next patch begins a stretch.
    pub fn at_stretch(&self) -> bool {
        self.patches == Patches::Start
    }

    /// Whether the last line is there.
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Over(_) | State::Complete)
    }

    fn refuse(&self, c: u8) -> Refused {
        let body = match &self.state {
            State::Body(line) => Some(line),
            _ => None,
        };
        let reason = match &self.state {
            _ if c == 0 || c > 127 => Reason::Character,
            _ if self.patches == Patches::LineBreak => Reason::Patch,
            State::Header(reader) => reader.section().into(),
            State::Body(line) => line.reason(c, &self.header, self.cut()),
            State::Over(_) | State::Complete => Reason::Over,
        };
        Refused {
            reason,
            character: c,
            bar: body.map(|line| line.done + 1),
            voice: body.map(|line| line.voice).filter(|voice| *voice > 0),
        }
    }
}

impl From<Section> for Reason {
    fn from(section: Section) -> Self {
        match section {
            Section::Start | Section::Score => Self::Layout,
            Section::Voice => Self::VoiceLine,
            _ => Self::HeaderLine,
        }
    }
}
