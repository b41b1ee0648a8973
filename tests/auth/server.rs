//! An origin that records requests and responds as a rule says. It uses nothing of the crate under test but the network.

use std::cell::RefCell;
use std::rc::Rc;

use xenon::net::sim::{Said, Script};

/// A request as received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) content: Vec<u8>,
    /// Whether its content waits for `100 Continue`. The rule is then called before and after the content.
    pub(crate) is_waiting: bool,
    /// The number of its connection, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    /// The value of this field, which must not occur twice.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.field("Authorization")
    }
}

/// Makes the bytes of the response to a request. The connection closes after a response that says so, and after an empty one.
pub(crate) type Rule = dyn FnMut(&Seen) -> String;

/// An origin, and the requests that it has received.
#[derive(Clone)]
pub(crate) struct Server {
    rule: Rc<RefCell<Box<Rule>>>,
    seen: Rc<RefCell<Vec<Seen>>>,
    connections: Rc<RefCell<usize>>,
}

impl Server {
    pub(crate) fn new(rule: impl FnMut(&Seen) -> String + 'static) -> Self {
        Self { rule: Rc::new(RefCell::new(Box::new(rule))), seen: Rc::default(), connections: Rc::default() }
    }

    /// The peer for its next connection.
    pub(crate) fn script(&self) -> Script {
        let server = self.clone();
        let mut received = Vec::new();
        let mut number = None;
        let mut was_told_to_go_on = false;
        let talk = move |bytes: &[u8]| {
            let connection = *number.get_or_insert_with(|| server.connections.replace_with(|number| *number + 1));
            received.extend_from_slice(bytes);
            let mut said = Said::default();
            while !said.is_over {
                let (request, length) = match read(&received) {
                    Read::Whole(request, length) => (request, length),
                    // A final response, before the content, or `100 Continue`.
                    Read::Head(request) if request.field("Expect").is_some() && !was_told_to_go_on => {
                        let answer = server.ask(Seen { connection, is_waiting: true, ..request });
                        if status(&answer) < 300 {
                            server.seen.borrow_mut().pop();
                            was_told_to_go_on = true;
                            said.bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                            continue;
                        }
                        said.is_over = true;
                        said.bytes.extend_from_slice(answer.as_bytes());
                        break;
                    }
                    Read::Head(_) | Read::Nothing => break,
                };
                received.drain(..length);
                was_told_to_go_on = false;
                let answer = server.ask(Seen { connection, ..request });
                said.is_over = answer.is_empty() || answer.contains("\r\nConnection: close\r\n");
                said.bytes.extend_from_slice(answer.as_bytes());
            }
            said
        };
        Script::new().talk(talk).close()
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// The requests since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        self.seen.take()
    }

    fn ask(&self, request: Seen) -> String {
        let mut answer = (self.rule.borrow_mut())(&request);
        if request.method == "HEAD" {
            answer.truncate(answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4));
        }
        self.seen.borrow_mut().push(request);
        answer
    }
}

/// A response with this content and these additional field lines.
pub(crate) fn response(status: &str, lines: &[&str], content: &str) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {}\r\n\r\n{content}", content.len())
}

pub(crate) fn ok(content: &str) -> String {
    response("200 OK", &[], content)
}

/// A 401 with these challenges, a line each.
pub(crate) fn asks(challenges: &[&str]) -> String {
    let lines: Vec<_> = challenges.iter().map(|challenge| format!("WWW-Authenticate: {challenge}")).collect();
    response("401 Unauthorized", &lines.iter().map(String::as_str).collect::<Vec<_>>(), "who is there?")
}

enum Read {
    Nothing,
    /// The content has not arrived yet.
    Head(Seen),
    /// The whole request, and its length in bytes.
    Whole(Seen, usize),
}

fn status(response: &str) -> u16 {
    // What is not a response ends it, too.
    response.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(999)
}

fn read(bytes: &[u8]) -> Read {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Read::Nothing;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap().split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let split = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let mut request = Seen { method, target, fields: lines.map(split).collect(), ..Seen::default() };
    let rest = &bytes[end + 4..];
    if request.field("Transfer-Encoding") == Some("chunked") {
        let mut at = 0;
        loop {
            let Some(line) = rest[at..].windows(2).position(|window| window == b"\r\n") else {
                return Read::Head(request);
            };
            let size = usize::from_str_radix(std::str::from_utf8(&rest[at..at + line]).unwrap(), 16).unwrap();
            let begin = at + line + 2;
            let Some(chunk) = rest.get(begin..begin + size + 2) else {
                return Read::Head(request);
            };
            request.content.extend_from_slice(&chunk[..size]);
            at = begin + size + 2;
            if size == 0 {
                return Read::Whole(request, end + 4 + at);
            }
        }
    }
    let length = request.field("Content-Length").map_or(0, |length| length.parse().unwrap());
    match rest.get(..length) {
        Some(content) => {
            request.content = content.to_vec();
            Read::Whole(request, end + 4 + length)
        }
        None => Read::Head(request),
    }
}
