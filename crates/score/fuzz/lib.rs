//! What must hold of every reader, whatever it is given.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use score::{Diagnostic, Score, Severity};

/// The most a reader may hold at once for an input of at most [`MAX_INPUT`].
const MAX_BYTES: usize = 64 << 20;
/// The largest input these limits are promised for.
pub const MAX_INPUT: usize = 1 << 20;
const MAX_TIME: Duration = Duration::from_secs(1);

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What a piece of work took.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cost {
    /// Bytes it held at once, besides those that were held before.
    pub bytes: usize,
    pub time: Duration,
}

impl Cost {
    /// Whether this is what is promised.
    pub fn is_kept(self) -> bool {
        self.bytes <= MAX_BYTES && self.time <= MAX_TIME
    }
}

/// Does something and says what it took.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let start = Instant::now();
    let result = work();
    let time = start.elapsed();
    let bytes = PEAK.load(Ordering::Relaxed) - before;
    (result, Cost { bytes, time })
}

/// Reads, within the promised time and memory, a score that holds together.
pub fn read(data: &[u8], reader: impl Fn(&[u8]) -> (Score, Vec<Diagnostic>)) -> Score {
    let ((score, findings), cost) = measure(|| reader(data));
    // The machine may have been busy elsewhere: what takes long has to do so twice.
    if !cost.is_kept() {
        let (_, again) = measure(|| reader(data));
        assert!(again.is_kept(), "{cost:?}, {again:?}");
    }
    assert!(findings.len() <= 2000, "{} findings", findings.len());
    assert!(findings.iter().all(|finding| !finding.message.is_empty()));
    for bar in &score.bars {
        assert_eq!(bar.voices.len(), score.voices.len());
        for voice in &bar.voices {
            assert_eq!(voice.length(), Some(bar.length));
        }
    }
    score
}

/// Reads, writes what was read in every format, and reads that again.
pub fn check(data: &[u8], reader: impl Fn(&[u8]) -> (Score, Vec<Diagnostic>)) {
    if data.len() > MAX_INPUT {
        return;
    }
    let score = read(data, reader);
    is_read_again(&score, score::parse_abc(&score::write_abc(&score)));
    is_read_again(&score, score::parse_abc(&score::write_interleaved(&score)));
    let xml = score::write_musicxml(&score);
    is_read_again(&score, score::parse_musicxml(xml.as_bytes()));
    score::write_midi(&score);
}

/// All bars are there again, unless a limit was met.
fn is_read_again(score: &Score, (again, findings): (Score, Vec<Diagnostic>)) {
    let is_same = again.bar_count() == score.bar_count();
    let limits = ["too large", "more than"];
    let is_limit = |finding: &Diagnostic| {
        let message = finding.message.as_str();
        finding.severity == Severity::Error && limits.iter().any(|l| message.contains(l))
    };
    assert!(is_same || findings.iter().any(is_limit), "{findings:?}");
}

/// The text with its middle repeated until it is as long as an input can be; for some texts only, because that
/// takes long. `split` cuts a text in three.
pub fn grown(data: &[u8], split: impl Fn(&str) -> Option<[&str; 3]>) -> Option<Vec<u8>> {
    let sum = |sum: u8, byte: &u8| sum.wrapping_mul(31).wrapping_add(*byte);
    let is_chosen = data.iter().fold(0, sum) < 8;
    let text = std::str::from_utf8(data).ok().filter(|_| is_chosen)?;
    let [begin, middle, end] = split(text)?;
    let room = MAX_INPUT.checked_sub(begin.len() + end.len())?;
    let times = room.checked_div(middle.len())?;
    Some([begin, &middle.repeat(times), end].concat().into_bytes())
}
