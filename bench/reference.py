"""What NotaGen's own way of drawing a patch takes in PyTorch: in f32 on the processor, or in f16 on an NVIDIA card.

Two GPT-2 models of Hugging Face without key-value caches: the patch decoder reads the whole context for
each patch, the character decoder the whole patch for each of always sixteen characters, and the
probabilities go to the host for each (NotaGen, gradio/utils.py, NotaGenLMHeadModel.generate). Weights are
random: they change no time.

    python3 bench/reference.py [--cuda] CONTEXT...       prints "CONTEXT SECONDS" for each

Needs torch and transformers (PyPI).
"""

import sys
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model

CARD = "--cuda" in sys.argv
CONTEXTS = [int(argument) for argument in sys.argv[1:] if argument != "--cuda"]
DEVICE, DTYPE = ("cuda", torch.float16) if CARD else ("cpu", torch.float32)
HIDDEN, PATCH_LAYERS, CHAR_LAYERS, PATCH_LENGTH, PATCH_SIZE, VOCAB = 1280, 20, 6, 1024, 16, 128
ROUNDS = 10 if CARD else 2


def config(layers, positions, vocabulary):
    return GPT2Config(
        n_layer=layers, n_embd=HIDDEN, n_head=HIDDEN // 64, n_positions=positions, vocab_size=vocabulary
    )


torch.manual_seed(0)
torch.set_default_device(DEVICE)
torch.set_default_dtype(DTYPE)
patch_decoder = GPT2Model(config(PATCH_LAYERS, PATCH_LENGTH, 1)).eval()
char_decoder = GPT2LMHeadModel(config(CHAR_LAYERS, PATCH_SIZE + 1, VOCAB)).eval()
patch_embedding = torch.nn.Linear(PATCH_SIZE * VOCAB, HIDDEN)


def draw(patches):
    one_hot = torch.nn.functional.one_hot(patches, num_classes=VOCAB).to(DTYPE)
    embedded = patch_embedding(one_hot.reshape(1, -1, PATCH_SIZE * VOCAB))
    hidden = patch_decoder(inputs_embeds=embedded, use_cache=False).last_hidden_state[0, -1]
    tokens = torch.tensor([1])
    for _ in range(PATCH_SIZE):
        characters = torch.nn.functional.embedding(tokens.reshape(1, -1), char_decoder.transformer.wte.weight)
        inputs = torch.cat((hidden.reshape(1, 1, -1), characters[:, 1:, :]), dim=1)
        logits = char_decoder(inputs_embeds=inputs, use_cache=False).logits[0, -1]
        probabilities = torch.nn.functional.softmax(logits, dim=-1).cpu().numpy()
        token = int(probabilities.argmax())
        tokens = torch.cat((tokens, torch.tensor([token])))
    return tokens


with torch.no_grad():
    draw(torch.randint(3, VOCAB, (1, 8, PATCH_SIZE)))
    for context in CONTEXTS:
        patches = torch.randint(3, VOCAB, (1, context, PATCH_SIZE))
        start = time.perf_counter()
        for _ in range(ROUNDS):
            draw(patches)
        if CARD:
            torch.cuda.synchronize()
        print(context, (time.perf_counter() - start) / ROUNDS, flush=True)
    if CARD:
        print("most memory taken, GB:", torch.cuda.max_memory_allocated() / 1e9)
