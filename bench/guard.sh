# What the guard makes of the bundled model's pieces, against the same seeds without it.
set -euo pipefail
cargo build --release --quiet -p cli --bin partita
cargo build --release --quiet -p score --example guard_pieces
exec node bench/guard.mjs "$@"
