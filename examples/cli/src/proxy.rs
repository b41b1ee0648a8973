//! What the options and the environment say of proxies, in curl's way.
//!
//! It takes no proxy's URL apart beyond the `@`: what is wrong with one is the component's to say.

use crate::bindings::Session;
use crate::bindings::types::Error;
use crate::content;
use crate::exit::{Exit, Failure};
use crate::output::tell;
use crate::url::{Origin, percent};

/// The options.
#[derive(Debug, Default)]
pub struct ProxyOptions {
    /// `-x`; empty is none, whatever the environment says.
    pub proxy: Option<String>,
    /// `-U`.
    pub user: Option<String>,
    /// `--proxy-anyauth`.
    pub waits: bool,
    /// `-p`.
    pub tunnel: bool,
    /// `--noproxy`.
    pub exempt: Option<String>,
    /// `--proxy-cacert`.
    pub only_roots: Option<String>,
}

/// What all sessions are told.
#[derive(Default)]
pub struct Proxies {
    proxy: Option<String>,
    /// Percent-encoded.
    user: Option<String>,
    waits: bool,
    tunnel: bool,
    exempt: Vec<String>,
    roots: Option<(String, Vec<u8>)>,
    environment: Environment,
}

/// The variables that say something of proxies; those that are empty are not there.
#[derive(Default)]
struct Environment {
    http: Option<String>,
    https: Option<String>,
    all: Option<String>,
    exempt: Option<String>,
}

impl Proxies {
    /// Reads the environment, and the file that the options name.
    pub fn read(options: &ProxyOptions, tells: bool) -> Result<Self, Failure> {
        let roots = match &options.only_roots {
            None => None,
            Some(name) => {
                let bytes = content::whole(name).map_err(|why| Failure::new(Exit::Authorities, why.message))?;
                Some((name.clone(), bytes))
            }
        };
        let environment = Environment::read(|name| std::env::var(name).ok());
        let exempt = match (&options.exempt, &environment.exempt) {
            (Some(list), _) => entries(list),
            (None, Some(list)) => sound(entries(list), tells),
            (None, None) => Vec::new(),
        };
        Ok(Self {
            proxy: options.proxy.clone(),
            user: options.user.as_deref().map(encoded),
            waits: options.waits,
            tunnel: options.tunnel,
            exempt,
            roots,
            environment,
        })
    }

    /// Has a session with this origin use them.
    pub fn give_to(&self, session: &Session, origin: &Origin) -> Result<(), Failure> {
        let Some(url) = self.url(origin) else {
            return Ok(());
        };
        let failed = |error: Error| Failure::from_component(&error, false);
        session.set_proxies(&[url]).map_err(failed)?;
        session.set_no_proxy(&self.exempt).map_err(failed)?;
        session.set_proxy_tunnel(self.tunnel);
        // As in curl, which sends them at once.
        session.set_proxy_ahead(!self.waits);
        if let Some((name, roots)) = &self.roots {
            session.set_proxy_default_roots(false);
            let unusable = |error: Error| format!("{name:?} cannot be used: {}", error.detail);
            session.add_proxy_roots(roots).map_err(|error| Failure::new(Exit::Authorities, unusable(error)))?;
        }
        Ok(())
    }

    /// The proxy for this origin, with the credentials that were given apart from it.
    fn url(&self, origin: &Origin) -> Option<String> {
        let url = self.proxy.as_ref().or_else(|| self.environment.for_scheme(&origin.scheme));
        let url = url.filter(|url| !url.is_empty())?;
        let Some(user) = &self.user else {
            return Some(url.clone());
        };
        // What ends the authority is no part of a scheme, and nothing behind it moves the host.
        let ends = ['/', '?', '#', '\\'];
        let (scheme, rest) =
            url.split_once("://").filter(|(scheme, _)| !scheme.contains(ends)).unwrap_or(("http", url));
        let rest = rest.split(ends).next().unwrap_or_default();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        Some(format!("{scheme}://{user}@{place}"))
    }
}

impl Environment {
    /// As in curl, `HTTP_PROXY` is not read: where programs run for a web server, a request could set it by a field `Proxy`.
    fn read(look: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| look(name).filter(|value| !value.is_empty()));
        Self {
            http: first(&["http_proxy"]),
            https: first(&["https_proxy", "HTTPS_PROXY"]),
            all: first(&["all_proxy", "ALL_PROXY"]),
            exempt: first(&["no_proxy", "NO_PROXY"]),
        }
    }

    fn for_scheme(&self, scheme: &str) -> Option<&String> {
        let own = if scheme == "https" { &self.https } else { &self.http };
        own.as_ref().or(self.all.as_ref())
    }
}

