# What the guard makes of the bundled model's pieces in each of its modes, with the same seeds.
set -euo pipefail
cargo build --release --quiet -p cli --bin partita
cargo build --release --quiet -p score --example guard_pieces
cargo build --release --quiet -p notagen --example how_likely
exec node bench/guard.mjs "$@"
