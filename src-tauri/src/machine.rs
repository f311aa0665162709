//! The machine: watched while its page is shown, measured when the user asks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use studio::api::{BenchProgress, BenchReport, BenchRequest, ErrorView};
use studio::machine::Machine;
use studio::{Code, Error, Studio};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

use crate::commands::{Answer, ask, refuse};

/// How often the page hears of the machine.
const EVERY: Duration = Duration::from_secs(1);

/// Who watches and what is measured. One of each at most.
#[derive(Default)]
pub(crate) struct Watching {
    /// Counts those who watch: only the latest is served.
    watch: AtomicU64,
    /// Ends the measurement that is going on.
    stop: Mutex<Option<Arc<AtomicBool>>>,
}

impl Watching {
    fn stop(&self) -> std::sync::MutexGuard<'_, Option<Arc<AtomicBool>>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tauri::command]
pub(crate) async fn watch_machine(
    studio: State<'_, Studio>,
    app: AppHandle,
    channel: Channel<Machine>,
) -> Answer<()> {
    ask(studio, move |studio| {
        let looks = studio.watch_machine(EVERY);
        let number = app.state::<Watching>().watch.fetch_add(1, Ordering::SeqCst) + 1;
        std::thread::spawn(move || {
            for machine in looks {
                let latest = app.state::<Watching>().watch.load(Ordering::SeqCst);
                if latest != number || channel.send(machine).is_err() {
                    break;
                }
            }
        });
        Ok(())
    })
    .await
}

#[tauri::command]
pub(crate) fn unwatch_machine(watching: State<'_, Watching>) {
    watching.watch.fetch_add(1, Ordering::SeqCst);
}

/// Begins a measurement; the channel hears how it goes and how it ends.
#[tauri::command]
pub(crate) async fn bench(
    studio: State<'_, Studio>,
    app: AppHandle,
    request: BenchRequest,
    channel: Channel<BenchProgress>,
) -> Answer<()> {
    ask(studio, move |studio| {
        let stop = Arc::new(AtomicBool::new(false));
        let watching = app.state::<Watching>();
        if watching.stop().replace(stop.clone()).is_some() {
            return Err(Error::new(
                Code::NotNow,
                "the machine is being measured already",
            ));
        }
        let (studio, app) = (studio.clone(), app.clone());
        std::thread::spawn(move || {
            let told = |progress: &BenchProgress| {
                // A page that is gone wants no more.
                if channel.send(progress.clone()).is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            };
            let last = match studio.bench(&request, &stop, told) {
                Ok(report) => BenchProgress::Done { report },
                Err(error) => BenchProgress::Failed {
                    error: view(&error),
                },
            };
            *app.state::<Watching>().stop() = None;
            let _ = channel.send(last);
        });
        Ok(())
    })
    .await
}

fn view(error: &Error) -> ErrorView {
    match error.code {
        Code::Stopped => error.view(),
        _ => refuse(error),
    }
}

#[tauri::command]
pub(crate) fn stop_bench(watching: State<'_, Watching>) {
    if let Some(stop) = &*watching.stop() {
        stop.store(true, Ordering::Relaxed);
    }
}

#[tauri::command]
pub(crate) async fn benches(studio: State<'_, Studio>) -> Answer<Vec<BenchReport>> {
    ask(studio, Studio::benches).await
}

#[tauri::command]
pub(crate) async fn forget_bench(studio: State<'_, Studio>, made_ms: i64) -> Answer<()> {
    ask(studio, move |studio| studio.forget_bench(made_ms)).await
}
