#![no_main]

use score_fuzz::{check, grown, read};

fn parse(bytes: &[u8]) -> (score::Score, Vec<score::Diagnostic>) {
    score::parse_abc(&String::from_utf8_lossy(bytes))
}

/// The header and the music.
fn split(text: &str) -> Option<[&str; 3]> {
    let key = text.find("K:")?;
    let music = key + text.get(key..)?.find('\n')? + 1;
    Some([text.get(..music)?, text.get(music..)?, ""])
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check(data, parse);
    if let Some(grown) = grown(data, split) {
        read(&grown, parse);
    }
});
