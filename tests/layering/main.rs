//! Which module may name which: the architecture of `src/lib.rs`, held.
//!
//! `names` finds what the text of a module names.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use names::{OUTSIDE, code, flat_uses, names};

/// Each module, the modules of this crate that it may name, and the crates of WASI. A module that is missing here fails the test,
/// and so does an edge that is not needed any more.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    // The foundation.
    ("buffer", &[], &[]),
    ("clock", &[], &[]),
    ("error", &[], &[]),
    ("limits", &[], &[]),
    ("reason", &[], &[]),
    ("secret", &[], &["zeroize"]),
    // Pure: bytes and values in, bytes and values out. No network, no session, no component, no WASI.
    ("http", &["limits", "reason", "secret"], &[]),
    ("h1", &["buffer", "error", "http", "limits"], &[]),
    ("coding", &["buffer", "http", "limits", "reason"], &["brotli_decompressor", "miniz_oxide"]),
    ("cookies", &["http", "limits"], &["zeroize"]),
    ("auth", &["http", "limits", "reason", "secret"], &["md5", "subtle", "zeroize"]),
    ("tls", &["buffer", "error", "http", "limits", "reason"], &["rustls", "webpki", "webpki_roots"]),
    // The network's traits, and their implementations. Only the real one knows WASI.
    ("net", &["buffer", "clock"], &[]),
    ("net::sim", &["clock", "net"], &[]),
    // Pure again: the host is a parameter.
    ("net::tasks", &["clock", "limits"], &[]),
    ("net::wasip2", &["clock", "limits", "net"], &["wasi"]),
    ("net::wasip3", &["buffer", "clock", "limits", "net", "net::tasks"], &["wit_bindgen"]),
    // A request from start to end, over any network.
    ("proxy", &["auth", "buffer", "h1", "http", "limits", "reason", "secret"], &["zeroize"]),
    (
        "session",
        &[
            "auth", "buffer", "clock", "coding", "cookies", "error", "h1", "http", "limits", "net", "proxy", "reason",
            "secret", "tls",
        ],
        &[],
    ),
    // Policy above sessions: many origins.
    ("client", &["error", "h1", "http", "limits", "net", "reason", "session"], &[]),
    // The same for Rust guests, over the network of a WASI 0.2 host.
    ("wasip2", &["client", "error", "net::wasip2", "session"], &[]),
    ("wasip3", &["client", "net::wasip3", "session"], &[]),
    // Glue.
    (
        "component",
        &[
            "auth",
            "client",
            "cookies",
            "error",
            "h1",
            "http",
            "limits",
            "net",
            "net::wasip2",
            "net::wasip3",
            "secret",
            "session",
            "tls",
            "wasip2",
            "wasip3",
        ],
        &["wasi", "wit_bindgen"],
    ),
];

/// The rooms of a session, from handles down to values: each, and the rooms below that it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("whole", &["handles"]),
    (
        "handles",
        &[
            "exchange",
            "authorization",
            "cookies",
            "shared",
            "connection",
            "request",
            "timing",
            "settings",
            "journal",
            "events",
        ],
    ),
    (
        "exchange",
        &[
            "connecting",
            "authorization",
            "cookies",
            "shared",
            "pool",
            "connection",
            "transport",
            "request",
            "timing",
            "events",
            "permits",
        ],
    ),
    ("connecting", &["authorization", "shared", "connection", "transport", "proxies", "timing", "events", "permits"]),
    ("authorization", &["request", "events"]),
    ("cookies", &["request", "events"]),
    (
        "shared",
        &["pool", "revalidation", "connection", "caches", "settings", "proxies", "journal", "events", "permits"],
    ),
    ("pool", &["connection", "events", "permits"]),
    ("revalidation", &["connection", "settings", "proxies"]),
    ("connection", &["transport", "proxies", "journal", "events", "permits"]),
    ("transport", &[]),
    ("caches", &["proxies"]),
    ("request", &["settings", "proxies", "request_fields"]),
    ("timing", &["settings"]),
    ("settings", &["proxies", "request_fields"]),
    ("proxies", &[]),
    ("request_fields", &[]),
    ("journal", &["events"]),
    ("events", &[]),
    ("permits", &[]),
];

/// Modules of the standard library that do I/O, bypassing `net`. Nothing here may use them.
const FORBIDDEN: &[&str] = &[
    "std::env::",
    "std::fs",
    "std::net::Tcp",
    "std::net::ToSocketAddrs",
    "std::net::Udp",
    "std::process",
    "std::thread::",
    "std::time::Instant",
    "std::time::SystemTime",
];

