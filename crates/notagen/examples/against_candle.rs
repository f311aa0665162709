//! This crate's own kernels against candle's, at the work this crate is for: drawing patches.
//!
//! ```text
//! cargo run --release -p notagen --example against_candle [MODEL_FOLDER]
//! cargo run --release -p notagen --example against_candle -- --shape notagen-x
//! ```
//!
//! Without a folder it takes `models/partita-demo`. `--shape notagen-x` makes a model of NotaGen-X's
//! size with random f32 weights in a temporary folder: 2 GB there, 10 GB of memory.
//!
//! Run it with `CANDLE_NUM_THREADS=1` too and take candle's better result: its threads spin for each
//! other at every operation, which for a small model or beside other programs costs more than the
//! operation. `RAYON_NUM_THREADS` sets the threads of all. The best round is the least disturbed.
//!
//! On candle the two decoders are f32, with key-value caches written in place, one call for all
//! rows, in candle's own thread pool. Their linear layers come in two kinds. *dense* is
//! `Tensor::matmul`. *QTensor* is the product with an F32 `QTensor`: nothing is quantised, but it is
//! threaded even for one row, which `matmul` is not. (This crate keeps the weights of an f16 file as
//! f16 and reads half the memory, exactly; candle's f16 products would round the activations too.)
//!
//! The work is the same for all. This crate draws some pieces; then all go over these pieces again
//! from the same prompt, with a step for each patch and a draw for each character, up to EOS. Candle
//! draws with the same sampler from its own logits and then is given the piece's character. All rows
//! stand at the same position, which spares candle the masks that a running studio would need.
//!
//! Whether a row depends on its neighbours: for candle, the logits of row 0 alone and among 4 rows.
//! For this crate, whose logits are public only for one piece, the pieces drawn in batches of 1, 4
//! and 8, and the logits of passes of 1 row and of many.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use candle_nn::{Init, LayerNorm, Module, VarBuilder, VarMap, layer_norm, ops::softmax_last_dim};
use notagen::{
    Config, EOS, Model, PATCH_SIZE, Pass, Patch, Row, Sampling, VOCAB, distribution, draw, patches,
    uniform,
};

const ROUNDS: usize = 5;
const BATCHES: [usize; 4] = [1, 2, 4, 8];
const HEAD: usize = 64;
const CPU: Device = Device::Cpu;
/// How weights begin that are in no file.
const RANDOM: Init = Init::Randn {
    mean: 0.0,
    stdev: 0.02,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

// ---- The two decoders on candle ----

/// `y = x W + b`; W is `[inputs, outputs]`, or as a QTensor `[outputs, inputs]`.
enum Linear {
    Dense(Tensor, Tensor),
    Rows(QTensor, Tensor),
}

struct Layer {
    norms: [LayerNorm; 2],
    query_key_value: Linear,
    attention_out: Linear,
    widen: Linear,
    narrow: Linear,
}

struct Decoder {
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
}

/// Keys and values of one layer, `[rows, heads, positions, 64]`. A clone shares the memory.
#[derive(Clone)]
struct Cache(Tensor, Tensor);

struct Candle {
    config: Config,
    patches: Decoder,
    characters: Decoder,
    patch_embedding: Tensor,
    patch_bias: Tensor,
    char_embedding: Tensor,
    head: Linear,
    patch_caches: Vec<Cache>,
    char_caches: Vec<Cache>,
    position: usize,
}

impl Linear {
    fn new(weight: &Tensor, bias: Tensor, dense: bool) -> Result<Self> {
        if dense {
            return Ok(Self::Dense(weight.contiguous()?, bias));
        }
        let rows = weight.t()?.contiguous()?;
        Ok(Self::Rows(QTensor::quantize(&rows, GgmlDType::F32)?, bias))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Dense(weight, bias) => x.matmul(weight)?.broadcast_add(bias)?,
            Self::Rows(weight, bias) => x.apply_op1_no_bwd(weight)?.broadcast_add(bias)?,
        })
    }
}

impl Cache {
    fn new(rows: usize, positions: usize, hidden: usize) -> Result<Self> {
        let shape = (rows, hidden / HEAD, positions, HEAD);
        let zeros = || Tensor::zeros(shape, DType::F32, &CPU);
        Ok(Self(zeros()?, zeros()?))
    }

