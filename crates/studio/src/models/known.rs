//! What is known of a model by its name, or else by its shape.

use std::path::{Path, PathBuf};

use jobs::Sampling;

use super::catalog::catalog;
use super::styles::StylesFile;
use super::{ModelConfig, read_json, read_text};
use crate::{Code, Error, Result};

/// What the catalogue has for a model that is being imported.
pub(crate) struct Known {
    pub(crate) sampling: Option<Sampling>,
    /// The text of a list of styles. There is none for a model under its own name: its list is found by it.
    pub(crate) styles: Option<Vec<u8>>,
}

/// What is known of a model of this shape that is to be called `name`.
///
/// # Errors
/// [`Code::InvalidRequest`] if it is the name of a public model that has another shape.
pub(crate) fn known(
    folders: &[PathBuf],
    name: &str,
    config: &ModelConfig,
) -> Result<Option<Known>> {
    let catalog = catalog(folders);
    let is_alike = |known: &ModelConfig| {
        ModelConfig {
            sampling: known.sampling,
            ..config.clone()
        } == *known
    };
    if let Some(entry) = catalog.iter().find(|entry| entry.id == name) {
        if !is_alike(&entry.config) {
            let message = format!("{name} is a model of another shape; choose another name");
            return Err(Error::new(Code::InvalidRequest, message));
        }
        return Ok(Some(Known {
            sampling: entry.config.sampling,
            styles: None,
        }));
    }
    let Some(entry) = catalog.iter().find(|entry| is_alike(&entry.config)) else {
        return Ok(None);
    };
    let mut styles = None;
    for folder in folders {
        let file = format!("{}.json", entry.id);
        styles = styles.or(read_styles(&folder.join("styles"), &file)?);
    }
    Ok(Some(Known {
        sampling: entry.config.sampling,
        styles,
    }))
}

/// The text of a list of styles, if it is there and one.
pub(crate) fn read_styles(folder: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let is_one = read_json::<StylesFile>(folder, name)?.is_some();
    match is_one {
        true => read_text(folder, name),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Vec<PathBuf> {
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")]
    }

    fn shape(hidden_size: u32, patch_num_layers: u32, char_num_layers: u32) -> ModelConfig {
        ModelConfig {
            hidden_size,
            patch_num_layers,
            char_num_layers,
            patch_length: 1024,
            sampling: None,
        }
    }

    #[test]
    fn a_shape_that_is_known_brings_sampling_and_styles() {
        let of = |name: &str| {
            known(&folders(), name, &shape(1280, 20, 6))
                .unwrap()
                .unwrap()
        };
        // Two public models have this shape. Under another name it is the one that can be asked for styles.
        let mine = of("my-own");
        assert_eq!(mine.sampling.unwrap().temperature, 1.2);
        let styles: serde_json::Value = serde_json::from_slice(&mine.styles.unwrap()).unwrap();
        assert_eq!(styles["styles"].as_object().unwrap().len(), 3);
        assert!(of("notagen-x").styles.is_none(), "found by its name");
        let large = of("notagen-large");
        assert!(large.styles.is_none() && large.sampling.is_none());
        let demo = known(&folders(), "small", &shape(256, 6, 2))
            .unwrap()
            .unwrap();
        assert_eq!(demo.sampling.unwrap().temperature, 0.7);
        assert!(
            known(&folders(), "new", &shape(128, 6, 2))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_public_name_is_for_that_model() {
        let error = known(&folders(), "notagen-x", &shape(256, 6, 2))
            .err()
            .unwrap();
        assert_eq!(error.code, Code::InvalidRequest);
    }
}
