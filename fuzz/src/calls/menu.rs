//! Values that calls have: usual ones, and those that nobody should give.

use std::time::Duration;

use xenon::limits::Limits;
use xenon::session::settings::Deadlines;

/// The password of all callers.
pub(super) const PASSWORD: &str = "hidden-words";

/// Bytes that choose; where there are no more, the first choice.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(super) fn is(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Nothing, or this.
    pub(super) fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.is() { Some(value(self)) } else { None }
    }

    /// A word from a list, or bytes of the input.
    pub(super) fn text(&mut self, usual: &[&str]) -> String {
        let place = self.below(usual.len() + 1);
        match usual.get(place) {
            Some(text) => (*text).to_owned(),
            None => String::from_utf8_lossy(&self.bytes()).into_owned(),
        }
    }

    /// Some bytes of the input, or many that are alike.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        const LENGTHS: [usize; 8] = [0, 1, 2, 5, 17, 40, 5_000, 70_000];
        let length = self.one(&LENGTHS);
        if length > 100 { vec![self.byte(); length] } else { (0..length).map(|_| self.byte()).collect() }
    }

    pub(super) fn number(&mut self) -> u64 {
        const NUMBERS: [u64; 16] = [
            0,
            1,
            2,
            5,
            10,
            100,
            1_000,
            1 << 16,
            1 << 20,
            1_000_000_000,
            1 << 31,
            1 << 32,
            1 << 40,
            1 << 63,
            u64::MAX,
            3,
        ];
        self.one(&NUMBERS)
    }

    pub(super) fn deadlines(&mut self) -> Deadlines {
        let mut time = || Duration::from_nanos(self.number());
        Deadlines {
            lookup: time(),
            attempt: time(),
            connect: time(),
            handshake: time(),
            proxy: time(),
            write: time(),
            first_byte: time(),
            between_bytes: time(),
            expect_continue: time(),
            exchange: time(),
        }
    }

    pub(super) fn limits(&mut self) -> Limits {
        // As the component has them from the WIT, where they are 32 bits wide.
        let mut count = || usize::try_from(self.number().min(u64::from(u32::MAX))).expect("it is native");
        Limits {
            connections: count(),
            field_lines: count(),
            line_length: count(),
            head_length: count(),
            interim_responses: count(),
            drained: count() as u64,
            addresses: count(),
            whole_content: count() as u64,
            decoded_content: count() as u64,
            events: count(),
        }
    }
}

// What is usual stands there several times, so that most calls lead somewhere.
pub(super) const SCHEMES: [&str; 8] = ["http", "http", "http", "http", "http", "https", "HTTP", "ftp"];
pub(super) const HOSTS: [&str; 14] = [
    "a.test",
    "b.test",
    "a.test",
    "b.test",
    "10.0.0.1",
    "10.0.0.2",
    "slow.test",
    "[::1]",
    "never.test",
    "none.test",
    "",
    "a b",
    "a.test.",
    "::ffff:10.0.0.1",
];
pub(super) const PORTS: [u16; 8] = [80, 80, 80, 80, 80, 80, 8080, 0];
pub(super) const METHODS: [&str; 16] = [
    "GET", "GET", "GET", "POST", "PUT", "PUT", "POST", "HEAD", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "X", "",
    "A B",
];
pub(super) const TARGETS: [&str; 14] =
    ["/", "/", "/", "/a", "/a", "/a/b", "/a?b", "/", "b.test:80", "*", "http://b.test/x", "", "/a b", "/\r\nA: b"];
pub(super) const NAMES: [&str; 12] = [
    "A",
    "Host",
    "Connection",
    "Upgrade",
    "TE",
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
    "Authorization",
    "Cookie",
    "",
    "A:",
];
pub(super) const VALUES: [&str; 10] =
    ["b", "close", "upgrade", "trailers", "a.test", "100-continue", "chunked", "", "a\r\nB: c", "a, b"];
pub(super) const ADDRESSES: [&str; 8] =
    ["10.0.0.1", "10.0.0.2", "[::1]:80", "10.0.0.1:80", "0.0.0.0", "224.0.0.1:1", "a.test", "::"];
pub(super) const PROXIES: [&str; 10] = [
    "http://10.0.0.3:8080",
    "http://joe:hidden-words@10.0.0.3:8080",
    "http://proxy.test:8080",
    "socks5h://10.0.0.3:8080",
    "socks4a://joe@10.0.0.3:8080",
    "https://10.0.0.3:8080",
    "http://joe:hidden-words@",
    "joe:hidden-words",
    "http://h/#@e",
    "",
];
pub(super) const EXEMPTIONS: [&str; 6] = ["*", "a.test", ".test", "10.0.0.0/8", "10.0.0.0/99", "[::]/0"];
