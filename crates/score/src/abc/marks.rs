//! Names of decorations, in the text and on paper.

use crate::event::{Direction, Mark, Span};

/// What a decoration stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Decoration {
    /// A sign on the next note.
    Mark(Mark),
    /// A sign beside the staff.
    Direction(Direction),
    /// Strokes of a tremolo on the next note.
    Tremolo(u8),
    /// Strokes of a tremolo between the next two notes.
    TremoloPair(u8),
    /// The next accidental is a reminder.
    Courtesy,
    /// Nothing: a letter that the text has taken its meaning from.
    Nothing,
}

const MARKS: &[(&str, Mark)] = &[
    (".", Mark::Staccato),
    ("staccato", Mark::Staccato),
    ("wedge", Mark::Staccatissimo),
    ("tenuto", Mark::Tenuto),
    (">", Mark::Accent),
    ("accent", Mark::Accent),
    ("emphasis", Mark::Accent),
    ("^", Mark::Marcato),
    ("marcato", Mark::Marcato),
    ("breath", Mark::Breath),
    ("slide", Mark::Scoop),
    ("fermata", Mark::Fermata),
    ("invertedfermata", Mark::Fermata),
    ("arpeggio", Mark::Arpeggio),
    ("trill", Mark::Trill),
    ("turn", Mark::Turn),
    ("turnx", Mark::Turn),
    ("roll", Mark::Turn),
    ("invertedturn", Mark::InvertedTurn),
    ("invertedturnx", Mark::InvertedTurn),
    ("lowermordent", Mark::Mordent),
    ("mordent", Mark::Mordent),
    ("uppermordent", Mark::InvertedMordent),
    ("pralltriller", Mark::InvertedMordent),
    ("upbow", Mark::UpBow),
    ("downbow", Mark::DownBow),
    ("plus", Mark::Stopped),
    ("+", Mark::Stopped),
    ("open", Mark::OpenString),
    ("snap", Mark::SnapPizzicato),
    ("thumb", Mark::Thumb),
    ("stemless", Mark::Stemless),
    ("trill(", Mark::Start(Span::Trill)),
    ("trill)", Mark::Stop(Span::Trill)),
    ("-(", Mark::Start(Span::Slide)),
    ("-)", Mark::Stop(Span::Slide)),
    ("~(", Mark::Start(Span::Glissando)),
    ("~)", Mark::Stop(Span::Glissando)),
];

const DIRECTIONS: &[(&str, Direction)] = &[
    ("<(", Direction::Start(Span::Crescendo)),
    ("<)", Direction::Stop(Span::Crescendo)),
    ("crescendo(", Direction::Start(Span::Crescendo)),
    ("crescendo)", Direction::Stop(Span::Crescendo)),
    (">(", Direction::Start(Span::Diminuendo)),
    (">)", Direction::Stop(Span::Diminuendo)),
    ("diminuendo(", Direction::Start(Span::Diminuendo)),
    ("diminuendo)", Direction::Stop(Span::Diminuendo)),
    ("8va(", Direction::Start(Span::OctaveUp)),
    ("8va)", Direction::Stop(Span::OctaveUp)),
    ("8vb(", Direction::Start(Span::OctaveDown)),
    ("8vb)", Direction::Stop(Span::OctaveDown)),
    ("15ma(", Direction::Start(Span::TwoOctavesUp)),
    ("15ma)", Direction::Stop(Span::TwoOctavesUp)),
    ("15mb(", Direction::Start(Span::TwoOctavesDown)),
    ("15mb)", Direction::Stop(Span::TwoOctavesDown)),
    ("ped", Direction::Start(Span::Pedal)),
    ("ped-up", Direction::Stop(Span::Pedal)),
    ("segno", Direction::Segno),
    ("coda", Direction::Coda),
    ("dacoda", Direction::ToCoda),
    ("tocoda", Direction::ToCoda),
    ("fine", Direction::Fine),
    ("D.C.", Direction::DaCapo),
    ("dacapo", Direction::DaCapo),
    ("D.C.alcoda", Direction::DaCapo),
    ("D.C.alfine", Direction::DaCapo),
    ("D.S.", Direction::DalSegno),
    ("dalsegno", Direction::DalSegno),
    ("D.S.alcoda", Direction::DalSegno),
    ("D.S.alfine", Direction::DalSegno),
];

/// The dynamics that MusicXML has a sign for.
const DYNAMICS: &[&str] = &[
    "p", "pp", "ppp", "pppp", "ppppp", "pppppp", "f", "ff", "fff", "ffff", "fffff", "ffffff", "mp",
    "mf", "sf", "sfp", "sfpp", "fp", "rf", "rfz", "sfz", "sffz", "fz", "n", "pf", "sfzp",
];

