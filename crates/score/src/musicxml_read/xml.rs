//! XML of unknown origin, element by element.
//!
//! [`Source`] walks through a text and stops at what is not well-formed, at what a score never needs and
//! an attacker does (definitions of entities), and at limits far beyond any score. Entities other than the
//! five of XML are refused and nothing is ever fetched. [`Tree`] holds one element with all that is in it, so
//! that a note can be looked at in any order; it is used again for the next one.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::diagnostic::Position;

/// Bytes of a text. The largest scores known have some 30 million.
pub(crate) const MAX_TEXT: usize = 32 << 20;
/// Elements inside each other; MusicXML needs about twelve.
const MAX_DEPTH: usize = 256;
/// Tags, references and comments together: what fits in the largest text with 16 bytes for each.
const MAX_EVENTS: usize = 2_000_000;
/// Elements in one that is held as a whole. A note has about twenty, the list of parts of an orchestra 3,000.
const MAX_NODES: usize = 50_000;

/// Why a text is not read.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) position: Position,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            position: Position { line: 1, column: 1 },
            message: message.into(),
        }
    }
}

enum Token<'a> {
    Start(BytesStart<'a>),
    End,
    Text(Cow<'a, str>),
    EndOfText,
}

/// A text that is being read.
pub(crate) struct Source<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    depth: usize,
    events: usize,
    /// A place up to which lines were counted: byte, line, and the byte at which that line begins.
    counted: (usize, u32, usize),
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self {
            text,
            reader,
            depth: 0,
            events: 0,
            counted: (0, 1, 0),
        }
    }

    /// The name of the root element, inside which the source then is.
    pub(crate) fn root(&mut self) -> Result<String, Refused> {
        loop {
            match self.next()? {
                Token::Start(start) => return Ok(start.name().into_inner().to_owned()),
                Token::Text(text) if text.trim().is_empty() => {}
                _ => return Err(self.refused("there is no XML element: this is not a score")),
            }
        }
    }

    /// The next element inside the one the source is in, and inside which it then is; `None` at its end.
    pub(crate) fn child(&mut self) -> Result<Option<BytesStart<'a>>, Refused> {
        loop {
            match self.next()? {
                Token::Start(start) => return Ok(Some(start)),
                Token::End => return Ok(None),
                Token::Text(_) => {}
                Token::EndOfText => return Err(self.refused("the text ends too early")),
            }
        }
    }

    /// Reads the rest of the element that `start` began into `tree`.
    pub(crate) fn element(
        &mut self,
        start: BytesStart<'a>,
        tree: &mut Tree<'a>,
    ) -> Result<(), Refused> {
        tree.nodes.clear();
        tree.begin(start);
        let mut open = vec![0];
        while let Some(at) = open.last().copied() {
            match self.next()? {
                Token::Start(start) => {
                    if tree.nodes.len() >= MAX_NODES {
                        return Err(self.refused("an element with too many in it"));
                    }
                    open.push(tree.nodes.len());
                    tree.begin(start);
                }
                Token::End => {
                    open.pop();
                    let end = tree.nodes.len();
                    if let Some(node) = tree.nodes.get_mut(at) {
                        node.end = end;
                    }
                }
                Token::Text(text) => {
                    // Between the children of an element there is only indentation.
                    let has_children = tree.nodes.len() > at + 1;
                    if has_children && text.trim().is_empty() {
                        continue;
                    }
                    if let Some(node) = tree.nodes.get_mut(at) {
                        if node.text.is_empty() {
                            node.text = text;
                        } else {
                            node.text.to_mut().push_str(&text);
                        }
                    }
                }
                Token::EndOfText => return Err(self.refused("the text ends too early")),
            }
        }
        Ok(())
    }

    /// Skips the rest of the element the source is in.
    pub(crate) fn skip(&mut self) -> Result<(), Refused> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Token::EndOfText = self.next()? {
                return Err(self.refused("the text ends too early"));
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Token<'a>, Refused> {
        loop {
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = usize::try_from(self.reader.error_position()).unwrap_or(0);
                    let position = self.position_of(at);
                    let message = format!("this is not well-formed XML: {error}");
                    return Err(Refused { position, message });
                }
            };
            // Texts stand between the others, and most of them are only indentation.
            self.events += usize::from(!matches!(event, Event::Text(_)));
            if self.events > MAX_EVENTS {
                return Err(self.refused(format!("more than {MAX_EVENTS} tags")));
            }
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(
                            self.refused(format!("more than {MAX_DEPTH} elements in each other"))
                        );
                    }
                    if start.attributes_raw().contains('&') {
                        self.check_attributes(&start)?;
                    }
                    return Ok(Token::Start(start));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::End);
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content())),
                Event::CData(text) => return Ok(Token::Text(text.xml10_content())),
                Event::GeneralRef(name) => {
                    let known = match name.resolve_char_ref() {
                        // A line ends like any other.
                        Ok(Some('\r')) => Some("\n".into()),
                        Ok(Some(c)) => Some(c.to_string().into()),
                        Ok(None) => resolve_predefined_entity(&name).map(Cow::Borrowed),
                        Err(_) => None,
                    };
                    return match known {
                        Some(text) => Ok(Token::Text(text)),
                        None => Err(self.refused("an entity that XML does not define")),
                    };
                }
                Event::DocType(text) if text.contains('[') => {
                    return Err(self.refused("a DOCTYPE with definitions of its own"));
                }
                Event::Eof => return Ok(Token::EndOfText),
                Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
    }

    fn check_attributes(&mut self, start: &BytesStart<'a>) -> Result<(), Refused> {
        for attribute in start.attributes().with_checks(false) {
            let value = attribute.map(|a| a.normalized_value(XmlVersion::Implicit1_0).is_ok());
            if !matches!(value, Ok(true)) {
                return Err(self.refused("an attribute that is not well-formed"));
            }
        }
        Ok(())
    }

    pub(super) fn refused(&mut self, message: impl Into<String>) -> Refused {
        Refused {
            position: self.position(),
            message: message.into(),
        }
    }

    /// The line and column where the source stands: the end of the last tag that was read.
    pub(crate) fn position(&mut self) -> Position {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        self.position_of(at)
    }

    fn position_of(&mut self, at: usize) -> Position {
        let at = at.min(self.text.len());
        let (from, mut line, mut begin) = match self.counted {
            counted if counted.0 <= at => counted,
            _ => (0, 1, 0),
        };
        let passed = self.text.as_bytes().get(from..at).unwrap_or(&[]);
        for (i, byte) in passed.iter().enumerate() {
            if *byte == b'\n' {
                line = line.saturating_add(1);
                begin = from + i + 1;
            }
        }
        self.counted = (at, line, begin);
        Position {
            line,
            column: u32::try_from(at - begin + 1).unwrap_or(u32::MAX),
        }
    }
}

