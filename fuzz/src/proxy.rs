//! What proxies say before a tunnel is open, and what callers say of proxies: the same however its bytes are cut, and as a
//! naive reader has it; no request, and nobody's credentials, where they do not belong.

use std::time::Duration;

use xenon::auth::{Login, Schemes};
use xenon::buffer::Buffer;
use xenon::http::origin::Host;
use xenon::limits::Limits;
use xenon::net::Net;
use xenon::net::sim::{Script, Segments, SimNet};
use xenon::proxy::connect::{self, Connect, Rest};
use xenon::proxy::exemptions::Exemptions;
use xenon::proxy::server::Proxy;
use xenon::proxy::socks::{Socks, Version};
use xenon::proxy::{Dialogue, Failure};
use xenon::secret::Secret;
use xenon::session::Session;
use xenon::session::whole;

use crate::cuts::{Cut, pieces};
use crate::split;

/// What came of a dialogue, however it was cut.
#[derive(Debug, PartialEq)]
enum End {
    Open,
    More,
    Refused(u16),
    Broken,
    SocksRefused(Option<u8>),
    SocksBroken,
}

/// What came of some bytes.
#[derive(Debug, PartialEq)]
struct Outcome {
    end: End,
    /// How many of the bytes were used, if it is open.
    used: Option<usize>,
    /// What was said.
    said: Vec<Vec<u8>>,
}

/// Input: which dialogue and with whom; how to cut; what the proxy says.
pub fn check(input: &[u8]) {
    let ([how, seed], bytes) = split(input);
    let has_login = how & 4 != 0;
    // A proxy that says the secrets by itself is quoted, as any is.
    if how & 3 != 3 && SECRETS.iter().any(|secret| bytes.windows(secret.len()).any(|said| said == secret.as_bytes())) {
        return;
    }
    match how & 3 {
        0 => {
            let open = check_socks(Version::Five, has_login, seed, bytes);
            assert_eq!(open, naive_five(bytes, has_login));
            check_session("socks5h", how, seed, bytes, open.is_some());
        }
        1 => {
            let open = check_socks(Version::Four, has_login, seed, bytes);
            assert_eq!(open, naive_four(bytes));
            check_session("socks4a", how, seed, bytes, open.is_some());
        }
        2 => {
            let open = check_connect(seed, bytes);
            // After a challenge that is answered, what comes next may open it.
            check_session("http", how, seed, bytes, open.is_some() || has_login);
        }
        _ => check_settings(bytes),
    }
}

/// Two passwords, and `you:hidden` and `me:secret` as Basic has them.
const SECRETS: [&str; 4] = ["hidden", "secret", ORIGINS, PROXYS];
const ORIGINS: &str = "eW91OmhpZGRlbg==";
const PROXYS: &str = "bWU6c2VjcmV0";

fn login() -> Login {
    Login { user: "me".into(), password: Secret::new("secret") }
}

fn check_socks(version: Version, has_login: bool, seed: u8, bytes: &[u8]) -> Option<usize> {
    let login = has_login.then(login);
    let make = || Socks::new(version, &Host::Name("a.test".into()), 80, login.as_ref()).expect("it has room for it");
    let (whole, _) = run(make(), bytes, Cut::Whole);
    check_cuts(make, bytes, seed, &whole);
    whole.used
}

fn check_connect(seed: u8, bytes: &[u8]) -> Option<usize> {
    let make = || Connect::new(connect::head("a.test:80", None), Limits::default());
    let (whole, dialogue) = run(make(), bytes, Cut::Whole);
    check_cuts(make, bytes, seed, &whole);
    if let Some(used) = whole.used {
        assert!(bytes[..used].ends_with(b"\n"), "it ends with the empty line");
    }
    // What is left of a refusal has a bound, and an end that is the same however it is cut.
    if let (End::Refused(_), Some(rest)) = (&whole.end, Rest::of(dialogue, 100)) {
        let mut buffer = Buffer::default();
        let (mut dialogue, length) = (rest, head_length(bytes));
        for piece in pieces(&bytes[length..], Cut::Random(seed)) {
            buffer.push(piece.to_vec());
            if dialogue.receive(&mut buffer) != Ok(false) {
                break;
            }
            assert!(buffer.len() <= 70_000);
        }
    }
    whole.used
}

/// How many bytes the machine takes for its answer, found by giving them one by one.
fn head_length(bytes: &[u8]) -> usize {
    let mut dialogue = Connect::new(connect::head("a.test:80", None), Limits::default());
    dialogue.sent(usize::MAX);
    let mut buffer = Buffer::default();
    for (number, byte) in bytes.iter().enumerate() {
        buffer.push(vec![*byte]);
        if dialogue.receive(&mut buffer) != Ok(false) {
            return number + 1;
        }
    }
    bytes.len()
}

fn check_cuts<D: Dialogue>(make: impl Fn() -> D, bytes: &[u8], seed: u8, whole: &Outcome) {
    for cut in [Cut::Bytes, Cut::Random(seed)] {
        assert_eq!(&run(make(), bytes, cut).0, whole, "{cut:?}");
    }
}

