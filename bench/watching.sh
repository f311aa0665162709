# What it costs the queue that a piece is looked at while it is written.
set -euo pipefail
cargo build --quiet --release -p studio --example stub_worker
exec cargo run --quiet --release -p studio --example watching
