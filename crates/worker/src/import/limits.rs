//! What the importer may do: so much memory, so much time, no network and no other program.
//!
//! **Memory.** 4 GiB of addresses, whatever the model. A model within `notagen::limits` has no matrix of more
//! than 1 GiB as f32 (8,192 times 32,768), and an import holds one of them at a time, at most twice while
//! candle copies what it read and a quarter of it quantised; the rest is buffers and a pickle's million
//! objects. Linux counts the addresses; elsewhere there is no limit of memory.
//!
//! **Time.** Seconds of processor time, which a busy machine does not use up, on any Unix. On other systems
//! the studio looks at the clock.
//!
//! **Network.** A filter of system calls, on Linux: no socket, no program, no look into other processes.
//! Elsewhere there is only that nothing in here opens one.

/// Sets them for this process, for good. To be called before there are other threads.
pub(super) fn set(cpu_seconds: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::Resource;
        // A core file of what a stranger's file did is of no use to anybody.
        at_most(Resource::Core, 0)?;
        at_most(Resource::Cpu, cpu_seconds)?;
        #[cfg(target_os = "linux")]
        at_most(Resource::As, ADDRESSES)?;
    }
    #[cfg(not(unix))]
    let _ = cpu_seconds;
    #[cfg(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    filter::apply()?;
    Ok(())
}

#[cfg(target_os = "linux")]
const ADDRESSES: u64 = 4 << 30;

/// Lowers a limit, and never raises one that somebody else has set.
#[cfg(unix)]
fn at_most(resource: rustix::process::Resource, most: u64) -> std::io::Result<()> {
    use rustix::process::{Rlimit, getrlimit, setrlimit};
    let limit = Some(getrlimit(resource).maximum.map_or(most, |m| m.min(most)));
    setrlimit(
        resource,
        Rlimit {
            current: limit,
            maximum: limit,
        },
    )?;
    Ok(())
}

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod filter {
    use std::collections::BTreeMap;
    use std::io;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

    /// `io_uring` would open sockets without the first of them.
    const REFUSED: [libc::c_long; 8] = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_io_uring_setup,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_writev,
    ];

    /// All threads refuse these calls from now on, with "operation not permitted".
    pub(super) fn apply() -> io::Result<()> {
        apply_filter_all_threads(&program()?).map_err(io::Error::other)
    }

    fn program() -> io::Result<BpfProgram> {
        let rules: BTreeMap<_, _> = REFUSED.map(|call| (call, Vec::new())).into();
        let filter = SeccompFilter::new(
            rules,
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM as u32),
            std::env::consts::ARCH
                .try_into()
                .map_err(io::Error::other)?,
        );
        filter.and_then(TryInto::try_into).map_err(io::Error::other)
    }

    #[cfg(test)]
    mod tests {
        use std::io::ErrorKind::PermissionDenied;
        use std::net::{TcpStream, UdpSocket};
        use std::process::Command;

        #[test]
        fn what_is_filtered_has_no_network_and_starts_no_program() {
            let tries = || {
                let network = UdpSocket::bind("127.0.0.1:0").err();
                let nobody = TcpStream::connect("127.0.0.1:9").err();
                let program = Command::new("true").status().err();
                let file = std::fs::metadata("/").is_ok();
                let kind = |error: Option<std::io::Error>| error.map(|error| error.kind());
                ([network, nobody, program].map(kind), file)
            };
            let ([network, nobody, program], _) = tries();
            assert_eq!(
                (network, program),
                (None, None),
                "without the filter they can be had"
            );
            assert_ne!(nobody, Some(PermissionDenied));
            // Of one thread, which ends: the other tests of this program have theirs.
            let filtered = std::thread::spawn(move || {
                seccompiler::apply_filter(&super::program().unwrap()).unwrap();
                tries()
            });
            assert_eq!(
                filtered.join().unwrap(),
                ([Some(PermissionDenied); 3], true)
            );
        }
    }
}
