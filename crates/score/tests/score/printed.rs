//! What becomes of a score that comes from ABC when it is printed, or written as MusicXML, which is the same.
//!
//! Every step is something that paper cannot tell, or tells in one way where ABC has several. A score that was
//! read from MusicXML is already so.

mod lengths;
mod notes;
mod octaves;
mod signatures;

use std::collections::HashSet;

use score::{
    Accidental, Barline, Content, Direction, Event, Fraction, Item, Note, Part, Score, Tempo,
    VoiceBar, write_midi,
};

use crate::midi::heard::hear;
use lengths::{
    bracket_tuplets, break_beams, drop_empty_tuplets, measure_last, tie_long_notes, values,
};
use notes::{name_drums, tidy};
use octaves::drop_octave_copies;
pub(crate) use signatures::Signatures;
use signatures::take_signatures;

/// Makes the score what it is on paper, and takes out its clefs and keys, which belong to staves and not to
/// voices there.
pub(crate) fn print(score: &mut Score) -> Signatures {
    for v in 0..score.voice_count() {
        name_drums(score, v);
    }
    first_tempo(score);
    drop_octave_copies(score);
    drop_programs_of_names(score);
    let signatures = take_signatures(score);
    canonical_staves(score);
    for voice in score.bars.iter_mut().flat_map(|bar| &mut bar.voices) {
        drop_empty_tuplets(voice);
        join_spaces(voice);
    }
    drop_silent_voices(score);
    number_voices(score);
    for voice in score.bars.iter_mut().flat_map(|bar| &mut bar.voices) {
        join_graces(voice);
        bracket_tuplets(voice);
        break_beams(voice);
        tie_long_notes(voice);
        measure_last(voice);
        voice.items.iter_mut().for_each(tidy);
    }
    for text in texts(score) {
        text.retain(|c| {
            matches!(c, '\t' | '\n') || !c.is_control() && !"\u{fffe}\u{ffff}".contains(c)
        });
    }
    for bar in &mut score.bars {
        if bar.repeat_stop && bar.barline == Barline::Final {
            bar.barline = Barline::Regular;
        }
    }
    signatures
}

/// All texts, in which XML cannot hold some characters.
fn texts(score: &mut Score) -> Vec<&mut String> {
    let metadata = &mut score.metadata;
    let mut texts = vec![
        &mut metadata.title,
        &mut metadata.composer,
        &mut metadata.period,
    ];
    texts.extend([&mut metadata.instrumentation, &mut metadata.software]);
    texts.extend(metadata.rights.as_mut());
    texts.extend(
        metadata
            .fields
            .iter_mut()
            .flat_map(|(name, value)| [name, value]),
    );
    let names = score.parts.iter_mut();
    texts.extend(names.flat_map(|part| [&mut part.name, &mut part.short_name]));
    texts.extend(score.tempo.as_mut().map(|tempo| &mut tempo.words));
    for bar in &mut score.bars {
        texts.extend(bar.volta.as_mut().map(|volta| &mut volta.words));
        for item in bar.voices.iter_mut().flat_map(|voice| &mut voice.items) {
            texts.extend(match item {
                Item::Tempo(tempo) => Some(&mut tempo.words),
                Item::ChordSymbol(text)
                | Item::Direction(Direction::Words { text, .. } | Direction::Rehearsal(text)) => {
                    Some(text)
                }
                _ => None,
            });
        }
    }
    texts
}

fn events(voice: &mut VoiceBar) -> Vec<&mut Event> {
    let items = voice.items.iter_mut();
    items
        .filter_map(|item| match item {
            Item::Event(event) => Some(event),
            _ => None,
        })
        .collect()
}

fn is_space(item: &Item) -> bool {
    matches!(item, Item::Event(e) if e.content == Content::Rest { visible: false }
        && e.marks.is_empty() && e.tremolo.is_none() && e.ratio.is_none() && e.tuplet_starts.is_empty() && e.tuplet_stops == 0)
}

