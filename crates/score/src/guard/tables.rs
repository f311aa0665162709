//! The closed vocabularies of the text, each in the order that [`Words`](super::words::Words) needs.

/// What a decoration does, as far as it matters where it may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deco {
    /// A sign beside the staff, which needs no note. Hairpins and pedals are among them: they begin in
    /// one voice of an instrument and end in another often enough.
    Sign,
    /// A sign on the note that comes next.
    Mark,
    /// A tremolo of the note that comes next.
    Stroke,
    /// Begins the line with this number.
    Open(u8),
    /// Ends it.
    Close(u8),
}

/// Names between two `!`.
#[rustfmt::skip]
pub(super) const DECORATIONS: &[&str] = &[
    "-(", "-)", "/", "/-", "//", "//-", "///", "///-", "////", "////-", "0", "1", "15ma(",
    "15ma)", "2", "3", "4", "5", "8va(", "8va)", "8vb(", "8vb)", "<(", "<)", ">", ">(", ">)",
    "D.C.", "D.S.", "^", "arpeggio", "breath", "coda", "courtesy", "dacoda", "f", "fermata", "ff",
    "fff", "ffff", "fine", "fp", "fz", "invertedturn", "mf", "mordent", "mp", "open", "p", "ped",
    "ped-up", "plus", "pp", "ppp", "pppp", "rfz", "segno", "sf", "sffz", "sfp", "sfz", "slide",
    "snap", "stemless", "tenuto", "thumb", "trill", "trill(", "trill)", "turn", "wedge", "~(",
    "~)",
];

/// What each of [`DECORATIONS`] does.
#[rustfmt::skip]
pub(super) const DECORATION_KINDS: &[Deco] = &[
    Deco::Open(7), Deco::Close(7), Deco::Stroke, Deco::Stroke, Deco::Stroke, Deco::Stroke,
    Deco::Stroke, Deco::Stroke, Deco::Stroke, Deco::Stroke, Deco::Mark, Deco::Mark, Deco::Open(4),
    Deco::Close(4), Deco::Mark, Deco::Mark, Deco::Mark, Deco::Mark, Deco::Open(2), Deco::Close(2),
    Deco::Open(3), Deco::Close(3), Deco::Sign, Deco::Sign, Deco::Mark, Deco::Sign, Deco::Sign,
    Deco::Sign, Deco::Sign, Deco::Mark, Deco::Mark, Deco::Mark, Deco::Sign, Deco::Mark,
    Deco::Sign, Deco::Sign, Deco::Mark, Deco::Sign, Deco::Sign, Deco::Sign, Deco::Sign,
    Deco::Sign, Deco::Sign, Deco::Mark, Deco::Sign, Deco::Mark, Deco::Sign, Deco::Mark,
    Deco::Sign, Deco::Sign, Deco::Sign, Deco::Mark, Deco::Sign, Deco::Sign, Deco::Sign,
    Deco::Sign, Deco::Sign, Deco::Sign, Deco::Sign, Deco::Sign, Deco::Sign, Deco::Mark,
    Deco::Mark, Deco::Mark, Deco::Mark, Deco::Mark, Deco::Mark, Deco::Open(6), Deco::Close(6),
    Deco::Mark, Deco::Mark, Deco::Open(8), Deco::Close(8),
];

