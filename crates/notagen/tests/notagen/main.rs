//! The crate from outside.

// The configured leave covers test functions alone, not what they share.
#![allow(clippy::unwrap_used)]

mod cards;
mod converting;
mod devices;
mod files;
mod hostile;
mod parity;
mod patches;
mod rows;
