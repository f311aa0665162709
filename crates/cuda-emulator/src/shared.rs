//! The memory that the threads of a block share, and who touched it since the last barrier.

/// What a warp does to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
    /// Atomic or volatile: not in order, but allowed among its like.
    Atomic,
}

/// Who touched one grain since the last barrier: warps, a bit each.
#[derive(Clone, Copy, Default)]
struct Touched {
    since: u32,
    readers: u32,
    writers: u32,
    atomics: u32,
}

pub(crate) struct Shared {
    bytes: Vec<u8>,
    touched: Vec<Touched>,
    /// The grain in bytes, as a shift.
    grain: u32,
    /// Counts barriers over all blocks.
    since: u32,
}

impl Shared {
    /// Memory of so many bytes, in which races are looked for in grains of 1, 2 or 4 bytes.
    pub(crate) fn new(bytes: usize, grain: usize) -> Self {
        Self {
            bytes: vec![0xff; bytes],
            touched: vec![Touched::default(); bytes.div_ceil(grain)],
            grain: grain.trailing_zeros(),
            since: 1,
        }
    }

    /// For a new block: full of what is no number.
    pub(crate) fn clear(&mut self) {
        self.bytes.fill(0xff);
        self.barrier();
    }

    /// All that was touched before is in order with what comes.
    pub(crate) const fn barrier(&mut self) {
        self.since += 1;
    }

    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) const fn host(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// Notes an access. Gives a warp whose access since the last barrier does not agree with it, and what that did.
    pub(crate) fn touch(
        &mut self,
        at: usize,
        length: usize,
        warp: usize,
        touch: Touch,
    ) -> Option<(usize, Touch)> {
        let own = 1u32 << (warp & 31);
        let last = (at + length - 1) >> self.grain;
        for grain in at >> self.grain..=last {
            let touched = &mut self.touched[grain];
            if touched.since != self.since {
                *touched = Touched {
                    since: self.since,
                    ..Touched::default()
                };
            }
            let (readers, writers) = (touched.readers & !own, touched.writers & !own);
            let atomics = touched.atomics & !own;
            let against = match touch {
                Touch::Read => [
                    (0, Touch::Read),
                    (writers, Touch::Write),
                    (atomics, Touch::Atomic),
                ],
                Touch::Write => [
                    (readers, Touch::Read),
                    (writers, Touch::Write),
                    (atomics, Touch::Atomic),
                ],
                Touch::Atomic => [
                    (readers, Touch::Read),
                    (writers, Touch::Write),
                    (0, Touch::Atomic),
                ],
            };
            if let Some((warps, what)) = against.into_iter().find(|(warps, _)| *warps != 0) {
                return Some((warps.trailing_zeros() as usize, what));
            }
            match touch {
                Touch::Read => touched.readers |= own,
                Touch::Write => touched.writers |= own,
                Touch::Atomic => touched.atomics |= own,
            }
        }
        None
    }
}
