//! Who wants to know what happens.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use crate::api::StudioEvent;

/// The subscribers. One that has gone is forgotten at the next event.
#[derive(Debug, Default)]
pub(crate) struct Events {
    subscribers: Mutex<Vec<Sender<StudioEvent>>>,
}

impl Events {
    pub(crate) fn subscribe(&self) -> Receiver<StudioEvent> {
        let (sender, receiver) = mpsc::channel();
        self.lock().push(sender);
        receiver
    }

    pub(crate) fn tell(&self, event: &StudioEvent) {
        self.lock()
            .retain(|subscriber| subscriber.send(event.clone()).is_ok());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sender<StudioEvent>>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
