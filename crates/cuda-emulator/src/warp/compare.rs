//! Comparisons.

use super::Warp;
use super::compute::{bits, signed16};
use crate::math::{self, double, half, single};
use crate::program::{Compare, Compared, NONE, Predicate, Relation};

impl Warp {
    pub(super) fn compare(&mut self, compare: &Compare, active: u32) {
        let Compare {
            relation,
            unordered,
            d,
            q,
            a,
            b,
            with,
            with_negated,
            op,
            ..
        } = *compare;
        let row = match compare.kind {
            Compared::U16 | Compared::U32 => {
                let (x, y) = (self.word(a), self.word(b));
                related(relation, |lane| (x[lane], y[lane]))
            }
            Compared::S16 => {
                let (x, y) = (self.word(a), self.word(b));
                related(relation, |lane| (signed16(x[lane]), signed16(y[lane])))
            }
            Compared::S32 => {
                let (x, y) = (self.word(a), self.word(b));
                related(relation, |lane| (x[lane] as i32, y[lane] as i32))
            }
            Compared::U64 => {
                let (x, y) = (self.double(a), self.double(b));
                related(relation, |lane| (x[lane], y[lane]))
            }
            Compared::S64 => {
                let (x, y) = (self.double(a), self.double(b));
                related(relation, |lane| (x[lane] as i64, y[lane] as i64))
            }
            Compared::Half => {
                let (x, y) = (self.word(a), self.word(b));
                related_floats(relation, unordered, |lane| (half(x[lane]), half(y[lane])))
            }
            Compared::Single => {
                let (x, y) = (self.word(a), self.word(b));
                related_floats(relation, unordered, |lane| {
                    (single(x[lane]), single(y[lane]))
                })
            }
            Compared::Flushed => {
                let (x, y) = (self.word(a), self.word(b));
                let flushed = |bits| single(math::flush(bits));
                related_floats(relation, unordered, |lane| {
                    (flushed(x[lane]), flushed(y[lane]))
                })
            }
            Compared::Double => {
                let (x, y) = (self.double(a), self.double(b));
                related_floats(relation, unordered, |lane| {
                    (double(x[lane]), double(y[lane]))
                })
            }
        };
        let (mut p, mut not) = (row, !row);
        if with != NONE {
            let with = self.predicates[usize::from(with)];
            let with = if with_negated { !with } else { with };
            p = combined(op, p, with);
            not = combined(op, not, with);
        }
        self.put_predicate(d, active, p);
        if q != NONE {
            self.put_predicate(q, active, not);
        }
    }
}

pub(super) const fn combined(op: Predicate, a: u32, b: u32) -> u32 {
    match op {
        Predicate::And => a & b,
        Predicate::Or => a | b,
        Predicate::Xor => a ^ b,
        Predicate::Not => !a,
    }
}

fn related<T: Ord + Copy>(relation: Relation, pair: impl Fn(usize) -> (T, T)) -> u32 {
    match relation {
        Relation::Equal => bits(|lane| pair(lane).0 == pair(lane).1),
        Relation::NotEqual => bits(|lane| pair(lane).0 != pair(lane).1),
        Relation::Less => bits(|lane| pair(lane).0 < pair(lane).1),
        Relation::LessOrEqual => bits(|lane| pair(lane).0 <= pair(lane).1),
        Relation::Greater => bits(|lane| pair(lane).0 > pair(lane).1),
        Relation::GreaterOrEqual => bits(|lane| pair(lane).0 >= pair(lane).1),
        Relation::Number => u32::MAX,
        Relation::Nan => 0,
    }
}

fn related_floats<T: PartialOrd + Copy>(
    relation: Relation,
    unordered: bool,
    pair: impl Fn(usize) -> (T, T),
) -> u32 {
    let nan = bits(|lane| {
        let (x, y) = pair(lane);
        x.partial_cmp(&y).is_none()
    });
    let ordered = match relation {
        Relation::Equal => bits(|lane| pair(lane).0 == pair(lane).1),
        Relation::NotEqual => bits(|lane| pair(lane).0 != pair(lane).1) & !nan,
        Relation::Less => bits(|lane| pair(lane).0 < pair(lane).1),
        Relation::LessOrEqual => bits(|lane| pair(lane).0 <= pair(lane).1),
        Relation::Greater => bits(|lane| pair(lane).0 > pair(lane).1),
        Relation::GreaterOrEqual => bits(|lane| pair(lane).0 >= pair(lane).1),
        Relation::Number => !nan,
        Relation::Nan => 0,
    };
    if unordered { ordered | nan } else { ordered }
}