/// Values of `K:` and `[K:]`, and clefs of `V:`. Keys begin with a capital; `none` is one too.
#[rustfmt::skip]
pub(super) const KEYS_AND_CLEFS: &[&str] = &[
    "A", "A#loc", "A#min", "A#phr", "Ab", "Abdor", "Ablyd", "Abmin", "Abmix", "Ador", "Aloc",
    "Alyd", "Amin", "Amix", "Aphr", "B", "B#loc", "Bb", "Bbdor", "Bbloc", "Bblyd", "Bbmin",
    "Bbmix", "Bbphr", "Bdor", "Bloc", "Blyd", "Bmin", "Bmix", "Bphr", "C", "C#", "C#dor", "C#loc",
    "C#min", "C#mix", "C#phr", "Cb", "Cblyd", "Cdor", "Cloc", "Clyd", "Cmin", "Cmix", "Cphr", "D",
    "D#dor", "D#loc", "D#min", "D#phr", "Db", "Dbdor", "Dblyd", "Dbmix", "Ddor", "Dloc", "Dlyd",
    "Dmin", "Dmix", "Dphr", "E", "E#loc", "E#phr", "Eb", "Ebdor", "Eblyd", "Ebmin", "Ebmix",
    "Ebphr", "Edor", "Eloc", "Elyd", "Emin", "Emix", "Ephr", "F", "F#", "F#dor", "F#loc", "F#lyd",
    "F#min", "F#mix", "F#phr", "Fblyd", "Fdor", "Floc", "Flyd", "Fmin", "Fmix", "Fphr", "G",
    "G#dor", "G#loc", "G#min", "G#mix", "G#phr", "Gb", "Gblyd", "Gbmix", "Gdor", "Gloc", "Glyd",
    "Gmin", "Gmix", "Gphr", "alto", "alto1", "alto2", "bass", "bass+15", "bass+8", "bass-15",
    "bass-8", "bass3", "none", "perc", "tenor", "tenor-8", "treble", "treble+15", "treble+8",
    "treble-15", "treble-8",
];

/// Values of `M:`.
#[rustfmt::skip]
pub(super) const METRES: &[&str] = &[
    "1/1", "1/16", "1/2", "1/32", "1/4", "1/8", "10/16", "10/32", "10/4", "10/8", "11/16",
    "11/32", "11/4", "11/8", "12/16", "12/32", "12/4", "12/8", "13/16", "13/4", "13/8", "14/16",
    "14/4", "14/8", "15/16", "15/4", "15/8", "16/16", "16/8", "18/4", "18/8", "2/1", "2/16",
    "2/2", "2/32", "2/4", "2/8", "21/4", "21/8", "24/4", "24/8", "28/4", "3/16", "3/2", "3/32",
    "3/4", "3/8", "4/16", "4/2", "4/32", "4/4", "4/8", "5/16", "5/2", "5/32", "5/4", "5/8",
    "6/16", "6/2", "6/32", "6/4", "6/8", "7/16", "7/2", "7/32", "7/4", "7/8", "8/16", "8/2",
    "8/32", "8/4", "8/8", "9/16", "9/32", "9/4", "9/8", "none",
];

/// How long a bar of each of [`METRES`] is, in 64th notes; 0 for a free one.
#[rustfmt::skip]
pub(super) const METRE_UNITS: &[u16] = &[
    64, 4, 32, 2, 16, 8, 40, 20, 160, 80, 44, 22, 176, 88, 48, 24, 192, 96, 52, 208, 104, 56, 224,
    112, 60, 240, 120, 64, 128, 288, 144, 128, 8, 64, 4, 32, 16, 336, 168, 384, 192, 448, 12, 96,
    6, 48, 24, 16, 128, 8, 64, 32, 20, 160, 10, 80, 40, 24, 192, 12, 96, 48, 28, 224, 14, 112, 56,
    32, 256, 16, 128, 64, 36, 18, 144, 72, 0,
];

/// What comes before the number in `Q:`.
#[rustfmt::skip]
pub(super) const BEATS: &[&str] = &[
    "1/16=", "1/1=", "1/2=", "1/4=", "1/8=", "3/16=", "3/2=", "3/4=", "3/8=",
];

/// Barlines, without the numbers of endings.
#[rustfmt::skip]
pub(super) const BARLINES: &[&str] = &[
    "::", ":|", "|", "|:", "|]", "|]:", "||",
];

/// Tuplets, without the number of notes they hold.
#[rustfmt::skip]
pub(super) const TUPLETS: &[&str] = &[
    "10:12:", "10:4:", "10:8:", "11:12:", "11:4:", "11:6:", "11:8:", "12:8:", "13:12:", "13:8:",
    "14:12:", "14:8:", "15:12:", "15:8:", "16:8:", "18:4:", "18:8:", "22:16:", "2:3:", "3:2:",
    "4:2:", "4:3:", "4:6:", "5:2:", "5:3:", "5:4:", "5:6:", "5:8:", "6:4:", "6:5:", "7:12:",
    "7:16:", "7:2:", "7:3:", "7:4:", "7:6:", "7:8:", "8:10:", "8:12:", "8:2:", "8:6:", "9:4:",
    "9:6:", "9:8:",
];

