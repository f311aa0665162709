//! What becomes of a score that comes from ABC when it is printed, or written as MusicXML, which is the same.
//!
//! Every step is something that paper cannot tell, or tells in one way where ABC has several. A score that was
//! read from MusicXML is already so.

use std::collections::HashSet;

use score::{
    Accidental, Barline, Clef, ClefSign, Content, Direction, Drum, Event, Fraction, Item, Key,
    Mark, Note, Part, Score, Span, Tempo, Tremolo, Tuplet, VoiceBar, write_midi,
};

use crate::midi::heard::hear;

/// Clefs and keys as they change on each staff: bar, position, part, staff, and what.
#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Signatures {
    pub(crate) clefs: Vec<(usize, Fraction, usize, u8, Clef)>,
    pub(crate) keys: Vec<(usize, Fraction, usize, u8, Key)>,
}

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
    canonical_staves(score);
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
        && e.marks.is_empty() && e.ratio.is_none() && e.tuplet_starts.is_empty() && e.tuplet_stops == 0)
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

/// An octave line: part, staff, beginning and end in the piece.
type OctaveLine = (usize, u8, Fraction, Fraction);

/// An octave line is for all voices of its staff. Of those that overlap on a staff only that of its first
/// voice is printed, staff after staff.
fn drop_octave_copies(score: &mut Score) {
    let mut order: Vec<usize> = (0..score.voices.len()).collect();
    order.sort_by_key(|v| (score.voices[*v].part, score.voices[*v].staff));
    let mut printed: Vec<OctaveLine> = Vec::new();
    for v in order {
        let (part, mut staff) = (score.voices[v].part, score.voices[v].staff);
        let (mut open, mut own, mut copies) = (Vec::new(), Vec::new(), HashSet::new());
        let mut at = Fraction::ZERO;
        for (b, bar) in score.bars.iter().enumerate() {
            for (i, item) in bar.voices[v].items.iter().enumerate() {
                match item {
                    Item::Event(event) => at = at.checked_add(event.duration).unwrap(),
                    Item::Staff(new) => staff = *new,
                    Item::Direction(Direction::Start(span)) if is_octave(*span) => {
                        open.push((*span, staff, at, (b, i)));
                    }
                    Item::Direction(Direction::Stop(span)) if is_octave(*span) => {
                        let start = open.iter().rposition(|o| o.0 == *span);
                        let Some((_, staff, from, start)) = start.map(|o| open.remove(o)) else {
                            continue;
                        };
                        let overlaps = |other: &&OctaveLine| {
                            (other.0, other.1) == (part, staff) && other.2 < at && from < other.3
                        };
                        if printed.iter().any(|other| overlaps(&other)) {
                            copies.extend([start, (b, i)]);
                        } else {
                            own.push((part, staff, from, at));
                        }
                    }
                    _ => {}
                }
            }
        }
        printed.extend(own);
        for (b, bar) in score.bars.iter_mut().enumerate() {
            let mut i = 0..;
            let items = &mut bar.voices[v].items;
            items.retain(|_| !i.next().is_some_and(|i| copies.contains(&(b, i))));
        }
    }
}

