//! `-w`: replaces a format's `%{variables}` by facts about a finished transfer.

use crate::exit::Exit;
use crate::pem;
use crate::timeline::Timeline;

/// Facts about a finished transfer.
#[derive(Debug, Default)]
pub struct Facts {
    /// The URL as it was given.
    pub given: Vec<u8>,
    /// The URL of the last request.
    pub url: Vec<u8>,
    /// The number of the URL on the command line, from 0.
    pub url_number: usize,
    /// The scheme.
    pub scheme: String,
    /// The method.
    pub method: String,
    /// The `Referer` sent.
    pub referer: Vec<u8>,
    /// The output of the content.
    pub file_name: Vec<u8>,
    /// 0 if there was no response.
    pub status: u16,
    /// `1.0` or `1.1`. `0` if there was no response.
    pub version: &'static str,
    /// The response's fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The certificates that the server presented, its own first, in DER.
    pub chain: Vec<Vec<u8>>,
    /// The events and their times.
    pub timeline: Timeline,
    /// Redirects that were followed.
    pub redirects: u32,
    /// The URL of a redirect that was not followed.
    pub redirect_url: Option<String>,
    /// The exit code.
    pub exit: u8,
    /// The error, if it is not 0.
    pub error: String,
}

/// The destination of a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Expands the format, and passes each part of it to `write`.
pub fn fill(format: &[u8], facts: &Facts, write: &mut dyn FnMut(Stream, &[u8])) {
    let mut stream = Stream::Output;
    let mut rest = format;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'%' | b'\\')) {
        let (plain, special) = rest.split_at(at);
        write(stream, plain);
        if let Some(after) = special.strip_prefix(b"%%") {
            write(stream, b"%");
            rest = after;
        } else if let Some((name, after)) = special.strip_prefix(b"%{").and_then(braced) {
            rest = after;
            match name {
                b"stdout" => stream = Stream::Output,
                b"stderr" => stream = Stream::Error,
                b"onerror" if facts.exit == 0 => return,
                b"onerror" => {}
                _ => match std::str::from_utf8(name).ok().and_then(|name| variable(name, facts)) {
                    Some(value) => write(stream, &value),
                    None => {
                        write(Stream::Error, b"xenon: unknown --write-out variable: '");
                        write(Stream::Error, name);
                        write(Stream::Error, b"'\n");
                    }
                },
            }
        } else if let Some((name, after)) = special.strip_prefix(b"%header{").and_then(braced) {
            rest = after;
            write(stream, field(name, facts));
        } else {
            let (plain, after) = escape(special);
            write(stream, plain);
            rest = after;
        }
    }
    write(stream, rest);
}

/// The text before a brace, and the text after it.
fn braced(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'}')?;
    Some((text.get(..end)?, text.get(end.checked_add(1)?..)?))
}

/// A backslash and the character after it, or a `%` that starts no variable.
fn escape(special: &[u8]) -> (&[u8], &[u8]) {
    for (escape, text) in [(b"\\n", b"\n"), (b"\\r", b"\r"), (b"\\t", b"\t"), (b"\\\\", b"\\")] {
        if let Some(after) = special.strip_prefix(escape) {
            return (text, after);
        }
    }
    special.split_at(1)
}

fn variable(name: &str, facts: &Facts) -> Option<Vec<u8>> {
    let timeline = &facts.timeline;
    let total = timeline.seconds_to(Some(timeline.end));
    let time = |at| format!("{:.6}", timeline.seconds_to(at));
    // Both are `u64`, and the quotient is for people.
    let speed = |bytes: u64| if total > 0.0 { format!("{:.0}", bytes as f64 / total) } else { "0".to_owned() };
    let (ip, port) = timeline.peer.as_deref().and_then(|peer| peer.rsplit_once(':')).unwrap_or(("", "0"));
    let tls = timeline.tls.as_ref();
    let text = match name {
        "http_code" | "response_code" => format!("{:03}", facts.status),
        "http_connect" => format!("{:03}", timeline.tunnel_status),
        "http_version" => facts.version.to_owned(),
        "num_connects" => timeline.connects.to_string(),
        "num_retries" => timeline.retries.to_string(),
        "num_redirects" => facts.redirects.to_string(),
        "num_headers" => facts.fields.len().to_string(),
        "size_download" => timeline.received.to_string(),
        "size_upload" => timeline.sent.to_string(),
        "size_header" => timeline.header_bytes.to_string(),
        "size_request" => timeline.request_bytes.to_string(),
        "speed_download" => speed(timeline.received),
        "speed_upload" => speed(timeline.sent),
        "time_namelookup" => time(timeline.lookup),
        "time_connect" => time(timeline.connected),
        "time_appconnect" => time(timeline.handshake),
        "time_pretransfer" => time(timeline.request),
        "time_redirect" => time(timeline.redirected),
        "time_starttransfer" => time(timeline.first_byte),
        "time_total" => time(Some(timeline.end)),
        "ssl_version" => tls.map_or_else(String::new, |facts| facts.version.clone()),
        "ssl_cipher" => tls.map_or_else(String::new, |facts| facts.suite.clone()),
        "ssl_resumed" => u8::from(tls.is_some_and(|facts| facts.resumed)).to_string(),
        "certs" => facts.chain.iter().map(|certificate| pem::certificate(certificate)).collect(),
        "num_certs" => facts.chain.len().to_string(),
        "ssl_verify_result" => u8::from(facts.exit == Exit::Certificate as u8).to_string(),
        "remote_ip" => ip.trim_start_matches('[').trim_end_matches(']').to_owned(),
        "remote_port" => port.to_owned(),
        "exitcode" => facts.exit.to_string(),
        "errormsg" => facts.error.clone(),
        "content_type" => return Some(field(b"content-type", facts).to_vec()),
        "redirect_url" => facts.redirect_url.clone().unwrap_or_default(),
        "url" => return Some(facts.given.clone()),
        "url_effective" => return Some(facts.url.clone()),
        "urlnum" => facts.url_number.to_string(),
        "scheme" => facts.scheme.to_ascii_uppercase(),
        "method" => facts.method.clone(),
        "referer" => return Some(facts.referer.clone()),
        "filename_effective" => return Some(facts.file_name.clone()),
        _ => return None,
    };
    Some(text.into_bytes())
}

