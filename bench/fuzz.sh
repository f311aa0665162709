# Hostile input for the readers of scores, some minutes for each: no panic, at most 1 s and 64 MiB for 1 MiB.
#
#   ./dev bench fuzz [SECONDS] [TARGET...]       600 seconds each of abc, musicxml and mxl if not said
#
# Before that, the worst that is known, with what reading and writing it takes. Fuzzing needs a nightly compiler
# and cargo-fuzz (cargo install cargo-fuzz). What it finds lies in crates/score/fuzz/artifacts.
set -euo pipefail
seconds=${1:-600}
shift || true
[ $# -gt 0 ] || set -- abc musicxml mxl
cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "needs nightly Rust and cargo-fuzz" >&2; exit 1; }
cd crates/score
cargo run --release --quiet --manifest-path fuzz/Cargo.toml --example hostile
cargo build --release --quiet -p score --example convert
convert=${CARGO_TARGET_DIR:-$PWD/../../target}/release/examples/convert
mkdir -p fuzz/corpus/{abc,musicxml,mxl}
for piece in tests/data/*.abc; do
    name=$(basename "$piece" .abc)
    cp "$piece" fuzz/corpus/abc/
    "$convert" "$piece" "fuzz/corpus/musicxml/$name.musicxml" "$piece" "fuzz/corpus/mxl/$name.mxl" 2>/dev/null
done
for target in "$@"; do
    echo "== $target, $seconds s"
    words=()
    [ ! -e "fuzz/$target.dict" ] || words=("-dict=fuzz/$target.dict")
    # Without the sanitizer: the code is safe Rust, and time and memory are what is looked at.
    cargo +nightly fuzz run --sanitizer none "$target" -- "${words[@]}" -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=2048 -max_len=1048576 -print_final_stats=1 2>&1 |
        { grep -E "^(Done|stat::|thread)|panicked|ERROR|Test unit" || true; }
done
