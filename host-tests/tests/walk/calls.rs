//! The calls that make sessions, requests, exchanges and responses, and use them.

use xenon_harness::component::Version;

use crate::random::{Random, pick};
use crate::settings::{proxies, short};
use crate::{HANDLES, Walk, check};

impl Walk<'_> {
    pub(crate) fn make_session(&mut self) {
        if self.sessions.len() >= HANDLES {
            return;
        }
        let scheme = self.random.one(&["http", "http", "http", "http", "https", "ftp"]);
        let host = self.random.one(&["127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "a b", ""]);
        let port = self.random.one(&[self.port, self.port, self.port, self.port, 1, 0]);
        let session = self.guest.session(scheme, host, port);
        session.set_deadlines(short());
        session.set_events(true);
        let (random, port) = (&mut self.random, self.port);
        let outcome = session.change_options(|options| proxies(options, random, port));
        self.note(outcome);
        self.sessions.push(session);
    }

    pub(crate) fn fetch(&mut self) {
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

    pub(crate) fn make_request(&mut self) {
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

    pub(crate) fn change_request(&mut self) {
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

    pub(crate) fn start(&mut self) {
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

    pub(crate) fn use_exchange(&mut self) {
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

    pub(crate) fn use_response(&mut self) {
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
}

fn target(random: &mut Random) -> &'static str {
    random.one(&["/", "/", "/", "/", "/a?b", "127.0.0.1:80", "*", "", "/a b", "/\r\nA: b"])
}
