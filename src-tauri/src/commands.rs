//! What the window may ask for. Every command hands its request to the studio on a thread that
//! may block, and answers with the studio's own types.

use std::sync::atomic::{AtomicU64, Ordering};

use studio::Studio;
use studio::api::{
    ComposeRequest, Engraving, ErrorView, JobView, LibraryPage, LibraryQuery, LiveEngraving,
    ModelInfo, PeriodStyles, Piece, Settings, StudioEvent, WorkerStatus,
};
use studio::jobs::{JobId, Priority, VariationId};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

pub(crate) type Answer<T> = Result<T, ErrorView>;

/// An error as the window is shown it; what it is not shown is logged.
pub(crate) fn refuse(error: &studio::Error) -> ErrorView {
    let (code, detail) = (error.code.as_str(), error.detail.as_str());
    tracing::warn!(code, detail, "{error}");
    error.view()
}

/// Runs `ask` where it may block.
pub(crate) async fn ask<T: Send + 'static>(
    studio: State<'_, Studio>,
    ask: impl FnOnce(&Studio) -> studio::Result<T> + Send + 'static,
) -> Answer<T> {
    let studio = studio.inner().clone();
    let answer = tauri::async_runtime::spawn_blocking(move || ask(&studio)).await;
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(refuse(&error)),
        Err(panic) => {
            tracing::error!("a command ended early: {panic}");
            Err(ErrorView {
                code: "internal".to_owned(),
                message: "Something went wrong inside Partita; its log says what".to_owned(),
            })
        }
    }
}

#[tauri::command]
pub(crate) async fn models(studio: State<'_, Studio>) -> Answer<Vec<ModelInfo>> {
    ask(studio, |studio| Ok(studio.models())).await
}

#[tauri::command]
pub(crate) async fn styles(
    studio: State<'_, Studio>,
    model: Option<String>,
) -> Answer<Vec<PeriodStyles>> {
    ask(studio, move |studio| studio.styles(model.as_deref())).await
}

#[tauri::command]
pub(crate) async fn compose(studio: State<'_, Studio>, request: ComposeRequest) -> Answer<JobView> {
    ask(studio, move |studio| studio.compose(request)).await
}

#[tauri::command]
pub(crate) async fn queue(studio: State<'_, Studio>) -> Answer<Vec<JobView>> {
    ask(studio, Studio::queue).await
}

#[tauri::command]
pub(crate) async fn cancel(studio: State<'_, Studio>, id: VariationId) -> Answer<()> {
    ask(studio, move |studio| studio.cancel(id)).await
}

#[tauri::command]
pub(crate) async fn retry(studio: State<'_, Studio>, id: VariationId) -> Answer<()> {
    ask(studio, move |studio| studio.retry(id)).await
}

#[tauri::command]
pub(crate) async fn prioritise(
    studio: State<'_, Studio>,
    id: JobId,
    priority: Priority,
) -> Answer<JobView> {
    ask(studio, move |studio| studio.prioritise(id, priority)).await
}

#[tauri::command]
pub(crate) async fn clear_finished(studio: State<'_, Studio>) -> Answer<()> {
    ask(studio, Studio::clear_finished).await
}

#[tauri::command]
pub(crate) async fn library(studio: State<'_, Studio>, query: LibraryQuery) -> Answer<LibraryPage> {
    ask(studio, move |studio| studio.library(&query)).await
}

#[tauri::command]
pub(crate) async fn piece(studio: State<'_, Studio>, id: String) -> Answer<Piece> {
    ask(studio, move |studio| studio.piece(&id)).await
}

#[tauri::command]
pub(crate) async fn engraving(studio: State<'_, Studio>, id: String) -> Answer<Engraving> {
    ask(studio, move |studio| studio.engraving(&id)).await
}

#[tauri::command]
pub(crate) async fn live_engraving(
    studio: State<'_, Studio>,
    id: VariationId,
    from: Option<u32>,
    most: u32,
) -> Answer<LiveEngraving> {
    ask(studio, move |studio| studio.live_engraving(id, from, most)).await
}

#[tauri::command]
pub(crate) async fn delete_piece(studio: State<'_, Studio>, id: String) -> Answer<()> {
    ask(studio, move |studio| studio.delete_piece(&id)).await
}

#[tauri::command]
pub(crate) async fn restore_piece(studio: State<'_, Studio>, id: String) -> Answer<()> {
    ask(studio, move |studio| studio.restore_piece(&id)).await
}

#[tauri::command]
pub(crate) async fn settings(studio: State<'_, Studio>) -> Answer<Settings> {
    ask(studio, Studio::settings).await
}

#[tauri::command]
pub(crate) async fn save_settings(studio: State<'_, Studio>, settings: Settings) -> Answer<()> {
    ask(studio, move |studio| studio.save_settings(&settings)).await
}

#[tauri::command]
pub(crate) async fn worker_status(studio: State<'_, Studio>) -> Answer<WorkerStatus> {
    ask(studio, |studio| Ok(studio.worker_status())).await
}

#[tauri::command]
pub(crate) async fn retry_device(studio: State<'_, Studio>) -> Answer<()> {
    ask(studio, Studio::retry_device).await
}

/// Counts the window's subscriptions: only the latest is served, so that a reload does not leave
/// a thread behind that talks to a page that is gone.
#[derive(Default)]
pub(crate) struct Subscriptions(AtomicU64);

#[tauri::command]
pub(crate) async fn subscribe(
    studio: State<'_, Studio>,
    app: AppHandle,
    channel: Channel<StudioEvent>,
) -> Answer<()> {
    ask(studio, move |studio| {
        let events = studio.subscribe();
        let number = app
            .state::<Subscriptions>()
            .0
            .fetch_add(1, Ordering::SeqCst)
            + 1;
        std::thread::spawn(move || {
            for event in events {
                let latest = app.state::<Subscriptions>().0.load(Ordering::SeqCst);
                if latest != number || channel.send(event).is_err() {
                    break;
                }
            }
        });
        Ok(())
    })
    .await
}
