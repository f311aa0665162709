//! Tempi.
//!
//! A metronome number holds until the next tempo. For words in a bar without a number (`Allegro`, but not `più
//! allegro`) there is a table; a piece without any has 110 quarter notes a minute. `rit.` and its like slow down to three quarters of the
//! speed, `accel.` speeds up to five quarters: evenly until the next tempo if that is no more than two whole
//! notes away, otherwise over two whole notes and then back. `a tempo` goes back to the last tempo that was
//! named, `Tempo I` to the first. A note under a fermata takes twice its time; if several end together,
//! the shortest of them does.

use std::collections::BTreeMap;
use std::ops::Range;

use super::timeline::{Timeline, WHOLE, ticks};
use crate::event::{Direction, Event, Item, Mark};
use crate::fraction::Fraction;
use crate::score::Score;
use crate::signature::Tempo;

/// Microseconds in a minute.
const MINUTE: i64 = 60_000_000;
/// Quarter notes a minute if nothing says how fast.
const DEFAULT: i64 = 110;
/// How long a change of speed takes if no tempo ends it, and in what steps it is made.
const RAMP: i64 = 2 * WHOLE;
const STEP: i64 = WHOLE / 8;

/// Quarter notes a minute that words mean, those of the first word that is here.
const WORDS: &[(&str, i64)] = &[
    ("grave", 44),
    ("largo", 56),
    ("larghetto", 66),
    ("lento", 62),
    ("lent", 62),
    ("langsam", 62),
    ("adagio", 59),
    ("adagietto", 72),
    ("ruhig", 76),
    ("andante", 88),
    ("andantino", 96),
    ("maestoso", 96),
    ("moderato", 104),
    ("modéré", 104),
    ("mässig", 104),
    ("mäßig", 104),
    ("allegretto", 112),
    ("bewegt", 116),
    ("allegro", 120),
    ("animato", 132),
    ("lebhaft", 138),
    ("schnell", 152),
    ("vif", 160),
    ("vivace", 168),
    ("vivo", 180),
    ("presto", 192),
    ("prestissimo", 220),
];

/// Words that slow down or speed up, by how they begin.
const SLOWER: &[&str] = &["ritard", "riten", "rall", "allarg", "slentando"];
const FASTER: &[&str] = &["accel", "stringend", "affrett"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    /// Microseconds of a quarter note.
    Number(i64),
    Words(i64),
    ATempo,
    First,
    Slower,
    Faster,
}

impl Sign {
    const fn is_number(self) -> bool {
        matches!(self, Self::Number(_))
    }

    const fn is_ramp(self) -> bool {
        matches!(self, Self::Slower | Self::Faster)
    }
}

/// Signs by their places. At one place there can be a tempo and then a change of it.
type Signs = BTreeMap<(i64, bool), Sign>;

/// The tempi of a piece, in places as written.
pub(super) struct Tempi {
    /// Microseconds of a quarter note from this place on.
    changes: BTreeMap<i64, u32>,
}

impl Tempi {
    pub(super) fn new(score: &Score, timeline: &Timeline) -> Self {
        let (signs, fermatas) = signs(score, timeline);
        let mut tempi = Self {
            changes: BTreeMap::new(),
        };
        tempi.lay(&signs, timeline.written_end());
        tempi.hold(fermatas);
        tempi
    }

    /// The tempo at the beginning of a stretch, and the changes inside it, with their places.
    pub(super) fn within(&self, span: &Range<i64>) -> impl Iterator<Item = (i64, u32)> {
        let inside = self
            .changes
            .range(span.start + 1..span.end.max(span.start + 1));
        let inside = inside.map(|(tick, micros)| (*tick, *micros));
        [(span.start, self.at(span.start))]
            .into_iter()
            .chain(inside)
    }

    fn at(&self, tick: i64) -> u32 {
        let last = self.changes.range(..=tick).next_back();
        last.map_or(500_000, |(_, micros)| *micros)
    }

    fn set(&mut self, tick: i64, micros: i64) {
        // The file has three bytes for it.
        let micros = micros.clamp(1, 0xFF_FFFF);
        self.changes
            .insert(tick, u32::try_from(micros).unwrap_or(500_000));
    }

    fn lay(&mut self, signs: &Signs, end: i64) {
        let mut named = MINUTE / DEFAULT;
        let mut first = None;
        self.set(0, named);
        for ((tick, _), sign) in signs {
            match sign {
                Sign::Number(micros) | Sign::Words(micros) => named = *micros,
                Sign::First => named = first.unwrap_or(named),
                Sign::ATempo => {}
                Sign::Slower | Sign::Faster => {
                    let mut behind = signs.range((tick + 1, false)..);
                    let next = behind.next().map_or(end, |((next, _), _)| *next);
                    self.ramp(*tick, next, *sign == Sign::Faster);
                    if next > tick + RAMP {
                        self.set(tick + RAMP, named);
                    }
                    continue;
                }
            }
            first.get_or_insert(named);
            self.set(*tick, named);
        }
    }

