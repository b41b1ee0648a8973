//! Makes the automaton of a small list of public suffixes: a tree, of which `psl-make-dafsa` would share the ends as well.

use std::collections::BTreeMap;

#[derive(Default)]
struct Tree {
    value: Option<u8>,
    below: BTreeMap<u8, Tree>,
}

/// The file of these rules, in the syntax of the list: `com`, `co.uk`, `*.ck`, `!www.ck`.
pub(crate) fn file(rules: &[&str]) -> Vec<u8> {
    let mut tree = Tree::default();
    for rule in rules {
        let (flag, domain) = match (rule.strip_prefix('!'), rule.strip_prefix("*.")) {
            (Some(domain), _) => (1, domain),
            (_, Some(domain)) => (2, domain),
            _ => (0, *rule),
        };
        let node = domain.bytes().fold(&mut tree, |node, byte| node.below.entry(byte).or_default());
        // As there, the rules of a domain share its value; 4 says that it is of a registry.
        node.value = Some(node.value.unwrap_or(4) | flag);
    }
    let nodes: Vec<Vec<u8>> = tree.below.iter().map(|(byte, tree)| node(*byte, tree)).collect();
    [b".DAFSA@PSL_0   \n".to_vec(), links(&nodes), nodes.concat(), vec![1]].concat()
}

/// The node of a byte and what follows it, with all nodes that it leads to.
fn node(byte: u8, mut tree: &Tree) -> Vec<u8> {
    let mut label = vec![byte];
    while let (None, Some((byte, below)), 1) = (tree.value, tree.below.first_key_value(), tree.below.len()) {
        label.push(*byte);
        tree = below;
    }
    let value = tree.value.map(|value| 0x80 | value);
    if tree.below.is_empty() {
        label.extend(value);
        return label;
    }
    *label.last_mut().unwrap() |= 0x80;
    let mut nodes: Vec<Vec<u8>> = value.map(|value| vec![value]).into_iter().collect();
    nodes.extend(tree.below.iter().map(|(byte, tree)| node(*byte, tree)));
    [label, links(&nodes), nodes.concat()].concat()
}

/// Links to nodes that follow them without a gap.
fn links(nodes: &[Vec<u8>]) -> Vec<u8> {
    let mut length = nodes.len();
    loop {
        let sizes = nodes.iter().map(Vec::len);
        let distances: Vec<usize> = [length].into_iter().chain(sizes).take(nodes.len()).collect();
        let mut links: Vec<Vec<u8>> = distances.into_iter().map(link).collect();
        if let Some(last) = links.last_mut() {
            last[0] |= 0x80;
        }
        let links = links.concat();
        if links.len() == length {
            return links;
        }
        length = links.len();
    }
}

fn link(distance: usize) -> Vec<u8> {
    let [.., high, middle, low] = (distance as u32).to_be_bytes();
    match distance {
        0..0x40 => vec![low],
        0x40..0x2000 => vec![0x40 | middle, low],
        _ => vec![0x60 | high, middle, low],
    }
}