/// The two numbers of each of [`TUPLETS`].
#[rustfmt::skip]
pub(super) const TUPLET_RATIOS: &[(u8, u8)] = &[
    (10, 12), (10, 4), (10, 8), (11, 12), (11, 4), (11, 6), (11, 8), (12, 8), (13, 12), (13, 8),
    (14, 12), (14, 8), (15, 12), (15, 8), (16, 8), (18, 4), (18, 8), (22, 16), (2, 3), (3, 2),
    (4, 2), (4, 3), (4, 6), (5, 2), (5, 3), (5, 4), (5, 6), (5, 8), (6, 4), (6, 5), (7, 12),
    (7, 16), (7, 2), (7, 3), (7, 4), (7, 6), (7, 8), (8, 10), (8, 12), (8, 2), (8, 6), (9, 4),
    (9, 6), (9, 8),
];

/// Lengths, written in eighth notes.
#[rustfmt::skip]
pub(super) const LENGTHS: &[&str] = &[
    "", "/", "/4", "/8", "10", "11", "11/2", "11/4", "11/8", "12", "13", "13/2", "13/4", "13/8",
    "14", "15", "15/2", "15/4", "15/8", "16", "17", "17/2", "17/4", "18", "19", "19/2", "19/4",
    "2", "20", "21", "21/2", "21/4", "22", "23", "23/2", "23/4", "24", "25", "25/2", "25/4", "26",
    "27", "27/2", "27/4", "28", "29", "29/2", "29/4", "3", "3/2", "3/4", "3/8", "30", "31",
    "31/2", "31/4", "32", "33", "36", "4", "40", "5", "5/2", "5/4", "5/8", "56", "6", "7", "7/2",
    "7/4", "7/8", "8", "9", "9/2", "9/4", "9/8",
];

/// Each of [`LENGTHS`] in 64th notes, and whether one note can have it. The others are for rests only.
#[rustfmt::skip]
pub(super) const LENGTH_UNITS: &[(u16, bool)] = &[
    (8, true), (4, true), (2, true), (1, true), (80, false), (88, false), (44, false),
    (22, false), (11, false), (96, true), (104, false), (52, false), (26, false), (13, false),
    (112, true), (120, false), (60, false), (30, false), (15, false), (128, true), (136, false),
    (68, false), (34, false), (144, false), (152, false), (76, false), (38, false), (16, true),
    (160, false), (168, false), (84, false), (42, false), (176, false), (184, false), (92, false),
    (46, false), (192, true), (200, false), (100, false), (50, false), (208, false), (216, false),
    (108, false), (54, false), (224, false), (232, false), (116, false), (58, false), (24, true),
    (12, true), (6, true), (3, true), (240, false), (248, false), (124, false), (62, false),
    (256, false), (264, false), (288, false), (32, true), (320, false), (40, false), (20, false),
    (10, false), (5, false), (448, false), (48, true), (56, true), (28, true), (14, true),
    (7, true), (64, true), (72, false), (36, false), (18, false), (9, false),
];

/// The lengths that one note can have, in 64th notes.
#[rustfmt::skip]
pub(super) const NOTE_UNITS: [u16; 20] = [
    1, 2, 3, 4, 6, 7, 8, 12, 14, 16, 24, 28, 32, 48, 56, 64, 96, 112, 128, 192,
];

/// Values of `[I:]`.
#[rustfmt::skip]
pub(super) const STAFF_SHIFTS: &[&str] = &[
    "staff +1", "staff -1",
];

/// Properties of a voice, in the order they are written in.
#[rustfmt::skip]
pub(super) const PROPERTIES: &[&str] = &[
    "nm=\"", "snm=\"", "stafflines=", "transpose=",
];

/// Note heads of a percussion map.
#[rustfmt::skip]
pub(super) const HEADS: &[&str] = &[
    "circle-x", "cross", "diamond", "normal", "slash", "square", "triangle", "x",
];
