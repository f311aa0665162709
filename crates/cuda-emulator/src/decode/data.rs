//! Instructions that move and convert: `ld`, `st`, `mov`, `cvt`, `cvta`, `atom`, `red`.

use super::operands::{Value, special};
use super::{Code, Decoder, Symbol};
use crate::program::{
    Access, Action, AnyConvert, Atomic, AtomicOp, Convert, NONE, Number, Place, Predicate, Rounding,
};
use crate::ptx::{self, Operand};

/// Where generic addresses of shared and of local memory begin.
pub(crate) const SHARED_WINDOW: u64 = 1 << 56;
pub(crate) const LOCAL_WINDOW: u64 = 1 << 57;
/// How long these windows are.
pub(crate) const WINDOW: u64 = 1 << 32;

impl Decoder<'_> {
    /// Decodes an instruction of this group; false for others.
    pub(super) fn data(&mut self, code: &Code, operands: &[Operand]) -> ptx::Result<bool> {
        match (code.name, operands) {
            ("ld" | "ldu", [to, from]) => self.load(code, to, from)?,
            ("st", [to, from]) => self.store(code, to, from)?,
            ("mov", [to, from]) => self.move_(code, to, from)?,
            ("cvt", [to, from]) => self.convert(code, to, from)?,
            ("cvta", [to, from]) => self.window(code, to, from)?,
            ("isspacep", [to, from]) => {
                let place = self.place(code);
                let (d, a) = (self.predicate_result(to)?, self.double(from, "u64")?);
                self.emit(Action::IsSpace { place, d, a });
            }
            ("atom", [to, at, rest @ ..]) => self.atomic(code, Some(to), at, rest)?,
            ("red", [at, rest @ ..]) => self.atomic(code, None, at, rest)?,
            ("prefetch" | "prefetchu" | "discard" | "applypriority", _) => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn place(&self, code: &Code) -> Place {
        for part in &code.parts {
            let part = part.split("::").next().unwrap_or_default();
            match part {
                "global" | "const" => return Place::Global,
                "shared" => return Place::Shared,
                "local" => return Place::Local,
                // What a device function is given lies with its caller's variables.
                "param" if self.depth > 0 => return Place::Local,
                "param" => return Place::Param,
                _ => {}
            }
        }
        Place::Generic
    }

    fn access(&mut self, code: &Code, address: &Operand, values: &[Value]) -> ptx::Result<Access> {
        let (base, offset, of_variable) = self.address(address)?;
        let place = of_variable.unwrap_or_else(|| self.place(code));
        let size = code.bytes();
        if place == Place::Shared || place == Place::Generic {
            self.program.shared_grain = self.program.shared_grain.min(size);
        }
        let mut access = Access {
            place,
            size: size as u8,
            count: values.len() as u8,
            signed: code.kind().starts_with('s'),
            wide: matches!(values.first(), Some(Value::Double(_))),
            volatile: ["volatile", "relaxed", "acquire", "release", "mmio"]
                .iter()
                .any(|part| code.has(part)),
            base,
            offset,
            values: [NONE; 4],
        };
        if size == 0 || !matches!(values.len(), 1 | 2 | 4) || size * values.len() > 16 {
            return self.error(format!("the access {} is not supported", code.whole));
        }
        for (slot, value) in access.values.iter_mut().zip(values) {
            *slot = match (value, access.wide) {
                (&Value::Word(register), false) | (&Value::Double(register), true) => register,
                _ => return self.error("registers of different widths in one access"),
            };
        }
        Ok(access)
    }

    fn load(&mut self, code: &Code, to: &Operand, from: &Operand) -> ptx::Result<()> {
        let kind = code.kind();
        let mut values = Vec::new();
        match to {
            Operand::Vector(all) => {
                for one in all {
                    values.push(self.result(one, kind)?);
                }
            }
            one => values.push(self.result(one, kind)?),
        }
        let access = self.access(code, from, &values)?;
        self.emit(Action::Load(access));
        if access.signed
            && let Operand::Name(name) = to
        {
            self.clean(name);
        }
        Ok(())
    }

    fn store(&mut self, code: &Code, to: &Operand, from: &Operand) -> ptx::Result<()> {
        let kind = code.kind();
        let mut values = Vec::new();
        match from {
            Operand::Vector(all) => {
                for one in all {
                    values.push(self.value(one, kind)?);
                }
            }
            one => values.push(self.value(one, kind)?),
        }
        let access = self.access(code, to, &values)?;
        self.emit(Action::Store(access));
        Ok(())
    }

    fn move_(&mut self, code: &Code, to: &Operand, from: &Operand) -> ptx::Result<()> {
        let kind = code.kind();
        match (to, from) {
            _ if kind == "pred" => {
                let d = self.predicate_result(to)?;
                let (a, negated) = self.predicate(from)?;
                if negated {
                    let (op, b) = (Predicate::Not, a);
                    self.emit(Action::Predicate { op, d, a, b });
                } else {
                    self.emit(Action::CopyP { d, a });
                }
            }
            (Operand::Vector(parts), _) => self.split(code, parts, from)?,
            (_, Operand::Vector(parts)) => self.join(code, to, parts)?,
            (_, Operand::Name(name)) if kind == "u32" && special(name).is_some() => {
                let d = self.word_result(to)?;
                if let Some(what) = special(name) {
                    self.emit(Action::Special { d, what });
                }
            }
            _ => match (self.result(to, kind)?, self.value(from, kind)?) {
                (Value::Word(d), Value::Word(a)) => self.emit(Action::Copy32 { d, a }),
                (Value::Double(d), Value::Double(a)) => self.emit(Action::Copy64 { d, a }),
                (Value::Word(d), Value::Double(a)) => {
                    let how = Convert::Shrink;
                    self.emit(Action::Convert { how, d, a });
                }
                (Value::Double(d), Value::Word(a)) => {
                    let how = Convert::Grow;
                    self.emit(Action::Convert { how, d, a });
                }
            },
        }
        Ok(())
    }

    fn split(&mut self, code: &Code, parts: &[Operand], from: &Operand) -> ptx::Result<()> {
        match (code.bytes(), parts) {
            (4, [low, high]) => {
                let a = self.word(from, "b32")?;
                let d = [self.word_result(low)?, self.word_result(high)?];
                self.emit(Action::Split32 { d, a });
            }
            (8, [low, high]) => {
                let a = self.double(from, "b64")?;
                let d = [self.word_result(low)?, self.word_result(high)?];
                self.emit(Action::Split64 { d, a });
            }
            (8, [first, second, third, fourth]) => {
                let a = self.double(from, "b64")?;
                let halves = [self.new_word(), self.new_word()];
                self.emit(Action::Split64 { d: halves, a });
                for (a, pair) in halves.into_iter().zip([[first, second], [third, fourth]]) {
                    let d = [self.word_result(pair[0])?, self.word_result(pair[1])?];
                    self.emit(Action::Split32 { d, a });
                }
            }
            _ => return self.error(format!("{} cannot be taken apart so", code.whole)),
        }
        Ok(())
    }

    fn join(&mut self, code: &Code, to: &Operand, parts: &[Operand]) -> ptx::Result<()> {
        match (code.bytes(), parts) {
            (4, [low, high]) => {
                let a = [self.word(low, "b16")?, self.word(high, "b16")?];
                let d = self.word_result(to)?;
                self.emit(Action::Join32 { d, a });
            }
            (8, [low, high]) => {
                let a = [self.word(low, "b32")?, self.word(high, "b32")?];
                let d = self.double_result(to)?;
                self.emit(Action::Join64 { d, a });
            }
            (8, [first, second, third, fourth]) => {
                let halves = [self.new_word(), self.new_word()];
                for (d, pair) in halves.into_iter().zip([[first, second], [third, fourth]]) {
                    let a = [self.word(pair[0], "b16")?, self.word(pair[1], "b16")?];
                    self.emit(Action::Join32 { d, a });
                }
                let d = self.double_result(to)?;
                self.emit(Action::Join64 { d, a: halves });
            }
            _ => return self.error(format!("{} cannot be put together so", code.whole)),
        }
        Ok(())
    }

    fn numeric(&self, kind: &str) -> ptx::Result<Number> {
        Ok(match kind {
            "f16" => Number::Half,
            "bf16" => Number::Brain,
            "f32" => Number::Single,
            "f64" => Number::Double,
            _ => match ptx::bytes_of(kind) {
                Some(bytes) if bytes <= 8 && kind.starts_with(['u', 's']) => {
                    Number::Integer(bytes as u8, kind.starts_with('s'))
                }
                _ => return self.error(format!("no conversion of {kind}")),
            },
        })
    }

    fn convert(&mut self, code: &Code, to: &Operand, from: &Operand) -> ptx::Result<()> {
        let (to_kind, from_kind) = (code.first_kind(), code.kind());
        let (to_number, from_number) = (self.numeric(to_kind)?, self.numeric(from_kind)?);
        let (result, value) = (self.result(to, to_kind)?, self.value(from, from_kind)?);
        let rounding = match () {
            () if code.has("rz") || code.has("rzi") => Rounding::Zero,
            () if code.has("rm") || code.has("rmi") => Rounding::Down,
            () if code.has("rp") || code.has("rpi") => Rounding::Up,
            () => Rounding::Even,
        };
        let any = AnyConvert {
            to: to_number,
            from: from_number,
            rounding,
            whole: ["rni", "rzi", "rmi", "rpi"]
                .iter()
                .any(|part| code.has(part)),
            flush: code.has("ftz"),
            saturate: code.has("sat"),
            wide_to: matches!(result, Value::Double(_)),
            wide_from: matches!(value, Value::Double(_)),
        };
        let (Value::Word(d) | Value::Double(d)) = result;
        let (Value::Word(a) | Value::Double(a)) = value;
        let is_plain = !any.flush && !any.saturate && rounding == Rounding::Even;
        let how = match (to_kind, from_kind, any.wide_to, any.wide_from) {
            ("u64" | "s64", "u32" | "u16", true, false) if is_plain => Convert::Grow,
            ("u64" | "s64", "s32", true, false) if is_plain => Convert::GrowS,
            ("u32" | "s32", "u64" | "s64", false, true) if is_plain => Convert::Shrink,
            ("u16", "u16" | "u32" | "s32", false, false) if is_plain => Convert::Low16,
            ("u32" | "s32", "u16", false, false) if is_plain => Convert::Low16,
            ("f32", "f16", false, false) if is_plain => Convert::HalfToSingle,
            ("f16", "f32", false, false) if is_plain => Convert::SingleToHalf,
            _ => Convert::Any(any),
        };
        self.emit(Action::Convert { how, d, a });
        if let (Number::Integer(_, true), Operand::Name(name)) = (to_number, to) {
            self.clean(name);
        }
        Ok(())
    }

    /// After a value that grew with its sign: the upper half of a 16-bit register stays zero.
    fn clean(&mut self, name: &str) {
        if let Some(&Symbol::Word(d, true)) = self.lookup(name) {
            let how = Convert::Low16;
            self.emit(Action::Convert { how, d, a: d });
        }
    }

    fn window(&mut self, code: &Code, to: &Operand, from: &Operand) -> ptx::Result<()> {
        if code.bytes() != 8 {
            return self.error("addresses must have 64 bits");
        }
        let (d, a) = (self.double_result(to)?, self.double(from, "u64")?);
        // Of a variable, which may live elsewhere than the instruction says where a call was written out.
        let place = match from {
            Operand::Name(name) => match self.lookup(name) {
                Some(&Symbol::Variable(place, _)) => place,
                _ => self.place(code),
            },
            _ => self.place(code),
        };
        let by = match place {
            Place::Shared => SHARED_WINDOW as i64,
            Place::Local => LOCAL_WINDOW as i64,
            Place::Param => return self.error("generic addresses of parameters are not supported"),
            _ => 0,
        };
        let by = if code.has("to") { -by } else { by };
        self.emit(Action::Window { d, a, by });
        Ok(())
    }

    fn atomic(
        &mut self,
        code: &Code,
        to: Option<&Operand>,
        at: &Operand,
        rest: &[Operand],
    ) -> ptx::Result<()> {
        let kind = code.kind();
        let op = code.parts.iter().find_map(|part| {
            Some(match (*part, kind) {
                ("add", "f32" | "f64") => AtomicOp::AddF,
                ("add", _) => AtomicOp::Add,
                ("inc", _) => AtomicOp::Inc,
                ("dec", _) => AtomicOp::Dec,
                ("min", "s32" | "s64") => AtomicOp::MinS,
                ("min", _) => AtomicOp::MinU,
                ("max", "s32" | "s64") => AtomicOp::MaxS,
                ("max", _) => AtomicOp::MaxU,
                ("and", _) => AtomicOp::And,
                ("or", _) => AtomicOp::Or,
                ("xor", _) => AtomicOp::Xor,
                ("exch", _) => AtomicOp::Exchange,
                ("cas", _) => AtomicOp::CompareAndSwap,
                _ => return None,
            })
        });
        let wide = code.bytes() == 8;
        let (Some(op), true) = (op, matches!(code.bytes(), 4 | 8)) else {
            return self.error(format!("the atomic {} is not supported", code.whole));
        };
        let (base, offset, of_variable) = self.address(at)?;
        let mut values = [NONE; 2];
        for (value, operand) in values.iter_mut().zip(rest) {
            *value = if wide {
                self.double(operand, kind)?
            } else {
                self.word(operand, kind)?
            };
        }
        let d = match to {
            None => NONE,
            Some(to) if wide => self.double_result(to)?,
            Some(to) => self.word_result(to)?,
        };
        let [a, b] = values;
        if a == NONE || (b == NONE) == (op == AtomicOp::CompareAndSwap) {
            return self.error("a wrong number of operands");
        }
        self.emit(Action::Atomic(Atomic {
            place: of_variable.unwrap_or_else(|| self.place(code)),
            op,
            wide,
            d,
            base,
            offset,
            a,
            b,
        }));
        Ok(())
    }
}
