//! ABC 2.1 as people write it, around the notes: files, fields, keys, voices. Each construct of the standard, and
//! the score it stands for.

use score::{Direction, Event, Fraction, Item, Meter, Mode, Score, parse_abc, write_abc};

use crate::check::checked;
use crate::show::{findings, music};

/// A tune in 4/4 and eighths with this music.
pub(crate) fn tune(music: &str) -> String {
    format!("X:1\nT:Test\nM:4/4\nL:1/8\nK:C\n{music}\n")
}

/// Reads a tune and checks that nothing was found wrong, and that it is read back as it is written.
pub(crate) fn clean(text: &str) -> Score {
    let (score, _) = checked(text);
    assert_eq!(findings(text), Vec::<String>::new(), "{text}");
    assert_eq!(parse_abc(&write_abc(&score)).0, score, "{text}");
    score
}

fn fraction(num: i64, den: i64) -> Fraction {
    Fraction::new(num, den).unwrap()
}

fn events(score: &Score) -> Vec<&Event> {
    let voices = score.bars.iter().map(|bar| &bar.voices[0]);
    voices.flat_map(|voice| voice.events()).collect()
}

#[test]
fn fields_of_the_header_are_kept_and_written_again() {
    let text = "%abc-2.1\nX:7\nT:Wild Rover, The\nT:or: Caf\\'e\nC:Trad. &amp; Anon.\nC:Me\nO:Ireland\nR:reel\nB:A book\n\
                D:A record\nN:plain note\nN:seed: 42\nZ:Someone\nS:A fiddler\nH:Long ago\n+:in a village\nG:fiddle\nA:Kerry\n\
                M:C\nL:1/8\nK:G % a comment\nG8|]\n";
    let score = clean(text);
    assert_eq!(score.title(), "The Wild Rover - or: Café");
    assert_eq!(score.metadata.composer, "Trad. & Anon., Me");
    let fields: Vec<(&str, &str)> = score
        .metadata
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("origin", "Ireland"),
            ("rhythm", "reel"),
            ("book", "A book"),
            ("discography", "A record"),
            ("notes", "plain note"),
            ("seed", "42"),
            ("transcription", "Someone"),
            ("source", "A fiddler"),
            ("history", "Long ago in a village"),
            ("group", "fiddle"),
            ("area", "Kerry"),
        ]
    );
    let written = write_abc(&score);
    for line in [
        "O:Ireland",
        "H:Long ago in a village",
        "N:notes: plain note",
        "N:seed: 42",
        "A:Kerry",
    ] {
        assert!(written.lines().any(|l| l == line), "{line}\n{written}");
    }
}

#[test]
fn a_title_that_only_looks_sorted_is_read_back_as_it_was() {
    let (mut score, _) = parse_abc(&tune("c8|"));
    for title in [
        "Hello, The",
        "100% \\true",
        "A & B; C",
        "&amp; \\u00e9",
        "%",
        "Die, Die, Die",
    ] {
        score.metadata.title = title.into();
        assert_eq!(parse_abc(&write_abc(&score)).0.title(), title);
    }
}

#[test]
fn the_order_of_parts_is_kept_and_said_not_to_be_played() {
    let text = "X:1\nT:Parts\nP:AABB\nM:4/4\nL:1/8\nK:C\nP:A\nc8|\nP:B\nd8|\n";
    let (score, _) = checked(text);
    assert_eq!(
        score.metadata.fields,
        [("parts".to_owned(), "AABB".to_owned())]
    );
    assert_eq!(findings(text).len(), 1);
    assert_eq!(score.bar_count(), 2);
    let rehearsal = |bar: usize| score.bars[bar].voices[0].items[0].clone();
    assert_eq!(
        rehearsal(0),
        Item::Direction(Direction::Rehearsal("A".into()))
    );
    assert_eq!(
        rehearsal(1),
        Item::Direction(Direction::Rehearsal("B".into()))
    );
}

#[test]
fn words_after_the_tune_are_kept_line_by_line() {
    let score = clean(&tune("c8|]\nW:First line\nW:\nW:Second\n+:line"));
    let words = ("words".to_owned(), "First line\n\nSecond line".to_owned());
    assert_eq!(score.metadata.fields, [words]);
    assert!(
        score::write_musicxml(&score)
            .contains("<miscellaneous-field name=\"words\">First line\n\nSecond line<")
    );
}

