//! Where redirects lead a transfer. The component decides that; curl's policy is chosen here.

use crate::bindings::client::{self, FieldsAlong, NextRequest, PostKeeping, RedirectPolicy};
use crate::bindings::types::Error;
use crate::bindings::{Request, Response, Session};
use crate::options::Options;
use crate::request;
use crate::url::Origin;

/// The request to which this response leads, if it is a redirect and the options want it to be followed.
pub fn next(
    request: &Request,
    response: &Response,
    followed: u32,
    options: &Options,
) -> Result<Option<NextRequest>, Error> {
    if !options.redirects.follow {
        return Ok(None);
    }
    client::follow(request, response, policy(options), followed)
}

/// The origin of a request.
pub fn origin(next: &NextRequest) -> Origin {
    Origin { scheme: next.scheme(), host: next.host(), port: next.port() }
}

/// The value of `Referer` before any redirect, if each redirect is to change it (`-e 'URL;auto'`), and `-H` does not leave it out.
pub fn first_referer(options: &Options) -> Option<&[u8]> {
    let first = options.referer.as_deref()?.strip_suffix(b";auto")?;
    (!request::leaves_out(options, b"referer")).then_some(first)
}

/// The `Referer` that says that this URL was redirected. It has no fragment, and leads out of `https` to no other origin (RFC 9110
/// section 10.1.3).
pub fn referer(url: &[u8], from: &Origin, to: &Origin) -> Vec<u8> {
    let is_told = from == to || !from.is_tls();
    url.split(|byte| *byte == b'#').next().filter(|_| is_told).unwrap_or_default().to_vec()
}

/// Sends this `Referer` with the session's next requests. It is a default field, because a request cannot lose one of its own.
pub fn refer(session: &Session, referer: &[u8]) -> Result<(), Error> {
    let settings = session.options();
    let field = ("Referer".to_owned(), referer.to_vec());
    settings.set_default_fields(if referer.is_empty() { &[] } else { std::slice::from_ref(&field) })?;
    session.set_options(&settings);
    Ok(())
}

fn policy(options: &Options) -> RedirectPolicy {
    let redirects = &options.redirects;
    let kept = [
        (redirects.post301, PostKeeping::MOVED_PERMANENTLY),
        (redirects.post302, PostKeeping::FOUND),
        (redirects.post303, PostKeeping::SEE_OTHER),
    ];
    RedirectPolicy {
        limit: redirects.most,
        downgrade: true,
        along: if redirects.trusted { FieldsAlong::All } else { FieldsAlong::Most },
        keep_post: kept
            .into_iter()
            .filter(|(is_kept, _)| *is_kept)
            .fold(PostKeeping::empty(), |all, (_, status)| all | status),
        keep_method: options.method.is_some(),
        multiple_choices: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referer_has_no_fragment_and_does_not_leave_https() {
        let origin = |scheme: &str, host: &str| Origin { scheme: scheme.into(), host: host.into(), port: 1 };
        let (plain, secure) = (origin("http", "a"), origin("https", "a"));
        for (from, to, expected) in [
            (&plain, &plain, "URL?q"),
            (&plain, &origin("http", "b"), "URL?q"),
            (&plain, &secure, "URL?q"),
            (&secure, &secure, "URL?q"),
            (&secure, &plain, ""),
            (&secure, &origin("https", "b"), ""),
        ] {
            assert_eq!(referer(b"URL?q#f", from, to), expected.as_bytes(), "{from:?} {to:?}");
        }
    }
}
