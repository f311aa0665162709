//! The memory of the pretended card: allocations at made-up addresses, with a note for every byte whether it was written.
//!
//! Addresses are never given out twice and never touch, so that an access past an end or after a free always meets nothing.

use std::collections::BTreeMap;

/// Where the first allocation lies.
const FIRST: u64 = 0x0007_0000_0000_0000 >> 8;
/// Between two cards, as a power of two.
const APART: u32 = 42;
/// Between two allocations, which begin at multiples of it.
const GRAIN: u64 = 512;
/// Freed allocations that are remembered for messages.
const REMEMBERED: usize = 4096;

/// The card whose memory has an address.
pub(crate) fn card_of(address: u64) -> Option<usize> {
    let above = address.checked_sub(FIRST)?;
    usize::try_from(above >> APART).ok()
}

/// Why memory may not be touched so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is there.
    Outside,
    Unwritten,
}

pub(crate) struct Allocation {
    pub(crate) start: u64,
    pub(crate) size: u64,
    /// Counts allocations, for messages.
    number: u64,
    bytes: Vec<u8>,
    /// A bit for every byte that was written; empty as soon as all are.
    written: Vec<u64>,
    unwritten: u64,
}

impl Allocation {
    fn new(start: u64, size: u64, number: u64) -> Self {
        Self {
            start,
            size,
            number,
            bytes: vec![0; size as usize],
            written: vec![0; size.div_ceil(64) as usize],
            unwritten: size,
        }
    }

    pub(crate) const fn holds(&self, address: u64, length: u64) -> bool {
        address >= self.start && address - self.start + length <= self.size
    }

    /// Whether every byte was written.
    pub(crate) const fn is_written(&self) -> bool {
        self.unwritten == 0
    }

    pub(crate) const fn host_mut(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// Whether a range was written.
    pub(crate) fn was_written(&self, offset: u64, length: u64) -> bool {
        self.is_written()
            || Self::words(offset, length).all(|(word, bits)| self.written[word] & bits == bits)
    }

    pub(crate) fn note_written(&mut self, offset: u64, length: u64) {
        if self.is_written() {
            return;
        }
        for (word, bits) in Self::words(offset, length) {
            let new = bits & !self.written[word];
            self.written[word] |= new;
            self.unwritten -= u64::from(new.count_ones());
        }
        if self.is_written() {
            self.written = Vec::new();
        }
    }

    /// The words of `written` that hold a range, with its bits in each.
    fn words(offset: u64, length: u64) -> impl Iterator<Item = (usize, u64)> {
        let end = offset + length;
        let last = end.div_ceil(64).max(offset / 64);
        (offset / 64..last).map(move |word| {
            let from = offset.saturating_sub(word * 64).min(64);
            let to = (end - word * 64).min(64);
            let below = |bit: u64| if bit >= 64 { u64::MAX } else { (1 << bit) - 1 };
            (word as usize, below(to) & !below(from))
        })
    }
}

/// All memory of one card.
pub(crate) struct Memory {
    /// By rising address.
    all: Vec<Allocation>,
    next: u64,
    made: u64,
    used: u64,
    total: u64,
    freed: BTreeMap<u64, (u64, u64)>,
    /// Whether reading what was never written is an error.
    pub(crate) strict: bool,
}

impl Memory {
    /// Memory of `total` bytes; cards of other numbers have other addresses.
    pub(crate) fn new(total: u64, card: u64, strict: bool) -> Self {
        Self {
            all: Vec::new(),
            next: FIRST + (card << APART),
            made: 0,
            used: 0,
            total,
            freed: BTreeMap::new(),
            strict,
        }
    }

    /// Free and all bytes.
    pub(crate) const fn room(&self) -> (u64, u64) {
        (self.total - self.used, self.total)
    }

    /// The address of a new allocation; none where it does not fit.
    pub(crate) fn allocate(&mut self, size: u64) -> Option<u64> {
        let taken = size.div_ceil(GRAIN) * GRAIN;
        if taken > self.total - self.used {
            return None;
        }
        let start = self.next;
        self.next += taken + GRAIN;
        self.used += taken;
        self.made += 1;
        self.all.push(Allocation::new(start, size, self.made));
        Some(start)
    }

