//! Every limit on what a model folder may ask for, in one table. A model folder comes from anywhere:
//! nothing in it may make this process allocate or loop beyond these figures.
//!
//! NotaGen-X, the largest published model, has 20 + 6 layers of width 1280, 1024 patches of context
//! and some 330 tensors; each limit leaves room for a model well beyond it.

/// Bytes of `config.json`. Real ones have a few hundred.
pub const CONFIG_BYTES: u64 = 64 << 10;
/// Width of the hidden state, in numbers. It must also be a multiple of [`HEAD`].
pub const HIDDEN_SIZE: usize = 8192;
/// Layers of one decoder.
pub const LAYERS: usize = 128;
/// Patches of context.
pub const PATCH_LENGTH: usize = 16_384;
/// Bytes of a safetensors header. NotaGen-X needs 40 kB; a header of 57 MB takes seconds and a gigabyte.
pub const SAFETENSORS_HEADER_BYTES: u64 = 1 << 20;
/// Tensors in a weight file.
pub const TENSORS: usize = 4096;
/// Slots of one model.
pub const SLOTS: usize = 64;
/// Bytes of key-value cache over all slots. The system hands the pages out only as they are written.
pub const CACHE_BYTES: u64 = 64 << 30;
/// Width of an attention head, in numbers: NotaGen fixes it and derives the number of heads.
pub const HEAD: usize = 64;
/// Bytes of the pickle in a `.pth`, which holds names and shapes. NotaGen-X needs some 60 kB.
pub const PICKLE_BYTES: u64 = 16 << 20;
/// Objects that reading the pickle may build, copies included: some 60 bytes each.
pub const PICKLE_OBJECTS: u64 = 1 << 20;
/// Levels of nesting in the pickle. A real one has 6.
pub const PICKLE_DEPTH: u32 = 64;
/// Files in a `.pth`: one for each tensor of model and optimizer.
pub const PTH_ENTRIES: usize = 16_384;
