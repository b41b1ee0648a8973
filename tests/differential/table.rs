//! The table of cases: the ways in which responses are split and connections fall out of step, each to every method.
//!
//! It does not say what must come of them.

use super::cases::{Case, METHODS, Method, Origin};
use super::framings::{CHUNKS, CODINGS, FRAMINGS, LENGTHS};

pub(crate) fn all() -> Vec<Case> {
    let mut table = Table::default();
    for line in STATUS_LINES {
        table.add("status line", format!("{line}\r\nContent-Length: 5\r\n\r\nabcde"));
        table.add("status line, to the end", format!("{line}\r\n\r\nabcde"));
    }
    for lines in FIELD_LINES {
        for version in ["1.1", "1.0"] {
            table.add("field line", format!("HTTP/{version} 200 OK\r\n{lines}\r\nContent-Length: 5\r\n\r\nabcde"));
        }
        table.add("field line, last", format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n{lines}\r\n\r\nabcde"));
    }
    for (field, values, content) in
        [("Content-Length", LENGTHS, "abcde"), ("Transfer-Encoding", CODINGS, "5\r\nabcde\r\n0\r\n\r\n")]
    {
        for values in values {
            let lines: String = values.split('|').map(|value| format!("{field}: {value}\r\n")).collect();
            for version in ["1.1", "1.0"] {
                table.add(field, format!("HTTP/{version} 200 OK\r\n{lines}\r\n{content}"));
            }
            table.add(field, format!("HTTP/1.1 204 No Content\r\n{lines}\r\n"));
        }
    }
    for chunks in CHUNKS {
        table.add("chunks", format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
    }
    for response in RESPONSES {
        for tail in TAILS {
            table.add("tail", format!("{response}{tail}"));
        }
    }
    for first in FRAMINGS {
        for second in FRAMINGS {
            for version in ["1.1", "1.0"] {
                let head = format!("HTTP/{version} 200 OK\r\n{first}\r\n{second}\r\n\r\n");
                table.add("framings", format!("{head}5\r\nabcde\r\n0\r\n\r\n"));
            }
        }
    }
    for interim in INTERIMS {
        table.add("interim", format!("{interim}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"));
        table.add("interim, and no more", (*interim).into());
    }
    for response in RESPONSES {
        // No response is complete before its last byte, but for those that end with the connection.
        let prefixes = (0..response.len()).map(|length| Case::get(&response[..length]));
        table.cases.extend(prefixes.map(|case| Case { name: "prefix".into(), ..case }));
    }
    limits(&mut table);
    table.cases
}

/// What is as long as is allowed, and longer: by us or by the others.
fn limits(table: &mut Table) {
    const KIB: usize = 1024;
    let head = |lines: String| format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n{lines}\r\nabcde");
    for count in [50, 98, 99, 100, 510, 511, 512, 513, 600] {
        table.add("lines", head("A: b\r\n".repeat(count)));
        let trailers = "A: b\r\n".repeat(count);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        table.add("trailers", format!("{chunked}{trailers}\r\n"));
    }
    for length in [8 * KIB, 64 * KIB - 3, 64 * KIB - 2, 128 * KIB] {
        table.add("long line", head(format!("A: {}\r\n", "b".repeat(length))));
    }
    for count in [24, 27, 60] {
        table.add("long head", head(format!("A: {}\r\n", "b".repeat(10 * KIB)).repeat(count)));
    }
    for count in [32, 33] {
        table.add("many interims", format!("{}{}", INTERIMS[0].repeat(count), head(String::new())));
    }
    for length in [16, 17, 18, 100, 1022, 1023, 2 * KIB, 20 * KIB] {
        let chunk = format!("5;{}\r\nabcde\r\n0\r\n\r\n", "x".repeat(length));
        table.add("long extension", format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"));
    }
}

#[derive(Default)]
struct Table {
    cases: Vec<Case>,
}

impl Table {
    /// This text, in UTF-8, to each method; GET asks for an upgrade where it has one.
    fn add(&mut self, name: &str, text: String) {
        for method in METHODS {
            let bytes = text.clone().into_bytes();
            let wants_upgrade = method == Method::Get && text.contains("Upgrade: ");
            self.cases.push(Case { origin: Origin::Table, name: name.into(), method, wants_upgrade, bytes });
        }
    }
}

/// Instead of the status line, before a length and content.
const STATUS_LINES: &[&str] = &[
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.1 200 ",
    "HTTP/1.1 200  OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 200\tOK",
    "HTTP/1.1 200 O\tK",
    "HTTP/1.1 200 O\rK",
    "HTTP/1.1 200 OK\r",
    "HTTP/1.1 200 O\0K",
    "HTTP/1.1 200 O\x0bK",
    "HTTP/1.1 200 O\x7fK",
    "HTTP/1.1 200 caf\u{e9}",
    "HTTP/1.1 200 OK \t",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.1 0200 OK",
    "HTTP/1.1 2\u{664}0 OK",
    "HTTP/1.1 000 OK",
    "HTTP/1.1 099 OK",
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 205 Reset Content",
    "HTTP/1.1 304 Not Modified",
    "HTTP/1.1 301 Moved",
    "HTTP/1.1 407 Proxy",
    "HTTP/1.1 600 What",
    "HTTP/1.1 999 What",
    "HTTP/1.0 200 OK",
    "HTTP/1.2 200 OK",
    "HTTP/1.9 200 OK",
    "HTTP/1.10 200 OK",
    "HTTP/1.01 200 OK",
    "HTTP/01.1 200 OK",
    "HTTP/1. 200 OK",
    "HTTP/1 200 OK",
    "HTTP/2 200 OK",
    "HTTP/2.0 200 OK",
    "HTTP/0.9 200 OK",
    "http/1.1 200 OK",
    "HTTP /1.1 200 OK",
    "HTTPS/1.1 200 OK",
    "ICY 200 OK",
    " HTTP/1.1 200 OK",
    "\u{feff}HTTP/1.1 200 OK",
    "\r\nHTTP/1.1 200 OK",
    "\nHTTP/1.1 200 OK",
    "\n\n\n\nHTTP/1.1 200 OK",
    "\r\n\r\n\r\n\r\n\r\nHTTP/1.1 200 OK",
    "\rHTTP/1.1 200 OK",
    "xHTTP/1.1 200 OK",
    "HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK",
];

/// Field lines between a status line and a length with content.
const FIELD_LINES: &[&str] = &[
    "A: b",
    "A:b",
    "A: \t b \t ",
    "A:",
    "A",
    ":",
    ": b",
    " A: b",
    "\tA: b",
    "A : b",
    "A\t: b",
    "A b: c",
    "A: b\r\n c",
    "A: b\r\n\tc",
    "A: b\r\n \r\n c",
    "A:\r\n b",
    "A: b\n c",
    "A: b\r\n Content-Length: 3",
    "A: b\r\n Transfer-Encoding: chunked",
    "A: b\nC: d",
    "A: b\n\rC: d",
    "A: b\r\r\nC: d",
    "A: b\rC: d",
    "A: b\r\n\rC: d",
    "A: b\rContent-Length: 3",
    "A: b\r Transfer-Encoding: chunked",
    "A: b\0",
    "A: \0",
    "A\0: b",
    "A: b\x01c",
    "A: b\x08c",
    "A: b\x0bc",
    "A: b\x0cc",
    "A: b\x1bc",
    "A: b\x7fc",
    "A: b\tc",
    "A: caf\u{e9}",
    "caf\u{e9}: b",
    "A\u{a0}: b",
    "A(: b",
    "A\": b",
    "A@: b",
    "A!#$%&'*+-.^_`|~9: b",
    "A: b\r\na: c\r\nB: d\r\nA: e",
    "Connection: close",
    "Connection: CLOSE",
    "Connection: close, keep-alive",
    "Connection: keep-alive, close",
    "Connection: keep-alive\r\nConnection: close",
    "Connection: close\r\nConnection: keep-alive",
    "Connection: x\r\nConnection: y, close",
    "Connection: closed",
    "Connection: \"close\"",
    "Connection: close;x",
    "Connection: , close ,",
    "Connection: \x0bclose",
    "Connection: caf\u{e9}, close",
    "Connection: keep-alive",
    "Proxy-Connection: close",
    "Keep-Alive: timeout=0",
    "Trailer: Content-Length",
    "Transfer_Encoding: chunked",
    "Content_Length: 3",
    "Content-Length : 3",
    "Content-Length\r\n: 3",
    "Transfer-Encoding : chunked",
    "\u{a0}Transfer-Encoding: chunked",
    "Transfer-Encoding\0: chunked",
    "X: y\r\n\r\nHTTP/1.1 404 Not Found",
];

/// What comes after a complete response.
const TAILS: &[&str] = &[
    "",
    "x",
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    "0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 ",
];

/// Complete responses, which the tails follow.
const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nabcde",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
    "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nabcde",
];

/// Interim responses and what looks like them, before a final one.
const INTERIMS: &[&str] = &[
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 100\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 102 Processing\r\n\r\n",
    "HTTP/1.1 102 Processing\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nA: b\r\n c\r\n\r\n",
    "HTTP/1.1 199 What\r\n\r\n",
    "HTTP/1.0 100 Continue\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n\r\n",
    "HTTP/1.1 100 Continue\n\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\nUpgrade: other\r\n\r\n",
];
