#![no_main]

use score_fuzz::{check, grown, read};

/// All bars, and what is around them.
fn split(text: &str) -> Option<[&str; 3]> {
    let from = text.find("<measure")?;
    let to = text.rfind("</measure>")? + "</measure>".len();
    Some([text.get(..from)?, text.get(from..to)?, text.get(to..)?])
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check(data, score::parse_musicxml);
    if let Some(grown) = grown(data, split) {
        read(&grown, score::parse_musicxml);
    }
});
