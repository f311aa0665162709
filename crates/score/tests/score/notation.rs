//! ABC 2.1 as people write it, between the barlines: each construct of the standard, and the music it stands for.

use score::{Barline, Content, Direction, Event, Item, Mark, Score, Span, parse_abc, write_abc};

use crate::check::checked;
use crate::show::{findings, music};
use crate::standard::{clean, tune};

/// The only voice of the music, which is read without a finding.
fn one(text: &str) -> String {
    clean(&tune(text));
    music(&tune(text)).remove(0)
}

fn events(score: &Score) -> Vec<&Event> {
    let voices = score.bars.iter().map(|bar| &bar.voices[0]);
    voices.flat_map(|voice| voice.events()).collect()
}

fn items(text: &str) -> Vec<Item> {
    let (score, _) = checked(&tune(text));
    score.bars[0].voices[0].items.clone()
}

#[test]
fn notes_have_octaves_lengths_and_accidentals_in_every_form() {
    assert_eq!(
        one("C,',c''C'2 a3/2b/ c//d3/4z/ z3|"),
        "C3:1/8 C7:1/8 C5:1/4 A5:3/16 B5:1/16 C5:1/32 D5:3/32 z:1/16 z:3/8"
    );
    assert_eq!(one("^^c__d=e2 x4|"), "C##5:1/8 Dbb5:1/8 E5:1/4 x:1/2");
    let text = tune("^/c^3/2c_/d3 c3|");
    assert_eq!(music(&text), ["C#5:1/8 C#5:1/8 Db5:3/8 C#5:3/8"]);
    assert_eq!(findings(&text).len(), 3, "quarter tones are reported");
}

#[test]
fn broken_rhythm_goes_over_spaces_graces_and_chords() {
    assert_eq!(one("a>b c<d e4|"), "A5:3/16 B5:1/16 C5:1/16 D5:3/16 E5:1/2");
    assert_eq!(
        one("a>>b c<<<d e4|"),
        "A5:7/32 B5:1/32 C5:1/64 D5:15/64 E5:1/2"
    );
    assert_eq!(
        one("a > b c2>d2 e2|"),
        "A5:3/16 B5:1/16 C5:3/8 D5:1/8 E5:1/4"
    );
    assert_eq!(
        one("A<{g}A A{g}<A e4|"),
        "A4:1/16 {G5} A4:3/16 A4:1/16 {G5} A4:3/16 E5:1/2"
    );
    assert_eq!(
        one("[CE]>[DF] z>c e4|"),
        "C4+E4:3/16 D4+F4:1/16 z:3/16 C5:1/16 E5:1/2"
    );
}

#[test]
fn tuplets_take_their_time_from_the_metre() {
    let simple = |text: &str| music(&format!("X:1\nM:C\nL:1/4\nK:C\n{text}|\n")).remove(0);
    let compound = |text: &str| music(&format!("X:1\nM:6/8\nL:1/8\nK:C\n{text}|\n")).remove(0);
    assert_eq!(simple("(3cde z2"), "C5:1/6 D5:1/6 E5:1/6 z:1/2");
    assert_eq!(
        simple("(5ccccc z2"),
        "C5:1/10 C5:1/10 C5:1/10 C5:1/10 C5:1/10 z:1/2"
    );
    assert_eq!(
        compound("(2cc (4cccc"),
        "C5:3/16 C5:3/16 C5:3/32 C5:3/32 C5:3/32 C5:3/32"
    );
    for (sign, length) in [(5, "3/40"), (7, "3/56"), (9, "1/24")] {
        let notes = "c".repeat(sign);
        let expected = vec![format!("C5:{length}"); sign].join(" ");
        assert_eq!(
            compound(&format!("({sign}{notes} z3")),
            format!("{expected} z:3/8")
        );
    }
    assert_eq!(compound("(6cccccc z4").split(' ').next(), Some("C5:1/24"));
    assert_eq!(compound("(8cccccccc z3").split(' ').next(), Some("C5:3/64"));
    // All the ways to leave something out.
    for text in [
        "(3:2:3ccc z2",
        "(3:2ccc z2",
        "(3::ccc z2",
        "(3:ccc z2",
        "(3 c c c z2",
        "(3::3 ccc z2",
    ] {
        assert_eq!(simple(text), "C5:1/6 C5:1/6 C5:1/6 z:1/2", "{text}");
    }
    assert_eq!(simple("(3:2:2 G2c z2"), "G4:1/3 C5:1/6 z:1/2");
    assert_eq!(simple("(3 D2E2F2"), "D4:1/3 E4:1/3 F4:1/3");
}

