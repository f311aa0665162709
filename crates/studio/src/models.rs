//! Models: folders with `config.json`, weights and perhaps `styles.json`, and the catalogue of
//! those that are known.

mod catalog;
mod dtype;
mod known;
mod styles;

use std::io::Read;
use std::path::{Path, PathBuf};

use jobs::{ImportedWeights, Sampling};
use serde::Deserialize;

use crate::api::PeriodStyles;
use crate::{Code, Config, Error, Result};

pub(crate) use catalog::list;
pub(crate) use known::{known, read_styles};

use styles::StylesFile;

/// The weights' name.
const WEIGHTS: &str = "model.safetensors";
/// What is not read where it lies: [`crate::import_model`] makes weights of it, in a process with limits.
const TO_IMPORT: &str = "model.pth";

/// A model folder that can be composed with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// The folder's name, or its whole path if it lies elsewhere.
    pub(crate) id: String,
    pub(crate) folder: PathBuf,
    pub(crate) config: ModelConfig,
    /// Empty if the folder has no list: any style may be tried then.
    pub(crate) styles: Vec<PeriodStyles>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ModelConfig {
    hidden_size: u32,
    patch_num_layers: u32,
    char_num_layers: u32,
    patch_length: u32,
    pub(crate) sampling: Option<Sampling>,
}

/// The longest `config.json`, list of styles or catalogue, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// NotaGen-X's own, for models that say nothing.
pub(crate) const SAMPLING: Sampling = Sampling {
    top_k: 9,
    top_p: 0.9,
    temperature: 1.2,
};

impl ModelConfig {
    /// Of weights that were imported, which say nothing of sampling.
    pub(crate) fn of(weights: &ImportedWeights) -> Self {
        Self {
            hidden_size: weights.hidden_size,
            patch_num_layers: weights.patch_num_layers,
            char_num_layers: weights.char_num_layers,
            patch_length: weights.patch_length,
            sampling: None,
        }
    }

    pub(crate) fn sampling(&self) -> Sampling {
        self.sampling.unwrap_or(SAMPLING)
    }

    /// Weights of both decoders, as NotaGen's own count: the output layer of the character decoder
    /// is its embedding and counts once.
    pub(crate) fn parameters(&self) -> u64 {
        let h = u64::from(self.hidden_size);
        let layer = 12 * h * h + 13 * h;
        let layers = u64::from(self.patch_num_layers + self.char_num_layers);
        let embeddings = 16 * 128 * h + h // patch embedding
            + h + u64::from(self.patch_length) * h // its decoder's unused token and its positions
            + 128 * h + 17 * h; // characters and their positions
        layers * layer + embeddings + 2 * 2 * h
    }
}

pub(crate) fn has_weights(folder: &Path) -> bool {
    weights(folder).is_some() && folder.join("config.json").is_file()
}

pub(crate) fn weights(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(WEIGHTS)).filter(|path| path.is_file())
}

/// The model to use when none is asked for: the first installed one.
pub(crate) fn first(folders: &[PathBuf]) -> Result<Model> {
    let first = list(folders).into_iter().find(|info| info.installed);
    let first = first.ok_or_else(|| {
        Error::new(
            Code::ModelMissing,
            "no model is installed; put one in a folder of its own in Partita's models folder",
        )
        .because(format!("{folders:?}"))
    })?;
    find(folders, &first.id)
}

/// Whether this can only be a model's name, not the path of a folder.
pub(crate) fn is_name(id: &str) -> bool {
    let mut components = Path::new(id).components();
    matches!(
        (components.next(), components.next()),
        (Some(std::path::Component::Normal(_)), None)
    )
}

/// A model that a user names, or the first one; by the path of its folder only if the configuration
/// allows it.
pub(crate) fn named(config: &Config, id: Option<&str>) -> Result<Model> {
    match id {
        Some(id) if config.models_by_path || is_name(id) => find(&config.model_dirs, id),
        Some(id) => Err(Error::new(
            Code::ModelMissing,
            format!("{id:?} is no model's name"),
        )),
        None => first(&config.model_dirs),
    }
}

/// A model by its id, or by the path of its folder.
pub(crate) fn find(folders: &[PathBuf], id: &str) -> Result<Model> {
    let by_path = Path::new(id);
    let named = folders
        .iter()
        .filter(|_| is_name(id))
        .map(|folder| folder.join(id))
        .find(|folder| has_weights(folder));
    let (id, folder) = match named {
        Some(folder) => (id.to_owned(), folder),
        None if by_path.is_dir() => {
            let folder = std::path::absolute(by_path)
                .map_err(|error| Error::io("find the model", &error, Code::ModelMissing))?;
            (folder.display().to_string(), folder)
        }
        None => {
            return Err(
                missing(id, &format!("searched in {folders:?}")).because(format!("{folders:?}"))
            );
        }
    };
    let config = read_json(&folder, "config.json")?
        .ok_or_else(|| missing(&id, "its folder has no config.json"))?;
    if weights(&folder).is_none() {
        let to_import = folder.join(TO_IMPORT);
        let why = match to_import.is_file() {
            true => format!(
                "its weights are a .pth, which has to be imported once: partita models import {} --name NAME",
                to_import.display()
            ),
            false => format!("its folder has no {WEIGHTS}"),
        };
        return Err(missing(&id, &why));
    }
    let mut styles = read_json::<StylesFile>(&folder, "styles.json")?;
    if styles.is_none() && is_name(&id) {
        // The lists of public models come with Partita, their weights do not.
        for shipped in folders.iter().map(|folder| folder.join("styles")) {
            styles = styles.or(read_json(&shipped, &format!("{id}.json"))?);
        }
    }
    Ok(Model {
        id,
        folder,
        config,
        styles: styles.map(StylesFile::sorted).unwrap_or_default(),
    })
}

pub(crate) fn missing(id: &str, why: &str) -> Error {
    Error::new(
        Code::ModelMissing,
        format!("there is no model {id:?}: {why}; `partita models list` shows those that are here"),
    )
}

pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(
    folder: &Path,
    name: &str,
) -> Result<Option<T>> {
    let Some(text) = read_text(folder, name)? else {
        return Ok(None);
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        Error::new(
            Code::Worker("config_invalid".into()),
            format!(
                "{} is not as it should be: {error}",
                folder.join(name).display()
            ),
        )
    })
}

/// A file of a model folder, if it is there; cut off after [`LONGEST_TEXT`], which no reader accepts.
fn read_text(folder: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let path = folder.join(name);
    let mut text = Vec::new();
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(LONGEST_TEXT).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let doing = format!("read {}", path.display());
            Err(Error::io(&doing, &error, Code::CannotRead))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Vec<PathBuf> {
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")]
    }

    #[test]
    fn a_name_is_not_a_path() {
        assert!(is_name("partita-demo"));
        for path in ["/etc", "./x", "../x", "a/b", "..", ".", ""] {
            assert!(!is_name(path), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_no_model_says_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let lacks = |wanted: &str| {
            let error = find(&folders(), &path).unwrap_err();
            assert_eq!(error.code, Code::ModelMissing);
            assert!(error.message.contains(wanted), "{}", error.message);
        };
        lacks("config.json");
        let config = folders()[0].join("partita-demo/config.json");
        std::fs::copy(config, folder.path().join("config.json")).unwrap();
        lacks("model.safetensors");
        let error = find(&folders(), "no-such-model").unwrap_err();
        assert_eq!(error.code, Code::ModelMissing);
    }
}
