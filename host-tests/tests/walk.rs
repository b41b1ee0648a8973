//! A random walk over the functions of the built component: any call at any time, on any handle, with any value. A trap or a
//! hang is a panic of the harness; nothing that a call answers is wrong here, but what is told must be fit for a log.
//!
//! The walk is the same each time, as far as the system's timing lets it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use xenon_harness::component::{
    AddressFamily, AuthSchemes, Deadlines, Error, Exchange, Guest, Limits, Request, Response, Session, Setup,
    TlsVersion, Version,
};

/// Calls of each walk, and walks.
const CALLS: usize = 3_000;
const WALKS: u64 = 3;

/// Handles of a kind at once.
const HANDLES: usize = 12;

const MILLISECOND: u64 = 1_000_000;

/// The password of all sessions.
const PASSWORD: &str = "hidden-words";

#[test]
fn thousands_of_random_calls_end_in_no_trap() {
    let port = serve();
    for seed in 0..WALKS {
        let guest = Guest::with(Setup { turns: seed != 1, ..Setup::default() });
        let before = guest.host_resources();
        let mut walk = Walk {
            guest: &guest,
            random: Random(seed),
            port,
            sessions: Vec::new(),
            requests: Vec::new(),
            exchanges: Vec::new(),
            responses: Vec::new(),
            answers: 0,
            errors: 0,
        };
        for _ in 0..CALLS {
            walk.call();
        }
        let (answers, errors) = (walk.answers, walk.errors);
        println!("walk {seed}: {answers} responses, {errors} errors");
        assert!(answers > 50 && errors > 50, "it leads nowhere: {answers} responses, {errors} errors");
        drop(walk);
        assert_nothing_left(&guest, before);
    }
}

/// Connections whose last bytes were still to go are swept away when others are made.
fn assert_nothing_left(guest: &Guest, before: usize) {
    let start = Instant::now();
    while guest.host_resources() > before + KEPT {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{} of the host's resources are left",
            guest.host_resources()
        );
        let session = guest.session("http", "127.0.0.1", 1);
        session.set_deadlines(short());
        let _ = session.get("/");
        guest.wait_any(&[], &[], &[], Some(Duration::from_millis(1)));
    }
}

/// What an instance keeps for itself once it has used it: the right to use the network, and a timer.
const KEPT: usize = 4;

struct Walk<'a> {
    guest: &'a Guest,
    random: Random,
    port: u16,
    sessions: Vec<Session>,
    requests: Vec<Request>,
    exchanges: Vec<Exchange>,
    responses: Vec<Response>,
    answers: usize,
    errors: usize,
}