#[test]
fn rests_of_whole_bars_fill_as_many_bars() {
    assert_eq!(
        one("c8|Z3|X2|Z|c8|"),
        "C5:1 | z:1 | z:1 | z:1 | x:1 | x:1 | z:1 | C5:1"
    );
}

#[test]
fn chords_have_lengths_inside_and_outside_and_may_be_unisons() {
    assert_eq!(
        one("[C2E2G2][CE]3/2[CEG]/ [CC] [c2e2]3/2|"),
        "C4+E4+G4:1/4 C4+E4:3/16 C4+E4+G4:1/16 C4+C4:1/8 C5+E5:3/8"
    );
    assert_eq!(
        one("[C-E-]2[CE]2 [CE]2-[CE]2|"),
        "C4-+E4-:1/4 C4+E4:1/4 C4-+E4-:1/4 C4+E4:1/4"
    );
    let text = tune("[C2E4G][CE3] z5|");
    assert_eq!(
        music(&text),
        ["C4+E4+G4:1/4 C4+E4:1/8 z:5/8"],
        "the first note says how long"
    );
    assert_eq!(findings(&text).len(), 2);
    // A slur at a note of a chord is one at the chord.
    let score = clean(&tune("[(CE]2 [CE)]2 c4|"));
    assert_eq!(
        (
            events(&score)[0].slurs.starts,
            events(&score)[1].slurs.stops
        ),
        (1, 1)
    );
}

#[test]
fn grace_notes_keep_their_lengths_and_take_no_time() {
    assert_eq!(
        one("{g2a}c4 {/gag}d4|"),
        "{G5 A5} C5:1/2 {/G5 A5 G5} D5:1/2"
    );
    let items = items("{a3/2b/}c8|");
    let Item::Grace(group) = &items[0] else {
        panic!("{items:?}")
    };
    let lengths: Vec<String> = group.notes.iter().map(|n| n.written.to_string()).collect();
    assert_eq!(lengths, ["3/16", "1/16"]);
}

#[test]
fn dotted_slurs_and_ties_are_plain_ones_and_reported() {
    let text = tune(".(cd).e.-e c4|");
    let (score, _) = checked(&text);
    assert_eq!(
        (
            events(&score)[0].slurs.starts,
            events(&score)[1].slurs.stops
        ),
        (1, 1)
    );
    assert!(events(&score)[2].notes()[0].tie_start);
    assert_eq!(events(&score)[2].marks, [Mark::Staccato]);
    assert_eq!(findings(&text).len(), 2);
}

#[test]
fn every_barline_is_understood() {
    let bar = |sign: &str| {
        let text = tune(&format!("c8{sign}d8|"));
        let (score, _) = checked(&text);
        assert_eq!(score.bar_count(), 2, "{sign}");
        (
            score.bars[0].barline,
            score.bars[0].repeat_stop,
            score.bars[1].repeat_start,
        )
    };
    for (sign, style, stop, start) in [
        ("|", Barline::Regular, false, false),
        ("||", Barline::Double, false, false),
        ("|||", Barline::Double, false, false),
        ("|]", Barline::Final, false, false),
        ("[|", Barline::HeavyLight, false, false),
        (".|", Barline::Dotted, false, false),
        ("[|]", Barline::Invisible, false, false),
        ("::", Barline::Regular, true, true),
        (":|:", Barline::Regular, true, true),
        (":||:", Barline::Regular, true, true),
        (":||::", Barline::Regular, true, true),
        ("::|", Barline::Regular, true, false),
        (":||", Barline::Regular, true, false),
        ("||:", Barline::Regular, false, true),
    ] {
        assert_eq!(bar(sign), (style, stop, start), "{sign}");
    }
    assert_eq!(bar(":|]|:"), (Barline::Final, true, true));
    assert_eq!(bar(":|][|:"), (Barline::Final, true, true));
}