    fn keep(&mut self, rows: &Tensor) -> Result<()> {
        *self = Self(self.0.index_select(rows, 0)?, self.1.index_select(rows, 0)?);
        Ok(())
    }

    /// Appends keys and values and attends, `[rows, 3 hidden]` to `[rows, hidden]`.
    fn attend(&self, query_key_value: &Tensor, position: usize) -> Result<Tensor> {
        let (rows, width) = query_key_value.dims2()?;
        let hidden = width / 3;
        let part = |part: usize| {
            let part = query_key_value.narrow(1, part * hidden, hidden)?;
            part.reshape((rows, hidden / HEAD, 1, HEAD))
        };
        self.0.slice_set(&part(1)?, 2, position)?;
        self.1.slice_set(&part(2)?, 2, position)?;
        let keys = self.0.narrow(2, 0, position + 1)?;
        let values = self.1.narrow(2, 0, position + 1)?;
        let weights = softmax_last_dim(&part(0)?.matmul(&keys.t()?)?)?;
        Ok(weights.matmul(&values)?.reshape((rows, hidden))?)
    }
}

impl Decoder {
    fn read(
        at: VarBuilder<'_>,
        layers: usize,
        positions: usize,
        h: usize,
        dense: bool,
    ) -> Result<Self> {
        let linear = |at: VarBuilder<'_>, inputs: usize, outputs: usize, scale: Option<&Tensor>| {
            let mut weight = at.get_with_hints((inputs, outputs), "weight", RANDOM)?;
            let mut bias = at.get_with_hints(outputs, "bias", RANDOM)?;
            if let Some(scale) = scale {
                (weight, bias) = (weight.broadcast_mul(scale)?, bias.mul(scale)?);
            }
            Linear::new(&weight, bias, dense)
        };
        // Attention's scale, 1/8, in the weights of the query: a power of two changes no digit.
        let one = Tensor::ones(h, DType::F32, &CPU)?;
        let scale = Tensor::cat(&[&(&one * 0.125)?, &one, &one], 0)?;
        let layers = (0..layers).map(|layer| {
            let at = at.pp("h").pp(layer);
            Ok(Layer {
                norms: [
                    layer_norm(h, 1e-5, at.pp("ln_1"))?,
                    layer_norm(h, 1e-5, at.pp("ln_2"))?,
                ],
                query_key_value: linear(at.pp("attn.c_attn"), h, 3 * h, Some(&scale))?,
                attention_out: linear(at.pp("attn.c_proj"), h, h, None)?,
                widen: linear(at.pp("mlp.c_fc"), h, 4 * h, None)?,
                narrow: linear(at.pp("mlp.c_proj"), 4 * h, h, None)?,
            })
        });
        Ok(Self {
            layers: layers.collect::<Result<_>>()?,
            positions: at.get_with_hints((positions, h), "wpe.weight", RANDOM)?,
            norm: layer_norm(h, 1e-5, at.pp("ln_f"))?,
        })
    }

    /// `x [rows, hidden]`, all at `position`: embeddings in, hidden states out.
    fn forward(&self, x: &Tensor, caches: &[Cache], position: usize) -> Result<Tensor> {
        let mut x = x.broadcast_add(&self.positions.narrow(0, position, 1)?)?;
        for (layer, cache) in self.layers.iter().zip(caches) {
            let query_key_value = layer
                .query_key_value
                .forward(&layer.norms[0].forward(&x)?)?;
            let attended = cache.attend(&query_key_value, position)?;
            x = (x + layer.attention_out.forward(&attended)?)?;
            let wide = layer.widen.forward(&layer.norms[1].forward(&x)?)?.gelu()?;
            x = (x + layer.narrow.forward(&wide)?)?;
        }
        Ok(self.norm.forward(&x)?)
    }
}

