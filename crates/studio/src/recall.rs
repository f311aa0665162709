//! How a piece was composed, as it travels in its exported files: written into each format's own fields,
//! and read back from them.

use std::path::Path;
use std::str::FromStr;

use jobs::{Dtype, GuardMode, JobSpec, Limits, Sampling, Style};
use score::Metadata;

use crate::api::{Piece, Recalled};
use crate::{Code, Error, Result, models};

/// The program and its version, as files name what wrote them.
const SOFTWARE: &str = concat!("Partita ", env!("CARGO_PKG_VERSION"));

/// The longest title that is taken over, in characters.
const MAX_TITLE: usize = 200;

// The fields. What a file once held under these names it holds for ever.
/// The composer as the model knows the name: NotaGen's text begins with it.
const COMPOSER: &str = "partita-composer";
const MODEL: &str = "partita-model";
const MODEL_SHA256: &str = "partita-model-sha256";
const SEED: &str = "partita-seed";
const TOP_K: &str = "partita-top-k";
const TOP_P: &str = "partita-top-p";
const TEMPERATURE: &str = "partita-temperature";
const GUARD: &str = "partita-guard";
const DTYPE: &str = "partita-dtype";
const MAX_BARS: &str = "partita-max-bars";
const MAX_PATCHES: &str = "partita-max-patches";
const MAX_SECONDS: &str = "partita-max-seconds";

/// What an exported piece says of itself.
pub(crate) fn metadata(piece: &Piece) -> Metadata {
    let summary = &piece.summary;
    let Style {
        period,
        composer,
        instrumentation,
    } = &summary.style;
    let Sampling {
        top_k,
        top_p,
        temperature,
    } = piece.sampling;
    // A model that lies in a folder of its own is known by its path, which is nobody's business.
    let model = Path::new(&summary.model).file_name();
    let model = model.map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let limit = |limit: Option<u32>| limit.map(|limit| limit.to_string());
    let fields = [
        (COMPOSER, Some(composer.clone())),
        (MODEL, Some(model)),
        (MODEL_SHA256, Some(piece.model_sha256.clone())),
        (SEED, Some(summary.seed.to_string())),
        (TOP_K, Some(top_k.to_string())),
        (TOP_P, Some(top_p.to_string())),
        (TEMPERATURE, Some(temperature.to_string())),
        (GUARD, Some(piece.guard.as_str().to_owned())),
        (DTYPE, piece.dtype.map(|dtype| dtype.as_str().to_owned())),
        (MAX_BARS, limit(piece.limits.max_bars)),
        (MAX_PATCHES, limit(piece.limits.max_patches)),
        (MAX_SECONDS, limit(piece.limits.max_seconds)),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Metadata {
        title: summary.title.clone(),
        composer: format!("in the style of {}", given_name_first(composer)),
        period: period.clone(),
        instrumentation: instrumentation.clone(),
        rights: None,
        software: SOFTWARE.to_owned(),
        fields: fields.collect(),
    }
}

/// `Schubert, Franz` → `Franz Schubert`.
fn given_name_first(composer: &str) -> String {
    match composer.split_once(", ") {
        Some((family, given)) => format!("{given} {family}"),
        None => composer.to_owned(),
    }
}

fn field<'a>(metadata: &'a Metadata, wanted: &str) -> Option<&'a str> {
    let found = metadata.fields.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.trim())
}

/// The hash of the weights that wrote it, if the file says so.
pub(crate) fn model_sha256(metadata: &Metadata) -> Option<&str> {
    field(metadata, MODEL_SHA256)
}

/// A note if another version of the program wrote the piece than this one.
pub(crate) fn other_version(metadata: &Metadata) -> Option<String> {
    let software = metadata.software.trim();
    let version = software.strip_prefix("Partita ")?;
    (software != SOFTWARE).then(|| {
        let version: String = version.chars().take(20).collect();
        format!(
            "Partita {version} wrote it and this is {SOFTWARE}: the piece may come out otherwise"
        )
    })
}

