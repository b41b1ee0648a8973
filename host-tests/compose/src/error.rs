//! Why a program cannot be composed, in words for whoever has it.

use std::fmt;

/// Why a program cannot be composed. The text of each goes on from the program's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file is something else.
    NotWebAssembly,
    /// It is WebAssembly, and no component.
    CoreModule,
    /// It is a component that is cut off or broken, in this way.
    Damaged(String),
    /// It imports nothing of Xenon's.
    NothingToFill,
    /// It imports nothing of Xenon's either, and sends by this.
    OutgoingHandler(String),
    /// It imports nothing of Xenon's any more: this is exported inside it.
    ComposedAlready(String),
    /// It imports this, which Xenon has in other versions.
    OtherVersion(String),
    /// It imports this, and the artifact that fills it was not given.
    NotHere(String),
    /// What it imports by this name is not what Xenon exports by it, for this reason.
    DoesNotFit(String, String),
    /// These would still be imported afterwards.
    Unfilled(Vec<String>),
    /// It cannot be composed for another reason.
    Refused(String),
}

/// What Xenon fills.
const FILLED: &str = "xenon:http@0.2, xenon:http@0.3 and wasi:http/client@0.3";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotWebAssembly => f.write_str("is not WebAssembly"),
            Error::CoreModule => f.write_str(
                "is a core module and no component; build it for wasm32-wasip2, or make a component of it with `wasm-tools \
                 component new`",
            ),
            Error::Damaged(how) => write!(f, "is damaged: {how}"),
            Error::NothingToFill => write!(f, "imports nothing that Xenon provides, which is {FILLED}"),
            Error::OutgoingHandler(name) => write!(
                f,
                "sends by {name}, the way of WASI 0.2, in which the host is the client; Xenon goes under programs that send by \
                 wasi:http/client@0.3"
            ),
            Error::ComposedAlready(name) => {
                write!(f, "is composed already: a component inside it provides {name}, and it imports nothing of Xenon")
            }
            Error::OtherVersion(name) => write!(f, "imports {name}; Xenon provides {FILLED}"),
            Error::NotHere(name) => write!(f, "imports {name}, and the component of Xenon that provides it is not here"),
            Error::DoesNotFit(name, why) => write!(f, "imports {name}, which is not what Xenon provides: {why}"),
            Error::Unfilled(names) => write!(f, "would still import {}", names.join(" and ")),
            Error::Refused(why) => write!(f, "cannot be composed: {why}"),
        }
    }
}

impl std::error::Error for Error {}
