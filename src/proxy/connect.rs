//! The client's side of CONNECT (RFC 9110 section 9.3.6): asks an HTTP proxy for a tunnel.
//!
//! The head of CONNECT holds only what the proxy may know, and nothing of the request that will go through the tunnel.

use super::{Dialogue, Failure};
use crate::buffer::Buffer;
use crate::h1::drain::Budget;
use crate::h1::exchange::{Content, Event, Exchange, Outline};
use crate::h1::framing::MethodKind;
use crate::h1::request_head;
use crate::h1::response_head::ResponseHead;
use crate::http::head::{RequestHead, Version};
use crate::limits::Limits;

/// A CONNECT in progress.
pub struct Connect {
    machine: Exchange,
    /// The received heads with their bytes, interim ones too, in order; the session's limits bound them.
    heads: Vec<(ResponseHead, Vec<u8>)>,
}

impl Connect {
    /// The dialogue that this head begins.
    pub fn new(head: RequestHead<'_>, limits: Limits) -> Self {
        let outline = Outline {
            method: MethodKind::Connect,
            wants_upgrade: false,
            closes: false,
            content: Content::None,
            expects: false,
        };
        let machine = Exchange::new(outline, request_head::encode(&head), limits).forwarded().keeping_heads();
        Self { machine, heads: Vec::new() }
    }

    /// The heads of responses received since the last call, each with its bytes.
    pub fn take_heads(&mut self) -> Vec<(ResponseHead, Vec<u8>)> {
        std::mem::take(&mut self.heads)
    }
}

/// The head of a CONNECT to this place, with what the proxy may know. Credentials for the proxy are added where there are any.
pub fn head<'a>(place: &'a str, agent: Option<&'a str>) -> RequestHead<'a> {
    let mut head = RequestHead::new("CONNECT", place, Version::Http11, FIELDS);
    head.push("Host", place.as_bytes());
    if let Some(agent) = agent {
        head.push("User-Agent", agent.as_bytes());
    }
    head
}

/// How many fields a CONNECT has: Host, User-Agent, Proxy-Authorization.
const FIELDS: usize = 3;

/// The rest of a refusal: its content, which is discarded before the next CONNECT on the same connection.
pub struct Rest {
    machine: Exchange,
    budget: Budget,
}

impl Rest {
    /// The rest of this refused handshake, if discarding so many bytes lets the connection be kept.
    pub fn of(connect: Connect, most: u64) -> Option<Self> {
        let is_kept = connect.machine.verdict(&Buffer::default()).is_ok();
        let budget = Budget::new(most);
        (is_kept && budget.covers(&connect.machine)).then_some(Self { machine: connect.machine, budget })
    }
}

impl Dialogue for Rest {
    fn outgoing(&self) -> &[u8] {
        &[]
    }

    fn sent(&mut self, _count: usize) {}

    fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, Failure> {
        loop {
            match self.machine.receive(buffer, self.budget.piece()) {
                Ok(Event::Content(piece)) if self.budget.spend(piece.len()) => {}
                Ok(Event::Content(_)) => return Err(Failure::Broken("its refusal is too long to be read".into())),
                Ok(Event::End) if buffer.is_empty() => return Ok(true),
                Ok(Event::End) => return Err(Failure::Broken("it sent bytes beyond its refusal".into())),
                Ok(_) => return Ok(false),
                Err(error) => return Err(Failure::Broken(error.detail)),
            }
        }
    }

    fn end(&self) -> Failure {
        Failure::Broken("it closed the connection within its refusal".into())
    }
}

impl Dialogue for Connect {
    fn outgoing(&self) -> &[u8] {
        self.machine.outgoing()
    }

    fn sent(&mut self, count: usize) {
        self.machine.sent(count);
    }

    fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, Failure> {
        loop {
            match self.machine.receive(buffer, 1) {
                Ok(Event::Interim(head)) => self.heads.push((head, self.machine.take_head())),
                Ok(Event::Head(head)) => {
                    self.heads.push((head.clone(), self.machine.take_head()));
                    return if self.machine.is_switched() { Ok(true) } else { Err(Failure::Refused(Box::new(head))) };
                }
                // Only interim heads come before the final one.
                Ok(_) => return Ok(false),
                Err(error) => return Err(Failure::Broken(error.detail)),
            }
        }
    }

