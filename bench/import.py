"""Weights of NotaGen-X's shape that mean nothing, and what a command takes.

    import.py write MODEL.safetensors MODEL.pth CONFIG.json     the .pth only if there is torch
    import.py measure COMMAND...                                prints seconds and the most MB of one process
"""

import json
import resource
import struct
import subprocess
import sys
import time

HIDDEN, PATCH_LAYERS, CHAR_LAYERS, PATCH_LENGTH, PATCH_SIZE, VOCAB = 1280, 20, 6, 1024, 16, 128


def shapes():
    """As the keys and shapes of NotaGen's own state dictionary."""
    h = HIDDEN
    yield "patch_level_decoder.patch_embedding.weight", (h, PATCH_SIZE * VOCAB)
    yield "patch_level_decoder.patch_embedding.bias", (h,)
    decoders = [
        ("patch_level_decoder.base", 1, PATCH_LENGTH, PATCH_LAYERS),
        ("char_level_decoder.base.transformer", VOCAB, PATCH_SIZE + 1, CHAR_LAYERS),
    ]
    for decoder, vocabulary, positions, layers in decoders:
        yield f"{decoder}.wte.weight", (vocabulary, h)
        yield f"{decoder}.wpe.weight", (positions, h)
        linears = [("attn.c_attn", h, 3 * h), ("attn.c_proj", h, h), ("mlp.c_fc", h, 4 * h), ("mlp.c_proj", 4 * h, h)]
        for layer in range(layers):
            for norm in ("ln_1", "ln_2"):
                yield f"{decoder}.h.{layer}.{norm}.weight", (h,)
                yield f"{decoder}.h.{layer}.{norm}.bias", (h,)
            for name, inputs, outputs in linears:
                yield f"{decoder}.h.{layer}.{name}.weight", (inputs, outputs)
                yield f"{decoder}.h.{layer}.{name}.bias", (outputs,)
        yield f"{decoder}.ln_f.weight", (h,)
        yield f"{decoder}.ln_f.bias", (h,)
    yield "char_level_decoder.base.lm_head.weight", (VOCAB, h)


def write(safetensors, pth, config):
    import numpy

    random = numpy.random.default_rng(7)
    tensors = {name: random.standard_normal(shape, numpy.float32) * 0.02 for name, shape in shapes()}
    header, start = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, start + tensor.nbytes]}
        start += tensor.nbytes
    header = json.dumps(header).encode()
    with open(safetensors, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for tensor in tensors.values():
            tensor.tofile(file)
    sizes = {"patch_size": PATCH_SIZE, "patch_length": PATCH_LENGTH, "patch_num_layers": PATCH_LAYERS}
    with open(config, "w") as file:
        json.dump({**sizes, "char_num_layers": CHAR_LAYERS, "hidden_size": HIDDEN}, file)
    try:
        import torch
    except ImportError:
        print("no torch, so no .pth", file=sys.stderr)
        return
    torch.save({"model": {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}}, pth)


def measure(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{seconds:.1f} {usage.ru_maxrss * 1024 // 1_000_000}  ({usage.ru_utime + usage.ru_stime:.1f} s of processors)")


if sys.argv[1] == "write":
    write(*sys.argv[2:5])
else:
    measure(sys.argv[2:])
