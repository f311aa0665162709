//! A variation between the worker's hands and the library.

use jobs::{Dtype, Ending, Priority, VariationId, VariationState};
use library::{Interruption, Job, Library};

use crate::clock::now_ms;
use crate::writing::Writing;

/// A variation in the worker's hands, until the library knows how it ended.
pub(crate) struct Handed {
    pub(crate) writing: Writing,
    /// Its job's, when it was handed out.
    pub(crate) priority: Priority,
    /// Its state in the library is `Running`.
    pub(crate) recorded: bool,
    /// It was begun before: what the window has of it is void when it starts.
    pub(crate) is_repeated: bool,
    pub(crate) piece: Option<String>,
    pub(crate) cancelling: bool,
    pub(crate) outcome: Option<Outcome>,
}

#[derive(Clone)]
pub(crate) enum Outcome {
    Done(Ending),
    Cancelled,
    Failed(Interruption),
    /// It waits again, before all others.
    Again(Interruption),
}

/// What [`Handed::write_down`] has done.
pub(crate) enum Written {
    Nothing,
    Progress,
    End,
}

impl Handed {
    /// `dtype` is the format of the worker's weights, if it is not the model's own.
    pub(crate) fn new(id: VariationId, job: &Job, dtype: Option<Dtype>, is_repeated: bool) -> Self {
        Self {
            writing: Writing::new(id, job.spec.style.clone(), job.spec.limits, dtype),
            priority: job.priority,
            recorded: false,
            is_repeated,
            piece: None,
            cancelling: false,
            outcome: None,
        }
    }

    pub(crate) fn write_down(
        &mut self,
        id: VariationId,
        library: &Library,
    ) -> library::Result<Written> {
        let mut written = Written::Nothing;
        if let Some(started_ms) = self.writing.started_ms()
            && !self.recorded
        {
            library.begin(id, started_ms)?;
            self.recorded = true;
            written = Written::Progress;
        }
        let now = now_ms();
        let whole = match self.outcome {
            Some(Outcome::Done(ending)) => Some((ending, now)),
            _ => None,
        };
        let is_last = self.outcome.is_some() && (self.writing.is_unsaved() || whole.is_some());
        if (is_last || self.writing.is_due())
            && let Some(draft) = self.writing.draft(whole)
        {
            self.piece = Some(library.save(&draft)?);
            self.writing.mark_saved();
            written = Written::Progress;
        }
        match &self.outcome {
            None => return Ok(written),
            Some(Outcome::Done(_)) => library.end(id, VariationState::Done, None, now)?,
            Some(Outcome::Cancelled) => library.end(id, VariationState::Cancelled, None, now)?,
            Some(Outcome::Failed(why)) => {
                library.end(id, VariationState::Failed, Some(why), now)?;
            }
            // What never ran in the library's eyes waits there still.
            Some(Outcome::Again(why)) if self.recorded => library.requeue(id, why)?,
            Some(Outcome::Again(_)) => {}
        }
        Ok(Written::End)
    }
}
