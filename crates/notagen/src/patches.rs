//! Text to patches of 16 characters and back: NotaGen's `Patchilizer`, as pure functions.
//!
//! A patch is 16 ids of type u8: character codes 3 to 127, or [`BOS`], [`EOS`], [`PAD`]. The header
//! is cut line by line and the tune body bar by bar; a bar's last patch, when it is short, ends with
//! an [`EOS`] and is filled with [`PAD`]. A chunk of exactly 16 characters has no [`EOS`].
//!
//! Reference: NotaGen `gradio/utils.py`, class `Patchilizer`. Not taken over: an exception while bars
//! are split silently drops the rest of a piece there, and ids 0 and 1 inside a patch come out as
//! control characters.

use crate::{BOS, EOS, Error, PAD, PATCH_SIZE, Patch, VOCAB};

/// The patch that opens every piece: 15 times [`BOS`], then [`EOS`].
pub const OPENING: Patch = [
    BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, BOS, EOS,
];
/// The patch that closes every piece in training: [`BOS`], then 15 times [`EOS`]. A drawn one stops
/// at its first [`EOS`]: use [`is_end`].
pub const CLOSING: Patch = [
    BOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS, EOS,
];

/// In the order in which they are tried at each character.
const BAR_LINES: [&str; 7] = ["|:", "::", ":|", "[|", "||", "|]", "|"];

/// A text to go on from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Continuation {
    /// Whole patches, [`OPENING`] first.
    pub patches: Vec<Patch>,
    /// The characters of a last, unfinished patch, fewer than 16; the next draw begins with them.
    pub open: Vec<u8>,
}

/// The prompt for a style: [`OPENING`] and the three comment lines.
pub fn encode_prompt(
    period: &str,
    composer: &str,
    instrumentation: &str,
) -> Result<Vec<Patch>, Error> {
    let mut patches = vec![OPENING];
    for field in [period, composer, instrumentation] {
        if field.is_empty() || field.contains(['\n', '\r']) {
            return Err(Error::text(format!("{field:?} is no line of a style")));
        }
        let line = format!("%{field}\n");
        check(&line)?;
        push_closed(&mut patches, line.as_bytes());
    }
    Ok(patches)
}

/// A whole piece as the model saw it in training: [`OPENING`], the header, the tune body with its
/// `[r:i/n]` (lines before, lines to come) added to each line, [`CLOSING`].
///
/// `text` is interleaved ABC with its style lines and without `[r:]`. A piece longer than
/// `patch_length` is refused; the reference trains on a random part of it.
pub fn encode_training(text: &str, patch_length: usize) -> Result<Vec<Patch>, Error> {
    check(text)?;
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.is_empty()).collect();
    let body_at = lines
        .iter()
        .position(|line| line.contains("[V:"))
        .unwrap_or(lines.len());
    let (header, body) = lines.split_at(body_at);

    let mut patches = vec![OPENING];
    for line in header {
        push_closed(&mut patches, format!("{line}\n").as_bytes());
    }
    for (index, line) in body.iter().enumerate() {
        let line = format!("[r:{index}/{}]{line}\n", body.len() - index - 1);
        for bar in bars(&line) {
            push_closed(&mut patches, bar.as_bytes());
        }
    }
    patches.push(CLOSING);
    fits(patches.len(), patch_length)?;
    Ok(patches)
}

/// A text that the model is to continue. It has its `[r:i/n]`, and may stop in the middle of a line.
///
/// The last chunk has no [`EOS`]: if it is short, it is returned as [`Continuation::open`], and the
/// model decides whether the bar ends there.
pub fn encode_continuation(text: &str, patch_length: usize) -> Result<Continuation, Error> {
    check(text)?;
    let lines: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|line| *line != "\n")
        .collect();
    let body_at = lines
        .iter()
        .position(|line| line.starts_with("[V:") || line.starts_with("[r:"))
        .unwrap_or(lines.len());
    let (header, body) = lines.split_at(body_at);
    let mut chunks: Vec<&str> = header.to_vec();
    chunks.extend(body.iter().flat_map(|line| bars(line)));

    // A finished header line is closed even if it comes last; everything else that is last is open.
    let open = match chunks.last() {
        Some(last) if !body.is_empty() || !last.ends_with('\n') => chunks.pop(),
        _ => None,
    };
    let mut patches = vec![OPENING];
    for chunk in chunks {
        push_closed(&mut patches, chunk.as_bytes());
    }
    let (whole, open) = open
        .unwrap_or_default()
        .as_bytes()
        .as_chunks::<PATCH_SIZE>();
    patches.extend(whole);
    fits(patches.len(), patch_length)?;
    Ok(Continuation {
        patches,
        open: open.to_vec(),
    })
}

