//! The catalogue of the models that are known, and the list of all.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Model, ModelConfig, dtype, find, has_weights, weights};
use crate::api::ModelInfo;

/// One entry of `catalog.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CatalogEntry {
    pub(super) id: String,
    name: String,
    description: String,
    licence: String,
    url: Option<String>,
    #[serde(flatten)]
    pub(super) config: ModelConfig,
}

/// All models that are installed and all that are known.
pub(crate) fn list(folders: &[PathBuf]) -> Vec<ModelInfo> {
    let catalog = catalog(folders);
    let mut infos = Vec::new();
    for entry in &catalog {
        infos.push(info(entry, find(folders, &entry.id).ok().as_ref()));
    }
    for id in installed_ids(folders) {
        if catalog.iter().any(|entry| entry.id == id) {
            continue;
        }
        if let Ok(model) = find(folders, &id) {
            let entry = CatalogEntry {
                id: model.id.clone(),
                name: model.id.clone(),
                description: format!("Your own model in {}.", model.folder.display()),
                licence: "unknown".into(),
                url: None,
                config: model.config.clone(),
            };
            infos.push(info(&entry, Some(&model)));
        }
    }
    infos.sort_by_key(|info| !info.installed);
    infos
}

fn info(entry: &CatalogEntry, installed: Option<&Model>) -> ModelInfo {
    let config = &entry.config;
    let weights = installed.and_then(|model| weights(&model.folder));
    ModelInfo {
        id: entry.id.clone(),
        name: entry.name.clone(),
        description: entry.description.clone(),
        licence: entry.licence.clone(),
        installed: installed.is_some(),
        dtype: weights.and_then(|weights| dtype::of(&weights)),
        parameters: config.parameters(),
        hidden_size: config.hidden_size,
        patch_layers: config.patch_num_layers,
        char_layers: config.char_num_layers,
        patch_length: config.patch_length,
        sampling: config.sampling(),
        url: entry.url.clone(),
    }
}

/// The first folder's that has one.
pub(super) fn catalog(folders: &[PathBuf]) -> Vec<CatalogEntry> {
    for folder in folders {
        let path = folder.join("catalog.json");
        let Ok(text) = std::fs::read(&path) else {
            continue;
        };
        match serde_json::from_slice(&text) {
            Ok(entries) => return entries,
            Err(error) => tracing::warn!(path = %path.display(), %error, "catalogue left out"),
        }
    }
    Vec::new()
}

fn installed_ids(folders: &[PathBuf]) -> Vec<String> {
    let mut ids = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            if has_weights(&entry.path())
                && let Ok(id) = entry.file_name().into_string()
                // Hidden is what is not finished.
                && !id.starts_with('.')
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
    }
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::first;
    use super::*;

    fn folders() -> Vec<PathBuf> {
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")]
    }

    #[test]
    fn the_bundled_model_is_installed_and_comes_first() {
        let infos = list(&folders());
        let demo = infos.first().unwrap();
        assert_eq!((demo.id.as_str(), demo.installed), ("partita-demo", true));
        assert_eq!(demo.parameters, 7_143_168);
        assert_eq!(demo.dtype, Some(jobs::Dtype::F16));
        assert_eq!(demo.sampling.temperature, 0.7);
        assert_eq!(first(&folders()).unwrap().id, "partita-demo");
    }

    #[test]
    fn the_catalogue_knows_notagens_public_models_by_their_true_size() {
        let infos = list(&folders());
        let x = infos.iter().find(|info| info.id == "notagen-x").unwrap();
        assert_eq!(x.parameters, 515_738_880);
        assert!(!x.installed && x.dtype.is_none());
        for id in ["notagen-small", "notagen-medium", "notagen-large"] {
            assert!(infos.iter().any(|info| info.id == id), "{id}");
        }
    }
}
