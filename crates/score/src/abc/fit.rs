//! Making one voice fit the length of its bar.

use crate::event::{Content, Item, Tremolo};
use crate::fraction::Fraction;
use crate::score::VoiceBar;

/// A voice that is out by less than this is not repaired but stretched: odd tuplets, rounded when the
/// training text was made, leave such gaps, and no note is that short.
pub(crate) const HAIR: Fraction = Fraction::half_to_the(7);

pub(super) fn is_near(a: Fraction, b: Fraction) -> bool {
    let gap = if a < b {
        b.checked_sub(a)
    } else {
        a.checked_sub(b)
    };
    gap.is_some_and(|gap| gap < HAIR)
}

/// Lengthens the last event; its printed length stays.
pub(crate) fn stretch(bar: &mut VoiceBar, by: Fraction) -> bool {
    let last = bar.events_mut().next_back();
    let longer = last.and_then(|last| Some((last.duration.checked_add(by)?, last)));
    longer.is_some_and(|(duration, last)| {
        last.duration = duration;
        true
    })
}

/// Shortens the last event so that the bar is this long; its printed length stays.
pub(crate) fn shrink(bar: &mut VoiceBar, length: Fraction) -> bool {
    let Some(over) = bar.length().and_then(|l| l.checked_sub(length)) else {
        return false;
    };
    let last = bar.events_mut().next_back();
    let shorter = last.and_then(|last| Some((last.duration.checked_sub(over)?, last)));
    shorter.is_some_and(|(duration, last)| {
        let fits = duration > HAIR;
        if fits {
            last.duration = duration;
        }
        fits
    })
}

/// Takes out invisible rests at the beginning that are all that makes the bar too long. The training text
/// has them where a metre changes inside a bar.
pub(super) fn drop_leading_space(bar: &mut VoiceBar, length: Fraction) {
    let Some(mut over) = bar.length().and_then(|l| l.checked_sub(length)) else {
        return;
    };
    let mut leading = true;
    bar.items.retain(|item| {
        let Item::Event(event) = item else {
            return true;
        };
        leading &= event.content == Content::Rest { visible: false }
            && event.tuplet_starts.is_empty()
            && event.ratio.is_none();
        match over.checked_sub(event.duration) {
            Some(rest) if leading && rest >= Fraction::ZERO => {
                over = rest;
                false
            }
            _ => true,
        }
    });
    if let Some(first) = bar.events_mut().next() {
        first.beam_break = true;
    }
}

/// Drops what begins after `length` and shortens the event that goes beyond it.
pub(crate) fn cut(bar: &mut VoiceBar, length: Fraction) {
    let mut at = Fraction::ZERO;
    let mut open = 0u8;
    let mut keep = Vec::new();
    for item in std::mem::take(&mut bar.items) {
        let Item::Event(mut event) = item else {
            // Signs after the last note stay; grace notes for a note that is gone do not.
            if at < length || !matches!(item, Item::Grace(_)) {
                keep.push(item);
            }
            continue;
        };
        if at >= length {
            continue;
        }
        let Some(left) = length.checked_sub(at) else {
            break;
        };
        if event.duration > left {
            if left < HAIR {
                continue;
            }
            let Some(written) = event.ratio.factor().and_then(|f| left.checked_div(f)) else {
                continue;
            };
            event.duration = left;
            event.written = written;
            for note in event.notes_mut() {
                note.tie_start = false;
            }
        }
        let Some(next) = at.checked_add(event.duration) else {
            break;
        };
        at = next;
        open = open
            .saturating_add(u8::try_from(event.tuplet_starts.len()).unwrap_or(u8::MAX))
            .saturating_sub(event.tuplet_stops);
        keep.push(Item::Event(event));
    }
    bar.items = keep;
    // Tuplets whose end was cut off end at the last event that is left.
    if let Some(last) = bar.events_mut().next_back() {
        last.tuplet_stops = last.tuplet_stops.saturating_add(open);
        if let Some(Tremolo::First(strokes)) = last.tremolo {
            last.tremolo = Some(Tremolo::Single(strokes));
        }
    }
}
