//! Composes a consumer with the component.

use std::path::Path;

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions};

use crate::Result;

/// Fills what the consumer imports from `xenon:http` with what the component exports. All else that either of them imports
/// is asked of the host, once.
pub(crate) fn compose(consumer: &Path, component: &Path) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, file: &Path| -> Result<_> {
        let package = Package::from_file(name, None, file, graph.types_mut())
            .map_err(|error| format!("{} is no component: {error:#}", file.display()))?;
        let imports: Vec<_> = graph.types()[package.ty()].imports.keys().cloned().collect();
        let exports: Vec<_> = graph.types()[package.ty()].exports.keys().cloned().collect();
        Ok((graph.register_package(package)?, imports, exports))
    };
    let (component, _, _) = register("xenon:component", component)?;
    let (socket, imports, exports) = register("xenon:consumer", consumer)?;

    let plug = graph.instantiate(component);
    let socket = graph.instantiate(socket);
    let ours: Vec<_> = imports.iter().filter(|name| name.starts_with("xenon:http/")).collect();
    if ours.is_empty() {
        return Err(format!("{} uses nothing of xenon:http", consumer.display()).into());
    }
    for name in ours {
        let export = graph.alias_instance_export(plug, name)?;
        graph.set_instantiation_argument(socket, name, export)?;
    }
    for name in &exports {
        let export = graph.alias_instance_export(socket, name)?;
        graph.export(export, name)?;
    }
    Ok(graph.encode(EncodeOptions::default())?)
}
