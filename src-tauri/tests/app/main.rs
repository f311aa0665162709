//! The real application, from outside: its window through WebDriver, its native dialogs and its
//! processes through the system. Nothing is mocked; the bundled model composes.

#![cfg(target_os = "linux")]
// Clippy's exception for tests covers test functions only, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod desktop;
mod drag;
mod partita;
mod poll;
mod webdriver;

mod bounds;
mod exports;
mod journeys;
mod settings;
mod start;

use std::path::Path;

/// The application as built for this test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_partita-desktop"))
}
