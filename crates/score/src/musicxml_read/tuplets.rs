//! From the ratios of notes and the ends of brackets to tuplets.
//!
//! A note in MusicXML has the product of all ratios around it (`<time-modification>`); brackets say where
//! a tuplet begins and ends, and only inside each other, if at all, what its own ratio is. A bracket that
//! does not fit the ratios of its notes is left out, and notes that have a ratio and no bracket get one.

use super::raw::RawTuplet;
use crate::event::{Event, Tuplet};
use crate::fraction::Fraction;

/// Tuplets inside each other.
const MAX_DEPTH: usize = 8;

struct Group {
    first: usize,
    last: usize,
    number: u8,
    /// The ratio it says it has.
    told: Option<Tuplet>,
    ratio: Tuplet,
    /// The group around it.
    parent: Option<usize>,
}

/// Finds the tuplets of a bar. `ends` has the ends of brackets at each event. Says whether all brackets fit.
pub(super) fn group(events: &mut [&mut Event], ends: &[Vec<RawTuplet>]) -> bool {
    if events.iter().all(|event| event.ratio.is_none()) && ends.iter().all(Vec::is_empty) {
        return true;
    }
    let told: Vec<Tuplet> = events.iter().map(|event| event.ratio).collect();
    let (mut groups, mut fits) = nest(brackets(ends));
    give_ratios(&mut groups, &told);
    // The numbers of a bracket can be anything; its notes know better.
    let wrong = wrong_events(&groups, &told);
    let is_in = |group: &Group, events: &[bool]| events.get(group.first) == Some(&true);
    for group in groups.iter_mut().filter(|group| is_in(group, &wrong)) {
        fits = false;
        group.told = None;
    }
    give_ratios(&mut groups, &told);
    let wrong = wrong_events(&groups, &told);
    groups.retain(|group| !is_in(group, &wrong));
    let mut covered = vec![false; events.len()];
    for group in &groups {
        let inside = covered.iter_mut().take(group.last + 1).skip(group.first);
        inside.for_each(|covered| *covered = true);
    }
    add_missing(&mut groups, events, &covered);
    for event in events.iter_mut() {
        event.ratio = Tuplet::NONE;
    }
    // Outer groups come first.
    for group in groups.iter().filter(|group| !group.ratio.is_none()) {
        let inside = events.iter_mut().take(group.last + 1).skip(group.first);
        for event in inside {
            event.ratio = times(event.ratio, group.ratio);
        }
        if let Some(first) = events.get_mut(group.first) {
            first.tuplet_starts.push(group.ratio);
        }
        if let Some(last) = events.get_mut(group.last) {
            last.tuplet_stops = last.tuplet_stops.saturating_add(1);
        }
    }
    fits
}

const fn times(a: Tuplet, b: Tuplet) -> Tuplet {
    Tuplet {
        actual: a.actual.saturating_mul(b.actual),
        normal: a.normal.saturating_mul(b.normal),
    }
}

/// The brackets by the numbers of their ends. One that is not closed goes on to the end of the bar.
fn brackets(ends: &[Vec<RawTuplet>]) -> Vec<Group> {
    let mut open: Vec<Group> = Vec::new();
    let mut groups = Vec::new();
    for (at, ends) in ends.iter().enumerate() {
        for end in ends.iter().filter(|end| end.starts) {
            if let Some(i) = open.iter().position(|group| group.number == end.number) {
                let before = open.remove(i);
                groups.extend((before.first < at).then_some(before));
            }
            open.push(Group {
                first: at,
                last: at,
                number: end.number,
                told: end.ratio,
                ratio: Tuplet::NONE,
                parent: None,
            });
        }
        for group in &mut open {
            group.last = at;
        }
        for end in ends.iter().filter(|end| !end.starts) {
            if let Some(i) = open.iter().rposition(|group| group.number == end.number) {
                groups.push(open.remove(i));
            }
        }
    }
    groups.extend(open);
    groups
}