/// Says all that the dialogue wants to say, and gives it these bytes.
fn run<D: Dialogue>(mut dialogue: D, bytes: &[u8], cut: Cut) -> (Outcome, D) {
    let mut buffer = Buffer::default();
    let (mut given, mut said) = (0, Vec::new());
    let mut result = Ok(false);
    for piece in std::iter::once(&b""[..]).chain(pieces(bytes, cut)) {
        if !piece.is_empty() {
            buffer.push(piece.to_vec());
            given += piece.len();
        }
        loop {
            let outgoing = dialogue.outgoing().to_vec();
            let is_silent = outgoing.is_empty();
            if !is_silent {
                assert!(outgoing.len() < 1024);
                said.push(outgoing);
                dialogue.sent(usize::MAX);
            }
            result = dialogue.receive(&mut buffer);
            if result != Ok(false) || (dialogue.outgoing().is_empty() && is_silent) {
                break;
            }
        }
        if result != Ok(false) {
            break;
        }
    }
    let used = (result == Ok(true)).then(|| given - buffer.len());
    let end = match result {
        Ok(true) => End::Open,
        Ok(false) => End::More,
        Err(Failure::Refused(head)) => End::Refused(head.status),
        Err(Failure::Broken(words)) => broken(&words, End::Broken),
        Err(Failure::SocksRefused(code, words)) => broken(&words, End::SocksRefused(code)),
        Err(Failure::SocksBroken(words)) => broken(&words, End::SocksBroken),
    };
    (Outcome { end, used, said }, dialogue)
}

fn broken(words: &str, end: End) -> End {
    assert!(!words.contains("secret") && words.len() < 500, "{words}");
    end
}

/// How many bytes of these open a tunnel, in SOCKS 5.
fn naive_five(bytes: &[u8], has_login: bool) -> Option<usize> {
    let rest = match bytes {
        [5, 0, rest @ ..] => rest,
        [5, 2, 1, 0, rest @ ..] if has_login => rest,
        _ => return None,
    };
    let length = match rest {
        [5, 0, _, 1, ..] => 10,
        [5, 0, _, 4, ..] => 22,
        [5, 0, _, 3, length, ..] => 7 + usize::from(*length),
        _ => return None,
    };
    (rest.len() >= length).then_some(bytes.len() - rest.len() + length)
}

fn naive_four(bytes: &[u8]) -> Option<usize> {
    matches!(bytes, [0, 90, _, _, _, _, _, _, ..]).then_some(8)
}

/// A whole session through a proxy that says this, whatever it hears.
fn check_session(kind: &str, how: u8, seed: u8, bytes: &[u8], is_open: bool) {
    let net = SimNet::new();
    let at = "10.0.0.9:1080".parse().expect("an address");
    let end = |script: Script| if how & 8 == 0 { script.drain() } else { script.end_sending().drain() };
    net.listen(at, (0..20).map(|_| end(Script::new().send(bytes))));
    net.set_segments(if how & 16 == 0 { Segments::Whole } else { Segments::Random(seed.into()) });
    let session = Session::new(net.clone(), "http", "origin.test", 80);
    session.set_events(true);
    let user = if how & 4 == 0 { "" } else { "me:secret@" };
    let is_forwarded = kind == "http" && how & 32 != 0;
    session.change_options(|options| {
        options.proxying.set_proxies(&[format!("{kind}://{user}10.0.0.9:1080")]).expect("a proxy");
        options.proxying.tunnels_all = !is_forwarded;
        options.proxying.goes_ahead = how & 64 != 0;
    });
    let schemes = Schemes { basic: true, ..Schemes::default() };
    let own = Login { user: "you".into(), password: Secret::new("hidden") };
    session.change_credentials(|known| known.set_login(None, own, schemes, true)).expect("a login");
    let begin = net.now();
    let outcome = net.run(whole::fetch(&session.request("GET", "/"), false));
    assert!(net.now().since(begin) <= Duration::from_secs(3600), "it ends in time");
    let told = format!("{:?} {:?}", outcome.as_ref().err(), session.take_events());
    assert!(SECRETS.iter().all(|secret| !told.contains(secret)));
    drop(session);
    assert_eq!(net.open_connections(), 0);
    assert!(net.lookups().is_empty(), "the origin's name is the proxy's to look up");
    for connection in 0..net.connections() {
        let sent = String::from_utf8_lossy(&net.sent(connection)).into_owned();
        for head in sent.split_inclusive("\r\n\r\n") {
            if head.starts_with("CONNECT ") {
                assert!(!head.contains(ORIGINS) && !head.contains("\r\nAuthorization"), "{head}");
            } else if head.contains("GET /") {
                assert!(is_open && !head.contains(PROXYS), "{head}");
            } else if head.contains("GET http://origin.test/ ") {
                assert!(is_forwarded, "{head}");
            }
        }
    }
}

/// What a caller says: a proxy's URL, or a list of exemptions.
fn check_settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Proxy::parse(&text) {
        Ok(proxy) => {
            let shown = proxy.to_string();
            let again = Proxy::parse(&shown).expect("what it is without its credentials");
            assert_eq!((again.to_string(), again.login.is_none()), (shown, true));
        }
        Err(words) => assert!(words.len() < 500 && !words.contains(|c: char| c.is_control()), "{words:?}"),
    }
    let entries: Vec<&str> = text.split(',').collect();
    if let Ok(exemptions) = Exemptions::parse(&entries) {
        let all = entries.contains(&"*");
        for host in ["a.test", "test", "10.0.0.1", "::1"] {
            let is_exempt = exemptions.contain(&Host::parse(host).expect("a host"), 80);
            assert!(is_exempt || !all);
            // One by one they say the same as together.
            let each = entries.iter().any(|entry| {
                let one = Exemptions::parse(&[entry]).expect("it was one of those");
                one.contain(&Host::parse(host).expect("a host"), 80)
            });
            assert_eq!(is_exempt, each);
        }
    }
}
