//! Waiting for conditions instead of for time to pass.

use std::time::{Duration, Instant};

/// Asks again and again, for at most so many seconds, until there is an answer.
pub(crate) fn until<T>(what: &str, seconds: u64, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(seconds),
            "waited {seconds} s for {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
