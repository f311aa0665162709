//! The words of NotaGen's text for what a score holds: ASCII, short, from closed vocabularies. What has no
//! word in it is said in another way, or not at all.

use std::borrow::Cow;

use crate::abc::{marks, text};
use crate::event::{Direction, Mark, Span};
use crate::fraction::Fraction;
use crate::guard::vocabulary as known;
use crate::signature::{Clef, ClefSign, Meter, Tempo};

/// Characters of a text beside the staff without its sign; the training text has no longer ones.
const LONGEST_TEXT: usize = 37;
/// Characters of a chord symbol.
const LONGEST_SYMBOL: usize = 11;
/// Characters of an instrument's name.
const LONGEST_NAME: usize = 60;
/// Beats in a minute have at most three digits.
const MOST_BEATS: i64 = 999;

/// A decoration on a note, or nothing.
pub(super) fn mark(mark: Mark) -> String {
    let letter = match mark {
        Mark::Staccato => ".",
        Mark::Trill => "T",
        Mark::Mordent => "M",
        Mark::InvertedMordent => "P",
        Mark::UpBow => "u",
        Mark::DownBow => "v",
        _ => return decoration(&marks::mark_name(mark)).unwrap_or_default(),
    };
    letter.to_owned()
}

/// The marks of a note in the order in which the training text has them.
pub(super) fn in_order(marks: &[Mark]) -> Cow<'_, [Mark]> {
    // A detached legato is both, the other way round.
    let places = [Mark::Tenuto, Mark::Staccato].map(|mark| marks.iter().position(|m| *m == mark));
    let detached = matches!(places, [Some(tenuto), Some(staccato)] if tenuto < staccato);
    let rank = |mark: &Mark| match mark {
        Mark::Staccato | Mark::Tenuto if detached => 5,
        other => rank(*other),
    };
    if marks.is_sorted_by_key(rank) {
        return Cow::Borrowed(marks);
    }
    let mut sorted = marks.to_vec();
    sorted.sort_by_key(rank);
    Cow::Owned(sorted)
}

const fn rank(mark: Mark) -> u8 {
    match mark {
        Mark::Start(Span::Slide | Span::Glissando) | Mark::Stop(Span::Slide | Span::Glissando) => 0,
        Mark::Start(_) | Mark::Stop(_) => 1,
        Mark::Arpeggio => 2,
        Mark::Accent => 3,
        Mark::Breath => 4,
        Mark::Scoop => 6,
        Mark::Staccatissimo => 7,
        Mark::Staccato => 8,
        Mark::Marcato => 9,
        Mark::Tenuto => 10,
        Mark::Fermata => 11,
        Mark::InvertedMordent => 12,
        Mark::InvertedTurn => 13,
        Mark::Mordent => 14,
        Mark::Trill => 15,
        Mark::Turn => 16,
        Mark::DownBow => 17,
        Mark::OpenString => 18,
        Mark::SnapPizzicato => 19,
        Mark::Stopped => 20,
        Mark::Thumb => 21,
        Mark::UpBow => 22,
        Mark::Fingering(_) => 23,
        Mark::Stemless => 24,
    }
}

/// A sign or words beside the staff, or nothing.
pub(super) fn direction(direction: &Direction) -> String {
    match direction {
        Direction::Words { above, text } => words(*above, text),
        Direction::Rehearsal(text) => words(true, text),
        Direction::Segno => "S".to_owned(),
        Direction::Coda => "O".to_owned(),
        Direction::Dynamic(name) => decoration(name).unwrap_or_else(|| words(false, name)),
        other => {
            let name = marks::direction_name(other);
            name.and_then(decoration).unwrap_or_default()
        }
    }
}

fn decoration(name: &str) -> Option<String> {
    known::is_decoration(name).then(|| format!("!{name}!"))
}

/// Words beside the staff, or nothing if they are too long: the training text has none that are cut.
pub(super) fn words(above: bool, text: &str) -> String {
    let text: String = lines(text).chars().filter(|c| *c != '%').collect();
    let text = text.replace('"', "'").replace('|', "/");
    // A voice begins there, whatever stands around it.
    let text = without_runs(&text.replace("[V:", "[V "));
    let text = without_runs(&spell(&text));
    if text.trim().is_empty() || text.len() > LONGEST_TEXT {
        return String::new();
    }
    format!("\"{}{text}\"", if above { '^' } else { '_' })
}

/// The training text has no sign twice in a row: `...` is `.` in it.
fn without_runs(text: &str) -> String {
    let mut before = None;
    let keep = |c: &char| before.replace(*c) != Some(*c) || c.is_ascii_alphanumeric() || *c == '\n';
    text.chars().filter(keep).collect()
}

/// A chord symbol; one that the language cannot spell becomes words.
pub(super) fn chord_symbol(symbol: &str) -> String {
    let plain = ascii(symbol);
    let begins = plain.starts_with(|c| matches!(c, 'A'..='G'));
    let mut rest = plain.chars().skip(1);
    let fits = rest.all(|c| "#bmajdisugn0123456789/+-()ABCDEFG".contains(c));
    if begins && fits && plain.len() <= LONGEST_SYMBOL {
        format!("\"{plain}\"")
    } else {
        words(true, &plain)
    }
}

