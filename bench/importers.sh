# Whether MuseScore 3, verovio and music21 read the notes of our MusicXML that we wrote.
#
#   CORPUS=path/to/openscore-notagen.jsonl.gz ./dev bench importers musescore|verovio|music21 [EVERY]
#
# over every EVERYth score of the corpus (47, which makes 30, if not said). Needs Debian's musescore3, or
# the Python package of that name.
set -euo pipefail
program=${1:?musescore, verovio or music21}
every=${2:-47}
corpus=${CORPUS:-../shared/corpus/openscore-notagen.jsonl.gz}
[ -f "$corpus" ] || { echo "no corpus at $corpus: set CORPUS" >&2; exit 1; }
cargo build --release --quiet -p score --example conversion --example convert
examples=${CARGO_TARGET_DIR:-target}/release/examples
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$examples/conversion" --corpus "$corpus" --every "$every" --texts "$folder" >"$folder/log"
python3 bench/importers.py "$program" "$examples/convert" "$folder"
