//! What a component imports and exports, and what the components inside it export, by name. It looks at no type, and at no code.

use wasmparser::{BinaryReaderError, Parser, Payload};

use crate::Error;

/// The names of a component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) imports: Vec<String>,
    /// What components inside it export, to each other or to the component.
    pub(crate) inner_exports: Vec<String>,
}

impl Survey {
    /// Surveys this file.
    pub(crate) fn of(file: &[u8]) -> Result<Survey, Error> {
        if !file.starts_with(b"\0asm") {
            return Err(Error::NotWebAssembly);
        }
        if Parser::is_core_wasm(file) {
            return Err(Error::CoreModule);
        }
        read(file).map_err(|error| Error::Damaged(error.to_string()))
    }
}

fn read(file: &[u8]) -> Result<Survey, BinaryReaderError> {
    let mut survey = Survey::default();
    // In how many modules and components what is read now is.
    let mut depth: usize = 0;
    for payload in Parser::new(0).parse_all(file) {
        match payload? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    survey.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth > 1 => {
                for export in section {
                    survey.inner_exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(survey)
}
