//! What a 401 or 407 asks for: the challenges of `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 section 11.6).
//!
//! Servers write them in many ways. What can be read without a doubt is; a challenge that cannot be is left out, and those
//! around it stay. No scheme is known here.

use crate::http::fields;
use crate::limits;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, in lower case.
    pub scheme: String,
    /// What stands there in the place of parameters: `Negotiate` has it.
    pub token68: Option<String>,
    /// Names, in lower case and each once, and values without quotes and escapes. Bytes that are not UTF-8 are U+FFFD.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of the parameter with this name, which is in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// What the server calls the space that it protects.
    pub fn realm(&self) -> Option<&str> {
        self.parameter("realm")
    }

    /// Whether this is the scheme, whatever its case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// The challenges of all these field lines, in order.
///
/// They are one list, whichever lines it stands on (RFC 9110 section 5.3); but a quoted string ends with its line.
pub fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut reader = Reader { challenges: Vec::new(), current: None };
    for element in values.flat_map(fields::elements) {
        reader.take(element);
    }
    reader.finish();
    reader.challenges
}

/// What has been read so far.
struct Reader {
    challenges: Vec<Challenge>,
    /// The challenge that the next parameter belongs to. There is none before the first, nor after what cannot be read.
    current: Option<Challenge>,
}

impl Reader {
    /// Takes one element of the list: a parameter, or a scheme, alone or with the first of what follows it.
    fn take(&mut self, element: &[u8]) {
        if let Some(parameter) = parameter(element) {
            self.current = self.current.take().and_then(|challenge| with(challenge, parameter));
            return;
        }
        let (scheme, rest) = token(element);
        // A parameter that cannot be read, or nothing that can: so is the challenge it is in.
        if scheme.is_empty() || fields::trim(rest).starts_with(b"=") {
            self.current = None;
            return;
        }
        self.finish();
        self.current = begin(scheme, rest);
    }

    /// No parameter of the current challenge follows.
    fn finish(&mut self) {
        if let Some(challenge) = self.current.take()
            && self.challenges.len() < limits::CHALLENGES
        {
            self.challenges.push(challenge);
        }
    }
}

/// A challenge as its first element has it, if that can be read.
fn begin(scheme: &str, rest: &[u8]) -> Option<Challenge> {
    let challenge = Challenge { scheme: scheme.to_ascii_lowercase(), token68: None, parameters: Vec::new() };
    if rest.is_empty() {
        return Some(challenge);
    }
    // Something else than whitespace after the scheme: it is none.
    let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")).map(fields::trim)?;
    // `a=` could be a parameter without a value, but RFC 9110 has it be a token68; so it comes first.
    match token68(rest) {
        Some(token68) => Some(Challenge { token68: Some(token68), ..challenge }),
        None => with(challenge, parameter(rest)?),
    }
}

/// The challenge with a parameter more, if it can have it.
fn with(mut challenge: Challenge, parameter: (String, String)) -> Option<Challenge> {
    let may = challenge.token68.is_none()
        && challenge.parameters.len() < limits::CHALLENGE_PARAMETERS
        // RFC 9110 section 11.2: once each. Which of two is meant, nobody knows.
        && challenge.parameter(&parameter.0).is_none();
    may.then(|| {
        challenge.parameters.push(parameter);
        challenge
    })
}

/// A parameter that is the whole of this element: its name in lower case, and its value.
///
/// A value without quotes should be a token. Servers write more than that without quotes, base64 and words with spaces
/// between them: all is taken that has no quote in it.
pub(super) fn parameter(element: &[u8]) -> Option<(String, String)> {
    let (name, rest) = token(element);
    let value = fields::trim(fields::trim(rest).strip_prefix(b"=")?);
    let value = match value.strip_prefix(b"\"") {
        Some(rest) => quoted(rest)?,
        None if value.contains(&b'"') => return None,
        None => value.to_vec(),
    };
    if name.is_empty() || fields::check_value(&value).is_err() {
        return None;
    }
    Some((name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
}

/// The text of a quoted string of which this is what follows the opening quote (RFC 9110 section 5.6.4). Nothing stands
/// behind it.
fn quoted(rest: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(rest.len());
    let mut bytes = rest.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then_some(text),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}

/// The whole of this as a token68 (RFC 9110 section 11.2).
fn token68(bytes: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let padding = bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len());
    let (text, padding) = bytes.split_at_checked(padding)?;
    let is_whole = !text.is_empty() && padding.iter().all(|byte| *byte == b'=');
    is_whole.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The token that this begins with, which may be empty, and what follows it.
fn token(bytes: &[u8]) -> (&str, &[u8]) {
    let end = bytes.iter().position(|byte| !fields::is_token_byte(*byte)).unwrap_or(bytes.len());
    let (token, rest) = bytes.split_at_checked(end).unwrap_or_default();
    (std::str::from_utf8(token).unwrap_or_default(), rest)
}
