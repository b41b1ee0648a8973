//! Puts Xenon under a program: what the program imports and Xenon exports is filled, and all else is asked of the host, once.
//!
//! ```text
//!     lib           which artifacts go under a program, and what the outcome must be
//!     survey        what a component imports and exports, and what the components inside it export
//!     interfaces    which artifact fills an import
//!     graph         the composition itself, by wac-graph
//!     error         why there is none, in words
//! ```
//!
//! `wac plug` leaves what does not fit as it is, and says nothing. Here that is an error, and so is everything else but a program
//! whose every import of Xenon is filled. Nothing here reads a file.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod error;
mod graph;
mod interfaces;
mod survey;

pub use self::error::Error;

use self::graph::Plug;
use self::interfaces::{Artifact, Import};
use self::survey::Survey;

/// The components of Xenon, as files. One that is missing fills nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Artifacts<'a> {
    /// `xenon.wasm`, which exports `xenon:http` over WASI 0.2.
    pub xenon: Option<&'a [u8]>,
    /// `xenon-0.3.wasm`, which exports it over WASI 0.3.
    pub xenon_0_3: Option<&'a [u8]>,
    /// `xenon-http-client.wasm`, or the bare one: what exports `wasi:http/client`.
    pub http_client: Option<&'a [u8]>,
}

impl<'a> Artifacts<'a> {
    fn file(&self, artifact: Artifact) -> Option<&'a [u8]> {
        match artifact {
            Artifact::Xenon02 => self.xenon,
            Artifact::Xenon03 => self.xenon_0_3,
            Artifact::HttpClient => self.http_client,
        }
    }
}

/// A program with Xenon in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// The component's file. It is valid.
    pub component: Vec<u8>,
    /// What the program imported and no longer asks of its host, in the order of its imports.
    pub filled: Vec<String>,
}

/// Fills what the program imports and an artifact exports, whichever compatible version either was built against.
///
/// The program may be anything: whoever has it composed need not trust it.
pub fn compose(program: &[u8], artifacts: &Artifacts<'_>) -> Result<Composed, Error> {
    let wanted = wanted(&Survey::of(program)?)?;
    let mut plugs = Vec::new();
    for artifact in Artifact::ALL {
        let imports: Vec<String> =
            wanted.iter().filter(|(_, wants)| *wants == artifact).map(|(name, _)| name.clone()).collect();
        if let Some(first) = imports.first() {
            let file = artifacts.file(artifact).ok_or_else(|| Error::NotHere(first.clone()))?;
            plugs.push(Plug { artifact, file, imports });
        }
    }
    // wac-graph is for components that tools make. A valid one that none of them would make can be more than it expects, and
    // then it panics.
    let component = catch_unwind(AssertUnwindSafe(|| graph::fill(program, &plugs)))
        .unwrap_or_else(|panic| Err(Error::Refused(words(panic.as_ref()))))?;
    let left: Vec<String> = Survey::of(&component)?.imports.into_iter().filter(|name| is_ours(name)).collect();
    if !left.is_empty() {
        return Err(Error::Unfilled(left));
    }
    Ok(Composed { component, filled: wanted.into_iter().map(|(name, _)| name).collect() })
}

/// What of the program's imports is to be filled, and by what.
fn wanted(program: &Survey) -> Result<Vec<(String, Artifact)>, Error> {
    let mut wanted = Vec::new();
    for name in &program.imports {
        match interfaces::import(name) {
            Import::FilledBy(artifact) => wanted.push((name.clone(), artifact)),
            Import::OtherVersion => return Err(Error::OtherVersion(name.clone())),
            Import::OutgoingHandler | Import::Foreign => {}
        }
    }
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let first = |names: &[String], is: fn(&str) -> bool| names.iter().find(|name| is(name)).cloned();
    if let Some(name) = first(&program.inner_exports, is_ours) {
        return Err(Error::ComposedAlready(name));
    }
    match first(&program.imports, |name| interfaces::import(name) == Import::OutgoingHandler) {
        Some(name) => Err(Error::OutgoingHandler(name)),
        None => Err(Error::NothingToFill),
    }
}

