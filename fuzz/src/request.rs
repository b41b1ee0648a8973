//! What a caller says of a request: it is refused, or goes out as one request that a naive reader reads as what was said.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xenon::error::Phase;
use xenon::http::fields::Fields;
use xenon::http::head::Version;
use xenon::http::origin::{Host, Origin};
use xenon::net::sim::{Script, SimNet};
use xenon::session::Session;

use crate::naive::{self, Lines};
use crate::split;

const PEER: &str = "10.0.0.1:80";

/// Between the parts of an input. No part can hold it; bytes like it they can.
const SEPARATOR: u8 = 0xff;

/// A request as it went out.
pub(crate) struct Sent {
    method: String,
    target: String,
    version: String,
    fields: Lines,
    content: Vec<u8>,
}

/// How the content is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Not,
    Bytes,
    Streamed,
    StreamedWithLength,
}

/// Input: two bytes of choices, the port; then with separators method, target, scheme, host, user agent, content; and names
/// and values of fields.
pub fn check(input: &[u8]) {
    let ([choices, more, port @ ..], parts) = split::<4>(input);
    let port = u16::from_be_bytes(port);
    let mut parts = parts.split(|byte| *byte == SEPARATOR);
    let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (method, target, scheme, host, agent) = (text(), text(), text(), text(), text());
    let content = parts.next().unwrap_or_default();
    let given = [Given::Not, Given::Bytes, Given::Streamed, Given::StreamedWithLength][usize::from(choices & 3)];
    let is_old = choices & 4 != 0;

    let net = SimNet::new();
    net.listen(PEER.parse().expect("an address"), [Script::new().drain()]);
    let session = Session::new(net.clone(), &scheme, &host, port);
    let mut has_agent = true;
    session.set_addresses(&[PEER.to_owned()]).expect("an address");
    session.change_options(|options| {
        options.is_persistent = choices & 8 == 0;
        has_agent = options.set_user_agent(Some(agent.clone())).is_ok();
        assert_eq!(has_agent, naive::value(agent.as_bytes()).is_some());
    });
    let mut request = session.request(&method, &target);
    match given {
        Given::Not => {}
        Given::Bytes => request.set_content(content.to_vec()),
        Given::Streamed => request.set_streamed_content(None),
        Given::StreamedWithLength => request.set_streamed_content(Some(content.len() as u64)),
    }
    request.set_version(if is_old { Version::Http10 } else { Version::Http11 });
    request.set_expect_continue(choices & 16 != 0);
    let mut fields = Lines::new();
    while let Some(name) = parts.next() {
        let (name, value) = (String::from_utf8_lossy(name), parts.next().unwrap_or_default());
        match request.add_field(&name, value.to_vec()) {
            Ok(()) => {
                assert!(naive::token(name.as_bytes()).is_some());
                fields.push((name.into_owned(), naive::value(value).expect("what is accepted can be sent")));
            }
            Err(error) => assert_eq!(error.phase, Phase::Setup),
        }
    }

    let is_origin = check_origin(&scheme, &host, port);
    let exchange = match request.start(more & 1 == 0) {
        Ok(exchange) => exchange,
        Err(error) => {
            assert_eq!((error.phase, net.attempts().len(), net.steps()), (Phase::Setup, 0, 0));
            return;
        }
    };
    assert!(is_origin);
    if scheme.eq_ignore_ascii_case("https") {
        // What goes out then is for the server's eyes alone.
        return;
    }
    if matches!(given, Given::Streamed | Given::StreamedWithLength) {
        let is_taken = exchange.try_write(content.to_vec()).expect("it is streamed").is_ok();
        assert!(is_taken, "there is room for one piece");
        exchange.finish(Fields::default()).expect("its length is right");
    }
    // The peer says nothing, so in the end it fails; by then all has gone that will.
    assert!(net.run(poll_fn(|context| exchange.poll_response(context))).is_err());
    assert_eq!((net.connections(), net.open_connections()), (1, 0));

    let sent = read(&net.sent(0)).expect("one request, complete");
    assert_eq!((&sent.method, &sent.target), (&method, &target));
    assert_eq!(sent.version, if is_old { "HTTP/1.0" } else { "HTTP/1.1" });
    check_request_line(&method, &target);
    check_fields(&sent, &fields, has_agent.then_some(agent.as_str()));
    check_host(&sent, &fields, &scheme, &host, port);
    assert_eq!(sent.content, if given == Given::Not { b"".as_slice() } else { content });
}