#[test]
fn endings_are_read_in_all_forms() {
    let numbers = |text: &str| {
        let score = clean(&tune(text));
        let voltas = score.bars.iter().filter_map(|bar| bar.volta.as_ref());
        voltas
            .map(|v| format!("{:?}{}", v.numbers, v.words))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers("|:c8|1 d8:|2 e8|]"), ["[1]", "[2]"]);
    assert_eq!(numbers("|:c8|[1 d8:|[2 e8|]"), ["[1]", "[2]"]);
    assert_eq!(numbers("|:c8| [1 d8 :| [2 e8 |]"), ["[1]", "[2]"]);
    assert_eq!(
        numbers("|:c8|[1,3 d8:|[2,4-6 e8|]"),
        ["[1, 3]", "[2, 4, 5, 6]"]
    );
    assert_eq!(numbers("|:c8|[\"last time\" d8|]"), ["[]last time"]);
    // A chord after a barline is none.
    assert_eq!(numbers("c8| [ce]8|"), Vec::<String>::new());
}

#[test]
fn overlays_are_voices_of_the_same_staff() {
    let text = tune("A8|cdefgag2 & A8 & F,8|c8|");
    let score = clean(&text);
    assert_eq!(
        music(&text),
        [
            "A4:1 | C5:1/8 D5:1/8 E5:1/8 F5:1/8 G5:1/8 A5:1/8 G5:1/4 | C5:1",
            "x:1 | A4:1 | x:1",
            "x:1 | F3:1 | x:1"
        ]
    );
    assert!(
        score
            .voices
            .iter()
            .all(|voice| (voice.part, voice.staff) == (0, 1))
    );
    // One that is shorter than its bar is silent to the end of it.
    assert_eq!(music(&tune("c8 & x2 A2|")), ["C5:1", "x:1/4 A4:1/4 x:1/2"]);
    clean(&tune("c8 & x2 A2|"));
    // Two signs go back two bars, also where their own line begins with them.
    let text = tune("g4f4|e6e2|\n&& (d8|c6)c2|\ng8|");
    clean(&text);
    assert_eq!(
        music(&text),
        [
            "G5:1/2 F5:1/2 | E5:3/4 E5:1/4 | G5:1",
            "D5:1 | C5:3/4 C5:1/4 | x:1"
        ]
    );
    assert_eq!(
        music(&tune("c8|d8 && A8|B8|c8|")),
        ["C5:1 | D5:1 | C5:1", "A4:1 | B4:1 | x:1"]
    );
}

#[test]
fn decorations_have_letters_and_names_in_both_dialects() {
    let marks = |text: &str| {
        let score = checked(&tune(text)).0;
        events(&score)[0].marks.clone()
    };
    assert_eq!(
        marks(".~HuvTc8|"),
        marks("!staccato!!roll!!fermata!!upbow!!downbow!!trill!c8|")
    );
    assert_eq!(
        marks("LMPc8|"),
        [Mark::Accent, Mark::Mordent, Mark::InvertedMordent]
    );
    assert_eq!(marks("+trill++fermata+c8|"), [Mark::Trill, Mark::Fermata]);
    assert_eq!(
        marks("!turnx!!5!!plus!!wedge!c8|"),
        [
            Mark::Turn,
            Mark::Fingering(5),
            Mark::Stopped,
            Mark::Staccatissimo
        ]
    );
    let text = "X:1\nM:C\nL:1/8\nI:decoration +\nK:C\n+trill+c8|!d8|\n";
    let score = clean(text);
    assert_eq!(events(&score)[0].marks, [Mark::Trill]);
    assert_eq!(
        items("!f!SOc8!D.S.alcoda!|")[..3],
        [
            Item::Direction(Direction::Dynamic("f")),
            Item::Direction(Direction::Segno),
            Item::Direction(Direction::Coda)
        ]
    );
    assert_eq!(
        items("!crescendo(!c4!crescendo)!d4|")[0],
        Item::Direction(Direction::Start(Span::Crescendo))
    );
    // Old chords.
    assert_eq!(one("+CEG+c7|"), "C4+E4+G4:1/8 C5:7/8");
}

