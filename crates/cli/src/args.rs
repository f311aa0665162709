//! What can be said to `partita`. Scripts rely on these names.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use studio::api::ExportFormat;
use studio::jobs::{Device, Dtype, GuardMode};

/// Compose scores with NotaGen on your own machine.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compose variations in a style and write them to files
    Compose(Box<ComposeArgs>),
    /// Measure what this machine can do with a model: latency, memory and pieces a minute of several batch
    /// sizes
    Bench(BenchArgs),
    /// What an NVIDIA card spends its time on: each kernel of a pass, with random weights
    Kernels(KernelsArgs),
    /// How busy this machine is, and what memory and graphics cards it has
    Machine(MachineArgs),
    /// Convert a score: ABC, MusicXML or .mxl to any of the formats
    Export(ExportArgs),
    /// The models that are here and those that are known
    #[command(subcommand)]
    Models(ModelsCommand),
    /// The pieces in the library
    #[command(subcommand)]
    Library(LibraryCommand),
    /// The process that holds the model; started by Partita itself
    #[command(hide = true)]
    Worker,
    /// The process that reads a weight file to import; started by Partita itself
    #[command(hide = true)]
    Importer,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ComposeArgs {
    /// Take style, model, seed, sampling, guard and limits from a score that Partita wrote, in any of its
    /// formats, unless other options say otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) like: Option<PathBuf>,
    /// For example "Romantic"
    #[arg(long, required_unless_present = "like")]
    pub(crate) period: Option<String>,
    /// Family name first, for example "Schubert, Franz"
    #[arg(long, required_unless_present = "like")]
    pub(crate) composer: Option<String>,
    /// For example "Art Song"
    #[arg(long, required_unless_present = "like")]
    pub(crate) instrumentation: Option<String>,
    /// How many pieces
    #[arg(long, default_value_t = 1)]
    pub(crate) variations: u32,
    /// The first piece's seed, each next one's is one more [default: at random]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Let pieces end after so many bars
    #[arg(long)]
    pub(crate) max_bars: Option<u32>,
    /// Let pieces end after so many patches of 16 characters
    #[arg(long)]
    pub(crate) max_patches: Option<u32>,
    /// Let pieces end after so many seconds
    #[arg(long)]
    pub(crate) max_seconds: Option<u32>,
    /// Draw from the K likeliest characters [default: the model's own]
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub(crate) top_k: Option<u32>,
    /// Draw from the likeliest characters of mass P [default: the model's own]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub(crate) top_p: Option<f64>,
    /// Below 1 more likely, above 1 more surprising [default: the model's own]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) temperature: Option<f64>,
    /// What the model may write [default: repair]
    #[arg(long, value_enum)]
    pub(crate) guard: Option<GuardArg>,
    /// A model's id, or its folder [default: the first one installed]
    #[arg(long, value_name = "ID|DIR")]
    pub(crate) model: Option<String>,
    /// The format in which its weights are kept: smaller is faster and takes less memory, and gives other
    /// pieces [default: as in the model's file]
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<DtypeArg>,
    /// Where to compute: auto (an NVIDIA card, if there is one that will do), cpu, cuda or cuda:N
    #[arg(long, value_parser = device, default_value = "auto")]
    pub(crate) device: Device,
    /// The library's folder [default: your own library]
    #[arg(long, value_name = "DIR")]
    pub(crate) library: Option<PathBuf>,
    /// Where to write NAME-1.abc, NAME-1.musicxml and so on; files of that name are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The formats to write, separated by commas
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "FORMATS",
        default_value = "abc,musicxml"
    )]
    pub(crate) to: Vec<FormatArg>,
    /// Print what happens as JSON, one event a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BenchArgs {
    /// Pieces at once, separated by commas: each is measured
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SIZES",
        default_value = "1,2,4,8,16"
    )]
    pub(crate) batch: Vec<u32>,
    /// Patches of 16 characters in a piece
    #[arg(long, default_value_t = 512)]
    pub(crate) patches: u32,
    /// How often each batch size is measured
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: u32,
    /// A model's id, or its folder [default: the first one installed]
    #[arg(long, value_name = "ID|DIR", conflicts_with = "shape")]
    pub(crate) model: Option<String>,
    /// The shape of a published model, to measure without having it; needs --random-weights
    #[arg(long, value_enum, requires = "random_weights")]
    pub(crate) shape: Option<ShapeArg>,
    /// Weights that mean nothing: nothing is guessed right then, and no bars are written
    #[arg(long, requires = "shape")]
    pub(crate) random_weights: bool,
    /// The format in which weights are kept [default: as in the model's file]
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<DtypeArg>,
    /// Where to compute: auto (an NVIDIA card, if there is one that will do), cpu, cuda or cuda:N
    #[arg(long, value_parser = device, default_value = "auto")]
    pub(crate) device: Device,
    /// How many threads compute [default: as many as the processor runs at once]
    #[arg(long)]
    pub(crate) threads: Option<u32>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct KernelsArgs {
    /// The shape of a published model
    #[arg(long, value_enum, default_value = "notagen-x")]
    pub(crate) shape: ShapeArg,
    /// The format in which weights are kept [default: f32]
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<DtypeArg>,
    /// The card's number, from 0
    #[arg(long, default_value_t = 0)]
    pub(crate) card: u32,
    /// Rows of a pass, separated by commas: each is timed
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "ROWS",
        default_value = "1,4,16",
        value_parser = clap::value_parser!(u32).range(1..=16)
    )]
    pub(crate) rows: Vec<u32>,
    /// How often each pass is run
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MachineArgs {
    /// Say it again every second, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print JSON, one line each time
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ShapeArg {
    NotagenX,
    Large,
    Medium,
    Small,
    Demo,
}

impl ShapeArg {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotagenX => "notagen-x",
            Self::Large => "large",
            Self::Medium => "medium",
            Self::Small => "small",
            Self::Demo => "demo",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DtypeArg {
    /// 32 bits
    #[value(name = "f32")]
    F32,
    /// 16 bits
    #[value(name = "f16")]
    F16,
    /// 16 bits with less precision
    #[value(name = "bf16")]
    Bf16,
    /// 8 bits
    #[value(name = "q8_0")]
    Q8_0,
    /// 4 bits
    #[value(name = "q4k")]
    Q4K,
}

impl From<DtypeArg> for Dtype {
    fn from(arg: DtypeArg) -> Self {
        match arg {
            DtypeArg::F32 => Self::F32,
            DtypeArg::F16 => Self::F16,
            DtypeArg::Bf16 => Self::Bf16,
            DtypeArg::Q8_0 => Self::Q8_0,
            DtypeArg::Q4K => Self::Q4K,
        }
    }
}

/// `auto`, `cpu`, `cuda` (the first NVIDIA card) or `cuda:N`.
fn device(text: &str) -> Result<Device, String> {
    match text {
        "auto" => return Ok(Device::Auto),
        "cpu" => return Ok(Device::Cpu),
        "cuda" => return Ok(Device::Card(0)),
        _ => {}
    }
    let number = text
        .strip_prefix("cuda:")
        .and_then(|number| number.parse().ok());
    number
        .map(Device::Card)
        .ok_or_else(|| "it is auto, cpu, cuda, or cuda:N for NVIDIA card N, from 0".to_owned())
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GuardArg {
    /// Only what makes a score: every bar full, every voice once in a line
    Strict,
    /// The model writes freely; a bar that comes out too short or too long, or is no music, is drawn again
    Repair,
    /// All characters, as NotaGen's own inference draws them; bars that do not add up are mended
    /// afterwards
    Off,
}

impl From<GuardArg> for GuardMode {
    fn from(arg: GuardArg) -> Self {
        match arg {
            GuardArg::Strict => Self::Strict,
            GuardArg::Repair => Self::Repair,
            GuardArg::Off => Self::Off,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// ABC (standard or NotaGen's), MusicXML or .mxl
    pub(crate) file: PathBuf,
    /// The format to write [default: what the name of OUT ends with]
    #[arg(long, value_enum)]
    pub(crate) to: Option<FormatArg>,
    /// The file to write; replaced if it is there
    #[arg(short, value_name = "OUT")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Standard ABC 2.1
    Abc,
    /// MusicXML 4.0
    Musicxml,
    /// MusicXML 4.0, compressed
    Mxl,
    /// MIDI, with repeats played out
    Midi,
    /// NotaGen's own text, what its models read and write
    Notagen,
}

impl From<FormatArg> for ExportFormat {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Abc => Self::Abc,
            FormatArg::Musicxml => Self::Musicxml,
            FormatArg::Mxl => Self::Mxl,
            FormatArg::Midi => Self::Midi,
            FormatArg::Notagen => Self::Notagen,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List them, installed ones first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a model of a weight file, once, so that it loads quickly and in little memory
    Import(ImportArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImportArgs {
    /// A .safetensors file, or a .pth as NotaGen's are; a config.json and styles.json beside it are used
    pub(crate) file: PathBuf,
    /// What the model is to be called: its id, and its folder in your models folder
    #[arg(long)]
    pub(crate) name: String,
    /// How to store its weights [default: as they are]
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<DtypeArg>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LibraryCommand {
    /// List all pieces, newest first
    List {
        /// Print JSON, one piece a line
        #[arg(long)]
        json: bool,
        /// The library's folder [default: your own library]
        #[arg(long, value_name = "DIR")]
        library: Option<PathBuf>,
    },
}
