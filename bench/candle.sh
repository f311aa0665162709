# Our kernels against the same decoders on candle's tensors, in turns in one run.
set -euo pipefail
exec cargo run --release --quiet -p notagen --example against_candle -- "$@"
