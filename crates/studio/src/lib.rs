//! The application as an API: everything a user can ask for, with typed requests, replies and
//! error codes. The window and the command line are thin shells around [`Studio`].
//!
//! The studio owns the library and supervises the worker. It knows neither Tauri nor the terminal.

pub mod api;
mod bench;
#[cfg(test)]
mod bindings;
mod child;
mod clock;
mod config;
mod error;
mod events;
pub mod export;
mod fingerprint;
mod format;
mod handed;
mod import;
mod live;
mod models;
mod process;
pub mod reading;
mod recall;
mod studio;
mod supervisor;
mod views;
mod writing;

pub use bench::bench;
pub use config::{Config, WorkerCommand};
pub use error::{Code, Error, Result};
pub use import::{ImportRequest, ImportedModel, import_model};
pub use jobs;
pub use machine;
pub use studio::{Studio, list_models, read_library};
