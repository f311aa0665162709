//! Instructions that steer: jumps, calls, barriers and what lanes tell each other.

use super::{Code, DEEPEST, Decoder, Symbol};
use crate::program::{Action, NONE, Place, Shuffle, Vote};
use crate::ptx::{self, Operand};

impl Decoder<'_> {
    /// Decodes an instruction of this group; false for others.
    pub(super) fn control(&mut self, code: &Code, operands: &[Operand]) -> ptx::Result<bool> {
        match (code.name, operands) {
            ("bra", [Operand::Name(label)]) => self.jump(label.clone()),
            ("brx", [a, Operand::Name(table)]) => {
                let Some(Symbol::Targets(labels)) = self.lookup(table).cloned() else {
                    return self.error(format!("no branch targets {table}"));
                };
                let a = self.word(a, "u32")?;
                let count = labels.len() as u32;
                self.emit(Action::JumpTable { a, count });
                for label in labels {
                    self.jump(label);
                }
            }
            ("ret", []) if self.depth > 0 => self.jump(END.to_owned()),
            ("ret" | "exit", []) => self.emit(Action::Exit),
            ("trap", []) => self.emit(Action::Trap),
            ("brkpt" | "nanosleep" | "membar" | "fence" | "griddepcontrol" | "pmevent", _) => {
                self.emit(Action::Nothing);
            }
            ("bar" | "barrier", _) => return self.barrier(code, operands),
            ("shfl", [to, a, b, c, members]) if code.has("sync") => {
                let mode = match () {
                    () if code.has("up") => Shuffle::Up,
                    () if code.has("down") => Shuffle::Down,
                    () if code.has("bfly") => Shuffle::Butterfly,
                    () => Shuffle::Index,
                };
                let (d, p) = match to {
                    Operand::Pair(d, p) => {
                        let (d, p) = (Operand::Name(d.clone()), Operand::Name(p.clone()));
                        (self.word_result(&d)?, self.predicate_result(&p)?)
                    }
                    one => (self.word_result(one)?, NONE),
                };
                let (a, b) = (self.word(a, "b32")?, self.word(b, "b32")?);
                let (c, members) = (self.word(c, "b32")?, self.word(members, "b32")?);
                self.emit(Action::Shuffle {
                    mode,
                    d,
                    p,
                    a,
                    b,
                    c,
                    members,
                });
            }
            ("vote", [to, p, members]) if code.has("sync") => {
                let (p, negated) = self.predicate(p)?;
                let members = self.word(members, "b32")?;
                let (mode, d) = match () {
                    () if code.has("ballot") => (Vote::Ballot, self.word_result(to)?),
                    () if code.has("all") => (Vote::All, self.predicate_result(to)?),
                    () if code.has("any") => (Vote::Any, self.predicate_result(to)?),
                    () => (Vote::Uniform, self.predicate_result(to)?),
                };
                self.emit(Action::Vote {
                    mode,
                    d,
                    p,
                    negated,
                    members,
                });
            }
            ("match", [to, a, members]) if code.has("any") && code.bytes() == 4 => {
                let (a, members) = (self.word(a, "b32")?, self.word(members, "b32")?);
                let d = self.word_result(to)?;
                self.emit(Action::Match { d, a, members });
            }
            ("activemask", [to]) => {
                let d = self.word_result(to)?;
                self.emit(Action::ActiveMask { d });
            }
            ("call", _) => self.call(operands)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn jump(&mut self, label: String) {
        self.jumps.push((self.program.code.len(), self.call, label));
        self.emit(Action::Jump(0));
    }

    fn barrier(&mut self, code: &Code, operands: &[Operand]) -> ptx::Result<bool> {
        if code.has("warp") {
            let [members] = operands else {
                return self.error("bar.warp.sync needs its members");
            };
            let members = self.word(members, "b32")?;
            self.emit(Action::WarpBarrier { members });
            return Ok(true);
        }
        if code.has("red") || !(code.has("sync") || code.has("arrive")) {
            return Ok(false);
        }
        let (id, count) = match operands {
            [id] => (self.word(id, "u32")?, NONE),
            [id, count] => (self.word(id, "u32")?, self.word(count, "u32")?),
            _ => return Ok(false),
        };
        self.emit(Action::Barrier {
            aligned: code.name == "bar" || code.has("aligned"),
            id,
            count,
            waits: code.has("sync"),
        });
        Ok(true)
    }

    /// Writes a device function out in the place of its call. Its parameters are the caller's variables.
    fn call(&mut self, operands: &[Operand]) -> ptx::Result<()> {
        let (results, name, arguments) = match operands {
            [
                Operand::List(results),
                Operand::Name(name),
                Operand::List(arguments),
            ] => (results.as_slice(), name, arguments.as_slice()),
            [Operand::List(results), Operand::Name(name)] => (results.as_slice(), name, &[][..]),
            [Operand::Name(name), Operand::List(arguments)] => {
                (&[][..], name, arguments.as_slice())
            }
            [Operand::Name(name)] => (&[][..], name, &[][..]),
            _ => return self.error("this form of call is not supported"),
        };
        let source = self.source;
        let Some(function) = source.functions.iter().find(|one| &one.name == name) else {
            return self.error(format!("no function {name}"));
        };
        if self.depth == DEEPEST {
            return self.error(format!("{name} calls itself, which is not supported"));
        }
        if self.guard.0 != NONE {
            return self.error("a call under a predicate is not supported");
        }
        let formal = function.returns.iter().chain(&function.parameters);
        let mut scope = std::collections::HashMap::new();
        let given = results.iter().chain(arguments);
        if given.clone().count() != function.returns.len() + function.parameters.len() {
            return self.error(format!("{name} is called with a wrong number of arguments"));
        }
        for (formal, given) in formal.zip(given) {
            let symbol = match given {
                Operand::Name(given) => self.lookup(given).cloned(),
                _ => None,
            };
            let Some(symbol @ Symbol::Variable(Place::Local, _)) = symbol else {
                return self.error(format!("{} of {name} is given no variable", formal.name));
            };
            scope.insert(formal.name.clone(), symbol);
        }
        // What the function sees: the module and its own.
        let outer = self.scopes.split_off(1);
        let of_module = outer.first().cloned().unwrap_or_default();
        self.scopes.push(of_module);
        self.scopes.push(scope);
        self.calls += 1;
        let (caller, line) = (self.call, self.line);
        self.call = self.calls;
        self.depth += 1;
        self.statements(&function.body)?;
        let end = self.program.code.len() as u32;
        self.labels.insert((self.call, END.to_owned()), end);
        self.depth -= 1;
        self.call = caller;
        self.line = line;
        self.scopes.truncate(1);
        self.scopes.extend(outer);
        self.guard = (NONE, false);
        Ok(())
    }
}

/// The label behind a function that was written out; no name in PTX.
const END: &str = "(end)";
