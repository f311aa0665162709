//! The body of a function.

use super::tokens::{Kind, Number, number};
use super::{Reader, Result, Variable, bytes_of};

/// What stands in a body.
pub(crate) enum Statement {
    /// `{`: names declared until its end are its own.
    Open,
    Close,
    /// `.reg .f32 %f<4>` as a type and all the names.
    Registers {
        kind: String,
        names: Vec<String>,
        line: u32,
    },
    Variable(Variable),
    Label(String),
    /// `name: .branchtargets a, b;`
    Targets {
        name: String,
        labels: Vec<String>,
    },
    Instruction {
        guard: Option<Guard>,
        /// As `ld.global.v2.f32`.
        code: String,
        operands: Vec<Operand>,
        line: u32,
    },
}

/// `@%p1` or `@!%p1`.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) register: String,
    pub(crate) negated: bool,
}

/// What an instruction works on.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Name(String),
    /// `!%p1`
    Not(String),
    Integer(i64),
    Single(u32),
    Double(u64),
    /// `[base+offset]`
    Address {
        base: Option<String>,
        offset: i64,
    },
    /// `{a, b}`
    Vector(Vec<Operand>),
    /// `a|b`
    Pair(String, String),
    /// `(a, b)`, of a call.
    List(Vec<Operand>),
}

impl Reader<'_> {
    pub(super) fn body(&mut self) -> Result<Vec<Statement>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        let mut depth = 1;
        loop {
            let Some(text) = self.peek() else {
                return self.wrong("a body without an end");
            };
            match text {
                "{" => {
                    self.next()?;
                    depth += 1;
                    statements.push(Statement::Open);
                }
                "}" => {
                    self.next()?;
                    depth -= 1;
                    if depth == 0 {
                        return Ok(statements);
                    }
                    statements.push(Statement::Close);
                }
                ";" => {
                    self.next()?;
                }
                ".reg" => statements.push(self.registers()?),
                ".shared" | ".local" | ".param" | ".global" | ".const" => {
                    let all = self.variables()?;
                    statements.extend(all.into_iter().map(Statement::Variable));
                }
                ".pragma" => {
                    while !self.is(";") {
                        self.next()?;
                    }
                }
                ".loc" | ".file" => {
                    let line = self.next()?.line;
                    self.skip_line(line);
                }
                _ if self.peek_second() == Some(":") => {
                    let name = self.word()?.to_owned();
                    self.expect(":")?;
                    if self.is(".branchtargets") {
                        let mut labels = vec![self.word()?.to_owned()];
                        while self.is(",") {
                            labels.push(self.word()?.to_owned());
                        }
                        self.expect(";")?;
                        statements.push(Statement::Targets { name, labels });
                    } else {
                        statements.push(Statement::Label(name));
                    }
                }
                _ => statements.push(self.instruction()?),
            }
        }
    }

    fn registers(&mut self) -> Result<Statement> {
        self.expect(".reg")?;
        let line = self.line;
        let kind = self.word()?.trim_start_matches('.').to_owned();
        if bytes_of(&kind).is_none() {
            return self.wrong(format!("registers of type {kind} are not supported"));
        }
        let mut names = Vec::new();
        loop {
            let name = self.word()?;
            if self.is("<") {
                let count = self.integer()?;
                self.expect(">")?;
                names.extend((0..count).map(|number| format!("{name}{number}")));
            } else {
                names.push(name.to_owned());
            }
            if self.is(";") {
                return Ok(Statement::Registers { kind, names, line });
            }
            self.expect(",")?;
        }
    }

    fn instruction(&mut self) -> Result<Statement> {
        let mut guard = None;
        if self.is("@") {
            let negated = self.is("!");
            let register = self.word()?.to_owned();
            guard = Some(Guard { register, negated });
        }
        let code = self.word()?.to_owned();
        let line = self.line;
        let mut operands = Vec::new();
        while !self.is(";") {
            operands.push(self.operand()?);
            if !self.is(",") {
                self.expect(";")?;
                break;
            }
        }
        Ok(Statement::Instruction {
            guard,
            code,
            operands,
            line,
        })
    }

    fn operand(&mut self) -> Result<Operand> {
        if self.is("[") {
            return self.address();
        }
        for (open, close) in [("{", "}"), ("(", ")")] {
            if self.is(open) {
                let mut all = Vec::new();
                while !self.is(close) {
                    all.push(self.operand()?);
                    self.is(",");
                }
                return Ok(match open {
                    "{" => Operand::Vector(all),
                    _ => Operand::List(all),
                });
            }
        }
        if self.is("!") {
            return Ok(Operand::Not(self.word()?.to_owned()));
        }
        let negative = self.is("-");
        let token = self.next()?;
        if token.kind == Kind::Number {
            return Ok(match number(token.text) {
                Some(Number::Integer(value)) if negative => Operand::Integer(value.wrapping_neg()),
                Some(Number::Integer(value)) => Operand::Integer(value),
                Some(Number::Single(bits)) => Operand::Single(bits),
                Some(Number::Double(bits)) if negative => Operand::Double(bits ^ (1 << 63)),
                Some(Number::Double(bits)) => Operand::Double(bits),
                None => return self.wrong(format!("unknown number {}", token.text)),
            });
        }
        if token.kind != Kind::Word || negative {
            return self.wrong(format!("unexpected {}", token.text));
        }
        if self.is("|") {
            let second = self.word()?.to_owned();
            return Ok(Operand::Pair(token.text.to_owned(), second));
        }
        Ok(Operand::Name(token.text.to_owned()))
    }

    fn address(&mut self) -> Result<Operand> {
        let mut base = None;
        let mut offset = 0;
        match self.tokens.front() {
            Some(token) if token.kind == Kind::Word => base = Some(self.word()?.to_owned()),
            _ => offset = self.integer()?,
        }
        if self.is("+") || self.peek() == Some("-") {
            offset = self.integer()?;
        }
        self.expect("]")?;
        Ok(Operand::Address { base, offset })
    }
}