#[test]
fn metres_are_read_in_all_forms() {
    let meter = |value: &str| {
        let text = format!("X:1\nT:\nM:{value}\nL:1/8\nK:C\nc|\n");
        checked(&text).0.bars[0].meter
    };
    let numbers = |beats, unit| Some(Meter::Numbers { beats, unit });
    assert_eq!(meter("C"), Some(Meter::Common));
    assert_eq!(meter("C|"), Some(Meter::Cut));
    assert_eq!(meter("6/8"), numbers(6, 8));
    assert_eq!(meter("none"), Some(Meter::Free));
    for sum in ["2+3/8", "(2+3)/8", "( 2 + 3 ) / 8"] {
        assert_eq!(meter(sum), numbers(5, 8));
        let text = format!("X:1\nT:\nM:{sum}\nL:1/8\nK:C\nccccc|\n");
        assert_eq!(findings(&text).len(), 1, "{sum}");
    }
    assert!(findings(&tune("[M:C|]c4 d4|")).is_empty());
}

#[test]
fn without_l_the_unit_follows_from_the_metre() {
    let length = |head: &str| {
        let (score, _) = parse_abc(&format!("X:1\nT:\n{head}K:C\nc\n"));
        score.bars[0].voices[0].events().next().unwrap().duration
    };
    assert_eq!(length("M:2/4\n"), fraction(1, 16));
    assert_eq!(length("M:3/4\n"), fraction(1, 8));
    assert_eq!(length("M:C|\n"), fraction(1, 8));
    assert_eq!(length(""), fraction(1, 8));
    assert_eq!(length("M:2/4\nL:1/4\n"), fraction(1, 4));
}

#[test]
fn tempi_are_read_in_all_forms() {
    let tempo = |value: &str| {
        let (score, findings) = parse_abc(&format!("X:1\nT:\nQ:{value}\nM:C\nL:1/16\nK:C\nc16|\n"));
        assert!(findings.is_empty(), "{value}: {findings:?}");
        let tempo = score.tempo.unwrap();
        (
            tempo.words,
            tempo
                .beats
                .map(|(beat, count)| (beat.to_string(), count.to_string())),
        )
    };
    let beats = |beat: &str, count: &str| Some((beat.to_owned(), count.to_owned()));
    assert_eq!(tempo("1/2=120"), (String::new(), beats("1/2", "120")));
    assert_eq!(
        tempo("\"Allegro\" 1/4=120"),
        ("Allegro".into(), beats("1/4", "120"))
    );
    assert_eq!(
        tempo("3/8=50 \"Slowly\""),
        ("Slowly".into(), beats("3/8", "50"))
    );
    assert_eq!(tempo("\"Andante\""), ("Andante".into(), None));
    assert_eq!(
        tempo("1/4 3/8 1/4 3/8=40"),
        (String::new(), beats("5/4", "40"))
    );
    // As it was once written, in units of L:.
    assert_eq!(tempo("120"), (String::new(), beats("1/16", "120")));
    assert_eq!(tempo("C=120"), (String::new(), beats("1/16", "120")));
    assert_eq!(tempo("C3=40"), (String::new(), beats("3/16", "40")));
    // The unit holds that comes later in the header.
    let (score, _) = parse_abc("X:1\nQ:120\nL:1/4\nM:C\nK:C\nc4|\n");
    assert_eq!(score.tempo.unwrap().beats.unwrap().0, fraction(1, 4));
}

#[test]
fn keys_are_read_with_every_mode_and_with_accidentals_of_their_own() {
    let read = |key: &str| {
        let text = format!("X:1\nT:\nM:C\nL:1/8\nK:{key}\nfcg4z2|\n");
        let (score, _) = checked(&text);
        (
            score.key.fifths,
            score.key.mode,
            music(&text).remove(0),
            findings(&text).len(),
        )
    };
    let natural = "F5:1/8 C5:1/8 G5:1/2 z:1/4";
    let sharp = "F#5:1/8 C#5:1/8 G5:1/2 z:1/4";
    assert_eq!(read("Am"), (0, Mode::Minor, natural.into(), 0));
    assert_eq!(read("E phrygian"), (0, Mode::Phrygian, natural.into(), 0));
    assert_eq!(read("D"), (2, Mode::Major, sharp.into(), 0));
    assert_eq!(read("Bm"), (2, Mode::Minor, sharp.into(), 0));
    assert_eq!(read("HP"), (2, Mode::Mixolydian, sharp.into(), 0));
    assert_eq!(read("Hp"), (2, Mode::Mixolydian, sharp.into(), 0));
    // Accidentals that make up an ordinary signature are one; others stand before the notes.
    assert_eq!(read("D exp ^f ^c"), (2, Mode::Major, sharp.into(), 0));
    assert_eq!(
        read("D =c"),
        (1, Mode::Mixolydian, "F#5:1/8 C5:1/8 G5:1/2 z:1/4".into(), 0)
    );
    assert_eq!(read("D exp ^f_b").2, "F#5:1/8 C5:1/8 G5:1/2 z:1/4");
    assert_eq!(
        read("Am ^g"),
        (0, Mode::Minor, "F5:1/8 C5:1/8 G#5:1/2 z:1/4".into(), 1)
    );
    let (score, _) = parse_abc("X:1\nT:\nM:C\nL:1/8\nK:Am ^g\ng4g4|g8|\n");
    let accidentals: Vec<_> = events(&score)
        .iter()
        .map(|e| e.notes()[0].accidental)
        .collect();
    let sharp = Some(score::Accidental::Sharp);
    assert_eq!(accidentals, [sharp, None, sharp]);
}

