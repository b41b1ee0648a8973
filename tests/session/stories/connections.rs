//! Stories of several exchanges: connections that are kept, stale, shared, or closed by the caller.

use xenon::error::Code;
use xenon::net::sim::{Script, SimNet};

use super::*;

pub(super) const STORIES: &[Story] = &[
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
            // Either is right: a response on a new connection, or an error that allows the caller to repeat it.
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

/// A separate peer with this script, for [`on_its_own`].
fn serve_on_its_own(net: &SimNet, script: Script) {
    net.listen(at("10.0.0.2:80"), (0..9).map(|_| script.clone()));
    net.listen(at(PEER), (0..9).map(|_| answers(9)));
}

/// Calls this while the session's connections go to that peer.
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
