//! Proxies from the options and the environment, as in curl.
//!
//! A proxy's URL is parsed here only up to the `@`. The component checks the rest.

use std::cell::OnceCell;

use crate::bindings::settings;
use crate::bindings::settings::TlsConfig;
use crate::bindings::types::Error;
use crate::exit::{Exit, Failure};
use crate::files::{Files, shown};
use crate::output::tell;
use crate::url::{Origin, percent};

/// The options.
#[derive(Debug, Default)]
pub struct ProxyOptions {
    /// `-x`. Empty means no proxy, even if the environment names one.
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
    pub only_roots: Option<Vec<u8>>,
}

/// The proxy settings of all sessions.
pub struct Proxies<'a> {
    options: &'a ProxyOptions,
    environment: Environment,
    tells: bool,
    // Both are evaluated when a URL goes through a proxy. An error fails only that URL.
    exempt: OnceCell<Result<Vec<String>, Failure>>,
    tls: OnceCell<Result<TlsConfig, Failure>>,
}

/// The variables about proxies. Empty ones count as unset.
#[derive(Default)]
struct Environment {
    http: Option<Variable>,
    https: Option<Variable>,
    all: Option<Variable>,
    exempt: Option<Variable>,
}

/// A variable's name and value.
struct Variable(&'static str, Vec<u8>);

impl Variable {
    /// Its value as text. A malformed value is an error, because it must not lead past a proxy.
    fn text(&self) -> Result<&str, Failure> {
        let Self(name, value) = self;
        std::str::from_utf8(value)
            .map_err(|_| Failure::new(Exit::BadOption, format!("the variable {name} is not UTF-8, and has to be")))
    }
}

impl<'a> Proxies<'a> {
    /// The proxies that the options and the environment name.
    pub fn new(options: &'a ProxyOptions, tells: bool) -> Self {
        let environment = Environment::read(crate::environment::variable);
        Self { options, environment, tells, exempt: OnceCell::new(), tls: OnceCell::new() }
    }

    /// Sets the proxies for this origin in these options.
    pub fn set_in(&self, settings: &settings::Options, origin: &Origin, files: &impl Files) -> Result<(), Failure> {
        let Some(url) = self.url(origin)? else {
            return Ok(());
        };
        let failed = |error: Error| Failure::from_component(&error, false);
        let exempt = self.exempt.get_or_init(|| self.exempt()).as_ref().map_err(Failure::clone)?;
        settings.set_proxies(std::slice::from_ref(&url)).map_err(failed)?;
        settings.set_no_proxy(exempt).map_err(failed)?;
        settings.set_proxy_tunnel(self.options.tunnel);
        // Sent ahead, as in curl.
        settings.set_proxy_ahead(!self.options.waits);
        let is_tls = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        if let Some(name) = self.options.only_roots.as_ref().filter(|_| is_tls) {
            let tls = self.tls.get_or_init(|| only_roots(name, files)).as_ref().map_err(Failure::clone)?;
            settings.set_proxy_tls(tls);
        }
        Ok(())
    }

    /// The proxy for this origin, with the credentials of `-U`.
    fn url(&self, origin: &Origin) -> Result<Option<String>, Failure> {
        let url = match (&self.options.proxy, self.environment.for_scheme(&origin.scheme)) {
            (Some(url), _) => url.as_str(),
            (None, Some(variable)) => variable.text()?,
            (None, None) => "",
        };
        if url.is_empty() {
            return Ok(None);
        }
        let Some(user) = self.options.user.as_deref().map(encoded) else {
            return Ok(Some(url.to_owned()));
        };
        // A character that ends the authority is not part of a scheme, and nothing behind it can change the host.
        let ends = ['/', '?', '#', '\\'];
        let (scheme, rest) =
            url.split_once("://").filter(|(scheme, _)| !scheme.contains(ends)).unwrap_or(("http", url));
        let rest = rest.split(ends).next().unwrap_or_default();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        Ok(Some(format!("{scheme}://{user}@{place}")))
    }

    /// The origins that are reached without a proxy.
    fn exempt(&self) -> Result<Vec<String>, Failure> {
        match (&self.options.exempt, &self.environment.exempt) {
            (Some(list), _) => Ok(entries(list)),
            (None, Some(list)) => Ok(sound(entries(list.text()?), self.tells)),
            (None, None) => Ok(Vec::new()),
        }
    }
}

impl Environment {
    /// As in curl, `HTTP_PROXY` is not read: where programs run for a web server, a request could set it by a field `Proxy`.
    fn read(look: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let first = |names: &[&'static str]| {
            let mut found = names.iter().filter_map(|name| Some(Variable(name, look(name)?)));
            found.find(|Variable(_, value)| !value.is_empty())
        };
        Self {
            http: first(&["http_proxy"]),
            https: first(&["https_proxy", "HTTPS_PROXY"]),
            all: first(&["all_proxy", "ALL_PROXY"]),
            exempt: first(&["no_proxy", "NO_PROXY"]),
        }
    }

    fn for_scheme(&self, scheme: &str) -> Option<&Variable> {
        let own = if scheme == "https" { &self.https } else { &self.http };
        own.as_ref().or(self.all.as_ref())
    }
}

/// Trust in the roots of this file, and in no others.
fn only_roots(name: &[u8], files: &impl Files) -> Result<TlsConfig, Failure> {
    let authorities = |why: String| Failure::new(Exit::Authorities, why);
    let roots = files.whole(name).map_err(|failure| authorities(failure.message))?;
    let tls = TlsConfig::new();
    tls.set_default_roots(false);
    let unusable = |error: Error| authorities(format!("{} cannot be used: {}", shown(name), error.detail));
    tls.add_roots(&roots).map_err(unusable)?;
    Ok(tls)
}

/// A list's entries, between commas or spaces.
fn entries(list: &str) -> Vec<String> {
    let is_between = |c: char| c == ',' || c.is_ascii_whitespace();
    list.split(is_between).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// The entries that are valid here. A list in the environment is for many programs, and may have others.
fn sound(entries: Vec<String>, tells: bool) -> Vec<String> {
    let judge = settings::Options::new();
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

    fn environment(variables: &[(&str, &[u8])]) -> Environment {
        let look = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_vec());
        Environment::read(look)
    }

    fn url(options: &ProxyOptions, variables: &[(&str, &[u8])], scheme: &str) -> Result<Option<String>, Failure> {
        let environment = environment(variables);
        let (exempt, tls) = (OnceCell::new(), OnceCell::new());
        Proxies { options, environment, tells: false, exempt, tls }.url(&origin(scheme))
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        let of = |variables: &[(&str, &[u8])]| {
            let none = ProxyOptions::default();
            (url(&none, variables, "http").unwrap(), url(&none, variables, "https").unwrap())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[]), (None, None));
        assert_eq!(of(&[("http_proxy", b"a")]), (some("a"), None));
        assert_eq!(of(&[("HTTP_PROXY", b"a")]), (None, None));
        assert_eq!(of(&[("https_proxy", b"a"), ("HTTPS_PROXY", b"b")]), (None, some("a")));
        assert_eq!(of(&[("https_proxy", b""), ("HTTPS_PROXY", b"b")]), (None, some("b")));
        assert_eq!(of(&[("all_proxy", b"a"), ("http_proxy", b"b")]), (some("b"), some("a")));
        assert_eq!(of(&[("ALL_PROXY", b"a")]), (some("a"), some("a")));
        let exempt = |variables: &[(&str, &[u8])]| environment(variables).exempt.map(|Variable(_, value)| value);
        assert_eq!(exempt(&[("NO_PROXY", b"x"), ("no_proxy", b"y")]).as_deref(), Some(&b"y"[..]));
        assert_eq!(exempt(&[("NO_PROXY", b"x")]).as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn a_variable_that_is_not_text_is_never_passed_over() {
        let none = ProxyOptions::default();
        for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
            let refused = url(&none, &[(name, b"http://a\xff:1")], "http").unwrap_err();
            assert_eq!(refused.exit, Exit::BadOption);
            assert!(refused.message.contains(name), "{}", refused.message);
        }
        // The variable of another scheme does not apply to this URL.
        assert_eq!(url(&none, &[("http_proxy", b"\xff")], "https"), Ok(None));
        let given = ProxyOptions { proxy: Some("p".into()), ..ProxyOptions::default() };
        assert_eq!(url(&given, &[("http_proxy", b"\xff")], "http"), Ok(Some("p".into())));
        let environment = environment(&[("no_proxy", b"a,\xff")]);
        let (exempt, tls) = (OnceCell::new(), OnceCell::new());
        let proxies = Proxies { options: &none, environment, tells: false, exempt, tls };
        assert_eq!(proxies.exempt().unwrap_err().exit, Exit::BadOption);
    }

    #[test]
    fn proxy_option_overrides_the_environment() {
        let given = |proxy: &str| ProxyOptions { proxy: Some(proxy.into()), ..ProxyOptions::default() };
        let all: &[(&str, &[u8])] = &[("all_proxy", b"e")];
        assert_eq!(url(&given("p"), all, "http").unwrap().as_deref(), Some("p"));
        assert_eq!(url(&given(""), all, "https").unwrap(), None);
    }

    #[test]
    fn proxy_user_replaces_the_urls_credentials() {
        let with = |proxy: &str, user: &str| {
            let options =
                ProxyOptions { proxy: Some(proxy.into()), user: Some(user.into()), ..ProxyOptions::default() };
            url(&options, &[], "http").unwrap().unwrap()
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
