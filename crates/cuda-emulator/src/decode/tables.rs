//! Which instruction is which operation.

use super::Code;
use crate::program::{Binary32, Binary64, Relation, Ternary32, Ternary64, Unary32, Unary64};

/// A comparison's name, and whether a NaN makes it true.
pub(super) fn relation(part: &str) -> Option<(Relation, bool)> {
    Some(match part {
        "eq" => (Relation::Equal, false),
        // Of floats, `ne` is false where one is a NaN.
        "ne" => (Relation::NotEqual, false),
        "lt" | "lo" => (Relation::Less, false),
        "le" | "ls" => (Relation::LessOrEqual, false),
        "gt" | "hi" => (Relation::Greater, false),
        "ge" | "hs" => (Relation::GreaterOrEqual, false),
        "equ" => (Relation::Equal, true),
        "neu" => (Relation::NotEqual, true),
        "ltu" => (Relation::Less, true),
        "leu" => (Relation::LessOrEqual, true),
        "gtu" => (Relation::Greater, true),
        "geu" => (Relation::GreaterOrEqual, true),
        "num" => (Relation::Number, false),
        "nan" => (Relation::Nan, true),
        _ => return None,
    })
}

pub(super) fn counting(code: &Code) -> Option<Unary32> {
    Some(
        match (
            code.name,
            code.kind().starts_with('s'),
            code.has("shiftamt"),
        ) {
            ("popc", ..) => Unary32::PopulationCount,
            ("clz", ..) => Unary32::LeadingZeros,
            ("bfind", false, false) => Unary32::FindU,
            ("bfind", true, false) => Unary32::FindS,
            ("bfind", false, true) => Unary32::FindShiftU,
            ("bfind", true, true) => Unary32::FindShiftS,
            _ => return None,
        },
    )
}

pub(super) fn unary32(code: &Code) -> Option<Unary32> {
    Some(match (code.name, code.kind()) {
        ("not" | "cnot", "pred") => return None,
        ("not", "b32") => Unary32::Not,
        ("not", "b16") => Unary32::Not16,
        ("neg", "s32") => Unary32::Negate,
        ("neg", "s16") => Unary32::Negate16,
        ("abs", "s32") => Unary32::Absolute,
        ("abs", "s16") => Unary32::Absolute16,
        ("popc" | "clz", "b32") | ("bfind", "u32" | "s32") => return counting(code),
        ("brev", "b32") => Unary32::Reverse,
        ("neg", "f32") => Unary32::NegateF,
        ("abs", "f32") => Unary32::AbsoluteF,
        ("rcp", "f32") => Unary32::Reciprocal,
        ("sqrt", "f32") => Unary32::Root,
        ("rsqrt", "f32") => Unary32::ReciprocalRoot,
        ("ex2", "f32") => Unary32::Exponential,
        ("lg2", "f32") => Unary32::Logarithm,
        ("sin", "f32") => Unary32::Sine,
        ("cos", "f32") => Unary32::Cosine,
        ("tanh", "f32") => Unary32::Tangent,
        ("neg", "f16") => Unary32::NegateH,
        ("abs", "f16") => Unary32::AbsoluteH,
        _ => return None,
    })
}

pub(super) fn unary64(code: &Code) -> Option<Unary64> {
    Some(match (code.name, code.kind()) {
        ("not", "b64") => Unary64::Not,
        ("neg", "s64") => Unary64::Negate,
        ("abs", "s64") => Unary64::Absolute,
        ("brev", "b64") => Unary64::Reverse,
        ("neg", "f64") => Unary64::NegateF,
        ("abs", "f64") => Unary64::AbsoluteF,
        ("rcp", "f64") => Unary64::Reciprocal,
        ("sqrt", "f64") => Unary64::Root,
        ("rsqrt", "f64") => Unary64::ReciprocalRoot,
        _ => return None,
    })
}

pub(super) fn binary32(code: &Code) -> Option<Binary32> {
    let high = code.has("hi");
    Some(match (code.name, code.kind()) {
        ("add" | "sub", "u32" | "s32") if code.has("sat") || code.has("cc") => return None,
        ("add", "u32" | "s32") => Binary32::Add,
        ("sub", "u32" | "s32") => Binary32::Subtract,
        ("mul", "u32") if high => Binary32::HighU,
        ("mul", "s32") if high => Binary32::HighS,
        ("mul", "u32" | "s32") => Binary32::Multiply,
        ("div", "u32" | "u16") => Binary32::DivideU,
        ("div", "s32") => Binary32::DivideS,
        ("rem", "u32" | "u16") => Binary32::RemainderU,
        ("rem", "s32") => Binary32::RemainderS,
        ("min", "u32" | "u16") => Binary32::MinU,
        ("min", "s32") => Binary32::MinS,
        ("max", "u32" | "u16") => Binary32::MaxU,
        ("max", "s32") => Binary32::MaxS,
        ("and", "b32" | "b16") => Binary32::And,
        ("or", "b32" | "b16") => Binary32::Or,
        ("xor", "b32" | "b16") => Binary32::Xor,
        ("shl", "b32") => Binary32::ShiftLeft,
        ("shr", "u32" | "b32" | "u16" | "b16") => Binary32::ShiftRightU,
        ("shr", "s32") => Binary32::ShiftRightS,
        ("add", "u16" | "s16") => Binary32::Add16,
        ("sub", "u16" | "s16") => Binary32::Subtract16,
        ("mul", "u16") if high => Binary32::HighU16,
        ("mul", "s16") if high => Binary32::HighS16,
        ("mul", "u16" | "s16") => Binary32::Multiply16,
        ("div", "s16") => Binary32::DivideS16,
        ("rem", "s16") => Binary32::RemainderS16,
        ("min", "s16") => Binary32::MinS16,
        ("max", "s16") => Binary32::MaxS16,
        ("shl", "b16") => Binary32::ShiftLeft16,
        ("shr", "s16") => Binary32::ShiftRightS16,
        ("add", "f32") => Binary32::AddF,
        ("sub", "f32") => Binary32::SubtractF,
        ("mul", "f32") => Binary32::MultiplyF,
        ("div", "f32") => Binary32::DivideF,
        ("min" | "max", "f32" | "f64" | "f16") if code.has("NaN") => return None,
        ("min", "f32") => Binary32::MinF,
        ("max", "f32") => Binary32::MaxF,
        ("copysign", "f32") => Binary32::CopySignF,
        (_, "f16" | "f16x2") if code.has("ftz") || code.has("sat") => return None,
        ("add", "f16") => Binary32::AddH,
        ("sub", "f16") => Binary32::SubtractH,
        ("mul", "f16") => Binary32::MultiplyH,
        ("min", "f16") => Binary32::MinH,
        ("max", "f16") => Binary32::MaxH,
        ("add", "f16x2") => Binary32::AddH2,
        ("sub", "f16x2") => Binary32::SubtractH2,
        ("mul", "f16x2") => Binary32::MultiplyH2,
        ("min", "f16x2") => Binary32::MinH2,
        ("max", "f16x2") => Binary32::MaxH2,
        _ => return None,
    })
}

