//! The Partita window.
//!
//! The only crate that knows Tauri, and no logic: every command calls the studio. Started as
//! `partita-desktop worker` it is the worker process instead, and loads nothing of the desktop.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod files;
mod log;
mod machine;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "worker")
    {
        return worker::run();
    }
    window::run()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    include!("names.rs");

    /// The names between `generate_handler![` and `]`, without their module.
    fn handled() -> BTreeSet<String> {
        let source = include_str!("window.rs");
        let (_, rest) = source.split_once("generate_handler![").unwrap();
        let (list, _) = rest.split_once(']').unwrap();
        list.split(',')
            .map(|path| path.rsplit("::").next().unwrap().trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect()
    }

    fn granted() -> BTreeSet<String> {
        let source = include_str!("../capabilities/main.json");
        let capability: serde_json::Value = serde_json::from_str(source).unwrap();
        let permissions = capability["permissions"].as_array().unwrap();
        permissions
            .iter()
            .map(|permission| {
                let permission = permission.as_str().unwrap();
                let command = permission.strip_prefix("allow-");
                let command = command.unwrap_or_else(|| panic!("{permission} is not a command's"));
                command.replace('-', "_")
            })
            .collect()
    }

    #[test]
    fn the_window_is_granted_exactly_the_commands_there_are() {
        let declared: BTreeSet<String> = COMMANDS.iter().map(ToString::to_string).collect();
        assert_eq!(handled(), declared, "generate_handler! and names.rs");
        assert_eq!(granted(), declared, "capabilities/main.json and names.rs");
    }

    #[test]
    fn the_window_loads_only_its_own_files() {
        let config: serde_json::Value =
            serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let policy = config["app"]["security"]["csp"].as_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for loose in ["'unsafe-inline'", "'unsafe-eval'", "https:", "data:", "*"] {
            assert!(!policy.contains(loose), "{loose} in {policy}");
        }
    }
}
