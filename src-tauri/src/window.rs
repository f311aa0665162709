//! From start to end of the window.

use std::error::Error;
use std::process::ExitCode;

use studio::{Config, Studio, WorkerCommand};
use tauri::{App, Manager, RunEvent, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::{commands, files, log, machine};

/// Opens the window and stays until it is closed; the worker ends with it.
pub(crate) fn run() -> ExitCode {
    if let Err(why) = check_display() {
        complain(&why);
        return ExitCode::FAILURE;
    }
    let config = WorkerCommand::this_program().and_then(Config::for_this_user);
    let _log = config
        .as_ref()
        .ok()
        .and_then(|c| log::start(&c.library_dir));

    let mut builder = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::default().build());
    // A library named by hand may be open beside the user's own; the library's lock sees to the
    // rest.
    if std::env::var_os("PARTITA_LIBRARY").is_none() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| {
            if let Some(window) = app.get_webview_window("main") {
                let _ = window.unminimize();
                let _ = window.set_focus();
            }
        }));
    }
    let built = builder
        .manage(commands::Subscriptions::default())
        .manage(files::Drops::default())
        .manage(machine::Watching::default())
        .invoke_handler(tauri::generate_handler![
            commands::models,
            commands::styles,
            commands::compose,
            commands::queue,
            commands::cancel,
            commands::retry,
            commands::prioritise,
            commands::clear_finished,
            commands::library,
            commands::piece,
            commands::engraving,
            commands::live_engraving,
            commands::delete_piece,
            commands::restore_piece,
            files::export_piece,
            files::recall,
            files::watch_drops,
            commands::settings,
            commands::save_settings,
            commands::worker_status,
            commands::retry_device,
            commands::subscribe,
            machine::watch_machine,
            machine::unwatch_machine,
            machine::bench,
            machine::stop_bench,
            machine::benches,
            machine::forget_bench,
        ])
        .on_window_event(|window, event| {
            if let WindowEvent::DragDrop(drag) = event {
                files::on_drag(window.app_handle(), drag);
            }
        })
        .setup(|app| open(app, config))
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            complain(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let code = app.run_return(|app, event| {
        if let RunEvent::Exit = event
            && let Some(studio) = app.try_state::<Studio>()
        {
            studio.close();
        }
    });
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Opens the studio, then the window; if there is no studio, says why and ends.
fn open(app: &mut App, config: studio::Result<Config>) -> Result<(), Box<dyn Error>> {
    match config.and_then(Studio::open) {
        Ok(studio) => {
            app.manage(studio);
            let config = app.config().app.windows.first().cloned();
            let config = config.ok_or("tauri.conf.json has no window")?;
            WebviewWindowBuilder::from_config(app, &config)?.build()?;
        }
        Err(error) => {
            let (code, detail) = (error.code.as_str(), error.detail.as_str());
            tracing::error!(code, detail, "cannot open: {error}");
            complain(&error.message);
            let handle = app.handle().clone();
            app.dialog()
                .message(error.message)
                .title("Partita cannot start")
                .kind(MessageDialogKind::Error)
                .show(move |_| handle.exit(1));
        }
    }
    Ok(())
}

/// Without a display GTK panics; a sentence is better.
#[cfg(target_os = "linux")]
fn check_display() -> Result<(), String> {
    gtk::init().map_err(|_| {
        "no display: Partita's window needs X11 or Wayland (DISPLAY or WAYLAND_DISPLAY); without \
         one, use the `partita` command"
            .to_owned()
    })
}

#[cfg(not(target_os = "linux"))]
fn check_display() -> Result<(), String> {
    Ok(())
}

/// One line on standard error, for whoever started the window from a terminal.
fn complain(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "partita-desktop: {why}");
}
