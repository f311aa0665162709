//! A model whose pieces are known beforehand: the piece of a seed is a function of the seed.
//!
//! In repair mode its random numbers decide two things of a patch: whether it is broken, and whether its G are
//! written small.

use std::cell::Cell;
use std::time::Duration;

use engine::{Continuation, Engine, Grammar, Model, ModelError, PATCH_SIZE, Patch, Row, Verdict};
use jobs::{
    Change, GuardMode, JobEvent, JobId, Limits, Priority, Sampling, SequenceSpec, Style,
    VariationId,
};

pub(crate) struct Fake {
    pub(crate) patch_length: usize,
    /// Each slot's context.
    pub(crate) contexts: Vec<Vec<Patch>>,
    pub(crate) restarts: Cell<usize>,
    /// Patches read and patches copied into contexts.
    pub(crate) read: usize,
    pub(crate) copied: usize,
    /// The most patches read between two steps, and those since the last.
    pub(crate) most_read: usize,
    pub(crate) read_now: usize,
    pub(crate) most_rows: usize,
    /// Its bodies have no half, as when one line fills the context.
    pub(crate) keeps_all: bool,
    pub(crate) refuses_composer: Option<&'static str>,
    /// Steps with this seed's row in them fail from this patch on.
    pub(crate) chokes_on: Option<(u64, u64)>,
    /// How it writes in repair mode.
    pub(crate) free: Free,
}

/// Of a hundred patches so many are broken, a stretch has so many patches, and breaks so often before the
/// model is held to the grammar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free {
    pub(crate) breaks: u64,
    pub(crate) stretch: usize,
    pub(crate) tries: u32,
}

#[derive(Debug)]
pub(crate) struct FakeError;

impl std::fmt::Display for FakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl ModelError for FakeError {
    fn code(&self) -> &str {
        "refused"
    }
}

pub(crate) fn patches(text: &str) -> Vec<Patch> {
    text.as_bytes()
        .chunks(PATCH_SIZE)
        .map(|chunk| {
            let mut patch = [0; PATCH_SIZE];
            patch[..chunk.len()].copy_from_slice(chunk);
            if chunk.len() < PATCH_SIZE {
                patch[chunk.len()] = 2;
            }
            patch
        })
        .collect()
}

fn text_of(patches: &[Patch]) -> String {
    let characters = patches.as_flattened().iter().filter(|&&c| c > 2);
    characters.map(|&c| char::from(c)).collect()
}

/// Two header lines and 1 to 12 bars, from seed 100 on as many as the seed says; each line is cut into
/// patches of its own.
pub(crate) fn lines_of(seed: u64) -> Vec<String> {
    let bars = if seed < 100 { seed % 12 + 1 } else { seed };
    let mut lines = vec!["L:1/8\n".to_owned(), format!("V:1 nm=\"seed {seed}\"\n")];
    for bar in 0..bars {
        let notes = "CDEFGABc".repeat(((seed + bar) % 3 + 1) as usize);
        lines.push(format!("[r:{bar}/{}][V:1]{notes}|\n", bars - 1 - bar));
    }
    lines
}

pub(crate) fn script(seed: u64) -> Vec<Patch> {
    let mut all: Vec<Patch> = lines_of(seed).iter().flat_map(|l| patches(l)).collect();
    let mut end = [2; PATCH_SIZE];
    end[0] = 1;
    all.push(end);
    all
}

/// Knows the piece beforehand, and at which patch of it the sequence stands.
struct Script {
    script: Vec<Patch>,
    accepted: usize,
}

impl Grammar for Script {
    fn given(&self, drawn: &[u8]) -> Option<u8> {
        Some(self.script[self.accepted][drawn.len()])
    }

    fn weigh(&self, _drawn: &[u8], _probabilities: &mut [f64; 128]) {}

    fn accept(&mut self, patch: &Patch) -> Verdict {
        assert_eq!(*patch, self.script[self.accepted]);
        self.accepted += 1;
        Verdict::GoesOn
    }

    fn keep(&mut self) {}
}

/// Knows the piece but for its random numbers.
struct Repaired {
    script: Vec<Patch>,
    free: Free,
    accepted: usize,
    kept: usize,
    broke: u32,
}

impl Grammar for Repaired {
    fn given(&self, _drawn: &[u8]) -> Option<u8> {
        None
    }

