//! How a voice is to be read beside its key, clef and metre: the symbols that the text defines, how far
//! accidentals reach, octaves, transposition.

use super::fields::{self, VoiceField};
use super::header::VoiceHeader;
use super::keys::Altered;
use super::marks::{self, Decoration};
use super::music::VoiceReader;
use super::text;
use crate::diagnostic::{Findings, Place};
use crate::event::{Direction, Item};
use crate::pitch::Step;
use crate::signature::{Clef, ClefSign};

/// What is said of a macro.
pub(super) const NO_MACROS: &str = "macros are not expanded";

/// Characters that one letter can stand for. Each voice keeps them, and each note can have them.
const MAX_WORDS: usize = 80;

/// How far an accidental reaches within its bar (`propagate-accidentals`).
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// To the notes of its octave, as in print and in the training text.
    #[default]
    Octave,
    /// To the notes of its name in all octaves: the rule of ABC 2.1 where the text says nothing.
    Pitch,
    /// To its own note.
    Note,
}

/// How a voice is to be read, as far as it does not change with the music.
#[derive(Clone, Default, Debug)]
pub(super) struct Settings {
    /// Letters that the text defines (`U:`), and what they stand for now.
    symbols: Vec<(char, Decoration)>,
    /// Decorations are `+trill+`, and `!` breaks a line (`I:decoration +`).
    pub(super) plus: bool,
    pub(super) reach: Reach,
    /// What the signature alters beside the key.
    pub(super) altered: Altered,
    /// Octaves by which notes are higher than written, by `octave=` and by `middle=`.
    octaves: (i8, i8),
}

impl Settings {
    /// Takes in an instruction (`I:` or `%%`). Says whether it is one that is about reading.
    pub(super) fn instruct(&mut self, name: &str, value: &str) -> bool {
        match name {
            "decoration" => self.plus = value.starts_with('+'),
            "linebreak" => self.plus |= value.contains('!'),
            "propagate-accidentals" => {
                self.reach = match value {
                    "not" => Reach::Note,
                    "pitch" => Reach::Pitch,
                    _ => Reach::Octave,
                }
            }
            "abc-version" => {
                // Texts that do not say which standard they keep are read as music is printed.
                let mut numbers = value.split('.').map_while(|n| n.trim().parse::<u32>().ok());
                let version = (numbers.next(), numbers.next());
                if version >= (Some(2), Some(1)) {
                    self.reach = Reach::Pitch;
                }
            }
            _ => return false,
        }
        true
    }

    /// `U: T = !trill!`, `U: p = "^pizz."`, `U: T = !nil!`.
    pub(super) fn define_symbol(&mut self, value: &str, place: Place, findings: &mut Findings) {
        let definition = value.split_once('=').and_then(|(letter, meaning)| {
            let mut chars = letter.trim().chars();
            let letter = chars.next().filter(|_| chars.next().is_none());
            Some((letter?, meaning.trim()))
        });
        let definable = |c: char| matches!(c, 'H'..='W' | 'h'..='w' | '~');
        let Some((letter, meaning)) = definition.filter(|(letter, _)| definable(*letter)) else {
            findings.note(place, "U: defines no symbol: left out");
            return;
        };
        let decoration = symbol(meaning).unwrap_or_else(|| {
            findings.note(
                place,
                format!("the symbol \"{letter}\" stands for nothing known: left out"),
            );
            Decoration::Nothing
        });
        self.symbols.retain(|(known, _)| *known != letter);
        self.symbols.push((letter, decoration));
    }
}

/// The name between two `!`, or two `+` in older texts.
fn name_of(meaning: &str) -> Option<&str> {
    let delimiter = meaning.chars().next().filter(|c| matches!(c, '!' | '+'))?;
    meaning.strip_prefix(delimiter)?.strip_suffix(delimiter)
}

/// What `!trill!`, `"^pizz."` or `T` stands for.
pub(super) fn symbol(meaning: &str) -> Option<Decoration> {
    if let Some(name) = name_of(meaning) {
        return marks::by_name(name);
    }
    if let Some(words) = meaning.strip_prefix('"') {
        let words = words.strip_suffix('"')?;
        let text = words.get(1..)?;
        let above = match words.chars().next()? {
            '_' => false,
            '^' | '<' | '>' | '@' => true,
            _ => return None,
        };
        let text = text::read(text).chars().take(MAX_WORDS).collect();
        return Some(Decoration::Direction(Direction::Words { above, text }));
    }
    let mut chars = meaning.chars();
    marks::by_letter(chars.next()?).filter(|_| chars.next().is_none())
}

/// `%%MIDI program [channel] number`; other MIDI directives are none of ours.
pub(super) fn midi_program(value: &str) -> Option<u8> {
    let numbers = value.trim().strip_prefix("program")?;
    let last = numbers.split_whitespace().last()?;
    last.parse().ok().filter(|program| *program < 128)
}

/// Says what of a metre cannot be kept.
pub(super) fn check_meter(value: &str, place: Place, findings: &mut Findings) {
    if value.contains('+') && fields::meter(value).is_some() {
        findings.note(
            place,
            "the metre is kept as one number of beats, not as a sum",
        );
    }
}

