//! General MIDI programs of the parts. NotaGen's text has nothing but their names.

use crate::score::{Part, Score};
use crate::signature::ClefSign;

/// Parts of names and their programs, from 1 as the standard counts. The first that fits holds, so a longer
/// name stands before a shorter one inside it.
const PROGRAMS: &[(&str, u8)] = &[
    ("harpsichord", 7),
    ("cembalo", 7),
    ("clavichord", 8),
    ("celesta", 9),
    ("glocken", 10),
    ("vibraphon", 12),
    ("marimba", 13),
    ("xylophon", 14),
    ("bells", 15),
    ("organ", 20),
    ("orgel", 20),
    ("orgue", 20),
    ("accordion", 22),
    ("piano", 1),
    ("klavier", 1),
    ("pianoforte", 1),
    ("guitar", 25),
    ("lute", 25),
    ("violoncell", 43),
    ("cello", 43),
    ("contrabassoon", 71),
    ("contrafagott", 71),
    ("contrabass", 44),
    ("kontrabass", 44),
    ("double bass", 44),
    ("violone", 44),
    ("viola", 42),
    ("bratsche", 42),
    ("violin", 41),
    ("viol", 43),
    ("harp", 47),
    ("timpan", 48),
    ("pauke", 48),
    ("strings", 49),
    ("trombone", 58),
    ("posaune", 58),
    ("tromba", 57),
    ("trumpet", 57),
    ("trompet", 57),
    ("cornet", 57),
    ("tuba", 59),
    ("english horn", 70),
    ("cor anglais", 70),
    ("corno ingl", 70),
    ("horn", 61),
    ("corn", 61),
    ("cor ", 61),
    ("sax", 66),
    ("oboe", 69),
    ("hautbois", 69),
    ("bassoon", 71),
    ("fagott", 71),
    ("basson", 71),
    ("clarinet", 72),
    ("klarinette", 72),
    ("piccolo", 73),
    ("recorder", 75),
    ("flute", 74),
    ("flöte", 74),
    ("flaut", 74),
    ("flûte", 74),
    ("voice", 53),
    ("voix", 53),
    ("canto", 53),
    ("chant", 53),
    ("singstimme", 53),
    ("gesang", 53),
    ("sopran", 53),
    ("alto", 53),
    ("tenor", 53),
    ("bariton", 53),
    ("bass", 53),
    ("choir", 53),
    ("chor", 53),
];

/// The program a part is played with, from 0.
pub(crate) fn program(part: &Part) -> u8 {
    part.program
        .map_or_else(|| of_name(&part.name), |program| program.min(127))
}

/// Whether a part is played in the percussion channel.
pub(crate) fn is_percussion(score: &Score, part: usize) -> bool {
    let mut voices = score.voices_of(part);
    voices.any(|(_, voice)| voice.clef.sign == ClefSign::Percussion)
}

/// The program for a name, from 0; a piano if it says nothing.
pub(crate) fn of_name(name: &str) -> u8 {
    // A reader of what is written does not see what XML cannot hold.
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.to_lowercase();
    let found = PROGRAMS.iter().find(|(part, _)| name.contains(part));
    found.map_or(0, |(_, program)| program - 1)
}

#[cfg(test)]
mod tests {
    use super::{of_name, program};
    use crate::score::Part;

    #[test]
    fn instruments_are_known_by_their_names() {
        for (name, expected) in [
            ("Piano", 1),
            ("A Clarinet 2", 72),
            ("Violin 1", 41),
            ("Viola", 42),
            ("Violoncello", 43),
            ("Contrabass", 44),
            ("Contrabassoon", 71),
            ("Horn in F", 61),
            ("English Horn", 70),
            ("Tenor", 53),
            ("", 1),
        ] {
            assert_eq!(of_name(name), expected - 1, "{name}");
        }
        let part = Part {
            name: "Piano".into(),
            program: Some(19),
            ..Part::default()
        };
        assert_eq!(program(&part), 19);
    }
}