/// A tempo without its words, in whole beats a minute.
pub(super) fn tempo(tempo: &Tempo) -> Option<String> {
    let (beat, count) = tempo.beats?;
    let beat_name = format!("{}/{}=", beat.num(), beat.den());
    if known::is_beat(&beat_name) {
        let count = count.ticks(1).clamp(1, MOST_BEATS);
        return Some(format!("{beat_name}{count}"));
    }
    let quarters = count.checked_mul(beat)?.checked_mul(Fraction::whole(4))?;
    let quarters = quarters.ticks(1).clamp(1, MOST_BEATS);
    Some(format!("1/4={quarters}"))
}

/// The metre in numbers.
pub(super) const fn meter(meter: Meter) -> Meter {
    match meter {
        Meter::Common => Meter::Numbers { beats: 4, unit: 4 },
        Meter::Cut => Meter::Numbers { beats: 2, unit: 2 },
        other => other,
    }
}

/// The clef, or the nearest that the language has. What a note sounds does not depend on it: the letters
/// are written for the clef that is named.
pub(super) fn clef(clef: Clef) -> Clef {
    let line = match (clef.sign, clef.line) {
        (ClefSign::G, _) => (ClefSign::G, 2),
        // A baritone clef of either kind puts the notes in the same places.
        (ClefSign::C, 5) => (ClefSign::F, 3),
        (ClefSign::F, 3) => (ClefSign::F, 3),
        (ClefSign::F, _) => (ClefSign::F, 4),
        (ClefSign::Tab, _) => (ClefSign::G, 2),
        (ClefSign::Percussion, _) => (ClefSign::Percussion, 2),
        other => other,
    };
    let (sign, line) = line;
    let clef = Clef { sign, line, ..clef };
    if known::is_clef(&super::clef_value(clef)) {
        clef
    } else {
        Clef { octaves: 0, ..clef }
    }
}

/// The name of an instrument. Lines of it are told apart by `\n` in two characters.
pub(super) fn name(name: &str) -> String {
    let fits = |c: &char| !matches!(c, '"' | '|' | '%');
    let mut room = LONGEST_NAME;
    let name: String = lines(name)
        .chars()
        .filter(fits)
        .take_while(|c| {
            let left = room.checked_sub(if *c == '\n' { 2 } else { 1 });
            room = left.unwrap_or(0);
            left.is_some()
        })
        .collect();
    spell(name.trim())
}

/// A text of several lines in printable ASCII.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(ascii).collect();
    lines.join("\n")
}

/// A text with `\n` in two characters for a new line. A reader takes other characters behind a backslash or an
/// ampersand for one: there is neither then.
fn spell(text: &str) -> String {
    let spelled = text.replace('\n', "\\n");
    if text::read(&spelled) == text {
        return spelled;
    }
    let plain = text.replace('\\', "/").replace('&', "+");
    plain.replace('\n', "\\n")
}

/// Any text in printable ASCII: letters without their accents, the usual stand-ins for signs of print and
/// music; what has none is left out.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '\t' | '\n' | '\r' => out.push(' '),
            _ => out.push_str(spelled(c)),
        }
    }
    out
}

/// What stands for a character that is not ASCII.
const fn spelled(c: char) -> &'static str {
    match c {
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' | 'Ǎ' => "A",
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ª' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ð' | 'Ď' | 'Đ' => "D",
        'ð' | 'ď' | 'đ' => "d",
        'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H",
        'ĥ' | 'ħ' => "h",
        'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ĵ' => "J",
        'ĵ' => "j",
        'Ķ' => "K",
        'ķ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => "N",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'º' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' => "s",
        'ß' => "ss",
        'Þ' => "Th",
        'þ' => "th",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ŵ' => "W",
        'ŵ' => "w",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => " ",
        '‐' | '‑' | '‒' | '–' | '—' | '−' => "-",
        '‘' | '’' | '‚' | '‹' | '›' | '′' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '…' => ".",
        '•' | '·' => "*",
        '×' => "x",
        '½' => "1/2",
        '¼' => "1/4",
        '♭' => "b",
        '♯' => "#",
        '♮' => "=",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words_become_ascii() {
        assert_eq!(
            ascii("Dvořák – Flöte in B♭, œuvre №"),
            "Dvorak - Flote in Bb, oeuvre "
        );
        assert_eq!(name("Клавір \"1\"\nPiano|"), "1\\nPiano");
        assert_eq!(
            words(true, "très “lent”…\ndim."),
            "\"^tres 'lent'.\\ndim.\""
        );
    }

    #[test]
    fn what_the_language_has_no_word_for_is_said_otherwise() {
        assert_eq!(direction(&Direction::Dynamic("mf")), "!mf!");
        assert_eq!(direction(&Direction::Dynamic("sfpp")), "\"_sfpp\"");
        assert_eq!(direction(&Direction::Rehearsal("A".into())), "\"^A\"");
        assert_eq!(words(true, &"long ".repeat(8)), "");
        assert_eq!(chord_symbol("F#m7"), "\"F#m7\"");
        assert_eq!(chord_symbol("C△7"), "\"C7\"");
        assert_eq!(chord_symbol("N.C."), "\"^N.C.\"");
        let of = |num, den, count| {
            let beat = Fraction::new(num, den).unwrap();
            let beats = Some((beat, Fraction::new(count, 10).unwrap()));
            tempo(&Tempo {
                words: String::new(),
                beats,
            })
        };
        assert_eq!(of(3, 8, 925).as_deref(), Some("3/8=93"));
        assert_eq!(of(1, 32, 9600).as_deref(), Some("1/4=120"));
    }
}
