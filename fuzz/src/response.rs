//! A response, to the reader of its head and to the machine of an exchange: the same however its bytes are cut.

use xenon::buffer::Buffer;
use xenon::error::{Code, Error, Phase};
use xenon::h1::exchange::{Content, Event, Exchange, Outline, Unusable};
use xenon::h1::field_lines::Bounds;
use xenon::h1::framing::MethodKind;
use xenon::h1::response_head::{HeadReader, ResponseHead};
use xenon::http::fields::Fields;
use xenon::limits::Limits;

use crate::cuts::{Cut, pieces};
use crate::{naive, split};

const WIDE: Bounds = Bounds { lines: usize::MAX, line_length: usize::MAX, length: usize::MAX };
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\n\r\n";
const UPLOAD: &[u8] = b"what the client sends";

/// What is to be done with the bytes.
#[derive(Clone, Copy, Debug)]
struct Plan {
    outline: Outline,
    limits: Limits,
    /// Whether the request goes out at all.
    is_sending: bool,
    /// Whether the connection ends after the bytes.
    ends: bool,
    /// The longest piece of content.
    max: usize,
}

/// What came of them.
#[derive(Debug, PartialEq)]
struct Outcome {
    interims: Vec<ResponseHead>,
    head: Option<ResponseHead>,
    /// How many bytes were used when the final head was there, and how many of content were to come then.
    head_end: usize,
    remainder: Option<u64>,
    content: Vec<u8>,
    trailers: Fields,
    /// The words of an error may quote what came with the byte that decides it.
    end: Result<bool, (Phase, Code)>,
    is_switched: bool,
    verdict: Result<(), Unusable>,
    sent: Vec<u8>,
}

/// Input: what was asked, limits, how to cut; the bytes.
pub fn check(input: &[u8]) {
    let ([asked, limits, seed], bytes) = split(input);
    let plan = plan(asked, limits);
    let (whole, _) = run(plan, bytes, Cut::Whole);
    let (one_by_one, length) = run(plan, bytes, Cut::Bytes);
    let (cut, cut_length) = run(plan, bytes, Cut::Random(seed));
    assert_eq!(whole, one_by_one);
    assert_eq!(whole, cut);

    // The byte that decides it, whatever comes after it, and however it comes. (Without its end: that is an input too.)
    let plan = Plan { ends: false, ..plan };
    if run(plan, bytes, Cut::Whole).0.end.is_err() {
        assert!(length <= cut_length);
        assert!(run(plan, &bytes[..length], Cut::Whole).0.end.is_err());
        assert!(run(plan, &bytes[..length - 1], Cut::Whole).0.end.is_ok());
    }
    whole.interims.iter().chain(&whole.head).for_each(check_head);
    check_content(&whole, bytes);
    check_sent(plan, &whole.sent);
}

fn plan(asked: u8, limits: u8) -> Plan {
    let content = match (asked >> 2) & 3 {
        0 | 1 => Content::None,
        2 => Content::Length(UPLOAD.len() as u64),
        _ => Content::Chunked,
    };
    let outline = Outline {
        method: match asked & 3 {
            0 => MethodKind::Head,
            1 => MethodKind::Connect,
            _ => MethodKind::Other,
        },
        wants_upgrade: asked & 16 != 0,
        closes: asked & 32 != 0,
        content,
        expects: asked & 64 != 0 && content != Content::None,
    };
    let limits_of = match limits & 3 {
        0 | 1 => Limits::default(),
        2 => Limits { field_lines: 3, line_length: 40, head_length: 100, interim_responses: 2, ..Limits::default() },
        _ => Limits { field_lines: 1, line_length: 16, head_length: 30, interim_responses: 1, ..Limits::default() },
    };
    let max = if limits & 8 == 0 { usize::MAX } else { usize::from(limits >> 4) + 1 };
    Plan { outline, limits: limits_of, is_sending: asked & 128 == 0, ends: limits & 4 != 0, max }
}

/// Gives these pieces to an exchange; also says how many bytes went in.
fn run(plan: Plan, bytes: &[u8], cut: Cut) -> (Outcome, usize) {
    let mut machine = Exchange::new(plan.outline, REQUEST.to_vec(), plan.limits);
    let mut buffer = Buffer::default();
    let mut outcome = Outcome {
        interims: Vec::new(),
        head: None,
        head_end: 0,
        remainder: None,
        content: Vec::new(),
        trailers: Fields::default(),
        end: Ok(false),
        is_switched: false,
        verdict: Ok(()),
        sent: Vec::new(),
    };
    let mut length = 0;
    let mut pushed = 0;
    send(plan, &mut machine, &mut pushed, &mut outcome.sent);
    'pieces: for piece in pieces(bytes, cut) {
        length += piece.len();
        buffer.push(piece.to_vec());
        loop {
            let event = machine.receive(&mut buffer, plan.max);
            if matches!(event, Ok(Event::NeedMore)) {
                // Between heads and chunks nothing is kept at all; an unfinished head or trailers have their bound.
                assert!(buffer.len() <= plan.limits.head_length, "{} bytes are kept", buffer.len());
                break;
            }
            if matches!(event, Ok(Event::Head(_))) {
                outcome.head_end = length - buffer.len();
                outcome.remainder = machine.remainder();
            }
            let is_over = note(&mut outcome, event, plan);
            if is_over {
                break 'pieces;
            }
            send(plan, &mut machine, &mut pushed, &mut outcome.sent);
        }
    }
    if plan.ends && outcome.end == Ok(false) {
        let event = machine.receive_end();
        note(&mut outcome, event, plan);
    }
    assert_eq!(outcome.end == Ok(true), machine.is_complete());
    outcome.trailers = machine.trailers().clone();
    outcome.is_switched = machine.is_switched();
    if machine.is_complete() {
        outcome.verdict = machine.verdict(&Buffer::default());
        assert!(machine.verdict(&buffer).is_err() || buffer.is_empty(), "stray bytes would be the next response's");
    }
    (outcome, length)
}