    fn weigh(&self, _drawn: &[u8], probabilities: &mut [f64; 128]) {
        if self.broke > self.free.tries {
            probabilities[usize::from(b'?')] = 0.0;
        }
    }

    fn accept(&mut self, patch: &Patch) -> Verdict {
        if patch[0] == b'?' {
            assert!(self.broke <= self.free.tries, "it was held to the grammar");
            self.broke += 1;
            self.accepted = self.kept;
            return Verdict::Broken;
        }
        assert_eq!(
            shape(&text_of(&[*patch])),
            text_of(&[self.script[self.accepted]])
        );
        self.accepted += 1;
        if !self.accepted.is_multiple_of(self.free.stretch) {
            return Verdict::GoesOn;
        }
        self.broke = 0;
        Verdict::Stretch
    }

    fn keep(&mut self) {
        self.kept = self.accepted;
    }
}

/// A text without what random numbers decided.
fn shape(text: &str) -> String {
    text.replace('g', "G")
}

/// The random number of a patch.
fn random(seed: u64, index: u64) -> u64 {
    let mut x = (seed << 32 | index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 20
}

pub(crate) fn is_broken(free: Free, seed: u64, index: u64) -> bool {
    random(seed, index) % 100 < free.breaks
}

/// A patch of the script as the random numbers have it.
pub(crate) fn varied(patch: Patch, seed: u64, index: u64) -> Patch {
    let is_small = random(seed, index) & 128 != 0;
    patch.map(|c| if is_small && c == b'G' { b'g' } else { c })
}

/// The patch that comes after such a context, which must be one of this piece: the style, the header, and
/// whole lines without a gap to where the piece stands.
fn next_in_script(seed: u64, context: &str) -> Patch {
    let lines = lines_of(seed);
    let (all, header) = (lines.concat(), lines[..2].concat());
    let (_, text) = context.split_once("Art Song\n").expect("the style");
    let text = shape(text);
    let position = match text.rfind("[r:") {
        None => text.len(),
        Some(at) => {
            let counter = &text[at..=at + text[at..].find('/').expect("a counter")];
            all.find(counter).expect("a line") + text.len() - at
        }
    };
    let written = &all[..position];
    match text.strip_prefix(&header) {
        Some(body) => {
            assert!(body.is_empty() || body.starts_with("[r:") && written.ends_with(body))
        }
        None => assert_eq!(text, written),
    }
    let mut before = 0;
    let next = script(seed).into_iter().find(|patch| {
        let is_next = before >= position;
        before += patch.iter().filter(|&&c| c > 2).count();
        is_next
    });
    next.expect("the end of the piece")
}

impl Fake {
    /// What is drawn in repair mode.
    fn draw_freely(&self, row: &Row<'_>, grammar: &dyn Grammar, context: &[Patch]) -> Patch {
        let patch = next_in_script(row.seed, &text_of(context));
        let mut probabilities = [0.0; 128];
        let broken = usize::from(b'?');
        probabilities[broken] = f64::from(is_broken(self.free, row.seed, row.patch_index));
        grammar.weigh(&[], &mut probabilities);
        match probabilities[broken] > 0.0 {
            true => patches("?")[0],
            false => varied(patch, row.seed, row.patch_index),
        }
    }

    pub(crate) fn new(slots: usize) -> Self {
        Self {
            patch_length: 1024,
            contexts: vec![Vec::new(); slots],
            restarts: Cell::new(0),
            read: 0,
            copied: 0,
            most_read: 0,
            read_now: 0,
            most_rows: 0,
            keeps_all: false,
            refuses_composer: None,
            chokes_on: None,
            free: Free {
                breaks: 30,
                stretch: 4,
                tries: 2,
            },
        }
    }
}

impl Model for Fake {
    type Error = FakeError;

    fn patch_length(&self) -> usize {
        self.patch_length
    }

    fn encode_prompt(&self, style: &Style) -> Result<Vec<Patch>, FakeError> {
        match self.refuses_composer {
            Some(name) if style.composer == name => Err(FakeError),
            _ => Ok(patches(&jobs::style_lines(style))),
        }
    }

    fn encode_continuation(&self, header: &str, body: &str) -> Result<Continuation, FakeError> {
        self.restarts.update(|restarts| restarts + 1);
        let lines: Vec<&str> = body.split_inclusive('\n').collect();
        let tail = lines[lines.len() - lines.len() / 2..].concat();
        let kept = if self.keeps_all || tail.is_empty() {
            body
        } else {
            &tail
        };
        Ok(Continuation {
            patches: patches(&format!("{header}{kept}")),
            open: Vec::new(),
            kept: kept.len(),
        })
    }

    fn grammar(&self, spec: &SequenceSpec) -> Option<Box<dyn Grammar>> {
        let script = script(spec.seed);
        match spec.guard {
            GuardMode::Strict => Some(Box::new(Script {
                script,
                accepted: 0,
            })),
            GuardMode::Repair => Some(Box::new(Repaired {
                script,
                free: self.free,
                accepted: 0,
                kept: 0,
                broke: 0,
            })),
            GuardMode::Off => None,
        }
    }

    fn truncate(&mut self, slot: usize, patches: usize) {
        self.contexts[slot].truncate(patches);
    }

    fn fork(&mut self, from: usize, to: usize, patches: usize) -> Result<(), FakeError> {
        assert_ne!(from, to);
        self.copied += patches;
        self.contexts[to] = self.contexts[from][..patches].to_vec();
        Ok(())
    }

    fn prefill(&mut self, slot: usize, patches: &[Patch]) -> Result<(), FakeError> {
        self.read += patches.len();
        self.read_now += patches.len();
        self.most_read = self.most_read.max(self.read_now);
        self.contexts[slot].extend(patches);
        Ok(())
    }

    fn step(&mut self, rows: &[Row<'_>]) -> Result<Vec<Patch>, FakeError> {
        let chokes = |row: &Row<'_>| {
            let (seed, patch) = self.chokes_on?;
            (row.seed == seed && row.patch_index >= patch).then_some(())
        };
        if rows.iter().any(|row| chokes(row).is_some()) {
            return Err(FakeError);
        }
        self.most_rows = self.most_rows.max(rows.len());
        self.read_now = 0;
        Ok(rows
            .iter()
            .map(|row| {
                self.contexts[row.slot].push(row.input);
                let context = &self.contexts[row.slot];
                assert!(context.len() < self.patch_length, "context overrun");
                if let Some(grammar) = row.grammar.filter(|grammar| grammar.given(&[]).is_none()) {
                    return self.draw_freely(row, grammar, context);
                }
                // Whose ever context it was before: it ends with what this piece wrote last.
                let written = text_of(&script(row.seed)[..row.patch_index as usize]);
                let last = &written[written.len().saturating_sub(PATCH_SIZE)..];
                assert!(text_of(context).ends_with(last));
                script(row.seed)[row.patch_index as usize]
            })
            .collect())
    }
}

pub(crate) fn sequence(number: u32, seed: u64, limits: Limits) -> SequenceSpec {
    SequenceSpec {
        id: VariationId {
            job: JobId::default(),
            number,
        },
        priority: Priority::Normal,
        style: Style {
            period: "Romantic".into(),
            composer: format!("Composer {number}"),
            instrumentation: "Art Song".into(),
        },
        sampling: Sampling {
            top_k: 9,
            top_p: 0.9,
            temperature: 1.0,
        },
        guard: GuardMode::Strict,
        limits,
        seed,
    }
}

/// One that is written in repair mode.
pub(crate) fn repaired(number: u32, seed: u64, limits: Limits) -> SequenceSpec {
    SequenceSpec {
        guard: GuardMode::Repair,
        ..sequence(number, seed, limits)
    }
}

/// Steps until nothing is left to do, one second of the engine's time a step.
pub(crate) fn run(engine: &mut Engine, model: &mut Fake) -> Vec<JobEvent> {
    let mut events = Vec::new();
    for second in 0..100_000 {
        if engine.is_idle() {
            return events;
        }
        events.extend(engine.step(model, Duration::from_secs(second)));
    }
    panic!("the engine never came to rest");
}

pub(crate) fn bars(events: &[JobEvent], id: VariationId) -> String {
    let of_it = events.iter().filter(|event| event.id == id);
    of_it
        .filter_map(|event| match &event.change {
            Change::Bar { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

pub(crate) fn last(events: &[JobEvent], id: VariationId) -> &Change {
    let mut of_it = events.iter().filter(|event| event.id == id);
    &of_it.next_back().expect("an event").change
}
