//! NotaGen's own weight file: what `torch.save({'model': state_dict, ...})` writes, a zip archive
//! around a pickle. Reading it goes through candle's pickle reader, which builds data and runs no code.
//!
//! candle's reader trusts the file in ways that end a process: lengths in the pickle become
//! allocations, and a value that is stored once and fetched often multiplies tenfold with every 24
//! bytes. [`crate::pickle`] therefore walks the pickle first and refuses what would grow.
//! What remains is for the caller: import a `.pth` once, in a child process with an address limit,
//! and keep it as safetensors.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use candle_core::DType;
use candle_core::pickle::PthTensors;

use crate::Error;
use crate::limits::{PICKLE_BYTES, PTH_ENTRIES};
use crate::weights::{Declared, Dtype};

/// How a zip archive that is not empty begins.
const ZIP: [u8; 4] = *b"PK\x03\x04";
/// The entry of the top-level dictionary with the weights. The others (optimizer, epoch) are ignored.
const STATE_DICT: &str = "model";

/// How the names of pickles end.
const PICKLE: &str = "data.pkl";

pub(crate) struct Pth {
    path: PathBuf,
    file: PthTensors,
    tensors: HashMap<String, Declared>,
}

impl Pth {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::NotAPth {
            path: path.to_owned(),
            reason,
        };
        let mut start = [0; ZIP.len()];
        let mut file = File::open(path).map_err(Error::io(path))?;
        let bytes = file.metadata().map_err(Error::io(path))?.len();
        if bytes < ZIP.len() as u64 {
            return Err(refuse("it is empty".to_owned()));
        }
        file.read_exact(&mut start).map_err(Error::io(path))?;
        if start != ZIP {
            return Err(refuse("it begins like something else".to_owned()));
        }
        dry_run(path, file).map_err(refuse)?;
        let file = guarded(|| PthTensors::new(path, Some(STATE_DICT))).map_err(refuse)?;
        let mut tensors = HashMap::new();
        for (name, info) in file.tensor_infos() {
            let dtype = dtype(info.dtype);
            // candle allocates what the shape asks for before it reads: bound it by the file.
            // `torch.save` does not compress, so a tensor is never larger than its file.
            let size = info
                .layout
                .dims()
                .iter()
                .try_fold(info.dtype.size_in_bytes(), |size, &dim| {
                    size.checked_mul(dim)
                });
            if size.is_none_or(|size| size as u64 > bytes) {
                return Err(refuse(format!("tensor {name} is larger than the file")));
            }
            let shape = info.layout.dims().to_vec();
            tensors.insert(
                name.clone(),
                Declared {
                    shape,
                    dtype,
                    dtype_name: format!("{:?}", info.dtype),
                },
            );
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            tensors,
        })
    }

    pub(crate) fn tensors(&self) -> &HashMap<String, Declared> {
        &self.tensors
    }

    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let numbers = guarded(|| {
            let Some(tensor) = self.file.get(name)? else {
                return Ok(None);
            };
            tensor
                .flatten_all()?
                .to_dtype(DType::F32)?
                .to_vec1::<f32>()
                .map(Some)
        });
        let refuse = |reason: String| Error::NotAPth {
            path: self.path.clone(),
            reason: format!("tensor {name}: {reason}"),
        };
        numbers
            .map_err(refuse)?
            .ok_or_else(|| Error::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            })
    }
}

/// Walks the pickles that candle will read: every entry so named.
fn dry_run(path: &Path, file: File) -> Result<(), String> {
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    if zip.len() > PTH_ENTRIES {
        return Err(format!(
            "{} holds more than {PTH_ENTRIES} files",
            path.display()
        ));
    }
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|error| error.to_string())?;
        if !entry
            .name()
            .map_err(|error| error.to_string())?
            .ends_with(PICKLE)
        {
            continue;
        }
        let mut pickle = Vec::new();
        entry
            .take(PICKLE_BYTES + 1)
            .read_to_end(&mut pickle)
            .map_err(|error| error.to_string())?;
        if pickle.len() as u64 > PICKLE_BYTES {
            return Err(format!("its pickle is longer than {PICKLE_BYTES} bytes"));
        }
        crate::pickle::check(&pickle)?;
    }
    Ok(())
}

/// candle indexes tuples of the file without looking at their length: that panic is an answer too.
fn guarded<T>(read: impl FnOnce() -> candle_core::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its pickle is malformed".to_owned()),
    }
}

fn dtype(dtype: DType) -> Option<Dtype> {
    match dtype {
        DType::F32 => Some(Dtype::F32),
        DType::F16 => Some(Dtype::F16),
        DType::BF16 => Some(Dtype::BF16),
        _ => None,
    }
}
