//! Frames on a byte stream: four bytes of length, little endian, then that many bytes of JSON.
//!
//! The length comes first so that a reader knows how much to expect, and is limited so that a
//! stream that has lost its place is noticed instead of believed.

use serde::{Serialize, de::DeserializeOwned};

/// The longest frame, in bytes. The longest message holds one bar; a whole piece is at most
/// 100 kB of text.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// Why a stream of frames cannot be read further.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The length is beyond [`MAX_FRAME_BYTES`].
    #[error("a frame of {0} bytes (at most {MAX_FRAME_BYTES} are allowed)")]
    TooLong(usize),
    /// The bytes are not the message expected.
    #[error("a frame that is no message: {0}")]
    NoMessage(#[from] serde_json::Error),
}

/// One message as a frame.
///
/// # Errors
/// [`FrameError::TooLong`] if the message does not fit in a frame.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let json = serde_json::to_vec(message)?;
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= MAX_FRAME_BYTES)
        .ok_or(FrameError::TooLong(json.len()))?;
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend(json);
    Ok(frame)
}

/// Takes bytes as they come and gives whole messages back.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
}

impl Decoder {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    /// A frame too long or not a message; the stream is lost then.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some((head, rest)) = self.pending.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*head) as usize;
        if length > MAX_FRAME_BYTES {
            return Err(FrameError::TooLong(length));
        }
        let Some(json) = rest.get(..length) else {
            return Ok(None);
        };
        let message = serde_json::from_slice(json)?;
        self.pending.drain(..4 + length);
        Ok(Some(message))
    }

    /// Whether bytes of an unfinished frame are left: the other side stopped in the middle.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        !self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobId, ToWorker, VariationId};

    fn cancel(number: u32) -> ToWorker {
        let job = JobId::new();
        ToWorker::Cancel {
            id: VariationId { job, number },
        }
    }

    #[test]
    fn messages_survive_any_cutting_of_the_stream() {
        let messages = [cancel(1), cancel(2), cancel(3)];
        let bytes: Vec<u8> = messages.iter().flat_map(|m| encode(m).unwrap()).collect();
        for step in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut read: Vec<ToWorker> = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.push(piece);
                while let Some(message) = decoder.next_message().unwrap() {
                    read.push(message);
                }
            }
            assert_eq!(read, messages);
            assert!(!decoder.is_mid_frame());
        }
    }

    #[test]
    fn a_stream_that_lost_its_place_is_an_error() {
        let mut decoder = Decoder::default();
        decoder.push(b"log line that should not be here");
        let result = decoder.next_message::<ToWorker>();
        assert!(matches!(result, Err(FrameError::TooLong(_))));

        let mut decoder = Decoder::default();
        decoder.push(&[3, 0, 0, 0]);
        decoder.push(b"???");
        let result = decoder.next_message::<ToWorker>();
        assert!(matches!(result, Err(FrameError::NoMessage(_))));
    }

    #[test]
    fn a_message_too_long_for_a_frame_is_not_sent() {
        let text = "x".repeat(MAX_FRAME_BYTES);
        assert!(matches!(encode(&text), Err(FrameError::TooLong(_))));
    }
}