/// The first line of this field.
fn field<'a>(name: &[u8], facts: &'a Facts) -> &'a [u8] {
    let found = facts.fields.iter().find(|(field, _)| field.as_bytes().eq_ignore_ascii_case(name));
    found.map_or(&[], |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::TlsFacts;

    fn filled(format: &str, facts: &Facts) -> (String, String) {
        let (mut output, mut error) = (Vec::new(), Vec::new());
        fill(format.as_bytes(), facts, &mut |stream, text| match stream {
            Stream::Output => output.extend_from_slice(text),
            Stream::Error => error.extend_from_slice(text),
        });
        (String::from_utf8(output).unwrap(), String::from_utf8(error).unwrap())
    }

    fn output(format: &str, facts: &Facts) -> String {
        let (output, error) = filled(format, facts);
        assert_eq!(error, "");
        output
    }

    fn facts() -> Facts {
        let timeline = Timeline {
            start: 5_000_000_000,
            lookup: Some(5_000_001_000),
            connected: Some(5_250_000_000),
            first_byte: Some(6_000_000_000),
            end: 7_000_000_000,
            connects: 1,
            retries: 2,
            sent: 7,
            received: 1000,
            peer: Some("[::1]:8080".into()),
            ..Timeline::default()
        };
        Facts {
            given: "h".into(),
            url: "http://h/".into(),
            status: 301,
            version: "1.1",
            fields: vec![("Content-Type".into(), b"text/plain".to_vec()), ("Location".into(), b"/x".to_vec())],
            timeline,
            redirect_url: Some("http://h/x".into()),
            ..Facts::default()
        }
    }

    #[test]
    fn escapes_and_text_are_curls() {
        assert_eq!(output(r"a\tb\r\n\\%%\x%", &facts()), "a\tb\r\n\\%\\x%");
        assert_eq!(output("%{http_code", &facts()), "%{http_code");
        assert_eq!(output("ü%{http_code}é", &facts()), "ü301é");
        assert_eq!(output("end\\", &facts()), "end\\");
    }

    #[test]
    fn a_format_and_what_fills_it_are_bytes() {
        let mut output = Vec::new();
        let facts = Facts { file_name: vec![0xfe], ..facts() };
        fill(b"\xff%{filename_effective}%{\xfd}|", &facts, &mut |_, text| output.extend_from_slice(text));
        assert_eq!(output, b"\xff\xfexenon: unknown --write-out variable: '\xfd'\n|");
    }

    #[test]
    fn variables_have_curls_forms() {
        let format = "%{http_code} %{http_version} %{num_connects} %{num_retries} %{size_download} %{size_upload} \
            %{time_namelookup} %{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total} \
            %{speed_download} %{remote_ip} %{remote_port} %{exitcode} %{content_type} %{redirect_url} %{url} %{url_effective}";
        let text = "301 1.1 1 2 1000 7 0.000001 0.250000 0.000000 1.000000 2.000000 500 ::1 8080 0 text/plain http://h/x h http://h/";
        assert_eq!(output(format, &facts()), text);
    }

    #[test]
    fn without_a_response_there_is_no_code() {
        let facts = Facts { exit: 7, error: "refused".into(), ..Facts::default() };
        let format = "%{http_code} [%{remote_ip}] [%{ssl_version}] %{ssl_resumed} %{exitcode} %{errormsg}";
        assert_eq!(output(format, &facts), "000 [] [] 0 7 refused");
    }

    #[test]
    fn tls_facts() {
        let mut facts = facts();
        let suite = "TLS_CHACHA20_POLY1305_SHA256".to_owned();
        facts.timeline.tls = Some(TlsFacts { version: "TLSv1.3".into(), suite, alpn: None, resumed: true });
        let format = "%{ssl_version} %{ssl_cipher} %{ssl_resumed}";
        assert_eq!(output(format, &facts), "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256 1");
        facts.chain = vec![vec![0], vec![1]];
        let first = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        assert_eq!(output("%{num_certs} %{certs}", &facts), format!("2 {first}{}", first.replace("AA", "AQ")));
    }

    #[test]
    fn an_unknown_variable_is_told_and_left_out() {
        let expected = ("ab".to_owned(), "xenon: unknown --write-out variable: 'nonsense'\n".to_owned());
        assert_eq!(filled("a%{nonsense}b", &facts()), expected);
    }

    #[test]
    fn parts_can_go_to_standard_error_or_only_come_with_an_error() {
        assert_eq!(filled("a%{stderr}b%{stdout}c", &facts()), ("ac".into(), "b".into()));
        assert_eq!(output("a%{onerror}b", &facts()), "a");
        assert_eq!(output("a%{onerror}b", &Facts { exit: 7, ..facts() }), "ab");
    }

    #[test]
    fn a_field_by_its_name() {
        assert_eq!(output("%header{LOCATION}|%header{x}", &facts()), "/x|");
    }
}
