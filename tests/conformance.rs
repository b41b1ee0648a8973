//! `conformance.toml`: every requirement of the RFCs on a client is in it, and names tests that exist, or says why there is none.
//!
//! It does not run them. `cargo test` does, and after it `make test` has this check that each was run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `conformance.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    demand: Vec<Row>,
}

/// One table of the file, whose head says what each key means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    section: String,
    level: Level,
    #[serde(default)]
    covers: Vec<usize>,
    demand: String,
    #[serde(default)]
    tests: Vec<String>,
    na: Option<String>,
    deviates: Option<String>,
    note: Option<String>,
}

/// How strong a demand is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "MAY")]
    May,
    #[serde(rename = "plain")]
    Plain,
}

/// A keyword of an RFC: its section and its number there.
type Place = (String, usize);

/// How many keywords each RFC has.
const COUNTS: &[(&str, usize)] = &[("RFC 8305", 40), ("RFC 9110", 445), ("RFC 9112", 149)];

/// Parties other than a client that keywords bind. These keywords have no row.
const OTHERS: &[&str] = &[
    "server",       // a server, or the owner of a resource
    "intermediary", // a proxy, a gateway, a tunnel
    "cache",
    "registration", // the author of a new registration or definition
    "definition",   // no party: the keyword is explained
    "permission",   // no party: something is allowed that is not relied on here
];