    fn end(&self) -> Failure {
        Failure::Broken("it closed the connection before it had answered CONNECT".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answer: &[u8]) -> (Result<bool, Failure>, Buffer, Connect) {
        let mut connect = Connect::new(head("a.test:443", None), Limits::default());
        connect.sent(usize::MAX);
        let mut buffer = Buffer::default();
        buffer.push(answer.to_vec());
        let outcome = connect.receive(&mut buffer);
        (outcome, buffer, connect)
    }

    #[test]
    fn heads() {
        let head = |place, agent| request_head::encode(&head(place, agent));
        assert_eq!(head("a.test:80", None), b"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n");
        let with_agent = b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nUser-Agent: me\r\n\r\n";
        assert_eq!(head("[::1]:80", Some("me")), with_agent);
    }

    #[test]
    fn every_2xx_is_a_tunnel_whatever_else_its_head_says() {
        for answer in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 Connection established\r\n\r\n",
            "HTTP/1.1 299\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 204 x\r\nContent-Length: nonsense\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            for length in 0..answer.len() {
                assert_eq!(after(&answer.as_bytes()[..length]).0, Ok(false), "{answer:?} {length}");
            }
            let (outcome, rest, _) = after(format!("{answer}stray").as_bytes());
            assert_eq!((outcome, rest.as_slice()), (Ok(true), &b"stray"[..]), "{answer:?}");
        }
    }

    #[test]
    fn everything_else_is_a_refusal_that_can_be_looked_at() {
        let (outcome, _, mut connect) = after(
            b"HTTP/1.1 102 x\r\n\r\nHTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 9\r\n\r\nbody",
        );
        let Err(Failure::Refused(head)) = outcome else { panic!("{outcome:?}") };
        assert_eq!((head.status, head.reason.as_str(), head.fields.len()), (407, "No", 2));
        assert_eq!(connect.take_heads().len(), 2);
        assert_eq!(connect.take_heads().len(), 0);
        for status in [300, 302, 400, 403, 502, 503, 504, 599, 600, 999] {
            let (outcome, ..) = after(format!("HTTP/1.1 {status} x\r\n\r\n").as_bytes());
            assert!(matches!(outcome, Err(Failure::Refused(head)) if head.status == status), "{status}");
        }
    }

    #[test]
    fn the_content_of_a_refusal_is_thrown_away_up_to_a_bound() {
        let rest = |head: &str, most| {
            let (_, buffer, connect) = after(format!("HTTP/1.1 407 No\r\n{head}").as_bytes());
            (Rest::of(connect, most), buffer)
        };
        for (head, content) in [
            ("Content-Length: 5\r\n\r\n", "hello"),
            ("Content-Length: 0\r\n\r\n", ""),
            ("Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        ] {
            for length in 0..content.len() {
                let (rest, mut buffer) = rest(&format!("{head}{}", &content[..length]), 5);
                assert_eq!(rest.unwrap().receive(&mut buffer), Ok(false));
            }
            let (rest, mut buffer) = rest(&format!("{head}{content}"), 5);
            assert_eq!(rest.unwrap().receive(&mut buffer), Ok(true));
        }
        for (head, is_promising) in [
            ("Content-Length: 6\r\n\r\nhello!", false),
            ("Connection: close\r\nContent-Length: 0\r\n\r\n", false),
            ("Proxy-Connection: close\r\nContent-Length: 0\r\n\r\n", false),
            ("\r\n", false),
            ("Transfer-Encoding: chunked\r\n\r\n6\r\nhello!", true),
            ("Content-Length: 5\r\n\r\nhello!", true),
        ] {
            let (rest, mut buffer) = rest(head, 5);
            assert_eq!(rest.is_some(), is_promising, "{head}");
            if let Some(mut rest) = rest {
                assert!(matches!(rest.receive(&mut buffer), Err(Failure::Broken(_))), "{head}");
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in [
            "SSH-2.0-x\r\n".to_owned(),
            "HTTP/1.1 101 Switching\r\n\r\n".into(),
            "HTTP/1.1 200 OK\r\nbad line\r\n\r\n".into(),
            format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(70_000)),
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(600)),
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(40),
        ] {
            let (outcome, ..) = after(answer.as_bytes());
            assert!(matches!(outcome, Err(Failure::Broken(_))), "{outcome:?}");
        }
    }

    #[test]
    fn an_answer_before_the_question_opens_nothing() {
        let mut connect = Connect::new(head("a:1", None), Limits::default());
        connect.sent(10);
        let mut buffer = Buffer::default();
        buffer.push(b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
        assert!(matches!(connect.receive(&mut buffer), Err(Failure::Broken(_))));
    }
}
