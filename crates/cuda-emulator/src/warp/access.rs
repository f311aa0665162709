//! Loads and stores, each checked.

use super::find::Found;
use super::{Doubles, LANES, Warp, first, lanes};
use crate::decode::{LOCAL_WINDOW, SHARED_WINDOW, WINDOW};
use crate::launch::{Around, Fault};
use crate::program::{Access, Place};
use crate::shared::Touch;

/// The state space of a generic address.
pub(super) const fn window_of(address: u64) -> Place {
    if address.wrapping_sub(SHARED_WINDOW) < WINDOW {
        Place::Shared
    } else if address.wrapping_sub(LOCAL_WINDOW) < WINDOW {
        Place::Local
    } else {
        Place::Global
    }
}

impl Warp {
    pub(super) fn load(
        &mut self,
        around: &mut Around,
        access: &Access,
        active: u32,
    ) -> Result<(), Fault> {
        self.each_place(around, access, active, Self::load_from)
    }

    pub(super) fn store(
        &mut self,
        around: &mut Around,
        access: &Access,
        active: u32,
    ) -> Result<(), Fault> {
        self.each_place(around, access, active, Self::store_to)
    }

    /// Lanes whose generic addresses lie in different state spaces go one after another.
    fn each_place(
        &mut self,
        around: &mut Around,
        access: &Access,
        active: u32,
        go: fn(&mut Self, &mut Around, &Access, &Doubles, u32) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let base = self.double(access.base);
        let offset = i64::from(access.offset);
        let mut addresses: Doubles = super::row(|lane| base[lane].wrapping_add_signed(offset));
        if access.place != Place::Generic {
            return go(self, around, access, &addresses, active);
        }
        let windows = [
            (Place::Global, 0),
            (Place::Shared, SHARED_WINDOW),
            (Place::Local, LOCAL_WINDOW),
        ];
        for (place, window) in windows {
            let here = lanes(active)
                .filter(|&lane| window_of(base[lane].wrapping_add_signed(offset)) == place)
                .fold(0, |mask, lane| mask | 1 << lane);
            if here == 0 {
                continue;
            }
            for lane in lanes(here) {
                addresses[lane] -= window;
            }
            let access = Access { place, ..*access };
            go(self, around, &access, &addresses, here)?;
            if here == active {
                return Ok(());
            }
            return self.rest(around, &access, active & !here, go);
        }
        Ok(())
    }

    fn rest(
        &mut self,
        around: &mut Around,
        access: &Access,
        active: u32,
        go: fn(&mut Self, &mut Around, &Access, &Doubles, u32) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let access = Access {
            place: Place::Generic,
            ..*access
        };
        self.each_place(around, &access, active, go)
    }

    fn load_from(
        &mut self,
        around: &mut Around,
        access: &Access,
        addresses: &Doubles,
        active: u32,
    ) -> Result<(), Fault> {
        let length = usize::from(access.size * access.count);
        let touch = if access.volatile {
            Touch::Atomic
        } else {
            Touch::Read
        };
        let all_same = same(addresses, active);
        if access.place == Place::Global
            && all_same.is_none()
            && !self.in_one(around, addresses, active, length)
        {
            // In several allocations: lane by lane.
            for lane in lanes(active) {
                let found = self.find(
                    around,
                    access.place,
                    addresses,
                    1 << lane,
                    length,
                    (touch, false),
                )?;
                self.take(access, &found, 1 << lane);
            }
            return Ok(());
        }
        let looked_at = all_same.map_or(active, |lane| 1 << lane);
        let mut found = self.find(
            around,
            access.place,
            addresses,
            looked_at,
            length,
            (touch, false),
        )?;
        if access.place == Place::Global {
            around.read += (length as u64) * u64::from(active.count_ones());
        }
        if let (Some(lane), true) = (all_same, access.place != Place::Local) {
            found.offsets = [found.offsets[lane]; LANES];
        } else if access.place == Place::Local && looked_at != active {
            found = self.find(
                around,
                access.place,
                addresses,
                active,
                length,
                (touch, false),
            )?;
        }
        self.take(access, &found, active);
        Ok(())
    }

