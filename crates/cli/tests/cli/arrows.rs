//! Who may know whom (ARCHITECTURE.md): an arrow that is not here is refused.

use std::collections::BTreeMap;
use std::process::Command;

use crate::repository;

const ARROWS: [(&str, &[&str]); 11] = [
    // For tests alone: nobody knows it but as a dev-dependency.
    ("cuda-emulator", &[]),
    ("machine", &[]),
    ("jobs", &[]),
    ("score", &[]),
    ("notagen", &[]),
    ("engine", &["jobs"]),
    ("worker", &["engine", "jobs", "machine", "notagen", "score"]),
    ("library", &["jobs"]),
    ("studio", &["jobs", "library", "machine", "score"]),
    ("cli", &["studio", "worker"]),
    ("partita-desktop", &["studio", "worker"]),
];

/// What must stay out of a crate, however far away it comes in.
const KEPT_OUT: [(&str, &str); 5] = [
    ("engine", "candle-core"),
    ("studio", "candle-core"),
    ("studio", "tauri"),
    ("cli", "tauri"),
    ("score", "serde_json"),
];

#[test]
fn every_arrow_between_crates_is_in_the_plan() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let ours: Vec<String> = packages.iter().map(name).collect();
    let plan: BTreeMap<&str, &[&str]> = ARROWS.into();
    for package in packages {
        let from = name(package);
        let allowed = plan.get(from.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{from} is in no plan"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = name(dependency);
            let is_test = dependency["kind"] == "dev";
            if ours.contains(&to) && !is_test {
                assert!(allowed.contains(&to.as_str()), "{from} must not know {to}");
            }
        }
    }
}

#[test]
fn what_a_crate_must_not_know_is_not_in_its_tree() {
    for (of, stranger) in KEPT_OUT {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "-e",
                "normal",
                "--prefix",
                "none",
                "-p",
                of,
            ])
            .current_dir(repository())
            .output()
            .unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.contains(of), "{tree}");
        let is_stranger = |line: &str| line.split(' ').next() == Some(stranger);
        assert!(!tree.lines().any(is_stranger), "{of} knows {stranger}");
    }
}
