//! The calls that set something of a session.

use xenon_harness::component::{
    AddressFamily, AuthSchemes, Deadlines, Error, Limits, Options, Session, TlsConfig, TlsVersion,
};

use crate::random::{Random, pick};
use crate::{PASSWORD, Walk};

const MILLISECOND: u64 = 1_000_000;

impl Walk<'_> {
    pub(crate) fn set(&mut self) {
        let random = &mut self.random;
        let Some(session) = pick(&self.sessions, random) else { return };
        let outcome = match random.below(8) {
            0 => bounds(session, random),
            1 => addresses(session, random, self.port),
            2..=3 => session.change_options(|options| proxies(options, random, self.port)),
            4 => session.change_options(|options| messages(options, random)),
            5 => session.change_tls(|tls| trust(tls, random)),
            6 => credentials(session, random),
            _ => {
                // Sessions that share what they go by.
                let options = session.options();
                if let Some(other) = pick(&self.sessions, random) {
                    other.set_options(&options.copy());
                }
                Ok(())
            }
        };
        self.note(outcome);
    }
}

/// So short that a walk is over soon, whatever a peer does.
pub(crate) fn short() -> Deadlines {
    let step = 20 * MILLISECOND;
    Deadlines {
        lookup: 500 * MILLISECOND,
        attempt: step,
        connect: step,
        handshake: step,
        proxy: step,
        write: step,
        first_byte: step,
        between_bytes: step,
        expect_continue: step,
        exchange: 4 * step,
    }
}

fn bounds(session: &Session, random: &mut Random) -> Result<(), Error> {
    match random.below(4) {
        0 => session.set_limits(Limits {
            connections: random.number(),
            field_lines: random.number(),
            line_length: random.number(),
            head_length: random.number(),
            interim_responses: random.number(),
            drained: random.number(),
            addresses: random.number(),
            whole_content: u64::from(random.number()),
            decoded_content: u64::from(random.number()),
            events: random.number(),
        }),
        1 => session.set_limits(Limits { connections: 1 + random.below(3) as u32, ..session.limits() }),
        // That step alone has its default again.
        2 => session.set_deadlines(Deadlines { write: 0, ..short() }),
        _ => session.set_deadlines(short()),
    }
    Ok(())
}

fn addresses(session: &Session, random: &mut Random, port: u16) -> Result<(), Error> {
    match random.below(7) {
        0 => session.set_addresses(&[random.one(&["127.0.0.1", "::1", "0.0.0.0", "x"]).to_owned()]),
        1..=2 => session.set_addresses(&[]),
        3 => session.set_connect_to(Some((random.one(&["127.0.0.1", "", "a b"]), port))),
        4 => session.set_connect_to(None),
        5 => {
            let address = random.one(&[None, Some("127.0.0.1"), Some("::1"), Some("x")]);
            session.change_options(|options| options.set_local_address(address))
        }
        _ => {
            let family = random.one(&[AddressFamily::Any, AddressFamily::Ipv4, AddressFamily::Ipv6]);
            session.change_options(|options| options.set_address_family(family));
            Ok(())
        }
    }
}

/// The peer is a proxy of each kind that does not want TLS first.
pub(crate) fn proxies(options: &Options, random: &mut Random, port: u16) -> Result<(), Error> {
    match random.below(8) {
        0..=1 => options.set_proxies(&[]),
        2..=4 => {
            let scheme = random.one(&[
                "",
                "",
                "http://",
                "http://",
                "https://",
                "socks4://",
                "socks4a://",
                "socks5://",
                "socks5h://",
            ]);
            let user = if random.below(2) == 0 { "" } else { "joe:hidden-words@" };
            let working = format!("{scheme}{user}127.0.0.1:{port}");
            let other = random.one(&["127.0.0.1:1", "socks5h://joe:hidden-words@127.0.0.1:1", "x:y", ""]);
            let mut urls = vec![working];
            if random.below(2) == 0 {
                urls.insert(random.below(2), other.to_owned());
            }
            options.set_proxy_tunnel(random.below(2) == 0);
            let outcome = options.set_proxies(&urls);
            assert!(options.proxies().iter().all(|url| !url.contains(PASSWORD)));
            outcome
        }
        5 => {
            let hosts =
                random.one(&[&[][..], &["*"], &["127.0.0.0/8", "localhost"], &["example.test"], &["a b"], &[""]]);
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let before = options.no_proxy();
            let outcome = options.set_no_proxy(&hosts);
            assert_eq!(options.no_proxy(), if outcome.is_ok() { hosts } else { before });
            outcome
        }
        6 => {
            options.set_proxy_tunnel(random.below(2) == 0);
            options.set_proxy_ahead(random.below(2) == 0);
            Ok(())
        }
        _ => {
            options.set_proxy_tls(&options.tls());
            trust(&options.proxy_tls(), random)
        }
    }
}

fn messages(options: &Options, random: &mut Random) -> Result<(), Error> {
    match random.below(4) {
        0 => options.set_user_agent(random.one(&[None, Some("a"), Some("a\r\nb")])),
        1 => {
            let fields = random.one(&[&[][..], &[("A", "b")], &[("A", "b"), ("Host", "c")], &[("Cookie", PASSWORD)]]);
            let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            let outcome = options.set_default_fields(&fields);
            assert!(!format!("{:?}", options.default_fields()).contains(&format!("{:?}", PASSWORD.as_bytes())));
            outcome
        }
        2 => {
            options.set_decoding(random.below(2) > 0);
            Ok(())
        }
        _ => {
            options.set_persistent(random.below(4) > 0);
            Ok(())
        }
    }
}

fn trust(tls: &TlsConfig, random: &mut Random) -> Result<(), Error> {
    if random.below(2) == 0 {
        return tls.add_roots(random.one(&[b"".as_slice(), b"x", b"-----BEGIN CERTIFICATE-----\n"]));
    }
    let versions = [TlsVersion::Tls12, TlsVersion::Tls13];
    tls.set_versions(random.one(&versions), random.one(&versions))
}

fn credentials(session: &Session, random: &mut Random) -> Result<(), Error> {
    let ahead = random.below(2) == 0;
    match random.below(3) {
        0 => {
            let (realm, user) = (random.one(&[None, Some("r")]), random.one(&["joe", "jo:e", ""]));
            session.set_credentials(realm, user, PASSWORD, AuthSchemes::all(), ahead)
        }
        1 => session.set_bearer_token(None, PASSWORD, None, ahead),
        _ => {
            session.forget_credentials(random.one(&[None, Some("r")]));
            Ok(())
        }
    }
}
