//! The format of transcripts: what a person writes in a file, as values.
//!
//! It knows neither sessions nor networks, and nor does its parser, so that the same files can run over a simulated
//! network and over real sockets.
//!
//! A file is a list of lines. The first says what it proves. The others are the client's steps, what each must come to, and
//! what the server does, in the order in which a reader wants to hear of it. The server of each connection goes through its
//! own lines by itself: it waits only where it expects something, or is told to.
//!
//! ```text
//! proves: ...                     first line: what would be broken if this failed
//! # ...                           a remark
//!
//! set NAME VALUE                  a setting, from here on: see `Setting`
//! get TARGET                      a request; also head, post, put, delete, options, trace, patch, connect
//! request METHOD TARGET           a request with any method
//!   field NAME: VALUE             what it has, in the order in which the caller says it
//!   body TEXT                     content; several make one
//!   body* COUNT TEXT              the same, repeated
//!   stream [LENGTH]               content that is written: so many bytes, or chunked
//!   write TEXT, write* COUNT TEXT one piece of it
//!   trailer NAME: VALUE
//!   finish                        its end
//!   expect-continue
//!   idempotent yes|no
//!   http/1.0
//!   after write TEXT, after finish   once the response's head is here
//! pass TIME                       the client does nothing for so long
//! close-connection
//!
//! > TEXT                          the server must receive this line; CRLF is implied; `$offered` are all codings of this build
//! >|TEXT                          the same without CRLF
//! >* COUNT TEXT                   the same, repeated
//! < TEXT, <|TEXT, <* COUNT TEXT   the server sends
//! ! close                         it closes: what the client sends then is lost, and then fails
//! ! end                           it ends its sending direction, and goes on reading
//! ! reset
//! ! stall [TIME]                  it does nothing for so long, or for ever
//! ! window COUNT                  the client can be so far ahead of what the server has read
//! ! read head, ! read COUNT       it reads whatever it is
//! ! drain                         it reads whatever comes
//! ! client-end                    the client must end its sending direction, without sending more
//! ! connection                    from here on these are the next connection's lines
//!
//! = [STATUS] [CONTENT] [unread] [error PHASE CODE [may-retry]] FATES
//!                                 what the step comes to. CONTENT is "text" or 3*"text", several make one; with `unread`
//!                                 the caller reads just that much and drops the response. FATES are what became of
//!                                 connections, in order, with commas: `kept`, `closed REASON`, `strayed`, or `-` for none.
//! with reason TEXT, with no-reason more of what it comes to; what is not said must not be there:
//! with version HTTP/1.0           reason, version, length and fields apart, which nobody looks at then
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
//! with says TEXT                  in the error's words
//! ```
//!
//! TEXT can hold `\r \n \t \0 \\ \" \xNN`, and goes to the end of its line. Codes and reasons are those of the WIT.

use std::time::Duration;

/// A transcript.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) steps: Vec<Step>,
    /// What the server does on each connection, in the order in which they are made.
    pub(crate) connections: Vec<Vec<Act>>,
}

/// What the client does.
#[derive(Debug)]
pub(crate) enum Step {
    Set(Setting),
    Pass(Duration),
    CloseConnection(Outcome),
    Exchange(Request, Outcome),
}

/// `set NAME VALUE`. Names are `scheme`, `host`, `port`, `listen` (where the server is), `user-agent` (`none`, or
/// `default`; a transcript begins with none), `persistent`, `decoding`, `addresses`, `connect-to`, `family`, and those of the WIT's
/// `deadlines` and `limits` (`deadlines.first-byte`). `set ways whole` says that what comes of it may depend on how bytes
/// are cut, so that they are not.
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

/// What the server does.
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
    /// Closed because of bytes beyond the response, or kept until the next request finds them: that depends on how they
    /// were cut on the way.
    Strayed,
}

impl Case {
    /// The transcript in this text. The error says in which line what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        super::parser::parse(text)
    }
}
