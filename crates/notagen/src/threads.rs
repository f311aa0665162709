//! When several threads are worth their cost. Which thread computes a number never changes it.
//!
//! A large model is read from memory at every step, so its threads share the columns of each layer
//! and every weight is read once. A small one stays in the processor's caches, and handing out a
//! layer would take longer than the layer: there each thread takes some of the pieces all the way.

/// How many threads compute.
#[must_use]
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Lets so many threads compute, in all models of this process. It must come before anything is computed;
/// says whether it did.
pub fn set_threads(threads: usize) -> bool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().is_ok()
}

/// Multiply-adds below which one thread is done before a second has woken up: some 30 microseconds.
const LEAST_WORK: usize = 1 << 20;

/// Whether this many multiply-adds (of up to 4 rows each: they cost hardly more than one) should be
/// shared out.
pub(crate) fn is_worth_threads(work: usize) -> bool {
    work >= LEAST_WORK
}

/// Runs `work` on one of the threads that it will share with, so that sharing needs no waiting room.
pub(crate) fn among_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// Whether a model of this width is small in the sense above: not even its largest layer is shared
/// out in a step of a few rows.
pub(crate) fn is_small(hidden: usize) -> bool {
    !is_worth_threads(4 * hidden * hidden)
}
