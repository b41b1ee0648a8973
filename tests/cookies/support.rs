//! A jar at some places, at some time.

use std::time::Duration;

use xenon::cookies::{Jar, Place, PublicSuffixes, Refused};
use xenon::http::url::Url;

use crate::dafsa;

/// 1 January 2026.
pub(crate) const NOW: Duration = Duration::from_secs(1_767_225_600);

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn place(url: &str) -> Place {
    let url = Url::parse(url).unwrap();
    Place::new(&url.origin, &url.target)
}

/// A jar that knows which of the domains of tests belong to many.
pub(crate) fn jar() -> Jar {
    let mut jar = Jar::default();
    let list = dafsa::file(&["test", "co.test", "*.wild.test", "!own.wild.test", "hosting.test"]);
    jar.set_public_suffixes(Some(PublicSuffixes::new(&list).unwrap()));
    jar
}

/// Takes these lines, and says of each whether it was taken.
pub(crate) fn receive(jar: &mut Jar, url: &str, fields: &[&str]) -> Vec<Result<(), Refused>> {
    fields.iter().map(|field| jar.receive(&place(url), field.as_bytes(), NOW)).collect()
}

/// The field that goes to this place; nothing if there is none.
pub(crate) fn sent(jar: &mut Jar, url: &str) -> String {
    sent_at(jar, url, NOW)
}

pub(crate) fn sent_at(jar: &mut Jar, url: &str, now: Duration) -> String {
    let chosen = jar.choose(&place(url), now, 0);
    chosen.map_or_else(String::new, |chosen| String::from_utf8(chosen.value.to_vec()).unwrap())
}

/// What goes back to a place after these lines came from it.
pub(crate) fn returned(url: &str, fields: &[&str], to: &str) -> String {
    let mut jar = jar();
    receive(&mut jar, url, fields);
    sent(&mut jar, to)
}
