# A patch of NotaGen-X's shape in each format of the weights, one piece alone, beside what the memory
# allows, and what passes and steps of several rows cost; then NotaGen's own way in PyTorch on the same
# machine. Random weights; 10 GB of memory.
#
#   ./dev bench formats [SHAPE] [FORMAT...]
set -euo pipefail
cargo run --release --quiet -p notagen --example formats -- "$@"
echo "the reference in PyTorch, f32, s a patch at context:"
python3 bench/reference.py 8 128 256 384 512
