//! Pictures of the running application for the README: `./dev screenshots`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
// The end-to-end tests' modules; not all of what they can do is needed here.
#![allow(dead_code)]

#[cfg(target_os = "linux")]
#[path = "../tests/app/desktop.rs"]
mod desktop;
#[cfg(target_os = "linux")]
#[path = "../tests/app/partita.rs"]
mod partita;
#[cfg(target_os = "linux")]
#[path = "../tests/app/poll.rs"]
mod poll;
#[cfg(target_os = "linux")]
#[path = "../tests/app/webdriver.rs"]
mod webdriver;

#[cfg(target_os = "linux")]
fn main() {
    pictures::take();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod pictures {
    use std::path::{Path, PathBuf};

    use crate::partita::{Home, Partita, Request, SONGS, id};
    use crate::poll::until;

    const THEMES: [&str; 2] = ["light", "dark"];

    /// One place in both themes.
    fn picture(partita: &Partita, folder: &Path, name: &str) {
        for theme in THEMES {
            until("the theme", 30, || {
                if partita.theme().as_deref() == Some(theme) {
                    return Some(());
                }
                partita.page.click(&id("theme-toggle"));
                None
            });
            let path = folder.join(format!("{name}-{theme}.png"));
            std::fs::write(&path, partita.page.screenshot().unwrap()).unwrap();
            eprintln!("{}", path.display());
        }
    }

    pub(crate) fn take() {
        let folder = PathBuf::from(std::env::args().nth(1).expect("a folder for the pictures"));
        // target/debug/examples/screenshots stands beside target/debug/partita-desktop.
        let examples = std::env::current_exe().unwrap();
        let program = examples.ancestors().nth(2).unwrap().join("partita-desktop");

        let home = Home::new();
        let partita = Partita::open(&program, &home);
        let songs = Request {
            max_bars: 32,
            ..SONGS
        };
        partita.compose(&songs);
        let clara = Request {
            composer: "Schumann, Clara",
            ..songs
        };
        partita.compose(&clara);
        partita.compose(&Request {
            period: "Classical",
            composer: "Haydn, Joseph",
            instrumentation: "Chamber",
            ..songs
        });
        partita.wait_done(9, 600);
        partita.go("library");
        partita.page.wait_count(&id("library-piece"), 9, 30);
        picture(&partita, &folder, "library");
        partita.page.click(&id("library-piece"));
        partita.engraved_notes();
        picture(&partita, &folder, "piece");
        partita.go("machine");
        partita.page.fill(&id("bench-patches"), "128");
        partita.page.click(&id("bench-start"));
        partita.page.wait(&id("bench-report"), 300);
        picture(&partita, &folder, "machine");
        partita.fill_form(&songs);
        picture(&partita, &folder, "compose");
        // Enough to still be at work when the picture is taken, and a seed whose first piece is long.
        partita.fill_form(&Request {
            variations: 40,
            max_bars: 200,
            ..clara
        });
        partita.page.fill(&id("seed"), "2");
        partita.page.click(&id("compose"));
        partita.page.wait(&id("clear-finished"), 30);
        partita.wait_bar();
        partita.watch_bar(12);
        picture(&partita, &folder, "queue");
        partita.close();
    }
}
