//! Beams. In ABC, notes without a space between them share one.

use super::values::Value;

/// What an event brings to the beams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stem {
    /// Its value; none if it cannot be under a beam (a rest, a note without stem, tied pieces).
    pub(super) value: Option<Value>,
    /// No beam leads here from the event before.
    pub(super) break_before: bool,
}

/// The beams of each event, from the outermost, by their names in MusicXML.
pub(super) fn beams(stems: &[Stem]) -> Vec<Vec<&'static str>> {
    let flags = |i: usize| -> usize {
        let value = stems.get(i).and_then(|s| s.value);
        value.map_or(0, |v| v.flags().min(8))
    };
    // The first event of the group that each event belongs to; groups have no gap in the outermost beam.
    let joined = |i: usize| {
        i > 0 && flags(i) > 0 && flags(i - 1) > 0 && stems.get(i).is_some_and(|s| !s.break_before)
    };
    (0..stems.len())
        .map(|i| {
            let (back, ahead) = (joined(i), joined(i + 1));
            if !back && !ahead {
                return Vec::new();
            }
            (1..=flags(i))
                .map(|level| {
                    let before = back && flags(i - 1) >= level;
                    let after = ahead && flags(i + 1) >= level;
                    match (before, after) {
                        (true, true) => "continue",
                        (false, true) => "begin",
                        (true, false) => "end",
                        (false, false) if back => "backward hook",
                        (false, false) => "forward hook",
                    }
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_rhythm_has_a_hook() {
        let stem = |halvings, dots, break_before| Stem {
            value: Some(Value { halvings, dots }),
            break_before,
        };
        let beams = beams(&[
            stem(3, 1, true),
            stem(4, 0, false),
            stem(3, 0, true),
            stem(2, 0, false),
        ]);
        assert_eq!(beams[0], ["begin"]);
        assert_eq!(beams[1], ["end", "backward hook"]);
        assert!(beams[2].is_empty());
        assert!(beams[3].is_empty());
    }
}
