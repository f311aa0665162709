//! A warp: 32 threads that take the same instruction together, as long as they stand at the same one.
//!
//! Every lane has a place in the program. Always the lanes at the smallest place go on, so that those that parted meet again
//! by themselves where their ways join.

mod access;
mod atomic;
mod compare;
mod compute;
mod cross;
mod find;

use crate::launch::{Around, Fault};
use crate::program::{Action, Instruction, NONE, Program, Register, Special, Ternary32};

pub(crate) const LANES: usize = 32;

/// One row of registers.
pub(crate) type Words = [u32; LANES];
pub(crate) type Doubles = [u64; LANES];

/// Why a warp stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Ended,
    /// All lanes that are left wait at barriers.
    Waits,
    /// It ran for long; others may go on.
    Pause,
}

pub(crate) struct Warp {
    pub(crate) index: usize,
    words: Vec<Words>,
    doubles: Vec<Doubles>,
    predicates: Vec<u32>,
    places: Words,
    pub(crate) live: u32,
    /// Lanes at barriers, and the barrier of each.
    pub(crate) waiting: u32,
    pub(crate) barriers: [u8; LANES],
    /// Lanes that wait for others of the warp, at the place they stand at.
    held: u32,
    local: Vec<u8>,
    local_bytes: usize,
}

/// What comes after an instruction.
enum Next {
    On,
    To(u32),
    /// The lanes' places are noted; see who goes on.
    Choose,
}

/// Instructions after which a warp lets others go on.
const SLICE: u64 = 1 << 20;

/// The lanes of a mask.
#[inline]
pub(crate) fn lanes(mut mask: u32) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let lane = mask.trailing_zeros() as usize;
        if mask == 0 {
            return None;
        }
        mask &= mask - 1;
        Some(lane)
    })
}

/// A row of what each lane is told. Always inlined, so that the processor's wide instructions do it.
#[inline(always)]
pub(crate) fn row<T: Copy + Default>(mut of: impl FnMut(usize) -> T) -> [T; LANES] {
    let mut row = [T::default(); LANES];
    for (lane, value) in row.iter_mut().enumerate() {
        *value = of(lane);
    }
    row
}

impl Warp {
    pub(crate) fn new(program: &Program, index: usize) -> Self {
        let (words, doubles, predicates) = program.registers;
        let mut warp = Self {
            index,
            words: vec![[0; LANES]; words],
            doubles: vec![[0; LANES]; doubles],
            predicates: vec![0; predicates],
            places: [0; LANES],
            live: 0,
            waiting: 0,
            barriers: [0; LANES],
            held: 0,
            local: vec![0xff; program.local_bytes * LANES],
            local_bytes: program.local_bytes,
        };
        for &(register, bits) in &program.constants32 {
            warp.words[usize::from(register)] = [bits; LANES];
        }
        for &(register, bits) in &program.constants64 {
            warp.doubles[usize::from(register)] = [bits; LANES];
        }
        for &(register, value) in &program.constant_predicates {
            warp.predicates[usize::from(register)] = if value { u32::MAX } else { 0 };
        }
        warp
    }

    /// Begins a block with the first `threads` lanes.
    pub(crate) fn begin(&mut self, threads: usize) {
        self.live = match threads {
            LANES.. => u32::MAX,
            fewer => (1 << fewer) - 1,
        };
        self.places = [0; LANES];
        self.waiting = 0;
        self.held = 0;
    }

    #[inline]
    fn word(&self, register: Register) -> &Words {
        &self.words[usize::from(register)]
    }

    #[inline]
    fn double(&self, register: Register) -> &Doubles {
        &self.doubles[usize::from(register)]
    }

    #[inline]
    fn put(&mut self, register: Register, mask: u32, values: &Words) {
        put(&mut self.words[usize::from(register)], mask, values);
    }

    #[inline]
    fn put_double(&mut self, register: Register, mask: u32, values: &Doubles) {
        put(&mut self.doubles[usize::from(register)], mask, values);
    }

    fn put_predicate(&mut self, register: Register, mask: u32, bits: u32) {
        let row = &mut self.predicates[usize::from(register)];
        *row = *row & !mask | bits & mask;
    }

