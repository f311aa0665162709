# Importing a weight file of NotaGen-X's shape, from safetensors and as NotaGen publishes it (.pth); then loading
# what it became against loading the file itself in that format. Seconds, and the most memory that one process had.
#
#   ./dev bench import [FORMAT...]        q8_0 and q4k if not said
#
# Weights are random; some 6 GB of disk in the temporary folder. Needs Python with numpy, and torch for the .pth.
set -euo pipefail
[ $# -gt 0 ] || set -- q8_0 q4k
cargo build --release --quiet -p cli --bin partita
cargo build --release --quiet -p notagen --example loading
built=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PARTITA_MODELS=$folder/models
mkdir "$folder/pth" "$folder/safetensors"
python3 bench/import.py write "$folder/safetensors/model.safetensors" "$folder/pth/model.pth" "$folder/safetensors/config.json"

echo "importing, s and MB:"
for format in "$@"; do
    for file in safetensors/model.safetensors pth/model.pth; do
        [ -f "$folder/$file" ] || continue
        name=$(dirname "$file")-$format
        printf '%-6s %-12s ' "$format" "$(dirname "$file")"
        python3 bench/import.py measure "$built/partita" models import "$folder/$file" --name "$name" --dtype "$format" --json
    done
done
echo "loading with one context, s and MB, three times in turns:"
for format in "$@"; do
    for _ in 1 2 3; do
        printf '%-6s imported     ' "$format"
        "$built/examples/loading" "$PARTITA_MODELS/safetensors-$format"
        printf '%-6s from f32     ' "$format"
        "$built/examples/loading" "$folder/safetensors" "$format"
    done
done
