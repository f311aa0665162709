//! Which words the language has, for those who write it.

use super::tables;

fn has(table: &[&str], word: &str) -> bool {
    table.binary_search(&word).is_ok()
}

/// A name between two `!`.
pub(crate) fn is_decoration(name: &str) -> bool {
    has(tables::DECORATIONS, name)
}

/// What stands before the number of a tempo, such as `1/4=`.
pub(crate) fn is_beat(beat: &str) -> bool {
    has(tables::BEATS, beat)
}

/// The name of a clef.
pub(crate) fn is_clef(clef: &str) -> bool {
    has(tables::KEYS_AND_CLEFS, clef)
}
