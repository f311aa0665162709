//! What is written as NotaGen's text is read back as the same score, and is the text that scores came from.

use score::guard::Guard;
use score::{
    Bar, Barline, Clef, ClefSign, Content, Direction, Event, Fraction, Item, Mark, Metadata, Meter,
    Note, Score, Slurs, Span, Tempo, Tuplet, VoiceBar, parse_abc, write_interleaved,
};

use crate::guard::read_corpus;
use crate::{corpus_scores, pieces};

/// The changes that the language makes necessary, but for those of words (see [`is_plain`]):
/// - lyrics and MIDI programs are left out;
/// - a voice that only rests has one rest, printed if it is the first on its staff;
/// - metres are numbers, and there is one;
/// - decorations stand in the order of the training text; those it does not have are left out;
/// - grace notes have no lengths;
/// - barlines are those of the training text, and no ending begins with the piece;
/// - voices are called by numbers, and keys of their own stand in their first bar, if there is one.
fn normal(score: &mut Score) {
    let numbers: Vec<Option<u8>> = score.voices.iter().map(|v| v.id.parse().ok()).collect();
    let numbered = |id: &Option<u8>| id.is_some_and(|n| (1..100).contains(&n));
    let mut different = numbers.clone();
    different.sort_unstable();
    different.dedup();
    let keep =
        numbers.len() > 1 && different.len() == numbers.len() && numbers.iter().all(numbered);
    for (voice, n) in score.voices.iter_mut().zip(1..) {
        if !keep {
            voice.id = n.to_string();
        }
        if score.bars.is_empty() && !is_unpitched(voice) {
            voice.key = score.key;
        }
    }
    for part in &mut score.parts {
        part.program = None;
    }
    let order: Vec<usize> = {
        let mut order: Vec<usize> = (0..score.voices.len()).collect();
        order.sort_by_key(|v| score.voices[*v].id.parse::<u32>().unwrap());
        order
    };
    let starts: Vec<bool> = score
        .bars
        .iter()
        .skip(1)
        .map(|bar| bar.repeat_start)
        .collect();
    let own_keys: Vec<bool> = score
        .voices
        .iter()
        .map(|v| v.key != score.key && !is_unpitched(v))
        .collect();
    let leads: Vec<bool> = (0..score.voices.len())
        .map(|v| {
            let on = |v: usize| (score.voices[v].part, score.voices[v].staff);
            v == 0 || on(v) != on(v - 1)
        })
        .collect();
    for (b, bar) in score.bars.iter_mut().enumerate() {
        bar.meter = bar
            .meter
            .map(in_numbers)
            .or((b == 0).then_some(Meter::Free));
        let begins = starts.get(b).copied().unwrap_or(false);
        bar.barline = match (bar.barline, bar.repeat_stop, begins) {
            (Barline::Double, false, false) => Barline::Double,
            (Barline::Final, false, _) => Barline::Final,
            _ => Barline::Regular,
        };
        bar.voices.iter_mut().for_each(normal_voice);
        let rests = |bar: &Bar, v: usize| bar.voices[v].items.iter().all(is_bare_rest);
        let speaks = |bar: &Bar, v: usize| b == 0 && own_keys[v] || !rests(bar, v);
        // Where a metre begins every voice names it; a line has one voice at least.
        let named = b > 0 && bar.meter.is_some();
        let all_rest = (0..bar.voices.len()).all(|v| !speaks(bar, v));
        let first = order.first().filter(|_| all_rest);
        for (v, leads) in leads.iter().enumerate() {
            if !(named || speaks(bar, v) || first == Some(&v)) {
                let rest = rest(bar.length, *leads);
                bar.voices[v].items = vec![Item::Event(rest)];
            }
        }
    }
}

fn is_unpitched(voice: &score::Voice) -> bool {
    voice.clef.sign == ClefSign::Percussion && voice.key.none
}

/// A rest as a reader adds it.
fn rest(length: Fraction, visible: bool) -> Event {
    Event {
        content: Content::Rest { visible },
        written: length,
        duration: length,
        ratio: Tuplet::NONE,
        tuplet_starts: vec![],
        tuplet_stops: 0,
        slurs: Slurs::default(),
        beam_break: true,
        tremolo: None,
        marks: vec![],
        lyrics: vec![],
    }
}

