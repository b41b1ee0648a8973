//! `conformance.toml`: each demand of the RFCs names tests that exist, or says why none is needed.
//!
//! It does not run them; `cargo test` does.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One table of the file.
#[derive(Debug, Default)]
struct Demand {
    /// Where it begins.
    line: usize,
    section: String,
    demand: String,
    tests: Vec<String>,
    na: String,
    note: String,
}

#[test]
fn each_demand_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("conformance.toml")).unwrap();
    let demands = parse(&text).unwrap_or_else(|what| panic!("conformance.toml: {what}"));
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for demand in &demands {
        let mut say = |what: &str| wrong.push(format!("line {}: {what}", demand.line));
        if demand.section.is_empty() || demand.demand.is_empty() {
            say("a demand has a section and words");
        }
        if demand.tests.is_empty() == demand.na.is_empty() {
            say("a demand has either tests or a reason why it needs none");
        }
        if !seen.insert((&demand.section, &demand.demand)) {
            say("this demand is there twice");
        }
        let mut named = BTreeSet::new();
        for test in &demand.tests {
            if !named.insert(test) {
                say(&format!("{test} is named twice"));
            }
            if let Err(what) = find(test) {
                say(&format!("{test}: {what}"));
            }
        }
    }
    let held = demands.iter().filter(|demand| demand.na.is_empty()).count();
    let words = format!("{held} demands are held by tests, {} need none", demands.len() - held);
    drop(writeln!(std::io::stderr(), "{words}"));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(demands.len() >= 60, "only {} demands: where have the others gone?", demands.len());
}

#[test]
fn what_does_not_exist_is_not_found() {
    assert_eq!(find("framing/equal-lengths"), Ok(()));
    assert_eq!(find("src/h1/framing.rs::bad_lengths"), Ok(()));
    for test in ["framing/nothing", "framing", "src/h1/nothing.rs::bad_lengths", "src/h1/framing.rs::nothing"] {
        assert!(find(test).is_err(), "{test}");
    }
    // A function that is no test.
    assert!(find("src/h1/framing.rs::content_length").is_err());
}

#[test]
fn what_is_no_table_is_refused() {
    assert_eq!(parse("# x\n\n[[demand]]\nsection = \"a\"\ntests = [\"b\", \"c\"]\n").unwrap()[0].tests, ["b", "c"]);
    for text in [
        "section = \"a\"",
        "[[other]]",
        "[[demand]]\nwho = \"a\"",
        "[[demand]]\nsection = a",
        "[[demand]]\nsection = \"a",
        "[[demand]]\nsection",
        "[[demand]]\ntests = \"a\"",
        "[[demand]]\ntests = [a]",
        "[[demand]]\nsection = \"a\"\nsection = \"b\"",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// Whether this test is there: a transcript, or a function of a source file that is a test.
fn find(test: &str) -> Result<(), &'static str> {
    let Some((file, name)) = test.split_once("::") else {
        let file = root().join("tests/transcripts").join(format!("{test}.txt"));
        return if file.is_file() { Ok(()) } else { Err("there is no such transcript") };
    };
    let text = fs::read_to_string(root().join(file)).map_err(|_| "there is no such file")?;
    let is_declared = |line: &str| line.trim_start().starts_with(&format!("fn {name}("));
    let lines: Vec<_> = text.lines().collect();
    let is_test = lines.windows(2).any(|pair| pair[0].trim() == "#[test]" && is_declared(pair[1]));
    if is_test { Ok(()) } else { Err("there is no such test in this file") }
}

/// The tables of the file: the part of TOML that it needs, strings and lists of strings on one line.
fn parse(text: &str) -> Result<Vec<Demand>, String> {
    let mut demands: Vec<Demand> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| Err(format!("line {}: {what}", index + 1));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[[demand]]" {
            demands.push(Demand { line: index + 1, ..Demand::default() });
            continue;
        }
        let (Some((key, value)), Some(demand)) = (line.split_once(" = "), demands.last_mut()) else {
            return wrong("neither a table nor a key with a value");
        };
        if key == "tests" {
            let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
                return wrong("tests is a list");
            };
            let tests = list.split(", ").map(string).collect::<Option<Vec<_>>>();
            match tests {
                Some(tests) if demand.tests.is_empty() => demand.tests = tests,
                _ => return wrong("no list of strings, or a second one"),
            }
            continue;
        }
        let place = match key {
            "section" => &mut demand.section,
            "demand" => &mut demand.demand,
            "na" => &mut demand.na,
            "note" => &mut demand.note,
            _ => return wrong("an unknown key"),
        };
        match string(value) {
            Some(value) if place.is_empty() => *place = value,
            _ => return wrong("no string, or a second one"),
        }
    }
    Ok(demands)
}

/// A string in quotes.
fn string(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.replace("\\\"", "\""))
}
