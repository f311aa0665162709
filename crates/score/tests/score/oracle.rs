//! The same notes as the reference converter, abc2xml, makes of the same text.

use crate::check::checked;
use crate::compare::{Heard, difference, read};
use crate::{gunzip, shared};

/// Where the reference converter is wrong, why, and how many notes only one of the two has at most.
const EXCEPTIONS: &[(&str, &str, usize)] = &[
    (
        "lc29382602",
        "its durations of 10- and 11-tuplets are rounded to 1/2520 of a quarter note",
        357,
    ),
    (
        "lc4987664",
        "it takes grace notes for notes that count where [I:staff] stands between them",
        6,
    ),
    (
        "lc5024834",
        "it forgets for the rest of the bar an accidental that stands on a tied note",
        2,
    ),
    (
        "lc5661740",
        "it forgets for the rest of the bar an accidental that stands on a tied note",
        3,
    ),
    (
        "lc6716614",
        "it lengthens a 3/4 bar by hidden rests from before the change of metre",
        12,
    ),
    (
        "sq8438840",
        "it takes grace notes for notes that count where they go on after the barline",
        12,
    ),
];

#[test]
fn notes_ties_and_staves_are_those_of_the_reference_converter() {
    let Some(folder) = shared("oracle") else {
        return;
    };
    let mut texts: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "abc"))
        .collect();
    texts.sort();
    assert_eq!(texts.len(), 40);
    let mut identical = 0;
    for path in texts {
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (_, ours) = checked(&std::fs::read_to_string(&path).unwrap());
        let theirs = read(&gunzip(&folder.join(format!("{id}.musicxml.gz"))));
        let bars =
            |piece: &crate::compare::Piece| piece.measures.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(bars(&ours), bars(&theirs), "{id}");
        let (only_ours, only_theirs) = difference(&ours, &theirs);
        match EXCEPTIONS.iter().find(|(name, ..)| *name == id) {
            None => {
                let show = |notes: &[Heard]| {
                    notes
                        .iter()
                        .take(3)
                        .map(|n| format!("{n:?}\n"))
                        .collect::<String>()
                };
                let (ours, theirs) = (show(&only_ours), show(&only_theirs));
                assert!(
                    only_ours.is_empty() && only_theirs.is_empty(),
                    "{id}: ours\n{ours}theirs\n{theirs}"
                );
                identical += 1;
            }
            Some((_, why, most)) => {
                let found = only_ours.len().max(only_theirs.len());
                assert!(
                    (1..=*most).contains(&found),
                    "{id}: {found} notes differ, but {why}"
                );
            }
        }
    }
    assert_eq!(identical, 40 - EXCEPTIONS.len());
}
