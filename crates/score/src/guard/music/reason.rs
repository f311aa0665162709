//! Why a character may not come in the music.

use super::super::refused::Reason;
use super::super::{bit, set};
use super::{ACCIDENTALS, DIGITS, Field, Inside, Metre, Mode, Music, NOTES, RESTS};

impl Music {
    /// Why this character is refused here. `settled` is the music after its last token, if that may end.
    pub(in super::super) fn reason(&self, c: u8, settled: Option<Self>) -> Reason {
        match self.mode {
            Mode::Decoration(_) => return Reason::Decoration,
            Mode::Quote | Mode::Text { .. } | Mode::Symbol { .. } => return Reason::Text,
            Mode::Value(Field::Metre, _) | Mode::Colon(Field::Metre) => return Reason::Metre,
            Mode::Bracket if c == b'M' => return Reason::Metre,
            Mode::Colon(_) | Mode::Value(..) | Mode::Beats(_) | Mode::Bracket => {
                return Reason::Field;
            }
            Mode::Paren if self.clock.is_full() => return Reason::BarTooLong,
            Mode::Paren | Mode::Ratio(_) | Mode::Count { .. } => return Reason::Tuplet,
            Mode::Free | Mode::Accidental(_) | Mode::Note { .. } | Mode::Length { .. } => {}
        }
        match self.inside {
            Inside::Chord => return Reason::Chord,
            Inside::Grace | Inside::GraceChord if c != b')' => return Reason::Grace,
            _ => {}
        }
        let is_length = bit(c) & (DIGITS | bit(b'/')) != 0;
        if is_length || settled.is_none() && !matches!(self.mode, Mode::Accidental(_)) {
            return Reason::Length;
        }
        let music = settled.unwrap_or(*self);
        if matches!(music.metre, Metre::Owed(_)) {
            return Reason::Metre;
        }
        match c {
            b')' => Reason::Slur,
            b'-' => Reason::Tie,
            b'<' | b'>' => Reason::BrokenRhythm,
            b'|' | b':' | b'\n' if music.clock.is_unfinished() => Reason::Unfinished,
            b'|' | b':' | b'\n' => Reason::BarTooShort,
            _ if bit(c) & (NOTES | ACCIDENTALS | RESTS | set(b"[( ")) != 0
                && music.clock.is_full() =>
            {
                Reason::BarTooLong
            }
            _ => Reason::Character,
        }
    }
}
