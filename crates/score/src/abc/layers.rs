//! Layers of a voice (`&`), which become voices of their own on the same staff.

use super::music::VoiceReader;
use super::raw::RawBar;
use crate::event::{Event, Item};
use crate::fraction::Fraction;
use crate::limits::MAX_VOICES;
use crate::score::{Score, Voice, VoiceBar};

/// How many voices the layers of each voice make.
#[derive(Debug)]
pub(super) struct Layers {
    counts: Vec<usize>,
    /// The most layers a bar of each voice has, also where there were too many voices to add theirs.
    seen: Vec<usize>,
}

impl Layers {
    /// Adds to the score the voices that the bars read so far need.
    pub(super) fn add_voices(readers: &[VoiceReader], score: &mut Score) -> Self {
        let mut counts = Vec::with_capacity(readers.len());
        let mut at = 0;
        let seen: Vec<usize> = readers.iter().map(most).collect();
        for most in &seen {
            let fits = score.voices.len() + most <= MAX_VOICES;
            let layers = if fits { *most } else { 0 };
            if let Some(voice) = score.voices.get(at).cloned() {
                for layer in 1..=layers {
                    let id = unused_id(&voice.id, score);
                    let voice = voice.clone();
                    score.voices.insert(at + layer, Voice { id, ..voice });
                }
            }
            at += 1 + layers;
            counts.push(layers);
        }
        Self { counts, seen }
    }

    /// For each voice of the score something of its reader.
    pub(super) fn of_readers<T: Copy>(&self, values: impl Iterator<Item = T>) -> Vec<T> {
        let values = values.zip(&self.counts);
        values
            .flat_map(|(value, layers)| std::iter::repeat_n(value, 1 + layers))
            .collect()
    }

    /// Whether bars have more layers than those there were when voices were added.
    pub(super) fn lacks_voices(&self, readers: &[VoiceReader]) -> bool {
        let more = |(reader, seen): (_, &usize)| most(reader) > *seen;
        readers.iter().zip(&self.seen).any(more)
    }

    /// One bar of every reader as one bar of every voice.
    pub(super) fn deal(&self, column: Vec<RawBar>) -> Vec<RawBar> {
        if self.counts.iter().all(|count| *count == 0) {
            return column;
        }
        let mut dealt = Vec::new();
        for (mut bar, count) in column.into_iter().zip(&self.counts) {
            let mut own = std::mem::take(&mut bar.layers).into_iter();
            let layers: Vec<RawBar> = (0..*count)
                .map(|_| {
                    let (layer, length) = own.next().unwrap_or_default();
                    as_bar(layer, length, &bar)
                })
                .collect();
            dealt.push(bar);
            dealt.extend(layers);
        }
        dealt
    }
}

fn most(reader: &VoiceReader) -> usize {
    let layers = reader.bars.iter().map(|bar| bar.layers.len());
    layers.max().unwrap_or(0)
}

/// A layer as a bar beside the one of its voice. One without notes and rests is missing.
fn as_bar(layer: VoiceBar, length: Fraction, voice: &RawBar) -> RawBar {
    let events = u32::try_from(layer.events().count()).unwrap_or(u32::MAX);
    let signed = with_signatures(layer, &voice.bar);
    if events == 0 {
        return RawBar {
            missing: true,
            bar: signed,
            ..RawBar::default()
        };
    }
    RawBar {
        events,
        length: length.max(voice.length),
        bar: filled(signed, length, voice.length),
        end: voice.end.clone(),
        position: voice.position,
        full: voice.full,
        ..RawBar::default()
    }
}

/// The keys and clefs of the voice hold for its layers too: those before its first note before theirs, the
/// others after their last one.
fn with_signatures(layer: VoiceBar, voice: &VoiceBar) -> VoiceBar {
    let is_signature = |item: &&Item| matches!(item, Item::Key(_) | Item::Clef(_));
    let first = voice.items.iter().position(|i| matches!(i, Item::Event(_)));
    let (before, after) = voice.items.split_at(first.unwrap_or(voice.items.len()));
    let mut items: Vec<Item> = before.iter().filter(is_signature).cloned().collect();
    items.extend(layer.items);
    items.extend(after.iter().filter(is_signature).cloned());
    VoiceBar { items }
}

/// A layer that ends before its bar is silent to the end of it.
fn filled(mut layer: VoiceBar, length: Fraction, bar: Fraction) -> VoiceBar {
    let gap = bar.checked_sub(length).filter(|gap| *gap > Fraction::ZERO);
    if let Some(gap) = gap {
        layer.items.push(Item::Event(Event::rest(gap, false)));
    }
    layer
}

/// A name for a layer of the voice that no voice has.
fn unused_id(voice: &str, score: &Score) -> String {
    let mut ids = (2..).map(|n: usize| format!("{voice}_{n}"));
    let free = |id: &String| score.voices.iter().all(|other| other.id != *id);
    ids.find(free).unwrap_or_default()
}
