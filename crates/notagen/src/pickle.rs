//! A dry run of a pickle: what would candle's reader build from it?
//!
//! That reader copies whatever a pickle stores or fetches, so a file of 300 bytes can make it build
//! gigabytes, and dropping a value nested a million deep overflows the stack; both end the process.
//! The dry run follows the same instructions with sizes in place of values, and stops at the limits.
//!
//! Reference: CPython `Lib/pickletools.py`; `candle_core::pickle::Stack` for what is understood.

use std::collections::HashMap;

use crate::limits::{PICKLE_DEPTH, PICKLE_OBJECTS};

/// How many bytes of text weigh as much as an object.
const TEXT_PER_OBJECT: u64 = 32;

/// A value, by its size.
#[derive(Clone, Copy)]
struct Value {
    objects: u64,
    depth: u32,
    is_mark: bool,
}

impl Value {
    const ATOM: Self = Self {
        objects: 1,
        depth: 1,
        is_mark: false,
    };
    const MARK: Self = Self {
        objects: 1,
        depth: 1,
        is_mark: true,
    };

    fn text(bytes: u64) -> Self {
        Self {
            objects: 1 + bytes / TEXT_PER_OBJECT,
            ..Self::ATOM
        }
    }

    fn take(&mut self, part: Self) {
        self.objects = self.objects.saturating_add(part.objects);
        self.depth = self.depth.max(part.depth.saturating_add(1));
    }
}

#[derive(Default)]
struct DryRun {
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    built: u64,
}

/// Refuses a pickle that candle's reader would not survive, or not understand.
pub(crate) fn check(pickle: &[u8]) -> Result<(), String> {
    let mut run = DryRun::default();
    let mut rest = pickle;
    while !run.instruction(&mut rest)? {}
    Ok(())
}

impl DryRun {
    /// Follows one instruction; whether it was the last.
    fn instruction(&mut self, rest: &mut &[u8]) -> Result<bool, String> {
        let [opcode] = bytes(rest)?;
        match opcode {
            // PROTO: a version.
            0x80 => drop(bytes::<1>(rest)?),
            // MARK
            b'(' => self.push(Value::MARK)?,
            // EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, NONE, NEWTRUE, NEWFALSE
            b')' | b']' | b'}' | b'N' | 0x88 | 0x89 => self.push(Value::ATOM)?,
            // BININT1, BININT2, BININT, BINFLOAT
            b'K' => self.number::<1>(rest)?,
            b'M' => self.number::<2>(rest)?,
            b'J' => self.number::<4>(rest)?,
            b'G' => self.number::<8>(rest)?,
            // LONG1
            0x8a => {
                let [length] = bytes(rest)?;
                skip(rest, u64::from(length))?;
                self.push(Value::ATOM)?;
            }
            // BINUNICODE
            b'X' => {
                let length = u64::from(u32::from_le_bytes(bytes(rest)?));
                skip(rest, length)?;
                self.push(Value::text(length))?;
            }
            // GLOBAL: two lines, module and name.
            b'c' => {
                let length = line(rest)? + line(rest)?;
                self.push(Value::text(length))?;
            }
            // TUPLE1, TUPLE2, TUPLE3; BINPERSID; REDUCE, NEWOBJ, BUILD: a value around others
            0x85 | b'Q' => self.wrap(1)?,
            0x86 | b'R' | 0x81 | b'b' => self.wrap(2)?,
            0x87 => self.wrap(3)?,
            // TUPLE, DICT: a value around all since the mark
            b't' | b'd' => {
                let value = self.since_mark(Value::ATOM)?;
                // As in `wrap`: the parts move into it.
                self.build(Value {
                    objects: 1,
                    ..value
                })?;
                self.stack.push(value);
            }
            // APPENDS, SETITEMS: all since the mark into the value before
            b'e' | b'u' => {
                let parts = self.since_mark(Value {
                    objects: 0,
                    depth: 0,
                    is_mark: false,
                })?;
                self.add(parts)?;
            }
            // APPEND, SETITEM
            b'a' => {
                let part = self.pop()?;
                self.add(part)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.add(value)?;
                self.add(key)?;
            }
            // BINPUT, LONG_BINPUT
            b'q' => {
                let [index] = bytes(rest)?;
                self.put(u32::from(index))?;
            }
            b'r' => {
                let index = u32::from_le_bytes(bytes(rest)?);
                self.put(index)?;
            }
            // BINGET, LONG_BINGET
            b'h' => {
                let [index] = bytes(rest)?;
                self.get(u32::from(index))?;
            }
            b'j' => {
                let index = u32::from_le_bytes(bytes(rest)?);
                self.get(index)?;
            }
            // STOP
            b'.' => return self.pop().map(|_| true),
            other => {
                return Err(format!(
                    "its pickle holds an unknown instruction, {other:#04x}"
                ));
            }
        }
        Ok(false)
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        self.build(value)?;
        self.stack.push(value);
        Ok(())
    }