    /// Speeds up or slows down by a quarter, evenly in quarter notes a minute.
    fn ramp(&mut self, start: i64, next: i64, faster: bool) {
        let length = (next - start).min(RAMP);
        let from = i64::from(self.at(start));
        for at in (STEP..length).step_by(usize::try_from(STEP).unwrap_or(1)) {
            let change = if faster { at } else { -at };
            self.set(start + at, from * 4 * length / (4 * length + change));
        }
    }

    /// Halves the speed under fermatas.
    fn hold(&mut self, fermatas: BTreeMap<i64, i64>) {
        let mut held = 0;
        for (end, start) in fermatas {
            let start = start.max(held);
            if start >= end {
                continue;
            }
            let behind = self.at(end);
            let inside: Vec<(i64, u32)> = self.within(&(start..end)).collect();
            for (tick, micros) in inside {
                self.set(tick, 2 * i64::from(micros));
            }
            self.set(end, i64::from(behind));
            held = end;
        }
    }
}

/// The signs of the score by their places, and the fermatas: where they end and begin.
fn signs(score: &Score, timeline: &Timeline) -> (Signs, BTreeMap<i64, i64>) {
    let mut signs = Signs::new();
    let mut fermatas: BTreeMap<i64, i64> = BTreeMap::new();
    let of_piece = score.tempo.as_ref().and_then(sign_of);
    signs.extend(of_piece.map(|sign| ((0, false), sign)));
    for (b, bar) in score.bars.iter().enumerate() {
        let span = timeline.written(b);
        for voice in &bar.voices {
            for (position, item) in voice.placed() {
                let tick = span.start + ticks(position);
                let sign = match item {
                    Item::Tempo(tempo) => sign_of(tempo),
                    Item::Direction(Direction::Words { text, .. }) => meaning(text),
                    Item::Event(event) if has_fermata(event) => {
                        let end = position.checked_add(event.duration).unwrap_or(position);
                        let latest = fermatas.entry(span.start + ticks(end)).or_insert(tick);
                        *latest = (*latest).max(tick);
                        None
                    }
                    _ => None,
                };
                let Some(sign) = sign else { continue };
                let slot = signs.entry((tick, sign.is_ramp())).or_insert(sign);
                // A number says it best, and then what stands highest.
                if sign.is_number() && !slot.is_number() {
                    *slot = sign;
                }
            }
        }
        let in_bar = (span.start, false)..(span.end, false);
        if signs
            .range(in_bar.clone())
            .any(|(_, sign)| sign.is_number())
        {
            let words = signs
                .range(in_bar)
                .filter(|(_, s)| matches!(s, Sign::Words(_)));
            let words: Vec<_> = words.map(|(place, _)| *place).collect();
            for place in words {
                signs.remove(&place);
            }
        }
    }
    (signs, fermatas)
}

fn has_fermata(event: &Event) -> bool {
    let in_chord = event
        .notes()
        .iter()
        .any(|n| n.marks.contains(&Mark::Fermata));
    event.marks.contains(&Mark::Fermata) || in_chord
}

fn sign_of(tempo: &Tempo) -> Option<Sign> {
    let number = tempo.beats.and_then(|(beat, count)| {
        let quarters = beat.checked_mul(Fraction::whole(4))?.checked_mul(count)?;
        let micros = Fraction::whole(MINUTE).checked_div(quarters)?;
        Some(Sign::Number(micros.ticks(1).max(1)))
    });
    number.or_else(|| meaning(&tempo.words))
}

/// What words say about the tempo, if they do.
fn meaning(text: &str) -> Option<Sign> {
    let is_heading = text.chars().next().is_some_and(char::is_uppercase);
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let begins = |stems: &[&str]| {
        let mut words = words.iter();
        words.any(|word| stems.iter().any(|stem| word.starts_with(stem)))
    };
    // "senza rit."
    let denied = has(&["non", "senza", "sans", "ohne", "nicht"]);
    if (has(&["rit"]) || begins(SLOWER)) && !denied {
        return Some(Sign::Slower);
    }
    if (has(&["string"]) || begins(FASTER)) && !denied {
        return Some(Sign::Faster);
    }
    if has(&["tempo"]) && has(&["i", "1", "1o", "1deg", "primo"]) {
        return Some(Sign::First);
    }
    let is_a_tempo = |pair: &[&str]| matches!(pair, ["a" | "in" | "im" | "al", "tempo"]);
    if words == ["tempo"] || words.windows(2).any(is_a_tempo) {
        return Some(Sign::ATempo);
    }
    // "Allegro moderato", but not an expression, a comparison, or a sentence that has the word somewhere.
    if !is_heading || has(&["più", "piu", "plus", "meno", "moins", "mehr", "weniger"]) {
        return None;
    }
    let known = |word: &&str| WORDS.iter().find(|(name, _)| name == word);
    let (_, quarters) = words.iter().take(3).find_map(known)?;
    Some(Sign::Words(MINUTE / quarters))
}
