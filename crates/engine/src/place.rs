//! A slot of the model: what its context holds, and who writes in it.

use jobs::{JobEvent, JobId, VariationId};

use crate::model::{Model, Patch};
use crate::sequence::Sequence;

/// One slot.
#[derive(Default)]
pub(crate) struct Place {
    /// The patches in the slot's context. They stay when a sequence leaves, for one that begins alike.
    pub(crate) context: Vec<Patch>,
    pub(crate) tenant: Option<Tenant>,
}

/// Who writes in a slot.
pub(crate) struct Tenant {
    pub(crate) sequence: Sequence,
    /// How many came before.
    arrival: u64,
    /// What the context must hold before the sequence goes on, while it does not.
    lacks: Option<Lack>,
}

struct Lack {
    patches: Vec<Patch>,
    /// Whether the context holds nothing but a beginning of them.
    begun: bool,
}

impl Tenant {
    fn lack(&mut self, patches: Vec<Patch>) {
        self.lacks = Some(Lack {
            patches,
            begun: false,
        });
    }
}

impl Place {
    pub(crate) fn is_free(&self) -> bool {
        self.tenant.is_none()
    }

    /// The job that has the slot.
    pub(crate) fn job(&self) -> Option<JobId> {
        self.tenant.as_ref().map(|tenant| tenant.sequence.id().job)
    }

    /// How many of these patches the context begins with.
    pub(crate) fn shares(&self, patches: &[Patch]) -> usize {
        let both = self.context.iter().zip(patches);
        both.take_while(|(here, there)| here == there).count()
    }

    /// Lets a sequence in, to go on after these patches.
    pub(crate) fn admit(&mut self, sequence: Sequence, before: Vec<Patch>, arrival: u64) {
        let mut tenant = Tenant {
            sequence,
            arrival,
            lacks: None,
        };
        tenant.lack(before);
        self.tenant = Some(tenant);
    }

    /// The sequence goes on after these patches instead.
    pub(crate) fn refill(&mut self, before: Vec<Patch>) {
        if let Some(tenant) = &mut self.tenant {
            tenant.lack(before);
        }
    }

    /// Its sequence leaves; what is told of it.
    pub(crate) fn leave(&mut self, told: impl FnOnce(VariationId) -> JobEvent) -> Option<JobEvent> {
        self.leave_with(|sequence| told(sequence.id()))
    }

    /// The same, told by the sequence.
    pub(crate) fn leave_with(
        &mut self,
        told: impl FnOnce(&Sequence) -> JobEvent,
    ) -> Option<JobEvent> {
        self.tenant.take().map(|tenant| told(&tenant.sequence))
    }

    /// The sequence, if it is there and has its context.
    pub(crate) fn ready(&self) -> Option<&Sequence> {
        let tenant = self.tenant.as_ref()?;
        tenant.lacks.is_none().then_some(&tenant.sequence)
    }

    /// The arrival of the sequence, if it lacks some of its context.
    pub(crate) fn fills_since(&self) -> Option<u64> {
        let tenant = self.tenant.as_ref()?;
        tenant.lacks.is_some().then_some(tenant.arrival)
    }
}

/// Gives the sequence in `slot` more of the context it lacks; at most `most` patches are read for
/// it. Gives how many were.
///
/// What some context begins with already is not read again: its own is cut there, that of another slot
/// is copied. So variations of one prompt share its reading, and a context that is full keeps its header.
pub(crate) fn fill<M: Model>(
    places: &mut [Place],
    slot: usize,
    model: &mut M,
    most: usize,
) -> Result<usize, M::Error> {
    let shared = |lack: &Lack| {
        let shares = places.iter().map(|place| place.shares(&lack.patches));
        // Of slots that share as much, rather this one.
        let (from, most) = shares
            .enumerate()
            .max_by_key(|&(from, n)| (n, from == slot))?;
        (!lack.begun).then_some((from, most))
    };
    let lacks = places
        .get(slot)
        .and_then(|place| place.tenant.as_ref()?.lacks.as_ref());
    let shared = lacks.and_then(shared);
    let Some(Place { context, tenant }) = places.get_mut(slot) else {
        return Ok(0);
    };
    let Some(lack) = tenant.as_mut().and_then(|tenant| tenant.lacks.as_mut()) else {
        return Ok(0);
    };
    if let Some((from, patches)) = shared {
        context.clear();
        if from == slot {
            model.truncate(slot, patches);
        } else {
            model.fork(from, slot, patches)?;
        }
        context.extend(lack.patches.iter().take(patches));
        lack.begun = true;
    }
    let rest = lack.patches.get(context.len()..).unwrap_or_default();
    let chunk = rest.get(..most.min(rest.len())).unwrap_or_default();
    if !chunk.is_empty() {
        model.prefill(slot, chunk)?;
        context.extend_from_slice(chunk);
    }
    let read = chunk.len();
    if context.len() >= lack.patches.len()
        && let Some(tenant) = tenant
    {
        tenant.lacks = None;
    }
    Ok(read)
}
