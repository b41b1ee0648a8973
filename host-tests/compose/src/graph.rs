//! The composition itself, by wac-graph.

use std::error::Error as StdError;

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

use crate::Error;
use crate::interfaces::{self, Artifact};

/// An artifact, and what it is to fill.
pub(crate) struct Plug<'a> {
    pub(crate) artifact: Artifact,
    pub(crate) file: &'a [u8],
    /// The names of the program's imports.
    pub(crate) imports: Vec<String>,
}

/// The program, with each plug under it. What is made was validated.
pub(crate) fn fill(program: &[u8], plugs: &[Plug<'_>]) -> Result<Vec<u8>, Error> {
    let mut graph = CompositionGraph::new();
    let program = register(&mut graph, "xenon:program", program).map_err(Error::Damaged)?;
    let socket = graph.instantiate(program);
    for plug in plugs {
        let package = register(&mut graph, name(plug.artifact), plug.file).map_err(Error::Refused)?;
        let instance = graph.instantiate(package);
        for import in &plug.imports {
            connect(&mut graph, package, instance, socket, import)?;
        }
    }
    let exports: Vec<String> = graph.types()[graph[program].ty()].exports.keys().cloned().collect();
    for name in exports {
        let export = graph.alias_instance_export(socket, &name).map_err(refused)?;
        graph.export(export, &name).map_err(refused)?;
    }
    graph.encode(EncodeOptions::default()).map_err(refused)
}

fn register(graph: &mut CompositionGraph, name: &str, file: &[u8]) -> Result<PackageId, String> {
    let package = Package::from_bytes(name, None, file, graph.types_mut()).map_err(|error| format!("{error:#}"))?;
    graph.register_package(package).map_err(|error| error.to_string())
}

/// Fills an import of the program with the export that it is compatible with.
fn connect(
    graph: &mut CompositionGraph,
    package: PackageId,
    instance: NodeId,
    socket: NodeId,
    import: &str,
) -> Result<(), Error> {
    let does_not_fit = |why: String| Error::DoesNotFit(import.to_owned(), why);
    let mut exports = graph.types()[graph[package].ty()].exports.keys();
    let export = exports.find(|export| interfaces::is_compatible(import, export)).cloned();
    let export = export.ok_or_else(|| does_not_fit("it has no such interface".to_owned()))?;
    let given = graph.alias_instance_export(instance, &export).map_err(|error| does_not_fit(chain(&error)))?;
    // The error itself says again which import it is about.
    let filled = graph.set_instantiation_argument(socket, import, given);
    filled.map_err(|error| does_not_fit(error.source().map_or_else(|| error.to_string(), chain)))
}

/// What a tool that shows the insides of the composition calls an artifact.
fn name(artifact: Artifact) -> &'static str {
    match artifact {
        Artifact::Xenon02 => "xenon:component",
        Artifact::Xenon03 => "xenon:component-async",
        Artifact::HttpClient => "xenon:http-client",
    }
}

fn refused(error: impl StdError) -> Error {
    Error::Refused(chain(&error))
}

/// An error and what it comes from, in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