#[test]
fn each_row_names_tests_that_exist_or_says_why_none_does() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let rows = rows();
    for row in &rows {
        let mut say = |what: &str| wrong.push(format!("{}, {:?}: {what}", row.section, row.demand));
        let texts = [Some(&row.demand), row.na.as_ref(), row.deviates.as_ref(), row.note.as_ref()];
        if texts.iter().flatten().any(|text| text.is_empty()) {
            say("there is an empty text");
        }
        if !matches!(
            (row.tests.is_empty(), &row.na, &row.deviates),
            (false, None, _) | (true, Some(_), None) | (true, None, Some(_))
        ) {
            say("it has tests, or a reason why it needs none or departs from the demand");
        }
        if !seen.insert((&row.section, &row.demand)) {
            say("it is there twice");
        }
        if row.tests.iter().collect::<BTreeSet<_>>().len() < row.tests.len() {
            say("a test is named twice");
        }
        for test in &row.tests {
            if let Err(what) = find(test) {
                say(&format!("{test}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    tell(&rows);
}

#[test]
fn each_keyword_that_binds_a_client_has_a_row() {
    let keywords = keywords();
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for row in rows() {
        if row.covers.is_empty() != (row.level == Level::Plain) {
            wrong.push(format!("{}, {:?}: what is not plain covers a keyword", row.section, row.demand));
        }
        for number in row.covers {
            let place = (row.section.clone(), number);
            if keywords.get(&place) != Some(&Some(row.level)) {
                wrong.push(format!("{place:?}: it is not there, not of this level, or binds others"));
            }
            covered.insert(place);
        }
    }
    let bind = keywords.iter().filter(|(_, level)| level.is_some());
    wrong.extend(bind.filter(|(place, _)| !covered.contains(*place)).map(|(place, _)| format!("{place:?}: no row")));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn each_row_of_the_threat_model_names_tests_that_exist() {
    let threats = threats();
    let wrong: Vec<_> = threats.iter().filter_map(|test| Some((test, find(test).err()?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    count(threats.len(), "tests that the threat model names");
}

/// Reads what a run of all tests has printed, from the file that `TEST_LOG` names, all of which have passed.
#[test]
#[ignore = "make test gives it what to read"]
fn each_named_test_has_run() {
    let log = std::env::var("TEST_LOG").expect("TEST_LOG names the output of a run of all tests");
    let log = fs::read_to_string(log).unwrap();
    let have_run = have_run(&log);
    let rows = rows();
    let threats = threats();
    let named = rows.iter().flat_map(|row| &row.tests).chain(&threats);
    let missing: Vec<_> = named.filter(|test| !have_run.contains(name_in_run(test).as_str())).collect();
    assert!(missing.is_empty(), "these have not run: {missing:#?}");
}

#[test]
fn the_names_of_a_run_are_read() {
    let log =
        "test heads/reason       ... ok\ntest a::b ... ignored, why\n  test x ... ok\ntest c::d ... count: 1\nok\n";
    assert_eq!(have_run(log), BTreeSet::from(["heads/reason", "c::d"]));
    assert_eq!(name_in_run("heads/reason"), "heads/reason");
    assert_eq!(name_in_run("src/http/method.rs::a"), "http::method::tests::a");
    assert_eq!(name_in_run("src/net/sim/mod.rs::a"), "net::sim::tests::a");
    assert_eq!(name_in_run("host-tests/native/src/ahead.rs::a"), "ahead::tests::a");
    assert_eq!(name_in_run("host-tests/compose/src/lib.rs::a"), "tests::a");
    assert_eq!(name_in_run("tests/session/race.rs::a"), "race::a");
    assert_eq!(name_in_run("tests/session/main.rs::a"), "a");
    assert_eq!(name_in_run("host-tests/tests/component.rs::a"), "a");
}

#[test]
fn what_does_not_exist_is_not_found() {
    assert_eq!(find("framing/equal-lengths"), Ok(()));
    assert_eq!(find("src/h1/framing.rs::bad_lengths"), Ok(()));
    for test in ["framing/nothing", "framing", "src/h1/nothing.rs::bad_lengths", "src/h1/framing.rs::nothing"] {
        assert!(find(test).is_err(), "{test}");
    }
    // A function that is not a test.
    assert!(find("src/h1/framing.rs::content_length").is_err());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("conformance.toml")).unwrap();
    let table: Table = toml::from_str(&text).unwrap_or_else(|what| panic!("conformance.toml: {what}"));
    table.demand
}

/// All keywords of the RFCs, with the level of those that bind a client. A line has an RFC and a section, the number of the
/// keyword there, the keyword, and `row` or the party that it binds.
fn keywords() -> BTreeMap<Place, Option<Level>> {
    let text = fs::read_to_string(root().join("tests/conformance/demands.tsv")).unwrap();
    let mut keywords = BTreeMap::new();
    let mut last = (String::new(), 0);
    for line in text.lines() {
        let [section, number, keyword, binds] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has not four parts");
        };
        let place = (format!("RFC {section}"), number.parse().unwrap());
        let next = if last.0 == place.0 { last.1 + 1 } else { 1 };
        assert_eq!(place.1, next, "{line:?} is not the next of its section");
        let level = match keyword {
            "MUST" | "MUST NOT" | "REQUIRED" | "SHALL" | "SHALL NOT" => Level::Must,
            "SHOULD" | "SHOULD NOT" | "RECOMMENDED" | "NOT RECOMMENDED" => Level::Should,
            "MAY" | "OPTIONAL" => Level::May,
            _ => panic!("{line:?} has no keyword"),
        };
        assert!(binds == "row" || OTHERS.contains(&binds), "{line:?} binds nobody who is known");
        assert!(binds != "permission" || level == Level::May, "{line:?} allows nothing");
        let is_new = keywords.insert(place.clone(), (binds == "row").then_some(level)).is_none();
        assert!(is_new, "{line:?} is there twice");
        last = place;
    }
    let count = |name| keywords.keys().filter(|(section, _)| rfc(section) == name).count();
    let counts: Vec<_> = COUNTS.iter().map(|(name, _)| (*name, count(*name))).collect();
    assert_eq!(counts, COUNTS, "some are missing, or too many");
    keywords
}

/// The tests in the last column of the tables of `docs/threat-model.md`, which may name files too.
fn threats() -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let lasts = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.rsplit('|').next());
    let names = lasts.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.filter(|name| name.contains('/')).map(str::to_owned).collect()
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

/// The tests that have run, by the names that they have in the output of test programs. On one core a line is begun before
/// the test, and what the test says may stand in it.
fn have_run(log: &str) -> BTreeSet<&str> {
    let name = |line| -> Option<_> {
        let (name, result) = str::split_once(str::strip_prefix(line, "test ")?, "...")?;
        (!result.starts_with(" ignored")).then_some(name.trim_end())
    };
    log.lines().filter_map(name).collect()
}

/// The name that a test of a row has there.
fn name_in_run(test: &str) -> String {
    let Some((file, name)) = test.split_once("::") else {
        return test.into();
    };
    let file = file.trim_end_matches(".rs").trim_end_matches("/mod");
    // Whichever crate it is in.
    match file.rsplit_once("src/").map(|(_, module)| module) {
        // A module's tests are at its foot, or in files of their own. The root of a crate has no name.
        Some("lib" | "main") => format!("tests::{name}"),
        Some(module) if module.contains("/tests") => format!("{}::{name}", module.replace('/', "::")),
        Some(module) => format!("{}::tests::{name}", module.replace('/', "::")),
        // A test program is a file, or a folder with a file for each topic.
        None => match file.rsplit_once("tests/").and_then(|(_, program)| program.rsplit_once('/')) {
            None | Some((_, "main")) => name.into(),
            Some((_, topic)) => format!("{topic}::{name}"),
        },
    }
}

/// The RFC of a section.
fn rfc(section: &str) -> &str {
    section.rsplit_once(' ').map_or(section, |(rfc, _)| rfc)
}

/// Prints a count for `make counts`, also when the test succeeds.
fn count(number: usize, what: &str) {
    // In one write, because other tests write at the same time.
    drop(std::io::stderr().write_all(format!("count: {number} {what}\n").as_bytes()));
}

/// Prints the number of rows of each RFC.
fn tell(rows: &[Row]) {
    let keywords = keywords();
    for (name, all) in COUNTS {
        let bind = keywords.iter().filter(|((section, _), level)| rfc(section) == *name && level.is_some()).count();
        let rows: Vec<_> = rows.iter().filter(|row| rfc(&row.section) == *name).collect();
        let na = rows.iter().filter(|row| row.na.is_some()).count();
        let deviate = rows.iter().filter(|row| row.deviates.is_some()).count();
        let held = rows.len() - na - deviate;
        let words = format!(
            "rows of {name}: {bind} of its {all} keywords bind a client; {held} are held by tests, {na} do not \
             apply, {deviate} deviate"
        );
        count(rows.len(), &words);
    }
}