/// Says what of a key cannot be kept.
pub(super) fn check_key(field: &VoiceField, place: Place, findings: &mut Findings) {
    if field.altered.iter().any(Option::is_some) {
        findings.note(
            place,
            "the signature has accidentals that no key has: they stand before the notes instead",
        );
    }
}

impl VoiceHeader {
    /// What the voice starts with: what is said of it, and else of the piece.
    pub(super) fn start(&self, piece: &VoiceField) -> VoiceField {
        let fields = [Some(&self.field), self.key.as_ref(), Some(piece)];
        let said = || fields.iter().copied().flatten();
        let signature = said().find(|field| field.key.is_some());
        let staff = said().find(|field| field.clef.is_some() || field.middle.is_some());
        VoiceField {
            key: signature.and_then(|field| field.key),
            altered: signature.map(|field| field.altered).unwrap_or_default(),
            clef: staff.and_then(|field| field.clef),
            middle: staff.and_then(|field| field.middle),
            octave: said().find_map(|field| field.octave),
            transpose: said().find_map(|field| field.transpose),
            staff_lines: said().find_map(|field| field.staff_lines),
            ..VoiceField::default()
        }
    }
}

impl VoiceReader {
    /// Takes over what the header says: for all voices, and for this one.
    pub(super) fn begin(&mut self, settings: &Settings, start: &VoiceField) {
        self.settings.clone_from(settings);
        self.settings.altered = start.altered;
        self.change_staff(start);
    }

    /// Takes over the clef and how notes are written under it. Says whether the clef is another now.
    fn change_staff(&mut self, field: &VoiceField) -> bool {
        let before = self.clef;
        if field.clef.is_some() || field.middle.is_some() {
            let clef = field.clef.unwrap_or(self.clef);
            let found = field.middle.map(|middle| fields::with_middle(clef, middle));
            (self.clef, self.settings.octaves.1) = found.unwrap_or((clef, 0));
        }
        if let Some(octave) = field.octave {
            self.settings.octaves.0 = octave;
        }
        self.clef != before
    }

    /// The key and clef of a `K:` field.
    pub(super) fn read_key(&mut self, value: &str, place: Place, findings: &mut Findings) -> bool {
        let field = fields::key_field(value);
        if let Some(key) = field.key {
            self.key = key;
            self.settings.altered = field.altered;
            self.accidentals.clear();
            self.push(Item::Key(key));
            check_key(&field, place, findings);
        }
        if self.change_staff(&field) || field.clef.is_some() {
            self.push(Item::Clef(self.clef));
        }
        self.check_transposition(&field, place, findings);
        let said = VoiceField {
            unknown: Vec::new(),
            ..field
        };
        said != VoiceField::default()
    }

    /// The properties of a `V:` field inside the music. They are often told again with every line.
    pub(super) fn read_properties(
        &mut self,
        properties: &str,
        place: Place,
        findings: &mut Findings,
    ) {
        if properties.is_empty() {
            return;
        }
        let mut field = fields::voice_field(properties);
        let begun = !self.bars.is_empty() || self.current.events > 0;
        let is_drums = |clef: Clef| clef.sign == ClefSign::Percussion;
        if begun
            && field
                .clef
                .is_some_and(|clef| is_drums(clef) != is_drums(self.clef))
        {
            findings.note(
                place,
                "a voice of notes cannot become one of drums: its clef stays",
            );
            field.clef = None;
        }
        if self.change_staff(&field) {
            self.push(Item::Clef(self.clef));
        }
        self.check_transposition(&field, place, findings);
    }

    /// A voice has one transposition from beginning to end.
    fn check_transposition(&mut self, field: &VoiceField, place: Place, findings: &mut Findings) {
        let Some(semitones) = field.transpose else {
            return;
        };
        if self.bars.is_empty() && self.current.events == 0 {
            self.transpose = semitones;
        } else if self.transpose != semitones {
            findings.note(
                place,
                "the transposition changes inside the music: the first holds",
            );
        }
    }

    /// A MIDI directive. A part has one program from beginning to end.
    pub(super) fn read_midi(&mut self, value: &str, place: Place, findings: &mut Findings) {
        let Some(program) = midi_program(value) else {
            return;
        };
        if self.bars.is_empty() && self.current.events == 0 {
            self.program = Some(program);
        } else if self.program != Some(program) {
            findings.note(
                place,
                "the MIDI program changes inside the music: the first holds",
            );
        }
    }

    /// Octaves by which notes are higher than the clef would have them.
    pub(super) const fn octaves_up(&self) -> i8 {
        let (octave, middle) = self.settings.octaves;
        octave.saturating_add(middle)
    }

    /// By how much the signature alters a step.
    pub(super) fn signature_alter(&self, step: Step) -> i8 {
        let altered = self.settings.altered.get(step as usize).copied().flatten();
        altered.unwrap_or_else(|| self.key.alter(step))
    }

    /// What a letter or sign in front of a note stands for: what the text defines, or what is usual.
    pub(super) fn by_letter(&self, letter: char) -> Option<Decoration> {
        let mut symbols = self.settings.symbols.iter();
        match symbols.find(|(known, _)| *known == letter) {
            Some((_, decoration)) => Some(decoration.clone()),
            None => marks::by_letter(letter),
        }
    }
}
