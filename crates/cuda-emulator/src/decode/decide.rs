//! Instructions that compare and choose.

use super::tables::relation;
use super::{Code, Decoder};
use crate::program::{Action, Compare, Compared, NONE, Predicate, Register, Test};
use crate::ptx::{self, Operand};

impl Decoder<'_> {
    /// `setp`, `set`, `selp`, `slct` and `testp`.
    pub(super) fn decide(&mut self, code: &Code, operands: &[Operand]) -> ptx::Result<bool> {
        let kind = code.kind();
        let wide = code.bytes() == 8;
        match (code.name, operands) {
            ("setp", [to, a, b]) => self.compare(code, to, a, b, None)?,
            ("setp", [to, a, b, with]) => self.compare(code, to, a, b, Some(with))?,
            ("set", [to, a, b]) => {
                let p = self.new_predicate();
                self.emit_compare(code, (p, NONE), a, b, None)?;
                let one = match code.first_kind() {
                    "f32" => 1f32.to_bits(),
                    "u32" | "s32" => u32::MAX,
                    _ => return Ok(false),
                };
                let (a, b) = (self.constant32(one), self.constant32(0));
                let d = self.word_result(to)?;
                self.emit(Action::Select32 { d, a, b, p });
            }
            ("selp", [to, a, b, p]) => {
                let (p, negated) = self.predicate(p)?;
                let (a, b) = if negated { (b, a) } else { (a, b) };
                if wide {
                    let (d, a, b) = (
                        self.double_result(to)?,
                        self.double(a, kind)?,
                        self.double(b, kind)?,
                    );
                    self.emit(Action::Select64 { d, a, b, p });
                } else {
                    let (d, a, b) = (
                        self.word_result(to)?,
                        self.word(a, kind)?,
                        self.word(b, kind)?,
                    );
                    self.emit(Action::Select32 { d, a, b, p });
                }
            }
            ("slct", [to, a, b, c]) if kind == "s32" && code.first_kind() != "" => {
                let p = self.new_predicate();
                let zero = Operand::Integer(0);
                let compare = Code::new("setp.ge.s32");
                self.emit_compare(&compare, (p, NONE), c, &zero, None)?;
                let first = code.first_kind();
                if ptx::bytes_of(first) == Some(8) {
                    let (d, a, b) = (
                        self.double_result(to)?,
                        self.double(a, first)?,
                        self.double(b, first)?,
                    );
                    self.emit(Action::Select64 { d, a, b, p });
                } else {
                    let (d, a, b) = (
                        self.word_result(to)?,
                        self.word(a, first)?,
                        self.word(b, first)?,
                    );
                    self.emit(Action::Select32 { d, a, b, p });
                }
            }
            ("testp", [to, a]) => {
                let what = match code.parts.first().copied() {
                    Some("finite") => Test::Finite,
                    Some("infinite") => Test::Infinite,
                    Some("number") => Test::Number,
                    Some("notanumber") => Test::NotANumber,
                    Some("normal") => Test::Normal,
                    Some("subnormal") => Test::Subnormal,
                    _ => return Ok(false),
                };
                let d = self.predicate_result(to)?;
                let a = if wide {
                    self.double(a, kind)?
                } else {
                    self.word(a, kind)?
                };
                self.emit(Action::Test { what, wide, d, a });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn compare(
        &mut self,
        code: &Code,
        to: &Operand,
        a: &Operand,
        b: &Operand,
        with: Option<&Operand>,
    ) -> ptx::Result<()> {
        let results = match to {
            Operand::Pair(d, q) => {
                let name = |name: &String| Operand::Name(name.clone());
                (
                    self.predicate_result(&name(d))?,
                    self.predicate_result(&name(q))?,
                )
            }
            one => (self.predicate_result(one)?, NONE),
        };
        self.emit_compare(code, results, a, b, with)
    }

    fn emit_compare(
        &mut self,
        code: &Code,
        (d, q): (Register, Register),
        a: &Operand,
        b: &Operand,
        with: Option<&Operand>,
    ) -> ptx::Result<()> {
        let text = code.kind();
        let kind = match text {
            "u16" | "b16" => Compared::U16,
            "s16" => Compared::S16,
            "u32" | "b32" => Compared::U32,
            "s32" => Compared::S32,
            "u64" | "b64" => Compared::U64,
            "s64" => Compared::S64,
            "f16" => Compared::Half,
            "f32" if code.has("ftz") => Compared::Flushed,
            "f32" => Compared::Single,
            "f64" => Compared::Double,
            _ => return self.error(format!("no comparison of {text}")),
        };
        let Some((relation, unordered)) = code.parts.iter().find_map(|part| relation(part)) else {
            return self.error(format!("no comparison in {}", code.whole));
        };
        let op = match () {
            () if code.has("and") => Predicate::And,
            () if code.has("or") => Predicate::Or,
            () => Predicate::Xor,
        };
        let (with, with_negated) = match with {
            Some(with) => self.predicate(with)?,
            None => (NONE, false),
        };
        let (a, b) = if matches!(kind, Compared::U64 | Compared::S64 | Compared::Double) {
            (self.double(a, text)?, self.double(b, text)?)
        } else {
            (self.word(a, text)?, self.word(b, text)?)
        };
        self.emit(Action::Compare(Compare {
            kind,
            relation,
            unordered,
            d,
            q,
            a,
            b,
            with,
            with_negated,
            op,
        }));
        Ok(())
    }
}
