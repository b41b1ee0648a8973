//! Narrows what a core module imports of WASI to the interfaces of its world.
//!
//! Rust's standard library, through wasi-libc, imports what it would need to print the message of a panic, and each release
//! imports something else. A component that never prints would still ask its host for standard streams, terminals or
//! folders. Here those functions become functions that trap.
//!
//! What the standard library does need, such as the seed of its hash maps, is in the world, and may be imported in another
//! version there: it is imported in the world's version then, so that the component asks for one version of each
//! interface.

use std::collections::HashMap;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Function, FunctionSection, ImportSection, Instruction, Module};
use wasmparser::{FunctionSectionReader, ImportSectionReader, Parser, Payload, TypeRef};

use crate::Result;

/// The interfaces of WASI that the world of this name imports, with their versions, in a text of WIT. What it includes must be in the
/// same text.
pub fn of_world(wit: &str, world: &str) -> Vec<String> {
    let lines = wit.lines().map(str::trim).skip_while(|line| *line != format!("world {world} {{"));
    let mut all = Vec::new();
    for line in lines.take_while(|line| *line != "}").map(|line| line.trim_end_matches(';')) {
        match (line.strip_prefix("import "), line.strip_prefix("include ")) {
            (Some(name), _) if name.starts_with("wasi:") => all.push(name.to_owned()),
            (_, Some(other)) => all.extend(of_world(wit, other)),
            _ => {}
        }
    }
    all
}

/// The core module, importing nothing of WASI but functions of these interfaces.
pub fn narrow(module: &[u8], interfaces: &[String]) -> Result<Vec<u8>> {
    if interfaces.is_empty() {
        return Err("the world imports no interface of WASI".into());
    }
    let mut narrower = Narrower { fates: fates(module, interfaces)?, has_functions: false };
    let mut narrowed = Module::new();
    narrower.parse_core_module(&mut narrowed, Parser::new(0), module).map_err(|error| error.to_string())?;
    let trapping = narrower.fates.iter().any(|fate| matches!(fate, Fate::Trapping { .. }));
    if trapping && !narrower.has_functions {
        return Err("the core module imports functions and has none of its own".into());
    }
    Ok(narrowed.finish())
}

/// What becomes of an imported function.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays an import, of this module, and has this index then.
    Kept { from: String, name: String, index: u32 },
    /// It is the same import as one before, which has this index.
    Same { index: u32 },
    /// It becomes a function of this type that traps, the so-manyeth of those.
    Trapping { kind: u32, number: u32 },
}

/// What becomes of each function that the module imports, in their order.
fn fates(module: &[u8], interfaces: &[String]) -> Result<Vec<Fate>> {
    let mut fates = Vec::new();
    let mut kept: HashMap<(String, String), u32> = HashMap::new();
    let mut trapping = 0;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(section) = payload? else { continue };
        for import in section.into_imports() {
            let import = import?;
            let TypeRef::Func(kind) = import.ty else { continue };
            fates.push(match kept_as(import.module, import.name, interfaces) {
                Some((from, name)) => {
                    let next = u32::try_from(kept.len())?;
                    let key = (from.to_owned(), name.to_owned());
                    match kept.get(&key) {
                        Some(index) => Fate::Same { index: *index },
                        None => {
                            kept.insert(key, next);
                            Fate::Kept { from: from.to_owned(), name: name.to_owned(), index: next }
                        }
                    }
                }
                None => {
                    trapping += 1;
                    Fate::Trapping { kind, number: trapping - 1 }
                }
            });
        }
    }
    Ok(fates)
}

/// The module and the name by which this function is imported then, if it still is. What is not WASI's stays as it is.
fn kept_as<'a>(from: &'a str, name: &'a str, interfaces: &'a [String]) -> Option<(&'a str, &'a str)> {
    if from == "wasi_snapshot_preview1" {
        return None;
    }
    if !from.starts_with("wasi:") {
        return Some((from, name));
    }
    let (bare, version) = split_version(from);
    let kept = interfaces.iter().find(|interface| split_version(interface).0 == bare)?;
    if series(version) == series(split_version(kept).1) {
        return Some((kept, name));
    }
    let (.., new) = RENAMED.iter().find(|(interface, old, _)| *interface == bare && *old == name)?;
    Some((kept, new))
}

