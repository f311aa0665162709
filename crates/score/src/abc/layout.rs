//! From `%%score` and the declared voices to parts, groups and staves.
//!
//! Round brackets hold the voices of one staff, square brackets a group of parts. A brace means one of
//! two things, and only the names tell which: the staves of one instrument if at most one of them has
//! a name, a group of instruments otherwise.

use std::collections::HashSet;

use super::header;
use crate::diagnostic::{Findings, Place};
use crate::score::{Group, Part};

/// How deep brackets nest; orchestral scores need four.
const MAX_DEPTH: usize = 16;

/// A voice as the header declares it.
#[derive(Clone, Default, Debug)]
pub(super) struct Declared {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) short_name: String,
}

/// Parts, groups, and for each voice in score order its id, part and staff.
#[derive(Default, Debug)]
pub(super) struct Layout {
    pub(super) parts: Vec<Part>,
    pub(super) groups: Vec<Group>,
    pub(super) voices: Vec<(String, usize, u8)>,
}

#[derive(Debug)]
enum Node {
    /// The voices of one staff.
    Staff(Vec<String>),
    Group {
        brace: bool,
        nodes: Vec<Node>,
    },
}

/// Lays out the declared voices. `score` is the value of `%%score`; voices it leaves out follow after it.
pub(super) fn lay_out(
    score: Option<(&str, Place)>,
    declared: &[Declared],
    findings: &mut Findings,
) -> Layout {
    let known: HashSet<&str> = declared.iter().map(|d| d.id.as_str()).collect();
    let mut placed = HashSet::new();
    let mut nodes = Vec::new();
    if let Some((text, place)) = score {
        nodes = read(text, place, findings);
        keep(&mut nodes, &mut |id: &str| {
            if !known.contains(id) {
                findings.warn(
                    place,
                    format!("%%score names voice {id}, which does not exist"),
                );
                return false;
            }
            let first = placed.insert(id.to_owned());
            if !first {
                findings.warn(place, format!("%%score names voice {id} twice"));
            }
            first
        });
    }
    for voice in declared {
        if !placed.contains(&voice.id) {
            if let Some((_, place)) = score {
                findings.warn(
                    place,
                    format!("%%score leaves out voice {}: added at the end", voice.id),
                );
            }
            nodes.push(Node::Staff(vec![voice.id.clone()]));
        }
    }
    let mut layout = Layout::default();
    for node in &nodes {
        add(node, declared, &mut layout);
    }
    layout
}

/// Drops the voices that `wanted` refuses, and the brackets left without purpose by that.
fn keep(nodes: &mut Vec<Node>, wanted: &mut impl FnMut(&str) -> bool) {
    nodes.retain_mut(|node| match node {
        Node::Staff(ids) => {
            ids.retain(|id| wanted(id));
            !ids.is_empty()
        }
        Node::Group { brace, nodes } => {
            keep(nodes, wanted);
            // A brace around one staff is that staff.
            if let (true, [Node::Staff(ids)]) = (*brace, nodes.as_mut_slice()) {
                *node = Node::Staff(std::mem::take(ids));
                return true;
            }
            !nodes.is_empty()
        }
    });
}

fn add(node: &Node, declared: &[Declared], layout: &mut Layout) {
    match node {
        Node::Staff(ids) => add_part(&[ids], declared, layout),
        Node::Group { brace, nodes } => {
            let staves: Vec<&Vec<String>> = nodes
                .iter()
                .filter_map(|node| match node {
                    Node::Staff(ids) => Some(ids),
                    Node::Group { .. } => None,
                })
                .collect();
            let named = staves.iter().filter(|ids| name_of(ids, declared).is_some());
            if *brace && staves.len() == nodes.len() && named.count() <= 1 {
                add_part(&staves, declared, layout);
                return;
            }
            let first = layout.parts.len();
            let at = layout.groups.len();
            for node in nodes {
                add(node, declared, layout);
            }
            let group = Group {
                brace: *brace,
                first,
                last: layout.parts.len().saturating_sub(1),
            };
            layout.groups.insert(at, group);
        }
    }
}

fn name_of<'a>(ids: &[String], declared: &'a [Declared]) -> Option<&'a Declared> {
    let mut found = ids
        .iter()
        .filter_map(|id| declared.iter().find(|d| d.id == *id));
    found.find(|d| !d.name.is_empty())
}

fn add_part(staves: &[&Vec<String>], declared: &[Declared], layout: &mut Layout) {
    let part = layout.parts.len();
    let mut staff = 0u8;
    for ids in staves {
        staff = staff.saturating_add(1);
        layout
            .voices
            .extend(ids.iter().map(|id| (id.clone(), part, staff)));
    }
    let named = staves.iter().find_map(|ids| name_of(ids, declared));
    layout.parts.push(Part {
        name: named.map_or(String::new(), |d| d.name.clone()),
        short_name: named.map_or(String::new(), |d| d.short_name.clone()),
        staves: staff.max(1),
        program: None,
    });
}

