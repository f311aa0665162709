//! PTX as text, read into statements: declarations, labels and instructions, with the line of each.
//!
//! Follows "Parallel Thread Execution ISA", chapters 4 (syntax) and 5 (state spaces, types and variables), as far as NVRTC
//! writes it.

mod body;
mod tokens;
mod variables;

use std::collections::VecDeque;

pub(crate) use body::{Guard, Operand, Statement};
use tokens::{Kind, Token, tokens};

/// A module of PTX.
pub(crate) struct Source {
    /// `.version`, as major and minor.
    pub(crate) version: (u32, u32),
    /// `.target sm_86` gives 86.
    pub(crate) target: u32,
    /// Module variables in `.global` and `.const` and module-wide `.shared`.
    pub(crate) variables: Vec<Variable>,
    pub(crate) functions: Vec<Function>,
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Global,
    Shared,
    Local,
    Param,
}

/// A declared variable or parameter.
#[derive(Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) space: Space,
    pub(crate) align: usize,
    /// Bytes; 0 for an `extern` array without a size.
    pub(crate) size: usize,
    /// The bytes it begins with, which may be fewer than `size`.
    pub(crate) initial: Vec<u8>,
    /// Byte offsets in `initial` that hold the address of another variable.
    pub(crate) pointers: Vec<(usize, String)>,
    pub(crate) is_extern: bool,
}

/// A kernel or a device function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) is_entry: bool,
    pub(crate) parameters: Vec<Variable>,
    pub(crate) returns: Vec<Variable>,
    /// `.maxntid` or `.reqntid`, as a product.
    pub(crate) most_threads: Option<u32>,
    pub(crate) body: Vec<Statement>,
}

/// What is wrong with a PTX text, and in which line.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) line: u32,
    pub(crate) message: String,
}

impl Wrong {
    pub(crate) fn new(line: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { line, message }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Wrong>;

/// Bytes of a PTX type, as `.u32` or `u32`.
pub(crate) fn bytes_of(name: &str) -> Option<usize> {
    Some(match name.trim_start_matches('.') {
        "pred" => 1,
        "b8" | "u8" | "s8" => 1,
        "b16" | "u16" | "s16" | "f16" | "bf16" => 2,
        "b32" | "u32" | "s32" | "f32" | "f16x2" | "bf16x2" => 4,
        "b64" | "u64" | "s64" | "f64" => 8,
        _ => return None,
    })
}

/// Reads a module.
pub(crate) fn read(text: &str) -> Result<Source> {
    Reader::new(text)?.module()
}

struct Reader<'a> {
    tokens: VecDeque<Token<'a>>,
    line: u32,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self> {
        let tokens = tokens(text)?.into();
        Ok(Self { tokens, line: 1 })
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(Wrong::new(self.line, message))
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.front().map(|token| token.text)
    }

    fn peek_second(&self) -> Option<&'a str> {
        self.tokens.get(1).map(|token| token.text)
    }