/// The characters of a patch, up to its [`EOS`]. Ids that are no character are left out.
pub fn text_of(patch: &Patch) -> String {
    patch
        .iter()
        .take_while(|&&id| id != EOS)
        .filter(|&&id| id > EOS && usize::from(id) < VOCAB)
        .map(|&id| char::from(id))
        .collect()
}

/// The text of several patches.
pub fn decode(patches: &[Patch]) -> String {
    patches.iter().map(text_of).collect()
}

/// Whether this patch ends the piece.
pub fn is_end(patch: &Patch) -> bool {
    patch[0] == BOS && patch[1] == EOS
}

/// What to go on from when the context is full: the header and the last half of the tune body's
/// lines, the cut chosen anew each time. Both texts are as generated; the last line may be unfinished.
///
/// `None` when there is nothing to cut: the body has no finished line, or the last half is empty.
///
/// Reference: NotaGen `gradio/inference.py`, `inference_patch` ("Stream generating...").
pub fn restart_text(header: &str, body: &str) -> Option<String> {
    // As in the reference, a body that ends with its line has one more, empty line.
    let lines: Vec<&str> = body.split('\n').collect();
    let kept = lines.get(lines.len() - lines.len() / 2..)?.join("\n");
    match kept.is_empty() {
        true => None,
        false => Some(format!("{header}{kept}")),
    }
}

/// Characters 3 to 127; the others are no text or have a meaning of their own.
fn check(text: &str) -> Result<(), Error> {
    match text
        .chars()
        .find(|&c| !c.is_ascii() || c <= char::from(EOS))
    {
        Some(c) => Err(Error::text(format!(
            "{c:?} is no character of the model's alphabet"
        ))),
        None => Ok(()),
    }
}

fn fits(needed: usize, limit: usize) -> Result<(), Error> {
    match needed <= limit {
        true => Ok(()),
        false => Err(Error::ContextFull { needed, limit }),
    }
}

/// `text` in chunks of 16, the last one closed by [`EOS`] if it is short.
fn push_closed(patches: &mut Vec<Patch>, text: &[u8]) {
    let (whole, rest) = text.as_chunks::<PATCH_SIZE>();
    patches.extend(whole);
    if !rest.is_empty() {
        let mut patch = [PAD; PATCH_SIZE];
        patch[..rest.len()].copy_from_slice(rest);
        patch[rest.len()] = EOS;
        patches.push(patch);
    }
}

/// One line of the tune body in bars: a bar line begins the bar after it. What follows the last bar
/// line goes with the bar before, unless it has a voice (a `V`) of its own.
///
/// Reference: `Patchilizer.split_bars`. Bar line and text alternate there by position: two bar lines
/// in a row make one bar, and the text after them pairs with the next bar line. So it is here. But in
/// a line that is not finished yet nothing joins the bar before: a voice may still come, and then
/// the patches are those that the model drew.
fn bars(line: &str) -> Vec<&str> {
    let cuts = pieces(line);
    let count = cuts.len() - 1;
    // The pieces of the first bar: a text before the first bar line stands alone.
    let first = usize::from(count > 0 && !BAR_LINES.contains(&&line[..cuts[1]]));
    let mut starts: Vec<usize> = (first..count).step_by(2).map(|piece| cuts[piece]).collect();
    if first == 1 {
        starts.insert(0, 0);
    }
    if let [_, .., last] = starts[..]
        && line.ends_with('\n')
        && !line[last..].contains('V')
    {
        starts.pop();
    }
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &line[start..end])
        .collect()
}

/// Where bar lines and the texts between them begin, and the length of the line.
fn pieces(line: &str) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut at = 0;
    while at < line.len() {
        let found = BAR_LINES
            .iter()
            .find(|bar_line| line.as_bytes()[at..].starts_with(bar_line.as_bytes()));
        match found {
            Some(bar_line) => {
                cuts.push(at);
                at += bar_line.len();
                cuts.push(at);
            }
            None => at += 1,
        }
    }
    cuts.push(line.len());
    cuts.dedup();
    cuts
}