pub(super) fn binary64(code: &Code) -> Option<Binary64> {
    let high = code.has("hi");
    Some(match (code.name, code.kind()) {
        ("add" | "sub", "u64" | "s64") if code.has("cc") => return None,
        ("add", "u64" | "s64") => Binary64::Add,
        ("sub", "u64" | "s64") => Binary64::Subtract,
        ("mul", "u64") if high => Binary64::HighU,
        ("mul", "s64") if high => Binary64::HighS,
        ("mul", "u64" | "s64") => Binary64::Multiply,
        ("div", "u64") => Binary64::DivideU,
        ("div", "s64") => Binary64::DivideS,
        ("rem", "u64") => Binary64::RemainderU,
        ("rem", "s64") => Binary64::RemainderS,
        ("min", "u64") => Binary64::MinU,
        ("min", "s64") => Binary64::MinS,
        ("max", "u64") => Binary64::MaxU,
        ("max", "s64") => Binary64::MaxS,
        ("and", "b64") => Binary64::And,
        ("or", "b64") => Binary64::Or,
        ("xor", "b64") => Binary64::Xor,
        ("add", "f64") => Binary64::AddF,
        ("sub", "f64") => Binary64::SubtractF,
        ("mul", "f64") => Binary64::MultiplyF,
        ("div", "f64") => Binary64::DivideF,
        ("min", "f64") => Binary64::MinF,
        ("max", "f64") => Binary64::MaxF,
        ("copysign", "f64") => Binary64::CopySignF,
        _ => return None,
    })
}

pub(super) fn ternary32(code: &Code) -> Option<Ternary32> {
    let kinds = (
        code.first_kind().starts_with('s'),
        code.kind().starts_with('s'),
    );
    Some(match (code.name, code.kind()) {
        ("fma" | "mad", "f32") => Ternary32::FusedF,
        ("mad", "u32" | "s32") if code.has("sat") || code.has("cc") => return None,
        ("mad", "u32") if code.has("hi") => Ternary32::HighAddU,
        ("mad", "s32") if code.has("hi") => Ternary32::HighAddS,
        ("mad", "u32" | "s32") => Ternary32::MultiplyAdd,
        ("mad", "u16" | "s16") if code.has("lo") => Ternary32::MultiplyAdd16,
        ("sad", "u32") => Ternary32::DifferenceU,
        ("sad", "s32") => Ternary32::DifferenceS,
        ("bfe", "u32") => Ternary32::ExtractU,
        ("bfe", "s32") => Ternary32::ExtractS,
        ("prmt", "b32") if code.parts.len() == 1 => Ternary32::Permute,
        ("shf", "b32") => match (code.has("l"), code.has("wrap")) {
            (true, true) => Ternary32::FunnelLeftWrap,
            (true, false) => Ternary32::FunnelLeftClamp,
            (false, true) => Ternary32::FunnelRightWrap,
            (false, false) => Ternary32::FunnelRightClamp,
        },
        ("dp4a", _) => match kinds {
            (false, false) => Ternary32::Dot4UU,
            (false, true) => Ternary32::Dot4US,
            (true, false) => Ternary32::Dot4SU,
            (true, true) => Ternary32::Dot4SS,
        },
        (_, "f16" | "f16x2") if code.has("ftz") || code.has("sat") => return None,
        ("fma", "f16") => Ternary32::FusedH,
        ("fma", "f16x2") => Ternary32::FusedH2,
        _ => return None,
    })
}

pub(super) fn ternary64(code: &Code) -> Option<Ternary64> {
    Some(match (code.name, code.kind()) {
        ("fma" | "mad", "f64") => Ternary64::FusedF,
        ("mad", "u64") if code.has("hi") => Ternary64::HighAddU,
        ("mad", "s64") if code.has("hi") => Ternary64::HighAddS,
        ("mad", "u64" | "s64") => Ternary64::MultiplyAdd,
        _ => return None,
    })
}
