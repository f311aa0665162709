//! What may come in the music.

use super::super::tables::{self, Deco};
use super::super::words::Words;
use super::super::{Allowed, bit, set, when};
use super::{
    ABOVE_ZERO, ACCIDENTALS, DIGITS, Field, Inside, LETTERS, MOST_IN_CHORD, MOST_IN_GRACE,
    MOST_IN_TUPLET, MOST_SIGNS, Metre, Mode, Music, NOTES, RESTS, SYMBOL, TEXT, Tail, length_of,
    ratio_of, table_of,
};

impl Music {
    /// What goes on with the token.
    pub(in super::super) fn own(&self) -> Allowed {
        match self.mode {
            Mode::Free => 0,
            Mode::Accidental(again) => NOTES | if again == 0 { 0 } else { bit(again) },
            Mode::Note { lower, octaves } => {
                let more = match lower {
                    true if octaves < 3 => bit(b'\''),
                    false if octaves < 4 => bit(b','),
                    _ => 0,
                };
                more | if self.inside == Inside::Bar {
                    Words::new(tables::LENGTHS).next(tables::LENGTHS, |i| self.fits(i, true))
                } else {
                    0
                }
            }
            Mode::Length { words, is_note } => {
                words.next(tables::LENGTHS, |i| self.fits(i, is_note))
            }
            Mode::Decoration(words) => {
                let end = words.whole(tables::DECORATIONS).filter(|i| self.suits(*i));
                words.next(tables::DECORATIONS, |i| self.suits(i)) | end.map_or(0, |_| bit(b'!'))
            }
            Mode::Quote => set(b"^_ABCDEFG"),
            Mode::Text { escaped: true, .. } => bit(b'n'),
            Mode::Text { left, colon, .. } => {
                let mut allowed = when(left > 0, TEXT);
                if left < 2 {
                    allowed &= !bit(b'\\');
                }
                // `::` would be taken for a barline when the line is cut into patches.
                if colon {
                    allowed &= !bit(b':');
                }
                allowed | bit(b'"')
            }
            Mode::Symbol { left } => bit(b'"') | when(left > 0, SYMBOL),
            Mode::Paren => {
                Words::new(tables::TUPLETS).next(tables::TUPLETS, |i| self.may_start_any(i))
            }
            Mode::Ratio(words) => match words.whole(tables::TUPLETS) {
                None => words.next(tables::TUPLETS, |i| self.may_start_any(i)),
                Some(ratio) => self.counts(ratio, 0),
            },
            Mode::Count { ratio, notes } => self.counts(usize::from(ratio), notes),
            Mode::Bracket => self.bracket(),
            Mode::Colon(_) => bit(b':'),
            Mode::Value(field, words) => self.value(field, words),
            Mode::Beats(0) => ABOVE_ZERO,
            Mode::Beats(digits) => bit(b']') | when(digits < 3, DIGITS),
        }
    }

    /// If a note or rest may be over here: what goes on with it, and which of that leads to the longest
    /// length that fits, if that is a longer one.
    pub(in super::super) fn in_length(&self) -> Option<(Allowed, Option<u8>)> {
        let (words, is_note) = match self.mode {
            Mode::Length { words, is_note } => (words, is_note),
            Mode::Note { .. } if self.inside == Inside::Bar => (Words::new(tables::LENGTHS), true),
            _ => return None,
        };
        self.settled()?;
        let fitting = |index: usize| self.fits(index, is_note).then(|| length_of(index).0);
        Some((self.own(), words.toward_most(tables::LENGTHS, fitting)))
    }

    /// Digits that lead from this number to a number of notes that the tuplet can have.
    fn counts(&self, ratio: usize, notes: u8) -> Allowed {
        let (p, q) = ratio_of(ratio);
        let mut allowed = 0;
        for digit in 0..10 {
            let number = notes.saturating_mul(10).saturating_add(digit);
            let longer = number.saturating_mul(10)..=number.saturating_mul(10).saturating_add(9);
            let mut counts = std::iter::once(number).chain(longer);
            if number > 0 && counts.any(|n| n <= MOST_IN_TUPLET && self.clock.may_start(p, q, n)) {
                allowed |= bit(b'0' + digit);
            }
        }
        allowed
    }

    fn may_start_any(&self, ratio: usize) -> bool {
        let (p, q) = ratio_of(ratio);
        (1..=MOST_IN_TUPLET).any(|notes| self.clock.may_start(p, q, notes))
    }