    /// Runs until it ends, waits or has had its slice.
    pub(crate) fn run(&mut self, around: &mut Around) -> Result<Stop, Fault> {
        let until = around.taken + SLICE;
        loop {
            if self.live == 0 {
                return Ok(Stop::Ended);
            }
            let here = self.live & !self.waiting;
            if here == 0 {
                return Ok(Stop::Waits);
            }
            let free = here & !self.held;
            let Some(at) = lanes(free).map(|lane| self.places[lane]).min() else {
                let lane = here.trailing_zeros() as usize;
                around.place = self.places[lane];
                return Err(Fault::launch(
                    Some(lane),
                    format!("lanes {here:#010x} wait for others of the warp, which never come"),
                ));
            };
            let stands = |lane: &usize| self.places[*lane] == at;
            let mask = lanes(here)
                .filter(stands)
                .fold(0, |mask, lane| mask | 1 << lane);
            self.held &= !mask;
            let others = free & !mask;
            let meets = lanes(others)
                .map(|lane| self.places[lane])
                .min()
                .unwrap_or(u32::MAX);
            self.together(around, at, mask, meets)?;
            if around.taken >= until {
                return Ok(Stop::Pause);
            }
        }
    }

    /// Lets lanes that stand at one place go on until they part, meet others, end or wait.
    fn together(
        &mut self,
        around: &mut Around,
        mut at: u32,
        mut mask: u32,
        meets: u32,
    ) -> Result<(), Fault> {
        let program = around.program;
        let until = around.taken + SLICE;
        while at < meets && around.taken < until && !self.awaits(at) {
            let instruction = &program.code[at as usize];
            let active = match instruction.guard {
                NONE => mask,
                guard if instruction.negated => mask & !self.predicates[usize::from(guard)],
                guard => mask & self.predicates[usize::from(guard)],
            };
            around.taken += 1;
            around.lanes += u64::from(active.count_ones());
            if active == 0 {
                at += 1;
                continue;
            }
            around.place = at;
            match self.step(around, instruction, at, mask, active)? {
                Next::On => at += 1,
                Next::To(place) => at = place,
                Next::Choose => return Ok(()),
            }
            // Some may have ended.
            mask &= self.live;
            if mask == 0 {
                return Ok(());
            }
        }
        self.stand(mask, at);
        if around.taken >= around.budget {
            return Err(Fault::new(
                702,
                None,
                format!(
                    "the launch is not done after {} instructions of warps",
                    around.budget
                ),
            ));
        }
        Ok(())
    }

    /// Whether lanes wait at a place for others, who come along then.
    #[inline]
    fn awaits(&self, at: u32) -> bool {
        self.held != 0 && lanes(self.held).any(|lane| self.places[lane] == at)
    }

    /// Notes where lanes stand.
    fn stand(&mut self, mask: u32, at: u32) {
        for lane in lanes(mask) {
            self.places[lane] = at;
        }
    }

