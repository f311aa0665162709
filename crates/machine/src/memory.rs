//! Memory: of the machine, and of this process.

use serde::{Deserialize, Serialize};
use sysinfo::System;
use ts_rs::TS;

/// The machine's memory, in bytes; a container's, if this process lives in one with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Memory {
    /// All there is.
    #[ts(type = "number")]
    pub total: u64,
    /// What a process can still take without the system swapping.
    #[ts(type = "number")]
    pub available: u64,
}

/// What this process holds of it, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMemory {
    /// Now.
    pub resident: u64,
    /// The most it ever held. On systems other than Linux, what it holds now.
    pub peak: u64,
    /// What it may still take if it has a limit of its own (`ulimit -v`).
    pub may_take: Option<u64>,
}

/// The machine's memory as it is now.
#[must_use]
pub fn memory() -> Memory {
    let mut system = System::new();
    system.refresh_memory();
    of(&system)
}

pub(crate) fn of(system: &System) -> Memory {
    let (mut total, mut available) = (system.total_memory(), system.available_memory());
    if let Some(limits) = system.cgroup_limits() {
        total = total.min(limits.total_memory);
        available = available.min(limits.free_memory);
    }
    Memory { total, available }
}

/// What this process holds now and may still take.
#[must_use]
pub fn own_memory() -> OwnMemory {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = line(&status, "VmRSS:").unwrap_or_else(resident);
    OwnMemory {
        resident,
        peak: line(&status, "VmHWM:").unwrap_or(resident),
        may_take: limit()
            .map(|limit| limit.saturating_sub(line(&status, "VmSize:").unwrap_or(resident))),
    }
}

/// Bytes in a line of `/proc/self/status`: `VmRSS:      1234 kB`.
fn line(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}

/// Where there is no `/proc`.
fn resident() -> u64 {
    let Ok(pid) = sysinfo::get_current_pid() else {
        return 0;
    };
    let mut system = System::new();
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), false);
    system.process(pid).map_or(0, sysinfo::Process::memory)
}

#[cfg(unix)]
fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_memory_and_not_more_is_free_than_there_is() {
        let Memory { total, available } = memory();
        assert!(
            available > 0 && available <= total,
            "{available} of {total}"
        );
    }

    #[test]
    fn what_this_process_takes_is_seen() {
        const MORE: u64 = 64 << 20;
        let before = own_memory();
        let taken = vec![1_u8; MORE as usize];
        let with = own_memory();
        assert_eq!(taken.iter().map(|&one| u64::from(one)).sum::<u64>(), MORE);
        assert!(
            with.resident >= before.resident + MORE * 9 / 10,
            "{before:?}, {with:?}"
        );
        assert!(with.peak >= with.resident);
    }

    #[test]
    fn a_line_of_the_status_is_read_in_bytes() {
        let status = "VmPeak:\t  10 kB\nVmHWM:\t   1234 kB\n";
        assert_eq!(line(status, "VmHWM:"), Some(1234 << 10));
        assert_eq!(line(status, "VmRSS:"), None);
    }
}
