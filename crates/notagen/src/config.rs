//! `config.json`: the shape of a model and the sampling that suits it.
//!
//! Reference: NotaGen `gradio/config.py` and the two `GPT2Config`s in `gradio/inference.py`.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::limits::{CONFIG_BYTES, HEAD, HIDDEN_SIZE, LAYERS, PATCH_LENGTH};
use crate::{Error, PATCH_SIZE, VOCAB};

/// The shape of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Characters in a patch; always [`PATCH_SIZE`].
    pub patch_size: usize,
    /// Context of the patch decoder, in patches.
    pub patch_length: usize,
    /// Layers of the patch decoder.
    pub patch_num_layers: usize,
    /// Layers of the character decoder.
    pub char_num_layers: usize,
    /// Width of the hidden state of both decoders; a multiple of 64, one head for each 64.
    pub hidden_size: usize,
    /// The sampling that the model's makers recommend.
    pub sampling: Sampling,
}

/// How a character is drawn from the model's distribution; see [`crate::distribution`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Sampling {
    /// Keep this many of the most probable characters.
    pub top_k: u32,
    /// Of these, keep the most probable that together reach this probability; in (0, 1].
    pub top_p: f64,
    /// Sharpen (below 1) or flatten (above 1) what is kept; 0 takes the most probable character.
    pub temperature: f64,
}

impl Default for Sampling {
    /// NotaGen's own values (`gradio/config.py`).
    fn default() -> Self {
        Self {
            top_k: 9,
            top_p: 0.9,
            temperature: 1.2,
        }
    }
}

impl Sampling {
    /// Refuses what defines no distribution. The reference gives such values a meaning by accident:
    /// top-p 0 switches the filter off, a negative temperature prefers the improbable.
    pub fn validate(&self) -> Result<(), Error> {
        let reason = if self.top_k == 0 {
            "top_k must be at least 1".to_owned()
        } else if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            format!("top_p must lie in (0, 1], not {}", self.top_p)
        } else if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            format!("temperature must be 0 or more, not {}", self.temperature)
        } else {
            return Ok(());
        };
        Err(Error::SamplingInvalid { reason })
    }
}

/// The file as it is written; fields of other programs are ignored.
#[derive(Deserialize)]
struct File {
    family: Option<String>,
    vocab_size: Option<usize>,
    patch_size: usize,
    patch_length: usize,
    patch_num_layers: usize,
    char_num_layers: usize,
    hidden_size: usize,
    sampling: Option<Sampling>,
}

impl Config {
    /// Reads and checks `config.json` in the folder `dir`.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        if !dir.is_dir() {
            return Err(Error::NotAFolder {
                path: dir.to_owned(),
            });
        }
        let path = dir.join("config.json");
        if !path.is_file() {
            return Err(Error::MissingFile {
                folder: dir.to_owned(),
                file: "config.json",
            });
        }
        let mut text = Vec::new();
        std::fs::File::open(&path)
            .and_then(|file| file.take(CONFIG_BYTES + 1).read_to_end(&mut text))
            .map_err(Error::io(&path))?;
        let refuse = |reason: String| Error::Config {
            path: path.clone(),
            reason,
        };
        if text.len() as u64 > CONFIG_BYTES {
            return Err(refuse(format!("longer than {CONFIG_BYTES} bytes")));
        }
        let file: File =
            serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
        file.check().map_err(refuse)
    }

    /// The shape of a published model: `notagen-x` and `large` (which have the same), `medium`, `small`; or
    /// of `demo`, which comes with Partita.
    ///
    /// Reference: the table of models in NotaGen's `README.md`.
    #[must_use]
    pub fn of_shape(name: &str) -> Option<Self> {
        let (patch_length, patch_num_layers, char_num_layers, hidden_size) = match name {
            "notagen-x" | "large" => (1024, 20, 6, 1280),
            "medium" => (2048, 16, 3, 1024),
            "small" => (2048, 12, 3, 768),
            "demo" => (1024, 6, 2, 256),
            _ => return None,
        };
        Some(Self {
            patch_size: PATCH_SIZE,
            patch_length,
            patch_num_layers,
            char_num_layers,
            hidden_size,
            sampling: Sampling::default(),
        })
    }

    /// Refuses what is beyond [`crate::limits`] or cannot be sampled.
    pub(crate) fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: usize, most: usize| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(format!("{name} is {value}, not 1 to {most}")),
        };
        within("patch_length", self.patch_length, PATCH_LENGTH)?;
        within("patch_num_layers", self.patch_num_layers, LAYERS)?;
        within("char_num_layers", self.char_num_layers, LAYERS)?;
        within("hidden_size", self.hidden_size, HIDDEN_SIZE)?;
        if !self.hidden_size.is_multiple_of(HEAD) {
            return Err(format!(
                "hidden_size is {}, not a multiple of {HEAD}",
                self.hidden_size
            ));
        }
        self.sampling.validate().map_err(|error| error.to_string())
    }

    /// Attention heads of both decoders.
    pub fn heads(&self) -> usize {
        self.hidden_size / HEAD
    }
}

impl File {
    fn check(self) -> Result<Config, String> {
        if let Some(family) = self.family.filter(|family| family != "notagen") {
            return Err(format!("the family is {family:?}, not \"notagen\""));
        }
        let fixed = |name: &str, value: usize, only: usize| match value == only {
            true => Ok(value),
            false => Err(format!("{name} is {value}, only {only} is known")),
        };
        fixed("vocab_size", self.vocab_size.unwrap_or(VOCAB), VOCAB)?;
        let config = Config {
            patch_size: fixed("patch_size", self.patch_size, PATCH_SIZE)?,
            patch_length: self.patch_length,
            patch_num_layers: self.patch_num_layers,
            char_num_layers: self.char_num_layers,
            hidden_size: self.hidden_size,
            sampling: self.sampling.unwrap_or_default(),
        };
        config.check()?;
        Ok(config)
    }
}