#[test]
fn clefs_say_octaves_and_the_middle_line() {
    let read = |key: &str, music_line: &str| {
        let text = format!("X:1\nT:\nM:C\nL:1/8\nK:{key}\n{music_line}|\n");
        let score = clean(&text);
        let clef = score.voices[0].clef;
        (
            clef.line,
            clef.octaves,
            music(&text).remove(0),
            score.voices[0].transpose,
        )
    };
    assert_eq!(read("C clef=bass", "D,8"), (4, 0, "D3:1".into(), 0));
    assert_eq!(read("C bass middle=d", "d8"), (4, 0, "D3:1".into(), 0));
    assert_eq!(read("C m=d bass", "d8"), (4, 0, "D3:1".into(), 0));
    assert_eq!(read("C treble-8", "c8"), (2, -1, "C4:1".into(), 0));
    assert_eq!(read("C octave=-1", "c8"), (2, 0, "C4:1".into(), 0));
    assert_eq!(read("C bass+8 octave=-1", "c8"), (4, 1, "C5:1".into(), 0));
    assert_eq!(read("C alto1", "c8"), (1, 0, "C5:1".into(), 0));
    assert_eq!(read("C transpose=-2", "c8"), (2, 0, "C5:1".into(), -2));
    assert_eq!(read("C t=12", "c8"), (2, 0, "C5:1".into(), 12));
    let score = clean("X:1\nT:\nM:C\nL:1/8\nK:C perc stafflines=1\nc8|\n");
    assert_eq!(score.voices[0].staff_lines, Some(1));
}

#[test]
fn accidentals_reach_as_far_as_the_text_says() {
    let read = |head: &str| {
        let text = format!("{head}M:4/4\nL:1/4\nK:C\n_C Cc=c|Cc z2|\n");
        let score = checked(&text).0;
        // Whatever was said, it is written so that it is read the same.
        assert_eq!(music(&write_abc(&score)), music(&text));
        music(&text).remove(0)
    };
    let octave = "Cb4:1/4 Cb4:1/4 C5:1/4 C5:1/4 | C4:1/4 C5:1/4 z:1/2";
    let pitch = "Cb4:1/4 Cb4:1/4 Cb5:1/4 C5:1/4 | C4:1/4 C5:1/4 z:1/2";
    let not = "Cb4:1/4 C4:1/4 C5:1/4 C5:1/4 | C4:1/4 C5:1/4 z:1/2";
    assert_eq!(read("X:1\n"), octave);
    assert_eq!(read("%abc-2.1\nX:1\n"), pitch);
    assert_eq!(
        read("%abc-2.1\nX:1\nI:propagate-accidentals octave\n"),
        octave
    );
    assert_eq!(read("X:1\n%%propagate-accidentals pitch\n"), pitch);
    assert_eq!(read("X:1\nI:propagate-accidentals not\n"), not);
}

