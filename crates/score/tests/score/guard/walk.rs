//! Random walks over what the guard allows.

use std::fmt::Write as _;

use score::guard::{END_OF_PATCH, END_OF_PIECE, Guard};
use score::{Severity, parse_abc};

/// SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn one_of(&mut self, allowed: u128) -> u8 {
        let skip = self.next(u64::from(allowed.count_ones()));
        let mut left = allowed;
        for _ in 0..skip {
            left &= left - 1;
        }
        u8::try_from(left.trailing_zeros()).unwrap()
    }
}

const METRES: [&str; 14] = [
    "2/4", "3/4", "4/4", "6/8", "9/8", "3/8", "5/4", "12/8", "2/2", "1/4", "5/8", "7/8", "none",
    "3/16",
];

/// A header with up to eight voices in braces, brackets and staves.
fn header(random: &mut Random) -> String {
    let voices = 1 + random.next(8);
    let mut score = String::from("%%score");
    let mut voice = 1;
    while voice <= voices {
        match random.next(4) {
            0 if voice + 2 <= voices => {
                write!(score, " {{ ( {voice} {} ) | {} }}", voice + 2, voice + 1).unwrap();
                voice += 3;
            }
            1 if voice < voices => {
                write!(score, " ( {voice} {} )", voice + 1).unwrap();
                voice += 2;
            }
            2 if voice < voices => {
                write!(score, " [ {voice} | {} ]", voice + 1).unwrap();
                voice += 2;
            }
            _ => {
                write!(score, " {voice}").unwrap();
                voice += 1;
            }
        }
    }
    let metre = METRES[usize::try_from(random.next(14)).unwrap()];
    let mut text = format!("{score}\nL:1/8\nQ:1/4=90\nM:{metre}\nK:Eb\n");
    for voice in 1..=voices {
        let name = if voice % 3 == 1 {
            "nm=\"Piano\" snm=\"Pno.\""
        } else {
            ""
        };
        writeln!(text, "V:{voice} treble {name}").unwrap();
    }
    text
}

/// How a walk chooses.
#[derive(Clone, Copy)]
enum Choice {
    /// Every character alike.
    Uniform,
    /// Notes, lengths and barlines first, as a model would.
    Musical,
}

fn choose(random: &mut Random, allowed: u128, choice: Choice) -> u8 {
    if let Choice::Musical = choice {
        let set = |chars: &str| chars.bytes().fold(0u128, |all, c| all | 1 << c);
        let favoured = match random.next(10) {
            0..=3 => set("|\n") | 1 << END_OF_PATCH,
            4..=6 => set("CDEFGABcdefgz "),
            7 => set("2346/8"),
            8 => set("()->[]"),
            _ => 0,
        };
        if allowed & favoured != 0 {
            return random.one_of(allowed & favoured);
        }
    }
    random.one_of(allowed)
}

/// Writes a piece. `Err` holds what was written when nothing more could come.
fn write_piece(
    random: &mut Random,
    choice: Choice,
    lines: u32,
    patches: bool,
) -> Result<String, String> {
    let guard = if patches {
        Guard::new()
    } else {
        Guard::without_patches()
    };
    let mut guard = guard.with_lines(lines);
    if random.next(3) == 0 {
        guard = guard.for_writing();
    }
    let mut text = String::new();
    // Half of the headers are written by the walk too.
    if random.next(2) == 0 {
        for line in header(random).split_inclusive('\n') {
            text.push_str(line);
            line.bytes().for_each(|c| guard.accept(c).unwrap());
            if guard.allowed() == 1 << END_OF_PATCH {
                guard.accept(END_OF_PATCH).unwrap();
            }
        }
    }
    while !guard.is_complete() {
        let allowed = guard.allowed();
        if allowed == 0 {
            return Err(text);
        }
        let c = choose(random, allowed, choice);
        guard
            .accept(c)
            .unwrap_or_else(|refused| panic!("{refused} in {text}"));
        if c != END_OF_PATCH {
            text.push(char::from(c));
        }
        assert!(text.len() < 200_000, "the piece does not end: {text}");
    }
    while guard.allowed() == 1 << END_OF_PATCH {
        guard.accept(END_OF_PATCH).unwrap();
    }
    guard.accept(END_OF_PIECE).unwrap();
    guard.accept(END_OF_PATCH).unwrap();
    assert_eq!(guard.allowed(), 0);
    assert_eq!(guard.bars(), lines);
    Ok(text)
}

/// Whether voices are equally long, and how many there are: what the parser had to change would be a warning.
fn check(text: &str, lines: u32) -> usize {
    let (score, findings) = parse_abc(text);
    let bad: Vec<_> = findings
        .iter()
        .filter(|f| f.severity != Severity::Note)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}\n{text}");
    assert_eq!(score.bar_count(), usize::try_from(lines).unwrap(), "{text}");
    let mut short = 0;
    for (number, bar) in score.bars.iter().enumerate() {
        for voice in &bar.voices {
            assert_eq!(
                voice.length(),
                Some(bar.length),
                "bar {}\n{text}",
                number + 1
            );
        }
        short += usize::from(
            bar.meter
                .is_some_and(|m| m.bar_length().is_some_and(|full| bar.length < full)),
        );
    }
    short
}

