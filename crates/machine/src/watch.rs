//! The machine over time: how busy something is can only be said of the time between two looks.

use serde::{Deserialize, Serialize};
use sysinfo::System;
use ts_rs::TS;

use crate::gpu::{Driver, Gpu};
use crate::memory::{self, Memory};

/// The machine at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Machine {
    /// For people: `AMD Ryzen 7 5800X 8-Core Processor`.
    pub processor: String,
    /// Threads it runs at once.
    pub threads: u32,
    /// The share of its time in which it was busy since the last look, 0 to 1.
    pub load: f32,
    /// Its memory.
    pub memory: Memory,
    /// Its graphics cards, as far as they are NVIDIA's.
    pub gpus: Vec<Gpu>,
}

/// Looks at the machine again and again.
pub struct Watch {
    system: System,
    driver: Driver,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// Begins. The first look after this should come a second later; one that comes at once sees no load.
    #[must_use]
    pub fn new() -> Self {
        let mut system = System::new();
        system.refresh_cpu_usage();
        Self {
            system,
            driver: Driver::load(),
        }
    }

    /// The machine now.
    pub fn look(&mut self) -> Machine {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let processors = self.system.cpus();
        let name = processors.first().map_or("", |first| first.brand().trim());
        Machine {
            processor: match name {
                "" => "unknown processor".to_owned(),
                name => name.to_owned(),
            },
            threads: u32::try_from(processors.len()).unwrap_or(u32::MAX),
            load: (self.system.global_cpu_usage() / 100.0).clamp(0.0, 1.0),
            memory: memory::of(&self.system),
            gpus: self.driver.gpus(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn work_shows_as_load() {
        let mut watch = Watch::new();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(400) {
            std::hint::spin_loop();
        }
        let machine = watch.look();
        let least = 0.5 / machine.threads as f32;
        assert!(machine.load > least, "{machine:?}");
        assert!(machine.threads > 0 && !machine.processor.is_empty());
    }

    #[test]
    fn a_machine_without_a_driver_has_no_cards_and_says_the_rest() {
        let machine = Watch::new().look();
        assert!(machine.memory.total > 0);
        for gpu in machine.gpus {
            assert!(!gpu.name.is_empty());
        }
    }
}