    /// Whether an allocation began there and is gone now.
    pub(crate) fn free(&mut self, start: u64) -> bool {
        let Ok(at) = self.all.binary_search_by_key(&start, |one| one.start) else {
            return false;
        };
        let gone = self.all.remove(at);
        self.used -= gone.size.div_ceil(GRAIN) * GRAIN;
        self.freed.insert(start, (gone.size, gone.number));
        if self.freed.len() > REMEMBERED {
            self.freed.pop_first();
        }
        true
    }

    /// Where in the list the allocation is that holds a range.
    pub(crate) fn find(&self, address: u64, length: u64) -> Option<usize> {
        let after = self.all.partition_point(|one| one.start <= address);
        let at = after.checked_sub(1)?;
        self.all[at].holds(address, length).then_some(at)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Allocation> {
        self.all.get(at)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Allocation> {
        self.all.get_mut(at)
    }

    /// A range's bytes, which must have been written.
    pub(crate) fn read(&self, address: u64, length: u64) -> Result<&[u8], Refusal> {
        if length == 0 {
            return Ok(&[]);
        }
        let at = self.find(address, length).ok_or(Refusal::Outside)?;
        let one = &self.all[at];
        let offset = address - one.start;
        if self.strict && !one.was_written(offset, length) {
            return Err(Refusal::Unwritten);
        }
        Ok(&one.bytes[offset as usize..(offset + length) as usize])
    }

    /// A range's bytes, which now count as written.
    pub(crate) fn write(&mut self, address: u64, length: u64) -> Result<&mut [u8], Refusal> {
        if length == 0 {
            return Ok(&mut []);
        }
        let at = self.find(address, length).ok_or(Refusal::Outside)?;
        let one = &mut self.all[at];
        let offset = address - one.start;
        one.note_written(offset, length);
        Ok(&mut one.bytes[offset as usize..(offset + length) as usize])
    }

    /// Copies within the card. Bytes that were never written may be copied, and are not written by that.
    pub(crate) fn copy(&mut self, to: u64, from: u64, length: u64) -> Result<(), Refusal> {
        if length == 0 {
            return Ok(());
        }
        let source = self.find(from, length).ok_or(Refusal::Outside)?;
        let target = self.find(to, length).ok_or(Refusal::Outside)?;
        let one = &self.all[source];
        let begin = (from - one.start) as usize;
        let bytes = one.bytes[begin..begin + length as usize].to_vec();
        let written: Option<Vec<bool>> = (!one.was_written(begin as u64, length)).then(|| {
            let range = begin as u64..begin as u64 + length;
            range.map(|at| one.was_written(at, 1)).collect()
        });
        let one = &mut self.all[target];
        let offset = to - one.start;
        one.bytes[offset as usize..(offset + length) as usize].copy_from_slice(&bytes);
        match written {
            None => one.note_written(offset, length),
            Some(written) => {
                for at in (0..length).filter(|&at| written[at as usize]) {
                    one.note_written(offset + at, 1);
                }
            }
        }
        Ok(())
    }

    /// Where an address lies, in words.
    pub(crate) fn describe(&self, address: u64) -> String {
        let after = self.all.partition_point(|one| one.start <= address);
        if let Some((&start, &(size, number))) = self.freed.range(..=address).next_back()
            && address < start + size
        {
            let offset = address - start;
            return format!(
                "byte {offset} of allocation {number} ({size} bytes at {start:#x}), which was freed"
            );
        }
        let below = after.checked_sub(1).map(|at| &self.all[at]);
        let above = self.all.get(after);
        match (below, above) {
            (Some(one), _) if address - one.start < one.size => {
                let offset = address - one.start;
                let Allocation {
                    start,
                    size,
                    number,
                    ..
                } = one;
                format!("byte {offset} of allocation {number} ({size} bytes at {start:#x})")
            }
            (Some(one), above)
                if above.is_none_or(|above| above.start - address > address - one.start) =>
            {
                let past = address - one.start - one.size;
                let Allocation {
                    start,
                    size,
                    number,
                    ..
                } = one;
                format!(
                    "{past} bytes past the end of allocation {number} ({size} bytes at {start:#x})"
                )
            }
            (_, Some(one)) => {
                let before = one.start - address;
                let Allocation {
                    start,
                    size,
                    number,
                    ..
                } = one;
                format!("{before} bytes before allocation {number} ({size} bytes at {start:#x})")
            }
            _ => "no memory is allocated".to_owned(),
        }
    }
}
