//! Formats a session's events as `curl -v` does: `*` for information, `>` for what is sent, `<` for what is received.

use crate::bindings::types::{CloseReason, Event, EventKind};
use crate::exit::is_harmful;

/// The lines of one event. Empty for events that curl does not show either.
pub fn lines(event: &Event, host: &str) -> Vec<u8> {
    let connection = event.connection;
    let mut lines = Vec::new();
    match &event.what {
        EventKind::Proxy(url) => info(&mut lines, &format!("Using the proxy {url}")),
        EventKind::ProxyFailed(failed) => {
            info(&mut lines, &format!("Proxy {} failed: {}", failed.proxy, failed.reason));
        }
        EventKind::ProxyHandshake(facts) => {
            info(&mut lines, &format!("SSL connection with the proxy using {} / {}", facts.version, facts.suite));
        }
        EventKind::TunnelRequest(head) => head_lines(&mut lines, b'>', head),
        EventKind::TunnelResponse(head) => head_lines(&mut lines, b'<', head),
        EventKind::Tunnel(place) => info(&mut lines, &format!("Tunnel to {place} established")),
        EventKind::Lookup(name) => info(&mut lines, &format!("Looking up {name}")),
        EventKind::Addresses(addresses) => info(&mut lines, &format!("Host {host} has {}", addresses.join(", "))),
        EventKind::Connecting(address) => info(&mut lines, &format!("  Trying {address}...")),
        EventKind::AttemptFailed(failed) => {
            info(&mut lines, &format!("connect to {} failed: {}", failed.address, failed.reason));
        }
        EventKind::Connected(address) => {
            let (ip, port) = address.rsplit_once(':').unwrap_or((address, "?"));
            let ip = ip.trim_start_matches('[').trim_end_matches(']');
            info(&mut lines, &format!("Connected to {host} ({ip}) port {port} (#{connection})"));
        }
        EventKind::Handshake(facts) => {
            let resumed = if facts.resumed { ", resumed" } else { "" };
            info(&mut lines, &format!("SSL connection using {} / {}{resumed}", facts.version, facts.suite));
            match &facts.alpn {
                Some(protocol) => info(&mut lines, &format!("ALPN: server accepted {protocol}")),
                None => info(&mut lines, "ALPN: server did not agree on a protocol"),
            }
        }
        EventKind::Reused => {
            info(&mut lines, &format!("Re-using existing connection #{connection} with host {host}"));
        }
        EventKind::RequestHead(head) => head_lines(&mut lines, b'>', head),
        EventKind::InterimHead(head) | EventKind::ResponseHead(head) => head_lines(&mut lines, b'<', head),
        EventKind::Retrying(why) => info(&mut lines, &format!("Sending the request again: {why}")),
        EventKind::Authorizing(answer) => {
            let who = if answer.proxy { "Proxy" } else { "Server" };
            info(&mut lines, &format!("{who} auth using {} for {:?}", answer.scheme, answer.realm));
            info(&mut lines, "Sending the request again");
        }
        EventKind::Unanswered(challenge) => {
            let who = if challenge.proxy { "Proxy" } else { "Server" };
            let (scheme, realm) = (&challenge.scheme, &challenge.realm);
            info(&mut lines, &format!("{who} auth using {scheme} for {realm:?} is not possible: {}", challenge.reason));
        }
        EventKind::Failed(error) => info(&mut lines, &error.detail),
        EventKind::Kept => info(&mut lines, &format!("Connection #{connection} to host {host} left intact")),
        EventKind::Closed(reason) => {
            info(&mut lines, &format!("Closing connection {connection}: {}", in_words(*reason)));
        }
        EventKind::Stream(number) => info(&mut lines, &format!("Using stream {number} of connection #{connection}")),
        EventKind::Decoding(codings) => info(&mut lines, &format!("Decoding {}", codings.join(", "))),
        EventKind::Redirecting(url) => info(&mut lines, &format!("Following a redirect to {url}")),
        EventKind::Cookie(cookie) => match &cookie.refused {
            None => info(&mut lines, &format!("Stored the cookie {:?}", cookie.name)),
            Some(why) => info(&mut lines, &format!("Refused the cookie {:?}: {why}", cookie.name)),
        },
        EventKind::GoingAway(code) => {
            info(&mut lines, &format!("Connection #{connection} takes no more requests (code {code})"));
        }
        EventKind::Lost(number) => info(&mut lines, &format!("{number} events were lost here")),
        EventKind::Sending(_)
        | EventKind::RequestSent
        | EventKind::FirstByte
        | EventKind::Receiving(_)
        | EventKind::Complete => {}
    }
    lines
}

