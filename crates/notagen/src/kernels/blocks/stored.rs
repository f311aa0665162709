//! Quantised weights as they lie in a file (version 1 of [`crate::panels`]): field after field, each
//! number little endian whatever this machine's own order, and the same bytes however the kernels want
//! the fields in memory.

use half::f16;

use super::{BLOCK, Q4K, Q8, QUAD, QUADS, SUPER};
use crate::kernels::WIDE;
use crate::{Error, Format};

/// Why bytes are no weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// A scale is infinite or no number.
    NotFinite,
    /// A number is none of those that the format has.
    OutOfRange,
}

/// Weights of 64 columns that a file can hold.
pub(crate) trait Stored: Sized + Send {
    const FORMAT: Format;
    /// Inputs in one of these.
    const INPUTS: usize;
    /// Its bytes in a file.
    const BYTES: usize;

    /// One panel, `rows [inputs, 64]`, which becomes `[inputs / INPUTS]`.
    ///
    /// # Errors
    /// Those of quantising.
    fn quantise(rows: &[[f32; WIDE]]) -> Result<Vec<Self>, Error>;

    /// Appends [`Self::BYTES`] bytes.
    fn to_bytes(&self, bytes: &mut Vec<u8>);

    /// From [`Self::BYTES`] bytes.
    ///
    /// # Errors
    /// Bytes that no weights become.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Flaw>;
}

const HALVES: usize = 2 * WIDE;

impl Stored for Q8 {
    const FORMAT: Format = Format::Q8_0;
    const INPUTS: usize = BLOCK;
    const BYTES: usize = HALVES + BLOCK * WIDE;

    fn quantise(rows: &[[f32; WIDE]]) -> Result<Vec<Self>, Error> {
        Ok(Self::in_panels(rows, 1))
    }

    /// 64 scales as f16; then for every 4 inputs, for each of 64 columns, 4 numbers as i8.
    fn to_bytes(&self, bytes: &mut Vec<u8>) {
        put_halves(&self.scales, bytes);
        let numbers = self.numbers.as_flattened().as_flattened();
        bytes.extend(numbers.iter().map(|n| n.cast_unsigned()));
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Flaw> {
        let (scales, numbers) = bytes.split_at_checked(HALVES).ok_or(Flaw::OutOfRange)?;
        // Quantising gives -127 to 127, and kernels may rely on it.
        if numbers.len() != BLOCK * WIDE || numbers.contains(&i8::MIN.cast_unsigned()) {
            return Err(Flaw::OutOfRange);
        }
        let mut this = Self {
            scales: halves(scales)?,
            numbers: [[[0; QUAD]; WIDE]; QUADS],
        };
        let places = this.numbers.as_flattened_mut().as_flattened_mut();
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number.cast_signed();
        }
        Ok(this)
    }
}

impl Stored for Q4K {
    const FORMAT: Format = Format::Q4K;
    const INPUTS: usize = Self::INPUTS;
    const BYTES: usize = 2 * HALVES + 2 * SUPER * WIDE + WORDS * WIDE * 4;

    fn quantise(rows: &[[f32; WIDE]]) -> Result<Vec<Self>, Error> {
        Self::in_panels(rows, 1)
    }

    /// 64 units of scales and 64 of offsets as f16; for each of 8 blocks 64 scales as u8; for each 64
    /// offsets; then for every 8 inputs, for each of 64 columns, 4 bytes: the first four inputs in their low
    /// halves, the others in the high ones.
    fn to_bytes(&self, bytes: &mut Vec<u8>) {
        put_halves(&self.units[0], bytes);
        put_halves(&self.units[1], bytes);
        bytes.extend_from_slice(self.scales.as_flattened());
        bytes.extend_from_slice(self.offsets.as_flattened());
        bytes.extend_from_slice(self.numbers.as_flattened().as_flattened());
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() != Self::BYTES {
            return Err(Flaw::OutOfRange);
        }
        let (units, rest) = bytes.split_at(2 * HALVES);
        let (small, words) = rest.split_at(2 * SUPER * WIDE);
        let (scales, offsets) = small.split_at(SUPER * WIDE);
        // 6 bits each.
        if small.iter().any(|&n| n > 63) {
            return Err(Flaw::OutOfRange);
        }
        let (scale_units, offset_units) = units.split_at(HALVES);
        let rows = |bytes: &[u8]| {
            let mut rows = [[0; WIDE]; SUPER];
            rows.as_flattened_mut().copy_from_slice(bytes);
            rows
        };
        let mut numbers = [[[0; QUAD]; WIDE]; WORDS];
        let places = numbers.as_flattened_mut().as_flattened_mut();
        places.copy_from_slice(words);
        Ok(Self {
            units: [halves(scale_units)?, halves(offset_units)?],
            scales: rows(scales),
            offsets: rows(offsets),
            numbers,
        })
    }
}

