//! From statements to a [`Program`]: names become numbers, literals become constant registers, labels become positions, and
//! calls of device functions are written out in place.

mod arithmetic;
mod control;
mod data;
mod decide;
mod operands;
mod tables;

pub(crate) use data::{LOCAL_WINDOW, SHARED_WINDOW, WINDOW};

use std::collections::HashMap;
use std::sync::Arc;

use crate::program::{Action, Instruction, NONE, Place, Program, Register};
use crate::ptx::{self, Function, Guard, Operand, Source, Space, Statement, Variable, Wrong};

/// Deeper calls are taken for a recursion, which cannot be written out.
const DEEPEST: usize = 16;

/// What a name stands for.
#[derive(Clone)]
enum Symbol {
    /// A 32-bit register, and whether only its lower half counts.
    Word(Register, bool),
    Double(Register),
    Predicate(Register),
    Variable(Place, i64),
    Targets(Vec<String>),
}

/// A module's variables with their addresses on the card.
pub(crate) type Addresses = HashMap<String, u64>;

/// Decodes a kernel.
pub(crate) fn decode(
    source: &Source,
    function: &Function,
    addresses: &Addresses,
    text: &Arc<str>,
) -> ptx::Result<Program> {
    let mut decoder = Decoder::new(source, function, addresses, text);
    decoder.kernel(function)?;
    decoder.finish()
}

struct Decoder<'a> {
    source: &'a Source,
    program: Program,
    scopes: Vec<HashMap<String, Symbol>>,
    constants32: HashMap<u32, Register>,
    constants64: HashMap<u64, Register>,
    predicates: [Option<Register>; 2],
    /// Labels and jumps to them, each of the call it belongs to.
    labels: HashMap<(usize, String), u32>,
    jumps: Vec<(usize, usize, String)>,
    call: usize,
    calls: usize,
    depth: usize,
    /// What holds for the instruction that is being decoded.
    guard: (Register, bool),
    line: u32,
    wrong: Option<Wrong>,
}

impl<'a> Decoder<'a> {
    fn new(
        source: &'a Source,
        function: &Function,
        addresses: &Addresses,
        text: &Arc<str>,
    ) -> Self {
        let program = Program {
            name: function.name.clone(),
            source: Arc::clone(text),
            code: Vec::new(),
            registers: (0, 0, 0),
            constants32: Vec::new(),
            constants64: Vec::new(),
            constant_predicates: Vec::new(),
            parameter_bytes: 0,
            parameters: Vec::new(),
            shared_bytes: 0,
            dynamic_shared: false,
            local_bytes: 0,
            shared_grain: 4,
            most_threads: function.most_threads.unwrap_or(1024),
        };
        let global = |(name, &address): (&String, &u64)| {
            (
                name.clone(),
                Symbol::Variable(Place::Global, address as i64),
            )
        };
        Self {
            source,
            program,
            scopes: vec![addresses.iter().map(global).collect()],
            constants32: HashMap::new(),
            constants64: HashMap::new(),
            predicates: [None; 2],
            labels: HashMap::new(),
            jumps: Vec::new(),
            call: 0,
            calls: 0,
            depth: 0,
            guard: (NONE, false),
            line: 0,
            wrong: None,
        }
    }

    fn error<T>(&self, message: impl Into<String>) -> ptx::Result<T> {
        Err(Wrong::new(self.line, message))
    }

    fn kernel(&mut self, function: &Function) -> ptx::Result<()> {
        self.scopes.push(HashMap::new());
        for parameter in &function.parameters {
            let offset = self
                .program
                .parameter_bytes
                .next_multiple_of(parameter.align);
            self.program.parameter_bytes = offset + parameter.size;
            self.program.parameters.push((offset, parameter.size));
            let symbol = Symbol::Variable(Place::Param, offset as i64);
            self.declare(&parameter.name, symbol);
        }
        let of_module = &self.source.variables;
        for variable in of_module.iter().filter(|one| one.space == Space::Shared) {
            self.variable(variable);
        }
        self.statements(&function.body)?;
        self.emit(Action::Exit);
        // What the launch gives begins where the rest ends.
        self.program.shared_bytes = self.program.shared_bytes.next_multiple_of(16);
        Ok(())
    }

    fn finish(mut self) -> ptx::Result<Program> {
        for (at, call, label) in std::mem::take(&mut self.jumps) {
            let Some(&to) = self.labels.get(&(call, label.clone())) else {
                self.line = self.program.code[at].line;
                return self.error(format!("no label {label}"));
            };
            self.program.code[at].action = Action::Jump(to);
        }
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let dynamic = self.program.shared_bytes as u64;
        for constant in &mut self.program.constants64 {
            if constant.1 == DYNAMIC_SHARED {
                constant.1 = dynamic;
            }
        }
        Ok(self.program)
    }

