//! A score as a line of text for each voice, for tests that say what music a text stands for.

use score::{Content, Event, Fraction, Item, Note, Score, parse_abc};

/// The voices of a text: bars with `|` between them, in them notes such as `F#5:1/8`, chords with `+`, rests
/// `z:1/4` (`x` if they are not printed), grace notes `{C5}`; a tied note has `-` behind it.
pub(crate) fn music(text: &str) -> Vec<String> {
    voices(&parse_abc(text).0)
}

/// The same of a score.
pub(crate) fn voices(score: &Score) -> Vec<String> {
    let voice = |v: usize| {
        let bars = score.bars.iter().map(|bar| {
            let items = bar.voices[v].items.iter().filter_map(item);
            items.collect::<Vec<_>>().join(" ")
        });
        bars.collect::<Vec<_>>().join(" | ")
    };
    (0..score.voice_count()).map(voice).collect()
}

fn item(item: &Item) -> Option<String> {
    match item {
        Item::Event(event) => Some(show_event(event)),
        Item::Grace(group) => {
            let notes = group.notes.iter().map(|grace| chord(&grace.notes));
            let stroke = if group.slash { "/" } else { "" };
            Some(format!(
                "{{{stroke}{}}}",
                notes.collect::<Vec<_>>().join(" ")
            ))
        }
        _ => None,
    }
}

fn show_event(event: &Event) -> String {
    let what = match &event.content {
        Content::Rest { visible: true } => "z".to_owned(),
        Content::Rest { visible: false } => "x".to_owned(),
        Content::Notes(notes) => chord(notes),
    };
    format!("{what}:{}", length(event.duration))
}

fn chord(notes: &[Note]) -> String {
    notes.iter().map(note).collect::<Vec<_>>().join("+")
}

fn note(note: &Note) -> String {
    let pitch = note.pitch;
    let alter = match pitch.alter {
        2 => "##",
        1 => "#",
        -1 => "b",
        -2 => "bb",
        _ => "",
    };
    let tie = if note.tie_start { "-" } else { "" };
    format!("{}{alter}{}{tie}", pitch.step.letter(), pitch.octave)
}

fn length(length: Fraction) -> String {
    length.to_string()
}

/// The findings of a text, as they are shown to people.
pub(crate) fn findings(text: &str) -> Vec<String> {
    let (_, findings) = parse_abc(text);
    findings.iter().map(ToString::to_string).collect()
}
