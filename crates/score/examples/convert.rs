//! Converts a score of any format: `convert IN OUT.musicxml|OUT.mxl|OUT.abc|OUT.mid`. Findings go to standard error.
#![allow(clippy::print_stderr)]

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.is_empty() || !args.len().is_multiple_of(2) {
        return Err("usage: convert IN OUT.musicxml|OUT.mxl|OUT.abc|OUT.mid [IN OUT ...]".into());
    }
    for pair in args.chunks(2) {
        let [input, output] = pair else { continue };
        let (mut score, findings) = score::parse(&std::fs::read(input)?);
        for finding in &findings {
            eprintln!("{input}:{finding}");
        }
        score.metadata.software = "Partita".into();
        if output.ends_with(".mxl") {
            std::fs::write(output, score::write_mxl(&score)?)?;
        } else if output.ends_with(".abc") {
            std::fs::write(output, score::write_abc(&score))?;
        } else if output.ends_with(".mid") {
            std::fs::write(output, score::write_midi(&score))?;
        } else {
            std::fs::write(output, score::write_musicxml(&score))?;
        }
    }
    Ok(())
}