/// Notes what came, and says whether that was all.
fn note(outcome: &mut Outcome, event: Result<Event, Error>, plan: Plan) -> bool {
    match event {
        Ok(Event::NeedMore) => {}
        Ok(Event::Interim(head)) => {
            assert!(outcome.head.is_none() && outcome.interims.len() < plan.limits.interim_responses);
            assert!((100..200).contains(&head.status) && head.status != 101);
            outcome.interims.push(head);
        }
        Ok(Event::Head(head)) => {
            assert!(head.status >= 200 || head.status == 101);
            assert!(outcome.head.replace(head).is_none(), "one final head, and no more");
        }
        Ok(Event::Content(piece)) => {
            assert!(outcome.head.is_some() && !piece.is_empty() && piece.len() <= plan.max);
            outcome.content.extend(piece);
        }
        Ok(Event::End) => {
            assert!(outcome.head.is_some());
            outcome.end = Ok(true);
        }
        Ok(Event::Switched) => return true,
        Err(error) => {
            assert!(error.detail.len() <= 512 && !error.detail.chars().any(char::is_control));
            outcome.end = Err((error.phase, error.code));
        }
    }
    outcome.end != Ok(false)
}

/// Sends what can be sent. Only events decide when, so that cuts do not.
fn send(plan: Plan, machine: &mut Exchange, pushed: &mut usize, sent: &mut Vec<u8>) {
    if !plan.is_sending || machine.is_switched() {
        return;
    }
    loop {
        sent.extend_from_slice(machine.outgoing());
        machine.sent(machine.outgoing().len());
        let rest = &UPLOAD[*pushed..];
        let taken = machine.push(&rest[..rest.len().min(7)], 64);
        *pushed += taken;
        if *pushed == UPLOAD.len() {
            machine.finish(&Fields::default());
        }
        if machine.outgoing().is_empty() {
            return;
        }
    }
}

/// What was read can be written and read again.
fn check_head(head: &ResponseHead) {
    let mut bytes = format!("{} {} {}\r\n", head.version.as_str(), head.status, head.reason).into_bytes();
    for field in head.fields.iter() {
        assert!(naive::token(field.name.as_bytes()).is_some());
        assert_eq!(naive::value(field.value).as_deref(), Some(field.value), "trimmed, and no line end in it");
        bytes.extend([field.name.as_bytes(), b":", field.value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    assert_eq!(HeadReader::new(WIDE).read(&bytes), Ok(Some((head.clone(), bytes.len()))));
}

/// The content is what stands after the head.
fn check_content(outcome: &Outcome, bytes: &[u8]) {
    let Some(head) = &outcome.head else {
        assert!(outcome.content.is_empty() && outcome.end != Ok(true));
        return;
    };
    let after = &bytes[outcome.head_end..];
    match outcome.remainder {
        Some(length) => {
            let there = usize::try_from(length).unwrap_or(usize::MAX).min(after.len());
            assert_eq!(outcome.content, after[..there]);
            assert_eq!(outcome.end == Ok(true), outcome.content.len() as u64 == length);
        }
        None if !outcome.is_switched && is_chunked(head) => match (naive::chunked(after), &outcome.end) {
            (Some((content, trailers, _)), Ok(true)) => {
                assert_eq!(outcome.content, content);
                assert_eq!(crate::chunked::lines(outcome.trailers.clone()), trailers);
            }
            (None, Ok(true)) => panic!("the machine takes what the naive decoder does not"),
            (_, _) => assert!(outcome.content.len() <= after.len()),
        },
        None if outcome.is_switched => {
            assert!(outcome.content.is_empty() && outcome.end == Ok(false), "it is HTTP no more");
            assert!(outcome.trailers.is_empty());
        }
        None => {
            assert_eq!(outcome.content, after);
            assert!(outcome.verdict.is_err() || outcome.end != Ok(true), "what ends with its connection keeps none");
        }
    }
}

/// Whether the last transfer coding is chunked; told by text alone.
fn is_chunked(head: &ResponseHead) -> bool {
    let codings = head.fields.joined("transfer-encoding").unwrap_or_default();
    let codings = String::from_utf8_lossy(&codings).to_lowercase();
    codings.split(',').map(str::trim).rfind(|coding| !coding.is_empty()) == Some("chunked")
}

/// What went out is a prefix of what should, whatever came in.
fn check_sent(plan: Plan, sent: &[u8]) {
    let Some(content) = sent.strip_prefix(REQUEST) else {
        assert!(!plan.is_sending && sent.is_empty());
        return;
    };
    match plan.outline.content {
        Content::None => assert!(content.is_empty()),
        Content::Length(_) => assert!(UPLOAD.starts_with(content)),
        Content::Chunked => {
            if let Some((content, trailers, used)) = naive::chunked(content) {
                assert_eq!((content.as_slice(), trailers.len(), used), (UPLOAD, 0, sent.len() - REQUEST.len()));
            }
        }
    }
}