struct Node<'a> {
    start: BytesStart<'a>,
    /// The text directly in it.
    text: Cow<'a, str>,
    /// The first node that is no longer in it.
    end: usize,
}

/// An element and all that is in it, in the order of the text.
#[derive(Default)]
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    fn begin(&mut self, start: BytesStart<'a>) {
        self.nodes.push(Node {
            start,
            text: Cow::Borrowed(""),
            end: self.nodes.len() + 1,
        });
    }

    pub(crate) const fn root(&self) -> Element<'_, 'a> {
        Element { tree: self, at: 0 }
    }
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Element<'t, 'a> {
    tree: &'t Tree<'a>,
    at: usize,
}

impl<'t, 'a> Element<'t, 'a> {
    pub(crate) fn name(self) -> &'t str {
        let node = self.tree.nodes.get(self.at);
        node.map_or("", |node| node.start.name().into_inner())
    }

    /// The text directly in it, as it stands.
    pub(crate) fn text(self) -> &'t str {
        self.tree.nodes.get(self.at).map_or("", |node| &node.text)
    }

    /// The text directly in it, without blanks around it.
    pub(crate) fn trimmed(self) -> &'t str {
        self.text().trim()
    }

    pub(crate) fn attribute(self, name: &str) -> Option<Cow<'t, str>> {
        attribute(&self.tree.nodes.get(self.at)?.start, name)
    }

    /// Whether it has the attribute with this value.
    pub(crate) fn is(self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|found| found == value)
    }

    pub(crate) fn children(self) -> Children<'t, 'a> {
        Children {
            tree: self.tree,
            next: self.at + 1,
            end: self.tree.nodes.get(self.at).map_or(0, |node| node.end),
        }
    }

    /// The first child of this name.
    pub(crate) fn child(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.name() == name)
    }

    /// The trimmed text of the first child of this name; empty without one.
    pub(crate) fn child_text(self, name: &str) -> &'t str {
        self.child(name).map_or("", Self::trimmed)
    }
}

/// The children of an element.
pub(crate) struct Children<'t, 'a> {
    tree: &'t Tree<'a>,
    next: usize,
    end: usize,
}

impl<'t, 'a> Iterator for Children<'t, 'a> {
    type Item = Element<'t, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let at = self.next;
        self.next = self.tree.nodes.get(at)?.end;
        Some(Element {
            tree: self.tree,
            at,
        })
    }
}

/// An attribute of a start tag.
pub(crate) fn attribute<'t>(start: &'t BytesStart<'_>, name: &str) -> Option<Cow<'t, str>> {
    // Without checks for doubles, which take quadratic time.
    let mut attributes = start.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|a| a.key.into_inner() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_read_with_all_that_is_in_it() {
        let text = "<a>\n <b x='1 &amp; 2'>t&lt;<![CDATA[&]]>&#233;<c/></b><d/> </a>";
        let mut source = Source::new(text);
        assert_eq!(source.root().unwrap(), "a");
        let mut tree = Tree::default();
        let start = source.child().unwrap().unwrap();
        assert_eq!(source.position().line, 2);
        source.element(start, &mut tree).unwrap();
        let b = tree.root();
        assert_eq!((b.name(), b.text()), ("b", "t<&\u{e9}"));
        assert!(b.is("x", "1 & 2"));
        assert_eq!(b.children().map(Element::name).collect::<Vec<_>>(), ["c"]);
        assert_eq!(source.child().unwrap().unwrap().name().into_inner(), "d");
        source.skip().unwrap();
        assert!(source.child().unwrap().is_none());
    }

    #[test]
    fn a_place_before_the_last_one_is_found_too() {
        let mut source = Source::new("<a>\n\n<b>\n");
        assert_eq!(source.position_of(6), Position { line: 3, column: 2 });
        assert_eq!(source.position_of(4), Position { line: 2, column: 1 });
    }
}
