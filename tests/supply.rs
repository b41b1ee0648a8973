//! The dependencies: each comes from the one registry, has a licence that `deny.toml` allows, and has no advisory in
//! `docs/advisories.tsv`.
//!
//! The advisories are a dated copy, without those published later.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

#[derive(Deserialize)]
struct Policy {
    graph: Graph,
    advisories: Ignored,
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Ignored {
    ignore: Vec<String>,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
    checksum: Option<String>,
}

/// An advisory of the copy.
struct Advisory {
    package: String,
    number: String,
    kind: String,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    fn concerns(&self, package: &Package) -> bool {
        let is_in = |ranges: &[VersionReq]| ranges.iter().any(|range| range.matches(&package.version));
        self.package == package.name && !is_in(&self.patched) && !is_in(&self.unaffected)
    }
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn policy() -> Policy {
    toml::from_str(&read("deny.toml")).unwrap()
}

fn packages() -> Vec<Package> {
    toml::from_str::<Lock>(&read("Cargo.lock")).unwrap().package
}

fn advisories() -> Vec<Advisory> {
    let text = read("docs/advisories.tsv");
    let ranges = |text: &str| match text {
        "-" => Vec::new(),
        text => text
            .split(" | ")
            .map(|range| VersionReq::parse(range).unwrap_or_else(|why| panic!("{range}: {why}")))
            .collect(),
    };
    let advisory = |line: &str| {
        let [package, number, kind, patched, unaffected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        Advisory {
            package: package.into(),
            number: number.into(),
            kind: kind.into(),
            patched: ranges(patched),
            unaffected: ranges(unaffected),
        }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(advisory).collect()
}

/// The advisories for these packages, as readable lines.
fn known_against(packages: &[Package], ignored: &[String]) -> Vec<String> {
    let advisories = advisories();
    let of = |package| {
        let concerns = move |advisory: &&Advisory| advisory.concerns(package) && !ignored.contains(&advisory.number);
        advisories.iter().filter(concerns).map(|advisory: &Advisory| {
            format!("{} {}: {} ({})", package.name, package.version, advisory.number, advisory.kind)
        })
    };
    packages.iter().flat_map(of).collect()
}

#[test]
fn no_crate_has_a_known_weakness() {
    let known = known_against(&packages(), &policy().advisories.ignore);
    assert!(known.is_empty(), "{known:#?}");
}

#[test]
fn a_known_weakness_would_be_found() {
    let package = |name: &str, version: &str| {
        let version = Version::parse(version).unwrap();
        Package { name: name.into(), version, source: None, checksum: None }
    };
    let weak = [package("rustls", "0.23.4"), package("ring", "0.17.11"), package("rustls-webpki", "0.103.11")];
    for package in weak {
        let name = package.name.clone();
        assert!(!known_against(&[package], &[]).is_empty(), "{name}");
    }
    assert_eq!(known_against(&[package("rustls", "0.23.4")], &["RUSTSEC-2024-0336".into()]), Vec::<String>::new());
    assert_eq!(known_against(&[package("rustls", "0.23.40")], &[]), Vec::<String>::new());
}

#[test]
fn what_is_ignored_is_there_to_ignore() {
    let known = known_against(&packages(), &[]).concat();
    for number in policy().advisories.ignore {
        assert!(known.contains(&number), "{number} concerns nothing that is built: take it out");
    }
}

#[test]
fn all_crates_come_from_the_registry_with_their_checksum() {
    let packages = packages();
    let foreign: BTreeSet<_> = packages.iter().filter_map(|package| package.source.as_deref()).collect();
    assert_eq!(foreign.len(), 1, "{foreign:?}");
    assert!(foreign.iter().all(|source| source.starts_with("registry+") && source.ends_with("/crates.io-index")));
    for package in &packages {
        assert_eq!(package.source.is_some(), package.checksum.is_some(), "{}", package.name);
    }
    // What has no source is ours: a workspace member, or what stands in the place of a crate.
    let ours = packages.iter().filter(|package| package.source.is_none());
    for package in ours {
        assert!(package.name == "getrandom" || package.version == Version::new(0, 1, 0), "{}", package.name);
    }
}

#[test]
fn no_crate_is_banned() {
    let names: BTreeSet<_> = packages().into_iter().map(|package| package.name).collect();
    let banned: Vec<_> = policy().bans.deny.into_iter().filter(|banned| names.contains(&banned.name)).collect();
    assert!(banned.is_empty(), "{:?}", banned.iter().map(|banned| &banned.name).collect::<Vec<_>>());
}

#[test]
fn all_licences_are_allowed() {
    let Policy { graph, licenses, .. } = policy();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["tree", "--workspace", "--locked", "--prefix", "none"]);
    cargo.args(["--edges", "normal,build,dev", "--format", "{p}|{l}"]);
    for target in &graph.targets {
        cargo.args(["--target", target]);
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<_> = listing.lines().filter_map(|line| line.split_once('|')).collect();
    assert!(crates.len() > 100, "{listing}");
    for (package, licence) in crates {
        let licence = licence.trim_end_matches(" (*)");
        assert!(is_allowed(licence, &licenses.allow), "{package}: {licence:?}");
    }
}

/// Whether allowed licences satisfy an SPDX expression. Older crates write `/` for `OR`.
fn is_allowed(licence: &str, allow: &[String]) -> bool {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    any_of(&mut rest, allow) && rest.is_empty()
}

fn any_of(words: &mut &[&str], allow: &[String]) -> bool {
    let mut is_satisfied = all_of(words, allow);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        is_satisfied |= all_of(words, allow);
    }
    is_satisfied
}

fn all_of(words: &mut &[&str], allow: &[String]) -> bool {
    let mut is_satisfied = one(words, allow);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        is_satisfied &= one(words, allow);
    }
    is_satisfied
}

fn one(words: &mut &[&str], allow: &[String]) -> bool {
    let has = |name: &str| allow.iter().any(|allowed| allowed == name);
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let is_satisfied = any_of(words, allow);
            let [")", rest @ ..] = *words else { return false };
            *words = rest;
            is_satisfied
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            has(&format!("{name} WITH {exception}"))
        }
        [name, rest @ ..] => {
            *words = rest;
            has(name)
        }
        [] => false,
    }
}

