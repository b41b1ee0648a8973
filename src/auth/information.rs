//! What a server says with a response to a request that it let in: `Authentication-Info` (RFC 9110 section 11.6.3).

use super::challenge;
use crate::http::fields;
use crate::limits;

/// Its parameters.
pub(super) struct Information(Vec<(String, String)>);

impl Information {
    /// The value of the parameter with this name, which is in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The parameters of all these field lines. What is no parameter is skipped; but who says something twice has not said what
/// is meant, and that is an error.
pub(super) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Information, &'static str> {
    let mut information = Information(Vec::new());
    for (name, value) in values.flat_map(fields::elements).filter_map(challenge::parameter) {
        if information.parameter(&name).is_some() {
            return Err("the server's authentication information has a parameter twice");
        }
        if information.0.len() >= limits::CHALLENGE_PARAMETERS {
            return Err("the server's authentication information has too many parameters");
        }
        information.0.push((name, value));
    }
    Ok(information)
}
