//! The operations that instructions name.

use super::Register;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary32 {
    Not,
    Not16,
    Negate,
    Negate16,
    Absolute,
    Absolute16,
    PopulationCount,
    LeadingZeros,
    Reverse,
    /// `bfind.u32` and `.s32`, and the same as a shift amount.
    FindU,
    FindS,
    FindShiftU,
    FindShiftS,
    NegateF,
    AbsoluteF,
    Reciprocal,
    Root,
    ReciprocalRoot,
    Exponential,
    Logarithm,
    Sine,
    Cosine,
    Tangent,
    NegateH,
    AbsoluteH,
    /// Subnormals of either side become zero.
    Flush,
    Saturate,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary64 {
    Not,
    Negate,
    Absolute,
    Reverse,
    NegateF,
    AbsoluteF,
    Reciprocal,
    Root,
    ReciprocalRoot,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Binary32 {
    Add,
    Subtract,
    Multiply,
    HighU,
    HighS,
    DivideU,
    DivideS,
    RemainderU,
    RemainderS,
    MinU,
    MinS,
    MaxU,
    MaxS,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRightU,
    ShiftRightS,
    Add16,
    Subtract16,
    Multiply16,
    HighU16,
    HighS16,
    DivideS16,
    RemainderS16,
    MinS16,
    MaxS16,
    ShiftLeft16,
    ShiftRightS16,
    AddF,
    SubtractF,
    MultiplyF,
    DivideF,
    MinF,
    MaxF,
    CopySignF,
    AddH,
    SubtractH,
    MultiplyH,
    MinH,
    MaxH,
    AddH2,
    SubtractH2,
    MultiplyH2,
    MinH2,
    MaxH2,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Binary64 {
    Add,
    Subtract,
    Multiply,
    HighU,
    HighS,
    DivideU,
    DivideS,
    RemainderU,
    RemainderS,
    MinU,
    MinS,
    MaxU,
    MaxS,
    And,
    Or,
    Xor,
    AddF,
    SubtractF,
    MultiplyF,
    DivideF,
    MinF,
    MaxF,
    CopySignF,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ternary32 {
    FusedF,
    MultiplyAdd,
    HighAddU,
    HighAddS,
    MultiplyAdd16,
    DifferenceU,
    DifferenceS,
    ExtractU,
    ExtractS,
    Permute,
    FunnelLeftWrap,
    FunnelLeftClamp,
    FunnelRightWrap,
    FunnelRightClamp,
    Dot4UU,
    Dot4US,
    Dot4SU,
    Dot4SS,
    FusedH,
    FusedH2,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ternary64 {
    FusedF,
    MultiplyAdd,
    HighAddU,
    HighAddS,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shift64 {
    Left,
    RightU,
    RightS,
}

/// A number's type in a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Bytes, and whether it has a sign.
    Integer(u8, bool),
    Half,
    Brain,
    Single,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Even,
    Zero,
    Down,
    Up,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Convert {
    /// 32 → 64 bits without and with sign, 64 → 32 bits, and the low 16 bits.
    Grow,
    GrowS,
    Shrink,
    Low16,
    HalfToSingle,
    SingleToHalf,
    Any(AnyConvert),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AnyConvert {
    pub(crate) to: Number,
    pub(crate) from: Number,
    pub(crate) rounding: Rounding,
    /// Whether a float becomes a float with a whole value.
    pub(crate) whole: bool,
    pub(crate) flush: bool,
    pub(crate) saturate: bool,
    /// Whether the registers have 64 bits.
    pub(crate) wide_to: bool,
    pub(crate) wide_from: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Compared {
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
    Half,
    Single,
    /// Subnormals count as zero.
    Flushed,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Neither is a NaN.
    Number,
    /// One is a NaN.
    Nan,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Compare {
    pub(crate) kind: Compared,
    pub(crate) relation: Relation,
    /// Whether a NaN makes it true.
    pub(crate) unordered: bool,
    /// The result, and its complement.
    pub(crate) d: Register,
    pub(crate) q: Register,
    pub(crate) a: Register,
    pub(crate) b: Register,
    /// The predicate the result is combined with.
    pub(crate) with: Register,
    pub(crate) with_negated: bool,
    pub(crate) op: Predicate,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate {
    And,
    Or,
    Xor,
    Not,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shuffle {
    Up,
    Down,
    Butterfly,
    Index,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Vote {
    All,
    Any,
    Uniform,
    Ballot,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    Finite,
    Infinite,
    Number,
    NotANumber,
    Normal,
    Subnormal,
}
