//! Makes a request of the session from the options. What the fields mean on the wire is the component's business.

use crate::bindings::Session;
use crate::bindings::types::Version;
use crate::content::Content;
use crate::exit::{Exit, Failure};
use crate::login::Login;
use crate::options::Options;
use crate::upload::Upload;
use crate::url::Url;

/// A request, and the content that must be written to it while it is under way.
pub struct Request {
    /// The component's request.
    pub request: crate::bindings::Request,
    /// None when the request has all of its content already, or none.
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
            // Only the component can say so on the wire; what a user can choose is not to tell the length.
            if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
                is_chunked = true;
                continue;
            }
            request.add_field(name, value).map_err(|error| Failure::from_component(&error, false))?;
        }
        if options.http10 {
            request.set_version(Version::Http10);
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
}

/// Checks what the options say of fields before anything is done.
pub fn check(options: &Options) -> Result<(), Failure> {
    for line in &options.fields {
        if let Some(Line::Removed(name)) = line_of(line)
            && name.eq_ignore_ascii_case("host")
        {
            return Err(Failure::new(Exit::BadRequest, "a request without Host is not possible"));
        }
    }
    Ok(())
}

/// Whether the session's own `User-Agent` is not wanted: `-H 'User-Agent:'`, `-A ''`.
pub fn leaves_out_user_agent(options: &Options) -> bool {
    let is_removed =
        |line: &String| matches!(line_of(line), Some(Line::Removed(name)) if name.eq_ignore_ascii_case("user-agent"));
    options.user_agent.as_deref() == Some("") || options.fields.iter().any(is_removed)
}

/// The request's fields in order: those that the options imply, unless `-H` has them or leaves them out, then `-H`'s.
fn fields(options: &Options, method: &str, of_url: Option<&Login>) -> Vec<(String, String)> {
    let lines: Vec<Line> = options.fields.iter().filter_map(|line| line_of(line)).collect();
    let mut fields = Vec::new();
    let mut default = |name: &str, value: Option<&str>| {
        let is_given = lines.iter().any(|line| line.name().eq_ignore_ascii_case(name));
        if let Some(value) = value.filter(|_| !is_given) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    };
    let range = options.range.as_ref().map(|range| format!("bytes={range}"));
    let has_host = lines.iter().any(|line| matches!(line, Line::Set(name, _) if name.eq_ignore_ascii_case("host")));
    // Whoever answers TRACE sends it back for all to see, so the component would refuse it.
    let login = (has_host && method != "TRACE").then(|| options.login.for_another_host(of_url)).flatten();
    let referer = options.referer.as_deref().map(|referer| referer.trim_end_matches(";auto"));
    default("User-Agent", options.user_agent.as_deref().filter(|name| !name.is_empty()));
    default("Accept", Some("*/*"));
    default("Range", range.as_deref());
    default("Referer", referer.filter(|referer| !referer.is_empty()));
    default("Authorization", login.as_deref());
    default("Content-Type", (!options.data.is_empty()).then_some("application/x-www-form-urlencoded"));
    for line in lines {
        if let Line::Set(name, value) = line {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    fields
}

/// What an `-H` says.
enum Line<'a> {
    /// `Name: value`, and `Name;` for an empty value.
    Set(&'a str, &'a str),
    /// `Name:`.
    Removed(&'a str),
}

impl Line<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Removed(name) => name,
        }
    }
}

/// None for a line that has neither colon nor semicolon; curl ignores such a one, too.
fn line_of(line: &str) -> Option<Line<'_>> {
    // Only spaces and tabs: a line break must reach the component, which refuses it.
    let blank = |character: char| matches!(character, ' ' | '\t');
    match line.split_once(':') {
        Some((name, value)) => {
            let value = value.trim_matches(blank);
            Some(if value.is_empty() { Line::Removed(name) } else { Line::Set(name, value) })
        }
        None => line.trim_end_matches(blank).strip_suffix(';').map(|name| Line::Set(name, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::LoginOptions;
    use crate::options::Data;

    fn options(fields: &[&str]) -> Options {
        Options { fields: fields.iter().map(|line| (*line).to_owned()).collect(), ..Options::default() }
    }

    fn sent(options: &Options) -> Vec<String> {
        sent_with(options, "GET", None)
    }

    fn sent_with(options: &Options, method: &str, of_url: Option<&Login>) -> Vec<String> {
        fields(options, method, of_url).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
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
            referer: Some("http://r/;auto".into()),
            data: vec![Data::Text("x".into())],
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
        let login = LoginOptions { login: Some(Login::parse("a:b")), ..LoginOptions::default() };
        let options = |fields: &[&str]| Options { login: login.clone(), ..options(fields) };
        let basic = "Authorization: Basic YTpi";
        assert_eq!(sent(&options(&["Accept:"])), [""; 0]);
        assert_eq!(sent(&options(&["Accept:", "host: x"])), [basic, "host: x"]);
        assert_eq!(sent(&options(&["Accept:", "Host;"])), [basic, "Host: "]);
        let own = ["Accept:", "Host: x", "authorization: mine"];
        assert_eq!(sent(&options(&own)), ["Host: x", "authorization: mine"]);
        assert_eq!(sent_with(&options(&["Accept:", "Host: x"]), "TRACE", None), ["Host: x"]);
        let of_url = Login::parse("c:d");
        assert_eq!(
            sent_with(&self::options(&["Accept:", "Host: x"]), "GET", Some(&of_url))[0],
            "Authorization: Basic Yzpk"
        );
    }

    #[test]
    fn a_line_break_is_left_for_the_component_to_refuse() {
        assert_eq!(sent(&options(&["X: a\r\nY: b", "Accept:"])), ["X: a\r\nY: b"]);
    }

    #[test]
    fn the_user_agent_can_be_left_out_but_host_cannot() {
        assert!(leaves_out_user_agent(&options(&["user-agent:"])));
        assert!(leaves_out_user_agent(&Options { user_agent: Some(String::new()), ..Options::default() }));
        assert!(!leaves_out_user_agent(&options(&["User-Agent: x"])));
        assert_eq!(check(&options(&["Host:"])).unwrap_err().exit, Exit::BadRequest);
        check(&options(&["Host: x", "Host;"])).unwrap();
    }
}
