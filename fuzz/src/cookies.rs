//! Cookies: what comes back is what a naive jar has, files are read as they were written, and nothing grows without bound.

use std::time::Duration;

use xenon::cookies::{Jar, Place, PublicSuffixes};
use xenon::http::url::Url;
use xenon::limits::{COOKIE_AGE, COOKIE_FIELD_LENGTH, COOKIE_LENGTH, COOKIES, COOKIES_OF_DOMAIN};

use crate::split;

/// Where cookies come from, and go: host, path, whether it is secure.
const PLACES: [(&str, &str, bool); 8] = [
    ("a.test", "/", false),
    ("a.test", "/x/y", true),
    ("b.a.test", "/x", false),
    ("b.a.test", "/", true),
    ("c.b.a.test", "/x/y/z", true),
    ("ba.test", "/", true),
    ("127.0.0.1", "/x/", false),
    ("co.test", "/", true),
];

/// `co.test` is a public suffix, and so is whatever has no dot.
const LIST: &[u8] = b".DAFSA@PSL_0   \n\x81co.test\x84";

const NOW: Duration = Duration::from_secs(1_000_000_000);

/// Input: whether there is a list of suffixes; lines, each of where it comes from, and the field.
pub fn check(input: &[u8]) {
    let ([how], rest) = split(input);
    if how & 3 == 3 {
        return check_files(rest);
    }
    let has_list = how & 1 == 0;
    let mut jar = Jar::default();
    jar.set_public_suffixes(has_list.then(|| PublicSuffixes::new(LIST).expect("it has its header")));
    let mut naive = Naive { cookies: Vec::new(), has_list, made: 0 };
    for line in rest.split(|byte| *byte == b'\n') {
        let ([place], field) = split(line);
        let from = PLACES[usize::from(place) % PLACES.len()];
        let outcome = jar.receive(&place_of(from), field, NOW);
        // It reads no dates.
        if field.to_ascii_lowercase().windows(7).any(|word| word == b"expires") {
            return;
        }
        assert_eq!(outcome.is_ok(), naive.receive(from, field), "{outcome:?} {}", field.escape_ascii());
        assert!(jar.len() <= COOKIES);
    }
    if naive.cookies.len() > COOKIES_OF_DOMAIN {
        return;
    }
    for to in PLACES {
        let mut chosen = jar.choose(&place_of(to), NOW, 0);
        let value = chosen.as_mut().map(|chosen| std::mem::take(&mut *chosen.value)).unwrap_or_default();
        assert!(
            value.len() <= COOKIE_FIELD_LENGTH && !value.iter().any(|byte| *byte != b'\t' && byte.is_ascii_control())
        );
        if chosen.is_none_or(|chosen| chosen.left_out == 0) {
            assert_eq!(value.escape_ascii().to_string(), naive.choose(to).escape_ascii().to_string(), "{to:?}");
        }
    }
    check_again(&jar);
}

/// What is written can be read, and written again.
fn check_again(jar: &Jar) {
    let written = jar.export(NOW);
    let mut again = Jar::default();
    let imported = again.import(&written.text, None, NOW);
    assert_eq!((imported.taken + written.left_out, imported.refused), (jar.len(), 0));
    let rewritten = again.export(NOW);
    assert_eq!(rewritten.text.escape_ascii().to_string(), written.text.escape_ascii().to_string());
}

/// Input: a list of suffixes, up to an empty line, and a file of cookies.
fn check_files(input: &[u8]) {
    let at = input.windows(2).position(|two| two == b"\n\n").map_or(input.len(), |at| at + 2);
    let (list, file) = input.split_at(at);
    let list = PublicSuffixes::new(&[&LIST[..16], list].concat()).expect("it has its header");
    for domain in ["a.test", "co.test", "x.co.test", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p"] {
        list.contain(domain);
    }
    let mut jar = Jar::default();
    let lines = file.split(|byte| *byte == b'\n').count();
    let imported = jar.import(file, Some(&place_of(PLACES[1])), NOW);
    assert!(imported.taken + imported.refused <= lines && jar.len() <= imported.taken);
    check_again(&jar);
}

fn place_of((host, path, is_secure): (&str, &str, bool)) -> Place {
    let scheme = if is_secure { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}{path}")).expect("a URL");
    Place::new(&url.origin, &url.target)
}

/// A jar as RFC 6265bis sections 5.6 to 5.8 describe it, without limits.
struct Naive {
    cookies: Vec<Cookie>,
    has_list: bool,
    made: usize,
}

#[derive(Clone)]
struct Cookie {
    name: Vec<u8>,
    value: Vec<u8>,
    domain: String,
    is_host_only: bool,
    path: Vec<u8>,
    expires: Option<u64>,
    is_secure: bool,
    made: usize,
}

