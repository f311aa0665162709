//! The engine with a model of a few lines.

mod batching;
mod endings;
mod fake;
