//! Why a character was refused.

use std::fmt;

use super::Cut;
use super::header::Header;
use super::line::{Line, Stage};
use super::number;

/// What was wrong with a character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// A character that the text does not have, or not here.
    Character,
    /// `%%score`, or what comes before it.
    Layout,
    /// A line of the header other than those of voices.
    HeaderLine,
    /// The line of a voice in the header, or too few of them.
    VoiceLine,
    /// `[r:i/n]` does not say what it must.
    Counter,
    /// `[V:k]`: the header has no such voice.
    UndeclaredVoice,
    /// `[V:k]`: the voice was there already, or comes after a later one.
    VoiceOrder,
    /// A length that is none, or with which the bar or a tuplet cannot be filled.
    Length,
    /// The bar is full, or a note does not fit.
    BarTooLong,
    /// The barline comes before the bar is full.
    BarTooShort,
    /// The barline comes inside a tuplet or a broken rhythm.
    Unfinished,
    /// A tuplet that is not known or has no room.
    Tuplet,
    /// A broken rhythm in a tuplet, without a note before it, or without room for the second.
    BrokenRhythm,
    /// The end of a slur that nothing began, or that is not at a note.
    Slur,
    /// A tie that is not at a note.
    Tie,
    /// Something in a chord that may not be there.
    Chord,
    /// Something in grace notes that may not be there, or a barline before they are closed.
    Grace,
    /// A decoration that is not known, or ends what nothing began.
    Decoration,
    /// A text, or a quote that nothing closes.
    Text,
    /// A field in the music, or its value.
    Field,
    /// A metre that the other voices do not have.
    Metre,
    /// A barline that is none, or not that of the first voice.
    Barline,
    /// A patch may not end here, or must.
    Patch,
    /// The piece is over.
    Over,
}

/// A character that may not come, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Refused {
    /// What was wrong.
    pub reason: Reason,
    /// The character.
    pub character: u8,
    /// The bar, from 1; none in the header and after the end.
    pub bar: Option<u32>,
    /// The voice, as numbered in the text.
    pub voice: Option<u8>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is refused ({:?})",
            self.character.escape_ascii(),
            self.reason
        )?;
        if let Some(bar) = self.bar {
            write!(f, " in bar {bar}")?;
        }
        if let Some(voice) = self.voice {
            write!(f, ", voice {voice}")?;
        }
        Ok(())
    }
}

impl Line {
    /// Why this character is not among those that may come.
    pub(super) fn reason(&self, c: u8, header: &Header, cut: Cut) -> Reason {
        match self.stage {
            Stage::Counter(_) | Stage::Total(..) => Reason::Counter,
            Stage::Tag(_) => Reason::Character,
            Stage::Number(read) => {
                let number = if c.is_ascii_digit() {
                    number::append(read, c)
                } else {
                    read
                };
                if number::contains(header.declared, number) {
                    Reason::VoiceOrder
                } else {
                    Reason::UndeclaredVoice
                }
            }
            Stage::Barline { .. }
                if matches!(c, b'\n' | b'[')
                    && self.lead.is_none()
                    && !self.music.clock.is_full() =>
            {
                Reason::BarTooShort
            }
            Stage::LeftBarline | Stage::Barline { .. } => Reason::Barline,
            Stage::Music => {
                // A patch ends before the barline of a voice that another follows.
                let c = if c == super::END_OF_PATCH { b'|' } else { c };
                let settled = self.music.settled();
                let is_barline = matches!(c, b'|' | b':' | b'\n');
                match settled {
                    Some(music) if is_barline && music.may_end() => {
                        if music.clock.is_unfinished() {
                            Reason::Unfinished
                        } else if !music.clock.is_full() {
                            Reason::BarTooShort
                        } else if c == b'\n' {
                            Reason::Barline
                        } else {
                            Reason::Patch
                        }
                    }
                    _ if cut.only && !is_barline => Reason::Patch,
                    settled => self.music.reason(c, settled),
                }
            }
        }
    }
}
