//! One line of music: `[r:i/n]`, then `[V:k]` with its bar for each voice that does not rest, in the order of
//! the voices.
//!
//! The first voice of the line decides how long the bar is, its metre and its barline; the others follow.

use super::Cut;
use super::clock::Clock;
use super::header::Header;
use super::music::{Carried, Metre, Music};
use super::number;
use super::tables;
use super::words::Words;

/// Lines that the counter of the first line can announce.
pub(super) const MOST_LINES: u32 = 9999;
/// Passes that an ending can have.
const MOST_PASSES: u32 = 5;
/// The plain barline in [`tables::BARLINES`].
pub(super) const PLAIN: u8 = 2;

/// A barline: its place in [`tables::BARLINES`], and the numbers of the ending it begins, a bit for each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Barline {
    style: u8,
    passes: u16,
}

/// Which part of the line is being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// In `[r:i/n]`, at this character.
    Counter(u8),
    /// In the first line's n, which nothing says: the number so far, and whether it has a digit.
    Total(u32, bool),
    /// In `[V:`, at this character.
    Tag(u8),
    Number(u8),
    Music,
    /// After the `|` of a `|:` before the music.
    LeftBarline,
    /// In a barline; `cut` is how it stood to the patches when it began.
    Barline {
        words: Words,
        passes: u16,
        comma: bool,
        cut: Cut,
    },
}

/// What the first voice of the line decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead {
    ticks: u32,
    barline: Barline,
    metre: Metre,
    left_barline: bool,
}

/// A line as far as it is written, and what the lines before it left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) stage: Stage,
    /// Lines done and to come, as this line's counter says.
    pub(super) done: u32,
    to_come: Option<u32>,
    pub(super) voice: u8,
    pub(super) lead: Option<Lead>,
    pub(super) music: Music,
    /// Whether this voice has had its `|:` before the music.
    left_barline: bool,
    /// Length of a bar in 64ths, 0 if free.
    metre: u16,
    /// Whether the line before ended with more than `|`.
    after_break: bool,
    /// Whether a bar may be short that ends with more than `|`, and tuplets may end off the grid.
    lenient: bool,
}

impl Line {
    /// The first line, of which the `[` was read.
    pub(super) fn first(header: &Header, lines: Option<u32>, lenient: bool) -> Self {
        Self {
            stage: Stage::Counter(1),
            done: 0,
            to_come: lines.map(|n| n.clamp(1, MOST_LINES + 1) - 1),
            voice: 0,
            lead: None,
            music: Music::new(Clock::new(0, lenient), Carried::default(), Metre::Open, 1),
            left_barline: false,
            metre: header.metre,
            after_break: false,
            lenient,
        }
    }

    pub(super) fn voices_to_come(&self, header: &Header) -> number::Voices {
        number::above(header.declared, self.voice)
    }

    fn counter(&self) -> ([u8; 24], usize) {
        let mut text = [0; 24];
        let mut at = 0;
        let mut push = |c: u8| {
            if let Some(slot) = text.get_mut(at) {
                *slot = c;
            }
            at += 1;
        };
        b"[r:".iter().for_each(|c| push(*c));
        digits(self.done, &mut push);
        push(b'/');
        if let Some(to_come) = self.to_come {
            digits(to_come, &mut push);
            push(b']');
        }
        (text, at)
    }

    fn counter_at(&self, at: u8) -> u8 {
        self.counter()
            .0
            .get(usize::from(at))
            .copied()
            .unwrap_or(b']')
    }

