//! Starting where it cannot go well.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::partita::{Home, Partita};
use crate::poll::until;
use crate::{desktop, program};

#[test]
fn without_a_display_it_says_so_and_ends() {
    let output = Command::new(program())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("no display"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn a_second_window_on_the_same_library_says_why_not() {
    let home = Home::new();
    let first = Partita::open(program(), &home);
    let mut second = Running::start(
        Command::new(program())
            .envs(home.environment(&home.paths()))
            .env("GDK_BACKEND", "x11")
            .env_remove("WAYLAND_DISPLAY")
            .stderr(Stdio::piped()),
    );
    desktop::dismiss("Partita cannot start");
    assert_eq!(second.exit_code(), Some(1));
    let mut errors = String::new();
    let mut stream = second.0.stderr.take().unwrap();
    stream.read_to_string(&mut errors).unwrap();
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(desktop::is_alive(first.pid));
    first.assert_nothing_wrong();
}

/// A process that does not outlive its test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn exit_code(&mut self) -> Option<i32> {
        let status = until("the process to end", 30, || self.0.try_wait().unwrap());
        status.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A session bus of this test's own.
struct Bus {
    _process: Running,
    address: String,
}

impl Bus {
    fn start() -> Self {
        let mut process = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon cannot be started: run ./dev setup");
        let mut address = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let process = Running(process);
        lines.read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        Self {
            _process: process,
            address,
        }
    }
}

#[test]
fn started_twice_it_stays_one() {
    let home = Home::new();
    let bus = Bus::start();
    let mut start = Command::new(program());
    start
        .envs(home.environment(&home.paths()))
        // The user's own library, in this test's home.
        .env_remove("PARTITA_LIBRARY")
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .env("GDK_BACKEND", "x11")
        .env_remove("WAYLAND_DISPLAY");
    let mut first = Running::start(&mut start);
    desktop::await_window("Partita");
    let mut second = Running::start(&mut start);
    assert_eq!(second.exit_code(), Some(0));
    let status = desktop::close_window("Partita", || first.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