fn is_bare_rest(item: &Item) -> bool {
    matches!(item, Item::Event(event) if event.notes().is_empty() && event.marks.is_empty())
}

fn in_numbers(meter: Meter) -> Meter {
    match meter {
        Meter::Common => Meter::Numbers { beats: 4, unit: 4 },
        Meter::Cut => Meter::Numbers { beats: 2, unit: 2 },
        other => other,
    }
}

fn normal_voice(voice: &mut VoiceBar) {
    let lost = |span: &Span| *span == Span::TwoOctavesDown;
    voice.items.retain(|item| {
        !matches!(item, Item::Direction(Direction::Start(span) | Direction::Stop(span)) if lost(span))
    });
    let marks = |marks: &mut Vec<Mark>| {
        marks.retain(|mark| !matches!(mark, Mark::Fingering(6..)));
        marks.sort_by_key(|mark| format!("{mark:?}"));
    };
    let notes = |notes: &mut [Note]| notes.iter_mut().for_each(|note| marks(&mut note.marks));
    let mut first = true;
    for item in &mut voice.items {
        match item {
            Item::Event(event) => {
                event.lyrics.clear();
                event.beam_break |= std::mem::take(&mut first);
                marks(&mut event.marks);
                if let Content::Notes(chord) = &mut event.content {
                    notes(chord);
                }
            }
            Item::Grace(group) => {
                for grace in &mut group.notes {
                    grace.written = Fraction::EIGHTH;
                    marks(&mut grace.marks);
                    notes(&mut grace.notes);
                }
            }
            _ => {}
        }
    }
}

/// The dynamics that the language has.
const DYNAMICS: &[&str] = &[
    "pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sf", "sfz", "sffz", "fz",
    "fp", "sfp", "rfz",
];

/// Whether every word of the score can be written as it is: texts, chord symbols and tempi are short and
/// ASCII, there is nothing that the language has to say in words, and no ending that it cannot say at all.
fn is_plain(score: &Score) -> bool {
    let text = |text: &str| {
        let runs = text.as_bytes().windows(2);
        let has_runs = runs
            .into_iter()
            .any(|w| w[0] == w[1] && !w[0].is_ascii_alphanumeric());
        let known = text.replace('\n', "\\n");
        known.len() <= 37
            && !known.contains("[V:")
            && !has_runs
            && !text.contains(['\\', '&'])
            && known
                .bytes()
                .all(|b| (b' '..=b'~').contains(&b) && !b"\"|%".contains(&b))
    };
    let symbol = |text: &str| {
        let known = "#bmajdisugn0123456789/+-()ABCDEFG";
        text.len() <= 11 && text.chars().all(|c| known.contains(c))
    };
    let tempo = |tempo: &Tempo| {
        let beat = |beat: Fraction| {
            matches!(
                (beat.num(), beat.den()),
                (1, 1 | 2 | 4 | 8 | 16) | (3, 2 | 4 | 8 | 16)
            )
        };
        let whole = |count: Fraction| count.den() == 1 && count.num() < 1000;
        let beats = tempo
            .beats
            .is_some_and(|(length, count)| beat(length) && whole(count));
        tempo.words.is_empty() && beats
    };
    let name = |name: &str| {
        let known = name.replace('\n', "\\n");
        let ascii = |b: u8| (b' '..=b'~').contains(&b) && !b"\"|%".contains(&b);
        let plain = !name.contains(['\\', '&']);
        plain && known.len() <= 60 && known.bytes().all(ascii) && known.trim() == known
    };
    let volta = |bar: &Bar| {
        bar.volta
            .as_ref()
            .is_none_or(|volta| !volta.numbers.is_empty())
    };
    let clef = |clef: &Clef| {
        let octaves = clef.octaves == 0
            || matches!((clef.sign, clef.line), (ClefSign::G, 2) | (ClefSign::F, 4));
        let line = matches!(
            (clef.sign, clef.line),
            (ClefSign::G | ClefSign::Percussion, 2) | (ClefSign::C, 1..=4) | (ClefSign::F, 3 | 4)
        );
        octaves && line
    };
    score.tempo.iter().all(tempo)
        && score
            .parts
            .iter()
            .all(|part| name(&part.name) && name(&part.short_name))
        && score.voices.iter().all(|voice| clef(&voice.clef))
        && score.bars.iter().all(volta)
        && score.bars.first().is_none_or(|bar| bar.volta.is_none())
        && score
            .bars
            .iter()
            .flat_map(|bar| &bar.voices)
            .flat_map(|voice| &voice.items)
            .all(|item| match item {
                Item::Direction(Direction::Words { text: words, .. }) => text(words),
                Item::Direction(Direction::Rehearsal(_)) => false,
                Item::Direction(Direction::Dynamic(name)) => DYNAMICS.contains(name),
                Item::ChordSymbol(words) => symbol(words),
                Item::Tempo(mark) => tempo(mark),
                Item::Clef(sign) => clef(sign),
                _ => true,
            })
}