fn is_octave(span: Span) -> bool {
    use Span::{OctaveDown, OctaveUp, TwoOctavesDown, TwoOctavesUp};
    matches!(span, OctaveUp | OctaveDown | TwoOctavesUp | TwoOctavesDown)
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

/// A clef or key: position, part, whether it does not lead the bar, voice, place in it, staff.
type Found = (Fraction, usize, bool, usize, usize, u8, Item);

/// Clefs and keys belong to staves, a key to the one on which its voice lives. What changes nothing is not printed; of several voices that say
/// something at the beginning, the first is heard.
fn take_signatures(score: &mut Score) -> Signatures {
    let mut result = Signatures::default();
    let homes: Vec<(usize, u8)> = score.voices.iter().map(|v| (v.part, v.staff)).collect();
    let first = |part: usize, staff: u8| homes.iter().position(|home| *home == (part, staff));
    let mut state: Vec<Vec<(Clef, Key)>> = score
        .parts
        .iter()
        .enumerate()
        .map(|(p, part)| {
            let staves = (1..=part.staves).map(|staff| first(p, staff).map(|v| &score.voices[v]));
            let default = (Clef::TREBLE, score.key);
            staves
                .map(|v| v.map_or(default, |v| (v.clef, v.key)))
                .collect()
        })
        .collect();
    // All voices on a staff sound as the first that says how.
    let transpositions: Vec<i8> = homes
        .iter()
        .map(|home| {
            let on_staff = homes
                .iter()
                .zip(&score.voices)
                .filter(|(other, _)| *other == home);
            let mut semitones = on_staff.map(|(_, voice)| voice.transpose);
            semitones.find(|t| *t != 0).unwrap_or(0)
        })
        .collect();
    for (voice, transpose) in score.voices.iter_mut().zip(transpositions) {
        voice.transpose = transpose;
        (voice.clef, voice.key) = state[voice.part][usize::from(voice.staff) - 1];
        voice.staff_lines = None;
    }
    let mut staves: Vec<u8> = homes.iter().map(|(_, staff)| *staff).collect();
    for (b, bar) in score.bars.iter_mut().enumerate() {
        let mut found: Vec<Found> = Vec::new();
        let mut said = HashSet::new();
        for (v, voice) in bar.voices.iter_mut().enumerate() {
            let part = homes[v].0;
            let (mut at, mut leading) = (Fraction::ZERO, true);
            let mut order = 0;
            let mut own = Vec::new();
            voice.items.retain(|item| {
                order += 1;
                match item {
                    Item::Staff(staff) => {
                        staves[v] = *staff;
                        leading = false;
                    }
                    Item::Event(event) => {
                        at = at.checked_add(event.duration).unwrap();
                        leading = false;
                    }
                    Item::Grace(_) => leading = false,
                    Item::Clef(_) | Item::Key(_) => {
                        let is_key = matches!(item, Item::Key(_));
                        let staff = if is_key { homes[v].1 } else { staves[v] };
                        own.push((at, part, !leading, v, order, staff, item.clone()));
                        return false;
                    }
                    _ => {}
                }
                true
            });
            // Of what leads the bar, only the last of a voice counts, and only the first voice.
            for is_clef in [true, false] {
                let kind = |item: &Item| matches!(item, Item::Clef(_)) == is_clef;
                let last = own.iter().rev().find(|own| !own.2 && kind(&own.6)).cloned();
                own.retain(|own| own.2 || !kind(&own.6));
                if let Some(last) = last
                    && said.insert((part, last.5, is_clef))
                {
                    own.insert(0, last);
                }
            }
            found.extend(own);
        }
        found.sort_by_key(|f| (f.0, f.1, f.2, f.3, f.4));
        // Only the last of several at one place is seen.
        let place = |f: &Found| (f.0, f.1, f.2, f.5, matches!(f.6, Item::Clef(_)));
        let last = |i: usize| !found[i + 1..].iter().any(|f| place(f) == place(&found[i]));
        let seen: Vec<Found> = (0..found.len())
            .filter(|i| last(*i))
            .map(|i| found[i].clone())
            .collect();
        for (at, part, _, _, _, staff, item) in seen {
            let state = &mut state[part][usize::from(staff) - 1];
            match item {
                Item::Clef(clef) if clef != state.0 => {
                    state.0 = clef;
                    result.clefs.push((b, at, part, staff, clef));
                }
                Item::Key(key) if key != state.1 => {
                    state.1 = key;
                    result.keys.push((b, at, part, staff, key));
                }
                _ => {}
            }
        }
    }
    result
        .clefs
        .sort_by_key(|(bar, at, part, staff, _)| (*bar, *at, *part, *staff));
    result
        .keys
        .sort_by_key(|(bar, at, part, staff, _)| (*bar, *at, *part, *staff));
    result
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

/// A tuplet of 1:1 is none.
fn drop_empty_tuplets(voice: &mut VoiceBar) {
    let mut open: Vec<bool> = Vec::new();
    for event in events(voice) {
        open.extend(event.tuplet_starts.iter().map(|t| !t.is_none()));
        event.tuplet_starts.retain(|t| !t.is_none());
        for _ in 0..std::mem::take(&mut event.tuplet_stops) {
            event.tuplet_stops += u8::from(open.pop().unwrap());
        }
    }
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

/// Tuplets of the same ratio beside each other are one until they fill a plain length, and a length that only
/// a tuplet can have is in one.
fn bracket_tuplets(voice: &mut VoiceBar) {
    let mut events = events(voice);
    for event in &mut events {
        let odd = event.written.den() >> event.written.den().trailing_zeros();
        let is_space = event.content == Content::Rest { visible: false };
        if event.ratio.is_none() && (3..=63).contains(&odd) && !is_space {
            let actual = u32::try_from(odd).unwrap();
            let ratio = Tuplet {
                actual,
                normal: 1 << actual.ilog2(),
            };
            event.written = event.written.checked_div(ratio.factor().unwrap()).unwrap();
            event.ratio = ratio;
            event.tuplet_starts.push(ratio);
            event.tuplet_stops += 1;
        }
    }
    // The groups as they are: first, last, ratio, depth.
    let mut groups: Vec<(usize, usize, Tuplet, usize)> = Vec::new();
    let mut open: Vec<(usize, Tuplet)> = Vec::new();
    for (i, event) in events.iter_mut().enumerate() {
        open.extend(event.tuplet_starts.drain(..).map(|t| (i, t)));
        for _ in 0..std::mem::take(&mut event.tuplet_stops) {
            let (first, tuplet) = open.pop().unwrap();
            groups.push((first, i, tuplet, open.len()));
        }
    }
    groups.sort_by_key(|(first, last, _, depth)| (*first, *depth, std::cmp::Reverse(*last)));
    let length = |events: &[&mut Event], first: usize, last: usize| {
        let inside = events[first..=last].iter().map(|e| e.duration);
        inside.fold(Fraction::ZERO, |sum, d| sum.checked_add(d).unwrap())
    };
    let mut joined: Vec<(usize, usize, Tuplet, usize)> = Vec::new();
    for group in groups {
        if group.3 == 0
            && let Some(before) = joined.iter_mut().rfind(|g| g.3 == 0)
        {
            let sum = length(&events, before.0, before.1);
            let is_plain = sum.den() & (sum.den() - 1) == 0;
            if !is_plain && before.1 + 1 == group.0 && before.2 == group.2 {
                before.1 = group.1;
                continue;
            }
        }
        joined.push(group);
    }
    for (first, last, tuplet, _) in joined {
        events[first].tuplet_starts.push(tuplet);
        events[last].tuplet_stops += 1;
    }
    for event in &mut events {
        if event.ratio.is_none() && event.tuplet_starts.is_empty() {
            event.ratio = Tuplet::NONE;
        }
    }
}

/// The values of a length, long ones first: one note with up to two dots, or up to three notes with up to one.
fn values(length: Fraction) -> Option<Vec<Fraction>> {
    let fitting = |left: Fraction, dots: u32| {
        let bases = (-3..=10).map(|k: i32| match k {
            ..=0 => Fraction::whole(1 << -k),
            _ => Fraction::new(1, 1 << k).unwrap(),
        });
        let base = bases.into_iter().find(|base| *base <= left)?;
        let dotted = (0..=dots).rev().map(|d| {
            let factor = Fraction::new((1 << (d + 1)) - 1, 1 << d).unwrap();
            base.checked_mul(factor).unwrap()
        });
        let smallest = Fraction::new(1, 1024).unwrap();
        let exists = |value: &Fraction| value.den() <= smallest.den();
        dotted
            .into_iter()
            .filter(exists)
            .find(|value| *value <= left)
    };
    if fitting(length, 2) == Some(length) {
        return Some(vec![length]);
    }
    let (mut values, mut left) = (Vec::new(), length);
    while values.len() < 3 {
        let value = fitting(left, 1)?;
        values.push(value);
        left = left.checked_sub(value).unwrap();
        if left.is_zero() {
            return Some(values);
        }
    }
    None
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

/// What no single note prints is tied together of several.
fn tie_long_notes(voice: &mut VoiceBar) {
    let count = events(voice).len();
    let mut split = Vec::new();
    for item in voice.items.drain(..) {
        let Item::Event(event) = item else {
            split.push(item);
            continue;
        };
        let is_rest = event.notes().is_empty();
        let whole_bar = is_rest && count == 1 && event.ratio.is_none();
        let is_space = event.content == Content::Rest { visible: false };
        let is_pair = matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)));
        let two = Fraction::whole(if is_pair { 2 } else { 1 });
        let printed = event.written.checked_mul(two).unwrap();
        // A tremolo between two notes cannot be tied.
        let one = whole_bar || is_space || is_pair;
        let pieces = values(printed).filter(|p| p.len() > 1 && !one);
        let Some(pieces) = pieces else {
            split.push(Item::Event(event));
            continue;
        };
        let last = pieces.len() - 1;
        let scale = event.duration.checked_div(printed).unwrap();
        for (i, value) in pieces.into_iter().enumerate() {
            let mut piece = event.clone();
            piece.written = value.checked_div(two).unwrap();
            piece.duration = value.checked_mul(scale).unwrap();
            if i > 0 {
                piece.tuplet_starts.clear();
                piece.slurs.starts = 0;
                piece.marks.retain(|m| *m == Mark::Stemless);
                piece.tremolo = None;
                piece.lyrics.clear();
                piece.beam_break = true;
            }
            if i < last {
                piece.tuplet_stops = 0;
                piece.slurs.stops = 0;
            }
            if let Content::Notes(notes) = &mut piece.content {
                for note in notes {
                    if i > 0 {
                        note.tie_stop = true;
                        note.accidental = None;
                        note.courtesy = false;
                        note.marks.clear();
                    }
                    note.tie_start |= i < last;
                }
            }
            split.push(Item::Event(piece));
        }
    }
    voice.items = split;
}

/// The last event of a bar may be out by a hair, and nobody can print by how much.
fn measure_last(voice: &mut VoiceBar) {
    let Some(last) = events(voice).pop() else {
        return;
    };
    let factor = last.ratio.factor().unwrap();
    let printed = last.written.checked_mul(factor).unwrap();
    let (long, short) = (printed.max(last.duration), printed.min(last.duration));
    if long.checked_sub(short).unwrap() < Fraction::new(1, 128).unwrap() {
        last.written = last.duration.checked_div(factor).unwrap();
    }
}

/// Only notes with flags have beams.
fn break_beams(voice: &mut VoiceBar) {
    let has_flag = |event: &Event| {
        let is_pair = matches!(event.tremolo, Some(Tremolo::First(_) | Tremolo::Second(_)));
        let printed = event
            .written
            .checked_mul(Fraction::whole(if is_pair { 2 } else { 1 }));
        let single = printed
            .and_then(values)
            .is_some_and(|values| values.len() == 1);
        let is_short = printed.is_some_and(|p| p < Fraction::QUARTER);
        let is_stemless = event.marks.contains(&Mark::Stemless);
        single && is_short && !is_stemless && !event.notes().is_empty()
    };
    let mut before = false;
    for event in events(voice) {
        let own = has_flag(event);
        event.beam_break |= !(before && own);
        before = own;
    }
}

/// The order of signs on a note, and what is the same on paper.
fn tidy(item: &mut Item) {
    let note = |note: &mut Note| {
        if note.courtesy && note.accidental.is_none() {
            note.accidental = Some(Accidental::for_alter(note.pitch.alter));
        }
        sort(&mut note.marks);
    };
    match item {
        Item::Event(event) => {
            let mut marks = std::mem::take(&mut event.marks);
            if let Content::Notes(notes) = &mut event.content {
                if let Some(first) = notes.first_mut() {
                    marks.append(&mut first.marks);
                }
                let of_chord = |mark: &Mark| {
                    matches!(
                        mark,
                        Mark::Start(_) | Mark::Stop(_) | Mark::Fermata | Mark::Arpeggio
                    )
                };
                for note in notes.iter_mut().skip(1) {
                    marks.extend(note.marks.iter().filter(|m| of_chord(m)));
                    note.marks.retain(|m| !of_chord(m));
                    if marks.contains(&Mark::Stemless) {
                        note.marks.retain(|m| *m != Mark::Stemless);
                    }
                }
                notes.iter_mut().for_each(note);
            }
            sort(&mut marks);
            event.marks = marks;
        }
        Item::Grace(group) => {
            for grace in &mut group.notes {
                if let Some(first) = grace.notes.first_mut() {
                    grace.marks.append(&mut first.marks);
                }
                sort(&mut grace.marks);
                grace.notes.iter_mut().for_each(note);
            }
        }
        // A chord symbol that nobody knows is words, and one that is known has no blanks around it.
        Item::ChordSymbol(text) | Item::Direction(Direction::Words { above: true, text }) => {
            *item = Item::Direction(Direction::Words {
                above: true,
                text: std::mem::take(text).trim().to_owned(),
            });
        }
        _ => {}
    }
}

fn sort(marks: &mut Vec<Mark>) {
    // A trill with its line is a trill.
    if marks.contains(&Mark::Start(Span::Trill)) {
        marks.retain(|m| *m != Mark::Trill);
    }
    marks.sort_by_key(|mark| format!("{mark:?}"));
    marks.dedup();
}

/// Which note stands for a drum in the text is not printed, only its place.
fn name_drums(score: &mut Score, v: usize) {
    let drums = std::mem::take(&mut score.voices[v].drums);
    let mut known: Vec<Drum> = Vec::new();
    if score.voices[v].clef.sign != ClefSign::Percussion {
        return;
    }
    let mut rename = |note: &mut Note| {
        let of = |d: &&Drum| {
            (d.step, d.octave, d.accidental)
                == (note.pitch.step, note.pitch.octave, note.accidental)
        };
        note.pitch.alter = 0;
        let Some(drum) = drums.iter().find(of) else {
            return;
        };
        let place = (drum.shown_step, drum.shown_octave);
        let here = known
            .iter()
            .filter(|d| (d.shown_step, d.shown_octave) == place);
        let same = here
            .clone()
            .position(|d| (d.midi, d.head) == (drum.midi, drum.head));
        let index = same.unwrap_or(here.count());
        (note.pitch.step, note.pitch.octave) = place;
        note.courtesy = false;
        note.accidental = [None, Some(Accidental::Sharp), Some(Accidental::Flat)][index];
        if same.is_none() {
            known.push(Drum {
                step: place.0,
                octave: place.1,
                accidental: note.accidental,
                ..drum.clone()
            });
        }
    };
    for item in score
        .bars
        .iter_mut()
        .flat_map(|bar| &mut bar.voices[v].items)
    {
        match item {
            Item::Event(event) => {
                if let Content::Notes(notes) = &mut event.content {
                    notes.iter_mut().for_each(&mut rename);
                }
            }
            Item::Grace(group) => {
                let notes = group.notes.iter_mut().flat_map(|g| &mut g.notes);
                notes.for_each(&mut rename);
            }
            _ => {}
        }
    }
    score.voices[v].drums = known;
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
