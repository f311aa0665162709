//! A safetensors file, read tensor by tensor: the header is bounded and checked first, so the file
//! is never in memory as a whole and nothing is mapped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype as FileDtype, Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::Error;
use crate::limits::{SAFETENSORS_HEADER_BYTES, TENSORS};
use crate::weights::{Declared, Dtype};

/// Bytes before the header: its length.
const LENGTH: u64 = 8;

pub(crate) struct SafetensorsFile {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    tensors: HashMap<String, Declared>,
    data_start: u64,
    /// Of the tensor read last; kept so that a large model does not ask for fresh memory each time.
    bytes: Vec<u8>,
}

impl SafetensorsFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::NotSafetensors {
            path: path.to_owned(),
            reason,
        };
        let mut file = File::open(path).map_err(Error::io(path))?;
        let found = file.metadata().map_err(Error::io(path))?.len();
        let truncated = |expected| Error::Truncated {
            path: path.to_owned(),
            expected,
            found,
        };

        if found < LENGTH {
            return Err(truncated(LENGTH));
        }
        let mut length = [0; LENGTH as usize];
        file.read_exact(&mut length).map_err(Error::io(path))?;
        let length = u64::from_le_bytes(length);
        if length > SAFETENSORS_HEADER_BYTES {
            let (what, limit) = ("bytes of safetensors header", SAFETENSORS_HEADER_BYTES);
            return Err(Error::TooLarge {
                what,
                found: length,
                limit,
            });
        }
        if found < LENGTH + length {
            return Err(truncated(LENGTH + length));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(Error::io(path))?;

        // Counted before anything is built from them; a name given twice shows in the count.
        let Keys(keys) =
            serde_json::from_slice(&header).map_err(|error| refuse(error.to_string()))?;
        if keys > TENSORS + 1 {
            let (found, limit) = (keys as u64, TENSORS as u64);
            return Err(Error::TooLarge {
                what: "tensors in the weight file",
                found,
                limit,
            });
        }
        // Checks too: no gaps, no overlaps, sizes that follow from shapes, no overflow.
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|error| refuse(error.to_string()))?;
        let tensors: HashMap<_, _> = metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| (name, declared(info)))
            .collect();
        if keys != tensors.len() + usize::from(metadata.metadata().is_some()) {
            return Err(refuse("a name occurs twice in the header".to_owned()));
        }
        let data_start = LENGTH + length;
        let expected = data_start.saturating_add(metadata.data_len() as u64);
        if found != expected {
            return Err(truncated(expected));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            metadata,
            tensors,
            data_start,
            bytes: Vec::new(),
        })
    }

    pub(crate) fn tensors(&self) -> &HashMap<String, Declared> {
        &self.tensors
    }

    /// What the header says beside its tensors.
    pub(crate) fn metadata(&self, key: &str) -> Option<String> {
        self.metadata.metadata().as_ref()?.get(key).cloned()
    }

    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let dtype = self.tensors.get(name).and_then(|declared| declared.dtype);
        let dtype = dtype.ok_or_else(|| Error::MissingTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        })?;
        Ok(dtype.decode(self.bytes(name)?))
    }

    /// The bytes of a tensor, of whatever type.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<&[u8], Error> {
        let missing = || Error::MissingTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        };
        let (start, end) = self.metadata.info(name).ok_or_else(missing)?.data_offsets;
        self.bytes.resize(end - start, 0);
        self.file
            .seek(SeekFrom::Start(self.data_start + start as u64))
            .and_then(|_| self.file.read_exact(&mut self.bytes))
            .map_err(Error::io(&self.path))?;
        Ok(&self.bytes)
    }
}

fn declared(info: &TensorInfo) -> Declared {
    Declared {
        shape: info.shape.clone(),
        dtype: dtype(info.dtype),
        dtype_name: format!("{:?}", info.dtype),
    }
}

fn dtype(dtype: FileDtype) -> Option<Dtype> {
    match dtype {
        FileDtype::F32 => Some(Dtype::F32),
        FileDtype::F16 => Some(Dtype::F16),
        FileDtype::BF16 => Some(Dtype::BF16),
        _ => None,
    }
}

/// How many keys a JSON object has, repeated ones included; nothing is kept of them.
struct Keys(usize);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> Visitor<'de> for Count {
            type Value = Keys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut count = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Keys(count))
            }
        }
        deserializer.deserialize_map(Count)
    }
}