/// Takes out what words may have become, where they cannot be written as they are.
fn without_words(score: &mut Score) {
    score.tempo = None;
    for part in &mut score.parts {
        part.name.clear();
        part.short_name.clear();
    }
    for bar in &mut score.bars {
        bar.volta = None;
        bar.volta_stop = None;
        for voice in &mut bar.voices {
            voice.items.retain(|item| {
                !matches!(
                    item,
                    Item::Direction(
                        Direction::Words { .. } | Direction::Rehearsal(_) | Direction::Dynamic(_)
                    ) | Item::ChordSymbol(_)
                        | Item::Tempo(_)
                        | Item::Clef(_)
                )
            });
        }
    }
}

/// Compares bar by bar so that a difference can be found.
fn same(id: &str, new: &Score, old: &Score) {
    assert_eq!((new.key, &new.tempo), (old.key, &old.tempo), "{id}");
    assert_eq!((&new.parts, &new.groups), (&old.parts, &old.groups), "{id}");
    assert_eq!(new.voices, old.voices, "{id}");
    assert_eq!(new.bar_count(), old.bar_count(), "{id}");
    for (b, (new, old)) in new.bars.iter().zip(&old.bars).enumerate() {
        for (v, (new, old)) in new.voices.iter().zip(&old.voices).enumerate() {
            assert_eq!(new, old, "{id}: bar {}, voice at {v}", b + 1);
        }
        assert_eq!(new, old, "{id}: bar {}", b + 1);
    }
}

/// Reads what is written of a score and compares. Gives what was written.
pub(crate) fn check(id: &str, score: &Score) -> String {
    let written = write_interleaved(score);
    assert!(
        written.is_ascii() || score.metadata != Metadata::default(),
        "{id}"
    );
    let (mut again, _) = parse_abc(&written);
    for (line, again) in written.lines().zip(write_interleaved(&again).lines()) {
        assert_eq!(again, line, "{id}: written again");
    }
    let mut score = score.clone();
    let plain = is_plain(&score);
    if !plain {
        without_words(&mut score);
        without_words(&mut again);
    }
    for score in [&mut score, &mut again] {
        normal(score);
        if !plain {
            score
                .voices
                .iter_mut()
                .for_each(|voice| voice.clef = Clef::TREBLE);
        }
    }
    same(id, &again, &score);
    written
}

#[test]
fn the_pieces_here_are_read_back_as_they_were_written() {
    for (name, text) in pieces() {
        let (score, _) = parse_abc(&text);
        let written = check(&name, &score);
        assert_eq!(parse_abc(&written).0.metadata, score.metadata, "{name}");
    }
}

#[test]
fn the_corpus_is_read_back_as_it_was_written() {
    for (id, text) in corpus_scores() {
        check(&id, &parse_abc(&text).0);
    }
}

#[test]
fn the_corpus_comes_back_in_its_own_words() {
    let scores = corpus_scores();
    let (mut lines, mut same, mut header, mut same_header) = (0, 0, 0, 0);
    for (_, text) in &scores {
        let written = write_interleaved(&parse_abc(text).0);
        let old = text.lines().filter(|line| !line.is_empty());
        for (old, new) in old.zip(written.lines()) {
            match new.strip_prefix("[r:").and_then(|new| new.split_once(']')) {
                Some((_, new)) => {
                    lines += 1;
                    same += usize::from(new == old);
                }
                None => {
                    header += 1;
                    same_header += usize::from(new == old);
                }
            }
        }
    }
    println!("{same} of {lines} lines of music, {same_header} of {header} lines of headers");
    assert!(same * 100 >= lines * 97, "{same} of {lines}");
    assert!(
        same_header * 1000 >= header * 998,
        "{same_header} of {header}"
    );
}

