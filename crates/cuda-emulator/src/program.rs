//! A kernel as it is executed: a dense array of decoded instructions over numbered registers.
//!
//! Registers of 16 and 32 bits are rows of 32 lanes of `u32` (16-bit values have clean upper halves), those of 64 bits rows
//! of `u64`, and predicates one `u32` with a bit per lane. Constants are registers that nobody writes.

mod ops;

use std::sync::Arc;

pub(crate) use ops::*;

/// A register's row in the file of its width.
pub(crate) type Register = u16;

/// The register that stands for "none".
pub(crate) const NONE: Register = u16::MAX;

/// A kernel, ready to run.
pub(crate) struct Program {
    pub(crate) name: String,
    /// The text it came from, for messages.
    pub(crate) source: Arc<str>,
    pub(crate) code: Vec<Instruction>,
    /// Rows of 32-bit and 64-bit registers and number of predicates.
    pub(crate) registers: (usize, usize, usize),
    pub(crate) constants32: Vec<(Register, u32)>,
    pub(crate) constants64: Vec<(Register, u64)>,
    pub(crate) constant_predicates: Vec<(Register, bool)>,
    /// Bytes of all parameters, with offset and size of each.
    pub(crate) parameter_bytes: usize,
    pub(crate) parameters: Vec<(usize, usize)>,
    pub(crate) shared_bytes: usize,
    /// Whether it uses shared memory whose size the launch gives.
    pub(crate) dynamic_shared: bool,
    /// Bytes of local memory of a thread.
    pub(crate) local_bytes: usize,
    /// The smallest access to shared memory, in bytes, at most 4: the grain in which races are looked for.
    pub(crate) shared_grain: usize,
    pub(crate) most_threads: u32,
}

impl Program {
    /// The text of a line of the source.
    pub(crate) fn line(&self, line: u32) -> &str {
        let at = (line as usize).saturating_sub(1);
        self.source.lines().nth(at).unwrap_or_default().trim()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) action: Action,
    /// The predicate of `@%p`, or [`NONE`].
    pub(crate) guard: Register,
    pub(crate) negated: bool,
    pub(crate) line: u32,
}

/// Where a memory access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Global,
    Shared,
    Local,
    Param,
    Generic,
}

/// A load's or a store's address and shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) place: Place,
    /// Bytes of one element.
    pub(crate) size: u8,
    /// Elements: 1, 2 or 4.
    pub(crate) count: u8,
    /// Whether smaller values grow with their sign.
    pub(crate) signed: bool,
    /// Whether the registers have 64 bits.
    pub(crate) wide: bool,
    /// `.volatile` or `.relaxed` and above: threads may talk through it without a barrier.
    pub(crate) volatile: bool,
    /// The 64-bit register with the address.
    pub(crate) base: Register,
    pub(crate) offset: i32,
    pub(crate) values: [Register; 4],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Atomic {
    pub(crate) place: Place,
    pub(crate) op: AtomicOp,
    pub(crate) wide: bool,
    /// [`NONE`] for `red`.
    pub(crate) d: Register,
    pub(crate) base: Register,
    pub(crate) offset: i32,
    pub(crate) a: Register,
    pub(crate) b: Register,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtomicOp {
    Add,
    AddF,
    Inc,
    Dec,
    MinU,
    MinS,
    MaxU,
    MaxS,
    And,
    Or,
    Xor,
    Exchange,
    CompareAndSwap,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Nothing,
    Exit,
    Trap,
    Jump(u32),
    /// To one of the `count` jumps that follow, by the register.
    JumpTable {
        a: Register,
        count: u32,
    },
    Special {
        d: Register,
        what: Special,
    },
    Copy32 {
        d: Register,
        a: Register,
    },
    Copy64 {
        d: Register,
        a: Register,
    },
    CopyP {
        d: Register,
        a: Register,
    },
    Unary32 {
        op: Unary32,
        d: Register,
        a: Register,
    },
    Unary64 {
        op: Unary64,
        d: Register,
        a: Register,
    },
    Binary32 {
        op: Binary32,
        d: Register,
        a: Register,
        b: Register,
    },
    Binary64 {
        op: Binary64,
        d: Register,
        a: Register,
        b: Register,
    },
    Ternary32 {
        op: Ternary32,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    Ternary64 {
        op: Ternary64,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    /// A shift of 64 bits by a 32-bit register.
    Shift64 {
        op: Shift64,
        d: Register,
        a: Register,
        b: Register,
    },
    /// `bfe` of 64 bits.
    Extract64 {
        signed: bool,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    Insert32 {
        d: Register,
        a: Register,
        b: Register,
        c: Register,
        e: Register,
    },
    Insert64 {
        d: Register,
        a: Register,
        b: Register,
        c: Register,
        e: Register,
    },
    Lop3 {
        table: u8,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    /// 32 × 32 → 64 bits, plus a 64-bit register unless that is [`NONE`].
    Wide {
        signed: bool,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    /// 16 × 16 → 32 bits, plus a 32-bit register unless that is [`NONE`].
    Wide16 {
        signed: bool,
        d: Register,
        a: Register,
        b: Register,
        c: Register,
    },
    /// A count of bits of a 64-bit register as 32 bits.
    Count64 {
        op: Unary32,
        d: Register,
        a: Register,
    },
    Convert {
        how: Convert,
        d: Register,
        a: Register,
    },
    Compare(Compare),
    Select32 {
        d: Register,
        a: Register,
        b: Register,
        p: Register,
    },
    Select64 {
        d: Register,
        a: Register,
        b: Register,
        p: Register,
    },
    Predicate {
        op: Predicate,
        d: Register,
        a: Register,
        b: Register,
    },
    /// A 64-bit register's halves, and back.
    Split64 {
        d: [Register; 2],
        a: Register,
    },
    Join64 {
        d: Register,
        a: [Register; 2],
    },
    /// A 32-bit register's halves, and back.
    Split32 {
        d: [Register; 2],
        a: Register,
    },
    Join32 {
        d: Register,
        a: [Register; 2],
    },
    Load(Access),
    Store(Access),
    Atomic(Atomic),
    /// `aligned`: all threads of the warp come together. `count` [`NONE`]: all threads of the block.
    Barrier {
        aligned: bool,
        id: Register,
        count: Register,
        waits: bool,
    },
    WarpBarrier {
        members: Register,
    },
    Shuffle {
        mode: Shuffle,
        d: Register,
        p: Register,
        a: Register,
        b: Register,
        c: Register,
        members: Register,
    },
    /// `p` is read and, but for the ballot, written.
    Vote {
        mode: Vote,
        d: Register,
        p: Register,
        negated: bool,
        members: Register,
    },
    /// `match.any.sync.b32`
    Match {
        d: Register,
        a: Register,
        members: Register,
    },
    ActiveMask {
        d: Register,
    },
    /// Generic to a state space and back: adds the window's base, negative when leaving it.
    Window {
        d: Register,
        a: Register,
        by: i64,
    },
    IsSpace {
        place: Place,
        d: Register,
        a: Register,
    },
    /// `testp`
    Test {
        what: Test,
        wide: bool,
        d: Register,
        a: Register,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Special {
    Thread(u8),
    Threads(u8),
    Block(u8),
    Blocks(u8),
    Lane,
    Warp,
    Warps,
    Processor,
    Processors,
    Clock,
    Clock64,
    GlobalTimer,
    GridId,
    /// `%lanemask_eq`, `_lt`, `_le`, `_gt`, `_ge`
    LaneMask(u8),
    DynamicShared,
    TotalShared,
}