#[test]
fn modules_name_what_they_may() {
    let modules: BTreeSet<_> = TABLE.iter().map(|(module, ..)| *module).collect();
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files(&source()) {
        let path = file.strip_prefix(source()).unwrap().display().to_string();
        let within = path_of(&path);
        // The root declares modules and names none.
        let Some(module) = module_of(&within, &modules) else {
            if path != "lib.rs" {
                wrong.push(format!("src/{path}: its module is not in the table"));
            }
            continue;
        };
        let (_, may, may_outside) = TABLE.iter().find(|(name, ..)| *name == module).unwrap();
        for named in names(&fs::read_to_string(&file).unwrap(), &within) {
            let is_outside = OUTSIDE.contains(&named.as_str());
            let target = if is_outside { Some(named.as_str()) } else { target_of(&named, &modules) };
            match target {
                Some(target) if target == module => {}
                Some(target) if may.contains(&target) || may_outside.contains(&target) => {
                    seen.entry(module).or_default().insert(target.to_owned());
                }
                Some(_) | None => wrong.push(format!("src/{path}: {module} may not name {named}")),
            }
        }
    }
    for (module, may, may_outside) in TABLE {
        for edge in may.iter().chain(*may_outside) {
            if !seen.get(module).is_some_and(|seen| seen.contains(*edge)) {
                wrong.push(format!("the table: {module} does not name {edge}, nor need it be allowed to"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Inside `session/`, too, what is above names what is below, and nothing else.
#[test]
fn rooms_of_a_session_name_rooms_below() {
    let mut wrong = Vec::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let room = |within: &[String]| {
        let [first, room, ..] = within else { return None };
        ROOMS.iter().position(|(name, _)| first == "session" && name == room)
    };
    for file in files(&source().join("session")) {
        let path = file.strip_prefix(source()).unwrap().display().to_string();
        let within = path_of(&path);
        // The front door declares the rooms and names what is public in them.
        if path == "session/mod.rs" {
            continue;
        }
        let Some(from) = room(&within) else {
            wrong.push(format!("src/{path}: its room is not in the table"));
            continue;
        };
        for named in names(&fs::read_to_string(&file).unwrap(), &within) {
            let parts: Vec<_> = named.split("::").map(str::to_owned).collect();
            if parts.first().is_none_or(|first| first != "session") {
                continue;
            }
            let (name, may) = ROOMS[from];
            match room(&parts) {
                Some(to) if to == from => {}
                Some(to) if to > from && may.contains(&ROOMS[to].0) => {
                    seen.insert((name, ROOMS[to].0));
                }
                Some(_) | None => wrong.push(format!("src/{path}: {name} may not name {named}")),
            }
        }
    }
    for (name, may) in ROOMS {
        for to in may.iter().filter(|to| !seen.contains(&(*name, **to))) {
            wrong.push(format!("the table of rooms: {name} does not name {to}, nor need it be allowed to"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// No two files depend on each other, directly or not, so each can be read and changed without the other in mind. A folder's
/// `mod.rs` does not depend on the modules that it declares and re-exports.
#[test]
fn there_is_no_circle_of_files() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let all = files(&source());
    let name = |file: &Path| path_of(&file.strip_prefix(source()).unwrap().display().to_string()).join("::");
    let modules: BTreeSet<_> = all.iter().map(|file| name(file)).collect();
    let modules: BTreeSet<&str> = modules.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    for file in &all {
        let (from, within) = (name(file), path_of(&file.strip_prefix(source()).unwrap().display().to_string()));
        for named in names(&fs::read_to_string(file).unwrap(), &within) {
            let is_below = |to: &str| to.strip_prefix(from.as_str()).is_some_and(|rest| rest.starts_with("::"));
            if let Some(to) = target_of(&named, &modules).filter(|to| *to != from && !is_below(to)) {
                edges.entry(from.clone()).or_default().insert(to.to_owned());
            }
        }
    }
    let circles: Vec<_> = modules.iter().filter_map(|module| circle(module, &edges)).collect();
    assert!(circles.is_empty(), "\n{}\n", circles.join("\n"));
}

/// The path from this module back to itself, if there is one.
fn circle(module: &str, edges: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![module.to_owned()]];
    while let Some(way) = ways.pop() {
        for next in way.last().and_then(|last| edges.get(last)).into_iter().flatten() {
            if next == module {
                return Some(format!("{} -> {module}", way.join(" -> ")));
            }
            if seen.insert(next.clone()) {
                ways.push(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

#[test]
fn nothing_asks_the_world_but_through_net() {
    let mut wrong = Vec::new();
    for file in files(&source()) {
        let code = code(&fs::read_to_string(&file).unwrap());
        let flat = flat_uses(&code);
        for name in
            FORBIDDEN.iter().filter(|name| code.contains(**name) || flat.iter().any(|path| path.starts_with(**name)))
        {
            wrong.push(format!("{}: {name}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files under this folder, without those of tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                found.extend(files(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The modules of a file, outermost first: `net/sim/mod.rs` is `net`, `sim`.
fn path_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The innermost module of the table that this one is in.
fn module_of<'a>(within: &[String], modules: &BTreeSet<&'a str>) -> Option<&'a str> {
    (1..=within.len()).rev().find_map(|count| modules.get(within[..count].join("::").as_str()).copied())
}

fn target_of<'a>(named: &str, modules: &BTreeSet<&'a str>) -> Option<&'a str> {
    let within: Vec<_> = named.split("::").map(str::to_owned).collect();
    module_of(&within, modules)
}
