//! NVIDIA's graphics cards, as their driver tells.

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A graphics card. What its driver does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Gpu {
    /// For people: `NVIDIA GeForce RTX 3060`.
    pub name: String,
    /// All its memory, in bytes.
    #[ts(type = "number | null")]
    pub memory: Option<u64>,
    /// What of it is taken, by anybody.
    #[ts(type = "number | null")]
    pub memory_taken: Option<u64>,
    /// The share of the time in which something computed on it, 0 to 1.
    pub load: Option<f32>,
    /// In degrees Celsius.
    pub celsius: Option<u32>,
    /// In watts.
    pub watts: Option<f32>,
}

/// The driver's library, loaded if it is there.
pub(crate) struct Driver(Option<Nvml>);

impl Driver {
    pub(crate) fn load() -> Self {
        let driver = Nvml::init();
        if let Err(error) = &driver {
            tracing::debug!(%error, "no NVIDIA driver");
        }
        Self(driver.ok())
    }

    pub(crate) fn gpus(&self) -> Vec<Gpu> {
        let Some(driver) = &self.0 else {
            return Vec::new();
        };
        let count = driver.device_count().unwrap_or(0);
        (0..count)
            .filter_map(|index| driver.device_by_index(index).ok())
            .map(|device| {
                let memory = device.memory_info().ok();
                Gpu {
                    name: device.name().unwrap_or_else(|_| "NVIDIA".to_owned()),
                    memory: memory.as_ref().map(|memory| memory.total),
                    memory_taken: memory.map(|memory| memory.used),
                    load: device
                        .utilization_rates()
                        .ok()
                        .map(|rates| rates.gpu as f32 / 100.0),
                    celsius: device.temperature(TemperatureSensor::Gpu).ok(),
                    watts: device
                        .power_usage()
                        .ok()
                        .map(|milliwatts| milliwatts as f32 / 1e3),
                }
            })
            .collect()
    }
}
