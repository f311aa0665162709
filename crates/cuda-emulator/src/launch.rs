//! A launch: all blocks of a grid, one after another, each with its warps in turn.

use std::fmt::Write;

use crate::memory::Memory;
use crate::program::Program;
use crate::shared::Shared;
use crate::warp::{LANES, Stop, Warp};

/// What a launch is given.
#[derive(Clone)]
pub(crate) struct Shape {
    /// The number of the card.
    pub(crate) card: usize,
    pub(crate) blocks: [u32; 3],
    pub(crate) threads: [u32; 3],
    pub(crate) dynamic_shared: usize,
    pub(crate) parameters: Vec<u8>,
}

/// What a kernel did wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What the driver answers from then on.
    pub(crate) code: u32,
    pub(crate) lane: Option<usize>,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: u32, lane: Option<usize>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            lane,
            message,
        }
    }

    /// One for which a card says no more than that the launch failed, if it says anything.
    pub(crate) fn launch(lane: Option<usize>, message: impl Into<String>) -> Self {
        Self::new(719, lane, message)
    }
}

/// What a launch did.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Work {
    /// Instructions of lanes.
    pub(crate) lanes: u64,
    /// Bytes of global memory.
    pub(crate) read: u64,
    pub(crate) written: u64,
}

/// What surrounds a warp while it runs.
pub(crate) struct Around<'a> {
    pub(crate) program: &'a Program,
    pub(crate) memory: &'a mut Memory,
    pub(crate) shared: Shared,
    pub(crate) barriers: Barriers,
    pub(crate) parameters: &'a [u8],
    pub(crate) blocks: [u32; 3],
    pub(crate) threads: [u32; 3],
    pub(crate) block: [u32; 3],
    pub(crate) dynamic_shared: usize,
    /// The instruction that is being executed.
    pub(crate) place: u32,
    /// For every instruction, the allocation it met last.
    pub(crate) met: Vec<u32>,
    /// Instructions of warps so far, and how many there may be.
    pub(crate) taken: u64,
    pub(crate) budget: u64,
    pub(crate) lanes: u64,
    pub(crate) read: u64,
    pub(crate) written: u64,
    /// Every how many fused multiplications one is wrong, and how many there were since.
    pub(crate) wrong: Option<u64>,
    pub(crate) fused: u64,
}

impl Around<'_> {
    pub(crate) fn outside(&self, lane: usize, address: u64, length: usize) -> Fault {
        let place = self.memory.describe(address);
        let message = format!("{length} bytes at {address:#x}, where nothing is: {place}");
        Fault::new(700, Some(lane), message)
    }

    pub(crate) fn unwritten(&self, lane: usize, address: u64, length: usize) -> Fault {
        let place = self.memory.describe(address);
        let message =
            format!("a read of {length} bytes at {address:#x} that nobody has written: {place}");
        Fault::launch(Some(lane), message)
    }
}

/// Arrivals at the barriers of a block.
#[derive(Default)]
pub(crate) struct Barriers {
    arrived: [u32; 16],
    needed: [Option<u32>; 16],
}

impl Barriers {
    pub(crate) const fn arrive(&mut self, id: usize, threads: u32, needed: Option<u32>) {
        self.arrived[id] += threads;
        self.needed[id] = needed;
    }
}

/// Runs all blocks.
pub(crate) fn run(
    program: &Program,
    memory: &mut Memory,
    shape: &Shape,
    budget: u64,
    wrong: Option<u64>,
) -> Result<Work, Fault> {
    let threads = shape.threads.iter().product::<u32>() as usize;
    let shared = program.shared_bytes + shape.dynamic_shared;
    let mut warps: Vec<Warp> = (0..threads.div_ceil(LANES))
        .map(|index| Warp::new(program, index))
        .collect();
    let mut around = Around {
        program,
        memory,
        shared: Shared::new(shared, program.shared_grain),
        barriers: Barriers::default(),
        parameters: &shape.parameters,
        blocks: shape.blocks,
        threads: shape.threads,
        block: [0; 3],
        dynamic_shared: shape.dynamic_shared,
        place: 0,
        met: vec![0; program.code.len()],
        taken: 0,
        budget,
        lanes: 0,
        read: 0,
        written: 0,
        wrong,
        fused: 0,
    };
    let [x, y, z] = shape.blocks;
    for block in 0..u64::from(x) * u64::from(y) * u64::from(z) {
        let (x, y) = (u64::from(x), u64::from(y));
        around.block = [block % x, block / x % y, block / x / y].map(|axis| axis as u32);
        around.shared.clear();
        around.barriers = Barriers::default();
        for (index, warp) in warps.iter_mut().enumerate() {
            warp.begin(threads - index * LANES);
        }
        run_block(&mut around, &mut warps)?;
    }
    Ok(Work {
        lanes: around.lanes,
        read: around.read,
        written: around.written,
    })
}

fn run_block(around: &mut Around, warps: &mut [Warp]) -> Result<(), Fault> {
    loop {
        let mut has_paused = false;
        for warp in &mut *warps {
            if warp.live & !warp.waiting == 0 {
                continue;
            }
            let stop = warp
                .run(around)
                .map_err(|fault| placed(around, warp.index, fault))?;
            has_paused |= stop == Stop::Pause;
        }
        if warps.iter().all(|warp| warp.live == 0) {
            return Ok(());
        }
        let mut has_released = false;
        for id in 0..16 {
            let waiting: u32 = warps.iter().map(|warp| warp.waiting_at(id)).sum();
            let is_due = match around.barriers.needed[id] {
                _ if waiting == 0 => false,
                Some(needed) => around.barriers.arrived[id] >= needed,
                None => waiting == warps.iter().map(|warp| warp.live.count_ones()).sum(),
            };
            if is_due {
                around.barriers.arrived[id] = 0;
                around.shared.barrier();
                for warp in &mut *warps {
                    warp.release(id);
                }
                has_released = true;
            }
        }
        if !has_released && !has_paused {
            let mut message = "a barrier that not all threads reach; waiting:".to_owned();
            for warp in &*warps {
                let (index, waiting, live) = (warp.index, warp.waiting, warp.live);
                let _ = write!(message, " warp {index} {waiting:#010x} of {live:#010x}");
            }
            return Err(placed(around, 0, Fault::launch(None, message)));
        }
    }
}

/// A fault with the kernel, the block, the thread and the line of PTX it happened in.
fn placed(around: &Around, warp: usize, fault: Fault) -> Fault {
    let [x, y, z] = around.block;
    let line = around
        .program
        .code
        .get(around.place as usize)
        .map_or(0, |one| one.line);
    let text = around.program.line(line);
    let who = match fault.lane {
        Some(lane) => {
            let thread = (warp * LANES + lane) as u32;
            let [w, h, _] = around.threads;
            let (i, j, k) = (thread % w, thread / w % h, thread / w / h);
            format!("thread ({i}, {j}, {k})")
        }
        None => format!("warp {warp}"),
    };
    let Fault {
        code,
        lane,
        message,
    } = fault;
    let name = &around.program.name;
    Fault {
        code,
        lane,
        message: format!(
            "{message}\n  in {name}, block ({x}, {y}, {z}), {who}\n  at PTX line {line}: {text}"
        ),
    }
}
