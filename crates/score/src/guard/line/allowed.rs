//! What may come in a line of music.

use super::super::header::Header;
use super::super::music::{Metre, Music};
use super::super::words::Words;
use super::super::{Allowed, Cut, END_OF_PATCH, bit, number, set, tables, when};
use super::{Barline, Line, MOST_LINES, MOST_PASSES, PLAIN, Stage, to_u8};

impl Line {
    /// What may come. `cut` says how a barline here would stand to the patches.
    pub(in super::super) fn allowed(&self, header: &Header, cut: Cut) -> Allowed {
        match self.stage {
            Stage::Counter(at) => bit(self.counter_at(at)),
            Stage::Total(read, begun) => {
                let more =
                    u64::from(read) * 10 <= u64::from(MOST_LINES) - 9 && (!begun || read > 0);
                let digits = when(more, set(b"0123456789"));
                digits | when(begun, bit(b']'))
            }
            Stage::Tag(at) => bit(tag_at(at)),
            Stage::Number(read) => {
                let voices = self.voices_to_come(header);
                number::digits_toward(voices, read)
                    | when(number::contains(voices, read), bit(b']'))
            }
            Stage::Music => self.in_music(header, cut),
            Stage::LeftBarline => bit(b':'),
            Stage::Barline {
                words,
                passes,
                comma,
                cut,
            } => {
                let begun = Barline {
                    style: words.whole(tables::BARLINES).map_or(u8::MAX, to_u8),
                    passes,
                };
                match self.lead {
                    Some(lead) => follow(words, begun, comma, lead.barline, self.ends(header, cut)),
                    None => self.decide(words, begun, comma, self.ends(header, cut)),
                }
            }
        }
    }

    fn in_music(&self, header: &Header, cut: Cut) -> Allowed {
        let Some(settled) = self.music.settled() else {
            return if cut.only { 0 } else { self.music.allowed() };
        };
        let right = self.may_end(&settled);
        let later = self.voices_to_come(header) != 0;
        let mut barline = 0;
        if right && (cut.last || cut.splits && later) {
            barline |= self.first_of_barline();
        }
        let left = self.may_have_left_barline(&settled);
        if left && cut.splits {
            barline |= bit(b'|');
        }
        let mut allowed = barline;
        let owes_left = left && self.lead.is_some();
        if !cut.only && !owes_left {
            allowed |= self.music.allowed();
        }
        if cut.may_close && (right && later || left) {
            allowed |= bit(END_OF_PATCH);
        }
        allowed
    }

    pub(super) fn may_have_left_barline(&self, music: &Music) -> bool {
        let wanted = self.lead.map_or(self.done == 0, |lead| lead.left_barline);
        wanted && !self.left_barline && music.is_at_start()
    }

    pub(super) fn may_end(&self, music: &Music) -> bool {
        let may_stop = || self.lenient || self.may_be_short(music);
        let short = self.lead.is_none() && music.clock.may_stop() && may_stop();
        music.may_end() && (music.clock.is_full() || short)
    }

    /// Whether a bar may be short for no reason of its own: a pickup, the last bar, or beside a double bar,
    /// a repeat or a new metre.
    fn may_be_short(&self, music: &Music) -> bool {
        self.done == 0
            || self.to_come == Some(0)
            || self.after_break
            || self.metre == 0
            || matches!(music.metre, Metre::Named(_))
    }

    /// If the voice has all its length, should its last token be over: what goes on with that token.
    pub(in super::super) fn in_full_bar(&self) -> Option<Allowed> {
        let music = self.music.settled().filter(Music::fills_its_bar);
        (self.stage == Stage::Music && music.is_some()).then(|| self.music.own())
    }

    pub(in super::super) fn is_in_music(&self) -> bool {
        self.stage == Stage::Music
    }

    /// See [`Music::in_length`].
    pub(in super::super) fn in_length(&self) -> Option<(Allowed, Option<u8>)> {
        (self.stage == Stage::Music)
            .then(|| self.music.in_length())
            .flatten()
    }

    pub(in super::super) fn is_in_grace(&self) -> bool {
        self.stage == Stage::Music && self.music.is_in_grace()
    }

    /// All characters, or those of a metre that the voice must name.
    pub(in super::super) fn owed(&self) -> Allowed {
        match self.stage {
            Stage::Music => self.music.owed(),
            _ => Allowed::MAX,
        }
    }

    fn first_of_barline(&self) -> Allowed {
        let words = Words::new(tables::BARLINES);
        match self.lead {
            Some(lead) => words.next(tables::BARLINES, |i| to_u8(i) == lead.barline.style),
            None => words.next(tables::BARLINES, |_| true),
        }
    }

    /// What may follow the barline: the end of the line, or another voice.
    fn ends(&self, header: &Header, cut: Cut) -> Allowed {
        let line = when(cut.last, bit(b'\n'));
        let later = cut.splits && self.voices_to_come(header) != 0;
        line | when(later, bit(b'['))
    }

    /// The rest of the first voice's barline.
    fn decide(&self, words: Words, begun: Barline, comma: bool, ends: Allowed) -> Allowed {
        let mut allowed = 0;
        let highest = 16 - begun.passes.leading_zeros();
        if begun.passes == 0 {
            allowed |= words.next(tables::BARLINES, |_| true);
        }
        let Some(index) = words.whole(tables::BARLINES) else {
            return allowed;
        };
        let takes_passes = matches!(
            tables::BARLINES.get(index),
            Some(&("|" | ":|" | "||" | "::" | "|]"))
        );
        if takes_passes && (begun.passes == 0 || comma) {
            for pass in highest.max(1)..10 {
                allowed |= bit(b'0' + u8::try_from(pass).unwrap_or(9));
            }
        }
        if comma {
            return allowed;
        }
        if begun.passes != 0 && highest < 10 && begun.passes.count_ones() < MOST_PASSES {
            allowed |= bit(b',');
        }
        let is_plain = begun.style == PLAIN && begun.passes == 0;
        if !is_plain || self.music.clock.is_full() || self.may_be_short(&self.music) {
            allowed |= ends;
        }
        allowed
    }
}

/// The rest of the barline of a voice that follows another: the same, but only the first need say which
/// passes an ending is for.
fn follow(words: Words, begun: Barline, comma: bool, lead: Barline, ends: Allowed) -> Allowed {
    let left = lead.passes & !begun.passes;
    if begun.style != lead.style {
        return words.next(tables::BARLINES, |i| to_u8(i) == lead.style);
    }
    if left == 0 {
        return ends;
    }
    if begun.passes != 0 && !comma {
        return bit(b',');
    }
    let pass = bit(b'0' + u8::try_from(left.trailing_zeros()).unwrap_or(0));
    if comma { pass } else { pass | ends }
}

fn tag_at(at: u8) -> u8 {
    b"[V:".get(usize::from(at)).copied().unwrap_or(b':')
}
