//! A piece while it is being written: the bars as they come from the worker, until the library has
//! them.

use std::time::{Duration, Instant};

use jobs::{Dtype, Ending, Limits, Style, VariationId};
use library::Draft;

/// Bars that have come are on disk at the latest after this. Each save is an fsync, and a fast
/// model writes a hundred bars a second.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// One running variation.
#[derive(Debug)]
pub(crate) struct Writing {
    id: VariationId,
    style: Style,
    limits: Limits,
    dtype: Option<Dtype>,
    header: String,
    bars: Vec<String>,
    started_ms: Option<i64>,
    first_bar_ms: Option<i64>,
    /// What has come since the last save, and when that was.
    unsaved: bool,
    last_save: Option<Instant>,
}

impl Writing {
    pub(crate) fn new(id: VariationId, style: Style, limits: Limits, dtype: Option<Dtype>) -> Self {
        Self {
            id,
            style,
            limits,
            dtype,
            header: String::new(),
            bars: Vec::new(),
            started_ms: None,
            first_bar_ms: None,
            unsaved: false,
            last_save: None,
        }
    }

    pub(crate) fn begin(&mut self, now_ms: i64) {
        self.started_ms = Some(now_ms);
    }

    pub(crate) fn is_begun(&self) -> bool {
        self.started_ms.is_some()
    }

    pub(crate) fn started_ms(&self) -> Option<i64> {
        self.started_ms
    }

    pub(crate) fn put_header(&mut self, text: String) {
        self.header = text;
    }

    pub(crate) fn put_bar(&mut self, text: String, now_ms: i64) {
        self.bars.push(text);
        self.first_bar_ms.get_or_insert(now_ms);
        self.unsaved = true;
    }

    /// Whether it is time to save: at the first bar at once, then every [`SAVE_EVERY`].
    pub(crate) fn is_due(&self) -> bool {
        self.unsaved
            && self
                .last_save
                .is_none_or(|last| last.elapsed() >= SAVE_EVERY)
    }

    /// Whether it has bars that the library has not.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    pub(crate) fn mark_saved(&mut self) {
        self.unsaved = false;
        self.last_save = Some(Instant::now());
    }

    /// The piece as it stands; whole with its ending and the time it came.
    pub(crate) fn draft(&self, whole: Option<(Ending, i64)>) -> Option<Draft> {
        let (started, first_bar) = (self.started_ms?, self.first_bar_ms?);
        let mut text = self.header.clone();
        text.extend(self.bars.iter().map(String::as_str));
        Some(Draft {
            variation: self.id,
            created_ms: first_bar,
            title: title(&self.style, &self.header),
            style: self.style.clone(),
            bars: count(self.bars.len()),
            bars_expected: self.expected(),
            ending: whole.map(|(ending, _)| ending),
            first_bar_ms: Some(first_bar - started),
            duration_ms: whole.map(|(_, now_ms)| now_ms - started),
            text,
            dtype: self.dtype,
        })
    }

    /// How many bars there will be, if the last one's counter `[r:i/n]` is right.
    fn expected(&self) -> Option<u32> {
        let counter = self.bars.last()?.strip_prefix("[r:")?.split_once(']')?.0;
        let to_come: u32 = counter.split_once('/')?.1.parse().ok()?;
        let announced = count(self.bars.len()).saturating_add(to_come);
        Some(announced.min(self.limits.max_bars.unwrap_or(u32::MAX)))
    }
}

fn count(bars: usize) -> u32 {
    u32::try_from(bars).unwrap_or(u32::MAX)
}

/// `Art Song in B-flat major`: what the request and the header say, in plain ASCII so that it can
/// be a file's name anywhere.
pub(crate) fn title(style: &Style, header: &str) -> String {
    let key = header.lines().find_map(|line| line.strip_prefix("K:"));
    match key.and_then(spoken_key) {
        Some(key) => format!("{} in {key}", style.instrumentation),
        None => style.instrumentation.clone(),
    }
}

