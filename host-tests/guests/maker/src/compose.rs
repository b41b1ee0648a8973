//! Composes a consumer with what goes under it.

use std::fs;
use std::path::Path;

use xenon_compose::Artifacts;

use crate::Result;

/// The consumer, with those of the components in this folder under it that it imports from.
pub(crate) fn compose(consumer: &Path, components: &Path) -> Result<Vec<u8>> {
    let component = |name| fs::read(components.join(name)).ok();
    let (xenon, xenon_0_3, http_client) =
        (component("xenon.wasm"), component("xenon-0.3.wasm"), component("xenon-http-client.wasm"));
    let artifacts =
        Artifacts { xenon: xenon.as_deref(), xenon_0_3: xenon_0_3.as_deref(), http_client: http_client.as_deref() };
    let composed = xenon_compose::compose(&fs::read(consumer)?, &artifacts);
    Ok(composed.map_err(|error| format!("{} {error}", consumer.display()))?.component)
}
