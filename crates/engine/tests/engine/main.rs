//! The engine with a model of a few lines.

// Tests may fail by panicking, their helper functions included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batching;
mod endings;
mod fake;
mod repairing;
