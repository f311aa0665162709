//! The styles that a model learned.

use std::collections::BTreeMap;

use jobs::Style;
use serde::Deserialize;

use super::Model;
use crate::api::{ComposerStyles, PeriodStyles};
use crate::{Code, Error, Result};

/// How many near styles an unknown one is answered with.
const NEAREST: usize = 3;

/// `styles.json`: period → composer → instrumentations.
#[derive(Deserialize)]
pub(super) struct StylesFile {
    styles: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl StylesFile {
    /// As they are shown.
    pub(super) fn sorted(self) -> Vec<PeriodStyles> {
        // Periods in the order of history where they are known, then the others by name.
        const HISTORY: [&str; 3] = ["Baroque", "Classical", "Romantic"];
        let place = |period: &str| HISTORY.iter().position(|known| *known == period);
        let mut periods: Vec<PeriodStyles> = self
            .styles
            .into_iter()
            .map(|(period, composers)| PeriodStyles {
                period,
                composers: composers
                    .into_iter()
                    .map(|(composer, instrumentations)| ComposerStyles {
                        composer,
                        instrumentations,
                    })
                    .collect(),
            })
            .collect();
        periods.sort_by_key(|p| place(&p.period).unwrap_or(HISTORY.len()));
        periods
    }
}

impl Model {
    /// Refuses a style that the model did not learn, naming the nearest it did.
    pub(crate) fn check(&self, style: &Style) -> Result<()> {
        let mut known = self.all_styles().peekable();
        if known.peek().is_none() {
            return Ok(());
        }
        let mut nearest: Vec<(f64, Style)> = Vec::new();
        for candidate in known {
            if candidate == *style {
                return Ok(());
            }
            nearest.push((likeness(style, &candidate), candidate));
        }
        nearest.sort_by(|a, b| b.0.total_cmp(&a.0));
        let names: Vec<String> = nearest
            .iter()
            .take(NEAREST)
            .map(|(_, style)| style.to_string())
            .collect();
        Err(Error::new(
            Code::UnknownStyle,
            format!(
                "{} does not know the style {style}; the nearest it knows: {}",
                self.id,
                names.join("; ")
            ),
        ))
    }

    fn all_styles(&self) -> impl Iterator<Item = Style> {
        self.styles.iter().flat_map(|period| {
            period.composers.iter().flat_map(move |composer| {
                composer.instrumentations.iter().map(move |name| Style {
                    period: period.period.clone(),
                    composer: composer.composer.clone(),
                    instrumentation: name.clone(),
                })
            })
        })
    }
}

/// Composers weigh most: it is their names that are misspelled.
fn likeness(a: &Style, b: &Style) -> f64 {
    let alike = |a: &str, b: &str| strsim::jaro_winkler(&a.to_lowercase(), &b.to_lowercase());
    3.0 * alike(&a.composer, &b.composer)
        + 2.0 * alike(&a.instrumentation, &b.instrumentation)
        + alike(&a.period, &b.period)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::find;
    use super::*;

    fn folders() -> Vec<PathBuf> {
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")]
    }

    fn style(period: &str, composer: &str, instrumentation: &str) -> Style {
        Style {
            period: period.into(),
            composer: composer.into(),
            instrumentation: instrumentation.into(),
        }
    }

    #[test]
    fn a_misspelled_composer_is_answered_with_the_right_one() {
        let demo = find(&folders(), "partita-demo").unwrap();
        let error = demo
            .check(&style("Romantic", "Shubert, Franz", "Art Song"))
            .unwrap_err();
        assert_eq!(error.code, Code::UnknownStyle);
        let first = error.message.split("knows: ").nth(1).unwrap();
        assert!(first.starts_with("Romantic / Schubert, Franz / Art Song"));
        let right = style("Romantic", "Schubert, Franz", "Art Song");
        assert_eq!(demo.check(&right), Ok(()));
    }

    #[test]
    fn the_styles_of_a_public_model_come_with_partita() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("notagen-x");
        std::fs::create_dir(&own).unwrap();
        let demo = folders()[0].join("partita-demo");
        std::fs::copy(demo.join("config.json"), own.join("config.json")).unwrap();
        std::fs::write(own.join("model.safetensors"), "").unwrap();
        let both = [folder.path().to_owned(), folders()[0].clone()];
        let model = find(&both, "notagen-x").unwrap();
        assert_eq!(model.all_styles().count(), 112);
        let periods: Vec<&str> = model.styles.iter().map(|p| p.period.as_str()).collect();
        assert_eq!(periods, ["Baroque", "Classical", "Romantic"]);
    }
}
