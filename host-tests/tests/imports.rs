//! What the component asks of its host, and what it gives: exactly this, whatever toolchain built it.
//!
//! `host-tests/guests/maker/src/imports.rs` takes out what Rust's standard library would import and never uses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wasmparser::{Parser, Payload};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};
use xenon_harness::component::{bytes, component, engine};

/// Every interface that the component imports, in the version that it asks for: the first, for the oldest hosts.
const IMPORTS: &[&str] = &[
    // Deadlines.
    "wasi:clocks/monotonic-clock@0.2.0",
    // Whether a certificate is valid now.
    "wasi:clocks/wall-clock@0.2.0",
    // Why a stream failed.
    "wasi:io/error@0.2.0",
    // Waiting.
    "wasi:io/poll@0.2.0",
    // The two directions of a connection.
    "wasi:io/streams@0.2.0",
    // rustls makes a hash map, and the standard library seeds it.
    "wasi:random/insecure-seed@0.2.0",
    // Keys.
    "wasi:random/random@0.2.0",
    // The network that the host gives.
    "wasi:sockets/instance-network@0.2.0",
    // The addresses of a name.
    "wasi:sockets/ip-name-lookup@0.2.0",
    // Types of the following two.
    "wasi:sockets/network@0.2.0",
    // Connecting.
    "wasi:sockets/tcp@0.2.0",
    // A socket to connect.
    "wasi:sockets/tcp-create-socket@0.2.0",
];

/// What a command imports beside that, because Rust's standard library does: arguments, standard streams and files.
const OF_A_COMMAND: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
];

/// What the components over WASI 0.3 import.
const IMPORTS_0_3: &[&str] = &[
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:random/insecure-seed@0.3.0",
    "wasi:random/random@0.3.0",
    "wasi:sockets/ip-name-lookup@0.3.0",
    "wasi:sockets/types@0.3.0",
];

/// What the component under `wasi:http` programs imports beside that, and the types that this is made of.
const OF_HTTP: &str = "wasi:http/types@0.3.0";
const TYPES_OF_HTTP: &str = "wasi:clocks/types@0.3.0";

/// And where its settings come from.
const OF_SETTINGS: &str = "wasi:cli/environment@0.3.0";

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn imports(component: &Component) -> BTreeSet<String> {
    component.component_type().imports(component.engine()).map(|(name, _)| name.to_owned()).collect()
}

fn without_version(name: &str) -> String {
    name.split('@').next().unwrap_or_default().to_owned()
}

#[test]
fn the_component_imports_exactly_these_interfaces() {
    assert_eq!(imports(component()), set(IMPORTS));
}

#[test]
fn the_component_with_every_feature_imports_and_exports_the_same() {
    let full = Component::from_file(engine(), xenon_guests_full::component()).unwrap();
    assert_eq!(imports(&full), set(IMPORTS));
    let exports = |of: &Component| {
        of.component_type().exports(engine()).map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(exports(&full), exports(component()));
}

#[test]
fn the_components_over_wasi_0_3_import_exactly_these_interfaces() {
    let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
    let of = |file: PathBuf| imports(&Component::from_file(&engine, file).unwrap());
    let with = |more: &[&str]| set(&[IMPORTS_0_3, more].concat());
    assert_eq!(of(xenon_guests_wasip3::component()), with(&[]));
    assert_eq!(of(xenon_guests_wasip3::http_client()), with(&[OF_HTTP, TYPES_OF_HTTP, OF_SETTINGS]));
    assert_eq!(of(xenon_guests_wasip3::bare_http_client()), with(&[OF_HTTP, TYPES_OF_HTTP]));
    let world = include_str!("../../wit/0.3/world.wit");
    for name in IMPORTS_0_3.iter().chain(&[OF_HTTP, OF_SETTINGS]) {
        assert!(world.contains(&format!("import {name};")), "{name}");
    }
}

/// The two faces have the same types and settings, word for word.
#[test]
fn the_types_and_settings_of_both_faces_have_the_same_text() {
    let of_0_2 = [include_str!("../../wit/types.wit"), include_str!("../../wit/settings.wit")];
    let of_0_3 = [include_str!("../../wit/0.3/types.wit"), include_str!("../../wit/0.3/settings.wit")];
    for (old, new) in of_0_2.into_iter().zip(of_0_3) {
        let old = old.replace("xenon:http@0.2.0", "xenon:http@0.3.0").replace("version = 0.2.0", "version = 0.3.0");
        assert_eq!(old, new);
    }
}

#[test]
fn the_list_is_that_of_the_world_and_of_the_page_for_hosts() {
    let world = include_str!("../../wit/world.wit");
    for name in IMPORTS {
        assert!(world.contains(&format!("import {name};")), "{name}");
    }
    assert_eq!(world.matches("import wasi:").count(), IMPORTS.len());
    let page = include_str!("../../docs/using.md");
    let table = page.split("The component imports exactly").nth(1).expect("the page has the list");
    let table = table.split("\n\n").nth(1).expect("the list is a table");
    let named = table.split('`').filter(|text| text.starts_with("wasi:")).flat_map(|group| {
        let (package, interfaces) = group.split_once('/').expect("an interface is of a package");
        let interfaces = interfaces.trim_matches(['{', '}']).split(", ");
        interfaces.map(move |interface| format!("{package}/{interface}"))
    });
    assert_eq!(named.collect::<BTreeSet<_>>(), IMPORTS.iter().map(|name| without_version(name)).collect());
}

#[test]
fn the_component_exports_five_interfaces() {
    let component = component().component_type();
    let exports: Vec<_> = component.exports(engine()).map(|(name, _)| name.to_owned()).collect();
    let exports: BTreeSet<_> = exports.iter().map(|name| without_version(name)).collect();
    assert_eq!(
        exports,
        set(&[
            "xenon:http/client",
            "xenon:http/cookies",
            "xenon:http/session",
            "xenon:http/settings",
            "xenon:http/types"
        ])
    );
}

#[test]
fn no_core_module_is_an_adapter() {
    let modules = Parser::new(0).parse_all(bytes()).filter(|payload| {
        matches!(payload.as_ref().expect("the component is well-formed"), Payload::ModuleSection { .. })
    });
    // Ours, and the two that wit-component makes to tie imports that need our memory.
    assert_eq!(modules.count(), 3);
}

/// Composing adds what the component imports, and no interface twice in two versions.
#[test]
fn a_command_composed_with_it_imports_what_it_did_and_no_more() {
    let engine = engine();
    let composed = Component::from_file(engine, Path::new(&xenon_harness::guests()).join("xenon-cli.wasm"));
    let composed = imports(&composed.expect("the command is a component"));
    let interfaces: BTreeSet<_> = composed.iter().map(|name| without_version(name)).collect();
    assert_eq!(interfaces.len(), composed.len(), "an interface is there in two versions: {composed:?}");
    let expected = IMPORTS.iter().chain(OF_A_COMMAND).map(|name| without_version(name)).collect();
    assert_eq!(interfaces, expected);
}
