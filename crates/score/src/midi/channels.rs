//! Which part plays in which channel.
//!
//! Percussion has channel 10. Up to 15 other parts have a channel each; of more, those with the same program
//! share one. If there are still more than 15, the next 15 are on the next MIDI port.

use crate::instruments;
use crate::score::Score;

/// MIDI's percussion channel, from 0.
const PERCUSSION: u8 = 9;
/// Channels of a port for everything else.
const CHANNELS: usize = 15;

/// Where a part is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The MIDI port, if it has to be said.
    pub(super) port: Option<u8>,
    /// The channel, from 0.
    pub(super) channel: u8,
    /// The program, from 0.
    pub(super) program: u8,
}

/// The places of the parts.
pub(super) fn assign(score: &Score) -> Vec<Place> {
    let percussion: Vec<bool> = (0..score.parts.len())
        .map(|part| instruments::is_percussion(score, part))
        .collect();
    let share = percussion.iter().filter(|is| !**is).count() > CHANNELS;
    // The programs that have a channel, in its order.
    let mut taken: Vec<u8> = Vec::new();
    let mut places = Vec::with_capacity(score.parts.len());
    for (part, percussion) in score.parts.iter().zip(percussion) {
        if percussion {
            places.push(Place {
                port: None,
                channel: PERCUSSION,
                program: part.program.unwrap_or(0).min(127),
            });
            continue;
        }
        let program = instruments::program(part);
        let shared = taken.iter().position(|p| share && *p == program);
        let index = shared.unwrap_or_else(|| {
            taken.push(program);
            taken.len() - 1
        });
        let channel = u8::try_from(index % CHANNELS).unwrap_or(0);
        places.push(Place {
            port: u8::try_from(index / CHANNELS).ok(),
            channel: channel + u8::from(channel >= PERCUSSION),
            program,
        });
    }
    for place in &mut places {
        // With a single port nobody has to name it.
        place.port = (taken.len() > CHANNELS).then(|| place.port.unwrap_or(0));
    }
    places
}
