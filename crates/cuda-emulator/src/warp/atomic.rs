//! Atomic instructions. Blocks run one after another, so that a plain read and write in turn of the lanes is atomic.

use super::{Warp, lanes};
use crate::decode::{LOCAL_WINDOW, SHARED_WINDOW};
use crate::launch::{Around, Fault};
use crate::program::{Atomic, AtomicOp, NONE, Place};
use crate::shared::Touch;

impl Warp {
    pub(super) fn atomic(
        &mut self,
        around: &mut Around,
        atomic: &Atomic,
        active: u32,
    ) -> Result<(), Fault> {
        let length = if atomic.wide { 8 } else { 4 };
        for lane in lanes(active) {
            let mut addresses = *self.double(atomic.base);
            addresses[lane] = addresses[lane].wrapping_add_signed(i64::from(atomic.offset));
            let mut place = atomic.place;
            if place == Place::Generic {
                place = super::access::window_of(addresses[lane]);
                addresses[lane] -= match place {
                    Place::Shared => SHARED_WINDOW,
                    Place::Local => LOCAL_WINDOW,
                    _ => 0,
                };
            }
            let found = self.find(
                around,
                place,
                &addresses,
                1 << lane,
                length,
                (Touch::Atomic, false),
            )?;
            if place == Place::Global {
                around.read += length as u64;
                around.written += length as u64;
            }
            let at = found.base.wrapping_add(found.offsets[lane]);
            // SAFETY, for all: `find` has checked the offset against the memory behind the base.
            if atomic.wide {
                let a = self.double(atomic.a)[lane];
                let b = if atomic.b == NONE {
                    0
                } else {
                    self.double(atomic.b)[lane]
                };
                let old = unsafe { at.cast::<u64>().read_unaligned() };
                unsafe {
                    at.cast::<u64>()
                        .write_unaligned(changed64(atomic.op, old, a, b))
                };
                if atomic.d != NONE {
                    self.doubles[usize::from(atomic.d)][lane] = old;
                }
            } else {
                let a = self.word(atomic.a)[lane];
                let b = if atomic.b == NONE {
                    0
                } else {
                    self.word(atomic.b)[lane]
                };
                let old = unsafe { at.cast::<u32>().read_unaligned() };
                unsafe {
                    at.cast::<u32>()
                        .write_unaligned(changed32(atomic.op, old, a, b))
                };
                if atomic.d != NONE {
                    self.words[usize::from(atomic.d)][lane] = old;
                }
            }
        }
        Ok(())
    }
}

/// What an atomic operation leaves, for words of one width: unsigned, signed and floating.
macro_rules! changed {
    ($name:ident, $word:ty, $signed:ty, $float:ty) => {
        fn $name(op: AtomicOp, old: $word, a: $word, b: $word) -> $word {
            match op {
                AtomicOp::Add => old.wrapping_add(a),
                AtomicOp::AddF => (<$float>::from_bits(old) + <$float>::from_bits(a)).to_bits(),
                AtomicOp::Inc if old >= a => 0,
                AtomicOp::Inc => old + 1,
                AtomicOp::Dec if old == 0 || old > a => a,
                AtomicOp::Dec => old - 1,
                AtomicOp::MinU => old.min(a),
                AtomicOp::MinS => (old as $signed).min(a as $signed) as $word,
                AtomicOp::MaxU => old.max(a),
                AtomicOp::MaxS => (old as $signed).max(a as $signed) as $word,
                AtomicOp::And => old & a,
                AtomicOp::Or => old | a,
                AtomicOp::Xor => old ^ a,
                AtomicOp::Exchange => a,
                AtomicOp::CompareAndSwap if old == a => b,
                AtomicOp::CompareAndSwap => old,
            }
        }
    };
}

changed!(changed32, u32, i32, f32);
changed!(changed64, u64, i64, f64);
