//! Which lines of a text are the tune.
//!
//! ABC as people write it is a file of tunes with text between them (ABC 2.1, section 2.2): fields for all
//! tunes at its beginning, then tunes, each from its `X:` to the next empty line. The first tune is taken.
//! NotaGen's text has no `X:` and is all tune.

use super::header::{self, Line};
use crate::diagnostic::Findings;
use crate::limits::{self, MAX_LINES};

/// The lines of the first tune, after the fields that the file has for all tunes. Text blocks
/// (`%%begintext` to `%%endtext`) are not in it.
pub(super) fn lines<'a>(text: &'a str, findings: &mut Findings) -> Vec<Line<'a>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Line ends of Windows are those of Unix after a carriage return; old Macs had the return alone.
    let end = if text.contains('\n') { '\n' } else { '\r' };
    let text = text.strip_suffix(end).unwrap_or(text);
    let mut lines: Vec<Line<'a>> = text
        .split(end)
        .zip(1u32..)
        .take(MAX_LINES + 1)
        .map(|(text, number)| Line {
            text: text.trim_end_matches('\r'),
            number,
        })
        .collect();
    if let Some(line) = lines.get(MAX_LINES) {
        findings.error(line.place(), limits::TOO_LARGE);
        lines.truncate(MAX_LINES);
    }
    drop_text_blocks(&mut lines);
    let Some(first) = beginning(&lines) else {
        return lines;
    };
    let mut tunes = lines.split_off(first);
    let mut before = lines;
    // A tune before it that has no number is the first.
    let is_unnumbered = before.iter().any(|line| line.text.starts_with("K:"));
    let mut begins = tunes
        .iter()
        .enumerate()
        .filter(|(_, l)| begins_tune(l.text));
    let end = begins.nth(usize::from(!is_unnumbered)).map(|(at, _)| at);
    if let Some(line) = end.and_then(|end| tunes.get(end)) {
        let numbered = tunes.iter().filter(|line| begins_tune(line.text)).count();
        let count = numbered + usize::from(is_unnumbered);
        findings.warn(
            line.place(),
            format!("there are {count} tunes here: only the first is read"),
        );
    }
    tunes.truncate(end.unwrap_or(tunes.len()));
    if is_unnumbered {
        return before;
    }
    keep_file_header(&mut before, findings);
    take_tune(&tunes, &mut before, findings);
    before
}

/// Whether the lines are ABC as people write it.
pub(super) fn has_number(lines: &[Line<'_>]) -> bool {
    beginning(lines).is_some()
}

/// Whether a line among those of NotaGen's music can change which lines are the tune. All others are part of it.
pub(super) fn is_special(text: &str) -> bool {
    let starts = ["X:", "K:", "%%"];
    text.trim().is_empty() || starts.iter().any(|start| text.starts_with(start))
}

/// The line on which the first tune begins. A stray `X:` inside NotaGen's music begins nothing.
fn beginning(lines: &[Line<'_>]) -> Option<usize> {
    let head = |line: &&Line<'_>| !is_tagged(line.text);
    let mut before_music = lines.iter().take_while(head);
    before_music.position(|line| begins_tune(line.text))
}

fn begins_tune(text: &str) -> bool {
    text.starts_with("X:")
}

fn is_tagged(text: &str) -> bool {
    text.starts_with("[r:") || text.starts_with("[V:")
}

fn is_empty(line: &Line<'_>) -> bool {
    line.text.trim().is_empty()
}

/// Blocks such as `%%begintext` … `%%endtext`, whose lines could be taken for music.
fn drop_text_blocks(lines: &mut Vec<Line<'_>>) {
    // A block that nothing ends is none.
    let last_end = lines.iter().rfind(|line| line.text.starts_with("%%end"));
    let last_end = last_end.map_or(0, |line| line.number);
    let mut open: Option<&str> = None;
    lines.retain(|line| {
        let directive = line.text.strip_prefix("%%").map(str::trim);
        if let Some(kind) = open {
            let ends = directive.and_then(|d| d.strip_prefix("end"));
            if ends.is_some_and(|d| d.starts_with(kind)) {
                open = None;
            }
            return false;
        }
        let begins = directive.and_then(|d| d.strip_prefix("begin"));
        let kind = begins.and_then(|d| d.split_whitespace().next());
        let is_block = |kind: &&str| matches!(*kind, "text" | "ps" | "svg" | "js" | "ml");
        open = kind.filter(is_block).filter(|_| line.number < last_end);
        open.is_none()
    });
}

/// Of what stands before the first tune: the fields for all tunes, which end at the first empty line.
fn keep_file_header(lines: &mut Vec<Line<'_>>, findings: &mut Findings) {
    let end = lines.iter().position(is_empty).unwrap_or(lines.len());
    let fields = lines.get(..end).unwrap_or(&[]);
    let kept = if fields.iter().all(is_field) { end } else { 0 };
    let dropped = lines.get(kept..).unwrap_or(&[]);
    if let Some(line) = dropped.iter().find(|line| !is_empty(line)) {
        findings.note(line.place(), "the text before the first tune is left out");
    }
    lines.truncate(kept);
}

/// Adds the lines of a tune to those of the file header.
fn take_tune<'a>(tune: &[Line<'a>], lines: &mut Vec<Line<'a>>, findings: &mut Findings) {
    let mut in_body = false;
    for block in tune.split(is_empty) {
        // An empty line ends a tune, but many people have them between their lines of music.
        let key = block.iter().position(|line| line.text.starts_with("K:"));
        if in_body && !block.iter().any(is_music) {
            if let Some(line) = block.iter().find(|line| !line.text.starts_with('%')) {
                findings.note(line.place(), "text after an empty line is left out");
            }
            continue;
        }
        let head = key.filter(|_| !in_body).unwrap_or(0);
        for (place, line) in block.iter().enumerate() {
            if place >= head || is_field(line) || line.text.starts_with("+:") {
                lines.push(*line);
            } else {
                findings.note(line.place(), "a line of the header is no field: left out");
            }
        }
        in_body |= key.is_some();
    }
}

fn is_field(line: &Line<'_>) -> bool {
    line.text.starts_with('%') || header::field_of(line.text).is_some()
}

/// Whether a line after an empty one goes on with the tune. Text has no barlines.
fn is_music(line: &Line<'_>) -> bool {
    let voice = header::field_of(line.text).is_some_and(|(name, _)| "VwW".contains(name));
    voice || line.text.contains('|') && !line.text.starts_with('%')
}
