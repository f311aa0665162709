//! Text strings as ABC 2.1 has them (section 8.2): accents, named characters and code points behind a
//! backslash or an ampersand.

use std::borrow::Cow;

/// The text of a file: UTF-8, or what it was before that was usual, ISO 8859-1, if it is no valid UTF-8.
pub fn decode_abc(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// What a text string says.
///
/// `\'e`, `&eacute;` and `\u00e9` are all é; `\n` is a new line; `\\`, `\%` and `\&` are the signs themselves.
/// What is none of these stays as it is.
pub(crate) fn read(text: &str) -> String {
    if !text.contains(['\\', '&']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        let (before, sign) = rest.split_at(at);
        out.push_str(before);
        let found = if sign.starts_with('&') {
            entity(sign)
        } else {
            escape(sign)
        };
        let (c, len) = found.unwrap_or((if sign.starts_with('&') { '&' } else { '\\' }, 1));
        out.push(c);
        rest = sign.get(len..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// What a text string on the line of a field says, where there are no new lines.
pub(crate) fn read_line(text: &str) -> String {
    read(text).replace('\n', " ").trim().to_owned()
}

/// The text so that [`read`] gives it back, with none of the `special` characters in it.
pub(crate) fn write(text: &str, special: &[char]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | '%' | '&' => out.extend(['\\', c]),
            // Neither special characters nor control characters are beyond the first plane.
            _ if c.is_control() || special.contains(&c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// The character that `\…` at the beginning of `text` stands for, and the bytes it takes.
fn escape(text: &str) -> Option<(char, usize)> {
    let after = text.get(1..)?;
    if let Some((c, len)) = code_point(after) {
        return Some((c, len + 1));
    }
    if let Some((_, c)) = LIGATURES.iter().find(|(name, _)| after.starts_with(name)) {
        return Some((*c, 3));
    }
    let mut chars = after.chars();
    let sign = chars.next()?;
    match sign {
        'n' => return Some(('\n', 2)),
        '\\' | '%' | '&' => return Some((sign, 2)),
        _ => {}
    }
    let letter = chars.next()?;
    let (_, pairs) = ACCENTS.iter().find(|(accent, _)| *accent == sign)?;
    let mut pairs = pairs.split_ascii_whitespace();
    let found = pairs.find_map(|pair| pair.strip_prefix(letter)?.chars().next());
    Some((found?, 3))
}

/// `u00e9`, `ud83cudfbc` with a second backslash between the halves, or `U0001f3bc`.
fn code_point(text: &str) -> Option<(char, usize)> {
    let hex = |at: usize, len: usize| {
        let digits = text.get(at..at + len)?;
        let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
        all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    if text.starts_with('U') {
        return Some((char::from_u32(hex(1, 8)?)?, 9));
    }
    if !text.starts_with('u') {
        return None;
    }
    let first = hex(1, 4)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 5));
    }
    let second = hex(7, 4).filter(|_| text.get(5..7) == Some("\\u"))?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((c, 11))
}

/// The character that `&name;` or `&#number;` at the beginning of `text` stands for, and the bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        char::from_u32(code.ok()?)?
    } else if let Some(at) = LATIN_1.split(' ').position(|n| n == name) {
        char::from_u32(0xa0 + u32::try_from(at).ok()?)?
    } else {
        ENTITIES.iter().find(|(n, _)| *n == name)?.1
    };
    Some((c, end + 1))
}

const LIGATURES: &[(&str, char)] = &[
    ("AA", 'Å'),
    ("aa", 'å'),
    ("AE", 'Æ'),
    ("ae", 'æ'),
    ("OE", 'Œ'),
    ("oe", 'œ'),
    ("ss", 'ß'),
    ("DH", 'Ð'),
    ("dh", 'ð'),
    ("TH", 'Þ'),
    ("th", 'þ'),
];

/// The sign of an accent, and letters with what they become under it.
const ACCENTS: &[(char, &str)] = &[
    ('`', "AÀ EÈ IÌ OÒ UÙ aà eè iì oò uù NǸ nǹ"),
    (
        '\'',
        "AÁ EÉ IÍ OÓ UÚ YÝ aá eé ií oó uú yý CĆ cć LĹ lĺ NŃ nń RŔ rŕ SŚ sś ZŹ zź",
    ),
    (
        '^',
        "AÂ EÊ IÎ OÔ UÛ aâ eê iî oô uû CĈ cĉ GĜ gĝ HĤ hĥ JĴ jĵ SŜ sŝ WŴ wŵ YŶ yŷ",
    ),
    ('~', "AÃ NÑ OÕ aã nñ oõ IĨ iĩ UŨ uũ"),
    ('"', "AÄ EË IÏ OÖ UÜ YŸ aä eë iï oö uü yÿ"),
    ('c', "CÇ cç GĢ gģ KĶ kķ LĻ lļ NŅ nņ RŖ rŗ SŞ sş TŢ tţ EȨ eȩ"),
    (',', "CÇ cç GĢ gģ KĶ kķ LĻ lļ NŅ nņ RŖ rŗ SŞ sş TŢ tţ EȨ eȩ"),
    ('o', "AÅ aå UŮ uů"),
    ('/', "OØ oø DĐ dđ LŁ lł HĦ hħ TŦ tŧ"),
    ('u', "AĂ aă EĔ eĕ GĞ gğ IĬ iĭ OŎ oŏ UŬ uŭ"),
    (
        'v',
        "CČ cč DĎ dď EĚ eě LĽ lľ NŇ nň RŘ rř SŠ sš TŤ tť ZŽ zž AǍ aǎ GǦ gǧ",
    ),
    ('H', "OŐ oő UŰ uű"),
    (';', "AĄ aą EĘ eę IĮ iį UŲ uų"),
    ('=', "AĀ aā EĒ eē IĪ iī OŌ oō UŪ uū"),
    ('.', "CĊ cċ EĖ eė GĠ gġ Iİ ZŻ zż"),
];

/// The names of U+00A0 to U+00FF in HTML, in order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg \
plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute \
Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve \
Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde \
auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc \
otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// Other names of characters in HTML that stand in titles and words.
const ENTITIES: &[(&str, char)] = &[
    ("quot", '"'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("apos", '\''),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
    ("Zcaron", 'Ž'),
    ("zcaron", 'ž'),
    ("Ccaron", 'Č'),
    ("ccaron", 'č'),
    ("Rcaron", 'Ř'),
    ("rcaron", 'ř'),
    ("Ecaron", 'Ě'),
    ("ecaron", 'ě'),
    ("Yuml", 'Ÿ'),
    ("Abreve", 'Ă'),
    ("abreve", 'ă'),
    ("Lstrok", 'Ł'),
    ("lstrok", 'ł'),
    ("Odblac", 'Ő'),
    ("odblac", 'ő'),
    ("Udblac", 'Ű'),
    ("udblac", 'ű'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("hellip", '…'),
    ("dagger", '†'),
    ("hearts", '♥'),
    ("sung", '♪'),
    ("flat", '♭'),
    ("natural", '♮'),
    ("sharp", '♯'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_write_a_character_are_one() {
        for text in [
            "caf\\'e",
            "caf&eacute;",
            "caf\\u00e9",
            "caf&#233;",
            "caf&#xe9;",
            "café",
        ] {
            assert_eq!(read(text), "café", "{text}");
        }
    }

    #[test]
    fn every_kind_of_accent_is_read() {
        for (text, expected) in [
            ("\\`a\\^e\\~n\\\"o\\cc\\aa\\/o", "àêñöçåø"),
            ("\\ua\\vs\\Ho\\ss\\AE\\oe\\DH\\th", "ăšőßÆœÐþ"),
            ("\\;a\\=o\\.z", "ąōż"),
            ("&szlig;&Ouml;&copy;&OElig;&ndash;&sharp;", "ßÖ©Œ–♯"),
            ("\\ud83c\\udfbc \\U0001f3bc", "🎼 🎼"),
            ("\\u266d9", "♭9"),
            ("\\\\ \\% \\& \\nx", "\\ % & \nx"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn old_files_are_latin_1() {
        assert_eq!(decode_abc("T:Dvořák".as_bytes()), "T:Dvořák");
        assert_eq!(decode_abc(b"T:Caf\xe9"), "T:Café");
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "A & B;",
            "&nonsense; &;",
            "\\",
            "\\q",
            "a\\",
            "\\ud83c",
            "&#xffffffff;",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in [
            "50% \\off & \"more\"\n|x]",
            "\\n",
            "&amp;",
            "\\u00e9",
            "\t\u{7f}é",
        ] {
            let written = write(text, &['"', '|', ']']);
            assert_eq!(read(&written), text, "{written}");
            assert!(!written.contains(['"', '|', ']', '\n', '\t']), "{written}");
        }
    }
}
