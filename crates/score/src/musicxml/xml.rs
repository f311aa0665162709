//! XML text with its brackets in order.

/// Writes elements into a string; every element that was opened is closed, at the latest at the end.
#[derive(Default)]
pub(super) struct Xml {
    out: String,
    open: Vec<&'static str>,
}

/// Attributes of an element.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Xml {
    pub(super) fn new(doctype: &str) -> Self {
        Self {
            out: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{doctype}\n"),
            open: Vec::new(),
        }
    }

    /// `<tag ..>`, to be closed with [`Xml::close`].
    pub(super) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.start(tag, attributes);
        self.out.push_str(">\n");
        self.open.push(tag);
    }

    pub(super) fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.indent();
            self.end(tag);
        }
    }

    /// `<tag ../>`
    pub(super) fn empty(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.start(tag, attributes);
        self.out.push_str("/>\n");
    }

    /// `<tag ..>text</tag>`
    pub(super) fn text(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.start(tag, attributes);
        self.out.push('>');
        self.escape(text);
        self.end(tag);
    }

    /// `<tag>number</tag>`
    pub(super) fn number(&mut self, tag: &'static str, number: impl Into<i64>) {
        self.start(tag, &[]);
        self.out.push('>');
        let number = number.into();
        if number < 0 {
            self.out.push('-');
        }
        self.digits(number.unsigned_abs());
        self.end(tag);
    }

    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn end(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push_str(">\n");
    }

    /// A number: half of all elements hold one, so it is not left to the formatting machinery.
    fn digits(&mut self, number: u64) {
        if number >= 10 {
            self.digits(number / 10);
        }
        self.out.push(char::from(b'0' + (number % 10) as u8));
    }

    fn start(&mut self, tag: &str, attributes: Attributes<'_>) {
        self.indent();
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.escape(value);
            self.out.push('"');
        }
    }

    fn indent(&mut self) {
        const SPACES: &str = "                ";
        self.out
            .push_str(SPACES.get(..self.open.len()).unwrap_or(SPACES));
    }

    /// Characters that XML cannot hold, such as most control characters, are left out.
    fn escape(&mut self, text: &str) {
        let is_plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'&' | b'<' | b'>' | b'"');
        if text.bytes().all(is_plain) {
            self.out.push_str(text);
            return;
        }
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' | '\n' => self.out.push(c),
                '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {}
                _ => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text_are_written_as_they_are() {
        let mut xml = Xml::default();
        for number in [0, 7, -12, 1_000, i64::MIN, i64::MAX] {
            xml.number("n", number);
            let expected = format!("<n>{number}</n>\n");
            assert_eq!(std::mem::take(&mut xml.out), expected);
        }
        xml.text("t", &[("a", "\"<é>")], "R&B\u{1}");
        assert_eq!(xml.out, "<t a=\"&quot;&lt;é&gt;\">R&amp;B</t>\n");
    }
}
