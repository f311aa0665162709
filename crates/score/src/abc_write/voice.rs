//! The music of one voice after the other, as standard ABC has it.

use std::fmt::Write;

use super::lyrics::Words;
use super::music::Writer;
use super::{Dialect, quoted};
use crate::score::{Bar, Barline, Score, Voice};

/// Bars on a line of text.
const BARS_ON_A_LINE: usize = 4;

/// Writes the bars of a voice.
pub(super) fn write(out: &mut String, score: &Score, index: usize, voice: &Voice) {
    let mut writer = Writer::new(Dialect::Standard, voice);
    if score.bars.is_empty() {
        return;
    }
    let mut text = String::new();
    if voice.key != score.key {
        let _ = write!(text, "[K:{}] ", super::key_value(voice.key));
    }
    if let Some(first) = score.bars.first() {
        if first.repeat_start {
            text.push_str("|:");
        }
        if first.volta.is_some() {
            push_volta(&mut text, first, true);
        }
    }
    let mut words = Words::new(score, index);
    for (b, bar) in score.bars.iter().enumerate() {
        if let Some(voice) = bar.voices.get(index) {
            writer.write_bar(&mut text, bar.meter.filter(|_| b > 0), &voice.items);
        }
        out.push_str(&text);
        text.clear();
        push_barline(out, bar, score.bars.get(b + 1));
        let last = b + 1 == score.bars.len();
        if last || (b + 1) % BARS_ON_A_LINE == 0 {
            out.push('\n');
            let first = b - b % BARS_ON_A_LINE;
            words.write_below(out, first..=b);
        } else {
            out.push(' ');
        }
    }
}

fn push_barline(out: &mut String, bar: &Bar, next: Option<&Bar>) {
    let starts = next.is_some_and(|next| next.repeat_start);
    let sign = match (bar.repeat_stop, starts, bar.barline) {
        (true, true, Barline::Regular) => "::",
        (true, false, Barline::Regular) => ":|",
        (false, true, Barline::Regular) => "|:",
        (false, false, Barline::Regular) => "|",
        (false, false, Barline::Double) => "||",
        (stop, start, style) => {
            // No single sign says it: a style, then the repeats.
            out.push_str(match style {
                Barline::Regular => "",
                Barline::Double => "||",
                Barline::Final => "|]",
                Barline::HeavyLight => "[|",
                Barline::Dotted => ".|",
                Barline::Invisible => "[|]",
            });
            match (stop, start) {
                (true, true) => " ::",
                (true, false) => " :|",
                (false, true) => " |:",
                (false, false) => "",
            }
        }
    };
    out.push_str(sign);
    if let Some(next) = next.filter(|next| next.volta.is_some()) {
        push_volta(out, next, !out.ends_with(['|', ':']));
    }
}

fn push_volta(out: &mut String, bar: &Bar, apart: bool) {
    let Some(volta) = &bar.volta else { return };
    if volta.numbers.is_empty() {
        let _ = write!(out, " [\"{}\"", quoted(&volta.words));
        return;
    }
    let numbers: Vec<String> = volta.numbers.iter().map(u8::to_string).collect();
    let sign = if apart { " [" } else { "" };
    let _ = write!(out, "{sign}{} ", numbers.join(","));
}
