//! Instructions that compute: integers, floats, bits, comparisons.

use super::tables::{binary32, binary64, counting, ternary32, ternary64, unary32, unary64};
use super::{Code, Decoder};
use crate::program::{Action, NONE, Predicate, Register, Shift64, Unary32};
use crate::ptx::{self, Operand};

impl Decoder<'_> {
    /// Decodes an instruction of this group; false for others.
    pub(super) fn arithmetic(&mut self, code: &Code, operands: &[Operand]) -> ptx::Result<bool> {
        if ["f32", "f64"].contains(&code.kind())
            && ["rz", "rm", "rp"].iter().any(|part| code.has(part))
        {
            return self.error(format!("the rounding of {} is not supported", code.whole));
        }
        match operands {
            _ if matches!(code.name, "setp" | "set" | "selp" | "slct" | "testp") => {
                return self.decide(code, operands);
            }
            [to, a] => {
                if let Some(op) = unary32(code) {
                    let kind = code.kind();
                    self.unary(code, op, to, a, kind)?;
                } else if let Some(op) = unary64(code) {
                    let (d, a) = (self.double_result(to)?, self.double(a, code.kind())?);
                    self.emit(Action::Unary64 { op, d, a });
                } else if let ("popc" | "clz" | "bfind", 8) = (code.name, code.bytes()) {
                    let Some(op) = counting(code) else {
                        return Ok(false);
                    };
                    let (d, a) = (self.word_result(to)?, self.double(a, code.kind())?);
                    self.emit(Action::Count64 { op, d, a });
                } else if code.kind() == "pred" && code.name == "not" {
                    let (d, (a, negated)) = (self.predicate_result(to)?, self.predicate(a)?);
                    if negated {
                        self.emit(Action::CopyP { d, a });
                    } else {
                        self.emit(Action::Predicate {
                            op: Predicate::Not,
                            d,
                            a,
                            b: a,
                        });
                    }
                } else {
                    return Ok(false);
                }
            }
            [to, a, b] => return self.binary(code, to, a, b),
            [to, a, b, c] => return self.ternary(code, to, a, b, c),
            [to, a, b, c, e] => match (code.name, code.bytes()) {
                ("bfi", 4) => {
                    let (a, b) = (self.word(a, "b32")?, self.word(b, "b32")?);
                    let (c, e) = (self.word(c, "u32")?, self.word(e, "u32")?);
                    let d = self.word_result(to)?;
                    self.emit(Action::Insert32 { d, a, b, c, e });
                }
                ("bfi", 8) => {
                    let (a, b) = (self.double(a, "b64")?, self.double(b, "b64")?);
                    let (c, e) = (self.word(c, "u32")?, self.word(e, "u32")?);
                    let d = self.double_result(to)?;
                    self.emit(Action::Insert64 { d, a, b, c, e });
                }
                ("lop3", 4) => {
                    let Operand::Integer(table) = e else {
                        return self.error("lop3 needs its table");
                    };
                    let table = *table as u8;
                    let (a, b) = (self.word(a, "b32")?, self.word(b, "b32")?);
                    let (d, c) = (self.word_result(to)?, self.word(c, "b32")?);
                    self.emit(Action::Lop3 { table, d, a, b, c });
                }
                _ => return Ok(false),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Inputs of a float instruction with `.ftz`, flushed.
    fn flushed(&mut self, code: &Code, a: Register) -> Register {
        if !(code.has("ftz") && code.kind() == "f32") {
            return a;
        }
        let d = self.new_word();
        self.emit(Action::Unary32 {
            op: Unary32::Flush,
            d,
            a,
        });
        d
    }

    /// The result of a float instruction with `.ftz` or `.sat`.
    fn settled(&mut self, code: &Code, d: Register) {
        if code.kind() != "f32" {
            return;
        }
        if code.has("ftz") {
            self.emit(Action::Unary32 {
                op: Unary32::Flush,
                d,
                a: d,
            });
        }
        if code.has("sat") {
            self.emit(Action::Unary32 {
                op: Unary32::Saturate,
                d,
                a: d,
            });
        }
    }

    fn unary(
        &mut self,
        code: &Code,
        op: Unary32,
        to: &Operand,
        a: &Operand,
        kind: &str,
    ) -> ptx::Result<()> {
        let a = self.word(a, kind)?;
        let a = self.flushed(code, a);
        let d = self.word_result(to)?;
        self.emit(Action::Unary32 { op, d, a });
        self.settled(code, d);
        Ok(())
    }

    fn binary(&mut self, code: &Code, to: &Operand, a: &Operand, b: &Operand) -> ptx::Result<bool> {
        let kind = code.kind();
        if kind == "pred" {
            let op = match code.name {
                "and" => Predicate::And,
                "or" => Predicate::Or,
                "xor" => Predicate::Xor,
                _ => return Ok(false),
            };
            let (d, a, b) = (self.predicate_result(to)?, self.plain(a)?, self.plain(b)?);
            self.emit(Action::Predicate { op, d, a, b });
            return Ok(true);
        }
        if code.name == "mul" && code.has("wide") {
            let signed = kind.starts_with('s');
            let (a, b, c) = (self.word(a, kind)?, self.word(b, kind)?, NONE);
            if code.bytes() == 4 {
                let d = self.double_result(to)?;
                self.emit(Action::Wide { signed, d, a, b, c });
            } else {
                let d = self.word_result(to)?;
                self.emit(Action::Wide16 { signed, d, a, b, c });
            }
            return Ok(true);
        }
        if let ("shl" | "shr", 8) = (code.name, code.bytes()) {
            let op = match (code.name, kind) {
                ("shl", _) => Shift64::Left,
                (_, "s64") => Shift64::RightS,
                _ => Shift64::RightU,
            };
            let (d, a, b) = (
                self.double_result(to)?,
                self.double(a, kind)?,
                self.word(b, "u32")?,
            );
            self.emit(Action::Shift64 { op, d, a, b });
        } else if let Some(op) = binary64(code) {
            let (d, a, b) = (
                self.double_result(to)?,
                self.double(a, kind)?,
                self.double(b, kind)?,
            );
            self.emit(Action::Binary64 { op, d, a, b });
        } else if let Some(op) = binary32(code) {
            let amount = if code.name.starts_with("sh") {
                "u32"
            } else {
                kind
            };
            let (a, b) = (self.word(a, kind)?, self.word(b, amount)?);
            let (a, b) = (self.flushed(code, a), self.flushed(code, b));
            let d = self.word_result(to)?;
            self.emit(Action::Binary32 { op, d, a, b });
            self.settled(code, d);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A predicate as a register, its complement made first where that is meant.
    pub(super) fn plain(&mut self, operand: &Operand) -> ptx::Result<Register> {
        let (a, negated) = self.predicate(operand)?;
        if !negated {
            return Ok(a);
        }
        let d = self.new_predicate();
        self.emit(Action::Predicate {
            op: Predicate::Not,
            d,
            a,
            b: a,
        });
        Ok(d)
    }

    fn ternary(
        &mut self,
        code: &Code,
        to: &Operand,
        a: &Operand,
        b: &Operand,
        c: &Operand,
    ) -> ptx::Result<bool> {
        let kind = code.kind();
        if matches!(code.name, "mad" | "fma") && code.has("wide") {
            let signed = kind.starts_with('s');
            let (a, b) = (self.word(a, kind)?, self.word(b, kind)?);
            if code.bytes() == 4 {
                let (d, c) = (self.double_result(to)?, self.double(c, "u64")?);
                self.emit(Action::Wide { signed, d, a, b, c });
            } else {
                let (d, c) = (self.word_result(to)?, self.word(c, "u32")?);
                self.emit(Action::Wide16 { signed, d, a, b, c });
            }
            return Ok(true);
        }
        if let ("bfe", 8) = (code.name, code.bytes()) {
            let signed = kind == "s64";
            let (d, a) = (self.double_result(to)?, self.double(a, kind)?);
            let (b, c) = (self.word(b, "u32")?, self.word(c, "u32")?);
            self.emit(Action::Extract64 { signed, d, a, b, c });
        } else if let Some(op) = ternary64(code) {
            let (a, b) = (self.double(a, kind)?, self.double(b, kind)?);
            let (d, c) = (self.double_result(to)?, self.double(c, kind)?);
            self.emit(Action::Ternary64 { op, d, a, b, c });
        } else if let Some(op) = ternary32(code) {
            // What is read as u32 beside the first: positions, amounts, selectors, the sum of dp4a.
            let rest = if matches!(code.name, "bfe" | "dp4a" | "prmt" | "shf") {
                "u32"
            } else {
                kind
            };
            let kind = if code.name == "dp4a" { "u32" } else { kind };
            let (a, b, c) = (
                self.word(a, kind)?,
                self.word(b, rest)?,
                self.word(c, rest)?,
            );
            let (a, b, c) = (
                self.flushed(code, a),
                self.flushed(code, b),
                self.flushed(code, c),
            );
            let d = self.word_result(to)?;
            self.emit(Action::Ternary32 { op, d, a, b, c });
            self.settled(code, d);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