#[test]
fn no_walk_ends_before_the_piece_and_every_bar_is_right() {
    let (mut bars, mut characters, mut cells) = (0, 0, 0);
    for (name, choice, patches, pieces) in [
        ("musical, patches", Choice::Musical, true, 700),
        ("uniform, patches", Choice::Uniform, true, 200),
        ("uniform, text", Choice::Uniform, false, 100),
    ] {
        for seed in 0..pieces {
            let mut random = Random(seed * 31 + 7);
            let lines = 1 + u32::try_from(random.next(8)).unwrap();
            let text = write_piece(&mut random, choice, lines, patches)
                .unwrap_or_else(|text| panic!("dead end, {name}, seed {seed}: {text}"));
            check(&text, lines);
            bars += lines;
            characters += text.len();
            cells += text.matches("[V:").count();
        }
    }
    println!("1000 pieces, {bars} bars, {cells} bars of voices, {characters} characters");
}

#[test]
fn a_copy_goes_on_as_the_guard_would_have() {
    for seed in 0..20 {
        let mut random = Random(seed + 1000);
        let text = write_piece(&mut random, Choice::Musical, 4, false).unwrap();
        let mut guard = Guard::without_patches().with_lines(4);
        let mut copies = vec![guard.clone()];
        let mut allowed = vec![guard.allowed()];
        for c in text.bytes() {
            guard.accept(c).unwrap();
            copies.push(guard.clone());
            allowed.push(guard.allowed());
        }
        // Each copy reads the next stretch and agrees at every character, though others went on before it.
        for (start, copy) in copies.iter_mut().enumerate().rev() {
            for (at, c) in text.bytes().enumerate().skip(start).take(40) {
                assert_eq!(copy.allowed(), allowed[at]);
                copy.accept(c).unwrap();
            }
        }
    }
    println!("a guard is {} bytes and what it shares", size_of::<Guard>());
    assert!(size_of::<Guard>() <= 256);
}

/// Draws by the probabilities.
fn draw(random: &mut Random, probabilities: &[f64; 128]) -> u8 {
    let sum: f64 = probabilities.iter().sum();
    let mut left = random.next(1 << 50) as f64 / (1u64 << 50) as f64 * sum;
    let possible = (0..128u8).filter(|c| probabilities[usize::from(*c)] > 0.0);
    let mut last = 0;
    for c in possible {
        last = c;
        left -= probabilities[usize::from(c)];
        if left < 0.0 {
            break;
        }
    }
    last
}

#[test]
fn a_model_that_wants_one_thing_only_writes_whole_pieces_all_the_same() {
    // What it wants nearly always, and whether what takes no time then stays away.
    for (wanted, is_plain) in [
        (&b"cdefgab "[..], true),
        (b"CDEFGAB/ \n", true),
        (b"z2 4", true),
        (&[b'|', b'\n', END_OF_PATCH], false),
        (b"[](!\"{", false),
        (b"(3:23456789cde", false),
        (b"<>cde,'-)", true),
        (b"KMQV0123456789:]", false),
    ] {
        let (mut bars, mut characters, mut timeless) = (0, 0, 0);
        for seed in 0..40 {
            let mut random = Random(seed * 17 + 3);
            let lines = 1 + u32::try_from(random.next(6)).unwrap();
            let mut guard = Guard::new().for_writing().with_lines(lines);
            let mut text = header(&mut random);
            for c in text.bytes() {
                guard.accept(c).unwrap();
                if guard.allowed() == 1 << END_OF_PATCH {
                    guard.accept(END_OF_PATCH).unwrap();
                }
            }
            let start = text.len();
            while !guard.is_complete() || guard.allowed() == 1 << END_OF_PATCH {
                let drawable = guard.drawable();
                assert!(drawable != 0 && drawable & !guard.allowed() == 0, "{text}");
                let mut p = [1e-4; 128];
                wanted.iter().for_each(|c| p[usize::from(*c)] = 1.0);
                guard.weigh(&mut p);
                let drawn = draw(&mut random, &p);
                let c = guard.given().unwrap_or(drawn);
                assert!(drawable >> c & 1 == 1, "{c} in {text}");
                guard.accept(c).unwrap();
                if c != END_OF_PATCH {
                    text.push(char::from(c));
                }
                assert!(text.len() < 400_000, "the piece does not end: {text}");
            }
            check(&text, lines);
            bars += lines;
            characters += text.len() - start;
            timeless += text[start..].matches(['!', '"', '{']).count();
        }
        println!(
            "{:?}: {bars} bars, {characters} characters, {timeless} of things that take no time",
            String::from_utf8_lossy(wanted)
        );
        if is_plain {
            assert!(timeless * 50 < characters, "{timeless} of {characters}");
        }
    }
}
