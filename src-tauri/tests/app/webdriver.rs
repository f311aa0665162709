//! As much of the WebDriver protocol as these tests need.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::poll::until;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Answers come within a second or two; starting the application on a busy machine takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A WebDriver process and the application it started.
pub(crate) struct WebDriver {
    process: Child,
    agent: ureq::Agent,
    address: String,
    session: Option<String>,
}

impl WebDriver {
    /// Starts the driver in an environment, and the application through it.
    pub(crate) fn start(program: &Path, environment: &[(&str, &Path)]) -> Self {
        let port = free_port();
        let process = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .envs(environment.iter().copied())
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            // The run's own screen, even where the terminal is in a Wayland session.
            .env("GDK_BACKEND", "x11")
            .env("GSETTINGS_BACKEND", "memory")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .spawn()
            .expect("WebKitWebDriver cannot be started: run ./dev setup");
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_LIMIT))
            .build()
            .into();
        let mut driver = Self {
            process,
            agent,
            address: format!("http://127.0.0.1:{port}"),
            session: None,
        };
        let status = format!("{}/status", driver.address);
        until("WebKitWebDriver to answer", 30, || {
            driver.agent.get(&status).call().ok()
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "webkitgtk:browserOptions": {"binary": program, "args": []}
        }}});
        let answer = driver.send("POST", "/session", wanted).unwrap();
        driver.session = answer["sessionId"].as_str().map(str::to_owned);
        driver
    }

    /// The driver's process; the application is its child.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn send(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let url = match &self.session {
            Some(session) => format!("{}/session/{session}{path}", self.address),
            None => format!("{}{path}", self.address),
        };
        let answer = match method {
            "GET" => self.agent.get(&url).call(),
            "DELETE" => self.agent.delete(&url).call(),
            _ => self.agent.post(&url).send_json(body),
        };
        let mut answer = answer.map_err(|error| format!("{method} {path}: {error}"))?;
        let failed = !answer.status().is_success();
        // A screenshot is larger than ureq's usual limit for a body.
        let body: Value = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_json()
            .map_err(|error| format!("{method} {path}: {error}"))?;
        if failed {
            return Err(format!("{method} {path}: {}", body["value"]));
        }
        Ok(body["value"].clone())
    }

    /// Runs the body of a function in the page.
    pub(crate) fn script(&self, body: &str, arguments: Value) -> Value {
        let request = json!({"script": body, "args": arguments});
        self.send("POST", "/execute/sync", request)
            .unwrap_or_else(|error| panic!("{error}\nin the script: {body}"))
    }

    /// Runs the body of a function in the page that says `done(value)` later.
    pub(crate) fn script_later(&self, body: &str) -> Result<Value, String> {
        let body = format!("const done = arguments[arguments.length - 1]; {body}");
        let request = json!({"script": body, "args": []});
        self.send("POST", "/execute/async", request)
    }

    fn element(&self, selector: &str) -> Result<String, String> {
        let request = json!({"using": "css selector", "value": selector});
        let found = self.send("POST", "/element", request)?;
        Ok(found[ELEMENT].as_str().unwrap_or_default().to_owned())
    }

    /// Clicks as a user would: the element must be there, visible and uncovered, and gets a few
    /// seconds to become so.
    pub(crate) fn click(&self, selector: &str) {
        let mut last = String::new();
        until(&format!("{selector} to take a click"), 30, || {
            let clicked = self.element(selector).and_then(|element| {
                self.send("POST", &format!("/element/{element}/click"), json!({}))
            });
            match clicked {
                Ok(_) => Some(()),
                Err(error) => {
                    if error != last {
                        eprintln!("waiting: {error}");
                        last = error;
                    }
                    None
                }
            }
        });
    }

    /// Types over what a field holds.
    pub(crate) fn fill(&self, selector: &str, text: &str) {
        let element = until(&format!("the field {selector}"), 30, || {
            self.element(selector).ok()
        });
        // Selected by script: this driver does not let go of Control within one text.
        let select = "document.querySelector(arguments[0]).select()";
        self.script(select, json!([selector]));
        self.send(
            "POST",
            &format!("/element/{element}/value"),
            json!({ "text": text }),
        )
        .unwrap();
    }

    /// How many elements match.
    pub(crate) fn count(&self, selector: &str) -> usize {
        let script = "return document.querySelectorAll(arguments[0]).length";
        let count = self.script(script, json!([selector])).as_u64();
        usize::try_from(count.unwrap_or_default()).unwrap()
    }

    /// Waits until exactly so many elements match.
    pub(crate) fn wait_count(&self, selector: &str, wanted: usize, seconds: u64) {
        until(&format!("{wanted} of {selector}"), seconds, || {
            (self.count(selector) == wanted).then_some(())
        });
    }

    /// Waits until something matches.
    pub(crate) fn wait(&self, selector: &str, seconds: u64) {
        until(selector, seconds, || {
            (self.count(selector) > 0).then_some(())
        });
    }

    /// An attribute of the first element that matches.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let script =
            "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        let value = self.script(script, json!([selector, name]));
        value.as_str().map(str::to_owned)
    }

    /// The page as a PNG, after what is drawn has caught up with the document.
    pub(crate) fn screenshot(&self) -> Result<Vec<u8>, String> {
        self.script_later(
            "document.fonts.ready.then(() => requestAnimationFrame(() =>
                requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))",
        )?;
        let png = self.send("GET", "/screenshot", Value::Null)?;
        let png = png.as_str().unwrap_or_default();
        let decoded = base64::engine::general_purpose::STANDARD.decode(png);
        decoded.map_err(|error| error.to_string())
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        if self.session.is_some() {
            // Fails if the application was closed meanwhile, which is fine.
            let _ = self.send("DELETE", "", Value::Null);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
