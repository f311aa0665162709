//! Continuous batching as pure state: sequences wait, get a slot, are written patch by patch in
//! lock-step with their neighbours, and leave; others join at any patch boundary.
//!
//! The engine owns no model, no clock and no thread. It is given the model at each
//! [`Engine::step`], together with the time, and returns what happened. That makes every order of
//! joins, leaves, cancels and restarts a test with a model of a few lines.
//!
//! What a sequence becomes depends on its specification alone, never on its neighbours: the model
//! promises row-invariant arithmetic, and the random numbers are keyed by seed and patch. That holds for
//! what is taken back and drawn again, too: patches are counted on, so a new try has new random numbers.

mod model;
mod place;
mod sequence;

use std::time::Duration;

use jobs::{Change, JobEvent, Line, SequenceSpec, VariationId, WorkerError};

pub use model::{Continuation, Grammar, Model, ModelError, PATCH_SIZE, Patch, Row, Verdict};
use place::Place;
use sequence::{Sequence, Turn};

/// Patches that are read into contexts between two steps, so that pieces go on being written while
/// a long context is read.
const PREFILL_PATCHES: usize = 64;

/// Sequences that wait and sequences that run.
#[derive(Default)]
pub struct Engine {
    waiting: Line<SequenceSpec>,
    places: Vec<Place>,
    /// Sequences that were admitted so far.
    arrivals: u64,
}

