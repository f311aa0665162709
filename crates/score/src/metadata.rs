//! What is known of a piece besides its notes.

/// What is known of a piece besides its notes. The caller sets it; every format has its own fields for it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// MusicXML `work-title`, ABC `T:`.
    pub title: String,
    /// MusicXML `creator`, ABC `C:`.
    pub composer: String,
    /// The first line of the style prompt.
    pub period: String,
    /// The third line of the style prompt.
    pub instrumentation: String,
    /// MusicXML `rights`, ABC `%%abc-copyright`.
    pub rights: Option<String>,
    /// The program and its version: MusicXML `software`, ABC `%%abc-creator`.
    pub software: String,
    /// Anything else by name, such as seed and model: MusicXML `miscellaneous-field`, ABC `N:name: value`. What
    /// ABC has fields for goes there: `area`, `book`, `discography`, `file`, `group`, `history`, `origin`,
    /// `parts`, `rhythm`, `source`, `transcription`, and `words`, the text below a tune with its lines (`W:`).
    pub fields: Vec<(String, String)>,
}

/// The field that holds the composer as the style line names him (`Schubert, Franz`), where
/// [`Metadata::composer`] says it in another way.
pub(crate) const STYLE_COMPOSER: &str = "partita-composer";
