//! Barlines and the numbers of endings.

use super::cursor::Cursor;
use super::text;
use crate::score::{Barline, Volta};

/// A barline with what it ends and begins.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct BarToken {
    pub(super) style: Barline,
    pub(super) repeat_stop: bool,
    pub(super) repeat_start: bool,
    pub(super) volta: Option<Box<Volta>>,
}

impl BarToken {
    /// Two barlines with nothing between them are one.
    pub(super) fn join(&mut self, next: Self) {
        if self.style == Barline::Regular {
            self.style = next.style;
        }
        self.repeat_stop |= next.repeat_stop;
        self.repeat_start |= next.repeat_start;
        self.volta = next.volta.or(self.volta.take());
    }
}

/// Passes of one ending; more are cut off.
const MAX_PASSES: usize = 16;

/// Reads a barline, or the `[1` of an ending, if one is next.
pub(super) fn read_barline(cursor: &mut Cursor<'_>) -> Option<BarToken> {
    let mut chars = cursor.rest().chars();
    let next = (chars.next(), chars.next(), chars.next());
    let starts = match next {
        (Some('|'), ..)
        | (Some(':'), Some(':' | '|'), _)
        | (Some('.' | '[' | ']'), Some('|'), _)
        | (Some('['), Some(']'), _) => true,
        (Some('['), Some(c), _) if c.is_ascii_digit() || c == '"' => {
            cursor.bump();
            let volta = read_volta(cursor, true);
            return Some(BarToken {
                volta,
                ..BarToken::default()
            });
        }
        _ => false,
    };
    if !starts {
        return None;
    }
    let mut token = BarToken::default();
    if cursor.eat_str(".|") {
        token.style = Barline::Dotted;
        token.repeat_start = cursor.eat(':');
    } else if cursor.eat_str("[|]") || cursor.eat_str("[]") {
        token.style = Barline::Invisible;
    } else {
        let heavy_first = cursor.eat('[');
        let sign = cursor.take_while(|c| matches!(c, '|' | ':' | ']'));
        let lines = sign.trim_matches(':');
        token.repeat_stop = sign.starts_with(':');
        token.repeat_start = sign.ends_with(':');
        token.style = if heavy_first {
            Barline::HeavyLight
        } else if lines.contains(']') {
            Barline::Final
        } else if lines.contains("||") && !token.repeat_stop && !token.repeat_start {
            Barline::Double
        } else {
            Barline::Regular
        };
    }
    if cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        token.volta = read_volta(cursor, false);
    } else {
        // `| [1`, but not the chord or field that may also follow a space.
        let mut ahead = cursor.clone();
        ahead.take_while(|c| c == ' ');
        if ahead.eat('[') && ahead.peek().is_some_and(|c| c.is_ascii_digit() || c == '"') {
            token.volta = read_volta(&mut ahead, true);
            *cursor = ahead;
        }
    }
    Some(token)
}

fn read_volta(cursor: &mut Cursor<'_>, may_be_words: bool) -> Option<Box<Volta>> {
    let mut volta = Volta::default();
    if may_be_words && cursor.peek() == Some('"') {
        let mut ahead = cursor.clone();
        ahead.bump();
        if let Some(words) = ahead.take_until('"', &['|'], 60) {
            volta.words = text::read(words);
            *cursor = ahead;
        }
        return (!volta.words.is_empty()).then(|| Box::new(volta));
    }
    loop {
        let first = cursor.number()?;
        let mut last = first;
        if cursor.peek() == Some('-') && cursor.peek_second().is_some_and(|c| c.is_ascii_digit()) {
            cursor.bump();
            last = cursor.number()?;
        }
        for pass in first..=last.min(first.saturating_add(16)) {
            if let (Ok(pass @ 1..), true) = (u8::try_from(pass), volta.numbers.len() < MAX_PASSES) {
                volta.numbers.push(pass);
            }
        }
        if cursor.peek() == Some(',') && cursor.peek_second().is_some_and(|c| c.is_ascii_digit()) {
            cursor.bump();
        } else {
            break;
        }
    }
    (!volta.numbers.is_empty()).then(|| Box::new(volta))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Position;

    fn read(text: &str) -> (BarToken, String) {
        let mut cursor = Cursor::new(text, Position::default());
        let token = read_barline(&mut cursor).unwrap();
        (token, cursor.rest().to_owned())
    }

    #[test]
    fn every_barline_is_read_whole() {
        for (text, style, stop, start, passes) in [
            ("|", Barline::Regular, false, false, &[][..]),
            ("||", Barline::Double, false, false, &[]),
            ("|]", Barline::Final, false, false, &[]),
            ("|]:", Barline::Final, false, true, &[]),
            ("[|", Barline::HeavyLight, false, false, &[]),
            (".|", Barline::Dotted, false, false, &[]),
            ("[|]", Barline::Invisible, false, false, &[]),
            (":|", Barline::Regular, true, false, &[]),
            ("|:", Barline::Regular, false, true, &[]),
            ("::", Barline::Regular, true, true, &[]),
            (":||:", Barline::Regular, true, true, &[]),
            ("|1", Barline::Regular, false, false, &[1]),
            (":|2", Barline::Regular, true, false, &[2]),
            ("| [1,3", Barline::Regular, false, false, &[1, 3]),
            ("|1-3", Barline::Regular, false, false, &[1, 2, 3]),
        ] {
            let (token, rest) = read(text);
            assert_eq!(rest, "", "{text}");
            assert_eq!(token.style, style, "{text}");
            assert_eq!(
                (token.repeat_stop, token.repeat_start),
                (stop, start),
                "{text}"
            );
            let found = token.volta.map(|v| v.numbers).unwrap_or_default();
            assert_eq!(found, passes, "{text}");
        }
    }

    #[test]
    fn a_chord_after_a_barline_is_not_an_ending() {
        assert_eq!(read("| [CE]").1, " [CE]");
        assert_eq!(read("|[K:G]").1, "[K:G]");
    }
}
