//! A model whose pieces are known beforehand: the piece of a seed is a function of the seed.

use std::time::Duration;

use engine::{Continuation, Engine, Grammar, Model, ModelError, PATCH_SIZE, Patch, Row};
use jobs::{
    Change, GuardMode, JobEvent, JobId, Limits, Priority, Sampling, SequenceSpec, Style,
    VariationId,
};

pub(crate) struct Fake {
    pub(crate) patch_length: usize,
    /// Each slot's context.
    pub(crate) contexts: Vec<Vec<Patch>>,
    pub(crate) restarts: usize,
    /// Patches read and patches copied into contexts.
    pub(crate) read: usize,
    pub(crate) copied: usize,
    /// The most patches read between two steps, and those since the last.
    pub(crate) most_read: usize,
    read_now: usize,
    pub(crate) most_rows: usize,
    /// Its bodies have no half, as when one line fills the context.
    pub(crate) keeps_all: bool,
    pub(crate) refuses_composer: Option<&'static str>,
    /// Steps with this seed's row in them fail from this patch on.
    pub(crate) chokes_on: Option<(u64, u64)>,
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

    fn accept(&mut self, patch: &Patch) {
        assert_eq!(*patch, self.script[self.accepted]);
        self.accepted += 1;
    }
}

impl Fake {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            patch_length: 1024,
            contexts: vec![Vec::new(); slots],
            restarts: 0,
            read: 0,
            copied: 0,
            most_read: 0,
            read_now: 0,
            most_rows: 0,
            keeps_all: false,
            refuses_composer: None,
            chokes_on: None,
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
            GuardMode::Off => None,
        }
    }

    fn truncate(&mut self, slot: usize, patches: usize) {
        self.restarts += usize::from(self.contexts[slot].len() + 1 >= self.patch_length);
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
                let context = &mut self.contexts[row.slot];
                context.push(row.input);
                assert!(context.len() < self.patch_length, "context overrun");
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
