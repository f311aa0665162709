//! Writing NotaGen's text: interleaved and reduced, as the model was trained on it.
//!
//! Style lines, a header, then one line for each bar with the voices that do not rest in it. It is spelled as
//! the training text is (xml2abc, then NotaGen's own preprocessing), so that any score can be a prompt in
//! words that the model knows; what the language has no word for is said in another way or left out
//! (`language`).

use std::borrow::Cow;
use std::fmt::Write;

use super::music::Writer;
use super::{Dialect, language};
use crate::abc::voltas::Voltas;
use crate::event::{Direction, Item};
use crate::metadata::{Metadata, STYLE_COMPOSER};
use crate::score::{Bar, Barline, Score, Voice, Volta};
use crate::signature::{ClefSign, Meter};

/// The score as NotaGen's interleaved text: a prompt, or a piece as the model would have written it.
///
/// The style lines are there if the metadata has all three: period, composer (the field
/// `partita-composer`, otherwise [`Metadata::composer`]) and instrumentation. Whatever else is known of
/// the piece stands before them in fields of ABC, and nothing does if there is nothing else. Lyrics and
/// MIDI programs are left out. Equal scores give equal text.
pub fn write_interleaved(score: &Score) -> String {
    let ids = ids(score);
    let mut out = String::new();
    write_metadata(&mut out, &score.metadata);
    write_header(&mut out, score, &ids);
    write_bars(&mut out, score, &ids);
    out
}

/// What the voices are called: by numbers, each its own; otherwise they are numbered in score order.
fn ids(score: &Score) -> Vec<String> {
    let own: Vec<String> = score.voices.iter().map(|voice| voice.id.clone()).collect();
    let is_number = |id: &String| {
        let digits = id.len() <= 2 && id.bytes().all(|b| b.is_ascii_digit());
        digits && !id.is_empty() && !id.starts_with('0')
    };
    let mut sorted: Vec<&String> = own.iter().collect();
    sorted.sort();
    sorted.dedup();
    // Without `%%score` there is only voice 1.
    if own.len() > 1 && sorted.len() == own.len() && own.iter().all(is_number) {
        return own;
    }
    (1..=own.len()).map(|number| number.to_string()).collect()
}

fn write_metadata(out: &mut String, metadata: &Metadata) {
    let mut rest = metadata.clone();
    let named = metadata
        .fields
        .iter()
        .find(|(name, _)| name == STYLE_COMPOSER);
    let style = [
        &metadata.period,
        named.map_or(&metadata.composer, |(_, composer)| composer),
        &metadata.instrumentation,
    ]
    .map(|line| language::ascii(line).trim_matches([' ', '%']).to_owned());
    let has_style = style.iter().all(|line| !line.is_empty());
    if has_style {
        rest.period.clear();
        rest.instrumentation.clear();
        if named.is_none() {
            rest.composer.clear();
        }
        rest.fields.retain(|(name, _)| name != STYLE_COMPOSER);
    }
    if rest != Metadata::default() {
        out.push_str("X:1\n");
        if !rest.title.is_empty() {
            super::write_title(out, &rest.title);
        }
        if has_style && named.is_some() && rest.composer.is_empty() {
            // A reader takes the composer of the style for that of the piece if there is no other.
            out.push_str("C:\n");
        }
        super::write_metadata(out, &rest);
    }
    if has_style {
        for line in style {
            let _ = writeln!(out, "%{line}");
        }
    }
}

fn write_header(out: &mut String, score: &Score, ids: &[String]) {
    if score.voices.len() > 1 || !score.groups.is_empty() {
        super::write_layout(out, score, ids);
    }
    out.push_str("L:1/8\n");
    if let Some(tempo) = score.tempo.as_ref().and_then(language::tempo) {
        let _ = writeln!(out, "Q:{tempo}");
    }
    let meter = score.bars.first().and_then(|bar| bar.meter);
    let meter = language::meter(meter.unwrap_or(Meter::Free));
    let _ = writeln!(out, "M:{}", super::meter_value(meter));
    let _ = writeln!(out, "K:{}", super::key_value(score.key));
    for (voice, id) in score.voices.iter().zip(ids) {
        write_voice_line(out, score, voice, id);
    }
}

fn write_voice_line(out: &mut String, score: &Score, voice: &Voice, id: &str) {
    let clef = language::clef(voice.clef);
    let _ = write!(out, "V:{id} {}", super::clef_value(clef));
    if voice.transpose != 0 {
        let _ = write!(out, " transpose={}", voice.transpose);
    }
    if let Some(lines) = voice.staff_lines {
        let _ = write!(out, " stafflines={lines}");
    }
    out.push(' ');
    if let Some(part) = super::named_by(score, voice) {
        let (name, short) = (language::name(&part.name), language::name(&part.short_name));
        if !name.is_empty() {
            let _ = write!(out, "nm=\"{name}\"");
        }
        if !short.is_empty() {
            let _ = write!(out, " snm=\"{short}\"");
        }
    }
    out.push('\n');
    if is_unpitched(voice) {
        out.push_str("K:none\n");
    }
    for drum in &voice.drums {
        let _ = writeln!(out, "I:percmap {}", super::drum_value(drum));
    }
}

