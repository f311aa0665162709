//! What others see: the worker's state, a variation's, what is in the way.

use std::sync::PoisonError;

use jobs::VariationId;
use library::Interruption;

use super::{Supervisor, Visible};
use crate::api::{ErrorView, StudioEvent, WorkerState, WorkerStatus};
use crate::{Error, views};

impl Supervisor {
    /// Shows the worker's state, and how it is ready if it is.
    pub(super) fn show(&self, state: WorkerState, error: Option<ErrorView>) {
        let worker = self.worker.as_ref();
        let ready = worker.and_then(|worker| worker.ready.as_ref());
        let plan = ready.map(|ready| ready.plan);
        let instead = ready.and_then(|ready| ready.instead.clone());
        let status = WorkerStatus {
            state,
            model: worker.map(|worker| worker.holds.model.clone()),
            device: ready.map(|ready| ready.device.clone()),
            instead: instead.or_else(|| self.given_up.clone()),
            slots: plan.map(|plan| plan.slots),
            plan,
            error,
        };
        *self.visible.lock().unwrap_or_else(PoisonError::into_inner) = Visible {
            status: status.clone(),
            pid: worker.map(|worker| worker.process.pid()),
        };
        self.events.tell(&StudioEvent::Worker { status });
    }

    pub(super) fn visible_status(&self) -> WorkerStatus {
        let visible = self.visible.lock().unwrap_or_else(PoisonError::into_inner);
        visible.status.clone()
    }

    pub(super) fn tell_variation(&mut self, id: VariationId) {
        match self.library.variation(id) {
            Ok(variation) => self.events.tell(&StudioEvent::Variation {
                variation: views::variation(variation),
            }),
            Err(error) => self.complain(error.into()),
        }
    }

    /// Tells the user once what is in the way.
    pub(super) fn complain(&mut self, error: Error) {
        if self.trouble.as_ref() == Some(&error) {
            return;
        }
        tracing::error!(code = error.code.as_str(), "{error}");
        let told = error.view();
        self.trouble = Some(error);
        self.events.tell(&StudioEvent::Trouble { error: told });
    }
}

pub(super) fn view(why: &Interruption) -> ErrorView {
    ErrorView {
        code: why.code.clone(),
        message: why.message.clone(),
    }
}
