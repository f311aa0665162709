//! One variation while it is written: its text so far and where it ends.

use std::time::Duration;

use jobs::{Change, Ending, JobEvent, SequenceSpec, VariationId, WorkerError};

use crate::model::{Continuation, Grammar, PATCH_SIZE, Patch, Row, Verdict};

const PAD: u8 = 0;
const BOS: u8 = 1;
const EOS: u8 = 2;

/// The longest piece in bytes, as in NotaGen's own inference.
const MAX_PIECE_BYTES: usize = 102_400;

/// The longest header in patches. Real ones have 16 to 27; a 41-part score has about 200.
const MAX_HEADER_PATCHES: u32 = 512;

pub(crate) struct Sequence {
    spec: SequenceSpec,
    started: Duration,
    /// Whole lines before the first bar, style lines included.
    header: String,
    /// Everything since, the unfinished line included.
    body: String,
    /// Where in the body the slot's context begins: after the header it holds only the last lines once
    /// it was restarted.
    context_from: usize,
    /// The unfinished line: a suffix of the header's or the body's text.
    line: String,
    in_body: bool,
    bars: u32,
    /// Patches drawn, which is the next one's index.
    drawn: u32,
    /// Those of them that were taken back.
    taken_back: u32,
    /// How often some were.
    rolled_back: u32,
    /// Patches in the slot's context, the input of the next step included.
    context: usize,
    patch_length: usize,
    input: Patch,
    open: Vec<u8>,
    grammar: Option<Box<dyn Grammar>>,
    /// Where it goes back to if what follows is broken.
    mark: Mark,
}

/// What a sequence was when a stretch began.
#[derive(Default)]
struct Mark {
    /// Lengths of the texts.
    header: usize,
    body: usize,
    line: String,
    in_body: bool,
    /// Patches that the piece had.
    patches: u32,
    context: usize,
    input: Patch,
    open: Vec<u8>,
}

/// What follows from a patch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    GoesOn,
    /// Some patches are no longer part of the piece, this one for certain. The slot's context is as long
    /// as this from now on; the next input is not among it.
    TakenBack {
        context: usize,
    },
    ContextFull,
    Ended,
}

impl Sequence {
    pub(crate) fn new(
        spec: SequenceSpec,
        header: String,
        prompt: &[Patch],
        grammar: Option<Box<dyn Grammar>>,
        patch_length: usize,
        now: Duration,
    ) -> Self {
        let mut sequence = Self {
            spec,
            started: now,
            header,
            body: String::new(),
            context_from: 0,
            line: String::new(),
            in_body: false,
            bars: 0,
            drawn: 0,
            taken_back: 0,
            rolled_back: 0,
            context: prompt.len(),
            patch_length,
            input: prompt.last().copied().unwrap_or([0; PATCH_SIZE]),
            open: Vec::new(),
            grammar,
            mark: Mark::default(),
        };
        sequence.keep();
        sequence
    }

    pub(crate) fn input(&self) -> Patch {
        self.input
    }

    /// What is there stands: from here on a stretch may be drawn again.
    fn keep(&mut self) {
        let Some(grammar) = &mut self.grammar else {
            return;
        };
        grammar.keep();
        self.mark = Mark {
            header: self.header.len(),
            body: self.body.len(),
            line: self.line.clone(),
            in_body: self.in_body,
            patches: self.patches(),
            context: self.context,
            input: self.input,
            open: self.open.clone(),
        };
    }

    /// Takes back what came since the last [`Sequence::keep`]. Nothing of it was told.
    fn go_back(&mut self) {
        self.rolled_back += 1;
        self.taken_back = self.drawn - self.mark.patches;
        self.header.truncate(self.mark.header);
        self.body.truncate(self.mark.body);
        self.line.clone_from(&self.mark.line);
        self.in_body = self.mark.in_body;
        self.context = self.mark.context;
        self.input = self.mark.input;
        self.open.clone_from(&self.mark.open);
    }

    /// Patches of the piece.
    fn patches(&self) -> u32 {
        self.drawn - self.taken_back
    }

    pub(crate) fn id(&self) -> VariationId {
        self.spec.id
    }