impl Candle {
    fn read(weights: &VarBuilder<'_>, config: Config, dense: bool) -> Result<Self> {
        let h = config.hidden_size;
        let patch = weights.pp("patch_level_decoder");
        let char = weights.pp("char_level_decoder.base.transformer");
        let char_embedding = char.get_with_hints((VOCAB, h), "wte.weight", RANDOM)?;
        let shape = (h, PATCH_SIZE * VOCAB);
        let embedding = patch.get_with_hints(shape, "patch_embedding.weight", RANDOM)?;
        let no_bias = Tensor::zeros(VOCAB, DType::F32, &CPU)?;
        let (layers, positions) = (config.patch_num_layers, config.patch_length);
        let patches = Decoder::read(patch.pp("base"), layers, positions, h, dense)?;
        let layers = config.char_num_layers;
        Ok(Self {
            patches,
            characters: Decoder::read(char, layers, PATCH_SIZE + 1, h, dense)?,
            patch_embedding: embedding.t()?.contiguous()?,
            patch_bias: patch.get_with_hints(h, "patch_embedding.bias", RANDOM)?,
            head: Linear::new(&char_embedding.t()?, no_bias, dense)?,
            char_embedding,
            config,
            patch_caches: Vec::new(),
            char_caches: Vec::new(),
            position: 0,
        })
    }

    fn make_room(&mut self, rows: usize) -> Result<()> {
        let make = |layers: usize, positions: usize| -> Result<Vec<Cache>> {
            let cache = |_| Cache::new(rows, positions, self.config.hidden_size);
            (0..layers).map(cache).collect()
        };
        let patch_caches = make(self.config.patch_num_layers, self.config.patch_length)?;
        self.char_caches = make(self.config.char_num_layers, PATCH_SIZE)?;
        self.patch_caches = patch_caches;
        Ok(())
    }

    /// The hidden state `[rows, hidden]` after one more patch in each row.
    fn append(&mut self, inputs: &[Patch]) -> Result<Tensor> {
        let ids = inputs.as_flattened().iter().enumerate();
        let classes: Vec<u32> = ids
            .map(|(at, &id)| (at % PATCH_SIZE * VOCAB) as u32 + u32::from(id))
            .collect();
        let vectors = self
            .patch_embedding
            .index_select(&Tensor::new(classes, &CPU)?, 0)?;
        let x = vectors.reshape((inputs.len(), PATCH_SIZE, ()))?.sum(1)?;
        let x = x.broadcast_add(&self.patch_bias)?;
        self.position += 1;
        self.patches
            .forward(&x, &self.patch_caches, self.position - 1)
    }

    /// A patch in and a patch out in each row; `choose(row, position, logits)` says what is drawn.
    fn step(
        &mut self,
        inputs: &[Patch],
        mut choose: impl FnMut(usize, usize, &[f32]) -> Result<u8>,
    ) -> Result<()> {
        let mut x = self.append(inputs)?;
        let mut caches = self.char_caches.clone();
        let mut running: Vec<usize> = (0..inputs.len()).collect();
        for position in 0..PATCH_SIZE {
            let hidden = self.characters.forward(&x, &caches, position)?;
            let logits = self.head.forward(&hidden)?.flatten_all()?;
            let (mut places, mut drawn) = (Vec::new(), Vec::new());
            for (place, logits) in logits.to_vec1()?.chunks_exact(VOCAB).enumerate() {
                let id = choose(running[place], position, logits)?;
                if id != EOS {
                    places.push(place as u32);
                    drawn.push(u32::from(id));
                }
            }
            if drawn.is_empty() || position + 1 == PATCH_SIZE {
                break;
            }
            if places.len() < running.len() {
                running = places.iter().map(|&at| running[at as usize]).collect();
                let places = Tensor::new(places, &CPU)?;
                caches
                    .iter_mut()
                    .try_for_each(|cache| cache.keep(&places))?;
            }
            let drawn = Tensor::new(drawn, &CPU)?;
            x = self.char_embedding.index_select(&drawn, 0)?;
        }
        Ok(())
    }
}

// ---- The same work for all ----

struct Work {
    /// The prompt and what this crate draws after it, for each row.
    texts: Vec<Vec<Patch>>,
    /// Patches of the prompt.
    prompt: usize,
    sampling: Sampling,
}

