//! What the component asks of its host, and what it gives: exactly this, and each with its cause.
//!
//! Names, not versions: those come from the linker, and hosts take any 0.2.x for another.

use std::collections::BTreeSet;

use wasmparser::{Parser, Payload, TypeRef};
use xenon_host::component::{bytes, component, engine};

/// Every interface that is imported. Those that Rust's standard library forces depend a little on its version: it may need
/// fewer.
const IMPORTS: &[&str] = &[
    // `environ_get`, below. The component itself reads no variable.
    "wasi:cli/environment",
    // `proc_exit`, below. The component itself never exits.
    "wasi:cli/exit",
    // `fd_write`, below: that is for descriptor 2. It makes a table of descriptors, and in it are
    "wasi:cli/stderr",
    // 0, which nothing reads,
    "wasi:cli/stdin",
    // and 1, which nothing writes.
    "wasi:cli/stdout",
    // The world `client`: deadlines.
    "wasi:clocks/monotonic-clock",
    // The world `client`: whether a certificate is valid now.
    "wasi:clocks/wall-clock",
    // `fd_write`, below: folders that the host gives are in its table too. A host need give none.
    "wasi:filesystem/preopens",
    // `fd_write`, below, could be for a file.
    "wasi:filesystem/types",
    // The world `client`: why a stream failed.
    "wasi:io/error",
    // The world `client`: waiting.
    "wasi:io/poll",
    // The world `client`: the two directions of a connection.
    "wasi:io/streams",
    // The world `client`: rustls makes a hash map, and the standard library seeds it.
    "wasi:random/insecure-seed",
    // The world `client`: keys.
    "wasi:random/random",
    // The world `client`: the network that the host gives.
    "wasi:sockets/instance-network",
    // The world `client`: the addresses of a name.
    "wasi:sockets/ip-name-lookup",
    // The world `client`: types of the following two.
    "wasi:sockets/network",
    // The world `client`: connecting.
    "wasi:sockets/tcp",
    // The world `client`: a socket to connect.
    "wasi:sockets/tcp-create-socket",
];

/// The functions of WASI 0.1 that the core module imports. Nothing of ours calls them: Rust's standard library does when it
/// panics, through wasi-libc. The linker makes them of WASI 0.2 with an adapter, and with it come the imports above.
const ADAPTED: &[&str] = &[
    // The message of a panic says more if RUST_BACKTRACE is set: `getenv` ...
    "environ_get",
    "environ_sizes_get",
    // The message itself, on standard error.
    "fd_write",
    // ... and ends the program when the environment cannot be read.
    "proc_exit",
];

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// The names without their versions, each of which is 0.2.x for WASI.
fn without_versions<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let split = names.map(|name| {
        let (interface, version) = name.split_once('@').expect("an interface has a version");
        let is_wasi = interface.starts_with("wasi:");
        assert!(version.starts_with(if is_wasi { "0.2." } else { "0.1.0" }), "{name}");
        interface.to_owned()
    });
    split.collect()
}

#[test]
fn the_component_imports_these_interfaces() {
    let component = component().component_type();
    let imports = without_versions(component.imports(engine()).map(|(name, _)| name));
    let more: Vec<_> = imports.difference(&set(IMPORTS)).cloned().collect();
    assert!(more.is_empty(), "not in the list: {more:?}");
    let world = include_str!("../../wit/world.wit");
    let own: Vec<_> = IMPORTS.iter().filter(|name| world.contains(&format!("import {name}@"))).collect();
    let fewer: Vec<_> = own.into_iter().filter(|name| !imports.contains(**name)).collect();
    assert!(fewer.is_empty(), "in the world, and not imported: {fewer:?}");
    assert!(IMPORTS.is_sorted());
}

#[test]
fn the_component_exports_two_interfaces() {
    let component = component().component_type();
    let exports = without_versions(component.exports(engine()).map(|(name, _)| name));
    assert_eq!(exports, set(&["xenon:http/session", "xenon:http/types"]));
}

#[test]
fn what_is_adapted_is_for_panics_alone() {
    let adapted = core_imports("wasi_snapshot_preview1");
    let more: Vec<_> = adapted.difference(&set(ADAPTED)).cloned().collect();
    assert!(more.is_empty(), "not in the list: {more:?}");
}

#[test]
fn what_the_core_module_itself_imports_is_in_the_world() {
    let world = include_str!("../../wit/world.wit");
    let bytes = bytes();
    let direct = core_modules(&bytes).into_iter().next().expect("the component has a core module");
    let wasi = without_versions(direct.iter().map(|(module, _)| *module).filter(|module| module.starts_with("wasi:")));
    let missing: Vec<_> = wasi.iter().filter(|name| !world.contains(&format!("import {name}@"))).collect();
    assert!(missing.is_empty() && !wasi.is_empty(), "not in the world: {missing:?}");
}

/// What the component's first core module, which is ours, imports of this module.
fn core_imports(module: &str) -> BTreeSet<String> {
    let bytes = bytes();
    let first = core_modules(&bytes).into_iter().next().expect("the component has a core module");
    first.into_iter().filter(|(from, _)| *from == module).map(|(_, name)| name.to_owned()).collect()
}

/// The functions that each core module of the component imports: module and name.
fn core_modules(component: &[u8]) -> Vec<Vec<(&str, &str)>> {
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("the component is well-formed") {
            Payload::ModuleSection { .. } => modules.push(Vec::new()),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.expect("the component is well-formed");
                    if let (TypeRef::Func(_), Some(module)) = (import.ty, modules.last_mut()) {
                        module.push((import.module, import.name));
                    }
                }
            }
            _ => {}
        }
    }
    modules
}