/// Of four bytes, for eight inputs.
const WORDS: usize = SUPER * QUADS / 2;

fn put_halves(numbers: &[f16; WIDE], bytes: &mut Vec<u8>) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn halves(bytes: &[u8]) -> Result<[f16; WIDE], Flaw> {
    let pairs = bytes.as_chunks::<2>().0;
    let pairs: &[[u8; 2]; WIDE] = pairs.try_into().map_err(|_| Flaw::OutOfRange)?;
    let numbers = pairs.map(f16::from_le_bytes);
    match numbers.iter().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => Err(Flaw::NotFinite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(inputs: usize, factor: f32) -> Vec<[f32; WIDE]> {
        let number = |index| (crate::uniform(7, index, 0) * 2.0 - 0.7) as f32 * factor;
        let all: Vec<f32> = (0..(inputs * WIDE) as u64).map(number).collect();
        all.as_chunks().0.to_vec()
    }

    fn bytes<S: Stored>(rows: &[[f32; WIDE]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for blocks in S::quantise(rows).unwrap() {
            blocks.to_bytes(&mut bytes);
        }
        bytes
    }

    /// Read and written again, they are the same bytes; cut or lengthened, they are none.
    fn comes_back<S: Stored>() {
        let bytes = bytes::<S>(&rows(2 * S::INPUTS, 1.0));
        assert_eq!(bytes.len(), 2 * S::BYTES);
        let mut again = Vec::new();
        for bytes in bytes.chunks(S::BYTES) {
            S::from_bytes(bytes).unwrap().to_bytes(&mut again);
        }
        assert!(bytes == again);
        for length in [0, 1, S::BYTES - 1, S::BYTES + 1] {
            assert!(S::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        comes_back::<Q8>();
        comes_back::<Q4K>();
    }

    /// The layout's version 1, byte by byte: files are read by it for ever.
    #[test]
    fn a_weight_lies_where_version_1_says() {
        // One weight that is not zero: input 9 of column 3.
        let mut rows = vec![[0.0; WIDE]; Q4K::INPUTS];
        rows[9][3] = 127.0;
        let q8 = bytes::<Q8>(&rows[..BLOCK]);
        let expected = |at: usize| match at {
            // 1.0 as f16
            7 => 0x3c,
            // The third four inputs, the second of these.
            at if at == 128 + (2 * 64 + 3) * 4 + 1 => 127,
            _ => 0,
        };
        let found = q8.iter().copied().enumerate();
        assert!(found.eq((0..Q8::BYTES).map(|at| (at, expected(at)))));

        let q4 = bytes::<Q4K>(&rows);
        // The second eight inputs of column 3, the second of these; a scale that is not zero, of the first block.
        let word = 2 * HALVES + 2 * SUPER * WIDE + (WIDE + 3) * 4;
        assert_eq!(q4[word..word + 4], [0, 0x0f, 0, 0]);
        assert_eq!(q4[2 * HALVES + 3], 63);
        let words = &q4[2 * HALVES + 2 * SUPER * WIDE..];
        assert_eq!(words.iter().filter(|&&byte| byte != 0).count(), 1);
    }

    #[test]
    fn what_quantising_never_gives_is_refused() {
        let (q8, q4) = (bytes::<Q8>(&rows(32, 1.0)), bytes::<Q4K>(&rows(256, 1.0)));
        let with = |bytes: &[u8], at: usize, new: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes[at..at + new.len()].copy_from_slice(new);
            bytes
        };
        let flaw = |bytes: &[u8]| match bytes.len() {
            Q8::BYTES => Q8::from_bytes(bytes).err(),
            _ => Q4K::from_bytes(bytes).err(),
        };
        for not_finite in [f16::INFINITY, f16::NEG_INFINITY, f16::NAN] {
            for (bytes, at) in [(&q8, 0), (&q8, 126), (&q4, 0), (&q4, 254)] {
                let found = flaw(&with(bytes, at, &not_finite.to_le_bytes()));
                assert_eq!(found, Some(Flaw::NotFinite), "{not_finite} at {at}");
            }
        }
        for (bytes, at, new) in [(&q8, 500, 0x80), (&q4, 256, 64), (&q4, 256 + 1023, 255)] {
            let found = flaw(&with(bytes, at, &[new]));
            assert_eq!(found, Some(Flaw::OutOfRange), "{new} at {at}");
        }
        // As quantising gives it for weights that no f16 can scale.
        assert_eq!(flaw(&bytes::<Q8>(&rows(32, 1e9))), Some(Flaw::NotFinite));
    }
}
