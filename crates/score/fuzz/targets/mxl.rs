#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| score_fuzz::check(data, score::parse_mxl));
