//! The format of transcripts: a transcript is read, and anything else is refused with a helpful message.

#[path = "transcripts/format.rs"]
#[allow(dead_code, reason = "transcripts.rs runs what is only read here")]
mod format;
#[path = "transcripts/names.rs"]
#[allow(dead_code, reason = "as above")]
mod names;
#[path = "transcripts/parser.rs"]
mod parser;

use format::{Act, Case, Fate, Step};

const GOOD: &str = "proves: x\nget /\n> GET\n<|a\\x00\\r\n<* 3 ab\n= 200 \"hel\\\"\" 2*\"lo\" closed failed, kept\n";

#[test]
fn a_transcript_is_read() {
    let case = Case::parse(GOOD).unwrap();
    assert_eq!(case.connections, [[Act::Expect(b"GET\r\n".into()), Act::Send(b"a\0\rababab".into())]]);
    let [Step::Exchange(request, outcome)] = &case.steps[..] else { panic!("{case:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/"));
    assert_eq!((outcome.status, outcome.content.as_slice()), (Some(200), b"hel\"lolo".as_slice()));
    assert_eq!(outcome.fates, [Fate::Closed("failed".into()), Fate::Kept]);
}

#[test]
fn what_is_no_transcript_is_refused() {
    let table = [
        ("", "no request"),
        ("get /\n= 200 kept\n", "line 1: the first line must say"),
        ("proves: \nget /\n= 200 kept\n", "line 1: the first line must say"),
        ("proves: x\n", "no request"),
        ("proves: x\nget /\n", "no \"=\""),
        ("proves: x\nget /\nget /\n= 200 kept\n", "line 3: the step before has no \"=\""),
        ("proves: x\nget /\n= kept\n", "a status or an error"),
        ("proves: x\nget /\n= 200\n", "no connection comes to"),
        ("proves: x\nget /\n= 200 closed\n", "no connection comes to"),
        ("proves: x\nget /\n= 200 open\n", "no connection comes to"),
        ("proves: x\nget /\n= 200 \"a kept\n", "not closed"),
        ("proves: x\nget /\n= error head kept\n", "has a phase and a code"),
        ("proves: x\nget /\n= 200 kept\n= 200 kept\n", "no step before"),
        ("proves: x\nget /\n= 200 kept\nwith soul x\n", "comes with"),
        ("proves: x\nget /\n= 200 kept\nwith says x\n", "comes with"),
        ("proves: x\nwith took 1s\nget /\n= 200 kept\n", "right after"),
        ("proves: x\nget /\n  say x\n= 200 kept\n", "no request has"),
        ("proves: x\n  field A: b\nget /\n= 200 kept\n", "belongs to a request"),
        ("proves: x\nget /\n  write x\n= 200 kept\n", "only streamed"),
        ("proves: x\nget /\n  field A\n= 200 kept\n", "no colon"),
        ("proves: x\nfetch /\n= 200 kept\n", "unknown"),
        ("proves: x\nget /\n! explode\n= 200 kept\n", "no server can"),
        ("proves: x\nget /\n! connection\n= 200 kept\n", "a connection without lines"),
        ("proves: x\nget /\n! stall 5\n= 200 kept\n", "no time"),
        ("proves: x\nget /\n<x\n= 200 kept\n", "a space, | or *"),
        ("proves: x\nget /\n< \n= 200 kept\n", "invisible"),
        ("proves: x\nget /\n<|\\q\n= 200 kept\n", "an escape"),
        ("proves: x\nget /\n<|\\x+1\n= 200 kept\n", "hexadecimal"),
        ("proves: x\nget /\n<* x\n= 200 kept\n", "a count and a text"),
    ];
    for (text, words) in table {
        let error = Case::parse(text).expect_err(text);
        assert!(error.contains(words), "{text:?}: {error}");
    }
}