/// The lines of a redirect that is followed.
pub fn redirect(url: &str, from: &str, to: &str) -> Vec<u8> {
    let mut lines = Vec::new();
    info(&mut lines, &format!("Issue another request to this URL: '{url}'"));
    if from != to {
        info(&mut lines, &format!("Switch from {from} to {to}"));
    }
    lines
}

/// Why a connection was closed.
fn in_words(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::PeerAsked => "the response said so",
        CloseReason::OldVersion => "HTTP/1.0 without keep-alive",
        CloseReason::CallerAsked => "the request said so",
        CloseReason::ContentToEnd => "the content ended with it",
        CloseReason::ConflictingFraming => "the response had both Transfer-Encoding and Content-Length",
        CloseReason::UnsentContent => "the response came before all content was sent",
        CloseReason::UnreadContent => "the content was not read to its end",
        CloseReason::StrayBytes => "bytes beyond the response were there",
        CloseReason::PeerClosed => "the server closed it",
        CloseReason::Upgraded => "what it had become has ended",
        CloseReason::Surplus => "enough others are kept",
        CloseReason::Failed => "the exchange failed",
        CloseReason::Cancelled => "the exchange was cancelled",
        CloseReason::CloseConnection => "asked to",
        CloseReason::SessionDropped => "the session is over",
        CloseReason::SettingsChanged => "the settings have changed",
        CloseReason::GoingAway => "the server takes no more requests on it",
        CloseReason::Exhausted => "all of its streams were used",
        CloseReason::Evicted => "it made room for another",
    }
}

fn info(lines: &mut Vec<u8>, text: &str) {
    line(lines, b'*', text.as_bytes());
}

/// A head, with the empty line that ends it even if the text lacks that.
fn head_lines(lines: &mut Vec<u8>, mark: u8, head: &[u8]) {
    let end = head.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last.saturating_add(1));
    for text in head.get(..end).unwrap_or_default().split(|byte| *byte == b'\n') {
        line(lines, mark, text.strip_suffix(b"\r").unwrap_or(text));
    }
    line(lines, mark, b"");
}

/// Appends one line. Bytes with which the peer could drive a terminal are replaced, whether the terminal decodes UTF-8 or takes
/// each byte for a character.
fn line(lines: &mut Vec<u8>, mark: u8, text: &[u8]) {
    lines.extend_from_slice(&[mark, b' ']);
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let is_shown = !is_harmful(character) || character == '\t';
            let character = if is_shown { character } else { char::REPLACEMENT_CHARACTER };
            lines.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        for byte in chunk.invalid() {
            match byte {
                0x80..=0x9f => lines.extend_from_slice(REPLACEMENT),
                _ => lines.push(*byte),
            }
        }
    }
    lines.push(b'\n');
}