impl Walk<'_> {
    fn call(&mut self) {
        match self.random.below(40) {
            0..=1 => self.make_session(),
            2 => drop(take(&mut self.sessions, &mut self.random)),
            3 => {
                if let Some(session) = pick(&self.sessions, &mut self.random) {
                    session.close_connection();
                }
            }
            4..=7 => self.set(),
            8..=9 => self.fetch(),
            10..=13 => self.make_request(),
            14..=15 => self.change_request(),
            16 => drop(take(&mut self.requests, &mut self.random)),
            17..=21 => self.start(),
            22..=28 => self.use_exchange(),
            29 => drop(take(&mut self.exchanges, &mut self.random)),
            30..=35 => self.use_response(),
            36 => drop(take(&mut self.responses, &mut self.random)),
            _ => {
                let exchanges: Vec<&Exchange> = self.exchanges.iter().collect();
                let responses: Vec<&Response> = self.responses.iter().collect();
                self.guest.wait_any(
                    &exchanges,
                    &responses,
                    &[],
                    Some(Duration::from_millis(self.random.below(3) as u64)),
                );
            }
        }
    }

    fn make_session(&mut self) {
        if self.sessions.len() >= HANDLES {
            return;
        }
        let scheme = self.random.one(&["http", "http", "http", "http", "https", "ftp"]);
        let host = self.random.one(&["127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "a b", ""]);
        let port = self.random.one(&[self.port, self.port, self.port, self.port, 1, 0]);
        let session = self.guest.session(scheme, host, port);
        session.set_deadlines(short());
        session.set_events(true);
        self.sessions.push(session);
    }

    fn set(&mut self) {
        let random = &mut self.random;
        let Some(session) = pick(&self.sessions, random) else { return };
        let outcome = match random.below(18) {
            0 => {
                session.set_limits(Limits {
                    connections: random.number(),
                    field_lines: random.number(),
                    line_length: random.number(),
                    head_length: random.number(),
                    interim_responses: random.number(),
                    drained: random.number(),
                    addresses: random.number(),
                    whole_content: u64::from(random.number()),
                    events: random.number(),
                });
                Ok(())
            }
            1 => {
                session.set_limits(Limits { connections: 1 + random.below(3) as u32, ..session.limits() });
                Ok(())
            }
            2 => {
                // That step alone has its default again.
                session.set_deadlines(Deadlines { write: 0, ..short() });
                Ok(())
            }
            3 => {
                session.set_deadlines(short());
                Ok(())
            }
            4 => session.set_addresses(&[random.one(&["127.0.0.1", "::1", "0.0.0.0", "x"]).to_owned()]),
            5 => session.set_addresses(&[]),
            6 => session.set_connect_to(Some((random.one(&["127.0.0.1", "", "a b"]), self.port))),
            7 => session.set_connect_to(None),
            8 => {
                let address = random.one(&[None, Some("127.0.0.1"), Some("::1"), Some("x")]);
                session.change_options(|options| options.set_local_address(address))
            }
            9 => {
                let agent = random.one(&[None, Some("a"), Some("a\r\nb")]);
                session.change_options(|options| options.set_user_agent(agent))
            }
            10 => {
                let roots = random.one(&[b"".as_slice(), b"x", b"-----BEGIN CERTIFICATE-----\n"]);
                session.change_tls(|tls| tls.add_roots(roots))
            }
            11 => {
                let versions = [TlsVersion::Tls12, TlsVersion::Tls13];
                let (oldest, newest) = (random.one(&versions), random.one(&versions));
                session.change_tls(|tls| tls.set_versions(oldest, newest))
            }
            14 => {
                let fields =
                    random.one(&[&[][..], &[("A", "b")], &[("A", "b"), ("Host", "c")], &[("Cookie", PASSWORD)]]);
                let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
                session.change_options(|options| {
                    let outcome = options.set_default_fields(&fields);
                    assert!(!format!("{:?}", options.default_fields()).contains(&format!("{:?}", PASSWORD.as_bytes())));
                    outcome
                })
            }
            15 => {
                let urls =
                    random.one(&[&[][..], &["127.0.0.1:1"], &["socks5h://joe:hidden-words@127.0.0.1:1"], &["x:y"]]);
                let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
                session.change_options(|options| {
                    let outcome = options.set_proxies(&urls);
                    assert!(options.proxies().iter().all(|url| !url.contains(PASSWORD)));
                    options.set_proxy_tls(&options.tls());
                    outcome
                })
            }
            16 => {
                // Sessions that share what they go by.
                let options = session.options();
                if let Some(other) = pick(&self.sessions, &mut self.random) {
                    other.set_options(&options.copy());
                }
                Ok(())
            }
            12 => {
                let (realm, ahead) = (random.one(&[None, Some("r")]), random.below(2) == 0);
                session.set_credentials(realm, random.one(&["joe", "jo:e", ""]), PASSWORD, AuthSchemes::all(), ahead)
            }
            13 => {
                session.forget_credentials(random.one(&[None, Some("r")]));
                let family = random.one(&[AddressFamily::Any, AddressFamily::Ipv4, AddressFamily::Ipv6]);
                session.change_options(|options| options.set_address_family(family));
                session.set_bearer_token(None, PASSWORD, None, random.below(2) == 0)
            }
            _ => {
                session.change_options(|options| options.set_persistent(random.below(4) > 0));
                let events = format!("{:?}", session.take_events());
                assert!(!events.contains(PASSWORD), "{events}");
                Ok(())
            }
        };
        self.note(outcome);
    }

    fn fetch(&mut self) {
        let Some(session) = pick(&self.sessions, &mut self.random) else { return };
        let target = target(&mut self.random);
        let outcome = match self.random.below(5) {
            0 => session.head(target),
            1 => session.post(target, "text/plain", b"hello"),
            2 => session.put(target, "a\r\nb", &[b'x'; 100_000]),
            3 => session.delete(target),
            _ => session.get(target),
        };
        self.note(outcome);
    }

    fn make_request(&mut self) {
        if self.requests.len() >= HANDLES {
            return;
        }
        let Some(session) = pick(&self.sessions, &mut self.random) else { return };
        let method = self.random.one(&["GET", "GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS", "", "A B"]);
        let request = session.request(method, target(&mut self.random));
        match self.random.below(3) {
            0 => request.set_streamed_content(self.random.one(&[None, Some(5), Some(0), Some(u64::MAX)])),
            1 => request.set_content(b"hello"),
            _ => {}
        }
        self.requests.push(request);
    }

    fn change_request(&mut self) {
        let random = &mut self.random;
        let Some(request) = pick(&self.requests, random) else { return };
        let outcome = match random.below(6) {
            0..=1 => {
                let name = random.one(&["A", "Host", "Connection", "Content-Length", "Expect", "", "A:"]);
                request.add_field(name, random.one(&["b", "close", "upgrade", "a\r\nb", ""]))
            }
            2 => request.add_field_bytes("A", &[random.below(256) as u8]),
            3 => {
                request.set_idempotent(random.below(2) == 0);
                Ok(())
            }
            4 => {
                request.set_expect_continue(random.below(2) == 0);
                Ok(())
            }
            _ => request.set_version(random.one(&[Version::Http11, Version::Http10, Version::Http2])),
        };
        self.note(outcome);
    }

    fn start(&mut self) {
        let Some(request) = pick(&self.requests, &mut self.random) else { return };
        if self.exchanges.len() >= HANDLES || self.responses.len() >= HANDLES {
            return;
        }
        if self.random.below(3) == 0 {
            let outcome = request.send();
            let response = self.note(outcome);
            self.responses.extend(response);
        } else {
            let outcome = request.start();
            if let Err(error) = &outcome {
                self.errors += 1;
                check(error);
            }
            self.exchanges.extend(outcome);
        }
    }

    fn use_exchange(&mut self) {
        let random = &mut self.random;
        let Some(exchange) = pick(&self.exchanges, random) else { return };
        let piece = random.one(&[b"".as_slice(), b"h", b"hello", &[b'x'; 70_000]]);
        match random.below(8) {
            0 => {
                let outcome = exchange.write(piece);
                self.note(outcome);
            }
            1 => {
                let outcome = exchange.try_write(piece);
                self.note(outcome.map(|_| ()));
            }
            2..=3 => {
                let name = random.one(&["A", "", "Content-Length"]).to_owned();
                let trailers = if random.below(3) == 0 { vec![(name, b"b".to_vec())] } else { Vec::new() };
                let outcome = exchange.finish(&trailers);
                self.note(outcome);
            }
            4 => drop(exchange.interim_responses()),
            5 => exchange.cancel(),
            6 => {
                let outcome = exchange.response();
                let response = self.note(outcome);
                self.responses.extend(response);
            }
            _ => {
                let outcome = exchange.try_response();
                let response = self.note(outcome);
                self.responses.extend(response.flatten());
            }
        }
    }

    fn use_response(&mut self) {
        let random = &mut self.random;
        let Some(response) = pick(&self.responses, random) else { return };
        let max = random.one(&[0, 1, 100, 1 << 16, u32::MAX]);
        match random.below(8) {
            0 => {
                let outcome = response.read(max);
                self.note(outcome.map(|_| ()));
            }
            6 => {
                let outcome = response.read_words(max);
                self.note(outcome.map(|_| ()));
            }
            7 => {
                let outcome = response.try_read_words(max);
                self.note(outcome.map(|_| ()));
            }
            1..=2 => {
                let outcome = response.try_read(max);
                self.note(outcome.map(|_| ()));
            }
            3 => {
                let outcome = response.read_to_end();
                self.note(outcome.map(|_| ()));
            }
            4 => drop((response.trailers(), response.challenges(), response.peer_certificates())),
            _ => drop((response.fields(), response.field("A"), response.connection(), response.interim_responses())),
        }
    }

    fn note<T>(&mut self, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(answer) => {
                self.answers += 1;
                Some(answer)
            }
            Err(error) => {
                self.errors += 1;
                check(&error);
                None
            }
        }
    }
}