/// The settings that a file's metadata hold, without its name and without notes.
///
/// # Errors
/// [`Code::NoSettings`] if there are none, or if one of them is missing or makes no sense.
pub(crate) fn settings(metadata: &Metadata) -> Result<Recalled> {
    let is_ours = |(name, _): &(String, String)| name.starts_with("partita-");
    if !metadata.fields.iter().any(is_ours) {
        return Err(Error::new(
            Code::NoSettings,
            "this score was not composed by Partita, so there are no settings to take from it; it can be \
             converted to other formats (in a terminal: partita export FILE -o OUT)",
        ));
    }
    let model: String = needed(metadata, MODEL)?;
    if !models::is_name(&model) || model.chars().count() > MAX_TITLE {
        return Err(damaged(MODEL, &model));
    }
    let guard = match field(metadata, GUARD) {
        // The first exports were made before there was a guard.
        None => GuardMode::Off,
        Some(word) => GuardMode::ALL
            .into_iter()
            .find(|mode| mode.as_str() == word)
            .ok_or_else(|| damaged(GUARD, word))?,
    };
    let dtype = field(metadata, DTYPE)
        .map(|word| Dtype::parse(word).ok_or_else(|| damaged(DTYPE, word)))
        .transpose()?;
    let spec = JobSpec {
        style: Style {
            period: metadata.period.trim().to_owned(),
            composer: needed(metadata, COMPOSER)?,
            instrumentation: metadata.instrumentation.trim().to_owned(),
        },
        model,
        sampling: Sampling {
            top_k: needed(metadata, TOP_K)?,
            top_p: needed(metadata, TOP_P)?,
            temperature: needed(metadata, TEMPERATURE)?,
        },
        guard,
        dtype,
        limits: Limits {
            max_bars: optional(metadata, MAX_BARS)?,
            max_patches: optional(metadata, MAX_PATCHES)?,
            max_seconds: optional(metadata, MAX_SECONDS)?,
        },
        seeds: vec![needed(metadata, SEED)?],
    };
    spec.validate().map_err(|error| {
        Error::new(
            Code::NoSettings,
            format!("the settings in this score make no sense: {error}"),
        )
    })?;
    Ok(Recalled {
        file: String::new(),
        title: metadata.title.trim().chars().take(MAX_TITLE).collect(),
        style: spec.style,
        model: spec.model,
        seed: spec.seeds.first().copied().unwrap_or_default(),
        sampling: spec.sampling,
        guard: spec.guard,
        dtype: spec.dtype,
        limits: spec.limits,
        notes: Vec::new(),
    })
}

fn needed<T: FromStr>(metadata: &Metadata, name: &str) -> Result<T> {
    optional(metadata, name)?.ok_or_else(|| {
        Error::new(
            Code::NoSettings,
            format!("the settings in this score are not whole: {name} is missing"),
        )
    })
}

fn optional<T: FromStr>(metadata: &Metadata, name: &str) -> Result<Option<T>> {
    let value = field(metadata, name);
    value
        .map(|value| value.parse().map_err(|_| damaged(name, value)))
        .transpose()
}

fn damaged(name: &str, value: &str) -> Error {
    let value: String = value.chars().take(40).collect();
    Error::new(
        Code::NoSettings,
        format!("the settings in this score make no sense: {name} is {value:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed() -> Metadata {
        let fields = [
            (COMPOSER, "Schubert, Franz"),
            (MODEL, "partita-demo"),
            (SEED, "7"),
            (TOP_K, "9"),
            (TOP_P, "0.9"),
            (TEMPERATURE, "0.7"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Metadata {
            period: "Romantic".into(),
            instrumentation: "Art Song".into(),
            fields: fields.to_vec(),
            ..Metadata::default()
        }
    }

    #[test]
    fn settings_that_could_not_be_composed_with_are_refused_by_name() {
        assert!(settings(&composed()).is_ok());
        for (name, value) in [
            (SEED, "seven"),
            (SEED, "-7"),
            (SEED, "9007199254740992"),
            (TOP_K, "0"),
            (TOP_P, "NaN"),
            (TEMPERATURE, "-1"),
            (MAX_BARS, "0"),
            (GUARD, "perhaps"),
            (DTYPE, "q5_1"),
            (MODEL, "../../etc"),
            (MODEL, "/etc"),
            (COMPOSER, "two\nlines"),
            (COMPOSER, ""),
        ] {
            let mut metadata = composed();
            metadata.fields.retain(|(known, _)| known != name);
            metadata.fields.push((name.to_owned(), value.to_owned()));
            let error = settings(&metadata).unwrap_err();
            assert_eq!(error.code, Code::NoSettings, "{name} {value}");
        }
        for (name, _) in composed().fields {
            let mut metadata = composed();
            metadata.fields.retain(|(known, _)| *known != name);
            let error = settings(&metadata).unwrap_err();
            assert!(error.message.contains(&name), "{error}");
        }
    }

    #[test]
    fn another_version_is_named_and_other_programs_are_not() {
        let by = |software: &str| {
            other_version(&Metadata {
                software: software.to_owned(),
                ..Metadata::default()
            })
        };
        assert_eq!(by(SOFTWARE), None);
        assert_eq!(by("MuseScore 4.5"), None);
        assert_eq!(by(""), None);
        assert!(by("Partita 0.0.1").is_some_and(|note| note.contains("0.0.1")));
    }

    #[test]
    fn a_file_from_before_the_guard_was_written_without_it() {
        assert_eq!(settings(&composed()).map(|s| s.guard), Ok(GuardMode::Off));
    }
}
