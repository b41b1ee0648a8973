//! Composes a consumer with the component.

use std::fs;
use std::path::Path;

use xenon_compose::Artifacts;

use crate::Result;

/// The consumer, with the component under it.
pub(crate) fn compose(consumer: &Path, component: &Path) -> Result<Vec<u8>> {
    let component = fs::read(component)?;
    let artifacts = Artifacts { xenon: Some(&component), ..Artifacts::default() };
    let composed = xenon_compose::compose(&fs::read(consumer)?, &artifacts);
    Ok(composed.map_err(|error| format!("{} {error}", consumer.display()))?.component)
}
