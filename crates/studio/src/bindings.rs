//! The TypeScript the window is compiled against, made from the Rust types, and what else both must know.
//! It is checked in; the test fails when it has drifted, `PARTITA_UPDATE=1` writes it anew.

use ts_rs::{Config, TS};

use crate::api;

fn declaration<T: TS>(config: &Config) -> String {
    format!("export {}\n", T::decl(config))
}

fn typescript() -> String {
    let config = Config::default();
    let c = &config;
    let mut text = String::from(
        "// Made from the Rust types by `./dev test` with PARTITA_UPDATE=1. Do not edit.\n\n",
    );
    for declaration in [
        declaration::<jobs::JobId>(c),
        declaration::<jobs::VariationId>(c),
        declaration::<jobs::VariationState>(c),
        declaration::<jobs::Ending>(c),
        declaration::<jobs::Style>(c),
        declaration::<jobs::Sampling>(c),
        declaration::<jobs::GuardMode>(c),
        declaration::<jobs::Limits>(c),
        declaration::<jobs::Priority>(c),
        declaration::<jobs::Dtype>(c),
        declaration::<jobs::Device>(c),
        declaration::<jobs::MemoryPlan>(c),
        declaration::<machine::Machine>(c),
        declaration::<machine::Memory>(c),
        declaration::<machine::Gpu>(c),
        declaration::<api::ErrorView>(c),
        declaration::<api::ModelInfo>(c),
        declaration::<api::PeriodStyles>(c),
        declaration::<api::ComposerStyles>(c),
        declaration::<api::ComposeRequest>(c),
        declaration::<api::JobView>(c),
        declaration::<api::VariationView>(c),
        declaration::<api::PieceSummary>(c),
        declaration::<api::Piece>(c),
        declaration::<api::Engraving>(c),
        declaration::<api::DiagnosticView>(c),
        declaration::<api::LiveEngraving>(c),
        declaration::<api::Recalled>(c),
        declaration::<api::LibraryQuery>(c),
        declaration::<api::LibraryPage>(c),
        declaration::<api::ExportFormat>(c),
        declaration::<api::WorkerState>(c),
        declaration::<api::WorkerStatus>(c),
        declaration::<api::StudioEvent>(c),
        declaration::<api::Settings>(c),
        declaration::<api::BenchRequest>(c),
        declaration::<api::BenchReport>(c),
        declaration::<api::BenchRow>(c),
        declaration::<api::BenchProgress>(c),
    ] {
        text.push_str(&declaration);
    }
    let guard = jobs::GuardMode::default().as_str();
    text.push_str(&format!(
        "/**\n * What a request has that says nothing of it.\n */\n\
         export const DEFAULT_GUARD: GuardMode = \"{guard}\";\n\
         /**\n * The code of the reason that there is no card, or no driver.\n */\n\
         export const NO_CARD = \"{}\";\n",
        jobs::NO_CARD
    ));
    text
}

#[test]
fn the_windows_types_are_the_applications_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/lib/bindings.ts");
    let made = typescript();
    if std::env::var_os("PARTITA_UPDATE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == checked_in,
        "{path} has drifted from the Rust types; run this test with PARTITA_UPDATE=1"
    );
}
