//! What lies outside the page: the screen, native windows, processes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, EventMask};

use crate::poll::until;

/// Says what to do where there is no screen.
pub(crate) fn require_display() {
    assert!(
        std::env::var_os("DISPLAY").is_some(),
        "these tests open windows and there is no DISPLAY: run ./dev test, which starts Xvfb"
    );
}

fn xdotool(arguments: &[&str]) -> Option<String> {
    let output = Command::new("xdotool")
        .args(arguments)
        .output()
        .expect("xdotool cannot be started: run ./dev setup");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The window whose title is exactly so, once it is visible.
pub(crate) fn window(title: &str) -> String {
    until(&format!("the window “{title}”"), 30, || visible(title))
}

fn visible(title: &str) -> Option<String> {
    let pattern = format!("^{title}$");
    let found = xdotool(&["search", "--onlyvisible", "--name", &pattern])?;
    found.lines().last().map(str::to_owned)
}

/// Waits until a window of this title is visible.
pub(crate) fn await_window(title: &str) {
    window(title);
}

/// Answers the save dialog of this title with a path.
pub(crate) fn save_as(title: &str, path: &Path) {
    let path = path.to_str().unwrap();
    let dialog = window(title);
    // Without a window manager nobody gives the dialog the keys.
    xdotool(&["windowfocus", "--sync", &dialog]).unwrap();
    xdotool(&["key", "--window", "0", "ctrl+a"]).unwrap();
    xdotool(&["type", "--delay", "5", path]).unwrap();
    xdotool(&["key", "Return"]).unwrap();
}

/// Answers the open dialog of this title with a path. Like a user it tries again: a dialog that has
/// only just appeared may not listen yet.
pub(crate) fn open_file(title: &str, path: &Path) {
    let path = path.to_str().unwrap();
    window(title);
    until(&format!("“{title}” to take {path}"), 60, || {
        let Some(dialog) = visible(title) else {
            return Some(());
        };
        xdotool(&["windowfocus", "--sync", &dialog])?;
        // The first stroke of a path opens the field for it; what an earlier try left there goes.
        xdotool(&["key", "slash", "ctrl+a"])?;
        xdotool(&["type", "--delay", "10", path])?;
        xdotool(&["key", "Return"])?;
        is_gone_within(title, 3).then_some(())
    });
}

fn is_gone_within(title: &str, seconds: u64) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(seconds) {
        if visible(title).is_none() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// Closes the dialog of this title without an answer.
pub(crate) fn think_better_of(title: &str) {
    let dialog = window(title);
    xdotool(&["windowfocus", "--sync", &dialog]).unwrap();
    xdotool(&["key", "Escape"]).unwrap();
    assert!(is_gone_within(title, 30), "“{title}” stays open");
}

/// Answers the message of this title with its first button.
pub(crate) fn dismiss(title: &str) {
    let dialog = window(title);
    xdotool(&["windowfocus", "--sync", &dialog]).unwrap();
    xdotool(&["key", "Return"]).unwrap();
}

/// Closes the window of this title as its close button does, and waits until `ended`. Like a
/// user it tries again: a window that has only just appeared may not listen yet.
pub(crate) fn close_window<T>(title: &str, mut ended: impl FnMut() -> Option<T>) -> T {
    window(title);
    until("the window to close and its process to end", 30, || {
        if let Some(window) = visible(title) {
            ask_to_close(window.parse().unwrap());
        }
        ended()
    })
}

fn ask_to_close(window: u32) {
    let (display, _) = x11rb::connect(None).unwrap();
    let atom = |name: &str| {
        let cookie = display.intern_atom(false, name.as_bytes()).unwrap();
        cookie.reply().unwrap().atom
    };
    let data = [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), data);
    display
        .send_event(false, window, EventMask::NO_EVENT, message)
        .unwrap();
    display.flush().unwrap();
}

/// A process that is not a zombie.
struct Process {
    pid: u32,
    parent: u32,
    program: PathBuf,
    arguments: Vec<String>,
}

fn processes() -> Vec<Process> {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    folders
        .filter_map(|folder| {
            let pid = folder.file_name().to_str()?.parse().ok()?;
            // A process may end while it is looked at; a zombie's program cannot be read.
            let program = std::fs::read_link(folder.path().join("exe")).ok()?;
            let status = std::fs::read_to_string(folder.path().join("status")).ok()?;
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
            let command = std::fs::read_to_string(folder.path().join("cmdline")).ok()?;
            Some(Process {
                pid,
                parent: parent.trim().parse().ok()?,
                program,
                arguments: command.split('\0').skip(1).map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// The process of this program whose parent is that one and whose first argument is `argument`.
fn child_of(parent: u32, program: &Path, argument: Option<&str>) -> Option<u32> {
    let found = processes().into_iter().find(|process| {
        let first = process.arguments.first().map(String::as_str);
        process.parent == parent
            && process.program == program
            && first.filter(|word| !word.is_empty()) == argument
    });
    found.map(|process| process.pid)
}

/// The application that a driver started.
pub(crate) fn app_of(driver: u32, program: &Path) -> u32 {
    until("the application's process", 30, || {
        child_of(driver, program, None)
    })
}

/// The application's worker, if one runs.
pub(crate) fn worker_of(app: u32, program: &Path) -> Option<u32> {
    child_of(app, program, Some("worker"))
}

/// Whether a process runs.
pub(crate) fn is_alive(pid: u32) -> bool {
    processes().iter().any(|process| process.pid == pid)
}

/// Ends a process as a crash would, if it has not ended by itself.
pub(crate) fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    killed.expect("kill cannot be started");
}
