//! The format of transcripts, as values.
//!
//! Neither it nor its parser knows sessions or networks, so the same files can run over a simulated network and over real
//! sockets.
//!
//! A file is a list of lines. The first says what it proves. The others are the client's steps, the expected results, and the
//! server's steps, in the order in which they are best read. The server of each connection follows its own lines independently:
//! it waits only for bytes that it expects, and where a line says so.
//!
//! ```text
//! proves: ...                     first line: what would be broken if this failed
//! # ...                           a remark
//!
//! set NAME VALUE                  a setting, from here on: see `Setting`
//! get TARGET                      a request; also head, post, put, delete, options, trace, patch, connect
//! request METHOD TARGET           a request with any method
//!   field NAME: VALUE             its fields, in the order in which the caller adds them
//!   body TEXT                     content; several make one
//!   body* COUNT TEXT              the same, repeated
//!   stream [LENGTH]               streamed content: of this length, or chunked
//!   write TEXT, write* COUNT TEXT one piece of streamed content
//!   trailer NAME: VALUE
//!   finish                        its end
//!   expect-continue
//!   idempotent yes|no
//!   http/1.0
//!   after write TEXT, after finish   the same, once the response's head has arrived
//! pass TIME                       the client does nothing for this long
//! close-connection
//!
//! > TEXT                          the server must receive this line; CRLF is implied; `$offered` are all codings of this build
//! >|TEXT                          the same without CRLF
//! >* COUNT TEXT                   the same, repeated
//! < TEXT, <|TEXT, <* COUNT TEXT   the server sends
//! ! close                         it closes: the client's next piece is lost, and later ones fail
//! ! end                           it ends its sending direction, and continues to read
//! ! reset
//! ! stall [TIME]                  it does nothing for this long, or for ever
//! ! window COUNT                  this many sent bytes can be unread
//! ! read head, ! read COUNT       it reads a head, or this many bytes, whatever they are
//! ! drain                         it reads everything
//! ! client-end                    the client must end its sending direction, without sending more
//! ! connection                    the lines of the next connection follow
//!
//! = [STATUS] [CONTENT] [unread] [error PHASE CODE [may-retry]] FATES
//!                                 the expected result. CONTENT is "text" or 3*"text", several make one; with `unread`
//!                                 the caller reads just that much and drops the response. FATES are the fates of the
//!                                 connections, in order, with commas: `kept`, `closed REASON`, `strayed`, or `-` for none.
//! with reason TEXT, with no-reason more of the result. What is not listed must not be there, except for reason,
//! with version HTTP/1.0           version, length and fields, which are then not checked
//! with length COUNT|none
//! with codings NAME, NAME          those that were removed from the content, in the order in which they were applied
//! with field NAME: VALUE          all of this name, in order
//! with no-field NAME
//! with interim STATUS
//! with interim-field NAME: VALUE
//! with trailer NAME: VALUE
//! with took TIME
//! with retry
//! with write-error CODE
//! with says TEXT                  part of the error's detail
//! ```
//!
//! TEXT extends to the end of its line, and can contain `\r \n \t \0 \\ \" \xNN`. Codes and reasons are those of the WIT.

use std::time::Duration;

/// A transcript.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) steps: Vec<Step>,
    /// The server's steps on each connection, in the order of the connections.
    pub(crate) connections: Vec<Vec<Act>>,
}

/// The client's steps.
#[derive(Debug)]
pub(crate) enum Step {
    Set(Setting),
    Pass(Duration),
    CloseConnection(Outcome),
    Exchange(Request, Outcome),
}

/// `set NAME VALUE`. Names are `scheme`, `host`, `port`, `listen` (where the server is), `user-agent` (`none`, or
/// `default`; a transcript begins with none), `persistent`, `decoding`, `addresses`, `connect-to`, `family`, and those of
/// the WIT's `deadlines` and `limits` (`deadlines.first-byte`). `set ways whole` says that the result may depend on how bytes are
/// segmented, so they are not.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) stream: Option<Option<u64>>,
    pub(crate) writing: Vec<Writing>,
    pub(crate) trailers: Vec<Field>,
    pub(crate) after: Vec<Writing>,
    pub(crate) expects: bool,
    pub(crate) is_idempotent: Option<bool>,
    pub(crate) is_old: bool,
}

/// A name and a value.
pub(crate) type Field = (String, Vec<u8>);

#[derive(Debug)]
pub(crate) enum Writing {
    Write(Vec<u8>),
    Finish,
}

/// The server's steps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Expect(Vec<u8>),
    ReadHead,
    Read(u64),
    Drain,
    ClientEnd,
    Send(Vec<u8>),
    Close,
    End,
    Reset,
    Stall(Option<Duration>),
    Window(usize),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) line: usize,
    pub(crate) status: Option<u16>,
    pub(crate) content: Vec<u8>,
    pub(crate) is_unread: bool,
    pub(crate) error: Option<Failure>,
    pub(crate) fates: Vec<Fate>,
    pub(crate) reason: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) length: Option<Option<u64>>,
    pub(crate) codings: Vec<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) no_fields: Vec<String>,
    pub(crate) interims: Vec<Interim>,
    pub(crate) trailers: Vec<Field>,
    pub(crate) took: Duration,
    pub(crate) is_retried: bool,
    pub(crate) write_error: Option<String>,
    pub(crate) says: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) phase: String,
    pub(crate) code: String,
    pub(crate) may_retry: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interim {
    pub(crate) status: u16,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Closed(String),
    /// Closed because of bytes beyond the response, or kept until the next request finds them: that depends on how they were
    /// segmented.
    Strayed,
}

impl Case {
    /// The transcript in this text. The error says in which line what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        super::parser::parse(text)
    }
}
