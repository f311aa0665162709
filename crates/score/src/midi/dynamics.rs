//! How loud a part is at each place: velocities.
//!
//! A dynamic holds for all voices of its part until the next one; a part that has none yet is mf. A hairpin
//! is linear from what is before it to the dynamic at its end, or at most a whole note later; if there is
//! none that is louder or softer as the hairpin wants, it changes by 16. Signs such as sfz and fp add to the
//! next note of their own voice alone.

use super::timeline::{Timeline, WHOLE, ticks};
use crate::event::{Direction, Item, Span};
use crate::score::Score;

/// Velocity without any dynamic: mf.
const DEFAULT: i64 = 80;
/// What a hairpin that leads to no dynamic changes.
const HAIRPIN: i64 = 16;

/// The velocity that a dynamic means from here on, if it does.
fn level(name: &str) -> Option<i64> {
    Some(match name {
        "n" => 1,
        "pppppp" => 4,
        "ppppp" => 7,
        "pppp" => 11,
        "ppp" => 16,
        "pp" | "sfpp" => 33,
        "p" | "fp" | "sfp" | "sfzp" => 49,
        "mp" => 64,
        "mf" => 80,
        "pf" => 88,
        "f" => 96,
        "ff" => 112,
        "fff" => 126,
        "ffff" | "fffff" | "ffffff" => 127,
        _ => return None,
    })
}

/// What a dynamic does to one note.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) enum Attack {
    #[default]
    None,
    /// Louder by so much.
    By(i64),
    /// As loud as this.
    As(i64),
}

impl Attack {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "sf" | "sfz" | "fz" | "rf" | "rfz" => Self::By(20),
            "sffz" => Self::By(30),
            "fp" => Self::As(96),
            "sfp" | "sfpp" | "sfzp" => Self::As(112),
            _ => Self::None,
        }
    }

    pub(super) fn applied(self, level: i64) -> i64 {
        match self {
            Self::None => level,
            Self::By(more) => level + more,
            Self::As(velocity) => velocity,
        }
    }
}

/// From one place to another, from one velocity to another. A plain dynamic is a stretch without length.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    end: i64,
    from: i64,
    to: i64,
}

/// The velocities of a part.
pub(super) struct Dynamics {
    stretches: Vec<Stretch>,
}

impl Dynamics {
    /// Reads the dynamics of a part, in places as written.
    pub(super) fn new(score: &Score, part: usize, timeline: &Timeline) -> Self {
        let (levels, hairpins) = signs(score, part, timeline);
        let mut dynamics = Self {
            stretches: Vec::new(),
        };
        let mut levels_ahead = levels.iter().peekable();
        for (start, end, growth) in hairpins {
            while let Some((at, level)) = levels_ahead.next_if(|(at, _)| *at <= start) {
                dynamics.push(*at, *at, *level, *level);
            }
            if dynamics
                .stretches
                .last()
                .is_some_and(|last| last.end > start)
            {
                // Inside the hairpin of another staff.
                continue;
            }
            let from = dynamics.at(start);
            let next = levels_ahead.peek().filter(|(at, _)| *at <= end + WHOLE);
            let goal = next.filter(|(_, level)| (level - from) * growth > 0);
            let end = next.map_or(end, |(at, _)| end.min(*at));
            let to = goal.map_or(from + growth * HAIRPIN, |(_, level)| *level);
            dynamics.push(start, end, from, to.clamp(1, 127));
        }
        for (at, level) in levels_ahead {
            dynamics.push(*at, *at, *level, *level);
        }
        dynamics
    }

    fn push(&mut self, start: i64, end: i64, from: i64, to: i64) {
        self.stretches.push(Stretch {
            start,
            end,
            from,
            to,
        });
    }

    /// The velocity at a place as written.
    pub(super) fn at(&self, tick: i64) -> i64 {
        let after = self.stretches.partition_point(|s| s.start <= tick);
        let stretch = after.checked_sub(1).and_then(|i| self.stretches.get(i));
        let Some(s) = stretch else { return DEFAULT };
        if tick >= s.end {
            return s.to;
        }
        s.from + (s.to - s.from) * (tick - s.start) / (s.end - s.start)
    }
}

/// Dynamics with their places, and hairpins: where they begin and end and whether they grow (1) or not (-1).
type Signs = (Vec<(i64, i64)>, Vec<(i64, i64, i64)>);

/// The signs of a part, sorted.
fn signs(score: &Score, part: usize, timeline: &Timeline) -> Signs {
    let (mut levels, mut hairpins) = (Vec::new(), Vec::new());
    for (v, _) in score.voices_of(part) {
        let mut open = [None; 2];
        for (b, bar) in score.bars.iter().enumerate() {
            let start = timeline.written(b).start;
            let Some(voice) = bar.voices.get(v) else {
                continue;
            };
            for (position, item) in voice.placed() {
                let Item::Direction(direction) = item else {
                    continue;
                };
                let at = start + ticks(position);
                let [growing, fading] = &mut open;
                match direction {
                    Direction::Dynamic(name) => levels.extend(level(name).map(|l| (at, l))),
                    Direction::Start(Span::Crescendo) => *growing = Some(at),
                    Direction::Start(Span::Diminuendo) => *fading = Some(at),
                    Direction::Stop(Span::Crescendo) => {
                        hairpins.extend(growing.take().map(|from| (from, at, 1)));
                    }
                    Direction::Stop(Span::Diminuendo) => {
                        hairpins.extend(fading.take().map(|from| (from, at, -1)));
                    }
                    _ => {}
                }
            }
        }
    }
    hairpins.retain(|(start, end, _)| start < end);
    // Stable: of two at one place the one of the lower voice holds.
    levels.sort_by_key(|(at, _)| *at);
    hairpins.sort_by_key(|(at, ..)| *at);
    (levels, hairpins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_abc;

    fn velocities(music: &str) -> Vec<i64> {
        let (score, _) = parse_abc(&format!("X:1\nL:1/4\nM:4/4\nK:C\n{music}\n"));
        let dynamics = Dynamics::new(&score, 0, &Timeline::new(&score));
        let quarters = score.bar_count() * 4;
        (0..quarters)
            .map(|q| dynamics.at(i64::try_from(q).unwrap() * WHOLE / 4))
            .collect()
    }

    #[test]
    fn a_dynamic_holds_until_the_next() {
        assert_eq!(
            velocities("c!p!ccc|c!ff!c!sfz!cc|"),
            [80, 49, 49, 49, 49, 112, 112, 112]
        );
    }

    #[test]
    fn a_hairpin_leads_to_the_dynamic_at_its_end() {
        assert_eq!(
            velocities("!p!!<(!cccc|!<)!!f!cccc|")[..5],
            [49, 60, 72, 84, 96]
        );
        // Just behind its end will do, and what is between is already there.
        assert_eq!(
            velocities("!p!!<(!cc!<)!cc|!f!cccc|")[..5],
            [49, 72, 96, 96, 96]
        );
        assert_eq!(velocities("!f!!>(!cc!>)!cc|cccc|")[..4], [96, 88, 80, 80]);
        // To p by a crescendo: louder first, then suddenly soft.
        assert_eq!(
            velocities("!f!!<(!cc!<)!cc|!p!cccc|")[..5],
            [96, 104, 112, 112, 49]
        );
    }
}
