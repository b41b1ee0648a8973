//! Responses that a grammar makes, and then breaks here and there: always the same ones.
//!
//! It does not care whether what it makes is right.

use super::cases::{Case, METHODS, Method, Origin};

const COUNT: u32 = 6000;

pub(crate) fn all() -> Vec<Case> {
    (0..COUNT).map(case).collect()
}

fn case(number: u32) -> Case {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9) | 1);
    // GET most often: most can come of it.
    let method = if random.below(2) == 0 { Method::Get } else { METHODS[random.below(METHODS.len())] };
    let mut text = String::new();
    while random.below(8) == 0 && text.len() < 200 {
        text += random.of(&["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"]);
    }
    response(&mut random, &mut text);
    if random.below(6) == 0 {
        response(&mut random, &mut text);
    }
    let mut bytes = text.into_bytes();
    for _ in 0..random.below(4) {
        mutate(&mut random, &mut bytes);
    }
    Case { origin: Origin::Grammar, name: format!("number {number}"), method, wants_upgrade: false, bytes }
}

fn response(random: &mut Random, text: &mut String) {
    *text += random.of(&["HTTP/1.1 ", "HTTP/1.1 ", "HTTP/1.1 ", "HTTP/1.0 ", "HTTP/1.2 "]);
    let statuses = ["200 OK", "200 OK", "200 OK", "200", "204 No Content", "304 Not Modified", "404 Not Found", "301 "];
    *text += random.of(&statuses);
    *text += random.line_end();
    let mut is_chunked = false;
    let mut length = None;
    for _ in 0..random.below(5) {
        match random.below(8) {
            0 | 1 => {
                let value = random.of(&["5", "5", "5", "0", "7", "05", "5, 5", "5,6", "+5", "0x5", "5 ", ""]);
                length = value.trim().parse().ok().or(length);
                *text += random.of(&["Content-Length:", "content-length: ", "Content-Length: "]);
                *text += value;
            }
            2 | 3 => {
                let values = ["chunked", "chunked", "chunked", "Chunked", "gzip, chunked", "chunked, x", "gzip", ""];
                let value = random.of(&values);
                is_chunked |= value.contains("hunked");
                *text += random.of(&["Transfer-Encoding:", "transfer-encoding: ", "Transfer-Encoding: "]);
                *text += value;
            }
            4 => *text += random.of(&["Connection: close", "Connection: keep-alive", "connection: x, Close"]),
            5 => *text += random.of(&["A: b", "A:", "a:  c  d\t", "B-c: \"d\"", "Trailer: T", "Upgrade: x"]),
            6 => *text += random.of(&["A: b\r\n c", "A: caf\u{e9}", "A: b\r\n\tContent-Length: 9", "Set-Cookie: x=y"]),
            _ => *text += random.of(&["Location: /", "Keep-Alive: 5", "Date: x", "Content-Type: text/plain"]),
        }
        *text += random.line_end();
    }
    *text += random.line_end();
    match random.below(8) {
        // As the head says, mostly.
        0..=4 if is_chunked => chunks(random, text),
        0..=4 => *text += "abcdefg".get(..length.unwrap_or(7)).unwrap_or("abcdefg"),
        5 => chunks(random, text),
        6 => *text += "abcde",
        _ => {}
    }
}

fn chunks(random: &mut Random, text: &mut String) {
    for _ in 0..random.below(4) {
        *text += random.of(&["3", "3", "03", "3 ", "3;x", "3;x=\"y\"", "0000003"]);
        *text += "\r\nabc\r\n";
    }
    *text += random.of(&["0", "0", "00", "0;x", "0 "]);
    *text += "\r\n";
    while random.below(4) == 0 {
        *text += random.of(&["T: u\r\n", "T:\r\n", "Content-Length: 3\r\n", "X: y \r\n"]);
    }
    *text += "\r\n";
}

/// Breaks it in one place, most often where a line ends or a name or a number does.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const ALPHABET: &[u8] = b"\r\n\t :;,\0\x0b\x7f\xff0159afAX+-_x\"";
    if bytes.is_empty() {
        return;
    }
    let mut place = random.below(bytes.len());
    if random.below(2) == 0 {
        let is_edge = |byte: &u8| matches!(byte, b'\r' | b'\n' | b':' | b' ');
        let ahead = bytes[place..].iter().position(is_edge).unwrap_or_default();
        place += ahead;
    }
    let byte = ALPHABET[random.below(ALPHABET.len())];
    match random.below(7) {
        0 | 1 => bytes[place] = byte,
        2 | 3 => bytes.insert(place, byte),
        4 | 5 => drop(bytes.remove(place)),
        // A piece comes twice.
        _ => {
            let end = bytes.len().min(place + 1 + random.below(20));
            let piece = bytes[place..end].to_vec();
            bytes.splice(place..place, piece);
        }
    }
}

/// Xorshift: the same numbers each time.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 7) as usize % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn line_end(&mut self) -> &'static str {
        if self.below(40) == 0 { "\n" } else { "\r\n" }
    }
}
