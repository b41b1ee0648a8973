//! The WIT package as a text: what its tools do not check.
//!
//! It reads lines: an item begins with a keyword or is `name: func(...)`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FILES: [&str; 5] = ["types", "settings", "session", "client", "world"];

/// The lines of a file of `wit/`, without what is around them.
fn lines(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit").join(file).with_extension("wit");
    fs::read_to_string(path).unwrap().lines().map(|line| line.trim().to_owned()).collect()
}

/// What a line begins, if it begins an item: a keyword and a name.
fn item(line: &str) -> Option<(&str, &str)> {
    const KEYWORDS: [&str; 8] = ["interface", "world", "resource", "record", "variant", "enum", "flags", "type"];
    if line.starts_with("constructor(") {
        return Some(("constructor", ""));
    }
    if let Some((name, "func")) = line.split_once(": ").map(|(name, rest)| (name, rest.split('(').next().unwrap())) {
        return Some(("func", name));
    }
    let (keyword, rest) = line.split_once(' ')?;
    let name = rest.split([' ', ';']).next()?;
    KEYWORDS.contains(&keyword).then_some((keyword, name))
}

#[test]
fn every_item_is_documented_and_says_since_when() {
    let mut items = 0;
    for file in FILES {
        let lines = lines(file);
        for (number, line) in lines.iter().enumerate() {
            let Some((_, name)) = item(line) else { continue };
            items += 1;
            assert_eq!(lines[number - 1], "@since(version = 0.2.0)", "{file}: {name}");
            assert!(lines[number - 2].starts_with("///"), "{file}: {name} has no documentation");
        }
    }
    assert!(items > 100, "{items} items");
}

#[test]
fn every_case_and_field_is_documented() {
    for file in ["types", "session", "client"] {
        let lines = lines(file);
        let mut is_inside = false;
        for (number, line) in lines.iter().enumerate() {
            match item(line) {
                Some(("record" | "variant" | "enum" | "flags", _)) => is_inside = true,
                _ if line == "}" => is_inside = false,
                _ if is_inside && !line.is_empty() && !line.starts_with("//") => {
                    assert!(lines[number - 1].starts_with("///"), "{file}: {line}");
                }
                _ => {}
            }
        }
    }
}

/// In Python an interface is a module, imported where it is named: mypy refuses a function of the same name.
#[test]
fn nothing_in_an_interface_has_an_interfaces_name() {
    let all: Vec<_> = FILES.iter().flat_map(|file| lines(file)).collect();
    let ours = all.iter().filter_map(|line| item(line)).filter(|(keyword, _)| *keyword == "interface");
    let mut modules: BTreeSet<String> = ours.map(|(_, name)| name.to_owned()).collect();
    for line in &all {
        // `use wasi:io/poll@0.2.0.{pollable};`
        if let Some(name) = line.strip_prefix("use ").and_then(|rest| rest.split_once('/')) {
            modules.insert(name.1.split('@').next().unwrap().to_owned());
        }
    }
    assert!(modules.contains("poll") && modules.contains("types"), "{modules:?}");
    for (keyword, name) in all.iter().filter_map(|line| item(line)) {
        // `session.session` is a class, which has another case.
        assert!(keyword != "func" || !modules.contains(name), "{name} is an interface too");
    }
}

/// The face over WASI 0.3 has the same `types`.
#[test]
fn types_name_no_version_of_wasi() {
    let all = lines("types");
    let named: Vec<_> = all.iter().filter(|line| !line.starts_with("///") && line.contains("wasi:")).collect();
    assert!(named.is_empty(), "{named:?}");
}