    pub(crate) fn row(&self, slot: usize) -> Row<'_> {
        Row {
            slot,
            input: self.input,
            seed: self.spec.seed,
            patch_index: u64::from(self.drawn),
            sampling: self.spec.sampling,
            forced: &self.open,
            opens_body: !self.in_body,
            grammar: self.grammar.as_deref(),
        }
    }

    /// The header and what the context holds of the body, unfinished line included.
    pub(crate) fn context_text(&self) -> (&str, &str) {
        let body = self.body.get(self.context_from..).unwrap_or_default();
        (&self.header, body)
    }

    /// The model has decided already whether its last patch ended: what is open is closed then.
    pub(crate) fn settle(&self, mut continuation: Continuation) -> Continuation {
        if self.input.contains(&EOS) && !continuation.open.is_empty() {
            let open = std::mem::take(&mut continuation.open);
            continuation.patches.push(closed(&open));
        }
        continuation
    }

    pub(crate) fn go_on_from(&mut self, continuation: Continuation) {
        self.context = continuation.patches.len();
        self.context_from = self.body.len().saturating_sub(continuation.kept);
        if let Some(&last) = continuation.patches.last() {
            self.input = last;
        }
        self.open = continuation.open;
        // The patches from before the restart are not in the context any more.
        self.keep();
    }

    /// Adds a drawn patch to the text.
    pub(crate) fn take(
        &mut self,
        patch: Patch,
        now: Duration,
        mut tell: impl FnMut(JobEvent),
    ) -> Turn {
        let id = self.id();
        let mut tell = |change| tell(JobEvent { id, change });
        self.drawn += 1;
        let verdict = self.grammar.as_mut().map(|grammar| grammar.accept(&patch));
        if verdict == Some(Verdict::Broken) {
            self.go_back();
            return match self.is_out_of_time(now) {
                true => self.end(Ending::TimeLimit, &mut tell),
                false => Turn::TakenBack {
                    context: self.context.saturating_sub(1),
                },
            };
        }
        if let [BOS, EOS, ..] = patch {
            if !self.line.is_empty() && self.in_body {
                self.end_line(&mut tell);
            }
            return self.end(Ending::Complete, &mut tell);
        }

        let bars = self.bars;
        let already_there = self.open.len();
        let characters = patch
            .iter()
            .take_while(|&&c| c != EOS)
            .skip(already_there)
            .filter(|&&c| c > EOS);
        if !self.in_body && (patch.starts_with(b"[r:") || patch.starts_with(b"[V:")) {
            self.begin_body();
        }
        for &character in characters {
            self.line.push(char::from(character));
            if self.in_body {
                self.body.push(char::from(character));
            }
            if character == b'\n' {
                self.end_line(&mut tell);
                if self.spec.limits.max_bars == Some(self.bars) {
                    return self.end(Ending::BarLimit, &mut tell);
                }
            }
        }
        self.input = patch;
        self.context += 1;
        self.open.clear();
        // A bar that was told is not taken back.
        if verdict == Some(Verdict::Stretch) || self.bars > bars {
            self.keep();
        }

        let patches = self.patches();
        if !self.in_body && patches >= MAX_HEADER_PATCHES {
            return self.end(Ending::LengthLimit, &mut tell);
        }
        let max_patches = self.spec.limits.max_patches;
        if max_patches.is_some_and(|most| patches >= most)
            || self.header.len() + self.body.len() >= MAX_PIECE_BYTES
        {
            return self.end(Ending::LengthLimit, &mut tell);
        }
        if self.is_out_of_time(now) {
            return self.end(Ending::TimeLimit, &mut tell);
        }
        if self.context >= self.patch_length {
            return if self.in_body {
                Turn::ContextFull
            } else {
                self.end(Ending::LengthLimit, &mut tell)
            };
        }
        Turn::GoesOn
    }

    fn is_out_of_time(&self, now: Duration) -> bool {
        let seconds = now.saturating_sub(self.started).as_secs();
        let most = self.spec.limits.max_seconds;
        most.is_some_and(|most| seconds >= u64::from(most))
    }

    /// Ends a piece that has no context to go on from: one line fills all of it.
    pub(crate) fn cut_short(&self) -> JobEvent {
        JobEvent {
            id: self.id(),
            change: self.last_change(Ending::LengthLimit),
        }
    }

    fn begin_body(&mut self) {
        self.in_body = true;
        if !self.line.is_empty() {
            // A header line the model left open: the body still begins on a line of its own.
            self.header.push_str(&self.line);
            self.header.push('\n');
            self.line.clear();
        }
    }

    fn end_line(&mut self, tell: &mut impl FnMut(Change)) {
        let mut text = std::mem::take(&mut self.line);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if !self.in_body {
            self.header.push_str(&text);
            return;
        }
        if text.trim().is_empty() {
            return;
        }
        if self.bars == 0 {
            tell(Change::Header {
                text: self.header.clone(),
            });
        }
        tell(Change::Bar {
            index: self.bars,
            text,
        });
        self.bars += 1;
    }

    fn end(&self, ending: Ending, tell: &mut impl FnMut(Change)) -> Turn {
        tell(self.last_change(ending));
        Turn::Ended
    }

    /// What is told last of a piece. A bar that a limit cut in the middle is not part of it.
    fn last_change(&self, ending: Ending) -> Change {
        if self.bars == 0 {
            return Change::Failed(WorkerError {
                code: "no_bars".into(),
                message: format!(
                    "the model wrote {} patches and not one whole bar; another seed may do better",
                    self.patches()
                ),
            });
        }
        Change::Finished {
            ending,
            patches: self.patches(),
            rolled_back: self.rolled_back,
        }
    }
}

/// Fewer than 16 characters as a patch that ends with them.
fn closed(characters: &[u8]) -> Patch {
    let mut patch = [PAD; PATCH_SIZE];
    for (place, &id) in patch.iter_mut().zip(characters.iter().chain([&EOS])) {
        *place = id;
    }
    patch
}
