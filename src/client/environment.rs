//! The settings of a component that has no other way to be given any: from the environment.
//!
//! It reads curl's variables about proxies and those that begin with `XENON_`. One that is wrong is an error, because a proxy or a root
//! must not be passed over silently. A variable that is empty counts as unset.

use std::rc::Rc;
use std::time::Duration;

use crate::error::{Code, Error, Phase};
use crate::http::origin::Scheme;
use crate::limits::Limits;
use crate::reason::OwnedReason;
use crate::session::settings::{Deadlines, Options};

/// Connections of an origin. The programs of WASI 0.3 hosts run 128 requests at once.
const CONNECTIONS: usize = 128;

/// The longest time that a variable can set: what nanoseconds in 64 bits hold.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

/// The options for each scheme.
#[derive(Clone, Debug)]
pub struct Environment {
    http: Rc<Options>,
    https: Rc<Options>,
}

impl Default for Environment {
    /// That of a host without variables.
    fn default() -> Self {
        let options = Rc::new(base());
        Self { http: Rc::clone(&options), https: options }
    }
}

impl Environment {
    /// The options that these variables set. The error names the variable.
    pub fn parse(variables: &[(String, String)]) -> Result<Self, Error> {
        let variables = Variables(variables);
        let mut common = base();
        variables.apply_trust(&mut common)?;
        variables.apply_deadlines(&mut common)?;
        let of_scheme = |names: &[&str]| {
            let mut options = common.clone();
            variables.apply_proxy(&mut options, names)?;
            Ok(Rc::new(options))
        };
        // As in curl, `HTTP_PROXY` is not read: where programs run for a web server, a request could set it by a field `Proxy`.
        Ok(Self {
            http: of_scheme(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            https: of_scheme(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
        })
    }

    /// The options of sessions with origins of this scheme.
    pub fn options(&self, scheme: Scheme) -> &Rc<Options> {
        match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        }
    }
}

fn base() -> Options {
    let mut options = Options::default();
    options.set_limits(Limits { connections: CONNECTIONS, ..*options.limits() });
    // A program that wants one sets it.
    drop(options.set_user_agent(None));
    options
}

struct Variables<'a>(&'a [(String, String)]);

impl<'a> Variables<'a> {
    /// The first of these variables that is set, with its name.
    fn first(&self, names: &[&'a str]) -> Option<(&'a str, &'a str)> {
        names.iter().find_map(|name| {
            let (_, value) = self.0.iter().find(|(known, value)| known == name && !value.is_empty())?;
            Some((*name, value.as_str()))
        })
    }

    fn apply_trust(&self, options: &mut Options) -> Result<(), Error> {
        if let Some((name, roots)) = self.first(&["XENON_CA_PEM"]) {
            options.tls_mut().add_roots(roots.as_bytes()).map_err(|why| wrong(name, why))?;
            options.proxying.tls_mut().add_roots(roots.as_bytes()).map_err(|why| wrong(name, why))?;
        }
        match self.first(&["XENON_ROOTS"]) {
            Some((_, "none")) => {
                options.tls_mut().set_default_roots(false);
                options.proxying.tls_mut().set_default_roots(false);
            }
            Some((name, _)) => return Err(wrong(name, "it can only be \"none\"")),
            None => {}
        }
        let (chain, key) = (self.first(&["XENON_CLIENT_CERT_PEM"]), self.first(&["XENON_CLIENT_KEY_PEM"]));
        match (chain, key) {
            (None, None) => Ok(()),
            (Some((name, chain)), Some((_, key))) => {
                options.tls_mut().set_identity(chain.as_bytes(), key.as_bytes()).map_err(|why| wrong(name, why))
            }
            (Some((name, _)), None) | (None, Some((name, _))) => {
                Err(wrong(name, "a client certificate and its key must be set together"))
            }
        }
    }

    fn apply_deadlines(&self, options: &mut Options) -> Result<(), Error> {
        let mut deadlines = *options.deadlines();
        for (name, value) in self.0 {
            let Some(step) = name.strip_prefix("XENON_DEADLINE_").filter(|_| !value.is_empty()) else { continue };
            let time = step_of(&mut deadlines, step).ok_or_else(|| wrong(name, "there is no such deadline"))?;
            *time = seconds(value).ok_or_else(|| wrong(name, "it must be a number of seconds above 0, such as 2.5"))?;
        }
        options.set_deadlines(deadlines);
        Ok(())
    }

    fn apply_proxy(&self, options: &mut Options, names: &[&'a str]) -> Result<(), Error> {
        let Some((name, url)) = self.first(names) else { return Ok(()) };
        options.proxying.set_proxies(&[url]).map_err(|why| wrong(name, why))?;
        options.proxying.goes_ahead = true;
        if let Some((name, list)) = self.first(&["no_proxy", "NO_PROXY"]) {
            let entries: Vec<_> = list.split([',', ' ']).filter(|entry| !entry.is_empty()).collect();
            options.proxying.set_exemptions(&entries).map_err(|why| wrong(name, why))?;
        }
        Ok(())
    }
}

fn step_of<'a>(deadlines: &'a mut Deadlines, step: &str) -> Option<&'a mut Duration> {
    Some(match step {
        "LOOKUP" => &mut deadlines.lookup,
        "ATTEMPT" => &mut deadlines.attempt,
        "CONNECT" => &mut deadlines.connect,
        "HANDSHAKE" => &mut deadlines.handshake,
        "PROXY" => &mut deadlines.proxy,
        "WRITE" => &mut deadlines.write,
        "FIRST_BYTE" => &mut deadlines.first_byte,
        "BETWEEN_BYTES" => &mut deadlines.between_bytes,
        "EXPECT_CONTINUE" => &mut deadlines.expect_continue,
        "EXCHANGE" => &mut deadlines.exchange,
        _ => return None,
    })
}

