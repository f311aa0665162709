"""Compiles the kernels beside this file to PTX. Needs neither a GPU nor a driver: only NVIDIA's NVRTC,
whose folder is the first argument. The second is where the PTX goes.

The PTX is made for the oldest cards and drivers that can run it (compute capability 6.0, PTX 6.4; of drivers
those that have all that the program calls, R470 and newer). A card's driver compiles it for the card when it is
first loaded, and keeps the result.
"""

import ctypes
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
FORMATS = ["f32", "f16", "bf16", "q8_0", "q4k"]
OPTIONS = ["--gpu-architecture=compute_60", "--fmad=false", "--std=c++14", "--restrict"]
# The compiler names its own newest; nothing here is newer than this, and ptxas checks that.
PTX_VERSION = "6.4"


def compile_to_ptx(nvrtc, source, options):
    def checked(code, what):
        if code != 0:
            size = ctypes.c_size_t()
            nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            log = ctypes.create_string_buffer(size.value)
            nvrtc.nvrtcGetProgramLog(program, log)
            sys.exit(f"{source.name}: {what} failed ({code})\n{log.value.decode()}")

    program = ctypes.c_void_p()
    header = (HERE / "common.cuh").read_bytes()
    headers, names = (ctypes.c_char_p * 1)(header), (ctypes.c_char_p * 1)(b"common.cuh")
    text, name = source.read_bytes(), source.name.encode()
    checked(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, name, 1, headers, names), "reading")
    arguments = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    checked(nvrtc.nvrtcCompileProgram(program, len(options), arguments), "compiling")
    size = ctypes.c_size_t()
    checked(nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)), "asking for PTX")
    ptx = ctypes.create_string_buffer(size.value)
    checked(nvrtc.nvrtcGetPTX(program, ptx), "asking for PTX")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    text = ptx.value.decode()
    text = re.sub(r"\.version \d+\.\d+", f".version {PTX_VERSION}", text, count=1)
    # Comments say which build of the compiler it was, and repeat the inline assembly's line numbers.
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("//")) + "\n"


def main():
    folder, out = map(pathlib.Path, sys.argv[1:])
    (library,) = [path for path in folder.glob("libnvrtc.so*") if "alt" not in path.name]
    for builtins in folder.glob("libnvrtc-builtins.so*"):
        ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
    nvrtc = ctypes.CDLL(str(library))
    out.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(FORMATS):
        options = [*OPTIONS, f"--define-macro=FORMAT={number}"]
        (out / f"linear_{name}.ptx").write_text(compile_to_ptx(nvrtc, HERE / "linear.cu", options))
    (out / "rest.ptx").write_text(compile_to_ptx(nvrtc, HERE / "rest.cu", OPTIONS))


main()
