//! The cases: what the transcripts' servers send, a table of the ways in which responses are split and connections fall out
//! of step, and what a grammar makes.
//!
//! It does not say what must come of them.

use std::fmt;
use std::fs;
use std::path::Path;

use super::format::{self, Act, Step};
use super::{grammar, table};

/// What a request with content sends.
pub(crate) const CONTENT: &str = "hi";

/// One request, and the bytes that come back.
pub(crate) struct Case {
    pub(crate) origin: Origin,
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) wants_upgrade: bool,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Transcript,
    Table,
    Grammar,
}

/// What of a request's method matters for its response, and POST, which has content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Connect,
}

pub(crate) const METHODS: [Method; 4] = [Method::Get, Method::Head, Method::Post, Method::Connect];

pub(crate) fn all() -> Vec<Case> {
    let mut cases = transcripts();
    cases.extend(table::all());
    cases.extend(grammar::all());
    cases
}

impl Case {
    /// A GET, and this.
    pub(crate) fn get(text: &str) -> Self {
        let (name, bytes) = ("a GET".into(), text.into());
        Self { origin: Origin::Table, name, method: Method::Get, wants_upgrade: false, bytes }
    }
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Connect => "CONNECT",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.get(..1000).unwrap_or(&self.bytes);
        write!(f, "{:?} {}: {} \"{}\"", self.origin, self.name, self.method.name(), bytes.escape_ascii())
    }
}

// ---- transcripts -----------------------------------------------------------------------------------------------------

/// Those in which each exchange has a connection of its own.
fn transcripts() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files = Vec::new();
    for folder in fs::read_dir(&root).expect("the transcripts are there") {
        let folder = folder.expect("an entry").path();
        if folder.is_dir() {
            files.extend(fs::read_dir(folder).expect("a folder").map(|file| file.expect("an entry").path()));
        }
    }
    files.sort();
    files.iter().flat_map(|file| transcript(&root, file)).collect()
}

fn transcript(root: &Path, file: &Path) -> Vec<Case> {
    let name = file.strip_prefix(root).expect("it is in there").display().to_string();
    let text = fs::read_to_string(file).expect("it can be read");
    let transcript = format::Case::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let requests = transcript.steps.iter().filter_map(|step| match step {
        Step::Exchange(request, _) => Some(request),
        _ => None,
    });
    if requests.clone().count() != transcript.connections.len() {
        return Vec::new();
    }
    let mut cases = Vec::new();
    for (request, acts) in requests.zip(&transcript.connections) {
        let sent = acts.iter().filter_map(|act| match act {
            Act::Send(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        let bytes = sent.collect::<Vec<_>>().concat();
        if bytes.is_empty() {
            continue;
        }
        let method = METHODS.into_iter().find(|method| method.name() == request.method).unwrap_or(Method::Get);
        let wants_upgrade = request.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        cases.push(Case { origin: Origin::Transcript, name: name.clone(), method, wants_upgrade, bytes });
    }
    cases
}
