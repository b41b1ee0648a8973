//! Reads the format of transcripts, line by line.
//!
//! Like `format`, it knows neither sessions nor networks.

use std::time::Duration;

use super::format::{Act, Case, Failure, Fate, Field, Interim, Outcome, Request, Setting, Step, Writing};

/// The transcript in this text. The error says in which line what is wrong.
pub(crate) fn parse(text: &str) -> Result<Case, String> {
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        parser.number = index + 1;
        parser.line(line).map_err(|what| format!("line {}: {what}", index + 1))?;
    }
    parser.finish()
}

#[derive(Default)]
struct Parser {
    number: usize,
    steps: Vec<Step>,
    connections: Vec<Vec<Act>>,
    /// A step whose result has not been read yet.
    open: Option<Open>,
    /// Whether `with` can follow: only right after `=`.
    is_after_outcome: bool,
}

enum Open {
    Request(Box<Request>),
    CloseConnection,
}

type Parsed<T = ()> = Result<T, String>;

impl Parser {
    fn line(&mut self, line: &str) -> Parsed {
        if self.number == 1 {
            return match line.strip_prefix("proves: ") {
                Some(what) if !what.trim().is_empty() => Ok(()),
                _ => Err("the first line must say what is proved: \"proves: ...\"".into()),
            };
        }
        if line.ends_with(' ') || line.contains(['\t', '\r']) {
            return Err("invisible characters: write \\x20, \\t, \\r".into());
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix(['>', '<']) {
            return self.bytes(line.starts_with('<'), rest);
        }
        if let Some(act) = line.strip_prefix("! ") {
            return self.act(act);
        }
        if let Some(outcome) = line.strip_prefix("= ") {
            return self.outcome(outcome);
        }
        let (word, rest) = line.trim_start().split_once(' ').unwrap_or((line.trim_start(), ""));
        if word == "with" {
            return self.with(rest);
        }
        if line.starts_with("  ") {
            return self.request_line(word, rest);
        }
        self.step(word, rest)
    }

    fn finish(self) -> Parsed<Case> {
        if self.open.is_some() {
            return Err("the last step has no \"=\"".into());
        }
        if !self.steps.iter().any(|step| matches!(step, Step::Exchange(..))) {
            return Err("there is no request".into());
        }
        if self.connections.iter().any(Vec::is_empty) {
            return Err("a connection without lines".into());
        }
        Ok(Case { steps: self.steps, connections: self.connections })
    }

    // ---- the server ---------------------------------------------------------------------------------------------------

    fn bytes(&mut self, is_sent: bool, rest: &str) -> Parsed {
        let mut bytes = match rest.split_at_checked(1) {
            None => Vec::new(),
            Some((" " | "|", text)) => unescape(text)?,
            Some(("*", text)) => repeated(text.trim_start())?,
            Some(_) => return Err("after < and > comes a space, | or *".into()),
        };
        if rest.is_empty() || rest.starts_with(' ') {
            bytes.extend_from_slice(b"\r\n");
        }
        let acts = self.acts();
        match acts.last_mut() {
            Some(Act::Send(last)) if is_sent => last.extend(bytes),
            Some(Act::Expect(last)) if !is_sent => last.extend(bytes),
            _ if is_sent => acts.push(Act::Send(bytes)),
            _ => acts.push(Act::Expect(bytes)),
        }
        Ok(())
    }

    fn act(&mut self, act: &str) -> Parsed {
        let words: Vec<_> = act.split(' ').collect();
        let act = match words[..] {
            ["connection"] => {
                self.acts();
                self.connections.push(Vec::new());
                return Ok(());
            }
            ["close"] => Act::Close,
            ["end"] => Act::End,
            ["reset"] => Act::Reset,
            ["stall"] => Act::Stall(None),
            ["stall", time] => Act::Stall(Some(duration(time)?)),
            ["window", count] => Act::Window(number(count)?),
            ["read", "head"] => Act::ReadHead,
            ["read", count] => Act::Read(number(count)?),
            ["drain"] => Act::Drain,
            ["client-end"] => Act::ClientEnd,
            _ => return Err(format!("no server can do {act:?}")),
        };
        self.acts().push(act);
        Ok(())
    }

    fn acts(&mut self) -> &mut Vec<Act> {
        if self.connections.is_empty() {
            self.connections.push(Vec::new());
        }
        self.connections.last_mut().expect("there is one")
    }

    // ---- the client ---------------------------------------------------------------------------------------------------

    fn step(&mut self, word: &str, rest: &str) -> Parsed {
        if self.open.is_some() {
            return Err("the step before has no \"=\"".into());
        }
        self.is_after_outcome = false;
        let (method, target) = match word {
            "set" => {
                let (name, value) = rest.split_once(' ').ok_or("a setting has a name and a value")?;
                self.steps.push(Step::Set(Setting { line: self.number, name: name.into(), value: value.into() }));
                return Ok(());
            }
            "pass" => {
                self.steps.push(Step::Pass(duration(rest)?));
                return Ok(());
            }
            "close-connection" => {
                self.open = Some(Open::CloseConnection);
                return Ok(());
            }
            "get" | "head" | "post" | "put" | "delete" | "options" | "trace" | "patch" | "connect" => {
                (word.to_uppercase(), text(rest)?)
            }
            "request" => {
                let (method, target) = rest.split_once(' ').ok_or("a request has a method and a target")?;
                (text(method)?, text(target)?)
            }
            _ => return Err(format!("unknown: {word:?}")),
        };
        let request = Request { method, target, ..Request::default() };
        self.open = Some(Open::Request(Box::new(request)));
        Ok(())
    }

    fn request_line(&mut self, word: &str, rest: &str) -> Parsed {
        let Some(Open::Request(request)) = &mut self.open else {
            return Err("this belongs to a request, between its first line and its \"=\"".into());
        };
        match (word, rest) {
            ("field", _) => request.fields.push(field(rest)?),
            ("trailer", _) => request.trailers.push(field(rest)?),
            ("body", _) => request.content.get_or_insert_default().extend(unescape(rest)?),
            ("body*", _) => request.content.get_or_insert_default().extend(repeated(rest)?),
            ("stream", "") => request.stream = Some(None),
            ("stream", _) => request.stream = Some(Some(number(rest)?)),
            ("write", _) => request.writing.push(Writing::Write(unescape(rest)?)),
            ("write*", _) => request.writing.push(Writing::Write(repeated(rest)?)),
            ("finish", "") => request.writing.push(Writing::Finish),
            ("after", "finish") => request.after.push(Writing::Finish),
            ("after", _) => {
                let written = rest.strip_prefix("write ").ok_or("after a head: write or finish")?;
                request.after.push(Writing::Write(unescape(written)?));
            }
            ("expect-continue", "") => request.expects = true,
            ("idempotent", "yes") => request.is_idempotent = Some(true),
            ("idempotent", "no") => request.is_idempotent = Some(false),
            ("http/1.0", "") => request.is_old = true,
            _ => return Err(format!("no request has {word:?} {rest:?}")),
        }
        if request.content.is_some() && request.stream.is_some() {
            return Err("content is either there or streamed".into());
        }
        if request.stream.is_none() && !(request.writing.is_empty() && request.trailers.is_empty()) {
            return Err("only streamed content is written".into());
        }
        Ok(())
    }

    // ---- results ------------------------------------------------------------------------------------------------------

    fn outcome(&mut self, text: &str) -> Parsed {
        let open = self.open.take().ok_or("there is no step before that this could be the outcome of")?;
        let outcome = Outcome { line: self.number, ..parse_outcome(text)? };
        self.steps.push(match open {
            Open::Request(request) => {
                if outcome.status.is_none() && outcome.error.is_none() {
                    return Err("a request comes to a status or an error".into());
                }
                Step::Exchange(*request, outcome)
            }
            Open::CloseConnection => Step::CloseConnection(outcome),
        });
        self.is_after_outcome = true;
        Ok(())
    }

    fn with(&mut self, rest: &str) -> Parsed {
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let outcome = match self.steps.last_mut() {
            Some(Step::Exchange(_, outcome)) if self.is_after_outcome => outcome,
            _ => return Err("\"with\" comes right after the \"=\" of a request".into()),
        };
        match (word, rest) {
            ("retry", "") => outcome.is_retried = true,
            ("no-reason", "") => outcome.reason = Some(String::new()),
            (_, "") => return Err("with what?".into()),
            ("reason", _) => outcome.reason = Some(text(rest)?),
            ("version", "HTTP/1.0" | "HTTP/1.1") => outcome.version = Some(rest.into()),
            ("codings", _) => outcome.codings = rest.split(", ").map(str::to_owned).collect(),
            ("length", "none") => outcome.length = Some(None),
            ("length", _) => outcome.length = Some(Some(number(rest)?)),
            ("field", _) => outcome.fields.push(field(rest)?),
            ("no-field", _) => outcome.no_fields.push(rest.into()),
            ("interim", _) => outcome.interims.push(Interim { status: number(rest)?, fields: Vec::new() }),
            ("interim-field", _) => {
                let interim = outcome.interims.last_mut().ok_or("there is no interim response before")?;
                interim.fields.push(field(rest)?);
            }
            ("trailer", _) => outcome.trailers.push(field(rest)?),
            ("took", _) => outcome.took = duration(rest)?,
            ("write-error", _) => outcome.write_error = Some(rest.into()),
            ("says", _) if outcome.error.is_some() => outcome.says = Some(text(rest)?),
            _ => return Err(format!("no response comes with {word:?} {rest:?}")),
        }
        Ok(())
    }
}

fn parse_outcome(mut rest: &str) -> Parsed<Outcome> {
    let mut outcome = Outcome::default();
    let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
    if let Ok(status) = word.parse() {
        outcome.status = Some(status);
        rest = after;
    }
    while let Some((count, quoted)) = content_piece(rest)? {
        let end = closing_quote(quoted).ok_or("a quote is not closed")?;
        outcome.content.extend(unescape(&quoted[..end])?.repeat(count));
        rest = quoted[end + 1..].trim_start();
    }
    if let Some(after) = rest.strip_prefix("unread ") {
        outcome.is_unread = true;
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("error ") {
        let mut words = after.splitn(3, ' ');
        let (Some(phase), Some(code), Some(after)) = (words.next(), words.next(), words.next()) else {
            return Err("an error has a phase and a code, and then come fates".into());
        };
        let retry = after.strip_prefix("may-retry ");
        rest = retry.unwrap_or(after);
        outcome.error = Some(Failure { phase: phase.into(), code: code.into(), may_retry: retry.is_some() });
    }
    if rest != "-" {
        outcome.fates = rest.split(", ").map(fate).collect::<Parsed<_>>()?;
    }
    Ok(outcome)
}

/// The count of a quoted text, and what follows its first quote. `None` if there is no quoted text.
fn content_piece(rest: &str) -> Parsed<Option<(usize, &str)>> {
    if let Some(quoted) = rest.strip_prefix('"') {
        return Ok(Some((1, quoted)));
    }
    match rest.split_once("*\"") {
        Some((count, quoted)) if count.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some((number(count)?, quoted))),
        _ => Ok(None),
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

fn fate(text: &str) -> Parsed<Fate> {
    match text.split_once(' ') {
        None if text == "kept" => Ok(Fate::Kept),
        None if text == "strayed" => Ok(Fate::Strayed),
        Some(("closed", reason)) if !reason.contains(' ') => Ok(Fate::Closed(reason.into())),
        _ => Err(format!("no connection comes to {text:?}")),
    }
}

/// `NAME: VALUE`, or `NAME:`.
fn field(rest: &str) -> Parsed<Field> {
    let (name, value) = rest.split_once(": ").or(rest.strip_suffix(':').map(|name| (name, ""))).ok_or("no colon")?;
    Ok((text(name)?, unescape(value)?))
}

fn repeated(rest: &str) -> Parsed<Vec<u8>> {
    let (count, text) = rest.split_once(' ').ok_or("a count and a text")?;
    Ok(unescape(text)?.repeat(number(count)?))
}

fn number<T: std::str::FromStr>(text: &str) -> Parsed<T> {
    text.parse().map_err(|_| format!("{text:?} is no number that fits"))
}

/// A time: `5s`, `250ms`, `1h`.
pub(crate) fn duration(text: &str) -> Parsed<Duration> {
    let units = [("ms", 1), ("s", 1000), ("h", 3_600_000)];
    let of_unit = |(unit, millis): (&str, u64)| {
        text.strip_suffix(unit)?.parse::<u64>().ok().map(|count| Duration::from_millis(count * millis))
    };
    units.into_iter().find_map(of_unit).ok_or_else(|| format!("{text:?} is no time: 5s, 250ms, 1h"))
}

fn text(escaped: &str) -> Parsed<String> {
    String::from_utf8(unescape(escaped)?).map_err(|_| "only UTF-8 can be here".into())
}

fn unescape(text: &str) -> Parsed<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'"') => b'"',
                Some(b'x') => {
                    let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                    let (high, low) = (digit(), digit());
                    let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                    byte.ok_or("after \\x come two hexadecimal digits")?
                }
                _ => return Err("an escape is one of \\r \\n \\t \\0 \\\\ \\\" \\xNN".into()),
            },
            byte => byte,
        });
    }
    Ok(plain)
}