#[test]
fn the_guard_accepts_as_much_of_what_is_written_as_of_the_corpus() {
    let scores = corpus_scores();
    let written: Vec<(String, String)> = scores
        .iter()
        .map(|(id, text)| {
            let written = write_interleaved(&parse_abc(text).0);
            let lines = written.lines().map(|line| match line.strip_prefix("[r:") {
                Some(line) => line.split_once(']').unwrap().1,
                None => line,
            });
            (id.clone(), lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    let (lines, refused) = read_corpus(&scores, &Guard::new());
    let (lines_written, refused_written) = read_corpus(&written, &Guard::new());
    assert!(
        refused_written * lines <= refused * lines_written,
        "{refused_written} of {lines_written} lines, of the corpus {refused} of {lines}"
    );
}

#[test]
fn what_is_known_of_a_piece_stands_before_the_style_and_a_prompt_has_nothing_else() {
    let (mut score, _) = parse_abc("L:1/8\nK:C\nV:1 treble\n[V:1]C8|\n");
    let music = "L:1/8\nM:none\nK:C\nV:1 treble \n[r:0/0][V:1]C8|\n";
    assert_eq!(write_interleaved(&score), music);
    score.metadata = Metadata {
        title: "Nocturne in E".into(),
        composer: "in the style of Frédéric Chopin".into(),
        period: "Romantic".into(),
        instrumentation: "Keyboard".into(),
        rights: Some("CC0".into()),
        software: "Partita 0.1.0".into(),
        fields: vec![
            ("partita-composer".into(), "Chopin, Frederic".into()),
            ("partita-seed".into(), "42".into()),
        ],
    };
    let style = "%Romantic\n%Chopin, Frederic\n%Keyboard\n";
    let written = write_interleaved(&score);
    assert_eq!(
        written,
        format!(
            "X:1\nT:Nocturne in E\nC:in the style of Frédéric Chopin\n%%abc-creator Partita 0.1.0\n\
             %%abc-copyright CC0\nN:partita-seed: 42\n{style}{music}"
        )
    );
    let read_back = |score: &Score| parse_abc(&write_interleaved(score)).0.metadata;
    assert_eq!(read_back(&score), score.metadata);

    // Nothing but the style is left: a prompt.
    score.metadata = Metadata {
        composer: "Chopin, Frederic".into(),
        period: "Romantic".into(),
        instrumentation: "Keyboard".into(),
        ..Metadata::default()
    };
    assert_eq!(write_interleaved(&score), format!("{style}{music}"));
    assert_eq!(read_back(&score), score.metadata);
    score.metadata.title = "Nocturne".into();
    assert_eq!(read_back(&score), score.metadata);
    score.metadata.fields = vec![("partita-composer".into(), "Chopin, F.".into())];
    score.metadata.composer.clear();
    assert_eq!(read_back(&score), score.metadata);

    // Without all of the style there are no style lines.
    score.metadata.instrumentation.clear();
    assert!(!write_interleaved(&score).contains("\n%Romantic"));
    assert_eq!(read_back(&score), score.metadata);
}

#[test]
fn an_ending_ends_where_it_did_in_the_score() {
    let header = "L:1/8\nM:2/4\nK:C\nV:1 treble \n";
    let text = format!("{header}[V:1]c4|1\n[V:1]d4|\n[V:1]e4|\n[V:1]f4|]\n");
    let (mut score, _) = parse_abc(&text);
    let stops = |score: &Score| -> Vec<usize> {
        let bars = score.bars.iter().enumerate();
        bars.filter(|(_, bar)| bar.volta_stop.is_some())
            .map(|(b, _)| b)
            .collect()
    };
    // Where a reader finds the end no sign is needed.
    assert_eq!(stops(&score), [3]);
    assert!(!write_interleaved(&score).contains("||"));
    score.bars[2].volta_stop = score.bars[3].volta_stop.take();
    let written = write_interleaved(&score);
    assert!(written.contains("e4||\n"), "{written}");
    assert_eq!(stops(&parse_abc(&written).0), [2]);
}

#[test]
fn comments_in_abc_as_people_write_it_are_no_style() {
    let (score, _) = parse_abc("X:1\n% one\n% two\nT:Title\n% three\nL:1/8\nK:C\nC8|\n");
    assert_eq!(score.metadata.period, "");
    assert_eq!(score.metadata.composer, "");
}
