//! Dragging a file from another program: as much of XDND, the X protocol for it, as one drag needs.

use std::path::Path;
use std::time::{Duration, Instant};

use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::desktop;

const PATIENCE: Duration = Duration::from_secs(30);

/// The version of the protocol, in the byte where it is told.
const VERSION: u32 = 5 << 24;

/// A file that is held over a window.
pub(crate) struct Drag {
    display: RustConnection,
    /// The program it comes from.
    source: Window,
    target: Window,
    /// What is dragged, as a list of addresses.
    uris: String,
}

impl Drag {
    /// Drags a file over the middle of the window of this title, until it has been looked at.
    pub(crate) fn over(title: &str, path: &Path) -> Self {
        let (display, screen) = x11rb::connect(None).unwrap();
        let root = display.setup().roots[screen].root;
        let source = display.generate_id().unwrap();
        display
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                source,
                root,
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &CreateWindowAux::new(),
            )
            .unwrap();
        let drag = Self {
            display,
            source,
            target: desktop::window(title).parse().unwrap(),
            uris: format!("file://{}\r\n", path.display()),
        };
        let selection = drag.atom("XdndSelection");
        drag.display
            .set_selection_owner(source, selection, x11rb::CURRENT_TIME)
            .unwrap();
        drag.tell("XdndEnter", [VERSION, drag.atom("text/uri-list"), 0, 0]);
        let size = drag.display.get_geometry(drag.target).unwrap();
        let size = size.reply().unwrap();
        let (x, y) = (size.width as i16 / 2, size.height as i16 / 2);
        let at = drag.display.translate_coordinates(drag.target, root, x, y);
        let at = at.unwrap().reply().unwrap();
        let at = (at.dst_x as u32) << 16 | at.dst_y as u32;
        let copy = drag.atom("XdndActionCopy");
        drag.tell("XdndPosition", [0, at, x11rb::CURRENT_TIME, copy]);
        drag.serve_until("XdndStatus");
        drag
    }

    /// Lets go of it.
    pub(crate) fn drop(self) {
        self.tell("XdndDrop", [0, x11rb::CURRENT_TIME, 0, 0]);
        self.serve_until("XdndFinished");
    }

    /// Drags it away again.
    pub(crate) fn leave(self) {
        self.tell("XdndLeave", [0; 4]);
        self.display.sync().unwrap();
    }

    fn atom(&self, name: &str) -> Atom {
        let cookie = self.display.intern_atom(false, name.as_bytes()).unwrap();
        cookie.reply().unwrap().atom
    }

    fn tell(&self, what: &str, [a, b, c, d]: [u32; 4]) {
        let data = [self.source, a, b, c, d];
        let message = ClientMessageEvent::new(32, self.target, self.atom(what), data);
        self.display
            .send_event(false, self.target, EventMask::NO_EVENT, message)
            .unwrap();
        self.display.flush().unwrap();
    }

    /// Hands out what is dragged to who asks for it, until the target answers so.
    fn serve_until(&self, answer: &str) {
        let wanted = self.atom(answer);
        let begin = Instant::now();
        loop {
            match self.display.poll_for_event().unwrap() {
                Some(Event::SelectionRequest(request)) => self.hand_out(&request),
                Some(Event::ClientMessage(message)) if message.type_ == wanted => return,
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(begin.elapsed() < PATIENCE, "no {answer} came");
        }
    }

    fn hand_out(&self, request: &SelectionRequestEvent) {
        self.display
            .change_property8(
                PropMode::REPLACE,
                request.requestor,
                request.property,
                request.target,
                self.uris.as_bytes(),
            )
            .unwrap();
        let notice = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: request.property,
        };
        self.display
            .send_event(false, request.requestor, EventMask::NO_EVENT, notice)
            .unwrap();
        self.display.flush().unwrap();
    }
}
