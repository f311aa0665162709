//! What of a file is the tune: ABC as people write it, with text, comments and other tunes around it.

use score::{Direction, Fraction, Item, Meter, Severity, parse_abc};

use crate::show::{findings, music};
use crate::standard::{clean, tune};

#[test]
fn comments_directives_and_text_blocks_are_no_music() {
    let text = "X:1\nM:C\nL:1/8\nK:C\n% a comment\ncdef gabc' % and another\n|%%\n%%newpage\n%%begintext\nABC DEF|\n%%endtext\n\
                %%text abc|\nc4\\\n%%vskip 1cm\nd4|$e8|[r:a remark]f8|\nr:remark\nN:note\n";
    assert_eq!(
        music(text),
        ["C5:1/8 D5:1/8 E5:1/8 F5:1/8 G5:1/8 A5:1/8 B5:1/8 C6:1/8 | C5:1/2 D5:1/2 | E5:1 | F5:1"]
    );
    clean(text);
    // A remark at the beginning of a line is no bar counter.
    assert_eq!(
        music(&tune("[r:slowly]c8|\n[r:2nd time]d8|")),
        ["C5:1 | D5:1"]
    );
}

#[test]
fn of_several_tunes_the_first_is_read() {
    let text = "%abc-2.1\nC:Everybody\nM:3/4\n\nA tune book.\n\nX:1\nT:One\nL:1/8\nK:D\nf6|\n\nSome words about it | and\n\nX:2\nT:Two\nK:C\nc6|\n\n\
                X:3\nT:Three\nK:C\n";
    let (score, found) = parse_abc(text);
    assert_eq!(
        (score.title(), score.metadata.composer.as_str()),
        ("One", "Everybody")
    );
    assert_eq!(
        score.bars[0].meter,
        Some(Meter::Numbers { beats: 3, unit: 4 })
    );
    assert_eq!(
        score.bars[0].voices[0].events().next().unwrap().notes()[0]
            .pitch
            .alter,
        1
    );
    let warning = found
        .iter()
        .find(|f| f.severity == Severity::Warning)
        .unwrap();
    assert_eq!(
        (warning.line, warning.message.contains("3 tunes")),
        (15, true)
    );
    assert!(found.iter().any(|f| f.line == 5), "{found:?}");
}

#[test]
fn a_tune_without_a_number_is_one_too() {
    let text = "T:One\nM:4/4\nL:1/8\nK:C\nc8|\nX:2\nT:Two\nM:4/4\nL:1/8\nK:D\nf8|\n";
    assert_eq!(music(text), ["C5:1"]);
    assert!(
        findings(text)[0].contains("2 tunes"),
        "{:?}",
        findings(text)
    );
    // What nothing ends is no block of text.
    assert_eq!(
        music("X:1\nM:4/4\nL:1/8\nK:C\n%%begintext\nc8|\n"),
        ["C5:1"]
    );
}

#[test]
fn an_empty_line_ends_a_tune_unless_music_follows() {
    let text = "X:1\nT:One\nL:1/8\nM:C\nK:C\nc8|\n\nThis is a tune that I learnt from Bob.\n";
    assert_eq!(music(text), ["C5:1"]);
    assert_eq!(findings(text).len(), 1);
    assert_eq!(
        music("X:1\nL:1/8\nM:C\nK:C\nc8|\n\n% more\nd8|\n"),
        ["C5:1 | D5:1"]
    );
}

#[test]
fn lines_of_the_header_that_make_no_sense_do_not_end_it() {
    let text = "X:1\nT:One\n1/4=120\n 0 3 2\nM:C\nL:1/8\nK:D\nf8|\n";
    assert_eq!(music(text), ["F#5:1"]);
    assert_eq!(findings(text).len(), 2);
}

#[test]
fn fields_after_the_key_belong_to_the_music() {
    let text = "X:1\nT:Title\nM:C\nL:1/8\nK:C\nM:2/4\nT:First part\nc4|\nT:Second part\nd4|\n";
    let score = clean(text);
    assert_eq!(score.title(), "Title");
    assert_eq!(score.bars[0].length, Fraction::new(1, 2).unwrap());
    let words = |bar: usize| match &score.bars[bar].voices[0].items[0] {
        Item::Direction(Direction::Words { text, .. }) => text.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!([words(0), words(1)], ["First part", "Second part"]);
}

#[test]
fn line_ends_of_windows_and_of_old_macs_are_line_ends() {
    let text = tune("c4\td4|\tw x\nw:one\ttwo\nE8|]");
    let text = text.replace("\tw x", "");
    let expected = clean(&text);
    assert_eq!(clean(&text.replace('\n', "\r\n")), expected);
    assert_eq!(clean(&text.replace('\n', "\r")), expected);
    assert_eq!(clean(&format!("\u{feff}{text}")), expected);
}
