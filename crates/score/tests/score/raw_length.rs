//! How long the voices of NotaGen's lines are, counted from the text alone: with nothing of the library but its
//! fractions, so that the reader's own idea of a length is not what it is checked by.

use std::collections::HashSet;

use score::Fraction;

/// For each line of music, whether the voices in it have different lengths: by more than the rounding of odd
/// tuplets, which is less than 1/128 of a whole note.
pub(crate) fn disagreements(text: &str) -> Vec<bool> {
    // Voices whose grace notes go on behind the barline.
    let mut open: HashSet<&str> = HashSet::new();
    let lines = text.lines().filter(|line| line.starts_with('['));
    lines.map(|line| disagree(line, &mut open)).collect()
}

/// Whether a finding tells that the music of a bar was changed.
pub(crate) fn is_repair(message: &str) -> bool {
    message.ends_with("padded with a rest") || message.ends_with(": cut")
}

fn disagree<'a>(line: &'a str, open: &mut HashSet<&'a str>) -> bool {
    let mut lengths: Vec<Fraction> = Vec::new();
    let mut still_open = HashSet::new();
    for share in line.split("[V:").skip(1) {
        let (voice, music) = share.split_once(']').unwrap();
        let (length, is_open) = length(music, open.contains(voice));
        lengths.extend(length);
        if is_open {
            still_open.insert(voice);
        }
    }
    *open = still_open;
    let (Some(shortest), Some(longest)) = (lengths.iter().min(), lengths.iter().max()) else {
        return false;
    };
    // The unit is an eighth.
    longest.checked_sub(*shortest).unwrap() >= Fraction::new(1, 16).unwrap()
}

/// How long the music of a voice is, in units of `L:`, if it has notes or rests at all; and whether it ends inside
/// grace notes.
fn length(text: &str, mut in_grace: bool) -> (Option<Fraction>, bool) {
    let mut rest = text;
    let mut lengths: Vec<Fraction> = Vec::new();
    // Numbers of the open tuplets: actual, normal, notes to come.
    let mut tuplets: Vec<(i64, i64, i64)> = Vec::new();
    let (mut fresh, mut broken) = (0, None);
    // Grace notes that are not closed before anything else are closed by the bar.
    in_grace = in_grace
        && text
            .find(['}', '{', '|'])
            .is_some_and(|i| text[i..].starts_with('}'));
    let mut is_open = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '"' | '!' => rest = after.split_once(c).map_or("", |(_, rest)| rest),
            '{' => (in_grace, rest) = (true, after),
            '}' => (in_grace, rest) = (false, after),
            '|' => {
                is_open = in_grace;
                (in_grace, rest) = (false, after);
            }
            '[' if after.get(1..2) == Some(":") => {
                rest = after.split_once(']').map_or("", |(_, rest)| rest);
            }
            _ if in_grace => rest = after,
            '(' if after.starts_with(|c: char| c.is_ascii_digit()) => {
                let end = after.find(|c: char| !c.is_ascii_digit() && c != ':');
                let (numbers, next) = after.split_at(end.unwrap_or(after.len()));
                let mut numbers = numbers.split(':').map(|n| n.parse::<i64>().unwrap());
                let actual = numbers.next().unwrap();
                let normal = numbers.next().unwrap_or(if actual == 3 { 2 } else { 3 });
                tuplets.push((actual, normal, numbers.next().unwrap_or(actual)));
                fresh += 1;
                rest = next;
            }
            '<' | '>' => {
                broken = Some(c);
                rest = after;
            }
            'A'..='G' | 'a'..='g' | 'z' | 'x' | '[' => {
                let inside = if c == '[' {
                    after.split_once(']').map_or("", |(_, rest)| rest)
                } else {
                    after
                };
                let inside = inside.trim_start_matches([',', '\'']);
                let end = inside.find(|c: char| !c.is_ascii_digit() && c != '/');
                let (number, next) = inside.split_at(end.unwrap_or(inside.len()));
                let (num, den) = number.split_once('/').unwrap_or((number, "1"));
                let num = num.parse().unwrap_or(1);
                let den = den.parse().unwrap_or(2);
                // Two or more tuplets that begin together tell all levels anew.
                if fresh > 1 {
                    tuplets.drain(..tuplets.len() - fresh);
                }
                fresh = 0;
                let mut length = Fraction::new(num, den).unwrap();
                for (actual, normal, left) in &mut tuplets {
                    length = length
                        .checked_mul(Fraction::new(*normal, *actual).unwrap())
                        .unwrap();
                    *left -= 1;
                }
                tuplets.retain(|(_, _, left)| *left > 0);
                if let Some(sign) = broken.take()
                    && let Some(last) = lengths.last_mut()
                {
                    let (long, short) =
                        (Fraction::new(3, 2).unwrap(), Fraction::new(1, 2).unwrap());
                    let (first, second) = if sign == '>' {
                        (long, short)
                    } else {
                        (short, long)
                    };
                    *last = last.checked_mul(first).unwrap();
                    length = length.checked_mul(second).unwrap();
                }
                lengths.push(length);
                rest = next;
            }
            _ => rest = after,
        }
    }
    let sum = lengths
        .into_iter()
        .reduce(|sum, l| sum.checked_add(l).unwrap());
    (sum, is_open)
}
