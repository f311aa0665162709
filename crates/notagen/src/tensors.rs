//! The tensors of a NotaGen: their names and shapes, and the shape of the model that follows from them.
//!
//! Names and shapes follow NotaGen `gradio/utils.py` (`NotaGenLMHeadModel`) over Hugging Face's
//! `GPT2Model` and `GPT2LMHeadModel`; the matrices of its `Conv1D` are `[in, out]`.

use crate::{Config, PATCH_SIZE, Sampling, VOCAB};

pub(crate) const PATCH_DECODER: &str = "patch_level_decoder.base";
pub(crate) const PATCH_EMBEDDING: &str = "patch_level_decoder.patch_embedding";
pub(crate) const CHAR_DECODER: &str = "char_level_decoder.base.transformer";
pub(crate) const HEAD: &str = "char_level_decoder.base.lm_head.weight";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// The matrix of a linear layer, `[inputs, outputs]`: what a [`crate::Format`] is about.
    Linear,
    /// Norms, biases and embeddings.
    Required,
    /// Checked when there: the output matrix (tied to the character embedding) and the patch
    /// decoder's own embedding, which no computation uses.
    Optional,
}

pub(crate) struct Expected {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) role: Role,
}

impl Expected {
    /// How many numbers it has.
    pub(crate) fn numbers(&self) -> u64 {
        self.shape.iter().map(|&size| size as u64).product()
    }
}

/// Constants that older versions of the reference's library saved as if they were weights.
pub(crate) fn is_mask(name: &str) -> bool {
    name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")
}

/// All tensors of a model of this shape, in the order in which they are read.
pub(crate) fn expected(config: &Config) -> Vec<Expected> {
    let hidden = config.hidden_size;
    let mut list = Vec::new();
    let mut add = |role: Role, name: String, shape: &[usize]| {
        list.push(Expected {
            name,
            shape: shape.to_vec(),
            role,
        });
    };
    let embedding = [hidden, PATCH_SIZE * VOCAB];
    let unused = format!("{PATCH_DECODER}.wte.weight");
    add(
        Role::Required,
        format!("{CHAR_DECODER}.wte.weight"),
        &[VOCAB, hidden],
    );
    add(Role::Optional, HEAD.to_owned(), &[VOCAB, hidden]);
    add(
        Role::Required,
        format!("{PATCH_EMBEDDING}.weight"),
        &embedding,
    );
    add(Role::Required, format!("{PATCH_EMBEDDING}.bias"), &[hidden]);
    add(Role::Optional, unused, &[1, hidden]);
    let decoders = [
        (PATCH_DECODER, config.patch_num_layers, config.patch_length),
        (CHAR_DECODER, config.char_num_layers, PATCH_SIZE + 1),
    ];
    for (decoder, layers, positions) in decoders {
        let positions = [positions, hidden];
        add(Role::Required, format!("{decoder}.wpe.weight"), &positions);
        for layer in 0..layers {
            let layer = format!("{decoder}.h.{layer}");
            for norm in ["ln_1", "ln_2"] {
                for part in ["weight", "bias"] {
                    add(Role::Required, format!("{layer}.{norm}.{part}"), &[hidden]);
                }
            }
            let linears = [
                ("attn.c_attn", hidden, 3 * hidden),
                ("attn.c_proj", hidden, hidden),
                ("mlp.c_fc", hidden, 4 * hidden),
                ("mlp.c_proj", 4 * hidden, hidden),
            ];
            for (linear, inputs, outputs) in linears {
                let name = format!("{layer}.{linear}");
                add(Role::Linear, format!("{name}.weight"), &[inputs, outputs]);
                add(Role::Required, format!("{name}.bias"), &[outputs]);
            }
        }
        add(Role::Required, format!("{decoder}.ln_f.weight"), &[hidden]);
        add(Role::Required, format!("{decoder}.ln_f.bias"), &[hidden]);
    }
    list
}

/// The shape of the model that these tensors are of, unchecked; `Err` names the tensor that should say
/// it and does not. Whether the others fit is for [`expected`] to say.
pub(crate) fn infer<'a>(of: impl Fn(&str) -> Option<&'a [usize]>) -> Result<Config, String> {
    let matrix = |name: String| match of(&name) {
        Some(&[rows, columns]) => Ok((rows, columns)),
        _ => Err(name),
    };
    let (_, hidden_size) = matrix(format!("{CHAR_DECODER}.wte.weight"))?;
    let (patch_length, _) = matrix(format!("{PATCH_DECODER}.wpe.weight"))?;
    let layers = |decoder: &str| {
        let is_there = |layer: &usize| of(&format!("{decoder}.h.{layer}.ln_1.weight")).is_some();
        (0..).take_while(is_there).count()
    };
    Ok(Config {
        patch_size: PATCH_SIZE,
        patch_length,
        patch_num_layers: layers(PATCH_DECODER),
        char_num_layers: layers(CHAR_DECODER),
        hidden_size,
        sampling: Sampling::default(),
    })
}
