//! Makes a request of the session from the options. It leaves the meaning of fields to the component.

use crate::bindings::Session;
use crate::bindings::client::NextRequest;
use crate::bindings::types::Version;
use crate::content::Content;
use crate::cookies;
use crate::exit::{Exit, Failure};
use crate::login::Login;
use crate::options::Options;
use crate::redirects;
use crate::upload::Upload;
use crate::url::Url;

/// A request, and the content to be streamed to its exchange.
pub struct Request {
    /// The component's request.
    pub request: crate::bindings::Request,
    /// `None` if the request has all of its content already, or none.
    pub upload: Option<Upload>,
}

impl Request {
    /// Makes the request for this URL.
    pub fn new(session: &Session, options: &Options, url: &Url, content: &Content) -> Result<Self, Failure> {
        let method = options.method(content.is_upload());
        let request = crate::bindings::Request::new(session, method, &url.target());
        let wanted = fields(options, method, url.login.as_ref());
        let mut is_chunked = false;
        for (name, value) in &wanted {
            // Only the component writes this field. A user can choose not to announce a length.
            if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
                is_chunked = true;
                continue;
            }
            request.add_field_bytes(name, value).map_err(|error| Failure::from_component(&error, false))?;
        }
        if options.http10 {
            request.set_version(Version::Http10).map_err(|error| Failure::from_component(&error, false))?;
        }
        if options.retry_unsafe {
            request.set_idempotent(true);
        }
        if options.expect100 {
            request.set_expect_continue(true);
        }
        let upload = match content {
            Content::None => None,
            Content::Bytes(bytes) if !is_chunked => {
                request.set_content(bytes);
                None
            }
            _ => Some(Upload::open(content)?),
        };
        if let Some(upload) = &upload {
            request.set_streamed_content(upload.length().filter(|_| !is_chunked));
        }
        Ok(Self { request, upload })
    }

    /// Makes the request to which a redirect leads. If the content was streamed, it is read again.
    pub fn after(led: &NextRequest, session: &Session, content: &Content, was_streamed: bool) -> Result<Self, Failure> {
        let upload = if was_streamed && led.has_content() { Some(Upload::open(content)?) } else { None };
        if upload.as_ref().is_some_and(|upload| !upload.is_repeatable()) {
            return Err(Failure::new(Exit::Rewind, "a redirect wants the content again, and it came from a pipe"));
        }
        Ok(Self { request: led.request(session), upload })
    }
}

/// Checks the fields in the options before any transfer.
pub fn check(options: &Options) -> Result<(), Failure> {
    for line in &options.fields {
        let line = line_of(line);
        if line.as_ref().is_some_and(|line| !line.name().is_ascii()) {
            return Err(Failure::new(Exit::BadOption, "the name of a field in -H is not ASCII, and has to be"));
        }
        let Some(Line::Removed(name)) = line else { continue };
        if name.eq_ignore_ascii_case(b"host") {
            return Err(Failure::new(Exit::BadRequest, "a request without Host is not possible"));
        }
        if options.compressed && name.eq_ignore_ascii_case(b"accept-encoding") {
            let words = "with --compressed, -H can replace Accept-Encoding, and not leave it out";
            return Err(Failure::new(Exit::BadOption, words));
        }
    }
    Ok(())
}

/// Whether the session's own `User-Agent` is omitted: `-H 'User-Agent:'`, `-A ''`.
pub fn leaves_out_user_agent(options: &Options) -> bool {
    options.user_agent.as_deref() == Some(b"") || leaves_out(options, b"user-agent")
}

/// Whether `-H 'Name:'` leaves this field out.
pub fn leaves_out(options: &Options, field: &[u8]) -> bool {
    let is_removed =
        |line: &Vec<u8>| matches!(line_of(line), Some(Line::Removed(name)) if name.eq_ignore_ascii_case(field));
    options.fields.iter().any(is_removed)
}

