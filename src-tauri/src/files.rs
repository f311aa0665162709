//! Files that come and go: the system's own dialogs, and what is dropped on the window. The page never
//! names a path.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use studio::api::{ErrorView, ExportFormat, Recalled};
use studio::{Code, Error, Studio};
use tauri::ipc::Channel;
use tauri::{AppHandle, DragDropEvent, Manager, State, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, FilePath};

use crate::commands::{Answer, ask, refuse};

/// The endings under which scores are found that may hold settings.
const SCORES: [&str; 6] = ["abc", "musicxml", "xml", "mxl", "mid", "midi"];

/// Asks where to, with the system's own dialog, and writes the piece there. The answer is the
/// path for people to read, or nothing if they changed their mind.
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
            ExportFormat::Midi => ("Export MIDI", "MIDI"),
            ExportFormat::Notagen => ("Export NotaGen text", "NotaGen text"),
        };
        // Not every dialog knows endings of two parts.
        let ending = format.extension();
        let ending = ending.rsplit('.').next().unwrap_or(ending);
        let dialog = window.dialog().file().set_parent(&window).set_title(title);
        let chosen = dialog
            .add_filter(kind, &[ending])
            .set_file_name(studio.export_name(&id, format)?)
            .blocking_save_file();
        let Some(path) = path_of(chosen) else {
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

/// Asks for a score, with the system's own dialog, and reads from it how it was composed. Nothing if
/// they changed their mind.
#[tauri::command]
pub(crate) async fn recall(
    studio: State<'_, Studio>,
    window: WebviewWindow,
) -> Answer<Option<Recalled>> {
    ask(studio, move |studio| {
        let dialog = window.dialog().file().set_parent(&window);
        let chosen = dialog
            .set_title("Settings from a file")
            .add_filter("Scores", &SCORES)
            .add_filter("All files", &["*"])
            .blocking_pick_file();
        path_of(chosen).map(|path| studio.recall(&path)).transpose()
    })
    .await
}

fn path_of(chosen: Option<FilePath>) -> Option<PathBuf> {
    chosen.and_then(|path| path.into_path().ok())
}

/// What the page learns of a file that is dragged over it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum DropEvent {
    /// It is over the window.
    Over,
    /// It has left, or was let go: what follows a drop comes later.
    Left,
    /// It was dropped and says how it was composed.
    Recalled { recalled: Recalled },
    /// It was dropped and there is nothing to be had from it.
    Refused { error: ErrorView },
}

/// Who is told: the page as it was loaded last.
#[derive(Default)]
pub(crate) struct Drops(Mutex<Option<Channel<DropEvent>>>);

impl Drops {
    fn channel(&self) -> std::sync::MutexGuard<'_, Option<Channel<DropEvent>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: DropEvent) {
        if let Some(channel) = &*self.channel() {
            // A page that has gone is replaced by the next one's channel.
            let _ = channel.send(event);
        }
    }
}

#[tauri::command]
pub(crate) async fn watch_drops(
    drops: State<'_, Drops>,
    channel: Channel<DropEvent>,
) -> Answer<()> {
    *drops.channel() = Some(channel);
    Ok(())
}

/// Something is dragged over the window or dropped on it.
pub(crate) fn on_drag(app: &AppHandle, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => {
            app.state::<Drops>().tell(DropEvent::Over);
        }
        DragDropEvent::Leave => app.state::<Drops>().tell(DropEvent::Left),
        DragDropEvent::Drop { paths, .. } if !paths.is_empty() => {
            let (app, paths) = (app.clone(), paths.clone());
            tauri::async_runtime::spawn_blocking(move || {
                let drops = app.state::<Drops>();
                drops.tell(DropEvent::Left);
                let Some(studio) = app.try_state::<Studio>() else {
                    return;
                };
                drops.tell(match dropped(&studio, &paths) {
                    Ok(recalled) => DropEvent::Recalled { recalled },
                    Err(error) => DropEvent::Refused {
                        error: refuse(&error),
                    },
                });
            });
        }
        _ => {}
    }
}

fn dropped(studio: &Studio, paths: &[PathBuf]) -> studio::Result<Recalled> {
    match paths {
        [path] => studio.recall(path),
        _ => Err(Error::new(
            Code::CannotRead,
            "settings come from one score at a time; drop one file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_gets_its_ending_unless_that_would_replace_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (bare, own) = (at("waltz"), at("waltz.txt"));
        for (format, ended) in [
            (ExportFormat::Abc, at("waltz.abc")),
            (ExportFormat::Notagen, at("waltz.notagen.abc")),
        ] {
            assert_eq!(with_ending(bare.clone(), format), ended);
            assert_eq!(with_ending(own.clone(), format), own);
            std::fs::write(&ended, "X:1").unwrap();
            assert_eq!(with_ending(bare.clone(), format), bare);
        }
    }
}