    fn value(&self, field: Field, words: Words) -> Allowed {
        let suits = |index: usize| match (field, self.metre) {
            (Field::Metre, Metre::Owed(owed)) => usize::from(owed) == index,
            (Field::Staff, _) if index == 0 => self.carried.staff + 1 < self.staves,
            (Field::Staff, _) => self.carried.staff > 0,
            _ => true,
        };
        let table = table_of(field);
        let end = if field == Field::Tempo {
            ABOVE_ZERO
        } else {
            bit(b']')
        };
        let whole = words.whole(table).filter(|i| suits(*i));
        words.next(table, suits) | whole.map_or(0, |_| end)
    }

    /// Whether the decoration may stand here.
    fn suits(&self, index: usize) -> bool {
        let kind = tables::DECORATION_KINDS
            .get(index)
            .copied()
            .unwrap_or(Deco::Mark);
        match (kind, self.inside) {
            (Deco::Mark, Inside::Bar) | (Deco::Stroke, Inside::Bar) => !self.clock.is_full(),
            (Deco::Mark, _) => true,
            (_, Inside::Chord | Inside::GraceChord) | (Deco::Stroke, _) => false,
            (Deco::Sign, _) => true,
            (Deco::Open(_), _) => true,
            (Deco::Close(line), _) => self.carried.lines & 1 << line != 0,
        }
    }

    /// All characters, or of those that may come after `[` the one of the metre that is owed.
    pub(in super::super) const fn owed(&self) -> Allowed {
        match self.mode {
            Mode::Bracket if self.owes_metre() => bit(b'M'),
            _ => Allowed::MAX,
        }
    }

    /// What may come after `[`: a chord or a field.
    fn bracket(&self) -> Allowed {
        let mut allowed = 0;
        let has_room = self.signs < MOST_SIGNS;
        if self.inside == Inside::Grace || !self.owes_metre() && self.clock.takes_note() {
            allowed |= NOTES | ACCIDENTALS | when(has_room, bit(b'!'));
        }
        if self.inside == Inside::Bar && has_room {
            allowed |= set(b"KQ") | when(self.staves > 1, bit(b'I'));
        }
        // A metre is owed whatever came before it.
        let may = self.metre == Metre::Open && has_room && self.clock.is_untouched();
        if self.inside == Inside::Bar && (may || self.owes_metre()) {
            allowed |= bit(b'M');
        }
        allowed
    }

    /// What may come after a token.
    pub(super) fn free(&self) -> Allowed {
        let has_room = self.signs < MOST_SIGNS;
        let after_note = matches!(self.tail, Tail::Note | Tail::Tied | Tail::Slurred);
        let tie = when(self.tail == Tail::Note, bit(b'-'));
        let more = !self.clock.is_full();
        match self.inside {
            Inside::Chord | Inside::GraceChord => {
                let mut allowed = tie;
                if self.chord < MOST_IN_CHORD {
                    allowed |= NOTES | ACCIDENTALS;
                    allowed |= when(has_room, bit(b'!'));
                }
                allowed | when(after_note, bit(b']'))
            }
            Inside::Grace => {
                let mut allowed = tie;
                if self.grace == 0 && self.tail == Tail::Start {
                    allowed |= bit(b'/');
                }
                if self.grace < MOST_IN_GRACE {
                    allowed |= NOTES | ACCIDENTALS | bit(b'[');
                    allowed |= when(has_room, set(b"!.("));
                }
                if after_note {
                    allowed |= bit(b'}') | when(self.carried.slurs > 0, bit(b')'));
                }
                allowed
            }
            // The metre comes first; then everything else.
            Inside::Bar if self.owes_metre() => bit(b'['),
            Inside::Bar => {
                let mut allowed = tie;
                if self.clock.takes_note() {
                    allowed |= NOTES | ACCIDENTALS | RESTS | bit(b'[');
                }
                if has_room || more && self.may_start_some() {
                    allowed |= bit(b'(');
                }
                if more {
                    let spaced = matches!(self.tail, Tail::Space | Tail::Awaits | Tail::Broken);
                    allowed |= if spaced { 0 } else { bit(b' ') };
                }
                if has_room {
                    allowed |= set(b"!\"[") | when(more, LETTERS);
                    allowed |= if self.tail == Tail::Broken {
                        0
                    } else {
                        bit(b'{')
                    };
                }
                if !more && self.tail == Tail::Awaits {
                    // A slur that begins after the last note begins at grace notes.
                    allowed |= bit(b'{');
                }
                if self.carried.slurs > 0 && (after_note || self.tail == Tail::Broken) {
                    allowed |= bit(b')');
                }
                if (after_note || self.tail == Tail::Rest) && self.clock.may_break() {
                    allowed |= set(b"<>");
                }
                allowed
            }
        }
    }

    fn may_start_some(&self) -> bool {
        (0..tables::TUPLETS.len()).any(|ratio| self.may_start_any(ratio))
    }
}
