//! The WIT's `cookie-jar` around the core's.
//!
//! It is compiled once for each face, against that face's bindings.

use super::bindings::exports::xenon::http::cookies as wit;
use super::bindings::exports::xenon::http::cookies::{ExportedCookies, ImportedCookies};
use super::convert::{Outcome, count, wrong};
use super::wall_clock;
use crate::cookies::{Place, PublicSuffixes, SharedJar};
use crate::http::url::Url;

#[derive(Default)]
pub(super) struct CookieJar(SharedJar);

impl CookieJar {
    pub(super) fn handle(jar: SharedJar) -> wit::CookieJar {
        wit::CookieJar::new(Self(jar))
    }

    pub(super) fn jar(&self) -> SharedJar {
        SharedJar::clone(&self.0)
    }
}

impl wit::GuestCookieJar for CookieJar {
    fn new() -> Self {
        Self::default()
    }

    fn set_public_suffixes(&self, dafsa: Option<Vec<u8>>) -> Outcome<()> {
        let suffixes = dafsa.map(|list| PublicSuffixes::new(&list)).transpose();
        self.0
            .borrow_mut()
            .set_public_suffixes(suffixes.map_err(|_| wrong("this is no list of public suffixes, or it is too long"))?);
        Ok(())
    }

    fn import_cookies(&self, text: Vec<u8>, url: Option<String>) -> ImportedCookies {
        let place = url.and_then(|url| place(&url));
        let imported = self.0.borrow_mut().import(&text, place.as_ref(), wall_clock());
        ImportedCookies { taken: count(imported.taken), refused: count(imported.refused) }
    }

    fn export_cookies(&self) -> ExportedCookies {
        let exported = self.0.borrow().export(wall_clock());
        ExportedCookies { text: exported.text, left_out: count(exported.left_out) }
    }

    fn count(&self) -> u32 {
        count(self.0.borrow().len())
    }

    fn clear_session_cookies(&self) {
        self.0.borrow_mut().clear_session_cookies();
    }

    fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

fn place(url: &str) -> Option<Place> {
    let url = Url::parse(url).ok()?;
    Some(Place::new(&url.origin, &url.target))
}
