//! What the engine asks of a model.

use jobs::{Sampling, SequenceSpec, Style};

/// Characters in a patch.
pub const PATCH_SIZE: usize = 16;

/// One token of the patch decoder: 16 character ids. A patch of fewer characters is closed by 2
/// (EOS) and filled with 0 (PAD).
pub type Patch = [u8; PATCH_SIZE];

/// What a text may become: told of each patch that was drawn, it knows which characters may be drawn
/// next.
pub trait Grammar: Send + Sync {
    /// The only character that may come after `drawn`, the first characters of the patch that is
    /// being drawn, if there is just one: the model is not asked then.
    fn given(&self, drawn: &[u8]) -> Option<u8>;

    /// Makes of the probabilities that the model gives to the characters after `drawn` those to draw
    /// by: 0 for what may not come, and above 0 for something.
    fn weigh(&self, drawn: &[u8], probabilities: &mut [f64; 128]);

    /// A whole patch was drawn.
    fn accept(&mut self, patch: &Patch) -> Verdict;

    /// What was accepted so far stands: [`Verdict::Broken`] goes back no farther than here.
    fn keep(&mut self);
}

/// What a patch makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    GoesOn,
    /// What is there is well formed, and stands: a stretch of its own begins after it.
    Stretch,
    /// It is none. All patches since the last stretch began are taken back; the grammar is there already,
    /// and sees to it that this does not go on for ever.
    Broken,
}

/// A patch to be drawn: one row of the batch.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// The slot whose context it continues.
    pub slot: usize,
    /// The patch to append to the context first.
    pub input: Patch,
    /// The piece's seed.
    pub seed: u64,
    /// Which patch of the piece it is; goes on counting over context restarts.
    pub patch_index: u64,
    /// How characters are drawn.
    pub sampling: Sampling,
    /// The first characters of the patch, if they are settled already.
    pub forced: &'a [u8],
    /// No bar has begun yet: a patch that begins with `[r:` must go on with `0/`.
    pub opens_body: bool,
    /// What may be drawn; everything if there is none.
    pub grammar: Option<&'a dyn Grammar>,
}

/// A text as context to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// Whole patches.
    pub patches: Vec<Patch>,
    /// The first characters of the patch to be drawn next.
    pub open: Vec<u8>,
    /// How much of the body's end it holds, in bytes.
    pub kept: usize,
}

/// An error with a stable word for programs.
pub trait ModelError: std::fmt::Display {
    /// In snake case.
    fn code(&self) -> &str;
}

/// A model with a fixed number of slots, each with a context of patches.
pub trait Model {
    /// What can go wrong.
    type Error: ModelError;

    /// The most patches in a slot's context.
    fn patch_length(&self) -> usize;

    /// The patches with which a piece in this style begins.
    ///
    /// # Errors
    /// Text the model has no characters for.
    fn encode_prompt(&self, style: &Style) -> Result<Vec<Patch>, Self::Error>;

    /// What a sequence may become, if it is guarded.
    fn grammar(&self, spec: &SequenceSpec) -> Option<Box<dyn Grammar>>;

    /// The header and the last half of the body as a fresh context, of at least one patch. The body is
    /// what the context holds now, not all that was written.
    ///
    /// # Errors
    /// A body that cannot be halved.
    fn encode_continuation(&self, header: &str, body: &str) -> Result<Continuation, Self::Error>;

    /// Forgets all but the first patches of a slot's context.
    fn truncate(&mut self, slot: usize, patches: usize);

    /// Gives the context of slot `to` the first patches of that of slot `from`, in place of all it had.
    ///
    /// # Errors
    /// Those of the device.
    fn fork(&mut self, from: usize, to: usize, patches: usize) -> Result<(), Self::Error>;

    /// Appends patches to a slot's context.
    ///
    /// # Errors
    /// Those of the device.
    fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), Self::Error>;

    /// For each row: appends its input and draws the patch after it. A row's result does not depend
    /// on the other rows.
    ///
    /// # Errors
    /// Those of the device, or of any row. Nothing was appended then: the rows can be tried again.
    fn step(&mut self, rows: &[Row<'_>]) -> Result<Vec<Patch>, Self::Error>;
}