    fn statements(&mut self, body: &[Statement]) -> ptx::Result<()> {
        for statement in body {
            match statement {
                Statement::Open => self.scopes.push(HashMap::new()),
                Statement::Close => {
                    self.scopes.pop();
                }
                Statement::Registers { kind, names, line } => {
                    self.line = *line;
                    for name in names {
                        let symbol = match kind.as_str() {
                            "pred" => Symbol::Predicate(self.new_predicate()),
                            _ => match ptx::bytes_of(kind) {
                                Some(8) => Symbol::Double(self.new_double()),
                                Some(4) => Symbol::Word(self.new_word(), false),
                                _ => Symbol::Word(self.new_word(), true),
                            },
                        };
                        self.declare(name, symbol);
                    }
                }
                Statement::Variable(variable) => self.variable(variable),
                Statement::Label(name) => {
                    let at = self.program.code.len() as u32;
                    self.labels.insert((self.call, name.clone()), at);
                }
                Statement::Targets { name, labels } => {
                    self.declare(name, Symbol::Targets(labels.clone()));
                }
                Statement::Instruction {
                    guard,
                    code,
                    operands,
                    line,
                } => {
                    self.line = *line;
                    self.instruction(guard.as_ref(), code, operands)?;
                }
            }
        }
        Ok(())
    }

    fn instruction(
        &mut self,
        guard: Option<&Guard>,
        code: &str,
        operands: &[Operand],
    ) -> ptx::Result<()> {
        self.guard = (NONE, false);
        if let Some(guard) = guard {
            let (register, _) = self.predicate(&Operand::Name(guard.register.clone()))?;
            self.guard = (register, guard.negated);
        }
        let code = Code::new(code);
        let known = self.data(&code, operands)?
            || self.arithmetic(&code, operands)?
            || self.control(&code, operands)?;
        if !known {
            return self.error(format!("the instruction {} is not known", code.whole));
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, symbol: Symbol) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), symbol);
        }
    }

    fn lookup(&self, name: &str) -> Option<&Symbol> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Gives a variable of a body its place.
    fn variable(&mut self, variable: &Variable) {
        let Variable { align, size, .. } = *variable;
        let symbol = match variable.space {
            Space::Shared if size == 0 => {
                self.program.dynamic_shared = true;
                Symbol::Variable(Place::Shared, DYNAMIC_SHARED as i64)
            }
            Space::Shared => {
                let at = self.program.shared_bytes.next_multiple_of(align);
                self.program.shared_bytes = at + size;
                Symbol::Variable(Place::Shared, at as i64)
            }
            // Parameters of a call that is written out in place lie with the local variables.
            _ => {
                let at = self.program.local_bytes.next_multiple_of(align.max(8));
                self.program.local_bytes = at + size;
                Symbol::Variable(Place::Local, at as i64)
            }
        };
        self.declare(&variable.name, symbol);
    }

    fn emit(&mut self, action: Action) {
        let (guard, negated) = self.guard;
        self.program.code.push(Instruction {
            action,
            guard,
            negated,
            line: self.line,
        });
    }

    fn number(&mut self, count: usize) -> Register {
        if count >= usize::from(NONE) && self.wrong.is_none() {
            self.wrong = Some(Wrong::new(self.line, "too many registers"));
        }
        count as Register
    }

    fn new_word(&mut self) -> Register {
        self.program.registers.0 += 1;
        self.number(self.program.registers.0 - 1)
    }

    fn new_double(&mut self) -> Register {
        self.program.registers.1 += 1;
        self.number(self.program.registers.1 - 1)
    }

    fn new_predicate(&mut self) -> Register {
        self.program.registers.2 += 1;
        self.number(self.program.registers.2 - 1)
    }
}

/// Stands for the start of the shared memory that a launch gives, until all of the kernel's own is placed.
const DYNAMIC_SHARED: u64 = 1 << 40;

/// An instruction's name, taken apart at its dots.
struct Code<'a> {
    whole: &'a str,
    name: &'a str,
    parts: Vec<&'a str>,
}

impl<'a> Code<'a> {
    fn new(whole: &'a str) -> Self {
        let mut parts = whole.split('.');
        let name = parts.next().unwrap_or_default();
        let parts = parts.filter(|part| !part.is_empty()).collect();
        Self { whole, name, parts }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.contains(&part)
    }

    /// The last type in the name, such as `u32`.
    fn kind(&self) -> &'a str {
        let is_type = |part: &&&str| ptx::bytes_of(part).is_some();
        self.parts.iter().rev().find(is_type).copied().unwrap_or("")
    }

    /// The last type but one.
    fn first_kind(&self) -> &'a str {
        let is_type = |part: &&&str| ptx::bytes_of(part).is_some();
        self.parts
            .iter()
            .rev()
            .filter(is_type)
            .nth(1)
            .copied()
            .unwrap_or("")
    }

    fn bytes(&self) -> usize {
        ptx::bytes_of(self.kind()).unwrap_or(0)
    }
}
