//! `META-INF/container.xml`, which says which entry of a `.mxl` file is the score.

use std::borrow::Cow;

use super::text;
use super::xml::{Refused, Source, Tree};

/// What rootfiles of a score are, if they say what they are. Others are pictures and sounds of it.
const MEDIA_TYPE: &str = "application/vnd.recordare.musicxml+xml";

/// The name of the entry that has the score, or why there is none.
pub(crate) fn root_file(container: &[u8]) -> Result<String, String> {
    let text = text::decode(container)?;
    let names = names(&text).map_err(|refused| format!("the container: {}", refused.message))?;
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err("the container names no score".into()),
        _ => Err("the container names several scores".into()),
    }
}

fn names(text: &str) -> Result<Vec<String>, Refused> {
    let mut source = Source::new(text);
    let mut tree = Tree::default();
    let mut names = Vec::new();
    if source.root()? != "container" {
        return Err(Refused::new("it is something else"));
    }
    while let Some(start) = source.child()? {
        source.element(start, &mut tree)?;
        let files = tree
            .root()
            .children()
            .filter(|file| file.name() == "rootfile");
        for file in files {
            let kind = file.attribute("media-type");
            let is_score = kind.is_none_or(|kind| kind == MEDIA_TYPE || kind.ends_with("musicxml"));
            let name = file.attribute("full-path").filter(|_| is_score);
            names.extend(name.map(Cow::into_owned));
        }
    }
    Ok(names)
}