/// A part that is played as its name says has no program of its own.
fn drop_programs_of_names(score: &mut Score) {
    if score.parts.iter().all(|part| part.program.is_none()) {
        return;
    }
    for part in &mut score.parts {
        let mut named = Score::default();
        named.parts.push(Part {
            program: None,
            ..part.clone()
        });
        let by_name = hear(&write_midi(&named)).tracks[1].program;
        part.program = part.program.filter(|program| *program != by_name);
    }
}

/// A voice that is nowhere seen is not there, unless its staff would be without any.
fn drop_silent_voices(score: &mut Score) {
    let mut v = 0;
    while v < score.voices.len() {
        let home = |i: usize| (score.voices[i].part, score.voices[i].staff);
        let others = (0..score.voices.len()).any(|i| i != v && home(i) == home(v));
        let is_silent =
            |voice: &VoiceBar| matches!(voice.items.as_slice(), [only] if is_space(only));
        // The first voice of a part is written even if it is silent.
        let is_first = v == 0 || score.voices[v - 1].part != score.voices[v].part;
        if others && !is_first && score.bars.iter().all(|bar| is_silent(&bar.voices[v])) {
            score.voices.remove(v);
            for bar in &mut score.bars {
                bar.voices.remove(v);
            }
        } else {
            v += 1;
        }
    }
}

/// Names of voices are not printed.
fn number_voices(score: &mut Score) {
    for (voice, number) in score.voices.iter_mut().zip(1..) {
        voice.id = number.to_string();
    }
}

/// Grace notes beside each other are one group.
fn join_graces(voice: &mut VoiceBar) {
    let mut joined: Vec<Item> = Vec::new();
    for item in voice.items.drain(..) {
        match (joined.last_mut(), item) {
            (Some(Item::Grace(before)), Item::Grace(group)) if before.slash == group.slash => {
                before.notes.extend(group.notes);
            }
            (_, item) => joined.push(item),
        }
    }
    voice.items = joined;
}

/// Nobody sees where one invisible rest ends and the next begins, or what its length would be on paper. A rest
/// for the whole bar has no length on paper either.
fn join_spaces(voice: &mut VoiceBar) {
    if let [only] = events(voice).as_mut_slice()
        && only.notes().is_empty()
        && only.ratio.is_none()
    {
        only.written = only.duration;
    }
    for item in &mut voice.items {
        let is_space = is_space(item);
        if let (Item::Event(event), true) = (item, is_space) {
            event.written = event.duration;
        }
    }
    let mut joined: Vec<Item> = Vec::new();
    for item in voice.items.drain(..) {
        if let (Some(before), true) = (joined.last_mut(), is_space(&item))
            && is_space(before)
            && let (Item::Event(before), Item::Event(event)) = (before, &item)
        {
            before.duration = before.duration.checked_add(event.duration).unwrap();
            before.written = before.duration;
            continue;
        }
        joined.push(item);
    }
    voice.items = joined;
}

/// Adds to `old` the accidentals that `new` has in addition, if they are right: where voices on a staff name
/// different keys, only one of them is printed.
pub(crate) fn add_accidentals(old: &mut Score, new: &Score) {
    let pairs = old.bars.iter_mut().zip(&new.bars);
    let pairs = pairs.flat_map(|(old, new)| old.voices.iter_mut().zip(&new.voices));
    for (old, new) in pairs.flat_map(|(old, new)| old.items.iter_mut().zip(&new.items)) {
        let notes: Vec<(&mut Note, &Note)> = match (old, new) {
            (Item::Event(old), Item::Event(new)) => match &mut old.content {
                Content::Notes(notes) => notes.iter_mut().zip(new.notes()).collect(),
                Content::Rest { .. } => Vec::new(),
            },
            (Item::Grace(old), Item::Grace(new)) => {
                let chords = old.notes.iter_mut().zip(&new.notes);
                chords
                    .flat_map(|(old, new)| old.notes.iter_mut().zip(&new.notes))
                    .collect()
            }
            _ => Vec::new(),
        };
        for (old, new) in notes {
            let right = Some(Accidental::for_alter(new.pitch.alter));
            if old.accidental.is_none() && new.accidental == right {
                old.accidental = right;
            }
        }
    }
}

