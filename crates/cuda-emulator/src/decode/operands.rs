//! Operands as registers.

use super::{Decoder, Symbol};
use crate::program::{Action, Place, Register, Special};
use crate::ptx::{self, Operand};

/// A register of either width.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Word(Register),
    Double(Register),
}

impl Decoder<'_> {
    /// A 32-bit (or 16-bit) source; `kind` is the type that a literal is read as.
    pub(super) fn word(&mut self, operand: &Operand, kind: &str) -> ptx::Result<Register> {
        match self.value(operand, kind)? {
            Value::Word(register) => Ok(register),
            Value::Double(register) => {
                // A wider register may stand where a narrower one is wanted in few places, which all take the low half.
                let d = self.new_word();
                let a = register;
                let how = crate::program::Convert::Shrink;
                self.emit(Action::Convert { how, d, a });
                Ok(d)
            }
        }
    }

    /// A 64-bit source.
    pub(super) fn double(&mut self, operand: &Operand, kind: &str) -> ptx::Result<Register> {
        match self.value(operand, kind)? {
            Value::Double(register) => Ok(register),
            Value::Word(_) => self.error("a 64-bit register is needed"),
        }
    }

    /// A source of the width it was declared with.
    pub(super) fn value(&mut self, operand: &Operand, kind: &str) -> ptx::Result<Value> {
        let bytes = ptx::bytes_of(kind).unwrap_or(4);
        let bits = match operand {
            Operand::Name(name) => return self.named(name),
            Operand::Integer(value) => *value as u64,
            Operand::Single(bits) => u64::from(*bits),
            Operand::Double(bits) if bytes == 4 => {
                u64::from((f64::from_bits(*bits) as f32).to_bits())
            }
            Operand::Double(bits) => *bits,
            other => return self.error(format!("unexpected operand {other:?}")),
        };
        Ok(match bytes {
            8 => Value::Double(self.constant64(bits)),
            4 => Value::Word(self.constant32(bits as u32)),
            _ => Value::Word(self.constant32(bits as u32 & 0xffff)),
        })
    }

    fn named(&mut self, name: &str) -> ptx::Result<Value> {
        match self.lookup(name) {
            Some(&Symbol::Word(register, _)) => Ok(Value::Word(register)),
            Some(&Symbol::Double(register)) => Ok(Value::Double(register)),
            Some(&Symbol::Variable(_, address)) => {
                Ok(Value::Double(self.constant64(address as u64)))
            }
            Some(_) => self.error(format!("{name} cannot stand here")),
            None if name == "WARP_SZ" => Ok(Value::Word(self.constant32(32))),
            None => match special(name) {
                Some(what @ (Special::Clock64 | Special::GlobalTimer | Special::GridId)) => {
                    let d = self.new_double();
                    self.emit(Action::Special { d, what });
                    Ok(Value::Double(d))
                }
                Some(what) => {
                    let d = self.new_word();
                    self.emit(Action::Special { d, what });
                    Ok(Value::Word(d))
                }
                None => self.error(format!("{name} is not declared")),
            },
        }
    }

    pub(super) fn constant32(&mut self, bits: u32) -> Register {
        if let Some(&register) = self.constants32.get(&bits) {
            return register;
        }
        let register = self.new_word();
        self.constants32.insert(bits, register);
        self.program.constants32.push((register, bits));
        register
    }

    pub(super) fn constant64(&mut self, bits: u64) -> Register {
        if let Some(&register) = self.constants64.get(&bits) {
            return register;
        }
        let register = self.new_double();
        self.constants64.insert(bits, register);
        self.program.constants64.push((register, bits));
        register
    }

    /// A predicate, and whether its complement is meant.
    pub(super) fn predicate(&mut self, operand: &Operand) -> ptx::Result<(Register, bool)> {
        let (name, negated) = match operand {
            Operand::Name(name) => (name, false),
            Operand::Not(name) => (name, true),
            Operand::Integer(value) => {
                return Ok((self.constant_predicate(*value != 0), false));
            }
            other => return self.error(format!("{other:?} is no predicate")),
        };
        match self.lookup(name) {
            Some(&Symbol::Predicate(register)) => Ok((register, negated)),
            _ => self.error(format!("{name} is no predicate")),
        }
    }

    /// A predicate that nobody writes, made on first use by an instruction without a guard.
    fn constant_predicate(&mut self, value: bool) -> Register {
        if let Some(register) = self.predicates[usize::from(value)] {
            return register;
        }
        let register = self.new_predicate();
        self.predicates[usize::from(value)] = Some(register);
        self.program.constant_predicates.push((register, value));
        register
    }

    /// Where a 32-bit result goes, and whether only 16 bits of it.
    pub(super) fn word_result(&mut self, operand: &Operand) -> ptx::Result<Register> {
        match operand {
            Operand::Name(name) if name == "_" => Ok(self.new_word()),
            Operand::Name(name) => match self.lookup(name) {
                Some(&Symbol::Word(register, _)) => Ok(register),
                _ => self.error(format!("{name} is no register of at most 32 bits")),
            },
            other => self.error(format!("{other:?} is no register")),
        }
    }

    pub(super) fn double_result(&mut self, operand: &Operand) -> ptx::Result<Register> {
        match operand {
            Operand::Name(name) if name == "_" => Ok(self.new_double()),
            Operand::Name(name) => match self.lookup(name) {
                Some(&Symbol::Double(register)) => Ok(register),
                _ => self.error(format!("{name} is no 64-bit register")),
            },
            other => self.error(format!("{other:?} is no register")),
        }
    }

    /// Where a result goes, in the width that was declared; `_` has that of `kind`.
    pub(super) fn result(&mut self, operand: &Operand, kind: &str) -> ptx::Result<Value> {
        match operand {
            Operand::Name(name) if name != "_" => match self.lookup(name) {
                Some(&Symbol::Word(register, _)) => Ok(Value::Word(register)),
                Some(&Symbol::Double(register)) => Ok(Value::Double(register)),
                _ => self.error(format!("{name} is no register")),
            },
            _ if ptx::bytes_of(kind) == Some(8) => Ok(Value::Double(self.double_result(operand)?)),
            _ => Ok(Value::Word(self.word_result(operand)?)),
        }
    }

    pub(super) fn predicate_result(&mut self, operand: &Operand) -> ptx::Result<Register> {
        match operand {
            Operand::Name(name) if name == "_" => Ok(self.new_predicate()),
            _ => match self.predicate(operand)? {
                (register, false) => Ok(register),
                _ => self.error("a result cannot be negated"),
            },
        }
    }

    /// `[base+offset]`: the base's 64-bit register, the offset and, for a variable, where it lives.
    pub(super) fn address(
        &mut self,
        operand: &Operand,
    ) -> ptx::Result<(Register, i32, Option<Place>)> {
        let Operand::Address { base, offset } = operand else {
            return self.error("an address is needed");
        };
        let Some(name) = base else {
            return Ok((self.constant64(*offset as u64), 0, None));
        };
        let Ok(short) = i32::try_from(*offset) else {
            return self.error("an offset beyond 32 bits");
        };
        match self.lookup(name) {
            Some(&Symbol::Double(register)) => Ok((register, short, None)),
            Some(&Symbol::Word(a, false)) => {
                let d = self.new_double();
                let how = crate::program::Convert::Grow;
                self.emit(Action::Convert { how, d, a });
                Ok((d, short, None))
            }
            Some(&Symbol::Variable(place, address)) => {
                Ok((self.constant64(address as u64), short, Some(place)))
            }
            _ => self.error(format!("{name} is no address")),
        }
    }
}

