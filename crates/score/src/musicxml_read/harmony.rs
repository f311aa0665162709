//! `<harmony>`: chord symbols.

use super::bar::BarReader;
use super::numbers::whole;
use super::xml::Element;
use crate::event::{Direction, Item};
use crate::musicxml::harmony::symbol_of;

pub(super) fn read(reader: &mut BarReader<'_>, element: Element<'_, '_>) {
    if element.child("frame").is_some() {
        reader.leave_out("a diagram of a fretboard");
    }
    let beside = reader.beside(element);
    // Several chords can share one element; each begins with its root.
    let children: Vec<Element<'_, '_>> = element.children().collect();
    let is_root = |name: &str| matches!(name, "root" | "numeral" | "function");
    for (i, root) in children.iter().enumerate() {
        if !is_root(root.name()) {
            continue;
        }
        let after = children.iter().skip(i + 1);
        let rest: Vec<_> = after.take_while(|c| !is_root(c.name())).copied().collect();
        let Some(symbol) = symbol(reader, *root, &rest) else {
            continue;
        };
        let starts_with_note = symbol.starts_with(|c: char| ('A'..='G').contains(&c));
        let item = if starts_with_note {
            Item::ChordSymbol(symbol)
        } else {
            Item::Direction(Direction::Words {
                above: true,
                text: symbol,
            })
        };
        reader.sign(beside, item);
    }
}

fn symbol(
    reader: &mut BarReader<'_>,
    root: Element<'_, '_>,
    rest: &[Element<'_, '_>],
) -> Option<String> {
    let find = |name: &str| rest.iter().find(|c| c.name() == name);
    let kind = find("kind")?;
    if kind.trimmed() == "none" {
        return Some("N.C.".to_owned());
    }
    let mut text = match root.name() {
        "root" => note(root, "root-step", "root-alter")?,
        _ => {
            reader.leave_out(&format!("a chord symbol by its <{}>", root.name()));
            return None;
        }
    };
    match kind.attribute("text") {
        Some(told) => text.push_str(&told),
        None => match symbol_of(kind.trimmed()) {
            Some(symbol) => text.push_str(symbol),
            None => {
                let kind = kind.trimmed();
                reader.leave_out(&format!("the kind of a chord symbol, \"{kind}\","));
            }
        },
    }
    for degree in rest.iter().filter(|c| c.name() == "degree") {
        let value = whole::<u8>(degree.child_text("degree-value"))?;
        let sign = match whole::<i8>(degree.child_text("degree-alter")) {
            Some(1..) => "#",
            Some(..=-1) => "b",
            _ => "",
        };
        let word = match (degree.child_text("degree-type"), sign) {
            ("subtract", _) => "no",
            ("add", "") => "add",
            _ => sign,
        };
        text.push_str(&format!("({word}{value})"));
    }
    if let Some(bass) = find("bass") {
        text.push('/');
        text.push_str(&note(*bass, "bass-step", "bass-alter")?);
    }
    Some(text)
}

fn note(element: Element<'_, '_>, step: &str, alter: &str) -> Option<String> {
    let letter = element.child_text(step).chars().next()?;
    let letter = Some(letter).filter(|c| ('A'..='G').contains(c))?;
    let sign = match whole::<i8>(element.child_text(alter)) {
        Some(1) => "#",
        Some(2) => "##",
        Some(-1) => "b",
        Some(-2) => "bb",
        _ => "",
    };
    Some(format!("{letter}{sign}"))
}
