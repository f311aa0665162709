# Whether a worker's memory grows: sequences join, are cancelled, share their beginnings and go on in fresh
# contexts until so many patches are drawn. It fails if the second half takes more than the first. Linux.
#
#   ./dev bench soak [PATCHES]
set -euo pipefail
cargo build --release --quiet -p cli --bin partita
partita=${CARGO_TARGET_DIR:-target}/release/partita
cargo run --release --quiet -p studio --example soak -- "$partita" models/partita-demo "${1:-10000}"
