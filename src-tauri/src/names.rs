// Included by the build script too, hence no inner documentation.

/// The commands that the window may be granted. `generate_handler!` and `capabilities/main.json`
/// say the same; a test compares the three.
const COMMANDS: &[&str] = &[
    "models",
    "styles",
    "compose",
    "queue",
    "cancel",
    "retry",
    "prioritise",
    "clear_finished",
    "library",
    "piece",
    "engraving",
    "live_engraving",
    "delete_piece",
    "restore_piece",
    "export_piece",
    "recall",
    "watch_drops",
    "settings",
    "save_settings",
    "worker_status",
    "retry_device",
    "subscribe",
    "watch_machine",
    "unwatch_machine",
    "bench",
    "stop_bench",
    "benches",
    "forget_bench",
];