/// A time of at least a nanosecond.
fn seconds(text: &str) -> Option<Duration> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let time = Duration::try_from_secs_f64(text.parse().ok().filter(|_| is_plain)?).ok()?;
    Some(time).filter(|time| !time.is_zero() && *time <= LONGEST)
}

/// The value is not told: it may hold a secret.
fn wrong(name: &str, why: impl Into<OwnedReason>) -> Error {
    Error::new(Phase::Setup, Code::Configuration, format!("the variable {name} cannot be used: {}", why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<Environment, String> {
        let owned: Vec<_> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Environment::parse(&owned).map_err(|error| error.detail)
    }

    fn proxies(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let environment = parse(variables).unwrap();
        let of = |scheme| environment.options(scheme).proxying.proxies();
        (of(Scheme::Http), of(Scheme::Https))
    }

    #[test]
    fn schemes_have_proxies_of_their_own() {
        let (http, https) = proxies(&[("http_proxy", "a:1"), ("https_proxy", "b:2"), ("all_proxy", "c:3")]);
        assert!(http[0].contains("a:1") && https[0].contains("b:2"), "{http:?} {https:?}");
        let (http, https) = proxies(&[("ALL_PROXY", "socks5h://c:3"), ("HTTPS_PROXY", "b:2")]);
        assert!(http[0].contains("socks5h://c:3") && https[0].contains("b:2"), "{http:?} {https:?}");
        assert_eq!(proxies(&[("HTTP_PROXY", "a:1"), ("http_proxy", "")]), (vec![], vec![]));
    }

    #[test]
    fn exemptions_are_a_list() {
        let environment = parse(&[("all_proxy", "p:1"), ("no_proxy", "a.example, b.example ,10.0.0.0/8")]).unwrap();
        let exempt = environment.options(Scheme::Https).proxying.exemptions().to_vec();
        assert_eq!(exempt, ["a.example", "b.example", "10.0.0.0/8"]);
    }

    #[test]
    fn deadlines_are_seconds() {
        let names = ["LOOKUP", "ATTEMPT", "CONNECT", "HANDSHAKE", "PROXY", "WRITE", "FIRST_BYTE", "BETWEEN_BYTES"];
        let names = names.iter().chain(&["EXPECT_CONTINUE", "EXCHANGE"]);
        let variables: Vec<_> = names.map(|name| (format!("XENON_DEADLINE_{name}"), "0.25".to_owned())).collect();
        let environment = Environment::parse(&variables).unwrap();
        let quarter = Duration::from_millis(250);
        let all = Deadlines {
            lookup: quarter,
            attempt: quarter,
            connect: quarter,
            handshake: quarter,
            proxy: quarter,
            write: quarter,
            first_byte: quarter,
            between_bytes: quarter,
            expect_continue: quarter,
            exchange: quarter,
        };
        assert_eq!(*environment.options(Scheme::Http).deadlines(), all);
        for bad in ["0", "-1", "1e3", "inf", "nan", "1s", "", " 1", "99999999999999999999"] {
            let parsed = parse(&[("XENON_DEADLINE_CONNECT", bad)]);
            assert_eq!(parsed.is_ok(), bad.is_empty(), "{bad:?}");
        }
        assert!(parse(&[("XENON_DEADLINE_TEA", "5")]).unwrap_err().contains("XENON_DEADLINE_TEA"));
    }

    #[test]
    fn trust_comes_from_pem() {
        let made = rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let environment = parse(&[
            ("XENON_CA_PEM", &chain),
            ("XENON_ROOTS", "none"),
            ("XENON_CLIENT_CERT_PEM", &chain),
            ("XENON_CLIENT_KEY_PEM", &key),
        ]);
        let options = environment.unwrap().options(Scheme::Https).clone();
        assert!(!options.tls.has_default_roots() && options.tls.has_identity());
        for (bad, named) in [
            (("XENON_CA_PEM", "no PEM"), "XENON_CA_PEM"),
            (("XENON_ROOTS", "all"), "XENON_ROOTS"),
            (("XENON_CLIENT_CERT_PEM", chain.as_str()), "XENON_CLIENT_CERT_PEM"),
            (("XENON_CLIENT_KEY_PEM", key.as_str()), "XENON_CLIENT_KEY_PEM"),
            (("https_proxy", "http://bad host"), "https_proxy"),
        ] {
            assert!(parse(&[bad]).unwrap_err().contains(named), "{bad:?}");
        }
    }

    #[test]
    fn secrets_are_not_told() {
        let told = parse(&[("https_proxy", "http://joe:hidden@bad host:x")]).unwrap_err();
        assert!(!told.contains("hidden"), "{told}");
    }

    #[test]
    fn without_variables_there_is_room_for_many_requests() {
        let environment = parse(&[]).unwrap();
        let options = environment.options(Scheme::Http);
        assert_eq!(options.limits().connections, CONNECTIONS);
        assert_eq!(options.user_agent(), None);
    }
}
