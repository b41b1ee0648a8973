//! Puts Xenon under a plugin.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, PlugError};
use wasmtime::{Result, bail, format_err};

/// The plugin with Xenon under it, or the plugin as it is if it imports nothing of Xenon's. It may be any bytes.
pub(crate) fn compose(plugin: &[u8], xenon: &[u8]) -> Result<Vec<u8>> {
    // wac-graph is for what tools make. What none of them would make can be more than it expects, and then it panics.
    catch_unwind(AssertUnwindSafe(|| plug(plugin, xenon)))
        .unwrap_or_else(|_| bail!("the plugin is no component that a tool has made"))
}

fn plug(plugin: &[u8], xenon: &[u8]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut register = |name, bytes: &[u8]| -> Result<_> {
        let package =
            Package::from_bytes(name, None, bytes, graph.types_mut()).map_err(|error| format_err!("{error:#}"))?;
        Ok(graph.register_package(package)?)
    };
    let (socket, plug) = (register("example:plugin", plugin)?, register("xenon:component", xenon)?);
    match wac_graph::plug(&mut graph, vec![plug], socket) {
        Ok(()) => Ok(graph.encode(EncodeOptions::default())?),
        Err(PlugError::NoPlugHappened) => Ok(plugin.to_vec()),
        Err(PlugError::GraphError { source }) => bail!("{source:#}"),
    }
}