/// `Bb` → `B-flat major`, `F#min` → `F-sharp minor`, `Edor` → `E dorian`.
fn spoken_key(key: &str) -> Option<String> {
    let key = key.trim();
    let tonic = key.chars().next().filter(|c| ('A'..='G').contains(c))?;
    let rest = key.get(1..)?;
    let (accidental, mode) = match rest.chars().next() {
        Some('b') => ("-flat", rest.get(1..)?),
        Some('#') => ("-sharp", rest.get(1..)?),
        _ => ("", rest),
    };
    let mode = mode.trim().to_lowercase();
    let mode = match mode.get(..3).unwrap_or(&mode) {
        "" | "maj" => "major",
        "m" | "min" => "minor",
        "dor" => "dorian",
        "phr" => "phrygian",
        "lyd" => "lydian",
        "mix" => "mixolydian",
        "aeo" => "aeolian",
        "loc" => "locrian",
        _ => return None,
    };
    Some(format!("{tonic}{accidental} {mode}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobs::JobId;

    fn writing(limits: Limits) -> Writing {
        let id = VariationId {
            job: JobId::default(),
            number: 1,
        };
        let style = Style {
            period: "Romantic".into(),
            composer: "Wolf, Hugo".into(),
            instrumentation: "Art Song".into(),
        };
        let mut writing = Writing::new(id, style, limits, None);
        writing.begin(1_000);
        writing
    }

    #[test]
    fn a_title_names_the_key_in_words() {
        let style = writing(Limits::default()).style;
        for (key, expected) in [
            ("K:C\n", "Art Song in C major"),
            ("L:1/8\nK:Bb\n", "Art Song in B-flat major"),
            ("K:F#min\n", "Art Song in F-sharp minor"),
            ("K:Am\n", "Art Song in A minor"),
            ("K:Edor\n", "Art Song in E dorian"),
            ("K:none\n", "Art Song"),
            ("K:\n", "Art Song"),
            ("", "Art Song"),
        ] {
            assert_eq!(title(&style, key), expected, "{key:?}");
        }
    }

    #[test]
    fn the_first_bar_is_saved_at_once_and_the_next_ones_together() {
        let mut writing = writing(Limits::default());
        writing.put_header("K:C\n".into());
        assert!(!writing.is_due());
        writing.put_bar("[r:0/9][V:1]C|\n".into(), 1_100);
        assert!(writing.is_due());
        writing.mark_saved();
        writing.put_bar("[r:1/8][V:1]C|\n".into(), 1_200);
        assert!(!writing.is_due() && writing.is_unsaved());
    }

    #[test]
    fn a_draft_has_the_text_the_times_and_the_bars_to_come() {
        let mut writing = writing(Limits::default());
        assert_eq!(writing.draft(None), None, "no piece before the first bar");
        writing.put_header("K:C\n".into());
        writing.put_bar("[r:0/9][V:1]C|\n".into(), 1_100);
        let draft = writing.draft(None).unwrap();
        assert_eq!(draft.text, "K:C\n[r:0/9][V:1]C|\n");
        assert_eq!((draft.bars, draft.bars_expected), (1, Some(10)));
        assert_eq!((draft.first_bar_ms, draft.duration_ms), (Some(100), None));
        let whole = writing.draft(Some((Ending::Complete, 1_500))).unwrap();
        assert_eq!(whole.duration_ms, Some(500));
    }

    #[test]
    fn the_bar_limit_bounds_what_is_expected() {
        let mut writing = writing(Limits {
            max_bars: Some(4),
            ..Limits::default()
        });
        writing.put_bar("[r:0/9][V:1]C|\n".into(), 1_100);
        assert_eq!(writing.draft(None).unwrap().bars_expected, Some(4));
        writing.put_bar("[r:nonsense".into(), 1_100);
        assert_eq!(writing.draft(None).unwrap().bars_expected, None);
    }
}
