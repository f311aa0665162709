//! Where tests compute: on the processor; and on a card, which is emulated unless `PARTITA_GPU` is set (`./dev test
//! --gpu`). One body runs on all of them.

use std::path::Path;

use notagen::{Card, Format, Model};

use crate::parity::data;

/// A place to compute.
pub(crate) struct Device {
    pub(crate) name: &'static str,
    card: Option<Card>,
    /// Each multiplication is a call there.
    is_emulated: bool,
}

/// All there are.
pub(crate) fn devices() -> Vec<Device> {
    let mut devices = vec![Device {
        name: "processor",
        card: None,
        is_emulated: false,
    }];
    devices.extend(card());
    devices
}

#[cfg(target_os = "linux")]
fn card() -> Option<Device> {
    let is_real = std::env::var_os("PARTITA_GPU").is_some();
    if !is_real {
        cuda_emulator::load().unwrap();
    }
    Some(Device {
        name: if is_real { "card" } else { "emulated card" },
        card: Some(Card::open(0).unwrap()),
        is_emulated: !is_real,
    })
}

/// The emulator is a library that takes the driver's place, which works so on Linux alone.
#[cfg(not(target_os = "linux"))]
fn card() -> Option<Device> {
    std::env::var_os("PARTITA_GPU").map(|_| Device {
        name: "card",
        card: Some(Card::open(0).unwrap()),
        is_emulated: false,
    })
}

impl Device {
    pub(crate) fn load(&self, dir: &Path, slots: usize, format: Option<Format>) -> Model {
        Model::load_on(self.card.as_ref(), dir, slots, format).unwrap()
    }

    pub(crate) fn tiny(&self, slots: usize, format: Option<Format>) -> Model {
        self.load(&data().join("tiny"), slots, format)
    }

    pub(crate) fn card(&self) -> Option<&Card> {
        self.card.as_ref()
    }

    /// How many of something a test can afford: some, where each takes long.
    pub(crate) fn of(&self, all: usize, some: usize) -> usize {
        if self.is_emulated { some } else { all }
    }
}
