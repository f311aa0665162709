# Several variations at once against one alone.
set -euo pipefail
cargo build --release --quiet -p cli --bin partita
exec node bench/variations.mjs "$@"
