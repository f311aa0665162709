//! Signs on notes, and drums.

use score::{Accidental, ClefSign, Content, Direction, Drum, Item, Mark, Note, Score, Span};

/// The order of signs on a note, and what is the same on paper.
pub(super) fn tidy(item: &mut Item) {
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
pub(super) fn name_drums(score: &mut Score, v: usize) {
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
