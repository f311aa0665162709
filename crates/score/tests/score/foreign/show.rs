//! A score in a few characters with all that was read, for tests that say what should come out.

use score::{
    Clef, ClefSign, Content, Direction, Event, Item, Key, Mode, Note, Score, Slurs, Syllable,
    Tremolo,
};

/// Each voice on a line, bars between ` | `.
pub(crate) fn show(score: &Score) -> Vec<String> {
    let voices = (0..score.voice_count()).map(|v| {
        let bars = score.bars.iter().map(|bar| {
            let items = bar.voices[v].items.iter().map(item);
            items.collect::<Vec<_>>().join(" ")
        });
        bars.collect::<Vec<_>>().join(" | ")
    });
    voices.collect()
}

fn item(item: &Item) -> String {
    match item {
        Item::Event(e) => event(e),
        Item::Grace(group) => {
            let notes = group.notes.iter().map(|grace| {
                format!(
                    "{}{}{}",
                    chord(&grace.notes),
                    grace.written,
                    slurs(grace.slurs)
                )
            });
            let slash = if group.slash { "/" } else { "" };
            format!("{{{slash}{}}}", notes.collect::<Vec<_>>().join(" "))
        }
        Item::Staff(staff) => format!("staff{staff}"),
        Item::Clef(clef) => self::clef(*clef),
        Item::Key(key) => self::key(*key),
        Item::Tempo(tempo) => {
            let beats = tempo.beats.map(|(beat, count)| format!("{beat}={count}"));
            format!("tempo[{}{}]", tempo.words, beats.unwrap_or_default())
        }
        Item::Direction(Direction::Words { above, text }) => {
            format!("{}\"{text}\"", if *above { '^' } else { '_' })
        }
        Item::Direction(Direction::Dynamic(name)) => format!("!{name}!"),
        Item::Direction(direction) => format!("{direction:?}"),
        Item::ChordSymbol(text) => format!("\"{text}\""),
    }
}

pub(crate) fn clef(clef: Clef) -> String {
    let sign = match clef.sign {
        ClefSign::G => "G",
        ClefSign::C => "C",
        ClefSign::F => "F",
        ClefSign::Percussion => return "perc".to_owned(),
        ClefSign::Tab => "tab",
    };
    match clef.octaves {
        0 => format!("{sign}{}", clef.line),
        octaves => format!("{sign}{}{octaves:+}", clef.line),
    }
}

fn key(key: Key) -> String {
    match key {
        Key { none: true, .. } => "K:none".to_owned(),
        Key {
            mode: Mode::Major,
            fifths,
            ..
        } => format!("K:{fifths}"),
        Key { mode, fifths, .. } => format!("K:{fifths}{mode:?}"),
    }
}

/// `(3:2 C4+E4~1/12 ..`: what begins, the notes, ties, the length, and what ends.
fn event(event: &Event) -> String {
    let mut text = String::new();
    for tuplet in &event.tuplet_starts {
        text.push_str(&format!("({}:{} ", tuplet.actual, tuplet.normal));
    }
    text.push_str(&match &event.content {
        Content::Rest { visible: true } => "z".to_owned(),
        Content::Rest { visible: false } => "x".to_owned(),
        Content::Notes(notes) => chord(notes),
    });
    text.push_str(&event.duration.to_string());
    let told = event
        .ratio
        .factor()
        .and_then(|f| event.written.checked_mul(f));
    if told != Some(event.duration) {
        text.push_str(&format!("as{}", event.written));
    }
    text.push_str(&slurs(event.slurs));
    if !event.beam_break {
        text.push('_');
    }
    match event.tremolo {
        None => {}
        Some(Tremolo::Single(n)) => text.push_str(&"/".repeat(usize::from(n))),
        Some(Tremolo::First(n)) => text.push_str(&format!("{}-", "/".repeat(usize::from(n)))),
        Some(Tremolo::Second(n)) => text.push_str(&format!("-{}", "/".repeat(usize::from(n)))),
    }
    for mark in &event.marks {
        text.push_str(&format!(".{mark:?}"));
    }
    for lyric in &event.lyrics {
        let (before, after) = match lyric.syllable {
            Syllable::Whole => ("", ""),
            Syllable::First => ("", "-"),
            Syllable::Middle => ("-", "-"),
            Syllable::Last => ("-", ""),
        };
        let line = if lyric.extends { "_" } else { "" };
        text.push_str(&format!(
            "'{}{before}{}{after}{line}'",
            lyric.verse, lyric.text
        ));
    }
    text.push_str(&" )".repeat(usize::from(event.tuplet_stops)));
    text
}

fn slurs(slurs: Slurs) -> String {
    let (stops, starts) = (usize::from(slurs.stops), usize::from(slurs.starts));
    format!("{}{}", ">".repeat(stops), "<".repeat(starts))
}

/// `Eb4=` is E flat with an accidental in front of it, `Eb4?` one in parentheses.
fn chord(notes: &[Note]) -> String {
    let notes = notes.iter().map(|note| {
        let alter = ["bb", "b", "", "#", "##"][usize::try_from(note.pitch.alter + 2).unwrap()];
        let printed = match (note.accidental, note.courtesy) {
            (None, false) => "",
            (Some(_), false) => "=",
            (_, true) => "?",
        };
        let tie = match (note.tie_stop, note.tie_start) {
            (false, false) => "",
            (true, false) => "<~",
            (false, true) => "~>",
            (true, true) => "<~>",
        };
        let marks: String = note.marks.iter().map(|mark| format!(".{mark:?}")).collect();
        format!(
            "{}{alter}{}{printed}{tie}{marks}",
            note.pitch.step.letter(),
            note.pitch.octave
        )
    });
    format!("{}:", notes.collect::<Vec<_>>().join("+"))
}