/// Sorts groups so that an outer one comes before those in it, and says which is in which. Groups that
/// cross another are dropped.
fn nest(mut groups: Vec<Group>) -> (Vec<Group>, bool) {
    groups.sort_by_key(|g| (g.first, std::cmp::Reverse(g.last), g.number));
    let mut nested: Vec<Group> = Vec::new();
    let mut around: Vec<usize> = Vec::new();
    let count = groups.len();
    for mut group in groups {
        let ends_before = |at: &usize| nested.get(*at).is_none_or(|g| g.last < group.first);
        while around.last().is_some_and(ends_before) {
            around.pop();
        }
        let parent = around.last().copied();
        let crosses = parent
            .and_then(|at| nested.get(at))
            .is_some_and(|g| g.last < group.last);
        if crosses || around.len() >= MAX_DEPTH {
            continue;
        }
        group.parent = parent;
        around.push(nested.len());
        nested.push(group);
    }
    let all = nested.len() == count;
    (nested, all)
}

/// The product of the ratios around a group.
fn around(groups: &[Group], at: usize) -> Tuplet {
    let mut product = Tuplet::NONE;
    let mut next = groups.get(at).and_then(|group| group.parent);
    while let Some(group) = next.and_then(|at| groups.get(at)) {
        product = times(product, group.ratio);
        next = group.parent;
    }
    product
}

/// Gives each group its own ratio: what it says, or what its notes have besides the ratios around it.
fn give_ratios(groups: &mut [Group], told: &[Tuplet]) {
    for at in 0..groups.len() {
        let Some(group) = groups.get(at) else { break };
        let ratio = group.told.or_else(|| {
            let around = around(groups, at);
            // Those in it come right after it. A note that is in none of them has its ratio.
            let after = groups
                .iter()
                .skip(at + 1)
                .take_while(|g| g.first <= group.last);
            let mut own = Some(group.first);
            let mut inner = Tuplet::NONE;
            for child in after.filter(|g| g.parent == Some(at)) {
                if own.is_some_and(|own| own < child.first) {
                    break;
                }
                inner = child.told.unwrap_or(inner);
                own = Some(child.last + 1).filter(|next| *next <= group.last);
            }
            match own {
                Some(note) => divided(*told.get(note)?, around),
                None => divided(*told.get(group.first)?, times(around, inner)),
            }
        });
        if let Some(group) = groups.get_mut(at) {
            group.ratio = ratio.unwrap_or(Tuplet::NONE);
        }
    }
}

fn divided(product: Tuplet, by: Tuplet) -> Option<Tuplet> {
    if product.actual.is_multiple_of(by.actual) && product.normal.is_multiple_of(by.normal) {
        return Some(Tuplet {
            actual: product.actual / by.actual,
            normal: product.normal / by.normal,
        });
    }
    let factor = product.factor()?.checked_div(by.factor()?)?;
    Some(Tuplet {
        actual: u32::try_from(factor.den()).ok()?,
        normal: u32::try_from(factor.num()).ok()?,
    })
}

/// The events of those outermost groups in which a note has another ratio than its groups give it.
fn wrong_events(groups: &[Group], told: &[Tuplet]) -> Vec<bool> {
    let mut given = vec![Tuplet::NONE; told.len()];
    for group in groups {
        for ratio in given.iter_mut().take(group.last + 1).skip(group.first) {
            *ratio = times(*ratio, group.ratio);
        }
    }
    let mut wrong = vec![false; told.len()];
    for group in groups.iter().filter(|group| group.parent.is_none()) {
        let mut inside = given
            .iter()
            .zip(told)
            .take(group.last + 1)
            .skip(group.first);
        let is_wrong = inside.any(|(given, told)| given.factor() != told.factor());
        for event in wrong.iter_mut().take(group.last + 1).skip(group.first) {
            *event |= is_wrong;
        }
    }
    wrong
}

