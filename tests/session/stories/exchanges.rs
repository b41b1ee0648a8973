//! Stories of one exchange: content in each form, both ways; permission to send it; responses that come early.

use xenon::error::Code;
use xenon::http::fields::Fields;
use xenon::net::sim::Script;

use super::*;

pub(super) const STORIES: &[Story] = &[
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
            serve(net, Script::new().expect_head().send(coded.clone()).expect_head().send(coded));
        },
        run: |net, session| {
            session.change_options(|options| options.is_decoding = true);
            vec![get(net, session)]
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
        // The script does not read content apart: to it, that is a part of the next head.
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
];