/// The dynamic of this name.
pub(crate) fn dynamic(name: &str) -> Option<&'static str> {
    DYNAMICS.iter().find(|n| **n == name).copied()
}

/// The longest name a decoration can have; what is longer is a forgotten `!`.
pub(super) const MAX_NAME: usize = 24;

/// What the name between two `!` stands for.
pub(super) fn by_name(name: &str) -> Option<Decoration> {
    if let Some((_, mark)) = MARKS.iter().find(|(n, _)| *n == name) {
        return Some(Decoration::Mark(*mark));
    }
    if let Some((_, direction)) = DIRECTIONS.iter().find(|(n, _)| *n == name) {
        return Some(Decoration::Direction(direction.clone()));
    }
    if let Some(dynamic) = dynamic(name) {
        return Some(Decoration::Direction(Direction::Dynamic(dynamic)));
    }
    Some(match name {
        "/" | "trem1" => Decoration::Tremolo(1),
        "//" | "trem2" => Decoration::Tremolo(2),
        "///" | "trem3" => Decoration::Tremolo(3),
        "////" | "trem4" => Decoration::Tremolo(4),
        "/-" => Decoration::TremoloPair(1),
        "//-" => Decoration::TremoloPair(2),
        "///-" => Decoration::TremoloPair(3),
        "////-" => Decoration::TremoloPair(4),
        "courtesy" => Decoration::Courtesy,
        "nil" | "none" => Decoration::Nothing,
        // Some write `!Segno!`.
        _ if name.len() > 2 && name.starts_with(|c: char| c.is_ascii_uppercase()) => {
            return by_name(&name.to_ascii_lowercase());
        }
        _ => {
            let short = (1..=2).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_digit());
            Decoration::Mark(Mark::Fingering(name.parse().ok().filter(|_| short)?))
        }
    })
}

/// What a letter or sign in front of a note stands for.
pub(super) fn by_letter(letter: char) -> Option<Decoration> {
    Some(match letter {
        '.' => Decoration::Mark(Mark::Staccato),
        '~' | 'R' => Decoration::Mark(Mark::Turn),
        'H' => Decoration::Mark(Mark::Fermata),
        'J' => Decoration::Mark(Mark::Scoop),
        'L' => Decoration::Mark(Mark::Accent),
        'M' => Decoration::Mark(Mark::Mordent),
        'O' => Decoration::Direction(Direction::Coda),
        'P' => Decoration::Mark(Mark::InvertedMordent),
        'S' => Decoration::Direction(Direction::Segno),
        'T' => Decoration::Mark(Mark::Trill),
        'u' => Decoration::Mark(Mark::UpBow),
        'v' => Decoration::Mark(Mark::DownBow),
        _ => return None,
    })
}

/// The first name in the tables that `text` begins with, the longest if there are several: how much of
/// a decoration is meant whose closing `!` was forgotten.
pub(super) fn longest_prefix(text: &str) -> Option<&'static str> {
    let names = MARKS.iter().map(|(n, _)| *n);
    let names = names.chain(DIRECTIONS.iter().map(|(n, _)| *n));
    let names = names.chain(DYNAMICS.iter().copied());
    let fits = |name: &&str| {
        let after = text
            .strip_prefix(*name)
            .and_then(|rest| rest.chars().next());
        text.starts_with(*name) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    names.filter(fits).max_by_key(|name| name.len())
}

/// The name that writes a mark.
pub(crate) fn mark_name(mark: Mark) -> String {
    if let Mark::Fingering(finger) = mark {
        return finger.to_string();
    }
    let found = MARKS.iter().find(|(_, m)| *m == mark);
    found.map_or(String::new(), |(name, _)| (*name).to_owned())
}

/// The name that writes a direction; words have none.
pub(crate) fn direction_name(direction: &Direction) -> Option<&'static str> {
    if let Direction::Dynamic(name) = direction {
        return Some(name);
    }
    let found = DIRECTIONS.iter().find(|(_, d)| d == direction);
    found.map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_written_is_read_as_the_same() {
        for (_, mark) in MARKS {
            assert_eq!(by_name(&mark_name(*mark)), Some(Decoration::Mark(*mark)));
        }
        for (_, direction) in DIRECTIONS {
            let name = direction_name(direction).unwrap();
            assert_eq!(
                by_name(name),
                Some(Decoration::Direction(direction.clone()))
            );
        }
    }

    #[test]
    fn a_number_is_a_fingering_and_junk_is_nothing() {
        assert_eq!(by_name("21"), Some(Decoration::Mark(Mark::Fingering(21))));
        assert_eq!(by_name("-!"), None);
        assert_eq!(by_name("123"), None);
        assert_eq!(longest_prefix("ppp c2"), Some("ppp"));
        assert_eq!(longest_prefix("pizz"), None);
    }
}
