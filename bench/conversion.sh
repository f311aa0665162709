# Our conversion of ABC to MusicXML against abc2xml.py, on the same scores, one thread each, in one run.
#
#   ABC2XML=path/to/abc2xml.py CORPUS=path/to/openscore-notagen.jsonl.gz ./dev bench conversion [EVERY]
#
# abc2xml.py lies in NotaGen's repository (gradio/abc2xml.py); it needs Python with pyparsing. It is slow: it
# gets every EVERYth score only (36 if not said).
set -euo pipefail
every=${1:-36}
corpus=${CORPUS:-../shared/corpus/openscore-notagen.jsonl.gz}
[ -f "$corpus" ] || { echo "no corpus at $corpus: set CORPUS" >&2; exit 1; }
cargo build --release --quiet -p score --example conversion
ours=${CARGO_TARGET_DIR:-target}/release/examples/conversion

echo "-- all scores, ours"
"$ours" --corpus "$corpus"
if [ ! -f "${ABC2XML:-}" ]; then
    echo "-- not compared: ABC2XML does not name abc2xml.py" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/abc" "$folder/xml"
echo "-- every ${every}th score, ours"
"$ours" --corpus "$corpus" --every "$every" --texts "$folder/abc" | tee "$folder/ours"
echo "-- the same, abc2xml.py"
start=$(date +%s.%N)
python3 "$ABC2XML" -o "$folder/xml" "$folder"/abc/*.abc >"$folder/log" 2>&1
end=$(date +%s.%N)
written=$(find "$folder/xml" -name '*.xml' | wc -l)
awk -v start="$start" -v end="$end" -v written="$written" -v given="$(find "$folder/abc" -type f | wc -l)" '
    $1 == "both" { ours = $2 }
    END {
        printf "%d of %d scores written in %.3f s\n", written, given, end - start
        printf "ours is %.0f times as fast\n", (end - start) / ours
    }' "$folder/ours"
