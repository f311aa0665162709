//! The application under test, and what a user does with it.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::desktop;
use crate::poll::until;
use crate::webdriver::WebDriver;

/// A request for pieces, as the form takes it.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) period: &'a str,
    pub(crate) composer: &'a str,
    pub(crate) instrumentation: &'a str,
    pub(crate) variations: u32,
    pub(crate) max_bars: u32,
}

/// Art songs after Schubert.
pub(crate) const SONGS: Request<'static> = Request {
    period: "Romantic",
    composer: "Schubert, Franz",
    instrumentation: "Art Song",
    variations: 3,
    max_bars: 8,
};

/// A folder with everything the application may write.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        desktop::require_display();
        let folder = tempfile::tempdir().unwrap();
        for name in ["library", "home", "exports"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// Where a test saves what it exports.
    pub(crate) fn exports(&self) -> PathBuf {
        self.folder.path().join("exports")
    }

    /// The environment that keeps the application inside this folder.
    pub(crate) fn environment<'a>(&'a self, paths: &'a [PathBuf; 3]) -> [(&'a str, &'a Path); 8] {
        let [library, home, models] = paths;
        [
            ("PARTITA_LIBRARY", library),
            ("PARTITA_MODELS", models),
            ("HOME", home),
            ("XDG_CONFIG_HOME", home),
            ("XDG_DATA_HOME", home),
            ("XDG_CACHE_HOME", home),
            ("XDG_STATE_HOME", home),
            // No session bus lies here: a Partita that is open elsewhere must not answer.
            ("XDG_RUNTIME_DIR", home),
        ]
    }

    /// The library, the rest, and the models that come with the application.
    pub(crate) fn paths(&self) -> [PathBuf; 3] {
        [
            self.folder.path().join("library"),
            self.folder.path().join("home"),
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"),
        ]
    }
}

/// A running application.
pub(crate) struct Partita {
    pub(crate) page: WebDriver,
    program: PathBuf,
    pub(crate) pid: u32,
}

/// The element with this `data-testid`.
pub(crate) fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

/// The same, with this `data-value`.
fn option(name: &str, value: &str) -> String {
    format!("[data-testid=\"{name}\"][data-value=\"{value}\"]")
}

impl Partita {
    /// Starts it and waits for its first page.
    pub(crate) fn open(program: &Path, home: &Home) -> Self {
        let page = WebDriver::start(program, &home.environment(&home.paths()));
        let pid = desktop::app_of(page.pid(), program);
        page.wait(&id("nav-compose"), 60);
        // What goes wrong in the page from here on, and what its policy refused before.
        page.script(
            "window.wrongs = [];
             const note = (what) => window.wrongs.push(String(what));
             const refused = (v) => note(`${v.effectiveDirective} ${v.blockedURL ?? v.blockedURI}`);
             addEventListener('securitypolicyviolation', refused);
             addEventListener('error', (event) => note(event.message));
             addEventListener('unhandledrejection', (event) => note(event.reason));
             if ('ReportingObserver' in window) {
                 const all = { types: ['csp-violation'], buffered: true };
                 new ReportingObserver((list) => list.forEach((r) => refused(r.body)), all).observe();
             }",
            json!([]),
        );
        Self {
            page,
            program: program.to_owned(),
            pid,
        }
    }

    /// Fails if anything went wrong in the page that the user was not told of.
    pub(crate) fn assert_nothing_wrong(&self) {
        let wrongs = self.page.script("return window.wrongs", json!([]));
        assert_eq!(wrongs, json!([]), "refused or failed in the page");
    }

    /// Goes to a place by its name in the navigation.
    pub(crate) fn go(&self, place: &str) {
        self.page.click(&id(&format!("nav-{place}")));
    }

    /// Fills the form and sends it; the queue shows itself then.
    pub(crate) fn compose(&self, request: &Request<'_>) {
        self.fill_form(request);
        self.page.click(&id("compose"));
        self.page.wait(&id("clear-finished"), 30);
    }

    /// Fills the form.
    pub(crate) fn fill_form(&self, request: &Request<'_>) {
        self.go("compose");
        let page = &self.page;
        page.click(&option("period-option", request.period));
        page.click(&option("composer-option", request.composer));
        page.click(&option("instrumentation-option", request.instrumentation));
        page.fill(&id("variations"), &request.variations.to_string());
        if page.count(&id("max-bars")) == 0 {
            page.click(&id("advanced"));
        }
        page.fill(&id("max-bars"), &request.max_bars.to_string());
    }

    /// Waits in the queue until so many variations are done; fails early if one fails.
    pub(crate) fn wait_done(&self, count: usize, seconds: u64) {
        self.go("queue");
        let variation = id("queue-variation");
        until(&format!("{count} variations to be done"), seconds, || {
            let failed = format!("{variation}[data-state=\"failed\"]");
            let text = "return document.querySelector(arguments[0])?.innerText ?? null";
            let why = self.page.script(text, json!([failed]));
            assert!(why.is_null(), "a variation failed: {why}");
            let done = format!("{variation}[data-state=\"done\"]");
            (self.page.count(&done) == count).then_some(())
        });
    }

    /// Waits until a variation has begun to be written.
    pub(crate) fn wait_bar(&self) {
        self.go("queue");
        let begun = format!(
            "{}[data-state=\"running\"]:not([data-bars=\"0\"])",
            id("queue-variation")
        );
        self.page.wait(&begun, 120);
    }

    /// Waits until a piece that is being written is engraved as far as this bar, and counts the notes
    /// that are shown.
    pub(crate) fn watch_bar(&self, bar: u32) -> usize {
        let score = id("live-score");
        until(&format!("bar {bar} to be engraved live"), 120, || {
            let last = self.page.attribute(&score, "data-last")?.parse::<u32>();
            (last.ok()? >= bar).then_some(())
        });
        self.page.count(&format!("{score} g.note"))
    }

    /// The theme that was chosen, if one was.
    pub(crate) fn theme(&self) -> Option<String> {
        self.page.attribute("html", "data-theme")
    }

    /// Waits until the score of the piece that is open is engraved, and counts its notes.
    pub(crate) fn engraved_notes(&self) -> usize {
        let score = format!("{}[data-engraved=\"true\"]", id("score"));
        self.page.wait(&score, 60);
        self.page.count(&format!("{} g.note", id("score")))
    }

    /// The worker process, if one runs.
    pub(crate) fn worker(&self) -> Option<u32> {
        desktop::worker_of(self.pid, &self.program)
    }

    /// Closes the window as its button does, and waits until everything has ended.
    pub(crate) fn close(self) {
        let worker = self.worker();
        desktop::close_window("Partita", || (!desktop::is_alive(self.pid)).then_some(()));
        if let Some(worker) = worker {
            until("the worker to end", 30, || {
                (!desktop::is_alive(worker)).then_some(())
            });
        }
    }
}

/// A failed test leaves a picture of what the page looked like, and none leaves its window behind
/// for the next.
impl Drop for Partita {
    fn drop(&mut self) {
        let path = std::env::temp_dir().join(format!("partita-failed-{}.png", self.pid));
        if std::thread::panicking()
            && let Ok(png) = self.page.screenshot()
            && std::fs::write(&path, png).is_ok()
        {
            eprintln!("the page when the test failed: {}", path.display());
        }
        if desktop::is_alive(self.pid) {
            desktop::kill(self.pid);
        }
    }
}