impl Engine {
    /// An engine with as many places as the model has slots.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self {
            waiting: Line::default(),
            places: (0..slots).map(|_| Place::default()).collect(),
            arrivals: 0,
        }
    }

    /// Lets a sequence wait for a slot; who gets the next one is [`Line`]'s rule.
    pub fn submit(&mut self, spec: SequenceSpec) {
        self.waiting.push(spec.id, spec.priority, spec);
    }

    /// Stops a sequence, waiting or running. Its slot is free from the next step on.
    pub fn cancel(&mut self, id: VariationId) -> Option<JobEvent> {
        let mut found = self.waiting.remove(id).is_some();
        for place in &mut self.places {
            found |= place.tenant.take_if(|t| t.sequence.id() == id).is_some();
        }
        found.then_some(JobEvent {
            id,
            change: Change::Cancelled,
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.places.iter().all(Place::is_free)
    }

    /// Admits what waits into free slots, reads a part of the contexts that are not there yet, then
    /// draws one patch for every sequence whose context is. `now` is the time since any fixed moment.
    ///
    /// What a sequence cannot survive is its own [`Change::Failed`]; its neighbours go on.
    pub fn step<M: Model>(&mut self, model: &mut M, now: Duration) -> Vec<JobEvent> {
        let mut events = Vec::new();
        self.admit(model, now, &mut events);
        self.fill(model, &mut events);

        let mut rows = Vec::new();
        for (slot, place) in self.places.iter().enumerate() {
            rows.extend(place.ready().map(|sequence| sequence.row(slot)));
        }
        for (slot, patch) in step_rows(model, &rows) {
            let Some(place) = self.places.get_mut(slot) else {
                continue;
            };
            if let Err(error) = take(place, slot, patch, model, now, &mut events) {
                events.extend(place.leave(|id| failed(id, &error)));
            }
        }
        events
    }

    fn admit<M: Model>(&mut self, model: &M, now: Duration, events: &mut Vec<JobEvent>) {
        while self.places.iter().any(Place::is_free) {
            let in_hand = |job| self.places.iter().filter(|p| p.job() == Some(job)).count();
            let Some(id) = self.waiting.next(in_hand, |_| true) else {
                return;
            };
            let Some(spec) = self.waiting.remove(id) else {
                return;
            };
            let mut prompt = match model.encode_prompt(&spec.style) {
                Ok(prompt) => prompt,
                Err(error) => {
                    events.push(failed(id, &error));
                    continue;
                }
            };
            let grammar = model.grammar(&spec);
            let (header, length) = (jobs::style_lines(&spec.style), model.patch_length());
            let sequence = Sequence::new(spec, header, &prompt, grammar, length, now);
            prompt.pop();
            // The first of those that share most.
            let free = self.places.iter_mut().rev().filter(|place| place.is_free());
            if let Some(place) = free.max_by_key(|place| place.shares(&prompt)) {
                place.admit(sequence, prompt, self.arrivals);
                self.arrivals += 1;
            }
            events.push(JobEvent {
                id,
                change: Change::Started,
            });
        }
    }

    /// Whoever came first has its context first.
    fn fill<M: Model>(&mut self, model: &mut M, events: &mut Vec<JobEvent>) {
        let mut most = PREFILL_PATCHES;
        while most > 0 {
            let filling = self.places.iter().enumerate();
            let next = filling.filter_map(|(slot, place)| Some((place.fills_since()?, slot)));
            let Some((_, slot)) = next.min() else {
                return;
            };
            match place::fill(&mut self.places, slot, model, most) {
                Ok(read) => most -= read.min(most),
                Err(error) => {
                    let place = self.places.get_mut(slot);
                    events.extend(place.and_then(|place| place.leave(|id| failed(id, &error))));
                }
            }
        }
    }
}

/// What becomes of the sequence in `slot` with the patch that was drawn for it.
fn take<M: Model>(
    place: &mut Place,
    slot: usize,
    patch: Result<Patch, M::Error>,
    model: &mut M,
    now: Duration,
    events: &mut Vec<JobEvent>,
) -> Result<(), M::Error> {
    let patch = patch?;
    let Some(tenant) = &mut place.tenant else {
        return Ok(());
    };
    let sequence = &mut tenant.sequence;
    place.context.push(sequence.input());
    match sequence.take(patch, now, |change| events.push(change)) {
        Turn::GoesOn => {}
        Turn::TakenBack { context } => {
            model.truncate(slot, context);
            place.context.truncate(context);
        }
        Turn::Ended => place.tenant = None,
        Turn::ContextFull => match restart(model, sequence)? {
            Some(before) => place.refill(before),
            None => events.extend(place.leave_with(|sequence| sequence.cut_short())),
        },
    }
    Ok(())
}

/// A slot and the patch that was drawn for it, or why there is none.
type Drawn<E> = (usize, Result<Patch, E>);

/// One patch for every row, in order. If the batch fails, each row is tried alone, so that only the row to
/// blame has no patch.
fn step_rows<M: Model>(model: &mut M, rows: &[Row<'_>]) -> Vec<Drawn<M::Error>> {
    let slots = rows.iter().map(|row| row.slot);
    if rows.is_empty() {
        return Vec::new();
    }
    match model.step(rows) {
        Ok(patches) => slots.zip(patches.into_iter().map(Ok)).collect(),
        Err(error) if rows.len() == 1 => slots.zip([Err(error)]).collect(),
        Err(_) => rows
            .iter()
            .flat_map(|row| step_rows(model, std::slice::from_ref(row)))
            .collect(),
    }
}

/// Lets a sequence go on in a fresh context, which holds the header and the last half of the body. What
/// that is before the next input, or `None` if it is no smaller than the full one.
fn restart<M: Model>(model: &M, sequence: &mut Sequence) -> Result<Option<Vec<Patch>>, M::Error> {
    let (header, body) = sequence.context_text();
    let continuation = sequence.settle(model.encode_continuation(header, body)?);
    if continuation.patches.len() >= model.patch_length() {
        return Ok(None);
    }
    let mut before = continuation.patches.clone();
    before.pop();
    sequence.go_on_from(continuation);
    Ok(Some(before))
}

fn failed<E: ModelError>(id: VariationId, error: &E) -> JobEvent {
    JobEvent {
        id,
        change: Change::Failed(WorkerError {
            code: error.code().to_owned(),
            message: error.to_string(),
        }),
    }
}
