//! A weight file becomes a model folder: converted once, by a process of its own, into a folder that is
//! there whole or not at all.

mod process;

use std::fs::File;
use std::path::{Path, PathBuf};

use jobs::{Dtype, ImportedWeights, Sampling, ToImporter};
use serde::Serialize;

use crate::models::{self, ModelConfig};
use crate::{Code, Error, Result, WorkerCommand, export};

/// Where a folder grows: `.importing-NAME` beside its place.
const GROWING: &str = ".importing-";
/// Held for as long as somebody is at it.
const LOCK: &str = "lock";
const LONGEST_NAME: usize = 80;

/// What is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// A `.safetensors` file, or else a `.pth` as NotaGen publishes them. A `config.json` and a
    /// `styles.json` beside it are the model's.
    pub file: PathBuf,
    /// The new model's id.
    pub name: String,
    /// How its matrices are stored; as they are if absent.
    pub dtype: Option<Dtype>,
}

/// A model that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedModel {
    /// Its id.
    pub id: String,
    /// How its matrices are stored.
    pub dtype: Dtype,
    /// Bytes of its weights.
    pub bytes: u64,
    /// Numbers that it has learnt.
    pub parameters: u64,
    /// SHA-256 of its weights, in hexadecimal: the identity that pieces name.
    pub sha256: String,
    /// SHA-256 of the file it was made from.
    pub source_sha256: String,
    /// Tensors of that file that belong to no part of the model and were left out.
    pub left_out: u32,
    /// Where it is.
    pub folder: PathBuf,
}

/// The new folder's `config.json`.
#[derive(Serialize)]
struct ConfigFile<'a> {
    family: &'a str,
    patch_size: u32,
    patch_length: u32,
    patch_num_layers: u32,
    char_num_layers: u32,
    hidden_size: u32,
    vocab_size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling: Option<Sampling>,
    imported: Source<'a>,
}

/// Where its weights come from.
#[derive(Serialize)]
struct Source<'a> {
    file: &'a str,
    bytes: u64,
    sha256: &'a str,
}

/// Makes a model of a weight file, in the first of `folders`. `importer` is started to read it;
/// `told` hears how many tensors of how many are done; `None` if `is_stopped` said so, and then nothing
/// is left.
///
/// # Errors
/// [`Code::ModelExists`], [`Code::InvalidRequest`] for the name, [`Code::ImportFailed`] if reading the
/// file ended the process, the model's own codes for a file that is no NotaGen, those of the disk.
pub fn import_model(
    folders: &[PathBuf],
    importer: &WorkerCommand,
    request: &ImportRequest,
    told: &mut dyn FnMut(u32, u32),
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<ImportedModel>> {
    let name = &request.name;
    check_name(name)?;
    let [own, ..] = folders else {
        return Err(Error::new(Code::CannotWrite, "there is no models folder"));
    };
    let place = own.join(name);
    let is_taken = place.symlink_metadata().is_ok()
        || folders
            .iter()
            .any(|folder| models::has_weights(&folder.join(name)));
    if is_taken {
        return Err(exists(name));
    }
    let file = std::path::absolute(&request.file)
        .and_then(|file| Ok((file.metadata()?.is_file(), file)))
        .map_err(|error| {
            let doing = format!("read {}", request.file.display());
            Error::io(&doing, &error, Code::CannotRead)
        })?;
    let (true, file) = file else {
        let message = format!("{} is no file", request.file.display());
        return Err(Error::new(Code::CannotRead, message));
    };
    let beside = Beside::read(&file)?;

    let growing = Growing::begin(own, name)?;
    let order = ToImporter {
        file: file.clone(),
        out: growing.folder.join("model.safetensors"),
        dtype: request.dtype,
    };
    let Some(weights) = process::run(importer, &order, told, is_stopped)? else {
        return Ok(None);
    };
    let shape = ModelConfig::of(&weights);
    let known = models::known(folders, name, &shape)?;
    let (sampling, styles) = match known {
        // What is beside the file goes before what is known of the shape.
        Some(known) => (
            beside.sampling.or(known.sampling),
            beside.styles.or(known.styles),
        ),
        None => (beside.sampling, beside.styles),
    };
    if let Some(styles) = styles {
        export::write_file(&growing.folder.join("styles.json"), &styles)?;
    }
    let config = config_file(&file, &weights, sampling)?;
    export::write_file(&growing.folder.join("config.json"), &config)?;
    growing.put(&place, name)?;
    Ok(Some(ImportedModel {
        id: name.clone(),
        dtype: weights.dtype,
        bytes: weights.bytes,
        parameters: shape.parameters(),
        sha256: weights.sha256,
        source_sha256: weights.source_sha256,
        left_out: weights.left_out,
        folder: place,
    }))
}

fn exists(name: &str) -> Error {
    let message = format!("there is a model {name:?} already; choose another name");
    Error::new(Code::ModelExists, message)
}

/// A name that is a folder everywhere, is not hidden, and is said without quotes.
fn check_name(name: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_good = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name.len() <= LONGEST_NAME
        && name.chars().all(is_plain)
        && !export::is_device(name)
        // Beside the models lie the lists of styles.
        && name != "styles";
    match is_good {
        true => Ok(()),
        false => Err(Error::new(
            Code::InvalidRequest,
            format!(
                "{name:?} is no name for a model: use letters, digits, '-', '_' and '.', at most \
                 {LONGEST_NAME}, a letter or digit first"
            ),
        )),
    }
}

fn config_file(
    file: &Path,
    weights: &ImportedWeights,
    sampling: Option<Sampling>,
) -> Result<Vec<u8>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let config = ConfigFile {
        family: "notagen",
        patch_size: 16,
        patch_length: weights.patch_length,
        patch_num_layers: weights.patch_num_layers,
        char_num_layers: weights.char_num_layers,
        hidden_size: weights.hidden_size,
        vocab_size: 128,
        sampling,
        imported: Source {
            file: &name,
            bytes: weights.source_bytes,
            sha256: &weights.source_sha256,
        },
    };
    serde_json::to_vec_pretty(&config)
        .map_err(|error| Error::new(Code::CannotWrite, format!("cannot write JSON: {error}")))
}

