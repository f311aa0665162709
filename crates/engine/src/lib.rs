//! Continuous batching as pure state: sequences wait, get a slot, are written patch by patch in
//! lock-step with their neighbours, and leave; others join at any patch boundary.
//!
//! The engine owns no model, no clock and no thread. It is given the model at each
//! [`Engine::step`], together with the time, and returns what happened. That makes every order of
//! joins, leaves, cancels and restarts a test with a model of a few lines.
//!
//! What a sequence becomes depends on its specification alone, never on its neighbours: the model
//! promises row-invariant arithmetic, and the random numbers are keyed by seed and patch.

mod model;
mod sequence;

use std::collections::VecDeque;
use std::time::Duration;

use jobs::{Change, JobEvent, SequenceSpec, VariationId, WorkerError};

pub use model::{Continuation, Grammar, Model, ModelError, PATCH_SIZE, Patch, Row};
use sequence::{Sequence, Turn};

/// Sequences that wait and sequences that run.
#[derive(Default)]
pub struct Engine {
    waiting: VecDeque<SequenceSpec>,
    running: Vec<Option<Sequence>>,
}

impl Engine {
    /// An engine with as many places as the model has slots.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            running: (0..slots).map(|_| None).collect(),
        }
    }

    /// Lets a sequence wait for a slot, behind those that wait already.
    pub fn submit(&mut self, spec: SequenceSpec) {
        self.waiting.push_back(spec);
    }

    /// Stops a sequence, waiting or running. Its slot is free from the next step on.
    pub fn cancel(&mut self, id: VariationId) -> Option<JobEvent> {
        let before = self.waiting.len();
        self.waiting.retain(|spec| spec.id != id);
        let mut found = self.waiting.len() < before;
        for place in &mut self.running {
            if place.as_ref().is_some_and(|sequence| sequence.id() == id) {
                *place = None;
                found = true;
            }
        }
        found.then_some(JobEvent {
            id,
            change: Change::Cancelled,
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.iter().all(Option::is_none)
    }

    /// Admits what waits into free slots, then draws one patch for every sequence that runs. `now`
    /// is the time since any fixed moment.
    ///
    /// What a sequence cannot survive is its own [`Change::Failed`]; its neighbours go on.
    pub fn step<M: Model>(&mut self, model: &mut M, now: Duration) -> Vec<JobEvent> {
        let mut events = Vec::new();
        self.admit(model, now, &mut events);

        let mut rows = Vec::new();
        for (slot, place) in self.running.iter().enumerate() {
            if let Some(sequence) = place {
                rows.push(sequence.row(slot));
            }
        }
        if rows.is_empty() {
            return events;
        }
        let patches = step_rows(model, &rows);

        for (slot, patch) in patches {
            let Some(place) = self.running.get_mut(slot) else {
                continue;
            };
            let Some(sequence) = place else { continue };
            let patch = match patch {
                Ok(patch) => patch,
                Err(error) => {
                    events.push(failed(sequence.id(), &error));
                    *place = None;
                    continue;
                }
            };
            let turn = sequence.take(patch, now, |change| {
                events.push(change);
            });
            let goes_on = match turn {
                Turn::GoesOn => true,
                Turn::Ended => false,
                Turn::ContextFull => match restart(model, slot, sequence) {
                    Ok(true) => true,
                    Ok(false) => {
                        events.push(sequence.cut_short());
                        false
                    }
                    Err(error) => {
                        events.push(failed(sequence.id(), &error));
                        false
                    }
                },
            };
            if !goes_on {
                *place = None;
            }
        }
        events
    }

    fn admit<M: Model>(&mut self, model: &mut M, now: Duration, events: &mut Vec<JobEvent>) {
        for (slot, place) in self.running.iter_mut().enumerate() {
            while place.is_none() {
                let Some(spec) = self.waiting.pop_front() else {
                    return;
                };
                let id = spec.id;
                let header = jobs::style_lines(&spec.style);
                let admitted = model.encode_prompt(&spec.style).and_then(|prompt| {
                    fill(model, slot, &prompt)?;
                    let grammar = model.grammar(&spec);
                    Ok(Sequence::new(
                        spec,
                        header,
                        &prompt,
                        grammar,
                        model.patch_length(),
                        now,
                    ))
                });
                match admitted {
                    Ok(sequence) => {
                        events.push(JobEvent {
                            id,
                            change: Change::Started,
                        });
                        *place = Some(sequence);
                    }
                    Err(error) => events.push(failed(id, &error)),
                }
            }
        }
    }
}

/// A slot and the patch that was drawn for it, or why there is none.
type Drawn<E> = (usize, Result<Patch, E>);

/// One patch for every row. If the batch fails, each row is tried alone, so that only the row to
/// blame has no patch.
fn step_rows<M: Model>(model: &mut M, rows: &[Row<'_>]) -> Vec<Drawn<M::Error>> {
    let slots = rows.iter().map(|row| row.slot);
    match model.step(rows) {
        Ok(patches) => slots.zip(patches.into_iter().map(Ok)).collect(),
        Err(error) if rows.len() == 1 => slots.zip([Err(error)]).collect(),
        Err(_) => rows
            .iter()
            .flat_map(|row| step_rows(model, std::slice::from_ref(row)))
            .collect(),
    }
}

/// A slot's context anew: all patches but the last, which the next step appends.
fn fill<M: Model>(model: &mut M, slot: usize, patches: &[Patch]) -> Result<(), M::Error> {
    model.clear(slot);
    match patches.split_last() {
        Some((_, before)) if !before.is_empty() => model.prefill(slot, before),
        _ => Ok(()),
    }
}

/// Goes on in a fresh context that holds the header and the last half of the body. `false` if that is
/// no smaller than the full one.
fn restart<M: Model>(
    model: &mut M,
    slot: usize,
    sequence: &mut Sequence,
) -> Result<bool, M::Error> {
    let (header, body) = sequence.context_text();
    let continuation = sequence.settle(model.encode_continuation(header, body)?);
    if continuation.patches.len() >= model.patch_length() {
        return Ok(false);
    }
    fill(model, slot, &continuation.patches)?;
    sequence.go_on_from(continuation);
    Ok(true)
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
