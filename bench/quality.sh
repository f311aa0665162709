# How much each format of the weights changes what the bundled model would write, over scores of the corpus.
#
#   CORPUS=path/to/openscore-notagen.jsonl.gz ./dev bench quality [MODEL_FOLDER [SCORES]]
set -euo pipefail
corpus=${CORPUS:-../shared/corpus/openscore-notagen.jsonl.gz}
[ -f "$corpus" ] || { echo "no corpus at $corpus: set CORPUS" >&2; exit 1; }
exec cargo run --release --quiet -p notagen --example quality -- "$corpus" "$@"