/// Reads the brackets, closing those left open and skipping those that close nothing.
fn read(text: &str, place: Place, findings: &mut Findings) -> Vec<Node> {
    // The innermost open bracket is last; the bottom entry stands for the whole line.
    let mut open: Vec<(char, Vec<Node>)> = vec![(' ', Vec::new())];
    let mut id = String::new();
    // `*` before a voice: it floats between the staves around it, and stays on the upper one here.
    let mut floats = false;
    // The blank at the end closes the last name.
    for c in text.chars().chain([' ']) {
        if header::is_in_id(c) {
            id.push(c);
            continue;
        }
        if !id.is_empty() {
            let id = std::mem::take(&mut id);
            if let Some((bracket, nodes)) = open.last_mut() {
                match (*bracket == '(' || floats, nodes.last_mut()) {
                    (true, Some(Node::Staff(ids))) => ids.push(id),
                    _ => nodes.push(Node::Staff(vec![id])),
                }
                floats = false;
            }
        }
        match c {
            '(' | '{' | '[' if open.len() <= MAX_DEPTH => open.push((c, Vec::new())),
            ')' | '}' | ']' => {
                let opener = match c {
                    ')' => '(',
                    '}' => '{',
                    _ => '[',
                };
                if open.iter().any(|(bracket, _)| *bracket == opener) {
                    while let Some(bracket) = close(&mut open) {
                        if bracket == opener {
                            break;
                        }
                        findings.warn(place, format!("%%score: \"{bracket}\" is not closed"));
                    }
                } else {
                    findings.warn(place, format!("%%score: \"{c}\" closes nothing"));
                }
            }
            '*' => floats = true,
            ' ' | '\t' | '|' => {}
            _ => findings.warn(place, format!("%%score: \"{c}\" is not understood")),
        }
    }
    while let Some(bracket) = close(&mut open) {
        findings.warn(place, format!("%%score: \"{bracket}\" is not closed"));
    }
    open.pop().map_or(Vec::new(), |(_, nodes)| nodes)
}

/// Closes the innermost bracket and says which it was; `None` if only the whole line is open.
fn close(open: &mut Vec<(char, Vec<Node>)>) -> Option<char> {
    if open.len() < 2 {
        return None;
    }
    let (bracket, nodes) = open.pop()?;
    let (_, outer) = open.last_mut()?;
    match bracket {
        '(' => outer.extend(one_staff(nodes)),
        _ if nodes.is_empty() => {}
        _ => outer.push(Node::Group {
            brace: bracket == '{',
            nodes,
        }),
    }
    Some(bracket)
}

/// All voices inside round brackets share a staff, whatever stands around them.
fn one_staff(nodes: Vec<Node>) -> Option<Node> {
    fn collect(nodes: Vec<Node>, ids: &mut Vec<String>) {
        for node in nodes {
            match node {
                Node::Staff(more) => ids.extend(more),
                Node::Group { nodes, .. } => collect(nodes, ids),
            }
        }
    }
    let mut ids = Vec::new();
    collect(nodes, &mut ids);
    (!ids.is_empty()).then_some(Node::Staff(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(score: &str, names: &[(&str, &str)]) -> (Layout, usize) {
        let declared: Vec<Declared> = names
            .iter()
            .map(|(id, name)| Declared {
                id: (*id).into(),
                name: (*name).into(),
                short_name: String::new(),
            })
            .collect();
        let mut findings = Findings::default();
        let layout = lay_out(Some((score, Place::default())), &declared, &mut findings);
        (layout, Findings::of_all(&[&findings]).len())
    }

    fn shape(layout: &Layout) -> String {
        let voices = layout.voices.iter();
        let voices: Vec<String> = voices
            .map(|(id, part, staff)| format!("{id}:{part}.{staff}"))
            .collect();
        voices.join(" ")
    }

    #[test]
    fn a_brace_with_one_name_is_an_instrument_and_with_two_names_a_group() {
        let (layout, _) = laid_out(
            "1 { ( 2 4 ) | 3 }",
            &[("1", "Voice"), ("2", "Piano"), ("3", ""), ("4", "")],
        );
        assert_eq!(shape(&layout), "1:0.1 2:1.1 4:1.1 3:1.2");
        assert_eq!(
            layout.parts.iter().map(|p| p.staves).collect::<Vec<_>>(),
            [1, 2]
        );
        let (layout, _) = laid_out("{ 1 | 2 }", &[("1", "Flute 1"), ("2", "Flute 2")]);
        assert_eq!(shape(&layout), "1:0.1 2:1.1");
        assert_eq!(
            layout.groups,
            [Group {
                brace: true,
                first: 0,
                last: 1
            }]
        );
    }

    #[test]
    fn brackets_nest() {
        let names = [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")];
        let (layout, wrong) = laid_out("[ [ ( 1 2 ) | 3 ] | [ [ 4 ] ] ]", &names);
        assert_eq!(wrong, 0);
        assert_eq!(shape(&layout), "1:0.1 2:0.1 3:1.1 4:2.1");
        let extents: Vec<_> = layout.groups.iter().map(|g| (g.first, g.last)).collect();
        assert_eq!(extents, [(0, 2), (0, 1), (2, 2), (2, 2)]);
    }

    #[test]
    fn broken_brackets_lose_no_voice() {
        let names = [("1", ""), ("2", ""), ("3", "")];
        for score in [
            "[ 1 ( 2 3",
            "1 2 ) 3 ]",
            "( 1 { 2 ) 3 }",
            "1 9 1 ? 2",
            "",
            "((((((((((((((((((((1 2 3",
        ] {
            let (layout, wrong) = laid_out(score, &names);
            assert_eq!(layout.voices.len(), 3, "{score}");
            assert!(wrong > 0, "{score}");
        }
    }
}
