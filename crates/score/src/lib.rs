//! Scores: ABC, MusicXML, MIDI and NotaGen's interleaved text as one model.
//!
//! Text comes in through [`parse_abc`], [`parse_musicxml`] and [`parse_mxl`], or [`parse`] if it may be any of
//! them. They never fail: whatever was wrong is repaired and listed. Of a text that is still being written,
//! [`GrowingScore`] is the score so far. The [`Score`] they give goes out through [`write_abc`],
//! [`write_interleaved`], [`write_musicxml`], [`write_mxl`] and [`write_midi`]. Nothing here reads or writes a
//! file or starts a thread.
//!
//! ```
//! let (mut score, findings) = score::parse_abc("L:1/8\nM:2/4\nK:G\nV:1 treble nm=\"Flute\"\n[V:1]G2 B2|\n");
//! assert!(findings.is_empty());
//! score.metadata.title = "Two notes".into();
//! assert!(score::write_musicxml(&score).contains("<work-title>Two notes</work-title>"));
//! ```

#![deny(clippy::indexing_slicing)]

mod abc;
mod abc_write;
mod diagnostic;
mod event;
mod excerpt;
mod fraction;
pub mod guard;
mod instruments;
mod limits;
mod metadata;
mod midi;
mod musicxml;
mod musicxml_read;
mod mxl;
mod parse;
mod pitch;
mod reading;
mod score;
mod signature;
mod unroll;

pub use abc::{GrowingScore, decode_abc, parse_abc};
pub use abc_write::{write_abc, write_interleaved};
pub use diagnostic::{Diagnostic, Severity};
pub use event::{
    Content, Direction, Event, GraceGroup, GraceNote, Item, Lyric, Mark, Note, Slurs, Span,
    Syllable, Tremolo, Tuplet,
};
pub use fraction::Fraction;
pub use metadata::Metadata;
pub use midi::{midi_metadata, write_midi};
pub use musicxml::write_musicxml;
pub use musicxml_read::parse_musicxml;
pub use mxl::{MxlError, parse_mxl, write_mxl};
pub use parse::parse;
pub use pitch::{Accidental, Pitch, Step};
pub use score::{Bar, Barline, Drum, Group, Part, Score, Voice, VoiceBar, Volta, VoltaStop};
pub use signature::{Clef, ClefSign, Key, Meter, Mode, Tempo};
pub use unroll::playing_order;