/// A list's entries, between commas or spaces.
fn entries(list: &str) -> Vec<String> {
    let is_between = |c: char| c == ',' || c.is_ascii_whitespace();
    list.split(is_between).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// Those entries that mean something: a list that others have written for many programs may have others too.
fn sound(entries: Vec<String>, tells: bool) -> Vec<String> {
    let judge = Session::new("http", "localhost", 80);
    let is_sound = |entry: &String| match judge.set_no_proxy(std::slice::from_ref(entry)) {
        Ok(()) => true,
        Err(error) => {
            if tells {
                tell(format!("xenon: warning: no_proxy: {}\n", error.detail).as_bytes());
            }
            false
        }
    };
    entries.into_iter().filter(is_sound).collect()
}

/// `USER:PASSWORD` as it stands in a URL.
fn encoded(user: &str) -> String {
    let mut encoded = String::new();
    let mut is_password = false;
    for byte in user.bytes() {
        if byte == b':' && !is_password {
            is_password = true;
            encoded.push(':');
        } else if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&percent(byte));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(scheme: &str) -> Origin {
        Origin { scheme: scheme.into(), host: "a.example".into(), port: 80 }
    }

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let look = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Environment::read(look)
    }

    fn url(proxies: &Proxies, scheme: &str) -> Option<String> {
        proxies.url(&origin(scheme))
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        let of = |variables: &[(&str, &str)]| {
            let proxies = Proxies { environment: environment(variables), ..Proxies::default() };
            (url(&proxies, "http"), url(&proxies, "https"))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[]), (None, None));
        assert_eq!(of(&[("http_proxy", "a")]), (some("a"), None));
        assert_eq!(of(&[("HTTP_PROXY", "a")]), (None, None));
        assert_eq!(of(&[("https_proxy", "a"), ("HTTPS_PROXY", "b")]), (None, some("a")));
        assert_eq!(of(&[("https_proxy", ""), ("HTTPS_PROXY", "b")]), (None, some("b")));
        assert_eq!(of(&[("all_proxy", "a"), ("http_proxy", "b")]), (some("b"), some("a")));
        assert_eq!(of(&[("ALL_PROXY", "a")]), (some("a"), some("a")));
        assert_eq!(environment(&[("NO_PROXY", "x"), ("no_proxy", "y")]).exempt.as_deref(), Some("y"));
        assert_eq!(environment(&[("NO_PROXY", "x")]).exempt.as_deref(), Some("x"));
    }

    #[test]
    fn the_option_comes_before_the_environment_and_empty_is_none() {
        let given = |proxy: &str| Proxies {
            proxy: Some(proxy.into()),
            environment: environment(&[("all_proxy", "e")]),
            ..Proxies::default()
        };
        assert_eq!(url(&given("p"), "http").as_deref(), Some("p"));
        assert_eq!(url(&given(""), "https"), None);
    }

    #[test]
    fn credentials_that_were_given_apart_take_the_place_of_the_urls() {
        let with = |proxy: &str, user: &str| {
            let proxies = Proxies { proxy: Some(proxy.into()), user: Some(encoded(user)), ..Proxies::default() };
            url(&proxies, "http").unwrap()
        };
        assert_eq!(with("p:1", "me:secret"), "http://me:secret@p:1");
        assert_eq!(with("socks5h://a:b@p", "me"), "socks5h://me@p");
        assert_eq!(with("https://p", "a@b:c:d/é"), "https://a%40b:c%3Ad%2F%C3%A9@p");
        for after in ["/", "/#@other", "#@other", "?@other", "\\@other", "/a@other", "?u=http://other"] {
            assert_eq!(with(&format!("p:1{after}"), "me"), "http://me@p:1", "{after}");
            assert_eq!(with(&format!("https://a:b@p{after}"), "me"), "https://me@p", "{after}");
        }
    }

    #[test]
    fn lists() {
        assert_eq!(entries("a, b ,,c\td"), ["a", "b", "c", "d"]);
        assert_eq!(entries(" , "), [""; 0]);
    }
}