#[test]
fn licences_are_read_as_spdx_has_them() {
    let allow = ["MIT", "ISC", "A WITH e"].map(String::from);
    for yes in
        ["MIT", "GPL OR MIT", "GPL/MIT", "MIT AND ISC", "(GPL OR MIT) AND ISC", "A WITH e OR GPL", "GPL AND X OR MIT"]
    {
        assert!(is_allowed(yes, &allow), "{yes}");
    }
    for no in ["", "GPL", "MIT AND GPL", "A", "(MIT", "MIT MIT", "(GPL OR MIT) AND GPL", "MIT WITH e"] {
        assert!(!is_allowed(no, &allow), "{no}");
    }
}

/// The files that may contain unsafe code, as docs/unsafe.md names them.
const UNSAFE: [&str; 21] = [
    "cli/src/bindings.rs",
    "examples/tour/src/main.rs",
    "host-tests/bench/guests/crypto/src/lib.rs",
    "host-tests/bench/guests/http-client/src/lib.rs",
    "host-tests/bench/guests/raw/src/lib.rs",
    "host-tests/bench/guests/session-wasip3/src/lib.rs",
    "host-tests/bench/guests/session/src/lib.rs",
    "host-tests/bench/guests/wasi-http/src/lib.rs",
    "host-tests/guests/foreign/service/src/lib.rs",
    "host-tests/guests/foreign/spin/src/lib.rs",
    "host-tests/guests/foreign/wasip3/src/lib.rs",
    "host-tests/guests/tested/async-caller/src/lib.rs",
    "host-tests/guests/tested/async-command/src/lib.rs",
    "host-tests/guests/tested/fetcher/src/main.rs",
    "host-tests/native/src/ahead.rs",
    "host-tests/tests/looks.rs",
    "src/component/wasi_http/mod.rs",
    "src/component/wasip2/mod.rs",
    "src/component/wasip2/wait_any.rs",
    "src/component/wasip3/mod.rs",
    "src/net/wasip3/mod.rs",
];

#[test]
fn unsafe_code_is_where_its_page_says() {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "cli", "examples", "fuzz/src", "fuzz/tests", "getrandom", "host-tests"] {
        search(&root.join(folder), &mut found);
    }
    let mut files: Vec<_> = found.iter().map(|file| file.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    files.sort_unstable();
    assert_eq!(files, UNSAFE);
}

/// Files that lift the lint.
fn search(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let lifts = |line: &str| {
        let line = line.trim_start();
        let is_attribute = line.starts_with("#[") || line.starts_with("#![");
        is_attribute && (line.contains("allow(unsafe_code") || line.contains("expect(unsafe_code"))
    };
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() && name != "target" && name != "node_modules" {
            search(&path, found);
        } else if is_source && fs::read_to_string(&path).unwrap().lines().any(lifts) {
            found.push(path);
        }
    }
}