    fn store_to(
        &mut self,
        around: &mut Around,
        access: &Access,
        addresses: &Doubles,
        active: u32,
    ) -> Result<(), Fault> {
        let length = usize::from(access.size * access.count);
        let touch = if access.volatile {
            Touch::Atomic
        } else {
            Touch::Write
        };
        if access.place == Place::Param {
            return Err(Fault::launch(None, "a store to a parameter"));
        }
        if access.place != Place::Local && !access.volatile {
            self.agree(access, addresses, active)?;
        }
        if access.place == Place::Global {
            around.written += (length as u64) * u64::from(active.count_ones());
            if !self.in_one(around, addresses, active, length) {
                for lane in lanes(active) {
                    let found = self.find(
                        around,
                        access.place,
                        addresses,
                        1 << lane,
                        length,
                        (touch, true),
                    )?;
                    self.give(access, &found, 1 << lane);
                }
                return Ok(());
            }
        }
        let found = self.find(
            around,
            access.place,
            addresses,
            active,
            length,
            (touch, true),
        )?;
        self.give(access, &found, active);
        Ok(())
    }

    /// Lanes that store to one place must store the same.
    fn agree(&self, access: &Access, addresses: &Doubles, active: u32) -> Result<(), Fault> {
        let mut before = None;
        let rises = lanes(active).all(|lane| {
            let rises = before.is_none_or(|before| before < addresses[lane]);
            before = Some(addresses[lane]);
            rises
        });
        if rises {
            return Ok(());
        }
        for lane in lanes(active) {
            for other in lanes(active).filter(|&other| other < lane) {
                if addresses[lane] != addresses[other] {
                    continue;
                }
                let differs = access
                    .values
                    .iter()
                    .take(usize::from(access.count))
                    .any(|&value| {
                        if access.wide {
                            self.double(value)[lane] != self.double(value)[other]
                        } else {
                            self.word(value)[lane] != self.word(value)[other]
                        }
                    });
                if differs {
                    let address = addresses[lane];
                    return Err(Fault::launch(
                        Some(lane),
                        format!("lanes {other} and {lane} store different values to {address:#x}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Reads what was found into the registers.
    fn take(&mut self, access: &Access, found: &Found, active: u32) {
        let size = usize::from(access.size);
        for (element, &register) in access
            .values
            .iter()
            .enumerate()
            .take(usize::from(access.count))
        {
            let at = |lane: usize| {
                found
                    .base
                    .wrapping_add(found.offsets[lane] + element * size)
            };
            // SAFETY, for all: `find` has checked the offsets of the active lanes against the memory behind the base.
            match (access.wide, size) {
                (false, 4) => {
                    let row = &mut self.words[usize::from(register)];
                    for lane in lanes(active) {
                        row[lane] = unsafe { at(lane).cast::<u32>().read_unaligned() };
                    }
                }
                (true, 8) => {
                    let row = &mut self.doubles[usize::from(register)];
                    for lane in lanes(active) {
                        row[lane] = unsafe { at(lane).cast::<u64>().read_unaligned() };
                    }
                }
                (wide, _) => {
                    for lane in lanes(active) {
                        let mut bytes = [0; 8];
                        for (index, byte) in bytes.iter_mut().enumerate().take(size) {
                            *byte = unsafe { *at(lane).add(index) };
                        }
                        if access.signed && bytes[size - 1] & 0x80 != 0 {
                            bytes[size..].fill(0xff);
                        }
                        let value = u64::from_le_bytes(bytes);
                        if wide {
                            self.doubles[usize::from(register)][lane] = value;
                        } else {
                            self.words[usize::from(register)][lane] = value as u32;
                        }
                    }
                }
            }
        }
    }

    /// Writes registers to what was found.
    fn give(&mut self, access: &Access, found: &Found, active: u32) {
        let size = usize::from(access.size);
        for (element, &register) in access
            .values
            .iter()
            .enumerate()
            .take(usize::from(access.count))
        {
            for lane in lanes(active) {
                let value = if access.wide {
                    self.double(register)[lane]
                } else {
                    u64::from(self.word(register)[lane])
                };
                let at = found
                    .base
                    .wrapping_add(found.offsets[lane] + element * size);
                let bytes = value.to_le_bytes();
                // SAFETY: `find` has checked the offsets of the active lanes against the memory behind the base.
                unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, size) };
            }
        }
    }
}

/// The first lane, where all have one address.
fn same(addresses: &Doubles, active: u32) -> Option<usize> {
    let lane = first(active);
    lanes(active)
        .all(|other| addresses[other] == addresses[lane])
        .then_some(lane)
}