    #[inline]
    fn step(
        &mut self,
        around: &mut Around,
        instruction: &Instruction,
        at: u32,
        mask: u32,
        active: u32,
    ) -> Result<Next, Fault> {
        match instruction.action {
            Action::Nothing => {}
            Action::Exit => self.live &= !active,
            Action::Trap => {
                return Err(Fault::launch(Some(first(active)), "trap"));
            }
            Action::Jump(to) => {
                if active == mask {
                    return Ok(Next::To(to));
                }
                self.stand(active, to);
                self.stand(mask & !active, at + 1);
                return Ok(Next::Choose);
            }
            Action::JumpTable { a, count } => {
                for lane in lanes(active) {
                    let chosen = self.word(a)[lane];
                    if chosen >= count {
                        return Err(Fault::launch(Some(lane), "a jump outside of its table"));
                    }
                    self.places[lane] = at + 1 + chosen;
                }
                self.stand(mask & !active, at + 1 + count);
                return Ok(Next::Choose);
            }
            Action::Special { d, what } => self.special(around, what, d, active),
            Action::Load(access) => self.load(around, &access, active)?,
            Action::Store(access) => self.store(around, &access, active)?,
            Action::Atomic(atomic) => self.atomic(around, &atomic, active)?,
            Action::Ternary32 { op, d, a, b, c } => {
                self.ternary32(op, [d, a, b, c], active);
                if around.wrong.is_some() && matches!(op, Ternary32::FusedF) {
                    self.spoil(around, d, active);
                }
            }
            Action::Barrier {
                aligned,
                id,
                count,
                waits,
            } => {
                self.barrier(around, active, aligned, (id, count), waits)?;
                self.stand(mask, at + 1);
                return Ok(Next::Choose);
            }
            Action::WarpBarrier { members } => return self.meet(at, mask, active, members),
            Action::Shuffle {
                mode,
                d,
                p,
                a,
                b,
                c,
                members,
            } => {
                if let Next::Choose = self.meet(at, mask, active, members)? {
                    return Ok(Next::Choose);
                }
                self.shuffle(mode, [d, p, a, b, c], active);
            }
            Action::Vote {
                mode,
                d,
                p,
                negated,
                members,
            } => {
                if let Next::Choose = self.meet(at, mask, active, members)? {
                    return Ok(Next::Choose);
                }
                self.vote(mode, d, p, negated, active);
            }
            Action::Match { d, a, members } => {
                if let Next::Choose = self.meet(at, mask, active, members)? {
                    return Ok(Next::Choose);
                }
                self.matching(d, a, active);
            }
            Action::ActiveMask { d } => self.put(d, active, &[active; LANES]),
            other => self.compute(other, active),
        }
        Ok(Next::On)
    }

    fn special(&mut self, around: &Around, what: Special, d: Register, active: u32) {
        let [x, y, _] = around.threads;
        let thread = |lane: usize| (self.index * LANES + lane) as u32;
        let words: Words = match what {
            Special::Thread(0) => row(|lane| thread(lane) % x),
            Special::Thread(1) => row(|lane| thread(lane) / x % y),
            Special::Thread(_) => row(|lane| thread(lane) / x / y),
            Special::Threads(axis) => [around.threads[usize::from(axis)]; LANES],
            Special::Block(axis) => [around.block[usize::from(axis)]; LANES],
            Special::Blocks(axis) => [around.blocks[usize::from(axis)]; LANES],
            Special::Lane => row(|lane| lane as u32),
            Special::Warp => [self.index as u32; LANES],
            Special::Warps => [(around.threads.iter().product::<u32>()).div_ceil(32); LANES],
            Special::Processor => [around.block[0] % crate::machine::PROCESSORS; LANES],
            Special::Processors => [crate::machine::PROCESSORS; LANES],
            Special::Clock => [around.taken as u32; LANES],
            Special::LaneMask(kind) => row(|lane| {
                let own = 1u32 << lane;
                let below = own - 1;
                match kind {
                    0 => own,
                    1 => below,
                    2 => below | own,
                    3 => !(below | own),
                    _ => !below,
                }
            }),
            Special::DynamicShared => [around.dynamic_shared as u32; LANES],
            Special::TotalShared => [around.shared.size() as u32; LANES],
            Special::Clock64 | Special::GlobalTimer => {
                self.put_double(d, active, &[around.taken; LANES]);
                return;
            }
            Special::GridId => {
                self.put_double(d, active, &[1; LANES]);
                return;
            }
        };
        self.put(d, active, &words);
    }

    /// A broken card: now and then a fused multiplication comes out wrong.
    fn spoil(&mut self, around: &mut Around, d: Register, active: u32) {
        if let Some(every) = around.wrong {
            around.fused += u64::from(active.count_ones());
            if around.fused >= every {
                around.fused = 0;
                self.words[usize::from(d)][first(active)] ^= 1 << 20;
            }
        }
    }
}

/// Writes the lanes of the mask alone.
#[inline]
fn put<T: Copy>(target: &mut [T; LANES], mask: u32, values: &[T; LANES]) {
    if mask == u32::MAX {
        *target = *values;
    } else {
        for lane in 0..LANES {
            target[lane] = if mask >> lane & 1 == 1 {
                values[lane]
            } else {
                target[lane]
            };
        }
    }
}

fn first(mask: u32) -> usize {
    mask.trailing_zeros() as usize
}