    /// Takes a character that is allowed. `true` means that the line is over, and with it the piece if
    /// [`Line::is_last`].
    pub(super) fn apply(
        &mut self,
        c: u8,
        header: &Header,
        carried: &mut Carry<'_>,
        cut: Cut,
    ) -> bool {
        match self.stage {
            Stage::Counter(at) => {
                let (_, length) = self.counter();
                let next = at.saturating_add(1);
                self.stage = match (usize::from(next) < length, self.to_come) {
                    (true, _) => Stage::Counter(next),
                    (false, None) => Stage::Total(0, false),
                    (false, Some(_)) => Stage::Tag(0),
                };
            }
            Stage::Total(read, _) if c == b']' => {
                self.to_come = Some(read);
                self.stage = Stage::Tag(0);
            }
            Stage::Total(read, _) => {
                self.stage = Stage::Total(read * 10 + u32::from(c - b'0'), true)
            }
            Stage::Tag(at) if at < 2 => self.stage = Stage::Tag(at + 1),
            Stage::Tag(_) => self.stage = Stage::Number(0),
            Stage::Number(read) if c == b']' => self.begin_voice(read, header, carried),
            Stage::Number(read) => self.stage = Stage::Number(number::append(read, c)),
            Stage::Music => self.apply_music(c, cut),
            Stage::LeftBarline => {
                self.left_barline = true;
                self.stage = Stage::Music;
            }
            Stage::Barline { words, passes, .. } if c == b'\n' || c == b'[' => {
                let style = words.whole(tables::BARLINES).map_or(PLAIN, to_u8);
                self.end_voice(Barline { style, passes }, carried);
                if c == b'\n' {
                    self.end_line();
                    return true;
                }
                self.stage = Stage::Tag(1);
            }
            Stage::Barline {
                words, passes, cut, ..
            } if c.is_ascii_digit() => {
                self.stage = Stage::Barline {
                    words,
                    passes: passes | 1 << (c - b'0'),
                    comma: false,
                    cut,
                }
            }
            Stage::Barline {
                words, passes, cut, ..
            } => {
                let comma = c == b',';
                let words = if comma {
                    words
                } else {
                    words.step(tables::BARLINES, c)
                };
                self.stage = Stage::Barline {
                    words,
                    passes,
                    comma,
                    cut,
                };
            }
        }
        false
    }

    fn begin_voice(&mut self, voice: u8, header: &Header, carried: &mut Carry<'_>) {
        self.voice = voice;
        let (ticks, metre) = match self.lead {
            None => (Clock::ticks(self.metre), Metre::Open),
            Some(lead) => match lead.metre {
                Metre::Named(metre) => (lead.ticks, Metre::Owed(metre)),
                _ => (lead.ticks, Metre::Closed),
            },
        };
        let (_, staves) = header.staff_of(voice);
        let clock = Clock::new(ticks, self.lenient);
        self.music = Music::new(clock, carried.get(voice), metre, staves);
        self.left_barline = false;
        self.stage = Stage::Music;
    }

    fn apply_music(&mut self, c: u8, cut: Cut) {
        if matches!(c, b'|' | b':')
            && let Some(settled) = self.music.settled()
        {
            if c == b'|' && self.may_have_left_barline(&settled) && cut.splits {
                self.stage = Stage::LeftBarline;
                return;
            }
            if self.may_end(&settled) {
                self.music = settled;
                self.stage = Stage::Barline {
                    words: Words::new(tables::BARLINES).step(tables::BARLINES, c),
                    passes: 0,
                    comma: false,
                    cut,
                };
                return;
            }
        }
        self.music.apply(c);
    }

    fn end_voice(&mut self, barline: Barline, carried: &mut Carry<'_>) {
        carried.set(self.voice, self.music.carried);
        if self.lead.is_some() {
            return;
        }
        if let Metre::Named(metre) = self.music.metre {
            let units = tables::METRE_UNITS.get(usize::from(metre));
            self.metre = units.copied().unwrap_or(self.metre);
        }
        self.lead = Some(Lead {
            ticks: self.music.clock.elapsed(),
            barline,
            metre: self.music.metre,
            left_barline: self.left_barline,
        });
    }

    fn end_line(&mut self) {
        let barline = self.lead.map(|lead| lead.barline).unwrap_or_default();
        self.after_break = barline
            != Barline {
                style: PLAIN,
                passes: 0,
            };
        self.done = self.done.saturating_add(1);
        self.voice = 0;
        self.lead = None;
        self.stage = Stage::Counter(0);
        self.to_come = self.to_come.and_then(|n| n.checked_sub(1));
    }

    /// Whether no line may come after those that are done.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Counter(0)) && self.to_come.is_none()
    }
}

fn digits(mut number: u32, push: &mut impl FnMut(u8)) {
    let mut reversed = [0u8; 10];
    let mut count = 0;
    for slot in &mut reversed {
        *slot = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    reversed.iter().take(count).rev().for_each(|c| push(*c));
}

fn to_u8(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

/// The voices' carried states, shared between clones of a guard until one of them changes.
pub(super) struct Carry<'a>(pub(super) &'a mut std::sync::Arc<[Carried]>);

impl Carry<'_> {
    fn get(&self, voice: u8) -> Carried {
        self.0.get(usize::from(voice)).copied().unwrap_or_default()
    }

    fn set(&mut self, voice: u8, carried: Carried) {
        if self.get(voice) == carried {
            return;
        }
        if let Some(slot) = std::sync::Arc::make_mut(self.0).get_mut(usize::from(voice)) {
            *slot = carried;
        }
    }
}

mod allowed;