/// The request's fields in order: those that the options imply, unless `-H` has them or leaves them out, then `-H`'s.
fn fields(options: &Options, method: &str, of_url: Option<&Login>) -> Vec<(String, Vec<u8>)> {
    let lines: Vec<Line> = options.fields.iter().filter_map(|line| line_of(line)).collect();
    let mut fields = Vec::new();
    let mut default = |name: &str, value: Option<&[u8]>| {
        let is_given = lines.iter().any(|line| line.name().eq_ignore_ascii_case(name.as_bytes()));
        if let Some(value) = value.filter(|_| !is_given) {
            fields.push((name.to_owned(), value.to_vec()));
        }
    };
    let range = options.range.as_ref().map(|range| [b"bytes=", range.as_slice()].concat());
    let has_host = lines.iter().any(|line| matches!(line, Line::Set(name, _) if name.eq_ignore_ascii_case(b"host")));
    // A response to TRACE shows the request to everyone on the way, so the component would refuse it.
    let login = (method != "TRACE").then(|| options.login.field(of_url, has_host)).flatten();
    // One that follows the redirects belongs to the session: see `redirects`.
    let referer = options.referer.as_deref().filter(|_| redirects::first_referer(options).is_none());
    default("Authorization", login.as_deref());
    default("User-Agent", options.user_agent.as_deref().filter(|name| !name.is_empty()));
    default("Accept", Some(b"*/*"));
    default("Range", range.as_deref());
    default("Cookie", cookies::field(&options.cookies).as_deref());
    default("Referer", referer.filter(|referer| !referer.is_empty()));
    default("Content-Type", (!options.data.is_empty()).then_some(b"application/x-www-form-urlencoded"));
    for line in lines {
        if let Line::Set(name, value) = line {
            // Text that is not ASCII was refused before.
            fields.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
        }
    }
    fields
}

/// The value of an `-H`.
enum Line<'a> {
    /// `Name: value`, and `Name;` for an empty value.
    Set(&'a [u8], &'a [u8]),
    /// `Name:`.
    Removed(&'a [u8]),
}

impl Line<'_> {
    fn name(&self) -> &[u8] {
        match self {
            Self::Set(name, _) | Self::Removed(name) => name,
        }
    }
}

/// `None` for a line that has neither colon nor semicolon. curl ignores it, too.
fn line_of(line: &[u8]) -> Option<Line<'_>> {
    match line.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (name, value) = line.split_at(colon);
            let value = trimmed_end(value.get(1..).unwrap_or_default());
            let start = value.iter().position(|byte| !is_blank(*byte)).unwrap_or(value.len());
            let value = value.get(start..).unwrap_or_default();
            Some(if value.is_empty() { Line::Removed(name) } else { Line::Set(name, value) })
        }
        None => trimmed_end(line).strip_suffix(b";").map(|name| Line::Set(name, b"")),
    }
}

