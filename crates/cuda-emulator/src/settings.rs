//! What the pretended machine is: variables of the environment, or what a test has set instead.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::machine::{Code, complain};

/// What was set in this process, which goes before the environment.
static SET: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) devices: usize,
    pub(crate) memory: u64,
    pub(crate) capability: (i32, i32),
    pub(crate) driver: i32,
    /// The kind of call, which of them, and what it answers.
    pub(crate) fail: Vec<(String, u64, Code)>,
    /// Every how many fused multiplications one is wrong.
    pub(crate) wrong: Option<u64>,
    /// Whether reading what was never written is an error.
    pub(crate) strict: bool,
    /// Instructions of warps that a launch may take.
    pub(crate) budget: u64,
    pub(crate) profile: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let memory = number("CUDA_EMULATOR_MEMORY").unwrap_or(2 << 30);
        let capability = value("CUDA_EMULATOR_CAPABILITY").unwrap_or_default();
        let capability = capability
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        Self {
            devices: number("CUDA_EMULATOR_DEVICES").unwrap_or(1) as usize,
            memory,
            capability: capability.unwrap_or((8, 6)),
            driver: number("CUDA_EMULATOR_DRIVER").unwrap_or(12080) as i32,
            fail: value("CUDA_EMULATOR_FAIL")
                .map(|text| failures(&text))
                .unwrap_or_default(),
            wrong: number("CUDA_EMULATOR_WRONG")
                .filter(|&wrong| wrong != 0)
                .map(|_| 1000),
            strict: number("CUDA_EMULATOR_UNWRITTEN") != Some(1),
            budget: number("CUDA_EMULATOR_BUDGET").unwrap_or(2_000_000_000),
            profile: value("CUDA_EMULATOR_PROFILE"),
        }
    }
}

/// Sets a variable for this process; an empty value unsets it.
pub(crate) fn set(name: &str, value: &str) {
    let mut set = SET.lock().unwrap_or_else(PoisonError::into_inner);
    set.get_or_insert_default()
        .insert(name.to_owned(), value.to_owned());
}

/// Forgets all that was set.
pub(crate) fn forget() {
    *SET.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn value(name: &str) -> Option<String> {
    let set = SET.lock().unwrap_or_else(PoisonError::into_inner);
    let set = set.as_ref().and_then(|set| set.get(name)).cloned();
    set.or_else(|| std::env::var(name).ok())
        .filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    let text = value(name)?;
    let number = text.parse().ok();
    if number.is_none() {
        complain(&format!("{name}={text} is no number"));
    }
    number
}

/// `launch:1000:700,alloc:3:2`
fn failures(text: &str) -> Vec<(String, u64, Code)> {
    let one = |part: &str| {
        let mut parts = part.split(':');
        let kind = parts.next()?.to_owned();
        Some((
            kind,
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
        ))
    };
    text.split(',')
        .filter_map(|part| {
            let failure = one(part);
            if failure.is_none() {
                complain(&format!(
                    "CUDA_EMULATOR_FAIL: {part} is not kind:number:code"
                ));
            }
            failure
        })
        .collect()
}
