//! What passes work on.

use super::card::Card;
use super::kernels::{MOST_ROWS, PARTIAL, SPLIT};
use super::memory::DeviceMemory;
use super::{Place, Received, Sent};
use crate::kernels::WIDE;
use crate::step::AHEAD;
use crate::{Config, Error};

/// What passes work on, for up to 16 rows.
pub(super) struct Buffers {
    /// What the host says, and what it hears.
    pub(super) sent: DeviceMemory,
    pub(super) received: DeviceMemory,
    /// `[AHEAD, 16]`: where rows stand in the passes that the card goes ahead.
    pub(super) ahead: DeviceMemory,
    /// `[hidden, rows]`: what goes through the decoder.
    pub(super) x: DeviceMemory,
    /// The same, normed; queries are `[rows, hidden]`.
    pub(super) normed: DeviceMemory,
    pub(super) query: DeviceMemory,
    pub(super) attended: DeviceMemory,
    /// `[4 hidden, rows]`
    pub(super) wide: DeviceMemory,
    /// `[16, heads, parts, 66]`, and how many of the parts are there.
    pub(super) partial: DeviceMemory,
    pub(super) arrived: DeviceMemory,
}

impl Buffers {
    fn sizes(width: usize, positions: usize) -> [usize; 10] {
        let (rows, float) = (MOST_ROWS, size_of::<f32>());
        let row = rows * width * float;
        let partials = rows * width / WIDE;
        [
            size_of::<Sent>(),
            size_of::<Received>(),
            AHEAD * rows * size_of::<Place>(),
            row,
            row,
            row,
            row,
            4 * row,
            partials * positions.div_ceil(SPLIT) * PARTIAL * float,
            partials * size_of::<u32>(),
        ]
    }

    pub(super) fn new(card: &Card, width: usize, positions: usize) -> Result<Self, Error> {
        let mut all = Self::sizes(width, positions)
            .into_iter()
            .map(|bytes| DeviceMemory::zeroed(card, bytes));
        let mut next = || all.next().unwrap_or_else(|| DeviceMemory::zeroed(card, 0));
        Ok(Self {
            sent: next()?,
            received: next()?,
            ahead: next()?,
            x: next()?,
            normed: next()?,
            query: next()?,
            attended: next()?,
            wide: next()?,
            partial: next()?,
            arrived: next()?,
        })
    }

    /// Bytes of all of them.
    pub(crate) fn bytes(width: usize, positions: usize) -> usize {
        Self::sizes(width, positions).iter().sum()
    }
}

/// Bytes of the buffers of a model of this shape.
pub(crate) fn buffer_bytes(config: &Config) -> usize {
    Buffers::bytes(config.hidden_size, config.patch_length)
}