/// Only spaces and tabs: a line break must reach the component, which refuses it.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [before @ .., last] = text
        && is_blank(*last)
    {
        text = before;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::LoginOptions;
    use crate::options::Data;

    fn options(fields: &[&str]) -> Options {
        Options { fields: fields.iter().map(|line| line.as_bytes().to_vec()).collect(), ..Options::default() }
    }

    fn sent(options: &Options) -> Vec<String> {
        sent_with(options, "GET", None)
    }

    fn sent_with(options: &Options, method: &str, of_url: Option<&Login>) -> Vec<String> {
        let line = |(name, value): (String, Vec<u8>)| format!("{name}: {}", String::from_utf8(value).unwrap());
        fields(options, method, of_url).into_iter().map(line).collect()
    }

    #[test]
    fn fields_are_added_replaced_left_out_and_empty() {
        assert_eq!(sent(&options(&[])), ["Accept: */*"]);
        assert_eq!(sent(&options(&["accept: a", "X:b", "X: c "])), ["accept: a", "X: b", "X: c"]);
        assert_eq!(sent(&options(&["Accept:"])), [""; 0]);
        assert_eq!(sent(&options(&["Accept: ", "X;"])), ["X: "]);
        assert_eq!(sent(&options(&["nonsense"])), ["Accept: */*"]);
    }

    #[test]
    fn options_imply_fields() {
        let options = Options {
            user_agent: Some("me".into()),
            range: Some("0-9".into()),
            referer: Some("http://r/".into()),
            data: vec![Data::Bytes(b"x".to_vec())],
            ..Options::default()
        };
        assert_eq!(
            sent(&options),
            [
                "User-Agent: me",
                "Accept: */*",
                "Range: bytes=0-9",
                "Referer: http://r/",
                "Content-Type: application/x-www-form-urlencoded",
            ]
        );
    }

    #[test]
    fn a_login_goes_to_the_host_that_the_user_names() {
        let login = || LoginOptions { login: Some(Login::parse(b"a:b")), ..LoginOptions::default() };
        let options = |fields: &[&str]| Options { login: login(), ..options(fields) };
        let basic = "Authorization: Basic YTpi";
        assert_eq!(sent(&options(&["Accept:"])), [""; 0]);
        assert_eq!(sent(&options(&["Accept:", "host: x"])), [basic, "host: x"]);
        assert_eq!(sent(&options(&["Accept:", "Host;"])), [basic, "Host: "]);
        let own = ["Accept:", "Host: x", "authorization: mine"];
        assert_eq!(sent(&options(&own)), ["Host: x", "authorization: mine"]);
        assert_eq!(sent_with(&options(&["Accept:", "Host: x"]), "TRACE", None), ["Host: x"]);
        let of_url = Login::parse(b"c:d");
        assert_eq!(
            sent_with(&self::options(&["Accept:", "Host: x"]), "GET", Some(&of_url))[0],
            "Authorization: Basic Yzpk"
        );
    }

    #[test]
    fn a_value_is_bytes_and_a_name_is_ascii() {
        let bytes = Options { fields: vec![b"X:\t\xff \xa0 ".to_vec()], ..Options::default() };
        check(&bytes).unwrap();
        assert_eq!(fields(&bytes, "GET", None)[1], ("X".into(), b"\xff \xa0".to_vec()));
        for name in [&b"\xff: a"[..], "\u{e9}: a".as_bytes(), b"\xff:", b"\xff;"] {
            let refused = check(&Options { fields: vec![name.to_vec()], ..Options::default() }).unwrap_err();
            assert_eq!(refused.exit, Exit::BadOption);
        }
    }

    #[test]
    fn a_login_that_is_no_text_has_a_field_unless_there_is_one() {
        let login = || LoginOptions { login: Some(Login::parse(b"\xff:b")), ..LoginOptions::default() };
        let options = |fields: &[&str]| Options { login: login(), ..options(fields) };
        assert_eq!(fields(&options(&[]), "GET", None)[0], ("Authorization".into(), b"Basic /zpi".to_vec()));
        let own = options(&["authorization: mine", "Accept:"]);
        assert_eq!(fields(&own, "GET", None), [("authorization".into(), b"mine".to_vec())]);
    }

    #[test]
    fn a_line_break_is_left_for_the_component_to_refuse() {
        assert_eq!(sent(&options(&["X: a\r\nY: b", "Accept:"])), ["X: a\r\nY: b"]);
    }

    #[test]
    fn the_user_agent_can_be_left_out_but_host_cannot() {
        assert!(leaves_out_user_agent(&options(&["user-agent:"])));
        assert!(leaves_out_user_agent(&Options { user_agent: Some(Vec::new()), ..Options::default() }));
        assert!(!leaves_out_user_agent(&options(&["User-Agent: x"])));
        assert_eq!(check(&options(&["Host:"])).unwrap_err().exit, Exit::BadRequest);
        check(&options(&["Host: x", "Host;"])).unwrap();
    }
}