/// One request and nothing else, read in the plainest way.
pub(crate) fn read(bytes: &[u8]) -> Option<Sent> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, content) = bytes.split_at(end + 4);
    let line_end = head.windows(2).position(|two| two == b"\r\n")?;
    let (line, lines) = head.split_at(line_end + 2);
    // Every CR and every LF is half of a line end.
    let count = |byte| head.iter().filter(|other| **other == byte).count();
    let pairs = head.windows(2).filter(|two| two == b"\r\n").count();
    assert_eq!((count(b'\r'), count(b'\n')), (pairs, pairs));
    let (fields, _) = naive::field_lines(lines)?;
    assert_eq!(pairs, fields.len() + 2);

    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let [method, target, version] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let named = |name| fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).collect::<Vec<_>>();
    let content = match (named("content-length").as_slice(), named("transfer-encoding").as_slice()) {
        ([], []) => b"".to_vec(),
        ([(_, length)], []) => {
            assert_eq!(std::str::from_utf8(length), Ok(content.len().to_string().as_str()));
            content.to_vec()
        }
        ([], [(_, coding)]) if coding == b"chunked" => {
            let (decoded, _, used) = naive::chunked(content)?;
            assert_eq!(used, content.len());
            decoded
        }
        _ => return None,
    };
    Some(Sent { method: method.into(), target: target.into(), version: version.into(), fields, content })
}

fn check_request_line(method: &str, target: &str) {
    assert!(naive::token(method.as_bytes()).is_some());
    assert!(!target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
    if method == "CONNECT" {
        let (host, port) = target.rsplit_once(':').expect("host:port");
        assert!(is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
    } else {
        let is_star = method == "OPTIONS" && target == "*";
        assert!(is_star || target.starts_with('/') || target.split('/').nth(1) == Some(""), "none of the forms");
    }
}

/// The caller's fields are all there, in order; what else is there was not the caller's to say.
fn check_fields(sent: &Sent, fields: &Lines, agent: Option<&str>) {
    let is_own = |name: &str| {
        const OWN: [&str; 6] = ["host", "user-agent", "content-length", "transfer-encoding", "expect", "connection"];
        OWN.contains(&name.to_ascii_lowercase().as_str())
    };
    // Host comes first, wherever the caller says it.
    let is_host = |line: &&(String, Vec<u8>)| line.0.eq_ignore_ascii_case("host");
    assert!(fields.iter().filter(is_host).all(|line| *line == sent.fields[0]));
    let mut theirs = fields.iter().filter(|line| !is_host(line)).peekable();
    for line in &sent.fields {
        if theirs.peek() == Some(&line) {
            theirs.next();
        } else {
            assert!(is_own(&line.0), "{:?} is nobody's", line.0);
        }
    }
    assert_eq!(theirs.next(), None, "a field of the caller's is missing");
    for name in ["content-length", "transfer-encoding"] {
        assert!(!fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    }
    let agents: Vec<_> = sent.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent")).collect();
    assert_eq!(agents.len(), 1);
    if let (Some(agent), false) = (agent, fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))) {
        assert_eq!(Some(&agents[0].1), naive::value(agent.as_bytes()).as_ref());
    }
}

/// Host is there once, and names the origin unless the caller or the target names another.
fn check_host(sent: &Sent, fields: &Lines, scheme: &str, host: &str, port: u16) {
    let hosts: Vec<_> = sent.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).collect();
    assert_eq!(hosts.len(), 1);
    if fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        return;
    }
    assert_eq!(&sent.fields[0], hosts[0], "Host comes first");
    let said = std::str::from_utf8(&hosts[0].1).expect("ASCII");
    if sent.method == "CONNECT" {
        assert_eq!(said, sent.target);
        return;
    }
    if let Some((_, rest)) = sent.target.split_once("://").filter(|_| !sent.target.starts_with('/')) {
        assert_eq!(Some(said), rest.split(['/', '?']).next());
        return;
    }
    // What it says is the same origin again.
    let (said, said_port) = match said.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().expect("a port")),
        _ => (said, 80),
    };
    assert_eq!(Origin::parse(scheme, said, said_port), Origin::parse(scheme, host, port));
}

/// Whether these parts are an origin; the library thinks so too, and what it makes of a host stays what it is.
fn check_origin(scheme: &str, host: &str, port: u16) -> bool {
    let origin = Origin::parse(scheme, host, port);
    let is_scheme = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    assert_eq!(origin.is_ok(), is_scheme && is_host(host) && port != 0);
    if let Ok(origin) = &origin {
        assert_eq!(Host::parse(&origin.host.to_string()).as_ref(), Ok(&origin.host));
        match &origin.host {
            Host::Name(name) => assert_eq!(*name, host.to_ascii_lowercase()),
            Host::Address(address) => {
                assert_eq!(host.trim_matches(['[', ']']).parse::<IpAddr>().as_ref(), Ok(address));
            }
        }
    }
    origin.is_ok()
}

/// Whether this can be the host of an origin.
fn is_host(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if inner.unwrap_or(text).parse::<Ipv6Addr>().is_ok() || text.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let is_such = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
        (1..=63).contains(&label.len()) && label.chars().all(is_such)
    };
    // A last part that someone takes for a number makes the whole an address to them.
    let last = name.split('.').next_back().unwrap_or_default().to_lowercase();
    let is_hexadecimal =
        last.strip_prefix("0x").is_some_and(|digits| digits.chars().all(|char| char.is_ascii_hexdigit()));
    let is_number = is_hexadecimal || last.chars().all(|char| char.is_ascii_digit());
    name.len() <= 253 && name.split('.').all(is_label) && !is_number
}
