//! Layers of a voice (`&`), which become voices of their own.

use super::header::MAX_VOICES;
use super::raw::RawBar;
use crate::score::{Score, Voice};

/// Layers (`&`) become voices of their own on the same staff.
pub(super) fn add_layers(
    columns: &mut Vec<std::vec::IntoIter<RawBar>>,
    numbers: &mut Vec<Option<u32>>,
    score: &mut Score,
) {
    let mut at = 0;
    while at < columns.len() {
        let Some(column) = columns.get_mut(at) else {
            break;
        };
        let layers = column
            .as_slice()
            .iter()
            .map(|b| b.layers.len())
            .max()
            .unwrap_or(0);
        if layers > 0 && score.voices.len() + layers <= MAX_VOICES {
            let mut bars: Vec<RawBar> = column.by_ref().collect();
            let mut added: Vec<Vec<RawBar>> = vec![Vec::new(); layers];
            for bar in &mut bars {
                let mut own = std::mem::take(&mut bar.layers).into_iter();
                for column in &mut added {
                    column.push(match own.next() {
                        Some((layer, length)) => RawBar {
                            events: u32::try_from(layer.events().count()).unwrap_or(u32::MAX),
                            bar: layer,
                            length,
                            end: bar.end.clone(),
                            position: bar.position,
                            ..RawBar::default()
                        },
                        None => RawBar {
                            missing: true,
                            ..RawBar::default()
                        },
                    });
                }
            }
            *column = bars.into_iter();
            if let Some(voice) = score.voices.get(at).cloned() {
                for (i, bars) in added.into_iter().enumerate() {
                    let id = format!("{}_{}", voice.id, i + 2);
                    score.voices.insert(
                        at + 1 + i,
                        Voice {
                            id,
                            ..voice.clone()
                        },
                    );
                    columns.insert(at + 1 + i, bars.into_iter());
                    numbers.insert(at + 1 + i, numbers.get(at).copied().flatten());
                }
            }
            at += layers;
        }
        at += 1;
    }
}