    fn next(&mut self) -> Result<Token<'a>> {
        let Some(token) = self.tokens.pop_front() else {
            return self.wrong("the text ends too early");
        };
        self.line = token.line;
        Ok(token)
    }

    fn is(&mut self, text: &str) -> bool {
        let is = self.peek() == Some(text);
        if is {
            self.tokens.pop_front();
        }
        is
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        let token = self.next()?;
        if token.text == text {
            return Ok(());
        }
        self.wrong(format!("expected {text}, found {}", token.text))
    }

    fn word(&mut self) -> Result<&'a str> {
        let token = self.next()?;
        if token.kind == Kind::Word {
            return Ok(token.text);
        }
        self.wrong(format!("expected a name, found {}", token.text))
    }

    fn integer(&mut self) -> Result<i64> {
        let negative = self.is("-");
        let token = self.next()?;
        match tokens::integer(token.text) {
            Some(value) if negative => Ok(value.wrapping_neg()),
            Some(value) => Ok(value),
            None => self.wrong(format!("expected a number, found {}", token.text)),
        }
    }

    fn module(mut self) -> Result<Source> {
        let (mut version, mut target) = ((0, 0), 0);
        let (mut variables, mut functions) = (Vec::new(), Vec::new());
        while let Some(text) = self.peek() {
            match text {
                ".version" => {
                    self.next()?;
                    let (major, minor) = self.next()?.text.split_once('.').unwrap_or_default();
                    let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else {
                        return self.wrong("no version");
                    };
                    version = (major, minor);
                }
                ".target" => {
                    self.next()?;
                    let word = self.word()?;
                    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
                    target = digits.parse().unwrap_or(0);
                    while self.is(",") {
                        self.word()?;
                    }
                }
                ".address_size" => {
                    self.next()?;
                    if self.integer()? != 64 {
                        return self.wrong("addresses must have 64 bits");
                    }
                }
                ".file" => {
                    let line = self.next()?.line;
                    self.skip_line(line);
                }
                ".section" => {
                    while !self.is("}") {
                        self.next()?;
                    }
                }
                ".pragma" => {
                    while !self.is(";") {
                        self.next()?;
                    }
                }
                _ => self.declaration(&mut variables, &mut functions)?,
            }
        }
        if version == (0, 0) || target == 0 {
            return self.wrong("no .version or no .target");
        }
        Ok(Source {
            version,
            target,
            variables,
            functions,
        })
    }

    fn skip_line(&mut self, line: u32) {
        while self.tokens.front().is_some_and(|token| token.line == line) {
            self.tokens.pop_front();
        }
    }

    fn declaration(
        &mut self,
        variables: &mut Vec<Variable>,
        functions: &mut Vec<Function>,
    ) -> Result<()> {
        let mut is_extern = false;
        while matches!(
            self.peek(),
            Some(".visible" | ".extern" | ".weak" | ".common")
        ) {
            is_extern |= self.next()?.text == ".extern";
        }
        match self.peek() {
            Some(".entry" | ".func") => {
                if let Some(function) = self.function(is_extern)? {
                    functions.push(function);
                }
                Ok(())
            }
            Some(".global" | ".const" | ".shared") => {
                for mut variable in self.variables()? {
                    variable.is_extern = is_extern;
                    variables.push(variable);
                }
                Ok(())
            }
            other => self.wrong(format!("unknown directive {}", other.unwrap_or("(end)"))),
        }
    }

    /// A function; none for one that is only announced.
    fn function(&mut self, is_extern: bool) -> Result<Option<Function>> {
        let is_entry = self.next()?.text == ".entry";
        let returns = match self.peek() {
            Some("(") => self.parameters()?,
            _ => Vec::new(),
        };
        let name = self.word()?.to_owned();
        let parameters = match self.peek() {
            Some("(") => self.parameters()?,
            _ => Vec::new(),
        };
        let mut most_threads = None;
        loop {
            match self.peek() {
                Some(".maxntid" | ".reqntid") => {
                    self.next()?;
                    let mut product = self.integer()?;
                    while self.is(",") {
                        product *= self.integer()?;
                    }
                    most_threads = u32::try_from(product).ok();
                }
                Some(".minnctapersm" | ".maxnreg" | ".maxnctapersm") => {
                    self.next()?;
                    self.integer()?;
                }
                Some(".noreturn") => {
                    self.next()?;
                }
                Some(";") => {
                    self.next()?;
                    return Ok(None);
                }
                Some("{") if !is_extern => break,
                other => return self.wrong(format!("unexpected {}", other.unwrap_or("(end)"))),
            }
        }
        let body = self.body()?;
        Ok(Some(Function {
            name,
            is_entry,
            parameters,
            returns,
            most_threads,
            body,
        }))
    }

    fn parameters(&mut self) -> Result<Vec<Variable>> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            if self.peek() == Some(".reg") {
                return self.wrong("a parameter in .reg is not supported");
            }
            parameters.push(self.variable()?);
            self.is(",");
        }
        Ok(parameters)
    }
}
