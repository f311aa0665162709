//! Where accesses go, each checked.

use super::{Doubles, LANES, Warp, first, lanes};
use crate::launch::{Around, Fault};
use crate::program::Place;
use crate::shared::Touch;

/// Where the bytes of an access lie for each lane, in the memory of this process.
pub(super) struct Found {
    pub(super) base: *mut u8,
    pub(super) offsets: [usize; LANES],
}

impl Warp {
    /// Whether all lanes' bytes lie in the allocation that this instruction met last, or in one that is found now.
    pub(super) fn in_one(
        &self,
        around: &mut Around,
        addresses: &Doubles,
        active: u32,
        length: usize,
    ) -> bool {
        let (mut least, mut most) = (u64::MAX, 0);
        for lane in lanes(active) {
            least = least.min(addresses[lane]);
            most = most.max(addresses[lane]);
        }
        let Some(span) = (most - least).checked_add(length as u64) else {
            return false;
        };
        let last = around.met[around.place as usize] as usize;
        if around
            .memory
            .get(last)
            .is_some_and(|one| one.holds(least, span))
        {
            return true;
        }
        match around.memory.find(least, span) {
            Some(at) => {
                around.met[around.place as usize] = at as u32;
                true
            }
            None => false,
        }
    }

    /// Checks an access and finds its bytes. Of global memory, all lanes' must lie in one allocation.
    pub(super) fn find(
        &mut self,
        around: &mut Around,
        place: Place,
        addresses: &Doubles,
        active: u32,
        length: usize,
        (touch, stores): (Touch, bool),
    ) -> Result<Found, Fault> {
        let unaligned = lanes(active).find(|&lane| addresses[lane] & (length as u64 - 1) != 0);
        if let Some(lane) = unaligned {
            let address = addresses[lane];
            let message = format!("{length} bytes at {address:#x}, which is not aligned to them");
            return Err(Fault::new(716, Some(lane), message));
        }
        let mut offsets = [0; LANES];
        let base = match place {
            Place::Global | Place::Generic => {
                let last = around.met[around.place as usize] as usize;
                let lane = first(active);
                let holds = |at: &usize| {
                    let one = around.memory.get(*at);
                    one.is_some_and(|one| one.holds(addresses[lane], length as u64))
                };
                let at = Some(last).filter(holds);
                let at = at.or_else(|| around.memory.find(addresses[lane], length as u64));
                let Some(at) = at else {
                    return Err(around.outside(lane, addresses[lane], length));
                };
                around.met[around.place as usize] = at as u32;
                let strict = around.memory.strict;
                let Some(one) = around.memory.get_mut(at) else {
                    return Err(around.outside(lane, addresses[lane], length));
                };
                for lane in lanes(active) {
                    offsets[lane] = (addresses[lane] - one.start) as usize;
                }
                if !one.is_written() {
                    for lane in lanes(active) {
                        let offset = offsets[lane] as u64;
                        if stores {
                            one.note_written(offset, length as u64);
                        } else if strict && !one.was_written(offset, length as u64) {
                            return Err(around.unwritten(lane, addresses[lane], length));
                        }
                    }
                }
                one.host_mut()
            }
            Place::Shared => {
                let size = around.shared.size() as u64;
                for lane in lanes(active) {
                    let address = addresses[lane];
                    if address >= size || size - address < length as u64 {
                        let message = format!(
                            "{length} bytes at {address} of shared memory, of which there are {size}"
                        );
                        return Err(Fault::new(700, Some(lane), message));
                    }
                    offsets[lane] = address as usize;
                    let met = around
                        .shared
                        .touch(offsets[lane], length, self.index, touch);
                    if let Some((warp, what)) = met {
                        let message = format!(
                            "a race in shared memory at {address}: {touch:?} after {what:?} by warp {warp} without a barrier between"
                        );
                        return Err(Fault::launch(Some(lane), message));
                    }
                }
                around.shared.host()
            }
            Place::Local => {
                for lane in lanes(active) {
                    let (address, size) = (addresses[lane], self.local_bytes);
                    if address >= size as u64 || size as u64 - address < length as u64 {
                        let message = format!(
                            "{length} bytes at {address} of local memory, of which there are {size}"
                        );
                        return Err(Fault::new(700, Some(lane), message));
                    }
                    offsets[lane] = lane * size + address as usize;
                }
                self.local.as_mut_ptr()
            }
            Place::Param => {
                let size = around.parameters.len();
                for lane in lanes(active) {
                    let address = addresses[lane];
                    if address as usize >= size || size - (address as usize) < length {
                        return Err(Fault::launch(Some(lane), "a read beyond the parameters"));
                    }
                    offsets[lane] = address as usize;
                }
                around.parameters.as_ptr().cast_mut()
            }
        };
        Ok(Found { base, offsets })
    }
}