fn write_bars(out: &mut String, score: &Score, ids: &[String]) {
    let voices = score.voices.iter().zip(ids).enumerate();
    let mut writers: Vec<(usize, &String, Writer)> = voices
        .map(|(v, (voice, id))| (v, id, Writer::new(Dialect::Notagen, voice)))
        .collect();
    writers.sort_by_key(|(_, id, _)| id.parse::<u32>().unwrap_or(u32::MAX));
    let styles = styles(&score.bars);
    let count = score.bars.len();
    for (b, bar) in score.bars.iter().enumerate() {
        let _ = write!(out, "[r:{b}/{}]", count - b - 1);
        let style = styles.get(b).copied().unwrap_or_default();
        let barline = barline(bar, style, score.bars.get(b + 1));
        let meter = bar.meter.filter(|_| b > 0).map(language::meter);
        let mut words = in_words(score, b, bar);
        let mut resting = None;
        let start = out.len();
        for (v, id, writer) in &mut writers {
            let items = bar.voices.get(*v).map_or(&[][..], |voice| &voice.items);
            let key = score
                .voices
                .get(*v)
                .and_then(|voice| own_key(score, b, voice));
            // What is said of the bar as a whole stands in the first voice.
            let items = match std::mem::take(&mut words) {
                words if words.is_empty() => Cow::Borrowed(items),
                words => words.into_iter().chain(items.iter().cloned()).collect(),
            };
            let mut music = key.map_or(String::new(), |key| format!("[K:{key}]"));
            if b == 0 && bar.repeat_start {
                music.push_str("|:");
            }
            writer.write_bar(&mut music, meter, &items);
            if !only_rests(&music) {
                let _ = write!(out, "[V:{id}]{music}{barline}");
            } else if resting.is_none() {
                resting = Some(format!("[V:{id}]{music}{barline}"));
            }
        }
        // A line without a voice would be no bar.
        if out.len() == start {
            out.extend(resting);
        }
        out.push('\n');
    }
}

/// Whether the header says that the voice has no key.
fn is_unpitched(voice: &Voice) -> bool {
    voice.clef.sign == ClefSign::Percussion && voice.key.none
}

/// The key that a voice names in its first bar, because it is not that of the piece.
fn own_key(score: &Score, bar: usize, voice: &Voice) -> Option<String> {
    let differs = voice.key != score.key && !is_unpitched(voice);
    (bar == 0 && differs).then(|| super::key_value(voice.key))
}

/// What the fields and barlines of the language cannot say.
fn in_words(score: &Score, index: usize, bar: &Bar) -> Vec<Item> {
    let tempo = score.tempo.as_ref().filter(|_| index == 0);
    let tempo = tempo.map(|tempo| &tempo.words);
    let volta = bar.volta.as_ref().filter(|v| v.numbers.is_empty());
    let words = tempo.into_iter().chain(volta.map(|volta| &volta.words));
    words
        .filter(|text| !text.trim().is_empty())
        .map(|text| {
            Item::Direction(Direction::Words {
                above: true,
                text: text.clone(),
            })
        })
        .collect()
}

/// Whether there is nothing but rests in a voice, with or without tuplets: then it is left out.
fn only_rests(music: &str) -> bool {
    music.chars().all(|c| "zx0123456789/ (:|".contains(c))
}

/// The barlines' styles. As in the training text, an ending that goes on to a plain barline ends with a
/// double one, unless a reader knows without it.
fn styles(bars: &[Bar]) -> Vec<Barline> {
    let mut styles: Vec<Barline> = bars.iter().map(|bar| bar.barline).collect();
    if bars.iter().all(|bar| bar.volta.is_none()) {
        return styles;
    }
    let has_numbers = |volta: &Volta| !volta.numbers.is_empty();
    let mut read: Vec<Bar> = bars
        .iter()
        .map(|bar| Bar {
            volta: bar.volta.clone().filter(has_numbers),
            voices: Vec::new(),
            ..*bar
        })
        .collect();
    Voltas::default().settle(&mut read);
    let mut inside = false;
    let mut ends: Vec<usize> = Vec::new();
    for ((b, bar), read) in bars.iter().enumerate().zip(&mut read) {
        inside |= read.volta.is_some();
        let ended = bar.volta_stop.is_some() && std::mem::take(&mut inside);
        let plain = bar.barline == Barline::Regular && !bar.repeat_stop;
        if ended && plain && read.volta_stop.is_none() {
            read.barline = Barline::Double;
            ends.push(b);
        }
    }
    // Whether it helps: a reader may still take an ending to be as long as the one before.
    Voltas::default().settle(&mut read);
    for b in ends {
        if let (Some(style), Some(read)) = (styles.get_mut(b), read.get(b))
            && read.volta_stop.is_some()
        {
            *style = read.barline;
        }
    }
    styles
}

fn barline(bar: &Bar, style: Barline, next: Option<&Bar>) -> String {
    let starts = next.is_some_and(|next| next.repeat_start);
    let sign = match (bar.repeat_stop, starts, style) {
        (true, true, _) => "::",
        (true, false, _) => ":|",
        (false, true, Barline::Final) => "|]:",
        (false, true, _) => "|:",
        (false, false, Barline::Double) => "||",
        (false, false, Barline::Final) => "|]",
        (false, false, _) => "|",
    };
    let volta = next.and_then(|next| next.volta.as_ref());
    let numbers = volta.map_or(&[][..], |volta| &volta.numbers);
    let numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
    format!("{sign}{}", numbers.join(","))
}
