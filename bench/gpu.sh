# NotaGen-X's shape on an NVIDIA card: how many pieces it writes, what its kernels take, whether a piece is the same
# alone and in company; then NotaGen's own way in PyTorch on the same card, if python3 has torch and transformers.
#
#   ./dev bench gpu                    builds partita first
#   bash bench/gpu.sh PARTITA [CARD]   with a partita that is there: this file and that program are all it takes,
#                                      beside NVIDIA's driver (and the bundled model, for the seeds)
set -euo pipefail
if [ $# -eq 0 ]; then
    cargo build --release --quiet -p cli
    set -- "${CARGO_TARGET_DIR:-target}/release/partita"
fi
partita=$1 card=${2:-0}
export CUDA_DEVICE_ORDER=PCI_BUS_ID # as partita counts cards
shape=(--shape notagen-x --random-weights)

"$partita" machine
echo
for dtype in f16 q8_0 q4k; do
    "$partita" bench --device "cuda:$card" "${shape[@]}" --dtype $dtype --batch 1,2,4,8,16 --patches 512 --runs 5
    echo
done
for dtype in f16 q8_0; do
    "$partita" kernels --card "$card" --dtype $dtype --rows 1,4,8,16
done

here=$(dirname "${BASH_SOURCE[0]}")
if [ -f "$here/reference.py" ] && python3 -c 'import torch, transformers; torch.zeros(1).cuda()' 2>/dev/null; then
    echo "the reference in PyTorch, f16, on the same card, s a patch at context:"
    CUDA_VISIBLE_DEVICES=$card python3 "$here/reference.py" --cuda 8 128 256 384 512
else
    echo "python3 has no torch that finds the card, or no transformers: the reference was not measured"
fi

# 32 seeds of the bundled model: in company, and each alone.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compose() {
    "$partita" compose --device "cuda:$card" --library "$folder/library" --period Romantic \
        --composer "Schubert, Franz" --instrumentation "Art Song" --max-patches 128 --to abc "$@" >/dev/null
}
if "$partita" models list --json | grep -q '"partita-demo"'; then
    compose --seed 1 --variations 32 --out "$folder/company"
    for seed in $(seq 32); do
        compose --seed "$seed" --out "$folder/alone-$seed"
        cmp "$folder/company/"*"-$seed.abc" "$folder/alone-$seed/"*.abc
    done
    echo "32 seeds, in company and alone: the same bytes"
else
    echo "the bundled model is not here (PARTITA_MODELS names its folder): no seeds were compared"
fi