    /// Counts what is built or copied.
    fn build(&mut self, value: Value) -> Result<(), String> {
        self.built = self.built.saturating_add(value.objects);
        if self.built > PICKLE_OBJECTS {
            return Err(format!(
                "its pickle builds more than {PICKLE_OBJECTS} objects"
            ));
        }
        if value.depth > PICKLE_DEPTH {
            return Err(format!("its pickle nests deeper than {PICKLE_DEPTH}"));
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(malformed)
    }

    fn number<const BYTES: usize>(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        bytes::<BYTES>(rest)?;
        self.push(Value::ATOM)
    }

    fn wrap(&mut self, parts: usize) -> Result<(), String> {
        let mut value = Value::ATOM;
        for _ in 0..parts {
            value.take(self.pop()?);
        }
        // The parts move into it: only the wrapper is new.
        self.build(Value {
            objects: 1,
            ..value
        })?;
        self.stack.push(value);
        Ok(())
    }

    fn since_mark(&mut self, mut value: Value) -> Result<Value, String> {
        loop {
            let part = self.pop()?;
            if part.is_mark {
                return Ok(value);
            }
            value.take(part);
        }
    }

    fn add(&mut self, part: Value) -> Result<(), String> {
        let last = self.stack.last_mut().ok_or_else(malformed)?;
        last.take(part);
        let value = *last;
        self.build(Value {
            objects: 0,
            ..value
        })
    }

    fn put(&mut self, index: u32) -> Result<(), String> {
        let value = *self.stack.last().ok_or_else(malformed)?;
        self.build(value)?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn get(&mut self, index: u32) -> Result<(), String> {
        let value = *self.memo.get(&index).ok_or_else(malformed)?;
        self.push(value)
    }
}

fn malformed() -> String {
    "its pickle is malformed".to_owned()
}

fn bytes<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (bytes, after) = rest.split_first_chunk().ok_or_else(malformed)?;
    *rest = after;
    Ok(*bytes)
}

fn skip(rest: &mut &[u8], count: u64) -> Result<(), String> {
    let count = usize::try_from(count).map_err(|_| malformed())?;
    *rest = rest.get(count..).ok_or_else(malformed)?;
    Ok(())
}

/// Skips a line; its length.
fn line(rest: &mut &[u8]) -> Result<u64, String> {
    let length = rest
        .iter()
        .position(|&byte| byte == b'\n')
        .ok_or_else(malformed)?;
    *rest = &rest[length + 1..];
    Ok(length as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that holds ten of the one before, and so on: each level costs the file 24 bytes.
    fn bomb(levels: u8) -> Vec<u8> {
        let mut pickle = vec![0x80, 2, b']', b'q', 0];
        for level in 0..levels {
            pickle.extend([b']', b'(']);
            pickle.extend([b'h', level].repeat(10));
            pickle.extend([b'e', b'q', level + 1]);
        }
        pickle.push(b'.');
        pickle
    }

    #[test]
    fn a_bomb_is_refused_and_a_small_one_is_not() {
        assert_eq!(check(&bomb(3)), Ok(()));
        assert!(check(&bomb(12)).unwrap_err().contains("objects"));
    }

    #[test]
    fn a_deep_nest_is_refused() {
        let nest = |levels| [&b"N"[..], &[0x85].repeat(levels), b"."].concat();
        assert_eq!(check(&nest(20)), Ok(()));
        assert!(check(&nest(1_000_000)).unwrap_err().contains("deeper"));
    }

    #[test]
    fn a_text_longer_than_the_file_is_refused() {
        assert!(check(b"X\xff\xff\xff\xffabc.").is_err());
    }

    #[test]
    fn no_short_pickle_makes_it_panic() {
        for first in 0..=255 {
            for second in 0..=255 {
                let _ = check(&[first, second]);
                let _ = check(&[b'(', b'N', first, 0, second, b'.']);
            }
        }
    }
}