/// Whether an artifact exports the interface of this name, in this version or another.
fn is_ours(name: &str) -> bool {
    matches!(interfaces::import(name), Import::FilledBy(_) | Import::OtherVersion)
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wasm_encoder::{
        Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
        ComponentSectionId, ComponentType, ComponentTypeRef, ComponentTypeSection, InstanceType, Module,
        NestedComponentSection, PrimitiveValType, RawSection,
    };

    use super::*;

    const CLIENT: &str = "wasi:http/client@0.3.0";
    const SESSION: &str = "xenon:http/session@0.2.0";
    const SESSION_0_3: &str = "xenon:http/session@0.3.0";

    /// A component that imports interfaces of these names without anything in them, and exports such.
    fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
        with_functions(imports, &[], exports).finish()
    }

    /// The same, where the imported interfaces have these functions.
    fn with_functions(imports: &[&str], functions: &[&str], exports: &[&str]) -> Component {
        let mut interface = InstanceType::new();
        interface.ty().function().params([("x", PrimitiveValType::U8)]).result(None);
        for name in functions {
            interface.export(*name, ComponentTypeRef::Func(0));
        }
        let mut types = ComponentTypeSection::new();
        types.instance(&interface);
        let mut imported = ComponentImportSection::new();
        for name in imports {
            imported.import(*name, ComponentTypeRef::Instance(0));
        }
        let mut made = ComponentInstanceSection::new();
        let mut exported = ComponentExportSection::new();
        for (number, name) in exports.iter().enumerate() {
            made.export_items(Vec::<(&str, ComponentExportKind, u32)>::new());
            let index = (imports.len() + number) as u32;
            exported.export(*name, ComponentExportKind::Instance, index, None);
        }
        let mut component = Component::new();
        component.section(&types).section(&imported).section(&made).section(&exported);
        component
    }

    /// Composes with artifacts that export one interface each.
    fn composed(program: &[u8]) -> Result<Composed, Error> {
        let [xenon, xenon_0_3, http_client] =
            [SESSION, SESSION_0_3, CLIENT].map(|export| component(&["wasi:sockets/tcp@0.2.0"], &[export]));
        let artifacts = Artifacts { xenon: Some(&xenon), xenon_0_3: Some(&xenon_0_3), http_client: Some(&http_client) };
        compose(program, &artifacts)
    }

    #[track_caller]
    fn assert_filled(program: &[&str], filled: &[&str], left: &[&str]) {
        let composed = composed(&component(program, &["wasi:cli/run@0.2.0"])).unwrap();
        assert_eq!(composed.filled, filled);
        let survey = Survey::of(&composed.component).unwrap();
        let names: BTreeSet<&str> = survey.imports.iter().map(String::as_str).collect();
        assert_eq!(names, left.iter().copied().collect());
    }

    #[test]
    fn what_xenon_exports_is_filled_and_the_rest_is_asked_of_the_host() {
        let (sockets, other) = ("wasi:sockets/tcp@0.2.0", "a:b/c@1.0.0");
        assert_filled(&[SESSION], &[SESSION], &[sockets]);
        assert_filled(&[other, CLIENT], &[CLIENT], &[sockets, other]);
    }

    #[test]
    fn a_program_may_need_several_artifacts() {
        assert_filled(&[CLIENT, SESSION_0_3, SESSION], &[CLIENT, SESSION_0_3, SESSION], &["wasi:sockets/tcp@0.2.0"]);
    }

    #[test]
    fn a_program_may_be_built_against_another_compatible_version() {
        for name in ["wasi:http/client@0.3.2", "xenon:http/session@0.2.9", "xenon:http/session@0.3.1"] {
            assert_filled(&[name], &[name], &["wasi:sockets/tcp@0.2.0"]);
        }
        // What both import of the host is asked for once, in the later version.
        assert_filled(&[SESSION, "wasi:sockets/tcp@0.2.6"], &[SESSION], &["wasi:sockets/tcp@0.2.6"]);
    }

    #[test]
    fn what_is_composed_exports_what_the_program_did() {
        let composed = composed(&component(&[SESSION], &["wasi:cli/run@0.2.0", "a:b/c"])).unwrap();
        // What a component inside another exports is surveyed.
        let mut around = Component::new();
        around.section(&RawSection { id: ComponentSectionId::Component.into(), data: &composed.component });
        let survey = Survey::of(&around.finish()).unwrap();
        for name in ["wasi:cli/run@0.2.0", "a:b/c"] {
            assert!(survey.inner_exports.iter().any(|export| export == name));
        }
    }

    /// It is refused for this reason, in words that hold these.
    #[track_caller]
    fn assert_refused(program: &[u8], expected: &Error, words: &str) {
        let error = composed(program).unwrap_err();
        assert_eq!(&error, expected);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert_refused(b"", &Error::NotWebAssembly, "is not WebAssembly");
        assert_refused(b"(component)", &Error::NotWebAssembly, "is not WebAssembly");
        assert_refused(&Module::new().finish(), &Error::CoreModule, "is a core module and no component");
    }

    #[test]
    fn a_program_that_imports_nothing_of_xenons_is_refused() {
        for imports in [&[][..], &["a:b/c@1.0.0", "wasi:http/types@0.3.0"]] {
            assert_refused(&component(imports, &[]), &Error::NothingToFill, "imports nothing that Xenon provides");
        }
    }

    #[test]
    fn a_program_that_sends_over_wasi_0_2_is_told_so() {
        let name = "wasi:http/outgoing-handler@0.2.6";
        let program = component(&["wasi:http/types@0.2.6", name], &[]);
        assert_refused(&program, &Error::OutgoingHandler(name.to_owned()), "the way of WASI 0.2");
        // Where there is something to fill, the rest is the host's.
        assert_filled(&[name, SESSION], &[SESSION], &[name, "wasi:sockets/tcp@0.2.0"]);
    }

    #[test]
    fn a_program_that_wants_another_version_is_refused() {
        for name in ["xenon:http/session@0.4.0", "wasi:http/client@0.3.0-rc-2025-09-16", "wasi:http/client@1.0.0"] {
            let words = format!("imports {name}; Xenon provides");
            assert_refused(&component(&[SESSION, name], &[]), &Error::OtherVersion(name.to_owned()), &words);
        }
    }

    #[test]
    fn a_program_that_was_composed_is_refused() {
        let composed = composed(&component(&[CLIENT], &["wasi:cli/run@0.3.0"])).unwrap().component;
        assert_refused(&composed, &Error::ComposedAlready(CLIENT.to_owned()), "is composed already");
    }

    #[test]
    fn a_program_whose_import_is_something_else_is_refused() {
        let program = with_functions(&[SESSION], &["f"], &[]).finish();
        let error = composed(&program).unwrap_err();
        assert!(matches!(&error, Error::DoesNotFit(name, why) if name == SESSION && why.contains("`f`")), "{error:?}");
        let missing = "xenon:http/nonsense@0.2.0";
        let error = composed(&component(&[missing], &[])).unwrap_err();
        assert_eq!(error, Error::DoesNotFit(missing.to_owned(), "it has no such interface".to_owned()));
    }

    #[test]
    fn a_program_that_is_more_than_wac_graph_expects_is_refused() {
        let mut interface = InstanceType::new();
        interface.ty().component(&ComponentType::new());
        interface.export("inner", ComponentTypeRef::Component(0));
        let mut types = ComponentTypeSection::new();
        types.instance(&interface).instance(&InstanceType::new());
        let mut imports = ComponentImportSection::new();
        imports.import("a:b/c@1.0.0", ComponentTypeRef::Instance(0)).import(SESSION, ComponentTypeRef::Instance(1));
        let mut program = Component::new();
        program.section(&types).section(&imports);
        let error = composed(&program.finish()).unwrap_err();
        assert!(matches!(&error, Error::Refused(why) if !why.is_empty()), "{error}");
    }

    #[test]
    fn an_artifact_that_is_missing_is_told() {
        let error = compose(&component(&[CLIENT], &[]), &Artifacts::default()).unwrap_err();
        assert_eq!(error, Error::NotHere(CLIENT.to_owned()));
    }

    #[test]
    fn nothing_of_xenons_is_left_to_the_host() {
        // This one passes on what it imports.
        let passing_on = component(&[CLIENT], &[CLIENT]);
        let artifacts = Artifacts { http_client: Some(&passing_on), ..Artifacts::default() };
        let error = compose(&component(&[CLIENT], &[]), &artifacts).unwrap_err();
        assert_eq!(error, Error::Unfilled(vec![CLIENT.to_owned()]));
    }

    #[test]
    fn a_program_that_is_cut_off_anywhere_is_refused() {
        let mut whole = with_functions(&[SESSION, "a:b/c@1.0.0"], &[], &["wasi:cli/run@0.2.0"]);
        whole.section(&NestedComponentSection(&Component::new()));
        let whole = whole.finish();
        assert!(composed(&whole).is_ok());
        for length in 0..whole.len() {
            // Where a section ends it is a whole component, which may lack what it needs.
            let outcome = composed(&whole[..length]);
            let expected = match length {
                0..4 => matches!(outcome, Err(Error::NotWebAssembly)),
                4..8 => matches!(outcome, Err(Error::Damaged(_))),
                _ => matches!(outcome, Err(Error::Damaged(_) | Error::NothingToFill) | Ok(_)),
            };
            assert!(expected, "{length}: {outcome:?}");
        }
    }

    #[test]
    fn a_program_of_which_any_byte_is_wrong_has_an_outcome() {
        let whole = component(&[SESSION, "a:b/c@1.0.0"], &["wasi:cli/run@0.2.0"]);
        for position in 0..whole.len() {
            for value in [0, 1, 0x42, 0x7f, 0x80, 0xff] {
                let mut wrong = whole.clone();
                wrong[position] = value;
                // Which outcome depends on what the byte was. None is a panic.
                if let Err(error) = composed(&wrong) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}
