//! What the page cannot do, whatever gets into it.

use serde_json::{Value, json};

use crate::partita::{Home, Partita};
use crate::program;

/// Invokes a command and says how it went.
fn invoke(partita: &Partita, command: &str, arguments: &Value) -> String {
    let script = format!(
        "window.__TAURI_INTERNALS__.invoke('{command}', {arguments})
            .then((answer) => done('answered'), (error) => done(JSON.stringify(error)))"
    );
    let answer = partita.page.script_later(&script).unwrap();
    answer.as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_page_has_its_commands_and_nothing_else() {
    let home = Home::new();
    let partita = Partita::open(program(), &home);
    assert_eq!(invoke(&partita, "queue", &json!({})), "answered");
    for (command, arguments) in [
        ("plugin:dialog|save", json!({"options": {}})),
        ("plugin:event|emit", json!({"event": "x"})),
        // It would name the paths of what is dropped.
        (
            "plugin:event|listen",
            json!({"event": "tauri://drag-drop", "target": {"kind": "Any"}, "handler": 0}),
        ),
        ("plugin:fs|read_text_file", json!({"path": "/etc/hostname"})),
        (
            "plugin:window|set_title",
            json!({"label": "main", "value": "x"}),
        ),
        (
            "export_piece",
            json!({"id": "../../etc/passwd", "format": "abc"}),
        ),
        ("piece", json!({"id": "'; drop table pieces; --"})),
    ] {
        let answer = invoke(&partita, command, &arguments);
        assert_ne!(answer, "answered", "{command} {arguments}");
    }

    let code = "try { new Function('1')(); done('ran') } catch (error) { done(error.name) }";
    assert_eq!(partita.page.script_later(code), Ok(json!("EvalError")));
    for address in [
        "https://example.org/",
        "http://127.0.0.1:1/",
        "file:///etc/hostname",
    ] {
        // The policy's refusal, not the network's.
        let script = format!(
            "addEventListener('securitypolicyviolation', (v) => done(v.effectiveDirective),
                {{ once: true }});
             fetch('{address}').catch(() => {{}})"
        );
        let refused = partita.page.script_later(&script);
        assert_eq!(refused, Ok(json!("connect-src")), "{address}");
    }
}
