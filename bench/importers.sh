# Whether MuseScore 3, verovio and music21 read the notes of our MusicXML that we wrote, and MuseScore plays them so.
#
#   CORPUS=path/to/openscore-notagen.jsonl.gz ./dev bench importers musescore|verovio|music21 [EVERY]
#
# over every EVERYth score of the corpus (47, which makes 30, if not said). Needs Debian's musescore3, or
# the Python package of that name.
#
#   ./dev bench importers playing
#
# compares what MuseScore plays of repeats, endings and jumps with what we do, on the pieces of
# crates/score/tests/data/playing.txt.
set -euo pipefail
program=${1:?musescore, verovio, music21 or playing}
examples=${CARGO_TARGET_DIR:-target}/release/examples
if [ "$program" = playing ]; then
    cargo build --release --quiet -p score --example convert
    exec python3 bench/playing.py "$examples/convert" crates/score/tests/data/playing.txt
fi
every=${2:-47}
corpus=${CORPUS:-../shared/corpus/openscore-notagen.jsonl.gz}
[ -f "$corpus" ] || { echo "no corpus at $corpus: set CORPUS" >&2; exit 1; }
cargo build --release --quiet -p score --example conversion --example convert
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$examples/conversion" --corpus "$corpus" --every "$every" --texts "$folder" >"$folder/log"
python3 bench/importers.py "$program" "$examples/convert" "$folder"