/// Draws `steps` patches after the prompt in each of `rows` rows.
fn draw_texts(model: &mut Model, rows: usize, steps: usize) -> Result<(Vec<Vec<Patch>>, Duration)> {
    let prompt = patches::encode_prompt("Romantic", "Schubert, Franz", "Art Song")?;
    for slot in 0..rows {
        model.clear(slot);
        model.prefill(slot, &prompt[..prompt.len() - 1])?;
    }
    let sampling = model.config().sampling;
    let mut texts = vec![prompt; rows];
    let start = Instant::now();
    for index in 0..steps {
        let row = |(slot, text): (usize, &Vec<Patch>)| Row {
            slot,
            input: text[text.len() - 1],
            seed: slot as u64,
            patch_index: index as u64,
            sampling,
            forced: &[],
            opens_body: false,
            mask: None,
        };
        let drawn = model.step(&texts.iter().enumerate().map(row).collect::<Vec<_>>())?;
        texts
            .iter_mut()
            .zip(drawn)
            .for_each(|(text, patch)| text.push(patch));
    }
    Ok((texts, start.elapsed()))
}

/// Takes candle over the first `rows` texts: the time, the logits of row 0 as `[steps, 16, 128]`
/// (NaN after the end of a patch), and how many of how many characters it would have drawn alike.
fn follow_texts(
    candle: &mut Candle,
    work: &Work,
    rows: usize,
) -> Result<(Duration, Vec<f32>, [usize; 2])> {
    let texts = &work.texts[..rows];
    let at = |index: usize| -> Vec<Patch> { texts.iter().map(|text| text[index]).collect() };
    let mut alike = [0, 0];
    let mut first = vec![f32::NAN; (texts[0].len() - work.prompt) * PATCH_SIZE * VOCAB];
    CPU.with_context(|| {
        candle.position = 0;
        for index in 0..work.prompt - 1 {
            candle.append(&at(index))?;
        }
        let start = Instant::now();
        for (index, first) in first.chunks_exact_mut(PATCH_SIZE * VOCAB).enumerate() {
            let given = at(work.prompt + index);
            candle.step(&at(work.prompt + index - 1), |row, position, logits| {
                if row == 0 {
                    first[position * VOCAB..][..VOCAB].copy_from_slice(logits);
                }
                let u = uniform(row as u64, index as u64, position as u32);
                let drawn = draw(&distribution(logits, &work.sampling, false)?, u);
                alike[0] += usize::from(drawn == given[row][position]);
                alike[1] += 1;
                Ok(given[row][position])
            })?;
        }
        Ok(start.elapsed())
    })
    .map(|time| (time, first, alike))
}

/// The logits of row 0 from this crate, for all 16 characters of each patch.
fn own_logits(model: &mut Model, work: &Work, pass: Pass) -> Result<Vec<f32>> {
    let (text, before) = (&work.texts[0], work.prompt - 1);
    let hidden = model.patch_hidden(&text[..text.len() - 1], pass)?;
    let hidden = &hidden[before * model.config().hidden_size..];
    Ok(model.char_logits(hidden, &text[work.prompt..], pass)?)
}

/// For how many characters the logits are the same, bit for bit.
fn identical(a: &[f32], b: &[f32]) -> String {
    let bits = |logits: &[f32]| {
        logits
            .iter()
            .map(|logit| logit.to_bits())
            .collect::<Vec<_>>()
    };
    let both = a.chunks_exact(VOCAB).zip(b.chunks_exact(VOCAB));
    let both: Vec<_> = both
        .filter(|(a, b)| !a[0].is_nan() && !b[0].is_nan())
        .collect();
    let same = both.iter().filter(|(a, b)| bits(a) == bits(b)).count();
    format!("{same} of {}", both.len())
}

const NOTAGEN_X: &str = r#"{"patch_size": 16, "patch_length": 1024, "patch_num_layers": 20,
    "char_num_layers": 6, "hidden_size": 1280}"#;

