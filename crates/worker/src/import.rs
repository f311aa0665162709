//! The importer: a process that makes the weights of a model folder from a weight file, and ends.
//!
//! It is a process of its own because the file comes from anywhere, and because the reader of `.pth` files
//! is not ours: whatever a file makes it do, the window, the queue and a worker that composes go on. What
//! it may do is limited before it looks at the file ([`limits`]).
//!
//! Like the worker it speaks frames on its standard input and output, and ends when its input ends.

mod limits;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use jobs::{Decoder, FromImporter, ImportedWeights, ToImporter, WorkerError};
use notagen::Conversion;
use sha2::{Digest, Sha256};

use crate::model;

/// Bytes read or written at a time.
const BUFFER: usize = 1 << 20;

/// The whole life of an importer on this process's standard input and output.
#[must_use]
pub fn import() -> ExitCode {
    match obey() {
        Ok(status) => status,
        Err(error) => {
            // The studio logs what an importer says here.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey() -> anyhow::Result<ExitCode> {
    let order = read_order()?;
    let bytes = std::fs::metadata(&order.file).map_or(0, |metadata| metadata.len());
    limits::set(jobs::import_seconds(bytes)).context("limiting the importer")?;
    std::thread::spawn(|| {
        // Nothing more is said. When nobody waits any longer, nobody needs the file.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
    let (answer, status) = match convert(&order) {
        Ok(done) => (FromImporter::Done(done), ExitCode::SUCCESS),
        Err(error) => (FromImporter::Failed(error), ExitCode::FAILURE),
    };
    say(&answer)?;
    Ok(status)
}

fn read_order() -> anyhow::Result<ToImporter> {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 4096];
    loop {
        if let Some(order) = decoder.next_message().context("reading the order")? {
            return Ok(order);
        }
        match std::io::stdin().read(&mut buffer)? {
            0 => anyhow::bail!("the input ended before an order came"),
            count => decoder.push(buffer.get(..count).unwrap_or_default()),
        }
    }
}

fn say(message: &FromImporter) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(&jobs::encode(message)?)?;
    out.flush().context("writing a message")
}

fn convert(order: &ToImporter) -> Result<ImportedWeights, WorkerError> {
    let ToImporter { file, out, dtype } = order;
    let format = dtype.map(model::format);
    // What is none of ours is refused before all of it is read.
    let mut conversion = Conversion::open(file, format).map_err(failed)?;
    let mut source = Hashed::default();
    let original = File::open(file).map_err(io(file))?;
    let mut original = BufReader::with_capacity(BUFFER, original);
    std::io::copy(&mut original, &mut source).map_err(io(file))?;
    let (source_bytes, source_sha256) = source.end();

    let mut written = Hashed {
        inner: Some(File::create_new(out).map_err(io(out))?),
        ..Hashed::default()
    };
    let all = conversion.tensors() as u32;
    let mut buffered = BufWriter::with_capacity(BUFFER, &mut written);
    let told = |done: usize| {
        let done = done as u32;
        // If nobody hears it, the end of the input says so.
        let _ = say(&FromImporter::Progress { done, all });
    };
    conversion.write(&mut buffered, out, told).map_err(failed)?;
    drop(buffered);
    if let Some(file) = &written.inner {
        file.sync_all().map_err(io(out))?;
    }
    let (bytes, sha256) = written.end();
    let config = conversion.config();
    Ok(ImportedWeights {
        dtype: model::dtype(conversion.format()),
        left_out: conversion.unknown_tensors().len() as u32,
        patch_length: config.patch_length as u32,
        patch_num_layers: config.patch_num_layers as u32,
        char_num_layers: config.char_num_layers as u32,
        hidden_size: config.hidden_size as u32,
        bytes,
        sha256,
        source_bytes,
        source_sha256,
    })
}

fn failed(error: notagen::Error) -> WorkerError {
    match error {
        notagen::Error::Io { path, source } => io(&path)(source),
        other => WorkerError {
            code: other.code().to_owned(),
            message: other.to_string(),
        },
    }
}

/// A full disk has a code of its own: it is what a user can do something about.
fn io(path: &Path) -> impl FnOnce(std::io::Error) -> WorkerError {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let path = path.to_owned();
    move |error| {
        let code = match error.kind() {
            StorageFull | QuotaExceeded => "disk_full",
            _ => "io",
        };
        WorkerError {
            code: code.to_owned(),
            message: format!("{}: {error}", path.display()),
        }
    }
}

/// Takes the SHA-256 of all that goes through.
#[derive(Default)]
struct Hashed {
    inner: Option<File>,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    /// How many bytes they were, and their hash in hexadecimal.
    fn end(self) -> (u64, String) {
        let hex = |byte: &u8| format!("{byte:02x}");
        (self.bytes, self.hash.finalize().iter().map(hex).collect())
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = match &mut self.inner {
            Some(inner) => inner.write(bytes)?,
            None => bytes.len(),
        };
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.as_mut().map_or(Ok(()), File::flush)
    }
}