/// What lies beside a weight file that is a model's already.
struct Beside {
    sampling: Option<Sampling>,
    styles: Option<Vec<u8>>,
}

impl Beside {
    fn read(file: &Path) -> Result<Self> {
        let folder = file.parent().unwrap_or(file);
        let config = models::read_json::<ModelConfig>(folder, "config.json")?;
        let is_model = config.is_some();
        Ok(Self {
            sampling: config.and_then(|config| config.sampling),
            // Without the other file it may be anybody's.
            styles: is_model
                .then(|| models::read_styles(folder, "styles.json"))
                .transpose()?
                .flatten(),
        })
    }
}

/// A folder that is not yet a model; gone with this value unless it is put in its place.
struct Growing {
    folder: PathBuf,
    lock: Option<File>,
}

impl Growing {
    fn begin(own: &Path, name: &str) -> Result<Self> {
        let folder = own.join(format!("{GROWING}{name}"));
        let failed = |error: std::io::Error| {
            let doing = format!("make the folder {}", folder.display());
            Error::io(&doing, &error, Code::CannotWrite)
        };
        std::fs::create_dir_all(own).map_err(failed)?;
        remove_left_over(own);
        if let Err(error) = std::fs::create_dir(&folder) {
            return Err(match error.kind() {
                std::io::ErrorKind::AlreadyExists => Error::new(
                    Code::NotNow,
                    format!("{name:?} is being imported by another Partita"),
                ),
                _ => failed(error),
            });
        }
        let mut growing = Self {
            folder: folder.clone(),
            lock: None,
        };
        let lock = File::create(folder.join(LOCK)).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        growing.lock = Some(lock.map_err(failed)?);
        Ok(growing)
    }

    /// Makes it the model `name`, on disk for good.
    fn put(mut self, place: &Path, name: &str) -> Result<()> {
        self.lock = None;
        let put = std::fs::remove_file(self.folder.join(LOCK))
            .and_then(|()| sync(&self.folder))
            .and_then(|()| std::fs::rename(&self.folder, place))
            .and_then(|()| sync(place.parent().unwrap_or(place)));
        put.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::DirectoryNotEmpty => {
                exists(name)
            }
            _ => Error::io(
                &format!("make {}", place.display()),
                &error,
                Code::CannotWrite,
            ),
        })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // Open files keep a folder on some systems.
        self.lock = None;
        if let Err(error) = std::fs::remove_dir_all(&self.folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.folder.display(), %error, "left behind");
        }
    }
}

/// What an import left that was killed: folders that nobody holds.
fn remove_left_over(own: &Path) {
    for entry in std::fs::read_dir(own).into_iter().flatten().flatten() {
        let folder = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(GROWING) {
            continue;
        }
        let is_held = File::open(folder.join(LOCK)).map(|lock| lock.try_lock().is_err());
        let _ = match is_held {
            Ok(true) => Ok(()),
            Ok(false) => std::fs::remove_dir_all(folder),
            // It was killed before it had anything in it.
            Err(_) => std::fs::remove_dir(folder),
        };
    }
}

/// A folder's entries are on disk when the folder is. Other systems than Unix have no call for it.
fn sync(folder: &Path) -> std::io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_is_a_folders_name_everywhere() {
        for name in ["notagen-x", "X.2_q8", "7", &"a".repeat(80)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(81);
        for name in [
            "", ".", "..", ".hidden", "-rf", "a/b", "a\\b", "/etc", "a b", "a.", "Ü", "a\0", "nul",
            "COM1.x", "styles", "a\n", &long,
        ] {
            let error = check_name(name).unwrap_err();
            assert_eq!(error.code, Code::InvalidRequest, "{name:?}");
        }
    }

    #[test]
    fn what_a_killed_import_left_goes_with_the_next() {
        let own = tempfile::tempdir().unwrap();
        let left = own.path().join(".importing-left");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        std::fs::write(left.join("model.safetensors"), "half").unwrap();
        std::fs::create_dir(own.path().join(".importing-empty")).unwrap();
        std::fs::create_dir(own.path().join("model")).unwrap();
        let held = Growing::begin(own.path(), "held").unwrap();
        // The second begins while the first goes on.
        let second = Growing::begin(own.path(), "second").unwrap();
        let names = || {
            let entries = std::fs::read_dir(own.path()).unwrap();
            let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
            let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
            names.sort();
            names
        };
        assert_eq!(names(), [".importing-held", ".importing-second", "model"]);
        let error = Growing::begin(own.path(), "held").err().unwrap();
        assert_eq!(error.code, Code::NotNow);
        drop(held);
        second.put(&own.path().join("second"), "second").unwrap();
        assert_eq!(names(), ["model", "second"]);
        assert_eq!(
            std::fs::read_dir(own.path().join("second"))
                .unwrap()
                .count(),
            0
        );
    }
}
