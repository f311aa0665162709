//! The memory plan: what a model will take is known before any of it is taken, so that nothing has to
//! fail for want of memory while a piece is written.
//!
//! Too little memory gives fewer slots, then a smaller format, then a refusal.

use jobs::{Dtype, MemoryPlan};
use notagen::Memory;

/// What is kept back of the memory for everything else: one part in so many.
const KEPT_BACK: u64 = 10;

/// What is wanted of the memory, and what there is of it.
pub(crate) struct Wanted {
    pub(crate) slots: usize,
    /// The file's own if there is none.
    pub(crate) dtype: Option<Dtype>,
    /// The file's own is the only one there is: its weights are quantised already.
    pub(crate) is_fixed: bool,
    /// What the process holds already.
    pub(crate) program: u64,
    /// What it may still take.
    pub(crate) available: u64,
}

/// There is not enough for a single slot in the smallest format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) needed: u64,
    pub(crate) available: u64,
}

/// `of` gives what a model takes with so many slots in a format.
pub(crate) fn plan(
    wanted: &Wanted,
    of: impl Fn(usize, Option<Dtype>) -> Memory,
) -> Result<MemoryPlan, Short> {
    let available = wanted.available - wanted.available / KEPT_BACK;
    let asked = of(1, wanted.dtype);
    let mut least = u64::MAX;
    let smaller = [Dtype::F16, Dtype::Q8_0, Dtype::Q4K].map(Some);
    let smaller = smaller.into_iter().filter(|_| !wanted.is_fixed);
    for dtype in [wanted.dtype].into_iter().chain(smaller) {
        let one = of(1, dtype);
        if dtype != wanted.dtype && one.weights >= asked.weights {
            continue;
        }
        least = least.min(one.weights + one.slot + one.working);
        for slots in (1..=wanted.slots).rev() {
            let Memory {
                weights,
                slot,
                working,
            } = of(slots, dtype);
            let plan = MemoryPlan {
                dtype,
                is_smaller: dtype != wanted.dtype,
                slots: count(slots),
                slots_asked: count(wanted.slots),
                weights,
                slot,
                working,
                program: wanted.program,
                available: wanted.available,
                on_card: false,
            };
            if plan.total() - plan.program <= available {
                return Ok(plan);
            }
        }
    }
    Err(Short {
        needed: least,
        available: wanted.available,
    })
}

fn count(slots: usize) -> u32 {
    u32::try_from(slots).unwrap_or(u32::MAX)
}

/// What this process holds and may still take.
pub(crate) fn at_hand() -> (u64, u64) {
    let own = machine::own_memory();
    let available = machine::memory().available;
    let available = own.may_take.map_or(available, |most| most.min(available));
    (own.resident, available)
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(
            f,
            "the model needs {:.2} GB of memory even for one piece in the smallest format, and {:.2} GB are \
             free, of which a tenth is left to other programs; close some of them, or compose with a smaller \
             model",
            gigabytes(self.needed),
            gigabytes(self.available),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    /// Like NotaGen-X in round figures.
    fn of(slots: usize, dtype: Option<Dtype>) -> Memory {
        let (weights, slot) = match dtype {
            None | Some(Dtype::F32) => (2000, 200),
            Some(Dtype::F16 | Dtype::Bf16) => (1000, 100),
            Some(Dtype::Q8_0) => (550, 100),
            Some(Dtype::Q4K) => (300, 100),
        };
        Memory {
            weights: weights * MB,
            slot: slot * MB,
            working: 90 * MB + slots as u64 * MB,
        }
    }

    type Found = Result<(Option<Dtype>, u32, bool), Short>;

    fn with(available: u64, dtype: Option<Dtype>) -> Found {
        planned(available, dtype, false)
    }

    fn planned(available: u64, dtype: Option<Dtype>, is_fixed: bool) -> Found {
        let wanted = Wanted {
            slots: 8,
            dtype,
            is_fixed,
            program: 20 * MB,
            available: available * MB,
        };
        plan(&wanted, of).map(|plan| {
            assert!(plan.total() - plan.program <= wanted.available * 9 / 10);
            (plan.dtype, plan.slots, plan.is_smaller)
        })
    }

    #[test]
    fn what_fits_is_planned_as_it_was_asked_for() {
        assert_eq!(with(8000, None), Ok((None, 8, false)));
        assert_eq!(
            with(8000, Some(Dtype::Q4K)),
            Ok((Some(Dtype::Q4K), 8, false))
        );
    }

    #[test]
    fn too_little_memory_gives_fewer_slots_first() {
        assert_eq!(with(3000, None), Ok((None, 3, false)));
        assert_eq!(with(2600, None), Ok((None, 1, false)));
    }

    #[test]
    fn still_less_gives_a_smaller_format() {
        assert_eq!(with(2500, None), Ok((Some(Dtype::F16), 8, true)));
        assert_eq!(with(1200, None), Ok((Some(Dtype::Q8_0), 4, true)));
        assert_eq!(with(600, None), Ok((Some(Dtype::Q4K), 1, true)));
        // Never a larger one than what was asked for.
        assert_eq!(
            with(600, Some(Dtype::Q8_0)),
            Ok((Some(Dtype::Q4K), 1, true))
        );
    }

    #[test]
    fn weights_that_are_quantised_already_have_no_smaller_format() {
        assert_eq!(planned(3000, None, true), Ok((None, 3, false)));
        assert_eq!(planned(2500, None, true).unwrap_err().needed, 2291 * MB);
    }

    #[test]
    fn too_little_for_anything_is_refused_with_what_it_would_take() {
        let short = with(540, None).unwrap_err();
        assert_eq!(short.needed, 491 * MB);
        assert!(short.to_string().contains("0.49 GB"), "{short}");
        assert!(short.to_string().contains("0.54 GB are free"), "{short}");
        assert_eq!(with(400, Some(Dtype::Q4K)).unwrap_err().needed, 491 * MB);
    }

    #[test]
    fn the_plan_is_monotonic_in_memory() {
        let size = |plan: Found| match plan {
            Err(_) => (0, 0),
            Ok((dtype, slots, _)) => {
                let rank = [Some(Dtype::Q4K), Some(Dtype::Q8_0), Some(Dtype::F16), None];
                (1 + rank.iter().position(|r| *r == dtype).unwrap(), slots)
            }
        };
        let all: Vec<_> = (300..5000)
            .step_by(50)
            .map(|mb| size(with(mb, None)))
            .collect();
        assert!(all.is_sorted(), "{all:?}");
    }
}