/// The special register of a name.
pub(super) fn special(name: &str) -> Option<Special> {
    let axis = match name.rsplit_once('.') {
        Some((_, "x")) => 0,
        Some((_, "y")) => 1,
        Some((_, "z")) => 2,
        _ => 3,
    };
    let base = if axis < 3 {
        &name[..name.len() - 2]
    } else {
        name
    };
    Some(match (base, axis) {
        ("%tid", 0..3) => Special::Thread(axis),
        ("%ntid", 0..3) => Special::Threads(axis),
        ("%ctaid", 0..3) => Special::Block(axis),
        ("%nctaid", 0..3) => Special::Blocks(axis),
        ("%laneid", 3) => Special::Lane,
        ("%warpid", 3) => Special::Warp,
        ("%nwarpid", 3) => Special::Warps,
        ("%smid", 3) => Special::Processor,
        ("%nsmid", 3) => Special::Processors,
        ("%clock" | "%clock_hi", 3) => Special::Clock,
        ("%clock64", 3) => Special::Clock64,
        ("%globaltimer", 3) => Special::GlobalTimer,
        ("%gridid", 3) => Special::GridId,
        ("%lanemask_eq", 3) => Special::LaneMask(0),
        ("%lanemask_lt", 3) => Special::LaneMask(1),
        ("%lanemask_le", 3) => Special::LaneMask(2),
        ("%lanemask_gt", 3) => Special::LaneMask(3),
        ("%lanemask_ge", 3) => Special::LaneMask(4),
        ("%dynamic_smem_size", 3) => Special::DynamicShared,
        ("%total_smem_size", 3) => Special::TotalShared,
        _ => return None,
    })
}
