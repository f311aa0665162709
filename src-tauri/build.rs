//! Embeds the window's files and declares the commands, so that each must be granted by name.

// A build script speaks to Cargo on its standard output.
#![allow(clippy::print_stdout)]

include!("src/names.rs");

/// What `npm run build` makes in `ui/`.
const WINDOW_FILES: &str = "../ui/dist";

fn main() {
    println!("cargo::rerun-if-changed={WINDOW_FILES}");
    if !std::path::Path::new(WINDOW_FILES)
        .join("index.html")
        .is_file()
    {
        println!("cargo::error=ui/dist is missing: build the window's files with `./dev ui`");
        return;
    }
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