#[test]
fn voices_are_switched_by_field_and_by_tag_and_change_their_clef() {
    let text = "X:1\nM:C\nL:1/8\nK:C\nV:T clef=treble name=\"Top\"\nc8|\nV:B clef=bass name=\"Low\"\nC,8|\nV:T\nd8|\n\
                [V:B clef=alto] D8|\n[V:T]e8|[V:B clef=bass]E,8|\n";
    // Two tags on the last line would be NotaGen's shape, so they stand apart here.
    let text = text.replace("e8|[V:B", "e8|\n[V:B");
    let score = clean(&text);
    assert_eq!(music(&text), ["C5:1 | D5:1 | E5:1", "C3:1 | D4:1 | E3:1"]);
    let names: Vec<&str> = score.parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["Top", "Low"]);
    let clefs: Vec<u8> = (0..3)
        .filter_map(|bar| {
            let items = &score.bars[bar].voices[1].items;
            items.iter().find_map(|item| match item {
                Item::Clef(clef) => Some(clef.line),
                _ => None,
            })
        })
        .collect();
    assert_eq!((score.voices[1].clef.line, clefs), (4, vec![3, 4]));
    // The same clef told again with every line changes nothing.
    let again = "X:1\nM:C\nL:1/8\nK:C\nV:1 clef=bass\nC,8|\nV:1 clef=bass\nD,8|\n";
    assert_eq!(clean(again).bars[1].voices[0].items.len(), 1);
    // Another name in the middle cannot be kept.
    let renamed = "X:1\nM:C\nL:1/8\nK:C\nV:1 name=\"Flute\"\nc8|\nV:1 name=\"Piccolo\"\nc8|\n";
    assert_eq!(checked(renamed).0.parts[0].name, "Flute");
    assert_eq!(findings(renamed).len(), 1);
}

#[test]
fn each_voice_has_fields_of_its_own() {
    let text =
        "X:1\nM:C\nL:1/8\nK:C\nV:1\nV:2\nV:1\nL:1/4\nc4|\nV:2\nc8|\nV:1\n[K:G]f4|\nV:2\nf8|\n";
    assert_eq!(music(text), ["C5:1 | F#5:1", "C5:1 | F5:1"]);
    let octaves = "X:1\nM:C\nL:1/8\nK:C\nV:1 octave=1\nV:2 octave=-1\nV:1\nc8|\nV:2\nc8|\n";
    assert_eq!(music(octaves), ["C6:1", "C4:1"]);
    clean(octaves);
}

#[test]
fn voices_can_have_any_name() {
    let text = "X:1\nM:C\nL:1/8\n%%staves [(S.1 S-2) | Tenor]\nV:S.1\nV:S-2\nV:Tenor\nK:C\n[V:S.1]c8|\n[V:S-2]d8|\n[V:Tenor]e8|\n";
    let score = clean(text);
    assert_eq!((score.part_count(), score.voice_count()), (2, 3));
    assert_eq!(music(text), ["C5:1", "D5:1", "E5:1"]);
}

#[test]
fn score_and_staves_lay_the_voices_out_alike() {
    let layout = |directive: &str| {
        let text = format!(
            "X:1\nM:C\nL:1/8\n%%{directive}\nV:1\nV:2\nV:3\nV:4\nK:C\nV:1\nc8|\nV:2\nd8|\nV:3\ne8|\nV:4\nf8|\n"
        );
        let score = clean(&text);
        let staves: Vec<u8> = score.parts.iter().map(|p| p.staves).collect();
        (staves, score.groups.len())
    };
    assert_eq!(layout("score 1 [2 | 3] 4"), (vec![1, 1, 1, 1], 1));
    assert_eq!(layout("staves 1 [2 3] 4"), (vec![1, 1, 1, 1], 1));
    assert_eq!(layout("score (1 2) {3 | 4}"), (vec![1, 2], 0));
    // A floating voice is on the staff before it.
    assert_eq!(layout("score 1 {2 *3 | 4}"), (vec![1, 2], 0));
}

#[test]
fn programs_are_those_of_the_text() {
    let text = "X:1\nM:C\nL:1/8\n%%MIDI program 73\nK:C\nV:1 name=\"Violin\"\n%%MIDI program 2 40\nV:2 name=\"Piano\"\nV:3\nV:1\nc8|\n\
                V:2\nc8|\nV:3\n%%MIDI program 0\nc8|\n";
    let score = clean(text);
    let programs: Vec<Option<u8>> = score.parts.iter().map(|part| part.program).collect();
    assert_eq!(programs, [Some(40), Some(73), Some(0)]);
    let xml = score::write_musicxml(&score);
    for program in [41, 74, 1] {
        assert!(
            xml.contains(&format!("<midi-program>{program}</midi-program>")),
            "{program}"
        );
    }
    assert!(write_abc(&score).contains("V:1\n%%MIDI program 40\n"));
    assert!(findings("X:1\nM:C\nL:1/8\nK:C\nc8|\n%%MIDI program 9\nd8|\n").len() == 1);
}
