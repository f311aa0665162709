//! A place in a stretch of text, with its line and column.

use crate::diagnostic::Position;

/// A reading place. It never splits a character and never leaves the text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    start: Position,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `text`, which stands at `start` and has no line end in it.
    pub(super) const fn new(text: &'a str, start: Position) -> Self {
        Self { text, at: 0, start }
    }

    pub(super) fn position(&self) -> Position {
        let column = u32::try_from(self.at).unwrap_or(u32::MAX);
        Position {
            line: self.start.line,
            column: self.start.column.saturating_add(column),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character after the next one.
    pub(super) fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Steps over `c` if it is next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.bump();
        }
        found
    }

    /// Steps over `prefix` if it is next.
    pub(super) fn eat_str(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    /// Steps over this many bytes, to the end of a character.
    pub(super) fn take(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        if self.text.is_char_boundary(end) {
            self.at = end;
        }
    }

    /// Takes the text up to the first `end`, or all that is left if there is none.
    pub(super) fn take_to(&mut self, end: &str) -> &'a str {
        let rest = self.rest();
        let taken = rest.split(end).next().unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    /// Takes characters as long as `want` accepts them.
    pub(super) fn take_while(&mut self, mut want: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !want(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// Takes the text up to `end` and steps over `end` too, if `end` comes within `limit` bytes and
    /// before any of `stops`; otherwise moves nowhere.
    pub(super) fn take_until(
        &mut self,
        end: char,
        stops: &[char],
        limit: usize,
    ) -> Option<&'a str> {
        let rest = self.rest();
        for (i, c) in rest.char_indices() {
            if c == end {
                self.at += i + c.len_utf8();
                return rest.get(..i);
            }
            if i >= limit || stops.contains(&c) {
                return None;
            }
        }
        None
    }

    /// Takes a number; what is above 99,999 is taken for that.
    pub(super) fn number(&mut self) -> Option<u32> {
        let number = self.long_number()?;
        Some(u32::try_from(number).map_or(99_999, |n| n.min(99_999)))
    }

    /// Takes a number; one that does not fit is taken for the largest.
    pub(super) fn long_number(&mut self) -> Option<i64> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(i64::MAX))
    }
}
