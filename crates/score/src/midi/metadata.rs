//! What a MIDI file says about itself.
//!
//! The title is the name of the first track and the rights are a copyright event. Everything else is a text
//! event `name: value`: composer, period, instrumentation, software, then the fields by their names.

use midly::{EventIter, MetaMessage, TrackEventKind};

use crate::metadata::Metadata;

const COMPOSER: &str = "composer";
const PERIOD: &str = "period";
const INSTRUMENTATION: &str = "instrumentation";
const SOFTWARE: &str = "software";

/// Events of a file that are looked at. Ours has its texts first, and there are never so many.
const MAX_EVENTS: usize = 1000;
/// Bytes of one text; nobody writes longer ones, and settings are short.
const MAX_TEXT: usize = 64 * 1024;

/// A text event.
pub(super) enum Text {
    Title(String),
    Rights(String),
    Named(String),
}

impl Text {
    pub(super) fn message(&self) -> MetaMessage<'_> {
        match self {
            Self::Title(text) => MetaMessage::TrackName(bytes(text)),
            Self::Rights(text) => MetaMessage::Copyright(bytes(text)),
            Self::Named(text) => MetaMessage::Text(bytes(text)),
        }
    }
}

/// A text as it stands in the file: UTF-8.
pub(super) fn bytes(text: &str) -> &[u8] {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("").as_bytes()
}

/// The texts of the first track.
pub(super) fn texts(metadata: &Metadata) -> Vec<Text> {
    let mut texts = Vec::new();
    if !metadata.title.is_empty() {
        texts.push(Text::Title(metadata.title.clone()));
    }
    texts.extend(metadata.rights.clone().map(Text::Rights));
    let own = [
        (COMPOSER, &metadata.composer),
        (PERIOD, &metadata.period),
        (INSTRUMENTATION, &metadata.instrumentation),
        (SOFTWARE, &metadata.software),
    ];
    let own = own.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = metadata.fields.iter();
    let all = own.chain(fields.map(|(name, value)| (name.as_str(), value)));
    texts.extend(all.map(|(name, value)| Text::Named(format!("{name}: {value}"))));
    texts
}

/// What a MIDI file says about itself at its beginning, in the first track; what [`write_midi`] wrote of the
/// metadata of a score is there again. `None` if it is no MIDI file. Texts that are not UTF-8 are taken
/// as Latin-1. Any bytes are read in a time that their number limits, and no more than 1000 events of them.
///
/// [`write_midi`]: crate::write_midi
pub fn midi_metadata(bytes: &[u8]) -> Option<Metadata> {
    let mut metadata = Metadata::default();
    for event in EventIter::new(first_track(bytes)?).take(MAX_EVENTS) {
        let Ok(event) = event else { break };
        if event.delta > 0 {
            break;
        }
        match event.kind {
            TrackEventKind::Meta(MetaMessage::TrackName(title)) if metadata.title.is_empty() => {
                metadata.title = decoded(title);
            }
            TrackEventKind::Meta(MetaMessage::Copyright(rights)) if metadata.rights.is_none() => {
                metadata.rights = Some(decoded(rights));
            }
            TrackEventKind::Meta(MetaMessage::Text(text)) => add(&decoded(text), &mut metadata),
            _ => {}
        }
    }
    Some(metadata)
}

/// The events of the first track. midly reads them too, but some headers make it panic.
fn first_track(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.starts_with(b"MThd").then_some(bytes)?;
    loop {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (chunk, behind) = after.split_at(length.min(after.len()));
        if id == b"MTrk" {
            return Some(chunk);
        }
        rest = behind;
    }
}

fn decoded(text: &[u8]) -> String {
    let text = text.get(..MAX_TEXT).unwrap_or(text);
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
}

/// Takes up `name: value`. The first of a name that has a place of its own goes there.
fn add(text: &str, metadata: &mut Metadata) {
    let Some((name, value)) = text.split_once(": ") else {
        return;
    };
    let own = match name {
        COMPOSER => Some(&mut metadata.composer),
        PERIOD => Some(&mut metadata.period),
        INSTRUMENTATION => Some(&mut metadata.instrumentation),
        SOFTWARE => Some(&mut metadata.software),
        _ => None,
    };
    match own.filter(|own| own.is_empty()) {
        Some(own) => value.clone_into(own),
        None => metadata.fields.push((name.to_owned(), value.to_owned())),
    }
}