/// Bars with a length that not even several notes print. Their notes come near it on paper.
pub(crate) fn unprintable(score: &Score) -> Vec<usize> {
    let is_unprintable = |item: &Item| match item {
        Item::Event(event) => !is_space(item) && values(event.written).is_none(),
        // Grace notes are not tied to each other.
        Item::Grace(group) => {
            let single = |written| values(written).is_some_and(|values| values.len() == 1);
            !group.notes.iter().all(|grace| single(grace.written))
        }
        _ => false,
    };
    let bars = (0..score.bar_count()).filter(|b| {
        let mut items = score.bars[*b].voices.iter().flat_map(|voice| &voice.items);
        items.any(is_unprintable)
    });
    bars.collect()
}

/// Whether a voice is seen, but never on the staff it lives on, which is then not told on paper.
pub(crate) fn lives_elsewhere(score: &Score) -> bool {
    (0..score.voice_count()).any(|v| {
        let mut staff = score.voices[v].staff;
        let items = score.bars.iter().flat_map(|bar| &bar.voices[v].items);
        let (mut at_home, mut elsewhere) = (false, false);
        for item in items {
            match item {
                Item::Staff(new) => staff = *new,
                Item::Event(_) if !is_space(item) && staff == score.voices[v].staff => {
                    at_home = true;
                }
                Item::Event(_) if !is_space(item) => elsewhere = true,
                _ => {}
            }
        }
        elsewhere && !at_home
    })
}

/// A change of staff stands before the first thing to be seen on the other staff.
fn canonical_staves(score: &mut Score) {
    let homes: Vec<u8> = score.voices.iter().map(|voice| voice.staff).collect();
    for (v, home) in homes.into_iter().enumerate() {
        let (mut staff, mut told) = (home, home);
        for bar in &mut score.bars {
            let mut items = Vec::new();
            for item in bar.voices[v].items.drain(..) {
                match item {
                    Item::Staff(new) => staff = new,
                    item => {
                        if staff != told && !is_space(&item) {
                            items.push(Item::Staff(staff));
                            told = staff;
                        }
                        items.push(item);
                    }
                }
            }
            bar.voices[v].items = items;
        }
    }
}

/// The tempo at the beginning is that of the piece, and each is printed once, above the score.
fn first_tempo(score: &mut Score) {
    let mut printed: HashSet<(usize, Fraction)> = HashSet::new();
    let mut first: Option<Tempo> = None;
    if let (Some(tempo), Some(bar)) = (score.tempo.take(), score.bars.first()) {
        let leading =
            |item: &&Item| !matches!(item, Item::Event(_) | Item::Grace(_) | Item::Staff(_));
        let mut voices = bar.voices.first().into_iter();
        let said_again = voices.any(|v| {
            v.items
                .iter()
                .take_while(leading)
                .any(|i| matches!(i, Item::Tempo(_)))
        });
        if !said_again {
            first = Some(tempo);
            printed.insert((0, Fraction::ZERO));
        }
    }
    // Parts from top to bottom, each from beginning to end.
    let parts = score.parts.len();
    for part in 0..parts {
        for (b, bar) in score.bars.iter_mut().enumerate() {
            for (v, voice) in bar.voices.iter_mut().enumerate() {
                if score.voices[v].part != part {
                    continue;
                }
                let mut at = Fraction::ZERO;
                let mut leading = true;
                voice.items.retain(|item| {
                    if let Item::Event(event) = item {
                        at = at.checked_add(event.duration).unwrap();
                    }
                    leading &= !matches!(item, Item::Event(_) | Item::Grace(_));
                    let Item::Tempo(tempo) = item else {
                        return true;
                    };
                    let is_new = printed.insert((b, at));
                    if is_new && b == 0 && leading && first.is_none() {
                        first = Some(tempo.clone());
                        return false;
                    }
                    is_new
                });
            }
        }
    }
    score.tempo = first;
}