/// Groups notes that have a ratio and no bracket: neighbours of the same ratio until they fill a plain length.
fn add_missing(groups: &mut Vec<Group>, events: &[&mut Event], covered: &[bool]) {
    let alone = |i: usize| -> Option<&Event> {
        let event = events.get(i)?;
        let is_alone = covered.get(i) == Some(&false) && !event.ratio.is_none();
        is_alone.then_some(&**event)
    };
    let mut at = 0;
    while at < events.len() {
        let Some(first) = alone(at) else {
            at += 1;
            continue;
        };
        let (ratio, begin) = (first.ratio, at);
        let (mut sum, mut shortest) = (Fraction::ZERO, first.written);
        while let Some(event) = alone(at).filter(|event| event.ratio == ratio) {
            at += 1;
            shortest = shortest.min(event.written);
            sum = sum.checked_add(event.duration).unwrap_or(sum);
            let full = shortest.checked_mul(Fraction::whole(i64::from(ratio.normal)));
            if sum.is_dyadic() && full.is_none_or(|full| full <= sum) {
                break;
            }
        }
        groups.push(Group {
            first: begin,
            last: at - 1,
            number: 1,
            told: None,
            ratio,
            parent: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Content;

    /// A ratio as the test says it: how many notes in the time of how many.
    type Ratio = (u32, u32);
    /// An end of a bracket: its event, its number, whether it begins there, and the ratio it says.
    type End = (usize, u8, bool, Option<Ratio>);

    fn found(told: &[Ratio], ends: &[End]) -> Vec<String> {
        let tuplet = |(actual, normal)| Tuplet { actual, normal };
        let mut events: Vec<Event> = told
            .iter()
            .map(|ratio| {
                let mut event = Event::new(Content::Rest { visible: true }, Fraction::EIGHTH);
                event.ratio = tuplet(*ratio);
                let factor = event.ratio.factor().unwrap();
                event.duration = event.written.checked_mul(factor).unwrap();
                event
            })
            .collect();
        let mut by_event = vec![Vec::new(); told.len()];
        for (at, number, starts, ratio) in ends {
            by_event[*at].push(RawTuplet {
                number: *number,
                starts: *starts,
                ratio: ratio.map(tuplet),
            });
        }
        group(&mut events.iter_mut().collect::<Vec<_>>(), &by_event);
        let show = |t: &Tuplet| format!("{}:{}", t.actual, t.normal);
        let shown = events.iter().map(|event| {
            let starts: Vec<String> = event.tuplet_starts.iter().map(show).collect();
            format!(
                "{}>{}<{}",
                starts.join("+"),
                show(&event.ratio),
                event.tuplet_stops
            )
        });
        shown.collect()
    }

    #[test]
    fn the_ratio_of_a_bracket_inside_another_is_what_is_left() {
        let told = [(3, 2), (9, 4), (9, 4), (9, 4), (3, 2)];
        let ends = [
            (0, 1, true, None),
            (1, 2, true, None),
            (3, 2, false, None),
            (4, 1, false, None),
        ];
        let expected = ["3:2>3:2<0", "3:2>9:4<0", ">9:4<0", ">9:4<1", ">3:2<1"];
        assert_eq!(found(&told, &ends), expected);
    }

    #[test]
    fn brackets_that_begin_together_have_the_ratios_they_say() {
        let told = [(15, 8); 5];
        let ends = [
            (0, 1, true, Some((3, 2))),
            (0, 2, true, Some((5, 4))),
            (4, 2, false, None),
            (4, 1, false, None),
        ];
        let expected = ["3:2+5:4>15:8<0", ">15:8<0", ">15:8<0", ">15:8<0", ">15:8<2"];
        assert_eq!(found(&told, &ends), expected);
    }

    #[test]
    fn notes_without_a_bracket_are_grouped() {
        let expected = [
            "3:2>3:2<0",
            ">3:2<0",
            ">3:2<1",
            "3:2>3:2<0",
            ">3:2<0",
            ">3:2<1",
        ];
        assert_eq!(found(&[(3, 2); 6], &[]), expected);
    }

    #[test]
    fn a_bracket_that_does_not_fit_its_notes_is_left_out() {
        let ends = [(0, 1, true, Some((5, 4))), (2, 1, false, None)];
        let expected = ["3:2>3:2<0", ">3:2<0", ">3:2<1"];
        assert_eq!(found(&[(3, 2); 3], &ends), expected);
        let ends = [(0, 1, true, None), (1, 1, false, None)];
        assert_eq!(found(&[(1, 1); 2], &ends), [">1:1<0", ">1:1<0"]);
    }
}
