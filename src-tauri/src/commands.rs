//! What the window may ask for. Every command hands its request to the studio on a thread that
//! may block, and answers with the studio's own types.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use studio::Studio;
use studio::api::{
    ComposeRequest, Engraving, ErrorView, ExportFormat, JobView, LibraryPage, LibraryQuery,
    ModelInfo, PeriodStyles, Piece, Settings, StudioEvent, WorkerStatus,
};
use studio::jobs::VariationId;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State, WebviewWindow};
use tauri_plugin_dialog::DialogExt;

type Answer<T> = Result<T, ErrorView>;

/// Runs `ask` where it may block, and logs what the window is not shown.
async fn ask<T: Send + 'static>(
    studio: State<'_, Studio>,
    ask: impl FnOnce(&Studio) -> studio::Result<T> + Send + 'static,
) -> Answer<T> {
    let studio = studio.inner().clone();
    let answer = tauri::async_runtime::spawn_blocking(move || ask(&studio)).await;
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let (code, detail) = (error.code.as_str(), error.detail.as_str());
            tracing::warn!(code, detail, "{error}");
            Err(error.view())
        }
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

/// Asks where to, with the system's own dialog, and writes the piece there. The answer is the
/// path for people to read, or nothing if they changed their mind; the window never names a path.
#[tauri::command]
pub(crate) async fn export_piece(
    studio: State<'_, Studio>,
    window: WebviewWindow,
    id: String,
    format: ExportFormat,
) -> Answer<Option<String>> {
    ask(studio, move |studio| {
        let (title, kind) = match format {
            ExportFormat::Abc => ("Export ABC", "ABC notation"),
            ExportFormat::Musicxml => ("Export MusicXML", "MusicXML"),
            ExportFormat::Mxl => ("Export compressed MusicXML", "Compressed MusicXML"),
        };
        let dialog = window.dialog().file().set_parent(&window).set_title(title);
        let chosen = dialog
            .add_filter(kind, &[format.extension()])
            .set_file_name(studio.export_name(&id, format)?)
            .blocking_save_file();
        let Some(Ok(path)) = chosen.map(tauri_plugin_dialog::FilePath::into_path) else {
            return Ok(None);
        };
        let path = with_ending(path, format);
        studio.export_piece(&id, format, &path)?;
        Ok(Some(path.display().to_string()))
    })
    .await
}

/// GTK's dialog does not add the ending. It is added where it replaces no file, since the dialog
/// asked about replacing the name as typed only.
fn with_ending(path: PathBuf, format: ExportFormat) -> PathBuf {
    if path.extension().is_some() {
        return path;
    }
    let ended = path.with_extension(format.extension());
    if ended.exists() { path } else { ended }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_gets_its_ending_unless_that_would_replace_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("waltz");
        let ended = folder.path().join("waltz.abc");
        let own = folder.path().join("waltz.txt");
        assert_eq!(with_ending(bare.clone(), ExportFormat::Abc), ended);
        assert_eq!(with_ending(own.clone(), ExportFormat::Abc), own);
        std::fs::write(&ended, "X:1").unwrap();
        assert_eq!(with_ending(bare.clone(), ExportFormat::Abc), bare);
    }
}
