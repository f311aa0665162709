# Patches per second of the bundled model at several batch sizes.
set -euo pipefail
exec cargo run --release --quiet -p notagen --example patches_per_second -- "${@:-models/partita-demo}"
