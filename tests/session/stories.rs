//! Stories of a session and its peers, for who wants to see them go wrong: what is done, in which world.
//!
//! Each goes well by itself. A peer takes whatever comes on a second connection as it did on the first.

use std::time::Duration;

use xenon::error::{Code, Error};
use xenon::http::fields::Fields;
use xenon::net::sim::{Script, SimNet};

use crate::support::*;

/// Something that is done with a session, and what came of it: each in the order of the story.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) arrange: fn(&SimNet),
    pub(crate) run: fn(&SimNet, &Session) -> Vec<Outcome>,
}

/// `hello, hello, hello` in gzip.
pub(crate) const HELLO_GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9\xd7Q\xc8@\xa2\x00\x9f\xa1\xca\x09\x13\x00\x00\x00";

pub(crate) type Outcome = Result<String, Error>;

/// The longest that one failure can hold up an exchange: no permission, and then no first byte.
pub(crate) const LONGEST: Duration = Duration::from_secs(61);

pub(crate) const STORIES: &[Story] = &[
    Story { name: "GET", arrange: |net| serve(net, answers(1)), run: |net, session| vec![get(net, session)] },
    Story {
        name: "GET of an address",
        arrange: |net| net.listen(at("[::1]:80"), [answers(9), answers(9), answers(9)]),
        run: |net, session| {
            session.set_addresses(&["::1".into()]).unwrap();
            vec![get(net, session), get(net, session)]
        },
    },
    Story {
        name: "GET of chunked content with trailers",
        arrange: |net| {
            let chunked =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nA: b\r\n\r\n";
            serve(net, Script::new().expect_head().send(chunked));
        },
        run: |net, session| vec![send_all(net, &session.request("GET", "/"))],
    },
    Story {
        name: "GET of coded content",
        arrange: |net| {
            let mut coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 29\r\n\r\n".to_vec();
            coded.extend(HELLO_GZIP);
            serve(net, Script::new().expect_head().send(coded));
        },
        run: |net, session| {
            session.change_options(|options| options.is_decoding = true);
            vec![get(net, session), get(net, session)]
        },
    },
    Story {
        name: "GET of content to the end",
        arrange: |net| serve_first(net, Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nok").close()),
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "HEAD, then a 204, then a 304",
        arrange: |net| {
            let heads = ["200 OK", "204 No Content", "304 Not Modified"];
            serve(
                net,
                heads.iter().fold(Script::new(), |script, status| {
                    script.expect_head().send(format!("HTTP/1.1 {status}\r\nA: b\r\n{}\r\n", "Content-Length: 5\r\n"))
                }),
            );
        },
        // Whatever comes first on a connection: none has content.
        run: |net, session| {
            (0..3).map(|_| send_all(net, &session.request("HEAD", "/")).map(|whole| whole[3..].to_owned())).collect()
        },
    },
    Story {
        name: "interim responses",
        arrange: |net| {
            let interims = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
            serve(net, Script::new().expect_head().send(interims).send(ok("ok")));
        },
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "content in small pieces, some of it late",
        arrange: |net| {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
            serve(
                net,
                Script::new()
                    .expect_head()
                    .delay(SECOND)
                    .send(head)
                    .delay(SECOND)
                    .send("abc")
                    .delay(SECOND)
                    .send("defghi"),
            );
        },
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "PUT of bytes",
        arrange: |net| serve(net, Script::new().expect_head().expect("hello").send(ok("ok"))),
        run: |net, session| vec![send_all(net, &put(session, "hello"))],
    },
    Story {
        name: "PUT of many bytes",
        arrange: |net| {
            let script = Script::new().expect_head().expect_bytes(100_000).delay(SECOND).expect_bytes(100_000);
            serve(net, script.send(ok("ok")));
        },
        run: |net, session| vec![send_all(net, &put(session, vec![b'x'; 200_000]))],
    },
    Story {
        name: "POST of bytes, then another",
        // Where it is in its script does not matter: content that it has not read is part of the next head to it.
        arrange: |net| serve(net, answers(9)),
        run: |net, session| {
            let targets = ["/once-1", "/once-2"];
            targets.map(|target| send_all(net, &post(session, target, "hello"))).into()
        },
    },
    Story {
        name: "a stream of known length",
        arrange: |net| serve(net, Script::new().expect_head().expect("hello world").send(ok("ok"))),
        run: |net, session| {
            let mut request = session.request("POST", "/once");
            request.set_streamed_content(Some(11));
            vec![request.start(true).and_then(|exchange| upload(net, &exchange, &["hello", " ", "world"], &[]))]
        },
    },
    Story {
        name: "a stream of unknown length with trailers",
        arrange: |net| {
            serve(net, Script::new().expect_head().expect("5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n").send(ok("ok")));
        },
        run: |net, session| {
            let mut request = session.request("PUT", "/");
            request.set_streamed_content(None);
            vec![request.start(true).and_then(|exchange| upload(net, &exchange, &["hello", "!"], &[("A", "b")]))]
        },
    },
    Story {
        name: "permission given",
        arrange: |net| {
            let permits = Script::new().expect_head().send("HTTP/1.1 100 Continue\r\n\r\n");
            serve(net, permits.expect("hello").send(ok("ok")));
        },
        run: |net, session| {
            let mut request = post(session, "/once", "hello");
            request.set_expect_continue(true);
            vec![send_all(net, &request)]
        },
    },
    Story {
        name: "permission refused",
        arrange: |net| {
            let refusal = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno";
            serve(net, Script::new().expect_head().send(refusal));
        },
        run: |net, session| {
            let mut request = session.request("PUT", "/");
            request.set_streamed_content(Some(5));
            request.set_expect_continue(true);
            vec![request.start(true).and_then(|exchange| upload(net, &exchange, &["hello"], &[]))]
        },
    },
    Story {
        name: "permission never spoken of",
        arrange: |net| serve(net, Script::new().expect_head().expect("hello").send(ok("ok"))),
        run: |net, session| {
            let mut request = put(session, "hello");
            request.set_expect_continue(true);
            vec![send_all(net, &request)]
        },
    },
    Story {
        name: "three requests on one connection",
        arrange: |net| serve(net, answers(3)),
        run: |net, session| (0..3).map(|_| get(net, session)).collect(),
    },
    Story {
        name: "a GET, then a POST",
        arrange: |net| serve(net, answers(9)),
        run: |net, session| vec![get(net, session), send_all(net, &session.request("POST", "/once"))],
    },
    Story {
        name: "connections that are not kept",
        arrange: |net| net.listen(at(PEER), (0..9).map(|_| answers(1).expect_end())),
        run: |net, session| {
            session.change_options(|options| options.is_persistent = false);
            vec![get(net, session), get(net, session)]
        },
    },
    Story {
        name: "a connection that has gone stale",
        arrange: |net| serve_first(net, answers(1).expect_head().close()),
        run: |net, session| vec![get(net, session), get(net, session)],
    },
    Story {
        name: "a connection that has gone stale under a POST",
        arrange: |net| serve_first(net, answers(1).expect_head().reset()),
        run: |net, session| {
            let first = get(net, session);
            let second = send_all(net, &session.request("POST", "/once"));
            // That it may be sent again is as good here as that it was answered, by a connection made for it.
            vec![first, second.or_else(|error| if error.may_retry { Ok("200 ok".into()) } else { Err(error) })]
        },
    },
    Story {
        name: "a 408",
        arrange: |net| {
            let gives_up = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            serve_first(net, answers(1).expect_head().send(gives_up).close());
        },
        run: |net, session| vec![get(net, session), get(net, session)],
    },
    Story {
        name: "a connection that was closed meanwhile",
        arrange: |net| serve_first(net, answers(1).close()),
        run: |net, session| vec![get(net, session), send_all(net, &session.request("POST", "/once"))],
    },
    Story {
        name: "two addresses, the first refuses",
        arrange: |net| {
            net.name(NAME, [ip("10.0.0.9"), at(PEER).ip()]);
            serve(net, answers(1));
        },
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "two addresses, the first is silent",
        arrange: |net| {
            net.name(NAME, [ip("::9"), at(PEER).ip()]);
            net.listen_after(at("[::9]:80"), None, []);
            serve(net, answers(1));
        },
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "an early refusal",
        arrange: |net| {
            let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";
            net.listen(at(PEER), (0..9).map(|_| Script::new().expect_head().expect_bytes(1000).send(refusal).reset()));
        },
        run: |net, session| vec![send_all(net, &put(session, vec![b'x'; 200_000]))],
    },
    Story {
        name: "an early success, and an echo",
        arrange: |net| {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let echo = Script::new().expect_head().send(head).expect("hello").send("5\r\nhello\r\n");
            serve(net, echo.expect("world").send("5\r\nworld\r\n0\r\n\r\n"));
        },
        run: |net, session| {
            let echo = |exchange: Exchange| {
                let response = response(net, &exchange)?;
                for piece in ["hello", "world"] {
                    write(net, &exchange, piece.as_bytes())
                        .or_else(|error| if error.code == Code::EarlyResponse { Ok(()) } else { Err(error) })?;
                }
                content(net, &response)
            };
            set_deadlines(session, |deadlines| deadlines.exchange = LONGEST);
            let mut request = session.request("POST", "/once");
            request.set_streamed_content(Some(10));
            vec![request.start(true).and_then(echo)]
        },
    },
    Story {
        name: "an upgrade",
        arrange: |net| {
            let switch = Script::new().expect_head().send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
            net.listen(at(PEER), (0..9).map(|_| switch.clone().expect("ping").send("pong").expect_end().close()));
        },
        run: |net, session| {
            let talk = |exchange: Exchange| {
                let response = response(net, &exchange)?;
                write(net, &exchange, b"ping")?;
                let mut got = String::new();
                while got.len() < 4 {
                    match wait(net, |context| response.poll_read(context, 9))? {
                        Some(piece) => got.push_str(&text(piece)),
                        None => break,
                    }
                }
                exchange.finish(Fields::default())?;
                content(net, &response).map(|rest| got + &rest)
            };
            let mut request = session.request("GET", "/");
            request.add_field("Upgrade", b"x".to_vec()).unwrap();
            vec![request.start(true).and_then(talk)]
        },
    },
    Story {
        name: "close-connection while the head is waited for",
        arrange: |net| {
            serve_on_its_own(net, Script::new().expect_head().stall());
        },
        run: |net, session| {
            let exchange = on_its_own(session, || begin(net, &session.request("GET", "/")));
            session.close_connection();
            vec![told(finish(net, &exchange), &Code::ConnectionClosed), get(net, session)]
        },
    },
    Story {
        name: "close-connection within the content",
        arrange: |net| {
            serve_on_its_own(
                net,
                Script::new().expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").stall(),
            );
        },
        run: |net, session| {
            let read = |response: Response| {
                session.close_connection();
                content(net, &response)
            };
            let first = on_its_own(session, || response(net, &start(session)).and_then(read));
            vec![told(first, &Code::ConnectionClosed), get(net, session)]
        },
    },
    Story {
        name: "an exchange dropped while its head is waited for",
        arrange: |net| serve_on_its_own(net, Script::new().expect_head().stall()),
        run: |net, session| {
            drop(on_its_own(session, || begin(net, &session.request("GET", "/"))));
            vec![get(net, session)]
        },
    },
    Story {
        name: "a response dropped unread",
        arrange: |net| serve(net, answers(2)),
        run: |net, session| {
            let first = response(net, &start(session)).map(|response| response.head().status.to_string());
            vec![first, get(net, session)]
        },
    },
    Story {
        name: "a large response dropped half read",
        arrange: |net| {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n";
            serve_on_its_own(net, Script::new().expect_head().send(head).send_fill(b'x', 500_000));
        },
        run: |net, session| {
            let read = |response: Response| wait(net, |context| response.poll_read(context, 1));
            let first = on_its_own(session, || response(net, &start(session)).and_then(read));
            vec![first.map(|piece| text(piece.unwrap())), get(net, session)]
        },
    },
    Story {
        name: "an upload cancelled",
        arrange: |net| serve_on_its_own(net, Script::new().expect_head().expect_bytes(5).stall()),
        run: |net, session| {
            let mut request = session.request("POST", "/once");
            request.set_streamed_content(Some(10));
            let cancel = |exchange: Exchange| {
                write(net, &exchange, b"hello")?;
                exchange.cancel();
                finish(net, &exchange)
            };
            let cancelled = on_its_own(session, || request.start(true).and_then(cancel));
            vec![told(cancelled, &Code::Cancelled), get(net, session)]
        },
    },
    Story {
        name: "an upload ended too early",
        arrange: |net| serve_on_its_own(net, Script::new().expect_head().expect_bytes(5).stall()),
        run: |net, session| {
            let mut request = session.request("POST", "/once");
            request.set_streamed_content(Some(10));
            let upload = |exchange: Exchange| upload(net, &exchange, &["hello"], &[]);
            let short = on_its_own(session, || request.start(true).and_then(upload));
            vec![told(short, &Code::RequestContentLength), get(net, session)]
        },
    },
    Story {
        name: "two at once",
        arrange: |net| serve(net, Script::new().expect_head().delay(SECOND).send(ok("ok"))),
        run: |net, session| {
            let exchanges = [start(session), start(session)];
            poll(net, &[&exchanges[0], &exchanges[1]], &[], None);
            exchanges.map(|exchange| finish(net, &exchange)).into()
        },
    },
    Story {
        name: "three that share one connection",
        arrange: |net| serve(net, answers(3)),
        run: |net, session| {
            set_limits(session, |limits| limits.connections = 1);
            let exchanges = [start(session), start(session), start(session)];
            let mut left: Vec<(usize, &Exchange)> = exchanges.iter().enumerate().collect();
            let mut outcomes: Vec<Option<Outcome>> = vec![None, None, None];
            while !left.is_empty() {
                let waiting: Vec<&Exchange> = left.iter().map(|(_, exchange)| *exchange).collect();
                let (number, exchange) = left.remove(poll(net, &waiting, &[], None)[0]);
                outcomes[number] = Some(finish(net, exchange));
            }
            outcomes.into_iter().flatten().collect()
        },
    },
];

/// A listener at the peer whose connections all have this script, and go on to answer what comes after it.
fn serve(net: &SimNet, script: Script) {
    let and_on = |script: Script| (0..9).fold(script, |script, _| script.expect_head().send(ok("ok")));
    net.listen(at(PEER), (0..9).map(|_| and_on(script.clone())));
}

/// The first connection has this script; those after it only answer.
fn serve_first(net: &SimNet, script: Script) {
    net.listen(at(PEER), [script]);
    net.listen(at(PEER), (0..9).map(|_| answers(9)));
}

/// A peer of its own for an exchange that is to be ended: [`on_its_own`].
fn serve_on_its_own(net: &SimNet, script: Script) {
    net.listen(at("10.0.0.2:80"), (0..9).map(|_| script.clone()));
    net.listen(at(PEER), (0..9).map(|_| answers(9)));
}

/// What is made of the session while its connections go there.
fn on_its_own<T>(session: &Session, make: impl FnOnce() -> T) -> T {
    let set = |addresses: &[String]| session.set_addresses(addresses).unwrap();
    set(&["10.0.0.2".into()]);
    let made = make();
    set(&[]);
    made
}

/// `Ok` for an error that the story is about.
fn told(outcome: Outcome, code: &Code) -> Outcome {
    match outcome {
        Err(error) if error.code == *code => Ok(format!("{code:?}")),
        outcome => outcome,
    }
}

/// Writes all of this and ends it; then the response, which may have come before that.
fn upload(net: &SimNet, exchange: &Exchange, pieces: &[&str], trailers: &[(&str, &str)]) -> Outcome {
    let mut fields = Fields::default();
    for (name, value) in trailers {
        fields.push(*name, *value);
    }
    let written = pieces.iter().try_for_each(|piece| write(net, exchange, piece.as_bytes()));
    match written.and_then(|()| exchange.finish(fields)) {
        Err(error) if error.code != Code::EarlyResponse => Err(error),
        _ => finish(net, exchange),
    }
}

fn put(session: &Session, content: impl Into<Vec<u8>>) -> Request {
    let mut request = session.request("PUT", "/");
    request.set_content(content.into());
    request
}

fn post(session: &Session, target: &str, content: &str) -> Request {
    let mut request = session.request("POST", target);
    request.set_content(content.into());
    request
}

/// Status and content, and trailers if there are some.
fn send_all(net: &SimNet, request: &Request) -> Outcome {
    let whole = send(net, request)?;
    let trailers: Vec<_> = whole.trailers.iter().map(|field| format!(" {}", field.name)).collect();
    Ok(format!("{} {}{}", whole.head.status, text(whole.content), trailers.concat()))
}