fn main() -> Result<()> {
    // Without it, candle counts the processor's cores anew, from a file, in every `matmul`.
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        let threads = candle_core::utils::get_num_threads().to_string();
        // SAFETY: there is no other thread yet.
        unsafe { std::env::set_var("RAYON_NUM_THREADS", threads) };
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let temporary = tempfile::tempdir()?;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/partita-demo");
    let (folder, steps) = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--shape", "notagen-x"] => (temporary.path().to_owned(), 3),
        [] => (PathBuf::from(demo), 64),
        [folder] => (PathBuf::from(folder), 64),
        _ => return Err("arguments: [MODEL_FOLDER] or --shape notagen-x".into()),
    };
    let file = folder.join("model.safetensors");
    if folder == temporary.path() {
        std::fs::write(folder.join("config.json"), NOTAGEN_X)?;
        let random = VarMap::new();
        let weights = VarBuilder::from_varmap(&random, DType::F32, &CPU);
        Candle::read(&weights, Config::read(&folder)?, true)?;
        random.save(&file)?;
    }
    let most = BATCHES[BATCHES.len() - 1];
    let mut model = Model::load(&folder, most, None)?;
    let weights = VarBuilder::from_buffered_safetensors(std::fs::read(&file)?, DType::F32, &CPU)?;
    let mut dense = Candle::read(&weights, model.config().clone(), true)?;
    let mut rows = Candle::read(&weights, model.config().clone(), false)?;
    drop((weights, temporary));

    let (texts, _) = draw_texts(&mut model, most, steps)?;
    let prompt = texts[0].len() - steps;
    let work = Work {
        texts,
        prompt,
        sampling: model.config().sampling,
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find(|line| line.starts_with("model name"));
    let (threads, parameters) = (rayon::current_num_threads(), model.parameters());
    report(cpu.unwrap_or(std::env::consts::ARCH));
    report(&format!(
        "{threads} threads; {parameters} parameters; {steps} patches after {prompt}\n"
    ));

    let own = own_logits(&mut model, &work, Pass::Stepwise)?;
    let whole = own_logits(&mut model, &work, Pass::Whole)?;
    for rows in [1, 4] {
        if draw_texts(&mut model, rows, steps)?.0 != work.texts[..rows] {
            return Err("a piece depends on its neighbours".into());
        }
    }
    report("characters whose logits have the same bits alone and among others:");
    report(&format!("notagen  {}", identical(&own, &whole)));
    for (candle, name) in [(&mut dense, "dense"), (&mut rows, "QTensor")] {
        candle.make_room(1)?;
        let (_, alone, [alike, all]) = follow_texts(candle, &work, 1)?;
        candle.make_room(4)?;
        let (_, among_four, _) = follow_texts(candle, &work, 4)?;
        let both = own.iter().zip(&alone);
        let most = both.fold(0.0, |most: f32, (own, candle)| {
            most.max((own - candle).abs())
        });
        let same = identical(&alone, &among_four);
        report(&format!(
            "{name:8} {same}; at most {most:.1e} from notagen's, draws {alike} of {all} alike"
        ));
        if most > 1e-4 {
            return Err("candle and this crate do not compute the same".into());
        }
    }

    report("\npatches/s, mean ± standard deviation (best) of the rounds, in turns:");
    report("batch                notagen          candle, dense        candle, QTensor");
    for batch in BATCHES {
        dense.make_room(batch)?;
        rows.make_room(batch)?;
        let mut speeds = [const { Vec::new() }; 3];
        // The first round touches the memory and does not count.
        for round in 0..=ROUNDS {
            let times = [
                draw_texts(&mut model, batch, steps)?.1,
                follow_texts(&mut dense, &work, batch)?.0,
                follow_texts(&mut rows, &work, batch)?.0,
            ];
            for (speeds, time) in speeds.iter_mut().zip(times).filter(|_| round > 0) {
                speeds.push((batch * steps) as f64 / time.as_secs_f64());
            }
        }
        let columns = speeds.map(|speeds| {
            let mean = speeds.iter().sum::<f64>() / ROUNDS as f64;
            let squares: f64 = speeds.iter().map(|speed| (speed - mean).powi(2)).sum();
            let deviation = (squares / (ROUNDS - 1) as f64).sqrt();
            let best = speeds.iter().copied().fold(0.0, f64::max);
            format!("{mean:7.1} ± {deviation:5.1} ({best:6.1})")
        });
        report(&format!("{batch:5} {}", columns.join(" ")));
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}