#[test]
fn symbols_can_be_defined_in_header_and_music() {
    let text = "X:1\nM:C\nL:1/8\nU: T = !fermata!\nU: p = \"^pizz.\"\nU:W=+tenuto+\nK:C\nTWc4pd4|\nU:T=!nil!\nTc8|[U:T=!trill!]Tc8|\n";
    let score = clean(text);
    let marks: Vec<&[Mark]> = events(&score).iter().map(|e| e.marks.as_slice()).collect();
    assert_eq!(
        marks,
        [&[Mark::Fermata, Mark::Tenuto][..], &[], &[], &[Mark::Trill]]
    );
    let words = Item::Direction(Direction::Words {
        above: true,
        text: "pizz.".into(),
    });
    assert!(score.bars[0].voices[0].items.contains(&words));
    let text = "X:1\nM:C\nL:1/8\nU: w = !mystery!\nU: c = !trill!\nK:C\nwc8|\n";
    assert_eq!(findings(text).len(), 2);
}

#[test]
fn lines_of_symbols_are_aligned_to_notes() {
    let text = tune("CDEF|{g}GzABc4-c|\ns:\"^slow\" | !f! * T \"Am\"\ns: * u");
    let (score, _) = checked(&text);
    let show = |bar: usize| {
        let items = score.bars[bar].voices[0]
            .items
            .iter()
            .map(|item| match item {
                Item::Event(event) => format!("{}{:?}", event.notes().len(), event.marks),
                Item::ChordSymbol(symbol) => symbol.clone(),
                Item::Direction(Direction::Words { text, .. }) => text.clone(),
                Item::Direction(Direction::Dynamic(name)) => (*name).to_owned(),
                _ => "?".to_owned(),
            });
        items.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(show(0), "slow 1[] 1[UpBow] 1[] 1[]");
    assert_eq!(show(1), "? f 1[] 0[] 1[] 1[Trill] Am 1[] 1[]");
    // The tie is still that of the last note.
    assert!(events(&score)[8].notes()[0].tie_start);
    // Two at the same place, and music that goes on in the bar behind them.
    let text = tune("CD\ns:!p! !f!\ns:\"^a\" \"^b\"\nE2-E4|\ns:!mf!");
    let (score, _) = checked(&text);
    assert_eq!(score.bars[0].voices[0].items.len(), 9);
    assert_eq!(music(&text), ["C4:1/8 D4:1/8 E4-:1/4 E4:1/2"]);
}

#[test]
fn spacers_and_line_breaks_take_no_time() {
    assert_eq!(
        one("c2y2 d2 y`` e2$y3/2f2!coda!y|"),
        "C5:1/4 D5:1/4 E5:1/4 F5:1/4"
    );
}

#[test]
fn a_bar_after_the_last_barline_is_as_long_as_it_is() {
    assert_eq!(one("c2|d8|e4 f2"), "C5:1/4 | D5:1 | E5:1/2 F5:1/4");
}

#[test]
fn macros_are_reported() {
    let text = "X:1\nM:C\nL:1/8\nm: ~G3 = G{A}G{F}G\nK:C\n~G3 c5|\n";
    assert_eq!(music(text), ["G4:3/8 C5:5/8"]);
    assert_eq!(findings(text).len(), 1);
}

#[test]
fn texts_have_accents_and_keep_every_sign() {
    let score = clean(&tune(
        "\"^caf\\'e &szlig; \\u266d 100\\%\"c4\"_two\\nlines &quot;x&quot;\"d4|",
    ));
    let texts: Vec<&str> = score.bars[0].voices[0]
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Direction(Direction::Words { text, .. }) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["café ß ♭ 100%", "two\nlines \"x\""]);
    let (mut score, _) = parse_abc(&tune("\"^a\"c8|"));
    for text in [
        "a|b",
        "x]y",
        "50% \"quoted\"",
        "back\\slash",
        "tab\there",
        "\\n",
        "&eacute;",
    ] {
        score.bars[0].voices[0].items[0] = Item::Direction(Direction::Words {
            above: true,
            text: text.into(),
        });
        assert_eq!(parse_abc(&write_abc(&score)).0, score, "{text}");
    }
}

#[test]
fn a_rest_in_a_chord_is_left_out() {
    let text = tune("[Cz]4 c4|");
    assert_eq!(music(&text), ["C4:1/2 C5:1/2"]);
    assert!(matches!(
        events(&parse_abc(&text).0)[0].content,
        Content::Notes(_)
    ));
    assert_eq!(findings(&text).len(), 1);
}