/// Functions of WASI 0.2 that WASI 0.3 has with the same parameters and results, and their names there: what the standard library and
/// the TLS library ask for.
const RENAMED: &[(&str, &str, &str)] = &[
    ("wasi:random/insecure-seed", "insecure-seed", "get-insecure-seed"),
    ("wasi:random/random", "get-random-bytes", "get-random-bytes"),
];

fn split_version(interface: &str) -> (&str, &str) {
    interface.split_once('@').unwrap_or((interface, ""))
}

/// Versions of one series, such as 0.2, have the same functions.
fn series(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(series, _)| series)
}

/// Encodes the module again, with these fates.
struct Narrower {
    fates: Vec<Fate>,
    has_functions: bool,
}

impl Narrower {
    fn kept(&self) -> u32 {
        self.fates.iter().filter(|fate| matches!(fate, Fate::Kept { .. })).count() as u32
    }

    fn trapping(&self) -> impl Iterator<Item = u32> {
        self.fates.iter().filter_map(|fate| if let Fate::Trapping { kind, .. } = fate { Some(*kind) } else { None })
    }
}

impl Reencode for Narrower {
    type Error = std::convert::Infallible;

    /// Imports come first, then the functions that trap, then the module's own.
    fn function_index(&mut self, function: u32) -> std::result::Result<u32, reencode::Error> {
        let imported = self.fates.len() as u32;
        Ok(match self.fates.get(function as usize) {
            Some(Fate::Kept { index, .. } | Fate::Same { index }) => *index,
            Some(Fate::Trapping { number, .. }) => self.kept() + number,
            None => self.kept() + self.trapping().count() as u32 + (function - imported),
        })
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> std::result::Result<(), reencode::Error> {
        let mut fates = self.fates.clone().into_iter();
        for import in section.into_imports() {
            let import = import?;
            let kind = self.entity_type(import.ty)?;
            if !matches!(import.ty, TypeRef::Func(_)) {
                imports.import(import.module, import.name, kind);
            } else if let Some(Fate::Kept { from, name, .. }) = fates.next() {
                imports.import(&from, &name, kind);
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> std::result::Result<(), reencode::Error> {
        self.has_functions = true;
        for kind in self.trapping() {
            functions.function(kind);
        }
        reencode::utils::parse_function_section(self, functions, section)
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> std::result::Result<(), reencode::Error> {
        for _ in self.trapping() {
            let mut function = Function::new([]);
            function.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
            code.function(&function);
        }
        reencode::utils::parse_code_section(self, code, section)
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{EntityType, ExportKind, ExportSection, TypeSection, ValType};

    use super::*;

    const INTERFACES: [&str; 2] = ["wasi:io/poll@0.2.0", "wasi:random/insecure-seed@0.2.0"];

    fn interfaces() -> Vec<String> {
        INTERFACES.map(str::to_owned).to_vec()
    }

    /// A module that imports these functions, of one type each, and exports `f`, which calls all of them in turn.
    fn module(imports: &[(&str, &str)]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([], [ValType::I32]);
        let mut section = ImportSection::new();
        imports.iter().for_each(|(from, name)| _ = section.import(from, name, EntityType::Function(0)));
        let mut functions = FunctionSection::new();
        functions.function(1);
        let own = imports.len() as u32;
        let mut exports = ExportSection::new();
        exports.export("f", ExportKind::Func, own);
        let mut body = Function::new([]);
        for index in 0..own {
            body.instruction(&Instruction::Call(index));
        }
        body.instruction(&Instruction::I32Const(7)).instruction(&Instruction::End);
        let mut code = CodeSection::new();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&section).section(&functions).section(&exports).section(&code);
        module.finish()
    }

    /// What a module imports, and the functions that its last function calls, by their indices.
    fn read(module: &[u8]) -> (Vec<(String, String)>, Vec<u32>) {
        wasmparser::Validator::new().validate_all(module).unwrap();
        let mut imports = Vec::new();
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::ImportSection(section) => {
                    let names = section.into_imports().map(|import| import.unwrap());
                    imports.extend(names.map(|import| (import.module.to_owned(), import.name.to_owned())));
                }
                Payload::CodeSectionEntry(body) => {
                    calls.clear();
                    for operator in body.get_operators_reader().unwrap() {
                        if let wasmparser::Operator::Call { function_index } = operator.unwrap() {
                            calls.push(function_index);
                        }
                    }
                }
                _ => {}
            }
        }
        (imports, calls)
    }

    fn names(imports: &[(&str, &str)]) -> Vec<(String, String)> {
        imports.iter().map(|(from, name)| (from.to_string(), name.to_string())).collect()
    }

    #[test]
    fn what_is_not_of_the_world_becomes_a_trap() {
        let given = [
            ("wasi_snapshot_preview1", "fd_write"),
            ("wasi:io/poll@0.2.0", "poll"),
            ("wasi:cli/stdout@0.2.0", "get-stdout"),
            ("[export]xenon:http/session@0.2.0", "[resource-new]session"),
        ];
        let (imports, calls) = read(&narrow(&module(&given), &interfaces()).unwrap());
        assert_eq!(imports, names(&[given[1], given[3]]));
        // Two imports, then the two that trap, in the order in which they were imported.
        assert_eq!(calls, [2, 0, 3, 1]);
    }

    #[test]
    fn interface_of_another_version_is_imported_once() {
        let given = [
            ("wasi:random/insecure-seed@0.2.4", "insecure-seed"),
            ("wasi:io/poll@0.2.0", "poll"),
            ("wasi:io/poll@0.2.6", "poll"),
        ];
        let (imports, calls) = read(&narrow(&module(&given), &interfaces()).unwrap());
        assert_eq!(imports, names(&[("wasi:random/insecure-seed@0.2.0", "insecure-seed"), given[1]]));
        assert_eq!(calls, [0, 1, 1]);
    }

    #[test]
    fn a_function_of_wasi_0_2_is_imported_from_wasi_0_3_where_it_is_the_same() {
        let interfaces =
            ["wasi:random/insecure-seed@0.3.0", "wasi:clocks/monotonic-clock@0.3.0"].map(str::to_owned).to_vec();
        let given = [
            ("wasi:random/insecure-seed@0.2.4", "insecure-seed"),
            ("wasi:clocks/monotonic-clock@0.2.4", "subscribe-duration"),
            ("wasi:clocks/monotonic-clock@0.3.0", "now"),
        ];
        let (imports, calls) = read(&narrow(&module(&given), &interfaces).unwrap());
        assert_eq!(imports, names(&[("wasi:random/insecure-seed@0.3.0", "get-insecure-seed"), given[2]]));
        assert_eq!(calls, [0, 2, 1]);
    }

    #[test]
    fn a_module_that_imports_only_what_it_may_stays_as_it_is() {
        let given = module(&[("wasi:io/poll@0.2.0", "poll"), ("env", "f")]);
        assert_eq!(narrow(&given, &interfaces()).unwrap(), given);
    }

    #[test]
    fn a_world_is_read_from_its_text() {
        let wit = "world a {\n    import wasi:a/b@0.2.0;\n}\n/// Text.\nworld c {\n    @since(version = 0.1.0)\n    import \
                   wasi:io/poll@0.2.0;\n    import own;\n    export wasi:x/y@0.2.0;\n}\n";
        assert_eq!(of_world(wit, "c"), ["wasi:io/poll@0.2.0"]);
        assert_eq!(of_world(wit, "d"), [""; 0]);
        let wit = format!("{wit}world e {{\n    import wasi:a/b@0.3.0;\n    include c;\n}}\n");
        assert_eq!(of_world(&wit, "e"), ["wasi:a/b@0.3.0", "wasi:io/poll@0.2.0"]);
        assert!(narrow(&module(&[]), &of_world(&wit, "d")).is_err());
    }
}
