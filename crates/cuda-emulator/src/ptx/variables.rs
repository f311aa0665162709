//! Declarations of variables and what they begin with.

use super::tokens::{self, Kind};
use super::{Reader, Result, Space, Variable, bytes_of};

impl Reader<'_> {
    /// `.shared .align 4 .b8 a[64], b[64];` with all its names.
    pub(super) fn variables(&mut self) -> Result<Vec<Variable>> {
        let first = self.variable()?;
        if self.is(",") {
            return self.wrong("several variables in one declaration are not supported");
        }
        self.expect(";")?;
        Ok(vec![first])
    }

    pub(super) fn variable(&mut self) -> Result<Variable> {
        let space = match self.next()?.text {
            ".global" | ".const" => Space::Global,
            ".shared" => Space::Shared,
            ".local" => Space::Local,
            ".param" => Space::Param,
            other => return self.wrong(format!("unknown state space {other}")),
        };
        let (mut align, mut count) = (None, 1);
        let element = loop {
            let word = self.word()?;
            match word {
                ".align" => align = Some(self.integer()? as usize),
                ".ptr" | ".global" | ".shared" | ".const" | ".local" => {}
                ".attribute" => {
                    while !self.is(")") {
                        self.next()?;
                    }
                }
                ".v2" => count = 2,
                ".v4" => count = 4,
                _ => match bytes_of(word) {
                    Some(bytes) => break bytes,
                    None => return self.wrong(format!("unknown type {word}")),
                },
            }
        };
        // The alignment of what a pointer parameter points to comes after the type.
        while matches!(
            self.peek(),
            Some(".ptr" | ".global" | ".shared" | ".const" | ".local")
        ) {
            self.next()?;
            if self.is(".align") {
                self.integer()?;
            }
        }
        if self.is(".align") {
            self.integer()?;
        }
        let name = self.word()?.to_owned();
        let mut size = element * count;
        while self.is("[") {
            size *= match self.peek() {
                Some("]") => 0,
                _ => self.integer()? as usize,
            };
            self.expect("]")?;
        }
        let (mut initial, mut pointers) = (Vec::new(), Vec::new());
        if self.is("=") {
            self.initial(element, &mut initial, &mut pointers)?;
            size = size.max(initial.len());
        }
        Ok(Variable {
            name,
            space,
            align: align.unwrap_or(element * count),
            size,
            initial,
            pointers,
            is_extern: false,
        })
    }

    fn initial(
        &mut self,
        element: usize,
        bytes: &mut Vec<u8>,
        pointers: &mut Vec<(usize, String)>,
    ) -> Result<()> {
        if self.is("{") {
            while !self.is("}") {
                self.initial(element, bytes, pointers)?;
                self.is(",");
            }
            return Ok(());
        }
        if self.is("generic") {
            self.expect("(")?;
            let name = self.word()?.to_owned();
            self.expect(")")?;
            pointers.push((bytes.len(), name));
            bytes.extend([0; 8]);
            return Ok(());
        }
        let negative = self.is("-");
        let token = self.next()?;
        let value = match tokens::number(token.text) {
            Some(tokens::Number::Integer(value)) if negative => value.wrapping_neg() as u64,
            Some(tokens::Number::Integer(value)) => value as u64,
            Some(tokens::Number::Single(bits)) => u64::from(bits),
            Some(tokens::Number::Double(bits)) if element == 4 => {
                u64::from((f64::from_bits(bits) as f32).to_bits())
            }
            Some(tokens::Number::Double(bits)) => bits,
            None if element == 8 && token.kind == Kind::Word => {
                pointers.push((bytes.len(), token.text.to_owned()));
                0
            }
            None => return self.wrong(format!("unknown value {}", token.text)),
        };
        bytes.extend(&value.to_le_bytes()[..element]);
        Ok(())
    }
}
