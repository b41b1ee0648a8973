//! The cookies of one request: which are sent, and which of its responses set.
//!
//! `cookies` decides which are accepted and chosen.

use std::time::Duration;

use crate::cookies::{Place, SharedJar, name_of};
use crate::h1::response_head::ResponseHead;
use crate::http::head::RequestHead;
use crate::http::origin::{Host, Origin};
use crate::http::uri;
use crate::secret::SecretBytes;
use crate::session::events::Kind;
use crate::session::request::Description;

/// The cookies of one request.
pub(crate) struct RequestCookies {
    jar: SharedJar,
    place: Place,
}

impl RequestCookies {
    /// `None` if whoever responds to the request shows it to all (TRACE), or nobody knows whose its cookies would be.
    #[cold]
    pub(crate) fn of(jar: &SharedJar, origin: &Origin, description: &Description) -> Option<Box<Self>> {
        if description.method == "TRACE" {
            return None;
        }
        // As in browsers, cookies belong to hosts, and in curl to the host that the caller names.
        let place = match description.host() {
            Some(host) => Place::of_host(&named_host(host)?, origin.scheme, &description.target),
            None => Place::new(origin, &description.target),
        };
        Some(Box::new(Self { jar: SharedJar::clone(jar), place }))
    }

    /// Adds the cookies of this moment.
    #[cold]
    pub(crate) fn add(&self, head: &mut RequestHead<'_>, now: Duration, tell: &mut dyn FnMut(Kind)) {
        let own = head.value("cookie").map_or(0, <[u8]>::len);
        let Some(mut chosen) = self.jar.borrow_mut().choose(&self.place, now, own) else { return };
        if chosen.left_out > 0 {
            let refused = "the request's field is full, and the cookies that come last are left out";
            tell(Kind::Cookie { name: String::new(), refused: Some(refused.to_owned()) });
        }
        if !chosen.value.is_empty() {
            head.push_cookies(SecretBytes::new(std::mem::take(&mut *chosen.value)));
        }
    }

    /// Takes the cookies of this head: of every response but that of a proxy which wants to know who asks.
    #[cold]
    pub(crate) fn receive(&self, head: &ResponseHead, now: Duration, tell: &mut dyn FnMut(Kind)) {
        if head.status == PROXY_AUTHENTICATION_REQUIRED {
            return;
        }
        for field in head.fields.all("set-cookie") {
            let refused = self.jar.borrow_mut().receive(&self.place, field, now).err();
            tell(Kind::Cookie { name: name_of(field), refused: refused.map(|why| why.words().to_owned()) });
        }
    }
}

const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;

/// The host of this value of `Host`.
fn named_host(value: &[u8]) -> Option<Host> {
    let (host, _) = uri::split_port(std::str::from_utf8(value.trim_ascii()).ok()?).ok()?;
    Host::parse(host).ok()
}