fn target(random: &mut Random) -> &'static str {
    random.one(&["/", "/", "/", "/", "/a?b", "127.0.0.1:80", "*", "", "/a b", "/\r\nA: b"])
}

fn check(error: &Error) {
    let told = &error.detail;
    assert!(!told.is_empty() && told.chars().count() <= 512 && !told.chars().any(char::is_control), "{error:?}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
}

/// So short that a walk is over soon, whatever a peer does.
fn short() -> Deadlines {
    let step = 20 * MILLISECOND;
    Deadlines {
        lookup: 500 * MILLISECOND,
        attempt: step,
        connect: step,
        handshake: step,
        proxy: step,
        write: step,
        first_byte: step,
        between_bytes: step,
        expect_continue: step,
        exchange: 4 * step,
    }
}

fn pick<'a, T>(handles: &'a [T], random: &mut Random) -> Option<&'a T> {
    handles.get(random.below(handles.len()))
}

fn take<T>(handles: &mut Vec<T>, random: &mut Random) -> Option<T> {
    if handles.is_empty() { None } else { Some(handles.swap_remove(random.below(handles.len()))) }
}

/// A linear congruential generator: the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn number(&mut self) -> u32 {
        self.one(&[0, 1, 2, 100, 10_000, 1 << 20, u32::MAX])
    }
}

// ------------------------------------------------------------------------------------------------------------ the peer

/// A server whose every connection behaves in another way. It ends with the process.
fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            thread::spawn(move || drop(behave(stream, number)));
        }
    });
    port
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What a connection answers to each head that comes.
fn behave(mut stream: TcpStream, number: usize) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n";
    let twice = format!("{OK}{OK}");
    let asks = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}", "x".repeat(200_000));
    let (answer, ends): (&str, bool) = match number % 12 {
        0..=3 => (OK, false),
        4 => (chunked, false),
        5 => (&twice, false),
        6 => (OK, true),
        7 => (asks, false),
        8 => ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end", true),
        9 => (&large, false),
        10 => ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut", true),
        _ => ("nonsense\r\n\r\n", true),
    };
    let mut seen = Vec::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        seen.extend_from_slice(&piece[..count]);
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            seen.drain(..end + 4);
            stream.write_all(answer.as_bytes())?;
            if ends {
                return Ok(());
            }
        }
        // What is left may be content without an end.
        let surplus = seen.len().saturating_sub(3);
        seen.drain(..surplus);
    }
}
