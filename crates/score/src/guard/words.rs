//! Reading a word of a closed vocabulary one character at a time.

use super::Allowed;

/// The words of a sorted table that begin with what was read so far: a range of it and a depth, which is
/// a trie without building one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Words {
    low: u8,
    high: u8,
    depth: u8,
}

impl Words {
    /// Nothing read yet.
    pub(super) fn new(table: &[&str]) -> Self {
        Self {
            low: 0,
            high: u8::try_from(table.len()).unwrap_or(u8::MAX),
            depth: 0,
        }
    }

    /// How many characters were read.
    pub(super) const fn depth(self) -> u8 {
        self.depth
    }

    /// The words left, with their places in the table.
    fn left<'a>(self, table: &'a [&str]) -> impl Iterator<Item = (usize, &'a [u8])> {
        let range = usize::from(self.low)..usize::from(self.high);
        let words = table.get(range).unwrap_or(&[]);
        (usize::from(self.low)..).zip(words.iter().map(|word| word.as_bytes()))
    }

    /// The characters that lead on to a word that `fits`.
    pub(super) fn next(self, table: &[&str], fits: impl Fn(usize) -> bool) -> Allowed {
        let mut allowed = 0;
        for (index, word) in self.left(table) {
            if let Some(c) = word.get(usize::from(self.depth)) {
                let bit = super::bit(*c);
                if allowed & bit == 0 && fits(index) {
                    allowed |= bit;
                }
            }
        }
        allowed
    }

    /// The next character of the word with the largest value; none if that word is complete.
    pub(super) fn toward_most<T: Ord>(
        self,
        table: &[&str],
        value: impl Fn(usize) -> Option<T>,
    ) -> Option<u8> {
        let valued = self
            .left(table)
            .filter_map(|(i, word)| Some((value(i)?, word)));
        let (_, word) = valued.max_by(|(a, _), (b, _)| a.cmp(b))?;
        word.get(usize::from(self.depth)).copied()
    }

    /// Takes one character.
    pub(super) fn step(self, table: &[&str], c: u8) -> Self {
        let depth = usize::from(self.depth);
        let mut fits = self
            .left(table)
            .filter(|(_, word)| word.get(depth) == Some(&c))
            .map(|(index, _)| u8::try_from(index).unwrap_or(u8::MAX));
        let low = fits.next().unwrap_or(self.high);
        Self {
            low,
            high: fits.last().unwrap_or(low).saturating_add(1),
            depth: self.depth.saturating_add(1),
        }
    }

    /// The word that is complete here; longer ones may begin with it.
    pub(super) fn whole(self, table: &[&str]) -> Option<usize> {
        let (index, word) = self.left(table).next()?;
        (word.len() == usize::from(self.depth)).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{bit, tables};
    use super::*;

    #[test]
    fn every_table_is_sorted_and_every_word_is_found() {
        for table in [
            tables::DECORATIONS,
            tables::KEYS_AND_CLEFS,
            tables::METRES,
            tables::BEATS,
            tables::BARLINES,
            tables::TUPLETS,
            tables::LENGTHS,
            tables::STAFF_SHIFTS,
            tables::PROPERTIES,
            tables::HEADS,
        ] {
            assert!(table.len() < 256 && table.is_sorted(), "{table:?}");
            for (index, word) in table.iter().enumerate() {
                let mut words = Words::new(table);
                for c in word.bytes() {
                    assert_ne!(words.next(table, |_| true) & bit(c), 0, "{word}");
                    words = words.step(table, c);
                }
                assert_eq!(words.whole(table), Some(index), "{word}");
            }
        }
    }

    #[test]
    fn parallel_tables_are_equally_long() {
        assert_eq!(tables::DECORATIONS.len(), tables::DECORATION_KINDS.len());
        for (name, kind) in tables::DECORATIONS.iter().zip(tables::DECORATION_KINDS) {
            let is_line = matches!(kind, tables::Deco::Open(_) | tables::Deco::Close(_));
            let hairpin = matches!(name.as_bytes(), [b'<' | b'>', b'(' | b')']);
            assert_eq!(is_line || hairpin, name.ends_with(['(', ')']), "{name}");
            assert_eq!(
                *kind == tables::Deco::Stroke,
                name.starts_with('/'),
                "{name}"
            );
        }
        assert_eq!(tables::METRES.len(), tables::METRE_UNITS.len());
        assert_eq!(tables::TUPLETS.len(), tables::TUPLET_RATIOS.len());
        assert_eq!(tables::LENGTHS.len(), tables::LENGTH_UNITS.len());
    }
}