/// U+FFFD.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::{ProxyFailure, TlsFacts, UnansweredChallenge};

    fn bytes(what: EventKind) -> Vec<u8> {
        lines(&Event { at: 0, exchange: 1, connection: 2, what }, "h")
    }

    fn told(what: EventKind) -> String {
        String::from_utf8(bytes(what)).unwrap()
    }

    #[test]
    fn heads_have_curls_marks_and_one_empty_line() {
        let head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        assert_eq!(told(EventKind::RequestHead(head.into())), "> GET / HTTP/1.1\n> Host: h\n> \n");
        assert_eq!(told(EventKind::ResponseHead("HTTP/1.1 200 OK".into())), "< HTTP/1.1 200 OK\n< \n");
        assert_eq!(told(EventKind::InterimHead("HTTP/1.1 100 Continue\n\n".into())), "< HTTP/1.1 100 Continue\n< \n");
    }

    #[test]
    fn proxies_are_told() {
        assert_eq!(told(EventKind::Proxy("socks5h://p:1".into())), "* Using the proxy socks5h://p:1\n");
        let failed = ProxyFailure { proxy: "http://p:1".into(), reason: "timed out".into() };
        assert_eq!(told(EventKind::ProxyFailed(failed)), "* Proxy http://p:1 failed: timed out\n");
        let head = "CONNECT h:443 HTTP/1.1\r\n\r\n";
        assert_eq!(told(EventKind::TunnelRequest(head.into())), "> CONNECT h:443 HTTP/1.1\n> \n");
        assert_eq!(told(EventKind::TunnelResponse("HTTP/1.1 200 OK".into())), "< HTTP/1.1 200 OK\n< \n");
        assert_eq!(told(EventKind::Tunnel("h:443".into())), "* Tunnel to h:443 established\n");
    }

    #[test]
    fn a_challenge_that_is_not_answered_is_told_with_the_reason() {
        let challenge = |realm: &str, proxy| {
            let (scheme, reason) = ("digest".to_owned(), "it has no qop".to_owned());
            told(EventKind::Unanswered(UnansweredChallenge { scheme, realm: realm.into(), reason, proxy }))
        };
        assert_eq!(challenge("r", false), "* Server auth using digest for \"r\" is not possible: it has no qop\n");
        assert_eq!(challenge("\"", true), "* Proxy auth using digest for \"\\\"\" is not possible: it has no qop\n");
    }

    #[test]
    fn connections_have_their_number() {
        assert_eq!(told(EventKind::Kept), "* Connection #2 to host h left intact\n");
        assert_eq!(told(EventKind::Reused), "* Re-using existing connection #2 with host h\n");
        assert_eq!(told(EventKind::Connected("[::1]:80".into())), "* Connected to h (::1) port 80 (#2)\n");
        assert_eq!(told(EventKind::Closed(CloseReason::PeerAsked)), "* Closing connection 2: the response said so\n");
    }

    #[test]
    fn a_handshake_says_what_was_agreed_on() {
        let facts = |alpn: Option<&str>, resumed| {
            let (version, suite) = ("TLSv1.3".to_owned(), "TLS_CHACHA20_POLY1305_SHA256".to_owned());
            told(EventKind::Handshake(TlsFacts { version, suite, alpn: alpn.map(str::to_owned), resumed }))
        };
        let first = "* SSL connection using TLSv1.3 / TLS_CHACHA20_POLY1305_SHA256";
        assert_eq!(facts(Some("http/1.1"), false), format!("{first}\n* ALPN: server accepted http/1.1\n"));
        assert_eq!(facts(None, true), format!("{first}, resumed\n* ALPN: server did not agree on a protocol\n"));
    }

    #[test]
    fn the_peer_cannot_drive_the_terminal() {
        let told = told(EventKind::ResponseHead("HTTP/1.1 200 \x1b[2J\r\nA: b\rc".into()));
        assert_eq!(told, "< HTTP/1.1 200 \u{fffd}[2J\n< A: b\u{fffd}c\n< \n");
        let told = self::told(EventKind::ResponseHead("HTTP/1.1 200 a\u{202e}b\r\nA: \u{2066}\tc".into()));
        assert_eq!(told, "< HTTP/1.1 200 a\u{fffd}b\n< A: \u{fffd}\tc\n< \n");
        // The same in one byte, and in UTF-8.
        let both = bytes(EventKind::ResponseHead(b"HTTP/1.1 200\r\nA: \x9b2J\xc2\x9b2J".to_vec()));
        assert_eq!(String::from_utf8(both).unwrap(), "< HTTP/1.1 200\n< A: \u{fffd}2J\u{fffd}2J\n< \n");
    }

    #[test]
    fn bytes_that_do_no_harm_stay() {
        let head = b"HTTP/1.1 200\r\nA: \xff\xe9\xc3\xa9\tx".to_vec();
        assert_eq!(bytes(EventKind::ResponseHead(head)), b"< HTTP/1.1 200\n< A: \xff\xe9\xc3\xa9\tx\n< \n");
    }
}
