//! Passes as they are recorded: what host and card exchange, and the kernels between, as one graph for each number
//! of rows.

use cudarc::driver::CudaGraph;
use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};

use super::card::{Card, device_error};
use super::kernels::{MOST_ROWS, ROWS, pass_for};
use super::memory::Pinned;
use super::network::Network;
use super::{Draw, Place, Received, Sent};
use crate::step::AHEAD;
use crate::{Error, PAD, PATCH_SIZE, Patch, VOCAB};

/// What the card writes for a character that it did not draw.
const NOTHING: u8 = 255;

/// What a recorded pass does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    /// Patches are read into contexts.
    Prefill,
    /// The same, and what comes of them is kept for their characters.
    Patches,
    /// Characters are read.
    Characters,
    /// The same, and then the card draws a character for each row and reads it, several times.
    Ahead,
}

/// All recorded passes, for each of [`ROWS`].
pub(crate) struct Graphs {
    card: Card,
    sent: Pinned<Sent>,
    received: Pinned<Received>,
    prefill: Vec<CudaGraph>,
    patches: Vec<CudaGraph>,
    characters: Vec<CudaGraph>,
    ahead: Vec<CudaGraph>,
}

// SAFETY: the driver lets any thread use a recorded graph, one at a time, which it is because this is not `Sync`; each
// call binds its thread to the card first.
unsafe impl Send for Graphs {}

impl Graphs {
    pub(crate) fn record(card: &Card, network: &Network) -> Result<Self, Error> {
        let nothing = Sent {
            places: [Place::PADDING; MOST_ROWS],
            draws: [Draw::NOTHING; MOST_ROWS],
            patches: [[PAD; PATCH_SIZE]; MOST_ROWS],
        };
        let unheard = Received {
            logits: [[[0.0; VOCAB]; MOST_ROWS]; 1 + AHEAD],
            drawn: [[NOTHING; MOST_ROWS]; AHEAD],
        };
        let sent = Pinned::new(card, nothing)?;
        let mut received = Pinned::new(card, unheard)?;
        card.context.synchronize().map_err(device_error)?;
        let mut each = |pass: Pass| {
            let rows = 0..ROWS.len();
            let graphs = rows.map(|rows| record(card, network, (&sent, &mut received), pass, rows));
            graphs.collect::<Result<Vec<_>, _>>()
        };
        let this = Self {
            prefill: each(Pass::Prefill)?,
            patches: each(Pass::Patches)?,
            characters: each(Pass::Characters)?,
            ahead: each(Pass::Ahead)?,
            card: card.clone(),
            sent,
            received,
        };
        card.stream.synchronize().map_err(device_error)?;
        Ok(this)
    }

    /// Reads patches, each of a slot and a position there; at most 16.
    pub(crate) fn read_patches(
        &mut self,
        rows: impl Iterator<Item = (usize, usize, Patch)>,
        is_kept: bool,
    ) -> Result<(), Error> {
        let Sent {
            places, patches, ..
        } = self.sent.get_mut();
        let mut count = 0;
        for ((slot, position, patch), (place, to)) in rows.zip(places.iter_mut().zip(patches)) {
            *place = Place {
                slot: slot as i32,
                position: position as i32,
                ..Place::PADDING
            };
            *to = patch;
            count += 1;
        }
        places[count..].fill(Place::PADDING);
        let graphs = if is_kept {
            &self.patches
        } else {
            &self.prefill
        };
        self.run(&graphs[pass_for(count)])
    }

    /// Reads characters, at most 16; with `draws`, the card then goes on by itself.
    pub(crate) fn read_characters(
        &mut self,
        rows: &[Place],
        draws: Option<&[Draw]>,
    ) -> Result<(), Error> {
        let sent = self.sent.get_mut();
        let (places, rest) = sent.places.split_at_mut(rows.len());
        places.copy_from_slice(rows);
        rest.fill(Place::PADDING);
        let graphs = match draws {
            Some(draws) => {
                sent.draws[..draws.len()].copy_from_slice(draws);
                &self.ahead
            }
            None => &self.characters,
        };
        self.run(&graphs[pass_for(rows.len())])
    }

    /// Replays the last pass of this kind and number of rows so many times, and does not wait for it.
    pub(super) fn replay(&self, is_patches: bool, rows: usize, times: usize) -> Result<(), Error> {
        let graphs = if is_patches {
            &self.patches
        } else {
            &self.characters
        };
        let graph = &graphs[pass_for(rows)];
        (0..times).try_for_each(|_| graph.launch().map_err(device_error))
    }

    /// Logits `[128]` of a row after the host's pass, or the `pass`th that the card went ahead.
    pub(crate) fn logits_of(&self, pass: usize, row: usize) -> &[f32] {
        &self.received.get().logits[pass][row]
    }

    /// What the card drew for a row after pass `pass`, if anything.
    pub(crate) fn drawn(&self, pass: usize, row: usize) -> Option<u8> {
        let drawn = self.received.get().drawn[pass][row];
        (usize::from(drawn) < VOCAB).then_some(drawn)
    }

    fn run(&self, graph: &CudaGraph) -> Result<(), Error> {
        graph
            .launch()
            .and_then(|()| self.card.stream.synchronize())
            .map_err(device_error)
    }
}

fn record(
    card: &Card,
    network: &Network,
    (sent, received): (&Pinned<Sent>, &mut Pinned<Received>),
    pass: Pass,
    rows: usize,
) -> Result<CudaGraph, Error> {
    let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    card.stream.begin_capture(mode).map_err(device_error)?;
    let run = run(card, network, (sent, received), pass, rows);
    // Also after an error: the stream must not stay as it is.
    let graph = card.stream.end_capture(CUgraphInstantiate_flags(0));
    run?;
    let graph = graph.map_err(device_error)?;
    let graph = graph.ok_or_else(|| Error::device_lost("the NVIDIA driver recorded nothing"))?;
    graph.upload().map_err(device_error)?;
    Ok(graph)
}

/// What a graph is made of, in order.
fn run(
    card: &Card,
    network: &Network,
    (sent, received): (&Pinned<Sent>, &mut Pinned<Received>),
    pass: Pass,
    rows: usize,
) -> Result<(), Error> {
    let stream = &card.stream;
    let (sent_there, received_there) = network.exchanged();
    sent.send(stream, sent_there)?;
    match pass {
        Pass::Prefill | Pass::Patches => {
            return network.pass_of_patches(rows, pass == Pass::Patches);
        }
        Pass::Characters => network.pass_of_characters(rows, 0)?,
        Pass::Ahead => {
            for pass in 0..AHEAD {
                network.pass_of_characters(rows, pass)?;
                network.draw(rows, pass)?;
            }
            network.pass_of_characters(rows, AHEAD)?;
        }
    }
    received.receive(stream, received_there)
}