impl Naive {
    fn receive(&mut self, (host, here, is_secure): (&str, &str, bool), field: &[u8]) -> bool {
        if field.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return false;
        }
        let mut parts = field.split(|byte| *byte == b';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (trimmed(&pair[..at]), trimmed(&pair[at + 1..])),
            None => (Vec::new(), trimmed(pair)),
        };
        if name.is_empty() && value.is_empty() || name.len() + value.len() > COOKIE_LENGTH {
            return false;
        }
        let (mut age, mut domain, mut path, mut secure) = (None, String::new(), None, false);
        let mut is_named = false;
        for part in parts {
            let at = part.iter().position(|byte| *byte == b'=');
            let name = trimmed(&part[..at.unwrap_or(part.len())]).to_ascii_lowercase();
            let value = trimmed(at.map_or(&[][..], |at| &part[at + 1..]));
            if value.len() > 1024 {
                continue;
            }
            let digits = value.strip_prefix(b"-").unwrap_or(&value);
            match name.as_slice() {
                b"max-age" if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                    let number = String::from_utf8_lossy(digits).parse().unwrap_or(u64::MAX);
                    age = Some(if value[0] == b'-' { 0 } else { number });
                }
                b"domain" => {
                    let value = value.strip_prefix(b".").unwrap_or(&value).to_ascii_lowercase();
                    domain = value.iter().map(|byte| char::from(*byte)).collect();
                }
                b"path" => {
                    is_named = value.starts_with(b"/");
                    path = is_named.then_some(value);
                }
                b"secure" => secure = true,
                _ => {}
            }
        }
        let is_public = self.has_list && !domain.is_empty() && (domain == "co.test" || !domain.contains('.'));
        match (is_public, domain == host) {
            (true, true) => domain.clear(),
            (true, false) => return false,
            _ => {}
        }
        let is_address = host == "127.0.0.1";
        if !(domain.is_empty() || domain == host || !is_address && host.ends_with(&format!(".{domain}"))) {
            return false;
        }
        if secure && !is_secure {
            return false;
        }
        let folder = &here.as_bytes()[..here.rfind('/').unwrap_or_default()];
        let path = path.unwrap_or(if folder.is_empty() { b"/".to_vec() } else { folder.to_vec() });
        let shown = if name.is_empty() { &value } else { &name }.to_ascii_lowercase();
        let (is_s, is_h) = (shown.starts_with(b"__secure-"), shown.starts_with(b"__host-"));
        let keeps = match (is_s, is_h) {
            (false, false) => true,
            _ if name.is_empty() => false,
            (true, _) => secure,
            (_, true) => secure && domain.is_empty() && is_named && path == b"/",
        };
        if !keeps {
            return false;
        }
        let is_host_only = domain.is_empty() || !self.has_list;
        let domain = if is_host_only { host.to_owned() } else { domain };
        let expires = age.map(|age: u64| age.min(COOKIE_AGE.as_secs()));
        let within = |one: &str, other: &str| one == other || one.ends_with(&format!(".{other}"));
        let hides = |old: &Cookie| {
            old.is_secure
                && old.name == name
                && (within(&old.domain, &domain) || within(&domain, &old.domain))
                && is_below(&path, &old.path)
        };
        if !is_secure && self.cookies.iter().any(hides) {
            return false;
        }
        let is_same = |old: &Cookie| {
            (&old.name, &old.domain, old.is_host_only, &old.path) == (&name, &domain, is_host_only, &path)
        };
        self.made += 1;
        let made = self.cookies.iter().find(|old| is_same(old)).map_or(self.made, |old| old.made);
        self.cookies.retain(|old| !is_same(old));
        if expires != Some(0) {
            self.cookies.push(Cookie { name, value, domain, is_host_only, path, expires, is_secure: secure, made });
        }
        true
    }

    fn choose(&self, (host, path, is_secure): (&str, &str, bool)) -> Vec<u8> {
        let is_chosen = |cookie: &&Cookie| {
            let is_within = !cookie.is_host_only && host.ends_with(&format!(".{}", cookie.domain));
            (cookie.domain == host || is_within)
                && is_below(path.as_bytes(), &cookie.path)
                && (is_secure || !cookie.is_secure)
                && cookie.expires != Some(0)
        };
        let mut chosen: Vec<&Cookie> = self.cookies.iter().filter(is_chosen).collect();
        chosen.sort_by_key(|cookie| cookie.made);
        chosen.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let written = |cookie: &Cookie| match cookie.name.is_empty() {
            true => cookie.value.clone(),
            false => [&cookie.name, &b"="[..], &cookie.value].concat(),
        };
        chosen.into_iter().map(written).collect::<Vec<_>>().join(&b"; "[..])
    }
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let is_inner = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let Some(start) = bytes.iter().position(is_inner) else { return Vec::new() };
    let end = bytes.iter().rposition(is_inner).expect("there is one");
    bytes[start..=end].to_vec()
}

fn is_below(path: &[u8], cookie: &[u8]) -> bool {
    path == cookie || path.starts_with(cookie) && (cookie.ends_with(b"/") || path[cookie.len()] == b'/')
}
